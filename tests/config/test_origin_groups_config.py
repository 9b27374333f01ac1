"""`[origin_groups.NAME]`: what is made of it, what is refused, how the API tells it."""

import pytest

from edgerun.distribution.api_form import distribution_config

TWO = '[origins.site]\ndirectory = "public"\n\n[origins.api]\nurl = "http://127.0.0.1:8080"\n'
GROUP = '[origin_groups.both]\nprimary = "api"\nsecondary = "site"\nstatus_codes = [500, 404]\n'
BEHAVIOR = '[default_behavior]\norigin = "both"\ncache_policy = "CachingOptimized"\n'


def test_a_behavior_names_a_group_as_its_origin(read):
    config = read(TWO + GROUP + BEHAVIOR).config
    behavior = config.distributions[0].default_behavior
    group = behavior.origin_group
    assert (group.name, group.primary, group.secondary) == ("both", config.origins["api"], config.origins["site"])
    assert group.status_codes == {404, 500}
    assert behavior.origin is group.primary


def test_the_api_tells_the_group_and_both_its_origins(read):
    found = distribution_config(read(TWO + GROUP + BEHAVIOR).config.distributions[0], "123456789012")
    assert found["OriginGroups"] == {
        "Quantity": 1,
        "Items": [
            {
                "Id": "both",
                "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [404, 500]}},
                "Members": {"Quantity": 2, "Items": [{"OriginId": "api"}, {"OriginId": "site"}]},
                "SelectionCriteria": "default",
            }
        ],
    }
    assert [origin["Id"] for origin in found["Origins"]["Items"]] == ["api", "site"]
    assert found["DefaultCacheBehavior"]["TargetOriginId"] == "both"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"api"', '"ap"', "7: origin_groups.both.primary: 'ap' is not an origin; did you mean 'api'?"),
        ('"site"', '"both"', "8: origin_groups.both.secondary: 'both' is not an origin"),
        (
            '"site"',
            '"api"',
            "8: origin_groups.both.secondary: expected another origin than the primary, got 'api'",
        ),
        ("[500, 404]", "[]", "9: origin_groups.both.status_codes: expected at least one status"),
        (
            "[500, 404]",
            "[200]",
            "9: origin_groups.both.status_codes[0]: expected 400, 403, 404, 416, 429, 500, 502, 503, 504, got 200",
        ),
        ("status_codes = [500, 404]", "", "6: origin_groups.both.status_codes: is missing"),
        ("origin_groups.both", "origin_groups.site", "6: origin_groups.site: 'site' is the name of an origin already"),
        ("primary", "primry", "7: origin_groups.both.primry: is not a key that edgerun knows; did you mean 'primary'?"),
    ],
)
def test_what_is_refused(refusal, old, new, said):
    lines = refusal(TWO + GROUP.replace(old, new) + BEHAVIOR)
    assert any(line.startswith(f"edgerun.toml:{said}") for line in lines), lines


def test_a_name_of_neither_is_told_as_such(refusal):
    (line,) = refusal(TWO + GROUP + BEHAVIOR.replace('"both"', '"booth"'))
    assert line.endswith("'booth' is not an origin or an origin group; did you mean 'both'?")


def test_more_groups_than_cloudfront_has_are_noted(read):
    more = "".join(GROUP.replace("both", f"both{n}") for n in range(10))
    (note,) = read(TWO + GROUP + more + BEHAVIOR).notes
    assert note.endswith("origin_groups: CloudFront's quota is 10 per distribution")
