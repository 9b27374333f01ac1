"""What is refused, each with its exact line."""

# ruff: noqa: E501  # a message stands on one line, as users see it

import pytest

from edgerun.config.faults import listed
from edgerun.config.load import load
from edgerun.distribution.managed import CACHE_POLICIES
from edgerun.errors import ConfigError

BASE = """\
[origins.site]
directory = "public"
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
API = '[origins.api]\nurl = "http://h"\n'
F = '[functions.f]\nhandler = "fns/ab_test.py"\n'
P = "[cache_policies.p]\n"
R = "[origin_request_policies.p]\n"
BUILD_ADVICE = "give a 'build' that makes JavaScript of it, and as handler the file that it writes"
MANAGED = [policy.name for policy in CACHE_POLICIES]
POLICIES = f": name one of your [cache_policies], or {listed(MANAGED)}"
NOT_YET = "is not supported by this version of edgerun"
B = '[[behaviors]]\npath_pattern = "{}"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:1"

# (what follows BASE, the refusal without `edgerun.toml:`)
AFTER = [
    # keys
    ("[orgins.x]", "6: orgins: is not a key that edgerun knows; did you mean 'origins'?"),
    ("zzz = 1", "6: default_behavior.zzz: is not a key that edgerun knows"),
    (
        'path_pattern = "*"',
        "6: default_behavior.path_pattern: the default behavior has no path_pattern: it takes what no other one matches",
    ),
    ('viewer_request = { funktion = "f" }', None),
    ("[distributions.a.origins.x]", None),
    # not yet
    ("[public_keys.x]", "6: public_keys.x.file: is missing"),
    ("[key_groups.x]", "6: key_groups.x.keys: is missing"),
    ("[geo_restriction]", "6: geo_restriction.restriction_type: is missing"),
    (
        '[geo_restriction]\nrestriction_type = "whitelst"',
        "7: geo_restriction.restriction_type: expected 'whitelist', 'blacklist' or 'none', got 'whitelst'; did you mean 'whitelist'?",
    ),
    (
        '[geo_restriction]\nrestriction_type = "none"\nlocation = []',
        "8: geo_restriction.location: is not a key that edgerun knows; did you mean 'locations'?",
    ),
    (
        '[public_keys.x]\nfile = "a.pem"\nidd = "K"',
        "8: public_keys.x.idd: is not a key that edgerun knows; did you mean 'id'?",
    ),
    (
        "[key_groups.x]\nkeys = []\nkey = []",
        "8: key_groups.x.key: is not a key that edgerun knows; did you mean 'keys'?",
    ),
    (
        'trusted_key_groups = ["a"]',
        "6: default_behavior.trusted_key_groups[0]: 'a' is not a key group; there is none",
    ),
    (F + 'watch = "a"', "8: functions.f.watch: expected a list, got 'a'"),
    (F + "watch = []", "8: functions.f.watch: expected at least one name"),
    ('[origins.b]\nfunction = "b"', "7: origins.b.function: 'b' is not a function; there is none"),
    # what CloudFront had before there were policies and key groups
    (
        "forwarded_values = { query_string = true }",
        "6: default_behavior.forwarded_values: is CloudFront's older way: write [cache_policies.NAME], and [origin_request_policies.NAME] for what only the origin gets; edgerun import makes them of a distribution that has it",
    ),
    (
        'trusted_signers = ["self"]',
        "6: default_behavior.trusted_signers: is CloudFront's older way, with keys of an AWS account: use trusted_key_groups",
    ),
    (
        B.format("/a") + "default_ttl = 60",
        "10: behaviors[0].default_ttl: belongs in a cache policy: [cache_policies.NAME], which the behavior names as its cache_policy",
    ),
    ("smooth_streaming = true", f"6: default_behavior.smooth_streaming: 'smooth_streaming' {NOT_YET}"),
    # types
    ("origin_request_policy = 3", "6: default_behavior.origin_request_policy: expected a string, got 3"),
    (
        "viewer_request = 3",
        "6: default_behavior.viewer_request: expected a function's name or a table with 'function', got 3",
    ),
    ("compress = 1", "6: default_behavior.compress: expected true or false, got 1"),
    ("cached_methods = 2024-01-01", "6: default_behavior.cached_methods: expected a list, got the date 2024-01-01"),
    ('behaviors = "x"', "6: default_behavior.behaviors: is not a key that edgerun knows"),
    (P + 'min_ttl = "1"', "7: cache_policies.p.min_ttl: expected a whole number, got '1'"),
    (P + "min_ttl = 1.5", "7: cache_policies.p.min_ttl: expected a whole number, got 1.5"),
    (P + "min_ttl = nan", "7: cache_policies.p.min_ttl: expected a whole number, got nan"),
    (P + "headers = 1", "7: cache_policies.p.headers: expected 'none' or a list of header names, got 1"),
    (P + 'headers = "all"', "7: cache_policies.p.headers: expected 'none', got 'all'"),
    (
        P + 'headers = { except = ["A"] }',
        "7: cache_policies.p.headers: expected 'none' or a list of header names, got a table",
    ),
    (P + 'cookies = "alll"', "7: cache_policies.p.cookies: expected 'none' or 'all', got 'alll'; did you mean 'all'?"),
    (P + "cookies = [1]", "7: cache_policies.p.cookies[0]: expected a string, got 1"),
    (P + "cookies = { except = [] }", "7: cache_policies.p.cookies.except: expected at least one name"),
    (
        P + 'cookies = { exept = ["a"] }',
        "7: cache_policies.p.cookies.except: is missing\nedgerun.toml:7: cache_policies.p.cookies.exept: is not a key that edgerun knows; did you mean 'except'?",
    ),
    (
        R + 'headers = "all"',
        "7: origin_request_policies.p.headers: expected 'none' or 'all_viewer', got 'all'; did you mean 'all_viewer'?",
    ),
    # ranges
    (F + "timeout = 31", "8: functions.f.timeout: expected 1 to 30, got 31; only an origin may take longer"),
    (F + "timeout = 0", "8: functions.f.timeout: expected 1 to 900, got 0"),
    (F + "memory = 127", "8: functions.f.memory: expected 128 to 10240, got 127"),
    (F + "memory = 10241", "8: functions.f.memory: expected 128 to 10240, got 10241"),
    (API + "connection_attempts = 4", "8: origins.api.connection_attempts: expected 1 to 3, got 4"),
    (API + "connection_timeout = 11", "8: origins.api.connection_timeout: expected 1 to 10, got 11"),
    (API + "read_timeout = 121", "8: origins.api.read_timeout: expected 1 to 120, got 121"),
    (API + "keepalive_timeout = 0", "8: origins.api.keepalive_timeout: expected 1 to 120, got 0"),
    (API + "response_completion_timeout = 0", "8: origins.api.response_completion_timeout: expected at least 1, got 0"),
    (
        API + "response_completion_timeout = 29",
        "8: origins.api.response_completion_timeout: expected at least read_timeout, 30, got 29",
    ),
    (P + "max_ttl = -1", "7: cache_policies.p.max_ttl: expected 0 to 3153600000, got -1"),
    (P + f"max_ttl = {9**99}", "7: cache_policies.p.max_ttl: expected 0 to 3153600000, got a huge number"),
    (
        P + "min_ttl = 3\ndefault_ttl = 2\nmax_ttl = 9",
        "6: cache_policies.p: expected min_ttl ≤ default_ttl ≤ max_ttl, got min 3, default 2, max 9 seconds",
    ),
    (
        P + "max_ttl = 60",
        "6: cache_policies.p: expected min_ttl ≤ default_ttl ≤ max_ttl, got min 0, default 86400 (a day when left out), max 60 seconds",
    ),
    (
        P + 'default_ttl = 0\nmax_ttl = 0\ncookies = "all"',
        "6: cache_policies.p: a policy whose TTLs are all 0 caches nothing and cannot name headers, cookies or queries",
    ),
    # names
    (
        'origin_request_policy = "AllViewers"',
        "6: default_behavior.origin_request_policy: 'AllViewers' is not a policy; did you mean 'AllViewer'?",
    ),
    ('viewer_request = "f"', "6: default_behavior.viewer_request: 'f' is not a function; there is none"),
    (f'viewer_request = "ff"\n{F}', "6: default_behavior.viewer_request: 'ff' is not a function; did you mean 'f'?"),
    (
        f'origin_response = {{ function = "f", include_body = true }}\n{F}',
        "6: default_behavior.origin_response: The IncludeBody option can only be used with viewer-request or origin-request events.",
    ),
    (F.replace(".f", '."a b"'), "6: functions.\"a b\": a function's name is 1 to 64 letters, digits, '-' and '_'"),
    (API.replace("api", '"a/b"'), "6: origins.\"a/b\": a name is 1 to 128 letters, digits, '-', '_' and '.'"),
    # policies
    (P + 'headers = ["Cookie"]', "7: cache_policies.p.headers[0]: 'Cookie' cannot be part of a cache key"),
    (P + 'headers = ["A",\n"TE"]', "8: cache_policies.p.headers[1]: 'TE' cannot be part of a cache key"),
    (
        P + 'headers = ["CloudFront-Viewer-Address"]',
        "7: cache_policies.p.headers[0]: 'CloudFront-Viewer-Address' can be in an origin request policy only",
    ),
    (P + 'headers = ["a b"]', "7: cache_policies.p.headers[0]: 'a b' is not a header name"),
    (P + 'cookies = [""]', "7: cache_policies.p.cookies[0]: expected a name"),
    (
        R + 'headers = ["authorization"]',
        "7: origin_request_policies.p.headers[0]: 'Authorization' cannot be listed: use 'all_viewer', or list it in the cache policy",
    ),
    (
        R + 'headers = ["Upgrade"]',
        "7: origin_request_policies.p.headers[0]: 'Upgrade' cannot be in an origin request policy",
    ),
    (
        R + 'headers = { all_viewer = ["X-A"] }',
        "7: origin_request_policies.p.headers.all_viewer[0]: 'X-A' is the viewer's own; only CloudFront-* headers are added to all_viewer",
    ),
    # methods
    (
        'allowed_methods = ["GET", "POST"]',
        "6: default_behavior.allowed_methods: expected [GET, HEAD], [GET, HEAD, OPTIONS] or 'all', got [GET, POST]",
    ),
    (
        'allowed_methods = "alle"',
        "6: default_behavior.allowed_methods: expected 'all', got 'alle'; did you mean 'all'?",
    ),
    (
        'cached_methods = ["GET"]',
        "6: default_behavior.cached_methods: expected [GET, HEAD] or [GET, HEAD, OPTIONS], got [GET]",
    ),
    (
        'cached_methods = ["GET", "HEAD", "OPTIONS"]',
        "6: default_behavior.cached_methods: OPTIONS is cached only where allowed_methods has it",
    ),
    (
        'viewer_protocol_policy = "https_only"',
        "6: default_behavior.viewer_protocol_policy: expected 'allow-all', 'https-only' or 'redirect-to-https', got 'https_only'; did you mean 'https-only'?",
    ),
    # origins
    ("[origins.x]", "6: origins.x: expected exactly one of 'directory', 'url', 'bucket' and 'function'"),
    (
        API + 'directory = "public"',
        "6: origins.api: expected exactly one of 'directory', 'url', 'bucket' and 'function'",
    ),
    (
        '[origins.x]\ndirectory = "publik"',
        "7: origins.x.directory: there is no folder 'publik'; did you mean 'public'?",
    ),
    (
        '[origins.x]\nurl = "localhost:3000"',
        "7: origins.x.url: expected http://HOST[:PORT] or https://HOST[:PORT], got 'localhost:3000'",
    ),
    ('[origins.x]\nurl = "http://u:p@h"', "7: origins.x.url: expected nothing after host and port, got ':p@h'"),
    ('[origins.x]\nurl = "http://h/v1"', "7: origins.x.url: expected no path, got '/v1': a path belongs in 'path'"),
    ('[origins.x]\nurl = "http://h?a"', "7: origins.x.url: expected nothing after host and port, got '?a'"),
    ('[origins.x]\nurl = "http://h:0"', "7: origins.x.url: expected a port from 1 to 65535, got 0"),
    ('[origins.x]\nurl = "http://h:65536"', "7: origins.x.url: expected a port from 1 to 65535, got 65536"),
    (
        '[origins.x]\nurl = "http://[::g]"',
        "7: origins.x.url: expected http://HOST[:PORT] or https://HOST[:PORT], got 'http://[::g]'",
    ),
    (
        '[origins.x]\nurl = "http://h:{port}"',
        "7: origins.x.url: '{port}' stands for a free port only together with 'command'",
    ),
    (API + 'command = "x {port}"', "7: origins.api.url: expected a port, since 'command' has '{port}'"),
    (API + "website = true", "8: origins.api.website: only an origin with 'directory' has this key"),
    (
        '[origins.x]\ndirectory = "public"\nerror_document = "e"',
        "8: origins.x.error_document: only a website origin (website = true) has this key",
    ),
    (
        '[origins.x]\ndirectory = "public"\ncommand = "e"',
        "8: origins.x.command: only an origin with 'url' has this key",
    ),
    (API + 'domain_name = "a b"', "8: origins.api.domain_name: 'a b' is not a host name"),
    (API + 'path = "v1"', "8: origins.api.path: expected a path that starts with '/' and does not end with '/'"),
    (API + 'path = "/v1/"', "8: origins.api.path: expected a path that starts with '/' and does not end with '/'"),
    (API + 'path = "/ä"', "8: origins.api.path: expected printable ASCII without spaces; percent-encode the rest"),
    (
        API + '[origins.api.custom_headers]\nVia = "x"',
        "9: origins.api.custom_headers.Via: CloudFront does not allow this header as an origin custom header",
    ),
    (
        API + '[origins.api.custom_headers]\nX-Amz-A = "x"',
        "9: origins.api.custom_headers.X-Amz-A: CloudFront does not allow this header as an origin custom header",
    ),
    (
        API + '[origins.api.custom_headers]\nA = "x\\r\\nB: c"',
        "9: origins.api.custom_headers.A: the value is not a header value",
    ),
    (API + '[origins.api.custom_headers]\nA = "x"\na = "y"', "8: origins.api.custom_headers: a header is there twice"),
    (
        API + "[origins.api.custom_headers]\n" + "\n".join(f'A{n} = "x"' for n in range(31)),
        "8: origins.api.custom_headers: expected at most 30 headers, got 31",
    ),
    # functions
    ("[functions.f]", "6: functions.f.handler: is missing"),
    (
        '[functions.f]\nhandler = "fns/ab_tst.py:handler"',
        "7: functions.f.handler: there is no file 'fns/ab_tst.py'; did you mean 'ab_test.py'?",
    ),
    ('[functions.f]\nhandler = "nowhere/x.py"', "7: functions.f.handler: there is no file 'nowhere/x.py'"),
    (
        '[functions.f]\nhandler = "fns/ab_test.py:a b"',
        "7: functions.f.handler: expected FILE:NAME, such as 'functions/auth.py:handler', got 'fns/ab_test.py:a b'",
    ),
    (
        '[functions.f]\nhandler = "ab_test.handler"',
        "7: functions.f.handler: expected FILE:NAME, such as 'functions/auth.py:handler', or MODULE.NAME together with 'root', got 'ab_test.handler'",
    ),
    (
        '[functions.f]\nhandler = "abtest.handler"\nroot = "fns"',
        "7: functions.f.handler: there is no module 'abtest' in 'fns'",
    ),
    (
        '[functions.f]\nhandler = "fns/ab_test.py"\nroot = "fns/aut"',
        "7: functions.f.handler: 'ab_test.py' is not inside root, 'fns/aut'\nedgerun.toml:8: functions.f.root: there is no folder 'fns/aut'; did you mean 'auth'?",
    ),
    (
        '[functions.f]\nhandler = "fns/ab_test.py"\nroot = "fns/auth"',
        "7: functions.f.handler: 'ab_test.py' is not inside root, 'fns/auth'",
    ),
    (
        '[functions.f]\nhandler = "fns/main.ts"',
        f"6: functions.f.runtime: cannot be told from 'main.ts': {BUILD_ADVICE}",
    ),
    (
        '[functions.f]\nhandler = "fns/v2.old.py"',
        "7: functions.f.handler: Lambda cannot load 'v2.old.py': its name holds a dot",
    ),
    (
        '[functions.f]\nhandler = "fns/both.mjs"',
        "7: functions.f.handler: Lambda would load 'both.js', which stands beside 'both.mjs'",
    ),
    (F + 'runtime = "nodejs"', "8: functions.f.runtime: nodejs does not run 'ab_test.py'"),
    (
        F + 'runtime = "pyton"',
        "8: functions.f.runtime: expected 'python', 'nodejs', 'provided', 'provided.al2', 'provided.al2023', 'cloudfront-js-1.0' or 'cloudfront-js-2.0', got 'pyton'; did you mean 'python'?",
    ),
    (F + 'python = "venv/bin/pyhton"', "8: functions.f.python: there is no interpreter 'venv/bin/pyhton'"),
    (
        '[functions.f]\nhandler = "fns/both.js"\npython = "venv/bin/python"',
        "8: functions.f.python: only a Python function has an interpreter",
    ),
    (
        F + '[functions.f.environment]\nA = "1"',
        f"8: functions.f.environment: The function cannot have environment variables. Function: {ARN}",
    ),
    # behaviors
    (B.format("/a b"), "7: behaviors[0].path_pattern: a path pattern cannot hold ' '"),
    (B.format(""), "7: behaviors[0].path_pattern: expected a pattern such as '/images/*'"),
    (B.format("/" * 256), "7: behaviors[0].path_pattern: expected at most 255 characters, got 256"),
    (B.format("/a") * 2, "11: behaviors[1].path_pattern: '/a' is there already, in behaviors[0]"),
    (
        '[[behaviors]]\norigin = "site"',
        f"6: behaviors[0].cache_policy: is missing{POLICIES}\nedgerun.toml:6: behaviors[0].path_pattern: is missing",
    ),
    # error responses
    (
        "[[error_responses]]\nerror_code = 418",
        "7: error_responses[0].error_code: expected 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504, got 418",
    ),
    (
        "[[error_responses]]\nerror_code = 404\nresponse_code = 200",
        "6: error_responses[0]: expected 'response_code' and 'response_page_path' together, or neither",
    ),
    (
        '[[error_responses]]\nerror_code = 404\nresponse_page_path = "/a"',
        "6: error_responses[0]: expected 'response_code' and 'response_page_path' together, or neither",
    ),
    (
        '[[error_responses]]\nerror_code = 404\nresponse_code = 200\nresponse_page_path = "a"',
        "9: error_responses[0].response_page_path: expected a path that starts with '/'",
    ),
    (
        "[[error_responses]]\nerror_code = 404\n[[error_responses]]\nerror_code = 404",
        "9: error_responses[1].error_code: 404 is there already",
    ),
    # store
    ('[store]\npath = "x"', "7: store.path: means something with kind = 'lmdb' only, and kind is 'memory'"),
    ('[store]\nkind = "lmdb"\npath = ""', "8: store.path: expected a folder, got ''"),
    ('[store]\nkind = "lmbd"', "7: store.kind: expected 'memory', 'lmdb' or 'redis', got 'lmbd'; did you mean 'lmdb'?"),
    (
        '[store]\nkind = "redis"',
        "6: store.url: is missing: a redis store needs one, such as 'redis://127.0.0.1:6379/0'",
    ),
    *(
        (
            f'[store]\nkind = "redis"\nurl = "{url}"',
            f"8: store.url: expected redis://HOST[:PORT][/DB], rediss://… or unix:///PATH, got '{url}'",
        )
        for url in ("", "redis", "http://h", "redis://", "redis://h:x", "redis://h:0", "unix://")
    ),
    ('[store]\nkind = "lmdb"\nurl = "x"', "8: store.url: means something with kind = 'redis' only, and kind is 'lmdb'"),
    ('[store]\ntag_header = "a b"', "7: store.tag_header: 'a b' is not a header name"),
    ('[store]\nsize = "lots"', "7: store.size: expected a size such as '256MiB', got 'lots'"),
    ('[store]\nsize = "0B"', "7: store.size: expected a size such as '256MiB', got '0B'"),
    ('[store]\nsize = "1MB"\nmax_object_size = "2MB"', "8: store.max_object_size: expected at most 'size'"),
]
AFTER = [(text, lines) for text, lines in AFTER if lines]

# (what stands before BASE, the refusal)
BEFORE = [
    ('default_root_object = "/index.html"', "1: default_root_object: expected no leading '/', got '/index.html'"),
    (f'default_root_object = "{"a" * 256}"', "1: default_root_object: expected at most 255 characters, got 256"),
    (
        'aliases = ["a.test", "*"]',
        "1: aliases[1]: in '*', '*' may only stand for the whole first label, as in '*.example.com'",
    ),
    (
        'aliases = ["a.*.test"]',
        "1: aliases[0]: in 'a.*.test', '*' may only stand for the whole first label, as in '*.example.com'",
    ),
    ('aliases = ["a b"]', "1: aliases[0]: 'a b' is not a host name"),
    ('aliases = ["a.test", "A.test"]', "1: aliases[1]: 'a.test' is an alias of 'default' already"),
    ('id = "a-b"', "1: id: expected letters and digits, such as 'E2EXAMPLE', got 'a-b'"),
    (
        'caching = "rfc911"',
        "1: caching: expected 'cloudfront' or 'rfc9111', got 'rfc911'; did you mean 'rfc9111'?",
    ),
    ("rfc9111 = { max_stale = 1 }", "1: rfc9111: counts only with caching = 'rfc9111'"),
    (
        'caching = "rfc9111"\nrfc9111 = { targeted_fields = ["a b"] }',
        "2: rfc9111.targeted_fields[0]: 'a b' is not a header name",
    ),
    (
        'caching = "rfc9111"\nrfc9111 = { max_stal = 1 }',
        "2: rfc9111.max_stal: is not a key that edgerun knows; did you mean 'max_stale'?",
    ),
    ('enabled = "yes"', "1: enabled: expected true or false, got 'yes'"),
    ('behaviors = "x"', "1: behaviors: expected a list, got 'x'"),
    ("behaviors = [1]", "1: behaviors[0]: expected a table, got 1"),
    ("functions = []", "1: functions: expected a table, got a list"),
]

WHOLE = [
    ("", ": default_behavior: is missing"),
    (
        "[default_behavior]",
        f"1: default_behavior.cache_policy: is missing{POLICIES}\nedgerun.toml:1: default_behavior.origin: is missing",
    ),
    (
        BASE.replace("CachingOptimized", "CachingOptimised"),
        "5: default_behavior.cache_policy: 'CachingOptimised' is not a policy; did you mean 'CachingOptimized'?",
    ),
    (BASE.replace('"site"', '"sight"'), "4: default_behavior.origin: 'sight' is not an origin; did you mean 'site'?"),
    (
        BASE + "[distributions.a]",
        "3: default_behavior: belongs in a [distributions.NAME], since there are several\nedgerun.toml:6: distributions.a.default_behavior: is missing",
    ),
    (
        "[distributions.a.origins.x]",
        "1: distributions.a.origins: belongs at the top of the file, where all distributions share it",
    ),
    ("[distributions.a.geo_restriction]", "1: distributions.a.geo_restriction.restriction_type: is missing"),
    ("a = ", "1:5: is not TOML: Invalid value"),
    ("a = 1\na = 2", "2:6: is not TOML: Cannot overwrite a value"),
    ("[a\n", "1:3: is not TOML: Expected ']' at the end of a table declaration"),
    ("a = '''", "1:8: is not TOML: Expected \"'''\""),
    ("a = " + "[" * 9999, ": is nested too deeply"),
]


def _check(found: list[str], expected: str) -> None:
    head = "edgerun.toml" if expected.startswith(":") else "edgerun.toml:"
    assert sorted(found) == sorted(f"{head}{expected}".split("\n"))


@pytest.mark.parametrize(("text", "expected"), AFTER)
def test_refused_after_a_good_beginning(refusal, text, expected):
    _check(refusal(BASE + text), expected)


@pytest.mark.parametrize(("text", "expected"), BEFORE)
def test_refused_at_the_top(refusal, text, expected):
    _check(refusal(f"{text}\n{BASE}"), expected)


@pytest.mark.parametrize(("text", "expected"), WHOLE)
def test_refused_as_a_whole(refusal, text, expected):
    _check(refusal(text), expected)


def test_all_faults_are_told_at_once_in_the_order_of_the_file(refusal):
    text = BASE.replace("CachingOptimized", "x") + F + 'python = "no"\n' + '[origins.x]\nurl = "h"\n'
    assert refusal(text) == [
        f"edgerun.toml:5: default_behavior.cache_policy: 'x' is not a policy; there are {', '.join(MANAGED)}",
        "edgerun.toml:8: functions.f.python: there is no interpreter 'no'",
        "edgerun.toml:10: origins.x.url: expected http://HOST[:PORT] or https://HOST[:PORT], got 'h'",
    ]


def test_an_origin_that_is_wrong_is_not_also_said_to_be_missing(refusal):
    assert len(refusal(BASE.replace("public", "nowhere"))) == 1


def test_a_wrong_key_in_a_function_use_is_told(refusal):
    lines = refusal(BASE + 'viewer_request = { function = "f", body = true }')
    assert lines == ["edgerun.toml:6: default_behavior.viewer_request.body: is not a key that edgerun knows"]


def test_pedantic_takes_the_stricter_page_on_memory(refusal):
    text = BASE + 'viewer_request = "f"\n' + F + "memory = 256"
    (line,) = refusal(text, strictness="pedantic")
    assert line.startswith("edgerun.toml:6: default_behavior.viewer_request: function 'f' has 256 MB")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n "a": }', "edgerun.json:2:7: is not JSON: Expecting value"),
        ("[]", "edgerun.json:1: expected an object"),
        ('{"a": 1, "a": 2}', "edgerun.json: is not JSON: the key 'a' is there twice"),
        ('{"a": NaN}', "edgerun.json: is not JSON: NaN is no number of JSON"),
        ('{"a": "\\ud800"}', "edgerun.json: a string holds half a surrogate pair"),
        ('{"a": ' + "[" * 99999, "edgerun.json: is nested too deeply"),
        (
            '{\n"default_behavior": {"origin": "a",\n"cache_policy": 1}}',
            "edgerun.json:3: default_behavior.cache_policy: expected a string, got 1",
        ),
        (
            '{"default_behavior": {\n"trusted_key_groups": null, "origin": "a", "cache_policy": "b"}}',
            "edgerun.json:2: default_behavior.trusted_key_groups: expected a list, got null",
        ),
    ],
)
def test_json_is_refused_in_the_same_way(refusal, text, expected):
    assert refusal(text, "edgerun.json") == [expected]


def test_pyproject_lines_count_from_its_own_top(refusal):
    text = '[project]\nname = "x"\n[tool.edgerun.default_behavior]\norigin = "a"\ncache_policy = 1\n'
    assert refusal(text, "pyproject.toml") == [
        "pyproject.toml:5: default_behavior.cache_policy: expected a string, got 1"
    ]
    assert refusal("[tool.x]", "pyproject.toml") == ["pyproject.toml: has no table [tool.edgerun]"]


def test_two_distributions_cannot_share_hosts_or_ids(refusal):
    one = '[distributions.{}]\nid = "E1"\naliases = ["a.test"]\ndefault_behavior = {{ origin = "s", cache_policy = "Amplify" }}\n'
    text = '[origins.s]\nurl = "http://h"\n' + one.format("a") + one.format("b")
    assert refusal(text) == [
        "edgerun.toml:8: distributions.b.id: 'E1' is the id of distribution 'a'",
        "edgerun.toml:9: distributions.b.aliases[0]: 'a.test' is an alias of 'a' already",
    ]


def test_files_that_cannot_be_read(refusal, project):
    for path, line in {
        "none.toml": "none.toml: there is no such file",
        "none.toml\0": "none.toml\0: cannot be read: embedded null byte",
        "a" * 300: f"{'a' * 300}: cannot be read: File name too long",
        ".": ".: has none of edgerun.toml, edgerun.json, pyproject.toml (with [tool.edgerun])",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load(project / path)
        assert str(caught.value) == line
    (project / "bad.toml").write_bytes(b"a = 1\nb = '\xff'")
    with pytest.raises(ConfigError, match=r"^bad\.toml:2: is not UTF-8$"):
        load(project / "bad.toml")
