"""What a standard leaves open, and operators expect to choose."""

from typing import Final, Literal

from edgerun.values import value


@value
class Rfc9111:
    """What RFC 9111 leaves to a cache, and operators expect to choose.

    Attributes:
        targeted_fields: fields of a response that replace `Cache-Control` for this cache, in lower case, the
            first one first (RFC 9213).
        default_ttl: seconds of freshness for what says nothing; None: none, or a guess.
        max_stale: seconds beyond its lifetime for which a response is served when there is no origin.
        request_directives: whether `Cache-Control` of requests counts.
        set_cookie: `keep` it in stored responses, `strip` it from them, or store none that has it.
        stale_beside_s_maxage: whether `stale-while-revalidate` and `stale-if-error` count beside `s-maxage`,
            which alone forbids stale use.
    """

    targeted_fields: tuple[bytes, ...] = (b"cdn-cache-control",)
    default_ttl: float | None = None
    max_stale: float = 86_400.0
    request_directives: bool = True
    set_cookie: Literal["keep", "strip", "no-store"] = "keep"
    stale_beside_s_maxage: bool = True


STANDARD: Final = Rfc9111()
