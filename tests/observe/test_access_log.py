"""Where access logs go: files named as CloudFront names them or one of the user's, bounded, and written in a thread."""

import asyncio
import gzip
import re
from pathlib import Path

import pytest
from plays import Play, behavior, changed, distribution

from edgerun.distribution.access_log import AccessLog
from edgerun.observe.access_files import Folder, OneFile
from edgerun.observe.access_line import FIELDS, HEAD
from edgerun.observe.access_log import BATCH, AccessLogs
from edgerun.observe.events import Noted
from edgerun.testing.origin import respond

HOUR = "2026-04-07-10"


def folder(tmp_path, **changes):
    return AccessLog(path=str(tmp_path / "logs"), folder=True, **changes)


def file(tmp_path, **changes):
    return AccessLog(path=str(tmp_path / "access.log"), folder=False, **changes)


def names(place):
    return sorted(path.name for path in Path(place).iterdir())


# ------------------------------------------------------------------------------ a folder


def test_a_folder_gets_files_as_cloudfront_names_them(tmp_path):
    sink = Folder(folder(tmp_path, prefix="shop/eu/"), "E2EXAMPLE", HEAD)
    sink.write("a\n", HOUR)
    sink.close()
    [name] = names(tmp_path / "logs" / "shop" / "eu")

    assert re.fullmatch(r"E2EXAMPLE\.2026-04-07-10\.[0-9a-z]{8}\.gz", name)
    with gzip.open(tmp_path / "logs" / "shop" / "eu" / name, "rt") as log:
        assert log.read() == HEAD + "a\n"


def test_what_is_being_written_can_be_read_along(tmp_path):
    sink = Folder(folder(tmp_path), "E1", HEAD)
    sink.write("a\n", HOUR)
    sink.write("b\n", HOUR)
    [name] = names(tmp_path / "logs")

    assert (tmp_path / "logs" / name).read_text() == HEAD + "a\nb\n"


def test_each_hour_and_each_full_file_begins_another(tmp_path):
    sink = Folder(folder(tmp_path, max_size=len(HEAD) + 10, gzip=False), "E1", HEAD)
    for text, hour in (("aaaa\n", HOUR), ("bbbb\n", HOUR), ("cccc\n", HOUR), ("d\n", "2026-04-07-11")):
        sink.write(text, hour)
    texts = sorted((path.name[:16], path.read_text()) for path in (tmp_path / "logs").iterdir())

    assert texts == [
        ("E1.2026-04-07-10", HEAD + "aaaa\nbbbb\n"),
        ("E1.2026-04-07-10", HEAD + "cccc\n"),
        ("E1.2026-04-07-11", HEAD + "d\n"),
    ]


def test_the_oldest_go_and_nothing_else(tmp_path):
    (tmp_path / "logs").mkdir()
    others = ["E1.notes.txt", "E2.2020-01-01-00.00000000.gz"]
    for name in (*others, "E1.2020-01-01-00.00000000.gz"):
        (tmp_path / "logs" / name).touch()
    sink = Folder(folder(tmp_path, keep=2), "E1", HEAD)
    for hour in range(4):
        sink.write("a\n", f"2026-04-07-0{hour}")
    sink.close()

    assert [name[:16] for name in names(tmp_path / "logs")] == [
        "E1.2026-04-07-02",
        "E1.2026-04-07-03",
        *(name[:16] for name in others),
    ]


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_another_process_is_writing_is_not_cleared_away(tmp_path, compressed):
    log = folder(tmp_path, keep=1, gzip=compressed)
    slow, quick = Folder(log, "E1", ""), Folder(log, "E1", "")
    slow.write("a\n", "2026-04-07-08")
    for number in range(3):
        quick.write("b\n", HOUR[:-1] + str(number))
    slow.write("c\n", "2026-04-07-08")
    slow.close()  # finished, it is the oldest, and goes
    quick.close()
    [name] = names(tmp_path / "logs")
    assert "2026-04-07-12" in name


def test_what_a_slow_process_wrote_lasts_until_it_is_finished(tmp_path):
    log = folder(tmp_path, keep=1, gzip=False)
    slow, quick = Folder(log, "E1", ""), Folder(log, "E1", "")
    slow.write("a\n", "2026-04-07-08")
    quick.write("b\n", HOUR)
    quick.close()
    slow.write("c\n", "2026-04-07-08")
    texts = [path.read_text() for path in sorted((tmp_path / "logs").iterdir())]
    assert texts == ["a\nc\n", "b\n"]
    slow.close()


def test_a_file_that_somebody_moves_away_is_begun_anew(tmp_path):
    sink = Folder(folder(tmp_path, gzip=False), "E1", HEAD)
    sink.write("a\n", HOUR)
    next((tmp_path / "logs").iterdir()).unlink()
    sink.write("b\n", HOUR)
    [name] = names(tmp_path / "logs")

    assert (tmp_path / "logs" / name).read_text() == HEAD + "b\n"


# ------------------------------------------------------------------------------ a file


