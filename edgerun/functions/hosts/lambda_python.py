"""What Lambda promises a Python handler: its context, its log format, its JSON, its words for errors.

A part of `python_host.py`, which see; standard library only.
"""

import decimal
import importlib
import json
import logging
import math
import os
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

OUT_OF_MEMORY = "Runtime.OutOfMemory"
HERE = os.path.dirname(__file__)  # noqa: PTH120

Handler = Callable[[object, object], object]
Document = dict[str, Any]


class Fault(Exception):
    """A failure that Lambda has a word of its own for."""

    def __init__(self, error_type: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace or []


class Identity:
    """The Cognito identity, which edge functions never have."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """The second argument of every handler."""

    def __init__(self, aws_request_id: str, deadline: float, facts: dict[str, str]) -> None:
        self.aws_request_id = aws_request_id
        self.function_name = facts["function_name"]
        self.function_version = facts["function_version"]
        self.invoked_function_arn = facts["invoked_function_arn"]
        self.memory_limit_in_mb = facts["memory_limit_in_mb"]
        self.log_group_name = facts["log_group_name"]
        self.log_stream_name = facts["log_stream_name"]
        self.identity = Identity()
        self.client_context = None
        self.tenant_id = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, msg: object) -> None:
        sys.stdout.write(str(msg))
        sys.stdout.flush()


class LambdaEncoder(json.JSONEncoder):
    """JSON as AWS's client writes it: `NaN` stays, a Decimal is a number, bytes are text."""

    # Numbers that the standard encoder cannot write travel as marked strings, and lose mark and quotes at the end.
    _mark = secrets.token_hex(8)
    _marked = re.compile(f'"{_mark}([^"]*)"')

    def __init__(self) -> None:
        # AWS: since Python 3.12 the client leaves non-ASCII characters as they are.
        super().__init__(ensure_ascii=sys.version_info < (3, 12))
        self._has_numbers = False
        self._markers: dict[int, object] = {}
        self._pieces = self._make_pieces()

    def encode(self, o: object) -> str:
        """Do what the encoder of the standard library does, without making its inner part anew for each result."""
        if self._pieces is None or isinstance(o, str):
            return super().encode(o)
        try:
            return "".join(self._pieces(o, 0))
        except BaseException:
            self._markers.clear()  # of what was being written
            raise

    def _make_pieces(self) -> Callable[[object, int], Iterable[str]] | None:
        text = json.encoder.encode_basestring_ascii if self.ensure_ascii else json.encoder.encode_basestring
        try:
            make: Any = vars(json.encoder)["c_make_encoder"]
            pieces: Callable[[object, int], Iterable[str]] = make(
                self._markers, self.default, text, None, self.key_separator, self.item_separator, False, False, True
            )
        except (KeyError, TypeError):  # an interpreter without it, or with another
            return None
        return pieces

    def default(self, o: object) -> object:
        if isinstance(o, decimal.Decimal):
            if o.is_nan():
                return math.nan
            self._has_numbers = True
            return f"{self._mark}{o}"
        if isinstance(o, bytes):
            return o.decode()
        return super().default(o)

    def dump(self, result: object) -> bytes:
        text = self.encode(result)
        if self._has_numbers:
            self._has_numbers = False
            text = self._marked.sub(r"\1", text)
        return text.encode()


class LambdaJsonFormatter(logging.Formatter):
    """Formats a record as AWS's client does when the function's log format is JSON."""

    def format(self, record: logging.LogRecord) -> str:
        said: Document = {
            "timestamp": json_time(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.__dict__["aws_request_id"],
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            said["errorType"], said["errorMessage"] = type(error).__name__, _message(error)
            said["stackTrace"] = traceback.format_list(traceback.extract_tb(error.__traceback__))
        extras = {name: part for name, part in record.__dict__.items() if name not in self._ordinary}
        return json.dumps({name: part for name, part in said.items() if part} | extras, ensure_ascii=False, default=str)

    _ordinary = frozenset(logging.makeLogRecord({}).__dict__) | {"aws_request_id", "message", "asctime"}


class LambdaLogHandler(logging.Handler):
    """Writes records in Lambda's format, text or JSON, to whatever `sys.stdout` is at that time."""

    def __init__(self) -> None:
        super().__init__()
        self.aws_request_id = ""
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def attach(self) -> None:
        """Become the root logger's handler, in the format that the environment names."""
        root = logging.getLogger()
        root.addHandler(self)
        if wants_json():
            self.setFormatter(LambdaJsonFormatter())
            root.setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"))

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self.aws_request_id
        try:
            sys.stdout.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - what logging.Handler asks for
            self.handleError(record)


def find_handler(name: str) -> Handler:
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    try:
        if module_name.partition(".")[0] in sys.builtin_module_names:
            raise Fault(
                "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
            )
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None
    return handler


def error_document(error: BaseException, aws_request_id: str) -> Document:
    if isinstance(error, MemoryError) and not error.args:
        # The system refused memory that is beyond the limit anyway; on Lambda its use ends the process.
        return _document(OUT_OF_MEMORY, "", [], aws_request_id)
    return _document(type(error).__name__, _message(error), _user_frames(error.__traceback__), aws_request_id)


def fault_document(fault: Fault, aws_request_id: str) -> Document:
    return _document(fault.error_type, str(fault), fault.trace, aws_request_id)


def _document(error_type: str, message: str, trace: list[str], aws_request_id: str) -> Document:
    return {"errorMessage": message, "errorType": error_type, "requestId": aws_request_id, "stackTrace": trace}


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a __str__ of the user's own
        return "<the exception's text cannot be made>"


def _user_frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)
    while frames and os.path.dirname(frames[0].filename) == HERE:  # noqa: PTH120
        frames.pop(0)
    return traceback.format_list(frames)


def dump_document(document: Document) -> bytes:
    return json.dumps(document).encode()


def wants_json() -> bool:
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def json_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def report(document: Document) -> str:
    """Return what the log says of an error: one line, in the format of the log.

    AWS: as text, carriage returns join its lines, no-break spaces indent them.
    """
    if wants_json():
        head = {"timestamp": json_time(time.time()), "level": "ERROR"}
        return json.dumps({**head, **document}, ensure_ascii=False)
    title = ": ".join(part for part in (document["errorType"], document["errorMessage"]) if part)
    lines = [*f"[ERROR] {title}".split("\n"), "Traceback (most recent call last):"]
    lines += [line for frame in document["stackTrace"] for line in frame.splitlines()]
    return "\r".join(map(with_hard_indent, lines))


def with_hard_indent(line: str) -> str:
    text = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(text)) + text


def trace_id(aws_request_id: str) -> str:
    digits = aws_request_id.replace("-", "")
    return f"Root=1-{digits[:8]}-{digits[8:]};Parent={digits[16:]};Sampled=0"
