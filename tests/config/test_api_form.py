"""How the API tells what a configuration says of countries, logs and keys."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edgerun.distribution.api_form import distribution_config, distribution_summary

TOP = '[origins.api]\nurl = "http://h"\n'
BEHAVIOR = '[default_behavior]\norigin = "api"\ncache_policy = "CachingDisabled"\n'
ACCOUNT = "123456789012"


def form(read, text):
    return distribution_config(read(text).config.distributions[0], ACCOUNT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", {"RestrictionType": "none", "Quantity": 0}),
        (
            '[geo_restriction]\nrestriction_type = "blacklist"\nlocations = ["FR", "DE"]\n',
            {"RestrictionType": "blacklist", "Quantity": 2, "Items": ["DE", "FR"]},
        ),
    ],
)
def test_countries_in_config_and_summary(read, text, told):
    distribution = read(TOP + BEHAVIOR + text).config.distributions[0]
    assert distribution_config(distribution, ACCOUNT)["Restrictions"] == {"GeoRestriction": told}
    summary = distribution_summary(distribution, ACCOUNT, "E1", "2026-01-01T00:00:00Z")
    assert summary["Restrictions"] == {"GeoRestriction": told}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", (False, False, "")),
        ('[access_log]\npath = "logs/"\ninclude_cookies = true\nprefix = "shop"\n', (True, True, "shop/")),
        ('[access_log]\npath = "a.log"\nformat = "json"\n', (False, False, "")),
    ],
)
def test_the_standard_log_is_told_and_its_second_version_is_not(read, text, told):
    enabled, cookies, prefix = told
    assert form(read, TOP + BEHAVIOR + text)["Logging"] == {
        "Enabled": enabled,
        "IncludeCookies": cookies,
        "Bucket": "",
        "Prefix": prefix,
    }


def test_key_groups_are_told_by_their_ids(read, project):
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (project / "public.pem").write_bytes(pem)
    keys = '[public_keys.one]\nfile = "public.pem"\n[key_groups.members]\nkeys = ["one"]\n'
    text = TOP + keys + BEHAVIOR + 'trusted_key_groups = ["members"]\n'
    [group] = read(text).config.distributions[0].default_behavior.trusted_key_groups
    assert form(read, text)["DefaultCacheBehavior"]["TrustedKeyGroups"] == {
        "Enabled": True,
        "Quantity": 1,
        "Items": [group.id],
    }
    assert form(read, TOP + BEHAVIOR)["DefaultCacheBehavior"]["TrustedKeyGroups"] == {"Enabled": False, "Quantity": 0}
