"""`edgerun dev`: a function is replaced when a file that it has loaded is saved, and by no other save."""

import os

import pytest
from running import project, until
from test_dev import atomically, in_place, turns_into

pytestmark = pytest.mark.process

BODY = "def handler(event, context):\n    return {'status': '200', 'body': WORD}\n"
ANSWER = "exports.handler = async () => ({ status: '200', body: require('./words.js') });\n"


def reloads(server):
    return [event["text"] for event in server.events("noted") if "reloaded" in event["text"]]


def reloaded(server, count):
    """Wait for so many reloads; return what they say."""
    return until(lambda: len(found := reloads(server)) >= count and found, f"{count} reloads")


def test_a_save_reloads_the_functions_that_loaded_the_file_and_no_others(tmp_path, serve):
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    functions = {
        "one.py": "def handler(event, context):\n    import words\n    return {'status': '200', 'body': words.WORD}\n",
        "two.js": "exports.handler = async (event) => event.Records[0].cf.request;\n",
    }
    project(tmp_path, functions, viewer_request="two", origin_request="one")
    (tmp_path / "unused.py").write_text("")
    (tmp_path / "data.json").write_text("{}")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    in_place(tmp_path / "unused.py", "new = True\n")
    in_place(tmp_path / "data.json", "[]")
    in_place(tmp_path / "words.py", "WORD = 'new'\n")
    turns_into(server, "/", b"new")
    assert reloaded(server, 1) == ["reloaded: one, 1 cached object invalidated"]
    told = [(event["function"], event["version"], event["error"]) for event in server.events("reloaded")]
    assert told == [("one", "2", None)]
    in_place(tmp_path / "one.py", "def handler(:\n")
    failed = until(lambda: [event for event in server.events("reloaded") if event["error"]], "a failed reload")
    assert [(event["function"], event["version"]) for event in failed] == [("one", "2")]
    assert "SyntaxError" in str(failed[0]["error"])


@pytest.mark.node
def test_a_module_required_within_the_handler_counts_and_one_before_it_in_the_search(tmp_path, serve):
    (tmp_path / "words.js").write_text("module.exports = 'old';\n")
    project(tmp_path, {"fn.js": ANSWER.replace("./words.js", "./words")}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    atomically(tmp_path / "words.js", "module.exports = 'new';\n")
    turns_into(server, "/", b"new")
    (tmp_path / "words.js").unlink()
    (tmp_path / "words").mkdir()
    (tmp_path / "words/index.js").write_text("module.exports = 'folder';\n")
    turns_into(server, "/", b"folder")
    (tmp_path / "words.js").write_text("module.exports = 'file';\n")
    turns_into(server, "/", b"file")


@pytest.mark.parametrize("save", [in_place, atomically])
def test_a_file_from_outside_the_functions_folder_counts(tmp_path, serve, save):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "words.py").write_text("WORD = 'old'\n")
    (tmp_path / "project").mkdir()
    code = "import sys\nsys.path.append('../shared')\nfrom words import WORD\n" + BODY
    project(tmp_path / "project", {"fn.py": code}, viewer_request="fn")
    server = serve("dev", cwd=tmp_path / "project")
    assert server.ask("/").body == b"old"
    for word in ("new", "newer"):
        save(shared / "words.py", f"WORD = {word!r}\n")
        turns_into(server, "/", word.encode())


