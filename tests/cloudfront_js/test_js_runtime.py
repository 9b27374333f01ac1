"""The runtime for CloudFront Functions: results, failures, limits, processes."""

import asyncio
import json
import os
import signal

import pytest
from js_stage import EVENT, NOW, Stage

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionThrottled, FunctionTimeout
from edgerun.functions.function import Function
from edgerun.functions.loads import Loads

pytestmark = pytest.mark.process

ECHO = "function handler(event) { return event; }"


# ------------------------------------------------------------------------------ results


@pytest.mark.parametrize(
    ("returned", "kind", "value"),
    [
        ("{a: 1, b: undefined, c: function () {}}", "object", {"a": 1}),
        ("[1]", "array", [1]),
        ("undefined", "undefined", None),
        ("null", "null", None),
        ("'x'", "string", "x"),
        ("5", "number", 5),
        ("NaN", "number", None),
        ("true", "boolean", True),
        ("handler", "function", None),
        ("Symbol('x')", "symbol", None),
        ("new Date(0)", "object", "1970-01-01T00:00:00.000Z"),
        ("{toJSON: function () {}}", "undefined", None),
        ("Promise.resolve({a: 1})", "object", {"a": 1}),
        ("'ü\\ud800'", "string", "ü\ud800"),
    ],
)
def test_what_a_handler_returns_is_told_with_its_kind(js, returned, kind, value):
    got = js.run(f"function handler(event) {{ return {returned}; }}")

    assert got == {"kind": kind, "value": value, "origin": None}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize(
    "event", [{**EVENT, "x": {"a": [1, 2.5, None, True]}}, {"ü": "🏮\u0000"}, {"__proto__": 1, "2": 0, "1": 0}, []]
)
def test_an_event_comes_back_as_it_went(js, event, version):
    assert js.run(ECHO, event, version)["value"] == event


def test_async_handlers_are_waited_for(js):
    code = "async function handler(event) { var a = await Promise.resolve(1); return {a: await a + 1}; }"

    assert js.run(code)["value"] == {"a": 2}


def test_the_handler_may_be_a_variable(js):
    assert js.run("var handler = function () { return {a: 1}; }", version="1.0")["value"] == {"a": 1}


@pytest.mark.parametrize(("query", "told"), [("a=1&b=%20", "a=1&b=%20"), ("", ""), (None, None)])
def test_raw_query_string_is_a_method(js, query, told):
    request = {**EVENT["request"]} if query is None else {**EVENT["request"], "rawQueryString": query}
    code = "function handler(event) { var r = event.request; r.headers.q = {value: r.rawQueryString()}; return r; }"
    got = js.run(code, {**EVENT, "request": request})["value"]

    assert got["headers"]["q"] == ({} if told is None else {"value": told})
    assert "rawQueryString" not in got


def test_a_file_with_windows_line_ends_and_a_mark_is_read(js):
    assert js.run(b"\xef\xbb\xbf// x\r\nfunction handler() {\r\n  return {a: 'x'};\r\n}")["value"] == {"a": "x"}


def test_a_run_sees_nothing_of_the_run_before(js):
    code = """
      var count = 0;
      function handler() {
        count += 1; globalThis.left = (globalThis.left || 0) + 1;
        Array.prototype.mark = (Array.prototype.mark || 0) + 1;
        return {count: count, left: globalThis.left, mark: [].mark};
      }"""
    function = js.function(code)

    for _ in range(4):
        assert json.loads(js.invoke(function).payload)["value"] == {"count": 1, "left": 1, "mark": 1}


def test_lines_carry_label_and_function(js):
    js.invoke(js.function("function handler() { console.log('a\\nb'); console.log(1); }", name="logs"), label="r-7")

    assert [(line.function, line.label, line.text, line.kind) for line in js.lines] == [
        ("logs", "r-7", "a\nb", "output"),
        ("logs", "r-7", "1", "output"),
    ]


