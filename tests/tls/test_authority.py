"""The local certificate authority: made once, kept to its user, certificates renewed before they end."""

import stat
from ipaddress import ip_address

import pytest
from cryptography import x509

from edgerun.errors import ConfigError
from edgerun.home import data_folder
from edgerun.tls.authority import Authority

NOW = 1_800_000_000.0
DAY = 86_400.0


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(path):
    found = certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def test_it_is_made_once(tmp_path):
    first = Authority(tmp_path / "ca", NOW).certificate.read_bytes()

    assert Authority(tmp_path / "ca", NOW + DAY).certificate.read_bytes() == first


def test_only_its_user_can_read_it(tmp_path):
    authority = Authority(tmp_path / "deep" / "ca", NOW)
    path, _ = authority.host_file(("localhost",), NOW)

    for file in (authority.certificate, authority.folder / "ca-key.pem", path):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700


def test_a_key_that_others_could_read_is_closed_to_them(tmp_path):
    authority = Authority(tmp_path, NOW)
    (tmp_path / "ca-key.pem").chmod(0o644)

    Authority(tmp_path, NOW)

    assert stat.S_IMODE((authority.folder / "ca-key.pem").stat().st_mode) == 0o600


def test_it_may_sign_hosts_and_nothing_that_signs(tmp_path):
    extensions = certificate(Authority(tmp_path, NOW).certificate).extensions

    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)


def test_a_host_gets_a_certificate_of_its_own(tmp_path):
    authority = Authority(tmp_path, NOW)
    path, _ = authority.host_file(("localhost", "127.0.0.1", "::1"), NOW)
    leaf = certificate(path)

    assert names(path) == ["localhost", "127.0.0.1", "::1"]
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.IPAddress
    ) == [ip_address("127.0.0.1"), ip_address("::1")]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    leaf.verify_directly_issued_by(certificate(authority.certificate))


def test_a_wildcard_gets_one_for_all_its_hosts(tmp_path):
    path, _ = Authority(tmp_path, NOW).host_file(("*.shop.example",), NOW)

    assert names(path) == ["*.shop.example"]
    assert "*" not in path.name


def test_it_is_used_again_until_thirty_days_before_its_end(tmp_path):
    authority = Authority(tmp_path, NOW)
    path, until = authority.host_file(("a.example",), NOW)
    first = path.read_bytes()

    assert until == NOW + 60 * DAY
    assert authority.host_file(("a.example",), until - 1) == (path, until)
    assert path.read_bytes() == first
    _, later = authority.host_file(("a.example",), until)
    assert path.read_bytes() != first
    assert later == until + 60 * DAY


@pytest.mark.parametrize("wrong", ["another authority", "no certificate"])
def test_what_it_has_not_issued_is_replaced(tmp_path, wrong):
    authority = Authority(tmp_path / "ca", NOW)
    path, _ = authority.host_file(("a.example",), NOW)
    other, _ = Authority(tmp_path / "other", NOW).host_file(("a.example",), NOW)
    path.write_bytes(other.read_bytes() if wrong == "another authority" else b"nothing")

    authority.host_file(("a.example",), NOW)

    certificate(path).verify_directly_issued_by(certificate(authority.certificate))


def test_an_authority_that_would_end_before_its_certificates_is_made_anew(tmp_path):
    first = Authority(tmp_path, NOW).certificate.read_bytes()

    assert Authority(tmp_path, NOW + 3559 * DAY).certificate.read_bytes() == first
    assert Authority(tmp_path, NOW + 3561 * DAY).certificate.read_bytes() != first


def test_one_that_cannot_be_read_is_not_overwritten(tmp_path):
    Authority(tmp_path, NOW)
    (tmp_path / "ca-key.pem").write_text("mine")

    with pytest.raises(ConfigError, match="holds no certificate authority of edgerun's"):
        Authority(tmp_path, NOW)
    assert (tmp_path / "ca-key.pem").read_text() == "mine"


def test_a_key_of_another_certificate_is_told(tmp_path):
    Authority(tmp_path, NOW)
    Authority(tmp_path / "other", NOW)
    (tmp_path / "ca-key.pem").write_bytes((tmp_path / "other" / "ca-key.pem").read_bytes())

    with pytest.raises(ConfigError, match="is not the key of"):
        Authority(tmp_path, NOW)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="file/ca"):
        Authority(tmp_path / "file" / "ca", NOW)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"EDGERUN_DATA": "/data/own"}, "/data/own"),
        ({"EDGERUN_DATA": "/data/own", "XDG_DATA_HOME": "/data/shared"}, "/data/own"),
        ({"XDG_DATA_HOME": "/data/shared"}, "/data/shared/edgerun"),
    ],
)
def test_it_is_in_the_users_data_folder(environment, folder):
    assert str(data_folder(environment)) == folder


def test_a_data_home_that_is_not_absolute_counts_as_none(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert data_folder({"XDG_DATA_HOME": "shared"}) == tmp_path / ".local" / "share" / "edgerun"
