"""The inspector in a browser: what users do with it, and what hostile requests may not."""

import copy
import itertools
import json
import random
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from inspected import FUNCTIONS, inspected_site
from playwright.sync_api import expect

from edgerun.observe.trace import summary
from edgerun.testing.origin import respond

PAGE = b'{"page": "hello"}'
HOSTILE = '"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'{{7*7}}javascript:window.pwned=1'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    replies = {
        path: respond(200, PAGE, cache_control="max-age=60", content_type="application/json")
        for path in ("/a", "/greet", "/greet/2", "/greet/keys", "/picture")
    }
    served = inspected_site(tmp_path_factory.mktemp("site"), replies)
    yield served
    served.close()


@pytest.fixture
def desk(site, open_page):
    """Return what opens the inspector at one of its pages, with the token."""

    def opened(where="#/requests", **options):
        page = open_page(site.address, **options)
        expect(page.locator("#connection")).to_have_text("live")
        if where != "#/requests":
            page.goto(site.url + where)
        page.locator("main h1").wait_for()
        return page

    return opened


@pytest.fixture
def fresh(site):
    """Forget what earlier tests recorded."""
    site.recorder.forget()
    site.run(site.edge.invalidate(["/*"]))


def rows(page):
    return page.locator("table.requests tbody tr")


def opened_stage(page, name):
    step = page.locator("details.step", has=page.locator(".step-name", has_text=re.compile(f"^{name}$")))
    step.locator("summary").first.click()
    return step


# ------------------------------------------------------------------------------------ the list


def test_a_request_appears_while_one_looks(site, desk, fresh):
    page = desk()
    expect(page.locator("main")).to_contain_text("No requests yet.")
    expect(page.locator("main")).to_contain_text("curl -i http://localhost:8787/")
    site.ask("/greet?first=1")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("shop.example/greet?first=1")
    expect(rows(page).first).to_contain_text("functions at viewer-request")
    site.ask("/refused")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("L403")
    expect(page.locator("#announcements")).not_to_be_empty()


def test_the_list_is_searched_and_filtered(site, desk, fresh):
    site.ask("/a?n=1", cookie="sid=abc")
    site.ask("/a?n=1")
    site.ask("/nowhere", "POST")
    site.ask("/refused")
    page = desk()
    expect(rows(page)).to_have_count(4)
    page.get_by_label("Search requests").fill("nowhere")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Search requests").fill("")
    page.get_by_label("Search headers").fill("sid=abc")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Search headers").fill("")
    page.get_by_label("Result").select_option("hit")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("Hit")
    site.ask("/a?n=1")
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Method").select_option("DELETE")
    expect(page.locator("main")).to_contain_text("No request fits.")
    page.get_by_role("button", name="Clear the filters").click()
    expect(rows(page)).to_have_count(5)
    page.get_by_label("Refused or failed").check()
    expect(rows(page)).to_have_count(1)


def test_a_paused_list_stays_as_it_is_and_says_what_waits(site, desk, fresh):
    site.ask("/a")
    page = desk()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    site.ask("/a")
    site.ask("/a")
    expect(page.locator(".page-head")).to_contain_text("paused, 2 new")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Resume").click()
    expect(rows(page)).to_have_count(3)


def test_thousands_of_requests_leave_the_page_a_bounded_list(site, desk, fresh):
    told = summary(site.ask("/a"))
    page = desk()

    async def flood():
        for n in range(2500):
            for subscriber in list(site.recorder._subscribers):
                subscriber(told | {"id": f"flood-{n}", "number": 1_000_000 + n, "path": f"/flood/{n}"})

    site.run(flood())
    site.ask("/a?after=the-flood")
    expect(rows(page).first).to_contain_text("/a?after=the-flood")
    assert rows(page).count() <= 1000


def test_older_requests_are_shown_when_asked_for(site, desk, fresh):
    for n in range(230):
        site.ask(f"/a?n={n}")
    page = desk()
    expect(rows(page)).to_have_count(200)
    page.get_by_role("button", name="Show older ones").click()
    expect(rows(page)).to_have_count(230)
    expect(rows(page).last).to_contain_text("n=0")


# ------------------------------------------------------------------------------------ one request


