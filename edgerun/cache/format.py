"""An entry as bytes, for stores outside the process: a fixed head, the texts, the header block as it is sent, the body.

A body that is kept elsewhere is told by its place and length. Records of another version are told apart and
never guessed at: a cache can be filled anew.
"""

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from struct import error as StructError  # noqa: N812  # an exception's name
from typing import Final, NamedTuple

from edgerun.cache.entry import FORMAT_VERSION, CacheKey, Entry
from edgerun.cache.record import Steps, from_plain, plain
from edgerun.http.headers import Headers
from edgerun.http.message import Body, BytesBody
from edgerun.http.packed import packed

BodyAt = Callable[[bytes, int], Body]

_VERSION: Final = Struct("<H")
_TIMES: Final = 8
_PARTS: Final = 15
# Version, status, origin's status, flags, generation, body's length, times, lengths of the parts.
_FIXED: Final = Struct(f"<HHHHQQ{_TIMES}d{_PARTS}I")
_LENGTH: Final = Struct("<I")
_WHILE_REVALIDATE, _IF_ERROR, _GENERATED, _COMPRESSED, _MUST_VALIDATE, _NEVER_STALE = (1 << bit for bit in range(6))
_QUERY, _COOKIES, _ENCODING, _ELSEWHERE = (1 << bit for bit in range(6, 10))


class FormatError(ValueError):
    """These bytes are no entry, or an entry cannot be told in bytes."""


class OtherVersionError(FormatError):
    """An entry of another version of the format."""


class Names(NamedTuple):
    """By what an invalidation finds an entry, and the generation it was kept at."""

    distribution: str
    uri: bytes
    requested_uri: bytes
    tags: tuple[str, ...]
    generation: int


def digest(key: CacheKey) -> bytes:
    """Return 16 bytes that stand for a key; entries carry the whole key, so that a collision is a miss."""
    parts = (
        *(key.distribution.encode(), key.method.encode(), key.path, _packed_headers(key)),
        *(b"-" if part is None else b"+" + part for part in (key.query, key.cookies, key.encoding)),
    )
    return blake2b(_packed(parts), digest_size=16).digest()


def encode(entry: Entry, *, generation: int, place: bytes | None = None) -> bytes:
    """Return an entry as bytes.

    Args:
        entry: complete; its body is in memory, or kept at `place`.
        generation: up to which it was held against invalidations.
        place: where the body is, for whoever decodes; None puts the body into the record.

    Raises:
        FormatError: a header that could not be read back.
    """
    key, length = entry.key, entry.body.length
    body = b"" if place is not None else entry.body.data
    if body is None or length is None or any(b": " in name or name[-1:] == b":" for name, _ in entry.headers):
        raise FormatError("a body that is not in memory, or a colon in a header's name")
    try:
        block = entry.headers.block
    except ValueError as error:
        raise FormatError(str(error)) from error
    flags = (
        (entry.stale_while_revalidate is not None) * _WHILE_REVALIDATE
        + (entry.stale_if_error is not None) * _IF_ERROR
        + entry.generated * _GENERATED
        + entry.compressed * _COMPRESSED
        + entry.must_validate * _MUST_VALIDATE
        + entry.never_stale * _NEVER_STALE
        + (key.query is not None) * _QUERY
        + (key.cookies is not None) * _COOKIES
        + (key.encoding is not None) * _ENCODING
        + (place is not None) * _ELSEWHERE
    )
    parts = (
        *(key.path, key.query or b"", entry.requested_uri, ",".join(entry.tags).encode()),
        *(key.distribution.encode(), key.method.encode(), key.cookies or b"", key.encoding or b""),
        *(_packed_headers(key), _packed(entry.withheld), entry.stored_by.encode(), _written(entry.reckoned)),
        *(entry.reason, block, place or b""),
    )
    fixed = _FIXED.pack(
        *(entry.version, entry.status, entry.origin_status, flags, generation, length),
        *(entry.request_time, entry.response_time, entry.lifetime),
        *(entry.stale_while_revalidate or 0.0, entry.stale_if_error or 0.0, entry.max_stale_at, entry.retry_at),
        entry.initial_age,
        *map(len, parts),
    )
    return b"".join((fixed, *parts, body))


