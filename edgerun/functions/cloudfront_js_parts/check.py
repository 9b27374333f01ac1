"""The static check: what CloudFront Functions refuse though QuickJS runs it (`spec/cloudfront-functions.md` §10.4).

CreateFunction accepts all of it, and then every viewer gets a 503: so it is refused before the first request.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal

from edgerun.functions.cloudfront_js_parts import usage
from edgerun.functions.cloudfront_js_parts.finding import Finding
from edgerun.functions.cloudfront_js_parts.reading import Reading
from edgerun.functions.cloudfront_js_parts.tokens import Token, scan

LARGEST_CODE: Final = 10_240
RUNTIME_1_0: Final = "cloudfront-js-1.0"
RUNTIME_2_0: Final = "cloudfront-js-2.0"
REGEX_FLAGS: Final = frozenset("gimy")

EventType = Literal["viewer-request", "viewer-response"]
Rule = Callable[[Reading, int, Token], Iterator[Finding]]

_NOT_SUPPORTED: Final = 'Token "{}" not supported in this version'
_UNEXPECTED: Final = 'Unexpected token "{}"'


def check(text: str, runtime: str, *, event_types: frozenset[EventType] = frozenset()) -> list[Finding]:
    """Return what is to be said of a function's code, in the order of the source.

    Args:
        text: the whole file.
        runtime: `cloudfront-js-1.0` or `cloudfront-js-2.0`.
        event_types: where the function is associated, as far as known.
    """
    source = scan(text)
    reading = Reading(source, two=runtime == RUNTIME_2_0)
    if source.broken is not None:
        offset, why = source.broken
        return [*_size(text), reading.error("syntax", offset, why)]
    found = [*_size(text), *_handler(reading)]
    for index, token in enumerate(source.tokens):
        for rule in RULES.get(token.kind, ()):
            found += rule(reading, index, token)
    found += usage.warnings(reading, event_types)
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _size(text: str) -> Iterator[Finding]:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST_CODE:
        message = f"the code has {size:,} bytes; a CloudFront Function has {LARGEST_CODE:,} at most, with its comments"
        yield Finding(level="error", rule="size", line=0, column=0, message=message, fix="shorten or minify it")


def _handler(reading: Reading) -> Iterator[Finding]:
    """Look for the word where it is given a meaning at the top; only the engine can tell what it means then."""
    for index, token in enumerate(reading.tokens):
        if token.text == "handler" and token.kind == "name" and token.parent < 0 and not reading.is_member(index):
            return
    fix = "write: function handler(event) { … }"
    yield Finding(level="error", rule="handler", line=0, column=0, message='"handler" is not defined', fix=fix)


# ------------------------------------------------------------------------------ names


def _name(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    rule = _NAMES.get(token.text)
    if rule is not None and not reading.is_member(index) and not reading.is_key(index):
        yield from rule(reading, index, token)


def _of(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    before = reading.text(index - 1)
    loop = token.parent >= 0 and reading.tokens[token.parent].role == "for"
    if loop and before not in {"var", "let", "const", "(", ";", ","} and reading.text(index + 1) not in {"=", ";", ")"}:
        fix = "count an index up: for (var i = 0; i < list.length; i++)"
        yield reading.error("for-of", token.start, _NOT_SUPPORTED.format("of"), fix)


def _class(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    fix = "write a function that returns an object"
    yield reading.error("class", token.start, _NOT_SUPPORTED.format("class"), fix)


def _function(reading: Reading, index: int, _: Token) -> Iterator[Finding]:
    if reading.text(index + 1) == "*":
        yield _generator(reading, index + 1)


def _generator(reading: Reading, index: int) -> Finding:
    start = reading.tokens[index].start
    return reading.error("generator", start, _UNEXPECTED.format("*"), "return an array instead")


def _catch(reading: Reading, index: int, _: Token) -> Iterator[Finding]:
    following = reading.token(index + 1)
    if following is not None and following.text == "{":
        yield reading.error("catch", following.start, _NOT_SUPPORTED.format("{"), "write: catch (error) { … }")


def _import(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    if reading.two and index == 0 and reading.imports_cloudfront:
        return
    message = "Non-default import is not supported"
    if reading.text(index + 1) not in {"(", "."}:
        message = _UNEXPECTED.format("import") if not reading.two else "Only one import is supported, on the first line"
    fix = "the one import there is: import cf from 'cloudfront'; on the first line"
    yield reading.error("import", token.start, message, fix if reading.two else "runtime 1.0 has no modules: use 2.0")


def _export(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    fix = "remove it: the function named handler is found by its name"
    yield reading.error("export", token.start, "Illegal export statement", fix)


def _new(reading: Reading, index: int, _: Token) -> Iterator[Finding]:
    if reading.text(index + 1) == "." and reading.text(index + 2) == "target":
        yield reading.error("new-target", reading.tokens[index + 1].start, _UNEXPECTED.format("."))


def _return(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    if not reading.in_function(token):
        yield reading.error("return", token.start, "Illegal return statement")


def _await(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    following = reading.token(index + 1)
    if following is None or (following.kind == "punct" and following.text not in {"(", "[", "{", "${"}):
        return
    if reading.text(index - 1) == "for":
        yield reading.error("for-await", token.start, _NOT_SUPPORTED.format("await"), "use an index loop")
    elif not reading.two:
        yield reading.error("async", token.start, _NOT_SUPPORTED.format("await"), "runtime 1.0 has no async: use 2.0")
    elif not reading.in_function(token) and not reading.after_async_arrow(index):
        yield reading.error("await", token.start, "await is only valid in async functions")


def _async(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    if not reading.two and reading.begins_async(index):
        yield reading.error("async", token.start, _NOT_SUPPORTED.format("async"), "runtime 1.0 has no async: use 2.0")


def _declaration(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    following = reading.token(index + 1)
    declares = following is not None and (following.kind == "name" or following.text in {"[", "{"})
    if not reading.two and (token.text == "const" or declares):
        yield reading.error(token.text, token.start, _UNEXPECTED.format(token.text), "write var, or use runtime 2.0")


_NAMES: Final[dict[str, Rule]] = {
    "of": _of,
    "class": _class,
    "function": _function,
    "catch": _catch,
    "import": _import,
    "export": _export,
    "new": _new,
    "return": _return,
    "await": _await,
    "async": _async,
    "let": _declaration,
    "const": _declaration,
}

# ------------------------------------------------------------------------------ signs


def _sign(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    rule = _SIGNS.get(token.text)
    if rule is not None:
        yield from rule(reading, index, token)


def _dots(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    role = reading.tokens[token.parent].role if token.parent >= 0 else ""
    if role == "params":
        return
    in_object = role == "object"
    message = _NOT_SUPPORTED if in_object else _UNEXPECTED
    fix = "use Object.assign()" if in_object else "use concat(), or apply() for a call"
    yield reading.error("spread", token.start, message.format("..."), fix)


def _optional_chain(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    yield reading.error("optional-chain", token.start, _UNEXPECTED.format("?."), "write: a && a.b")


def _logical_assignment(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    fix = f"write: a = a {token.text[:2]} b"
    yield reading.error("logical-assignment", token.start + 2, _UNEXPECTED.format("="), fix)


def _assignment(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    if token.parent >= 0 and reading.tokens[token.parent].role == "params":
        fix = "set it inside: if (a === undefined) a = …"
        yield reading.error("default-parameter", token.start, _UNEXPECTED.format("="), fix)


def _star(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    role = reading.tokens[token.parent].role if token.parent >= 0 else ""
    if role == "object" and reading.text(index - 1) in {"{", ","}:
        yield _generator(reading, index)


def _private(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    yield reading.error("private-name", token.start, _UNEXPECTED.format("#"))


def _pattern(reading: Reading, index: int, token: Token) -> Iterator[Finding]:
    if token.role not in {"object", "array"} or token.match < 0:
        return
    before, after = reading.text(index - 1), reading.text(token.match + 1)
    role = reading.tokens[token.parent].role if token.parent >= 0 else ""
    declared = before in {"var", "let", "const"} and not reading.is_member(index - 1)
    parameter = role in {"params", "catch"} and before in {"(", ",", "..."}
    looped = role == "for" and after in {"in", "of"} and before == "("
    if declared or parameter:
        message = _NOT_SUPPORTED.format(token.text)
    elif after == "=" or looped:
        message = "Invalid left-hand side in assignment"
    else:
        return
    yield reading.error("destructuring", token.start, message, "take the parts one by one: var a = object.a")


def _coalesce(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    message = '"??" is on no list of AWS\'s, though the engine is known to take it'
    yield reading.say("note", "unlisted", token.start, message)


_SIGNS: Final[dict[str, Rule]] = {
    "...": _dots,
    "?.": _optional_chain,
    "??=": _logical_assignment,
    "||=": _logical_assignment,
    "&&=": _logical_assignment,
    "=": _assignment,
    "*": _star,
    "#": _private,
    "{": _pattern,
    "[": _pattern,
    "??": _coalesce,
}

# ------------------------------------------------------------------------------ literals


def _number(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    if token.text.endswith("n"):
        start = token.start + len(token.text) - 1
        yield reading.error("bigint", start, _UNEXPECTED.format("n"), "use a number or a string")
    elif "_" in token.text and not reading.two:
        start = token.start + token.text.index("_")
        yield reading.error("numeric-separator", start, _UNEXPECTED.format("_"), "remove it, or use runtime 2.0")


def _regex(reading: Reading, _: int, token: Token) -> Iterator[Finding]:
    flags = token.text.rpartition("/")[2]
    wrong = "".join(flag for flag in flags if flag not in REGEX_FLAGS)
    if wrong:
        start = token.start + len(token.text) - len(flags)
        fix = "use [^] for any character, new lines too" if "s" in wrong else "leave the flag out"
        yield reading.error("regexp-flag", start, f'Invalid RegExp flags "{wrong}"', fix)


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "name": (_name,),
    "punct": (_sign,),
    "number": (_number,),
    "regex": (_regex,),
}
