"""Sources: cloudfront.md §2.1 (what is in a key), §2.2 (Accept-Encoding), §4.7 (who may share a fetch)."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, behavior, changed, request
from strategies import cookies, listed, parameters, selections
from strategies import headers as any_headers

from edgerun.cache.key import cache_key, may_collapse
from edgerun.distribution.managed import only
from edgerun.distribution.model import Choice, Selection
from edgerun.http.headers import Headers

ALL = Selection(choice=Choice.ALL)


def named(*names):
    return Selection(choice=Choice.ONLY, names=frozenset(names))


def key(asked, distribution="E1", **policy):
    return cache_key(asked, changed(OBEDIENT, **policy), distribution)


def lines(*pairs):
    return request().changed(headers=Headers(pairs))


# §2.1: two requests that share an object
@pytest.mark.parametrize(
    ("one", "other", "policy"),
    [
        pytest.param(request(method="GET"), request(method="HEAD"), {}, id="GET and HEAD"),
        pytest.param(request(), request().changed(scheme="https"), {}, id="HTTP and HTTPS"),
        pytest.param(lines((b"Host", b"a")), lines((b"Host", b"b")), {}, id="two aliases"),
        pytest.param(request(), request(x_a="1"), {}, id="a header nobody names"),
        pytest.param(request("/a?x=1"), request("/a"), {}, id="a query nobody names"),
        pytest.param(request(), request(cookie="a=1"), {}, id="a cookie nobody names"),
        pytest.param(request(accept_encoding="gzip"), request(), {}, id="an encoding nobody asks about"),
        pytest.param(
            request(accept_encoding="gzip, br"),
            request(accept_encoding="br;q=0.5, gzip, zstd"),
            {"gzip": True, "brotli": True},
            id="encodings that come to the same",
        ),
        pytest.param(
            request(accept_encoding="br"), request(accept_encoding="zstd"), {"gzip": True}, id="encodings not supported"
        ),
        pytest.param(
            request(accept_encoding="deflate"),
            request(),
            {"gzip": True},
            id="an encoding and none",
        ),
        pytest.param(
            request(accept_encoding="gzip;q=1"),
            request(accept_encoding="gzip"),
            {"gzip": True, "headers": only("Accept-Encoding")},
            id="support outdoes listing",
        ),
        pytest.param(
            lines((b"X-A", b"1"), (b"X-B", b"2")),
            lines((b"x-b", b"2"), (b"X-a", b"1")),
            {"headers": only("X-A", "X-B")},
            id="order and case of header names",
        ),
        pytest.param(request(cookie="a=1; b=2"), request(cookie="b=2; a=1"), {"cookies": ALL}, id="order of cookies"),
        pytest.param(
            request(cookie="a=1; CloudFront-Signature=x"),
            request(cookie="a=1; CloudFront-Signature=y"),
            {"cookies": ALL},
            id="signed cookies",
        ),
        pytest.param(
            request("/a?utm=1&q=2"), request("/a?q=2&utm=3"), {"query_strings": named(b"q")}, id="other parameters"
        ),
        pytest.param(request("/a?"), request("/a"), {"query_strings": ALL}, id="an empty query and none"),
        pytest.param(request(), request().changed(client=("203.0.113.1", 9)), {}, id="two viewers"),
    ],
)
def test_two_requests_share_an_object(one, other, policy):
    assert key(one, **policy) == key(other, **policy)


# §2.1: two requests that do not
@pytest.mark.parametrize(
    ("one", "other", "policy"),
    [
        pytest.param(request("/a"), request("/A"), {}, id="case of the path"),
        pytest.param(request("/~a"), request("/%7Ea"), {}, id="escapes: byte for byte"),
        pytest.param(request("/a"), request("/a/"), {}, id="trailing slash"),
        pytest.param(request("/a"), request("//a"), {}, id="doubled slash"),
        pytest.param(request(method="GET"), request(method="OPTIONS"), {}, id="OPTIONS"),
        pytest.param(request(x_a="v"), request(x_a="V"), {"headers": only("X-A")}, id="case of a header's value"),
        pytest.param(request(x_a=""), request(), {"headers": only("X-A")}, id="an empty header and none"),
        pytest.param(
            lines((b"X-A", b"1"), (b"X-A", b"2")),
            lines((b"X-A", b"2"), (b"X-A", b"1")),
            {"headers": only("X-A")},
            id="order of repeated values",
        ),
        pytest.param(
            lines((b"X-A", b"1")), lines((b"X-B", b"1")), {"headers": only("X-A", "X-B")}, id="which header it is"
        ),
        pytest.param(request("/?a=1&b=2"), request("/?b=2&a=1"), {"query_strings": ALL}, id="order of parameters"),
        pytest.param(request("/?a=1"), request("/?A=1"), {"query_strings": ALL}, id="case of a parameter's name"),
        pytest.param(request("/?a=x"), request("/?a=X"), {"query_strings": ALL}, id="case of a parameter's value"),
        pytest.param(
            request("/?a"), request("/?a="), {"query_strings": named(b"a")}, id="with and without equals sign"
        ),
        pytest.param(request(cookie="a=1"), request(cookie="A=1"), {"cookies": ALL}, id="case of a cookie's name"),
        pytest.param(request(cookie="a=x"), request(cookie="a=X"), {"cookies": ALL}, id="case of a cookie's value"),
        pytest.param(
            request(accept_encoding="gzip"),
            request(accept_encoding="br"),
            {"gzip": True, "brotli": True},
            id="encodings",
        ),
        pytest.param(
            request(accept_encoding="gzip"),
            request(accept_encoding="GZIP"),
            {"headers": only("Accept-Encoding")},
            id="a listed Accept-Encoding without support is an ordinary header",
        ),
        pytest.param(
            request("/a?b"), request("/a", cookie="b="), {"query_strings": ALL, "cookies": ALL}, id="parts do not mix"
        ),
    ],
)
def test_two_requests_do_not_share_an_object(one, other, policy):
    assert key(one, **policy) != key(other, **policy)


def test_two_distributions_share_nothing():
    assert key(request(), "E1") != key(request(), "E2")


@given(st.sampled_from(["/", "/a", "/b"]), any_headers, parameters, cookies, selections)
def test_a_key_ignores_what_its_policy_ignores(path, headers, query, sent_cookies, others):
    plain = request(path)
    noise = headers.plus((b"Cookie", b"; ".join(n + b"=" + v for n, v in sent_cookies)))
    loud = plain.changed(headers=noise, query=b"&".join(n + rest for n, rest in query), scheme="https")
    assert key(loud) == key(plain)
    # And what one kind takes says nothing of another.
    assert key(loud, query_strings=others)._replace(query=None) == key(plain)
    assert key(loud, cookies=others)._replace(cookies=None) == key(plain)


@given(any_headers, any_headers, st.sampled_from([b"x-one", b"vary", b"accept"]))
def test_a_key_separates_what_its_policy_names(one, other, name):
    policy = {"headers": only(name.decode())}
    same = one.get_all(name) == other.get_all(name)
    assert (key(request().changed(headers=one), **policy) == key(request().changed(headers=other), **policy)) is same


@given(parameters, parameters, listed)
def test_a_key_separates_the_queries_its_policy_names(one, other, names):
    policy = {"query_strings": Selection(choice=Choice.ONLY, names=names)}

    def keyed(found):
        return b"&".join(name + rest for name, rest in found if name in names)

    def asked(found):
        return request().changed(query=b"&".join(name + rest for name, rest in found))

    assert (key(asked(one), **policy) == key(asked(other), **policy)) is (keyed(one) == keyed(other))


@given(cookies, cookies, listed)
def test_a_key_separates_the_cookies_its_policy_names(one, other, names):
    policy = {"cookies": Selection(choice=Choice.ONLY, names=names)}

    def keyed(found):
        return sorted(((n, v) for n, v in found if n in names), key=lambda pair: pair[0])

    def asked(found):
        return request(cookie=b"; ".join(n + b"=" + v for n, v in found).decode()) if found else request()

    assert (key(asked(one), **policy) == key(asked(other), **policy)) is (keyed(one) == keyed(other))


STABLE = """
from plays import OBEDIENT, changed, request
from edgerun.cache.key import cache_key
from edgerun.distribution.managed import only
names = [f"X-{n}" for n in range(40)]
asked = request(**{name.replace("-", "_"): "v" for name in names})
print(cache_key(asked, changed(OBEDIENT, headers=only(*names)), "E1"))
"""


def test_a_key_is_the_same_in_every_process():
    # Sets of bytes have another order under another hash seed; a key on disk must not.
    def printed(seed):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        return subprocess.run([sys.executable, "-c", STABLE], env=environment, check=True, capture_output=True).stdout

    first = printed("1")
    assert first.count(b"x-") == 40
    assert printed("2") == first


def test_the_uri_of_a_key_is_what_invalidation_paths_mean():
    assert key(request("/a?x=1&y=2"), query_strings=named(b"y")).uri == b"/a?y=2"
    assert key(request("/a?x=1")).uri == b"/a"


# §4.7
@pytest.mark.parametrize(
    ("chosen", "asked", "expected"),
    [
        pytest.param(behavior(), request(), True, id="plain"),
        pytest.param(behavior(), request(cookie="a=1"), True, id="a cookie that is not forwarded"),
        pytest.param(behavior(cache_policy=MANAGED["Amplify"]), request(), False, id="cookies in the key"),
        pytest.param(
            behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"]), request(), False, id="cookies to the origin"
        ),
        pytest.param(behavior(), request(range="bytes=0-1"), False, id="a range"),
        pytest.param(behavior(), request(if_none_match='"x"'), False, id="a condition"),
        pytest.param(behavior(), request(authorization="Basic x"), False, id="credentials"),
    ],
)
def test_who_may_wait_for_anothers_fetch(chosen, asked, expected):
    assert may_collapse(asked, chosen) is expected
