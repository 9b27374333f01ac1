"""What the native format comes to (design.md §8)."""

import os
from pathlib import Path

import pytest

from edgerun.config.faults import shown
from edgerun.config.load import Overrides, find_config, load
from edgerun.distribution.latitude import Rfc9111
from edgerun.distribution.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES
from edgerun.distribution.model import ALL_METHODS, Choice
from edgerun.distribution.origins import DirectoryOrigin, HttpOrigin
from edgerun.errors import ConfigError

BASE = """\
[origins.site]
directory = "public"
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""

SAMPLE = """\
default_root_object = "index.html"

[origins.site]
directory = "public"                  # an S3-style bucket

[origins.api]
url = "http://127.0.0.1:3000"

[functions.ab]
handler = "fns/ab_test.py:handler"

[functions.sign]
handler = "fns/auth/index.mjs"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "ab"

[[behaviors]]
path_pattern = "/api/*"
origin = "api"
cache_policy = "CachingDisabled"
origin_request_policy = "AllViewerExceptHostHeader"
allowed_methods = "all"
origin_request = { function = "sign", include_body = true }

[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"
"""


def test_the_sample_of_the_design_loads(read, project):
    loaded = read(SAMPLE)
    (one,) = loaded.config.distributions
    assert (one.name, one.default_root_object, one.enabled) == ("default", "index.html", True)
    assert one.default_behavior.viewer_request.function is loaded.config.functions["ab"]
    (api,) = one.behaviors
    assert api.origin is loaded.config.origins["api"]
    assert (api.allowed_methods, api.origin_request.include_body) == (ALL_METHODS, True)
    assert one.error_responses[404].response_page_path == "/index.html"
    assert loaded.notes == ()
    assert loaded.watch == tuple(project / name for name in ("edgerun.toml", "fns", "fns/auth", "public"))


def test_a_configuration_can_be_hashed_as_values_can(read):
    assert hash(read(SAMPLE).config) == hash(read(SAMPLE).config)


def test_ids_and_domains_are_derived_from_the_name_and_stay_the_same(read):
    (one,) = read(BASE).config.distributions
    assert (one.id, one.domain_name) == ("EG6UO5QOODFUH2", "dezp4kifdxfgfh.cloudfront.net")


def test_an_id_that_is_given_is_kept(read):
    (one,) = read('id = "E2EXAMPLE"\n' + BASE).config.distributions
    assert one.id == "E2EXAMPLE"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param("", {}, id="defaults"),
        pytest.param("website = true", {"domain_name": "site.s3-website-us-east-1.amazonaws.com"}, id="website"),
        pytest.param('website = true\nerror_document = "e.html"', {"error_document": "e.html"}, id="error document"),
        pytest.param('domain_name = "B.s3.amazonaws.com"', {"domain_name": "b.s3.amazonaws.com"}, id="domain name"),
        pytest.param("list_bucket = true", {"list_bucket": True}, id="list bucket"),
        pytest.param('path = "/v1"\nread_timeout = 60', {"path": "/v1", "read_timeout": 60.0}, id="path and timeout"),
        pytest.param("response_completion_timeout = 30", {"response_completion_timeout": 30.0}, id="completion"),
        pytest.param('custom_headers = { X-A = "b" }', {"custom_headers": {"X-A": "b"}}, id="custom headers"),
    ],
)
def test_directory_origins(read, project, lines, expected):
    origin = read(BASE.replace("[default", f"{lines}\n[default")).config.origins["site"]
    assert isinstance(origin, DirectoryOrigin)
    usual = {"directory": str(project / "public"), "connection_attempts": 3, "domain_name": origin.domain_name}
    if not expected:
        usual["domain_name"] = "site.s3.us-east-1.amazonaws.com"
    assert {word: getattr(origin, word) for word in usual | expected} == usual | expected


@pytest.mark.parametrize(
    ("lines", "scheme", "host", "port", "domain_name", "host_header"),
    [
        ('url = "http://Api.Test"', "http", "api.test", 80, "api.test", "api.test"),
        ('url = "https://api.test/"', "https", "api.test", 443, "api.test", "api.test"),
        ('url = "https://api.test:443"', "https", "api.test", 443, "api.test", "api.test"),
        ('url = "http://127.0.0.1:3000"', "http", "127.0.0.1", 3000, "127.0.0.1", "127.0.0.1:3000"),
        ('url = "http://[::1]:3000"', "http", "::1", 3000, "::1", "[::1]:3000"),
        ('url = "http://h:3000"\ndomain_name = "api.test"', "http", "h", 3000, "api.test", "api.test"),
        ('url = "http://h:{port}"\ncommand = "run {port}"', "http", "h", 4321, "h", "h:4321"),
        ('url = "http://h:5000"\ncommand = "run"', "http", "h", 5000, "h", "h:5000"),
    ],
)
def test_http_origins(read, lines, scheme, host, port, domain_name, host_header):
    origin = read(f"{BASE}[origins.api]\n{lines}").config.origins["api"]
    assert isinstance(origin, HttpOrigin)
    found = (origin.scheme, origin.host, origin.port, origin.domain_name, origin.host_header)
    assert found == (scheme, host, port, domain_name, host_header)


def test_a_command_keeps_its_placeholder_for_whoever_starts_it(read):
    origin = read(BASE + '[origins.a]\nurl = "http://h:{port}"\ncommand = "run {port}"').config.origins["a"]
    assert origin.command == "run {port}"


@pytest.mark.parametrize(
    ("lines", "root", "handler", "runtime"),
    [
        ('handler = "fns/ab_test.py:other"', "fns", "ab_test.other", "python"),
        ('handler = "fns/ab_test.py"', "fns", "ab_test.handler", "python"),
        ('handler = "fns/auth/index.mjs:handler"\nroot = "fns/auth"', "fns/auth", "index.handler", "nodejs"),
        ('handler = "fns/auth/index.mjs"\nroot = "fns"', "fns", "auth/index.handler", "nodejs"),
        ('handler = "ab_test.go"\nroot = "fns"', "fns", "ab_test.go", "python"),
        ('handler = "auth/index.handler"\nroot = "fns"', "fns", "auth/index.handler", "nodejs"),
        ('handler = "fns/main.ts"\nruntime = "nodejs"', "fns", "main.handler", "nodejs"),
        ('handler = "fns/main.ts:run"\nruntime = "nodejs"', "fns", "main.run", "nodejs"),
    ],
)
def test_handlers(read, project, lines, root, handler, runtime):
    function = read(f"{BASE}[functions.f]\n{lines}").config.functions["f"]
    assert (function.root, function.handler, function.runtime) == (str(project / root), handler, runtime)


def test_a_functions_limits_and_interpreter(read, project):
    lines = 'timeout = 30\nmemory = 512\nconcurrency = 2\npython = "venv/bin/python"'
    function = read(f'{BASE}[functions.f]\nhandler = "fns/ab_test.py"\n{lines}').config.functions["f"]
    assert (function.timeout, function.memory, function.concurrency) == (30.0, 512, 2)
    assert function.python == str(project / "venv/bin/python")


def test_environment_variables_are_forgiven_when_lenient_and_said(read):
    text = f'{BASE}[functions.f]\nhandler = "fns/ab_test.py"\nenvironment = {{ A = "1" }}'
    loaded = read(text, strictness="lenient")
    assert loaded.config.functions["f"].environment == {"A": "1"}
    (note,) = loaded.notes
    assert note.startswith(
        "edgerun.toml:8: functions.f.environment: forgiven: The function cannot have environment variables. Function: "
    )


@pytest.mark.parametrize("policy", CACHE_POLICIES, ids=lambda policy: policy.name)
def test_managed_cache_policies_are_found_by_name_prefixed_name_and_id(read, policy):
    for name in (policy.name, f"Managed-{policy.name}", policy.id):
        text = BASE.replace("CachingOptimized", name)
        assert read(text).config.distributions[0].default_behavior.cache_policy is policy


@pytest.mark.parametrize("policy", ORIGIN_REQUEST_POLICIES, ids=lambda policy: policy.name)
def test_managed_origin_request_policies_are_found_by_name_prefixed_name_and_id(read, policy):
    for name in (policy.name, f"Managed-{policy.name}", policy.id):
        text = f'{BASE}origin_request_policy = "{name}"'
        assert read(text).config.distributions[0].default_behavior.origin_request_policy is policy


# spec/cloudfront.md §1.2, defaults of absent TTLs
@pytest.mark.parametrize(
    ("lines", "ttls"),
    [
        pytest.param("", (0, 86_400, 31_536_000), id="all absent"),
        pytest.param("min_ttl = 100000", (100_000, 100_000, 31_536_000), id="the minimum lifts the default"),
        pytest.param("default_ttl = 40000000", (0, 40_000_000, 40_000_000), id="the default lifts the maximum"),
        pytest.param("min_ttl = 40000000", (40_000_000, 40_000_000, 40_000_000), id="the minimum lifts both"),
        pytest.param("min_ttl = 1\ndefault_ttl = 2\nmax_ttl = 3", (1, 2, 3), id="as given"),
    ],
)
def test_ttls(read, lines, ttls):
    text = f"{BASE.replace('CachingOptimized', 'mine')}[cache_policies.mine]\n{lines}"
    policy = read(text).config.distributions[0].default_behavior.cache_policy
    assert (policy.min_ttl, policy.default_ttl, policy.max_ttl) == ttls


@pytest.mark.parametrize(
    ("line", "choice", "names"),
    [
        ('cookies = "none"', Choice.NONE, ()),
        ('cookies = "all"', Choice.ALL, ()),
        ('cookies = ["B", "a"]', Choice.ONLY, (b"B", b"a")),
        ("cookies = []", Choice.NONE, ()),
        ('cookies = { except = ["Sid"] }', Choice.EXCEPT, (b"Sid",)),
        ('headers = ["Origin"]', Choice.ONLY, (b"origin",)),
        ('headers = "all_viewer"', Choice.ALL_VIEWER, ()),
        ('headers = { except = ["Host"] }', Choice.EXCEPT, (b"host",)),
        ('headers = { all_viewer = ["CloudFront-Viewer-ASN"] }', Choice.ALL_VIEWER, (b"cloudfront-viewer-asn",)),
        ('query_strings = ["Ä"]', Choice.ONLY, ("Ä".encode(),)),
    ],
)
def test_selections_of_an_origin_request_policy(read, line, choice, names):
    text = f'{BASE}origin_request_policy = "mine"\n[origin_request_policies.mine]\n{line}'
    policy = read(text).config.distributions[0].default_behavior.origin_request_policy
    selection = getattr(policy, line.split()[0])
    assert (selection.choice, selection.names) == (choice, frozenset(names))


def test_methods(read):
    text = BASE + 'allowed_methods = ["OPTIONS", "HEAD", "GET"]\ncached_methods = ["GET", "HEAD", "OPTIONS"]'
    behavior = read(text).config.distributions[0].default_behavior
    assert behavior.allowed_methods == behavior.cached_methods == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    ("lines", "size", "largest"),
    [
        ("", 256 << 20, 64 << 20),
        ('size = "1MiB"', 1 << 20, 1 << 20),
        ('size = "1 GB"\nmax_object_size = "10B"', 10**9, 10),
    ],
)
def test_the_store(read, lines, size, largest):
    store = read(f"{BASE}[store]\n{lines}").config.store
    assert (store.kind, store.size, store.max_object_size) == ("memory", size, largest)


@pytest.mark.parametrize(
    ("lines", "path", "largest"),
    [
        ("", ".edgerun/cache", 256 << 20),
        ('path = "../else"\nsize = "100GiB"', "../else", 30 << 30),
        ('path = "/var/cache/edge"\nmax_object_size = "1MiB"', "/var/cache/edge", 1 << 20),
    ],
)
def test_a_store_in_a_folder(read, project, lines, path, largest):
    store = read(f'{BASE}[store]\nkind = "lmdb"\n{lines}').config.store
    assert (store.kind, store.path) == ("lmdb", os.path.normpath(project / path))
    assert store.max_object_size == largest


@pytest.mark.parametrize(
    ("table", "flag", "expected"),
    [
        ("", "lmdb", ("lmdb", ".edgerun/cache")),
        ('[store]\nkind = "lmdb"\npath = "x"', "lmdb", ("lmdb", "x")),
        ('[store]\nkind = "lmdb"\npath = "x"', "memory", ("memory", "")),
        ('[store]\nsize = "1MiB"', "", ("memory", "")),
    ],
)
def test_a_flag_says_where_objects_are_kept(read, project, table, flag, expected):
    store = read(BASE + table, store=flag).config.store
    assert store.url == ""
    kind, path = expected
    assert (store.kind, store.path) == (kind, path and str(project / path))


@pytest.mark.parametrize("table", ["", 'kind = "lmdb"\npath = "x"', 'kind = "redis"\nurl = "redis://other"'])
def test_a_url_as_a_flag_means_a_redis_server(read, table):
    store = read(f"{BASE}[store]\n{table}", store="redis://cache.example:6380/2").config.store
    assert (store.kind, store.url, store.path) == ("redis", "redis://cache.example:6380/2", "")


@pytest.mark.parametrize("url", ["redis://h", "rediss://u:p@h:1/0", "unix:///run/redis.sock?db=1"])
def test_a_store_on_a_server(read, url):
    store = read(f'{BASE}[store]\nkind = "redis"\nurl = "{url}"\nsize = "1GiB"').config.store
    assert (store.kind, store.url, store.max_object_size) == ("redis", url, 1 << 30)


@pytest.mark.parametrize("flag", ["disk", "redis", "http://h"])
def test_another_store_is_refused_by_name(read, flag):
    with pytest.raises(ConfigError, match="expected 'memory', 'lmdb' or a redis:// URL"):
        read(BASE, store=flag)


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        ("", (b"x-amz-meta-cache-tag", b"cache-tag", b"surrogate-key")),
        ('tag_header = "X-Tags"', (b"x-tags",)),
    ],
)
def test_the_headers_that_carry_cache_tags(read, line, headers):
    assert read(f"{BASE}[store]\n{line}").config.store.tag_headers == headers


def test_several_distributions_share_what_stands_at_the_top(read):
    text = """
    [origins.site]
    directory = "public"
    [distributions.shop]
    aliases = ["Shop.test", "*.shop.test"]
    default_behavior = { origin = "site", cache_policy = "CachingOptimized" }
    [distributions.blog]
    default_behavior = { origin = "site", cache_policy = "CachingDisabled" }
    """
    shop, blog = read(text).config.distributions
    assert (shop.name, shop.aliases, blog.aliases) == ("shop", ("shop.test", "*.shop.test"), ())
    assert shop.default_behavior.origin is blog.default_behavior.origin
    assert shop.id != blog.id


@pytest.mark.parametrize(
    ("text", "flags", "note"),
    [
        pytest.param(
            BASE + '[[behaviors]]\npath_pattern = "*"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
            '[[behaviors]]\npath_pattern = "/a"\norigin = "site"\ncache_policy = "CachingDisabled"\n',
            {},
            "edgerun.toml:11: behaviors[1].path_pattern: '/a' never matches, because '*' stands before it",
            id="unreachable",
        ),
        pytest.param(
            BASE + 'viewer_request = "f"\n[functions.f]\nhandler = "fns/ab_test.py"\nmemory = 256',
            {},
            "edgerun.toml:6: default_behavior.viewer_request: function 'f' has 256 MB, and one AWS page allows 128 MB "
            "at viewer events",
            id="memory at a viewer event",
        ),
        pytest.param(
            BASE.replace("CachingOptimized", "UseOriginCacheControlHeaders"),
            {},
            "edgerun.toml:5: default_behavior.cache_policy: 'UseOriginCacheControlHeaders' sends Host to the origin, "
            "which S3 on AWS refuses",
            id="Host at a bucket",
        ),
        pytest.param(
            BASE + "[cache_policies.Managed-CachingOptimized]",
            {},
            "edgerun.toml:6: cache_policies.Managed-CachingOptimized: hides the managed policy of this name",
            id="a managed name",
        ),
        pytest.param(
            BASE.replace("CachingOptimized", "Elemental-MediaPackage") + "compress = true\n[cache_policies.p]",
            {},
            None,
            id="compress with a policy that takes gzip",
        ),
        pytest.param(
            BASE.replace("CachingOptimized", "CachingOptimizedForUncompressedObjects") + "compress = true",
            {},
            "edgerun.toml:6: default_behavior.compress: compresses nothing, because the cache policy "
            "'CachingOptimizedForUncompressedObjects' has neither gzip nor brotli",
            id="compress without a coding",
        ),
        pytest.param(
            BASE.replace("CachingOptimized", "CachingDisabled") + "compress = true",
            {},
            "edgerun.toml:6: default_behavior.compress: compresses nothing, because the cache policy "
            "'CachingDisabled' caches nothing",
            id="compress without a cache",
        ),
    ],
)
def test_notes(read, text, flags, note):
    assert read(text, **flags).notes == (() if note is None else (note,))


HTTP = f"""caching = "rfc9111"
rfc9111 = {{ targeted_fields = ["X-Mine", "CDN-Cache-Control"], default_ttl = 5, max_stale = 7, set_cookie = "strip" }}
{BASE}"""


def test_the_rules_of_caching_are_chosen_by_the_distribution(read):
    plain, chosen = read(BASE).config.distributions[0], read(HTTP).config.distributions[0]
    assert (plain.caching, plain.rfc9111) == ("cloudfront", Rfc9111())
    assert chosen.caching == "rfc9111"
    assert chosen.rfc9111 == Rfc9111(
        targeted_fields=(b"x-mine", b"cdn-cache-control"), default_ttl=5.0, max_stale=7.0, set_cookie="strip"
    )


def test_what_does_not_count_by_the_rules_of_http_is_noted(read):
    text = HTTP + 'allowed_methods = "all"\norigin_request_policy = "AllViewer"\n'
    text += "[[error_responses]]\nerror_code = 404\nerror_caching_min_ttl = 3\n"
    said = [note.partition(": ")[2] for note in read(text).notes]
    places = (
        *("default_behavior.allowed_methods", "default_behavior.origin_request_policy"),
        "error_responses[0].error_caching_min_ttl",
    )
    assert said == [f"{place}: does not count with caching = 'rfc9111'" for place in places]
    assert read(HTTP).notes == ()


def test_json_is_the_same_format(read):
    text = """{"$schema": "edgerun.schema.json", "origins": {"site": {"directory": "public"}},
      "default_behavior": {"origin": "site", "cache_policy": "CachingOptimized", "viewer_request": null}}"""
    assert read(text, "edgerun.json").config == read(BASE).config


def test_pyproject_is_the_same_format(read):
    text = BASE.replace("[", "[tool.edgerun.")
    assert read(text, "pyproject.toml").config == read(BASE).config


def test_a_configuration_is_found_in_its_order(project):
    assert find_config(project) is None
    (project / "pyproject.toml").write_text("[tool.other]")
    assert find_config(project) is None
    for name, text in (("pyproject.toml", "[tool.edgerun]"), ("edgerun.json", "{}"), ("edgerun.toml", "")):
        (project / name).write_text(text)
        assert find_config(project) == project / name


def test_a_folder_means_the_configuration_in_it(read, project):
    loaded = read(BASE)
    assert load(project, free_port=lambda: 1) == loaded
    assert load(Path("edgerun.toml")) == loaded
    assert loaded.path == project / "edgerun.toml"


@pytest.mark.parametrize("name", ["site", ""], ids=["named", "the only one"])
def test_a_flag_puts_an_origin_elsewhere(read, project, name):
    text = BASE.replace("[default", 'website = true\nread_timeout = 9\ndomain_name = "a.test"\n[default')
    origin = read(text, origins={name: "http://127.0.0.1:3000"}).config.origins["site"]
    assert (origin.host, origin.host_header, origin.read_timeout) == ("127.0.0.1", "a.test", 9.0)
    origin = read(text, origins={name: "fns"}).config.origins["site"]
    assert (origin.directory, origin.website) == (str(project / "fns"), True)


def test_flags_set_strictness_and_country(read):
    config = read(BASE, strictness="pedantic", country="DE").config
    assert (config.strictness, config.country) == ("pedantic", "DE")
    assert (read(BASE).config.strictness, read(BASE).config.country) == ("strict", "")


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (
            {"origins": {"sit": "http://h"}},
            "--origin sit: 'sit' is not an origin; did you mean 'site'?",
        ),
        (
            {"origins": {"site": "ftp://h"}},
            "--origin site: expected http://HOST[:PORT] or https://HOST[:PORT], got 'ftp://h'",
        ),
        ({"origins": {"site": "fnz/ab"}}, "--origin site: there is no folder {}"),
        ({"country": "Germany"}, "--country: expected two capital letters such as 'DE', got 'Germany'"),
        ({"strictness": "odd"}, "strictness: expected 'strict', 'pedantic' or 'lenient', got 'odd'"),
    ],
)
def test_flags_that_are_refused(read, project, flags, line):
    with pytest.raises(ConfigError) as caught:
        read(BASE, **flags)
    assert str(caught.value) == line.format(shown(str(project / "fnz/ab")))  # a long one is cut short


def test_the_name_of_an_origin_is_needed_when_there_are_several(read):
    with pytest.raises(ConfigError, match="say NAME=… since there is not exactly one origin"):
        read(f'{BASE}[origins.b]\nurl = "http://b"', origins={"": "http://h"})


def test_overrides_cannot_be_changed():
    with pytest.raises(AttributeError):
        Overrides().country = "DE"