def test_a_file_that_an_import_missed_reloads_when_it_comes(tmp_path, serve):
    code = "try:\n    from words import WORD\nexcept ImportError:\n    WORD = 'none'\n" + BODY
    project(tmp_path, {"fn.py": code}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").body == b"none"
    (tmp_path / "words.py").write_text("WORD = 'some'\n")
    turns_into(server, "/", b"some")


def test_a_function_that_does_not_start_reloads_with_any_file_below_its_root(tmp_path, serve):
    code = "WORD = open('word.txt').read()\n" + BODY
    project(tmp_path, {"fn.py": code}, viewer_request="fn")
    server = serve("dev")
    assert server.ask("/").status == 503
    (tmp_path / "word.txt").write_text("mended")
    assert reloaded(server, 1) == ["reloaded: fn"]
    assert server.ask("/").body == b"mended"
    (tmp_path / "word.txt").write_text("read by the next environment only")
    (tmp_path / "fn.py").write_text(code.replace("'body': WORD", "'body': 'changed'"))
    turns_into(server, "/", b"changed")
    assert reloaded(server, 2) == ["reloaded: fn"] * 2


def test_a_module_saved_while_the_invocation_that_imported_it_still_runs_is_not_missed(tmp_path, serve):
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    os.mkfifo(tmp_path / "gate")
    code = (
        "def handler(event, context):\n    import words\n"
        "    if event['Records'][0]['cf']['request']['querystring']:\n"
        "        print('imported')\n        open('gate').read()\n"
        "    return {'status': '200', 'body': words.WORD}\n"
    )
    project(tmp_path, {"fn.py": code}, viewer_request="fn")
    (tmp_path / "public/page.html").write_text("")
    server = serve("dev")
    slow = server.asking("/?slow")
    until(lambda: any("imported" in event["text"] for event in server.events("printed")), "the import")
    in_place(tmp_path / "words.py", "WORD = 'new'\n")
    in_place(tmp_path / "public/page.html", "saved later")
    server.noted("site changed")
    assert not reloads(server)
    (tmp_path / "gate").write_text("go")
    assert slow.answer().body == b"old"
    turns_into(server, "/", b"new")


def test_what_a_log_gets_starts_no_function_that_does_not_load(tmp_path, serve):
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    functions = {"good/fn.py": f"WORD = 'old'\n{BODY}", "bad/fn.py": "def handler(event, context)\n"}
    for name, text in functions.items():
        (tmp_path / name).write_text(text)
    config = "".join(f'\n[functions.{name}]\nhandler = "{name}/fn.py"\n' for name in ("good", "bad"))
    project(tmp_path, config=config, viewer_request="good", origin_request="bad")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    for name in ("dev.log", "dev.out"):
        (tmp_path / "bad" / name).write_text("words about a failure\n")
    in_place(tmp_path / "good/fn.py", f"WORD = 'new'\n{BODY}")
    turns_into(server, "/", b"new")
    assert reloaded(server, 1) == ["reloaded: good"]
    assert [event["text"] for event in server.events("noted") if event["level"] == "error"] == []
    in_place(tmp_path / "bad/fn.py", "def handler(event, context) \n")
    until(lambda: [event for event in server.events("noted") if event["level"] == "error"], "a failure")


SLOW = """\
import pathlib, time
while pathlib.Path("wait").exists():
    time.sleep(0.01)
"""


def test_a_function_is_replaced_as_soon_as_it_runs_itself_whatever_others_of_its_folder_do(tmp_path, serve):
    functions = {"quick.py": f"from words import WORD\n{BODY}", "slow.py": f"from words import WORD\n{SLOW}{BODY}"}
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    both = '[[behaviors]]\npath_pattern = "/slow"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
    project(tmp_path, functions, both + 'viewer_request = "slow"\n', viewer_request="quick")
    server = serve("dev")
    assert [server.ask(path).body for path in ("/", "/slow")] == [b"old"] * 2
    (tmp_path / "wait").touch()
    in_place(tmp_path / "words.py", "WORD = 'new'\n")
    turns_into(server, "/", b"new")
    in_place(tmp_path / "words.py", "WORD = 'newer'\n")
    turns_into(server, "/", b"newer")
    assert reloaded(server, 2) == ["reloaded: quick"] * 2
    assert server.ask("/slow").body == b"old", "the last good revision goes on"
    in_place(tmp_path / "slow.py", f"WORD = 'mended'\n{BODY}")
    turns_into(server, "/slow", b"mended")
    assert reloaded(server, 3) == ["reloaded: quick", "reloaded: quick", "reloaded: slow"], "once, with its last save"


def test_what_was_never_called_is_new_when_it_is_and_only_its_own_file_starts_it(tmp_path, serve):
    functions = {"one.py": f"WORD = 'old'\n{BODY}", "two.py": f"print('two loads')\nfrom words import WORD\n{BODY}"}
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    both = '[[behaviors]]\npath_pattern = "/two"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
    project(tmp_path, functions, both + 'viewer_request = "two"\n', viewer_request="one")
    server = serve("dev")
    assert server.ask("/").body == b"old"
    in_place(tmp_path / "words.py", "WORD = 'new'\n")
    in_place(tmp_path / "one.py", f"WORD = 'new'\n{BODY}")
    turns_into(server, "/", b"new")
    assert reloaded(server, 1) == ["reloaded: one"]
    assert not server.events("printed")
    in_place(tmp_path / "two.py", "def handler(:\n")
    until(lambda: [event for event in server.events("reloaded") if event["error"]], "a failure")
    in_place(tmp_path / "two.py", functions["two.py"])
    assert reloaded(server, 2) == ["reloaded: one", "reloaded: two"]
    assert server.ask("/two").body == b"new"
