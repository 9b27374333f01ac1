"""One execution environment: a process of a function's own, from INIT to its end, one invocation at a time."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol, cast

import orjson

from edgerun.errors import FunctionExecutionError, FunctionInitError
from edgerun.functions import bootstraps, faults, frames, orders, provided
from edgerun.functions.call import Call
from edgerun.functions.frames import DamagedChannel, Frame, FrameReader
from edgerun.functions.function import Function
from edgerun.functions.link import Link
from edgerun.functions.log_lines import InvocationFacts, LogFormat
from edgerun.functions.output import Journal, OutputPipe
from edgerun.functions.runtime import Invocation, OutputLine
from edgerun.functions.spawner import Spawner
from edgerun.functions.variables import context_facts, log_place, variables

_EXIT_GRACE: Final = 0.2  # from the end of the channel to the end of the process
_TRIES: Final = 3  # environments that may die under a call before it starts


OnLoaded = Callable[[Function, bytes, float], None]
"""Hears which files a function has loaded: the function, the report, since when on the loop's clock."""


class Owner(Protocol):
    """What hears of an environment's turns: its pool."""

    def freed(self, environment: "Environment") -> None:
        """It waits for an event."""

    def ended(self, environment: "Environment") -> None:
        """It is gone, with everything it started."""

    def returned(self, call: Call) -> None:
        """It died before it began this call."""


