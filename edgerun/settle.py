"""What becomes of an origin's answer: revalidated, replaced by a stale copy, kept, or only passed on."""

from typing import Final

from edgerun.cache.caching import Answer, Caching, Keep, Refuse
from edgerun.cache.compressed import CompressedBody
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.freshness import freshened, has_validator
from edgerun.cache.parts import part_of
from edgerun.cache.record import Case, Settled
from edgerun.distribution import forward
from edgerun.distribution.compression import compressed_head, encoding_for
from edgerun.distribution.select import forwards_cookies, pick_query
from edgerun.errors import OriginError
from edgerun.http.fields import cache_control, format_date
from edgerun.http.headers import Headers
from edgerun.http.message import Response
from edgerun.values import changed, value
from edgerun.visit import Errand, Fetched, Obtained, from_entry

BODILESS: Final = frozenset({204, 304})


@value
class Exchange:
    """One answer to an errand, origin functions included.

    Attributes:
        response: as origin-response left it, or as origin-request generated it, or CloudFront's error page.
        origin_status: before functions.
        detailed: the log's detailed result type, if the word does not say it.
        failure: why the origin gave no answer.
        generated: by origin-request.
        s3: the origin that answered is an S3 bucket, whichever was configured.
        began, ended: seconds since the epoch, when it was sent and when the head was in.
    """

    response: Response
    origin_status: int
    began: float
    ended: float
    detailed: str = ""
    failure: OriginError | None = None
    generated: bool = False
    s3: bool = False


def settle(errand: Errand, exchange: Exchange, caching: Caching) -> Fetched:
    """Decide what viewers get and what is stored (`spec/cloudfront.md` §3.3, §3.4, §5.1, §6).

    Args:
        errand: what was wanted; its stale object is used when the origin confirms it or fails.
        exchange: what came.
        caching: the authority over what may be kept.
    """
    stale = errand.stale
    if stale is not None:
        if exchange.origin_status == 304 and exchange.response.status == 304 and _asked(errand, stale):
            return _confirmed(errand, stale, exchange, caching)
        if exchange.origin_status >= 500 and caching.may_serve_on_error(stale, exchange.ended):
            return stale_instead(errand, stale, exchange.origin_status, exchange.ended)
    seen = forward.to_viewer(exchange.response, errand.behavior, format_date(exchange.ended), s3=exchange.s3)
    response = with_length(seen, errand.request.method)
    obtained = Obtained(
        response=response,
        word="Error" if response.status >= 400 else "Miss",
        detailed="MissGeneratedResponse" if exchange.generated and response.status < 400 else exchange.detailed,
        origin_status=exchange.origin_status,
    )
    entry, settled = _entry(errand, Case.NEW, response, exchange, caching)
    return Fetched(obtained=obtained, entry=entry, settled=settled)


def stale_instead(errand: Errand, stale: Entry, status: int, now: float) -> Fetched:
    """Serve an expired object because the origin failed, and leave it alone for the error's caching time."""
    retry_at = now + errand.distribution.error_caching_min_ttl(status)
    covering = changed(stale, retry_at=retry_at)
    settled = Settled(case=Case.COVERED, stored=True, steps=stale.reckoned, decision=errand.decision)
    return Fetched(obtained=from_entry(stale, stale.age(now)), entry=covering, settled=settled)


def with_status(fetched: Fetched, exchange: Exchange) -> Fetched:
    """Note what the origin answered, and for how long that is fresh (RFC 9211)."""
    if fetched.settled is None:
        return fetched
    entry, failed = fetched.entry, bool(exchange.detailed)
    settled = changed(
        fetched.settled,
        answered=0 if failed else exchange.origin_status,
        ttl=None if entry is None else entry.expires_at - exchange.ended,
        made=fetched.settled.case is not Case.COVERED and (exchange.generated or failed),
    )
    return changed(fetched, settled=settled)


def _asked(errand: Errand, stale: Entry) -> bool:
    """Tell whether a 304 answers our own condition: without one it is the viewer's, of some other copy."""
    return has_validator(stale.headers) and not forwards_cookies(errand.behavior)


def _confirmed(errand: Errand, stale: Entry, exchange: Exchange, caching: Caching) -> Fetched:
    """A 304: the stored object is fresh again, with the 304's headers over its own."""
    told = forward.to_viewer(exchange.response, errand.behavior, format_date(exchange.ended), s3=exchange.s3)
    headers = freshened(stale.headers, told.headers)
    if stale.compressed:  # the origin speaks of the object that it has
        headers = compressed_head(headers, stale.headers.get(b"content-encoding") or b"gzip")
    response = Response(status=stale.status, reason=stale.reason, headers=headers, body=stale.body)
    confirmed = changed(exchange, origin_status=stale.origin_status)
    obtained = Obtained(response=response, word="RefreshHit", origin_status=stale.origin_status, from_store=True)
    entry, settled = _entry(errand, Case.CONFIRMED, response, confirmed, caching)
    # A HEAD that was told "unchanged" confirms the whole object, not a head of its own.
    entry = None if entry is None else changed(entry, key=stale.key, compressed=stale.compressed)
    return Fetched(obtained=obtained, entry=entry, settled=settled)


