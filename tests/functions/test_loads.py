"""Which files make a function's code old, and what the hosts say that they have loaded."""

import json
import os
from pathlib import Path

import pytest
from process_plays import node, play, python

from edgerun.errors import FunctionExecutionError, FunctionInitError
from edgerun.functions.function import Function
from edgerun.functions.loads import Loads, Modules

LOADED = Modules(
    files=frozenset({"/f/fn.py", "/f/words/__init__.py", "/f/lib/index.js", "/f/node_modules/dep/main.js"}),
    missed=frozenset({"/f/optional", "/f/node_modules/extra", "/f/fast.mjs"}),
)


@pytest.mark.parametrize(
    ("path", "old"),
    [
        ("/f/fn.py", True),
        ("/f/other.py", False),
        ("/f/data.csv", False),
        ("/f/words.py", True),
        ("/f/words/more.py", False),
        ("/f/lib.js", True),
        ("/f/lib/index.cjs", True),
        ("/f/lib/other.js", False),
        ("/f/optional.py", True),
        ("/f/optional.txt", False),
        ("/f/optional/__init__.py", True),
        ("/f/optional/inner.py", True),
        ("/f/optional.cpython-311-x86_64-linux-gnu.so", True),
        ("/f/optional2.py", False),
        ("/f/fast.mjs", True),
        ("/f/node_modules/extra/package.json", True),
        ("/f/node_modules/extra/lib/index.js", True),
        ("/f/node_modules/dep/package.json", True),
        ("/f/node_modules/other/package.json", False),
        ("/f/package.json", True),
        ("/g/package.json", False),
    ],
)
def test_what_makes_loaded_code_old(path, old):
    assert LOADED.made_old_by(path) is old


def made(version="1"):
    return Function(name="fn", root="/f", handler="fn.handler", runtime="python", version=version)


def test_reports_of_one_revision_add_up_and_revisions_are_kept_apart():
    loads = Loads()
    heard = []
    loads.on_news = lambda function, files, since: heard.append((function.version, files, since))
    loads.report(made(), b'{"files": ["/f/fn.py"], "missed": []}', 1.0)
    loads.report(made(), b'{"files": ["/f/fn.py", "/f/late.py"]}', 2.0)
    loads.report(made("2"), b'{"files": ["/f/fn.py"]}', 3.0)
    assert loads.of(made()).files == {"/f/fn.py", "/f/late.py"}
    assert heard == [("1", {"/f/fn.py"}, 1.0), ("1", {"/f/late.py"}, 2.0), ("2", {"/f/fn.py"}, 3.0)]
    loads.keep([made("2")])
    assert loads.of(made()) is None
    assert loads.files() == {"/f/fn.py"}


@pytest.mark.parametrize("report", [b"", b"[]", b'{"files": "x"}', b'{"files": ["relative.py"]}', b'{"missed": [1]}'])
def test_a_report_that_is_none_is_refused(report):
    with pytest.raises(ValueError):
        Loads().report(made(), report, 0.0)


def test_a_link_counts_under_both_names(tmp_path):
    (tmp_path / "target.py").write_text("")
    (tmp_path / "link.py").symlink_to(tmp_path / "target.py")
    loads = Loads()
    loads.report(made(), json.dumps({"files": [str(tmp_path / "link.py")]}).encode(), 0.0)
    assert loads.files() == {str(tmp_path / "link.py"), os.path.realpath(tmp_path / "target.py")}


def loaded(function, *events):
    """Run a function on events; return what it said after INIT and what after all, relative to its root."""
    loads = Loads()

    async def scene(stage):
        await stage.runtime.warm(function)
        first = loads.of(function)
        for event in (*events, {}):  # a report comes after an answer, before the next one
            await stage.result(function, event)
        return first, loads.of(function)

    root = Path(os.path.realpath(function.root))

    def names(paths):
        return {str(Path(path).relative_to(root)) for path in paths if Path(path).is_relative_to(root)}

    return [(names(each.files), names(each.missed)) for each in play(scene, on_loaded=loads.report)]


