"""Functions that bring their own runtime: found by folder, refused at the edge unless lenient."""

# ruff: noqa: E501  # a message stands on one line, as users see it

import pytest

from edgerun.config.load import Overrides
from edgerun.config.zero import zero_config
from edgerun.distribution.model import Point

BASE = """\
[origins.site]
directory = "public"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
F = BASE + "[functions.f]\n"
USED = BASE + 'viewer_request = "f"\n[functions.f]\n'


@pytest.fixture
def bootstrap(project):
    place = project / "fns/go/bootstrap"
    place.parent.mkdir()
    place.write_text("#!/bin/sh\n")
    place.chmod(0o755)
    return place


@pytest.mark.parametrize(
    ("lines", "handler", "runtime"),
    [
        ('handler = "fns/go"\nruntime = "provided"', "bootstrap", "provided"),
        ('handler = "fns/go/"\nruntime = "provided.al2"', "bootstrap", "provided.al2"),
        ('handler = "fns/go/bootstrap"\nruntime = "provided.al2023"', "bootstrap", "provided.al2023"),
        ('handler = "./fns/go/bootstrap"', "bootstrap", "provided"),
        ('handler = "app.handler"\nroot = "fns/go"\nruntime = "provided.al2023"', "app.handler", "provided.al2023"),
        ('handler = "any thing"\nroot = "fns/go"\nruntime = "provided"', "any thing", "provided"),
    ],
)
def test_a_custom_runtime_is_a_folder_with_a_bootstrap(read, project, bootstrap, lines, handler, runtime):
    loaded = read(F + lines)

    function = loaded.config.functions["f"]
    assert (function.root, function.handler, function.runtime) == (str(project / "fns/go"), handler, runtime)
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            'handler = "fns/goo"\nruntime = "provided"',
            "edgerun.toml:8: functions.f.handler: expected the folder of a bootstrap, got 'fns/goo'; did you mean 'go'?",
        ),
        (
            'handler = "fns/ab_test.py:handler"\nruntime = "provided"',
            "edgerun.toml:8: functions.f.handler: expected the folder of a bootstrap, got 'fns/ab_test.py:handler'",
        ),
        (
            'handler = "x"\nroot = "fns/goo"\nruntime = "provided"',
            "edgerun.toml:9: functions.f.root: there is no folder 'fns/goo'; did you mean 'go'?",
        ),
        (
            'handler = ""\nroot = "fns/go"\nruntime = "provided"',
            "edgerun.toml:8: functions.f.handler: expected what _HANDLER is to say, such as 'bootstrap', got ''",
        ),
        (
            'handler = "fns/go"\nruntime = "provided"\npython = "venv/bin/python"',
            "edgerun.toml:10: functions.f.python: only a Python function has an interpreter",
        ),
    ],
)
def test_what_cannot_be_a_custom_runtime(refusal, bootstrap, lines, told):
    assert refusal(F + lines) == [told]


def test_a_bootstrap_that_is_missing_may_be_built_later_and_is_noted(read, bootstrap):
    bootstrap.unlink()

    (note,) = read(F + 'handler = "fns/go"\nruntime = "provided"').notes

    assert note.startswith(f"edgerun.toml:7: functions.f: there is no 'bootstrap' in {bootstrap.parent}: ")


def test_a_bootstrap_that_is_not_executable_is_noted_with_the_cure(read, bootstrap):
    bootstrap.chmod(0o644)

    (note,) = read(F + 'handler = "fns/go"\nruntime = "provided"').notes

    assert note.endswith(f"'bootstrap' is not executable: chmod +x {bootstrap}")


@pytest.mark.parametrize("strictness", ["", "pedantic"])
def test_a_custom_runtime_at_the_edge_is_refused(refusal, bootstrap, strictness):
    (told,) = refusal(USED + 'handler = "fns/go"\nruntime = "provided.al2023"', strictness=strictness)

    assert told == (
        "edgerun.toml:7: default_behavior.viewer_request: function 'f' has runtime 'provided.al2023', "
        "and Lambda@Edge runs Node.js and Python only; --lenient runs it here"
    )


def test_a_custom_runtime_at_the_edge_is_forgiven_when_lenient_and_said(read, bootstrap):
    loaded = read(USED + 'handler = "fns/go"\nruntime = "provided"', strictness="lenient")

    assert loaded.config.distributions[0].default_behavior.viewer_request.function.runtime == "provided"
    (note,) = loaded.notes
    assert "forgiven: function 'f' has runtime 'provided'" in note


@pytest.mark.parametrize("written", ["fns/go/bootstrap", "./fns/go/bootstrap"])
def test_a_flag_names_a_bootstrap_which_is_called_by_its_folder(project, bootstrap, written):
    flags = {Point.VIEWER_REQUEST: written}

    config = zero_config(project / "public", flags, Overrides(strictness="lenient")).config

    function = config.functions["go"]
    assert (function.root, function.runtime) == (str(project / "fns/go"), "provided")


def test_a_bootstrap_in_the_working_directory_is_called_by_that(project, bootstrap, monkeypatch):
    monkeypatch.chdir(bootstrap.parent)

    config = zero_config(
        project / "public", {Point.VIEWER_REQUEST: "./bootstrap"}, Overrides(strictness="lenient")
    ).config

    assert list(config.functions) == ["go"]
