import subprocess
import sys
import time

import pytest
from cloudfront_events import EXAMPLES, event, lines, module_of, value

token_auth = module_of("token_auth.py")
HOUR = 3600


@pytest.fixture
def handler(python_example):
    return python_example("token_auth.py")


def good(member="sam"):
    return token_auth.sign(member, time.time() + HOUR)


def test_a_token_in_the_query_opens_and_is_taken_out(handler):
    request = handler(event("viewer-request", "/members/", querystring=f"page=2&token={good()}&sort=a%20b"))
    assert request["querystring"] == "page=2&sort=a%20b"
    assert value(request, "x-member") == "sam"


def test_a_token_in_a_cookie_opens(handler):
    cookies = lines(cookie=["theme=dark", f"x=1; token={good()}"])
    request = handler(event("viewer-request", "/members/", querystring="a=1", headers=cookies))
    assert request["querystring"] == "a=1"
    assert value(request, "x-member") == "sam"


def test_the_member_named_by_the_viewer_is_not_believed(handler):
    sent = event("viewer-request", "/members/", querystring=f"token={good('zoë')}", headers=lines(x_member="boss"))
    assert value(handler(sent), "x-member") == "zo%C3%AB"


@pytest.mark.parametrize(
    ("querystring", "headers"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("token=", lines(cookie="token="), id="empty ones"),
        pytest.param("xtoken=1", lines(cookie="mytoken=1"), id="other names"),
    ],
)
def test_a_viewer_without_a_token_is_sent_to_sign_in(handler, querystring, headers):
    response = handler(event("viewer-request", "/members/a&b", querystring=querystring, headers=headers))
    assert response["status"] == "302"
    assert value(response, "location") == "/sign-in?next=/members/a%26b"


def tampered(token):
    payload, _, mac = token.partition(".")
    return token_auth.encode(token_auth.decode(payload).replace(b"sam", b"eve")) + "." + mac


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: token_auth.sign("sam", time.time() - 1), id="expired"),
        pytest.param(lambda: tampered(good()), id="payload changed"),
        pytest.param(lambda: good().partition(".")[0], id="no signature"),
        pytest.param(lambda: good().partition(".")[0] + ".", id="empty signature"),
        pytest.param(lambda: good() + "A", id="one character more"),
        pytest.param(lambda: "." + good(), id="empty payload"),
        pytest.param(lambda: "%C3%BF.%C3%BF", id="not ASCII"),
        pytest.param(lambda: "rubbish", id="rubbish"),
    ],
)
def test_a_bad_token_is_refused(handler, token):
    response = handler(event("viewer-request", "/members/", querystring=f"token={token()}"))
    assert response["status"] == "403"
    assert value(response, "cache-control") == "no-store"


def test_a_token_is_good_until_it_expires_and_not_at_that_moment():
    token = token_auth.sign("sam", 1000)
    assert token_auth.verify(token, 999.9) == "sam"
    assert token_auth.verify(token, 1000) is None


def test_the_file_run_as_a_program_prints_a_token():
    command = [sys.executable, EXAMPLES / "token_auth.py", "sam", str(HOUR)]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert token_auth.verify(token, time.time()) == "sam"
