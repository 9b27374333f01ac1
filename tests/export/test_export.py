"""`edgerun export cloudformation`: a template that deploys the same, which cfn-lint finds no fault in."""

import io
import json
import zipfile

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgerun.cli.root import cli
from edgerun.config.build import build
from edgerun.config.exporters.cloudformation import export
from edgerun.config.exporters.functions import stands_alone, zipped
from edgerun.config.faults import Source
from edgerun.config.load import load

FULL = """
aliases = ["shop.example.com", "*.shop.example.com"]
default_root_object = "index.html"

[geo_restriction]
restriction_type = "whitelist"
locations = ["DE", "AT"]

[origins.site]
directory = "site"
list_bucket = true
custom_headers = { X-From-Edge = "1" }

[origins.old-site]
directory = "site"
website = true
error_document = "404.html"

[origins.api]
url = "http://127.0.0.1:3000"
read_timeout = 20

[origins.partner]
url = "https://partner.example.org"
path = "/v2"
response_completion_timeout = 60

[origins.own]
function = "neighbours"

[origins.balanced]
function = "neighbours"
payload = "alb"

[origin_groups.both]
primary = "site"
secondary = "old-site"
status_codes = [500, 503]

[functions.ab]
handler = "ab.py:handler"

[functions.neighbours]
handler = "many/main.py:handler"
timeout = 10

[functions.headers]
handler = "headers.js:handler"
runtime = "nodejs"

[functions.light]
handler = "light.js"
runtime = "cloudfront-js-2.0"
key_value_store = "words"

[key_value_stores.words]
file = "store.json"

[cache_policies.by-variant]
min_ttl = 1
default_ttl = 60
max_ttl = 600
cookies = ["variant"]
query_strings = { except = ["utm_source"] }
headers = ["CloudFront-Viewer-Country"]
gzip = true
brotli = true

[origin_request_policies.everything]
headers = "all_viewer"
cookies = "all"
query_strings = "all"

[response_headers_policies.strict]
remove = ["X-Powered-By"]
custom = [{ header = "X-Shop", value = "1", override = true }]
server_timing = { enabled = true, sampling_rate = 50.0 }

[response_headers_policies.strict.cors]
allow_origins = ["https://a.example"]
allow_methods = ["GET"]
allow_headers = ["*"]
expose_headers = ["X-Shop"]
max_age = 600
origin_override = true

[response_headers_policies.strict.security.strict_transport_security]
max_age = 31536000
include_subdomains = true
override = true

[public_keys.one]
file = "public.pem"

[key_groups.members]
keys = ["one"]

[default_behavior]
origin = "both"
cache_policy = "by-variant"
viewer_protocol_policy = "redirect-to-https"
compress = true
viewer_request = "ab"
origin_request = "neighbours"
origin_response = "headers"
response_headers_policy = "strict"

[[behaviors]]
path_pattern = "/api/*"
origin = "api"
cache_policy = "CachingDisabled"
origin_request_policy = "AllViewerExceptHostHeader"
allowed_methods = "all"
origin_request = { function = "neighbours", include_body = true }

[[behaviors]]
path_pattern = "/partner/*"
origin = "partner"
cache_policy = "CachingOptimized"
origin_request_policy = "everything"

[[behaviors]]
path_pattern = "/own/*"
origin = "own"
cache_policy = "CachingDisabled"

[[behaviors]]
path_pattern = "/balanced/*"
origin = "balanced"
cache_policy = "CachingDisabled"

[[behaviors]]
path_pattern = "/members/*"
origin = "site"
cache_policy = "CachingOptimized"
trusted_key_groups = ["members"]
viewer_request = "light"

[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"

[[error_responses]]
error_code = 503
error_caching_min_ttl = 0
"""
PASSING = "def handler(event, context):\n    return event['Records'][0]['cf']['request']\n"
LIGHT = "function handler(event) {\n    return event.request;\n}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text("shop")
    (folder / "many").mkdir()
    (folder / "many/main.py").write_text("import words\n" + PASSING)
    (folder / "many/words.py").write_text("HELLO = 'hello'\n")
    (folder / "ab.py").write_text("import json\n" + PASSING)
    (folder / "headers.js").write_text("exports.handler = async (event) => event.Records[0].cf.response;\n")
    (folder / "light.js").write_text(LIGHT)
    (folder / "store.json").write_text('{"data": [{"key": "a", "value": "b"}]}')
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(pem)
    (folder / "edgerun.toml").write_text(FULL)
    return folder


@pytest.fixture(scope="module")
def exported(project):
    config = load(project / "edgerun.toml").config
    return export(config, config.distributions[0])


