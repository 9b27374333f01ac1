"""Running builds: their output, their failures, their end."""

import asyncio
import sys

import pytest

from edgerun.builder import Builder, run, run_all
from edgerun.config.builds import Build
from edgerun.errors import ConfigError

pytestmark = pytest.mark.process


def build(folder, command, *outputs, watch=("**",)):
    return Build(
        functions=("auth",),
        command=command,
        folder=str(folder),
        watch=tuple(f"{folder}/{pattern}" for pattern in watch),
        apart=(),
        outputs=tuple(str(folder / output) for output in outputs),
    )


class Said:
    def __init__(self):
        self.lines = []

    def __call__(self, text, level):
        self.lines.append((level, text))


def ran(made):
    said = Said()
    asyncio.run(run(made, said))
    return said.lines


def refused(made):
    with pytest.raises(ConfigError) as caught:
        ran(made)
    return str(caught.value)


def test_a_build_runs_in_the_shell_in_its_folder_and_shows_its_output(tmp_path):
    lines = ran(build(tmp_path, "echo $((1 + 1)) > out.js && pwd && echo to stderr >&2", "out.js"))
    assert lines[:2] == [("output", f"build auth: {tmp_path}"), ("output", "build auth: to stderr")]
    assert lines[2][1].startswith("built: auth in ")
    assert (tmp_path / "out.js").read_text() == "2\n"


def test_programs_of_the_packages_beside_come_first(tmp_path):
    folder = tmp_path / "node_modules/.bin"
    folder.mkdir(parents=True)
    (folder / "ls").write_text("#!/bin/sh\necho the one beside\n")
    (folder / "ls").chmod(0o755)
    assert ("output", "build auth: the one beside") in ran(build(tmp_path, "ls"))


def test_a_failure_names_status_and_command(tmp_path):
    assert refused(build(tmp_path, "exit 4")) == "build of auth exited with status 4: exit 4"
    assert "was killed by SIGKILL" in refused(build(tmp_path, "kill -9 $$"))


def test_a_build_that_writes_no_handler_says_where_it_should_be(tmp_path):
    assert refused(build(tmp_path, "true", "dist/auth.js")) == (
        "build of auth wrote no dist/auth.js, where a handler should be: true"
    )


def test_the_first_failure_ends_a_series(tmp_path):
    with pytest.raises(ConfigError):
        asyncio.run(run_all([build(tmp_path, "false"), build(tmp_path, "touch second")], Said()))
    assert not (tmp_path / "second").exists()


def test_a_cancelled_build_is_ended_with_what_it_started(tmp_path):
    command = f"{sys.executable} -c 'import time; print(\"begun\", flush=True); time.sleep(100)'; true"

    async def scene():
        begun = asyncio.Event()
        task = asyncio.create_task(run(build(tmp_path, command), lambda text, level: begun.set()))
        await begun.wait()
        task.cancel()
        await asyncio.wait((task,))
        return task.cancelled()

    assert asyncio.run(scene())


def test_a_change_while_it_runs_begins_it_anew_and_ends_once(tmp_path):
    made = build(tmp_path, "echo begun >> log; if [ ! -e go ]; then echo waits; sleep 100; fi; cp source out")
    (tmp_path / "source").write_text("old")

    async def scene():
        ended, waits = [], asyncio.Event()

        async def on_end(build, error):
            ended.append(error)

        builder = Builder(lambda text, level: waits.set(), on_end)
        builder.start(made)
        await waits.wait()
        assert builder.is_building("auth")
        (tmp_path / "source").write_text("new")
        (tmp_path / "go").write_text("")
        builder.start(made)
        async with asyncio.timeout(10):
            while not ended:
                await asyncio.sleep(0.005)
        assert not builder.is_building("auth")
        await builder.aclose()
        return ended

    assert asyncio.run(scene()) == [None]
    assert (tmp_path / "out").read_text() == "new"
    assert (tmp_path / "log").read_text() == "begun\nbegun\n"


def test_a_failed_build_is_remembered_until_one_succeeds(tmp_path):
    async def scene():
        ended = []

        async def on_end(build, error):
            ended.append((error is None, set(builder.failed)))

        builder = Builder(Said(), on_end)
        for command in ("false", "true"):
            builder.start(build(tmp_path, command))
            async with asyncio.timeout(10):
                while not (ended and not builder.is_building("auth")):
                    await asyncio.sleep(0.005)
        async with asyncio.timeout(10):
            while len(ended) < 2:
                await asyncio.sleep(0.005)
        return ended

    assert asyncio.run(scene()) == [(False, {"auth"}), (True, set())]


def test_only_another_content_of_a_file_that_it_reads_concerns_a_build(tmp_path):
    made = build(tmp_path, "true", watch=("src/*.ts",))
    builder = Builder(Said(), lambda build, error: asyncio.sleep(0))
    place = tmp_path / "src/a.ts"
    place.parent.mkdir()
    place.write_text("one")
    (tmp_path / "other.ts").write_text("one")
    assert builder.takes([made], [str(place)]) == [made]
    assert builder.takes([made], [str(place)]) == []
    assert builder.takes([made], [str(tmp_path / "other.ts")]) == []
    place.write_text("two")
    assert builder.takes([made], [str(place)]) == [made]
    place.unlink()
    assert builder.takes([made], [str(place)]) == [made]