def test_a_request_shows_every_stage_and_what_its_function_changed(site, desk, fresh):
    site.ask("/greet/2", cookie="sid=abc")
    page = desk()
    rows(page).first.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("GET http://shop.example/greet/2")
    names = page.locator(".waterfall .step-name").all_inner_texts()
    assert [name.strip() for name in names[:5]] == ["route", "guard", "viewer-request", "key", "look up"]
    expect(page.locator(".waterfall")).to_contain_text("no function at this point")
    step = opened_stage(page, "viewer-request")
    expect(step.locator(".diff-line.new")).to_have_text(["+added: X-Greeting: hello"])
    expect(step.locator(".diff-line.gone")).to_have_count(0)
    expect(step).to_contain_text("greeting /greet/2")
    expect(step).to_contain_text(re.compile(r"Memory\s*\d+ MB"))
    cache = page.locator("section.card", has=page.get_by_role("heading", name="Cache", exact=True))
    expect(cache).to_contain_text("nothing is stored for this key")
    expect(cache).to_contain_text("the URL, as viewer-request left it")
    expect(page.locator("main")).to_contain_text("Origin exchange: origin.example.org")
    expect(page.locator("main")).to_contain_text('"page": "hello"')


def test_a_hit_leads_to_the_request_that_stored_it(site, desk, fresh):
    first = site.ask("/a?stored")
    hit = site.ask("/a?stored")
    page = desk(f"#/requests/{hit['id']}")
    expect(page.locator(".waterfall")).to_contain_text("the cache had an answer")
    expect(page.locator("main")).to_contain_text("lifetime > age")
    page.get_by_role("link", name=first["id"][:8]).click()
    expect(page.locator("main")).to_contain_text(f"number {first['number']}")


def test_a_refused_result_shows_rule_place_value_and_fix(site, desk, fresh):
    record = site.ask("/refused")
    page = desk(f"#/requests/{record['id']}")
    problem = page.locator("section.problem")
    for words in ("breaks rule L403", "headers.via", '["1.1 me"]', "Leave the header out"):
        expect(problem).to_contain_text(words)
    problem.get_by_text("Explain L403").click()
    expect(problem).to_contain_text("Broken at")
    expect(problem).to_contain_text("strict: refused")


def test_a_function_that_fails_shows_its_stack_and_what_it_printed(site, desk, fresh):
    record = site.ask("/crash")
    page = desk(f"#/requests/{record['id']}")
    expect(page.locator("section.problem")).to_contain_text("no such price")
    expect(page.locator("section.problem")).to_contain_text("crash.py")
    cache = page.locator("section.card", has=page.get_by_role("heading", name="Cache", exact=True))
    expect(cache).to_contain_text("nothing is stored for this key")
    expect(opened_stage(page, "origin-request")).to_contain_text("about to fail")


def test_an_unknown_request_says_so(desk):
    page = desk("#/requests/nothing-like-it", allowed=("404",))
    expect(page.locator("h1")).to_have_text("No such request")
    page.get_by_role("link", name="All requests").click()
    expect(page.locator("h1")).to_have_text("Requests")


def test_an_edited_request_is_sent_and_compared_with_the_old_one(site, desk, fresh):
    record = site.ask("/a?edit=1", "POST", b"one=1", cookie="sid=abc")
    page = desk(f"#/requests/{record['id']}")
    page.get_by_role("button", name="Edit and resend").click()
    form = page.locator("form")
    expect(form.get_by_label("Body")).to_have_value("one=1")
    expect(form.get_by_label("Headers")).to_have_value("Cookie: sid=abc")
    form.get_by_label("URL").fill("http://shop.example/greet/2?edited=yes")
    form.get_by_label("Headers").fill("no colon here")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_contain_text("expected “Name: value”")
    form.get_by_label("Headers").fill("Cookie: sid=xyz\nX-More: 1")
    form.get_by_label("Body").fill("one=2&two=2")
    form.get_by_label("Body").press("Control+Enter")
    expect(page.locator("h1")).to_have_text("POST http://shop.example/greet/2?edited=yes")
    compared = page.locator("section.card", has=page.get_by_role("heading", name="Compared with"))
    expect(compared).to_contain_text(f"request {record['number']}")
    expect(compared.locator("tbody tr").first).to_be_visible()
    newest = site.recorder.get("last")
    assert ["X-More", "1"] in newest["request"]["headers"]
    assert newest["request"]["body"]["size"] == 11


