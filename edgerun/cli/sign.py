"""`edgerun sign`: signed URLs and signed cookies for private content."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from edgerun.distribution.access import COOKIE_PREFIX, LAST_SECOND, PARAMETERS, canned_policy, encode

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Grant:
    """What is signed, and how."""

    resource: str
    key: bytes
    key_pair_id: str
    expires: int
    starts: int | None
    network: str
    policy: bytes | None
    digest: str

    @property
    def custom(self) -> bytes | None:
        """The custom policy that is needed, or None when a canned one will do."""
        if self.policy is not None:
            return self.policy
        if self.starts is None and not self.network and "*" not in self.resource:
            return None
        condition: dict[str, dict[str, int | str]] = {"DateLessThan": {"AWS:EpochTime": self.expires}}
        if self.starts is not None:
            condition["DateGreaterThan"] = {"AWS:EpochTime": self.starts}
        if self.network:
            condition["IpAddress"] = {"AWS:SourceIp": self.network}
        statement = {"Resource": self.resource, "Condition": condition}
        return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()

    def parameters(self) -> dict[str, str]:
        """Return CloudFront's parameters by name, in the order in which its own tools write them."""
        from edgerun.signatures import sign as signature_of  # noqa: PLC0415  # cryptography is slow to import

        custom = self.custom
        if custom is None:
            first, message = {"Expires": str(self.expires)}, canned_policy(self.resource, self.expires)
        else:
            first, message = {"Policy": encode(custom)}, custom
        try:
            signature = encode(signature_of(self.key, message, self.digest))
        except ValueError as error:
            raise click.UsageError(f"--key: {error}") from error
        given = first | {"Signature": signature, "Key-Pair-Id": self.key_pair_id}
        return given | ({} if self.digest == "SHA1" else {"Hash-Algorithm": self.digest})


@click.group()
def sign() -> None:
    """Sign URLs and cookies for private content, as a behavior with trusted_key_groups wants them."""


def _options(command: Callable[..., int]) -> Callable[..., int]:
    """Add what both commands take, and hand the command a `Grant`."""

    @wraps(command)
    def with_grant(**given: Any) -> int:
        as_json = given.pop("as_json")
        return command(_grant(**given), as_json=as_json)

    for option in reversed(_OPTIONS):
        with_grant = option(with_grant)
    return with_grant


_OPTIONS: Final = (
    click.argument("url"),
    click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
                 help="The private key in PEM."),
    click.option("--key-pair-id", required=True, help="The id of its public key: edgerun check prints it."),
    click.option("--expires", default="+1h", show_default=True,
                 help="Until when: +1h, 2027-01-31T12:00Z, or seconds since the epoch."),
    click.option("--starts", help="From when; makes a custom policy."),
    click.option("--ip", "network", default="", help="For one IPv4 address or network; makes a custom policy."),
    click.option("--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                 help="A custom policy of your own, signed byte for byte."),
    click.option("--hash", "digest", type=click.Choice(["SHA1", "SHA256"]), default="SHA1", show_default=True,
                 help="What is signed of the policy."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)  # fmt: skip


@sign.command()
@_options
def url(grant: Grant, *, as_json: bool) -> int:
    """Print URL with its signature; wildcards in URL's path make a custom policy for all that match."""
    given = grant.parameters()
    mark = "&" if urlsplit(grant.resource).query else "?"
    signed = grant.resource + mark + "&".join(f"{name}={text}" for name, text in given.items())
    click.echo(json.dumps({"url": signed, "parameters": given}) if as_json else signed)
    return 0


@sign.command()
@_options
def cookie(grant: Grant, *, as_json: bool) -> int:
    """Print the cookies that let a viewer have URL, one Set-Cookie line each; wildcards are allowed."""
    given = {f"{COOKIE_PREFIX}{name}": text for name, text in grant.parameters().items()}
    if as_json:
        click.echo(json.dumps({"cookies": given, "header": "; ".join(f"{n}={t}" for n, t in given.items())}))
        return 0
    secure = "; Secure" if grant.resource.startswith("https:") else ""
    for name, text in given.items():
        click.echo(f"Set-Cookie: {name}={text}; Path=/{secure}; HttpOnly")
    return 0


def _grant(
    *, url: str, key: Path, key_pair_id: str, expires: str, starts: str | None, network: str,
    policy: Path | None, digest: str,
) -> Grant:  # fmt: skip
    if not re.match(r"(?:https?|\*)://.", url) and not (policy or url.startswith("*")):
        raise click.UsageError(f"expected an absolute URL such as https://example.com/a.html, got {url!r}")
    taken = [name for name in PARAMETERS if re.search(rf"[?&]{name}=", url)]
    if taken:
        raise click.UsageError(f"the URL has CloudFront's own parameter {taken[0]!r} already")
    now = time.time()
    return Grant(
        resource=url,
        key=key.read_bytes(),
        key_pair_id=key_pair_id,
        expires=moment("--expires", expires, now),
        starts=None if starts is None else moment("--starts", starts, now),
        network=_network(network),
        policy=None if policy is None else policy.read_bytes().strip(),
        digest=digest,
    )


def moment(flag: str, text: str, now: float) -> int:
    """Return a moment in whole seconds since the epoch.

    Args:
        flag: whose value it is.
        text: `+90s`, `-5m`, `+1h`, `+2d`; an ISO 8601 date, UTC unless it says otherwise; or seconds.
        now: what `+` counts from.

    Raises:
        click.UsageError: it is none of these.
    """
    relative = re.fullmatch(r"([+-])(\d{1,9})([smhdw])", text)
    if relative:
        distance = int(relative[2]) * UNITS[relative[3]]
        return int(now) + (distance if relative[1] == "+" else -distance)
    if text.isascii() and text.isdigit() and int(text[:20]) <= LAST_SECOND:
        return int(text)
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"{flag}: expected +1h, a date such as 2027-01-31T12:00Z, or seconds since the epoch, got {text!r}"
        ) from None
    return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp())


def _network(text: str) -> str:
    if not text:
        return ""
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError:
        raise click.UsageError(f"--ip: expected an IPv4 network such as 192.0.2.0/24, got {text!r}") from None
