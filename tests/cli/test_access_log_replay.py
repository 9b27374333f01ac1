"""Access logs through today's configuration."""

import asyncio
import gzip
import json

import pytest
from recorded import CONFIG

from edgerun.config.build import build
from edgerun.config.faults import Source
from edgerun.observe.access_line import FIELDS, HEAD
from edgerun.observe.traces import TraceError
from edgerun.replay.access_log import is_log, read_log
from edgerun.replay.simulate import Simulation

NOBODY = pytest.fail


def line(**changes):
    """Return a line of a log; underscores for dashes, and `host`, `agent` and `cookie` for the fields in brackets."""
    told = dict.fromkeys(FIELDS, "-") | {
        "date": "2026-04-01",
        "time": "10:00:00",
        "x-edge-location": "FRA56-P1",
        "sc-bytes": "500",
        "c-ip": "198.51.100.7",
        "cs-method": "GET",
        "cs(Host)": "d111111abcdef8.cloudfront.net",
        "cs-uri-stem": "/a",
        "sc-status": "200",
        "x-edge-result-type": "Miss",
        "x-host-header": "shop.example",
        "cs-protocol": "https",
        "time-taken": "0.000",
        "sc-content-type": "text/plain",
        "sc-content-len": "100",
    }
    named = {"host": "cs(Host)", "agent": "cs(User-Agent)", "cookie": "cs(Cookie)"}
    told |= {named.get(name, name.replace("_", "-")): text for name, text in changes.items()}
    return "\t".join(told[name] for name in FIELDS) + "\n"


def at(seconds):
    return {"time": f"{10 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"}


def log(tmp_path, *lines, head=HEAD):
    path = tmp_path / "E1.2026-04-01-10.abcdefgh"
    path.write_text(head + "".join(lines))
    return path


def simulated(path, **policy):
    policies = {"cache_policies": {"obedient": CONFIG["cache_policies"]["obedient"] | policy}}
    config = build(Source(name="", data=CONFIG | policies), base=path.parent).config
    return asyncio.run(Simulation(config, read_log(path, NOBODY)).run(lambda: None))


def test_a_line_is_the_request_that_was_made(tmp_path):
    path = log(
        tmp_path,
        line(cs_uri_stem="/a%2520b%22", cs_uri_query="q=%25C3", agent="Mozilla/5.0%20(X11)", time_taken="2.500"),
    )

    (found,) = read_log(path, NOBODY)

    assert (found.path, found.query) == (b'/a%20b"', b"q=%C3")
    assert (b"User-Agent", b"Mozilla/5.0 (X11)") in found.headers
    assert (found.host, found.scheme, found.client, found.status) == ("shop.example", "https", "198.51.100.7", 200)
    assert found.at == 1775037597.5


def test_a_compressed_log_is_read_as_a_plain_one(tmp_path):
    plain = log(tmp_path, line(), line(**at(5)))
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert [each.at for each in read_log(packed, NOBODY)] == [each.at for each in read_log(plain, NOBODY)]
    assert is_log(packed)
    assert is_log(plain)


def test_requests_come_in_the_order_in_which_they_were_made(tmp_path):
    path = log(tmp_path, line(**at(9), cs_uri_stem="/late"), line(**at(1), cs_uri_stem="/early"))

    assert [each.path for each in read_log(path, NOBODY)] == [b"/early", b"/late"]


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        ("2026-04-01\t10:00:00\n", "expected 33 fields, got 2"),
        (line(sc_status="ok"), "sc-status: expected a status such as 200, got 'ok'"),
        (line(sc_status="-"), "sc-status: expected a status such as 200, got '-'"),
        (line(date="yesterday"), "date: expected a date such as 2026-04-01, got 'yesterday'"),
        (line(time="10 o'clock"), "time: expected a time such as 10:00:00"),
        (line(time_taken="long"), "time-taken: expected seconds such as 0.002, got 'long'"),
        (line(sc_content_len="1 kB"), "sc-content-len: expected a number of bytes, got '1 kB'"),
    ],
)
def test_a_damaged_line_is_told_with_its_place_and_the_rest_is_used(tmp_path, damaged, said):
    path, told = log(tmp_path, line(), damaged, line(**at(5))), []

    assert len(read_log(path, told.append)) == 2
    assert len(told) == 1
    assert f"{path}, line 4: " in told[0]
    assert said in told[0]


def test_a_log_that_was_cut_off_is_used_up_to_there(tmp_path):
    path, told = tmp_path / "cut.gz", []
    whole = "".join(line(**at(n), cs_uri_stem=f"/{n * 7919 % 3607}") for n in range(3000))
    path.write_bytes(gzip.compress((HEAD + whole).encode())[:-2000])

    found = read_log(path, told.append)

    assert 0 < len(found) < 3000
    assert "the rest of the file is skipped" in told[-1]