def test_lines_of_a_failed_run_are_heard_and_ten_kilobytes_are_the_limit(js):
    with pytest.raises(FunctionExecutionError):
        js.run(
            "function handler() { for (var i = 0; i < 300; i++) console.log('x'.repeat(99)); throw new Error('no'); }"
        )

    assert sum(len(text) + 1 for text in js.texts()) <= 10_241
    assert len(js.texts()) == 103


def test_utilization_is_percent_of_a_millisecond(js):
    idle = js.invoke(js.function(ECHO))
    busy = js.invoke(js.function("function handler() { for (var i = 0; i < 500000; i++); return {}; }"))

    assert 0 <= idle.compute_utilization <= 100
    assert busy.compute_utilization == 100
    assert busy.duration > 0


# ------------------------------------------------------------------------------ failures


def failure(js, code, kind=FunctionExecutionError, version="2.0", **rest):
    with pytest.raises(kind) as caught:
        js.run(code, version=version, **rest)
    return caught.value


@pytest.mark.parametrize(
    ("code", "error_type", "message", "frames"),
    [
        ("function handler() {\n  var x = null;\n  return x.y;\n}", "TypeError", "cannot read", [("handler", 3, 10)]),
        ("function f() {\n  throw new RangeError('no');\n}\nasync function handler() {\n  f();\n}", "RangeError", "no",
         [("f", 2, 13), ("handler", 5, 3)]),
        ("function handler() { throw 'text'; }", "Error", "text", []),
        ("function handler() { throw {a: 1}; }", "Error", '{"a":1}', []),
        ("async function handler() { return Promise.reject(new Error('no')); }", "Error", "no", [("handler", 1, 54)]),
        ("async function handler() { await new Promise(function () {}); }", "Error", "never settled", []),
        ("function handler() { var o = {}; o.o = o; return o; }", "TypeError", "circular", []),
        ("var handler = 5;", "TypeError", "not a function", []),
        ("if (false) var handler = 1;", "TypeError", "not a function", []),
        ("throw new Error('top'); function handler() {}", "Error", "top", [("", 1, 11)]),
        ("function handler() { return require('x'); }", "Error", 'Cannot find module "x"', [("handler", 1, 29)]),
    ],
)  # fmt: skip
def test_what_is_thrown_is_told_with_its_place(js, code, error_type, message, frames):
    function = js.function(code, name="thrown")
    with pytest.raises(FunctionExecutionError) as caught:
        js.invoke(function)
    js.runner.run(js.runtime.reload("thrown"))
    error = caught.value

    assert (error.error_type, error.function) == (error_type, "thrown")
    assert message in str(error)
    told = [frame.strip().removeprefix("at ") for frame in error.stack]
    file = js.folder / "thrown.js"
    assert told[: len(frames)] == [
        f"{name} ({file}:{line}:{column})" if name else f"<anonymous> ({file}:{line}:{column})"
        for name, line, column in frames
    ]


@pytest.mark.parametrize(
    ("code", "message", "place"),
    [
        ("function handler() {\n  for (var x of []) {}\n}", 'Token "of" not supported in this version in 2', ":2:14"),
        ("function handler() {\n  var x = ;\n}", "unexpected token", ":2:11"),
        ("function handler() { let a; let a; }", "redefinition", ":1:"),
        ("function main() {}", '"handler" is not defined', ".js"),
        ("});while(true){}({", "Unexpected token", ":1:1"),
        ("function handler() { undefined_label: for (;;) { break nowhere; } }", "label", ":1:"),
    ],
)
def test_code_that_cannot_be_run_is_an_init_error_with_its_place(js, code, message, place):
    error = failure(js, code, FunctionInitError)

    assert message in str(error)
    assert error.error_type == "SyntaxError"
    assert place in error.stack[0]


