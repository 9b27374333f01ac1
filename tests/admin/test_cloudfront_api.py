"""CloudFront's API on the admin port: answers and refusals. Source: cloudfront.md §8.2, §8.3."""

import asyncio
import re
from xml.etree import ElementTree as ET

import httpx2
import pytest
from plays import MANAGED, Play, behavior, distribution

from edgerun.admin import cloudfront_api, invalidations, xml
from edgerun.admin.app import admin_app
from edgerun.testing.origin import respond

NS = {"c": xml.NAMESPACE}
ID = "EDGERUNDEMO001"
PLACE = f"/2020-05-31/distribution/{ID}/invalidation"
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=x/20260407/us-east-1/cloudfront/aws4_request, Signature=0"}


class Edge:
    """What the admin application needs, around a play; `forgotten` holds every order."""

    def __init__(self, given=None):
        self.play = Play(given, replies={"/": respond(200, b"a page", cache_control="max-age=60")})
        self.config, self.clock = self.play.config, self.play.clock
        self.forgotten = []
        self.gate = None

    async def invalidate(self, items, distribution=""):
        self.forgotten.append((items, distribution))
        if self.gate is not None:
            await self.gate.wait()
        return 0


class Admin:
    """The admin application of an edge, asked as boto3 does it."""

    def __init__(self, edge=None):
        self.edge = edge or Edge()
        self.app = admin_app(self.edge, port=8788, token="secret")

    async def send(self, method, path, content=None, **headers):
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8788") as client:
            headers = {name.replace("_", "-"): text for name, text in headers.items()}
            return await client.request(method, path, content=content, headers=SIGNED | headers)

    def ask(self, method, path, content=None, **headers):
        return asyncio.run(self.send(method, path, content, **headers))

    def create(self, *paths, reference="r1", quantity=None):
        return self.ask("POST", PLACE, batch(*paths, reference=reference, quantity=quantity))


def batch(*paths, reference="r1", quantity=None):
    form = {
        "Paths": {"Quantity": len(paths) if quantity is None else quantity, "Items": list(paths)},
        "CallerReference": reference,
    }
    return xml.written("InvalidationBatch", form)


def text(answer, path):
    found = ET.fromstring(answer.content).find("/".join(f"c:{name}" for name in path.split("/")), NS)
    return None if found is None else found.text


def refused(answer):
    assert answer.headers["content-type"].startswith("text/xml")
    assert text(answer, "RequestId") == answer.headers["x-amzn-requestid"]
    return answer.status_code, text(answer, "Error/Code")


# ---------------------------------------------------------------- invalidations


def test_an_invalidation_is_created_told_and_listed():
    admin = Admin()
    created = admin.create("/img/*", "/index.html", "#sale")
    assert (created.status_code, text(created, "Status")) == (201, "InProgress")
    one = text(created, "Id")
    assert re.fullmatch(r"I[A-Z0-9]{13,25}", one)
    assert created.headers["location"] == f"http://localhost:8788{PLACE}/{one}"
    assert text(created, "CreateTime") == "2026-04-07T10:00:00.000Z"
    assert text(created, "InvalidationBatch/CallerReference") == "r1"
    assert admin.edge.forgotten == [(["/img/*", "/index.html", "#sale"], ID)]
    got = admin.ask("GET", f"{PLACE}/{one}")
    assert (got.status_code, text(got, "Status"), text(got, "Id")) == (200, "Completed", one)
    assert text(got, "InvalidationBatch/Paths/Quantity") == "3"
    listed = admin.ask("GET", PLACE)
    assert (text(listed, "Quantity"), text(listed, "Items/InvalidationSummary/Id")) == ("1", one)
    assert text(listed, "Items/InvalidationSummary/Status") == "Completed"


