"""The JSON of the functions page: where functions stand, what they did, and what hostile ones can make of it."""

import pytest
from shown_edge import ShownEdge

from edgerun.admin.inspector import code
from edgerun.admin.inspector.api_functions import ranked
from edgerun.errors import FunctionInitError
from edgerun.functions.function import Function
from edgerun.functions.seen import EnvironmentSeen, PoolSeen
from edgerun.observe.events import Called, Printed, Reloaded
from edgerun.testing import ScriptedOrigin
from edgerun.testing.origin import respond

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028\ud800\x00"


def config(tmp_path):
    (tmp_path / "ab.py").write_text("def handler(event, context):\n    pass\n")
    (tmp_path / "light.js").write_text("function handler(event) { return event.request; }\n")
    return {
        "origins": {"origin": {"url": "http://origin.example.org"}, "behind": {"function": "ab"}},
        "functions": {
            "ab": {"handler": f"{tmp_path}/ab.py:handler", "timeout": 5, "memory": 256, "concurrency": 3},
            "light": {"handler": f"{tmp_path}/light.js", "runtime": "cloudfront-js-2.0"},
        },
        "default_behavior": {"origin": "origin", "cache_policy": "CachingOptimized", "viewer_request": "light"},
        "behaviors": [
            {
                "path_pattern": "/api/*",
                "origin": "behind",
                "cache_policy": "CachingDisabled",
                "origin_request": {"function": "ab", "include_body": True},
            }
        ],
    }


def site():
    return ScriptedOrigin({"/": respond(200, b"home")})


@pytest.fixture
def shown(tmp_path):
    handlers = {"light": lambda event, _: event["request"], "ab": lambda event, _: event["Records"][0]["cf"]["request"]}
    with ShownEdge(config(tmp_path), functions=handlers, origins={"origin": site()}) as made:
        yield made


def function(shown, name, **more):
    status, told = shown.get("/api/function", name=name, **more)
    assert status == 200
    return told


def called(**more):
    return Called(**{"request_id": "r", "point": "viewer-request", "function": "ab", "event": b"{}", **more})


def test_a_function_is_told_with_its_places_and_limits(shown, tmp_path):
    status, told = shown.get("/api/functions")
    ab, light = told["functions"]
    assert (status, ab["name"], light["name"]) == (200, "ab", "light")
    assert ab["places"] == [
        {"distribution": "default", "path_pattern": "/api/*", "point": "origin-request", "include_body": True},
        {"distribution": "default", "path_pattern": "/api/*", "point": "origin", "include_body": True},
    ]
    assert ab["limits"] == {"timeout": 5.0, "memory": 256, "concurrency": 3, "queue": 1000}
    assert (ab["kind"], ab["runtime"], ab["file"]) == ("lambda", "python", str(tmp_path / "ab.py"))
    assert (light["kind"], light["runtime"]) == ("cloudfront", "cloudfront-js-2.0")
    assert light["file"] == str(tmp_path / "light.js")
    assert light["places"][0] | {"distribution": ""} == {
        "distribution": "",
        "path_pattern": "*",
        "point": "viewer-request",
        "include_body": False,
    }
    assert ab["durations"] == {"count": 0, "p50": None, "p95": None, "max": None}
    assert ab["utilization"] is None


def test_a_call_is_counted_with_its_compute_utilization(shown):
    shown.ask("/")
    light = function(shown, "light")
    assert light["counts"]["called"] == 1
    (run,) = light["runs"]
    assert (run["ended"], run["point"], run["utilization"]) == ("ok", "viewer-request", 10)
    assert light["utilization"] == {"p50": 10.0, "max": 10.0}
    assert light["durations"]["count"] == 1


def test_times_are_milliseconds_and_cold_calls_are_marked(shown):
    shown.tally(called(duration=0.0125, init_duration=0.2, cold=True, max_memory=33))
    shown.tally(called(duration=0.001))
    first, second = function(shown, "ab")["runs"]
    assert (first["ms"], first["init_ms"], first["cold"], first["memory"]) == (12.5, 200.0, True, 33)
    assert (second["ms"], second["init_ms"], second["cold"]) == (1.0, None, False)
    assert function(shown, "ab")["durations"] == {"count": 2, "p50": 1.0, "p95": 12.5, "max": 12.5}


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([1.0], 0.95, 1.0), ([1.0, 2.0], 0.5, 1.0), ([float(n) for n in range(1, 101)], 0.95, 95.0)],
    ids=["nothing", "one", "two", "a hundred"],
)
def test_quantiles_are_by_the_nearest_rank(values, share, expected):
    assert ranked(values, share) == expected


