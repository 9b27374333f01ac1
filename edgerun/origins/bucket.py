"""A bucket of S3, or of a server that speaks its protocol, reached over HTTP."""

from edgerun.distribution.origins import BucketOrigin as BucketConfig
from edgerun.errors import OriginProtocolError
from edgerun.http.message import OnInterim, Request, Response, Tunnel
from edgerun.origins.http1 import HttpOrigin
from edgerun.origins.signing import Signer, canonical_path


class BucketOrigin:
    """A bucket as CloudFront reaches it with origin access control; what it answers is passed on, errors too."""

    def __init__(self, config: BucketConfig) -> None:
        self._config = config
        self._http = HttpOrigin(
            config.name,
            host=config.host,
            port=config.port,
            tls=config.scheme == "https",
            connection_attempts=config.connection_attempts,
            connection_timeout=config.connection_timeout,
            read_timeout=config.read_timeout,
            keepalive_timeout=config.keepalive_timeout,
            response_completion_timeout=config.response_completion_timeout,
        )
        required = config.sign is True
        self._signer = (
            None if config.sign is False else Signer(config.region, profile=config.profile, required=required)
        )

    async def resolve(self) -> None:
        """Make sure that the name of the bucket's server resolves.

        Raises:
            OriginDnsError: it does not.
        """
        await self._http.resolve()

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response | Tunnel:
        """Ask the bucket, signed if there are credentials; see `Origin.fetch`."""
        request = self._addressed(request)
        if self._signer is not None:
            request = await self._signer.sign(request, self._config.scheme)
        return await self._http.fetch(request, on_interim=on_interim)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def __repr__(self) -> str:
        return f"<BucketOrigin {self._config.bucket} {self._http!r}>"

    def _addressed(self, request: Request) -> Request:
        """Return a request with the bucket in its host or its path."""
        headers = request.headers.replaced(b"Host", self._config.host_header.encode())
        if not self._config.path_style:
            return request.changed(headers=headers)
        # A server may resolve these itself, and the next bucket is only one step up.
        if not {b".", b".."}.isdisjoint(canonical_path(request.path).split(b"/")):
            raise OriginProtocolError(f"{self._config.name}: a key of a bucket with '.' or '..' as a part of its path")
        return request.changed(headers=headers, path=b"/" + self._config.bucket.encode() + request.path)
