"""The runtime for CloudFront Functions: QuickJS in processes of its own, a fresh context for every run.

invoke ─ Program (file, check, world) ─ Link ═ channel ═ quickjs_host.py

In the server itself a function could stop every request: the engine has loops in C that no time limit ends, such as the
search for a long text in a long text. In a process the kernel ends them.

The result is JSON, `{"kind": "object", "value": {...}, "origin": null}`:

| member       | what it says                                                                                    |
| ------------ | ----------------------------------------------------------------------------------------------- |
| `kind`       | `typeof` of what `handler` returned or resolved to; also `null` and `array`                     |
| `value`      | an object or a list as `JSON.stringify` has it; a string, number or boolean as it is; else null |
| `origin`     | the calls of origin helpers in order, `{"method": "updateRequestOrigin", "params": {...}}`;     |
|              | of `selectRequestOriginById` the id is `params.originId`; null if there was no call             |
| `customData` | what `cf.logCustomData` got last; absent if it was not called                                   |

Of the event, `request.rawQueryString`, a string or absent, becomes the method of that name.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from edgerun.errors import (
    ConfigError,
    FunctionError,
    FunctionExecutionError,
    FunctionInitError,
    FunctionThrottled,
    FunctionTimeout,
)
from edgerun.functions import frames
from edgerun.functions.cloudfront_js_parts import link, program
from edgerun.functions.cloudfront_js_parts.finding import errors
from edgerun.functions.cloudfront_js_parts.link import EngineDied, Link, Reply
from edgerun.functions.cloudfront_js_parts.program import RUNTIMES, Program
from edgerun.functions.cloudfront_js_parts.store import StoreContents, read_store
from edgerun.functions.function import Function
from edgerun.functions.runtime import Invocation, OutputLine
from edgerun.functions.seen import PoolSeen

ALLOWED_SECONDS: Final = 0.001
"""What a utilization of 100 means: AWS gives no number, everybody says 1 ms (spec/cloudfront-functions.md §5, §12)."""
LIMIT_SECONDS: Final = 0.05
EDGE_LOCATION: Final[Mapping[str, str]] = {"name": "EDG", "serverIp": "127.0.0.1", "region": "us-east-1"}
MOST_PROCESSES: Final = 4
TIMED_OUT: Final = "Function.TimedOut"
_BUSY: Final = 2  # calls that wait for every process before another one is started
_TRIES: Final = 3


class CloudFrontJsRuntime:
    """Runs CloudFront Functions; a `FunctionRuntime`.

    It belongs to the event loop that first invokes with it. Nothing is started before that.
    """

    def __init__(
        self,
        on_output: Callable[[OutputLine], None],
        *,
        clock: Callable[[], float] = time.time,
        limit: float = LIMIT_SECONDS,
        edge_location: Mapping[str, str] = EDGE_LOCATION,
        processes: int = 0,
        on_loaded: Callable[[Function, bytes, float], None] | None = None,
    ) -> None:
        """Make a runtime.

        Args:
            on_output: gets every line a function logs, when its run has ended; must not raise.
            clock: seconds since the epoch; every run sees the second it began at, and no other.
            limit: seconds of processor time after which a run is ended.
            edge_location: what `cf.edgeLocation` is in viewer-request.
            processes: engine processes at most; 0 is one per core, but four at most.
            on_loaded: hears which file a function was read from, as `Loads.report` takes it.
        """
        self._on_output = on_output
        self._clock = clock
        self._limit = limit
        self._place = orjson.dumps(dict(edge_location)).decode()
        self._on_loaded = on_loaded
        self._most = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
        self._links: list[Link] = []
        self._loaded: dict[object, _Loaded] = {}
        self._by_object: dict[int, _Loaded] = {}
        self._numbers = 0
        self._chance = random.Random()  # noqa: S311 - functions draw lots with it, not keys
        self._closed = False

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        """Run one function on one JSON event.

        Cancelling it lets the run end unheard.

        Raises:
            FunctionInitError: the code cannot be read, is refused by the check, or does not compile.
            FunctionTimeout: it did not end within its limit of processor time.
            FunctionExecutionError: it threw, ran out of memory, or its promise was rejected or never settled.
            FunctionThrottled: too many calls wait.
        """
        loaded = self._find(function)
        begun = time.monotonic()
        reply = await self._call(loaded, link.EVENT, event)
        if reply.lines:
            for text in orjson.loads(reply.lines):
                self._on_output(OutputLine(function=function.name, label=label, text=text))
        if reply.kind != frames.RESULT:
            raise self._failed(loaded, reply)
        return Invocation(
            payload=reply.document,
            aws_request_id=label,
            duration=time.monotonic() - begun,
            compute_utilization=min(100, round(reply.used / ALLOWED_SECONDS * 100)),
        )

    def pools(self) -> list[PoolSeen]:
        """Return nothing: every run has an engine of its own."""
        return []

    async def warm(self, function: Function) -> None:
        """Read a function's code and compile it.

        Raises:
            FunctionInitError: it cannot be run.
        """
        loaded = self._find(function)
        reply = await self._call(loaded, link.WARM, b"")
        if reply.kind != frames.RESULT:
            raise self._failed(loaded, reply)

    async def reload(self, function_name: str) -> None:
        """Forget the code of every function of this name; the next invocation reads it anew."""
        for loaded in list(self._loaded.values()):
            if loaded.function.name == function_name:
                self._forget(loaded)

    def hold(self, function: Function) -> None:
        """Keep the code a function has; it is kept anyway until `reload` or `retire`."""

    def retire(self, function: Function) -> None:
        """Forget a function that is no longer configured."""
        loaded = self._loaded.get(_identity(function))
        if loaded is not None:
            self._forget(loaded)

    def pids(self) -> set[int]:
        """Return the processes that this runtime keeps."""
        return {each.pid for each in self._links}

    async def aclose(self) -> None:
        """End every process; what runs fails."""
        self._closed = True
        for each in list(self._links):
            each.close()
        await asyncio.sleep(0)  # transports close their sockets in the loop's next turn

    # -- programs

    def _find(self, function: Function) -> "_Loaded":
        """Return a function's program, read and checked when it is first wanted."""
        if self._closed:
            raise _broken(function, "the runtime is closed")
        loaded = self._by_object.get(id(function))
        if loaded is None or loaded.function is not function:
            identity = _identity(function)
            loaded = self._loaded.get(identity)
            if loaded is None:
                loaded = self._load(function)
        if loaded.fault is not None:
            raise loaded.fault
        self._refresh_store(loaded)
        return loaded

    def _load(self, function: Function) -> "_Loaded":
        self._numbers += 1
        since = asyncio.get_running_loop().time()
        loaded = _Loaded(function, self._numbers, self._limit, self._place)
        self._loaded[_identity(function)] = self._by_object[id(function)] = loaded
        if self._on_loaded is not None:
            self._on_loaded(function, orjson.dumps({"files": [str(program.file_of(function))]}), since)
        return loaded

    def _refresh_store(self, loaded: "_Loaded") -> None:
        """Read the key-value store again if its file was saved; a broken one leaves the last good one in place."""
        try:
            loaded.refresh_store()
        except ConfigError as error:
            if loaded.store is None:
                raise FunctionInitError(str(error), function=loaded.function.name, error_type="KeyValueStore") from None
            text = f"{error}\nnot taken over: the last good store keeps serving"
            self._on_output(OutputLine(function=loaded.function.name, label="", text=text, kind="platform"))

    def _forget(self, loaded: "_Loaded") -> None:
        self._loaded.pop(_identity(loaded.function), None)
        self._by_object.pop(id(loaded.function), None)
        for each in self._links:
            each.forget(loaded.number)

    # -- processes

    async def _call(self, loaded: "_Loaded", kind: int, event: bytes) -> Reply:
        """Have an engine work; a process that died before it began does not count.

        Raises:
            FunctionError: no engine can do it.
        """
        function = loaded.function
        if loaded.waiting >= function.queue + function.concurrency:
            raise FunctionThrottled(
                f"function {function.name!r}: {loaded.waiting} invocations wait already", function=function.name
            )
        loaded.waiting += 1
        try:
            for _ in range(_TRIES):
                try:
                    return await self._sent(loaded, kind, event)
                except EngineDied as death:
                    if death.started:
                        raise self._died(loaded, death) from None
                    why = str(death)
                if self._closed:
                    break
            raise _broken(function, "the runtime was closed" if self._closed else why)
        finally:
            loaded.waiting -= 1

    async def _sent(self, loaded: "_Loaded", kind: int, event: bytes) -> Reply:
        chosen = self._choose(loaded.function)
        if loaded.number not in chosen.defined:
            chosen.define(loaded.number, loaded.definition)
        if loaded.store is not None and chosen.defined[loaded.number] is not loaded.store:
            chosen.give_store(loaded.number, loaded.store, loaded.encoded_store)
        seed = float(self._chance.getrandbits(53))
        return await chosen.call(kind, loaded.number, event, now=float(int(self._clock() * 1000)), seed=seed)

    def _choose(self, function: Function) -> Link:
        """Return the process with the fewest calls, after starting another one if all are busy."""
        ready = [each for each in self._links if each.ready] or self._links
        least = min(ready, key=lambda each: len(each.pending), default=None)
        if least is None or (len(least.pending) >= _BUSY and len(self._links) < self._most):
            try:
                started = Link(asyncio.get_running_loop(), self._links.remove)
            except OSError as error:
                if least is None:
                    raise _broken(function, f"the JavaScript engine cannot be started: {error}") from error
                return least
            self._links.append(started)
            return least or started
        return least

    def _died(self, loaded: "_Loaded", death: EngineDied) -> FunctionError:
        if death.out_of_time:
            return self._out_of_time(loaded, ())
        return FunctionExecutionError(str(death), function=loaded.function.name, error_type="Runtime.ExitError")

    def _failed(self, loaded: "_Loaded", reply: Reply) -> FunctionExecutionError:
        document = orjson.loads(reply.document)
        stack = loaded.frames(document["stackTrace"])
        if document["errorType"] == TIMED_OUT:
            return self._out_of_time(loaded, stack)
        kind = FunctionInitError if reply.kind == frames.INIT_ERROR else FunctionExecutionError
        return kind(
            document["errorMessage"], function=loaded.function.name, error_type=document["errorType"], stack=stack
        )

    def _out_of_time(self, loaded: "_Loaded", stack: tuple[str, ...]) -> FunctionTimeout:
        return FunctionTimeout(
            f"ended after {self._limit * 1000:.0f} ms of processor time; CloudFront allows about one",
            function=loaded.function.name,
            error_type=TIMED_OUT,
            stack=stack,
        )


