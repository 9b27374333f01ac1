"""What tells a viewer's variant: a cookie, a header, the URI, or the page's text."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from edgerun.ab.viewers import Viewer
from edgerun.observe.events import Answered, Called
from edgerun.testing.answer import Answer
from edgerun.values import value

NONE = "(none)"
MOST = 20  # a sign with more values than variants that anybody tests tells viewers apart, not variants


@value
class By:
    """What tells a variant: `kind` is `cookie`, `header`, `uri` or `body`, `name` its name or expression."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parsed(text: str) -> By:
    """Return what `cookie:NAME`, `header:NAME`, `uri` or `body:REGEX` says.

    Raises:
        ValueError: it is none of them, with what was expected.
    """
    kind, _, name = text.partition(":")
    if (kind == "uri") == bool(name) or kind not in {"cookie", "header", "uri", "body"}:
        raise ValueError(f"expected cookie:NAME, header:NAME, uri or body:REGEX, got {text!r}")
    if kind == "body":
        try:
            re.compile(name)
        except re.error as error:
            raise ValueError(f"{name!r} is no regular expression: {error}") from error
    return By(kind=kind, name=name)


class Reader:
    """Reads the signs of answers; remembers which URI the origin was asked for, for hits that do not ask it."""

    def __init__(self, by: By | None) -> None:
        self.by = by
        self._asked: dict[Any, str] = {}

    def signs(
        self, answer: Answer, answered: Answered, viewer: Viewer, given: Iterable[tuple[str, str]], now: float
    ) -> dict[str, str]:
        """Return what may tell the variant, by sign.

        Args:
            answer: what the viewer got.
            answered: the event of it.
            viewer: who, with the cookies of before.
            given: cookies that the answer set.
            now: seconds since the epoch.
        """
        if self.by is None or self.by.kind == "cookie":
            jar = {name: text for name, (text, until) in viewer.jar.items() if now < until} | dict(given)
            cookies = {f"cookie:{name}": text for name, text in jar.items()}
            return cookies if self.by else {**cookies, "uri": self.uri(answer, answered)}
        if self.by.kind == "uri":
            return {"uri": self.uri(answer, answered)}
        if self.by.kind == "header":
            text = answer[self.by.name]
            return {} if text is None else {str(self.by): text}
        found = re.search(self.by.name, answer.text)
        return {str(self.by): found[1] if found.re.groups else found[0]} if found else {}

    def uri(self, answer: Answer, answered: Answered) -> str:
        """Return the URI at the origin: as origin-request left it, also when it did so for an earlier viewer."""
        decision = answered.obtained.decision
        key = None if decision is None else decision.key
        for event in answer.events:
            if isinstance(event, Called) and event.point == "origin-request":
                changed = _uri_in(event.result)
                if changed:
                    self._asked[key] = changed
        seen: bytes = answered.visit.seen.path
        return self._asked.get(key) or seen.decode("latin-1")


def _uri_in(result: bytes) -> str:
    try:
        returned = json.loads(result)
    except ValueError:
        return ""
    uri = returned.get("uri", "") if isinstance(returned, dict) else ""
    return uri if isinstance(uri, str) else ""


def detected(firsts: Iterable[Mapping[str, str]]) -> By | None:
    """Find out what tells the variant: a cookie with a few values, else the URI, else a cookie with one; or nothing.

    Args:
        firsts: the signs of each viewer's first visit.
    """
    values: dict[str, set[str]] = {}
    for signs in firsts:
        for sign, text in signs.items():
            values.setdefault(sign, set()).add(text)
    cookies = sorted((sign for sign in values if sign != "uri"), key=lambda sign: (len(values[sign]), sign))
    ranked = [
        *(sign for sign in cookies if 1 < len(values[sign]) <= MOST),
        *(["uri"] if 1 < len(values.get("uri", ())) <= MOST else []),
        *(sign for sign in cookies if len(values[sign]) == 1),
    ]
    return parsed(ranked[0]) if ranked else None
