"""Policies: from CloudFront's words to native tables."""

from edgerun.config.faults import Key
from edgerun.config.importers import words
from edgerun.config.importers.draft import Draft
from edgerun.config.importers.node import Node


def cache_policy(draft: Draft, name: str, node: Node) -> None:
    """Write a cache policy."""
    key = draft.open("cache_policies", name, node)
    own = draft.translate(node, words.CACHE_POLICY, key)
    inside = own.get("ParametersInCacheKeyAndForwardedToOrigin")
    if inside is not None:
        picked = draft.translate(inside, words.CACHE_KEY, key)
        _picks(draft, key, picked)


def origin_request_policy(draft: Draft, name: str, node: Node) -> None:
    """Write an origin request policy."""
    key = draft.open("origin_request_policies", name, node)
    _picks(draft, key, draft.translate(node, words.ORIGIN_REQUEST_POLICY, key))


def _picks(draft: Draft, key: Key, own: dict[str, Node]) -> None:
    for name, (choice, names, ours) in words.PICKS.items():
        if name in own:
            _pick(draft, (*key, ours), own[name], choice, names)


def _pick(draft: Draft, key: Key, node: Node, choice: str, names: str) -> None:
    """Write what a policy picks of one kind."""
    table = tuple(words.Word(theirs=name, kind="own", required=name == choice) for name in (choice, names))
    own = draft.translate(node, table, key)
    if choice not in own or (word := draft.one_of(own[choice], list(words.CHOICES))) is None:
        return
    form = words.CHOICES[word]
    if not form.startswith("{"):
        draft.put(key, form, own[choice])
        return
    if names not in own:
        draft.report.refuse(node, f"{names} is missing, which {choice} {word!r} needs")
        return
    # The names may stand one level deeper, as in the API and in CloudFormation's Headers.
    texts = [text for each in draft.list(own[names]) if (text := draft.text(each)) is not None]
    ours = key if form == "{names}" else (*key, form.strip("{}"))
    draft.put(ours, texts, own[names])


def response_headers_policy(draft: Draft, name: str, node: Node) -> None:
    """Write a response headers policy."""
    key = draft.open("response_headers_policies", name, node)
    own = draft.translate(node, words.RESPONSE_HEADERS_POLICY, key)
    if "CorsConfig" in own:
        draft.translate(own["CorsConfig"], words.CORS, (*key, "cors"))
    if "SecurityHeadersConfig" in own:
        _security(draft, (*key, "security"), own["SecurityHeadersConfig"])
    for n, each in enumerate(draft.list(own.get("CustomHeadersConfig"))):
        draft.translate(each, words.CUSTOM_HEADER, (*key, "custom", n))
    removed = [
        header for each in draft.list(own.get("RemoveHeadersConfig")) if (header := _removed(draft, each)) is not None
    ]
    if removed:
        draft.put((*key, "remove"), removed, own["RemoveHeadersConfig"])
    if "ServerTimingHeadersConfig" in own:
        draft.translate(own["ServerTimingHeadersConfig"], words.SERVER_TIMING, (*key, "server_timing"))


def _removed(draft: Draft, node: Node) -> str | None:
    header = node.get("Header")
    if header is None:
        draft.report.refuse(node, "Header is missing")
        return None
    return draft.text(header)


def _security(draft: Draft, key: Key, node: Node) -> None:
    table = tuple(words.Word(theirs=theirs, ours=ours, kind="own") for theirs, ours, _ in words.SECURITY)
    own = draft.translate(node, table, key)
    for theirs, ours, inside in words.SECURITY:
        if theirs in own:
            draft.translate(own[theirs], inside, (*key, ours))
