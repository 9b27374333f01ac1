"""Origins: from tables to values."""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Any, Final, Literal, cast

from edgerun.config import names, raw
from edgerun.config.bench import Bench, frozen
from edgerun.config.buckets import bucket_origin
from edgerun.config.faults import Key, shown
from edgerun.config.function_origins import function_origin
from edgerun.config.read import is_folder, neighbour
from edgerun.distribution.origins import BucketOrigin, DirectoryOrigin, HttpOrigin, OriginConfig

DIRECTORY_ONLY: Final = ("website", "index_document", "error_document", "list_bucket")
BUCKET_ONLY: Final = ("region", "endpoint", "profile", "sign")
FUNCTION_ONLY: Final = ("payload", "multi_value")
PLACES: Final = ("directory", "url", "bucket", "function")
WEBSITE_ONLY: Final = ("index_document", "error_document")
PORT: Final = "{port}"
_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(
    r"(https?)://(\[[^\]/]*\]|[^:/?#@\[\]]*)(?::(\{port\}|\d{1,5}))?(.*)", re.IGNORECASE | re.DOTALL
)


def origins(file: raw.FileTable, bench: Bench) -> dict[str, OriginConfig]:
    """Return the origins that could be made, by name."""
    made = {name: _origin(name, table, file, bench) for name, table in file.origins.items()}
    return {name: origin for name, origin in made.items() if origin is not None}


def _origin(name: str, table: raw.OriginTable, file: raw.FileTable, bench: Bench) -> OriginConfig | None:
    key = ("origins", name)
    bench.fault(key, names.table_name(name))
    bench.fault((*key, "path"), names.origin_path(table.path))
    if table.domain_name is not None and not names.is_host(table.domain_name):
        bench.fault((*key, "domain_name"), f"{shown(table.domain_name)} is not a host name")
    completion = table.response_completion_timeout
    if completion is not None and completion < table.read_timeout:
        bench.fault(
            (*key, "response_completion_timeout"),
            f"expected at least read_timeout, {table.read_timeout}, got {completion}",
        )
    _check_custom_headers(key, table.custom_headers, bench)
    if table.origin_shield is not None:
        bench.note((*key, "origin_shield"), "has no effect: there is one cache here, as near to the origin as any")
    if sum(getattr(table, place) is not None for place in PLACES) != 1:
        bench.fault(key, "expected exactly one of 'directory', 'url', 'bucket' and 'function'")
        return None
    _check_owners(key, table, bench)
    if table.function is not None:
        return function_origin(key, table, file.functions, _common(name, table), bench)
    if table.url is not None:
        return _http(name, table, table.url, bench)
    return _bucket(name, table, bench) if table.bucket is not None else _directory(name, table, bench)


def _check_owners(key: Key, table: raw.OriginTable, bench: Bench) -> None:
    """Refuse the keys that only another kind of origin has."""
    owners = {"directory": DIRECTORY_ONLY, "url": ("command",), "bucket": BUCKET_ONLY, "function": FUNCTION_ONLY}
    for place, words in owners.items():
        for word in words if getattr(table, place) is None else ():
            bench.fault((*key, word), _misplaced(table, word, f"an origin with {place!r}"))


def _bucket(name: str, table: raw.OriginTable, bench: Bench) -> BucketOrigin | None:
    key = ("origins", name)
    reached = None
    if table.endpoint is not None:
        problem = _url_problem(table.endpoint, table)
        bench.fault((*key, "endpoint"), problem)
        match = _URL.fullmatch(table.endpoint)
        if problem or match is None:
            return None
        reached = match[1].lower(), match[2].lower(), int(match[3] or _PORTS[match[1].lower()])
    return bucket_origin(key, table, _common(name, table), reached, bench)


def _check_custom_headers(key: Key, headers: Mapping[str, str], bench: Bench) -> None:
    for name, text in headers.items():
        bench.fault((*key, "custom_headers", name), names.custom_header(name, text))
    bench.fault((*key, "custom_headers"), names.custom_headers(headers.items()))


