"""Records without the secrets in them, to be shown to others."""

import re
from collections.abc import Iterator
from typing import Any, Final

Record = dict[str, Any]

MASK: Final = "[masked]"
HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-amz-security-token"})
_WORDS: Final = "token|key|secret|password|signature|policy"
_SECRET: Final = re.compile(rf"(?:^|[^a-z])(?:{_WORDS})(?:$|[^a-z])|(?:token|key|secret|password)$", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"([^\s=&?;\"]+)=([^\s&;\"#]+)")
_SHORTEST: Final = 4


def masked(record: Record) -> Record:
    """Return a record without its secrets, wherever in it they stand: functions see and print them too.

    These are the values of `Authorization`, `Cookie` and `Set-Cookie`, and of query parameters, fields of forms and
    cookies that are named like a token, key, secret, password or signature. Of request bodies, hash and size stay.
    """
    secrets = sorted({each for each in _secrets(record) if len(each) >= _SHORTEST}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, secrets))) if secrets else None
    told: Record = _without(record, pattern)
    for request in (told["request"], *(each["request"] for each in told["origin"])):
        if request.get("body"):
            request["body"] = request["body"] | {"data": "", "masked": True}
    return told


def _secrets(value: Any) -> Iterator[str]:
    """Yield the values of secret headers and parameters, in the forms in which records and events have them."""
    match value:
        case [str(name), str(text)] if name.lower() in HEADERS:
            yield from _values(text)
        case list():
            for each in value:
                yield from _secrets(each)
        case {"key": str(name), "value": str(text)} if name.lower() in HEADERS:
            yield from _values(text)
        case dict():
            for name, each in value.items():
                named = isinstance(each, dict) and "value" in each and _SECRET.search(name) is not None
                if name.lower() in HEADERS or name == "cookies" or named:
                    yield from _texts(each)
                else:
                    yield from _secrets(each)
        case str():
            yield from (text for name, text in _PARAMETER.findall(value) if _SECRET.search(name))


def _values(text: str) -> Iterator[str]:
    """Yield a header's value, and those within it: of cookies, and the credentials after the scheme."""
    yield text
    first, _, rest = text.partition(" ")
    if "=" not in first and rest:
        yield rest
    for part in text.split(";"):
        name, equals, content = part.strip().partition("=")
        if equals and name.lower() not in {"path", "domain", "expires", "max-age", "samesite", "priority"}:
            yield content


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, of headers and cookies as CloudFront Functions have them."""
    match value:
        case str():
            yield from _values(value)
        case dict():
            for name, each in value.items():
                if name not in {"key", "attributes"}:
                    yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


def _without(value: Any, secrets: re.Pattern[str] | None) -> Any:
    match value:
        case [str(name), str()] if name.lower() in HEADERS:
            return [name, MASK]
        case str():
            text = value if secrets is None else secrets.sub(MASK, value)
            return _PARAMETER.sub(_shortened, text)
        case list():
            return [_without(each, secrets) for each in value]
        case dict():
            return {name: each if name in KEPT else _without(each, secrets) for name, each in value.items()}
        case _:
            return value


KEPT: Final = frozenset({"id", "sha256", "name", "outcome", "rule"})


def _shortened(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _SECRET.search(found[1]) else found[0]
