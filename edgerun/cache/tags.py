"""Cache tags: the words by which an origin lets objects be invalidated together (`spec/cloudfront.md` §8.4)."""

from collections.abc import Iterable
from typing import Final

from edgerun.http.headers import Headers

# CloudFront's own, and the names under which other CDNs and frameworks send them.
TAG_HEADERS: Final = (b"x-amz-meta-cache-tag", b"cache-tag", b"surrogate-key")
SPACED: Final = b"surrogate-key"
MOST_TAGS: Final = 50
LONGEST_TAG: Final = 256


def is_tag(text: str) -> bool:
    """Tell whether a text can be a tag: ASCII 33 to 126 without a comma, 256 characters at most."""
    return 0 < len(text) <= LONGEST_TAG and all("!" <= character <= "~" and character != "," for character in text)


def cache_tags(headers: Headers, names: Iterable[bytes]) -> tuple[str, ...]:
    """Return the tags of a response in lower case, each once, the first 50.

    Args:
        headers: of the response; what is no tag in them is left out.
        names: of the headers that carry tags, in lower case. `Surrogate-Key` separates them by spaces, as it
            does everywhere, all others by commas.
    """
    found: dict[str, None] = {}
    for name in names:
        for line in headers.get_all(name):
            for word in line.split() if name == SPACED else line.split(b","):
                tag = word.strip(b" \t").decode("latin-1").lower()
                if is_tag(tag):
                    found[tag] = None
    return tuple(found)[:MOST_TAGS]
