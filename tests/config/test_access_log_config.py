"""The `access_log` table and `--access-log`."""

import pytest

from edgerun.config.load import Overrides, load, zero_config
from edgerun.distribution.access_log import AccessLog
from edgerun.errors import ConfigError

BASE = """\
[origins.site]
directory = "public"
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
SEVERAL = """\
[origins.site]
directory = "public"
[distributions.a]
aliases = ["a.example"]
default_behavior = { origin = "site", cache_policy = "CachingOptimized" }
access_log = { path = "a/", include_cookies = true, prefix = "x" }
[distributions.b]
aliases = ["b.example"]
default_behavior = { origin = "site", cache_policy = "CachingOptimized" }
"""


@pytest.fixture
def logs(tmp_path):
    """Returns the access logs of a configuration."""
    (tmp_path / "public").mkdir()

    def read(text, **flags):
        (tmp_path / "edgerun.toml").write_text(text)
        config = load(tmp_path / "edgerun.toml", Overrides(**flags)).config
        return [each.access_log for each in config.distributions]

    return read


def test_there_is_none_unless_asked_for(logs):
    assert logs(BASE) == [None]


def test_a_folder(logs, tmp_path):
    table = '[access_log]\npath = "logs"\nprefix = "shop"\nformat = "json"\ninclude_cookies = true\nkeep = 3\n'

    assert logs(BASE + table + 'max_size = "1MiB"\ngzip = false\n') == [
        AccessLog(
            path=str(tmp_path / "logs"),
            folder=True,
            format="json",
            include_cookies=True,
            prefix="shop/",
            max_size=2**20,
            keep=3,
            gzip=False,
        )
    ]


@pytest.mark.parametrize(
    ("path", "is_folder"),
    [("access.log", False), ("logs/access.txt", False), ("logs", True), ("logs.d/", True), ("public", True)],
)
def test_a_suffix_makes_it_a_file(logs, tmp_path, path, is_folder):
    [log] = logs(BASE + f'[access_log]\npath = "{path}"\n')

    assert (log.path, log.folder) == (str(tmp_path / path), is_folder)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "access_log.path: is missing"),
        ('path = ""', "access_log.path: expected a folder such as 'logs/'"),
        ('path = "a.log"\nprefix = "x"', "access_log.prefix: is for a folder, and path is the file 'a.log'"),
        ('path = "a.log"\ngzip = true', "access_log.gzip: is for a folder"),
        ('path = "a"\nprefix = "../x"', "access_log.prefix: expected folders below path"),
        ('path = "a"\nprefix = "/x"', "access_log.prefix: expected folders below path"),
        ('path = "a"\nmax_size = "big"', "access_log.max_size: expected a size such as '100MiB', got 'big'"),
        ('path = "a"\nkeep = 0', "access_log.keep:"),
        ('path = "a"\nformat = "xml"', "access_log.format: expected 'w3c' or 'json'"),
        ('path = "a"\ncookies = true', "access_log.cookies: is not a key that edgerun knows"),
    ],
)
def test_what_cannot_be_is_refused(logs, table, says):
    with pytest.raises(ConfigError) as told:
        logs(BASE + "[access_log]\n" + table + "\n")

    assert says in str(told.value)


def test_the_flag_logs_every_distribution_to_one_place(logs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = str(tmp_path / "all.log")

    assert logs(SEVERAL, access_log="all.log") == [
        AccessLog(path=place, folder=False, include_cookies=True),
        AccessLog(path=place, folder=False),
    ]
    assert logs(BASE, access_log="logs/")[0] == AccessLog(path=str(tmp_path / "logs"), folder=True)


def test_the_flag_serves_a_folder_without_a_configuration_too(logs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = zero_config(tmp_path / "public", {}, Overrides(access_log="a.log"))

    assert loaded.config.distributions[0].access_log == AccessLog(path=str(tmp_path / "a.log"), folder=False)
