"""The pytest plugin, run as a user's project runs it."""

import pytest

pytest_plugins = ["pytester"]

CONFIG = """
[origins.api]
url = "http://127.0.0.1:9"

[functions.ab]
handler = "ab.py:handler"

[default_behavior]
origin = "api"
cache_policy = "CachingDisabled"
viewer_request = "ab"
"""
TEST = """
import pytest

def variant(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["uri"] = "/b" + request["uri"]
    return request

@pytest.mark.edgerun(functions={"ab": variant})
def test_variant(edge, edge_origin, edge_clock):
    edge_origin.reply("/b/page", 200, "variant b")
    edge_clock.advance(60)
    assert edge.get("/page").text == "variant b"

@pytest.mark.edgerun(functions={"ab": variant})
def test_failing(edge):
    assert edge.get("/page").status == 200
"""


@pytest.fixture
def project(pytester):
    pytester.makefile(".toml", edgerun=CONFIG)
    pytester.makepyfile(ab="def handler(event, context): return event['Records'][0]['cf']['request']")
    pytester.makepyfile(test_ab=TEST)
    return pytester


def test_fixtures_and_the_report_of_a_failing_test_also_under_xdist(project):
    done = project.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-n", "1")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*edgerun: stages of the last request*", "404 *", "*viewer-request*went on*"])


def test_another_configuration_by_flag(project):
    project.makefile(".toml", other=CONFIG.replace("CachingDisabled", "CachingDisbled"))
    done = project.runpytest_subprocess("-p", "no:randomly", "--edgerun-config", "other.toml")
    done.stdout.fnmatch_lines(["*did you mean 'CachingDisabled'*"])