def test_a_missing_file_is_told(js):
    missing = Function(name="gone", root=str(js.folder), handler="gone.handler", runtime="cloudfront-js-2.0")

    with pytest.raises(FunctionInitError, match=r"gone\.js: cannot be read: No such file"):
        js.invoke(missing)


def test_a_file_that_is_no_text_is_told(js):
    with pytest.raises(FunctionInitError, match="not UTF-8"):
        js.run(b"function handler() { return '\xff'; }")


def test_another_runtime_is_told(js):
    with pytest.raises(FunctionInitError, match=r"cloudfront-js-3\.0"):
        js.run(ECHO, version="3.0")


# ------------------------------------------------------------------------------ limits

ENDLESS = [
    "while (true) {}",
    "for (;;) { try { for (;;) {} } catch (e) {} }",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "'a'.repeat(900000).indexOf('a'.repeat(500000) + 'b')",
    "'a'.repeat(900000).replaceAll('a'.repeat(500000) + 'b', '')",
    "Array(4294967295).join('')",
    "Array(4294967295).sort()",
    "JSON.stringify({}, Array(4294967295))",
    "(function f() { Promise.resolve().then(f); })()",
    "(async function f() { await 1; f(); })()",
    "var o = {toString: function () { while (true) {} }}; '' + o",
    "Object.defineProperty(event, 'toJSON', {get: function () { for (;;); }}); return event",
]

HUGE = [
    "var a = []; for (;;) a.push('x' + a.length);",
    "return 'x'.repeat(3000000);",
    "new Uint8Array(3000000);",
    "Array(2000000).fill(0);",
    "var a = 'x'.repeat(1500000); return {a: a, b: a};",
    "var o = {}; for (var i = 0; ; i++) o['k' + i] = i;",
    "JSON.parse('[' + '0,'.repeat(400000) + '0]');",
]


@pytest.mark.parametrize("body", ENDLESS)
def test_what_does_not_end_is_ended(js, body):
    error = failure(js, f"function handler(event) {{ {body}; }}", FunctionTimeout)

    assert "50 ms" in str(error)
    assert js.run(ECHO)["kind"] == "object"


@pytest.mark.parametrize("body", HUGE)
def test_two_megabytes_are_the_limit(js, body):
    error = failure(js, f"function handler(event) {{ {body} }}")

    assert (error.error_type, str(error)) == ("InternalError", "out of memory")
    assert js.run(ECHO)["kind"] == "object"


def test_one_megabyte_is_not_too_much(js):
    assert js.run("function handler() { return {n: 'x'.repeat(1000000).length}; }")["value"] == {"n": 1_000_000}


@pytest.mark.parametrize("body", ["return handler(event)", "return JSON.parse('['.repeat(100000))"])
def test_deep_recursion_is_an_error_that_can_be_caught(js, body):
    assert failure(js, f"function handler(event) {{ {body}; }}").error_type == "RangeError"
    caught = f"function f(event) {{ {body.replace('handler', 'f')}; }}"
    assert js.run(f"{caught} function handler(e) {{ try {{ f(e); }} catch (x) {{ return {{a: 1}}; }} }}")["value"] == {
        "a": 1
    }


@pytest.mark.parametrize(
    "body",
    [
        "JSON.stringify = JSON.parse = null; Object.keys = null; Promise.prototype.then = null; return {a: 1};",
        "Array.prototype.join = function () { return 'x'; }; Array.prototype.push = null; return {a: 1};",
        "delete globalThis.JSON; delete globalThis.Object; return {a: 1};",
        "Object.defineProperty(Object.prototype, 'value', {set: function () { throw 1; }}); return {a: 1};",
        "Function.prototype.call = Function.prototype.apply = null; console.log = null; return {a: 1};",
        "Object.freeze(globalThis); Object.freeze(Array.prototype); return {a: 1};",
    ],
)
def test_a_function_that_ruins_its_world_ruins_nothing_else(js, body):
    assert js.run(f"function handler(event) {{ {body} }}")["value"] == {"a": 1}