def compressed(errand: Errand, fetched: Fetched, caching: Caching) -> Fetched:
    """Compress what enters the cache, if the behavior says so and it can be (`spec/cloudfront.md` §7).

    What is not kept is not compressed either, and what was kept before stays as it is.
    """
    entry, obtained = fetched.entry, fetched.obtained
    if entry is None or not errand.behavior.compress or not fetched.is_new(errand.stale):
        return fetched
    encoding = encoding_for(obtained.response, entry.key.encoding)
    if encoding is None or not caching.may_transform(entry.headers):
        return fetched
    body = CompressedBody(obtained.response.body, encoding)
    response = obtained.response.changed(headers=compressed_head(obtained.response.headers, encoding), body=body)
    kept = changed(entry, headers=compressed_head(entry.headers, encoding), body=body, compressed=True)
    return changed(fetched, obtained=obtained.changed(response=response), entry=kept)


def _entry(
    errand: Errand, case: Case, response: Response, exchange: Exchange, caching: Caching
) -> tuple[Entry | None, Settled]:
    """Return what to store, or None when the authority refuses, and how that came about."""
    if errand.key is None or _is_head_of(errand, response):
        reason = "the cache was passed by" if errand.key is None else "a mere head never replaces the whole object"
        return None, Settled(case=Case.PASSED_ON, reason=reason, decision=errand.decision)
    if not _is_asked_for(errand, response):
        reason = "a 206 that does not say which part it is, or that nobody asked for"
        return None, Settled(case=Case.PASSED_ON, reason=reason, decision=errand.decision)
    verdict = caching.judge(
        Answer(
            status=response.status,
            headers=response.headers,
            method=errand.request.method,
            s3=exchange.s3,
        ),
        errand.behavior.cache_policy,
        errand.distribution.error_caching_min_ttl(response.status),
        exchange.ended,
    )
    if isinstance(verdict, Refuse):
        case = Case.PASSED_ON if case is Case.NEW else case
        return None, Settled(case=case, reason=verdict.reason, steps=verdict.steps, decision=errand.decision)
    settled = Settled(case=case, stored=True, steps=verdict.steps, decision=errand.decision)
    return _kept(errand, errand.key, response, exchange, verdict), settled


def _kept(errand: Errand, key: CacheKey, response: Response, exchange: Exchange, verdict: Keep) -> Entry:
    return Entry(
        key=key,
        requested_uri=_requested_uri(errand),
        status=response.status,
        reason=response.reason,
        headers=response.headers.without(b"age", *_never_replayed(response.headers)),
        body=response.body,
        origin_status=exchange.origin_status,
        request_time=exchange.began,
        response_time=exchange.ended,
        lifetime=verdict.lifetime,
        stale_while_revalidate=verdict.stale_while_revalidate,
        stale_if_error=verdict.stale_if_error,
        max_stale_at=exchange.ended + verdict.max_stale,
        generated=exchange.generated,
        stored_by=errand.visit.id,
        reckoned=verdict.steps,
    )


def _is_head_of(errand: Errand, response: Response) -> bool:
    """Tell whether this is a mere head, asked for under the key of the whole object: it must not replace that."""
    whole = errand.stale is not None and response.body is errand.stale.body
    return errand.request.method == "HEAD" and errand.key is not None and errand.key.method == "GET" and not whole


def _is_asked_for(errand: Errand, response: Response) -> bool:
    """Tell whether a 206 is a part that may be kept: one that was asked for, and that says which it is."""
    return response.status != 206 or (b"range" in errand.request.headers and part_of(response) is not None)


def _requested_uri(errand: Errand) -> bytes:
    """Return what the viewer asked for, with the query as it is cached (§8.1)."""
    asked = errand.visit.request
    return asked.changed(query=pick_query(asked.query, errand.behavior.cache_policy.query_strings)).target


def _never_replayed(headers: Headers) -> frozenset[bytes]:
    """Return the one header that `no-cache="Set-Cookie"` keeps out of the cache (§3.1)."""
    control = cache_control(headers.get_all(b"cache-control"))
    return frozenset({b"set-cookie"}).intersection(control.no_cache_fields)


def with_length(response: Response, method: str) -> Response:
    """Make Content-Length agree with the body: replaced, added, or left out when the length is unknown.

    An answer to HEAD keeps what the origin said, unless a function made a body for it.
    """
    length = response.body.length
    if response.status in BODILESS or (method == "HEAD" and not length):
        return response
    headers = response.headers
    if length is None:
        return (
            response
            if b"content-length" not in headers
            else response.changed(headers=headers.without(b"content-length"))
        )
    return response.changed(headers=_lengthened(headers, b"%d" % length))


def _lengthened(headers: Headers, length: bytes) -> Headers:
    said = headers.get_all(b"content-length")
    if said == (length,):
        return headers
    return headers.replaced(b"Content-Length", length) if said else headers.plus((b"Content-Length", length))
