"""What becomes of an origin's answer: revalidated, replaced by a stale copy, kept, or only passed on."""

from typing import Final

from edgerun.cache.caching import Answer, Caching, Keep, Refuse
from edgerun.cache.compressed import CompressedBody
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.freshness import freshened
from edgerun.cache.parts import part_of
from edgerun.cache.record import Case, Reckoned, Settled
from edgerun.distribution.compression import compressed_head, encoding_for
from edgerun.distribution.select import pick_query
from edgerun.errors import OriginError
from edgerun.http.fields import entity_tags, weak_match
from edgerun.http.headers import Headers, Line
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
        asked: the conditions of our own that were put.
        detailed: the log's detailed result type, if the word does not say it.
        failure: why the origin gave no answer; the response is a page about that.
        generated: by origin-request.
        s3: the origin that answered is an S3 bucket, whichever was configured.
        began, ended: seconds since the epoch, when it was sent and when the head was in.
    """

    response: Response
    origin_status: int
    began: float
    ended: float
    asked: tuple[Line, ...] = ()
    detailed: str = ""
    failure: OriginError | None = None
    generated: bool = False
    s3: bool = False

    @property
    def failed(self) -> bool:
        """Whether the origin gave no answer."""
        return self.failure is not None


def settle(errand: Errand, exchange: Exchange, caching: Caching) -> Fetched | None:
    """Decide what viewers get and what is stored (`spec/cloudfront.md` §3.3, §3.4, §5.1, §6).

    Args:
        errand: what was wanted; its stale object is used when the origin confirms it or fails.
        exchange: what came.
        caching: the authority over what may be kept.

    Returns:
        What the errand brought; None when the answer is of no use and the origin has to be asked once more,
        without conditions.
    """
    stale = errand.stale
    if exchange.asked and exchange.origin_status == 304 and exchange.response.status == 304:
        told = caching.to_viewer(exchange.response, errand.behavior, exchange.ended, s3=exchange.s3)
        entry = _spoken_of(errand, told.headers, caching)
        if entry is not None:
            return _confirmed(errand, entry, told.headers, exchange, caching)
        if not _answers_the_viewer(errand, told.headers):
            return None
    elif stale is not None and exchange.origin_status >= 500 and not exchange.generated:
        status = 0 if exchange.failed else exchange.origin_status
        if caching.may_serve_on_error(stale, exchange.ended, status=status, wish=errand.wish):
            return stale_instead(errand, stale, exchange.origin_status, exchange.ended, caching)
    return _new(errand, exchange, caching)


def _new(errand: Errand, exchange: Exchange, caching: Caching) -> Fetched:
    """An answer as it came."""
    seen = caching.to_viewer(exchange.response, errand.behavior, exchange.ended, s3=exchange.s3)
    response = with_length(seen, errand.request.method)
    obtained = Obtained(
        response=response,
        word="Error" if response.status >= 400 else "Miss",
        detailed="MissGeneratedResponse" if exchange.generated and response.status < 400 else exchange.detailed,
        origin_status=exchange.origin_status,
    )
    if errand.request.method == "HEAD" and errand.stale is not None and errand.stale.key.method == "GET":
        compared = _compared(errand, errand.stale, response, exchange, caching)
        if compared is not None:
            return changed(compared, obtained=obtained)
    entry, settled = _entry(errand, Case.NEW, response, exchange, caching)
    # A failure leaves what is stored in its place, and is no news of it.
    if entry is not None and errand.stale is not None and caching.by_vary and response.status >= 500:
        entry, settled = None, changed(settled, stored=False, reason="a failure does not replace what is stored")
    shared = entry is not None and _shareable(errand, entry, exchange.ended, caching)
    return Fetched(obtained=obtained, entry=entry, settled=settled, shareable=shared, failed=exchange.failed)


def _shareable(errand: Errand, entry: Entry, now: float, caching: Caching) -> bool:
    return caching.may_share(entry, errand.request.headers, None, now, covers=False)


def stale_instead(errand: Errand, stale: Entry, status: int, now: float, caching: Caching) -> Fetched:
    """Serve an expired object because the origin failed, and leave it alone for the error's caching time."""
    covering = changed(stale, retry_at=caching.retry_at(now, errand.distribution.error_caching_min_ttl(status)))
    settled = Settled(case=Case.COVERED, stored=True, steps=stale.reckoned, decision=errand.decision)
    return Fetched(obtained=from_entry(stale, stale.age(now)), entry=covering, settled=settled, shareable=True)


def with_status(fetched: Fetched, exchange: Exchange) -> Fetched:
    """Note what the origin answered, and for how long that is fresh (RFC 9211)."""
    if fetched.settled is None:
        return fetched
    entry, failed = fetched.entry, exchange.failed
    settled = changed(
        fetched.settled,
        answered=0 if failed else exchange.origin_status,
        ttl=None if entry is None else entry.expires_at - exchange.ended,
        made=fetched.settled.case is not Case.COVERED and (exchange.generated or failed),
    )
    return changed(fetched, settled=settled)


