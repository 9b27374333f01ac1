"""The local certificate authority, made once for a user, and the certificates it issues. The door to `cryptography`.

The key never leaves its folder, which only the user can read: whoever has it can pass for any site, to everybody who
trusts the authority.
"""

import contextlib
import fcntl
import getpass
import os
import platform
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Final, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgerun.errors import ConfigError

CERTIFICATE: Final = "ca.pem"
KEY: Final = "ca-key.pem"
HOSTS: Final = "hosts"

AUTHORITY_LIFE: Final = timedelta(days=3650)
HOST_LIFE: Final = timedelta(days=90)
RENEWED_BEFORE: Final = timedelta(days=30)
CLOCK_SKEW: Final = timedelta(hours=1)


class Authority:
    """An authority in a folder: `ca.pem` to be trusted, `ca-key.pem`, and `hosts/` with what it has issued.

    Args:
        folder: made if it is not there; an authority that ends soon is made anew.
        now: seconds since the epoch.

    Raises:
        ConfigError: the folder, or what is in it, cannot be used.
    """

    def __init__(self, folder: Path, now: float) -> None:
        self.folder = folder
        self.certificate = folder / CERTIFICATE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(folder):
                self._certificate, self._key = self._found(_moment(now)) or self._made(_moment(now))
            (folder / HOSTS).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"the certificate authority in {folder}: {error.strerror or error}") from error

    def host_file(self, names: Sequence[str], now: float) -> tuple[Path, float]:
        """Return a file with key and certificate for names, and when to ask for it again.

        A certificate that was issued before is used while it has thirty days left.

        Args:
            names: hosts, `*.` and a host, or addresses; the first gives the subject.
            now: seconds since the epoch.

        Raises:
            ConfigError: it cannot be written.
        """
        moment = _moment(now)
        path = self.folder / HOSTS / f"{_file_name(names)}.pem"
        try:
            ends = self._end_of(path, names, moment)
            if ends is None:
                ends = moment + HOST_LIFE
                _write(path, self._issued(names, moment, ends))
        except OSError as error:
            raise ConfigError(f"the certificate in {path}: {error.strerror or error}") from error
        return path, (ends - RENEWED_BEFORE).timestamp()

    # ------------------------------------------------------------------------------ the authority itself

    def _found(self, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        key_file = self.folder / KEY
        if not (self.certificate.exists() and key_file.exists()):
            return None
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{self.folder} holds no certificate authority of edgerun's: {error}; remove {CERTIFICATE} and {KEY} "
                "to have a new one made, and trust that"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ConfigError(f"{key_file} is not the key of {self.certificate}: remove both to have new ones made")
        key_file.chmod(0o600)
        lasts = certificate.not_valid_after_utc - HOST_LIFE > now >= certificate.not_valid_before_utc
        return (certificate, key) if lasts else None

    def _made(self, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        # A name of its own, so that a trust store can hold this one beside an older one.
        name = f"edgerun local authority {secrets.token_hex(3)} ({_user()}@{platform.node()})"[:64]
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "edgerun"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        certificate = (
            _begun(subject, subject, key.public_key(), now, now + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self.folder / KEY, _pem(key))
        _write(self.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        return certificate, key

    # ------------------------------------------------------------------------------ what it issues

    def _end_of(self, path: Path, names: Sequence[str], now: datetime) -> datetime | None:
        """Return when a certificate that was issued before ends; None if it is not there, or ends soon."""
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            certificate.verify_directly_issued_by(self._certificate)
            alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return None
        lasts = certificate.not_valid_after_utc - RENEWED_BEFORE > now >= certificate.not_valid_before_utc
        return certificate.not_valid_after_utc if lasts and list(alternatives) == _alternatives(names) else None

    def _issued(self, names: Sequence[str], now: datetime, ends: datetime) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        signer = cast("ec.EllipticCurvePublicKey", self._certificate.public_key())
        certificate = (
            _begun(subject, self._certificate.subject, key.public_key(), now, ends)
            .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    return [_alternative(name) for name in names]


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _file_name(names: Sequence[str]) -> str:
    """Return a name for a file: that of the first host, and a digest when there are more."""
    digest = sha256("\0".join(names).encode()).hexdigest()[:8]
    first = names[0].replace("*", "_").replace(":", "-")[:100]
    return first if len(names) == 1 else f"{first}+{len(names) - 1}-{digest}"


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), UTC)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "user"


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its user can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make an authority."""
    with (folder / ".lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