def test_a_log_with_the_line_ends_of_windows_is_the_same(tmp_path):
    plain = read_log(log(tmp_path, line(), line(**at(5))), NOBODY)
    path = tmp_path / "crlf"
    path.write_bytes((HEAD + line() + line(**at(5))).replace("\n", "\r\n").encode())
    found = read_log(path, NOBODY)
    assert [(each.at, each.path, each.length) for each in found] == [
        (each.at, each.path, each.length) for each in plain
    ]


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 20, b'{"a": 1}\n' * 500])
def test_what_is_no_log_is_refused_without_a_flood_of_words(tmp_path, command, content):
    (tmp_path / "x.log").write_bytes(content)
    (tmp_path / "edgerun.json").write_text(json.dumps(CONFIG))
    done = command("replay", tmp_path / "x.log", "-c", tmp_path / "edgerun.json")

    assert done.code == 1
    assert "expected lines of CloudFront's standard log, found none" in done.err
    assert len(done.err.splitlines()) <= 22


def test_a_log_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TraceError, match="No such file"):
        read_log(tmp_path / "none", NOBODY)


def test_fields_stand_where_the_head_of_the_log_says(tmp_path):
    head = "#Version: 1.0\n#Fields: cs-method cs-uri-stem sc-status x-edge-result-type date time\n"
    path = log(tmp_path, "GET\t/x\t404\tError\t2026-04-01\t10:00:00\n", head=head)

    (found,) = read_log(path, NOBODY)

    assert (found.path, found.status, found.result_type) == (b"/x", 404, "Error")


def test_the_same_policy_has_the_same_hits(tmp_path):
    results = ["Miss"] * 10 + ["Hit"] * 90
    lines = [line(cs_uri_stem=f"/{n % 10}", **at(n), x_edge_result_type=told) for n, told in enumerate(results)]

    told = simulated(log(tmp_path, *lines))

    assert (told.requests, told.differing) == (100, 0)
    assert told.ratio(told.logged) == told.ratio(told.now) == 0.9


@pytest.mark.parametrize(("ttl", "ratio"), [(1, 0.0), (20, 0.65), (100_000, 0.95)])
def test_the_hit_ratio_of_another_policy_is_told_before_it_is_in_force(tmp_path, ttl, ratio):
    lines = [line(cs_uri_stem=f"/{n % 3}", **at(n * 3), x_edge_result_type="Miss") for n in range(60)]

    told = simulated(log(tmp_path, *lines), default_ttl=ttl, max_ttl=ttl)

    assert told.ratio(told.logged) == 0.0
    assert told.ratio(told.now) == pytest.approx(ratio, abs=0.001)


def test_what_is_no_part_of_the_key_any_more_makes_hits(tmp_path):
    lines = [line(cs_uri_query=f"utm={n}", **at(n)) for n in range(50)]

    assert simulated(log(tmp_path, *lines)).now == {"Miss": 50}
    assert simulated(log(tmp_path, *lines), query_strings="none").now == {"Miss": 1, "Hit": 49}


def test_each_edge_location_has_a_cache_of_its_own(tmp_path):
    lines = [line(**at(n), x_edge_location=("FRA56-P1", "SEA19-C1")[n % 2]) for n in range(10)]

    assert simulated(log(tmp_path, *lines)).now == {"Miss": 2, "Hit": 8}


def test_what_is_answered_otherwise_now_is_told_with_the_line(tmp_path):
    path = log(tmp_path, line(sc_status="200"), line(cs_method="PATCH", **at(1)))
    data = CONFIG | {"default_behavior": CONFIG["default_behavior"] | {"allowed_methods": ["GET", "HEAD"]}}
    config = build(Source(name="", data=data), base=tmp_path).config

    told = asyncio.run(Simulation(config, read_log(path, NOBODY)).run(lambda: None))

    ((where, found),) = told.first
    assert where.place.endswith("line 4")
    assert {each.path: (each.before, each.after) for each in found} == {
        "status": (200, 403),
        "result_type": ("Miss", "Error"),
    }


def test_the_command_tells_both_hit_ratios_and_fails_when_anything_differs(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edgerun.json").write_text(json.dumps(CONFIG))
    same = log(tmp_path, line(), line(**at(1), x_edge_result_type="Hit"))

    ended = command("replay", same)
    assert (ended.code, ended.err) == (0, "")
    assert "hit ratio" in ended.out
    assert "50.00%" in ended.out
    assert "2 requests, 0 of them differ" in ended.out

    ended = command("replay", log(tmp_path, line(), line(**at(1))), "--json")
    told = json.loads(ended.out)
    assert ended.code == 1
    assert told["hit_ratio"] == {"logged": 0.0, "now": 0.5}
    assert told["first"][0]["differences"] == [
        {"stage": "response", "path": "result_type", "before": "Miss", "after": "Hit"}
    ]
