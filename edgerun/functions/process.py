"""The process runtime: every function in processes of its own, Python and Node alike.

invoke ─ Pool ─ Environment ═ channel and output ═ host (python_host.py, node_host.cjs)
                    └─ Spawner ═ control socket ═ zygote.py, parent of every host
"""

import asyncio
import hashlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from edgerun.functions import bootstraps, faults
from edgerun.functions.call import Call, awaited
from edgerun.functions.environment import Environment
from edgerun.functions.function import Function
from edgerun.functions.log_lines import EnvironmentFacts, LogFormat
from edgerun.functions.output import Journal
from edgerun.functions.owner import OnLoaded
from edgerun.functions.pool import Pool
from edgerun.functions.runtime import Ending, Forget, Invocation, OutputLine
from edgerun.functions.seen import PoolSeen
from edgerun.functions.silences import Silences
from edgerun.functions.spawner import Spawner, orjson_home
from edgerun.functions.variables import REGION

LONGEST_IDLE: Final = 300.0  # AWS: not told; minutes, as seen
REAPINGS: Final = 4  # looks at what is idle, in that time

_Identity = tuple[object, ...]


class ProcessRuntime:
    """Runs functions in pools of processes, one pool per function; a `FunctionRuntime`.

    It belongs to the event loop that first invokes with it. Nothing is started before that.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        on_output: Callable[[OutputLine], None],
        *,
        node: str = "",
        largest_result: int = faults.LARGEST_RESULT,
        platform_lines: bool = False,
        silences: Silences | None = None,
        log_format: LogFormat = "text",
        on_loaded: OnLoaded | None = None,
        longest_idle: float = LONGEST_IDLE,
        monotonic: Callable[[], float] = time.monotonic,
        spares: bool = True,
    ) -> None:
        """Make a runtime.

        Args:
            on_output: gets every line a function prints, as it is printed; must not raise.
            node: the program for Node functions; "" finds it on the server's PATH when it is first needed.
            largest_result: bytes; a longer result is dropped unread and fails its invocation.
            platform_lines: whether `on_output` gets the lines that Lambda writes around a function's own too.
            silences: where those about an invocation go that printed nothing, if they may be written a moment later.
            log_format: CloudWatch's text form or its JSON form.
            on_loaded: hears which files functions load; without it nobody looks.
            longest_idle: seconds without a call after which an environment is ended.
            monotonic: the clock of idleness and of pauses.
            spares: whether every function that runs gets a process in reserve, which has loaded none of its code.
        """
        self._on_output = on_output
        self._node = node
        self._largest_result = largest_result
        self._platform_lines = platform_lines
        self._silences = silences
        self._log_format = log_format
        self._on_loaded = on_loaded
        self._longest_idle = longest_idle
        self._monotonic = monotonic
        self._spares = spares
        self._reaper: asyncio.TimerHandle | None = None
        self._versions: dict[str, str] = {}
        self._pools: dict[_Identity, Pool] = {}
        self._by_object: dict[int, Pool] = {}
        self._leaving: list[Pool] = []
        self._spawners: dict[str, Spawner] = {}
        self._lost: list[Spawner] = []
        self._closed = False

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        """Run one function on one JSON event.

        Cancelling it leaves the queue; a call that already runs is finished in the background, unheard.

        Args:
            function: what to run, and its limits.
            event: JSON, UTF-8.
            label: the caller's name for this invocation; printed lines carry it.

        Raises:
            FunctionInitError: the function, or its process, could not be started.
            FunctionTimeout: it did not answer in time.
            FunctionExecutionError: it raised, exited, or returned what cannot be serialised.
            FunctionThrottled: no environment became free in time, or too many invocations wait.
        """
        return await self._run(function, event, label)

    def begin(self, function: Function, event: bytes, *, label: str, heard: Callable[[Ending], None]) -> Forget | None:
        """Run one function on one JSON event, and tell what came of it; see `PromptRuntime`."""
        if self._closed:
            return None
        pool, call = self._pool_of(function), Call(event, label, heard)
        pool.submit(call)
        return partial(pool.forget, call)

    async def warm(self, function: Function) -> None:
        """Start a first environment of a function that has none, and wait until it is ready.

        Raises:
            FunctionInitError: it does not start.
        """
        await self._run(function, b"", "", init_only=True)

    async def _run(self, function: Function, event: bytes, label: str, *, init_only: bool = False) -> Invocation:
        future: asyncio.Future[Invocation] = asyncio.get_running_loop().create_future()
        pool, call = self._pool_of(function), Call(event, label, awaited(future), init_only=init_only)
        pool.submit(call)
        try:
            return await future
        except asyncio.CancelledError:
            pool.forget(call)
            raise

    def _pool_of(self, function: Function) -> Pool:
        if self._closed:
            raise faults.platform_failed(function, "the runtime is closed")
        pool = self._by_object.get(id(function))
        return pool if pool is not None and pool.function is function else self._pool(function)

    async def reload(self, function_name: str) -> None:
        """Replace the environments of every function of this name; the next invocation sees its new code.

        Environments finish what they run. Does not wait for that.
        """
        for pool in self._pools.values():
            if pool.function.name == function_name:
                pool.retire()

    def hold(self, function: Function) -> None:
        """Keep a function to the environments it has, because its code on disk is broken now."""
        pool = self._pools.get(_identity(function))
        if pool is not None:
            pool.hold()

    def retire(self, function: Function) -> None:
        """End the environments of a function that is no longer configured, each after the call it runs."""
        pool = self._pools.pop(_identity(function), None)
        if pool is not None:
            self._by_object.pop(id(pool.function), None)
            pool.leave()
            self._leaving = [leaving for leaving in (*self._leaving, pool) if leaving.pids()]

    def reap(self) -> None:
        """End every environment that has been idle for too long; done by itself now and then."""
        for pool in self._pools.values():
            pool.reap(self._longest_idle)

    def pools(self) -> list[PoolSeen]:
        """Return what can be seen of every function's environments now; a function may have several revisions."""
        return [pool.seen() for pool in (*self._pools.values(), *self._leaving)]

    def spares(self) -> set[int]:
        """Return the processes in reserve."""
        return {pid for pool in self._pools.values() for pid in pool.spares()}

    def pids(self) -> set[int]:
        """Return the processes that this runtime works with: environments and those that start them."""
        environments = {pid for pool in (*self._pools.values(), *self._leaving) for pid in pool.pids()}
        return environments | {spawner.pid for spawner in self._spawners.values() if spawner.alive}

    async def aclose(self) -> None:
        """Kill every environment, with all it started, and remove every folder made for one."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        for pool in (*self._pools.values(), *self._leaving):
            pool.close(faults.platform_failed(pool.function, "the runtime was closed"))
        await asyncio.gather(*(spawner.aclose() for spawner in (*self._spawners.values(), *self._lost)))
        await asyncio.sleep(0)  # transports close their sockets in the loop's next turn

    def _pool(self, function: Function) -> Pool:
        """Find or make the pool of a function that is equal, though perhaps another object."""
        identity = _identity(function)
        pool = self._pools.get(identity)
        if pool is None:
            loop = asyncio.get_running_loop()
            pool = self._pools[identity] = Pool(
                loop,
                function,
                self._start,
                note=lambda text: self._on_output(OutputLine(function=function.name, label="", text=text, kind="note")),
                monotonic=self._monotonic,
                spare=self._spares and function.runtime not in bootstraps.RUNTIMES,
            )
            self._by_object[id(function)] = pool
            if self._reaper is None:
                self._reaper = loop.call_later(self._longest_idle / REAPINGS, self._reap_again, loop)
        return pool

    def _reap_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self.reap()
        self._reaper = loop.call_later(self._longest_idle / REAPINGS, self._reap_again, loop)

    def _start(self, pool: Pool, call: Call | None) -> Environment:
        """Make one environment, which `call` needs, or which is held in reserve.

        Raises:
            FunctionInitError: there is no program to run it with, or the runtime is closed.
        """
        function = pool.function
        if self._closed:
            raise faults.no_start(function, "the runtime was closed")
        program = self._find_program(function, call)
        python = function.python if function.runtime == "python" else ""
        try:
            spawner = self._spawner(python)
        except OSError as error:
            raise faults.no_start(function, f"cannot run {python!r}: {error.strerror}") from error
        journal = self._journal(function, program or python) if self._platform_lines else None
        environment = Environment(function, pool, self._on_output, self._largest_result, journal, self._on_loaded)
        try:
            environment.start(asyncio.get_running_loop(), spawner, program, self._log_format)
        except OSError as error:
            raise faults.no_start(function, f"the environment cannot be made: {error.strerror}") from error
        return environment

    def _journal(self, function: Function, program: str) -> Journal:
        version = self._versions.get(program)
        if version is None:
            version = self._versions[program] = _runtime_version(function.runtime, program)
        arn = f"arn:aws:lambda:{REGION}::runtime:{hashlib.sha256(version.encode()).hexdigest()}"
        facts = EnvironmentFacts(
            function_name=function.name, version=function.version, runtime_version=version, runtime_version_arn=arn
        )
        return Journal(facts, self._log_format, self._on_output, self._silences)

    def _find_program(self, function: Function, call: Call | None) -> str:
        """Return node, or a custom runtime's bootstrap; "" for Python, which is forked."""
        if function.runtime == "python":
            return ""
        if function.runtime in bootstraps.RUNTIMES:
            bootstrap = bootstraps.find(function.root)
            if bootstrap is None:
                aws_request_id = call.aws_request_id if call is not None else ""
                raise faults.no_bootstrap(function, bootstraps.places(function.root), aws_request_id)
            return bootstrap
        self._node = self._node or shutil.which("node") or ""
        if not self._node:
            raise faults.no_start(function, "node is not on the PATH")
        return self._node

    def _spawner(self, python: str) -> Spawner:
        """Return the spawner of an interpreter; "" is the server's own, without the server's packages."""
        spawner = self._spawners.get(python)
        if spawner is None or not spawner.alive:
            if spawner is not None:
                self._lost.append(spawner)
            orjson_folder = "" if python else orjson_home()
            spawner = Spawner(asyncio.get_running_loop(), python or sys.executable, orjson_folder)
            self._spawners[python] = spawner
        return spawner


def _runtime_version(runtime: str, program: str) -> str:
    """Return Lambda's name for what runs a function, such as `nodejs:20.v11`; "" is the server's own interpreter."""
    if runtime in bootstraps.RUNTIMES:
        return runtime.replace(".", ":")
    said = sys.version
    if program:
        try:
            asked = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=2, check=False)
        except (OSError, subprocess.SubprocessError):
            return runtime
        said = asked.stdout
    number = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    if number is None:
        return runtime
    major, minor, micro = number.groups()
    return f"nodejs:{major}.v{minor}" if runtime == "nodejs" else f"python:{major}.{minor}.v{micro}"


def _identity(function: Function) -> _Identity:
    """Return what makes two functions one; a `Function` cannot be hashed itself because of its mapping."""
    return tuple(_parts(function))


def _parts(function: Function) -> Iterator[object]:
    for name in Function.__slots__:  # type: ignore[attr-defined]
        part = getattr(function, name)
        yield frozenset(part.items()) if name == "environment" else part
