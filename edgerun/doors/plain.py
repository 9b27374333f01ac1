"""uvicorn's own HTTP protocol, for serving the ASGI door, without its dangerous habits."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgerun.errors import BadRequest


class PlainProtocol(HttpToolsProtocol):
    """Keeps three things from going wrong.

    Fields after the body (trailers) stay out of the request's headers, where uvicorn puts them; a target with
    a fragment is refused instead of cut; a refusal never overtakes an answer that is still under way.
    """

    _in_head = True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if b"#" in self.url:
            raise BadRequest("a fragment in the request-target")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self.cycle is None or self.cycle.response_complete:
            super().send_400_response(msg)
        elif self.cycle.more_body:
            self.transport.close()  # the rest of this very request cannot be read
        else:
            self.cycle.keep_alive = False
