"""Records that can be shown to others."""

import json

import pytest
from recorded import Recording

from edgerun.observe.mask import masked
from edgerun.testing.origin import respond

PAGE = respond(200, b"hello", set_cookie="session=xyzzy-plugh; Path=/", cache_control="max-age=60")


def shown(tmp_path, **asked):
    def handler(event, _):
        return event["Records"][0]["cf"]["request"]

    play = Recording(tmp_path, {"/a": PAGE}, handlers={"look": handler}, viewer_request="look", origin_request="look")
    play.run({"path": "/a", **asked})
    before = play.record()
    return before, masked(before)


@pytest.mark.parametrize(
    ("asked", "secret"),
    [
        ({"authorization": "Basic dXNlcjpwYXNz"}, "dXNlcjpwYXNz"),
        ({"cookie": "sid=abcdef123; theme=dark"}, "abcdef123"),
        ({"cookie": "CloudFront-Signature=SigNature-1"}, "SigNature-1"),
        ({"path": "/a?token=tok-12345&x=1"}, "tok-12345"),
        ({"path": "/a?x=1&api_key=key-12345"}, "key-12345"),
        ({"path": "/a?accessToken=acc-12345"}, "acc-12345"),
        ({"path": "/a?client_secret=sec-12345"}, "sec-12345"),
        ({"path": "/a?password=pwd-12345"}, "pwd-12345"),
        ({"path": "/a?Signature=sig-12345&Policy=pol-12345"}, "sig-12345"),
        ({"path": "/a?Signature=sig-12345&Policy=pol-12345"}, "pol-12345"),
        ({}, "xyzzy-plugh"),
    ],
)
def test_a_secret_is_nowhere_in_a_masked_record(tmp_path, asked, secret):
    before, after = shown(tmp_path, **asked)

    assert secret in json.dumps(before)
    assert secret not in json.dumps(after)


def test_a_masked_record_keeps_everything_else(tmp_path):
    before, after = shown(tmp_path, path="/a?token=tok-12345&x=1", accept_language="de")

    assert (after["path"], after["query"]) == ("/a", "token=[masked]&x=1")
    assert ["Accept-Language", "de"] in after["request"]["headers"]
    assert after["response"]["body"] == before["response"]["body"]
    assert [stage["name"] for stage in after["stages"]] == [stage["name"] for stage in before["stages"]]


def test_the_body_of_a_request_is_left_out_of_a_masked_record(tmp_path):
    before, after = shown(tmp_path, method="POST", body=b"password=hunter22")

    assert before["request"]["body"]["data"]
    assert (after["request"]["body"]["data"], after["request"]["body"]["size"]) == ("", 17)
