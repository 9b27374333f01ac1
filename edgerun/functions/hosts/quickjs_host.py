"""What runs CloudFront Functions: a process that gives every run a fresh QuickJS context, and does nothing else.

    python -I -S quickjs_host.py CHANNEL_FD QUICKJS_FOLDER

It speaks the frames of `edgerun/functions/frames.py`, with kinds of its own for what it is asked:

| kind | id      | payload                                                              |
| ---- | ------- | -------------------------------------------------------------------- |
| 0    | program | JSON: what `Program` takes                                           |
| 1    | call    | program (4 bytes), time in ms and a seed (8 bytes each, floats), the event's JSON |
| 2    | program | none: forget it                                                      |
| 3    | program | JSON: a key-value store's contents                                   |
| 4    | call    | program (4 bytes): see whether it can be run at all                  |

Every call is answered with RESULT, ERROR or INIT_ERROR: microseconds of processor time (4 bytes), the length of its
lines (4), the lines as a JSON list, then the result or the error's document.

The engine ends a run that is out of time. Where it cannot, in a loop of its own in C, the kernel ends the process by
the timer that runs beside: nobody has to watch, and nothing outlives the server.
"""

import importlib
import json
import os
import re
import select
import signal
import struct
import sys
import time
from collections import OrderedDict
from typing import Any, NoReturn

DEFINE, EVENT, FORGET, STORE, WARM = range(5)
READY, _STARTED, RESULT, ERROR, INIT_ERROR = range(5)
HEAD = struct.Struct("<IBI")
CALL = struct.Struct("<Idd")
ANSWER = struct.Struct("<II")
MEMORY = 2 * 1024 * 1024
GRACE = 0.05  # seconds of processor time from the engine's own end of a run to the kernel's
RESERVE = 2  # contexts kept ready for one program
RESERVES = 8  # programs that have such
LARGEST_LOG = 10_240
TIMED_OUT = "Function.TimedOut"
FRAME = re.compile(r"at (?:(.*) \()?<input>:(\d+):(\d+)\)?")

Document = dict[str, Any]


