"""What `aws cloudfront get-distribution-config` prints (`spec/cloudfront.md` §1.1)."""

import json
from pathlib import Path

import pytest

from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import imported
from edgerun.config.load import Overrides, load
from edgerun.errors import ConfigError

ORIGIN = {
    "Id": "api",
    "DomainName": "api.example.com",
    "CustomOriginConfig": {"HTTPPort": 8080, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
}
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
BEHAVIOR = {"TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": DISABLED}
FORWARDED = {"QueryString": False, "Cookies": {"Forward": "none"}}


def config(**changes):
    base = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [ORIGIN]},
        "DefaultCacheBehavior": BEHAVIOR,
    }
    return base | changes


def listed(*items):
    return {"Quantity": len(items), "Items": list(items)}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def to_file(data, name="dist.json") -> Path:
        (tmp_path / name).write_text(json.dumps(data, indent=1))
        return Path(name)

    return to_file


@pytest.fixture
def native(write):
    return lambda data, **given: imported(write(data), Given(**given)).source.data


@pytest.fixture
def refusal(write):
    def lines(data, **given):
        with pytest.raises(ConfigError) as caught:
            load(write(data), Overrides(given=Given(**given), origins=given.get("origins", {})))
        return str(caught.value).split("\n")

    return lines


@pytest.mark.parametrize(
    "wrapped",
    [
        pytest.param(config(), id="bare"),
        pytest.param({"ETag": "E1", "DistributionConfig": config()}, id="get-distribution-config"),
        pytest.param(
            {"ETag": "E1", "Distribution": {"Id": "E2EXAMPLE", "DistributionConfig": config()}}, id="get-distribution"
        ),
    ],
)
def test_a_distribution_is_read_in_each_of_its_wrappers(native, wrapped):
    data = native(wrapped)

    assert data["origins"]["api"]["url"] == "http://api.example.com:8080"
    assert data.get("id") == ("E2EXAMPLE" if "Distribution" in wrapped else None)


