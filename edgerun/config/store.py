"""The `[store]` table: where cached objects are kept, and how many."""

from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from edgerun.config import names, raw
from edgerun.config.bench import Bench
from edgerun.config.faults import shown
from edgerun.distribution.model import StoreConfig
from edgerun.home import STATE_FOLDER

FOLDER: Final = "cache"
LARGEST_IN_MEMORY: Final = 64 * 1024 * 1024
LARGEST: Final = 30 * 1024**3
REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")
_ONLY_WITH: Final = {"path": "lmdb", "url": "redis"}


def store(table: raw.StoreTable, bench: Bench) -> StoreConfig:
    """Return where objects are kept; what cannot be is a fault."""
    usual = StoreConfig()
    size = _size("size", table.size, bench) or usual.size
    largest = min(size, LARGEST_IN_MEMORY if table.kind == "memory" else LARGEST)
    if table.max_object_size is not None:
        largest = _size("max_object_size", table.max_object_size, bench) or 1
        if largest > size:
            bench.fault(("store", "max_object_size"), "expected at most 'size'")
    for word, kind in _ONLY_WITH.items():
        if getattr(table, word) is not None and table.kind != kind:
            bench.fault(("store", word), f"means something with kind = '{kind}' only, and kind is '{table.kind}'")
    tags = usual.tag_headers
    if table.tag_header is not None:
        bench.fault(("store", "tag_header"), names.header_name(table.tag_header))
        tags = (table.tag_header.lower().encode(),)
    path = ""
    if table.kind == "lmdb":
        path = str(bench.path(f"{STATE_FOLDER}/{FOLDER}" if table.path is None else table.path))
        if table.path == "":
            bench.fault(("store", "path"), "expected a folder, got ''")
    url = _url(table, bench) if table.kind == "redis" else ""
    return StoreConfig(kind=table.kind, size=size, max_object_size=largest, path=path, url=url, tag_headers=tags)


def _url(table: raw.StoreTable, bench: Bench) -> str:
    if table.url is None:
        bench.fault(("store", "url"), "is missing: a redis store needs one, such as 'redis://127.0.0.1:6379/0'")
        return ""
    try:
        parts = urlsplit(table.url)
        place = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:
        place = None
    if not table.url.startswith(REDIS_SCHEMES) or not place:
        expected = "expected redis://HOST[:PORT][/DB], rediss://… or unix:///PATH"
        bench.fault(("store", "url"), f"{expected}, got {shown(table.url)}")
    if find_spec("redis") is None:
        bench.fault(("store", "kind"), "needs the redis package: pip install 'edgerun[redis]'")
    return table.url


def _size(word: str, text: str, bench: Bench) -> int:
    size = names.size(text) or 0
    if size < 1:
        bench.fault(("store", word), f"expected a size such as '256MiB', got {shown(text)}")
    return size
