"""`edgerun ca`, and what the flags of HTTPS and HTTP/2 refuse."""

import json
import sys

import pytest

from edgerun.doors.http2 import with_http2
from edgerun.doors.wire import WireProtocol
from edgerun.errors import ConfigError


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGERUN_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_it_prints_the_path_of_the_certificate_and_makes_it(data, command):
    ended = command("ca")

    assert (ended.code, ended.out, ended.err) == (0, f"{data}/ca/ca.pem\n", "")
    assert (data / "ca" / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert json.loads(command("ca", "--json").out) == {"certificate": f"{data}/ca/ca.pem"}


def test_an_authority_that_cannot_be_kept_is_told(data, command):
    data.write_text("a file")
    ended = command("ca")

    assert ended.code == 2
    assert ended.err.startswith(f"the certificate authority in {data}/ca: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["--key", "k.pem"], "--key: expected --cert FILE with it", id="a key alone"),
        pytest.param(["--cert", "none.pem"], "--cert: there is no file 'none.pem'", id="no certificate"),
        pytest.param(["--cert", "greet.py"], "--cert greet.py: expected a certificate and its key", id="a program"),
    ],
)
def test_what_cannot_be_served_ends_with_2(project, command, words, says):
    ended = command("serve", "--port", "0", "--https-port", "0", "--no-ui", *words)

    assert ended.code == 2
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_http2_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn.protocols.http.zttp_h2_impl", None)

    with pytest.raises(ConfigError, match=r"pip install 'edgerun\[h2\]'"):
        with_http2(WireProtocol)
