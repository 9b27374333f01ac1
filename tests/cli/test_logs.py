"""`edgerun logs`, on files."""

import json
import os
import signal
import subprocess
import sys

import pytest

from edgerun.cli import root
from edgerun.cli.logs import LogFiles, follow

NO_BREAK = "\xa0"


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(root.COMMANDS, "logs", "edgerun.cli.logs")


@pytest.fixture
def folder(project):
    made = project / ".edgerun" / "logs"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def logs(folder):
    (folder / "greet.log").write_text("START one\nhello\nEND one\n")
    (folder / "shout.log").write_text("START two\nEND two\n")
    return folder


def test_the_lines_of_one_function_are_as_in_cloudwatch(logs, command):
    ended = command("logs", "greet")
    assert (ended.code, ended.out, ended.err) == (0, "START one\nhello\nEND one\n", "")


def test_the_lines_of_several_say_whose_they_are(logs, command):
    ended = command("logs")
    assert ended.out.splitlines() == [
        *("greet │ START one", "greet │ hello", "greet │ END one"),
        *("shout │ START two", "shout │ END two"),
    ]


@pytest.mark.parametrize(("tail", "lines"), [(0, []), (1, ["END one"]), (9, ["START one", "hello", "END one"])])
def test_the_last_lines_only(logs, command, tail, lines):
    assert command("logs", "greet", "--tail", tail).out.splitlines() == lines


def test_the_old_file_is_read_before_the_one_in_use(logs, command):
    (logs / "greet.log.1").write_text("older\nold\n")
    assert command("logs", "greet", "--tail", 4).out.splitlines() == ["old", "START one", "hello", "END one"]
    assert command("logs").out.startswith("greet │ older\n")


def test_lines_as_json(logs, command):
    (logs / "greet.log").write_text(f"{NO_BREAK}File\n")
    found = [json.loads(line) for line in command("logs", "--json").out.splitlines()]
    assert found[0] == {"function": "greet", "text": f"{NO_BREAK}File"}
    assert [each["function"] for each in found] == ["greet", "shout", "shout"]


def test_a_terminal_is_not_moved_by_what_a_function_prints(logs, command):
    (logs / "greet.log").write_text(f"{NO_BREAK * 2}File\n\x1b[2J\n")
    assert command("logs", "greet").out.splitlines() == ["  File", r"\x1b[2J"]


def test_cloudfronts_log_is_among_them_and_has_a_name(logs, command):
    (logs / "LambdaEdge-EXYZ.log").write_text("(id) ERROR Validation error: words\n")
    assert "LambdaEdge-EXYZ │ (id) ERROR" in command("logs").out
    assert command("logs", "LambdaEdge-EXYZ").out == "(id) ERROR Validation error: words\n"


@pytest.mark.parametrize(
    ("name", "words"), [("gret", "did you mean 'greet'?"), ("quite_other", "there are greet, shout")]
)
def test_an_unknown_function_is_a_usage_error(logs, command, name, words):
    ended = command("logs", name)
    assert (ended.code, ended.out) == (2, "")
    assert f"there is no function '{name}'" in ended.err
    assert words in ended.err


def test_without_logs_it_says_how_to_get_some(project, command):
    ended = command("logs")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == ("no logs in .edgerun/logs yet: start edgerun dev and send a request that runs a function\n")
    assert command("logs", "greet").err.startswith("no logs of 'greet' in .edgerun/logs yet")


def test_for_a_folder_served_as_it_is_they_are_where_we_are(project, command):
    logs = project / ".edgerun" / "logs"
    logs.mkdir(parents=True)
    (logs / "anything.log").write_text("one\n")
    assert command("logs", "--config", "public").out == "anything │ one\n"


def test_a_wrong_configuration_is_told(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    ended = command("logs")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("no edgerun.toml here")


class Followed:
    """Follows a folder; each step happens before the next look."""

    def __init__(self, folder, function=None):
        self.lines = []
        self.files = LogFiles(folder, function)
        for log in self.files.look():
            log.last(0)

    def through(self, *steps):
        left = iter(steps)

        def wait():
            step = next(left, None)
            if step is None:
                raise KeyboardInterrupt
            step()

        with pytest.raises(KeyboardInterrupt):
            follow(self.files, lambda name, line: self.lines.append((name, line)), wait)
        return self.lines


def add(path, text):
    def step():
        with path.open("a") as file:
            file.write(text)

    return step


def test_what_is_added_is_shown_and_what_was_there_is_not(logs):
    greet, shout = logs / "greet.log", logs / "shout.log"
    lines = Followed(logs).through(add(greet, "new\n"), add(shout, "loud\nlouder\n"))
    assert lines == [("greet", "new"), ("shout", "loud"), ("shout", "louder")]


def test_a_line_is_shown_when_it_is_whole(logs):
    greet = logs / "greet.log"
    assert Followed(logs).through(add(greet, "ha"), add(greet, "lf\n")) == [("greet", "half")]


def test_a_log_that_comes_into_being_is_shown_from_its_begin(folder):
    assert Followed(folder).through(add(folder / "greet.log", "one\n")) == [("greet", "one")]


def test_another_functions_lines_are_not_shown(logs):
    assert Followed(logs, "shout").through(add(logs / "greet.log", "new\n")) == []


def test_no_line_is_lost_when_the_file_is_rotated(logs):
    greet = logs / "greet.log"

    def rotate():
        add(greet, "last of the old\n")()
        greet.replace(logs / "greet.log.1")
        add(greet, "first of the new\n")()

    lines = Followed(logs, "greet").through(add(greet, "before\n"), rotate, add(greet, "after\n"))
    assert [line for _, line in lines] == ["before", "last of the old", "first of the new", "after"]


def test_a_file_that_was_emptied_is_followed_from_its_begin(logs):
    greet = logs / "greet.log"
    steps = (lambda: greet.write_text(""), add(greet, "anew\n"))
    assert Followed(logs, "greet").through(*steps) == [("greet", "anew")]


def test_a_file_that_was_removed_is_waited_for(logs):
    greet = logs / "greet.log"
    assert Followed(logs, "greet").through(greet.unlink, add(greet, "anew\n")) == [("greet", "anew")]


PROGRAM = "from edgerun.cli import root; root.COMMANDS['logs'] = 'edgerun.cli.logs'; root.main()"


@pytest.mark.process
def test_following_ends_cleanly_on_ctrl_c(logs, project):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, "logs", "greet", "--follow", "--tail", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=project, env=environment, **pipes) as process:
        shown = process.stdout.readline()
        with (logs / "greet.log").open("a") as file:
            file.write("while we look\n")
        followed = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (shown, followed) == ("END one\n", "while we look\n")
    assert (process.returncode, err) == (130, "")
