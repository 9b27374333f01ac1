"""Parts of an object that are kept without the whole: which, whether they belong together, what they cover.

Sources: `spec/http-caching.md` §13.3, §13.4; `spec/cloudfront.md` §4.6.
"""

from typing import Final

from edgerun.cache.entry import CacheKey
from edgerun.http import fields
from edgerun.http.fields import ContentRange
from edgerun.http.headers import Headers
from edgerun.http.message import Response
from edgerun.values import value

MOST: Final = 1_000
"""Parts kept of one object; the oldest leave first."""

Stretch = tuple[int, int]
"""(start, stop), stop exclusive."""


def part_of(response: Response) -> ContentRange | None:
    """Return which part of an object a response is, or None if it is none that can be kept.

    It has to be a 206 with one valid `Content-Range` and a body of that length (§13.3). A multipart says its
    ranges in its body, and is not kept.
    """
    told = _told(response)
    return told if told is not None and response.body.length == told.last - told.first + 1 else None


def contradicts_itself(response: Response) -> bool:
    """Tell whether a 206 has a body of another length than its `Content-Range` says."""
    told, length = _told(response), response.body.length
    return told is not None and length is not None and length != told.last - told.first + 1


def _told(response: Response) -> ContentRange | None:
    values = response.headers.get_all(b"content-range") if response.status == 206 else ()
    return fields.content_range(values[0]) if len(values) == 1 else None


def belong_together(one: Headers, other: Headers) -> bool:
    """Tell whether two parts have the same strong validator (§13.4, RFC 9110 §8.8).

    A `Last-Modified` is strong when its response was sent at least a second later, and counts only where
    neither has an entity tag.
    """
    tags = one.get(b"etag"), other.get(b"etag")
    if tags[0] is not None and tags[1] is not None:
        return fields.strong_match(tags[0], tags[1])
    if tags != (None, None):
        return False
    modified = _strong_date(one)
    return modified is not None and modified == _strong_date(other)


def _strong_date(headers: Headers) -> float | None:
    modified, date = (fields.parse_date(headers.get(name) or b"") for name in (b"last-modified", b"date"))
    return modified if modified is not None and date is not None and date >= modified + 1 else None


@value
class Parts:
    """Which stretches of one object are kept.

    Attributes:
        kept: in the order in which they came; of bytes that two of them hold, the later ones count.
        length: of the whole object, None as long as no part has told it.
    """

    kept: tuple[Stretch, ...] = ()
    length: int | None = None

    def plus(self, part: Stretch, length: int | None) -> "Parts":
        """Return these and one more; those that lie wholly within it are not needed any more."""
        left = [(start, stop) for start, stop in self.kept if start < part[0] or part[1] < stop]
        return Parts(kept=(*left, part)[-MOST:], length=self.length if length is None else length)

    def agree(self, length: int | None) -> bool:
        """Tell whether a part of an object of this length can be one of these."""
        return length is None or self.length is None or length == self.length

    def cover(self, start: int, stop: int) -> list[tuple[Stretch, int, int]] | None:
        """Return what of which part makes up a stretch: (part, start, stop) in order; None if something is missing."""
        found: list[tuple[Stretch, int, int]] = []
        missing = [(start, stop)]
        for part in reversed(self.kept):
            left: list[Stretch] = []
            for first, last in missing:
                begin, end = max(first, part[0]), min(last, part[1])
                if begin >= end:
                    left.append((first, last))
                    continue
                found.append((part, begin, end))
                left += [gap for gap in ((first, begin), (end, last)) if gap[0] < gap[1]]
            missing = left
            if not missing:
                return sorted(found, key=lambda piece: piece[1])
        return None

    @property
    def complete(self) -> bool:
        """Whether together they are the whole object."""
        return self.length is not None and self.cover(0, self.length) is not None

    def written(self) -> bytes:
        """Return this as text: `0-100 200-300/1000`, stops exclusive."""
        kept = b" ".join(b"%d-%d" % part for part in self.kept)
        return kept + b"/" + (b"*" if self.length is None else b"%d" % self.length)


def read_parts(text: bytes) -> Parts:
    """Return what `Parts.written` wrote."""
    kept, _, length = text.partition(b"/")
    pairs = [part.partition(b"-") for part in kept.split()]
    stretches = tuple((int(start), int(stop)) for start, _, stop in pairs)
    return Parts(kept=stretches, length=None if length == b"*" else int(length))


def list_key(key: CacheKey) -> CacheKey:
    """Return where the list of an object's parts is kept, given where the whole would be."""
    return CacheKey(key[0], "PARTS", *key[2:])


def part_key(key: CacheKey, part: Stretch) -> CacheKey:
    """Return where one part of an object is kept."""
    return key._replace(method=f"PART {part[0]}-{part[1]}")
