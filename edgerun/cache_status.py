"""`Cache-Status` (RFC 9211): what the cache did about a response, told from the record of its decisions.

Only what an origin answered, now or before, gets it; not what was made here.
"""

from math import floor
from typing import Final

from edgerun.cache.record import Case, Decision, Settled
from edgerun.distribution.model import Distribution
from edgerun.http.headers import Headers
from edgerun.visit import Obtained

NAME: Final = "edgerun"
_STORED: Final = frozenset({Case.NEW, Case.CONFIRMED})


def with_cache_status(headers: Headers, distribution: Distribution, obtained: Obtained) -> Headers:
    """Return a response's headers with our member behind those that the origin's caches gave (§2).

    Args:
        headers: finished, but for this.
        distribution: one that has this header. In detail it tells the cache key and the reason too, which is for
            debugging only (§6).
        obtained: how the answer came about.
    """
    decision, settled = obtained.decision, obtained.settled
    if decision is None or obtained.final or (settled is not None and settled.made):
        return headers
    parts = [NAME, *(_hit(decision) if settled is None else _forwarded(decision, settled, obtained))]
    if distribution.cache_status == "detailed":
        if decision.key is not None:
            parts.append(f"key={string(' '.join(f'{name}={told}' for name, told, _ in decision.key.parts))}")
        parts.append(f"detail={string(decision.why)}")
    return headers.plus((b"Cache-Status", "; ".join(parts).encode()))


def _hit(decision: Decision) -> list[str]:
    return ["hit", *_ttl(decision.ttl)]


def _forwarded(decision: Decision, settled: Settled, obtained: Obtained) -> list[str]:
    parts = [f"fwd={decision.forwarded or 'miss'}"]
    if settled.answered and settled.answered != obtained.response.status:
        parts.append(f"fwd-status={settled.answered}")
    if obtained.collapsed is not None:
        parts.append("collapsed" if obtained.collapsed else "collapsed=?0")
    if settled.stored and settled.case in _STORED and not obtained.collapsed:
        parts.append("stored")
    return parts + _ttl(settled.ttl)


def _ttl(seconds: float | None) -> list[str]:
    """Return whole seconds; what has expired is below zero, by however little."""
    return [] if seconds is None else [f"ttl={floor(seconds)}"]


def string(text: str) -> str:
    """Return a text as a structured field's String (RFC 8941 §3.3.3); what it cannot hold is percent-encoded."""
    plain = "".join(
        c if " " <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode("latin-1", "replace")) for c in text
    )
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
