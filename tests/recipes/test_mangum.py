"""The code of `docs/recipes/mangum.md`, through the whole pipeline, and each thing the page says of it."""

import base64
import importlib
import re
from pathlib import Path

import pytest

from edgerun.testing import Edge

pytest.importorskip("mangum")

pytestmark = pytest.mark.process

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "mangum.md"
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL))
# What `pip install --target api mangum starlette` puts there.
INSTALLED = ("mangum", "starlette", "anyio", "idna", "typing_extensions")
HEAD_OF = "from app import app\nfrom mangum import Mangum\n"
ALONE = HEAD_OF + 'handler = Mangum(app, lifespan="off")\n'
EXCLUDING = HEAD_OF + 'handler = Mangum(app, lifespan="off", exclude_headers=["content-length"])\n'
ROUTES = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

count = 0


async def sized(request):
    return Response(b"x" * int(request.query_params["size"]))


async def streamed(request):
    async def parts():
        yield b"one "
        yield b"two"
    return StreamingResponse(parts())


async def counted(request):
    global count
    count += 1
    return PlainTextResponse(str(count))


async def raises(request):
    raise ValueError("in the app")


async def told(request):
    return PlainTextResponse(f"{request.url.scheme} {request.url.netloc} {request.client.host}")


async def moved(request):
    return RedirectResponse("/api/elsewhere", status_code=307)


async def nothing(request):
    return Response(status_code=204)


pages = (sized, streamed, counted, raises, told, moved, nothing)
app = Starlette(routes=[Route(f"/api/{page.__name__}", page) for page in pages])
"""


class Site:
    """The page's project in a folder, served by a real edge with real worker processes."""

    def __init__(self, folder, changes=(), files=()):
        for name in ("api", "public"):
            (folder / name).mkdir()
        for name in INSTALLED:
            found = Path(importlib.import_module(name).__file__)
            found = found.parent if found.name == "__init__.py" else found
            (folder / "api" / found.name).symlink_to(found)
        for name, text in {**FILES, **dict(files)}.items():
            changed = text
            for old, new in changes:
                changed = changed.replace(old, new)
            (folder / name).write_text(changed)
        self._edge = Edge(folder / "edgerun.toml")

    def ask(self, path, method="GET", **more):
        return self._edge.request(method, f"https://shop.example{path}", client="198.51.100.23", **more)

    def close(self):
        self._edge.close()


