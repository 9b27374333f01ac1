"""CloudFormation templates: intrinsic functions, parameters, functions' code, and what is told of them."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from edgerun.config.importers.document import of_yaml
from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import imported
from edgerun.config.importers.node import plain
from edgerun.config.importers.report import Report
from edgerun.config.importers.template import Template
from edgerun.config.load import Overrides, load
from edgerun.errors import ConfigError

HEAD = """\
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Ports: {Type: CommaDelimitedList, Default: "80, 443"}
  Needed: {Type: String}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /a/b}
Mappings:
  Hosts: {dev: {Name: dev.example.com}, prod: {Name: example.com}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Dev: !Not [Condition: Prod]
  Both: !And [!Condition Prod, !Condition Dev]
  Either: !Or [!Condition Prod, !Condition Dev]
  Round: !Not [!Condition Round]
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Named: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${Stage}-Files"}}
  Api: {Type: "AWS::ApiGateway::RestApi"}
  Fn: {Type: "AWS::Lambda::Function", Properties: {FunctionName: !Sub "auth-${Stage}"}}
  Version: {Type: "AWS::Lambda::Version", Properties: {FunctionName: !GetAtt Fn.Arn}}
  Sam: {Type: "AWS::Serverless::Function"}
  Edge: {Type: "AWS::CloudFront::Function", Properties: {Name: edge}}
  Store: {Type: "AWS::CloudFront::KeyValueStore", Properties: {Name: store}}
  Policy: {Type: "AWS::CloudFront::CachePolicy"}
"""
ARN = "arn:aws:lambda:us-east-1:123456789012:function"


def template_of(text: str, **parameters: str) -> Template:
    root = of_yaml(HEAD + text, "t.yaml")
    return Template(root=root, folder=Path(), stack="shop", parameters=parameters, report=Report())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("!Ref Stage", "dev", id="parameter"),
        pytest.param("Ref: Stage", "dev", id="long form"),
        pytest.param("!Ref Ports", ["80", "443"], id="list parameter"),
        pytest.param("!Ref AWS::StackName", "shop", id="stack name"),
        pytest.param("!Ref AWS::Region", "us-east-1", id="region"),
        pytest.param("[a, !Ref AWS::NoValue, b]", ["a", "b"], id="no value in a list"),
        pytest.param("{a: !Ref AWS::NoValue, b: 1}", {"b": 1}, id="no value in an object"),
        pytest.param("!Ref Bucket", "bucket", id="bucket"),
        pytest.param("!GetAtt Named.RegionalDomainName", "dev-files.s3.us-east-1.amazonaws.com", id="bucket host"),
        pytest.param("Fn::GetAtt: [Bucket, DomainName]", "bucket.s3.amazonaws.com", id="GetAtt with a list"),
        pytest.param("Fn::GetAtt: Bucket.DomainName", "bucket.s3.amazonaws.com", id="GetAtt with a text"),
        pytest.param("!Ref Version", f"{ARN}:auth-dev:1", id="version"),
        pytest.param("!Ref Sam.Version", f"{ARN}:Sam:1", id="SAM's version"),
        pytest.param("!GetAtt Edge.FunctionARN", "arn:aws:cloudfront::123456789012:function/edge", id="function ARN"),
        pytest.param("!GetAtt Store.Arn", "arn:aws:cloudfront::123456789012:key-value-store/store", id="store ARN"),
        pytest.param("!Ref Policy", "Policy", id="policy"),
        pytest.param("!Sub 'a-${Stage}-${Bucket.DomainName}'", "a-dev-bucket.s3.amazonaws.com", id="Sub"),
        pytest.param("!Sub '${!Literal}'", "${Literal}", id="Sub leaves what is marked"),
        pytest.param("!Sub ['${X}/${Stage}', {X: !Ref Stage}]", "dev/dev", id="Sub with values"),
        pytest.param("!Join ['.', [a, !Ref Stage]]", "a.dev", id="Join"),
        pytest.param("!Join ['-', !Ref Ports]", "80-443", id="Join of a parameter"),
        pytest.param("!Select [1, !Split ['/', 'a/b/c']]", "b", id="Select and Split"),
        pytest.param("!FindInMap [Hosts, !Ref Stage, Name]", "dev.example.com", id="FindInMap"),
        pytest.param("!FindInMap [Hosts, none, Name, {DefaultValue: x}]", "x", id="FindInMap with a default"),
        pytest.param("!If [Prod, a, b]", "b", id="If"),
        pytest.param("!If [Dev, a, b]", "a", id="Not"),
        pytest.param("!If [Both, a, b]", "b", id="And"),
        pytest.param("!If [Either, a, b]", "a", id="Or"),
        pytest.param("!Base64 abc", "YWJj", id="Base64"),
    ],
)
def test_an_intrinsic_function_gives_what_the_template_says(text, value):
    template = template_of(f"X:\n  {text}\n" if text.startswith(("Ref:", "Fn::")) else f"X: {text}\n")
    found = template.resolved(template.root.get("X"))

    template.report.check()
    assert found is not None
    assert plain(found) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("!Ref Stagee", "'Stagee' is neither a parameter nor a resource; did you mean 'Stage'?", id="name"),
        pytest.param("!Ref Needed", "parameter Needed has no default: say --parameter Needed=VALUE", id="no default"),
        pytest.param("!Ref Stored", "parameter Stored is kept in the Systems Manager: say --parameter", id="stored"),
        pytest.param("!ImportValue x", "an export of another stack is known on AWS only", id="ImportValue"),
        pytest.param("{'Fn::Transform': {Name: x}}", "a macro runs on AWS only", id="macro"),
        pytest.param("!Sup x", "Fn::Sup is no function of CloudFormation; did you mean 'Fn::Sub'?", id="no function"),
        pytest.param("!FindInMap [Hosts, deb, Name]", "there is no 'deb'; did you mean 'dev'?", id="no such key"),
        pytest.param("!Select [7, [a]]", "there is no item 7 of 1", id="no such item"),
        pytest.param("!If [Prid, a, b]", "'Prid' is no condition; did you mean 'Prod'?", id="no condition"),
        pytest.param("!If [Round, a, b]", "'Round' depends on itself", id="a condition of itself"),
        pytest.param("!Join [a]", "Fn::Join: expected a list of '2'", id="arguments"),
        pytest.param("!Sub '${Ports}'", "'Ports' is a list", id="a list in a text"),
    ],
)
def test_what_cannot_be_worked_out_is_told_once_at_its_place(text, said):
    template = template_of(f"X: {text}\n")

    assert template.resolved(template.root.get("X")) is None or "depends" in said or "condition" in said
    (line,) = map(str, template.report.of("refused"))
    assert line.startswith("t.yaml:")
    assert said in line


def test_what_aws_alone_knows_stays_marked_through_functions():
    template = template_of("X: !Select [2, !Split ['/', !Sub 'https://${Api}.execute-api/${Api.RootResourceId}']]\n")
    found = template.resolved(template.root.get("X"))

    assert found is not None
    assert found.unknown == "Api"


def test_an_import_is_found_among_the_templates_of_the_same_app():
    one, other = (
        template_of("X: !ImportValue shared\n"),
        template_of("Outputs: {A: {Value: !Ref Stage, Export: {Name: shared}}}\n"),
    )
    one.beside = other.beside = [one, other]
    found = one.resolved(one.root.get("X"))

    assert found is not None
    assert found.text == "dev"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(
            "{a: 1, b: 010, c: 1:30, d: 2012-10-10, e: yes, f: ~}",
            {"a": 1, "b": "010", "c": "1:30", "d": "2012-10-10", "e": True, "f": None},
            id="scalars",
        ),
        pytest.param("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}, id="merge"),
    ],
)
def test_yaml_is_read_as_cloudformation_reads_it(text, value):
    assert plain(of_yaml(text, "t.yaml")) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a: [", "t.yaml:1:5: is not YAML", id="syntax"),
        pytest.param("a: 1\na: 2\n", "t.yaml:2: the key 'a' is there twice", id="twice"),
        pytest.param("- a", "expected an object", id="list"),
        pytest.param("[" * 500, "is nested too deeply", id="deep"),
        pytest.param("a: &a [*a]", "is not", id="an alias of itself"),
        pytest.param(
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
            "its aliases make it larger",
            id="billion laughs",
        ),
    ],
)
def test_yaml_that_cannot_be_read_is_refused(text, said):
    with pytest.raises(ConfigError, match=r"t\.yaml") as caught:
        of_yaml(text, "t.yaml")

    assert said in str(caught.value) or "nested" in str(caught.value)


DISTRIBUTION = """\
  Dist:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: api
            DomainName: {domain}
            CustomOriginConfig: {{OriginProtocolPolicy: https-only}}
        DefaultCacheBehavior:
          TargetOriginId: api
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          LambdaFunctionAssociations:
            - {{EventType: origin-request, LambdaFunctionARN: !Ref FnVersion}}
  FnVersion:
    Type: AWS::Lambda::Version
    Properties: {{FunctionName: !Ref Fn}}
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: {runtime}
      Handler: {handler}
      Code: {code}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def to_file(domain="api.example.com", runtime="python3.12", handler="index.handler", code="{ZipFile: 'x = 1'}"):
        text = "Resources:\n" + DISTRIBUTION.format(domain=domain, runtime=runtime, handler=handler, code=code)
        (tmp_path / "t.yaml").write_text(text)
        return Path("t.yaml")

    return to_file


def refusal(path: Path, **given) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, Overrides(given=Given(**given)))
    return str(caught.value)


