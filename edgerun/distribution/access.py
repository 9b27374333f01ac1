"""Who may have what: signed URLs, signed cookies, countries (`spec/cloudfront.md` §0 steps 5 and 10, §10)."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any, Final

from edgerun.distribution.model import GeoRestriction, KeyGroup, PublicKey
from edgerun.errors import AccessDenied, CountryBlocked
from edgerun.http.message import Request
from edgerun.values import value

Verify = Callable[[bytes, bytes, bytes, str], bool]
"""(public key as PEM, signature, message, "SHA1" or "SHA256") → whether the signature is right."""


def nothing_verifies(_pem: bytes, _signature: bytes, _message: bytes, _digest: str) -> bool:
    """Find no signature right: what stands where nobody can check one."""
    return False


PARAMETERS: Final = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
COOKIE_PREFIX: Final = "CloudFront-"
HASHES: Final = ("SHA1", "SHA256")
LAST_SECOND: Final = 2**63 - 1
CANNED: Final = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}'

_TO_STANDARD: Final = str.maketrans("-_~", "+=/")
_FROM_STANDARD: Final = str.maketrans("+=/", "-_~")
_CONDITIONS: Final = {"DateLessThan": "AWS:EpochTime", "DateGreaterThan": "AWS:EpochTime", "IpAddress": "AWS:SourceIp"}


@value
class Statement:
    """What a policy grants: `resource` is a pattern or None for any; times are whole seconds since the epoch."""

    resource: str | None
    until: int
    after: int | None = None
    network: IPv4Network | None = None


def check_country(country: str, restriction: GeoRestriction | None) -> None:
    """Refuse a viewer whose country may not see the distribution; one whose country is unknown is served (§12).

    Raises:
        CountryBlocked.
    """
    if restriction is None or not country:
        return
    if (country in restriction.locations) != (restriction.restriction_type == "whitelist"):
        raise CountryBlocked(f"viewers from {country} may not see this distribution")


def check_signature(request: Request, groups: tuple[KeyGroup, ...], verify: Verify, now: float) -> Request:
    """Check a request for private content, and return it without CloudFront's own query parameters.

    Args:
        request: as it came from the viewer; what was signed is its own URL.
        groups: the behavior's trusted key groups; without any nothing is checked (§10.2).
        verify: checks one signature.
        now: seconds since the epoch, the request's start.

    Raises:
        AccessDenied: with CloudFront's code.
    """
    if not groups:
        return request
    in_url, own_query = _split_query(request.query)
    given = in_url or _cookies(request)
    statement = _verified(given, request, own_query, groups, verify)
    resource = _url(request, own_query)
    if statement.resource is not None and not covers(statement.resource, resource, anywhere=not in_url):
        raise AccessDenied("AccessDenied", f"the policy is for {statement.resource}, the viewer asked for {resource}")
    if now >= statement.until:
        raise AccessDenied("AccessDenied", f"expired at {statement.until}, it is {now:.0f}")
    if statement.after is not None and now <= statement.after:
        raise AccessDenied("AccessDenied", f"not valid until {statement.after}, it is {now:.0f}")
    if statement.network is not None and not _within(request.client[0], statement.network):
        raise AccessDenied("AccessDenied", f"the policy is for {statement.network}, not for {request.client[0]}")
    return request.changed(query=own_query) if in_url else request


def encode(data: bytes) -> str:
    """Return bytes as CloudFront has them in URLs and cookies: base64 with `-_~` for `+=/` (§10.1)."""
    return base64.b64encode(data).decode().translate(_FROM_STANDARD)


def decode(text: str) -> bytes:
    """Return the bytes that `encode` made text of.

    Raises:
        ValueError: it is no such text.
    """
    try:
        return base64.b64decode(text.translate(_TO_STANDARD), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def canned_policy(url: str, expires: int) -> bytes:
    """Return the policy that CloudFront rebuilds of a URL and its `Expires`, byte for byte (§10.1)."""
    return (CANNED % (url, expires)).encode("latin-1", "replace")


# ------------------------------------------------------------------------------ what the viewer sent


def _split_query(query: bytes | None) -> tuple[dict[str, str], bytes | None]:
    """Return CloudFront's parameters of a query string, and the viewer's own part of it, None when there is none."""
    if query is None:
        return {}, None
    given: dict[str, str] = {}
    own = []
    for part in query.split(b"&"):
        name, _, text = part.decode("latin-1").partition("=")
        if name in PARAMETERS:
            given.setdefault(name, text)
        else:
            own.append(part)
    return given, b"&".join(own) if own or not given else None


def _cookies(request: Request) -> dict[str, str]:
    given: dict[str, str] = {}
    for line in request.headers.get_all(b"cookie"):
        for pair in line.decode("latin-1").split(";"):
            name, _, text = pair.strip().partition("=")
            if name.startswith(COOKIE_PREFIX) and name.removeprefix(COOKIE_PREFIX) in PARAMETERS:
                given.setdefault(name.removeprefix(COOKIE_PREFIX), text)
    return given


def _url(request: Request, query: bytes | None) -> str:
    host = (request.headers.get(b"host") or b"").decode("latin-1")
    path = request.path.decode("latin-1")
    return f"{request.scheme}://{host}{path}" + ("" if query is None else f"?{query.decode('latin-1')}")


def _verified(
    given: dict[str, str], request: Request, own_query: bytes | None, groups: tuple[KeyGroup, ...], verify: Verify
) -> Statement:
    """Return what a signature grants that is by a trusted key, in the order of refusals of §10.2."""
    key = _key(given.get("Key-Pair-Id"), groups)
    try:
        signature = decode(given.get("Signature", ""))
    except ValueError:
        raise AccessDenied("MalformedSignature", "the signature is not in CloudFront's base64") from None
    if "Policy" in given:
        signed = _policy_bytes(given["Policy"])
        statement = read_policy(signed)
    else:
        expires = _seconds(given.get("Expires", ""))
        signed = canned_policy(_url(request, own_query), expires)
        statement = Statement(resource=None, until=expires)
    digest = given.get("Hash-Algorithm", "SHA1")
    if digest not in HASHES or not signature or not verify(key.pem, signature, signed, digest):
        raise AccessDenied("AccessDenied", f"the signature does not match {signed.decode('latin-1')}")
    return statement


def _key(key_id: str | None, groups: tuple[KeyGroup, ...]) -> PublicKey:
    if not key_id:
        raise AccessDenied("MissingKey", "no Key-Pair-Id in the query string, no CloudFront-Key-Pair-Id cookie")
    for group in groups:
        for key in group.keys:
            if key.id == key_id:
                return key
    known = ", ".join(key.id for group in groups for key in group.keys)
    raise AccessDenied("InvalidKey", f"key {key_id!r} is in none of the behavior's key groups; they hold {known}")


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:20]) > LAST_SECOND:
        raise AccessDenied("AccessDenied", f"Expires is not a number of seconds: {text[:40]!r}")
    return int(text)


# ------------------------------------------------------------------------------ policies


def _policy_bytes(text: str) -> bytes:
    try:
        return decode(text)
    except ValueError:
        raise AccessDenied("MalformedPolicy", "the policy is not in CloudFront's base64") from None


def read_policy(data: bytes) -> Statement:
    """Return the one statement of a custom policy (§10.1).

    Raises:
        AccessDenied: it is not a policy, with the code `MalformedPolicy`.
    """
    try:
        return _statement(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise AccessDenied("MalformedPolicy", f"the policy cannot be used: {error}") from None


def _statement(policy: Any) -> Statement:
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or len(statements) != 1 or not isinstance(statements[0], dict):
        raise ValueError("expected one statement")
    resource, conditions = statements[0].get("Resource"), statements[0].get("Condition")
    if not isinstance(resource, str | None) or not isinstance(conditions, dict):
        raise ValueError("expected 'Resource' as text and 'Condition' as an object")  # noqa: TRY004  # JSON, not types
    found = {name: _condition(name, conditions[name]) for name in conditions}
    if "DateLessThan" not in found:
        raise ValueError("there is no 'DateLessThan'")
    return Statement(
        resource=resource,
        until=_moment(found["DateLessThan"]),
        after=_moment(found["DateGreaterThan"]) if "DateGreaterThan" in found else None,
        network=_network(found["IpAddress"]) if "IpAddress" in found else None,
    )


def _condition(name: str, given: Any) -> Any:
    word = _CONDITIONS.get(name)
    if word is None or not isinstance(given, dict) or list(given) != [word]:
        raise ValueError(f"the condition {name!r} is none of {', '.join(_CONDITIONS)}, or lacks its one operand")
    return given[word]


def _moment(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= LAST_SECOND:
        raise ValueError(f"expected seconds since the epoch as a number, got {given!r}")
    return given


def _network(given: Any) -> IPv4Network:
    network = ip_network(given, strict=False) if isinstance(given, str) else None
    if not isinstance(network, IPv4Network):
        raise ValueError(f"expected an IPv4 network, got {given!r}")  # noqa: TRY004  # JSON, not types
    return network


def _within(address: str, network: IPv4Network) -> bool:
    try:
        viewer = ip_address(address)
    except ValueError:
        return False
    return isinstance(viewer, IPv4Address) and viewer in network


# ------------------------------------------------------------------------------ wildcards of §10.3

_URL: Final = re.compile(
    r"(?:(?P<scheme>[^:/?]*)://)?(?P<domain>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?", re.DOTALL
)
_PATTERN: Final = re.compile(
    r"(?:(?P<scheme>\*|[a-z]+)://)?(?P<domain>(?:[^/?\\]|\\.)*)(?P<path>/.*)?", re.DOTALL | re.IGNORECASE
)


def covers(pattern: str, url: str, *, anywhere: bool = False) -> bool:
    """Tell whether a policy's `Resource` covers a URL.

    `*` is any run of characters and `?` exactly one, within one of the parts scheme, domain, path and query; a `*` at
    the end of domain or path covers what follows too. `anywhere` lets wildcards cross the parts, as for cookies.
    """
    if pattern == "*" or (anywhere and _glob(pattern).fullmatch(url)):
        return True
    wanted, asked = _PATTERN.fullmatch(pattern), _URL.fullmatch(url)
    if wanted is None or asked is None:
        return False
    scheme = wanted["scheme"] or ("*" if wanted["domain"].startswith("*") else "")
    if scheme not in {"*", asked["scheme"]} or not _glob(wanted["domain"]).fullmatch(asked["domain"]):
        return False
    if wanted["path"] is None:
        return wanted["domain"].endswith("*") or (asked["path"] in {None, "/"} and asked["query"] is None)
    return any(
        _glob(path).fullmatch(asked["path"] or "/") and _query_fits(path, query, asked["query"])
        for path, query in _divided(wanted["path"])
    )


def _divided(rest: str) -> Iterator[tuple[str, str | None]]:
    r"""Yield each way to read the path and query of a pattern: `\?` begins the query, an unescaped `?` may."""
    yield rest, None
    for mark in re.finditer(r"\\?\?", rest):
        yield rest[: mark.start()], rest[mark.end() :]


def _query_fits(path: str, query: str | None, asked: str | None) -> bool:
    if query is None:
        return asked is None or (path.endswith("*") and not path.endswith("\\*"))
    return asked is not None and _glob(query).fullmatch(asked) is not None


def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    made = "".join({"*": ".*", "?": "."}.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.compile(re.sub(r"(?:\.\*)+", ".*", made), re.DOTALL)
