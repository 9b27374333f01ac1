"""A directory that answers as an S3 bucket: its REST endpoint, or its website endpoint."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qs, quote, unquote_to_bytes

from edgerun.errors import ConfigError
from edgerun.http.message import NO_BODY, OnInterim, Request, Response
from edgerun.origins import s3_pages
from edgerun.origins.files import Unavailable
from edgerun.origins.objects import MOST_KEYS, Objects, StoredObject
from edgerun.origins.s3_answers import (
    REDIRECT,
    Exchange,
    begin,
    document_answer,
    html_answer,
    object_answer,
    page_answer,
    redirect_answer,
    xml_answer,
)
from edgerun.origins.s3_pages import Fault

_BAD_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PATH_PLAIN: Final = "/!$&'()*+,;=:@~"

Answer = TypeVar("Answer", Response, Response | Fault)


class DirectoryOrigin:
    """An origin whose objects are the files of a directory.

    A file's path below the root is its key. Keys are opaque, as on S3: `a/../b`, `a//b` and `folder/` name
    no file. Links are followed as long as they stay inside the root. Metadata comes from the sidecar file
    (`edgerun.origins.metadata`).

    Source: cloudfront.md §13.2 (REST), §13.3 (website).
    """

    def __init__(
        self,
        root: Path | str,
        *,
        list_bucket: bool = False,
        website: bool = False,
        index_document: str = "index.html",
        error_document: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take a directory as a bucket.

        Args:
            root: the directory.
            list_bucket: whether missing keys may be told from forbidden ones: 404 rather than 403, and a
                listing at `/`. False is what a private bucket behind CloudFront does.
            website: answer as the website endpoint does, with index documents and HTML errors.
            index_document: the website's file name for a folder.
            error_document: the key of the website's page for 4xx answers.
            clock: the time in seconds since the epoch.

        Raises:
            ConfigError: the root is no directory, or its metadata file cannot be used.
        """
        self._path = Path(root)
        if not self._path.is_dir():
            raise ConfigError(f"{self._path}: not a directory")
        self._objects = Objects(self._path, clock)
        self._list_bucket = list_bucket
        self._website = website
        self._index = index_document.encode()
        self._error_document = error_document.encode() if error_document else None
        self._clock = clock

    @property
    def problem(self) -> str | None:
        """Why the metadata file as last saved cannot be used, while the one before still is; else None."""
        return self._objects.metadata.problem

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        """Return the bucket's answer; it never raises an `OriginError`, only its body may while it is read.

        Args:
            request: its path is the percent-encoded key after a slash.
            on_interim: never called.
        """
        exchange = begin(request, self._clock())
        return await (self._from_website(exchange) if self._website else self._from_rest(exchange))

    async def resolve(self) -> None:
        """Return at once: a directory has no name to resolve."""

    async def aclose(self) -> None:
        self._objects.forget()

    def __repr__(self) -> str:
        return f"DirectoryOrigin({str(self._path)!r})"

    async def _from_rest(self, exchange: Exchange) -> Response:
        key = _key(exchange.request)
        if key == b"":
            return await self._bucket(exchange)
        answer = key if isinstance(key, Fault) else await self._object(exchange, key)
        return xml_answer(exchange, answer) if isinstance(answer, Fault) else answer

    async def _bucket(self, exchange: Exchange) -> Response:
        if not self._list_bucket:
            return xml_answer(exchange, s3_pages.ACCESS_DENIED)
        query = parse_qs((exchange.request.query or b"").decode("latin-1"), encoding="latin-1")
        prefix = query.get("prefix", [""])[0].encode("latin-1")
        keys = await self._objects.first_keys(prefix)
        page = s3_pages.xml_listing(
            self._path.absolute().name,
            prefix.decode(errors="replace"),
            [(item.key.decode(), _iso(item.modified), item.size) for item in keys[:MOST_KEYS]],
            limit=MOST_KEYS,
            truncated=len(keys) > MOST_KEYS,
        )
        return page_answer(exchange, 200, page, b"application/xml")

    async def _object(self, exchange: Exchange, key: bytes) -> Response | Fault:
        found = await self._objects.get(key)
        if isinstance(found, Unavailable):
            return self._unavailable(key, found)
        return await _closed_unless_sent(found, object_answer(exchange, found))

    async def _from_website(self, exchange: Exchange) -> Response:
        key = _key(exchange.request)
        if isinstance(key, Fault):
            return html_answer(exchange, key)
        answer = await self._page(exchange, key)
        return await self._told(exchange, answer) if isinstance(answer, Fault) else answer

    async def _page(self, exchange: Exchange, key: bytes) -> Response | Fault:
        folder = not key or key.endswith(b"/")
        found = await self._objects.get(key + self._index if folder else key)
        if isinstance(found, StoredObject):
            location = found.metadata.get(REDIRECT)
            answer = object_answer(exchange, found) if location is None else redirect_answer(exchange, location)
            return await _closed_unless_sent(found, answer)
        if folder:
            return self._unavailable(key + self._index, found)
        if found is Unavailable.MISSING and self._objects.has(key + b"/" + self._index):
            return s3_pages.found_at(b"/" + quote(key, safe=_PATH_PLAIN).encode() + b"/")
        return self._unavailable(key, found)

    async def _told(self, exchange: Exchange, fault: Fault) -> Response:
        """Return a fault as a page of the site: its error document for 4xx, else the built-in one."""
        if self._error_document is None or not 400 <= fault.status < 500:
            return html_answer(exchange, fault)
        document = await self._objects.get(self._error_document)
        if isinstance(document, Unavailable):
            return html_answer(exchange, fault, document=self._unavailable(self._error_document, document))
        return await _closed_unless_sent(document, document_answer(exchange, document, fault))

    def _unavailable(self, key: bytes, why: Unavailable) -> Fault:
        if why is Unavailable.FAILED:
            return s3_pages.INTERNAL_ERROR
        missing = why is Unavailable.MISSING and self._list_bucket
        return s3_pages.no_such_key(key) if missing else s3_pages.ACCESS_DENIED


def _key(request: Request) -> bytes | Fault:
    """Return the key a GET or HEAD asks for, or why it cannot have one."""
    if request.method == "OPTIONS":
        return s3_pages.CORS_DISABLED
    if request.method not in {"GET", "HEAD"}:
        return s3_pages.method_not_allowed(request.method)
    return (
        s3_pages.INVALID_URI if _BAD_PERCENT.search(request.path) else unquote_to_bytes(request.path.removeprefix(b"/"))
    )


async def _closed_unless_sent(found: StoredObject, answer: Answer) -> Answer:
    if isinstance(answer, Fault) or answer.body is NO_BODY:
        await found.body.aclose()
    return answer


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