def test_inline_code_is_kept_beside_the_template(write, tmp_path):
    config = load(write()).config

    root = Path(config.functions["Fn"].root)
    assert root.is_relative_to(tmp_path / ".edgerun/imports")
    assert (root / "index.py").read_text() == "x = 1"


def test_a_zip_file_is_unpacked_once(write, tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("pkg/main.py", "def handler(event, context): ...")
    (tmp_path / "code.zip").write_bytes(content.getvalue())

    first = load(write(handler="pkg.main.handler", code="code.zip")).config.functions["Fn"]
    again = load(Path("t.yaml")).config.functions["Fn"]

    assert first.handler == "pkg/main.handler"
    assert (Path(first.root) / "pkg/main.py").is_file()
    assert again == first


@pytest.mark.parametrize(
    ("name", "said"),
    [pytest.param("../evil.py", "it holds '../evil.py'", id="outside"), pytest.param("", "", id="no zip")],
)
def test_a_zip_file_that_cannot_be_trusted_is_refused(write, tmp_path, name, said):
    content = io.BytesIO()
    if name:
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(name, "x")
    (tmp_path / "code.zip").write_bytes(content.getvalue() or b"no zip")

    assert f"code.zip cannot be unpacked: {said}" in refusal(write(code="code.zip"))
    assert not list(tmp_path.glob("**/evil.py"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"runtime": "go1.x"}, "Lambda@Edge runs Node.js and Python only", id="runtime"),
        pytest.param(
            {"code": "{S3Bucket: b, S3Key: k.zip}"}, "its code is in a bucket (k.zip): say --code Fn=", id="S3"
        ),
        pytest.param({"code": "{ImageUri: x}"}, "its code is a container image: say --code Fn=", id="image"),
        pytest.param({"code": "./nowhere"}, "there is nothing at", id="no such folder"),
        pytest.param(
            {"domain": "!GetAtt Dist.Nothing"}, "Dist.Nothing is known on AWS only: say --origin api=", id="host"
        ),
        pytest.param({"handler": "other.handler"}, "there is no module 'other'", id="a native check"),
    ],
)
def test_what_cannot_be_served_is_told_at_its_place(write, changes, said):
    lines = refusal(write(**changes)).split("\n")

    assert any(said in line and line.startswith("t.yaml:") for line in lines)