class Environment(asyncio.Protocol):
    """A process behind a channel. It has at most one call; `begin` gives it one, also before it is ready.

    Attributes:
        function: what it runs.
        pid: its process, 0 until known.
        ready: it has finished INIT.
        retired: it takes no further call.
    """

    def __init__(
        self,
        function: Function,
        owner: Owner,
        on_output: Callable[[OutputLine], None],
        largest_result: int,
        journal: Journal | None = None,
        on_loaded: OnLoaded | None = None,
    ) -> None:
        self.function = function
        self.pid = 0
        self.ready = False
        self.retired = False
        self._owner = owner
        self._on_output = on_output
        self._largest_result = largest_result
        self._journal = journal
        self._on_loaded = on_loaded
        self._frames = FrameReader(largest_result)
        self._call: Call | None = None
        self._last_id = 0
        self._ending: FunctionExecutionError | None = None
        self._lost = False
        self._gone = False
        self._going: asyncio.TimerHandle | None = None
        self._status: int | None = None
        self._init_duration: float | None = None
        self._max_memory = 0
        self._deadline = 0.0
        self._link: Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._grace: asyncio.TimerHandle | None = None

    def start(
        self, loop: asyncio.AbstractEventLoop, spawner: Spawner, program: str, log_format: LogFormat = "text"
    ) -> None:
        """Have the process made; `program` is node for Node functions, and a custom runtime's bootstrap."""
        self._loop = loop
        self._spawner = spawner
        self._begun = loop.time()
        place = log_place(self.function, time.time())
        seen = variables(self.function, place, log_format)
        facts = {**context_facts(self.function, place), "reports_modules": self._on_loaded is not None}
        first = frames.encode(frames.INIT, 0, orjson.dumps(facts))
        if self.function.runtime in bootstraps.RUNTIMES:
            self._link, order = provided.begin(
                loop, self.function, program, seen, self.hear, self._largest_result, lambda: self.pid
            )
            self._link.write(first)
            theirs = os.open(os.devnull, os.O_RDWR)  # there is no channel
        else:
            theirs, order = self._open_channel(first), {**orders.hosted(self.function, program), "environment": seen}
        output, their_output = os.pipe()
        self._output = OutputPipe(loop, output, self._printed)
        if self._journal is not None:
            self._journal.init_started()
        self._key = spawner.start(self, order, [theirs, their_output])
        self._init_alarm = loop.call_later(self.function.init_timeout, self._init_expired)

    def begin(self, call: Call) -> None:
        """Take a call; it is sent at once if the environment is ready."""
        self._call = call
        if self.ready:
            self._send(call)

    def retire(self) -> None:
        """Take no further call, and end after the one that runs."""
        self.retired = True
        if self._call is None:
            self.kill(faults.platform_failed(self.function, "the environment was retired"))

    def kill(self, why: FunctionExecutionError) -> None:
        """End the process now; a call that runs fails with `why`."""
        if self._ending is None:
            self._ending = why
            self._spawner.kill(self._key)
            if self._call is not None:
                self._output.drain()
                self._fail(why)

    # -- what the zygote reports

    def born(self, pid: int) -> None:
        self.pid = pid

    def ended(self, status: int | None, max_memory: int) -> None:
        """Go at once, or when the channel has brought what the process said last: it may name its own fault."""
        self._max_memory = max(self._max_memory, max_memory)
        if self._lost or self._ending is not None or status is None:
            self._go(status)
        else:
            self._going = self._loop.call_later(_EXIT_GRACE, self._go, status)
            self._status = status

    def _go(self, status: int | None) -> None:
        if self._gone:
            return
        if self._going is not None:
            self._going.cancel()
        self._gone = True
        self._init_alarm.cancel()
        if self._grace is not None:
            self._grace.cancel()
        self._output.close()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.abort()
        call = self._call
        if call is not None and self._may_move(call):
            self._call = None
            call.disarm()
            self._owner.returned(call)
        elif call is not None:
            self._fail(self._ending or self._end_of(status, call))
        if self._journal is not None:
            self._journal.ended(self._max_memory)
        self._owner.ended(self)

    # -- what the host sends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self._ending is not None:
            return
        try:
            for frame in self._frames.feed(data):
                self._receive(frame)
        except DamagedChannel as damage:
            self._damaged(str(damage))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Wait a moment for the exit status: it says more than the end of the channel."""
        self._lost = True
        if self._going is not None:
            self._go(self._status)
        elif not self._gone and self._ending is None:
            self._grace = self._loop.call_later(_EXIT_GRACE, self._spawner.kill, self._key)

    def hear(self, frame: Frame) -> None:
        """Take a frame from what stands in a host's place, unless the environment is ending."""
        if self._ending is None:
            self._receive(frame)

    def _receive(self, frame: Frame) -> None:
        call = self._call
        if frame.kind == frames.LOADED:
            self._loaded(frame.payload)
        elif not self.ready:
            self._receive_first(frame)
        elif call is None or frame.id != self._last_id:
            raise DamagedChannel("a frame for no running invocation")
        elif frame.kind == frames.STARTED and not call.started:
            call.started = True
            self._deadline = self._loop.time() + self.function.timeout
            if self._journal is not None:
                self._journal.started(call)
        elif frame.kind in {frames.RESULT, frames.ERROR} and call.started:
            self._settle(call, frame)
        else:
            raise DamagedChannel("a frame out of turn")

    def _loaded(self, report: bytes) -> None:
        """Pass on which files were loaded, in INIT or since the last call began."""
        if self._on_loaded is None:
            raise DamagedChannel("a report that nobody asked for")
        since = self._deadline - self.function.timeout if self.ready else self._begun
        try:
            self._on_loaded(self.function, report, since)
        except ValueError:
            raise DamagedChannel("a report of loaded files that is none") from None

    def _receive_first(self, frame: Frame) -> None:
        self._init_alarm.cancel()
        if frame.kind == frames.INIT_ERROR:
            self.kill(faults.documented(self.function, frame.payload, FunctionInitError))
        elif frame.kind == frames.READY:
            self._output.drain()
            self.ready = True
            self._init_duration = self._loop.time() - self._begun
            self._take_first()
        else:
            raise DamagedChannel("a frame before READY")

    def _take_first(self) -> None:
        """Go on after INIT with the call that caused it, if it still wants to run."""
        call = self._call
        if call is not None and call.init_only:
            call.answer(Invocation(payload=b"", init_duration=self._init_duration))
        if call is None or call.abandoned:
            self._call = None
            self._free()
        else:
            self._send(call)

    def _settle(self, call: Call, frame: Frame) -> None:
        self._output.drain()
        if frame.oversized:
            self._fail(faults.too_large(self.function, self._largest_result))
        else:
            answer = frames.read_answer(frame.payload)
            self._max_memory = answer.max_memory
            if frame.kind == frames.ERROR:
                why = faults.documented(self.function, answer.document, FunctionExecutionError)
                self._fail(why, answer.duration)
            else:
                self._answer(call, answer)
        self._free()

    def _answer(self, call: Call, answer: frames.Answer) -> None:
        init_duration, self._init_duration = self._init_duration, None
        call.disarm()
        self._call = None
        if self._journal is not None:
            self._journal.finished(call, self._facts(call, answer.duration, init_duration))
        call.answer(
            Invocation(
                payload=answer.document,
                aws_request_id=call.aws_request_id,
                duration=answer.duration,
                init_duration=init_duration,
                max_memory=answer.max_memory,
            )
        )

    def _free(self) -> None:
        if self.retired:
            self.retire()
        else:
            self._owner.freed(self)

    # -- what goes wrong

    def _fail(self, why: FunctionExecutionError, duration: float | None = None) -> None:
        """Fail the call, if there is one; `duration` is the host's word for how long it ran."""
        call, self._call = self._call, None
        init_duration, self._init_duration = self._init_duration, None
        if call is not None:
            call.disarm()
            if self._journal is not None:
                lasted = self._lasted(call) if duration is None else duration
                self._tell(self._journal, call, self._facts(call, lasted, init_duration, why))
            call.fail(why)

    def _tell(self, journal: Journal, call: Call, facts: InvocationFacts) -> None:
        """Write how a call failed, at once if the environment lives on."""
        if not self.ready:
            journal.init_failed(facts.duration, facts.error_type)
        if call.init_only:
            return
        if self._ending is None or self._gone:
            journal.finished(call, facts)
        else:
            journal.ends_with_its_environment(call, facts)

    def _facts(
        self,
        call: Call,
        duration: float,
        init_duration: float | None,
        why: FunctionExecutionError | None = None,
    ) -> InvocationFacts:
        return InvocationFacts(
            aws_request_id=call.aws_request_id,
            duration=duration,
            memory_size=self.function.memory,
            max_memory=self._max_memory,
            init_duration=init_duration,
            error_type=why.error_type if why is not None else "",
            message=str(why) if why is not None else "",
        )

    def _lasted(self, call: Call) -> float:
        """Return how long a call ran, or INIT if that failed with it."""
        if call.started:
            return self._loop.time() - self._deadline + self.function.timeout
        return self.function.timeout if self.ready else self._loop.time() - self._begun

    def _damaged(self, why: str) -> None:
        aws_request_id = self._call.aws_request_id if self._call is not None else ""
        self.kill(faults.damaged(self.function, aws_request_id, why))

    def _expired(self) -> None:
        """End the call's time, or wait on if the host began it later than it was sent."""
        call = self._call
        assert call is not None
        left = self._deadline - self._loop.time() if call.started else 0.0
        if left > 0.001:
            call.arm(self._loop, left, self._expired)
        else:
            self.kill(faults.timed_out(self.function))

    def _init_expired(self) -> None:
        self.kill(faults.init_timed_out(self.function))

    def _may_move(self, call: Call) -> bool:
        """Whether another environment may run the call: this one died idle, with the call still in the pipe."""
        return self.ready and not call.started and self._ending is None and call.attempts < _TRIES

    def _end_of(self, status: int | None, call: Call) -> FunctionExecutionError:
        kind = FunctionExecutionError if self.ready else FunctionInitError
        if status is None:
            why = "the process that starts environments ended"
            if not self.ready:
                return faults.no_start(self.function, f"{why}; its interpreter must be Python 3.10 or later")
            return faults.platform_failed(self.function, why)
        return faults.exited(self.function, status, call.aws_request_id, kind)

    # -- small parts

    def _open_channel(self, first: bytes) -> int:
        """Begin to speak with a host of our own; return the descriptor for its end."""
        ours, theirs = socket.socketpair()
        self._connecting = self._loop.create_task(self._connect(ours, first))
        return theirs.detach()

    async def _connect(self, ours: socket.socket, first: bytes) -> None:
        try:
            transport, _ = await self._loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        transport.write(first)

    def _send(self, call: Call) -> None:
        assert self._link is not None
        self._last_id = (self._last_id + 1) & 0xFFFFFFFF
        call.attempts += 1
        if self._link.is_closing():  # it died idle a moment ago: its end hands the call to another
            self._spawner.kill(self._key)
            return
        payload = call.aws_request_id.encode() + call.event
        self._link.write(frames.encode(frames.EVENT, self._last_id, payload))
        call.arm(self._loop, self.function.timeout, self._expired)

    def _printed(self, text: str) -> None:
        call = self._call if self.ready else None
        if self._journal is not None:
            self._journal.printed(text, call)
            return
        label = call.label if call is not None else ""
        self._on_output(OutputLine(function=self.function.name, label=label, text=text))
