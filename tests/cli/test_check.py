"""`edgerun check`."""

import json
import os
from dataclasses import replace

import pytest

from edgerun.config.load import load
from edgerun.config.static import compressed_size, findings
from edgerun.distribution.model import Association
from edgerun.values import FrozenMap


def test_a_good_configuration_is_told_in_short(project, command):
    ended = command("check")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[1:] == [
        "  *  → site (public)  CachingOptimized",
        "      viewer-request: greet (python ./greet.handler)",
        "edgerun.toml: fine",
    ]


def test_a_bad_configuration_is_told_with_line_and_hint(project, command):
    text = (project / "edgerun.toml").read_text()
    (project / "edgerun.toml").write_text(text.replace('"CachingOptimized"', '"CachingOptimised"'))
    ended = command("check")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("edgerun.toml:12: default_behavior.cache_policy: 'CachingOptimised' is not a policy")
    assert ended.err.endswith("did you mean 'CachingOptimized'?\n")


def test_every_unknown_key_has_its_line(project, command):
    (project / "edgerun.toml").write_text((project / "edgerun.toml").read_text() + "colour = 1\nviewer_respones = 1\n")
    first, second = command("check").err.splitlines()
    assert first.startswith("edgerun.toml:14: default_behavior.colour:")
    assert second.startswith("edgerun.toml:15: default_behavior.viewer_respones:")
    assert "did you mean 'viewer_response'?" in second


def test_findings_as_json(project, command):
    good = command("check", "--json")
    assert (good.code, json.loads(good.out)["ok"]) == (0, True)
    (project / "edgerun.toml").write_text("[origins.site\n")
    bad = command("check", "--json")
    found = json.loads(bad.out)
    assert (bad.code, bad.err, found["ok"]) == (2, "", False)
    assert found["errors"][0].startswith("edgerun.toml:1:")


def test_a_folder_is_checked_as_it_would_be_served(project, command):
    ended = command("check", "public")
    assert ended.code == 0
    assert "note: the cache policy is CachingOptimized" in ended.out
    assert ended.out.endswith("public: fine\n")


