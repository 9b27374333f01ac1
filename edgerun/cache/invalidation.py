"""Which objects an invalidation path means (`spec/cloudfront.md` §8.1)."""

from edgerun.cache.entry import Entry


def matches(pattern: bytes, entry: Entry) -> bool:
    """Tell whether an invalidation path covers an entry.

    `*` is a wildcard only as the last character. The object's own URI counts, and the one the viewer asked
    for before a function rewrote it. Without a query in the pattern the path alone must be equal, and the
    object must be stored without a query.
    """
    return covers(pattern, entry.key.uri) or covers(pattern, entry.requested_uri)


def covers(pattern: bytes, uri: bytes) -> bool:
    """Tell whether an invalidation path covers a URI (path and stored query)."""
    if pattern.endswith(b"*"):
        return uri.startswith(pattern[:-1])
    return uri == pattern
