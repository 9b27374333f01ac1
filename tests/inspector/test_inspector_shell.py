"""The inspector's page as it is sent, who is let in, and what the frame of it does in a browser."""

import asyncio
import os
import re
import stat
from pathlib import Path

import httpx2
import pytest
from plays import Play

from edgerun.admin.app import admin_app
from edgerun.admin.inspector.api_events import Listener
from edgerun.admin.inspector.pages import STATIC
from edgerun.admin.token import kept_token
from edgerun.observe.events import Noted

OWN = "http://localhost:8788"
TOKEN = {"x-edgerun-token": "secret"}
FILES = sorted(path.name for path in STATIC.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]


class Edge:
    recorder = None

    def __init__(self):
        play = Play()
        self.config, self.clock = play.config, play.clock


def ask(path, method="GET", *, headers=None, base=OWN, **more):
    app = admin_app(Edge(), port=8788, token="secret")

    async def act():
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base) as client:
            return await client.request(method, path, headers=headers or {}, **more)

    return asyncio.run(act())


# ------------------------------------------------------------------------------------ the page as it is sent


def test_a_browser_gets_the_page_at_the_root():
    answer = ask("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<main" in answer.text


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
def test_who_asks_for_no_page_gets_the_servers_health_at_the_root(accept):
    assert ask("/", headers={"accept": accept}).json()["status"] == "ok"


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_sent_so_that_nothing_else_can_run_or_frame_it(name):
    answer = ask(f"/ui/{name}")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert answer.status_code == 200
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in answer.headers


def test_a_file_that_the_browser_has_is_not_sent_again():
    first = ask("/ui/app.js")
    again = ask("/ui/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2fpages.py", "%2e%2e%2fpages.py", "pages.py", ".", "%00", "app.js%2f.."]
)
def test_no_other_file_is_sent(name):
    answer = ask(f"/ui/{name}")
    assert answer.status_code == 404
    assert b"import" not in answer.content


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script_or_style_of_its_own():
    text = (STATIC / "index.html").read_text()
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert [each for each in addresses if not each.startswith(("/ui/", "#"))] == []
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|style=", text) == []


@pytest.mark.parametrize("name", [*SCRIPTS, "inspector.css", "index.html"])
def test_no_file_fetches_from_elsewhere(name):
    text = (STATIC / name).read_text()
    assert re.findall(r"@import|url\(['\"]?http|fetch\(['\"]http|(?:from|import\() ?['\"]https?:", text) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_html_or_code_of_text(name):
    text = (STATIC / name).read_text()
    ways = r"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|DOMParser|setHTML|\beval\(|new Function|srcdoc"
    assert re.findall(ways, text) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_import_of_a_script_is_there(name):
    text = (STATIC / name).read_text()
    wanted = re.findall(r'(?:from |import\(|file: )"\./([^"]+)"', text)
    assert [each for each in wanted if not (STATIC / each).is_file()] == []


# ------------------------------------------------------------------------------------ who is let in


@pytest.mark.parametrize("headers", [{}, {"x-edgerun-token": ""}, {"x-edgerun-token": "guess"}])
@pytest.mark.parametrize("path", ["/api/about", "/api/requests", "/api/requests/last", "/api/events", "/api/nothing"])
def test_nothing_below_api_is_told_without_the_token(path, headers):
    answer = ask(path, headers=headers)
    assert (answer.status_code, list(answer.json())) == (401, ["error"])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8787"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_other_sites_are_not_told_even_with_the_token(method, headers):
    answer = ask("/api/about", method, headers=headers | TOKEN)
    assert answer.status_code == 403
    assert answer.json()["error"]
    assert "access-control-allow-origin" not in answer.headers


def test_another_host_is_refused_even_with_the_token():
    assert ask("/api/about", headers=TOKEN, base="http://evil.example:8788").status_code == 403
    assert ask("/", headers={"accept": "text/html"}, base="http://evil.example:8788").status_code == 403


