"""The documentation is current, complete, linked, and true."""

import importlib.util
import re
import tomllib
from pathlib import Path

import click
import pytest
from pages import blocks, play

from edgerun.cli.root import COMMANDS, cli
from edgerun.config.load import load
from edgerun.config.schema import json_schema
from edgerun.functions.rules import RULES
from edgerun.observe import events

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "edge_functions/README.md", *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
STEP_ROW = re.compile(r"^\| ([a-z][a-z -]+) \|", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(name: str) -> str:
    return (DOCS / name).read_text()


def generated() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


def test_generated_pages_are_current():
    stale = [str(path.relative_to(ROOT)) for path, text in generated().items() if text != path.read_text()]

    assert stale == [], "run: python docs/generate.py"


def test_every_configuration_key_is_documented():
    schema = json_schema()
    keys = {name for table in (schema, *schema["$defs"].values()) for name in table.get("properties", {})}

    assert [key for key in sorted(keys) if f"`{key}`" not in text_of("configuration.md")] == []


def test_every_table_of_the_configuration_is_documented():
    page = text_of("configuration.md")

    assert [name for name, table in json_schema()["$defs"].items() if table["description"] not in page] == []


def test_every_command_and_flag_is_documented():
    page = text_of("commands.md")
    commands = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS}
    flags = {flag for command in commands.values() if command for option in command.params for flag in option.opts}

    assert [name for name in commands if f"### `edgerun {name}`" not in page] == []
    assert [flag for flag in sorted(flags) if flag.startswith("-") and flag not in page] == []


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()

    assert [name for name in COMMANDS if f"`edgerun {name}" not in readme] == []


def test_every_event_and_its_fields_are_documented():
    page = text_of("events.md")
    parts = {name: part for name, _, part in (half.partition("`\n") for half in page.split("### `")[1:])}
    kinds = events.Event.__args__

    assert list(parts) == [kind.__name__ for kind in kinds]
    assert [
        field for kind in kinds for field in events.field_types(kind) if f"| `{field}` |" not in parts[kind.__name__]
    ] == []


def test_every_step_is_documented_in_its_order():
    table = text_of("events.md").partition("## Steps")[2].partition("## Events")[0]

    assert STEP_ROW.findall(table)[1:] == [step.value for step in events.Step]


def test_every_rule_is_documented():
    page = text_of("rules.md")

    assert [rule for rule in RULES if f"| {rule} |" not in page] == []


def test_every_page_is_on_the_first_one():
    first = text_of("README.md")

    assert [
        page.name for page in DOCS.rglob("*.md") if page.name != "README.md" and f"{page.stem}.md" not in first
    ] == []


@each_page
def test_links_lead_somewhere(page):
    links = LINK.findall(FENCED.sub("", page.read_text()))
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]

    assert [link for link in local if not (page.parent / link).exists()] == []


@each_page
def test_paths_in_the_text_exist(page):
    prose = FENCED.sub("", page.read_text())
    paths = re.findall(r"`((?:edgerun|tests|docs|edge_functions|sites)/[\w./-]+)`", prose)

    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "page",
    [
        ROOT / "README.md",
        *(
            DOCS / name
            for name in (
                "tutorial.md",
                "configuration.md",
                "cloudfront-functions.md",
                "recipes/bucket.md",
                "recipes/function-origin.md",
                "recipes/failover.md",
            )
        ),
    ],
    ids=str,
)
def test_configurations_in_the_documentation_load(page, tmp_path):
    for folder in ("public", "functions", "api"):
        (tmp_path / folder).mkdir()
    for handler in ("auth.py", "ab.py", "functions/ab.py", "api/app.py"):
        (tmp_path / handler).write_text("def handler(event, context): ...\n")
    (tmp_path / "functions/rewrite.js").write_text("function handler(event) { return event.request; }\n")
    whole = [
        text for text in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL) if "default_behavior" in text
    ]
    assert whole

    for text in whole:
        (tmp_path / "edgerun.toml").write_text(text)
        load(tmp_path / "edgerun.toml")


@each_page
def test_every_toml_block_can_be_read(page):
    for text in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
        tomllib.loads(text)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", DOCS / "tutorial.md", DOCS / "five-minutes.md", DOCS / "cache.md"],
    ids=["README", "tutorial", "five-minutes", "cache"],
)
def test_commands_do_what_the_page_says(page, tmp_path):
    assert any(mark == "output" for mark, _, _ in blocks(page))
    play(page, tmp_path)