def rules(answer):
    return [error.rule for error in answer.errors]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return a maker of sites that keeps each one for the module: a worker starts once."""
    made = {}

    def make(*changes, **files):
        key = (changes, tuple(sorted(files.items())))
        if key not in made:
            renamed = {f"api/{name}.py": text for name, text in files.items()}
            made[key] = Site(tmp_path_factory.mktemp("site"), changes, renamed)
        return made[key]

    yield make
    for each in made.values():
        each.close()


AT_VIEWER_REQUEST = ("origin_request =", "viewer_request =")
WITH_BODY = (", include_body = true", "")
CACHED = ('"CachingDisabled"', '"CachingOptimized"')
both_points = pytest.mark.parametrize("at", [(), (AT_VIEWER_REQUEST,)], ids=["origin-request", "viewer-request"])


# ---------------------------------------------------------------- the page's app and adapter


@both_points
def test_a_page_of_the_app_arrives(site, at):
    answer = site(*at).ask("/api/hello/you")
    assert (answer.status, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"hello": "you", "cookies": {}}
    assert answer["Content-Length"] == str(len(answer.body))


def test_x_cache_tells_where_the_app_stands(site):
    assert site().ask("/api/hello/you").cache.word == "Miss"
    assert site(AT_VIEWER_REQUEST).ask("/api/hello/you").cache.word == "LambdaGeneratedResponse"


@both_points
def test_two_cookies_are_set(site, at):
    cookies = site(*at).ask("/api/hello/you").lines.get_all(b"set-cookie")
    assert [cookie.partition(b";")[0] for cookie in cookies] == [b"seen=yes", b"theme=dark"]


@both_points
def test_bytes_go_in_and_out_undamaged(site, at):
    data = bytes(range(256)) * 20
    answer = site(*at).ask("/api/echo", method="POST", body=data)
    assert (answer.status, answer.body) == (200, data)


@both_points
def test_a_path_is_decoded(site, at):
    assert site(*at).ask("/api/hello/caf%C3%A9").json()["hello"] == "café"


def test_every_cookie_line_is_seen(site):
    answer = site(AT_VIEWER_REQUEST).ask("/api/hello/you", headers={"Cookie": ["a=1", "b=2"]})
    assert answer.json()["cookies"] == {"a": "1", "b": "2"}


def test_head_has_the_headers_of_get(site):
    got, head = (site().ask("/api/hello/you", method=method) for method in ("GET", "HEAD"))
    assert (head.status, head["Content-Type"]) == (200, "application/json")
    assert head["Content-Length"] == got["Content-Length"]


def test_the_apps_own_errors_arrive(site):
    assert [site().ask("/api/none").status, site().ask("/api/echo").status] == [404, 405]


@pytest.mark.parametrize(("at", "limit"), [((), 1_048_576), ((AT_VIEWER_REQUEST,), 40_960)], ids=["origin", "viewer"])
def test_a_body_that_is_cut_is_refused_by_the_adapter(site, at, limit):
    assert site(*at).ask("/api/echo", method="POST", body=b"x" * (limit + 1)).status == 413


def test_no_request_of_the_behavior_reaches_the_origin_and_the_others_do(site):
    assert site().ask("/elsewhere").status == 403  # a private bucket's answer to a missing key
    assert site().ask("/api/elsewhere").body == b"Not Found"


# ---------------------------------------------------------------- settings


def test_without_include_body_the_app_gets_none(site):
    answer = site(WITH_BODY).ask("/api/echo", method="POST", body=b"lost")
    assert (answer.status, answer.body) == (200, b"")


def test_without_all_methods_a_post_is_refused(site):
    assert site(('allowed_methods = "all"', "")).ask("/api/echo", method="POST", body=b"x").status == 403


def test_without_a_policy_for_them_cookies_are_neither_seen_nor_set(site):
    answer = site(('origin_request_policy = "AllViewer"', "")).ask("/api/hello/you", headers={"Cookie": "a=1"})
    assert answer.json()["cookies"] == {}
    assert answer["Set-Cookie"] is None


# ---------------------------------------------------------------- Mangum alone


@both_points
def test_alone_every_answer_is_a_502_for_its_content_length(site, at):
    answer = site(*at, edge=ALONE).ask("/api/hello/you")
    assert (answer.status, rules(answer)) == (502, ["L403"])


def test_alone_it_answers_text_once_content_length_is_excluded(site):
    answer = site(edge=EXCLUDING).ask("/api/hello/you")
    assert (answer.status, answer.json()["hello"]) == (200, "you")


def test_alone_it_loses_the_first_of_two_set_cookie_lines(site):
    (cookie,) = site(edge=EXCLUDING).ask("/api/hello/you").lines.get_all(b"set-cookie")
    assert cookie.startswith(b"theme=dark")


def test_alone_it_sends_bytes_as_base64_text(site):
    answer = site(edge=EXCLUDING).ask("/api/echo", method="POST", body=b"\x00\xff")
    assert answer.body == base64.b64encode(b"\x00\xff")


def test_alone_it_shows_the_first_cookie_line_only(site):
    alone = site(AT_VIEWER_REQUEST, edge=EXCLUDING)
    answer = alone.ask("/api/hello/you", headers={"Cookie": ["a=1", "b=2"]})
    assert answer.json()["cookies"] == {"a": "1"}


def test_alone_it_leaves_the_path_encoded(site):
    assert site(edge=EXCLUDING).ask("/api/hello/caf%C3%A9").json()["hello"] == "caf%C3%A9"


def test_alone_it_hands_on_half_a_body(site):
    answer = site(AT_VIEWER_REQUEST, edge=EXCLUDING).ask("/api/echo", method="POST", body=b"x" * 40_961)
    assert answer.status == 502  # the app echoes the 40,960 bytes it got, and as base64 they are too many


# ---------------------------------------------------------------- what works as far as it goes


@pytest.mark.parametrize(
    ("at", "fits", "too_large"),
    [((), 780_000, 800_000), ((AT_VIEWER_REQUEST,), 30_000, 31_000)],
    ids=["origin-request", "viewer-request"],
)
def test_an_answer_has_the_points_limit(site, at, fits, too_large):
    sized = site(*at, app=ROUTES)
    assert len(sized.ask(f"/api/sized?size={fits}").body) == fits
    refused = sized.ask(f"/api/sized?size={too_large}")
    assert (refused.status, rules(refused)) == (502, ["L708"])


def test_a_streamed_answer_is_collected(site):
    answer = site(app=ROUTES).ask("/api/streamed")
    assert (answer.body, answer["Content-Length"]) == (b"one two", "7")


def test_an_answer_is_cached_at_origin_request_where_the_policy_says_so_and_never_at_viewer_request(site):
    at_origin = site(CACHED, app=ROUTES)
    assert [at_origin.ask("/api/counted").body for _ in range(2)] == [b"1", b"1"]
    assert at_origin.ask("/api/counted").cache.word == "Hit"
    at_viewer = site(CACHED, AT_VIEWER_REQUEST, app=ROUTES)
    assert [at_viewer.ask("/api/counted").body for _ in range(2)] == [b"1", b"2"]


def test_an_app_that_raises_is_a_500_of_its_own_and_is_logged(site):
    answer = site(app=ROUTES).ask("/api/raises")
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "ValueError: in the app" in "\n".join(answer.logs)


def test_scheme_host_and_client_are_those_of_the_event(site):
    at_viewer = site(AT_VIEWER_REQUEST, app=ROUTES).ask("/api/told").body
    at_origin = site(app=ROUTES).ask("/api/told").body
    assert at_viewer == b"https shop.example 198.51.100.23"
    scheme, host, client = at_origin.split()
    assert (scheme, host != b"shop.example", client) == (b"https", True, b"198.51.100.23")


def test_redirects_and_empty_answers_arrive(site):
    moved, nothing = (site(app=ROUTES).ask(f"/api/{name}") for name in ("moved", "nothing"))
    assert (moved.status, moved["Location"]) == (307, "/api/elsewhere")
    assert (nothing.status, nothing.body) == (204, b"")