def test_a_file_goes_on_where_it_ended(tmp_path):
    OneFile(file(tmp_path), HEAD).write("a\n", HOUR)
    OneFile(file(tmp_path), HEAD).write("b\n", HOUR)

    assert (tmp_path / "access.log").read_text() == HEAD + "a\nb\n"


def test_a_full_file_moves_up_and_the_last_one_goes(tmp_path):
    sink = OneFile(file(tmp_path, max_size=len(HEAD) + 4, keep=2), HEAD)
    for text in ("aaa\n", "bbb\n", "ccc\n", "ddd\n"):
        sink.write(text, HOUR)

    texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert texts == {"access.log": HEAD + "ddd\n", "access.log.1": HEAD + "ccc\n", "access.log.2": HEAD + "bbb\n"}


# ------------------------------------------------------------------------------ the observer


def logged(log, requests=1, *, tell=None, **options):
    """Return the observer after some requests to a distribution with this log."""
    play = Play(changed(distribution(behavior()), access_log=log), watched=False)
    play.origin.replies["/page"] = respond(200, b"a page")
    observer = AccessLogs(lambda: play.config, tell or pytest.fail, soon=options.get("soon", lambda flush: None))

    async def ask(play):
        for _ in range(requests):
            await play.ask("/page")

    play.run(ask)
    for event in play.events:
        observer(event)
    return play, observer


def lines(path):
    return path.read_text().splitlines()[2:]


def test_every_answer_makes_a_line_with_its_id(tmp_path):
    play, observer = logged(file(tmp_path), 3)
    observer.close()

    assert [line.split("\t")[14] for line in lines(tmp_path / "access.log")] == ["request-1", "request-2", "request-3"]
    assert [event.request_id for event in play.logged()] == ["request-1", "request-2", "request-3"]


def test_nothing_is_worded_before_the_batch_is_flushed(tmp_path):
    calls = []
    _, observer = logged(file(tmp_path), 3, soon=calls.append)

    assert calls == [observer.flush]
    assert not (tmp_path / "access.log").exists()
    calls[0]()
    observer.close()
    assert len(lines(tmp_path / "access.log")) == 3


def test_a_full_batch_does_not_wait(tmp_path):
    _, observer = logged(file(tmp_path), 1)
    event = observer._answers[0]
    for _ in range(BATCH):
        observer(event)

    assert len(observer._answers) == 1
    observer.close()
    assert len(lines(tmp_path / "access.log")) == BATCH + 1


def test_a_viewer_who_leaves_before_any_answer_has_status_000(tmp_path):
    play, observer = logged(file(tmp_path), 0)

    async def leave(play):
        asked = asyncio.Event()

        async def forever(request):
            asked.set()
            await asyncio.Event().wait()

        play.origin.replies["/page"] = forever
        asking = asyncio.ensure_future(play.ask("/page"))
        await asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    play.run(leave)
    [event] = play.logged()
    assert (event.status, event.complete, event.bytes_sent) == (0, False, 0)
    observer(event)
    observer.close()
    [line] = lines(tmp_path / "access.log")
    told = dict(zip(FIELDS, line.split("\t"), strict=True))
    assert (told["sc-status"], told["sc-bytes"], told["cs-uri-stem"]) == ("000", "0", "/page")
    assert (told["x-edge-result-type"], told["x-edge-detailed-result-type"]) == ("Error", "ClientCommError")


def test_a_distribution_without_a_log_has_none(tmp_path):
    _, observer = logged(None)
    observer(Noted(text="reloaded"))
    observer.close()

    assert names(tmp_path) == []


def test_hours_are_kept_apart_by_the_end_of_the_answer(tmp_path):
    play, observer = logged(folder(tmp_path, gzip=False), 2)
    first, second = play.logged()
    first.at, second.at = 1_775_555_999.9, 1_775_556_000.0
    observer.close()

    assert [name.split(".")[1] for name in names(tmp_path / "logs")] == ["2026-04-07-09", "2026-04-07-10"]


def test_json_has_no_head(tmp_path):
    _, observer = logged(file(tmp_path, format="json"))
    observer.close()

    assert (tmp_path / "access.log").read_text().startswith('{"date":"')


def test_a_reload_finishes_the_files_of_a_log_that_is_gone(tmp_path):
    play, observer = logged(folder(tmp_path))
    observer.flush()
    event = play.logged()[0]
    play.config = changed(play.config, distributions=(changed(play.config.distributions[0], access_log=None),))
    observer(event)
    observer.flush()
    observer.close()

    assert [name[-3:] for name in names(tmp_path / "logs")] == [".gz"]


def test_trouble_is_told_once_and_harms_nobody(tmp_path):
    (tmp_path / "logs").touch()
    told = []

    async def act():
        _, observer = await asyncio.to_thread(logged, folder(tmp_path), 1, tell=told.append)
        for _ in range(3):
            observer(observer._answers[0]) if observer._answers else None
            observer.flush()
        observer.close()
        await asyncio.sleep(0)

    asyncio.run(act())

    assert len(told) == 1
    assert told[0].startswith(f"the access log cannot be written {tmp_path}/logs")