def decode(record: bytes | memoryview, body_at: BodyAt) -> Entry:
    """Return the entry that a record holds; nothing in it refers to the record's memory.

    Args:
        record: what `encode` made.
        body_at: makes the body from its place and length, for those that are kept elsewhere.

    Raises:
        OtherVersionError: it was written by another version of edgerun.
        FormatError: it is no record, or not a whole one.
    """
    values, ends = _measured(record)
    if ends[-1] > len(record):
        raise FormatError("this entry breaks off")
    head = bytes(record[: ends[-1]])
    parts = [head[start:end] for start, end in zip((_FIXED.size, *ends), ends, strict=False)]
    path, query, requested_uri, tags, distribution, method, cookies, encoding, named, *more = parts
    withheld, stored_by, reckoned, reason, block, place = more
    version, status, origin_status, flags, generation, length = values[:6]
    if flags & _ELSEWHERE:
        body = body_at(place, length)
    else:
        body = BytesBody(bytes(record[ends[-1] :]))
        if len(body.data) != length:
            raise FormatError(f"a body of {len(body.data)} bytes, {length} were kept")
    try:
        return Entry(
            key=CacheKey(
                distribution.decode(),
                method.decode(),
                path,
                query if flags & _QUERY else None,
                _unpacked_headers(named) if named else (),
                cookies if flags & _COOKIES else None,
                encoding if flags & _ENCODING else None,
            ),
            requested_uri=requested_uri,
            status=status,
            reason=reason,
            headers=packed(Headers.of_block(block)),
            body=body,
            origin_status=origin_status,
            request_time=values[6],
            response_time=values[7],
            lifetime=values[8],
            stale_while_revalidate=values[9] if flags & _WHILE_REVALIDATE else None,
            stale_if_error=values[10] if flags & _IF_ERROR else None,
            max_stale_at=values[11],
            retry_at=values[12],
            initial_age=values[13],
            generated=bool(flags & _GENERATED),
            compressed=bool(flags & _COMPRESSED),
            must_validate=bool(flags & _MUST_VALIDATE),
            never_stale=bool(flags & _NEVER_STALE),
            withheld=tuple(_unpacked(withheld)) if withheld else (),
            stored_by=stored_by.decode(),
            reckoned=_reckoned(reckoned),
            tags=_tags(tags),
            generation=generation,
            version=version,
        )
    except (ValueError, TypeError, RecursionError, StructError) as error:
        raise FormatError(str(error)) from error


def front(record: bytes) -> bytes:
    """Return as much of a record as `names` needs."""
    return record[: _measured(record)[1][4]]


def names(record: bytes | memoryview) -> Names:
    """Return by what an invalidation finds the entry of a record, or of its front, without decoding the rest.

    Raises:
        FormatError: as `decode`.
    """
    values, ends = _measured(record)
    if ends[4] > len(record):
        raise FormatError("this entry breaks off")
    head = bytes(record[_FIXED.size : ends[4]])
    path, query, requested, tags = (end - _FIXED.size for end in ends[:4])
    uri = head[:path] + b"?" + head[path:query] if values[3] & _QUERY else head[:path]
    try:
        return Names(head[tags:].decode(), uri, head[query:requested], _tags(head[requested:tags]), values[4])
    except ValueError as error:
        raise FormatError(str(error)) from error


def _measured(record: bytes | memoryview) -> tuple[tuple[int, ...], list[int]]:
    """Return the fixed values of a record, and where each of its parts ends."""
    try:
        (version,) = _VERSION.unpack_from(record)
        if version != FORMAT_VERSION:
            raise OtherVersionError(f"an entry of version {version}, this is {FORMAT_VERSION}")
        values = _FIXED.unpack_from(record)
    except StructError as error:
        raise FormatError("too short for an entry") from error
    end, ends = _FIXED.size, []
    for length in values[-_PARTS:]:
        end += length
        ends.append(end)
    return values, ends


@lru_cache(maxsize=1024)
def _written(steps: Steps) -> bytes:
    return json.dumps(plain(steps), separators=(",", ":")).encode() if steps else b""


@lru_cache(maxsize=1024)  # most objects of one site are judged alike
def _reckoned(text: bytes) -> Steps:
    rows = json.loads(text) if text else []
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise FormatError("no steps")
    return from_plain(rows)


def _tags(text: bytes) -> tuple[str, ...]:
    return tuple(text.decode().split(",")) if text else ()


def _packed(parts: Iterable[bytes]) -> bytes:
    return b"".join([piece for part in parts for piece in (_LENGTH.pack(len(part)), part)])


def _unpacked(packed: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size + length
        parts.append(packed[at - length : at])
    if at > len(packed):
        raise FormatError("this key breaks off")
    return parts


def _packed_headers(key: CacheKey) -> bytes:
    return _packed(piece for name, values in key.headers for piece in (name, _packed(values))) if key.headers else b""


def _unpacked_headers(packed: bytes) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    pieces = iter(_unpacked(packed))
    return tuple((name, tuple(_unpacked(values))) for name, values in zip(pieces, pieces, strict=True))
