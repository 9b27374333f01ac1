import json
import tomllib

import pytest

TEMPLATE = """\
Parameters:
  Host: {Type: String, Default: api.example.com}
Resources:
  Dist:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        PriceClass: PriceClass_100
        Origins:
          - Id: site
            DomainName: site.s3.amazonaws.com
            S3OriginConfig: {}
          - Id: api
            DomainName: !Ref Host
            CustomOriginConfig: {OriginProtocolPolicy: https-only}
        DefaultCacheBehavior:
          TargetOriginId: site
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
          FunctionAssociations:
            - EventType: viewer-request
              FunctionARN: !GetAtt Rewrite.FunctionARN
  Rewrite:
    Type: AWS::CloudFront::Function
    Properties:
      Name: rewrite
      AutoPublish: true
      FunctionConfig: {Comment: "", Runtime: cloudfront-js-2.0}
      FunctionCode: "function handler(event) { return event.request; }"
"""


@pytest.fixture
def template(project):
    (project / "template.yaml").write_text(TEMPLATE)
    return project / "template.yaml"


def test_import_prints_the_configuration_and_tells_apart_what_was_used_and_what_not(template, command):
    ended = command("import", "template.yaml", "--origin", "site=public")

    assert ended.code == 0
    assert tomllib.loads(ended.out)["origins"]["site"]["directory"] == "public"
    assert "used    template.yaml:7: Resources.Dist.Properties.DistributionConfig: distribution 'Dist'" in ended.err
    assert "PriceClass: is about where and what AWS bills" in ended.err


def test_import_writes_a_file_that_can_be_served_with_its_code_beside_it(template, command, project):
    ended = command("import", "template.yaml", "--origin", "site=public", "-o", "sub.toml")

    written = tomllib.loads((project / "sub.toml").read_text())
    assert (ended.code, ended.out) == (0, "")
    assert written["functions"]["rewrite"]["handler"].startswith("imported/rewrite-")
    assert command("check", "sub.toml").code == 0


def test_import_writes_json_where_the_file_is_called_so(template, command, project):
    command("import", "template.yaml", "--origin", "site=public", "-o", "sub.json")

    assert json.loads((project / "sub.json").read_text())["origins"]["site"]["directory"] == "public"


def test_import_writes_over_a_file_only_when_forced(template, command, project):
    refused = command("import", "template.yaml", "--origin", "site=public", "-o", "edgerun.toml")
    forced = command("import", "template.yaml", "--origin", "site=public", "-o", "edgerun.toml", "--force")

    assert (refused.code, forced.code) == (2, 0)
    assert "edgerun.toml: is there already; --force writes over it" in refused.err
    assert "rewrite" in (project / "edgerun.toml").read_text()


def test_import_tells_as_json_what_it_did(template, command):
    told = json.loads(command("import", "template.yaml", "--origin", "site=public", "--json").out)

    assert (told["ok"], told["format"]) == (True, "cloudformation")
    assert {"used", "ignored"} <= {each["kind"] for each in told["remarks"]}
    assert told["config"]["default_behavior"]["viewer_request"] == "rewrite"


def test_what_cannot_be_imported_ends_with_2_and_one_line_for_each(template, command):
    ended = command("import", "template.yaml")
    told = json.loads(command("import", "template.yaml", "--json").out)

    assert (ended.code, ended.out) == (2, "")
    assert "template.yaml:12: " in ended.err
    assert "is a bucket: say --origin site=FOLDER to serve it from a folder, or s3://NAME" in ended.err
    assert (told["ok"], len(told["errors"])) == (False, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["edgerun.toml"], "is TOML, edgerun's own form", id="native"),
        pytest.param(["nowhere.yaml"], "there is no such file", id="no file"),
        pytest.param(["template.yaml", "--parameter", "Host"], "--parameter: expected NAME=…", id="no value"),
        pytest.param(
            ["template.yaml", "--origin", "site=public", "-o", "public", "--force"],
            "public: cannot be written",
            id="a folder",
        ),
    ],
)
def test_flags_and_files_that_make_no_sense_are_refused(template, command, words, said):
    ended = command("import", *words)

    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("words", [["check", "template.yaml"], ["check", "--config", "template.yaml"]])
def test_other_commands_read_a_template_directly(template, command, words):
    ended = command(*words, "--origin", "site=public", "--parameter", "Host=other.example.com")

    assert ended.code == 0
    assert "* " in ended.out
    assert "viewer-request: rewrite (cloudfront-js-2.0" in ended.out
    assert "1 of template.yaml mean nothing here: edgerun import template.yaml" in ended.out


def test_invoke_runs_a_function_of_a_template(template, command):
    ended = command(
        "invoke", "rewrite", "--config", "template.yaml", "--origin", "site=public", "--uri", "/a", "--json"
    )

    assert ended.code == 0
    assert json.loads(ended.out)
