"""`[response_headers_policies.NAME]` and where behaviors name one: cloudfront.md §1.2, §2.6, §11, §15."""

# ruff: noqa: E501  # a message stands on one line, as users see it

from pathlib import Path

import pytest

from edgerun.config.schema import json_schema
from edgerun.distribution.headers_model import (
    ContentSecurityPolicy,
    ContentTypeOptions,
    Cors,
    CustomHeader,
    FrameOptions,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    Security,
    ServerTiming,
    StrictTransportSecurity,
    XssProtection,
)
from edgerun.distribution.managed import RESPONSE_HEADERS_POLICIES

BASE = """\
[origins.site]
directory = "public"
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
P = "response_headers_policies.p"
CORS = f'[{P}.cors]\nallow_origins = ["*"]\norigin_override = true\n'
HSTS = f"[{P}.security.strict_transport_security]\n"
XSS = f"[{P}.security.xss_protection]\noverride = true\nprotection = true\n"
CSP = f"[{P}.security.content_security_policy]\noverride = true\n"
CUSTOM = f'[[{P}.custom]]\nheader = "{{}}"\nvalue = "{{}}"\noverride = true\n'
TIMING = f"[{P}.server_timing]\nenabled = true\n"

WHOLE = f"""
response_headers_policy = "p"

[{P}]
remove = ["Server", "X-Powered-By"]
server_timing = {{ enabled = true, sampling_rate = 12.3456 }}

[{P}.cors]
allow_origins = ["https://a.example", "*.example.org", "http://localhost:*", "http://[::1]:1*"]
allow_headers = ["X-One", "x-amz-*"]
allow_methods = ["GET", "PUT"]
allow_credentials = true
expose_headers = ["X-Two"]
max_age = 600
origin_override = true

[{P}.security]
strict_transport_security = {{ max_age = 60, include_subdomains = true, preload = true, override = true }}
content_type_options = {{ override = true }}
frame_options = {{ frame_option = "DENY", override = false }}
referrer_policy = {{ referrer_policy = "same-origin", override = false }}
content_security_policy = {{ content_security_policy = "default-src 'self'", override = true }}
xss_protection = {{ protection = true, report_uri = "https://r.example/x", override = false }}

[[{P}.custom]]
header = "X-Served-By"
value = "edge"
override = true