@pytest.fixture(scope="module")
def distribution(exported):
    return exported.template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]


def faults(template):
    from cfnlint.api import lint  # noqa: PLC0415  # heavy: only whoever runs these tests waits for it
    from cfnlint.config import ManualArgs  # noqa: PLC0415

    found = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))
    return [f"{each.rule.id} {each.path}: {each.message}" for each in found if each.rule.id.startswith("E")]


def test_cfn_lint_finds_no_error(exported):
    assert faults(exported.template) == []


def test_behaviors_keep_their_order_and_words(distribution):
    assert [each["PathPattern"] for each in distribution["CacheBehaviors"]] == [
        *("/api/*", "/partner/*", "/own/*", "/balanced/*", "/members/*")
    ]
    default = distribution["DefaultCacheBehavior"]
    assert (default["TargetOriginId"], default["ViewerProtocolPolicy"]) == ("both", "redirect-to-https")
    assert default["Compress"] is True
    assert default["CachePolicyId"] == {"Ref": "CachePolicyByVariant"}
    assert distribution["CacheBehaviors"][0]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def test_a_function_that_stands_alone_is_in_the_template(exported):
    properties = exported.template["Resources"]["FunctionAb"]["Properties"]
    assert properties["Code"]["ZipFile"].startswith("import json")
    assert (properties["Handler"], properties["Runtime"]) == ("index.handler", "python3.13")


def test_a_function_with_neighbours_is_an_archive(exported):
    assert exported.template["Resources"]["FunctionNeighbours"]["Properties"]["Code"] == {
        "S3Bucket": {"Ref": "CodeBucket"},
        "S3Key": "neighbours.zip",
    }
    with zipfile.ZipFile(io.BytesIO(exported.archives["neighbours.zip"])) as archive:
        assert archive.namelist() == ["main.py", "words.py"]


def test_versions_not_latest_stand_at_the_points(distribution):
    used = distribution["DefaultCacheBehavior"]["LambdaFunctionAssociations"]
    assert {each["EventType"]: each["LambdaFunctionARN"] for each in used} == {
        "viewer-request": {"Ref": "FunctionAbVersion"},
        "origin-request": {"Ref": "FunctionNeighboursVersion"},
        "origin-response": {"Ref": "FunctionHeadersVersion"},
    }
    assert distribution["CacheBehaviors"][0]["LambdaFunctionAssociations"][0]["IncludeBody"] is True


