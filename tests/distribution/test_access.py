"""Private content: the decisions of `spec/cloudfront.md` §10, and the countries of §0 step 5."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import request

from edgerun.distribution.access import (
    canned_policy,
    check_country,
    check_signature,
    covers,
    decode,
    encode,
    read_policy,
)
from edgerun.distribution.model import GeoRestriction, KeyGroup, PublicKey
from edgerun.errors import AccessDenied, CountryBlocked

NOW = 1_800_000_000.0
GROUPS = (KeyGroup(name="g", id="G1", keys=(PublicKey(name="k", id="K1", pem=b"pem of K1"),)),)
URL = "http://shop.example/private/a.html"


def seal(message, digest="SHA1"):
    """Return what stands for a signature: the pure rules do not know keys."""
    return encode(b"pem of K1" + digest.encode() + message)


def verify(pem, signature, message, digest):
    return signature == pem + digest.encode() + message


def policy(resource=URL, until=NOW + 60, **conditions):
    given = {"DateLessThan": {"AWS:EpochTime": int(until)}} | conditions
    statement = {"Condition": given} | ({} if resource is None else {"Resource": resource})
    return json.dumps({"Statement": [statement]}).encode()


def canned(url=URL, expires=int(NOW) + 60):
    return f"Expires={expires}&Signature={seal(canned_policy(url, expires))}&Key-Pair-Id=K1"


def custom(data, digest=""):
    text = f"Policy={encode(data)}&Signature={seal(data, digest or 'SHA1')}&Key-Pair-Id=K1"
    return text + (f"&Hash-Algorithm={digest}" if digest else "")


def ask(query, path="/private/a.html", now=NOW, groups=GROUPS, **headers):
    target = path if query is None else f"{path}?{query}"
    return check_signature(request(target, **headers), groups, verify, now)


def code_of(query, **more):
    with pytest.raises(AccessDenied) as refused:
        ask(query, **more)
    return refused.value.code


GRANTED = {
    "canned": (canned(), None),
    "parameters in any order": ("&".join(reversed(canned().split("&"))), None),
    "canned, with a query of the viewer's own": (f"{canned(URL + '?a=1&b=2')}&a=1&b=2", b"a=1&b=2"),
    "own query around CloudFront's": (f"a=1&{canned(URL + '?a=1&b=2')}&b=2", b"a=1&b=2"),
    "custom": (custom(policy()), None),
    "custom, spaces as they were signed": (custom(policy().replace(b",", b" ,\n ")), None),
    "custom without Resource": (custom(policy(resource=None)), None),
    "custom for all": (custom(policy(resource="*")), None),
    "custom, one statement not in a list": (custom(policy().replace(b"[", b"").replace(b"]", b"")), None),
    "custom with start": (custom(policy(DateGreaterThan={"AWS:EpochTime": int(NOW) - 1})), None),
    "custom for the viewer's network": (custom(policy(IpAddress={"AWS:SourceIp": "198.51.100.0/24"})), None),
    "custom for the viewer's address": (custom(policy(IpAddress={"AWS:SourceIp": "198.51.100.23/32"})), None),
    "SHA256": (custom(policy(), "SHA256"), None),
    "SHA1 by name": (custom(policy(), "SHA1"), None),
    "wildcard with a query": (f"{custom(policy('http://shop.example/private/*'))}&x=1", b"x=1"),
}


@pytest.mark.parametrize("what", GRANTED)
def test_granted_and_without_cloudfronts_parameters(what):
    query, own = GRANTED[what]
    assert ask(query).query == own


OTHER = "http://shop.example/private/b.html"
DENIED = {
    "nothing": (None, "MissingKey"),
    "a query of the viewer's own": ("a=1", "MissingKey"),
    "no key": (f"Expires={int(NOW) + 60}&Signature=abc_", "MissingKey"),
    "an empty key": (f"Expires={int(NOW) + 60}&Signature=abc_&Key-Pair-Id=", "MissingKey"),
    "an unknown key": (canned().replace("K1", "K2"), "InvalidKey"),
    "a signature that is no base64": (f"Expires={int(NOW) + 60}&Signature=%%%&Key-Pair-Id=K1", "MalformedSignature"),
    "a policy that is no base64": (f"Policy=%%%&Signature={seal(b'')}&Key-Pair-Id=K1", "MalformedPolicy"),
    "a policy that is no JSON": (custom(b"{"), "MalformedPolicy"),
    "a policy that is a list": (custom(b"[]"), "MalformedPolicy"),
    "two statements": (custom(b'{"Statement":[{},{}]}'), "MalformedPolicy"),
    "no DateLessThan": (custom(b'{"Statement":[{"Resource":"*","Condition":{}}]}'), "MalformedPolicy"),
    "a quoted time": (custom(policy().replace(b'": 18', b'": "18').replace(b"0060}", b'0060"}')), "MalformedPolicy"),
    "an abbreviated condition": (custom(policy(DateGreater={"AWS:EpochTime": 1})), "MalformedPolicy"),
    "an IPv6 network": (custom(policy(IpAddress={"AWS:SourceIp": "2001:db8::/32"})), "MalformedPolicy"),
    "a wrong signature": (canned().replace("Signature=", "Signature=AAAA"), "AccessDenied"),
    "no signature": (f"Expires={int(NOW) + 60}&Key-Pair-Id=K1", "AccessDenied"),
    "another URL": (canned(OTHER), "AccessDenied"),
    "another Expires": (canned().replace(str(int(NOW) + 60), str(int(NOW) + 61)), "AccessDenied"),
    "Expires that is no number": ("Expires=soon&Signature=abc_&Key-Pair-Id=K1", "AccessDenied"),
    "Expires beyond 64 bits": (f"Expires={2**63}&Signature=abc_&Key-Pair-Id=K1", "AccessDenied"),
    "a parameter added after signing": (f"{canned()}&a=1", "AccessDenied"),
    "expired, canned": (canned(expires=int(NOW)), "AccessDenied"),
    "expired, custom": (custom(policy(until=NOW)), "AccessDenied"),
    "not yet": (custom(policy(DateGreaterThan={"AWS:EpochTime": int(NOW)})), "AccessDenied"),
    "another network": (custom(policy(IpAddress={"AWS:SourceIp": "192.0.2.0/24"})), "AccessDenied"),
    "another resource": (custom(policy(OTHER)), "AccessDenied"),
    "an unknown hash": (custom(policy()) + "&Hash-Algorithm=MD5", "AccessDenied"),
    "the hash in lower case": (custom(policy()) + "&Hash-Algorithm=sha1", "AccessDenied"),
}


@pytest.mark.parametrize("what", DENIED)
def test_denied_with_cloudfronts_code(what):
    query, code = DENIED[what]
    assert code_of(query) == code


def test_without_trusted_key_groups_the_parameters_are_an_ordinary_query():
    assert ask("Expires=1&a=2", groups=()).query == b"Expires=1&a=2"


def cookies(query):
    return "; ".join(f"CloudFront-{part}" for part in query.split("&"))


@pytest.mark.parametrize("query", [canned(), custom(policy()), custom(policy(), "SHA256")])
def test_cookies_grant_what_a_signed_url_does_and_stay(query):
    granted = ask(None, Cookie=f"theme=dark; {cookies(query)}")
    assert b"CloudFront-Signature" in granted.headers.get(b"cookie")


def test_a_signed_url_beats_cookies():
    assert code_of("Expires=1&Signature=abc_&Key-Pair-Id=K1", Cookie=cookies(canned())) == "AccessDenied"


def test_cookies_keep_the_viewers_query():
    granted = ask("a=1", Cookie=cookies(custom(policy("http://shop.example/*"))))
    assert granted.query == b"a=1"


@pytest.mark.parametrize("client", ["2001:db8::1", "not an address"])
def test_an_ip_condition_never_holds_for_another_kind_of_address(client):
    asked = request("/private/a.html?" + custom(policy(IpAddress={"AWS:SourceIp": "0.0.0.0/0"})))
    with pytest.raises(AccessDenied):
        check_signature(asked.changed(client=(client, 1)), GROUPS, verify, NOW)


COVERED = [
    ("*", "https://a.example/x?y", True),
    ("http://a.example/x", "http://a.example/x", True),
    ("http://a.example/x", "https://a.example/x", False),
    ("*://a.example/x", "https://a.example/x", True),
    ("http*://a.example/x", "https://a.example/x", False),
    ("http://a.example/x", "http://a.example/xy", False),
    ("http://a.example/hello*", "http://a.example/hello", True),
    ("http://a.example/hello*", "http://a.example/hello/there?and=more", True),
    ("http://a.example/*.jpg", "http://a.example/a/b.jpg", True),
    ("http://a.example/*.jpg", "http://a.example/a.jpg?size=1", False),
    (r"http://a.example/*.jpg\?*", "http://a.example/a.jpg?size=1", True),
    ("http://a.example/*.jpg?*", "http://a.example/a.jpg?size=1", True),
    ("http://a.example/*.jpg?size=1", "http://a.example/a.jpg?size=2", False),
    ("http://a.example/a?c", "http://a.example/abc", True),
    ("http://a.example/a?c", "http://a.example/ac", False),
    ("http://*.example/x", "http://a.b.example/x", True),
    ("http://*.example/x", "http://other.host/a.example/x", False),
    ("http://a.example*", "http://a.example/any/path?q=1", True),
    ("http://a.example", "http://a.example/", True),
    ("http://a.example", "http://a.example/x", False),
    ("*example.com/x", "https://www.example.com/x", True),
    ("*example.com", "https://example.com/", True),
    ("a.example/x", "http://a.example/x", False),
    ("http://a.example/a.c", "http://a.example/abc", False),
]


@pytest.mark.parametrize(("pattern", "url", "fits"), COVERED)
def test_wildcards_stay_within_their_part_of_the_url(pattern, url, fits):
    assert covers(pattern, url) == fits


def test_in_cookies_wildcards_may_stand_anywhere():
    assert covers("http*/x", "https://a.example/x", anywhere=True)
    assert not covers("http*/x", "https://a.example/x")


@given(st.binary())
def test_what_is_encoded_is_decoded(data):
    assert decode(encode(data)) == data


@given(st.binary(max_size=200))
def test_no_policy_however_odd_is_more_than_malformed(data):
    with pytest.raises(AccessDenied, match="MalformedPolicy"):
        read_policy(data)


@pytest.mark.parametrize(
    ("kind", "country", "served"),
    [
        ("whitelist", "DE", True),
        ("whitelist", "FR", False),
        ("blacklist", "DE", False),
        ("blacklist", "FR", True),
        ("whitelist", "", True),
        ("blacklist", "", True),
    ],
)
def test_the_countries_a_distribution_is_for(kind, country, served):
    restriction = GeoRestriction(restriction_type=kind, locations=frozenset({"DE"}))
    try:
        check_country(country, restriction)
    except CountryBlocked:
        assert not served
    else:
        assert served