def test_code_given_by_a_flag_is_taken_instead(write, tmp_path):
    (tmp_path / "auth.py").write_text("def main(event, context): ...")
    config = load(write(code="{S3Bucket: b, S3Key: k.zip}"), Overrides(given=Given(code={"Fn": "auth.py:main"}))).config

    assert config.functions["Fn"].handler == "auth.main"


def test_a_functions_url_of_sam_is_an_origin_that_runs_the_function(write, tmp_path):
    write(domain="!Select [2, !Split ['/', !GetAtt RenderUrl.FunctionUrl]]")
    (tmp_path / "app.py").write_text("def handler(event, context): ...")
    render = (
        "  Render:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionUrlConfig: {AuthType: NONE}\n"
    )
    render += "      Runtime: python3.12\n      Handler: app.handler\n      CodeUri: .\n      Timeout: 60\n"
    (tmp_path / "t.yaml").write_text(Path("t.yaml").read_text() + render)
    source = imported(Path("t.yaml"), Given()).source

    assert source.data["origins"]["api"]["function"] == "Render"
    assert load(Path("t.yaml")).config.functions["Render"].timeout == 60


def test_a_bucket_can_be_asked_where_it_is(write, tmp_path):
    write(domain="files.s3.eu-west-1.amazonaws.com")
    text = (
        Path("t.yaml")
        .read_text()
        .replace("CustomOriginConfig: {OriginProtocolPolicy: https-only}", "S3OriginConfig: {}")
    )
    (tmp_path / "t.yaml").write_text(text)
    origin = imported(Path("t.yaml"), Given(origins={"api": "s3://files"})).source.data["origins"]["api"]

    assert origin == {"bucket": "files", "region": "eu-west-1"}


