"""The faults of roughlyfront, in the order of the survey: what edgerun does instead. None of them waits."""

import json

import pytest
from peering import ALL_FOUR, GET, PASSING, Deployed, edge, event_at, fails, fetched, request_of, with_request
from plays import MANAGED_ORIGIN, OBEDIENT, Play, behavior, changed, distribution
from served import DOORS, Served, run

from edgerun.config.load import load
from edgerun.distribution.model import ALL_METHODS, Choice, Selection
from edgerun.distribution.origins import DirectoryOrigin
from edgerun.server import Options
from edgerun.testing.origin import respond

# ---------------------------------------------------------------- a rejected async handler is not caught

REJECTS = """
exports.handler = async () => { throw new Error('no'); };
exports.elsewhere = () => { Promise.reject(new Error('unheard')); return new Promise(() => setInterval(() => {}, 9)); };
"""


@pytest.mark.process
@pytest.mark.node
@pytest.mark.parametrize("name", ["handler", "elsewhere"])
def test_a_rejected_handler_is_a_503_and_the_server_goes_on(tmp_path, name):
    with Deployed(tmp_path, {"auth.js": REJECTS}, {"viewer_request": f"auth.{name}"}) as deployed:

        async def act(door):
            return [await door.exchange(GET % path) for path in (b"/", b"/free", b"/")]

        statuses = [answer.split()[1] for answer in deployed.at_the_door(act)]
    assert statuses == [b"503", b"200", b"503"]


# ---------------------------------------------------------------- a Host that no distribution claims


@pytest.mark.parametrize("door", DOORS)
def test_a_host_that_nobody_claims_is_refused_and_the_server_goes_on(door):
    play = Play(distribution(behavior(), aliases=("other.example",)), replies={"/": respond(200, b"claimed")})

    async def whole():
        async with Served(play.pipeline, door) as served:
            return [await served.exchange((GET % b"/").replace(b"shop", host)) for host in (b"shop", b"other")]

    refused, claimed = run(whole)
    assert (refused.split()[1], claimed.split()[1]) == (b"403", b"200")
    assert claimed.endswith(b"claimed")


# ---------------------------------------------------------------- S3 origins throw


def test_an_s3_origin_answers(tmp_path):
    (tmp_path / "a.txt").write_text("from the bucket")
    origin = DirectoryOrigin(name="site", directory=str(tmp_path), domain_name="b.s3.amazonaws.com", list_bucket=True)
    assert [answer.status for answer in fetched(origin, "/a.txt", "/missing")] == [200, 404]


# ---------------------------------------------------------------- query re-encoded, path normalised


@pytest.mark.parametrize("target", ["/a//b/./c/../%7Ed%2fe?q=%20+%2B&x=a%2Cb,c&&y", "/%41?%41", "/a;b=1/'()*?!"])
def test_path_and_query_reach_the_origin_byte_for_byte(target):
    play = edge(changes={"cache_policy": changed(OBEDIENT, query_strings=Selection(choice=Choice.ALL))})
    play.get(target)
    assert play.origin.seen[0].target == target.encode()


# ---------------------------------------------------------------- viewer Host forwarded


def test_the_origin_gets_its_own_host_unless_a_policy_forwards_the_viewers():
    plain = edge()
    plain.get()
    forwarding = edge(changes={"origin_request_policy": MANAGED_ORIGIN["AllViewer"]})
    forwarding.get()
    hosts = [play.origin.seen[0].headers.get(b"host") for play in (plain, forwarding)]
    assert hosts == [b"origin.example.org", b"shop.example"]


# ---------------------------------------------------------------- body always attached, always applied


def test_a_body_is_attached_only_where_it_is_included():
    play = edge(changes={"allowed_methods": ALL_METHODS})
    play.run(lambda p: p.ask(method="POST", body=b"x"))
    assert "body" not in event_at(play, "viewer-request")["request"]


@pytest.mark.parametrize("body", [{"data": "bmV3"}, {"action": "read-only", "data": "bmV3"}], ids=["none", "read-only"])
def test_a_body_is_applied_only_where_it_is_replaced(body):
    play = edge(changes={"allowed_methods": ALL_METHODS}, orq=with_request(body=body))
    play.run(lambda p: p.ask(method="POST", body=b"the viewers"))
    assert play.origin.seen[0].body.data == b"the viewers"


# ---------------------------------------------------------------- 500 and a stack


@pytest.mark.parametrize("point", sorted(PASSING))
def test_a_failure_is_never_a_500_with_a_stack(point):
    answer = edge(**{point: fails}).get()
    assert (answer.status, b"Traceback" in answer.body, b"broken" in answer.body) == (503, False, False)


# ---------------------------------------------------------------- host globals and environment inside

LOOKS = """
exports.handler = async (event, context) => ({
  status: '200',
  body: JSON.stringify([process.env.SECRET_OF_THE_HOST ?? 'hidden', process.cwd(), (globalThis.calls = (globalThis.calls ?? 0) + 1)]),
});
"""  # noqa: E501


@pytest.mark.process
@pytest.mark.node
def test_a_function_sees_nothing_of_the_server(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "told")
    sources = {"one.js": LOOKS, "two.js": LOOKS}
    with Deployed(tmp_path, sources, {"viewer_request": "one.handler", "origin_request": "two.handler"}) as deployed:
        first = json.loads(deployed.ask().body)
        other = deployed.run(deployed.runtime.invoke(deployed.function("two.handler"), b"{}", label="")).payload
    assert first == ["hidden", str(tmp_path), 1]
    assert json.loads(json.loads(other)["body"])[2] == 1


# ---------------------------------------------------------------- binds 0.0.0.0


def test_only_loopback_is_bound_unless_told_otherwise():
    assert Options(load=load).host == "127.0.0.1"


# ---------------------------------------------------------------- no response events


def test_response_points_run():
    play = edge()
    play.get()
    assert play.ran == [point.replace("_", "-") for point in ALL_FOUR]
    assert request_of({"Records": [{"cf": event_at(play, "viewer-response")}]})["uri"] == "/"
