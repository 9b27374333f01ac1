"""The static check (spec/cloudfront-functions.md §3.5, §10.4)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from other_engines import njs

from edgerun.functions.cloudfront_js_parts.check import check
from edgerun.functions.cloudfront_js_parts.finding import errors
from edgerun.functions.cloudfront_js_parts.tokens import scan

HANDLER = "function handler(event) { return event.request; }\n"

REFUSED = [
    ("for (var x of [1]) {}", "for-of", 12),
    ("for (const [a] of b) {}", "destructuring", 12),
    ("var a = [...b];", "spread", 10),
    ("f(...a);", "spread", 3),
    ("var o = {...a};", "spread", 10),
    ("var {a} = b;", "destructuring", 5),
    ("let [a] = b;", "destructuring", 5),
    ("[a, b] = [b, a];", "destructuring", 1),
    ("({a} = b);", "destructuring", 2),
    ("function f({a}) {}", "destructuring", 12),
    ("var f = ([a]) => a;", "destructuring", 10),
    ("function f(a, b = 1) {}", "default-parameter", 17),
    ("var f = (a = 1) => a;", "default-parameter", 12),
    ("class A {}", "class", 1),
    ("var A = class {};", "class", 9),
    ("function* g() {}", "generator", 9),
    ("var o = {*g() {}};", "generator", 10),
    ("a?.b;", "optional-chain", 2),
    ("a?.[0];", "optional-chain", 2),
    ("try {} catch {}", "catch", 14),
    ("a ??= 1;", "logical-assignment", 5),
    ("a ||= 1;", "logical-assignment", 5),
    ("a &&= 1;", "logical-assignment", 5),
    ("import('x');", "import", 1),
    ("/a/u;", "regexp-flag", 4),
    ("x = /a[/]/gs;", "regexp-flag", 11),
    ("1n;", "bigint", 2),
    ("function f() { return new.target; }", "new-target", 26),
    ("async function f(a) { for await (var x in a) {} }", "for-await", 27),
    ("export default 1;", "export", 1),
    ("export {a};", "export", 1),
    ("await 1;", "await", 1),
    ("return 1;", "return", 1),
    ("import fs from 'fs';", "import", 1),
]

TAKEN = [
    "for (var i in {a: 1}) {}",
    "for (let of = 0; of < 1; of++) {}",
    "var f = function (a, ...b) {};",
    "var f = (a, ...b) => b;",
    "var f = async () => 1;",
    "var f = async x => x;",
    "var o = {async m() {}, get a() { return 1; }, [1 + 1]: 2, b() {}};",
    "function f(a,) {}",
    "async function f(a) { await a; }",
    "async function f() { var g = async () => await f(); }",
    "var a = 1; a **= 2;",
    "x: for (;;) { break x; }",
    "var c = true, x = c ? .5 : 1;",
    "var o = {class: 1, catch() {}, of: 2, import: 3, new: 4, return: 5, await: 6}; o.of; o.class;",
    "var n = 1_000;",
    "var r = /a/giy;",
    "var a = [1], b = a[0] = 2;",
    "switch (1) { case 1: { var o = {}; } /x/.test('x'); default: }",
    "var t = `${[1, 2].map(function (x) { return `<${x}>`; }).join('/')}`;",
    "try {} catch (error) {}",
    "let x = 1;",
    "var f = a => ({b: a});",
    "if (1) /of/.test('x'); var d = 4 / 2 / 1;",
]

ONLY_2_0 = [
    ("let a = 1;", "let", 1),
    ("const a = 1;", "const", 1),
    ("for (let i = 0; i < 1; i++) {}", "let", 6),
    ("async function f() {}", "async", 1),
    ("var f = async () => 1;", "async", 9),
    ("var n = 1_000;", "numeric-separator", 10),
    ("import cf from 'cloudfront';", "import", 1),
]


def found(code, version="2.0", **rest):
    return check(code, f"cloudfront-js-{version}", **rest)


def rules(code, version="2.0"):
    return [finding.rule for finding in errors(found(code, version))]


@pytest.mark.parametrize(("code", "rule", "column"), REFUSED, ids=[code for code, *_ in REFUSED])
def test_what_the_engine_of_aws_refuses_is_refused_with_its_place(code, rule, column):
    first = errors(found(f"{HANDLER}{code}"))[0]

    assert (first.rule, first.line, first.column) == (rule, 2, column)
    assert first.message


@pytest.mark.parametrize("code", TAKEN)
def test_what_the_engine_of_aws_takes_is_taken(code):
    assert rules(HANDLER + code) == []


# njs has a module fs, CloudFront has not.
@pytest.mark.parametrize("code", [*(code for code, *_ in REFUSED if not code.startswith("import fs")), *TAKEN])
def test_njs_agrees(code, tmp_path):
    said = njs(code, tmp_path)

    assert bool(rules(HANDLER + code)) == ("SyntaxError" in said or "left-hand" in said), said


@pytest.mark.parametrize(("code", "rule", "column"), ONLY_2_0, ids=[code for code, *_ in ONLY_2_0])
def test_runtime_1_0_refuses_more(code, rule, column):
    first = errors(found(f"{code}\n{HANDLER}", "1.0"))[0]

    assert (first.rule, first.line, first.column) == (rule, 1, column)
    assert rules(f"{code}\n{HANDLER}") == []


@pytest.mark.parametrize("start", ["import cf from 'cloudfront';", '// words\nimport kvs from "cloudfront"\n'])
def test_the_one_import_may_come_first_only(start):
    assert rules(start + HANDLER) == []
    assert rules(HANDLER + start) == ["import"]


def test_messages_are_the_engines_and_tell_the_way_out():
    (finding,) = errors(found(HANDLER + "for (var x of []) {}"))

    assert finding.message == 'Token "of" not supported in this version'
    assert finding.told("ab.js").startswith('ab.js:2:12: Token "of" not supported in this version; count an index')


@pytest.mark.parametrize("size", [10_240, 10_241])
def test_ten_kilobytes_are_the_limit_comments_included(size):
    code = HANDLER + "//" + "ü" * ((size - len(HANDLER) - 2) // 2)
    code += "x" * (size - len(code.encode()))

    assert rules(code) == ([] if size == 10_240 else ["size"])


@pytest.mark.parametrize(
    "code",
    ["function main() {}", "var o = {handler: 1};", "o.handler = 1;", "function f() { function handler() {} }", ""],
)
def test_a_file_without_handler_is_refused(code):
    assert rules(code) == ["handler"]


@pytest.mark.parametrize("code", ["var handler = function () {};", "handler = 1;", "async function handler(e) {}"])
def test_handler_may_be_made_in_several_ways(code):
    assert rules(code) == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("function handler( {", "is not closed"),
        ("'abc", "the string is not closed"),
        ("`abc${1", "is not closed"),
        ("/* abc", "the comment is not closed"),
        ("});while(1);(function(){", 'Unexpected token "}"'),
        ("f(]", 'Unexpected token "]"'),
    ],
)
def test_what_is_no_javascript_is_refused_with_its_place(code, why):
    (finding,) = errors(found(code))

    assert finding.rule == "syntax"
    assert why in finding.message
    assert finding.line == 1


WARNED = [
    ("new Map();", "Map is not there"),
    ("fetch('x');", "fetch is not there"),
    ("setTimeout(f, 1);", "setTimeout is not there"),
    ("Array.from(x);", "Array.from is not there"),
    ("x.flat();", "flat is not there"),
    ("list.at(-1);", "at is not there"),
    ("console.error('x');", "console.error is not there"),
    ("console.log('a', b);", "takes one value"),
    ("eval('1');", "eval throws"),
    ("new Function('1');", "Function throws"),
    ("Promise.all([k.get('a'), k.get('b')]);", "costs memory"),
    ("new URL(x);", "URL is not there"),
]


@pytest.mark.parametrize(("code", "message"), WARNED, ids=[code for code, _ in WARNED])
def test_what_fails_when_it_is_reached_is_warned_of(code, message):
    (finding,) = found(HANDLER + code)

    assert (finding.level, finding.line) == ("warning", 2)
    assert message in finding.message


@pytest.mark.parametrize(
    "code",
    [
        "function Map() {} new Map();",
        "typeof fetch === 'undefined';",
        "var o = {Map: 1, fetch() {}}; o.Map; o.fetch();",
        "function f(URL) { return URL; }",
        "console.log(f(a, b));",
        "console.log('a, b');",
        "var at = 1; o.at;",
        "Promise.all([f(), g()]);",
    ],
)
def test_what_only_looks_like_it_is_not_warned_of(code):
    assert found(HANDLER + code) == []


def test_origin_helpers_at_viewer_response_are_warned_of():
    code = f"import cf from 'cloudfront';\n{HANDLER}cf.updateRequestOrigin({{}});"

    assert found(code) == []
    (finding,) = found(code, event_types=frozenset({"viewer-response"}))
    assert finding.rule == "origin-helper"


def test_replace_all_is_missing_in_1_0_only():
    assert [finding.rule for finding in found(HANDLER + "s.replaceAll('a', 'b');", "1.0")] == ["absent"]
    assert found(HANDLER + "s.replaceAll('a', 'b');") == []


def test_what_no_page_lists_is_noted():
    assert [finding.level for finding in found(HANDLER + "var a = b ?? c;")] == ["note"]


# ------------------------------------------------------------------------------ properties

SNIPPETS = st.sampled_from([code for code, *_ in REFUSED]).filter(lambda code: not set(code) & set("'`/\\[]"))
HIDDEN = st.sampled_from(
    ["var s = '{}';", 'var s = "{}";', "// {}", "/* {} */", "var t = `{}`;", "var t = `${{1}}{}${{`{}`}}`;"]
)


@given(st.lists(st.tuples(HIDDEN, SNIPPETS), min_size=1, max_size=4))
def test_words_in_strings_comments_and_templates_are_no_code(pieces):
    code = HANDLER + "\n".join(
        place.replace("{}", text).replace("{{", "{").replace("}}", "}") for place, text in pieces
    )

    assert errors(found(code)) == []


REGEX_PARTS = st.sampled_from(
    ["a", ".", "\\/", "[/]", "\\[", "(?:x)", "'", '"', "`", "=>", "class ", "...", "[^\\]]", "//"]
)


@given(
    st.lists(REGEX_PARTS.filter(lambda part: part != "//"), min_size=1, max_size=5).map("".join),
    st.sampled_from(["var r = {};", "f({});", "if (1) {}.test(x);", "function g() {{ return {}; }}", "x ? {} : 1;"]),
)
def test_what_stands_in_a_regular_expression_is_no_code(pattern, place):
    code = place.replace("{}", f"/{pattern}/g").replace("{{", "{").replace("}}", "}")

    assert errors(found(HANDLER + code)) == []


@given(st.lists(st.sampled_from("a 1 / / ' \" ` ${ } { ( ) [ ] \\ \n ? : . , ; = => /* */ // of class".split(" "))))
@example(["/", "/"])
@example(["`", "${", "`"])
def test_any_text_is_read_to_its_end(pieces):
    text = " ".join(pieces)
    source = scan(text)

    starts = [token.start for token in source.tokens]
    assert starts == sorted(starts)
    for index, token in enumerate(source.tokens):
        if token.match >= 0:
            assert source.tokens[token.match].match == index
    check(text, "cloudfront-js-2.0")


@given(st.text(max_size=60))
def test_any_text_gives_findings_and_no_exception(text):
    assert all(finding.message for finding in check(text, "cloudfront-js-1.0"))
