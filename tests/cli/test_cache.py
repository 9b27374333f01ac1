"""`edgerun cache` and the admin port's questions, against an edge in this process."""

import asyncio
import json
import re
import socket
import threading

import httpx2
import pytest
from plays import consume, request

from edgerun.admin.port import AdminPort, running
from edgerun.app import Edge
from edgerun.cli.cache_words import duration, size
from edgerun.config.load import load
from edgerun.testing import CallableRuntime, SettableClock

CONFIG = """\
aliases = ["shop.example"]

[origins.site]
directory = "public"

[functions.home]
handler = "home.py"

[cache_policies.own]
default_ttl = 60
query_strings = ["a"]
cookies = { except = ["t"] }
headers = ["accept-language"]
gzip = true

[default_behavior]
origin = "site"
cache_policy = "own"

[[behaviors]]
path_pattern = "/off/*"
origin = "site"
cache_policy = "CachingDisabled"

[[behaviors]]
path_pattern = "/front/*"
origin = "site"
cache_policy = "own"
viewer_request = "home"

[[behaviors]]
path_pattern = "/secure/*"
origin = "site"
cache_policy = "own"
viewer_protocol_policy = "redirect-to-https"
"""
META = '["tagged.html"]\nx-amz-meta-cache-tag = "sale"\n'


def to_index(event, _context):
    found = event["Records"][0]["cf"]["request"]
    if found["querystring"] == "made":
        return {"status": "200", "body": "made"}
    return found | {"uri": "/index.html"}


class Asked:
    """An edge in a thread of its own, with its admin port, some stored objects and a clock that stands still."""

    def __init__(self, folder):
        (folder / "public").mkdir()
        for name in ("index.html", "other.html", "tagged.html"):
            (folder / "public" / name).write_text(name)
        (folder / "public" / ".edgerun-meta.toml").write_text(META)
        (folder / "home.py").write_text("def handler(event, context): ...\n")
        (folder / "edgerun.toml").write_text(CONFIG)
        self.folder, self.clock, self.runtime = folder, SettableClock(), CallableRuntime({"home": to_index})
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._thread.start()
        assert self._ready.wait(20)

    async def _live(self):
        self._loop = asyncio.get_running_loop()
        edge = Edge(load(self.folder / "edgerun.toml").config, clock=self.clock, runtime=self.runtime)
        listener = socket.create_server(("127.0.0.1", 0))
        port = AdminPort(edge, listener, self.folder / ".edgerun")
        port.start()
        for path, headers in (
            *(("/index.html?a=1&b=2", {}), ("/index.html", {"accept_language": "de", "cookie": "s=1; t=2"})),
            ("/tagged.html", {"accept_encoding": "gzip"}),
        ):
            begun = edge.begin(request(path, **headers))
            await consume(await begun if asyncio.iscoroutine(begun) else begun)
        await edge.store.settled()
        self.edge = edge
        self._ready.set()
        await self._over.wait()
        await port.stop()
        await edge.aclose()

    def stop(self):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    found = Asked(tmp_path_factory.mktemp("asked"))
    yield found
    found.stop()


@pytest.fixture
def cache(asked, command):
    def call(*arguments):
        return command("cache", *arguments, "-c", asked.folder / "edgerun.toml")

    return call