# ------------------------------------------------------------------------------ the cloudfront module

IMPORT = "import cf from 'cloudfront';\n"


def kept(js, values):
    file = js.folder / "values.json"
    file.write_text(json.dumps({"data": [{"key": key, "value": value} for key, value in values.items()]}))
    return file


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("await kvs.get('a')", "1"),
        ("await kvs.get('a', {format: 'string'})", "1"),
        ("await kvs.get('j', {format: 'json'})", {"x": [1]}),
        ("(await kvs.get('ü', {format: 'bytes'})).toString('hex')", "c3b6"),
        ("await kvs.exists('a')", True),
        ("await kvs.exists('b')", False),
        ("await kvs.count()", 3),
        ("(await kvs.meta()).keyCount", 3),
        ("(await kvs.meta()).creationDateTime <= (await kvs.meta()).lastUpdatedDateTime", True),
        ("await Promise.all([kvs.get('a'), kvs.exists('a')])", ["1", True]),
        ("await kvs.get('b').catch(function (e) { return e.message; })", "KeyNotFound"),
        ("await kvs.get('a', {format: 'x'}).catch(function (e) { return e.name; })", "TypeError"),
        ("await kvs.get('ü', {format: 'json'}).catch(function (e) { return e.name; })", "SyntaxError"),
        ("await kvs.get(1).catch(function (e) { return e.name; })", "TypeError"),
        ("await cf.kvs('5f0e8ff1-0000-4000-8000-000000000000').get('a')", "1"),
    ],
)
def test_a_store_is_read(js, expression, wanted):
    store = kept(js, {"a": "1", "j": '{"x": [1]}', "ü": "ö"})
    code = f"{IMPORT}const kvs = cf.kvs();\nasync function handler(event) {{ return {{v: {expression}}}; }}"

    assert js.run(code, key_value_store=store)["value"]["v"] == wanted


def test_a_missing_key_that_nobody_catches_fails_the_run(js):
    code = f"{IMPORT}async function handler(event) {{ return await cf.kvs().get('none'); }}"

    assert str(failure(js, code, key_value_store=kept(js, {}))) == "KeyNotFound"


def test_without_a_store_there_is_no_namespace(js):
    assert str(failure(js, f"{IMPORT}function handler() {{ cf.kvs(); }}")) == "KVSNamespaceNotFound"


def test_a_saved_store_is_read_again_and_a_broken_one_is_said_once(js):
    store = kept(js, {"a": "1"})
    code = f"{IMPORT}async function handler(event) {{ return {{v: await cf.kvs().get('a')}}; }}"
    function = js.function(code, key_value_store=store)

    def value():
        return json.loads(js.invoke(function).payload)["value"]["v"]

    assert value() == "1"
    kept(js, {"a": "22"})
    assert value() == "22"
    store.write_text("{")
    assert value() == "22"
    assert [(line.kind, "not JSON" in line.text) for line in js.lines] == [("platform", True)]
    assert value() == "22"
    assert js.lines == []
    kept(js, {"a": "4444"})
    assert value() == "4444"


def test_a_store_that_was_never_good_is_an_init_error(js):
    store = js.folder / "bad.json"
    store.write_text('{"a": 1}')

    error = failure(js, ECHO, FunctionInitError, key_value_store=store)
    assert str(error).startswith(f'{store}: ["a"]: expected a string')