@pytest.mark.parametrize(
    ("behavior", "policy", "forwarded"),
    [
        pytest.param({}, {"headers": "none", "cookies": "none", "query_strings": "none"}, None, id="nothing"),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"QueryString": True}}, {"query_strings": "all"}, None, id="all queries"
        ),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"QueryString": True, "QueryStringCacheKeys": listed("q")}},
            {"query_strings": ["q"]},
            {"query_strings": "all"},
            id="listed queries make the key, all are forwarded",
        ),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"Headers": listed("Accept-Language")}},
            {"headers": ["Accept-Language"]},
            None,
            id="headers",
        ),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"Headers": listed("*")}, "MinTTL": 0},
            "CachingDisabled",
            {"headers": "all_viewer", "cookies": "none", "query_strings": "none"},
            id="all headers disable caching",
        ),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"Cookies": {"Forward": "all"}}, "DefaultTTL": 0, "MaxTTL": 0},
            "CachingDisabled",
            {"headers": "none", "cookies": "all", "query_strings": "none"},
            id="no TTL and cookies",
        ),
        pytest.param(
            {"ForwardedValues": FORWARDED | {"Headers": listed("Authorization")}, "DefaultTTL": 0, "MaxTTL": 0},
            {"headers": ["Authorization"], "max_ttl": 1},
            None,
            id="Authorization can be named by a policy that caches only",
        ),
        pytest.param({"Compress": True}, {"gzip": True}, None, id="gzip only where it compresses"),
        pytest.param({"MinTTL": 5, "DefaultTTL": 60, "MaxTTL": 90}, {"min_ttl": 5, "max_ttl": 90}, None, id="TTLs"),
    ],
)
def test_forwarded_values_become_policies_that_do_the_same(native, behavior, policy, forwarded):
    behavior = {"TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all", "ForwardedValues": FORWARDED} | behavior
    data = native(config(DefaultCacheBehavior=behavior))

    name = data["default_behavior"]["cache_policy"]
    if isinstance(policy, str):
        assert name == policy
    else:
        assert policy.items() <= data["cache_policies"][name].items()
    assert data.get("origin_request_policies", {}).get("default") == forwarded


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"DefaultCacheBehaviour": {}},
            "is not a key that CloudFront knows; did you mean 'DefaultCacheBehavior'?",
            id="unknown key",
        ),
        pytest.param({"Origins": listed({})}, "Id is missing", id="missing"),
        pytest.param({"Origins": {"Quantity": 3, "Items": [ORIGIN]}}, "Quantity is 3, and Items has 1", id="quantity"),
        pytest.param(
            {"DefaultCacheBehavior": BEHAVIOR | {"TargetOriginId": "app"}},
            "'app' is not an origin; did you mean 'api'?",
            id="unknown origin",
        ),
        pytest.param(
            {"DefaultCacheBehavior": BEHAVIOR | {"CachePolicyId": "x"}},
            "neither managed by AWS nor given: aws cloudfront get-cache-policy --id x > policy.json",
            id="unknown policy",
        ),
        pytest.param(
            {"DefaultCacheBehavior": {k: v for k, v in BEHAVIOR.items() if k != "CachePolicyId"}},
            "expected CachePolicyId, or ForwardedValues",
            id="no policy",
        ),
        pytest.param(
            {"Origins": listed({"Id": "api", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {}})},
            "is a bucket: say --origin api=FOLDER",
            id="a bucket needs a folder",
        ),
        pytest.param(
            {"Origins": listed(ORIGIN | {"ConnectionAttempts": 9})}, "expected 1 to 3, got 9", id="a native check"
        ),
        pytest.param(
            {
                "DefaultCacheBehavior": BEHAVIOR
                | {"TrustedSigners": {"Enabled": True, "Quantity": 1, "Items": ["self"]}}
            },
            "is not supported by this version of edgerun",
            id="not supported",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place_in_the_file(refusal, changes, said):
    lines = refusal(config(**changes))

    assert any(said in line for line in lines)
    assert all(line.startswith("dist.json:") for line in lines)


def test_a_native_check_names_the_key_of_the_file(refusal):
    (line,) = refusal(config(Origins=listed(ORIGIN | {"ConnectionAttempts": 9})))

    assert "Origins.Items[0].ConnectionAttempts: expected 1 to 3, got 9" in line


def test_an_origin_flag_that_fits_nothing_is_refused(refusal):
    (line,) = refusal(config(), origins={"apy": "http://127.0.0.1:1"})

    assert line == "--origin apy: 'apy' is not an origin; did you mean 'api'?"


def test_an_origin_asked_elsewhere_keeps_the_name_that_functions_see(native):
    data = native(config(), origins={"api": "http://127.0.0.1:3000"})

    assert data["origins"]["api"]["url"] == "http://127.0.0.1:3000"
    assert data["origins"]["api"]["domain_name"] == "api.example.com"


def test_an_origin_that_matches_the_viewer_is_asked_by_https_and_a_note_says_so(write):
    matching = ORIGIN | {
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 8443, "OriginProtocolPolicy": "match-viewer"}
    }
    done = imported(write(config(Origins=listed(matching))), Given())

    assert done.source.data["origins"]["api"]["url"] == "https://api.example.com:8443"
    assert ["match-viewer" in each.text for each in done.report.of("note")] == [True]


def test_the_only_origin_needs_no_name(native):
    assert native(config(), origins={"": "http://127.0.0.1:3000"})["origins"]["api"]["url"] == "http://127.0.0.1:3000"


def test_policies_beside_the_distribution_are_found_by_id(native, write):
    inside = {"EnableAcceptEncodingGzip": True}
    inside |= {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed("Accept")}}
    inside |= {"CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": listed("tracking")}}
    inside |= {"QueryStringsConfig": {"QueryStringBehavior": "all"}}
    policy = {"Name": "mine", "MinTTL": 1, "ParametersInCacheKeyAndForwardedToOrigin": inside}
    path = write({"CachePolicy": {"Id": "P1", "CachePolicyConfig": policy}}, "policy.json")

    data = native(config(DefaultCacheBehavior=BEHAVIOR | {"CachePolicyId": "P1"}), policies=(path,))

    assert data["default_behavior"]["cache_policy"] == "mine"
    assert data["cache_policies"]["mine"] == {
        "min_ttl": 1,
        "gzip": True,
        "headers": ["Accept"],
        "cookies": {"except": ["tracking"]},
        "query_strings": "all",
    }


def test_a_file_of_no_known_format_is_refused(write):
    with pytest.raises(ConfigError, match="none of the formats that can be imported"):
        imported(write({"a": 1}), Given())
