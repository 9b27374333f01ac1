"""CloudFront's API on the admin port: distributions told, invalidations taken (`spec/cloudfront.md` §8.2).

For `aws --endpoint-url http://127.0.0.1:8788 cloudfront …` and `boto3.client("cloudfront", endpoint_url=…)`.
Signatures are not checked: there is nobody to check them against.
"""

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin import xml
from edgerun.admin.api_errors import ApiError
from edgerun.admin.commanded import Ordered
from edgerun.admin.invalidations import Invalidation, Invalidations
from edgerun.distribution.api_form import (
    DEPLOYED,
    Form,
    distribution_arn,
    distribution_config,
    distribution_summary,
    items,
)
from edgerun.distribution.model import Distribution
from edgerun.functions.variables import ACCOUNT

PREFIX: Final = "/2020-05-31/"
LARGEST: Final = 16 * 1024 * 1024
PAGE: Final = 100

Answer = Callable[[Request], Awaitable[Response]]


class CloudFrontApi:
    """The operations, over the distributions that the edge serves now."""

    def __init__(self, edge: Ordered) -> None:
        self._edge = edge
        self._invalidations: dict[str, Invalidations] = {}
        self._versions: dict[str, tuple[str, str]] = {}
        for distribution in edge.config.distributions:
            self._version(distribution)

    def routes(self) -> list[Route]:
        """Return the routes of the operations."""
        one = PREFIX + "distribution/{id}"
        return [
            Route(PREFIX + "distribution", answered(self.list_distributions)),
            Route(one, answered(self.get_distribution)),
            Route(one + "/config", answered(self.get_distribution_config)),
            Route(one + "/invalidation", answered(self.list_invalidations)),
            Route(one + "/invalidation", answered(self.create_invalidation), methods=["POST"]),
            Route(one + "/invalidation/{invalidation}", answered(self.get_invalidation)),
            Route(PREFIX + "distribution-tenant/{id}/invalidation", answered(self.no_tenant), methods=["POST"]),
            Route(PREFIX + "{rest:path}", answered(self.unknown), methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    async def list_distributions(self, request: Request) -> Response:
        """ListDistributions."""
        found = self._edge.config.distributions
        forms = [distribution_summary(one, ACCOUNT, *self._version(one)) for one in found]
        return _document("DistributionList", _page(request, forms, [one.id for one in found]))

    async def get_distribution(self, request: Request) -> Response:
        """GetDistribution."""
        distribution = self._distribution(request)
        etag, modified = self._version(distribution)
        form: Form = {
            "Id": distribution.id,
            "ARN": distribution_arn(distribution, ACCOUNT),
            "Status": DEPLOYED,
            "LastModifiedTime": modified,
            "InProgressInvalidationBatches": self._of(distribution).in_progress,
            "DomainName": distribution.domain_name,
            "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "DistributionConfig": distribution_config(distribution, ACCOUNT),
        }
        return _document("Distribution", form, ETag=etag)

    async def get_distribution_config(self, request: Request) -> Response:
        """GetDistributionConfig."""
        distribution = self._distribution(request)
        etag, _ = self._version(distribution)
        return _document("DistributionConfig", distribution_config(distribution, ACCOUNT), ETag=etag)

    async def create_invalidation(self, request: Request) -> Response:
        """CreateInvalidation: what it covers is forgotten when it answers."""
        distribution = self._distribution(request)
        wanted, reference = _batch(await _body(request))

        async def forget(paths: list[str]) -> int:
            return await self._edge.invalidate(paths, distribution.id)

        one, status = await self._of(distribution).create(wanted, reference, self._edge.clock(), forget)
        place = f"{request.url.scheme}://{request.url.netloc}{request.url.path}/{one.id}"
        return _document("Invalidation", _told(one, status), 201, Location=place)

    async def get_invalidation(self, request: Request) -> Response:
        """GetInvalidation."""
        known = self._of(self._distribution(request))
        one = known.get(request.path_params["invalidation"])
        return _document("Invalidation", _told(one, known.status_of(one)))

    async def list_invalidations(self, request: Request) -> Response:
        """ListInvalidations, the newest first."""
        known = self._of(self._distribution(request))
        found = known.newest_first()
        forms: list[Form] = [
            {"Id": one.id, "CreateTime": _iso(one.created), "Status": known.status_of(one)} for one in found
        ]
        return _document("InvalidationList", _page(request, forms, [one.id for one in found]))

    async def no_tenant(self, request: Request) -> Response:
        """CreateInvalidationForDistributionTenant: edgerun has no tenants."""
        raise ApiError("EntityNotFound", 404, f"There is no distribution tenant {request.path_params['id']}.")

    async def unknown(self, request: Request) -> Response:
        """Refuse any other operation."""
        message = f"edgerun does not do {request.method} {request.url.path}: change its configuration file instead."
        raise ApiError("NotImplemented", 501, message)

    def _distribution(self, request: Request) -> Distribution:
        wanted = request.path_params["id"]
        for distribution in self._edge.config.distributions:
            if distribution.id == wanted:
                return distribution
        known = ", ".join(one.id for one in self._edge.config.distributions)
        message = f"The specified distribution does not exist. edgerun serves {known}."
        raise ApiError("NoSuchDistribution", 404, message)

    def _of(self, distribution: Distribution) -> Invalidations:
        return self._invalidations.setdefault(distribution.id, Invalidations())

    def _version(self, distribution: Distribution) -> tuple[str, str]:
        """Return a distribution's ETag, and since when it has been as it is."""
        form = json.dumps(distribution_config(distribution, ACCOUNT), sort_keys=True)
        etag = "E" + hashlib.sha256(form.encode()).hexdigest()[:13].upper()
        known = self._versions.get(distribution.id)
        if known is None or known[0] != etag:
            known = self._versions[distribution.id] = etag, _iso(self._edge.clock())
        return known


def answered(operation: Answer) -> Answer:
    """Return an operation whose refusals are answered in CloudFront's XML."""

    async def answer(request: Request) -> Response:
        try:
            return await operation(request)
        except ApiError as error:
            return refusal(error)

    return answer


def refusal(error: ApiError) -> Response:
    """Return a refusal as CloudFront writes it."""
    request_id = str(uuid.uuid4())
    told: Form = {"Type": "Sender", "Code": error.code, "Message": str(error)}
    form: Form = {"Error": told, "RequestId": request_id}
    return _response(xml.written("ErrorResponse", form), error.status, {"x-amzn-RequestId": request_id})


def _document(name: str, form: Form, status: int = 200, **headers: str) -> Response:
    return _response(xml.written(name, form), status, {"x-amzn-RequestId": str(uuid.uuid4()), **headers})


def _response(document: bytes, status: int, headers: dict[str, str]) -> Response:
    return Response(document, status_code=status, media_type="text/xml", headers=headers)


def _page(request: Request, forms: list[Form], ids: list[str]) -> Form:
    marker, wanted = (request.query_params.get(name, "") for name in ("Marker", "MaxItems"))
    if wanted and not (wanted.isdecimal() and 0 < int(wanted) <= 1_000):
        raise ApiError("InvalidArgument", 400, "The parameter MaxItems is a whole number from 1 to 1000.")
    most = int(wanted or PAGE)
    start = ids.index(marker) + 1 if marker in ids else 0
    page = forms[start : start + most]
    following = ids[start + most - 1] if start + most < len(ids) else None
    more: Form = {} if following is None else {"NextMarker": following}
    return {"Marker": marker, **more, "MaxItems": most, "IsTruncated": following is not None, **items(page)}


def _told(one: Invalidation, status: str) -> Form:
    batch: Form = {"Paths": items(one.items), "CallerReference": one.reference}
    return {"Id": one.id, "Status": status, "CreateTime": _iso(one.created), "InvalidationBatch": batch}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _body(request: Request) -> bytes:
    """Return the body of an order.

    Raises:
        ApiError: it is larger than `LARGEST`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise ApiError("BatchTooLarge", 413, f"An invalidation batch may have {LARGEST:,} bytes.")
    return bytes(body)


def _batch(body: bytes) -> tuple[list[str], str]:
    """Return the items and the caller's reference of an `InvalidationBatch`.

    Raises:
        ApiError: it is none, or does not have as many items as it says.
    """
    if not body.strip():
        raise ApiError("MissingBody", 400, "This operation requires a body. Ensure that the body is present.")
    try:
        root = xml.parsed(body)
    except ValueError as error:
        raise ApiError("InvalidArgument", 400, f"The body cannot be read: {error}.") from None
    paths, reference = root.first("Paths"), root.first("CallerReference")
    if root.name != "InvalidationBatch" or paths is None or reference is None or not reference.text.strip():
        message = "Expected an InvalidationBatch with Paths and a CallerReference."
        raise ApiError("InvalidArgument", 400, message)
    listed, quantity = paths.first("Items"), paths.first("Quantity")
    wanted = [child.text for child in listed.children] if listed is not None else []
    if quantity is None or quantity.text.strip() != str(len(wanted)):
        message = "The value of Quantity and the size of Items don't match."
        raise ApiError("InconsistentQuantities", 400, message)
    return wanted, reference.text.strip()
