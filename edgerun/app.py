"""The composition root: from a configuration to an edge that answers. The only file that names concrete classes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from weakref import WeakSet

import orjson

from edgerun.asking import Pending, Resume
from edgerun.cache.at_rest import AtRest
from edgerun.cache.authority import caching_of
from edgerun.cache.collapse import Collapser
from edgerun.cache.memory import MemoryStore
from edgerun.cache.record import Decision
from edgerun.cache.store import CacheStore
from edgerun.cache.variants import is_index
from edgerun.distribution.forward import origin_spec
from edgerun.distribution.model import Config, StoreConfig, is_cloudfront
from edgerun.distribution.origins import FunctionOrigin as FunctionConfig
from edgerun.distribution.origins import OriginSpec
from edgerun.eager import Begun
from edgerun.errors import RequestError, StoreError
from edgerun.functions.counted import Counted, Counter
from edgerun.functions.function import Function, code_file
from edgerun.functions.invoker import Invoker
from edgerun.functions.loads import Loads
from edgerun.functions.log_files import FunctionLogs, distribution_of
from edgerun.functions.log_lines import LogFormat
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.router import Engine, RuntimeRouter
from edgerun.functions.run_log import RunLog
from edgerun.functions.runtime import FunctionRuntime, OutputLine
from edgerun.functions.seen import PoolSeen
from edgerun.functions.silences import Silences
from edgerun.functions.told import ToldRuntime
from edgerun.http.message import OnInterim, Request
from edgerun.ids import id_maker
from edgerun.observe.access_log import AccessLogs
from edgerun.observe.events import Event, Failed, Noted, Observer, Printed
from edgerun.observe.fanout import Fanout
from edgerun.observe.metrics import Metrics
from edgerun.observe.recorder import Recorder
from edgerun.origins.origin import Origin
from edgerun.origins.registry import NO_CLIENTS, Commands, Origins
from edgerun.pipeline import Pipeline
from edgerun.services import Services
from edgerun.signatures import verify
from edgerun.visit import Clock, Delivery, Fetched, Weighed


class Edge:
    """Everything that outlives one configuration: the store, the environments, the programs behind origins.

    `pipeline` is the current revision; `revise` replaces it as one reference, and requests under way end on
    the one they began with.
    """

    pipeline: Pipeline

    def __init__(  # noqa: PLR0913  # what an edge is made of, by name
        self,
        config: Config,
        *observers: Observer,
        cwd: Path | None = None,
        clock: Clock = time.time,
        watched: bool = False,
        runtime: FunctionRuntime | None = None,
        store: CacheStore | None = None,
        logs: Path | None = None,
        log_format: LogFormat = "text",
        loads: Loads | None = None,
        clients: Mapping[str, Origin] = NO_CLIENTS,
        before: Callable[[FunctionRuntime], FunctionRuntime] | None = None,
        https_port: int = 0,
        recorder: Recorder | None = None,
        instead: Callable[[OriginSpec], Origin] | None = None,
        make_id: Callable[[], str] | None = None,
    ) -> None:
        """Make an edge.

        Args:
            config: what it serves first.
            observers: told of everything that happens.
            cwd: where the programs behind origins run.
            clock: the one clock of caching and signatures.
            watched: whether every step is told.
            runtime: runs functions, instead of worker processes.
            store: keeps objects, instead of what the configuration says.
            logs: the folder of the functions' logs, None for none.
            log_format: their form.
            loads: told which files functions loaded.
            clients: what answers for origins by name, instead of what the configuration says.
            before: puts something before the runtime, as a test does that has callables for some functions.
            https_port: where viewers are sent from HTTP; 0 leaves them the port they gave.
            recorder: keeps a record of each request; steps are told then. Doors enter through `recorder.before(edge)`.
            instead: answers in place of every origin, also of those that a function names.
            make_id: gives each request its id.
        """
        self._clients = clients
        self.recorder = recorder
        if recorder is not None:
            recorder.on_trouble = self._logs_failed
        self.emit = Fanout(*observers, *(() if recorder is None else (recorder,)))
        self._silences = None if watched or recorder is not None else Silences(self._printed_nothing)
        if self._silences is not None:
            self.emit.add(lambda _: self.flush(), Failed)  # what failed is looked up in what was written before
        self.logs = FunctionLogs(logs, lambda: self.config, self._logs_failed) if logs is not None else None
        if self.logs is not None:
            self.emit.add(self.logs, Printed, Failed)
        self.clock = clock
        self.config = config
        self._watched = watched or recorder is not None
        self._loads = loads
        self._instead = instead
        self._counted = Counted()
        self._metrics: Metrics | None = None
        self._https_port = https_port
        self.runtime: FunctionRuntime = runtime or RuntimeRouter(
            ProcessRuntime(
                self._printed,
                platform_lines=logs is not None,
                silences=self._silences,
                log_format=log_format,
                on_loaded=loads.report if loads is not None else None,
            ),
            {"cloudfront-js-": self._cloudfront_engine},
        )
        self._calls = self.runtime if before is None else before(self.runtime)
        self.store: CacheStore = open_store(config.store, self._note) if store is None else store
        self._commands = Commands(cwd or Path.cwd(), self._origin_printed)
        self._origins = Origins(tuple(config.origins.values()), clock, clients, self._function_origin)
        self._flights: Collapser[Fetched] = Collapser()
        # Origins of earlier revisions, for as long as a fetch still uses them.
        self._all_origins: WeakSet[Origins] = WeakSet((self._origins,))
        self._make_id = make_id or id_maker()
        self.access_logs: AccessLogs | None = None
        self._log_access()
        self.pipeline = self._pipeline(config, self._origins)

    async def start(self) -> None:
        """Start the programs that serve origins.

        Raises:
            ConfigError: one of them ended at once or does not listen.
        """
        await self._commands.match(tuple(self.config.origins.values()))
        self._report_code()

    async def revise(self, config: Config) -> None:
        """Serve another configuration from the next request on.

        Raises:
            ConfigError: an origin's program does not start; the configuration before stays in place.
        """
        origins = self._origins
        if config.origins != self.config.origins:
            origins = Origins(tuple(config.origins.values()), self.clock, self._clients, self._function_origin)
            await self._commands.match(tuple(config.origins.values()))
            self._all_origins.add(origins)
        if config.store != replace(self.config.store, tag_headers=config.store.tag_headers):
            self._note("the store stays as it is until edgerun starts anew", "info")
        retired = [f for f in self.config.functions.values() if f not in config.functions.values()]
        self.config, self._origins = config, origins
        self._log_access()
        self.pipeline = self._pipeline(config, origins)
        self._retire(retired)
        self._report_code()

    async def warm(self, function: Function) -> None:
        """Start one environment of a function, to see whether it starts.

        Raises:
            FunctionInitError: it does not.
        """
        if isinstance(self.runtime, RuntimeRouter):
            await self.runtime.engine_of(function).warm(function)

    def hold(self, function: Function, *, broken: Function | None = None) -> None:
        """Keep a function to the environments it has, because the code after it does not start, or was not built."""
        if isinstance(self.runtime, RuntimeRouter):
            self.runtime.engine_of(function).hold(function)
            if broken is not None:
                self.runtime.engine_of(broken).retire(broken)

    def drop(self, function: Function) -> None:
        """Give up what was started of a function's code that is not taken over, since newer code came meanwhile."""
        if isinstance(self.runtime, RuntimeRouter):
            self.runtime.engine_of(function).retire(function)

    def tell_calls(self, counter: Counter) -> None:
        """Have somebody hear of every call of a function, also where steps are not told; perhaps a moment later."""
        self._counted.add(counter)
        self.pipeline = self._pipeline(self.config, self._origins)

    def flush(self) -> None:
        """Tell now what would be told of functions in a moment."""
        if self._silences is not None:
            self._silences.flush()
        self._counted.flush()

    def count_origins(self, metrics: Metrics) -> None:
        """Have every request to an origin counted, those of functions' own choice too."""
        self._metrics = metrics
        self.pipeline = self._pipeline(self.config, self._origins)

    def pools(self) -> list[PoolSeen]:
        """Return what can be seen of the functions' environments now."""
        return self.runtime.pools() if isinstance(self.runtime, RuntimeRouter) else []

    async def invalidate(self, items: list[str], distribution: str = "") -> int:
        """Forget what invalidation paths and `#tags` cover; return how many objects that were.

        Args:
            items: the paths and `#tags`.
            distribution: the id of the one whose objects are meant; all of them if empty.
        """
        count = 0
        for item in items:
            count += await self.store.invalidate((distribution + item).encode())
            await asyncio.sleep(0)  # thousands of paths over thousands of objects: others get their turn
        return count

    async def settled(self) -> None:
        """Wait until every fetch under way has come to its end, and what may be stored is stored."""
        await self._flights.settled()

    async def aclose(self) -> None:
        """End every fetch, every environment, every program."""
        await self._flights.aclose()
        for origins in list(self._all_origins):
            await origins.aclose()
        await self.runtime.aclose()
        self.flush()
        await self._commands.aclose()
        await self.store.aclose()
        if self.logs is not None:
            self.logs.flush()
        if self.access_logs is not None:
            self.access_logs.close()
        if self.recorder is not None:
            self.recorder.flush()

    def begin(self, request: Request, on_interim: OnInterim | None = None) -> Begun:
        """Hand a request to the current revision; see `Pipeline.begin`."""
        return self.pipeline.begin(request, on_interim)

    def ask(self, request: Request, resume: Resume, on_interim: OnInterim | None = None) -> Pending | None:
        """Hand a request whose function can be asked at once to the current revision; see `Pipeline.ask`."""
        return self.pipeline.ask(request, resume, on_interim)

    def refuse(self, error: RequestError, request: Request) -> Delivery:
        """Refuse what is no request; see `Pipeline.refuse`."""
        return self.pipeline.refuse(error, request)

    def origin_for(self, spec: OriginSpec) -> Origin:
        """Return what answers for an origin now."""
        return (self._instead or self._origins.origin_for)(spec)

    async def weigh(self, request: Request, *, run: bool) -> tuple[Weighed, list[Event]]:
        """Tell what the cache would do about a request, without doing it.

        Args:
            request: a viewer's.
            run: whether its viewer-request function runs.

        Returns:
            How far it came, and what was said on the way: warnings about the function, failures.
        """
        said: list[Event] = []
        services = replace(
            self._services(self.config, self._origins), store=AtRest(self.store), emit=said.append, watched=False
        )
        return await Pipeline(self.config, services).weigh(request, run=run), said

    async def objects(self, item: str) -> AsyncIterator[Decision]:
        """Yield what is stored, as far as an invalidation path or a `#tag` covers it, and what it is good for now."""
        async for entry in self.store.entries(item.encode()):
            if not is_index(entry):
                yield self.pipeline.weigh_stored(entry, self.clock())

    def _log_access(self) -> None:
        """Begin to listen for access logs once a distribution has one: until then no request costs anything more."""
        if self.access_logs is None and any(each.access_log is not None for each in self.config.distributions):
            self.access_logs = AccessLogs(lambda: self.config, self._logs_failed)
            self.emit.add(self.access_logs)

    def _pipeline(self, config: Config, origins: Origins) -> Pipeline:
        return Pipeline(config, self._services(config, origins))

    def _services(self, config: Config, origins: Origins) -> Services:
        origin_for = self._instead or origins.origin_for
        specs = {name: origin_spec(each) for name, each in config.origins.items()}
        if self._metrics is not None:
            origin_for = self._metrics.origins(origin_for, specs)
        return Services(
            store=self.store,
            flights=self._flights,
            caching=caching_of,
            invoker=Invoker(
                self._calls,
                specs,
                tell=self.emit if self._watched else None,
                count=self._counted if self._counted.teller and not self._watched else None,
            ),
            origin_for=origin_for if self.recorder is None else self.recorder.origins(origin_for),
            clock=self.clock,
            make_id=self._make_id,
            emit=self.emit,
            watched=self._watched,
            https_port=self._https_port,
            verify=verify,
        )

    def _function_origin(self, config: FunctionConfig) -> Origin:
        from edgerun.origins.function import FunctionOrigin, payload_of  # noqa: PLC0415  # most need none

        return FunctionOrigin(
            config,
            payload_of(config),
            function=lambda: self.config.functions[config.function],
            runtime=ToldRuntime(self.runtime, "origin", lambda: self._counted.teller),
            clock=self.clock,
            tell=lambda text: self._note(text, "error"),
        )

    def _retire(self, functions: list[Function]) -> None:
        if isinstance(self.runtime, RuntimeRouter):
            for function in functions:
                self.runtime.engine_of(function).retire(function)

    def _cloudfront_engine(self) -> Engine:
        """Make what runs CloudFront Functions, for the first of them."""
        from edgerun.functions.cloudfront_js import CloudFrontJsRuntime  # noqa: PLC0415  # most need none

        loop = asyncio.get_running_loop()
        log = RunLog(
            self._printed, lambda name: distribution_of(self.config, name), self._engine_failed, loop.call_soon
        )
        return CloudFrontJsRuntime(log, clock=self.clock)

    def _report_code(self) -> None:
        """Tell a watcher of the one file that each CloudFront Function has."""
        for function in self.config.functions.values():
            if self._loads is not None and is_cloudfront(function):
                since = asyncio.get_running_loop().time()
                self._loads.report(function, orjson.dumps({"files": [code_file(function)]}), since)

    def _printed(self, line: OutputLine) -> None:
        if line.kind == "note":
            self.emit(Noted(text=line.text, level="warning"))
            return
        if self._silences is not None:
            self._silences.flush()
        self.emit(Printed(request_id=line.label, function=line.function, text=line.text, kind=line.kind))

    def _printed_nothing(self, lines: list[OutputLine]) -> None:
        self.emit.many(
            [Printed(request_id=each.label, function=each.function, text=each.text, kind=each.kind) for each in lines]
        )

    def _engine_failed(self, function: str, text: str) -> None:
        self.emit(Noted(text=f"{function}: {text}", level="error"))

    def _logs_failed(self, text: str) -> None:
        self._note(text, "error")

    def _note(self, text: str, level: str = "warning") -> None:
        self.emit(Noted(text=text, level=level))

    def _origin_printed(self, origin: str, text: str) -> None:
        self.emit(Noted(text=f"origin {origin}: {text}", level="output"))


def open_store(config: StoreConfig, tell: Callable[[str], None]) -> CacheStore:
    """Open the store of a configuration, or, where there is no room for it, one in memory.

    Args:
        config: which, and its bounds.
        tell: is told what the user should know, now and later.

    Raises:
        ConfigError: its folder cannot be used.
    """
    size, largest = config.size, config.max_object_size
    if config.kind == "lmdb":
        from edgerun.cache.lmdb import LmdbStore  # noqa: PLC0415  # only this kind needs it

        try:
            return LmdbStore(Path(config.path), size=size, max_object_size=largest, tell=tell)
        except StoreError as error:
            tell(f"{error}: objects are kept in memory until edgerun starts anew")
            size, largest = min(size, StoreConfig().size), min(largest, StoreConfig().max_object_size)
    if config.kind == "redis":
        from edgerun.cache.redis import RedisStore  # noqa: PLC0415  # only this kind needs it

        return RedisStore(config.url, size=size, max_object_size=largest, tell=tell)
    return MemoryStore(size=size, max_object_size=largest)
