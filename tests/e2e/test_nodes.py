"""Two machines, one cache: two servers in folders of their own that share a Redis server, and do without it."""

import pytest
import redis
import redis_server
from running import Running, edgerun, project, until

pytestmark = pytest.mark.process

LARGE = "x" * 300_000


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server.RedisServer(folder) as running:
        yield running


@pytest.fixture
def machines(tmp_path):
    """Two folders with the same configuration, each with its own state; the origin's files are the same."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = project(tmp_path / "a", files={"page.html": "a page", "other.html": "another", "large.txt": LARGE})
    config = (first / "edgerun.toml").read_text()
    (tmp_path / "b/edgerun.toml").write_text(config.replace('"public"', '"../a/public"'))
    return first, tmp_path / "b"


def serving(folder, url):
    return Running("serve", "--port", "0", "--ui-port", "0", "--json", "--store", url, cwd=folder).ready()


def asked(node, path="/page.html"):
    answer = node.ask(path)
    assert answer.status == 200, answer
    return answer.cache


def purged(folder, path):
    done = edgerun("cache", "purge", path, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def notes(node):
    return [event["text"] for event in node.events("noted") if "redis" in event["text"]]


def test_machines_share_entries_and_purges_and_mend_what_is_damaged(server, machines):
    with serving(machines[0], server.url) as first, serving(machines[1], server.url) as second:
        assert asked(first) == "Miss"
        until(lambda: asked(second) == "Hit", "a hit")
        assert asked(first, "/large.txt") == "Miss"
        until(lambda: asked(second, "/large.txt") == "Hit", "a hit")
        assert second.ask("/large.txt").body == LARGE.encode()
        (machines[0] / "public/page.html").write_text("a new page")
        assert [first.ask("/page.html").body, second.ask("/page.html").body] == [b"a page"] * 2
        assert purged(machines[0], "/page.html") == "1 object invalidated\n"
        until(lambda: second.ask("/page.html").body == b"a new page", "news of the purge")
        with redis.Redis.from_url(server.url) as client:
            for key in client.keys("*entry:*"):
                client.setrange(key, 2, b"\xff" * 60)
        purged(machines[1], "/nothing")  # whatever was held in memory is forgotten with it
        until(lambda: (asked(first), asked(second)) == ("Hit", "Hit"), "hits")
        assert [node.end() for node in (first, second)] == [0, 0]


def test_without_its_server_a_machine_serves_from_its_memory_and_its_origin_and_catches_up(server, machines):
    with serving(machines[0], server.url) as first, serving(machines[1], server.url) as second:
        for path in ("/page.html", "/other.html"):
            for node in (first, second):
                until(lambda node=node, path=path: [asked(node, path) for _ in range(2)] == ["Hit"] * 2, "hits")
        server.hold_still()
        for node in (first, second):
            assert [asked(node) for _ in range(2)][1] == "Hit", "from memory"
        assert [asked(first, "/index.html") for _ in range(2)][1] == "Hit", "fetched once, then from memory"
        for node in (first, second):
            node.noted("cannot be reached")
        assert asked(second) == "Hit", "still"
        assert purged(machines[0], "/page.html") == "0 objects invalidated\n"
        assert [asked(first) for _ in range(2)] == ["Miss", "Hit"], "a purge holds where it was ordered, at once"
        first.noted("/page.html will be invalidated when")
        server.go_on()
        for node in (first, second):
            node.noted("is back")
        until(lambda: asked(second) == "Miss", "the purge of a while ago")
        assert [node.end() for node in (first, second)] == [0, 0]
        told = ["cannot be reached" in note for note in notes(second)]
        assert told == [True, False] * (len(told) // 2), "one line of it, one of its end"


def test_a_server_that_is_not_there_at_the_start_is_found_later(server, machines):
    server.stop()
    with serving(machines[0], server.url) as node:
        assert [asked(node) for _ in range(2)] == ["Miss", "Hit"]
        server.start()
        node.noted("is back")
        assert asked(node, "/other.html") == "Miss"
        with redis.Redis.from_url(server.url) as client:
            until(lambda: client.keys("*entry:*"), "an entry in it")
        assert node.end() == 0


def test_a_wrong_password_is_told_once_without_the_password_and_the_site_is_served(tmp_path, machines):
    with redis_server.RedisServer(tmp_path, "--requirepass", "right") as server:
        for url in (server.url.replace("unix://", "unix://:mistaken@"), server.url):
            with serving(machines[0], url) as node:
                assert [asked(node) for _ in range(2)] == ["Miss", "Hit"]
                told = node.noted("cannot be reached")["text"]
                assert "password" in told or "authenticat" in told.lower()
                assert node.end() == 0
                assert len(notes(node)) == 1
                assert "mistaken" not in node.out.text + node.err.text