def test_the_same_reference_and_paths_are_the_same_invalidation():
    admin = Admin()
    first, again = admin.create("/a", "/b"), admin.create("/b", "/a")
    assert (again.status_code, text(again, "Id"), text(again, "Status")) == (201, text(first, "Id"), "Completed")
    assert len(admin.edge.forgotten) == 1
    assert text(admin.ask("GET", PLACE), "Quantity") == "1"


def test_the_same_reference_and_other_paths_are_refused():
    admin = Admin()
    admin.create("/a")
    assert refused(admin.create("/b")) == (409, "InvalidationBatchAlreadyExists")
    assert len(admin.edge.forgotten) == 1


def test_while_it_runs_it_is_in_progress():
    admin = Admin()

    async def act():
        admin.edge.gate = asyncio.Event()
        creating = asyncio.ensure_future(admin.send("POST", PLACE, batch("/a")))
        while not admin.edge.forgotten:
            await asyncio.sleep(0)
        during = await admin.send("GET", PLACE), await admin.send("GET", f"/2020-05-31/distribution/{ID}")
        admin.edge.gate.set()
        await creating
        return during, await admin.send("GET", PLACE)

    (listed, told), after = asyncio.run(act())
    assert text(listed, "Items/InvalidationSummary/Status") == "InProgress"
    assert text(told, "InProgressInvalidationBatches") == "1"
    assert text(after, "Items/InvalidationSummary/Status") == "Completed"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        pytest.param(b"", (400, "MissingBody"), id="no body"),
        pytest.param(b"{}", (400, "InvalidArgument"), id="no XML"),
        pytest.param(b"<!DOCTYPE x><x/>", (400, "InvalidArgument"), id="a document type"),
        pytest.param(b"<x/>", (400, "InvalidArgument"), id="another element"),
        pytest.param(batch("/a", reference=""), (400, "InvalidArgument"), id="no reference"),
        pytest.param(batch(), (400, "InvalidArgument"), id="no path"),
        pytest.param(batch("a"), (400, "InvalidArgument"), id="no slash"),
        pytest.param(batch("#"), (400, "InvalidArgument"), id="an empty tag"),
        pytest.param(batch("/" + "a" * 4_000), (400, "InvalidArgument"), id="4,001 characters"),
        pytest.param(batch("/a", quantity=2), (400, "InconsistentQuantities"), id="a wrong quantity"),
        pytest.param(batch("/a").replace(b"<Quantity>1</Quantity>", b""), (400, "InconsistentQuantities"), id="none"),
        pytest.param(batch(*["/a"] * 3_001), (413, "BatchTooLarge"), id="3,001 paths"),
        pytest.param(batch(*["/a*"] * 16), (400, "TooManyInvalidationsInProgress"), id="16 wildcards"),
    ],
)
def test_a_batch_is_refused_as_cloudfront_does_it(content, refusal):
    admin = Admin()
    assert refused(admin.ask("POST", PLACE, content)) == refusal
    assert admin.edge.forgotten == []


def test_the_most_that_is_allowed():
    admin = Admin()
    paths = [*(f"/{n}" for n in range(3_000)), *(f"/{n}*" for n in range(15))]
    assert admin.create(*paths).status_code == 201


def test_a_body_without_end_is_not_read_on(monkeypatch):
    monkeypatch.setattr(cloudfront_api, "LARGEST", 1_000)
    assert refused(Admin().create("/" + "a" * 2_000)) == (413, "BatchTooLarge")


def test_wildcards_in_progress_count():
    admin = Admin()

    async def act():
        admin.edge.gate = asyncio.Event()
        creating = asyncio.ensure_future(admin.send("POST", PLACE, batch(*[f"/{n}*" for n in range(10)])))
        while not admin.edge.forgotten:
            await asyncio.sleep(0)
        second = await admin.send("POST", PLACE, batch(*[f"/{n}*" for n in range(6)], reference="r2"))
        admin.edge.gate.set()
        await creating
        return second

    assert refused(asyncio.run(act())) == (400, "TooManyInvalidationsInProgress")


