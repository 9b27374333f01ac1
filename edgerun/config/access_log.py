"""The `access_log` table of a distribution."""

from pathlib import PurePosixPath

from edgerun.config import names, raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.distribution.access_log import AccessLog

_OF_FOLDERS = ("prefix", "gzip")


def access_log(key: Key, table: raw.AccessLogTable | None, bench: Bench) -> AccessLog | None:
    """Return where a distribution's access log goes; what cannot be is a fault."""
    if table is None:
        return None
    if not table.path:
        bench.fault((*key, "path"), "expected a folder such as 'logs/', or a file such as 'access.log', got ''")
    path = bench.path(table.path)
    folder = table.path.endswith("/") or path.is_dir() or not path.suffix
    if not folder:
        for word in _OF_FOLDERS:
            if word in table.model_fields_set:
                bench.fault((*key, word), f"is for a folder, and path is the file {shown(table.path)}")
    parts = PurePosixPath(table.prefix).parts
    if table.prefix.startswith("/") or ".." in parts:
        bench.fault((*key, "prefix"), f"expected folders below path, such as 'shop/logs', got {shown(table.prefix)}")
    size = names.size(table.max_size) or 0
    if size < 1:
        bench.fault((*key, "max_size"), f"expected a size such as '100MiB', got {shown(table.max_size)}")
    return AccessLog(
        path=str(path),
        folder=folder,
        format=table.format,
        include_cookies=table.include_cookies,
        # AWS: the slash is added if it is missing (§14.1).
        prefix=table.prefix if not table.prefix or table.prefix.endswith("/") else f"{table.prefix}/",
        max_size=size,
        keep=table.keep,
        gzip=table.gzip,
    )