class Failed(Exception):
    """A run, or a program, that failed; its document says how."""

    def __init__(self, kind: str, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.document: Document = {"errorType": kind, "errorMessage": message, "stackTrace": frames(stack)}


def frames(stack: str) -> list[list[Any]]:
    """Return name, line and column of the function's own frames; what is on the first line is not the function's."""
    found = (FRAME.search(line) for line in stack.splitlines())
    return [[match[1] or "", int(match[2]), int(match[3])] for match in found if match and int(match[2]) > 1]


class Program:
    """A function's code with the contexts that are ready to run it."""

    def __init__(self, fields: Document) -> None:
        self.world: str = fields["world"]
        self.code: str = fields["code"]
        self.seconds: float = fields["seconds"]
        self.place: str = fields["place"]
        self.store: Document = {"values": {}}
        self.heap = 0
        self.ready: list[Prepared] = []
        self.fault: Failed | None = None

    def take(self) -> "Prepared":
        return self.ready.pop() if self.ready else Prepared(self)


class Prepared:
    """One fresh context: the world made and the code compiled, none of the function's own code run."""

    def __init__(self, program: Program) -> None:
        self.context = Context()
        try:
            self.step = self.context.eval(program.world)
            self.context.set_time_limit(program.seconds)
            self.step("load", self.context.eval(program.code))
        except Exception as error:  # noqa: BLE001 - the engine's own kinds of error
            raise told(error) from None
        if not program.heap:
            program.heap = self.context.memory()["malloc_size"]
        self.context.set_memory_limit(program.heap + MEMORY)


class Run:
    """One call of a handler, from its event to its result."""

    def __init__(self, program: Program, prepared: Prepared) -> None:
        self.program = program
        self.context = prepared.context
        self.step = prepared.step
        self.begun = time.thread_time()

    @property
    def used(self) -> float:
        return time.thread_time() - self.begun

    def result(self, event: str, now: float, seed: float) -> str:
        """Return the result's JSON.

        Raises:
            Failed: as the function did.
        """
        try:
            self.step("run", event, now, seed, self.program.place)
            self._settle()
            text: str = self.step("finish")
        except Exception as error:  # noqa: BLE001 - the engine's own, or its binding's where a value is beyond it
            raise told(error) from None
        if text.startswith('{"error":'):
            thrown = json.loads(text)["error"]
            raise Failed(thrown["type"], thrown["message"], thrown["stack"])
        return text

    def _settle(self) -> None:
        """Run what waits in the engine, and answer what it asks of the store, until there is neither."""
        pending = self.context.execute_pending_job
        while True:
            while pending():
                if self.used > self.program.seconds:
                    raise Failed(TIMED_OUT, "interrupted")
            asked = self.step("asked")
            if not asked:
                return
            self.step("answer", json.dumps([self._answer(question) for question in json.loads(asked)]))
            self.context.set_time_limit(max(self.program.seconds - self.used, 0.001))

    def _answer(self, question: Document) -> Document:
        store, key = self.program.store, question["key"]
        values: dict[str, str] = store["values"]
        answer: object = values.get(key)
        match question["ask"]:
            case "exists":
                answer = key in values
            case "count":
                answer = len(values)
            case "meta":
                dates = {"creationDateTime": store["created"], "lastUpdatedDateTime": store["updated"]}
                answer = {**dates, "keyCount": len(values)}
        if answer is None:
            return {"id": question["id"], "error": "KeyNotFound"}
        return {"id": question["id"], "value": answer}

    def lines(self) -> bytes:
        """Return what was logged, as a JSON list, cut at 10 KB; b"" if nothing was."""
        try:
            self.context.set_memory_limit(-1)
            text: str = self.step("lines")
        except Exception:  # noqa: BLE001 - then there is nothing to be had
            return b""
        if len(text) <= LARGEST_LOG:
            return text.encode()
        kept, left = [], LARGEST_LOG
        for line in json.loads(text):
            octets = line.encode("utf-8", "replace")[:left]
            kept.append(octets.decode("utf-8", "ignore"))
            left -= len(octets) + 1
            if left <= 0:
                break
        return json.dumps(kept).encode()


def told(error: Exception) -> Failed:
    """Return a failure in the engine's own words: `Type: message`, then the stack."""
    if isinstance(error, Failed):
        return error
    first, _, stack = str(error).partition("\n")
    kind, colon, message = first.partition(": ")
    if not colon:  # there was no memory left even to say so
        return Failed("InternalError", "out of memory" if first == "null" else first)
    if (kind, message) == ("InternalError", "interrupted"):
        return Failed(TIMED_OUT, message, stack)
    return Failed(kind, message, stack)


class Host:
    """Works off the channel's frames in order; while nothing waits, it makes contexts."""

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.received = bytearray()
        self.programs: OrderedDict[int, Program] = OrderedDict()
        self.poller = select.poll()
        self.poller.register(channel, select.POLLIN)

    def serve(self) -> NoReturn:
        self.send(READY, 0, b"")
        while True:
            while len(self.received) < HEAD.size and not self.poller.poll(0) and self.prepare_one():
                pass
            kind, number, payload = self.receive()
            if kind == EVENT:
                self.run(number, payload)
            elif kind == DEFINE:
                self.programs[number] = Program(json.loads(payload))
            elif kind == FORGET:
                self.programs.pop(number, None)
            elif kind == STORE:
                self.programs[number].store = json.loads(payload)
            elif kind == WARM:
                self.warm(number, payload)

    def prepare_one(self) -> bool:
        """Make one context for the program that was used last and lacks one; say whether there was any."""
        for number in list(reversed(self.programs))[:RESERVES]:
            program = self.programs[number]
            if program.heap and program.fault is None and len(program.ready) < RESERVE:
                program.ready.append(Prepared(program))
                return True
        return False

    def run(self, number: int, payload: bytes) -> None:
        which, now, seed = CALL.unpack_from(payload)
        program = self.programs[which]
        self.programs.move_to_end(which)
        prepared = self.prepared(number, program)
        if prepared is None:
            return
        run = Run(program, prepared)
        guard(program.seconds + GRACE)
        kind = RESULT
        try:
            answer = run.result(payload[CALL.size :].decode(), now, seed).encode("utf-8", "replace")
        except Failed as failed:
            kind, answer = ERROR, json.dumps(failed.document).encode()
        used = int(run.used * 1_000_000)
        lines = run.lines()
        guard(0)
        self.send(kind, number, ANSWER.pack(used, len(lines)), lines, answer)

    def prepared(self, number: int, program: Program) -> Prepared | None:
        """Return a context, or answer why there can be none."""
        guard(program.seconds + 1)
        try:
            if program.fault is None:
                return program.take()
        except Failed as failed:
            program.fault = failed
        finally:
            guard(0)
        self.send(INIT_ERROR, number, ANSWER.pack(0, 0), json.dumps(program.fault.document).encode())
        return None

    def warm(self, number: int, payload: bytes) -> None:
        program = self.programs[CALL.unpack_from(payload)[0]]
        prepared = self.prepared(number, program)
        if prepared is not None:
            program.ready.append(prepared)
            self.send(RESULT, number, ANSWER.pack(0, 0), b"null")

    def send(self, kind: int, number: int, *parts: bytes) -> None:
        size = sum(map(len, parts)) + HEAD.size - 4
        rest = memoryview(b"".join([HEAD.pack(size, kind, number), *parts]))
        while rest:
            try:
                rest = rest[os.write(self.channel, rest) :]
            except OSError:
                os._exit(0)

    def receive(self) -> tuple[int, int, bytes]:
        length, kind, number = HEAD.unpack(self._take(HEAD.size))
        return kind, number, self._take(length - HEAD.size + 4)

    def _take(self, size: int) -> bytes:
        while len(self.received) < size:
            try:
                chunk = os.read(self.channel, max(65_536, size - len(self.received)))
            except OSError:
                chunk = b""
            if not chunk:
                os._exit(0)
            self.received += chunk
        taken = bytes(self.received[:size])
        del self.received[:size]
        return taken


def guard(seconds: float) -> None:
    """Have the kernel end this process after so much processor time; 0 takes that back."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    quickjs = importlib.import_module("_quickjs")
    Context = quickjs.Context
    Host(int(sys.argv[1])).serve()
