"""`edgerun dev`: every save takes effect, no request is dropped, a broken save keeps the last good revision."""

import shutil

import pytest
from running import project, until

pytestmark = pytest.mark.process

PYTHON = """\
import time
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["querystring"]:
        print("begun")
        time.sleep(float(request["querystring"]))
    return {"status": "200", "body": "NAME"}
"""
NODE = """\
exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  if (request.querystring) {
    console.log("begun");
    await new Promise((done) => setTimeout(done, 1000 * Number(request.querystring)));
  }
  return { status: "200", body: "NAME" };
};
"""
LANGUAGES = [
    pytest.param("fn.py", PYTHON, "def handler(:\n", id="python"),
    pytest.param("fn.js", NODE, "exports.handler = async (event => {\n", id="node", marks=pytest.mark.node),
]


def atomically(place, text):
    """Save as editors do: a new file over the old one."""
    beside = place.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(place)


def in_place(place, text):
    place.write_text(text)


SAVES = [pytest.param(in_place, id="in place"), pytest.param(atomically, id="by a new file")]


def begun(server):
    return any("begun" in event["text"] for event in server.events("printed"))


def turns_into(server, path, body):
    until(lambda: server.ask(path).body == body, f"{body!r} at {path}")


def says_broken(server, words, count=1):
    def found():
        notes = [event["text"] for event in server.events("noted") if event["level"] == "error"]
        return [text for text in notes if "the last good revision keeps serving" in text and words in text]

    return until(lambda: (notes := found()) and len(notes) >= count and notes[-1], f"a loud note of {words!r}")


