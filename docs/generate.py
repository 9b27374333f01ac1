"""Writes the generated parts of the pages beside it; `python docs/generate.py` after a change of what they tell.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. tests/docs compares.
"""  # noqa: INP001  # a program beside the pages, no package

import ast
import inspect
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import click

from edgerun import pipeline
from edgerun.cli.root import COMMANDS, cli
from edgerun.config.schema import json_schema
from edgerun.distribution.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edgerun.functions.cloudfront_rules import CLOUDFRONT_RULES
from edgerun.functions.explained import levels
from edgerun.functions.limits import LIMITS
from edgerun.functions.readings import READINGS, Reading
from edgerun.functions.rules import RULES, Rule
from edgerun.http.message import Request
from edgerun.observe import events
from edgerun.observe.console import Console

DOCS: Final = Path(__file__).parent
PART: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
WIDTH: Final = 100

# Every table of the configuration with the heading under which it is described.
TABLES: Final = {
    "": "Top of the file",
    "DistributionTable": "`[distributions.NAME]`",
    "OriginTable": "`[origins.NAME]`",
    "OriginGroupTable": "`[origin_groups.NAME]`",
    "FunctionTable": "`[functions.NAME]`",
    "KeyValueStoreTable": "`[key_value_stores.NAME]`",
    "CachePolicyTable": "`[cache_policies.NAME]`",
    "OriginRequestPolicyTable": "`[origin_request_policies.NAME]`",
    "ResponseHeadersPolicyTable": "`[response_headers_policies.NAME]`",
    "CorsTable": "`[response_headers_policies.NAME.cors]`",
    "SecurityTable": "`[response_headers_policies.NAME.security]`",
    "StrictTransportSecurityTable": "`strict_transport_security`",
    "ContentTypeOptionsTable": "`content_type_options`",
    "FrameOptionsTable": "`frame_options`",
    "ReferrerPolicyTable": "`referrer_policy`",
    "ContentSecurityPolicyTable": "`content_security_policy`",
    "XssProtectionTable": "`xss_protection`",
    "CustomHeaderTable": "`[[response_headers_policies.NAME.custom]]`",
    "ServerTimingTable": "`[response_headers_policies.NAME.server_timing]`",
    "DefaultBehaviorTable": "`[default_behavior]`",
    "BehaviorTable": "`[[behaviors]]`",
    "FunctionUse": "A function at a point",
    "ErrorResponseTable": "`[[error_responses]]`",
    "GeoRestrictionTable": "`[geo_restriction]`",
    "PublicKeyTable": "`[public_keys.NAME]`",
    "KeyGroupTable": "`[key_groups.NAME]`",
    "AccessLogTable": "`[access_log]`",
    "Rfc9111Table": "`[rfc9111]`",
    "StoreTable": "`[store]`",
    "ExceptNames": "All but some names",
    "AllViewerAnd": "All viewer headers, and more",
}


def main() -> int:
    """Rewrite the pages that are not current, and name them."""
    for path, text in pages().items():
        if text != path.read_text():
            path.write_text(text)
            sys.stdout.write(f"{path.relative_to(DOCS.parent)} rewritten\n")
    return 0


def pages() -> dict[Path, str]:
    """Return every page that has generated parts, as it should be."""
    written = {path: path.read_text() for path in sorted(DOCS.rglob("*.md"))}
    return {path: PART.sub(_part, text) for path, text in written.items() if PART.search(text)}


def _part(match: re.Match[str]) -> str:
    return f"{match[1]}\n{PARTS[match[2]]().rstrip()}\n\n{match[3]}"


# ------------------------------------------------------------------------------ configuration


def configuration() -> str:
    """Return a table for each table of `edgerun.toml`."""
    schema = json_schema()
    parts = []
    for name, heading in TABLES.items():
        table = schema["$defs"][name] if name else schema
        parts.append(f"### {heading}\n\n{table['description']}\n\n" + _keys(table, schema))
    return "\n\n".join(parts)


