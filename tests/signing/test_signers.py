"""What AWS's own signers sign is granted, and what edgerun signs is what they sign."""

import datetime as dt
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from botocore.signers import CloudFrontSigner
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from edgerun.cli.root import cli
from edgerun.config.load import load
from edgerun.errors import ConfigError
from edgerun.testing import Edge, SettableClock

HERE = Path(__file__).parent
URL = "https://shop.example/private/a.html"
CONFIG = """
[origins.site]
directory = "site"

[public_keys.one]
file = "public.pem"
id = "K2EXAMPLE"

[key_groups.members]
keys = ["one"]

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
trusted_key_groups = ["members"]
"""

needs_npm = pytest.mark.skipif(
    not (HERE / "node_modules").exists() or shutil.which("node") is None,
    reason="needs node and AWS's signer for JavaScript: make tests/signing/node_modules",
)


@pytest.fixture(scope="module", params=["rsa", "ecdsa"])
def key(request):
    if request.param == "rsa":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def folder(tmp_path, key):
    (tmp_path / "site/private").mkdir(parents=True)
    (tmp_path / "site/private/a.html").write_text("for members")
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "private.pem").write_bytes(private)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    (tmp_path / "edgerun.toml").write_text(CONFIG)
    return tmp_path


def get(folder, url, cookie="", now=None):
    """Ask an edge for a URL; return the status and the body."""
    clock = SettableClock(now or dt.datetime.now(dt.UTC).timestamp())
    with Edge(folder / "edgerun.toml", clock=clock) as edge:
        answer = edge.get(url, headers={"Cookie": cookie} if cookie else {}, client="192.0.2.7")
    return answer.status, answer.body


def run(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output.strip()


def test_check_prints_the_ids_that_signatures_need(folder):
    assert "      signed only, key group members: Key-Pair-Id K2EXAMPLE (one)" in run("check", folder).splitlines()


def test_unsigned_is_refused_in_cloudfronts_xml(folder):
    status, body = get(folder, URL)
    assert status == 403
    assert body == (
        b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code>'
        b"<Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>"
    )
    assert len(body) == 146


FLAGS = {
    "canned": (),
    "SHA256": ("--hash", "SHA256"),
    "starts": ("--starts", "-1h"),
    "network": ("--ip", "192.0.2.0/24"),
    "until a date": ("--expires", "2099-01-31T12:00Z"),
}


@pytest.mark.parametrize("what", FLAGS)
def test_what_edgerun_signs_is_granted(folder, what):
    signed = ("--key", folder / "private.pem", "--key-pair-id", "K2EXAMPLE", *FLAGS[what])
    assert get(folder, run("sign", "url", URL, *signed)) == (200, b"for members")
    cookies = json.loads(run("sign", "cookie", URL, *signed, "--json"))["header"]
    assert get(folder, URL, cookie=cookies) == (200, b"for members")


def test_cookies_for_a_wildcard_grant_all_that_matches(folder):
    signed = ("--key", folder / "private.pem", "--key-pair-id", "K2EXAMPLE")
    lines = run("sign", "cookie", "https://shop.example/private/*", *signed).splitlines()
    assert all(line.startswith("Set-Cookie: CloudFront-") and line.endswith("; Secure; HttpOnly") for line in lines)
    cookies = "; ".join(line.removeprefix("Set-Cookie: ").partition(";")[0] for line in lines)
    assert get(folder, URL, cookie=cookies)[0] == 200
    assert get(folder, "https://shop.example/other", cookie=cookies)[0] == 403


def test_a_signature_ends_with_the_clock(folder):
    url = run(
        "sign", "url", URL, "--key", folder / "private.pem", "--key-pair-id", "K2EXAMPLE", "--expires", "2000000000"
    )
    assert get(folder, url, now=1_999_999_999.0)[0] == 200
    assert get(folder, url, now=2_000_000_000.0)[0] == 403


def signer(key):
    def sign(message):
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, padding.PKCS1v15(), hashes.SHA1())
        return key.sign(message, ec.ECDSA(hashes.SHA1()))

    return CloudFrontSigner("K2EXAMPLE", sign)


@pytest.mark.parametrize("url", [URL, URL + "?size=large&x=%20"])
@pytest.mark.parametrize("custom", [False, True])
def test_what_botocore_signs_is_granted(folder, key, url, custom):
    until = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    made = signer(key)
    if custom:
        policy = made.build_policy(
            url, until, date_greater_than=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), ip_address="192.0.2.0/24"
        )
        signed = made.generate_presigned_url(url, policy=policy)
    else:
        signed = made.generate_presigned_url(url, date_less_than=until)
    assert get(folder, signed) == (200, b"for members")
    assert get(folder, signed.replace("a.html", "b.html"))[0] == 403


