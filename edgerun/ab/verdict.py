"""Judges what simulated viewers saw of a split."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from edgerun.ab.signs import NONE, By, detected
from edgerun.ab.statistics import chi_square, wilson
from edgerun.ab.trial import Seen, Visit
from edgerun.values import value

BIASED: Final = 0.001  # a p below this is no chance
HITS: Final = frozenset({"Hit", "RefreshHit", "OriginShieldHit"})
FEWEST: Final = 5  # expected viewers per variant, below which χ² is too rough


@value
class Variant:
    """One variant in numbers.

    `viewers` are those whose first visit it was, `share` is theirs of all, `low` and `high` its 95 % confidence
    interval, `wanted` what the share should be; `hit_ratio` is of `visits`, `entries` are cache entries.
    """

    name: str
    viewers: int
    share: float
    low: float
    high: float
    wanted: float
    visits: int
    hit_ratio: float
    entries: int


@value
class Verdict:
    """What became of the split.

    Attributes:
        by: what told the variant.
        viewers: who could be told, `visits` how often they came.
        returned: viewers who came more than once; `changed`: those of them who got different variants.
        chi_square, p: of the wanted split.
        biased: the shares are not the wanted ones, and that is no chance; or there is only one variant.
        failed: visits without a proper answer, `failure` the first one's reason.
        missing: visits that did not happen, because the trial was stopped.
        notes: what to bear in mind.
    """

    by: str
    variants: list[Variant]
    viewers: int
    visits: int
    returned: int
    changed: int
    chi_square: float
    p: float
    biased: bool
    failed: int
    failure: str
    missing: int
    seed: int
    countries: dict[str, dict[str, int]]
    devices: dict[str, dict[str, int]]
    notes: list[str]

    @property
    def good(self) -> bool:
        return not self.biased and not self.changed and bool(self.variants)

    def values(self) -> dict[str, Any]:
        """Return it as JSON can hold it; an infinite χ² is None."""
        finite = self.chi_square if self.chi_square != float("inf") else None
        return {"ok": self.good, **asdict(self), "chi_square": finite}


def judged(seen: Seen, by: By | None = None, split: Mapping[str, float] | None = None) -> Verdict:
    """Judge what viewers saw.

    Args:
        seen: their visits.
        by: what tells the variant, None to find out.
        split: the wanted one, in proportion; None for equal shares of the variants that were seen.

    Raises:
        ValueError: nothing tells the variants apart.
    """
    firsts: dict[int, Visit] = {}
    for visit in seen.visits:
        firsts.setdefault(visit.viewer, visit)
    by = by or detected(visit.signs for visit in firsts.values())
    if by is None and seen.visits:
        raise ValueError("nothing tells the variants apart: no cookie is set, and all viewers get the same URI")
    sign = str(by) if by else ""
    variant = {visit.viewer: visit.signs.get(sign, NONE) for visit in reversed(seen.visits)}
    counts = Counter(variant.values())
    wanted = dict(split or dict.fromkeys(sorted(counts), 1.0))
    names = [*wanted, *sorted(set(counts) - set(wanted))]
    weights = [wanted.get(name, 0.0) for name in names]
    distance, p = chi_square([counts[name] for name in names], weights) if counts else (0.0, 1.0)
    kept: dict[int, set[str]] = {}
    times = Counter(visit.viewer for visit in seen.visits)
    for visit in seen.visits:
        kept.setdefault(visit.viewer, set()).add(visit.signs.get(sign, NONE))
    return Verdict(
        by=sign,
        variants=[_variant(name, sign, counts, wanted, seen) for name in names],
        viewers=len(variant),
        visits=len(seen.visits),
        returned=sum(count > 1 for count in times.values()),
        changed=sum(len(each) > 1 for each in kept.values()),
        chi_square=distance,
        p=p,
        biased=p < BIASED or len(counts) == 1,
        failed=seen.failed,
        failure=seen.failure,
        missing=seen.missing,
        seed=seen.plan.seed,
        countries=_table(seen, variant, "country"),
        devices=_table(seen, variant, "device"),
        notes=list(_notes(counts, weights, seen)),
    )


def _variant(name: str, sign: str, counts: Mapping[str, int], wanted: Mapping[str, float], seen: Seen) -> Variant:
    total, mine = sum(counts.values()), counts.get(name, 0)
    visits = [visit for visit in seen.visits if visit.signs.get(sign, NONE) == name]
    low, high = wilson(mine, total)
    return Variant(
        name=name,
        viewers=mine,
        share=mine / total if total else 0.0,
        low=low,
        high=high,
        wanted=wanted.get(name, 0.0) / sum(wanted.values()),
        visits=len(visits),
        hit_ratio=sum(visit.word in HITS for visit in visits) / len(visits) if visits else 0.0,
        entries=len({visit.key for visit in visits if visit.key is not None}),
    )


def _table(seen: Seen, variant: Mapping[int, str], kind: str) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for number, name in sorted(variant.items()):
        found.setdefault(getattr(seen.crowd[number], kind), Counter())[name] += 1
    return {each: dict(sorted(found[each].items())) for each in sorted(found)}


def _notes(counts: Mapping[str, int], weights: list[float], seen: Seen) -> Iterator[str]:
    total = sum(counts.values())
    if seen.missing:
        yield f"stopped: {seen.missing:,} visits did not happen, and nothing is said of them"
    if len(counts) == 1:
        yield "all viewers got the same variant"
    if total and any(0 < total * weight / sum(weights) < FEWEST for weight in weights):
        yield f"fewer than {FEWEST} viewers are expected of a variant: the test is rough, let more come"
    if NONE in counts:
        yield f"{NONE}: of these viewers nothing told the variant"
    if seen.plan.refusing:
        yield "viewers who refuse cookies count as well: those may change variant"