@pytest.mark.parametrize(("name", "code", "broken"), LANGUAGES)
def test_a_saved_function_takes_effect_and_requests_under_way_end_on_the_old_one(tmp_path, serve, name, code, broken):
    project(tmp_path, {name: code.replace("NAME", "old")}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    slow = server.asking("/?1")
    until(lambda: begun(server), "the function's print")
    (tmp_path / name).write_text(code.replace("NAME", "new"))
    turns_into(server, "/", b"new")
    assert not slow.done
    assert slow.answer().body == b"old"


@pytest.mark.parametrize(("name", "code", "broken"), LANGUAGES)
def test_a_broken_function_is_not_taken_over_and_a_mended_one_is(tmp_path, serve, name, code, broken):
    project(tmp_path, {name: code.replace("NAME", "old")}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    atomically(tmp_path / name, broken)
    note = says_broken(server, "fn: ")
    assert "yntax" in note
    assert server.ask("/").body == b"old"
    (tmp_path / name).write_text(code.replace("NAME", "mended"))
    turns_into(server, "/", b"mended")


def test_a_module_that_a_function_imports_counts_as_its_own(tmp_path, serve):
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    code = "import words\ndef handler(event, context):\n    return {'status': '200', 'body': words.WORD}\n"
    project(tmp_path, {"fn.py": code}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    (tmp_path / "words.py").write_text("WORD = 'new'\n")
    turns_into(server, "/", b"new")


@pytest.mark.parametrize("save", SAVES)
def test_a_saved_configuration_takes_effect(tmp_path, serve, save):
    functions = {"one.py": PYTHON.replace("NAME", "one"), "two.py": PYTHON.replace("NAME", "two")}
    project(tmp_path, functions, viewer_request="one")
    server = serve("dev")
    assert server.ask("/").body == b"one"
    slow = server.asking("/?1")
    until(lambda: begun(server), "the function's print")
    place = tmp_path / "edgerun.toml"
    text = place.read_text()
    save(place, text.replace('viewer_request = "one"', 'viewer_request = "two"'))
    turns_into(server, "/", b"two")
    assert not slow.done
    assert slow.answer().body == b"one"
    save(place, text)
    turns_into(server, "/", b"one")


@pytest.mark.parametrize("save", SAVES)
def test_a_broken_configuration_is_not_taken_over_and_a_mended_one_is(tmp_path, serve, save):
    project(tmp_path, {"fn.py": PYTHON.replace("NAME", "fine")})
    server = serve("dev")
    place = tmp_path / "edgerun.toml"
    text = place.read_text()
    assert server.ask("/index.html").body == b"home\n"
    save(place, text.replace("[origins.site]", "[origins.site"))
    assert says_broken(server, "edgerun.toml:").startswith("edgerun.toml:")
    save(place, text.replace("CachingOptimized", "CachingOptimised"))
    says_broken(server, "did you mean 'CachingOptimized'?")
    assert server.ask("/index.html").body == b"home\n"
    save(place, text + 'viewer_request = "fn"\n')
    turns_into(server, "/index.html", b"fine")


@pytest.mark.parametrize("save", SAVES)
def test_a_configuration_alone_in_its_folder_is_watched_too(tmp_path, serve, save):
    project(tmp_path, files={"a/index.html": "a\n", "b/index.html": "b\n"})
    place = tmp_path / "edgerun.toml"
    text = place.read_text()
    server = serve("dev")
    for folder in ("a", "b", "a", "b"):
        save(place, text.replace('"public"', f'"public/{folder}"'))
        turns_into(server, "/index.html", f"{folder}\n".encode())


def test_a_function_that_a_saved_configuration_adds_is_watched_from_then_on(tmp_path, serve):
    elsewhere = tmp_path / "functions"
    elsewhere.mkdir()
    (elsewhere / "added.py").write_text(PYTHON.replace("NAME", "first"))
    project(tmp_path)
    server = serve("dev")
    place = tmp_path / "edgerun.toml"
    assert server.ask("/index.html").body == b"home\n"
    place.write_text(
        place.read_text() + 'viewer_request = "added"\n[functions.added]\nhandler = "functions/added.py"\n'
    )
    turns_into(server, "/index.html", b"first")
    (elsewhere / "added.py").write_text(PYTHON.replace("NAME", "second"))
    turns_into(server, "/index.html", b"second")


@pytest.mark.parametrize("save", SAVES)
def test_a_saved_page_is_served_at_once(tmp_path, serve, save):
    project(tmp_path)
    server = serve("dev")
    server.ask("/index.html")
    assert server.ask("/index.html").cache == "Hit"
    save(tmp_path / "public/index.html", "new\n")
    turns_into(server, "/index.html", b"new\n")
    assert server.noted("site changed")["level"] == "info"
    (tmp_path / "public/more").mkdir()
    (tmp_path / "public/more/page.html").write_text("more\n")
    turns_into(server, "/more/page.html", b"more\n")


def test_a_site_built_anew_is_found_again(tmp_path, serve):
    project(tmp_path)
    server = serve("dev")
    assert server.ask("/index.html").body == b"home\n"
    for words in ("first\n", "second\n"):
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        (fresh / "index.html").write_text(words)
        shutil.rmtree(tmp_path / "public")
        fresh.rename(tmp_path / "public")
        turns_into(server, "/index.html", words.encode())
    (tmp_path / "public/index.html").write_text("third\n")
    turns_into(server, "/index.html", b"third\n")


def test_what_a_function_made_at_the_origin_is_made_anew(tmp_path, serve):
    project(tmp_path, {"fn.py": PYTHON.replace("NAME", "old")}, origin_request="fn")
    server = serve("dev")
    server.ask("/")
    assert server.ask("/").cache == "Hit"
    (tmp_path / "fn.py").write_text(PYTHON.replace("NAME", "new"))
    turns_into(server, "/", b"new")


def test_serve_does_not_watch(tmp_path, serve):
    project(tmp_path, {"fn.py": PYTHON.replace("NAME", "old")}, viewer_request="fn")
    server = serve("serve")
    assert server.ask("/").body == b"old"
    (tmp_path / "fn.py").write_text(PYTHON.replace("NAME", "new"))
    assert server.ask("/").body == b"old"
    assert not server.events("noted")
