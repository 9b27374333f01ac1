"""`--workers`: what it takes, what it makes of the store, and where it means nothing."""

import pytest

from edgerun.config.load import Overrides, load
from edgerun.errors import ConfigError
from edgerun.workers.supervisor import SEPARATE, with_note

SITE = """\
[origins.site]
directory = "."

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5", "129", ""])
def test_the_number_of_workers_is_a_number_or_auto(command, wanted):
    outcome = command("serve", f"--workers={wanted}")
    assert outcome.code == 2
    assert f"expected a number from 1 to 128, or auto, got '{wanted}'" in outcome.err


def test_dev_is_one_process(command):
    outcome = command("dev", "--workers", "2")
    assert outcome.code == 2
    assert "--workers: dev is one process" in outcome.err
    assert "--workers" not in command("dev", "--help").out


def test_several_workers_keep_no_records(command, project):
    outcome = command("serve", "--workers", "2", "--record", "--port", "0")
    assert outcome.code == 2
    assert "one process keeps the records of requests" in outcome.err


@pytest.mark.parametrize(
    ("table", "flag", "shared", "kind"),
    [
        pytest.param("", "", False, "memory", id="a single process keeps objects in memory"),
        pytest.param("", "", True, "lmdb", id="several share a folder"),
        pytest.param('[store]\nsize = "1GiB"\n', "", True, "lmdb", id="a size says nothing of the kind"),
        pytest.param('[store]\nkind = "memory"\n', "", True, "memory", id="the file wins"),
        pytest.param("", "memory", True, "memory", id="the flag wins"),
        pytest.param('[store]\nkind = "lmdb"\n', "memory", True, "memory", id="over the file too"),
    ],
)
def test_processes_share_a_store_unless_another_is_named(tmp_path, table, flag, shared, kind):
    (tmp_path / "edgerun.toml").write_text(SITE + table)
    assert load(tmp_path, Overrides(store=flag, shared_store=shared)).config.store.kind == kind


@pytest.mark.parametrize(("store", "notes"), [("memory", [SEPARATE]), ("lmdb", [])])
def test_it_is_said_when_each_worker_has_a_cache_of_its_own(tmp_path, store, notes):
    (tmp_path / "edgerun.toml").write_text(SITE)
    assert [*with_note(load(tmp_path, Overrides(store=store))).notes] == notes


def test_a_fault_in_the_store_is_told_of_the_file_where_it_is_the_files(tmp_path):
    (tmp_path / "edgerun.toml").write_text(SITE + '[store]\nsize = "some"\n')
    with pytest.raises(ConfigError, match=r"edgerun\.toml:8: store\.size"):
        load(tmp_path, Overrides(shared_store=True))
