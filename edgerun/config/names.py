"""Rules for single words of a configuration: each returns what is wrong, or nothing."""

import re
from collections.abc import Iterable
from typing import Final

from edgerun.functions.limits import (
    CUSTOM_DOMAIN_CHARACTERS,
    CUSTOM_HEADERS,
    CUSTOM_NAME,
    CUSTOM_TOTAL,
    CUSTOM_VALUE,
    ORIGIN_PATH_CHARACTERS,
    is_denied_as_custom,
)

PATTERN_CHARACTERS: Final = 255
ROOT_OBJECT_CHARACTERS: Final = 255

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FUNCTION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_PATTERN: Final = re.compile(r"""[A-Za-z0-9_.*$/~"'@:+&?-]+""")
_URL_PATH: Final = re.compile(r"[!-~]+")
_FIELD_VALUE: Final = re.compile(r"(?:[!-~\x80-\xff](?:[ -~\t\x80-\xff]*[!-~\x80-\xff])?)?")
_SIZE: Final = re.compile(r"(\d{1,15}) ?([KMGT]?i?B)")
_UNITS: Final = {
    "B": 1,
    **{f"{letter}B": 1000**n for n, letter in enumerate("KMGT", 1)},
    **{f"{letter}iB": 1024**n for n, letter in enumerate("KMGT", 1)},
}

# spec/cloudfront.md §2.1
NEVER_KEYED: Final = frozenset({"connection", "cookie", "proxy-authorization", "te", "upgrade"})
ORIGIN_REQUEST_ONLY: Final = frozenset(
    f"cloudfront-viewer-{part}"
    for part in ("address", "asn", "tls", "ja3-fingerprint", "ja4-fingerprint", "cert-validity", "cert-pem")
)


def function_name(text: str) -> str:
    """Check a function's name."""
    return "" if _FUNCTION.fullmatch(text) else "a function's name is 1 to 64 letters, digits, '-' and '_'"


def store_name(text: str) -> str:
    """Check a key-value store's name."""
    return "" if _FUNCTION.fullmatch(text) else "a key-value store's name is 1 to 64 letters, digits, '-' and '_'"


def table_name(text: str) -> str:
    """Check the name of an origin, a policy or a distribution."""
    return "" if _NAME.fullmatch(text) else "a name is 1 to 128 letters, digits, '-', '_' and '.'"


def is_host(text: str) -> bool:
    """Tell whether this can be a DNS name."""
    return len(text) <= CUSTOM_DOMAIN_CHARACTERS and _HOST.fullmatch(text) is not None


def alias(text: str) -> str:
    """Check an alias: a host, or `*.` and a host."""
    if is_host(text.removeprefix("*.")):
        return ""
    if "*" in text.removeprefix("*."):
        return f"in {text!r}, '*' may only stand for the whole first label, as in '*.example.com'"
    return f"{text!r} is not a host name"


def path_pattern(text: str) -> str:
    """Check a path pattern (§1.4)."""
    if len(text) > PATTERN_CHARACTERS:
        return f"expected at most {PATTERN_CHARACTERS} characters, got {len(text)}"
    if not text:
        return "expected a pattern such as '/images/*'"
    wrong = sorted({character for character in text if not _PATTERN.fullmatch(character)})
    return f"a path pattern cannot hold {wrong[0]!r}" if wrong else ""


def root_object(text: str) -> str:
    """Check a default root object."""
    if text.startswith("/"):
        return f"expected no leading '/', got {text[:ROOT_OBJECT_CHARACTERS]!r}"
    if len(text) > ROOT_OBJECT_CHARACTERS:
        return f"expected at most {ROOT_OBJECT_CHARACTERS} characters, got {len(text)}"
    return _printable(text)


def origin_path(text: str) -> str:
    """Check an origin's path."""
    if text and (not text.startswith("/") or text.endswith("/")):
        return "expected a path that starts with '/' and does not end with '/'"
    if len(text) > ORIGIN_PATH_CHARACTERS:
        return f"expected at most {ORIGIN_PATH_CHARACTERS} characters, got {len(text)}"
    return _printable(text)


def page_path(text: str) -> str:
    """Check the path of an error page."""
    return _printable(text) if text.startswith("/") else "expected a path that starts with '/'"


def _printable(text: str) -> str:
    clean = not text or _URL_PATH.fullmatch(text)
    return "" if clean else "expected printable ASCII without spaces; percent-encode the rest"


def header_name(text: str) -> str:
    """Check a header's name."""
    return "" if _TOKEN.fullmatch(text) else f"{text[:80]!r} is not a header name"


def header_value(text: str) -> str:
    """Check a header's value, which may be empty."""
    return "" if _FIELD_VALUE.fullmatch(text) else f"{text[:80]!r} is not a header value"


def keyed_header(text: str) -> str:
    """Check a header that a cache policy names (§2.1)."""
    if text.lower() in NEVER_KEYED:
        return f"{text!r} cannot be part of a cache key"
    if text.lower() in ORIGIN_REQUEST_ONLY:
        return f"{text!r} can be in an origin request policy only"
    return header_name(text)


def forwarded_header(text: str) -> str:
    """Check a header that an origin request policy names (§2.1, §2.3)."""
    if text.lower() == "authorization":
        return "'Authorization' cannot be listed: use 'all_viewer', or list it in the cache policy"
    if text.lower() in NEVER_KEYED:
        return f"{text!r} cannot be in an origin request policy"
    return header_name(text)


def cloudfront_header(text: str) -> str:
    """Check a header that is added to all of the viewer's."""
    if text.lower().startswith("cloudfront-"):
        return header_name(text)
    return f"{text[:80]!r} is the viewer's own; only CloudFront-* headers are added to all_viewer"


def custom_header(name: str, text: str) -> str:
    """Check one origin custom header (§4.2)."""
    if is_denied_as_custom(name.lower()):
        return "CloudFront does not allow this header as an origin custom header"
    if len(name) > CUSTOM_NAME or len(text) > CUSTOM_VALUE:
        return f"expected a name of at most {CUSTOM_NAME} and a value of at most {CUSTOM_VALUE} characters"
    if not _FIELD_VALUE.fullmatch(text):
        return "the value is not a header value"
    return header_name(name)


def custom_headers(lines: Iterable[tuple[str, str]]) -> str:
    """Check all custom headers of one origin together (§4.2)."""
    found = list(lines)
    if len(found) > CUSTOM_HEADERS:
        return f"expected at most {CUSTOM_HEADERS} headers, got {len(found)}"
    if len({name.lower() for name, _ in found}) < len(found):
        return "a header is there twice"
    total = sum(len(name) + len(text) for name, text in found)
    return f"expected at most {CUSTOM_TOTAL} characters altogether, got {total}" if total > CUSTOM_TOTAL else ""


def size(text: str) -> int | None:
    """Return the bytes that `256MiB` means, or None."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match and match[2] in _UNITS else None
