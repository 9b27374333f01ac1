"""AWS's signature on requests to a bucket, by botocore, which is imported when the first request is signed."""

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote_to_bytes

from edgerun.errors import OriginConnectError
from edgerun.http.message import Request

if TYPE_CHECKING:
    from botocore.credentials import Credentials

MISSING: Final = "needs botocore, which is not installed: pip install 'edgerun[aws]'"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"


class Signer:
    """Signs requests as origin access control does: always, over the viewer's `Authorization`.

    Credentials are looked for once, where AWS's own tools look: the environment, the profile's files, the machine.

    Args:
        region: the bucket's.
        profile: whose credentials; "" for the usual ones.
        required: raise where there are none, instead of leaving requests unsigned.
    """

    def __init__(self, region: str, *, profile: str = "", required: bool = False) -> None:
        self._region = region
        self._profile = profile
        self._required = required
        self._finding: asyncio.Task[Credentials | None] | None = None

    async def sign(self, request: Request, scheme: str) -> Request:
        """Return a request with its signature; without credentials as it is.

        Args:
            request: as it goes out, `Host` included.
            scheme: `http` or `https`.

        Raises:
            OriginConnectError: there is nothing to sign with.
        """
        credentials = await self._credentials()
        if credentials is None:
            return request
        return await asyncio.to_thread(_signed, request, scheme, self._region, credentials)

    async def _credentials(self) -> "Credentials | None":
        if self._finding is None:
            self._finding = asyncio.ensure_future(asyncio.to_thread(_find, self._profile))
        try:
            found = await asyncio.shield(self._finding)
        except Exception:
            self._finding = None  # the next request looks again
            raise
        if found is None and self._required:
            self._finding = None
            raise OriginConnectError(
                f"there are no AWS credentials {_where(self._profile)}, and sign = true asks for them"
            )
        return found


def _find(profile: str) -> "Credentials | None":
    try:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # most origins need none
        from botocore.session import Session  # noqa: PLC0415
    except ImportError as error:
        raise OriginConnectError(f"signing {MISSING}") from error
    try:
        return Session(profile=profile or None).get_credentials()
    except BotoCoreError as error:
        raise OriginConnectError(f"no AWS credentials {_where(profile)}: {error}") from error


def _where(profile: str) -> str:
    return f"in the profile {profile!r}" if profile else "in the environment or AWS's files"


def _signed(request: Request, scheme: str, region: str, credentials: "Credentials") -> Request:
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    class Auth(S3SigV4Auth):
        def payload(self, request: Any) -> str:  # noqa: ARG002
            return digest

    path, query = canonical_path(request.path), canonical_query(request.query)
    # A viewer may say the digest of its upload; S3 then checks it.
    said = request.headers.get(b"x-amz-content-sha256")
    digest = said.decode("latin-1") if said else UNSIGNED_PAYLOAD
    headers = {
        name.decode("latin-1"): (request.headers.joined(name) or b"").decode("latin-1")
        for name in dict.fromkeys(request.headers.names())
        if name == b"host" or (name.startswith(b"x-amz-") and name != b"x-amz-content-sha256")
    }
    url = f"{scheme}://{headers['host']}{path.decode()}" + (f"?{query.decode()}" if query else "")
    asked = AWSRequest(method=request.method, url=url, headers=headers)
    try:
        Auth(credentials.get_frozen_credentials(), "s3", region).add_auth(asked)
    except BotoCoreError as error:
        raise OriginConnectError(f"AWS credentials cannot be used: {error}") from error
    made = {name.lower().encode(): (name.encode(), str(text).encode()) for name, text in asked.headers.items()}
    new = tuple(line for name, line in made.items() if name.decode() not in headers)
    kept = request.headers.without(b"authorization", *(name for name in made if name.decode() not in headers))
    return request.changed(headers=kept.plus(*new), path=path, query=query)


def canonical_path(path: bytes) -> bytes:
    """Return a path as S3 encodes a key itself, so that both sides sign the same."""
    return quote(unquote_to_bytes(path), safe="/-._~").encode()


def canonical_query(query: bytes | None) -> bytes | None:
    """Return a query with each part encoded as signatures want it."""
    if query is None:
        return None
    parts = (part.partition(b"=") for part in query.split(b"&") if part)
    return b"&".join(_encoded(name) + b"=" + _encoded(text) for name, _, text in parts)


def _encoded(text: bytes) -> bytes:
    return quote(unquote_to_bytes(text), safe="-._~").encode()
