"""Patterns of file names: `*` and `?` within a name, `**` across folders, `{a,b}` for one of several."""

import os
import re
from functools import lru_cache

_WILD = re.compile(r"[*?{]")
_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\{[^{}/]*\}|[^*?{]+|\{")


def absolute(pattern: str, base: str) -> str:
    """Return a pattern that stands for the same below the file system's root."""
    return os.path.normpath(os.path.join(base, pattern))  # noqa: PTH118


def matches(pattern: str, path: str) -> bool:
    """Tell whether an absolute pattern means a path; one that names a folder means all that is in it."""
    return _compiled(pattern).fullmatch(path) is not None


def fixed_part(pattern: str) -> str:
    """Return the folder, or the file, below which all that a pattern means is."""
    parts = pattern.split("/")
    wild = next((number for number, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return "/".join(parts[:wild]) or "/"


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    text = "".join(_regex(part) for part in _PARTS.findall(pattern))
    within = "" if _WILD.search(pattern.rpartition("/")[2]) else "(?:/.+)?"
    return re.compile(text + within, re.DOTALL)


def _regex(part: str) -> str:
    match part:
        case "**/":
            return "(?:[^/]+/)*"
        case "**":
            return ".+"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    if part.startswith("{") and part.endswith("}"):
        return "(?:" + "|".join(re.escape(each) for each in part[1:-1].split(",")) + ")"
    return re.escape(part)
