"""What functions and origins have done lately, counted from the events: a bounded book that pages are made from."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Literal

from edgerun.errors import FunctionInitError, FunctionResultError, FunctionThrottled, FunctionTimeout, OriginError
from edgerun.observe.events import Called, Event, Failed, Printed, Reloaded
from edgerun.values import changed, value

CALLS: Final = 200
LINES: Final = 200
LONGEST_LINE: Final = 4_000
NAMES: Final = 500
PLATFORM: Final = ("START ", "END ", "REPORT ", "{")

Ended = Literal["ok", "error", "init", "timeout", "throttled"]
Place = tuple[str, int | None]
Stamp = Callable[[str], str]
Subscriber = Callable[[str], None]


@value
class Run:
    """One call of a function.

    Attributes:
        number: counts the calls of this function.
        at: when it ended, in seconds since the epoch.
        request_id: whose request it was for.
        point: where it stood; `origin` for an origin's function.
        ended: how.
        duration: seconds it ran, 0 when it failed.
        init_duration: seconds its environment took to start, None when it was warm or INIT was part of the call.
        cold: it was the first event of its environment.
        max_memory: MB, 0 when unknown.
        utilization: percent of its time that a CloudFront Function took.
        why: of a failure.
    """

    number: int
    at: float
    request_id: str
    point: str
    ended: Ended
    duration: float = 0.0
    init_duration: float | None = None
    cold: bool = False
    max_memory: int = 0
    utilization: int | None = None
    why: str = ""


@value
class Line:
    """One line of a function's log, as CloudWatch has it; `number` counts those of this function."""

    number: int
    at: float
    request_id: str
    kind: str
    text: str


@value
class Trouble:
    """The last thing that went wrong: when, in seconds since the epoch, and the error; `count` of them so far."""

    at: float
    error: Exception
    count: int = 1


class FunctionBook:
    """What is known of one function.

    Attributes:
        cold, warm, errors, timeouts, throttles, refusals: how many there were. Refusals are results that break a rule.
        loaded_at: when the code that answers now was loaded first, in seconds since the epoch; None: not yet.
        version: its revision.
        stamp: which version of its file that is, for people.
        not_taken: the last save that could not be taken over, until one is.
    """

    def __init__(self) -> None:
        self._runs: deque[Run | tuple[int, float, Called]] = deque(maxlen=CALLS)
        self._printed: deque[tuple[int, float, Printed]] = deque(maxlen=LINES)
        self.called = self.printed = 0
        self.cold = self.warm = self.errors = self.timeouts = self.throttles = self.refusals = 0
        self.loaded_at: float | None = None
        self.version = "1"
        self.stamp = ""
        self.not_taken: Trouble | None = None

    @property
    def runs(self) -> list[Run]:
        """The last calls."""
        return [kept if isinstance(kept, Run) else _run(*kept) for kept in self._runs]

    @property
    def lines(self) -> list[Line]:
        """The last ones; they are taken apart when they are looked at, which is seldom."""
        found: list[Line] = []
        for before, at, event in self._printed:
            found += [
                Line(number=number, at=at, request_id=event.request_id, kind=event.kind, text=text)
                for number, text in enumerate(lines_of(event), before + 1)
            ]
        return found[-LINES:]

    def ran(self, call: Called, at: float) -> None:
        """Take a call."""
        self.called += 1
        # What was sent and returned is not kept, nor an error with all that it holds.
        bare = call.error is None and not call.event
        self._runs.append((self.called, at, call) if bare else _run(self.called, at, call))

    def add(self, event: Printed, at: float) -> None:
        """Take what was printed."""
        self._printed.append((self.printed, at, event))
        self.printed += 1 if event.kind != "platform" else len(lines_of(event))


