"""What runs inside a Python environment: imports the user's module and calls its handler, event by event.

It speaks the frames of `edgerun/functions/frames.py` and behaves like AWS's runtime client for Python. It is loaded by
`zygote.py` before the fork and imports nothing but the standard library.
"""

import contextlib
import fcntl
import io
import json
import os
import resource
import struct
import sys
import termios
import time
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from edgerun.functions.hosts import lambda_python, python_debugger, python_modules
else:
    import lambda_python
    import python_debugger
    import python_modules

EVENT, AHEAD = 1, 2
READY, STARTED, RESULT, ERROR, INIT_ERROR, LOADED, DECLINED = range(7)
HEAD = struct.Struct("<IBI")
ANSWER = struct.Struct("<II")
QUIET = 1 << 31
REQUEST_ID_LENGTH = 36
NOTHING = bytes(4)
RSS_UNIT = 1 if sys.platform == "linux" else 1024  # macOS counts bytes


class Channel:
    """Frames over the private descriptor; its end is the environment's end.

    An answer is written together with the word that the next event has begun, if that is here already.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._received = b""
        self._at = 0
        self._unsent: list[bytes] = []

    def receive(self) -> tuple[int, int, bytes]:
        """Return the next frame; what was to be sent is sent before anything is waited for."""
        at, received = self._at, self._received
        while True:
            here = len(received) - at
            if here >= HEAD.size:
                length, kind, number = HEAD.unpack_from(received, at)
                end = at + length + 4
                if end <= len(received):
                    self._at = end
                    return kind, number, received[at + HEAD.size : end]
            self.flush()
            received = self._received = received[at:] + self._read()
            self._at = at = 0

    def put(self, kind: int, number: int, *parts: bytes) -> None:
        """Send a frame soon: with the next one, or before the next event is waited for."""
        self._unsent.append(HEAD.pack(sum(map(len, parts)) + HEAD.size - 4, kind, number))
        self._unsent.extend(parts)

    def send(self, kind: int, number: int, *parts: bytes) -> None:
        """Send a frame, after those before it."""
        self.put(kind, number, *parts)
        self.flush()

    def flush(self) -> None:
        """Send what is to be sent."""
        if not self._unsent:
            return
        data = b"".join(self._unsent)
        self._unsent.clear()
        try:
            written = os.write(self._descriptor, data)
            if written < len(data):
                rest = memoryview(data)[written:]
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os._exit(1)

    def _read(self) -> bytes:
        try:
            chunk = os.read(self._descriptor, 262_144)
        except OSError:
            chunk = b""
        if not chunk:
            os._exit(1)
        return chunk


class Claims:
    """The numbers of the events sent ahead that may begin; the server takes back what nobody has claimed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._next: int | None = None

    def take(self, number: int) -> bool:
        """Claim an event, unless it was taken back; then a claim that is here belongs to a later one."""
        if self._next is None:
            try:
                claim = os.read(self._descriptor, 4)
            except BlockingIOError:
                return False
            except OSError:
                os._exit(1)
            self._next = int.from_bytes(claim, "little")
        if self._next != number:
            return False
        self._next = None
        return True


