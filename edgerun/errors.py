"""What can go wrong, as one tree.

EdgerunError
├─ ConfigError                    never an answer: exit code 2
├─ PortInUse                      never an answer: exit code 3
├─ StoreError                     never an answer: an order to the cache that it could not carry out
└─ EdgeError                      becomes an answer, see `answers.py`
   ├─ RequestError
   │  ├─ BadRequest               400: unparsable, or unsafe to forward
   │  ├─ NoSuchDistribution       403: no distribution answers this host
   │  ├─ BodyNotAllowed           403: a GET with a body
   │  ├─ MethodNotAllowed         403: the behavior does not allow the method
   │  ├─ HttpsOnly                403: plain HTTP on an HTTPS-only behavior
   │  ├─ CountryBlocked           403: the viewer's country may not see the distribution
   │  ├─ AccessDenied             403: no right signature for private content, in XML
   │  ├─ UriTooLong               414
   │  └─ HeadersTooLarge          494
   ├─ NothingStored               504: only a stored answer is wanted, and there is none
   ├─ OriginError
   │  ├─ OriginDnsError           502: the name does not resolve
   │  ├─ OriginConnectError       502: refused, reset, TLS
   │  ├─ OriginProtocolError      502: an answer that cannot be trusted
   │  │  └─ OriginPartLength      502: a 206 of another length than its Content-Range
   │  └─ OriginTimeout            504
   └─ FunctionError
      ├─ FunctionExecutionError   503: raised, exited, unserialisable
      │  ├─ FunctionInitError     503: failed before its first event
      │  └─ FunctionTimeout       503
      ├─ FunctionThrottled        503: limit exceeded
      └─ FunctionResultError      502: the result breaks a rule
"""


class EdgerunError(Exception):
    """Root of everything edgerun raises on purpose."""


class ConfigError(EdgerunError):
    """A configuration that cannot be used; the message holds one located sentence per line."""


class PortInUse(EdgerunError):
    """The wanted port is taken and `--strict-port` forbids another."""


class StoreError(EdgerunError):
    """The cache store could not do what it was ordered to; no request depends on it."""


class EdgeError(EdgerunError):
    """Something that ends a request early and is answered with a page."""


class RequestError(EdgeError):
    """The viewer's request is at fault."""


class BadRequest(RequestError):
    """The request cannot be parsed, or could be read in two ways."""


class NoSuchDistribution(RequestError):
    """No distribution answers the request's host, or it is disabled."""


class BodyNotAllowed(RequestError):
    """A GET request carries a body."""


class MethodNotAllowed(RequestError):
    """The behavior does not allow the request's method."""


class HttpsOnly(RequestError):
    """The behavior allows HTTPS only and the request came over HTTP."""


class CountryBlocked(RequestError):
    """The distribution is restricted to other countries than the viewer's."""


class AccessDenied(RequestError):
    """Private content without a signature that grants it; `code` is CloudFront's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.args[0]}"


class UriTooLong(RequestError):
    """The URL is longer than 8,192 bytes."""


class HeadersTooLarge(RequestError):
    """Request line and headers exceed 32,768 bytes."""


class NothingStored(EdgeError):
    """The request wants a stored answer or none (`only-if-cached`), and none may be used."""


class OriginError(EdgeError):
    """The origin gave no usable answer; `place` says which: its domain name and port, as far as it is known."""

    place: tuple[str, int | None] = ("", None)


class OriginDnsError(OriginError):
    """The origin's name does not resolve."""


class OriginConnectError(OriginError):
    """No connection to the origin: refused, reset, or TLS failed."""


class OriginProtocolError(OriginError):
    """The origin answered something that is not one well-formed HTTP message."""


class OriginPartLength(OriginProtocolError):
    """The body of a 206 has another length than its `Content-Range` says."""


class OriginTimeout(OriginError):
    """The origin did not connect, or did not send, in time."""


class FunctionError(EdgeError):
    """A function failed; `function` is its configured name, `of_cloudfront` says that it is a CloudFront Function."""

    def __init__(self, message: str, *, function: str = "") -> None:
        super().__init__(message)
        self.function = function
        self.of_cloudfront = False


class FunctionExecutionError(FunctionError):
    """The function raised, exited or returned what cannot be serialised.

    Attributes:
        error_type: Lambda's word for it, such as `ValueError` or `Runtime.ExitError`.
        stack: the user's own frames, formatted, oldest first; empty when there are none.
    """

    def __init__(
        self, message: str, *, function: str = "", error_type: str = "Error", stack: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, function=function)
        self.error_type = error_type
        self.stack = stack


class FunctionInitError(FunctionExecutionError):
    """The function failed before it could take its first event: import, syntax, missing handler."""


class FunctionTimeout(FunctionExecutionError):
    """The function did not answer within its timeout and was killed."""


class FunctionThrottled(FunctionError):
    """No environment became free in time, or too many requests wait."""


class FunctionResultError(FunctionError):
    """The function returned something CloudFront refuses.

    Attributes:
        rule: id of the broken rule, such as `L301`.
        path: JSON path of the offending value, such as `headers.host[0].value`.
        value: the offending value, as JSON-like text, shortened.
        fix: one sentence that tells what to change.
        page: CloudFront's own sentence for its error page.
        log: CloudFront's own sentence for its log.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        path: str = "",
        value: str = "",
        fix: str = "",
        page: str = "",
        log: str = "",
        function: str = "",
    ) -> None:
        super().__init__(message, function=function)
        self.rule = rule
        self.path = path
        self.value = value
        self.fix = fix
        self.page = page
        self.log = log or page