def _keys(table: dict[str, Any], schema: dict[str, Any]) -> str:
    required = table.get("required", [])
    rows = [
        (f"`{name}`", _type(key), _default(key, name in required), key["description"])
        for name, key in table["properties"].items()
        if not _repeated(name, table, schema)
    ]
    same = [f"`{name}`" for name in table["properties"] if _repeated(name, table, schema)]
    parts = [_table(("key", "value", "default", "meaning"), rows)] if rows else []
    parts += [f"Described above: {', '.join(same)}."] if same else []
    return "\n\n".join(parts)


def _repeated(name: str, table: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Tell whether a key is described with another table already: the default behavior's, or the file's."""
    owner = {"BehaviorTable": schema["$defs"]["DefaultBehaviorTable"], "DistributionTable": schema}
    return name in owner.get(table["title"], {}).get("properties", {})


def _type(key: dict[str, Any]) -> str:
    choices = key.get("anyOf") or key.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(each) for each in choices if each.get("type") != "null"))
    if "$ref" in key:
        return f"table, see {TABLES[key['$ref'].rpartition('/')[2]]}"
    if "const" in key:
        return _toml(key["const"])
    if "enum" in key:
        return ", ".join(_toml(each) for each in key["enum"])
    match key["type"]:
        case "array":
            one = _type(key["items"])
            plain = one if "enum" in key["items"] else f"{one}s"
            return one.replace("table", "list of tables", 1) if "$ref" in key["items"] else f"list of {plain}"
        case "object":
            return f"tables by name, see {TABLES[ref]}" if (ref := _ref(key)) else "table of strings"
        case "integer" | "number":
            return "number" + _range(key)
        case kind:
            return str(kind)


def _ref(key: dict[str, Any]) -> str:
    return str(key["additionalProperties"].get("$ref", "")).rpartition("/")[2]


def _range(key: dict[str, Any]) -> str:
    if "maximum" in key:
        return f", {key['minimum']} to {key['maximum']}"
    return f", at least {key['minimum']}" if "minimum" in key else ""


def _default(key: dict[str, Any], required: bool) -> str:
    if required or key["description"].startswith("Required"):
        return "required"
    default = key.get("default")
    return "" if default in (None, "") else _toml(default)


def _toml(value: object) -> str:
    return f"`{json.dumps(value)}`"


def policies() -> str:
    """Return the managed policies with their ids."""
    rows = [
        (kind, f"`{policy.name}`", f"`{policy.id}`")
        for kind, known in (
            ("cache", CACHE_POLICIES),
            ("origin request", ORIGIN_REQUEST_POLICIES),
            ("response headers", RESPONSE_HEADERS_POLICIES),
        )
        for policy in known
    ]
    return _table(("kind", "name", "id"), rows)


# ------------------------------------------------------------------------------ commands


def commands() -> str:
    """Return the help of every command."""
    parts = [_help(cli, "edgerun")]
    parts += [_help(cli.get_command(click.Context(cli), name), f"edgerun {name}") for name in COMMANDS]
    return "\n\n".join(parts)


def _help(command: click.Command | None, name: str) -> str:
    assert command is not None
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=name, **settings)  # type: ignore[arg-type]
    return f"### `{name}`\n\n```text\n{command.get_help(context)}\n```"


def line() -> str:
    """Return the console's line for a request."""
    out = io.StringIO()
    visit = SimpleNamespace(
        id="CF22p0LVRgHf-S40PHNsm2OTmQ5f3YgKeKnYoRhAfVa_fn7PRIcoOw==",
        request=Request(method="GET", path=b"/index.html"),
        ran=["viewer-request", "viewer-response"],
        utilization=None,
        failover="",
        started=0.0,
        distribution=None,
        behavior=None,
    )
    obtained = SimpleNamespace(word="Miss", detailed="")
    answered = events.Answered(visit, obtained, 200, bytes_sent=512, complete=True, ready=0.001, at=0.0011)
    Console(out)(answered)
    return f"```text\n{out.getvalue().rstrip()}\n```"


# ------------------------------------------------------------------------------ events


def event_list() -> str:
    """Return every event with its fields, from the docstrings."""
    return "\n\n".join(_event(cls) for cls in events.Event.__args__)


def _event(cls: type) -> str:
    text, _, attributes = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:")
    said = dict(re.findall(r"^ {4}(\w+): (.+)$", attributes, re.MULTILINE))
    rows = [
        (f"`{name}`", f"`{_annotation(kind)}`", said.get(name, "")) for name, kind in events.field_types(cls).items()
    ]
    columns = ("field", "type", "meaning") if said else ("field", "type")
    table = _table(columns, [row[: len(columns)] for row in rows])
    return f"### `{cls.__name__}`\n\n{_sentences(text)}\n\n{table}"


def _annotation(given: object) -> str:
    return given.__name__ if isinstance(given, type) and not hasattr(given, "__args__") else str(given)


# ------------------------------------------------------------------------------ rules and drawing


def rules(table: Mapping[str, Rule] = RULES) -> str:
    """Return the rules of a dialect as one table."""
    rows = [(rule.id, rule.title, rule.section, *_levels(rule), rule.fix) for rule in table.values()]
    return _table(("id", "what must be", "section", "if broken", "with --lenient", "way out"), rows)


def _levels(rule: Rule) -> tuple[str, str]:
    told = levels(rule)
    lenient = told["lenient"] if told["lenient"] != "refused" else "502"
    return "warning" if rule.forgiven else "502", lenient


def samples(table: Mapping[str, Rule] = RULES) -> str:
    """Return a failing and a passing line of a function for each rule of a dialect."""
    rows = [
        (rule.id, rule.sample.point, f"`{rule.sample.failing}`", f"`{rule.sample.passing}`") for rule in table.values()
    ]
    return _table(("id", "at", "breaks it", "keeps it"), rows)


def limits() -> str:
    """Return the limits of §8."""
    rows = [
        (limit.name, limit.viewer, limit.origin, "yes" if limit.enforced else "no", f"`{limit.source}`")
        for limit in LIMITS
    ]
    return _table(("limit", "viewer points", "origin points", "enforced", "page of the guide"), rows)


def readings() -> str:
    """Return the open readings as a list: what each level takes."""
    return "\n".join(map(_reading, READINGS.values()))


def _reading(reading: Reading) -> str:
    taken = f"always *{reading.default}*"
    if not reading.fixed:
        words = {"default": reading.default, "pedantic": reading.pedantic, "lenient": reading.lenient}
        taken = ", ".join(f"{level} *{word}*" for level, word in words.items())
    return f"- `{reading.name}` ({reading.section}): {reading.question} Taken: {taken}."


def drawing() -> str:
    """Return the drawing at the top of the pipeline."""
    tree = ast.parse(Path(inspect.getfile(pipeline)).read_text())
    paragraphs = (ast.get_docstring(tree) or "").split("\n\n")
    drawn = next(paragraph for paragraph in paragraphs if "▶" in paragraph)
    return f"```text\n{textwrap.dedent(drawn).rstrip()}\n```"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    def row(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([row(columns), row(("---",) * len(columns)), *map(row, rows)])


def _sentences(text: str) -> str:
    """Return prose with one sentence per line."""
    return "\n\n".join("\n".join(_cut(" ".join(part.split()))) for part in text.strip().split("\n\n"))


def _cut(text: str) -> Iterator[str]:
    yield from re.split(r"(?<=\.) (?=[A-Z`])", text)


PARTS: Final[dict[str, Callable[[], str]]] = {
    "configuration": configuration,
    "policies": policies,
    "commands": commands,
    "line": line,
    "events": event_list,
    "rules": rules,
    "samples": samples,
    "cloudfront_rules": partial(rules, CLOUDFRONT_RULES),
    "cloudfront_samples": partial(samples, CLOUDFRONT_RULES),
    "limits": limits,
    "readings": readings,
    "drawing": drawing,
}

if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    sys.exit(main())