class Host:
    """Calls one handler for every event the channel brings."""

    def __init__(self, channel: Channel, claims: Claims, loads: Callable[[bytes], object]) -> None:
        self.channel = channel
        self.claims = claims
        self.printed = False
        self.loads = loads
        self.pid = os.getpid()
        self.logs = lambda_python.LambdaLogHandler()
        self.encoder = lambda_python.LambdaEncoder()
        self.facts: dict[str, Any] = {}
        self.modules: python_modules.Report | None = None
        self.initialised = 0.0

    def serve(self, preloaded: Iterable[str]) -> NoReturn:
        _, _, document = self.channel.receive()
        self.facts = json.loads(document)
        self.initialised = time.monotonic()
        self._prepare(preloaded)
        handler = self._initialise()
        _flush()
        self._report()
        self.channel.send(READY, 0)
        while True:
            kind, number, payload = self.channel.receive()
            if kind == AHEAD:
                if not self.claims.take(number):
                    continue
                if self.printed:  # what it printed has to be read before another may print
                    self.channel.put(DECLINED, number)
                    continue
            self._invoke(handler, number, payload)
            self._report()

    def _report(self) -> None:
        """Tell which files were loaded since the last time, if the server wants to know."""
        if self.modules is not None and (news := self.modules.news()):
            self.channel.put(LOADED, 0, news)

    def _prepare(self, preloaded: Iterable[str]) -> None:
        root = self.facts["root"]
        sys.path.insert(0, root)
        # Bytecode is trusted by its second and size: code saved twice within a second would run old.
        sys.dont_write_bytecode = True
        _unload_what_the_user_shadows(root, preloaded)
        if self.facts.get("reports_modules"):
            self.modules = python_modules.Report(root)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            file = io.FileIO(descriptor, "w", closefd=False)
            stream = io.TextIOWrapper(
                io.BufferedWriter(file), encoding="utf-8", errors="backslashreplace", line_buffering=True
            )
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        os.environ["AWS_EXECUTION_ENV"] = f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}"
        self.logs.attach()
        if self.facts.get("debugger"):
            python_debugger.listen(self.facts["debugger"])

    def _initialise(self) -> lambda_python.Handler:
        """Return the user's handler, or report why there is none and end."""
        try:
            return lambda_python.find_handler(self.facts["handler"])
        except lambda_python.Fault as fault:
            document = lambda_python.fault_document(fault, "")
        except Exception as error:  # noqa: BLE001 - whatever user code raises is the user's
            document = lambda_python.error_document(error, "")
        except BaseException as end:  # noqa: BLE001
            self._exit(end)
        self._log_error(document)
        _flush()
        self.channel.send(INIT_ERROR, 0, lambda_python.dump_document(document))
        os._exit(1)

    def _invoke(self, handler: lambda_python.Handler, number: int, payload: bytes) -> None:
        self.channel.send(STARTED, number)
        begun = time.monotonic()
        aws_request_id = payload[:REQUEST_ID_LENGTH].decode()
        self.logs.aws_request_id = aws_request_id
        os.environ["_X_AMZN_TRACE_ID"] = lambda_python.trace_id(aws_request_id)
        kind = RESULT
        try:
            event = self._decode(payload[REQUEST_ID_LENGTH:])
            context = lambda_python.LambdaContext(aws_request_id, self._deadline(begun), self.facts)
            answer = self._encode(handler(event, context))
        except lambda_python.Fault as fault:
            kind, answer = ERROR, self._failed(lambda_python.fault_document(fault, aws_request_id))
        except Exception as error:  # noqa: BLE001 - whatever user code raises is the user's
            kind, answer = ERROR, self._failed(lambda_python.error_document(error, aws_request_id))
        except BaseException as end:  # noqa: BLE001
            self._exit(end)
        if os.getpid() != self.pid:  # a child that user code forked and let come back
            os._exit(0)
        _flush()
        micros = int((time.monotonic() - begun) * 1_000_000)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // RSS_UNIT
        self.printed = _output_waits()
        # Of a result that is too long only so much is sent as shows it.
        answer = answer[: self.facts["largest_result"] + 1]
        self.channel.put(kind, number, ANSWER.pack(micros & 0xFFFFFFFF, peak if self.printed else peak | QUIET), answer)

    def _deadline(self, begun: float) -> float:
        """Return when an invocation's time is over; INIT may have used some of the first one's."""
        if self.facts["within_invocation"]:
            self.facts["within_invocation"] = False
            begun = self.initialised
        deadline: float = begun + self.facts["timeout"]
        return deadline

    def _decode(self, event: bytes) -> object:
        try:
            return self.loads(event)
        except ValueError:
            pass
        try:
            return json.loads(event)  # orjson refuses what the standard library takes, such as NaN
        except ValueError as error:
            raise lambda_python.Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None

    def _encode(self, result: object) -> bytes:
        if isinstance(result, bytes):
            return result
        try:
            return self.encoder.dump(result)
        except Exception as error:  # noqa: BLE001 - AWS: whatever the encoder raises
            raise lambda_python.Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None

    def _failed(self, document: lambda_python.Document) -> bytes:
        self._log_error(document)
        return lambda_python.dump_document(document)

    def _log_error(self, document: lambda_python.Document) -> None:
        if document["errorType"] == lambda_python.OUT_OF_MEMORY:
            return  # Lambda kills without a word
        with contextlib.suppress(Exception):  # user code may have closed or replaced it
            sys.stdout.write(lambda_python.report(document) + "\n")

    def _exit(self, end: BaseException) -> NoReturn:
        """End the environment as `sys.exit` would, without waiting for threads."""
        code = end.code if isinstance(end, SystemExit) else 1
        if not isinstance(end, SystemExit):
            traceback.print_exception(end)
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
        _flush()
        os._exit((code or 0) & 0xFF)


def run(channel: int, claims: int, preloaded: Iterable[str], loads: Callable[[bytes], object]) -> NoReturn:
    """Serve the channel with this number for ever."""
    Host(Channel(channel), Claims(claims), loads).serve(preloaded)


def _unload_what_the_user_shadows(root: str, preloaded: Iterable[str]) -> None:
    """Let a user's own `string.py` win over the module that was loaded only to save time."""
    try:
        names = {name.partition(".")[0] for name in os.listdir(root)}  # noqa: PTH208
    except OSError:
        return
    for name in names.intersection(module.partition(".")[0] for module in preloaded):
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
            del sys.modules[loaded]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - closed or replaced by user code; `suppress` costs more
            pass


def _output_waits() -> bool:
    """Tell whether something of what was printed is still to be read, by whomever and however it was written."""
    try:
        return fcntl.ioctl(1, termios.FIONREAD, NOTHING) != NOTHING
    except OSError:  # user code has closed it, or put something else in its place
        return True
