"""Warnings of the check: names that are not there, and calls that do not do what they seem to (§10.4)."""

from collections.abc import Iterator

from edgerun.functions.cloudfront_js_parts import absent
from edgerun.functions.cloudfront_js_parts.finding import Finding
from edgerun.functions.cloudfront_js_parts.reading import Reading
from edgerun.functions.cloudfront_js_parts.tokens import Token

ORIGIN_HELPERS = frozenset({"updateRequestOrigin", "selectRequestOriginById", "createRequestOriginGroup"})
_ONLY_2_0 = ("Buffer", "TextEncoder", "TextDecoder")
_STORE_READS = frozenset({"get", "exists", "count", "meta"})


def warnings(reading: Reading, event_types: frozenset[str]) -> Iterator[Finding]:
    """Yield what may fail when it is reached."""
    own = _declared(reading)
    for index, token in enumerate(reading.tokens):
        if token.kind != "name":
            continue
        if reading.is_member(index):
            yield from _member(reading, index, token, own, event_types)
        elif token.text not in own and not reading.is_key(index):
            yield from _global(reading, index, token)


def _declared(reading: Reading) -> set[str]:
    """Return the names that the code declares or assigns itself."""
    own = set()
    for index, token in enumerate(reading.tokens):
        if token.kind != "name" or reading.is_member(index):
            continue
        parameter = token.parent >= 0 and reading.tokens[token.parent].role in {"params", "catch"}
        assigned = reading.text(index + 1) == "=" or reading.text(index + 1) == "=>"
        if parameter or assigned or reading.text(index - 1) in {"var", "let", "const", "function", "import"}:
            own.add(token.text)
    return own


def _global(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    gone = {*absent.GLOBALS, *absent.FOREIGN}
    if not reading.two:
        gone |= {*absent.GLOBALS_1_0, *_ONLY_2_0}
    if token.text in gone and reading.text(index - 1) != "typeof":
        yield _not_there(reading, token, token.text)
    if token.text == "eval" and reading.text(index + 1) == "(":
        yield reading.say("warning", "eval", token.start, "eval throws: code cannot be made at run time")
    if token.text == "Function" and reading.text(index + 1) == "(":
        yield reading.say("warning", "eval", token.start, "Function throws: code cannot be made at run time")


def _member(
    reading: Reading, index: int, token: Token, own: set[str], event_types: frozenset[str]
) -> Iterator[Finding]:
    owner = reading.text(index - 2)
    called = reading.text(index + 1) == "("
    if owner not in own and not reading.is_member(index - 2):
        yield from _static(reading, index, token, owner)
    if called and token.text in _methods_gone(reading) and owner not in {"Array", "Object"}:
        yield _not_there(reading, token, token.text)
    if token.text in ORIGIN_HELPERS and called and "viewer-response" in event_types:
        message = f"{token.text} works in viewer-request only, and this function runs at viewer-response"
        yield reading.say("warning", "origin-helper", token.start, message)


def _methods_gone(reading: Reading) -> frozenset[str]:
    return absent.TELLING if reading.two else absent.TELLING | {"replaceAll"}


def _static(reading: Reading, index: int, token: Token, owner: str) -> Iterator[Finding]:
    gone = set(absent.MEMBERS.get(owner, ()))
    if not reading.two:
        gone |= set(absent.MEMBERS_1_0.get(owner, ()))
    if token.text in gone and "." not in owner:
        yield _not_there(reading, token, f"{owner}.{token.text}")
    if owner == "console":
        yield from _console(reading, index, token)
    if (owner, token.text) == ("Promise", "all") and _holds(reading, index + 1, _STORE_READS):
        message = "reading several keys at once costs memory and brings no speed: there are 2 MB"
        yield reading.say("warning", "promise-all", token.start, message, "await one after the other")


def _console(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    if token.text != "log":
        yield reading.say("warning", "absent", token.start, f"console.{token.text} is not there", "use console.log")
        return
    call = reading.token(index + 1)
    if call is None or call.match < 0:
        return
    for comma in range(index + 2, call.match - 1):
        if reading.tokens[comma].text == "," and reading.tokens[comma].parent == index + 1:
            message = "console.log takes one value, the others are not logged"
            yield reading.say("warning", "console-log", token.start, message, "join them into one text")
            return


def _holds(reading: Reading, index: int, methods: frozenset[str]) -> bool:
    """Whether a call's brackets hold a call of one of these methods."""
    call = reading.token(index)
    if call is None or call.text != "(" or call.match < 0:
        return False
    return any(reading.tokens[at].text in methods and reading.is_member(at) for at in range(index + 1, call.match))


def _not_there(reading: Reading, token: Token, name: str) -> Finding:
    message = f"{name} is not there in CloudFront Functions"
    return reading.say("warning", "absent", token.start, message, absent.INSTEAD.get(name, ""))
