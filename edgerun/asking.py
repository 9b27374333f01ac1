"""Heads whose viewer-request function is asked at once: what stands around its answer stands, see `standing`.

The function runs for each request, as ever. What its event says beside the request's id, and what follows from the
bytes it returns, are rules over the head, the configuration and the stored object: they are applied once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edgerun.distribution.model import Association, Behavior, Distribution
from edgerun.eager import Begun
from edgerun.functions.question import Question
from edgerun.functions.runtime import Forget
from edgerun.http.message import OnInterim, Request
from edgerun.standing import Standing

KEPT: Final = 64
LONGEST: Final = 16_384
Resume = Callable[[Begun], None]


@dataclass(frozen=True, slots=True)
class Asking:
    """What one head asks of its function, and what the answers so far led to.

    Attributes:
        owner: the pipeline, which stands for one revision of the configuration.
        association: whom to ask.
        question: what to ask.
        distribution, behavior: what the steps before set on the visit.
        answers: what stands, by the viewer's address and the bytes the function returned.
    """

    owner: object
    association: Association
    question: Question
    distribution: Distribution
    behavior: Behavior
    answers: dict[tuple[str, bytes], Standing] = field(default_factory=dict)

    def learn(self, address: str, payload: bytes, answer: Standing) -> None:
        """Keep what a result led to; bounded, by forgetting all."""
        if len(payload) > LONGEST:
            return
        if len(self.answers) >= KEPT:
            self.answers.clear()
        self.answers[address, payload] = answer


class Pending:
    """A request whose function runs, until its viewer leaves or the answer is there.

    Attributes:
        resume: goes on with what has begun then.
        forget: has the function's call unheard; None once it is over.
        over: the function has answered.
    """

    __slots__ = ("asking", "forget", "id", "left", "on_interim", "over", "request", "resume", "started")

    def __init__(  # a request's parts
        self,
        asking: Asking,
        request: Request,
        request_id: str,
        started: float,
        resume: Resume,
        left: Callable[["Pending"], None],
        on_interim: OnInterim | None,
    ) -> None:
        self.asking = asking
        self.request = request
        self.id = request_id
        self.started = started
        self.resume = resume
        self.left = left
        self.on_interim = on_interim
        self.forget: Forget | None = None
        self.over = False

    def leave(self) -> None:
        """Give it up: the viewer is gone."""
        if self.forget is not None:
            self.forget()
            self.left(self)
