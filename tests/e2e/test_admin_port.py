"""The admin port of a running server: purging, and who may."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from running import Running, edgerun

pytestmark = pytest.mark.process


@pytest.fixture
def site(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.html").write_text("a page")
    (tmp_path / "public" / ".edgerun-meta.toml").write_text('["page.html"]\nx-amz-meta-cache-tag = "pages"\n')
    (tmp_path / "edgerun.toml").write_text(
        '[origins.site]\ndirectory = "public"\n\n[default_behavior]\norigin = "site"\n'
        'cache_policy = "CachingOptimized"\n'
    )
    return tmp_path


def test_a_purge_makes_the_next_request_a_miss(site):
    with Running("serve", "--port", "0", "--ui-port", "0", "--json", cwd=site).ready() as server:
        assert server.ask("/page.html").headers["x-cache"] == "Miss from cloudfront"
        assert server.ask("/page.html").headers["x-cache"] == "Hit from cloudfront"
        purged = edgerun("cache", "purge", "/page*", cwd=site)
        assert (purged.returncode, purged.stdout) == (0, "1 object invalidated\n")
        assert json.loads(edgerun("cache", "purge", "/*", "--json", cwd=site).stdout) == {"invalidated": 0}
        assert server.ask("/page.html").headers["x-cache"] == "Miss from cloudfront"
        assert edgerun("cache", "purge", "--tag", "posts", cwd=site).stdout == "0 objects invalidated\n"
        assert edgerun("cache", "purge", "--tag", "Pages", cwd=site).stdout == "1 object invalidated\n"
        assert server.ask("/page.html").headers["x-cache"] == "Miss from cloudfront"
        state = site / ".edgerun" / "server.json"
        assert state.stat().st_mode & 0o777 == 0o600
        assert server.end() == 0
    assert not state.exists()


def test_a_running_server_tells_what_it_stored_and_why_it_answered_so(site):
    (site / "edgerun.toml").write_text("cache_status = true\n" + (site / "edgerun.toml").read_text())
    with Running("serve", "--port", "0", "--ui-port", "0", "--json", cwd=site).ready() as server:
        assert edgerun("cache", "ls", cwd=site).stdout == "0 objects\n"
        assert server.ask("/page.html").headers["cache-status"] == "edgerun; fwd=uri-miss; stored; ttl=86400"
        assert server.ask("/page.html").headers["cache-status"].startswith("edgerun; hit; ttl=86")
        (row,) = map(json.loads, edgerun("cache", "ls", "--json", cwd=site).stdout.splitlines())
        assert (row["uri"], row["state"], row["tags"]) == ("/page.html", "fresh", ["pages"])
        told = json.loads(edgerun("cache", "explain", f"{server.url}page.html", "--json", cwd=site).stdout)
        assert (told["result"], told["object"]["stored_by"]) == ("hit", row["stored_by"])
        assert edgerun("cache", "explain", "/other", cwd=site).stdout.startswith("GET /other: miss\n")


def test_without_a_server_a_purge_says_how_to_get_one(site):
    purged = edgerun("cache", "purge", "/*", cwd=site)
    assert purged.returncode == 2
    assert "start one with edgerun dev" in purged.stderr


def test_a_purge_of_nothing_is_refused(site):
    purged = edgerun("cache", "purge", cwd=site)
    assert purged.returncode == 2
    assert "name a path such as /img/*, or a cache tag with --tag" in purged.stderr


def test_a_server_that_died_is_told_apart_from_none(site):
    folder = site / ".edgerun"
    folder.mkdir()
    (folder / "server.json").write_text('{"url": "http://127.0.0.1:1", "token": "x", "pid": 1}')
    purged = edgerun("cache", "purge", "/*", cwd=site)
    assert purged.returncode == 1
    assert "does not answer" in purged.stderr


@pytest.mark.parametrize("path", ["page.html", ""])
def test_what_is_no_invalidation_path_is_refused(site, path):
    with Running("serve", "--port", "0", "--ui-port", "0", "--json", cwd=site).ready():
        purged = edgerun("cache", "purge", path, cwd=site)
    assert purged.returncode == 2
    assert "begins with /" in purged.stderr


def test_another_host_name_for_the_admin_port_is_refused(site):
    with Running("serve", "--port", "0", "--ui-port", "0", "--json", cwd=site).ready():
        url = json.loads(Path(site, ".edgerun", "server.json").read_text())["url"]
        request = urllib.request.Request(f"{url}/health", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=30)
        assert urllib.request.urlopen(f"{url}/health", timeout=30).status == 200


def test_no_ui_opens_no_admin_port(site):
    with Running("serve", "--port", "0", "--no-ui", "--json", cwd=site).ready() as server:
        assert server.ask("/page.html").status == 200
        assert not (site / ".edgerun").exists()
