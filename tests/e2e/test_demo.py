"""The demo as `make serve` serves it, and the commands that it prints."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.warm import ROOT, clean_environment
from running import Running

pytestmark = pytest.mark.process

SHOP = ROOT / "sites/shop"
HINTS = ROOT / "sites/try-it.txt"
COMMANDS = [line.strip() for line in HINTS.read_text().splitlines() if line.strip().startswith("curl")]


@pytest.fixture(scope="module")
def demo():
    if shutil.which("node") is None:
        pytest.skip("half of the demo's functions need node")
    with Running("serve", "--port", "0", "--json", "--country", "DE", cwd=ROOT) as server:
        yield server.ready()


@pytest.fixture
def fresh():
    """The demo with nothing in its cache."""
    if shutil.which("node") is None:
        pytest.skip("half of the demo's functions need node")
    with Running("serve", "--port", "0", "--json", cwd=ROOT) as server:
        yield server.ready()


def shell(server, command):
    if shutil.which("curl") is None:
        pytest.skip("the printed commands need curl")
    line = command.replace("{url}", server.url)
    environment = clean_environment() | {"no_proxy": "*", "NO_PROXY": "*"}
    return subprocess.run(
        ["/bin/sh", "-c", line], env=environment, capture_output=True, text=True, timeout=20, check=True
    ).stdout


def test_there_are_five_commands():
    assert len(COMMANDS) == 5


def test_the_first_command_shows_a_miss_then_a_hit(fresh):
    miss = shell(fresh, COMMANDS[0])
    hit = shell(fresh, COMMANDS[0])
    assert miss.startswith("HTTP/1.1 200 OK")
    assert "X-Cache: Miss from cloudfront" in miss
    assert not re.search(r"(?mi)^age:", miss)
    assert "X-Cache: Hit from cloudfront" in hit
    assert re.search(r"(?m)^Age: \d+", hit)


def test_the_second_command_shows_both_variants(demo):
    titles = shell(demo, COMMANDS[1]).splitlines()
    assert [line.strip() for line in titles] == [
        re.search("<title>.*</title>", (SHOP / name).read_text())[0] for name in ("index.html", "index-b.html")
    ]
    assert titles[0] != titles[1]


def test_the_third_command_shows_a_refused_login(demo):
    answer = shell(demo, COMMANDS[2])
    assert answer.startswith("HTTP/1.1 401 Unauthorized")
    assert "WWW-Authenticate: Basic" in answer


def test_the_third_command_with_the_right_password_lets_in(demo):
    answer = shell(demo, COMMANDS[2].replace("demo:wrong", "demo:edge"))
    assert answer.startswith("HTTP/1.1 200 OK")
    assert answer.replace("\r\n", "\n").endswith((SHOP / "admin/index.html").read_text())


def test_the_fourth_command_shows_a_short_circuit(demo):
    answer = shell(demo, COMMANDS[3])
    assert answer.startswith("HTTP/1.1 403 Forbidden")
    assert "X-Cache: LambdaGeneratedResponse from cloudfront" in answer
    assert "No bots here" in answer


def test_the_fifth_command_shows_a_maintenance_page(demo):
    answer = shell(demo, COMMANDS[4])
    assert answer.startswith("HTTP/1.1 503 Service Unavailable")
    assert "Retry-After: 600" in answer
    assert "Back in a moment" in answer


def test_a_visitor_without_a_variant_gets_one_and_keeps_it(demo):
    first = demo.ask("/")
    cookie = re.match(r"shop-variant=([ab]); Path=/", first.headers["set-cookie"])
    again = demo.ask("/", headers={"Cookie": f"shop-variant={cookie[1]}"})
    assert "set-cookie" not in again.headers
    assert again.body == first.body
    assert again.cache == "Hit"


def test_a_header_switches_the_origin_and_both_answers_are_cached_apart(demo):
    snapshot = demo.ask("/data/products.json")
    live = demo.ask("/data/products.json", headers={"x-origin": "api"})
    assert snapshot.body == (SHOP / "data/products.json").read_bytes()
    assert json.loads(live.body) == {**json.loads(snapshot.body), "source": "live"}
    assert demo.ask("/data/products.json").body == snapshot.body
    assert demo.ask("/data/products.json", headers={"x-origin": "api"}).cache == "Hit"


def test_what_is_gone_gets_a_friendly_page(demo):
    answer = demo.ask("/gone")
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"The shelf is empty" in answer.body
    assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize(("asked", "location"), [("/About/", "/about"), ("/PRODUCTS?Sort=A", "/products?Sort=A")])
def test_an_address_is_put_into_its_one_form(demo, asked, location):
    answer = demo.ask(asked)
    assert (answer.status, answer.headers["location"]) == (301, location)


def test_a_clean_address_is_a_page_with_security_headers(demo):
    answer = demo.ask("/about")
    assert answer.status == 200
    assert answer.body == (SHOP / "about.html").read_bytes()
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_country_is_sent_to_its_own_page(demo, fresh):
    assert demo.ask("/shipping").headers["location"] == "/shipping/eu"
    assert fresh.ask("/shipping").headers["location"] == "/shipping/world"
    assert demo.ask("/shipping/eu").status == 200


def test_members_need_a_token(demo):
    assert demo.ask("/members/index.html").headers["location"] == "/sign-in?next=/members/index.html"
    assert demo.ask("/members/index.html?token=forged.one").status == 403
    made = subprocess.run(
        [sys.executable, ROOT / "edge_functions/token_auth.py", "sam", "3600"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    by_link = demo.ask(f"/members/index.html?token={made}")
    by_cookie = demo.ask("/members/index.html", headers={"Cookie": f"token={made}"})
    assert by_link.body == by_cookie.body == (SHOP / "members/index.html").read_bytes()


def test_a_body_reaches_the_api_and_comes_back(demo):
    body = bytes(range(256)) * 300
    answer = demo.ask("/api/cart", "POST", body=body, headers={"Content-Type": "application/x-cart"})
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == "application/x-cart"
    assert answer.cache == "Miss"


def test_the_api_sees_the_viewer_through_the_edge(demo):
    seen = json.loads(demo.ask("/api/echo?a=1", headers={"User-Agent": "someone"}).body)
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert seen["path"] == "/api/echo?a=1"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["user-agent"] == "someone"


@pytest.mark.parametrize("image", sorted(path.name for path in (SHOP / "img").iterdir()))
def test_an_image_is_the_same_to_the_byte(demo, image):
    answer = demo.ask(f"/img/{image}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.body == Path(SHOP / "img" / image).read_bytes()


def test_a_short_link_is_sent_on_by_a_cloudfront_function(demo):
    answer = demo.ask("/go/lantern")
    assert (answer.status, answer.headers["location"]) == (302, "/products/brass-lantern")
    assert answer.cache == "FunctionGeneratedResponse"
    assert demo.ask("/go/nowhere").status == 404
