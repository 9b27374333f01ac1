"""START and END around what one run of a CloudFront Function printed, and the log's file (§5)."""

import pytest

from edgerun.functions.run_log import RunLog
from edgerun.functions.runtime import OutputLine


class Heard:
    """What a log hands out; a turn of the loop passes when the test says so."""

    def __init__(self):
        self.lines = []
        self.troubles = []
        self.later = []
        self.log = RunLog(
            lambda line: self.lines.append((line.function, line.label, line.text, line.kind)),
            {"fn": "E1", "other": "E2"}.get,
            lambda function, text: self.troubles.append((function, text)),
            self.later.append,
        )

    def prints(self, *texts, function="fn", label="r1", kind="output"):
        for text in texts:
            self.log(OutputLine(function=function, label=label, text=text, kind=kind))

    def turn(self):
        later, self.later[:] = list(self.later), []
        for act in later:
            act()


@pytest.fixture
def heard():
    return Heard()


def test_a_run_is_enclosed_in_start_and_end(heard):
    heard.prints("one", "two")
    heard.turn()
    assert heard.lines == [
        ("fn", "r1", "START DistributionID: E1", "platform"),
        ("fn", "r1", "one", "output"),
        ("fn", "r1", "two", "output"),
        ("fn", "r1", "END", "platform"),
    ]


def test_two_runs_of_one_turn_are_two(heard):
    heard.prints("one")
    heard.prints("two", function="other", label="r2")
    heard.turn()
    assert [text for _, _, text, _ in heard.lines] == [
        "START DistributionID: E1",
        "one",
        "END",
        "START DistributionID: E2",
        "two",
        "END",
    ]


def test_the_same_request_runs_it_twice(heard):
    heard.prints("one")
    heard.turn()
    heard.prints("one")
    heard.turn()
    assert [text for _, _, text, _ in heard.lines] == ["START DistributionID: E1", "one", "END"] * 2


def test_the_engines_own_words_are_no_run(heard):
    heard.prints("the store is broken", label="", kind="platform")
    heard.turn()
    assert (heard.lines, heard.troubles) == ([], [("fn", "the store is broken")])
