"""One execution environment: a process of a function's own, from INIT to its end, one invocation at a time."""

import asyncio
from collections.abc import Callable
from typing import Final

from edgerun.errors import FunctionExecutionError, FunctionInitError
from edgerun.functions import faults, frames
from edgerun.functions.call import Call
from edgerun.functions.deadline import Deadline
from edgerun.functions.frames import DamagedChannel, Frame
from edgerun.functions.function import Function
from edgerun.functions.log_lines import LogFormat
from edgerun.functions.meter import Meter
from edgerun.functions.output import Journal
from edgerun.functions.owner import OnLoaded, Owner
from edgerun.functions.remains import Remains
from edgerun.functions.runtime import Invocation, OutputLine
from edgerun.functions.spawner import Spawner
from edgerun.functions.wires import Wires

_EXIT_GRACE: Final = 0.2  # from the end of the channel to the end of the process
_TRIES: Final = 3  # environments that may die under a call before it starts


class Environment:
    """A process behind a channel: `start` makes it, `initialise` lets it load the function, `begin` gives it a call.

    It runs one call at a time; it may get that before it is ready, and others while it runs, as long as it `has_room`.

    Attributes:
        function: what it runs.
        pid: its process, 0 until known.
        ready: it has finished INIT.
        retired: it takes no further call.
        idle_since: when its last call ended; for its owner.
        row: its calls.
        remains: what it left for another process, once it has ended, if it was reset.
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
        self.idle_since = 0.0
        self.remains: Remains | None = None
        self._owner = owner
        self._on_output = on_output
        self._largest_result = largest_result
        self._journal = journal
        self._on_loaded = on_loaded
        self._ending: FunctionExecutionError | None = None
        self._lost = False
        self._gone = False
        self._going: asyncio.TimerHandle | None = None
        self._status: int | None = None
        self._cause = ""
        self._max_memory = 0
        self._initialised = False
        self._within = False  # INIT runs inside the first call, in its time
        self._timed = False  # the time of the call that runs began with INIT
        self._repeats = False
        self._init_alarm: asyncio.TimerHandle | None = None
        self._grace: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        return self.row.head is not None

    @property
    def has_room(self) -> bool:
        """Whether it is busy, and a call more may wait in its pipe: those before are over in no time."""
        return self.busy and self.ready and not self.retired and self._ending is None and self.row.has_room

    @property
    def ending(self) -> bool:
        """Whether it has been killed, and is not gone yet."""
        return self._ending is not None and not self._repeats

    def start(self, loop: asyncio.AbstractEventLoop, spawner: Spawner, program: str, log_format: LogFormat) -> None:
        """Have the process of `program` made, such as node; it runs none of the function's code before `initialise`.

        Raises:
            OSError: it cannot be made.
        """
        self._loop = loop
        self._deadline = Deadline(loop, self._expired)
        self._meter = Meter(loop, self.function, self._journal)
        self._wires = Wires(loop, spawner, self, program, log_format, self._largest_result, self._printed)
        self.row, self._output = self._wires.row, self._wires.output

    def initialise(self, remains: Remains | None = None) -> None:
        """Run INIT: in its own time, or, for an environment that was reset, in the time of its first call."""
        self._initialised, self._within = True, remains is not None
        self._meter.init_started(
            self._loop.time(), within=self._within, again=remains is not None and remains.failed_init
        )
        self._wires.start()
        if remains is not None:
            remains.hand_over(self._wires.spawner, self._wires.key)
        else:
            self._init_alarm = self._loop.call_later(self.function.init_timeout, self._init_expired)
        facts: dict[str, object] = {"within_invocation": self._within, "largest_result": self._largest_result}
        self._wires.initialise(facts | {"reports_modules": self._on_loaded is not None})

    def begin(self, call: Call) -> None:
        """Take a call; it is sent at once if the environment is ready."""
        if self.row.head is not None:
            self.row.add(call)
            return
        self.row.head = call
        self._wires.spawner.stir()
        if self.ready:
            self._take()
        elif self._within and call.init_only:
            self._init_alarm = self._loop.call_later(self.function.init_timeout, self._init_expired)
        elif self._within:
            self._timed = True
            self._deadline.set(self._loop.time() + self.function.timeout)

    def give_back(self) -> None:
        """Give the calls that have not begun to others."""
        self._owner.returned(*self.row.take_back())
        self._free()

    def retire(self) -> None:
        """Take no further call, and end after the one that runs."""
        self.retired = True
        self._owner.returned(*self.row.take_back())
        if self.row.head is None:
            self.kill(faults.platform_failed(self.function, "the environment was retired"))

    def kill(self, why: FunctionExecutionError) -> None:
        """End the process now; a call that runs fails with `why`."""
        if self._ending is None or self._repeats:
            self._ending, self._repeats = why, False
            self._wires.kill()
            returned = self.row.take_back()
            if self.row.head is not None:
                self._output.drain()
                for _ in range(1 + len(self.row.behind)):  # what is left behind may have begun
                    self._fail(why)
            self._owner.returned(*returned)

    # -- what the zygote reports

    def born(self, pid: int) -> None:
        self.pid = pid

    def ended(self, status: int | None, max_memory: int, cause: str) -> None:
        """Go at once, or when the channel has brought what the process said last: it may name its own fault."""
        self._cause = self._cause or cause
        # Lambda's figure never exceeds the limit.
        self._max_memory = self.function.memory if self._cause == "memory" else max_memory
        if self._lost or self._ending is not None or status is None or cause:
            self._go(status)
        else:
            self._going = self._loop.call_later(_EXIT_GRACE, self._go, status)
            self._status = status

    def _go(self, status: int | None) -> None:
        if self._gone:
            return
        self._gone = True
        self._deadline.cancel()
        for alarm in (self._going, self._init_alarm, self._grace):
            if alarm is not None:
                alarm.cancel()
        call, returned = self.row.head, self.row.take_back()
        self._wires.close()
        if self._cause:
            self._on_output(faults.note_of(self.function, self._cause))
        self._meter.max_memory = max(self._meter.max_memory, self._max_memory)
        if call is not None and self._ending is None and status is not None and self._may_repeat():
            why = faults.end_of(self.function, status, call.aws_request_id, ready=self.ready)
            self._meter.init_failed(self._loop.time(), why.error_type)
            self._repeats = True
        if self._initialised and not self.retired and status is not None:
            self.remains = Remains(spawner=self._wires.spawner, key=self._wires.key, failed_init=self._repeats)
        else:
            self._wires.spawner.forget(self._wires.key)
        if self._lost:  # all it said has been heard, and that it began one of these was not said
            returned = self.row.leave() + returned
        while self.row.head is not None:
            self._leave(self.row.head, status)
        self._owner.returned(*returned)
        self._meter.ended(self._max_memory)
        self._owner.ended(self)

    def _leave(self, call: Call, status: int | None) -> None:
        """See to the call that the process leaves behind."""
        if self._repeats:
            self.row.advance()
            self._owner.init_repeats(self, call)
        elif self._may_move(call):
            self.row.advance()
            self._owner.returned(call)
        else:
            self._fail(self._ending or faults.end_of(self.function, status, call.aws_request_id, ready=self.ready))

    # -- what the host sends

    def hear(self, *received: Frame) -> None:
        """Take frames that came at once, unless the environment is ending."""
        for frame in received:
            if self._ending is None:
                self._receive(frame)
        self.row.progress += 1
        if self.row.behind or self.row.head is not None:
            self._owner.roomy(self)

    def lost(self) -> None:
        """Wait a moment for the exit status: it says more than the end of the channel."""
        self._lost = True
        if self._going is not None:
            self._go(self._status)
        elif not self._gone and self._ending is None:
            self._grace = self._loop.call_later(_EXIT_GRACE, self._wires.kill)

    def damaged(self, why: str) -> None:
        """End it: user code wrote to the channel."""
        aws_request_id = self.row.head.aws_request_id if self.row.head is not None else ""
        if self.ready:
            self.kill(faults.damaged(self.function, aws_request_id, why, FunctionExecutionError))
        else:
            self._end_init(faults.damaged(self.function, aws_request_id, why, FunctionInitError))

    def _receive(self, frame: Frame) -> None:
        call = self.row.head
        if frame.kind == frames.LOADED:
            self._loaded(frame.payload)
        elif not self.ready:
            self._receive_first(frame)
        elif call is None or frame.id != call.number:
            raise DamagedChannel("a frame for no running invocation")
        elif frame.kind == frames.STARTED and not call.started:
            call.started = True
            now = self._loop.time()
            if not self._timed:
                self._deadline.set(now + self.function.timeout)
            self._meter.started(now, call)
        elif frame.kind in {frames.RESULT, frames.ERROR} and call.started:
            self._settle(call, frame)
        elif frame.kind == frames.DECLINED and not call.started:
            call.attempts -= 1
            self._clear()
            self._owner.returned(call)
            self.give_back()
        else:
            raise DamagedChannel("a frame out of turn")

    def _loaded(self, report: bytes) -> None:
        """Pass on which files were loaded, in INIT or since the last call began."""
        if self._on_loaded is None:
            raise DamagedChannel("a report that nobody asked for")
        try:
            self._on_loaded(self.function, report, self._meter.since)
        except ValueError:
            raise DamagedChannel("a report of loaded files that is none") from None

    def _receive_first(self, frame: Frame) -> None:
        if frame.kind == frames.INIT_ERROR:
            why = faults.documented(self.function, frame.payload, FunctionInitError)
            if why.error_type == faults.OUT_OF_MEMORY:
                why, self._cause = faults.out_of_memory(self.function, "", FunctionInitError), "memory"
            self._end_init(why)
        elif frame.kind == frames.READY:
            if self._init_alarm is not None:
                self._init_alarm.cancel()
            self._output.drain()
            self.ready = True
            self._init_duration = self._meter.init_done(self._loop.time())
            self._owner.initialised(self)
            self._take()
        else:
            raise DamagedChannel("a frame before READY")

    def _take(self) -> None:
        """Go on with the call that is here, if it still wants to run."""
        call = self.row.head
        if call is not None and call.init_only:
            call.settle(Invocation(payload=b"", init_duration=self._init_duration))
        if call is None or call.abandoned:
            self._clear()
            self._free()
        else:
            self._send(call)

    def _settle(self, call: Call, frame: Frame) -> None:
        answer = frames.read_answer(frame.payload)
        # What can be read now is this call's, unless a later one may have begun since it ended in silence.
        if (self.row.behind and answer.quiet) or not self._output.drain():
            self.row.ahead.ran(answer.duration)
        else:
            self.row.ahead.printed()
        self._meter.max_memory = answer.max_memory
        if frame.oversized:
            self._fail(faults.too_large(self.function, self._largest_result), answer.duration)
        elif frame.kind == frames.RESULT:
            invocation = self._meter.answered(call, answer.document, answer.duration, answer.max_memory)
            self._clear()
            self._free()  # first: it has its next call before anybody looks at this result
            call.settle(invocation)
            return
        else:
            why = faults.documented(self.function, answer.document, FunctionExecutionError)
            if why.error_type == faults.OUT_OF_MEMORY:
                self._cause = "memory"
                self.kill(faults.out_of_memory(self.function, call.aws_request_id, FunctionExecutionError))
                return
            self._fail(why, answer.duration)
        self._free()

    def _clear(self) -> None:
        self._timed = False
        if self.row.advance() is None:
            self._deadline.clear()
        else:
            self._deadline.set(self._loop.time() + self.function.timeout)

    def _free(self) -> None:
        if self.row.head is not None:
            return
        if self.retired:
            self.retire()
        else:
            self._owner.freed(self)

    # -- what goes wrong

    def _end_init(self, why: FunctionInitError) -> None:
        """End a process whose INIT failed; a call that still wants to run gets another."""
        if not self._may_repeat():
            self.kill(why)
        elif self._ending is None:
            self._ending, self._repeats = why, True
            self._output.drain()
            self._meter.init_failed(self._loop.time(), why.error_type)
            self._wires.kill()

    def _may_repeat(self) -> bool:
        """Whether INIT failed in its own time, with a call behind it."""
        call = self.row.head
        return not (call is None or call.init_only or call.abandoned or self.ready or self._within)

    def _fail(self, why: FunctionExecutionError, duration: float | None = None) -> None:
        """Fail the call, if there is one; `duration` is the host's word for how long it ran."""
        call = self.row.head
        if call is None:
            return
        self._clear()
        now = self._loop.time()
        if not self.ready:
            self._meter.init_failed(now, why.error_type)
        self._meter.failed(now, call, why, duration, ending=self._ending is not None and not self._gone)
        if not (self.ready or call.init_only):
            self._owner.init_failed(self, why)
        call.settle(why)

    def _expired(self) -> None:
        """End the call's time: it was set when the call was sent, and again when the host began it."""
        if (call := self.row.head) is None:
            return
        self.give_back()
        if self.row.behind:  # one was claimed: so this one has ended, and that is about to be heard
            self._deadline.set(self._loop.time() + _EXIT_GRACE)
        elif self.row.head is call:
            self.kill(faults.timed_out(self.function, call.aws_request_id))

    def _init_expired(self) -> None:
        self._end_init(faults.init_timed_out(self.function))

    def _may_move(self, call: Call) -> bool:
        """Whether another environment may run the call: this one died idle, with the call still in the pipe."""
        return self.ready and not call.started and self._ending is None and call.attempts < _TRIES

    # -- small parts

    def _send(self, call: Call) -> None:
        self.row.send(call)
        if not self._timed:
            self._deadline.set(self._loop.time() + self.function.timeout)

    def _printed(self, text: str) -> None:
        self.row.ahead.printed()
        call = self.row.head if self.ready else None
        if self._journal is not None:
            self._journal.printed(text, call)
            return
        label = call.label if call is not None else ""
        self._on_output(OutputLine(function=self.function.name, label=label, text=text))
