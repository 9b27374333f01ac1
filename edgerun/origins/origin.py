"""What the pipeline asks of an origin."""

from typing import Protocol

from edgerun.http.message import OnInterim, Request, Response, Tunnel


class Origin(Protocol):
    """Something that answers requests: a directory, an HTTP server, a bucket.

    `fetch` takes the request as it goes on the wire: the path holds the origin path already, `headers`
    hold `Host` and everything else that is to be sent. Whatever answered (403, 404 and 500 too) is a
    `Response`; only "no answer" raises an `OriginError`. The response's body may still be arriving: who
    takes it reads it to its end or calls `aclose`. Cancelling `fetch` releases everything it holds.

    An origin with an attribute `in_any_task` that is true needs no task of asyncio's own: a `run.Run` will do.
    """

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response | Tunnel:
        """Send the request and return the answer once its head is there.

        Args:
            request: what to send; its body is streamed with back-pressure.
            on_interim: called for each 1xx answer before the final one; None drops them.

        Returns:
            The response; a `Tunnel` only when the request asked for an upgrade and the origin agreed.

        Raises:
            OriginError: no usable answer.
        """
        ...

    async def resolve(self) -> None:
        """Make sure the origin's name can be resolved; asked before origin-request runs.

        Raises:
            OriginDnsError: it cannot.
        """
        ...

    async def aclose(self) -> None:
        """Close idle connections and stop what the origin started."""
        ...
