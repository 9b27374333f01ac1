"""Which certificate a viewer is shown: by the name it asks for, as CloudFront does with SNI."""

import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from edgerun.distribution.model import Distribution
from edgerun.errors import ConfigError
from edgerun.tls.authority import Authority

LOCAL: Final = ("localhost", "127.0.0.1", "::1")
KEPT: Final = 256


class LocalContexts:
    """TLS settings by host, with certificates of the local authority, made when they are asked for first.

    A host that no distribution names, and a viewer that names none, gets the certificate of this machine's own names.

    Args:
        authority: issues the certificates.
        names: of this machine, addresses too.
        distributions: tells those in force.
        protocols: ALPN's, best first.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        authority: Authority,
        names: Sequence[str],
        distributions: Callable[[], Iterable[Distribution]],
        *,
        protocols: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._names = tuple(dict.fromkeys((*LOCAL, *names)))
        self._distributions = distributions
        self._protocols = protocols
        self._clock = clock
        self._made: dict[tuple[str, ...], tuple[ssl.SSLContext, float]] = {}
        self.context = self._fresh(self._names)[0]
        self.context.sni_callback = self._chosen

    def _chosen(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        host = host_for(name or "", self._distributions())
        try:
            connection.context = self._current((host,) if host else self._names)
        except (ConfigError, OSError):
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    def _current(self, names: tuple[str, ...]) -> ssl.SSLContext:
        made = self._made.get(names)
        if made is None or made[1] <= self._clock():
            while len(self._made) >= KEPT:
                del self._made[next(iter(self._made))]
            made = self._made[names] = self._fresh(names)
        return made[0]

    def _fresh(self, names: tuple[str, ...]) -> tuple[ssl.SSLContext, float]:
        path, until = self._authority.host_file(names, self._clock())
        return context_of(path, None, self._protocols), until


def host_for(name: str, distributions: Iterable[Distribution]) -> str:
    """Return the alias or domain name that a host falls under, `*.` and all; "" if none does."""
    host = name.lower().rstrip(".")
    wildcard = "*." + host.partition(".")[2]
    claimed = {claim for each in distributions for claim in (*each.aliases, each.domain_name)}
    return host if host in claimed else wildcard if wildcard in claimed else ""


def context_of(certificate: Path, key: Path | None, protocols: Sequence[str]) -> ssl.SSLContext:
    """Return TLS settings with the certificate of a file: TLS 1.2 at least, as CloudFront's current policies.

    Args:
        certificate: PEM, the host's first, those between it and a root after it.
        key: PEM; None if it is in the same file.
        protocols: ALPN's, best first.

    Raises:
        ConfigError: the files cannot be used, with the one at fault named.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(protocols))
    for flag, path in (("--cert", certificate), ("--key", key)):
        if path is not None and not path.is_file():
            raise ConfigError(f"{flag}: there is no file {str(path)!r}")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise ConfigError(_why(error, certificate, key)) from error
    except OSError as error:
        raise ConfigError(f"--cert {certificate}: {error.strerror or error}") from error
    return context


def _no_password() -> str:
    raise ConfigError("--key: the key is encrypted; give one without a passphrase (openssl pkey -in KEY -out PLAIN)")


def _why(error: ssl.SSLError, certificate: Path, key: Path | None) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"--key {key or certificate}: this is the key of another certificate than that in {certificate}"
    what = "a certificate and its key" if key is None else "a certificate, and in --key its key"
    hint = "; give the key with --key" if key is None else ""
    return f"--cert {certificate}: expected {what}, both PEM ({error.reason or error}){hint}"
