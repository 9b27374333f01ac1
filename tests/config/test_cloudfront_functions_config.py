"""CloudFront Functions in a configuration: which tables mean one, their stores, where they may stand."""

import pytest

from edgerun.config.zero import zero_config
from edgerun.distribution.model import Point, is_cloudfront
from edgerun.functions.function import code_file

BASE = """\
[origins.site]
directory = "public"

[functions]
node = {{ handler = "fns/auth/index.mjs" }}
light = {{ handler = "fns/light.js", runtime = "cloudfront-js-2.0"{more} }}
other = {{ handler = "fns/light.js", runtime = "cloudfront-js-1.0" }}

[key_value_stores.words]
file = "words.json"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
{points}
"""
HANDLER = "function handler(event) {\n    return event.request;\n}\n"


@pytest.fixture
def config(project):
    """Makes a text of a configuration, in a project with a function and a store."""
    (project / "fns/light.js").write_text(HANDLER)
    (project / "words.json").write_text('{"data": [{"key": "a", "value": "b"}]}')
    return lambda points="", more="": BASE.format(points=points, more=more)


def test_a_function_with_its_file_and_store(read, config, project):
    loaded = read(config('viewer_request = "light"', ', key_value_store = "words"'))
    function = loaded.config.functions["light"]
    assert (function.root, function.handler) == (str(project / "fns"), "light.handler")
    assert (function.runtime, function.key_value_store) == ("cloudfront-js-2.0", project / "words.json")
    assert function.deployed_as == "light"
    assert code_file(function) == str(project / "fns/light.js")
    assert {project / "fns", project / "words.json"} <= set(loaded.watch)
    assert loaded.config.distributions[0].default_behavior.of_cloudfront


@pytest.mark.parametrize(
    ("code", "handler", "runtime"),
    [
        pytest.param(HANDLER, "fns/f.js", "cloudfront-js-2.0", id="a handler and no exports"),
        pytest.param(f"import cf from 'cloudfront';\nasync {HANDLER}", "fns/f.js", "cloudfront-js-2.0", id="import cf"),
        pytest.param("const handler = (event) => event.request;", "fns/f.js", "cloudfront-js-2.0", id="an arrow"),
        pytest.param(f"{HANDLER}exports.handler = handler;", "fns/f.js", "nodejs", id="exports"),
        pytest.param(f"export {HANDLER}", "fns/f.js", "nodejs", id="export"),
        pytest.param(f"{HANDLER}module.exports = {{ handler }};", "fns/f.js", "nodejs", id="module.exports"),
        pytest.param("function handler() { return {statusCode: 200}; }", "fns/f.js", "cloudfront-js-2.0", id="answers"),
        pytest.param("", "fns/f.js", "nodejs", id="no handler"),
        pytest.param("const handler = async () => 1;", "fns/f.js", "nodejs", id="nothing of an event"),
        pytest.param(HANDLER.replace("event.", "event.Records[0].cf."), "fns/f.js", "nodejs", id="Lambda's event"),
        pytest.param(HANDLER, "fns/f.js:handler", "nodejs", id="FILE:NAME is Lambda's form"),
        pytest.param(HANDLER, "fns/f.mjs", "nodejs", id="another suffix"),
    ],
)
def test_the_runtime_is_inferred_where_only_one_can_be_meant(read, config, project, code, handler, runtime):
    (project / handler.partition(":")[0]).write_text(code)
    (project / "fns/f.js").touch()
    text = config().replace("[functions]", f'[functions]\nf = {{ handler = "{handler}" }}')
    if handler.endswith("f.mjs"):
        (project / "fns/f.js").unlink()
    function = read(text).config.functions["f"]
    assert function.runtime == runtime
    assert is_cloudfront(function) is (runtime != "nodejs")


def test_a_folder_is_served_with_one_by_flags(project):
    (project / "light.js").write_text(HANDLER)
    loaded = zero_config(project / "public", {Point.VIEWER_REQUEST: "light.js"})
    assert loaded.config.functions["light"].runtime == "cloudfront-js-2.0"