[[{P}.custom]]
header = "X-Empty"
value = ""
override = false
"""


def policy_of(loaded):
    return loaded.config.distributions[0].default_behavior.response_headers_policy


def test_a_whole_policy(read):
    loaded = read(BASE + WHOLE)
    assert loaded.notes == ()
    assert policy_of(loaded) == ResponseHeadersPolicy(
        name="p",
        cors=Cors(
            allow_origins=("https://a.example", "*.example.org", "http://localhost:*", "http://[::1]:1*"),
            allow_headers=("X-One", "x-amz-*"),
            allow_methods=("GET", "PUT"),
            allow_credentials=True,
            expose_headers=("X-Two",),
            max_age=600,
            origin_override=True,
        ),
        security=Security(
            strict_transport_security=StrictTransportSecurity(
                max_age=60, include_subdomains=True, preload=True, override=True
            ),
            content_type_options=ContentTypeOptions(override=True),
            frame_options=FrameOptions(frame_option="DENY", override=False),
            referrer_policy=ReferrerPolicy(referrer_policy="same-origin", override=False),
            content_security_policy=ContentSecurityPolicy(content_security_policy="default-src 'self'", override=True),
            xss_protection=XssProtection(protection=True, report_uri="https://r.example/x", override=False),
        ),
        custom=(
            CustomHeader(header="X-Served-By", value="edge", override=True),
            CustomHeader(header="X-Empty", value="", override=False),
        ),
        remove=frozenset({b"server", b"x-powered-by"}),
        server_timing=ServerTiming(enabled=True, sampling_rate=12.3456),
    )


def test_what_is_left_out_is_not_there(read):
    text = BASE + 'response_headers_policy = "p"\n' + CORS + f"[{P}.security]\n" + TIMING
    assert policy_of(read(text)) == ResponseHeadersPolicy(
        name="p",
        cors=Cors(allow_origins=("*",), origin_override=True),
        security=Security(),
        server_timing=ServerTiming(enabled=True, sampling_rate=0.0),
    )


@pytest.mark.parametrize("managed", RESPONSE_HEADERS_POLICIES, ids=lambda policy: policy.name)
def test_managed_policies_are_found_by_name_prefixed_name_and_id(read, managed):
    for word in (managed.name, f"Managed-{managed.name}", managed.id):
        assert policy_of(read(BASE + f'response_headers_policy = "{word}"')) == managed


def test_a_behavior_without_one_has_none(read):
    assert policy_of(read(BASE)) is None


def test_every_behavior_may_have_its_own(read):
    other = '[[behaviors]]\npath_pattern = "/api/*"\norigin = "site"\ncache_policy = "CachingDisabled"\nresponse_headers_policy = "SimpleCORS"\n'
    loaded = read(BASE + other)
    assert policy_of(loaded) is None
    assert loaded.config.distributions[0].behaviors[0].response_headers_policy.name == "SimpleCORS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # where a behavior names one
        (
            'response_headers_policy = "SimpleCros"',
            "6: default_behavior.response_headers_policy: 'SimpleCros' is not a policy; did you mean 'SimpleCORS'?",
        ),
        (
            'response_headers_policy = "q"\n' + CORS.replace(".p.", ".qq."),
            "6: default_behavior.response_headers_policy: 'q' is not a policy; did you mean 'qq'?",
        ),
        ("response_headers_policy = 3", "6: default_behavior.response_headers_policy: expected a string, got 3"),
        (
            "[distributions.a.response_headers_policies.x]",
            None,
        ),
        # keys
        (f"[{P}.corse]", f"6: {P}.corse: is not a key that edgerun knows; did you mean 'cors'?"),
        (CORS + "maxage = 1", f"9: {P}.cors.maxage: is not a key that edgerun knows; did you mean 'max_age'?"),
        (
            f"[{P}.security]\nhsts = 1",
            f"7: {P}.security.hsts: is not a key that edgerun knows",
        ),
        (
            HSTS + "max_age = 1\noverride = true\nincludesubdomains = true",
            f"9: {P}.security.strict_transport_security.includesubdomains: is not a key that edgerun knows; did you mean 'include_subdomains'?",
        ),
        (
            CUSTOM.format("X-A", "1") + 'valeu = "x"',
            f"10: {P}.custom[0].valeu: is not a key that edgerun knows; did you mean 'value'?",
        ),
        (
            TIMING + "sampling = 1",
            f"8: {P}.server_timing.sampling: is not a key that edgerun knows; did you mean 'sampling_rate'?",
        ),
        # missing
        (f'[{P}.cors]\nallow_origins = ["*"]', f"6: {P}.cors.origin_override: is missing"),
        (f"[{P}.cors]\norigin_override = true", f"6: {P}.cors.allow_origins: is missing"),
        (f"[{P}.security.content_type_options]", f"6: {P}.security.content_type_options.override: is missing"),
        (HSTS + "override = true", f"6: {P}.security.strict_transport_security.max_age: is missing"),
        (f'[[{P}.custom]]\nheader = "X"\nvalue = ""', f"6: {P}.custom[0].override: is missing"),
        (f"[{P}.server_timing]\nsampling_rate = 1", f"6: {P}.server_timing.enabled: is missing"),
        # types
        (CORS + "allow_credentials = 1", f"9: {P}.cors.allow_credentials: expected true or false, got 1"),
        (CORS + 'allow_headers = "*"', f"9: {P}.cors.allow_headers: expected a list, got '*'"),
        (CORS + "max_age = 1.5", f"9: {P}.cors.max_age: expected a whole number, got 1.5"),
        (TIMING + 'sampling_rate = "5"', f"8: {P}.server_timing.sampling_rate: expected a number, got '5'"),
        (f"[{P}]\ncustom = 1", f"7: {P}.custom: expected a list, got 1"),
        (f"[{P}]\nsecurity = true", f"7: {P}.security: expected a table, got true"),
        # ranges and choices
        (CORS + "max_age = -1", f"9: {P}.cors.max_age: expected 0 to 2147483647, got -1"),
        (
            HSTS + "override = true\nmax_age = 2147483648",
            f"8: {P}.security.strict_transport_security.max_age: expected 0 to 2147483647, got 2147483648",
        ),
        (TIMING + "sampling_rate = 100.1", f"8: {P}.server_timing.sampling_rate: expected 0 to 100, got 100.1"),
        (TIMING + "sampling_rate = -0.1", f"8: {P}.server_timing.sampling_rate: expected 0 to 100, got -0.1"),
        (TIMING + "sampling_rate = nan", f"8: {P}.server_timing.sampling_rate: expected 0 to 100, got nan"),
        (
            TIMING + "sampling_rate = 1.23456",
            f"8: {P}.server_timing.sampling_rate: expected at most 4 decimals, got 1.23456",
        ),
        (
            f'[{P}.security]\nframe_options = {{ frame_option = "SAMEORIGN", override = true }}',
            f"7: {P}.security.frame_options.frame_option: expected 'DENY' or 'SAMEORIGIN', got 'SAMEORIGN'; did you mean 'SAMEORIGIN'?",
        ),
        (
            f'[{P}.security]\nreferrer_policy = {{ referrer_policy = "no-referer", override = true }}',
            f"7: {P}.security.referrer_policy.referrer_policy: expected 'no-referrer', 'no-referrer-when-downgrade', 'origin', 'origin-when-cross-origin', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin' or 'unsafe-url', got 'no-referer'; did you mean 'no-referrer'?",
        ),
        (
            CORS + 'allow_methods = ["GET", "PUTT"]',
            f"9: {P}.cors.allow_methods[1]: expected 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT' or 'ALL', got 'PUTT'; did you mean 'PUT'?",
        ),
        (
            CSP + f'content_security_policy = "{"x" * 1784}"',
            f"8: {P}.security.content_security_policy.content_security_policy: expected at most 1783 characters, got 1784",
        ),
        (
            f"[{P}.cors]\norigin_override = true\nallow_origins = {['h' + 'x' * 998] * 2}",
            f"8: {P}.cors.allow_origins: expected at most 1783 characters altogether",
        ),
        (
            f"[{P}.cors]\norigin_override = true\nallow_origins = []",
            f"8: {P}.cors.allow_origins: expected at least one name",
        ),
        # single words
        *(
            (
                f'[{P}.cors]\norigin_override = true\nallow_origins = ["{word}"]',
                f"8: {P}.cors.allow_origins[0]: in '{word}', '*' may only stand for the whole first label or in the port: 'http://*.example.com:*'",
            )
            for word in ("example.*", "test.*.example.org", "*test.example.org", "exa*mple.org", "*://a.example")
        ),
        *(
            (
                f'[{P}.cors]\norigin_override = true\nallow_origins = ["{word}"]',
                f"8: {P}.cors.allow_origins[0]: '{word}' is not an origin such as 'https://example.com'",
            )
            for word in ("", "https://", "https://a.example/", "https://a b", "https://a:x", "https://a:123456", "//a")
        ),
        (CORS + 'allow_headers = ["X A"]', f"9: {P}.cors.allow_headers[0]: 'X A' is not a header name"),
        (CORS + 'expose_headers = [""]', f"9: {P}.cors.expose_headers[0]: '' is not a header name"),
        (CUSTOM.format("X A", "1"), f"7: {P}.custom[0].header: 'X A' is not a header name"),
        (CUSTOM.format("X-A", "a\\nb"), f"8: {P}.custom[0].value: 'a\\nb' is not a header value"),
        (
            CUSTOM.format("X-A", "1") + CUSTOM.format("x-a", "2"),
            f"11: {P}.custom[1].header: 'x-a' is there already",
        ),
        (
            CUSTOM.format("Content-Length", "1"),
            f"7: {P}.custom[0].header: CloudFront does not allow 'Content-Length' to be set",
        ),
        (f'[{P}]\nremove = ["X A"]', f"7: {P}.remove[0]: 'X A' is not a header name"),
        *(
            (f'[{P}]\nremove = ["{word}"]', f"7: {P}.remove[0]: CloudFront does not allow '{word}' to be removed")
            for word in ("Via", "x-cache", "X-Amz-Cf-Id", "X-Edge-Location")
        ),
        (
            CSP + 'content_security_policy = ""',
            f"8: {P}.security.content_security_policy.content_security_policy: expected a policy such as \"default-src 'self'\"",
        ),
        (
            XSS + 'mode_block = true\nreport_uri = "/r"',
            f"10: {P}.security.xss_protection.report_uri: expected 'mode_block' or 'report_uri', not both",
        ),
        (XSS + 'report_uri = "a b"', f"9: {P}.security.xss_protection.report_uri: expected a URI"),
        (
            '[response_headers_policies."a b"]\nremove = ["X"]',
            "6: response_headers_policies.\"a b\": a name is 1 to 128 letters, digits, '-', '_' and '.'",
        ),
    ],
)
def test_refused(refusal, text, expected):
    told = refusal(BASE + text)
    if expected is None:
        assert any("belongs at the top of the file" in line for line in told)
    else:
        assert told == ["edgerun.toml:" + expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"[{P}]",
            f"edgerun.toml:6: {P}: changes nothing: it has none of cors, security, custom, remove and server_timing",
        ),
        (
            CORS + "allow_credentials = true",
            f"edgerun.toml:7: {P}.cors.allow_origins: browsers take '*' for a mere name when allow_credentials is true",
        ),
        (
            CUSTOM.format("X-Frame-Options", "DENY"),
            f"edgerun.toml:7: {P}.custom[0].header: CloudFront wants 'X-Frame-Options' under 'security'",
        ),
        (
            "".join(CUSTOM.format(f"X-{n}", "") for n in range(11)),
            f"edgerun.toml:6: {P}.custom: CloudFront's quota is 10 headers per policy",
        ),
        (
            XSS.replace("protection = true", "protection = false") + "mode_block = true",
            f"edgerun.toml:6: {P}.security.xss_protection: 'mode_block' and 'report_uri' mean nothing when protection is false",
        ),
        (
            '[response_headers_policies.SimpleCORS]\nremove = ["X"]',
            "edgerun.toml:6: response_headers_policies.SimpleCORS: hides the managed policy of this name",
        ),
    ],
)
def test_notes(read, text, expected):
    assert read(BASE + text).notes == (expected,)


def test_the_example_of_the_documentation_loads(read):
    page = (Path(__file__).parents[2] / "docs/headers.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    loaded = read(example + '[origins.site]\ndirectory = "public"\n')
    assert loaded.notes == ()
    assert policy_of(loaded).cors.max_age == 600


def test_the_schema_knows_the_keys():
    schema = json_schema()
    assert "response_headers_policies" in schema["properties"]
    assert "response_headers_policy" in schema["$defs"]["DefaultBehaviorTable"]["properties"]
    assert schema["$defs"]["ServerTimingTable"]["properties"]["sampling_rate"]["maximum"] == 100
