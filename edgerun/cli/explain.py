"""`edgerun explain`: what a rule says, what AWS says when it is broken, and how to keep it."""

import json

import click

from edgerun.config.faults import suggestion
from edgerun.functions.explained import record
from edgerun.functions.lambda_rule import Rule
from edgerun.functions.readings import READINGS
from edgerun.functions.rulebook import RULEBOOK


@click.command()
@click.argument("rule", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(*, rule: str | None, as_json: bool) -> int:
    """Explain RULE, such as L404 of Lambda@Edge or C301 of CloudFront Functions, or list all rules.

    What must be, what AWS says when it is not, what each level does, a line that breaks it and one that keeps it.
    """
    if rule is None:
        _list(as_json=as_json)
        return 0
    known = RULEBOOK.get(rule.upper())
    if known is None:
        raise click.UsageError(
            f"there is no rule {rule!r}{suggestion(rule, RULEBOOK) or '; edgerun explain lists them'}"
        )
    click.echo(json.dumps(record(known)) if as_json else "\n".join(text(known)))
    return 0


def text(rule: Rule) -> list[str]:
    """Return a rule's explanation in lines."""
    told = record(rule)
    rows = [("page", told["page"]), ("log", told["log"]), ("limit", rule.limit), ("fix", rule.fix)]
    rows += [(level, told[level]) for level in ("strict", "pedantic", "lenient")]
    if rule.reading:
        rows.append(("open", f"{READINGS[rule.reading].question} AWS does not say; the reading is {rule.reading}."))
    return [
        f"{rule.id}  {rule.title}",
        f"      {rule.dialect} specification {rule.section}",
        "",
        *(f"{name:<9} {said}" for name, said in rows if said),
        "",
        f"broken at {rule.sample.point}:",
        f"    {rule.sample.failing}",
        "kept:",
        f"    {rule.sample.passing}",
    ]


def _list(*, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([record(rule) for rule in RULEBOOK.values()]))
        return
    for rule in RULEBOOK.values():
        click.echo(f"{rule.id}  {rule.title}" + ("  (a warning unless --pedantic)" if rule.forgiven else ""))
