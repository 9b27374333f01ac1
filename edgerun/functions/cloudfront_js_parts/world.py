"""What a function sees besides its own code, as one line of JavaScript (`spec/cloudfront-functions.md` §3.2-§3.4, §4).

The engine has no snapshots: whatever stands here is compiled for every run. So a function's world holds only the parts
whose words occur in its code.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from edgerun.functions.cloudfront_js_parts import absent
from edgerun.values import value

_FOLDER: Final = Path(__file__).parent / "world"
# Names may be made at run time: then everything has to be there.
_ANY_NAME: Final = re.compile(r"\bglobalThis\b|\bgetOwnProperty|\brequire\b(?!\s*\(\s*['\"])")
_DIGESTS: Final = re.compile("md5|sha1|sha256")
_BARE_DIGEST: Final = re.compile(r"digest\s*\(\s*\)|\bdigest\b(?!\s*\()")
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")


@value
class _Part:
    """A file of the world.

    Attributes:
        words: what in a function's code calls for it; "" leaves that to the parts that need it.
        needs: what it builds on.
        leaf: nothing builds on it, so its names are its own.
    """

    name: str
    words: str = ""
    needs: tuple[str, ...] = ()
    runtimes: tuple[int, ...] = (1, 2)
    leaf: bool = True


# In the order in which they have to stand.
_PARTS: Final = (
    _Part(name="require", words="require", leaf=False),
    _Part(name="bytes", leaf=False),
    _Part(name="date", words="Date"),
    _Part(name="random", words="random"),
    _Part(name="console", words="console"),
    _Part(name="strings", words="[bB]ytes|UTF8|MemoryError|crypto", needs=("bytes",), runtimes=(1,), leaf=False),
    _Part(name="buffer", needs=("require", "bytes"), runtimes=(2,), leaf=False),
    _Part(name="buffer_global", words="[bB]uffer", needs=("require", "bytes", "buffer"), runtimes=(2,)),
    _Part(name="text", words="Text(?:En|De)coder", needs=("bytes",), runtimes=(2,)),
    _Part(name="querystring", words="querystring['\"]", needs=("require", "bytes")),
    _Part(name="hashes", leaf=False),
    _Part(name="md5", words="md5", needs=("bytes", "hashes")),
    _Part(name="sha1", words="sha1", needs=("bytes", "hashes")),
    _Part(name="sha256", words="sha256", needs=("bytes", "hashes")),
    _Part(name="crypto", words="crypto", needs=("require", "bytes", "hashes")),
    _Part(name="cloudfront", words="cloudfront", runtimes=(2,)),
)
_MORE_OF_BUFFER: Final = re.compile(
    r"\b(?:alloc\w*|compare|copy|fill|includes|indexOf|lastIndexOf|read\w+|swap\d+|write\w*)\b"
)


def world(code: str, *, two: bool, has_store: bool) -> str:
    """Return the JavaScript that makes a function's world; its value is the one way in (`base.js`).

    Args:
        code: the function's own code, of which only the words matter.
        two: for runtime 2.0, else 1.0.
        has_store: a key-value store is associated.
    """
    runtime = 2 if two else 1
    every = bool(_ANY_NAME.search(code))
    chosen = _chosen(code, runtime, every=every)
    words = {
        "PARTS": " ".join(_part(part) for part in _PARTS if part.name in chosen),
        "MORE": _line("buffer_more") if every or _MORE_OF_BUFFER.search(code) else "",
        "RUNTIME": str(runtime),
        "ABSENT": _absent(code, two=two, every=every),
        "STORE": "true" if has_store else "false",
        "BUFFER": "makeBuffer" if "buffer" in chosen else "(() => g.Buffer)",
        "SHOWN": json.dumps(_line("shown")),
        "DESCRIBE": json.dumps(_line("describe")),
        "UTF8": json.dumps(_line("utf8")),
    }
    text = _line("base")
    for word, meaning in words.items():
        text = re.sub(rf"\b{word}\b", lambda _, meaning=meaning: meaning, text)  # type: ignore[misc]
    return text


def _chosen(code: str, runtime: int, *, every: bool) -> set[str]:
    """Return the names of the parts that a function's world has."""
    chosen: set[str] = set()
    for part in _PARTS:
        if runtime in part.runtimes and (every or (part.words and re.search(part.words, code))):
            chosen |= {part.name, *part.needs}
    if "crypto" in chosen:
        if not _DIGESTS.search(code):
            chosen |= {"md5", "sha1", "sha256"}
        if runtime == 2 and _BARE_DIGEST.search(code):
            chosen |= {"buffer"}
    if "cloudfront" in chosen and "bytes" in code:
        chosen |= {"require", "bytes", "buffer"}
    return chosen


def _part(part: _Part) -> str:
    text = _line(part.name)
    return f"{{ {text} }}" if part.leaf else text


@cache
def _line(name: str) -> str:
    """Return a file of the world on one line, without its comments, which have lines of their own."""
    lines = (line.strip() for line in (_FOLDER / f"{name}.js").read_text(encoding="utf-8").splitlines())
    return " ".join(line for line in lines if line and not line.startswith("//"))


def _absent(code: str, *, two: bool, every: bool) -> str:
    """Return what is to be deleted, as `[[names, owner], …]`: as far as the code has the words at all."""
    members: dict[str, tuple[str, ...]] = {**absent.MEMBERS, "g": absent.GLOBALS}
    if not two:
        members = _merged(_merged(members, absent.MEMBERS_1_0), {"g": absent.GLOBALS_1_0})
    said = set(_WORD.findall(code))
    found = {owner: [name for name in names if every or name in said] for owner, names in members.items()}
    pairs = [f"[{json.dumps(names)},{_owner(owner)}]" for owner, names in found.items() if names]
    return "[" + ",".join(pairs) + "]"


def _owner(owner: str) -> str:
    """Return an expression for what has a member: the globals are not ours by name."""
    return owner if owner == "g" else re.sub(r"^(\w+)", r"g.\1", owner).replace("(", "(g.")


def _merged(first: Mapping[str, tuple[str, ...]], second: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {owner: (*first.get(owner, ()), *second.get(owner, ())) for owner in {**first, **second}}
