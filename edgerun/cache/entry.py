"""What the cache keeps of one object."""

from typing import Final, NamedTuple

from edgerun.cache.record import Reckoned, Steps
from edgerun.http.headers import Headers
from edgerun.http.message import Body
from edgerun.values import value

FORMAT_VERSION: Final = 2
OVERHEAD: Final = 1_024
"""Bytes that an entry takes beside its texts, as measured: values, keys, indexes, and what the allocator adds."""


class CacheKey(NamedTuple):
    """What two requests must share to share an object.

    `method` is "GET" for what GET and HEAD share, "HEAD" for the head alone, "OPTIONS" for itself; for parts
    of an object see `parts.py`.
    `headers` are (lower-case name, values) in name order; absent parts are None or empty.
    """

    distribution: str
    method: str
    path: bytes
    query: bytes | None = None
    headers: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()
    cookies: bytes | None = None
    encoding: bytes | None = None

    @property
    def uri(self) -> bytes:
        """Path and keyed query: what an invalidation path is compared with."""
        return self.path if self.query is None else self.path + b"?" + self.query

    @property
    def parts(self) -> Steps:
        """What it is made of, part by part, for people."""
        named: list[tuple[str, bytes | None]] = [
            ("path", self.path),
            ("query", self.query),
            *((name.decode("latin-1"), b", ".join(values)) for name, values in self.headers),
            ("cookies", self.cookies),
            ("encoding", self.encoding),
        ]
        first = (Reckoned("distribution", self.distribution), Reckoned("method", self.method))
        return first + tuple(Reckoned(name, text.decode("latin-1")) for name, text in named if text is not None)


@value
class Entry:
    """A stored response with everything needed to judge and send it.

    Attributes:
        key: what it is stored under.
        requested_uri: path and query as the viewer asked for them, before functions.
        status, reason, headers: the head as stored, after origin-response; no hop-by-hop lines.
        body: readable many times.
        origin_status: what the origin answered, before functions; decides on viewer-response.
        request_time, response_time: seconds since the epoch, around the exchange that last validated it.
        lifetime: seconds it is fresh for, from when it was made.
        initial_age: seconds old it was already at `response_time`.
        stale_while_revalidate, stale_if_error: seconds beyond the lifetime; None when the origin said nothing.
        max_stale_at: after this moment it is not served stale at all.
        retry_at: until then a stale copy is served without asking a failing origin again.
        must_validate: each use has to be confirmed by the origin.
        never_stale: once expired it is not served, whatever happens.
        withheld: names, in lower case, of lines that only a confirmed answer shows.
        generated: an origin-request function made it.
        compressed: by us, on its way into the cache.
        stored_by: id of the request that brought it or last confirmed it.
        reckoned: how its lifetime was found.
        tags: for invalidation by tag.
        generation: the store's generation when its fetch began.
        version: of this record's format.
    """

    key: CacheKey
    requested_uri: bytes
    status: int
    reason: bytes
    headers: Headers
    body: Body
    origin_status: int
    request_time: float
    response_time: float
    lifetime: float
    stale_while_revalidate: float | None = None
    stale_if_error: float | None = None
    max_stale_at: float = 0.0
    retry_at: float = 0.0
    initial_age: float = 0.0
    must_validate: bool = False
    never_stale: bool = False
    withheld: tuple[bytes, ...] = ()
    generated: bool = False
    compressed: bool = False
    stored_by: str = ""
    reckoned: Steps = ()
    tags: tuple[str, ...] = ()
    generation: int = 0
    version: int = FORMAT_VERSION

    @property
    def expires_at(self) -> float:
        """When it stops being fresh."""
        return self.response_time + self.lifetime - self.initial_age

    def age(self, now: float) -> int:
        """Whole seconds since it was made, stored or last confirmed, never negative."""
        return max(0, int(self.initial_age + now - self.response_time))

    @property
    def size(self) -> int:
        """Bytes it is counted as: body, head, key and a flat overhead."""
        size = (self.body.length or 0) + len(self.headers.block) + OVERHEAD
        size += len(self.key.uri) + len(self.requested_uri)
        if self.key.cookies is not None:
            size += len(self.key.cookies)
        for name, values in self.key.headers:
            size += len(name) + sum(map(len, values))
        return size + sum(map(len, self.tags)) if self.tags else size
