"""`edgerun invoke --repeat`: many calls of one function, in numbers."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import click

from edgerun.errors import FunctionError
from edgerun.functions.function import Function
from edgerun.functions.prices import SECONDS, Bill, Price, bill, billed_milliseconds, price_of
from edgerun.functions.runtime import Invocation
from edgerun.values import value

QUANTILES: Final = {"min": 0.0, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}

_RATE: Final = re.compile(rf"(\d+(?:\.\d+)?)([kM]?)/({'|'.join(SECONDS)})")
_FACTORS: Final = {"": 1, "k": 1000, "M": 1_000_000}

Once = Callable[[], Awaitable[tuple[Invocation | None, FunctionError | None]]]


class Rate(click.ParamType[float]):
    """A number of requests in a time."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return requests per second."""
        found = _RATE.fullmatch(str(value))
        if found is None:
            units = ", ".join(SECONDS)
            self.fail(f"expected NUMBER/UNIT such as '25/s' or '3M/month' (units: {units}), got {value!r}", param, ctx)
        number, factor, unit = found.groups()
        return float(number) * _FACTORS[factor] / SECONDS[unit]


@value
class Sample:
    """One invocation in numbers; milliseconds and MB. One that failed may have none.

    Attributes:
        init: how long its environment took to start, None if that was there already.
        error: what went wrong, "" if nothing.
    """

    duration: float | None = None
    billed: int | None = None
    init: float | None = None
    memory: int = 0
    error: str = ""

    @property
    def cold(self) -> bool:
        return self.init is not None


async def measured(once: Once, price: Price, repeat: int, concurrency: int) -> list[Sample]:
    """Invoke so many times, so many at a time; return what that took, in the order of the starts."""
    samples: list[Sample] = [Sample()] * repeat
    numbers = iter(range(repeat))

    async def work() -> None:
        for number in numbers:
            samples[number] = _sample(price, *await once())

    await asyncio.gather(*(work() for _ in range(min(concurrency, repeat))))
    return samples


def _sample(price: Price, invocation: Invocation | None, error: FunctionError | None) -> Sample:
    said = str(error).partition("\n")[0] if error is not None else ""
    if invocation is None:
        return Sample(error=said)
    return Sample(
        duration=invocation.duration * 1000,
        billed=billed_milliseconds(price, invocation.duration),
        init=None if invocation.init_duration is None else invocation.init_duration * 1000,
        memory=invocation.max_memory,
        error=said,
    )


def report(function: Function, samples: Sequence[Sample], rate: float | None) -> dict[str, Any]:
    """Return all that is known of some invocations as JSON can hold it.

    Args:
        function: what ran.
        samples: its invocations.
        rate: requests per second to estimate a month's price for, None for no price.
    """
    ran = [sample for sample in samples if sample.duration is not None]
    cold = sum(sample.cold for sample in ran)
    return {
        "invocations": [
            {
                "cold": sample.cold,
                "duration_ms": _rounded(sample.duration),
                "billed_ms": sample.billed,
                "init_ms": _rounded(sample.init),
                "max_memory_mb": sample.memory,
                "error": sample.error or None,
            }
            for sample in samples
        ],
        "cold": cold,
        "warm": len(ran) - cold,
        "failed": sum(bool(sample.error) for sample in samples),
        "duration_ms": _spread([sample.duration for sample in ran if sample.duration is not None]),
        "billed_ms": _spread([float(sample.billed) for sample in ran if sample.billed is not None]),
        "init_ms": _spread([sample.init for sample in ran if sample.init is not None]),
        "max_memory_mb": max((sample.memory for sample in ran), default=0),
        "memory_mb": function.memory,
        "price": _price(function, ran, rate) if rate is not None and ran else None,
    }


def _price(function: Function, ran: Sequence[Sample], rate: float) -> dict[str, Any]:
    """Return what a month costs if all went on like the warm invocations: cold ones are rare under load."""
    warm = [sample for sample in ran if not sample.cold] or ran
    milliseconds = sum(sample.billed or 0 for sample in warm) / len(warm)
    price = price_of(function.runtime)
    month: Bill = bill(price, per_second=rate, milliseconds=milliseconds, memory=function.memory)
    return {
        "usd_per_month": round(month.total, 6),
        "requests_per_month": round(month.requests),
        "for_requests_usd": round(month.for_requests, 6),
        "gb_seconds": round(month.gb_seconds, 3),
        "for_time_usd": round(month.for_time, 6),
        "billed_ms_mean": round(milliseconds, 3),
        "service": price.service,
        "per_million_requests_usd": price.per_million,
        "per_gb_second_usd": price.per_gb_second,
        "source": price.source,
        "noted": price.noted,
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    """Return quantiles by the nearest rank."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, max(0, math.ceil(share * len(ordered)) - 1))], 3)
        for name, share in QUANTILES.items()
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)


def table(function: str, event: str, concurrency: int, said: dict[str, Any]) -> str:
    """Return a report for people."""
    count = len(said["invocations"])
    at_a_time = f", {concurrency} at a time" if concurrency > 1 else ""
    what = f"{count} invocation{'s' * (count != 1)} of {function} at {event}{at_a_time}"
    lines = [f"{what}: {said['cold']} cold, {said['warm']} warm, {said['failed']} failed"]
    if said["duration_ms"] is not None:
        lines += ["", f"{'ms':<10}" + "".join(f"{name:>10}" for name in QUANTILES)]
        for name in ("duration", "billed", "init"):
            if (spread := said[f"{name}_ms"]) is not None:
                digits = 0 if name == "billed" else 2
                lines.append(f"{name:<10}" + "".join(f"{spread[each]:>10.{digits}f}" for each in QUANTILES))
        lines += ["", f"memory    {said['max_memory_mb']} MB at most, of {said['memory_mb']} MB"]
    if said["price"] is not None:
        lines += _price_lines(said["price"])
    errors = list(dict.fromkeys(each["error"] for each in said["invocations"] if each["error"]))
    lines += [f"failed    {error}" for error in errors[:5]]
    return "\n".join(lines)


def _price_lines(price: dict[str, Any]) -> list[str]:
    time = f" + ${price['for_time_usd']:,.2f} for {price['gb_seconds']:,.0f} GB-s" if price["per_gb_second_usd"] else ""
    per_time = f", ${price['per_gb_second_usd']:.8f} a GB-second" if price["per_gb_second_usd"] else ""
    parts = f"${price['for_requests_usd']:,.2f} for {price['requests_per_month']:,} requests{time}"
    return [
        f"price     about ${price['usd_per_month']:,.2f} a month: {parts}",
        f"          {price['service']}: ${price['per_million_requests_usd']:.2f} a million requests{per_time}",
        f"          ({price['source']}, noted {price['noted']}; without CloudFront's own requests and bytes)",
    ]
