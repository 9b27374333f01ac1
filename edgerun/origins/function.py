"""A function as an origin, behind its own URL or a load balancer, run by the same runtime as those at the edge."""

import asyncio
import hashlib
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import orjson

from edgerun.distribution.origins import FunctionOrigin as FunctionConfig
from edgerun.errors import FunctionError, FunctionThrottled, OriginTimeout
from edgerun.functions.function import Function
from edgerun.functions.function_url import FunctionUrl
from edgerun.functions.http_payload import Call, Payload, Unusable
from edgerun.functions.load_balancer import TargetGroup
from edgerun.functions.runtime import FunctionRuntime, Invocation
from edgerun.http.message import Body, OnInterim, Request, Response

EDGE: Final = "127.0.0.1"
"""The address from which functions are asked, as an HTTP origin on the same machine would see it."""


class FunctionOrigin:
    """An `Origin` that asks a function.

    CloudFront waits `read_timeout` seconds, asks again for GET and HEAD until the attempts are used up, and gives up;
    the function runs on until its own timeout.

    Args:
        config: the origin.
        payload: the form of events and results.
        function: returns the function as it is now.
        runtime: runs it.
        clock: the time in seconds since the epoch.
        tell: told what went wrong, since viewers get no more than a status.
    """

    def __init__(
        self,
        config: FunctionConfig,
        payload: Payload,
        *,
        function: Callable[[], Function],
        runtime: FunctionRuntime,
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._config = config
        self._payload = payload
        self._function = function
        self._runtime = runtime
        self._clock = clock
        self._tell = tell

    async def resolve(self) -> None:
        """Return at once: the function is here."""

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        """Turn the request into an event, run the function and turn its result into the answer; see `Origin.fetch`."""
        body = await read_up_to(request.body, self._payload.largest_request)
        status = 413 if body is None else self._payload.refusal(request)
        if body is None or status:
            self._tell(f"origin {self._config.name}: the request is refused with {status}")
            return self._payload.error(status)
        now, trace = self._clock(), uuid.uuid4().hex
        call = Call(now=now, request_id=str(uuid.uuid4()), trace_id=f"Root=1-{int(now):08x}-{trace[:24]}", address=EDGE)
        event = orjson.dumps(self._payload.event(request, body, call))
        label = (request.headers.get(b"x-amz-cf-id") or b"").decode("latin-1")
        repeatable = request.method in {"GET", "HEAD"} and not body
        try:
            invocation = await self._invoke(event, label, self._config.connection_attempts if repeatable else 1)
        except FunctionError as error:
            self._tell(f"origin {self._config.name}: function {self._config.function}: {error}")
            return self._payload.error(self._payload.failed(throttled=isinstance(error, FunctionThrottled)))
        return self._response(invocation, request.method)

    async def aclose(self) -> None:
        """Return at once: environments belong to the runtime."""

    def __repr__(self) -> str:
        return f"<FunctionOrigin {self._config.name} {self._config.function}>"

    async def _invoke(self, event: bytes, label: str, attempts: int) -> Invocation:
        whole = self._config.response_completion_timeout
        try:
            async with asyncio.timeout(whole):
                return await self._attempts(event, label, attempts)
        except TimeoutError as error:
            raise OriginTimeout(f"function {self._config.function} did not answer within {whole:g} s") from error

    async def _attempts(self, event: bytes, label: str, attempts: int) -> Invocation:
        patience = self._config.read_timeout
        for _ in range(attempts):
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await self._runtime.invoke(self._function(), event, label=label)
        raise OriginTimeout(f"function {self._config.function} did not answer within {patience:g} s")

    def _response(self, invocation: Invocation, method: str) -> Response:
        largest = self._payload.largest_result
        try:
            if len(invocation.payload) > largest:
                raise Unusable(f"the result has {len(invocation.payload):,} bytes, and {largest:,} are allowed")
            try:
                result = orjson.loads(invocation.payload)
            except ValueError as error:
                raise Unusable(f"the result is not JSON: {error}") from error
            response = self._payload.response(result, method)
        except Unusable as error:
            self._tell(f"origin {self._config.name}: function {self._config.function}: {error}")
            return self._payload.error(502)
        own = self._payload.own_lines(invocation.aws_request_id)
        return response.changed(headers=response.headers.plus(*own)) if own else response


def payload_of(config: FunctionConfig) -> Payload:
    """Return the form of events and results that an origin is configured with."""
    if config.payload == "function-url":
        return FunctionUrl(domain_name=config.domain_name)
    digest = hashlib.sha256(config.name.encode()).hexdigest()[:16]
    group = re.sub(r"[^A-Za-z0-9]+", "-", config.name)[:32].strip("-") or "app"
    arn = f"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{group}/{digest}"
    return TargetGroup(arn=arn, multi_value=config.multi_value)


async def read_up_to(body: Body, most: int) -> bytes | None:
    """Return all bytes of a body, or None if there are more than `most`; then the rest is given up."""
    if body.data is not None:
        return body.data if len(body.data) <= most else None
    if body.length is not None and body.length > most:
        return None
    read = bytearray()
    async for chunk in body.stream():
        read += chunk
        if len(read) > most:
            return None
    return bytes(read)