def test_the_schema_is_one_and_needs_no_configuration(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    ended = command("check", "--schema")
    assert ended.code == 0
    assert "default_behavior" in json.loads(ended.out)["properties"]


# ---------------------------------------------------------------- what is found without running anything


def codes(command):
    return [(each["code"], each["line"]) for each in json.loads(command("check", "--json").out)["findings"]]


NO_NAME = [("handler-name-missing", 0)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("def handler(event, context): ...\n", [], id="a def"),
        pytest.param("from other import thing as handler\n", [], id="an import"),
        pytest.param("import handler\n", [], id="a module of that name"),
        pytest.param("first, (handler, *rest) = make()\n", [], id="unpacked"),
        pytest.param("handler: object = print\n", [], id="annotated"),
        pytest.param("if True:\n    handler = print\nelse:\n    pass\n", [], id="in a branch"),
        pytest.param("try:\n    import x\nexcept ImportError:\n    def handler(e, c): ...\n", [], id="in an except"),
        pytest.param("class handler: ...\n", [], id="a class"),
        pytest.param("from other import *\n", [], id="a star may bring it"),
        pytest.param("globals()['hand' + 'ler'] = print\n", [], id="made at run time"),
        pytest.param("def __getattr__(name): ...\n", [], id="a module with __getattr__"),
        pytest.param("def make():\n    global handler\n    handler = print\nmake()\n", [], id="a global"),
        pytest.param("[handler := n for n in (print,)]\n", [], id="a walrus"),
        pytest.param("def handle(event, context): ...\n", NO_NAME, id="another name"),
        pytest.param("class A:\n    def handler(self): ...\n", NO_NAME, id="a method"),
        pytest.param("def a():\n    handler = 1\n", NO_NAME, id="a local"),
        pytest.param("", NO_NAME, id="nothing"),
        pytest.param("x = 1\ndef handler(event, context:\n    pass\n", [("syntax-error", 2)], id="a syntax error"),
        pytest.param("x = 1\nreturn 5\n", [("syntax-error", 2)], id="an error of the compiler"),
        pytest.param("\0", [("syntax-error", 0)], id="a null byte"),
        pytest.param("x = 1\nasync def handler(e, c): ...\n", [("async-handler", 2)], id="async"),
        pytest.param("async def handler(e, c): ...\nhandler = wrap(handler)\n", [], id="async and wrapped"),
        pytest.param("@wrap\nasync def handler(e, c): ...\n", [], id="async and decorated"),
        pytest.param("def handler(e, c):\n    '\\d'\n", [], id="a warning is no error"),
    ],
)
def test_python_handlers(project, command, text, found):
    (project / "greet.py").write_text(text)
    for neighbour in ("other.py", "handler.py"):
        (project / neighbour).write_text("thing = print\n")
    assert codes(command) == found
    assert command("check").code == (1 if found else 0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("exports.handler = async () => 1;", [], id="exports.NAME"),
        pytest.param("exports['handler'] = 1;", [], id="exports in brackets"),
        pytest.param("module.exports.handler = 1;", [], id="module.exports.NAME"),
        pytest.param("module.exports = { handler };", [], id="module.exports of an object"),
        pytest.param("module.exports = require('./other');", [], id="another module's exports"),
        pytest.param("Object.assign(exports, make());", [], id="assigned at run time"),
        pytest.param("export const handler = async () => 1;", [], id="export const"),
        pytest.param("export async function handler() {}", [], id="export async function"),
        pytest.param("const a = 1;\nexport { a as handler };", [], id="export list"),
        pytest.param("export const { handler } = make();", [], id="export of parts"),
        pytest.param("export * from './other.mjs';", [], id="export star"),
        pytest.param("exports.a = 1; const e = exports; e.handler = 2;", [], id="another name for exports"),
        pytest.param("const r = /[/*]/; exports.handler = 1; /* x */ exports.b = 1;", [], id="no comment"),
        pytest.param("exports.handle = async () => 1;", NO_NAME, id="another name"),
        pytest.param("export function handle() {}", NO_NAME, id="another export"),
        pytest.param("const handler = 1;\nexport { handler as main };", NO_NAME, id="exported as another"),
        pytest.param("const handler = async () => 1;", NO_NAME, id="nothing is exported"),
        pytest.param("// a note\nexports.other = 1; // exports", NO_NAME, id="comments do not count"),
    ],
)
def test_node_handlers(project, command, text, found):
    (project / "shout.js").write_text(text)
    assert codes(command) == found


def test_a_finding_says_what_aws_would_and_how_to_mend_it(project, command):
    (project / "greet.py").write_text("def handle(event, context): ...\n")
    ended = command("check")
    assert ended.code == 1
    assert ended.out.splitlines()[-4:] == [
        "greet.py: greet.py has no 'handler'; did you mean 'handle'? (handler-name-missing)",
        "  aws    Runtime.HandlerNotFound: Handler 'handler' missing on module 'greet'",
        "  fix    Define handler, or name another one in handler.",
        "edgerun.toml: 1 found",
    ]
    told = json.loads(command("check", "--json").out)
    fields = ["code", "function", "file", "line", "message", "aws", "fix"]
    assert (told["ok"], list(told["findings"][0])) == (False, fields)


def test_what_two_functions_of_one_file_have_in_common_is_told_once(project, command):
    text = (project / "edgerun.toml").read_text()
    (project / "edgerun.toml").write_text(f'{text}\n[functions.second]\nhandler = "greet.py:other"\n')
    (project / "greet.py").write_text("def handler(event, context)\n    return 1\n")
    ended = command("check")
    assert ended.out.count("syntax-error") == 1
    assert ended.out.splitlines()[-1] == "edgerun.toml: 1 found"
    assert len(json.loads(command("check", "--json").out)["findings"]) == 2


def test_a_handler_file_that_is_missing_cannot_be_loaded(project, command):
    (project / "greet.py").unlink()
    ended = command("check")
    assert ended.code == 2
    assert "there is no file 'greet.py'" in ended.err


