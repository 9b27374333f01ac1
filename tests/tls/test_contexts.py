"""Which certificate a viewer is shown, asked by TLS's own client in memory."""

import ssl
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from plays import behavior, changed, distribution

from edgerun.errors import ConfigError
from edgerun.testing import SettableClock
from edgerun.tls.authority import Authority
from edgerun.tls.contexts import LocalContexts, context_of, host_for

SHOP = distribution(behavior(), aliases=("shop.example", "*.shop.example"))
HTTP1 = ("http/1.1",)


def shake(server, name, trusted, **options):
    """Shake hands in memory; return the viewer's end."""
    viewer = ssl.create_default_context(cafile=trusted)
    viewer.set_alpn_protocols(["h2", "http/1.1"])
    for option, value in options.items():
        setattr(viewer, option, value)
    to_server, to_viewer = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = viewer.wrap_bio(to_viewer, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_viewer, server_side=True)
    ends = [ours, theirs]
    for _ in range(10):
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert ends == []
    return ours


def shown(viewer):
    return [name for _, name in viewer.getpeercert()["subjectAltName"]]


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def contexts(tmp_path, clock):
    # The viewers of these tests live in the present, so the clock stands there too.
    clock.now = time.time()
    authority = Authority(tmp_path / "ca", clock())
    made = LocalContexts(authority, ("box",), lambda: (SHOP,), protocols=HTTP1, clock=clock)
    made.trusted = str(authority.certificate)
    return made


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("localhost", ["localhost", "box", "127.0.0.1", "0:0:0:0:0:0:0:1"]),
        ("127.0.0.1", ["localhost", "box", "127.0.0.1", "0:0:0:0:0:0:0:1"]),
        ("::1", ["localhost", "box", "127.0.0.1", "0:0:0:0:0:0:0:1"]),
        ("box", ["localhost", "box", "127.0.0.1", "0:0:0:0:0:0:0:1"]),
        ("shop.example", ["shop.example"]),
        ("SHOP.example", ["shop.example"]),
        ("de.shop.example", ["*.shop.example"]),
        ("d111111abcdef8.cloudfront.net", ["d111111abcdef8.cloudfront.net"]),
    ],
)
def test_each_host_is_shown_its_own_certificate(contexts, name, names):
    assert sorted(shown(shake(contexts.context, name, contexts.trusted))) == sorted(names)


def test_a_host_that_is_not_ours_is_not_vouched_for(contexts):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(contexts.context, "bank.example", contexts.trusted)


def test_a_certificate_is_renewed_while_the_server_runs(contexts, clock):
    def serial():
        return shake(contexts.context, "shop.example", contexts.trusted).getpeercert()["serialNumber"]

    first = serial()
    assert serial() == first
    clock.now += 61 * 86_400

    # The new one begins in the viewer's future: only that shows that it is another.
    with pytest.raises(ssl.SSLCertVerificationError, match="not yet valid"):
        serial()


def test_tls_1_2_is_the_least(contexts):
    old = {"minimum_version": ssl.TLSVersion.TLSv1_2, "maximum_version": ssl.TLSVersion.TLSv1_2}

    assert contexts.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert shake(contexts.context, "shop.example", contexts.trusted, **old).version() == "TLSv1.2"
    assert shake(contexts.context, "shop.example", contexts.trusted).version() == "TLSv1.3"


@pytest.mark.parametrize(("offered", "chosen"), [(HTTP1, "http/1.1"), (("h2", "http/1.1"), "h2")])
def test_http2_is_agreed_on_only_where_it_is_spoken(tmp_path, clock, offered, chosen):
    clock.now = time.time()
    authority = Authority(tmp_path, clock())
    made = LocalContexts(authority, (), lambda: (SHOP,), protocols=offered, clock=clock)

    for name in ("localhost", "shop.example"):
        assert shake(made.context, name, str(authority.certificate)).selected_alpn_protocol() == chosen


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("shop.example", "shop.example"),
        ("shop.example.", "shop.example"),
        ("a.shop.example", "*.shop.example"),
        ("a.b.shop.example", ""),
        ("example", ""),
        ("", ""),
    ],
)
def test_the_alias_that_a_host_falls_under(name, host):
    assert host_for(name, (SHOP,)) == host


def test_an_alias_itself_goes_before_a_wildcard():
    both = changed(SHOP, aliases=("*.shop.example", "de.shop.example"))

    assert host_for("de.shop.example", (both,)) == "de.shop.example"


def test_a_certificate_of_ones_own(tmp_path, clock):
    authority = Authority(tmp_path, time.time())
    path, _ = authority.host_file(("own.example",), time.time())
    key, _, rest = path.read_text().partition("-----BEGIN CERTIFICATE")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE" + rest)

    for made in (context_of(tmp_path / "cert.pem", tmp_path / "key.pem", HTTP1), context_of(path, None, HTTP1)):
        assert shown(shake(made, "own.example", str(authority.certificate))) == ["own.example"]


def test_what_is_wrong_with_it_is_told(tmp_path):
    authority = Authority(tmp_path, 1_800_000_000.0)
    path, _ = authority.host_file(("a.example",), 1_800_000_000.0)
    other = tmp_path / "ca-key.pem"
    (tmp_path / "text.pem").write_text("a text")
    (tmp_path / "locked.pem").write_bytes(locked())

    for certificate, key, words in (
        (tmp_path / "none.pem", None, r"--cert: there is no file .*none\.pem"),
        (path, tmp_path / "none.pem", r"--key: there is no file"),
        (path, other, r"--key .*ca-key\.pem: this is the key of another certificate"),
        (tmp_path / "text.pem", None, r"--cert .*text\.pem: expected a certificate and its key, both PEM"),
        (tmp_path / "ca.pem", None, r"give the key with --key"),
        (path, tmp_path / "locked.pem", r"--key: the key is encrypted"),
    ):
        with pytest.raises(ConfigError, match=words):
            context_of(certificate, key, HTTP1)


def locked():
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
