"""Which distribution answers a host, and which behavior a path (`spec/cloudfront.md` §0, §1.4)."""

import re
from collections.abc import Iterable
from functools import lru_cache

from edgerun.distribution.model import Behavior, Distribution
from edgerun.values import remembered

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Not behind a broken escape: what is undone must not complete it.
_ESCAPE = re.compile(rb"(?<!%)(?<!%[0-9A-Fa-f])%([0-9A-Fa-f]{2})")


def distribution_for(host: bytes | None, distributions: tuple[Distribution, ...]) -> Distribution | None:
    """Return the distribution that answers a Host header, or None.

    The port does not count, nor does case. An exact name (its own domain or an alias) wins over a
    wildcard alias, the longest wildcard over shorter ones; a distribution without aliases answers every
    host that nobody else claims.
    """
    name = _host_name(host or b"")
    catch_all: Distribution | None = None
    best: tuple[int, Distribution] | None = None
    for distribution in distributions:
        if not distribution.aliases and catch_all is None:
            catch_all = distribution
        for alias in (distribution.domain_name, *distribution.aliases):
            if alias == name:
                return distribution
            if alias.startswith("*.") and name.endswith(alias[1:]) and (best is None or len(alias) > best[0]):
                best = (len(alias), distribution)
    return best[1] if best else catch_all


def _host_name(host: bytes) -> str:
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0]


def behavior_for(path: bytes, distribution: Distribution) -> Behavior:
    """Return the first behavior whose pattern matches the path, else the default one.

    The path is normalised for this decision only; the origin receives it as it came.
    """
    if not distribution.behaviors:
        return distribution.default_behavior
    patterns, behaviors = _choice(distribution)
    found = patterns.fullmatch(normalised(path))
    return distribution.default_behavior if found is None else behaviors[(found.lastindex or 1) - 1]


@remembered
def _choice(distribution: Distribution) -> tuple[re.Pattern[bytes], tuple[Behavior, ...]]:
    """Return the patterns of a distribution as one, each a group, and the behavior of each group."""
    each = (b"(" + pattern(behavior.path_pattern).pattern + b")" for behavior in distribution.behaviors)
    return re.compile(b"|".join(each), re.DOTALL), distribution.behaviors


def root_object(distribution: Distribution) -> bytes:
    """Return the path that is meant by `/`: that of the default root object, or `/` itself without one."""
    return b"/" + distribution.default_root_object.encode()


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[bytes]:
    """Compile a path pattern: `*` is any run of characters, `?` exactly one, everything else itself."""
    anchored = text if text.startswith(("/", "*")) else "/" + text
    first, *rest = ["".join("." if c == "?" else re.escape(c) for c in piece) for piece in anchored.split("*")]
    regex = first
    if rest:
        # Each piece but the last is found once, at its first place: viewers choose the path, and trying
        # every other place takes time that grows with a power of its length.
        regex += "".join(f"(?>.*?{piece})" for piece in rest[:-1]) + ".*" + rest[-1]
    return re.compile(regex.encode("latin-1"), re.DOTALL)


def normalised(path: bytes) -> bytes:
    """Return a path as patterns see it: unreserved escapes undone, slashes merged, dot segments removed."""
    if b"%" in path:
        path = _ESCAPE.sub(_unescape_unreserved, path)
    if b"//" not in path and b"/." not in path:
        return path
    kept: list[bytes] = []
    segments = re.sub(rb"/+", b"/", path).split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if segments and segments[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/" + b"/".join(kept)


def _unescape_unreserved(escape: re.Match[bytes]) -> bytes:
    code = int(escape[1], 16)
    return bytes((code,)) if code in _UNRESERVED else escape[0]


def unreachable(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that can never match because `*` or `/*` stands before them."""
    seen_all = False
    lost = []
    for text in patterns:
        if seen_all:
            lost.append(text)
        seen_all = seen_all or text in {"*", "/*"}
    return lost