def with_function(config, **fields):
    return replace(config, functions=FrozenMap({"greet": replace(config.functions["greet"], **fields)}))


@pytest.mark.parametrize(
    ("fields", "code", "aws"),
    [
        ({"timeout": 31.0}, "timeout-too-large", "triggered by a CloudFront event: 31 Max allowed: 30 Function: arn:"),
        ({"environment": FrozenMap({"A": "b"})}, "environment-variables", "cannot have environment variables."),
        ({"runtime": "python3.8"}, "runtime-deprecated", ""),
        ({"runtime": "pythn"}, "runtime-unknown", ""),
        ({"handler": "nothing.handler"}, "handler-file-missing", "Unable to import module 'nothing'"),
    ],
)
def test_what_a_function_may_not_have(project, fields, code, aws):
    found = findings(with_function(load(project).config, **fields))
    assert code in [each.code for each in found]
    assert aws in found[0].aws


def test_environment_variables_are_forgiven_when_lenient(project):
    config = with_function(load(project).config, environment=FrozenMap({"A": "b"}))
    assert findings(replace(config, strictness="lenient")) == []


def test_include_body_at_a_response_event(project):
    config = load(project).config
    use = Association(function=config.functions["greet"], include_body=True)
    behavior = replace(config.distributions[0].default_behavior, viewer_response=use)
    distribution = replace(config.distributions[0], default_behavior=behavior)
    (found,) = findings(replace(config, distributions=(distribution,)))
    assert found.aws == "The IncludeBody option can only be used with viewer-request or origin-request events."


def test_a_package_is_measured_as_it_would_be_packed(tmp_path):
    (tmp_path / "random").write_bytes(os.urandom(300_000))
    (tmp_path / "zeros").write_bytes(bytes(3_000_000))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "pack").write_bytes(os.urandom(300_000))
    told = []
    assert 300_000 < compressed_size(tmp_path, 1_000_000, "fn", lambda *now: told.append(now)) < 320_000
    assert told[-1] == ("fn", 3_300_000, 3_300_000)
    assert compressed_size(tmp_path, 200_000) > 200_000
    assert compressed_size(tmp_path, 5_000_000) == 3_300_000, "as it is, since it cannot be too large"


def test_an_import_that_cannot_be_found_is_told(tmp_path, monkeypatch, command):
    (tmp_path / "public").mkdir()
    (tmp_path / "fn.py").write_text(
        "import json\nimport no_such_package\n\n\ndef handler(event, context):\n    return 1\n"
    )
    (tmp_path / "edgerun.toml").write_text(
        '[origins.site]\ndirectory = "public"\n\n[functions.fn]\nhandler = "fn.py:handler"\n\n'
        '[default_behavior]\norigin = "site"\ncache_policy = "CachingOptimized"\nviewer_request = "fn"\n'
    )
    monkeypatch.chdir(tmp_path)
    ended = command("check")
    assert ended.code == 1
    assert "fn.py:2" in ended.out
    assert "No module named 'no_such_package'" in ended.out


@pytest.mark.parametrize(
    ("mode", "code"), [(None, "bootstrap-missing"), (0o644, "bootstrap-not-executable"), (0o755, "")]
)
def test_a_bootstrap_that_cannot_be_run_is_told_in_lambdas_words(project, mode, code):
    if mode is not None:
        (project / "bootstrap").write_text("#!/bin/sh\n")
        (project / "bootstrap").chmod(mode)
    config = with_function(load(project).config, runtime="provided.al2023", handler="any.thing")
    found = findings(replace(config, strictness="lenient"))
    assert [each.code for each in found] == ([code] if code else [])
    said = "Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    assert all(each.aws == said for each in found)


def test_a_custom_runtime_is_no_runtime_of_the_edge_unless_lenient(project):
    (project / "bootstrap").write_text("#!/bin/sh\n")
    (project / "bootstrap").chmod(0o755)
    config = with_function(load(project).config, runtime="provided")
    assert [each.code for each in findings(config)] == ["runtime-unknown"]