def test_lines_are_told_once_after_the_last_one_that_is_known(shown):
    for number in range(3):
        shown.tally(Printed(request_id="r", function="ab", text=f"line {number}"))
    lines = function(shown, "ab")["lines"]
    assert [line["text"] for line in lines] == ["line 0", "line 1", "line 2"]
    assert [line["text"] for line in function(shown, "ab", after=lines[1]["number"])["lines"]] == ["line 2"]
    assert function(shown, "ab", after=99)["lines"] == []


def test_a_failed_reload_is_told_with_its_traceback(shown):
    error = FunctionInitError(
        "invalid syntax (ab.py, line 1)",
        function="ab",
        error_type="SyntaxError",
        stack=('  File "ab.py", line 1\n    def handler(:\n',),
    )
    shown.tally(Reloaded(function="ab", version="1", at=7.0, error=error))
    told = function(shown, "ab")["revision"]["not_taken"]
    assert (told["at"], told["count"], told["message"]) == (7.0, 1, "SyntaxError: invalid syntax (ab.py, line 1)")
    assert told["trace"] == ['  File "ab.py", line 1', "    def handler(:"]


def test_environments_are_told_by_their_states(tmp_path):
    made = Function(name="ab", root=str(tmp_path), handler="ab.handler", runtime="python", version="2")
    states = (EnvironmentSeen(1, "busy"), EnvironmentSeen(2, "idle"), EnvironmentSeen(0, "starting"))
    pools = [PoolSeen(made, states, 4, 1)]
    with ShownEdge(config(tmp_path), pools=pools, origins={"origin": site()}) as shown:
        told = function(shown, "ab")
        assert [(each["state"], each["version"]) for each in told["environments"]] == [
            *(("busy", "2"), ("idle", "2"), ("starting", "2")),
        ]
        assert (told["waiting"], told["failed_starts"]) == (4, 1)
        assert function(shown, "light")["environments"] == []


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"name": "abb"}, 404, "did you mean"),
        ({}, 404, "there is no function ''"),
        ({"name": HOSTILE}, 404, "there is no function"),
        ({"name": "ab", "after": "-1"}, 400, "expected the number of a line"),
        ({"name": "ab", "after": "٣"}, 400, "expected the number of a line"),
        ({"name": "ab", "after": "9" * 5000}, 400, "expected the number of a line"),
    ],
)
def test_a_wrong_question_says_what_was_expected(shown, query, status, words):
    query = {name: text.encode("utf-8", "replace").decode() for name, text in query.items()}
    code_, told = shown.get("/api/function", **query)
    assert code_ == status
    assert words in told["error"]


def test_hostile_text_comes_through_as_text(shown):
    shown.tally(Printed(request_id=HOSTILE, function="ab", text=HOSTILE))
    shown.tally(called(error=FunctionInitError(HOSTILE), point=HOSTILE))
    told = function(shown, "ab")
    assert told["lines"][0]["text"] == HOSTILE
    assert told["runs"][0]["why"] == HOSTILE


def test_a_stamp_tells_one_version_of_a_file_from_another(tmp_path):
    made = Function(name="ab", root=str(tmp_path), handler="ab.handler", runtime="python")
    assert (code.file_of(made), code.stamp_of(made)) == (None, "")
    (tmp_path / "ab.py").write_text("one")
    first = code.stamp_of(made)
    (tmp_path / "ab.py").write_text("two")
    assert first.partition(",")[0] != code.stamp_of(made).partition(",")[0]
    assert ", saved 2" in first


def test_calls_are_told_where_steps_are_not(shown):
    heard = []

    async def act():
        shown.inner._watched = False
        shown.inner.tell_calls(heard.append)
        await shown.edge.get("/")

    shown.run(act())
    assert [(call.function, call.utilization) for call in heard] == [("light", 10)]


def test_a_function_behind_an_origin_is_counted_too(tmp_path):
    """An origin's function is at no point, and its calls are told to those who count them alone."""
    heard = []
    (tmp_path / "ab.py").write_text("def handler(event, context):\n    return {'statusCode': 200, 'body': 'x'}\n")
    given = config(tmp_path) | {
        "default_behavior": {"origin": "behind", "cache_policy": "CachingDisabled"},
        "behaviors": [],
    }
    with ShownEdge(given) as shown:
        shown.inner.tell_calls(heard.append)
        assert shown.ask("/").status == 200
        pools = shown.inner.pools()
        assert [(pool.function.name, pool.waiting, pool.failures) for pool in pools] == [("ab", 0, 0)]
        assert [each.state for each in pools[0].environments if each.state != "spare"] == ["idle"]
    assert [(call.point, call.function, call.error, call.cold) for call in heard] == [("origin", "ab", None, True)]