def test_a_parameter_that_no_template_has_is_refused(write):
    assert "--parameter Stagee: is not a parameter of this template" in refusal(write(), parameters={"Stagee": "x"})


def test_a_template_in_json_is_the_same(write, tmp_path):
    done = imported(write(), Given())
    root = of_yaml(Path("t.yaml").read_text(), "t.yaml")
    (tmp_path / "t.json").write_text(json.dumps(plain(root)))

    assert imported(Path("t.json"), Given()).source.data == done.source.data
    assert done.format == "cloudformation"


def test_several_distributions_keep_their_names(write, tmp_path):
    write()
    text = Path("t.yaml").read_text()
    again = text.split("  FnVersion:")[0].removeprefix("Resources:\n").replace("  Dist:", "  Second:")
    (tmp_path / "t.yaml").write_text(
        text + again.replace("        Enabled: true\n", "        Enabled: true\n        Aliases: [b.example.com]\n")
    )
    config = load(Path("t.yaml")).config

    assert [each.name for each in config.distributions] == ["Dist", "Second"]
    assert sorted(config.origins) == ["Second-api", "api"]


def test_an_error_is_kept_for_300_seconds_where_a_template_does_not_say(write, tmp_path):
    write()
    text = Path("t.yaml").read_text()
    responses = "        CustomErrorResponses: [{ErrorCode: 404}, {ErrorCode: 500, ErrorCachingMinTTL: 7}]\n"
    (tmp_path / "t.yaml").write_text(text.replace("        Enabled: true\n", "        Enabled: true\n" + responses))
    loaded = load(Path("t.yaml"))

    pages = loaded.config.distributions[0].error_responses
    assert {code: page.error_caching_min_ttl for code, page in pages.items()} == {404: 300, 500: 7}
    assert any("CloudFormation's default is 300 seconds" in note for note in loaded.notes)
