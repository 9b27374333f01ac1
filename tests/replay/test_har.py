"""Records as HAR, and back."""

import gzip
import json

import pytest
from haralyzer import HarParser
from recorded import Recording

from edgerun.observe.traces import TraceError
from edgerun.replay.har import har, read_har
from edgerun.testing.origin import respond

REPLIES = {
    "/a": respond(200, b"hello", content_type="text/plain", cache_control="max-age=60"),
    "/picture": respond(200, b"\x89PNG\xff", content_type="image/png"),
    "/old": respond(302, b"", location="https://shop.example/new"),
    "/form": respond(201, b""),
}
FORM = {"path": "/form", "method": "POST", "body": b"a=1", "cookie": "s=1; t=2"}
ASKED = ("/a?x=1&y=", "/a", "/picture", "/old", FORM)


@pytest.fixture
def play(tmp_path):
    play = Recording(tmp_path, REPLIES)
    play.run(*ASKED)
    return play


@pytest.fixture
def records(play):
    return [play.record(number) for number in range(1, 6)]


def nobody(text):
    raise AssertionError(text)


def test_other_tools_read_the_export(records):
    parser = HarParser(json.loads(json.dumps(har(records))))

    assert parser.version == "1.2"
    assert parser.creator["name"] == "edgerun"
    entries = parser.har_data["entries"]
    assert [entry["response"]["status"] for entry in entries] == [200, 200, 200, 302, 201]
    page = parser.pages[0]
    assert [entry.request.method for entry in page.entries] == ["GET", "GET", "GET", "GET", "POST"]
    assert page.entries[0].request.queryString == [{"name": "x", "value": "1"}, {"name": "y", "value": ""}]
    assert page.entries[0].response.text == "hello"
    assert page.entries[3].response.redirectURL == "https://shop.example/new"
    assert page.entries[4].request.cookies == [{"name": "s", "value": "1"}, {"name": "t", "value": "2"}]


def test_timings_sum_up(records):
    records[0] |= {"time_to_first_byte": 0.1234567, "time_taken": 0.3}

    for entry in har(records)["log"]["entries"]:
        taken = sum(part for part in entry["timings"].values() if part > 0)
        assert entry["time"] == pytest.approx(taken)


def test_what_har_has_no_word_for_stands_in_an_extension(records):
    own = har(records)["log"]["entries"][0]["_edgerun"]

    assert own["result_type"] == "Miss"
    assert "fetch" in [stage["name"] for stage in own["stages"]]


def test_a_record_comes_back_from_har_as_it_was(records, tmp_path):
    path = tmp_path / "x.har"
    path.write_text(json.dumps(har(records)))

    back = read_har(path, nobody)

    assert [record | {"foreign": None} for record in back] == [record | {"foreign": None} for record in records]


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "Expecting"), ("[]", "log.entries"), ('{"log": {"entries": 3}}', "no list"), ('{"log": {}}', "entries")],
)
def test_what_is_no_har_is_refused_with_its_name(tmp_path, text, said):
    path = tmp_path / "x.har"
    path.write_text(text)

    with pytest.raises(TraceError, match=said) as raised:
        read_har(path, nobody)

    assert str(raised.value).startswith(f"{path}: expected HAR 1.2")


def test_a_compressed_har_is_read_and_a_cut_one_refused(records, tmp_path):
    path = tmp_path / "x.har"
    packed = gzip.compress(json.dumps(har(records)).encode())
    path.write_bytes(packed)
    assert len(read_har(path, nobody)) == len(records)
    path.write_bytes(packed[:-20])
    with pytest.raises(TraceError, match="expected HAR"):
        read_har(path, nobody)


@pytest.mark.parametrize(
    ("part", "damage", "said"),
    [
        ("startedDateTime", "yesterday", "isoformat"),
        ("response", None, "TypeError"),
        ("request", {"url": "http://[::1", "headers": []}, "IPv6"),
        ("_edgerun", {"method": 3}, "method: expected text"),
        ("_edgerun", {"logs": 5}, "logs: expected a list"),
    ],
)
def test_an_entry_of_the_wrong_shape_is_told_with_its_place(records, tmp_path, part, damage, said):
    given, told = har(records), []
    given["log"]["entries"][1][part] = damage
    path = tmp_path / "x.har"
    path.write_text(json.dumps(given))

    assert len(read_har(path, told.append)) == len(records) - 1
    assert told[0].startswith(f"{path}, log.entries[1]: ")
    assert said in told[0]


def test_a_damaged_entry_is_told_with_its_place_and_the_rest_is_used(records, tmp_path):
    given, told = har(records), []
    del given["log"]["entries"][1]["request"]["url"]
    path = tmp_path / "x.har"
    path.write_text(json.dumps(given))

    assert len(read_har(path, told.append)) == 4
    assert len(told) == 1
    assert f"{path}, log.entries[1]" in told[0]
