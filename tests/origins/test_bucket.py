"""A bucket on a real server of S3's protocol (moto), asked over HTTP, with and without credentials."""

import asyncio
import re

import pytest
from moto.core import set_initial_no_auth_action_count
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from plays import Play, behavior

from edgerun.distribution.forward import origin_spec
from edgerun.distribution.model import ALL_METHODS
from edgerun.distribution.origins import BucketOrigin as BucketConfig
from edgerun.errors import OriginConnectError, OriginProtocolError
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, BytesBody, Request, read
from edgerun.origins.bucket import BucketOrigin
from edgerun.origins.signing import canonical_path, canonical_query

ACCOUNT = "123456789012"
PAGE = b"<p>a page</p>"
KEYS = ("page.html", "a b/ä(1)+~!'*.txt", "50%.txt")


@pytest.fixture(scope="module")
def server():
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    s3 = s3_backends[ACCOUNT]["aws"]
    s3.create_bucket("shop", "eu-west-1")
    for key in KEYS:
        s3.put_object("shop", key, PAGE)
    yield running.get_host_and_port()
    running.stop()
    s3.reset()


@pytest.fixture
def credentials(monkeypatch, tmp_path):
    """Credentials of a user who may do everything, in the environment; nothing of the machine's own."""
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user("us-east-1", "edge")
    key = iam.create_access_key("edge")
    allow = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    iam.put_user_policy("edge", "all", allow)
    nowhere(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
    yield key
    iam.reset()


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    nowhere(monkeypatch, tmp_path)


def nowhere(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def config(server, **changes):
    host, port = server
    settings = {
        "name": "shop",
        "bucket": "shop",
        "domain_name": "shop.s3.eu-west-1.amazonaws.com",
        "region": "eu-west-1",
        "scheme": "http",
        "host": host,
        "port": port,
        "path_style": True,
        "host_header": f"{host}:{port}",
    }
    return BucketConfig(**(settings | changes))


def ask(made, path=b"/page.html", method="GET", body=b"", query=None, **headers):
    """Return status, headers and body of one answer."""

    async def whole():
        origin = BucketOrigin(made)
        try:
            lines = [(b"Host", b"shop.s3.eu-west-1.amazonaws.com"), (b"X-Amz-Cf-Id", b"an id==")]
            lines += [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
            given = BytesBody(body) if body else NO_BODY
            request = Request(method=method, path=path, query=query, headers=Headers(lines), body=given)
            response = await origin.fetch(request)
            return response.status, response.headers, await read(response.body)
        finally:
            await origin.aclose()

    return asyncio.run(whole())


def code(body):
    return re.search(rb"<Code>(\w+)</Code>", body)[1]


# ------------------------------------------------------------------------------ signatures


def test_a_private_bucket_refuses_what_is_not_signed(server, no_credentials):
    assert ask(config(server))[0] == 403


@pytest.mark.parametrize("path", [b"/page.html", b"/a b/\xc3\xa4(1)+~!'*.txt", b"/a%20b/%C3%A4%281%29%2B~!'*.txt"])
def test_what_is_signed_is_served(server, credentials, path):
    status, headers, body = ask(config(server), path)
    assert (status, body, headers.get(b"content-length")) == (200, PAGE, b"13")


@set_initial_no_auth_action_count(0)
@pytest.mark.parametrize(("path", "query"), [(b"/page.html", None), (b"/50%25.txt", b"response-content-type=a/b&x")])
def test_the_signature_is_the_one_that_the_server_reckons(server, credentials, path, query):
    assert ask(config(server), path, query=query)[0] == 200


@set_initial_no_auth_action_count(0)
def test_another_secret_is_refused(server, credentials, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    status, _, body = ask(config(server))
    assert (status, code(body)) == (403, b"SignatureDoesNotMatch")


def test_sign_false_never_signs(server, credentials):
    assert ask(config(server, sign=False))[0] == 403


def test_sign_true_wants_credentials(server, no_credentials):
    with pytest.raises(OriginConnectError, match=r"no AWS credentials in the environment .* sign = true"):
        ask(config(server, sign=True))


def test_a_profile_signs(server, credentials, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "credentials").write_text(
        f"[shop]\naws_access_key_id = {credentials.access_key_id}\n"
        f"aws_secret_access_key = {credentials.secret_access_key}\n"
    )
    assert ask(config(server, profile="shop"))[0] == 200


def test_a_profile_that_is_not_there_is_said(server, no_credentials):
    with pytest.raises(OriginConnectError, match="no AWS credentials in the profile 'nobody'"):
        ask(config(server, profile="nobody"))


def test_the_signature_replaces_the_viewers_authorization(server, credentials):
    assert ask(config(server), Authorization="Basic abc")[0] == 200


# ------------------------------------------------------------------------------ what S3 answers


def test_a_missing_key_is_s3s_own_error(server, credentials):
    status, headers, body = ask(config(server), b"/missing.html")
    assert (status, code(body)) == (404, b"NoSuchKey")
    assert headers.get(b"content-type").startswith((b"application/xml", b"text/xml"))


def test_a_missing_bucket_is_s3s_own_error(server, credentials):
    status, _, body = ask(config(server, bucket="nobodys"))
    assert (status, code(body)) == (404, b"NoSuchBucket")


def test_a_range_and_a_condition_are_s3s_matter(server, credentials):
    status, headers, body = ask(config(server), Range="bytes=0-2")
    assert (status, body) == (206, PAGE[:3])
    etag = headers.get(b"etag").decode()
    assert ask(config(server), If_None_Match=etag)[0] == 304


def test_head_has_the_head_only(server, credentials):
    status, headers, body = ask(config(server), method="HEAD")
    assert (status, headers.get(b"content-length"), body) == (200, b"13", b"")


def test_objects_are_put_and_deleted(server, credentials):
    assert ask(config(server), b"/new.txt", "PUT", b"new", Content_Length="3")[0] == 200
    assert ask(config(server), b"/new.txt")[2] == b"new"
    assert ask(config(server), b"/new.txt", "DELETE")[0] == 204
    assert ask(config(server), b"/new.txt")[0] == 404


@pytest.mark.parametrize("path", [b"/../other/key", b"/%2e%2e/other/key", b"/a/./b"])
def test_no_key_leads_out_of_the_bucket(server, credentials, path):
    with pytest.raises(OriginProtocolError):
        ask(config(server), path)


# ------------------------------------------------------------------------------ through the edge


def test_events_show_the_bucket_as_on_aws(server):
    spec = origin_spec(config(server))
    assert (spec.kind, spec.domain_name, spec.region, spec.auth_method) == (
        *("s3", "shop.s3.eu-west-1.amazonaws.com", "eu-west-1", "none"),
    )


def test_a_page_of_the_bucket_comes_through_the_edge_without_s3s_own_headers(server, credentials):
    made = config(server)
    origin = BucketOrigin(made)

    async def play(here):
        try:
            return [await here.ask("/page.html"), await here.ask("/page.html"), await here.ask("/new", "POST", b"x")]
        finally:
            await origin.aclose()

    first, second, posted = Play(
        behavior(origin=made, allowed_methods=ALL_METHODS), origins={made.domain_name: origin}
    ).run(play)
    assert (first.status, first.body, first.x_cache) == (200, PAGE, "Miss from cloudfront")
    assert (second.x_cache, second["x-amz-request-id"]) == ("Hit from cloudfront", None)
    assert posted.status >= 400


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (b"/a/b.txt", b"/a/b.txt"),
        (b"/a b", b"/a%20b"),
        (b"/a%2Fb", b"/a/b"),
        (b"/a%20b%", b"/a%20b%25"),
        (b"/~x-y_z.", b"/~x-y_z."),
        (b"/\xc3\xa4+(1)", b"/%C3%A4%2B%281%29"),
    ],
)
def test_paths_are_encoded_as_s3_does_it(given, made):
    assert canonical_path(given) == made


@pytest.mark.parametrize(
    ("given", "made"), [(None, None), (b"", b""), (b"acl", b"acl="), (b"a=b/c&&d=%7e", b"a=b%2Fc&d=~")]
)
def test_queries_are_encoded_for_signatures(given, made):
    assert canonical_query(given) == made
