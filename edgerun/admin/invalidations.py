"""The invalidations that CloudFront's API created: what was asked for, by whom, and what became of it."""

import secrets
import string
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from edgerun.admin.api_errors import ApiError
from edgerun.cache.invalidation import fault_of
from edgerun.values import value

REMEMBERED: Final = 1_000
MOST_PATHS: Final = 3_000
MOST_WILDCARDS: Final = 15
_ALPHABET: Final = string.ascii_uppercase + string.digits


@value
class Invalidation:
    """One invalidation: `created` in seconds since the epoch, `reference` the caller's own name for it."""

    id: str
    items: tuple[str, ...]
    reference: str
    created: float


class Invalidations:
    """Those of one distribution; the last `REMEMBERED` are told."""

    def __init__(self) -> None:
        self._by_id: dict[str, Invalidation] = {}
        self._by_reference: dict[str, Invalidation] = {}
        self._in_progress: dict[str, Invalidation] = {}

    @property
    def in_progress(self) -> int:
        """How many are."""
        return len(self._in_progress)

    def newest_first(self) -> list[Invalidation]:
        """Return all that are remembered."""
        return list(reversed(self._by_id.values()))

    def get(self, invalidation_id: str) -> Invalidation:
        """Return one.

        Raises:
            ApiError: there is none of this id.
        """
        found = self._by_id.get(invalidation_id)
        if found is None:
            raise ApiError("NoSuchInvalidation", 404, "The specified invalidation does not exist.")
        return found

    def status_of(self, one: Invalidation) -> str:
        """Return `InProgress` or `Completed`."""
        return "InProgress" if one.id in self._in_progress else "Completed"

    async def create(
        self, wanted: Sequence[str], reference: str, now: float, forget: Callable[[list[str]], Awaitable[int]]
    ) -> tuple[Invalidation, str]:
        """Forget what the items cover; a repeated order does nothing more.

        Args:
            wanted: paths, and tags behind `#`.
            reference: the caller's: the same one names the same order.
            now: seconds since the epoch.
            forget: does it; it has happened when this returns.

        Returns:
            The invalidation and the status to tell: a new one is `InProgress`, as on AWS.

        Raises:
            ApiError: an item is none, there are too many, or the reference names another order.
        """
        before = self._by_reference.get(reference)
        if before is not None:
            if sorted(before.items) != sorted(wanted):
                message = "The caller reference that you provided is already in use by another invalidation batch."
                raise ApiError("InvalidationBatchAlreadyExists", 409, message)
            return before, self.status_of(before)
        self._check(wanted)
        one = Invalidation(id=new_id(), items=tuple(wanted), reference=reference, created=now)
        self._remember(one)
        self._in_progress[one.id] = one
        try:
            await forget(list(dict.fromkeys(one.items)))
        finally:
            del self._in_progress[one.id]
        return one, "InProgress"

    def _check(self, wanted: Sequence[str]) -> None:
        if not wanted:
            raise ApiError("InvalidArgument", 400, "Your request contains no path to invalidate.")
        fault = next(filter(None, map(fault_of, wanted)), "")
        if fault:
            raise ApiError("InvalidArgument", 400, f"Your request contains an invalid invalidation path: {fault}")
        wildcards, paths = _counts(wanted)
        if paths > MOST_PATHS:
            raise ApiError("BatchTooLarge", 413, f"Your request has {paths} paths; {MOST_PATHS} are allowed.")
        under_way = [_counts(one.items) for one in self._in_progress.values()]
        for kind, count, before, most in (
            ("wildcard invalidations", wildcards, sum(w for w, _ in under_way), MOST_WILDCARDS),
            ("invalidations", paths, sum(p for _, p in under_way), MOST_PATHS),
        ):
            if count + before > most:
                message = (
                    "Processing your request will cause you to exceed the maximum number of in-progress "
                    f"{kind}, {most}."
                )
                raise ApiError("TooManyInvalidationsInProgress", 400, message)

    def _remember(self, one: Invalidation) -> None:
        self._by_id[one.id] = self._by_reference[one.reference] = one
        while len(self._by_id) > REMEMBERED:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            del self._by_reference[oldest.reference]


def _counts(wanted: Iterable[str]) -> tuple[int, int]:
    """Return how many items have a wildcard, and how many have none (§8.3)."""
    found = list(wanted)
    wildcards = sum(item.endswith("*") and not item.startswith("#") for item in found)
    return wildcards, len(found) - wildcards


def new_id() -> str:
    """Return an id such as `IDFDVBD632BHDS5`."""
    return "I" + "".join(secrets.choice(_ALPHABET) for _ in range(14))