def test_origin_helpers_are_noted_in_order(js):
    code = f"""{IMPORT}function handler(event) {{
      var given = {{domainName: 'a.example', timeouts: {{readTimeout: 3}}}};
      cf.updateRequestOrigin(given);
      given.domainName = 'changed later';
      cf.selectRequestOriginById('b', {{hostHeader: 'h'}});
      var both = [{{originId: 'a'}}, {{originId: 'b'}}];
      cf.createRequestOriginGroup({{originIds: both, failoverCriteria: {{statusCodes: [500]}}}});
      return event.request;
    }}"""

    assert js.run(code)["origin"] == [
        {"method": "updateRequestOrigin", "params": {"domainName": "a.example", "timeouts": {"readTimeout": 3}}},
        {"method": "selectRequestOriginById", "params": {"hostHeader": "h", "originId": "b"}},
        {
            "method": "createRequestOriginGroup",
            "params": {"originIds": [{"originId": "a"}, {"originId": "b"}], "failoverCriteria": {"statusCodes": [500]}},
        },
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("cf.updateRequestOrigin()", "takes an object"),
        ("cf.selectRequestOriginById()", "takes an origin's id"),
        ("cf.createRequestOriginGroup([])", "takes an object"),
        ("cf.distributionTenant.id", "distributionTenant module is not available"),
        ("cf.logCustomData({})", "takes a string"),
    ],
)
def test_helpers_refuse_what_they_cannot_take(js, call, message):
    error = failure(js, f"{IMPORT}function handler() {{ {call}; }}")

    assert error.error_type == "TypeError"
    assert message in str(error)


def test_at_viewer_response_there_are_no_origin_helpers_and_no_place(js):
    event = {**EVENT, "context": {"eventType": "viewer-response"}, "response": {"statusCode": 200}}
    code = f"{IMPORT}function handler(event) {{ return {{place: cf.edgeLocation}}; }}"

    assert js.run(code, event)["value"] == {"place": {}}
    assert js.run(code)["value"]["place"].keys() == {"name", "serverIp", "region"}
    with pytest.raises(FunctionExecutionError, match="viewer-request only"):
        js.run(f"{IMPORT}function handler() {{ cf.updateRequestOrigin({{}}); }}", event)


def test_the_last_custom_data_wins(js):
    code = f"{IMPORT}function handler(event) {{ cf.logCustomData('a'); cf.logCustomData('b'); return {{}}; }}"

    assert js.run(code)["customData"] == "b"


def test_the_import_may_have_any_name_and_keeps_the_lines(js):
    code = '// first\nimport edge from "cloudfront"\nfunction handler() {\n  edge.nothing();\n}'

    assert ":4:" in failure(js, code).stack[0]


# ------------------------------------------------------------------------------ code that changes


def test_code_is_kept_until_reload_or_retire(js):
    function = js.function("function handler() { return {v: 1}; }", name="changing")
    file = js.folder / "changing.js"

    def value(changed=function):
        return json.loads(js.invoke(changed).payload)["value"]["v"]

    assert value() == 1
    file.write_text("function handler() { return {v: 2}; }")
    js.runtime.hold(function)
    assert value() == 1
    js.runner.run(js.runtime.reload("changing"))
    assert value() == 2
    file.write_text("function handler() { return {v: 3}; }")
    js.runtime.retire(function)
    assert value() == 3


def test_another_version_is_read_anew_while_the_old_one_runs_on(js):
    function = js.function("function handler() { return {v: 1}; }", name="versions")
    js.invoke(function)
    fresh = js.function("function handler() { return {v: 2}; }", name="versions", version="2.0")
    fresh.version = "2"

    assert json.loads(js.invoke(fresh).payload)["value"] == {"v": 2}
    assert json.loads(js.invoke(function).payload)["value"] == {"v": 1}


@pytest.mark.parametrize("code", ["function handler() { for (x of y); }", "function handler() { var = 1; }"])
def test_warming_finds_code_that_cannot_be_run(js, code):
    with pytest.raises(FunctionInitError):
        js.runner.run(js.runtime.warm(js.function(code)))


def test_warming_runs_nothing(js):
    js.lines.clear()
    js.runner.run(js.runtime.warm(js.function("console.log('top'); throw new Error('no'); function handler() {}")))

    assert js.lines == []