class Tally:
    """An observer of `KINDS` that keeps a book on each function, and the last failure of each origin.

    Args:
        clock: seconds since the epoch.
        stamp: tells which version of its file a function is, by its name; asked when code is loaded.
        flush: has all told that is known by now, before anything is looked at.
    """

    KINDS: Final[tuple[type[Event], ...]] = (Called, Failed, Printed, Reloaded)

    def __init__(
        self, clock: Callable[[], float], stamp: Stamp = lambda _: "", flush: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._stamp = stamp
        self._flush = flush
        self._books: OrderedDict[str, FunctionBook] = OrderedDict()
        self._origins: OrderedDict[Place, Trouble] = OrderedDict()
        self._subscribers: list[Subscriber] = []

    def function(self, name: str) -> FunctionBook:
        """Return what is known of a function; nothing at first."""
        self._flush()
        return self._books.get(name) or FunctionBook()

    def origin(self, place: Place) -> Trouble | None:
        """Return the last failure of an origin to answer, by its domain name and port; None if it never failed."""
        return self._origins.get(place)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have a function called with the name of each function that something is new of; return what ends that.

        The name is empty when an origin failed.
        """
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def __call__(self, event: Event) -> None:
        match event:
            case Called():
                self._called(event)
            case Printed() if event.function:
                self._printed(event)
            case Reloaded():
                self._reloaded(event)
            case Failed() if isinstance(event.error, FunctionResultError) and event.function:
                self._book(event.function).refusals += 1
                self._tell(event.function)
            case Failed() if isinstance(event.error, OriginError) and event.error.place[0]:
                self._failed(event.error.place, event)
            case _:
                pass

    def many(self, events: list[Called]) -> None:
        """Take calls that succeeded."""
        now, names = self._clock(), dict.fromkeys(call.function for call in events)
        for call in events:
            book = self._book(call.function)
            book.cold += call.cold
            book.warm += not call.cold
            book.ran(call, now)
        for name in names:
            self._found_loaded(name, now)
            self._tell(name)

    def many_printed(self, events: list[Printed]) -> None:
        """Take what the platform wrote about several invocations."""
        now = self._clock()
        for event in events:
            self._book(event.function).add(event, now)
        for name in dict.fromkeys(event.function for event in events):
            self._tell(name)

    def _called(self, call: Called) -> None:
        book, ended, now = self._book(call.function), ended_of(call.error), self._clock()
        book.cold += call.cold
        book.warm += ended == "ok" and not call.cold
        book.errors += ended in {"error", "init"}
        book.timeouts += ended == "timeout"
        book.throttles += ended == "throttled"
        if ended in {"ok", "error", "timeout"}:
            self._found_loaded(call.function, now)
        book.ran(call, now)
        self._tell(call.function)

    def _found_loaded(self, name: str, now: float) -> None:
        book = self._book(name)
        if book.loaded_at is None:
            self._loaded(name, book, now)

    def _printed(self, event: Printed) -> None:
        if len(event.text) > LONGEST_LINE:
            text = "\n".join(map(_cut, lines_of(event)))
            event = changed(event, text=text)
        self._book(event.function).add(event, self._clock())
        self._tell(event.function)

    def _reloaded(self, event: Reloaded) -> None:
        book = self._book(event.function)
        if event.error is None:
            book.version, book.not_taken = event.version, None
            self._loaded(event.function, book, event.at)
        else:
            count = 1 if book.not_taken is None else book.not_taken.count + 1
            book.not_taken = Trouble(at=event.at, error=event.error, count=count)
        self._tell(event.function)

    def _loaded(self, name: str, book: FunctionBook, at: float) -> None:
        book.loaded_at, book.stamp = at, self._stamp(name)

    def _failed(self, place: Place, event: Failed) -> None:
        before = self._origins.pop(place, None)
        count = 1 if before is None else before.count + 1
        self._origins[place] = Trouble(at=event.at, error=event.error, count=count)
        if len(self._origins) > NAMES:
            self._origins.popitem(last=False)
        self._tell("")

    def _book(self, name: str) -> FunctionBook:
        book = self._books.get(name)
        if book is None:
            book = self._books[name] = FunctionBook()
            if len(self._books) > NAMES:
                self._books.popitem(last=False)
        return book

    def _tell(self, name: str) -> None:
        for subscriber in self._subscribers:
            subscriber(name)


def _run(number: int, at: float, call: Called) -> Run:
    return Run(
        number=number,
        at=at,
        request_id=call.request_id,
        point=call.point,
        ended=ended_of(call.error),
        duration=call.duration,
        init_duration=call.init_duration,
        cold=call.cold,
        max_memory=call.max_memory,
        utilization=call.utilization,
        why=str(call.error)[:LONGEST_LINE] if call.error is not None else "",
    )


def _cut(text: str) -> str:
    """Return a line as it is kept."""
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}… ({len(text):,} characters)"


def lines_of(event: Printed) -> list[str]:
    """Return what was printed as the events of the log that it is: those about an invocation may come as one."""
    # A carriage return is how the runtimes keep a line break inside one event of the log.
    text = event.text.rstrip("\r\n").replace("\r", "\n")
    # What the platform writes about one invocation begins with its START, and each line is an event then.
    return text.split("\n") if event.kind == "platform" and text.startswith(PLATFORM) else [text]


def ended_of(error: Exception | None) -> Ended:
    """Return how a call ended, in a word."""
    match error:
        case None:
            return "ok"
        case FunctionTimeout():
            return "timeout"
        case FunctionThrottled():
            return "throttled"
        case FunctionInitError():
            return "init"
        case _:
            return "error"
