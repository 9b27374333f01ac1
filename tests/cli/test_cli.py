"""The command line itself: help, versions, what it makes of words it does not know."""

import subprocess
import sys

import pytest

import edgerun
from edgerun.cli.root import COMMANDS


def test_the_version(command):
    assert command("--version").out == f"edgerun, version {edgerun.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(command, name, flag):
    ended = command(name, flag)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: edgerun {name}")


def test_the_help_names_every_command(command):
    text = command("--help").out
    assert all(f"\n  {name} " in text for name in COMMANDS)


@pytest.mark.process
@pytest.mark.parametrize("words", [("--help",), ("--version",), ("serve", "--help"), ("dev", "--help")])
def test_help_does_not_load_the_server(words):
    code = f"import sys; from edgerun.cli.root import run; run({list(words)!r}); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"uvicorn", "uvloop", "watchfiles", "edgerun.server"} & set(ended.stderr.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["sevre"], "there is no command 'sevre'; did you mean 'serve'?", id="a misspelt command"),
        pytest.param(["xyzzy"], "there are dev, serve, check, invoke", id="no command at all"),
        pytest.param(["public"], "there is no command 'public'; to serve it: edgerun dev public", id="a folder"),
        pytest.param(["serve", "--prot", "1"], "--port", id="a misspelt flag"),
        pytest.param(["serve", "--port", "x"], "'x' is not a valid integer", id="a port that is no number"),
        pytest.param(["serve", "--port", "65536"], "65536 is not in the range", id="a port too high"),
        pytest.param(["serve", "--host", ""], "--host: expected an address", id="no host"),
        pytest.param(["serve", "a", "b"], "unexpected extra argument", id="two places"),
        pytest.param(["invoke"], "Missing argument 'FUNCTION'", id="no function"),
    ],
)
def test_what_is_not_understood_ends_with_2_and_a_hint(project, command, words, says):
    ended = command(*words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--country", "Germany"], "--country: expected two capital letters such as 'DE', got 'GERMANY'\n"),
        (["--origin", "stie=public"], "--origin stie: 'stie' is not an origin; did you mean 'site'?\n"),
        (["--origin", "missing"], "--origin site: there is no folder '{cwd}/"),
        (["missing"], "missing: there is no such file or folder\n"),
    ],
)
def test_flags_that_do_not_fit_the_configuration_end_with_2(project, command, words, says):
    ended = command("check", *words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith(says.replace("{cwd}", str(project)))


def test_a_place_that_cannot_be_listened_on_ends_with_2(project, command):
    ended = command("serve", "--host", "192.0.2.1", "--port", "0")
    assert ended.code == 2
    assert ended.err.startswith("cannot listen on 192.0.2.1:0: ")


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"EDGERUN_COUNTRY": "Germany"}, 2),
        ({"EDGERUN_CONFIG": "missing.toml"}, 2),
        ({"EDGERUN_CONFIG": "edgerun.toml", "EDGERUN_COUNTRY": "de"}, 0),
        ({"EDGERUN_LENIENT": "1"}, 0),
        ({"EDGERUN_LENIENT": "0", "EDGERUN_PEDANTIC": ""}, 0),
    ],
)
def test_the_environment_can_give_every_flag(project, command, monkeypatch, variables, code):
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert command("check").code == code


def test_a_flag_beats_the_environment(project, command, monkeypatch):
    monkeypatch.setenv("EDGERUN_CONFIG", "missing.toml")
    assert command("check", "--config", "edgerun.toml").code == 0
