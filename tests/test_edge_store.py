"""Which store an edge has, and what happens to it when the configuration changes."""

import asyncio
from dataclasses import replace

import pytest

from edgerun.app import Edge
from edgerun.cache.lmdb import LmdbStore
from edgerun.cache.memory import MemoryStore
from edgerun.config.load import Overrides, zero_config
from edgerun.observe.events import Noted


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda store="": zero_config(tmp_path, {}, Overrides(store=store)).config


def revised(config, **changes):
    """Return what an edge says when its store's settings change, and whether it kept its store."""
    events = []

    async def act():
        edge = Edge(config, events.append)
        before = edge.store
        await edge.revise(replace(config, store=replace(config.store, **changes)))
        same = edge.store is before
        await edge.aclose()
        return same

    same = asyncio.run(act())
    return [event.text for event in events if isinstance(event, Noted)], same


@pytest.mark.parametrize(("flag", "kind"), [("", MemoryStore), ("lmdb", LmdbStore)])
def test_an_edge_has_the_store_of_its_configuration(loaded, tmp_path, flag, kind):
    edge = Edge(loaded(flag))
    asyncio.run(edge.aclose())
    assert isinstance(edge.store, kind)
    assert (tmp_path / ".edgerun" / "cache" / "data.mdb").exists() is (flag == "lmdb")


def test_another_store_waits_for_the_next_start_and_says_so(loaded):
    assert revised(loaded(), size=1_000) == (["the store stays as it is until edgerun starts anew"], True)


def test_another_header_for_tags_holds_at_once(loaded):
    assert revised(loaded(), tag_headers=(b"x-tags",)) == ([], True)