@pytest.mark.parametrize("headers", [{}, {"origin": OWN, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_its_own_page_is_told(headers):
    assert ask("/api/about", headers=headers | TOKEN).json()["recording"] is False


def test_a_preflight_of_another_site_gets_no_permission():
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = ask("/api/about", "OPTIONS", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


# ------------------------------------------------------------------------------------ the token


def test_the_token_stays_the_same_over_restarts(tmp_path):
    first = kept_token(tmp_path / ".edgerun")
    assert kept_token(tmp_path / ".edgerun") == first
    assert len(first) >= 32


def test_only_its_user_can_read_the_token(tmp_path):
    kept_token(tmp_path)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_a_token_that_others_could_read_is_replaced(tmp_path):
    first = kept_token(tmp_path)
    (tmp_path / "token").chmod(0o644)
    second = kept_token(tmp_path)
    assert second != first
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert kept_token(tmp_path) == second


@pytest.mark.parametrize("text", ["", "short", "with space " * 9, "é" * 40, "x" * 2000 + "\n"])
def test_a_file_that_holds_no_token_is_replaced(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    token = kept_token(tmp_path)
    assert token != text
    assert path.read_text() == token


def test_a_link_or_a_pipe_in_place_of_the_token_is_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("a" * 40)
    other.chmod(0o600)
    (tmp_path / "token").symlink_to(other)
    assert kept_token(tmp_path) != "a" * 40
    assert other.read_text() == "a" * 40
    (tmp_path / "token").unlink()
    os.mkfifo(tmp_path / "token", 0o600)
    assert len(kept_token(tmp_path)) >= 32


def test_without_a_folder_to_keep_it_in_there_is_a_token_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    assert len(kept_token(Path(tmp_path / "file" / "below"))) >= 32


# ------------------------------------------------------------------------------------ events


def test_a_page_that_does_not_read_loses_events_and_is_told_how_many():
    async def act():
        listener = Listener(room=3)
        for n in range(10):
            listener.request({"number": n})
        lines = listener.lines()
        return [await anext(lines) for _ in range(4)]

    told = asyncio.run(act())
    assert [b'"number": %d' % n in each for n, each in enumerate(told[:3])] == [True] * 3
    assert told[3] == b'event: lost\ndata: {"count": 7}\n\n'


def test_a_quiet_stream_says_that_it_is_there():
    async def act():
        return await anext(Listener().lines(heartbeat=0))

    assert asyncio.run(act()).startswith(b":")


def test_what_the_server_says_of_itself_is_told_whatever_thread_it_comes_from():
    async def act():
        listener = Listener()
        await asyncio.to_thread(listener, Noted(text='functions "a" reloaded\n\nevent: x', level="info"))
        return await anext(listener.lines())

    told = asyncio.run(act()).decode()
    assert told == 'event: note\ndata: {"text": "functions \\"a\\" reloaded\\n\\nevent: x", "level": "info"}\n\n'


# ------------------------------------------------------------------------------------ colours


def colours():
    """Return the colours of each theme by name, as red, green and blue from 0 to 1."""
    text = (STATIC / "inspector.css").read_text()
    pairs = re.findall(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\);", text)
    themes = ({name: pair[n] for name, *pair in pairs} for n in range(2))
    return [
        {name: [int(code[n : n + 2], 16) / 255 for n in (0, 2, 4)] for name, code in theme.items()} for theme in themes
    ]


def luminance(colour):
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TONES = ("good", "info", "warn", "bad", "odd", "accent")
WRITTEN = [
    *((text, ground) for text in ("text", "muted") for ground in ("ground", "surface", "sunken")),
    *((tone, f"{tone}-ground") for tone in TONES),
    *((tone, ground) for tone in TONES for ground in ("ground", "surface", "sunken")),
    *(("text", f"{tone}-ground") for tone in TONES),
    ("on-accent", "accent"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), WRITTEN)
def test_text_can_be_read_on_its_ground(theme, text, ground):
    known = colours()[theme]
    assert contrast(known[text], known[ground]) >= 4.5, "WCAG 2.2 AA, 1.4.3"