def test_a_list_comes_in_pages_the_newest_first(monkeypatch):
    monkeypatch.setattr(invalidations, "REMEMBERED", 5)
    admin = Admin()
    made = [text(admin.create(f"/{n}", reference=f"r{n}"), "Id") for n in range(7)]
    seen, marker = [], ""
    while True:
        page = admin.ask("GET", f"{PLACE}?MaxItems=2&Marker={marker}")
        root = ET.fromstring(page.content)
        seen += [found.text for found in root.findall("c:Items/c:InvalidationSummary/c:Id", NS)]
        assert (text(page, "MaxItems"), text(page, "Marker") or "") == ("2", marker)
        if text(page, "IsTruncated") == "false":
            break
        marker = text(page, "NextMarker")
    assert seen == made[:1:-1]
    assert text(page, "NextMarker") is None


@pytest.mark.parametrize("most", ["0", "-1", "x", "1001"])
def test_a_page_of_no_size_is_refused(most):
    assert refused(Admin().ask("GET", f"{PLACE}?MaxItems={most}")) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/2020-05-31/distribution/EOTHER", (404, "NoSuchDistribution")),
        ("GET", "/2020-05-31/distribution/EOTHER/config", (404, "NoSuchDistribution")),
        ("GET", "/2020-05-31/distribution/EOTHER/invalidation", (404, "NoSuchDistribution")),
        ("POST", "/2020-05-31/distribution/EOTHER/invalidation", (404, "NoSuchDistribution")),
        ("GET", f"{PLACE}/IOTHER", (404, "NoSuchInvalidation")),
        ("POST", "/2020-05-31/distribution-tenant/dt_1/invalidation", (404, "EntityNotFound")),
        ("PUT", f"/2020-05-31/distribution/{ID}/config", (501, "NotImplemented")),
        ("DELETE", f"/2020-05-31/distribution/{ID}", (501, "NotImplemented")),
        ("GET", "/2020-05-31/function", (501, "NotImplemented")),
    ],
)
def test_what_is_not_there(method, path, refusal):
    assert refused(Admin().ask(method, path)) == refusal


# ---------------------------------------------------------------- distributions


def test_the_etag_tells_versions_apart():
    admin = Admin()
    first = admin.ask("GET", f"/2020-05-31/distribution/{ID}/config").headers["etag"]
    assert admin.ask("GET", f"/2020-05-31/distribution/{ID}").headers["etag"] == first
    admin.edge.clock.advance(60)
    assert text(admin.ask("GET", f"/2020-05-31/distribution/{ID}"), "LastModifiedTime") == "2026-04-07T10:00:00.000Z"
    changed = distribution(behavior(cache_policy=MANAGED["CachingDisabled"]))
    admin.edge.config = Play(changed).config
    told = admin.ask("GET", f"/2020-05-31/distribution/{ID}")
    assert told.headers["etag"] != first
    assert text(told, "LastModifiedTime") == "2026-04-07T10:01:00.000Z"


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"authorization": ""}, id="nothing"),
        pytest.param({"authorization": "Basic eDp5"}, id="another scheme"),
        pytest.param({"origin": "http://evil.example"}, id="a page of another site"),
        pytest.param({"origin": "http://localhost:8788"}, id="a page at all"),
        pytest.param({"host": "evil.example"}, id="another host"),
    ],
)
def test_only_signed_requests_of_programs_are_taken(method, headers):
    admin = Admin()
    assert refused(admin.ask(method, PLACE, batch("/a"), **headers)) == (403, "AccessDenied")
    assert admin.edge.forgotten == []


def test_the_token_is_as_good_as_a_signature():
    admin = Admin()
    assert admin.ask("GET", PLACE, authorization="", x_edgerun_token="secret").status_code == 200


def test_a_signature_opens_nothing_else():
    admin = Admin()
    assert admin.ask("POST", "/invalidations", b'{"paths": ["/*"]}').status_code == 403
    assert admin.edge.forgotten == []