def _common(name: str, table: raw.OriginTable) -> dict[str, Any]:
    completion = table.response_completion_timeout
    return {
        "name": name,
        "path": table.path,
        "custom_headers": frozen(table.custom_headers),
        "connection_attempts": table.connection_attempts,
        "connection_timeout": float(table.connection_timeout),
        "read_timeout": float(table.read_timeout),
        "keepalive_timeout": float(table.keepalive_timeout),
        "response_completion_timeout": None if completion is None else float(completion),
    }


def _directory(name: str, table: raw.OriginTable, bench: Bench) -> DirectoryOrigin:
    key = ("origins", name)
    given = table.directory or ""
    folder = bench.path(given)
    if not is_folder(folder):
        bench.fault((*key, "directory"), f"there is no folder {shown(given)}{neighbour(folder, folders=True)}")
    if not table.website:
        for word in WEBSITE_ONLY:
            bench.fault((*key, word), _misplaced(table, word, "a website origin (website = true)"))
    elif "/" in table.index_document or not table.index_document:
        bench.fault((*key, "index_document"), "expected the name of a file, such as 'index.html'")
    bucket = re.sub(r"[^a-z0-9.-]", "-", name.lower())
    endpoint = "s3-website-us-east-1" if table.website else "s3.us-east-1"
    return DirectoryOrigin(
        **_common(name, table),
        directory=str(folder),
        domain_name=(table.domain_name or f"{bucket}.{endpoint}.amazonaws.com").lower(),
        website=table.website,
        index_document=table.index_document,
        error_document=table.error_document,
        list_bucket=table.list_bucket,
    )


def _misplaced(table: raw.OriginTable, word: str, owner: str) -> str:
    return f"only {owner} has this key" if word in table.model_fields_set else ""


def _http(name: str, table: raw.OriginTable, url: str, bench: Bench) -> HttpOrigin | None:
    key = ("origins", name)
    problem = _url_problem(url, table)
    bench.fault((*key, "url"), problem)
    if "\0" in table.command or "\n" in table.command:
        bench.fault((*key, "command"), "expected one line")
    match = _URL.fullmatch(url)
    if problem or match is None:
        return None
    scheme = cast("Literal['http', 'https']", match[1].lower())
    host = match[2].lower()
    port = bench.free_port() if match[3] == PORT else int(match[3] or _PORTS[scheme])
    shows_port = table.domain_name is None and port != _PORTS[scheme]
    domain_name = (table.domain_name or host).lower()
    return HttpOrigin(
        **_common(name, table),
        scheme=scheme,
        host=host.strip("[]"),
        port=port,
        domain_name=domain_name if table.domain_name else host.strip("[]"),
        host_header=f"{domain_name}:{port}" if shows_port else domain_name,
        command=table.command,
    )


def _url_problem(url: str, table: raw.OriginTable) -> str:
    match = _URL.fullmatch(url)
    if match is None or not _is_url_host(match[2]):
        return f"expected http://HOST[:PORT] or https://HOST[:PORT], got {shown(url)}"
    if match[4] not in {"", "/"}:
        if match[4].startswith("/") and "?" not in match[4] and "#" not in match[4]:
            return f"expected no path, got {shown(match[4])}: a path belongs in 'path'"
        return f"expected nothing after host and port, got {shown(match[4])}"
    if match[3] == PORT:
        return "" if table.command else "'{port}' stands for a free port only together with 'command'"
    if match[3] is not None and not 1 <= int(match[3]) <= 65_535:
        return f"expected a port from 1 to 65535, got {int(match[3])}"
    if not match[3] and PORT in table.command:
        return "expected a port, since 'command' has '{port}'"
    return ""


def _is_url_host(text: str) -> bool:
    if not text.startswith("["):
        return names.is_host(text)
    try:
        IPv6Address(text.strip("[]"))
    except AddressValueError:
        return False
    return "%" not in text