def test_a_cloudfront_function_with_its_store(exported, distribution):
    properties = exported.template["Resources"]["EdgeFunctionLight"]["Properties"]
    assert properties["FunctionCode"] == LIGHT
    assert properties["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert distribution["CacheBehaviors"][4]["FunctionAssociations"][0]["EventType"] == "viewer-request"


def test_a_folder_becomes_a_bucket_that_only_cloudfront_reads(exported, distribution):
    site = next(each for each in distribution["Origins"] if each["Id"] == "site")
    assert site["DomainName"] == {"Fn::GetAtt": ["BucketSite", "RegionalDomainName"]}
    policy = exported.template["Resources"]["BucketSitePolicy"]["Properties"]["PolicyDocument"]
    assert [each["Action"] for each in policy["Statement"]] == ["s3:GetObject", "s3:ListBucket"]


def test_a_server_on_this_machine_becomes_a_parameter(exported, distribution):
    api = next(each for each in distribution["Origins"] if each["Id"] == "api")
    assert api["DomainName"] == {"Ref": "DomainNameApi"}
    assert "DomainNameApi" in exported.template["Parameters"]
    assert any("CloudFront cannot reach 127.0.0.1" in note for note in exported.notes)


def test_a_function_as_origin_gets_a_url_that_only_cloudfront_calls(exported, distribution):
    own = next(each for each in distribution["Origins"] if each["Id"] == "own")
    assert own["DomainName"]["Fn::Select"][1]["Fn::Split"][1] == {"Fn::GetAtt": ["UrlOwn", "FunctionUrl"]}
    assert exported.template["Resources"]["UrlOwn"]["Properties"]["AuthType"] == "AWS_IAM"
    balanced = next(each for each in distribution["Origins"] if each["Id"] == "balanced")
    assert balanced["DomainName"] == {"Ref": "DomainNameBalanced"}


def test_the_same_configuration_makes_the_same_template(project, exported):
    config = load(project / "edgerun.toml").config
    again = export(config, config.distributions[0])
    assert (again.template, again.archives) == (exported.template, exported.archives)


def test_the_command_writes_template_and_archives(project, tmp_path):
    target = tmp_path / "edge.json"
    done = CliRunner().invoke(cli, ["export", "cloudformation", "-c", str(project / "edgerun.toml"), "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert json.loads(target.read_text())["Resources"]["Distribution"]
    assert zipfile.is_zipfile(tmp_path / "edge-functions" / "neighbours.zip")
    assert "belongs into the bucket CodeBucket" in done.output


def test_an_access_log_is_left_out_with_a_note(tmp_path):
    (tmp_path / "edgerun.toml").write_text(
        '[origins.api]\nurl = "https://api.example"\n[access_log]\npath = "logs"\n'
        '[default_behavior]\norigin = "api"\ncache_policy = "CachingDisabled"\n'
    )
    config = load(tmp_path / "edgerun.toml").config
    made = export(config, config.distributions[0])
    assert "Logging" not in made.template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    [note] = [each for each in made.notes if "access log" in each]
    assert note.endswith("the access log is left out; CloudFront's Logging needs a bucket of yours")


def test_archives_need_a_place(project):
    done = CliRunner().invoke(cli, ["export", "cloudformation", "-c", str(project / "edgerun.toml")])
    assert done.exit_code == 2
    assert "give -o FILE: neighbours.zip" in done.output


def test_json_tells_everything(project):
    done = CliRunner().invoke(cli, ["export", "cloudformation", "-c", str(project / "edgerun.toml"), "--json"])
    said = json.loads(done.output)
    assert set(said) == {"template", "archives", "notes"}


@pytest.mark.parametrize(
    ("name", "text", "alone"),
    [
        ("a.py", "import json, urllib.parse", True),
        ("a.py", "import words", False),
        ("a.py", "from words import x", False),
        ("a.py", "from . import words", False),
        ("a.js", "const a = require('crypto')", True),
        ("a.js", "const a = require('./words')", False),
        ("a.mjs", "export const handler = 1", False),
    ],
)
def test_what_stands_alone(tmp_path, name, text, alone):
    (tmp_path / "words.py").write_text("")
    (tmp_path / name).write_text(text)
    assert stands_alone(tmp_path / name, tmp_path) == alone


def test_caches_and_hidden_state_are_not_packed(tmp_path):
    for name in ("a.py", "__pycache__/a.pyc", ".edgerun/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    with zipfile.ZipFile(io.BytesIO(zipped(tmp_path))) as archive:
        assert archive.namelist() == ["a.py"]


NAMES = st.text("abcXYZ019-_", min_size=1, max_size=12).filter(lambda name: name[0] not in "-_")
TTLS = st.tuples(*[st.integers(0, 100_000)] * 3).map(sorted)


@st.composite
def configurations(draw):
    low, middle, high = draw(TTLS)
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    policy = {
        "min_ttl": low,
        "default_ttl": middle,
        "max_ttl": max(high, 1),
        "cookies": draw(st.sampled_from(["none", "all", ["a", "b"], {"except": ["c"]}])),
        "query_strings": draw(st.sampled_from(["none", "all", ["q"], {"except": ["z"]}])),
        "headers": draw(st.sampled_from(["none", ["X-A"]])),
        "gzip": draw(st.booleans()),
        "brotli": draw(st.booleans()),
    }
    behaviors = [
        {
            "path_pattern": f"/{name}/*",
            "origin": draw(st.sampled_from(names)),
            "cache_policy": draw(st.sampled_from(["own", "CachingOptimized", "CachingDisabled"])),
            "allowed_methods": draw(st.sampled_from([["GET", "HEAD"], ["GET", "HEAD", "OPTIONS"], "all"])),
            "viewer_protocol_policy": draw(st.sampled_from(["allow-all", "https-only", "redirect-to-https"])),
            "compress": draw(st.booleans()),
        }
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    ]
    origins = {
        name: {"url": f"https://{n}.origin.example.org", "read_timeout": draw(st.integers(1, 60))}
        for n, name in enumerate(names)
    }
    return {
        "origins": origins,
        "cache_policies": {"own": policy},
        "behaviors": behaviors,
        "default_behavior": {"origin": names[0], "cache_policy": "own"},
        "error_responses": draw(st.sampled_from([[], [{"error_code": 404, "error_caching_min_ttl": 5}]])),
    }


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(configurations())
def test_any_configuration_makes_a_template_without_faults(tmp_path, data):
    config = build(Source(name="", data=data), base=tmp_path).config
    template = export(config, config.distributions[0]).template
    body = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert [each["Id"] for each in body["Origins"]] == list(dict.fromkeys(each["Id"] for each in body["Origins"]))
    assert len(body.get("CacheBehaviors", [])) == len(data["behaviors"])
    assert set(template["Resources"]) >= {"Distribution"}