def test_loaded_files_are_reported(tmp_path):
    loads = Loads()
    stage = Stage(tmp_path, on_loaded=loads.report)
    function = stage.function(ECHO)
    stage.invoke(function)
    stage.close()

    assert str(tmp_path / f"{function.name}.js") in loads.of(function).files


# ------------------------------------------------------------------------------ processes


def test_nothing_is_started_before_the_first_call_and_everything_ends(tmp_path):
    stage = Stage(tmp_path)
    assert stage.runtime.pids() == set()
    stage.run(ECHO)
    assert len(stage.runtime.pids()) == 1

    for pid in stage.close():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_many_at_once_get_each_their_own(tmp_path):
    stage = Stage(tmp_path, processes=2)
    function = stage.function("function handler(event) { console.log(event.n); return event; }")

    async def act():
        calls = (stage.runtime.invoke(function, json.dumps({"n": n}).encode(), label=str(n)) for n in range(50))
        return [json.loads(done.payload)["value"]["n"] for done in await asyncio.gather(*calls)]

    assert stage.runner.run(act()) == list(range(50))
    assert sorted((line.label, line.text) for line in stage.lines) == sorted((str(n), str(n)) for n in range(50))
    assert len(stage.close()) == 2


def test_an_endless_function_takes_nobody_with_it(tmp_path):
    stage = Stage(tmp_path, processes=1)
    # A loop that only the end of the process ends.
    endless = stage.function("function handler() { Array(4294967295).sort(); }")
    good = stage.function(ECHO)

    async def act():
        calls = [stage.runtime.invoke(each, b"{}", label="x") for each in (good, endless, good, good, endless, good)]
        return await asyncio.gather(*calls, return_exceptions=True)

    kinds = [type(outcome).__name__ for outcome in stage.runner.run(act())]
    stage.close()
    assert kinds == ["Invocation", "FunctionTimeout", "Invocation", "Invocation", "FunctionTimeout", "Invocation"]


def test_a_process_that_was_killed_idle_is_replaced(tmp_path):
    stage = Stage(tmp_path, processes=1)
    function = stage.function(ECHO)
    stage.invoke(function)
    (pid,) = stage.runtime.pids()
    os.kill(pid, signal.SIGKILL)

    assert [stage.invoke(function).payload for _ in range(3)] == [stage.invoke(function).payload] * 3
    assert pid not in stage.close()


def test_too_many_calls_are_throttled(tmp_path):
    stage = Stage(tmp_path, processes=1)
    function = stage.function(ECHO, queue=2, concurrency=1)

    async def act():
        calls = [stage.runtime.invoke(function, b"{}", label="x") for _ in range(5)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = stage.runner.run(act())
    stage.close()
    assert [isinstance(outcome, FunctionThrottled) for outcome in outcomes] == [False, False, False, True, True]


def test_closing_ends_what_runs_and_closing_twice_is_safe(tmp_path):
    stage = Stage(tmp_path, limit=30.0)
    function = stage.function("function handler() { while (true) {} }")

    async def act():
        call = asyncio.ensure_future(stage.runtime.invoke(function, b"{}", label="x"))
        await stage.runtime.warm(stage.function(ECHO))
        await stage.runtime.aclose()
        await stage.runtime.aclose()
        return await asyncio.gather(call, return_exceptions=True)

    (outcome,) = stage.runner.run(act())
    assert isinstance(outcome, FunctionExecutionError)
    with pytest.raises(FunctionExecutionError, match="closed"):
        stage.invoke(function)
    stage.close()


def test_the_runs_time_is_the_edges(tmp_path):
    moments = [NOW, NOW + 3600]
    stage = Stage(tmp_path, clock=lambda: moments.pop(0))
    function = stage.function("function handler() { return {v: Date.now()}; }")

    first, second = (json.loads(stage.invoke(function).payload)["value"]["v"] for _ in range(2))
    stage.close()
    assert second - first == 3_600_000