def _spoken_of(errand: Errand, told: Headers, caching: Caching) -> Entry | None:
    """Return the stored object that a 304 confirms, the selected one before all others (http-caching.md §10.3)."""
    asked = [errand.stale] if errand.stale is not None else list(errand.others)
    viewers = _viewers_tags(errand)
    for entry in asked:
        others = [each for each in asked if each is not entry]
        # With the viewer's tags among ours, a 304 that names none may be about those.
        if caching.confirms(told, entry, others) and (b"etag" in told or not viewers or not caching.by_vary):
            return entry
    return None


def _answers_the_viewer(errand: Errand, told: Headers) -> bool:
    etag = told.get(b"etag")
    return etag is not None and any(weak_match(etag, tag) for tag in _viewers_tags(errand))


def _viewers_tags(errand: Errand) -> list[bytes]:
    return entity_tags(errand.request.headers.joined(b"if-none-match") or b"")


def _confirmed(errand: Errand, stale: Entry, told: Headers, exchange: Exchange, caching: Caching) -> Fetched:
    """A 304: the stored object is fresh again, with the 304's headers over its own."""
    headers = _updated(stale, told)
    response = Response(status=stale.status, reason=stale.reason, headers=headers, body=stale.body)
    confirmed = changed(exchange, origin_status=stale.origin_status)
    entry, settled = _entry(errand, Case.CONFIRMED, response, confirmed, caching)
    if entry is not None:
        # A HEAD that was told "unchanged" confirms the whole object, not a head of its own.
        key = stale.key if errand.stale is not None else entry.key
        entry = changed(entry, key=key, compressed=stale.compressed)
    obtained = Obtained(
        response=response.changed(headers=headers if entry is None else _shown(entry, headers)),
        word="RefreshHit",
        origin_status=stale.origin_status,
        age=None if entry is None else caching.confirmed_age(entry, exchange.ended),
        stored=headers,
    )
    shared = entry is not None and _shareable(errand, entry, exchange.ended, caching)
    return Fetched(obtained=obtained, entry=entry, settled=settled, shareable=shared)


def _shown(entry: Entry, headers: Headers) -> Headers:
    """Return what the viewer of a confirmed object sees: what is only withheld from others, too."""
    return entry.headers if not entry.withheld else headers.without(b"age")


def _updated(stale: Entry, told: Headers) -> Headers:
    headers = freshened(stale.headers.without(b"age"), told)
    if stale.compressed:  # the origin speaks of the object that it has
        return compressed_head(headers, stale.headers.get(b"content-encoding") or b"gzip")
    return headers


def _compared(errand: Errand, stale: Entry, response: Response, exchange: Exchange, caching: Caching) -> Fetched | None:
    """A HEAD answered with a head: it may show the whole stored object to hold, or not (http-caching.md §10.4)."""
    holds = caching.head_tells(stale, response)
    if holds is None:
        return None
    obtained = Obtained(response=response, word="Miss")
    if not holds:
        outdated = Reckoned("found out of date", True, "a HEAD, §10.4")
        marked = changed(stale, must_validate=True, reckoned=(*stale.reckoned, outdated))
        settled = Settled(
            case=Case.PASSED_ON, reason="the stored object is found out of date", decision=errand.decision
        )
        return Fetched(obtained=obtained, entry=marked, settled=settled)
    whole = Response(
        status=stale.status, reason=stale.reason, headers=_updated(stale, response.headers), body=stale.body
    )
    entry, settled = _entry(errand, Case.CONFIRMED, whole, exchange, caching)
    if entry is not None:
        entry = changed(entry, key=stale.key, compressed=stale.compressed)
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
    policy = errand.behavior.cache_policy
    answer = Answer(
        status=response.status,
        headers=response.headers,
        request=errand.request,
        began=exchange.began,
        s3=exchange.s3,
    )
    error_min_ttl = errand.distribution.error_caching_min_ttl(response.status)
    verdict = caching.judge(answer, policy, error_min_ttl, exchange.ended)
    if isinstance(verdict, Refuse):
        case = Case.PASSED_ON if case is Case.NEW else case
        return None, Settled(case=case, reason=verdict.reason, steps=verdict.steps, decision=errand.decision)
    settled = Settled(case=case, stored=True, steps=verdict.steps, decision=errand.decision)
    key = caching.stored_under(errand.key, response.headers, errand.request.headers, policy)
    return _kept(errand, key, response, exchange, verdict), settled


def _kept(errand: Errand, key: CacheKey, response: Response, exchange: Exchange, verdict: Keep) -> Entry:
    return Entry(
        key=key,
        requested_uri=_requested_uri(errand),
        status=response.status,
        reason=response.reason,
        headers=response.headers.without(b"age", *verdict.left_out),
        body=response.body,
        origin_status=exchange.origin_status,
        request_time=exchange.began,
        response_time=exchange.ended,
        lifetime=verdict.lifetime,
        initial_age=verdict.initial_age,
        must_validate=verdict.must_validate,
        never_stale=verdict.never_stale,
        stale_while_revalidate=verdict.stale_while_revalidate,
        stale_if_error=verdict.stale_if_error,
        max_stale_at=exchange.ended + verdict.max_stale,
        withheld=verdict.withheld,
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
    query = pick_query(asked.query, errand.behavior.cache_policy.query_strings)
    return asked.path if query is None else asked.path + b"?" + query


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
