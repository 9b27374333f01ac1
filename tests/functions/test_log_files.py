"""Functions' logs on disk: which lines in which file, in batches, bounded, and never a failure."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from edgerun.app import Edge
from edgerun.config.load import load
from edgerun.errors import FunctionExecutionError, FunctionResultError
from edgerun.functions.log_files import BATCH, FunctionLogs
from edgerun.http.headers import Headers
from edgerun.http.message import Request
from edgerun.observe.events import Failed, Noted, Printed

ID = "8f5cbb70-1111-4222-8333-444455556666"
CONFIG = """\
[origins.site]
directory = "public"

[functions]
greet = { handler = "greet.py" }
other = { handler = "greet.py:other" }

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "greet"
"""
GREET = """\
def handler(event, context):
    print("hello")
    return 5 if "refused" in event["Records"][0]["cf"]["request"]["uri"] else event["Records"][0]["cf"]["request"]
"""


class Logs:
    """Files in a folder, written when the test says so."""

    def __init__(self, folder, **options):
        (folder / "public").mkdir()
        (folder / "edgerun.toml").write_text(CONFIG)
        (folder / "greet.py").write_text(GREET)
        self.config = load(folder / "edgerun.toml").config
        self.folder = folder / ".edgerun" / "logs"
        self.troubles = []
        self.asked = []
        self.tell = FunctionLogs(
            self.folder, lambda: self.config, self.troubles.append, soon=self.asked.append, **options
        )

    def printed(self, function, *texts, request_id="r1", kind="output"):
        for text in texts:
            self.tell(Printed(request_id=request_id, function=function, text=text, kind=kind))

    def read(self, name):
        return (self.folder / name).read_text()


@pytest.fixture
def logs(tmp_path):
    return Logs(tmp_path)


def refused(**changed):
    error = FunctionResultError("a sentence for people", rule="L301", log="CloudFront's words", function="greet")
    return Failed(
        **{"request_id": "r1", "step": "viewer-request", "at": 1.0, "error": error, "function": "greet"} | changed
    )


def test_lines_of_a_cloudfront_function_begin_with_the_request(logs):
    functions = {name: replace(each, runtime="cloudfront-js-2.0") for name, each in logs.config.functions.items()}
    logs.config = replace(logs.config, functions=functions)
    logs.printed("greet", "START DistributionID: E1", kind="platform")
    logs.printed("greet", "one")
    logs.tell.flush()
    assert logs.read("greet.log") == "r1 START DistributionID: E1\nr1 one\n"
    failed = refused()
    failed.error.of_cloudfront = True
    logs.tell(failed)
    assert [path.name for path in logs.folder.iterdir()] == ["greet.log"]


def test_each_function_has_a_file_of_its_own(logs):
    logs.printed("greet", "one")
    logs.printed("other", "two")
    logs.printed("greet", "three", "")
    logs.tell.flush()
    assert (logs.read("greet.log"), logs.read("other.log")) == ("one\nthree\n\n", "two\n")


def test_nothing_is_made_before_the_first_line(logs):
    logs.tell(Noted(text="reloaded"))
    logs.tell.flush()
    assert not logs.folder.parent.exists()


def test_lines_are_written_together_and_soon(logs):
    logs.printed("greet", "one", "two")
    assert not logs.folder.exists()
    assert len(logs.asked) == 1
    logs.asked[0]()
    logs.printed("greet", "three")
    assert (logs.read("greet.log"), len(logs.asked)) == ("one\ntwo\n", 2)


def test_much_is_written_at_once(logs):
    logs.printed("greet", "x" * BATCH)
    assert len(logs.read("greet.log")) == BATCH + 1


def test_an_event_of_several_lines_is_written_as_such(logs):
    logs.printed("greet", "[ERROR] KeyError: 'auth'\rTraceback (most recent call last):\r\xa0\xa0File", "ends\r")
    logs.tell.flush()
    assert logs.read("greet.log") == (
        "[ERROR] KeyError: 'auth'\nTraceback (most recent call last):\n\xa0\xa0File\nends\n"
    )


def test_a_file_that_grows_too_large_becomes_the_old_one(tmp_path):
    logs = Logs(tmp_path, largest=30)
    for number in range(1, 8):
        logs.printed("greet", f"line {number} of 12")
        logs.tell.flush()
    assert logs.read("greet.log") == "line 7 of 12\n"
    assert logs.read("greet.log.1") == "line 5 of 12\nline 6 of 12\n"
    assert sorted(path.name for path in logs.folder.iterdir()) == ["greet.log", "greet.log.1"]


def test_a_batch_larger_than_a_file_is_written_whole(tmp_path):
    logs = Logs(tmp_path, largest=10)
    logs.printed("greet", "more than ten bytes")
    logs.tell.flush()
    assert logs.read("greet.log") == "more than ten bytes\n"


def test_a_folder_that_is_removed_meanwhile_is_made_again(logs):
    logs.printed("greet", "one")
    logs.tell.flush()
    (logs.folder / "greet.log").unlink()
    logs.folder.rmdir()
    logs.printed("greet", "two")
    logs.tell.flush()
    assert logs.read("greet.log") == "two\n"


def test_files_that_cannot_be_written_are_told_of_once_and_disturb_nobody(logs):
    logs.folder.parent.write_text("a file where the folder should be")
    for _ in range(3):
        logs.printed("greet", "one")
        logs.tell.flush()
    (trouble,) = logs.troubles
    assert trouble.startswith(f"functions' logs cannot be written to {logs.folder}: ")


def test_a_name_cannot_leave_the_folder(logs):
    logs.printed("../up", "one")
    logs.printed(".hidden", "two")
    logs.tell.flush()
    assert sorted(path.name for path in logs.folder.iterdir()) == ["_._up.log", "_hidden.log"]


START = [
    pytest.param(f"START RequestId: {ID} Version: 1", id="text"),
    pytest.param(f'{{"time":"T","type":"platform.start","record":{{"requestId":"{ID}","version":"1"}}}}', id="json"),
]


@pytest.mark.parametrize("start", START)
def test_a_refused_result_is_in_cloudfronts_log_of_the_distribution(logs, start):
    logs.printed("greet", start, kind="platform")
    logs.tell(refused())
    logs.tell.flush()
    arn = "arn:aws:lambda:us-east-1:123456789012:function:us-east-1.greet:1"
    (distribution,) = logs.config.distributions
    assert logs.read(f"LambdaEdge-{distribution.id}.log").splitlines() == [
        f"(r1) INFO Invoking LambdaFunctionARN: {arn} Region: us-east-1",
        f"(r1) INFO Response received from Lambda: RequestId: {ID}",
        "(r1) ERROR Validation error: CloudFront's words",
    ]


def test_the_log_is_that_of_the_distribution_the_failure_names(logs):
    logs.tell(refused(distribution="EOTHER"))
    logs.tell.flush()
    first, last = logs.read("LambdaEdge-EOTHER.log").splitlines()
    assert "Invoking" in first
    assert last.endswith("Validation error: CloudFront's words")


def test_another_failure_is_not_in_cloudfronts_log(logs):
    logs.tell(refused(error=FunctionExecutionError("no", function="greet")))
    assert logs.asked == []


def test_what_comes_together_is_written_by_function_and_in_order(logs):
    lines = [("greet", "one"), ("other", "two"), ("greet", "three\nfour")]
    logs.tell.many_printed(
        [Printed(request_id="r1", function=name, text=text, kind="platform") for name, text in lines]
    )
    logs.tell.flush()
    assert (logs.read("greet.log"), logs.read("other.log")) == ("one\nthree\nfour\n", "two\n")


def test_ids_of_invocations_are_not_kept_for_ever(logs):
    for number in range(4000):
        logs.printed("greet", f"START RequestId: {ID} Version: 1", request_id=f"r{number}", kind="platform")
    assert len(logs.tell._invocations) == 3000


@pytest.mark.process
def test_an_edge_writes_logs_when_it_is_told_where(logs):
    events = []

    async def scene():
        edge = Edge(logs.config, events.append, logs=logs.folder)
        for path in (b"/fine", b"/refused"):
            delivery = await edge.begin(Request(method="GET", path=path, headers=Headers([(b"Host", b"localhost")])))
            async for _ in delivery.response.body.stream():
                pass
            delivery.sent(0, complete=True)
        await edge.aclose()

    asyncio.run(scene())
    lines = logs.read("greet.log").splitlines()
    assert [line.split()[0] for line in lines] == ["INIT_START", *["START", "hello", "END", "REPORT"] * 2]
    (distribution,) = logs.config.distributions
    cloudfronts = logs.read(f"LambdaEdge-{distribution.id}.log").splitlines()
    ids = re.findall(r"START RequestId: (\S+)", "\n".join(lines))
    assert cloudfronts[1].endswith(f"INFO Response received from Lambda: RequestId: {ids[1]}")
    assert [event.text for event in events if isinstance(event, Printed) and event.kind == "output"] == ["hello"] * 2


@pytest.mark.process
def test_what_is_told_a_moment_later_is_there_when_a_result_is_refused_and_at_the_end(logs):
    code = GREET.replace('    print("hello")\n', "")
    (logs.folder.parents[1] / "greet.py").write_text(code)

    async def scene():
        edge = Edge(logs.config, logs=logs.folder)
        for path in (b"/fine", b"/refused", b"/fine"):
            delivery = await edge.begin(Request(method="GET", path=path, headers=Headers([(b"Host", b"localhost")])))
            async for _ in delivery.response.body.stream():
                pass
            delivery.sent(0, complete=True)
        await edge.aclose()

    asyncio.run(scene())
    lines = logs.read("greet.log").splitlines()
    assert [line.split()[0] for line in lines] == ["INIT_START", *["START", "END", "REPORT"] * 3]
    (distribution,) = logs.config.distributions
    ids = re.findall(r"START RequestId: (\S+)", "\n".join(lines))
    assert f"RequestId: {ids[1]}\n" in logs.read(f"LambdaEdge-{distribution.id}.log")


@pytest.mark.process
def test_an_edge_writes_no_logs_unasked(logs):
    async def scene():
        edge = Edge(logs.config)
        await edge.warm(logs.config.functions["greet"])
        await edge.aclose()

    asyncio.run(scene())
    assert not Path(logs.folder).exists()