class _Loaded:
    """A function with its program, as every engine is told it.

    Attributes:
        waiting: calls that are not answered yet.
        fault: why it cannot be run.
    """

    def __init__(self, function: Function, number: int, limit: float, place: str) -> None:
        self.function = function
        self.number = number
        self.waiting = 0
        self.store: StoreContents | None = None
        self.encoded_store = b""
        self.fault: FunctionInitError | None = None
        self.definition = b""
        self._store_mark: tuple[int, ...] = ()
        self._file = program.file_of(function)
        try:
            loaded = self._load()
        except FunctionInitError as fault:
            self.fault = fault
        else:
            definition = {"world": loaded.world, "code": loaded.code, "seconds": limit, "place": place}
            self.definition = orjson.dumps(definition)

    def _load(self) -> Program:
        function = self.function
        if function.runtime not in RUNTIMES:
            raise _broken(function, f"{function.runtime!r} is no runtime of CloudFront Functions")
        try:
            loaded = program.load(function)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise _broken(function, f"{self._file}: cannot be read: {why}") from error
        refused = errors(loaded.findings)
        if refused:
            first = refused[0]
            where = f" in {first.line}" if first.line else ""
            stack = tuple(f"    {finding.told(str(self._file))}" for finding in refused)
            raise FunctionInitError(
                f"{first.message}{where}", function=function.name, error_type="SyntaxError", stack=stack
            )
        return loaded

    def refresh_store(self) -> None:
        """Read the store if its file is another one than before.

        Raises:
            ConfigError: it cannot be used.
        """
        file = self.function.key_value_store
        if file is None:
            return
        try:
            status = file.stat()
            mark: tuple[int, ...] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            mark = (0,)
        if mark == self._store_mark:
            return
        if self.store is not None:
            self._store_mark = mark  # a broken one is said once
        contents = read_store(file)
        self._store_mark = mark
        self.store = contents
        self.encoded_store = orjson.dumps(
            {"values": contents.values, "created": contents.created, "updated": contents.updated}
        )

    def frames(self, stack: list[tuple[str, int, int]]) -> tuple[str, ...]:
        """Return stack frames as Node writes them."""
        shift = program.FIRST_LINE - 1
        places = ((name, f"{self._file}:{line - shift}:{column}") for name, line, column in stack)
        return tuple(f"    at {name} ({place})" if name else f"    at {place}" for name, place in places)


def _broken(function: Function, why: str) -> FunctionInitError:
    return FunctionInitError(why, function=function.name, error_type="Runtime.InvalidEntrypoint")


def _identity(function: Function) -> object:
    """Return what makes two functions one, as far as their code and their store go."""
    return (
        function.name, function.root, function.handler, function.runtime, function.version, function.key_value_store
    )  # fmt: skip
