"""Records on disk."""

import json
import stat

import pytest
from recorded import Recording, streamed, whole_record

from edgerun.observe import traces
from edgerun.observe.recorder import Recorder
from edgerun.testing.origin import respond

PAGE = respond(200, b"hello", cache_control="max-age=60")


def record(number, **changes):
    return whole_record(number=number, id=f"id-{number}") | changes


def nobody(text):
    raise AssertionError(text)


def test_records_are_read_as_they_were_kept(tmp_path):
    folder = tmp_path / "traces"
    play = Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(folder=folder))

    play.run("/a", "/a")

    assert traces.read(folder, nobody) == [play.record(1), play.record(2)]


def test_only_their_user_can_read_them(tmp_path):
    folder = tmp_path / "traces"
    play = Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(folder=folder))

    play.run("/a")

    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_numbers_go_on_and_earlier_requests_are_found_after_a_restart(tmp_path):
    folder = tmp_path / "traces"
    Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(folder=folder)).run("/a", "/b")
    play = Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(folder=folder))

    play.run("/c")

    assert [(each["number"], each["path"]) for each in play.recorder.latest(9)] == [(3, "/c"), (2, "/b"), (1, "/a")]
    assert play.record(1)["path"] == "/a"


def test_what_came_behind_the_answer_is_on_disk_too(tmp_path):
    folder = tmp_path / "traces"
    play = Recording(tmp_path, {"/large": streamed(100_000)}, recorder=Recorder(folder=folder))

    play.run("/large")

    (found,) = traces.read(folder, nobody)
    assert found == play.record()
    assert "store" in [stage["name"] for stage in found["stages"]]
    assert found["origin"][0]["response"]["body"]["size"] == 100_000


def test_the_oldest_go_when_there_are_too_many(tmp_path):
    files = traces.TraceFiles(tmp_path, limit=8)

    files.append(record(number) for number in range(1, 101))

    numbers = [each["number"] for each in traces.read(tmp_path, nobody)]
    assert numbers[-8:] == list(range(93, 101))
    assert len(numbers) <= 12


def test_the_oldest_go_when_they_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(traces, "SEGMENT", 10_000)
    files = traces.TraceFiles(tmp_path, limit=500)

    files.append(record(number, path="x" * 4_000) for number in range(1, 101))

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= traces.SEGMENTS * 10_000
    assert traces.read(tmp_path, nobody)[-1]["number"] == 100


def test_a_record_written_again_counts_once(tmp_path):
    files = traces.TraceFiles(tmp_path, limit=8)

    files.append([record(1), record(2), record(1, path="/again")])

    assert [(each["number"], each["path"]) for each in traces.read(tmp_path, nobody)] == [(1, "/again"), (2, "/a")]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", "expected an object, got a list"),
        ("[" * 100_000, "recursion"),
        (json.dumps(record(1))[:200], "Expecting"),
        (json.dumps(record(1) | {"number": "x"}), "number: expected a whole number, got text"),
        (json.dumps(record(1, request={"headers": [["a"]], "body": None})), "request.headers[0]: expected a list of"),
        (json.dumps(record(1, stages=[{"name": "route"}])), "stages[0] is without outcome, function"),
        (json.dumps(record(1, cache=5)), "cache: expected an object, got a number"),
        ('{"id": "x"}', "without number, at"),
        ("\x00\x00", "Expecting value"),
    ],
)
def test_damaged_lines_are_told_with_their_place_and_the_rest_is_used(tmp_path, damage, said):
    path = tmp_path / "0000000001.jsonl"
    path.write_text(f"{json.dumps(record(1))}\n{damage}\n{json.dumps(record(2))}\n")
    told = []

    assert [each["number"] for each in traces.read(tmp_path, told.append)] == [1, 2]
    assert len(told) == 1
    assert f"{path}, line 2: expected a record as JSON" in told[0]
    assert said in told[0]


def test_numbers_go_on_behind_a_damaged_line(tmp_path):
    path = tmp_path / "0000000001.jsonl"
    path.write_text(f"{json.dumps(record(7))}\n{json.dumps(record(8) | {'number': 'x'})}\n\x00\xff")
    assert traces.TraceFiles(tmp_path, limit=9).last_number() == 7


def test_a_folder_that_cannot_be_written_costs_the_disk_only(tmp_path):
    (tmp_path / "traces").write_text("a file stands where the folder should be")
    recorder = Recorder(folder=tmp_path / "traces")
    play = Recording(tmp_path, {"/a": PAGE}, recorder=recorder)
    told = []
    recorder.on_trouble = told.append

    play.run("/a", "/b")

    assert [each["path"] for each in recorder.latest(9)] == ["/b", "/a"]
    assert len(told) == 1
    assert "no longer recorded on disk" in told[0]
