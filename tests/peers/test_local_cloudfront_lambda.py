"""The faults of local-cloudfront-lambda, in the order of the survey: what edgerun does instead. None of them waits."""

import json

import pytest
from peering import Deployed, answers, edge, event_at, kit, request_of, with_headers
from plays import OBEDIENT, Play, behavior, changed, distribution

from edgerun.distribution.model import Choice, Selection

# ---------------------------------------------------------------- behaviors sorted by path


@pytest.mark.parametrize("patterns", [("/z*", "/z/a*"), ("/z/a*", "/z*")], ids=["wide first", "narrow first"])
def test_behaviors_are_tried_in_their_declared_order(patterns):
    behaviors = [behavior(pattern, points={"viewer_request": pattern}) for pattern in patterns]
    play = Play(distribution(behavior(), *behaviors), functions={p: answers(200, body=p) for p in patterns})
    assert play.get("/z/a").body == patterns[0].encode()


# ---------------------------------------------------------------- query not forwarded


def test_the_query_is_forwarded_as_the_policy_says():
    policy = changed(OBEDIENT, query_strings=Selection(choice=Choice.ONLY, names=frozenset({b"a"})))
    play = edge(changes={"cache_policy": policy})
    play.get("/?b=2&a=1")
    assert play.origin.seen[0].query == b"a=1"
    assert event_at(play, "viewer-request")["request"]["querystring"] == "b=2&a=1"


# ---------------------------------------------------------------- first header value only


def test_every_value_of_a_header_is_in_the_event_and_at_the_origin():
    with kit(vrq=with_headers(request_of, if_match=['"a"', '"b"'])) as made:
        answer = made.get("/")
    seen = request_of(answer.stage("origin-request").event)["headers"]["if-match"]
    assert [each["value"] for each in seen] == ['"a"', '"b"']
    assert answer.origin_requests[0].headers.get_all(b"if-match") == (b'"a"', b'"b"')


# ---------------------------------------------------------------- header merge loses edits


def test_added_changed_and_removed_headers_all_count():
    with kit(orq=with_headers(request_of, x_new="1", user_agent="mine", x_forwarded_for=None)) as made:
        headers = made.get("/").origin_requests[0].headers
    assert (headers.get(b"x-new"), headers.get(b"user-agent"), headers.get(b"x-forwarded-for")) == (b"1", b"mine", None)


# ---------------------------------------------------------------- the read-only list is compared as literal names


@pytest.mark.parametrize("name", ["x-edge-anything", "x-amz-cf-anything", "X-Edge-Other"])
def test_a_family_of_names_is_disallowed(name):
    def adds(event, context):
        request_of(event)["headers"][name] = [{"value": "1"}]
        return request_of(event)

    with kit(orq=adds) as made:
        assert made.get("/").status == 502


@pytest.mark.parametrize("name", ["x-edgeless", "x-amzn-own", "x-amz-meta-own"])
def test_a_name_that_only_resembles_one_is_not(name):
    with kit(orq=with_headers(request_of, **{name.replace("-", "_"): "1"})) as made:
        answer = made.get("/")
    assert answer.status == 200
    assert answer.origin_requests[0].headers.get(name.encode()) == b"1"


# ---------------------------------------------------------------- hangs if the callback never comes


@pytest.mark.process
@pytest.mark.node
def test_a_callback_that_never_comes_is_a_502(tmp_path):
    source = "exports.handler = (event, context, callback) => {};"
    with Deployed(tmp_path, {"auth.cjs": source}, {"viewer_request": "auth.handler"}) as deployed:
        answer = deployed.ask()
    assert (answer.status, answer.x_cache) == (502, "LambdaValidationError from cloudfront")


@pytest.mark.process
@pytest.mark.node
def test_a_callback_that_is_waited_for_in_vain_is_a_503(tmp_path):
    source = "exports.handler = (event, context, callback) => { setInterval(() => {}, 1000); };"
    with Deployed(tmp_path, {"auth.cjs": source}, {"viewer_request": "auth.handler"}, timeout=0.3) as deployed:
        answer = deployed.ask()
    assert (answer.status, answer.x_cache) == (503, "LambdaExecutionError from cloudfront")


# ---------------------------------------------------------------- event pasted into source text


@pytest.mark.process
@pytest.mark.node
def test_an_event_is_data_whatever_it_holds(tmp_path):
    nasty = "'\"`${process.exit(1)}\\u2028</script>é"
    source = "exports.handler = async (e) => ({ status: '200', body: JSON.stringify(e.Records[0].cf.request) });"
    with Deployed(tmp_path, {"auth.cjs": source}, {"viewer_request": "auth.handler"}) as deployed:
        seen = json.loads(deployed.ask("/?`${process.exit(1)}`", x_nasty=nasty).body)
    assert seen["headers"]["x-nasty"][0]["value"] == nasty
    assert seen["querystring"] == "`${process.exit(1)}`"
