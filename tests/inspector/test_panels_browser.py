"""The functions, cache and distributions pages in a browser, over a server that runs."""

import json
import re

import pytest
from playwright.sync_api import expect
from running import Running

pytestmark = pytest.mark.process
expect.set_options(timeout=20_000)

HOSTILE = "<img src=x onerror=window.pwned=1>"
HOSTILE_FILE = "<img/src=x/onerror=window.pwned=1>"
GOOD = """\
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    print("hello from", request["uri"], "<img src=x onerror=window.pwned=1>")
    return request
"""
LOUD = """\
def handler(event, context):
    for number in range(500):
        print("line", number)
    return event["Records"][0]["cf"]["request"]
"""
LIGHT = """\
function handler(event) {
    console.log('light at ' + event.request.uri);
    return event.request;
}
"""
FUNCTIONS = {"counted.py": GOOD, "mended.py": GOOD, "loud.py": LOUD, "light.js": LIGHT, "cold.py": GOOD}
CONFIG = """\
[origins.site]
directory = "public"

[origins.gone]
url = "http://127.0.0.1:9"
connection_attempts = 1

[functions.counted]
handler = "counted.py"

[functions.mended]
handler = "mended.py"

[functions.loud]
handler = "loud.py"

[functions.cold]
handler = "cold.py"

[functions.light]
handler = "light.js"
runtime = "cloudfront-js-2.0"

[distributions.shop]
aliases = ["localhost", "127.0.0.1"]

[distributions.shop.default_behavior]
origin = "site"
cache_policy = "CachingOptimized"

[distributions.blog]
aliases = ["blog.example"]

[distributions.blog.default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""
BEHAVIOR = """
[[distributions.shop.behaviors]]
path_pattern = "{pattern}"
origin = "{origin}"
cache_policy = "{policy}"
{more}
"""


def behavior(pattern, more="", origin="site", policy="CachingDisabled"):
    return BEHAVIOR.format(pattern=pattern, origin=origin, policy=policy, more=more)


BEHAVIORS = "".join(
    [
        *(behavior(f"/{name}/*", f'viewer_request = "{name}"') for name in ("counted", "mended", "loud", "light")),
        behavior("/gone/*", origin="gone"),
        behavior("*.jpg", 'viewer_response = "light"', policy="CachingOptimized"),
    ]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panels")
    (folder / "public").mkdir()
    for number in range(60):
        (folder / "public" / f"page-{number}.html").write_text("a page")
    (folder / "public" / HOSTILE_FILE).parent.mkdir(parents=True)
    for name in ("tagged.html", "plain.html", HOSTILE_FILE):
        (folder / "public" / name).write_text(name)
    (folder / "public" / ".edgerun-meta.toml").write_text(
        '["tagged.html"]\nx-amz-meta-cache-tag = "sale,<b>bold</b>"\n'
    )
    for name, code in FUNCTIONS.items():
        (folder / name).write_text(code)
    (folder / "edgerun.toml").write_text(CONFIG + BEHAVIORS)
    with Running("dev", "--port", "0", "--ui-port", "0", "--json", cwd=folder).ready() as server:
        server.folder = folder
        told = json.loads((folder / ".edgerun" / "server.json").read_text())
        server.inspector = f"{told['url'].replace('127.0.0.1', 'localhost')}/#token={told['token']}"
        yield server


@pytest.fixture
def show(site, open_page):
    """Return what opens one of the pages; in the end nothing of what was shown has run."""
    pages = []

    def shown(where, **options):
        page = open_page(f"{site.inspector}&{where}", **options)
        pages.append(page)
        page.locator("main h1").wait_for()
        return page

    yield shown
    assert [page.evaluate("window.pwned ?? null") for page in pages] == [None] * len(pages)


def counted(page, name):
    """Return the place of a count, by its name."""
    return page.locator(".counts > div", has=page.get_by_text(name, exact=True)).locator("dd")


def ask(site, *paths):
    for path in paths:
        assert site.ask(path).status in {200, 403, 404}


# ------------------------------------------------------------------------------------ functions


def test_a_cold_and_then_a_warm_call_are_counted_drawn_and_their_lines_told(site, show):
    page = show("/functions/counted")
    expect(page.locator("main")).to_contain_text("It was not called yet.")
    ask(site, "/counted/a")
    expect(counted(page, "Calls")).to_have_text("1")
    expect(counted(page, "Cold starts")).to_have_text("1")
    expect(page.locator(".dot-cold")).to_have_count(1)
    ask(site, "/counted/b")
    expect(counted(page, "Warm calls")).to_have_text("1")
    expect(page.locator(".dot-warm")).to_have_count(1)
    expect(page.locator("figcaption")).to_contain_text(
        re.compile(r"The last 2 calls: .* \(p50\).* \(p95\).* \(max\); 1 cold start")
    )
    expect(page.locator(".environments")).to_contain_text("idle")
    log = page.get_by_role("log")
    expect(log).to_contain_text(f"hello from /counted/a {HOSTILE}")
    expect(log).to_contain_text(re.compile(r"START RequestId: .*END RequestId: .*REPORT RequestId: ", re.DOTALL))
    expect(page.locator(".function-link[aria-current]")).to_contain_text("2 calls")


def test_a_save_that_does_not_load_is_told_with_its_traceback_until_it_is_mended(site, show):
    ask(site, "/mended/a")
    page = show("/functions/mended")
    expect(page.locator(".card", has_text="Revision").first).to_contain_text(
        re.compile(r"Revision.*1.*[0-9a-f]{12}, saved 2")
    )
    (site.folder / "mended.py").write_text("def handler(:\n")
    notice = page.get_by_role("alert").filter(has_text="The last save was not taken over")
    expect(notice).to_contain_text("Syntax error in module 'mended'")
    expect(notice).to_contain_text("def handler(:")
    expect(page.locator(".function-link[aria-current]")).to_contain_text("failing")
    assert site.ask("/mended/b").status in {200, 404, 403}
    (site.folder / "mended.py").write_text(GOOD.replace("hello", "mended"))
    expect(notice).to_have_count(0)
    ask(site, "/mended/c")
    expect(page.get_by_role("log")).to_contain_text("mended from /mended/c")


def test_a_cloudfront_function_tells_its_compute_utilization(site, show):
    page = show("/functions/light")
    ask(site, "/light/a")
    expect(page.locator("main")).to_contain_text(re.compile(r"Compute utilization of the last calls: \d+ %"))
    expect(page.get_by_role("log")).to_contain_text("light at /light/a")
    expect(counted(page, "Cold starts")).to_have_count(0)


def test_a_loud_function_fills_the_log_and_not_the_document(site, show):
    ask(site, "/loud/a", "/loud/b")
    page = show("/functions/loud")
    expect(page.get_by_role("log")).to_contain_text("line 499")
    ask(site, "/loud/c")
    expect(counted(page, "Calls")).to_have_text("3")
    assert page.get_by_role("log").locator("li").count() <= 200


def test_functions_are_chosen_with_the_keyboard(site, show):
    page = show("/functions")
    expect(page.locator(".function-link")).to_have_count(5)
    link = page.locator(".function-link", has_text="cold")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="cold")).to_be_visible()
    expect(page.locator(".function-link[aria-current]")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#/functions/cold$"))
    expect(page.locator("main")).to_contain_text("At no point of any behavior: nothing calls it.")


def test_what_happens_meanwhile_leaves_the_focus_where_it_is(site, show):
    page = show("/functions/light")
    link = page.locator(".places").get_by_role("link", name="shop").first
    link.focus()
    ask(site, "/light/one", "/light/two")
    expect(page.get_by_role("log")).to_contain_text("light at /light/two")
    expect(link).to_be_focused()


def test_a_function_that_is_not_there_is_said_so(show):
    page = show("/functions/cuonted", allowed=("404",))
    expect(page.get_by_role("alert")).to_contain_text("there is no function 'cuonted'")


# ------------------------------------------------------------------------------------ the cache


def objects(page):
    return page.locator("table.objects tbody tr")


def shows(page, match, expected):
    page.get_by_label("Path or #tag", exact=True).fill(match)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(objects(page)).to_have_count(expected)


def purge(page, items):
    page.get_by_label("Paths and #tags").fill(items)
    page.get_by_role("button", name="Invalidate", exact=True).click()
    return page.locator(".card", has=page.get_by_role("heading", name="Invalidate", exact=True))


def test_objects_are_found_by_path_and_tag_and_forgotten_by_them(site, show):
    ask(site, "/tagged.html", "/plain.html", "/page-1.html")
    page = show("/cache")
    expect(page.locator(".fill")).to_contain_text("used")
    shows(page, "#sale", 1)
    expect(objects(page)).to_contain_text("#<b>bold</b>")
    shows(page, "/pl*", 1)
    expect(purge(page, "/plain*")).to_contain_text("1 object invalidated by /plain*")
    expect(page.locator("main")).to_contain_text("Nothing that is stored goes by that.")
    shows(page, "/tagged.html", 1)
    expect(purge(page, "#sale\n/none")).to_contain_text("1 object invalidated by #sale /none")
    expect(objects(page)).to_have_count(0)
    expect(purge(page, "/plain.html")).to_contain_text("0 objects invalidated")


def test_a_bad_path_is_refused_in_words_and_nothing_is_forgotten(site, show):
    ask(site, "/plain.html")
    page = show("/cache", allowed=("400",))
    shows(page, "/plain.html", 1)
    expect(purge(page, "plain.html")).to_contain_text(
        "'plain.html' is not an invalidation path: a text that begins with /"
    )
    page.get_by_role("button", name="Refresh").click()
    expect(objects(page)).to_have_count(1)
    page.get_by_label("Path or #tag", exact=True).fill(HOSTILE)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text=HOSTILE)).to_be_visible()


def test_many_objects_are_shown_page_by_page(site, show):
    ask(site, *(f"/page-{number}.html" for number in range(60)))
    page = show("/cache?match=/page*")
    expect(objects(page)).to_have_count(50)
    page.get_by_role("button", name="Next page").click()
    expect(objects(page)).to_have_count(10)
    expect(page.locator("main")).to_contain_text("51 to 60")
    expect(objects(page).first.get_by_role("button")).to_be_focused()
    page.get_by_role("button", name="From the start").click()
    expect(objects(page)).to_have_count(50)


def test_an_object_is_opened_and_left_with_the_keyboard(site, show):
    ask(site, "/tagged.html")
    page = show("/cache?match=/tagged.html")
    opener = page.get_by_role("button", name="/tagged.html")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It is fresh")
    expect(dialog.get_by_role("row", name=re.compile("^lifetime"))).to_be_visible()
    expect(dialog.get_by_role("row", name=re.compile("^etag", re.IGNORECASE))).to_be_visible()
    expect(dialog.locator("tr", has_text="path")).to_contain_text("/tagged.html")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("It is fresh")
    dialog.get_by_role("link").click()
    expect(page).to_have_url(re.compile("#/requests/"))
    expect(dialog).to_have_count(0)


def test_a_url_is_explained(site, show):
    ask(site, "/tagged.html")
    page = show("/cache", allowed=("400",))
    card = page.locator(".card", has=page.get_by_role("heading", name="Explain a URL"))
    card.get_by_label("URL or path").fill("/tagged.html")
    page.keyboard.press("Enter")
    expect(card.locator(".explain-result")).to_contain_text("hit it is fresh")
    expect(card).to_contain_text("CachingOptimized")
    card.get_by_label("URL or path").fill("http://nobody.example/")
    page.keyboard.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("no distribution answers 'nobody.example'")


def test_a_hostile_path_is_only_text(site, show):
    path = f"/{HOSTILE_FILE}"
    ask(site, path)
    page = show("/cache?match=/%3Cimg*")
    page.get_by_role("button", name=path).click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=path)).to_be_visible()


# ------------------------------------------------------------------------------------ distributions


def test_the_picture_marks_the_behavior_that_takes_a_url(site, show):
    page = show("/distributions", allowed=("400",))
    expect(page.locator(".drawing svg")).to_have_count(2)
    expect(page.locator(".drawing svg").first).to_have_attribute("aria-hidden", "true")
    assert page.locator(".drawing").first.evaluate("each => each.scrollHeight - each.clientHeight") == 0
    page.get_by_label("Which behavior takes this URL?").fill("/light/a.jpg")
    page.keyboard.press("Enter")
    shop = page.locator(".distribution", has=page.get_by_role("heading", name="shop"))
    expect(page.locator(".match-said")).to_contain_text("shop: behavior 4, /light/*")
    expect(shop.locator("svg [data-behavior].matched")).to_have_attribute("data-behavior", "3")
    shop.get_by_text("Everything in words").click()
    expect(shop.locator("li.behavior[aria-current=true]")).to_contain_text("/light/*")
    page.get_by_label("Which behavior takes this URL?").fill("http://blog.example/light/a.jpg")
    page.keyboard.press("Enter")
    expect(shop.locator(".matched")).to_have_count(0)
    expect(page.locator(".match-said")).to_contain_text("blog: behavior 1, *")
    page.get_by_label("Which behavior takes this URL?").fill(f"http://{HOSTILE}/")
    page.keyboard.press("Enter")
    expect(page.locator(".match-said")).to_contain_text("percent-encode what is not printable ASCII")


def test_a_behavior_stands_in_words_with_links_to_its_functions(site, show):
    page = show("/distributions")
    shop = page.locator(".distribution", has=page.get_by_role("heading", name="shop"))
    shop.get_by_text("Everything in words").click()
    row = shop.locator("li.behavior", has_text="*.jpg")
    expect(row).to_contain_text("fresh for 24 h unless the origin says otherwise")
    row.get_by_role("link", name="light").click()
    expect(page).to_have_url(re.compile(r"#/functions/light$"))


def test_an_origin_that_does_not_answer_is_marked(site, show):
    page = show("/distributions")
    assert site.ask("/gone/a").status == 502
    expect(page.locator(".box.failing").first).to_contain_text("gone")
    page.locator(".distribution").first.get_by_text("Everything in words").click()
    expect(page.locator(".origins li", has_text="gone")).to_contain_text("It gave no answer")


def test_the_picture_follows_the_configuration(site, show):
    page = show("/distributions")
    shop = page.locator(".distribution", has=page.get_by_role("heading", name="shop"))
    expect(shop.locator("svg [data-behavior]")).to_have_count(7)
    (site.folder / "edgerun.toml").write_text(CONFIG + BEHAVIORS + behavior("/new/&'/*"))
    expect(shop.locator("svg [data-behavior]")).to_have_count(8)
    expect(shop.locator("svg")).to_contain_text("/new/&'/*")
    expect(page.locator("#announcements")).to_have_text("The configuration was reloaded.")
    (site.folder / "edgerun.toml").write_text(CONFIG + BEHAVIORS + behavior(HOSTILE))
    refused = page.get_by_role("alert").filter(has_text="a path pattern cannot hold")
    expect(refused).to_contain_text("the last good revision keeps serving")
    (site.folder / "edgerun.toml").write_text(CONFIG + BEHAVIORS)
    expect(shop.locator("svg [data-behavior]")).to_have_count(7)
    expect(refused).to_have_count(0)


# ------------------------------------------------------------------------------------ every page


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "dark"), (1280, "light")], ids=["narrow and dark", "wide and light"]
)
@pytest.mark.parametrize("where", ["/functions/light", "/cache", "/distributions"])
def test_a_page_fits_its_window_and_names_its_controls(site, show, where, width, scheme):
    ask(site, "/light/a", "/tagged.html")
    page = show(where, width=width, scheme=scheme)
    page.locator(".card").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    nameless = "[...document.querySelectorAll('main button, main a, main input, main select, main textarea')]"
    nameless += ".filter((e) => !e.closest('svg') && !(e.textContent || e.ariaLabel || e.labels?.length)).length"
    assert page.evaluate(nameless) == 0
