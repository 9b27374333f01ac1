"""Real servers that keep what they cached elsewhere than in memory."""

import pytest
from running import Running, edgerun, project

pytestmark = pytest.mark.process

LARGE = "x" * 300_000


@pytest.fixture
def site(tmp_path):
    return project(tmp_path, files={"page.html": "a page", "large.txt": LARGE})


def serving(site, *flags):
    return Running("serve", "--port", "0", "--ui-port", "0", "--json", *flags, cwd=site).ready()


def test_with_persist_objects_outlive_the_server_and_are_shared_by_all_that_run(site):
    with serving(site, "--persist") as first:
        assert [first.ask("/page.html").cache for _ in range(2)] == ["Miss", "Hit"]
        assert [first.ask("/large.txt").cache for _ in range(2)] == ["Miss", "Hit"]
        assert first.end() == 0
    assert (site / ".edgerun" / "cache" / "data.mdb").exists()
    with serving(site, "--persist") as second, serving(site, "--persist") as third:
        for server in (second, third):
            assert [server.ask("/page.html").cache for _ in range(2)] == ["Hit", "Hit"]
        answer = second.ask("/large.txt", headers={"Range": "bytes=10-19"})
        assert (answer.status, answer.body, answer.cache) == (206, b"x" * 10, "Hit")
        purged = edgerun("cache", "purge", "/page*", cwd=site)
        assert purged.stdout == "1 object invalidated\n", purged.stderr
        assert second.ask("/page.html").cache == "Miss", "purged through the third, which has the admin port's file"
        assert third.ask("/large.txt").body == LARGE.encode()
        assert [server.end() for server in (second, third)] == [0, 0]


def test_a_damaged_cache_is_dropped_with_a_note_and_the_server_serves(site):
    folder = site / ".edgerun" / "cache"
    folder.mkdir(parents=True)
    (folder / "data.mdb").write_bytes(b"garbage" * 5_000)
    with serving(site, "--store", "lmdb") as server:
        assert "it is dropped" in server.noted(str(folder))["text"]
        assert [server.ask("/page.html").cache for _ in range(2)] == ["Miss", "Hit"]


def test_flags_that_contradict_are_refused(site):
    refused = edgerun("serve", "--persist", "--store", "memory", cwd=site)
    assert refused.returncode == 2
    assert "leave it out, or --store memory" in refused.stderr


def test_a_folder_that_cannot_hold_the_cache_is_told_before_anything_is_served(site):
    (site / ".edgerun").write_text("in the way")
    refused = edgerun("serve", "--persist", "--no-ui", "--port", "0", cwd=site)
    assert refused.returncode == 2
    assert "store.path" in refused.stderr
