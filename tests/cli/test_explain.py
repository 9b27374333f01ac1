"""`edgerun explain`: the rules, one by one and as a list."""

import json
from pathlib import Path

import pytest

from edgerun.functions.rulebook import RULEBOOK

ROOT = Path(__file__).parents[2]


def test_a_rule_is_explained_with_what_aws_says(command):
    ended = command("explain", "l401")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("L401  A disallowed header is not added\n      Lambda@Edge specification §7.1\n")
    assert "The Lambda function result failed validation: The function tried to add a blacklisted header." in ended.out
    assert "ERROR Validation error: Lambda function result failed validation, the function tried to add" in ended.out
    assert "Leave the header out: CloudFront keeps it for itself." in ended.out
    assert "lenient   the header is left out" in ended.out


@pytest.mark.parametrize("rule", RULEBOOK.values(), ids=lambda rule: rule.id)
def test_every_rule_has_its_samples_here_and_in_the_page(command, rule):
    told = command("explain", rule.id).out
    page = (ROOT / "docs/rules.md").read_text()
    for sample in (rule.sample.failing, rule.sample.passing):
        assert f"    {sample}\n" in told
        assert f"`{sample}`" in page
    assert rule.sample.point in told


def test_a_rule_of_cloudfront_functions_has_its_own_words(command):
    told = command("explain", "c501").out
    assert told.startswith("C501  uri is a string that begins with /\n      CloudFront Functions specification §2.1\n")
    assert "The CloudFront function returned an invalid value: {path} must begin with '/'." in told
    assert "\nlog " not in told


def test_an_open_reading_is_named(command):
    told = command("explain", "L308").out
    assert "strict    warning\npedantic  refused\nlenient   warning\n" in told
    assert "the reading is key_unlike_name" in told


def test_without_a_rule_all_are_listed(command):
    lines = command("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULEBOOK)


def test_rules_as_json(command):
    one = json.loads(command("explain", "L708", "--json").out)
    assert list(one) == [
        "rule", "title", "section", "page", "log", "limit", "fix", "reading",
        "strict", "pedantic", "lenient", "point", "failing", "passing",
    ]  # fmt: skip
    assert (one["rule"], one["strict"], one["lenient"]) == ("L708", "refused", "the response is let through")
    assert [each["rule"] for each in json.loads(command("explain", "--json").out)] == list(RULEBOOK)


@pytest.mark.parametrize(
    ("word", "says"),
    [("L4040", "did you mean 'L40"), ("401", "did you mean 'L401'"), ("xyzzy", "edgerun explain lists them")],
)
def test_an_unknown_rule_ends_with_2_and_a_hint(command, word, says):
    ended = command("explain", word)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
