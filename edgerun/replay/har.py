"""HAR 1.2: records for other tools, and other tools' recordings as records.

What HAR has no word for stands in `_edgerun` of each entry, so that a record comes back as it was.
"""

import base64
import gzip
import json
import zlib
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from edgerun import __version__
from edgerun.observe.shape import misfit
from edgerun.observe.traces import TraceError

Record = dict[str, Any]
Tell = Any

OWN: Final = "_edgerun"
UNKNOWN: Final = -1


def har(records: list[Record]) -> dict[str, Any]:
    """Return records as one HAR file."""
    creator = {"name": "edgerun", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": [_entry(each) for each in records]}}


def _entry(record: Record) -> dict[str, Any]:
    first = record.get("time_to_first_byte") or record.get("time_taken") or 0.0
    whole = max(record.get("time_taken") or 0.0, first)
    wait, receive = round(first * 1000, 3), round((whole - first) * 1000, 3)
    own = {name: each for name, each in record.items() if name not in {"request", "response"}}
    for side in ("request", "response"):
        own[side] = {"body": {name: told for name, told in record[side]["body"].items() if name != "data"}}
    return {
        "startedDateTime": datetime.fromtimestamp(record["at"], UTC).isoformat(timespec="milliseconds"),
        "time": round(wait + receive, 3),
        "request": _request(record),
        "response": _response(record),
        "cache": {},
        "timings": {
            **dict.fromkeys(("blocked", "dns", "connect", "ssl"), UNKNOWN),
            "send": 0,
            "wait": wait,
            "receive": receive,
        },
        "connection": str(record.get("client_port") or ""),
        OWN: own,
    }


def _request(record: Record) -> dict[str, Any]:
    headers, body = record["request"]["headers"], record["request"]["body"]
    told = {
        "method": record["method"],
        "url": _url(record),
        "httpVersion": f"HTTP/{record.get('http_version') or '1.1'}",
        "cookies": _cookies(headers),
        "headers": _headers(headers),
        "queryString": _pairs(record["query"] or ""),
        "headersSize": UNKNOWN,
        "bodySize": body["size"],
    }
    if body["size"]:
        told["postData"] = {"mimeType": _one(headers, "content-type"), "params": [], **_text(body)}
    return told


def _response(record: Record) -> dict[str, Any]:
    headers, body, status = record["response"]["headers"], record["response"]["body"], record["status"]
    content = {"size": body["size"], "mimeType": _one(headers, "content-type"), **_text(body)}
    return {
        "status": status,
        "statusText": HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "",
        "httpVersion": f"HTTP/{record.get('http_version') or '1.1'}",
        "cookies": [],
        "headers": _headers(headers),
        "content": content,
        "redirectURL": _one(headers, "location"),
        "headersSize": UNKNOWN,
        "bodySize": body["size"],
    }


def _url(record: Record) -> str:
    query = "" if record["query"] is None else f"?{record['query']}"
    return f"{record['scheme']}://{record['host']}{record['path']}{query}"


def _text(body: Record) -> dict[str, str]:
    """Return a body, as far as it is kept: as text if it is some, else as base64."""
    data = base64.b64decode(body["data"])
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": body["data"], "encoding": "base64"}


def _headers(lines: list[list[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in lines]


def _pairs(query: str) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in parse_qsl(query, keep_blank_values=True)]


def _cookies(lines: list[list[str]]) -> list[dict[str, str]]:
    texts = [text for name, text in lines if name.lower() == "cookie"]
    crumbs = [part.strip().partition("=") for text in texts for part in text.split(";")]
    return [{"name": name, "value": content} for name, _, content in crumbs if name]


def _one(lines: list[list[str]], wanted: str) -> str:
    return next((text for name, text in lines if name.lower() == wanted), "")


# ---------------------------------------------------------------------------------- reading


def read_har(path: Path, tell: Tell) -> list[Record]:
    """Return the requests of a HAR file as records, in order.

    Args:
        path: the file.
        tell: is told of each entry that cannot be used, with its place; the rest is.

    Raises:
        TraceError: the file cannot be read as HAR.
    """
    try:
        given = json.loads(_plain(path.read_bytes()))
        entries = given["log"]["entries"]
        if not isinstance(entries, list):
            raise TypeError("log.entries is no list")
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError, EOFError, zlib.error) as error:
        raise TraceError(f"{path}: expected HAR 1.2, JSON with log.entries: {error}") from error
    records = []
    for n, entry in enumerate(entries):
        try:
            record = _record(entry, n + 1)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            tell(f"{path}, log.entries[{n}]: {type(error).__name__}: {error}; it is skipped")
            continue
        if wrong := misfit(record):
            tell(f"{path}, log.entries[{n}]: {wrong}; it is skipped")
        else:
            records.append(record)
    return sorted(records, key=lambda record: record["at"])


def _plain(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _record(entry: dict[str, Any], number: int) -> Record:
    request, response = entry["request"], entry["response"]
    url = urlsplit(request["url"])
    own = entry.get(OWN) or {}
    record: Record = {
        "id": f"har-{number}",
        "number": number,
        "at": datetime.fromisoformat(entry["startedDateTime"]).timestamp(),
        "method": request["method"],
        "scheme": url.scheme,
        "host": url.netloc,
        "path": url.path or "/",
        "query": url.query if "?" in request["url"] else None,
        "client": "127.0.0.1",
        "client_port": 0,
        "http_version": "2.0" if "2" in request.get("httpVersion", "").partition("/")[2][:1] else "1.1",
        "status": int(response["status"]),
        "result_type": None,
        "stages": [],
        "cache": None,
        "origin": [],
        "logs": [],
        "warnings": [],
        "foreign": not own,
        **{name: told for name, told in own.items() if name not in {"request", "response"}},
    }
    post, content = request.get("postData") or {}, response.get("content") or {}
    record["request"] = {
        "headers": [[each["name"], each["value"]] for each in request["headers"] if not each["name"].startswith(":")],
        "body": _body(post, (own.get("request") or {}).get("body"), known=True),
    }
    record["response"] = {
        "status": record["status"],
        "headers": [[each["name"], each["value"]] for each in response["headers"] if not each["name"].startswith(":")],
        "body": _body(content, (own.get("response") or {}).get("body"), known="text" in content),
    }
    if not any(name.lower() == "host" for name, _ in record["request"]["headers"]):
        record["request"]["headers"].insert(0, ["Host", record["host"]])
    return record


def _body(given: dict[str, Any], own: Record | None, *, known: bool) -> Record:
    text = given.get("text") or ""
    data = base64.b64decode(text) if given.get("encoding") == "base64" else text.encode()
    told = {"sha256": sha256(data).hexdigest(), "size": len(data), "data": base64.b64encode(data).decode()}
    return {**told, "complete": known, **(own or {})}
