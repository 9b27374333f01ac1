"""What of the workers is plain rules: frames, patience, cores, configurations that are handed over."""

import asyncio
import pickle
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from running import project

from edgerun.config.load import load
from edgerun.distribution.geo import nowhere, place_in
from edgerun.errors import PortInUse
from edgerun.geo.maxmind import Database, open_database
from edgerun.listening import listen
from edgerun.values import changed
from edgerun.workers import cores
from edgerun.workers.control import Link, NoAnswer
from edgerun.workers.frames import LARGEST, DamagedFrame, Frames, framed
from edgerun.workers.listeners import open_listeners
from edgerun.workers.patience import CALM, LONGEST_PAUSE, Patience
from edgerun.workers.terminal import ControllingTerminal


@given(st.lists(st.binary(max_size=200), max_size=8), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_arrive(payloads, piece):
    sent = b"".join(map(framed, payloads))
    frames = Frames()
    received = [one for start in range(0, len(sent), piece) for one in frames.feed(sent[start : start + piece])]
    assert received == payloads


def test_a_frame_of_absurd_length_is_refused():
    with pytest.raises(DamagedFrame):
        Frames().feed((LARGEST + 1).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("ends", "pauses"),
    [
        pytest.param([CALM, CALM, CALM], [0, 0, 0], id="one that served calmly is replaced at once"),
        pytest.param([0.5], [0], id="so is one that dies soon, once"),
        pytest.param([0.5, 0.5, 0.5], [0, 0.1, 0.2], id="one that keeps dying is waited for"),
        pytest.param([None, None, None], [0.1, 0.2, 0.4], id="one that never comes up from the first time on"),
        pytest.param([None] * 3 + [CALM] + [0.5], [0.1, 0.2, 0.4, 0, 0], id="calm ends the count"),
    ],
)
def test_a_worker_that_keeps_ending_is_started_less_and_less_often(ends, pauses):
    patience = Patience()
    assert [patience.ended(served) for served in ends] == pytest.approx(pauses)


def test_the_pause_has_a_bound():
    patience = Patience()
    assert max(patience.ended(None) for _ in range(2000)) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("usable", "quota", "expected"),
    [
        pytest.param(8, "", 8, id="no quota is told"),
        pytest.param(8, "max 100000\n", 8, id="no quota"),
        pytest.param(8, "200000 100000\n", 2, id="two cores"),
        pytest.param(8, "250000 100000", 3, id="a begun core counts"),
        pytest.param(8, "10000 100000", 1, id="a tenth of one is one"),
        pytest.param(2, "800000 100000", 2, id="more than there are"),
        pytest.param(8, "-1 100000", 8, id="cgroup v1 has no quota"),
        pytest.param(8, "100000 0", 8, id="a period of nothing"),
        pytest.param(0, "what is this", 1, id="never none"),
    ],
)
def test_the_cores_that_are_available_are_bounded_by_the_quota(usable, quota, expected):
    assert cores.bounded(usable, quota) == expected


def test_this_machine_has_a_core():
    assert cores.available() >= 1


def test_listeners_share_a_port_that_nobody_else_can_take():
    listeners, moved = open_listeners("127.0.0.1", 0, 3, strict=False)
    try:
        port = listeners[0].getsockname()[1]
        assert {each.getsockname()[1] for each in listeners} == {port}
        assert not moved
        with pytest.raises(PortInUse):
            open_listeners("127.0.0.1", port, 2, strict=True)
        with pytest.raises(PortInUse):
            listen("127.0.0.1", port, strict=True)
    finally:
        for each in listeners:
            each.close()


EVERYTHING = """
[functions.who]
handler = "who.py"

[public_keys.viewers]
file = "viewers.pem"

[key_groups.viewers]
keys = ["viewers"]

[[behaviors]]
path_pattern = "/private/*"
origin = "site"
cache_policy = "CachingOptimized"
response_headers_policy = "usual"
trusted_key_groups = ["viewers"]
viewer_request = "who"

[response_headers_policies.usual]
custom = [{ header = "X-Usual", value = "yes", override = true }]

[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"
"""
PLACES = '[networks."10.0.0.0/8"]\ncountry = "DE"\n'


def test_a_configuration_can_be_handed_over_whole(tmp_path):
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    (tmp_path / "viewers.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "who.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "geo.toml").write_text(PLACES)
    file = project(tmp_path, config=EVERYTHING) / "edgerun.toml"
    file.write_text(f'geo = "geo.toml"\n{file.read_text()}')
    config = load(file).config
    copy = pickle.loads(pickle.dumps(config))
    assert changed(copy, geo=nowhere) == changed(config, geo=nowhere)
    assert copy.geo("10.1.2.3") == config.geo("10.1.2.3") == place_in("DE")


def test_a_maxmind_file_is_opened_anew_by_whom_it_is_handed_over_to():
    path = Path("/places/of/viewers.mmdb")
    assert Database(EmptyReader(), path).__reduce__() == (open_database, (path,))


class EmptyReader:
    def get(self, ip_address):
        return None


async def linked(carry_out):
    one, other = socket.socketpair()
    heard = []
    return await Link.over(one, heard.append), await Link.over(other, heard.append, carry_out), heard


def test_an_order_is_answered_in_parts_and_may_be_refused_or_given_up():
    async def carry_out(order, part):
        match order["do"]:
            case "count":
                for number in range(order["to"]):
                    await part({"number": number})
                return {"all": order["to"]}
            case "wait":
                try:
                    await asyncio.Event().wait()
                finally:
                    given_up.set()
        raise NoAnswer("this is not done")

    async def play():
        nonlocal given_up
        given_up = asyncio.Event()
        link, other, heard = await linked(carry_out)
        link.tell("hello", to="you")
        assert [message async for message in link.stream("count", to=2)] == [
            {"n": 1, "part": {"number": 0}},
            {"n": 1, "part": {"number": 1}},
            {"n": 1, "done": {"all": 2}},
        ]
        assert heard == [{"say": "hello", "to": "you"}]
        with pytest.raises(NoAnswer, match="this is not done"):
            await link.ask("dance")
        waiting = asyncio.ensure_future(link.ask("wait"))
        await asyncio.sleep(0)
        assert (await link.ask("count", to=0)) == {"all": 0}  # taken after the other
        waiting.cancel()
        await given_up.wait()
        unanswered = asyncio.ensure_future(link.ask("wait"))
        assert (await link.ask("count", to=0)) == {"all": 0}
        await other.aclose()
        with pytest.raises(NoAnswer, match="it has ended"):
            await unanswered
        with pytest.raises(NoAnswer, match="it has ended"):
            await link.ask("count", to=1)
        await link.aclose()

    given_up = None
    asyncio.run(play())


def test_a_terminal_that_is_closed_is_gone_and_one_that_never_was_is_not(tmp_path):
    terminal = tmp_path / "tty"
    never = ControllingTerminal(str(terminal))
    assert not never.gone
    terminal.touch()
    there = ControllingTerminal(str(terminal))
    assert not there.gone
    terminal.unlink()
    assert there.gone
    assert not never.gone
