import pytest
from cloudfront_events import event, lines, value


@pytest.fixture
def handler(python_example):
    return python_example("bot_block.py")


@pytest.mark.parametrize("user_agent", ["BadBot/1.0", "Mozilla/5.0 (compatible; AhrefsBot/7.0)", "sqlmap/1.8"])
def test_an_unwelcome_bot_gets_a_plain_refusal(handler, user_agent):
    response = handler(event("viewer-request", "/api/products", headers=lines(user_agent=user_agent)))
    assert response["status"] == "403"
    assert value(response, "content-type") == "text/plain; charset=utf-8"
    assert response["body"].endswith("\n")


@pytest.mark.parametrize("user_agent", ["curl/8.5.0", "Mozilla/5.0 (compatible; Googlebot/2.1)", ""])
def test_others_pass_unchanged(handler, user_agent):
    sent = event("viewer-request", "/api/products", headers=lines(user_agent=user_agent))
    assert handler(sent) == sent["Records"][0]["cf"]["request"]


def test_a_viewer_without_a_user_agent_passes(handler):
    sent = event("viewer-request")
    del sent["Records"][0]["cf"]["request"]["headers"]["user-agent"]
    assert handler(sent) == sent["Records"][0]["cf"]["request"]
