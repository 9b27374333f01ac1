"""Simulated viewers: where they are, what they browse with, how often they come, and the cookies they keep."""

import random
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlsplit

from edgerun.values import value

COUNTRIES: Final = {"US": 40.0, "DE": 15.0, "GB": 15.0, "BR": 10.0, "FR": 10.0, "JP": 10.0}
DEVICES: Final = {"desktop": 50.0, "mobile": 45.0, "tablet": 5.0}
WEBKIT: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0"
BLINK: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0"
AGENTS: Final = {
    "desktop": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_{{n}}) {WEBKIT} Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0",
    ),
    "mobile": (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_{{n}} like Mac OS X) {WEBKIT} Mobile/15E148 Safari/604.1",
        f"Mozilla/5.0 (Linux; Android 10; K) {BLINK} Mobile Safari/537.36",
    ),
    "tablet": (f"Mozilla/5.0 (iPad; CPU OS 17_{{n}} like Mac OS X) {WEBKIT} Mobile/15E148 Safari/604.1",),
}
VERSIONS: Final = range(100, 140)
ADDRESSES: Final = (0x01000000, 0xDFFFFFFF)  # 1.0.0.0 to 223.255.255.255


@value
class Plan:
    """Who comes, and how.

    Attributes:
        viewers: how many.
        seed: the same one makes the same viewers in the same order.
        countries: weights by country.
        devices: weights by device: `desktop`, `mobile`, `tablet`.
        returning: the share of viewers who come back.
        visits: how many times those come back.
        refusing: the share of viewers who keep no cookies.
        seconds: the time over which all visits are spread.
    """

    viewers: int = 100_000
    seed: int = 1
    countries: Mapping[str, float]
    devices: Mapping[str, float]
    returning: float = 0.3
    visits: int = 2
    refusing: float = 0.0
    seconds: float = 3600.0


class Viewer:
    """One of them; `jar` holds the cookies by name: value, and until when, seconds since the epoch."""

    __slots__ = ("address", "agent", "country", "device", "jar", "keeps", "visits")

    def __init__(self, *, address: str, agent: str, country: str, device: str, keeps: bool, visits: int) -> None:
        self.address = address
        self.agent = agent
        self.country = country
        self.device = device
        self.keeps = keeps
        self.visits = visits
        self.jar: dict[str, tuple[str, float]] = {}

    def cookies(self, now: float) -> str:
        """Return the Cookie header's value."""
        return "; ".join(f"{name}={text}" for name, (text, until) in self.jar.items() if now < until)

    def take(self, line: str, now: float, path: str) -> tuple[str, str] | None:
        """Keep a Set-Cookie line as a browser does; return name and value, None for what is none of this page's."""
        pair, _, rest = line.partition(";")
        name, equals, text = (part.strip() for part in pair.partition("="))
        attributes = {
            word.strip().lower(): given.strip() for word, _, given in (each.partition("=") for each in rest.split(";"))
        }
        if not equals or not name or not _covers(attributes.get("path", ""), path):
            return None
        until = _until(attributes, now)
        if until <= now:
            self.jar.pop(name, None)
            return None
        if self.keeps:
            self.jar[name] = (text, until)
        return name, text


def viewers(plan: Plan) -> list[Viewer]:
    """Return a plan's viewers; addresses are their own."""
    dice = random.Random(plan.seed)  # noqa: S311  # repeatable, no secret
    taken: set[int] = set()
    made = []
    for _ in range(plan.viewers):
        number = dice.randint(*ADDRESSES)
        while number in taken:
            number = dice.randint(*ADDRESSES)
        taken.add(number)
        device = _chosen(dice, plan.devices)
        made.append(
            Viewer(
                address=str(IPv4Address(number)),
                agent=dice.choice(AGENTS[device]).format(n=dice.choice(VERSIONS)),
                country=_chosen(dice, plan.countries),
                device=device,
                keeps=dice.random() >= plan.refusing,
                visits=1 + (plan.visits if dice.random() < plan.returning else 0),
            )
        )
    return made


def order(plan: Plan, crowd: list[Viewer]) -> Iterator[Viewer]:
    """Return the visits in the order in which they happen: all mixed."""
    visits = [viewer for viewer in crowd for _ in range(viewer.visits)]
    random.Random(f"order {plan.seed}").shuffle(visits)  # noqa: S311  # repeatable, no secret
    return iter(visits)


def _chosen(dice: random.Random, weights: Mapping[str, float]) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def _covers(cookie: str, path: str) -> bool:
    """Tell whether a page is in a cookie's path (RFC 6265 §5.1.4)."""
    if not cookie.startswith("/"):
        return True
    asked = urlsplit(path).path
    return asked == cookie or asked.startswith(cookie if cookie.endswith("/") else cookie + "/")


def _until(attributes: Mapping[str, str], now: float) -> float:
    """Return when a cookie ends: Max-Age counts before Expires (RFC 6265 §5.3)."""
    try:
        if "max-age" in attributes:
            return now + int(attributes["max-age"])
        if "expires" in attributes:
            return parsedate_to_datetime(attributes["expires"]).timestamp()
    except (ValueError, OverflowError):
        pass  # as if it were not there
    return float("inf")
