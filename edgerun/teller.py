"""What every step of a request's way may say: that it was taken, that it failed, what page an error becomes."""

from collections.abc import Callable
from typing import Final

from edgerun import answers
from edgerun.errors import EdgeError, FunctionError, FunctionThrottled, NothingStored
from edgerun.functions.lambda_edge import EdgeContext, Judge
from edgerun.functions.lambda_edge import Warned as Remark
from edgerun.functions.limits import UTILIZATION_TO_WARN_OF
from edgerun.functions.readings import PRESETS, Readings, Strictness
from edgerun.functions.runtime import Invocation
from edgerun.http.fields import format_date
from edgerun.http.message import Response
from edgerun.observe.events import Answered, Event, Failed, Step, Stepped, Warned
from edgerun.settle import with_length
from edgerun.visit import Asked, Clock, Obtained, Visit

_NO_ANSWER: Final = Obtained(response=Response(status=0), word="Error")


class Teller:
    """Speaks for the steps: to the observers, and to the viewer when something went wrong."""

    def __init__(self, strictness: Strictness, clock: Clock, emit: Callable[[Event], None], *, watched: bool) -> None:
        self.readings: Readings = PRESETS[strictness]
        self._clock = clock
        self._emit = emit
        self._watched = watched

    def step(self, visit: Visit, step: Step, outcome: str, detail: object = None) -> None:
        """Say that a step was taken, if anybody wants to know."""
        if self._watched:
            self._emit(Stepped(request_id=visit.id, step=step, at=self._clock(), outcome=outcome, detail=detail))

    def failed(self, visit: Visit, step: Step, error: EdgeError) -> None:
        """Say that a step failed, and in which function."""
        function = error.function if isinstance(error, FunctionError) else ""
        point = visit.ran[-1] if function and visit.ran else step
        whose = visit.distribution.id if visit.distribution else ""
        now = self._clock()
        self._emit(Failed(request_id=visit.id, step=point, at=now, error=error, function=function, distribution=whose))

    def refused(self, visit: Visit, step: Step, error: EdgeError) -> Obtained:
        """Return CloudFront's page for an error, as an answer."""
        self.failed(visit, step, error)
        row = answers.row_for(error)
        return Obtained(
            response=answers.error_response(error, visit.id, format_date(self._clock())),
            word=row.word,
            detailed=row.detailed,
            final=True,
            error_page=not isinstance(error, FunctionThrottled | NothingStored) and not row.close,
            close=row.close,
        )

    def left(self, visit: Visit) -> None:
        """Say that the viewer left before there was an answer: status 0 (`spec/cloudfront.md` §14.1)."""
        now = self._clock()
        self._emit(Answered(visit, _NO_ANSWER, 0, bytes_sent=0, complete=False, ready=now, at=now))

    def made(self, visit: Visit, response: Response) -> Response:
        """Complete a response that a function generated."""
        return with_length(answers.signed(response, format_date(self._clock())), visit.seen.method)

    def judge(self, context: EdgeContext, asked: Asked | None = None) -> Judge:
        """Return the judge over what the function of a point returns; what he forgives is said."""

        def warn(what: Remark) -> None:
            if asked is not None:
                asked.remarked = True
            told = {"rule": what.rule, "path": what.path, "message": what.message}
            self._emit(Warned(request_id=context.request_id, point=context.point, **told))

        return Judge(self.readings, warn)

    def ran(self, visit: Visit, invocation: Invocation) -> None:
        """Note how much of its time a CloudFront Function took, and warn of too much."""
        taken = invocation.compute_utilization
        if taken is None:
            return
        visit.utilization = max(taken, visit.utilization or 0)
        if taken > UTILIZATION_TO_WARN_OF:
            said = f"it took {taken} % of its time: CloudFront throttles functions that keep coming near 100 %"
            self._emit(Warned(request_id=visit.id, point=visit.ran[-1], rule="C801", path="utilization", message=said))
