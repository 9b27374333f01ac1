"""One environment's log without the environment: when what is written, and what comes as one."""

import pytest

from edgerun.functions.call import Call
from edgerun.functions.log_lines import EnvironmentFacts, InvocationFacts
from edgerun.functions.output import Journal
from edgerun.functions.silences import Silences

WHERE = EnvironmentFacts(function_name="ab", version="1", runtime_version="python", runtime_version_arn="arn")


class Log:
    def __init__(self, form="text", *, together=False):
        self.lines = []
        self.due = []
        self.silences = Silences(self.lines.extend, soon=self.due.append)
        self.journal = Journal(WHERE, form, self.write, self.silences if together else None)
        self.call = Call(b"{}", "request-1", self.lines.append)

    def write(self, line):
        self.silences.flush()
        self.lines.append(line)

    def finish(self, **facts):
        told = {"duration": 0.001, "memory_size": 128, "max_memory": 20, **facts}
        self.journal.finished(self.call, InvocationFacts(aws_request_id=self.call.aws_request_id, **told))

    @property
    def kinds(self):
        self.silences.flush()
        return [" ".join(part.split()[0] for part in line.text.split("\n")) for line in self.lines]


def test_an_invocation_that_printed_nothing_may_come_as_one():
    log = Log(together=True)
    log.journal.started(log.call)
    log.finish()
    assert log.kinds == ["START END REPORT"]
    assert log.lines[0].label == "request-1"


def test_it_is_written_a_moment_later_with_those_that_end_meanwhile():
    log = Log(together=True)
    for _ in range(3):
        log.journal.started(log.call)
        log.finish()
    assert log.lines == []
    (due,) = log.due
    due()
    assert [line.text.split()[0] for line in log.lines] == ["START"] * 3


def test_what_ended_before_stands_before_what_is_printed():
    log = Log(together=True)
    log.journal.started(log.call)
    log.finish()
    log.journal.started(log.call)
    log.journal.printed("hello", log.call)
    log.finish()
    assert log.kinds == ["START END REPORT", "START", "hello", "END", "REPORT"]


def test_or_line_by_line():
    log = Log()
    log.journal.started(log.call)
    log.finish()
    assert log.kinds == ["START", "END", "REPORT"]


def test_its_beginning_stands_before_what_it_prints():
    log = Log(together=True)
    log.journal.started(log.call)
    log.journal.printed("hello", log.call)
    log.finish()
    assert log.kinds == ["START", "hello", "END", "REPORT"]


def test_one_that_goes_on_is_announced_once():
    log = Log(together=True)
    log.journal.announce()
    log.journal.started(log.call)
    log.journal.announce()
    log.journal.announce()
    log.finish()
    log.journal.announce()
    assert log.kinds == ["START", "END", "REPORT"]


def test_the_lines_of_one_that_fails_come_apart():
    log = Log(together=True)
    log.journal.started(log.call)
    log.finish(error_type="Runtime.ExitError", message="RequestId: x Error: Runtime exited")
    assert log.kinds == ["START", "END", "REPORT", "RequestId: Runtime.ExitError"]


@pytest.mark.parametrize("together", [True, False])
def test_the_json_form_keeps_the_moment_of_the_beginning(together, monkeypatch):
    log = Log("json", together=together)
    monkeypatch.setattr("time.time", lambda: 1.0)
    log.journal.started(log.call)
    monkeypatch.setattr("time.time", lambda: 2.0)
    log.finish()
    log.silences.flush()
    assert [line[9:29] for each in log.lines for line in each.text.split("\n")] == [
        "1970-01-01T00:00:01.",
        "1970-01-01T00:00:02.",
    ]