def test_a_replay_shows_what_todays_code_does_otherwise(site, desk, fresh):
    record = site.ask("/greet/2?replayed")
    page = desk(f"#/requests/{record['id']}")
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("heading", name="Replayed: nothing differs")).to_be_visible()
    path = site.base / "greet.py"
    path.write_text(FUNCTIONS["greet"].replace('"hello"', '"good evening"'))
    try:
        page.keyboard.press("r")
        expect(page.locator("table.differences")).to_contain_text("good evening")
    finally:
        path.write_text(FUNCTIONS["greet"])
    expect(page.locator("table.differences")).to_contain_text("viewer-request")


def test_a_request_is_saved_as_har_and_copied_as_curl(site, desk, fresh):
    record = site.ask("/a?har", cookie="sid=o'neill")
    page = desk(f"#/requests/{record['id']}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="HAR", exact=True).click()
    assert saved.value.suggested_filename == f"edgerun-{record['number']}.har"
    assert json.loads(saved.value.path().read_text())["log"]["entries"][0]["request"]["method"] == "GET"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    words = subprocess.run(["bash", "-c", f'printf "%s\\n" {command}'], capture_output=True, text=True, check=True)
    assert words.stdout.splitlines() == [
        *("curl", "-i", "--path-as-is", "http://localhost:8787/a?har"),
        *("-H", "Host: shop.example", "-H", "Cookie: sid=o'neill"),
    ]


# ------------------------------------------------------------------------------------ by keys alone


def test_everything_can_be_reached_by_keys(site, desk, fresh):
    for n in range(3):
        site.ask(f"/greet/keys?n={n}")
    page = desk()
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next request")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_label("Search requests")).to_be_focused()
    page.keyboard.type("keys")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).nth(1).get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("GET http://shop.example/greet/keys?n=1")
    page.keyboard.press("e")
    expect(page.get_by_label("URL")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("Requests")
    expect(rows(page).nth(1).get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(rows(page).nth(0).get_by_role("link")).to_be_focused()


def test_what_has_the_focus_is_seen_to_have_it(site, desk, fresh):
    site.ask("/a")
    page = desk()
    expect(rows(page)).to_have_count(1)
    for _ in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline not in {"none", ""}, page.evaluate("document.activeElement.outerHTML")


# ------------------------------------------------------------------------------------ hostile content


def poisoned(told):
    """Return a record in which every text is an attack, but for what it is found by."""
    match told:
        case str():
            return HOSTILE
        case list():
            return [poisoned(each) for each in told]
        case dict():
            kept = {"id", "at", "scheme", "data", "sha256"}
            return {
                (name if name in SHAPE else HOSTILE + name): each if name in kept else poisoned(each)
                for name, each in told.items()
            }
        case _:
            return told


SHAPE = set(
    "id number at method scheme host path query client client_port http_version status result_type "
    "response_result_type detailed time_taken time_to_first_byte bytes complete distribution path_pattern failover "
    "utilization request response headers body sha256 size data stages name outcome detail function event result "
    "duration init memory error cache word key reason steps hint forwarded stored_by collapsed settled case stored ttl "
    "use origin domain target logs text kind warnings point rule message value type stack error_type fix Records cf "
    "uri querystring".split()
)


def test_nothing_in_a_request_is_ever_run(site, desk, fresh):
    made = [site.ask("/greet/2", "POST", HOSTILE.encode(), cookie=HOSTILE), site.ask("/refused"), site.ask("/crash")]
    for n, record in enumerate(made):
        hostile = poisoned(copy.deepcopy(record)) | {"id": f"hostile{n}", "number": 5_000_000 + n}
        hostile["response"]["body"] = record["request"]["body"]
        hostile["stages"] = [
            stage | {"name": real["name"]} for stage, real in zip(hostile["stages"], record["stages"], strict=True)
        ]
        site.run(kept(site, hostile))
    page = desk(allowed=("404",))
    expect(rows(page)).to_have_count(6)
    for n in range(3):
        page.goto(f"{site.url}#/requests/hostile{n}")
        expect(page.locator("h1")).to_contain_text("<script>window.pwned=1</script>")
        page.get_by_role("button", name="Open all").click()
        for _ in range(2):  # what opens holds more that can be opened
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.get_by_role("button", name="Edit and resend").click()
        expect(page.get_by_label("URL")).to_be_visible()
        assert page.locator("main img, main script, main iframe, main [onerror]").count() == 0
    page.goto(f"{site.url}#/requests/%22%3E%3Cscript%3Ewindow.pwned=1%3C%2Fscript%3E")
    expect(page.locator("h1")).to_have_text("No such request")
    site.note(HOSTILE)
    site.ask(f"/a?{HOSTILE.replace(' ', '%20')}")
    assert page.evaluate("window.pwned") is None


ATTACK = """async ([url, token]) => {
  const headers = { "X-Edgerun-Token": token };
  const read = await fetch(url + "api/requests", { headers }).then((answer) => answer.text(), () => "blocked");
  const order = { method: "POST", mode: "no-cors", body: JSON.stringify({ url: "/a?attacked" }) };
  await fetch(url + "api/resend", order).catch(() => {});
  const blind = await fetch(url + "api/requests", { mode: "no-cors" }).then((answer) => answer.text(), () => "");
  return [read, blind];
}"""


@pytest.fixture
def attacker(site):
    """Serve a page that frames the inspector, on another port: as near as a page under test comes."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            page = f'<!doctype html><iframe src="{site.url}"></iframe>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_of_another_site_reads_nothing_sends_nothing_and_frames_nothing(site, open_page, attacker, fresh):
    site.ask("/a?secret", cookie="sid=abc")
    page = open_page("about:blank", allowed=("",))
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(attacker)
    assert page.evaluate(ATTACK, [site.url, site.token]) == ["blocked", ""]
    assert page.frames[1].url.startswith("chrome-error:")
    assert any("frame-ancestors" in text for text in said), said
    assert site.recorder.get("last")["query"] == "secret"


async def kept(site, record):
    site.recorder._keep(record)


# ------------------------------------------------------------------------------------ the token, the connection


def test_without_the_token_the_page_says_what_to_do(site, open_page):
    page = open_page(site.url, allowed=("401",))
    expect(page.locator("h1")).to_have_text("This page needs its token")
    expect(page.locator("main")).to_contain_text("This browser has none yet.")
    expect(page.locator("#connection")).to_have_text("no token")
    page.goto(f"{site.url}#token=wrong-token")
    expect(page.locator("main")).to_contain_text("not the server's")
    assert "wrong-token" not in page.url
    page.goto(site.address)
    expect(page.locator("h1")).to_have_text("Requests")
    assert site.token not in page.url
    page.reload()
    expect(page.locator("h1")).to_have_text("Requests")
    assert page.context.cookies() == []


def test_a_page_goes_on_once_its_server_is_back(site, desk, fresh):
    page = desk(allowed=("ERR_", "Failed to load resource"))
    expect(page.locator("main")).to_contain_text("No requests yet.")
    site.down()
    try:
        expect(page.locator("#connection")).to_have_text("disconnected, retrying")
        site.ask("/a?while=away")
    finally:
        site.up()
    expect(page.locator("#connection")).to_have_text("live")
    expect(rows(page)).to_have_count(1)
    site.ask("/a?back")
    expect(rows(page)).to_have_count(2)


def test_a_page_begins_anew_when_its_server_is_another_one(site, desk, fresh):
    page = desk(allowed=("ERR_", "Failed to load resource"))
    expect(page.locator("main")).to_contain_text("No requests yet.")
    site.down()
    site.edge.recorder = None
    try:
        site.up()
        expect(page.locator("main")).to_contain_text("Recording is off.", timeout=15_000)
    finally:
        site.edge.recorder = site.recorder


def test_a_server_that_keeps_no_records_says_how_to_have_them(tmp_path, open_page):
    served = inspected_site(tmp_path, recording=False)
    try:
        page = open_page(served.address, allowed=("Failed to load resource",))
        expect(page.locator("main")).to_contain_text("Recording is off.")
        expect(page.locator("main")).to_contain_text("edgerun serve --record")
    finally:
        served.close()


# ------------------------------------------------------------------------------------ for everybody

UNNAMED = """() => [...document.querySelectorAll("button, a, input, select, textarea, summary, img, [role]")]
  .filter((each) => each.getClientRects().length)
  .filter((each) => {
    const labels = [...(each.labels ?? [])].map((label) => label.textContent).join("");
    const by = each.getAttribute("aria-labelledby");
    const name = each.getAttribute("aria-label") ?? (by && document.getElementById(by)?.textContent) ?? "";
    return each.tagName !== "IMG" ? !(name + labels + each.textContent).trim() && each.getAttribute("role") !== "status"
      : each.getAttribute("alt") === null;
  }).map((each) => each.outerHTML)"""
LEVELS = """() => [...document.querySelectorAll("main h1, main h2, main h3")].map((each) => Number(each.tagName[1]))"""
TWICE = """() => [...document.querySelectorAll("[id]")].map((each) => each.id)
  .filter((each, n, all) => all.indexOf(each) < n)"""


def named_and_ordered(page):
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(TWICE) == []
    levels = page.evaluate(LEVELS)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    landmarks = ("header", "nav[aria-label]", "main", "[aria-live=polite]")
    assert [page.locator(each).count() for each in landmarks] == [1] * 4
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator("nav [aria-current=page]")).to_have_text("Requests")
    assert page.title().endswith("· edgerun")


def test_a_page_has_names_headings_and_landmarks(site, desk, fresh):
    page = desk()
    named_and_ordered(page)
    refused, hit = site.ask("/refused"), [site.ask("/greet/2") for _ in range(2)][1]
    expect(rows(page)).to_have_count(3)
    named_and_ordered(page)
    for record in (refused, hit):
        page.goto(f"{site.url}#/requests/{record['id']}")
        expect(page.locator("main")).to_contain_text(f"number {record['number']}")
        page.get_by_role("button", name="Open all").click()
        named_and_ordered(page)
        page.get_by_role("button", name="Edit and resend").click()
        named_and_ordered(page)


def test_nothing_is_wider_than_the_screen(site, desk, fresh):
    long = "/a/" + "long-path-without-a-break" * 12
    record = site.ask(long, "POST", b"x" * 900, cookie="sid=" + "y" * 900)
    site.ask("/refused")
    page = desk(width=360)
    expect(rows(page)).to_have_count(2)
    for where in ("#/requests", f"#/requests/{record['id']}"):
        page.goto(site.url + where)
        page.locator("main h1").wait_for()
        if "/requests/" in where:
            expect(page.locator("main")).to_contain_text("Edit and resend")
            page.get_by_role("button", name="Open all").click()
            page.get_by_role("button", name="Edit and resend").click()
        for width in (360, 768):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_chosen_theme_is_kept(desk):
    page = desk(scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Theme: as the system").click()
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Theme: light").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(ground) == dark


# ------------------------------------------------------------------------------------ modules of the page


def test_a_difference_of_lines_leads_from_one_text_to_the_other(desk):
    page = desk()
    chance = random.Random(7)
    pairs = [[[chance.choice("abc") for _ in range(chance.randrange(9))] for _ in range(2)] for _ in range(400)]
    pairs.append([[str(n) for n in range(1100)], [str(n) for n in range(1, 1101)][::-1]])
    compare = """async (pairs) => {
      const { compared } = await import("/ui/diff.js");
      return pairs.map(([a, b]) => compared(a, b));
    }"""
    found = page.evaluate(compare, pairs)
    for (before, after), lines in zip(pairs, found, strict=True):
        assert [line["text"] for line in lines if line["kind"] != "new"] == before
        assert [line["text"] for line in lines if line["kind"] != "gone"] == after


def test_a_shell_reads_quoted_text_as_it_was(desk):
    texts = [
        "plain",
        "o'neill",
        "a b",
        '$HOME `id` \\ "',
        "tab\tline\nend",
        "ü",
        "",
        "!x",
        "~",
        "-n",
        "'\n'",
        "\\x41\n",
    ]
    page = desk()
    quoted = page.evaluate(
        'async (texts) => { const { quoted } = await import("/ui/curl.js"); return texts.map(quoted); }', texts
    )
    for text, word in zip(texts, quoted, strict=True):
        read = subprocess.run(["bash", "-c", f"printf '%s' {word}"], capture_output=True, check=True)
        assert read.stdout.decode() == text