def told(cache, *arguments):
    ended = cache("explain", *arguments, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def test_the_list_is_sorted_and_says_what_there_is(cache):
    assert re.sub(r"[\d.]+ KiB", "1.3 KiB", cache("ls").out).splitlines() == [
        "STATUS  STATE     SIZE  AGE  TTL  URI",
        "200     fresh  1.3 KiB   0s  60s  /index.html  accept-language=de  cookies=s=1",
        "200     fresh  1.3 KiB   0s  60s  /index.html?a=1",
        "200     fresh  1.3 KiB   0s  60s  /tagged.html  encoding=gzip  #sale",
        "3 objects",
    ]


@pytest.mark.parametrize(
    ("pattern", "count"), [("/*", 3), ("/index*", 2), ("/tagged.html", 1), ("#sale", 1), ("/no", 0)]
)
def test_the_list_takes_what_a_purge_takes(cache, pattern, count):
    assert cache("ls", pattern).out.splitlines()[-1] == f"{count} object{'s' * (count != 1)}"
    assert len(cache("ls", pattern, "--json").out.splitlines()) == count


def test_a_limit_says_how_many_more_there_are(cache):
    lines = cache("ls", "--limit", "1").out.splitlines()
    assert lines[1].endswith("/index.html  accept-language=de  cookies=s=1")
    assert lines[2:] == ["3 objects, 2 of them not shown"]
    assert len(cache("ls", "--limit", "2", "--json").out.splitlines()) == 2


def test_a_line_of_json_has_everything(cache):
    (line,) = cache("ls", "#sale", "--json").out.splitlines()
    row = json.loads(line)
    assert {name: row[name] for name in ("uri", "state", "status", "age", "ttl", "length", "tags", "generated")} == {
        "uri": "/tagged.html",
        "state": "fresh",
        "status": 200,
        "age": 0,
        "ttl": 60.0,
        "length": 11,
        "tags": ["sale"],
        "generated": False,
    }
    assert row["key"]["encoding"] == "gzip"
    assert row["stored_by"]


def test_a_hit_is_explained(cache, asked):
    said = told(cache, "http://shop.example/index.html?b=2&a=1", "-H", "User-Agent: x", "-H", "Cookie: t=2")
    assert (said["result"], said["why"], said["hint"]) == ("hit", "it is fresh", "")
    assert said["key"] == [
        {"name": "distribution", "value": said["distribution"]["id"], "rule": "the Host header"},
        {"name": "method", "value": "GET", "rule": "GET and HEAD share an object"},
        {"name": "path", "value": "/index.html", "rule": "the URL, as viewer-request left it"},
        {"name": "query", "value": "a=1", "rule": "query string: only a, cache policy own"},
    ]
    assert said["left_out"] == ["query b", "cookie t", "header user-agent"]
    assert [step["name"] for step in said["steps"]] == ["lifetime", "age", "fresh"]
    assert said["cache_policy"] == {"name": "own", "min_ttl": 0.0, "default_ttl": 60.0, "max_ttl": 31_536_000.0}
    assert said["object"]["requested"] == "/index.html?a=1"
    assert said["warnings"] == []


def test_every_part_of_a_key_says_where_it_comes_from(cache):
    said = told(
        *(cache, "/tagged.html", "-H", "Accept-Encoding: br, gzip", "-H", "accept-language: de"),
        *("-H", "Cookie: s=1; t=2"),
    )
    assert said["result"] == "miss"
    assert {part["name"]: part["rule"] for part in said["key"][3:]} == {
        "accept-language": "accept-language header, cache policy own",
        "cookies": "Cookie header: all but t, cache policy own",
        "encoding": "Accept-Encoding header, as far as cache policy own has gzip and brotli",
    }
    assert said["left_out"] == ["cookie t"]


def test_an_expired_object_says_so_and_what_it_would_take(cache, asked):
    asked.clock.advance(70)
    try:
        said = told(cache, "/index.html?a=1")
        words = cache("explain", "/index.html?a=1").out
        listed = cache("ls", "/tagged.html").out
    finally:
        asked.clock.advance(-70)
    assert (said["result"], said["why"], said["forwarded"]) == ("expired", "it has expired", "stale")
    assert said["hint"].startswith("a longer lifetime")
    assert "fresh             no  (lifetime > age, §3.1)" in words
    assert "expired 10s ago" in words
    assert "expired" in listed
    assert "-10s" in listed


@pytest.mark.parametrize(
    ("arguments", "result", "why"),
    [
        (["/new"], "miss", "nothing is stored for this key"),
        (["/off/a"], "pass", "the cache is off for this behavior"),
        (["/x", "-X", "DELETE"], "refused", "behavior '*' allows GET, HEAD, not DELETE"),
        (["/secure/a"], "redirect", "the viewer is sent to HTTPS"),
        (["https://shop.example/secure/a"], "miss", "nothing is stored for this key"),
        (["/front/?made", "--run"], "generated", "viewer-request answers itself: the cache is not asked"),
    ],
)
def test_what_becomes_of_a_request(cache, arguments, result, why):
    said = told(cache, *arguments)
    assert (said["result"], said["why"]) == (result, why)
    assert cache("explain", *arguments).out.splitlines()[:2] == [
        f"{said['method']} {said['target']}: {result}",
        f"  why               {why}",
    ]


def test_a_function_runs_only_when_it_is_wanted(cache, asked):
    calls = len(asked.runtime.calls)
    asleep = told(cache, "/front/a?a=1")
    assert len(asked.runtime.calls) == calls
    awake = told(cache, "/front/a?a=1", "--run")
    assert (asleep["result"], awake["result"], awake["rewritten"]) == ("miss", "hit", "/index.html?a=1")
    assert asleep["viewer_request"] == {"name": "home", "ran": False}
    assert "--run runs it" in asleep["warnings"][0]
    assert "--run" not in str(awake["warnings"])
    words = cache("explain", "/front/a?a=1", "--run").out
    assert "  viewer-request    home, run\n  rewritten to      /index.html?a=1\n" in words
    assert "note: viewer-request is not run" in cache("explain", "/front/a?a=1").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "foo"], "'foo' is neither a URL"),
        (["explain", "ftp://shop.example/"], "is neither a URL"),
        (["explain", "http://[/"], "is neither a URL"),
        (["explain", "/\xe9"], "percent-encode"),
        (["explain", "http://shop.exampel/"], "did you mean 'shop.example'?"),
        (["explain", "/", "-H", "foo"], "expected 'Name: value'"),
        (["explain", "/", "-H", "a b: c"], "'a b' is not a header name"),
        (["explain", "/", "-H", "a: b\x01"], "control characters"),
        (["explain", "/", "-X", "G T"], "'G T' is no method"),
        (["ls", "page"], "is not an invalidation path"),
        (["ls", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(cache, arguments, said):
    ended = cache(*arguments)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("arguments", [["ls"], ["explain", "/"], ["purge", "/*"]])
def test_without_a_server_every_question_says_how_to_get_one(project, command, arguments):
    ended = command("cache", *arguments)
    assert ended.code == 2
    assert "start one with edgerun dev" in ended.err


@pytest.mark.parametrize("arguments", [["ls"], ["explain", "/"]])
def test_a_server_that_died_is_told_apart_from_none(project, command, arguments):
    (project / ".edgerun").mkdir()
    (project / ".edgerun" / "server.json").write_text('{"url": "http://127.0.0.1:1", "token": "x", "pid": 1}')
    ended = command("cache", *arguments)
    assert ended.code == 1
    assert "does not answer" in ended.err


@pytest.mark.parametrize("path", ["/cache/objects", "/cache/explain"])
def test_questions_need_the_token_because_keys_may_hold_secrets(asked, path):
    server = running(asked.folder / ".edgerun")
    assert httpx2.get(f"{server.url}{path}").status_code == 405
    assert httpx2.post(f"{server.url}{path}", json={"url": "/"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/cache/objects", b"{"),
        ("/cache/objects", b"[]"),
        ("/cache/objects", b'{"match": 1}'),
        ("/cache/explain", b"{"),
        ("/cache/explain", b"{}"),
        ("/cache/explain", b'{"url": 1}'),
        ("/cache/explain", b'{"url": "/", "method": 1}'),
        ("/cache/explain", b'{"url": "/", "headers": ["a"]}'),
    ],
)
def test_a_bad_question_is_refused_with_a_sentence(asked, path, content):
    server = running(asked.folder / ".edgerun")
    answer = httpx2.post(f"{server.url}{path}", content=content, headers={"x-edgerun-token": server.token})
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**21, "2.0 MiB"), (3 * 2**30, "3.0 GiB")]
)
def test_sizes_are_short(octets, text):
    assert size(octets) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (119.9, "119s"), (-0.5, "-1s"), (300, "5m"), (7200, "2h"), (-259_200, "-3d")]
)
def test_durations_are_short(seconds, text):
    assert duration(seconds) == text