def test_a_canned_url_is_botocores_byte_for_byte(folder, key):
    if not isinstance(key, rsa.RSAPrivateKey):
        pytest.skip("an ECDSA signature is another one each time")
    until = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    mine = run(
        "sign",
        "url",
        URL,
        "--key",
        folder / "private.pem",
        "--key-pair-id",
        "K2EXAMPLE",
        "--expires",
        "2099-01-01T00:00Z",
    )
    assert mine == signer(key).generate_presigned_url(URL, date_less_than=until)


SCRIPT = """
const { getSignedUrl, getSignedCookies } = require('@aws-sdk/cloudfront-signer');
const fs = require('fs');
const [key, url] = process.argv.slice(1);
const given = { url, keyPairId: 'K2EXAMPLE', privateKey: fs.readFileSync(key, 'utf8'), dateLessThan: '2099-01-01' };
const custom = { ...given, dateGreaterThan: '2020-01-01', ipAddress: '192.0.2.0/24' };
console.log(JSON.stringify({
  urls: [getSignedUrl(given), getSignedUrl(custom)],
  cookies: [getSignedCookies(given), getSignedCookies(custom)],
}));
"""


@needs_npm
@pytest.mark.node
def test_what_the_javascript_signer_signs_is_granted(folder, key):
    if not isinstance(key, rsa.RSAPrivateKey):
        pytest.skip("AWS's signer for JavaScript signs with RSA")
    said = subprocess.run(
        ["node", "-e", SCRIPT, "--", str(folder / "private.pem"), URL], cwd=HERE, capture_output=True, check=True
    )
    made = json.loads(said.stdout)
    for url in made["urls"]:
        assert get(folder, url) == (200, b"for members")
    for cookies in made["cookies"]:
        assert get(folder, URL, cookie="; ".join(f"{name}={text}" for name, text in cookies.items()))[0] == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("url", "/private/a.html"), "expected an absolute URL"),
        (("url", URL + "?Expires=1"), "CloudFront's own parameter 'Expires'"),
        (("url", URL, "--expires", "soon"), "--expires: expected +1h"),
        (("url", URL, "--ip", "2001:db8::1"), "--ip: expected an IPv4 network"),
        (("cookie", URL, "--key", "public.pem"), "--key"),
    ],
)
def test_what_cannot_be_signed_is_said(folder, words, said, monkeypatch):
    monkeypatch.chdir(folder)
    key = () if "--key" in words else ("--key", "private.pem")
    done = CliRunner().invoke(cli, ["sign", *words, *key, "--key-pair-id", "K1"])
    assert done.exit_code == 2
    assert said in done.output


WRONG = {
    'file = "public.pem"': ('file = "publik.pem"', "public_keys.one.file"),
    'id = "K2EXAMPLE"': ('id = "K2 EXAMPLE"', "public_keys.one.id"),
    'keys = ["one"]': ('keys = ["ones"]', "key_groups.members.keys[0]"),
    'trusted_key_groups = ["members"]': ('trusted_key_groups = ["member"]', "default_behavior.trusted_key_groups[0]"),
    "[default_behavior]": (
        '[geo_restriction]\nrestriction_type = "whitelist"\nlocations = ["UK"]\n[default_behavior]',
        "geo_restriction.locations[0]",
    ),
    "public.pem": ("private.pem", "holds a private key"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_configuration_that_cannot_be_is_refused_at_its_place(folder, what):
    instead, place = WRONG[what]
    (folder / "edgerun.toml").write_text(CONFIG.replace(what, instead))
    with pytest.raises(ConfigError) as refused:
        load(folder / "edgerun.toml")
    assert place in str(refused.value)


@pytest.mark.parametrize(("country", "status"), [("DE", 403), ("FR", 200), ("", 200)])
def test_a_distribution_is_closed_to_a_country(folder, country, status):
    text = CONFIG.replace('trusted_key_groups = ["members"]', "")
    blocked = text.replace(
        "[default_behavior]",
        '[geo_restriction]\nrestriction_type = "blacklist"\nlocations = ["DE"]\n[default_behavior]',
    )
    (folder / "edgerun.toml").write_text(blocked)
    with Edge(folder / "edgerun.toml", country=country) as edge:
        answer = edge.get("/private/a.html")
    assert answer.status == status
    assert status == 200 or "is configured to block access from your country." in answer.text
