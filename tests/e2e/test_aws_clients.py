"""boto3 and the aws command line against a running server, and its clock by `edgerun clock`."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from running import SITE, Running, clean_environment

from edgerun.cli.root import run

pytestmark = pytest.mark.process

CONFIG = """\
default_root_object = "index.html"
aliases = ["127.0.0.1"]

[origins.site]
directory = "public"

[origins.api]
url = "https://api.example.org:8443"
path = "/v1"
custom_headers = { X-Secret = "s" }

[functions.ab]
handler = "ab.py:handler"

[cache_policies.short]
max_ttl = 60
default_ttl = 60
gzip = true

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
compress = true
viewer_response = "ab"

[[behaviors]]
path_pattern = "/api/*"
origin = "api"
cache_policy = "short"
origin_request_policy = "AllViewerExceptHostHeader"
allowed_methods = "all"
viewer_protocol_policy = "redirect-to-https"
origin_request = { function = "ab", include_body = true }

[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"
error_caching_min_ttl = 5
"""
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "public").mkdir()
    for name in ("index.html", "a.html", "b.html"):
        (folder / "public" / name).write_text(f"<p>{name}</p>" * 100)
    (folder / "ab.py").write_text("def handler(event, _):\n    return event['Records'][0]['cf'].get('response')\n")
    (folder / "edgerun.toml").write_text(CONFIG)
    with Running("dev", "--port", "0", "--ui-port", "0", "--json", cwd=folder).ready() as running:
        running.folder = folder
        running.admin = json.loads((folder / ".edgerun" / "server.json").read_text())["url"]
        yield running


@pytest.fixture(scope="module")
def client(server):
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    return session.client("cloudfront", endpoint_url=server.admin, config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="module")
def distribution_id(client):
    (found,) = client.list_distributions()["DistributionList"]["Items"]
    return found["Id"]


def aws(server, *arguments):
    """Run the aws command line; return what it prints as JSON."""
    program = Path(sys.executable).with_name("aws")
    command = [program, "--endpoint-url", server.admin, "--output", "json", "cloudfront", *arguments]
    environment = clean_environment() | KEYS | {"HOME": str(server.folder), "AWS_MAX_ATTEMPTS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def edgerun(capsys):
    """Return what runs a command in this process: its exit code, what it printed, what it complained of."""

    def run_here(folder, *arguments):
        code = run([*arguments, "--config", str(folder / "edgerun.toml")])
        return code, *capsys.readouterr()

    return run_here


# ---------------------------------------------------------------- boto3


def test_distributions_are_listed(client):
    listed = client.list_distributions()["DistributionList"]
    (found,) = listed["Items"]
    assert (listed["Quantity"], listed["IsTruncated"], found["Status"]) == (1, False, "Deployed")
    assert found["DomainName"].endswith(".cloudfront.net")
    assert found["ARN"] == f"arn:aws:cloudfront::123456789012:distribution/{found['Id']}"
    assert found["Aliases"] == {"Quantity": 1, "Items": ["127.0.0.1"]}
    assert [page["DistributionList"]["Quantity"] for page in client.get_paginator("list_distributions").paginate()] == [
        1
    ]


def test_a_distribution_is_told_as_it_is_configured(client, distribution_id):
    told = client.get_distribution(Id=distribution_id)
    config = client.get_distribution_config(Id=distribution_id)
    assert told["ETag"] == config["ETag"]
    assert told["Distribution"]["DistributionConfig"] == config["DistributionConfig"]
    assert told["Distribution"]["InProgressInvalidationBatches"] == 0
    found = config["DistributionConfig"]
    assert (found["DefaultRootObject"], found["Enabled"]) == ("index.html", True)
    site, api = sorted(found["Origins"]["Items"], key=lambda origin: origin["Id"], reverse=True)
    assert site["S3OriginConfig"]["OriginAccessIdentity"] == ""
    assert api["CustomHeaders"]["Items"] == [{"HeaderName": "X-Secret", "HeaderValue": "s"}]
    assert (api["DomainName"], api["OriginPath"]) == ("api.example.org", "/v1")
    assert (api["CustomOriginConfig"]["HTTPSPort"], api["CustomOriginConfig"]["OriginProtocolPolicy"]) == (
        8443,
        "https-only",
    )
    default, (behavior,) = found["DefaultCacheBehavior"], found["CacheBehaviors"]["Items"]
    assert (default["Compress"], default["CachePolicyId"]) == (True, "658327ea-f89d-4fab-a63d-7e88639e58f6")
    assert default["LambdaFunctionAssociations"]["Items"] == [
        {
            "LambdaFunctionARN": "arn:aws:lambda:us-east-1:123456789012:function:ab:1",
            "EventType": "viewer-response",
            "IncludeBody": False,
        }
    ]
    assert (behavior["PathPattern"], behavior["ViewerProtocolPolicy"]) == ("/api/*", "redirect-to-https")
    assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert (behavior["AllowedMethods"]["Quantity"], behavior["AllowedMethods"]["CachedMethods"]["Items"]) == (
        7,
        ["GET", "HEAD"],
    )
    assert behavior["LambdaFunctionAssociations"]["Items"][0]["IncludeBody"] is True
    assert found["CustomErrorResponses"]["Items"] == [
        {"ErrorCode": 404, "ResponsePagePath": "/index.html", "ResponseCode": "200", "ErrorCachingMinTTL": 5}
    ]


def test_an_invalidation_by_boto3_makes_the_next_request_a_miss(server, client, distribution_id):
    for path in ("/a.html", "/b.html"):
        server.ask(path)
        assert server.ask(path).cache == "Hit"
    batch = {"Paths": {"Quantity": 1, "Items": ["/a*"]}, "CallerReference": "one"}
    created = client.create_invalidation(DistributionId=distribution_id, InvalidationBatch=batch)
    one = created["Invalidation"]
    assert (one["Status"], one["InvalidationBatch"]) == ("InProgress", batch)
    assert created["Location"].endswith(one["Id"])
    assert [server.ask(path).cache for path in ("/a.html", "/b.html")] == ["Miss", "Hit"]
    client.get_waiter("invalidation_completed").wait(DistributionId=distribution_id, Id=one["Id"])
    again = client.create_invalidation(DistributionId=distribution_id, InvalidationBatch=batch)["Invalidation"]
    assert (again["Id"], again["Status"], again["CreateTime"]) == (one["Id"], "Completed", one["CreateTime"])
    listed = client.list_invalidations(DistributionId=distribution_id)["InvalidationList"]
    assert one["Id"] in [found["Id"] for found in listed["Items"]]


def test_refusals_are_boto3s_own_exceptions(client, distribution_id):
    with pytest.raises(client.exceptions.NoSuchDistribution):
        client.get_distribution(Id="EOTHER")
    with pytest.raises(client.exceptions.NoSuchInvalidation):
        client.get_invalidation(DistributionId=distribution_id, Id="IOTHER")
    wrong = {"Paths": {"Quantity": 2, "Items": ["/a"]}, "CallerReference": "two"}
    with pytest.raises(client.exceptions.InconsistentQuantities):
        client.create_invalidation(DistributionId=distribution_id, InvalidationBatch=wrong)
    with pytest.raises(ClientError, match="NotImplemented"):
        client.delete_distribution(Id=distribution_id)


# ---------------------------------------------------------------- the aws command line


def test_an_invalidation_by_the_aws_command_line(server, distribution_id):
    server.ask("/b.html")
    assert server.ask("/b.html").cache == "Hit"
    created = aws(server, "create-invalidation", "--distribution-id", distribution_id, "--paths", "/b.html", "/c")
    assert created["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] == ["/b.html", "/c"]
    assert server.ask("/b.html").cache == "Miss"


def test_a_distribution_by_the_aws_command_line(server, distribution_id):
    told = aws(server, "get-distribution-config", "--id", distribution_id)
    assert told["DistributionConfig"]["Aliases"]["Items"] == ["127.0.0.1"]


# ---------------------------------------------------------------- edgerun clock


def test_the_clock_is_moved_by_a_command(server, edgerun):
    server.ask("/index.html")
    before = int(server.ask("/index.html").headers["age"])
    code, out, _ = edgerun(server.folder, "clock", "+90s")
    assert (code, out.partition(", ")[2]) == (0, "moved by +1m 30s\n")
    hit = server.ask("/index.html")
    assert hit.cache == "Hit"
    assert before + 90 <= int(hit.headers["age"]) < before + 180
    reset = json.loads(edgerun(server.folder, "clock", "reset", "--json")[1])
    assert (reset["moved_by"], reset["offset"], reset["movable"]) == (0.0, "", True)
    assert reset["invalidated"] > 0
    assert edgerun(server.folder, "clock")[1].endswith(", the time of the machine\n")


def test_the_clock_goes_back_and_empties_the_cache(server, edgerun):
    server.ask("/index.html")
    _, out, _ = edgerun(server.folder, "clock", "-1h")
    moved, forgotten = out.splitlines()
    assert moved.endswith(", moved by -1h")
    assert forgotten.endswith("invalidated: stored later than it is now")
    assert server.ask("/index.html").cache == "Miss"
    edgerun(server.folder, "clock", "reset")


def test_a_clock_is_not_moved_by_what_is_no_time(server, edgerun):
    code, _, complaint = edgerun(server.folder, "clock", "soon")
    assert code == 2
    assert "'soon' moves no clock: expected +1h" in complaint


def test_serve_refuses_to_move_its_clock(tmp_path, edgerun):
    (tmp_path / "public").mkdir()
    (tmp_path / "edgerun.toml").write_text(SITE)
    with Running("serve", "--port", "0", "--ui-port", "0", "--json", cwd=tmp_path).ready():
        code, _, complaint = edgerun(tmp_path, "clock", "+1h")
        assert code == 2
        assert "only edgerun dev has a clock that can be moved" in complaint
        assert edgerun(tmp_path, "clock")[1].endswith(", the time of the machine\n")


def test_without_a_server_the_clock_says_how_to_get_one(tmp_path, edgerun):
    code, _, complaint = edgerun(tmp_path, "clock")
    assert code == 2
    assert "start one with edgerun dev" in complaint