@pytest.mark.process
def test_a_python_function_tells_what_it_imported_also_within_the_handler(tmp_path):
    (tmp_path / "fn.py").write_text(
        "import json, words\n"
        "try:\n    import optional\nexcept ImportError:\n    pass\n"
        "def handler(event, context):\n    import package.late\n    return words.WORD\n"
    )
    (tmp_path / "words.py").write_text("WORD = 1\n")
    (tmp_path / "unused.py").write_text("")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/late.py").write_text("")
    (first, missed), (after, _) = loaded(python("fn.handler", root=str(tmp_path)), {})
    assert first == {"fn.py", "words.py"}
    assert {"optional", "json"} <= missed
    assert after == {"fn.py", "words.py", "package/__init__.py", "package/late.py"}


@pytest.mark.process
@pytest.mark.node
def test_a_commonjs_function_tells_what_it_required_also_within_the_handler(tmp_path):
    (tmp_path / "index.js").write_text(
        "const words = require('./words');\n"
        "for (const name of ['./optional', 'extra/part', '@scope/extra/part'])\n"
        "  try { require(name); } catch {}\n"
        "exports.handler = async () => { require('./late.json'); await import('./late.mjs'); return words; };\n"
    )
    (tmp_path / "words.js").write_text("module.exports = 1;\n")
    (tmp_path / "late.json").write_text("{}\n")
    (tmp_path / "late.mjs").write_text("import './later.mjs';\n")
    (tmp_path / "later.mjs").write_text("")
    (tmp_path / "unused.js").write_text("")
    (first, missed), (after, _) = loaded(node("index.handler", root=str(tmp_path)), {})
    assert first == {"index.js", "words.js"}
    assert missed == {"optional", "node_modules/extra", "node_modules/@scope/extra"}
    assert after == {"index.js", "words.js", "late.json", "late.mjs", "later.mjs"}


@pytest.mark.process
@pytest.mark.node
def test_an_es_module_tells_what_it_imported(tmp_path):
    (tmp_path / "index.mjs").write_text(
        "import { word } from './words.mjs';\nimport './old.cjs';\n"
        "try { await import('./optional.mjs'); } catch {}\n"
        "export const handler = async () => word;\n"
    )
    (tmp_path / "words.mjs").write_text("export const word = 1;\n")
    (tmp_path / "old.cjs").write_text("require('./older.cjs');\n")
    (tmp_path / "older.cjs").write_text("")
    [(first, missed), _] = loaded(node("index.handler", root=str(tmp_path)))
    assert first == {"index.mjs", "words.mjs", "old.cjs", "older.cjs"}
    assert missed == {"optional.mjs"}


@pytest.mark.process
def test_a_function_that_does_not_start_has_loaded_nothing(tmp_path):
    (tmp_path / "fn.py").write_text("import nowhere\n")
    loads = Loads()
    function = python("fn.handler", root=str(tmp_path))

    async def scene(stage):
        with pytest.raises(FunctionInitError):
            await stage.runtime.warm(function)

    play(scene, on_loaded=loads.report)
    assert loads.of(function) is None


@pytest.mark.process
def test_nothing_is_reported_that_nobody_asked_for(tmp_path):
    (tmp_path / "fn.py").write_text(
        "import os, struct, sys\n"
        "def handler(event, context):\n"
        "    if event:\n"
        "        for fd in range(3, 1024):\n"
        "            try:\n                os.write(fd, struct.pack('<IBI', 7, 5, 0) + b'{}')\n"
        "            except OSError:\n                pass\n"
        "    return [type(each).__name__ for each in sys.meta_path]\n"
    )
    function = python("fn.handler", root=str(tmp_path))

    async def scene(stage):
        finders = await stage.result(function)
        with pytest.raises(FunctionExecutionError):
            await stage.result(function, {"forge": True})
        return finders

    assert "Report" not in play(scene)