MISSPELT = """9: key_value_stores.words.file: is missing
edgerun.toml:10: key_value_stores.words.fiel: is not a key that edgerun knows; did you mean 'file'?"""
LIGHT = "'light' is a CloudFront Function"
MIXED = f"{LIGHT}: CloudFront refuses it beside one of Lambda@Edge at the other viewer point of the same behavior"
LAMBDAS = "a CloudFront Function has no '{}': that is Lambda's"
REFUSED = [
    *(
        ("", f", {word} = {given}", f"6: functions.light.{word}: {LAMBDAS.format(word)}")
        for word, given in (
            ("timeout", "1"),
            ("memory", "128"),
            ("concurrency", "1"),
            ("root", '"fns"'),
            ("python", '"python"'),
            ("environment", '{ A = "1" }'),
        )
    ),
    (
        "",
        ', key_value_store = "word"',
        "6: functions.light.key_value_store: 'word' is not a key-value store; did you mean 'words'?",
    ),
    (
        'origin_request = "light"',
        "",
        f"15: default_behavior.origin_request: {LIGHT}, which runs at viewer-request and viewer-response only",
    ),
    (
        'viewer_request = { function = "light", include_body = true }',
        "",
        f"15: default_behavior.viewer_request: {LIGHT}, which never sees the body: no include_body",
    ),
    (
        'viewer_request = "light"\nviewer_response = "node"',
        "",
        f"16: default_behavior.viewer_response: {MIXED}",
    ),
    (
        'viewer_request = "node"\nviewer_response = "light"',
        "",
        f"16: default_behavior.viewer_response: {MIXED}",
    ),
]


@pytest.mark.parametrize(("points", "more", "expected"), REFUSED)
def test_what_is_refused_after_a_good_beginning(refusal, config, points, more, expected):
    assert refusal(config(points, more)) == [f"edgerun.toml:{expected}"]


def test_both_kinds_go_together_where_cloudfront_takes_them(read, config):
    points = 'viewer_request = "light"\nviewer_response = "other"\norigin_request = "node"\norigin_response = "node"'
    assert read(config(points)).config.distributions[0].default_behavior.of_cloudfront


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            '"cloudfront-js-1.0" }',
            '"cloudfront-js-1.0", key_value_store = "words" }',
            "7: functions.other.key_value_store: cloudfront-js-1.0 knows no key-value store: use cloudfront-js-2.0",
        ),
        (
            'index.mjs" }',
            'index.mjs", key_value_store = "words" }',
            "5: functions.node.key_value_store: only a CloudFront Function has a key-value store",
        ),
        (
            '"fns/light.js", runtime = "cloudfront-js-2.0"',
            '"fns/ligth.js", runtime = "cloudfront-js-2.0"',
            "6: functions.light.handler: there is no file 'fns/ligth.js'; did you mean 'light.js'?",
        ),
        (
            '"fns/light.js", runtime = "cloudfront-js-2.0"',
            '"fns/ab_test.py", runtime = "cloudfront-js-2.0"',
            "6: functions.light.handler: expected a file that ends in .js, got 'fns/ab_test.py'",
        ),
        (
            '"fns/light.js", runtime = "cloudfront-js-2.0"',
            '"fns/light.js:main", runtime = "cloudfront-js-2.0"',
            "6: functions.light.handler: CloudFront calls the function 'handler' of the file, not 'main'",
        ),
        (
            '"words.json"',
            '"word.json"',
            "10: key_value_stores.words.file: there is no file 'word.json'; did you mean 'words.json'?",
        ),
        (
            "[key_value_stores.words]",
            '[key_value_stores."a b"]',
            "9: key_value_stores.\"a b\": a key-value store's name is 1 to 64 letters, digits, '-' and '_'",
        ),
        (
            'file = "words.json"',
            'fiel = "words.json"',
            MISSPELT,
        ),
        ("cloudfront-js-2.0", "cloudfront-js-3.0", None),
    ],
)
def test_what_is_said_of_a_fault(refusal, config, old, new, expected):
    lines = refusal(config().replace(old, new))
    if expected is None:
        assert lines[0].endswith("got 'cloudfront-js-3.0'; did you mean 'cloudfront-js-2.0'?")
    else:
        assert "\n".join(lines) == f"edgerun.toml:{expected}"


def test_a_store_that_cannot_be_used_is_told_of_with_its_place(refusal, config, project):
    (project / "words.json").write_text('{"a": 5, "b": "c"}')
    (line,) = refusal(config())
    assert line.startswith("edgerun.toml:10: key_value_stores.words.file: ")
    assert 'words.json: ["a"]: expected a string, got a number' in line


def test_a_store_of_too_many_functions_is_noted(read, config):
    text = config()
    many = "\n".join(
        f'f{n} = {{ handler = "fns/light.js", runtime = "cloudfront-js-2.0", key_value_store = "words" }}'
        for n in range(11)
    )
    (note,) = read(text.replace("[functions]", f"[functions]\n{many}")).notes
    assert note.endswith("key_value_stores.words: CloudFront's quota is 10 functions per store")
