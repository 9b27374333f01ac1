"""Each recipe's configuration is served on a real socket and does what its page says."""

import asyncio
import contextlib

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from recipe import PAGES, PYTHON, closed_port, files_of, served, written
from served import run

from edgerun.cli.root import cli

pytestmark = pytest.mark.process

# Pages with test modules of their own.
ELSEWHERE = {"bucket", "custom-runtime", "function-origin", "mangum"}
HERE = {"static-site", "spa", "api", "private-content", "ab-test", "failover", "multi-site"}


def test_every_recipe_is_tested():
    assert {page.stem for page in PAGES.glob("*.md")} == HERE | ELSEWHERE
    assert [page for page in HERE if "edgerun.toml" not in files_of(page)] == []


# ---------------------------------------------------------------- a static site


def test_static_site(tmp_path):
    written("static-site", tmp_path)
    (tmp_path / "site/large.css").write_text("p { color: red }\n" * 100)
    (tmp_path / "site/small.css").write_text("p { color: red }\n")

    async def story():
        async with served(tmp_path) as client:
            home = await client.get("/")
            assert (home.status_code, home.headers["x-cache"]) == (200, "Miss from cloudfront")
            assert "<h1>Home</h1>" in home.text
            assert home.headers["x-content-type-options"] == "nosniff"
            assert (await client.get("/")).headers["x-cache"] == "Hit from cloudfront"

            for path in ("/about/", "/about", "/about/index.html"):
                assert "<h1>About us</h1>" in (await client.get(path)).text, path

            nothing = await client.get("/nowhere/at/all.html")
            assert (nothing.status_code, nothing.headers["x-cache"]) == (404, "Error from cloudfront")
            assert "<h1>Nothing here</h1>" in nothing.text

            large, small = [
                await client.get(f"/{name}.css", headers={"Accept-Encoding": "br"}) for name in ("large", "small")
            ]
            assert (large.headers["content-encoding"], small.headers.get("content-encoding")) == ("br", None)

    run(story)


# ---------------------------------------------------------------- a single-page app


def test_spa(tmp_path):
    written("spa", tmp_path)
    files = files_of("spa")

    async def story():
        async with served(tmp_path) as client:
            for path in ("/", "/products/7", "/assets/lost.js"):
                page = await client.get(path)
                assert (page.status_code, page.text) == (200, files["dist/index.html"]), path
            assert (await client.get("/assets/app.js")).text == files["dist/assets/app.js"]

    run(story)


def test_spa_of_a_bucket_that_may_not_be_listed(tmp_path):
    written("spa", tmp_path, **{"list_bucket = true\n": "", "error_code = 404": "error_code = 403"})

    async def story():
        async with served(tmp_path) as client:
            assert (await client.get("/products/7")).status_code == 200

    run(story)


# ---------------------------------------------------------------- an API behind the site


def test_api(tmp_path):
    written("api", tmp_path, **PYTHON)

    async def story():
        async with served(tmp_path) as client:
            assert "<h1>Shop</h1>" in (await client.get("/")).text

            answers = [
                await client.get("/api/orders?open=1", headers={"Cookie": "a=b", "Host": "shop.example"})
                for _ in range(2)
            ]
            first, second = [answer.json() for answer in answers]
            assert [answer.headers["x-cache"] for answer in answers] == ["Miss from cloudfront"] * 2
            assert (first["calls"], second["calls"]) == (1, 2)
            assert (first["path"], first["cookie"]) == ("/api/orders?open=1", "a=b")
            assert first["host"].startswith("127.0.0.1")

            made = await client.post("/api/orders", content="three chairs")
            assert (made.status_code, made.json()["body"]) == (201, "three chairs")
            for method in ("PUT", "PATCH", "DELETE"):
                answer = await client.request(method, "/api/orders/1")
                assert (answer.status_code, answer.json()["method"]) == (200, method)

            refused = await client.post("/", content="x")
            assert (refused.status_code, refused.headers["x-cache"]) == (403, "Error from cloudfront")

    run(story)


# ---------------------------------------------------------------- private content

KEY_ID = "K2JCJMDEHXQW5F"


@pytest.fixture(scope="module")
def club(tmp_path_factory):
    folder = written("private-content", tmp_path_factory.mktemp("club"))
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem, public = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "private.pem").write_bytes(secret)
    (folder / "public.pem").write_bytes(key.public_key().public_bytes(pem, public))
    return folder


def signed(kind, url, folder, *more):
    """Run `edgerun sign`, and return what it prints."""
    key = str(folder / "private.pem")
    done = CliRunner().invoke(cli, ["sign", kind, url, "--key", key, "--key-pair-id", KEY_ID, *more])
    assert done.exit_code == 0, done.output
    return done.output.strip()


def test_private_content_by_url(club):
    async def story():
        async with served(club) as client:
            assert "For everyone" in (await client.get("/index.html")).text
            refused = await client.get("/private/a.html")
            assert (refused.status_code, "MissingKey" in refused.text) == (403, True)

            url = signed("url", str(client.base_url.join("/private/a.html")), club)
            assert "For members" in (await client.get(url)).text
            other = url.replace("a.html", "b.html")
            assert (await client.get(other)).status_code == 403

    run(story)


def test_private_content_by_cookies(club):
    async def story():
        async with served(club) as client:
            lines = signed("cookie", str(client.base_url.join("/private/*")), club, "--expires", "+1d").splitlines()
            cookies = "; ".join(line.partition(": ")[2].partition(";")[0] for line in lines)
            answer = await client.get("/private/a.html", headers={"Cookie": cookies})
            assert (answer.status_code, "For members" in answer.text) == (200, True)
            damaged = cookies.replace("Signature=", "Signature=A")
            assert (await client.get("/private/a.html", headers={"Cookie": damaged})).status_code == 403

    run(story)


@pytest.mark.parametrize(("country", "status"), [("DE", 200), ("FR", 403), ("", 200)])
def test_private_content_by_country(club, tmp_path, country, status):
    written("private-content", tmp_path)
    (tmp_path / "public.pem").write_bytes((club / "public.pem").read_bytes())
    page = (PAGES / "private-content.md").read_text()
    restriction = "[geo_restriction]" + page.partition("[geo_restriction]")[2].partition("```")[0]
    with (tmp_path / "edgerun.toml").open("a") as file:
        file.write("\n" + restriction)

    async def story():
        async with served(tmp_path, **({"country": country} if country else {})) as client:
            assert (await client.get("/index.html")).status_code == status

    run(story)


# ---------------------------------------------------------------- an A/B test


def test_ab_test(tmp_path):
    written("ab-test", tmp_path)

    async def story():
        async with served(tmp_path) as client:
            new = await client.get("/")
            name, _, shown = new.headers["set-cookie"].partition(";")[0].partition("=")
            assert (name, f"Variant {shown.upper()}" in new.text) == ("variant", True)
            client.cookies.clear()

            for _ in range(2):
                for variant in "ab":
                    answer = await client.get("/", headers={"Cookie": f"variant={variant}"})
                    assert (f"Variant {variant.upper()}" in answer.text, "set-cookie" in answer.headers) == (
                        True,
                        False,
                    )
            for variant in "ab":
                cookies = {"Cookie": f"id=another; variant={variant}"}
                assert (await client.get("/", headers=cookies)).headers["x-cache"] == "Hit from cloudfront"
            again = await client.get("/", headers={"Cookie": "variant=z"})
            assert again.headers["x-cache"] == "Hit from cloudfront"
            assert again.headers["set-cookie"].startswith(f"variant={shown};")

    run(story)


# ---------------------------------------------------------------- failover


@contextlib.asynccontextmanager
async def origin(status, body):
    """Serve one answer, as the first origin."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def copy(tmp_path):
    def make(port):
        written("failover", tmp_path, **{"127.0.0.1:3000": f"127.0.0.1:{port}"})
        (tmp_path / "public").mkdir()
        (tmp_path / "public/index.html").write_text("the copy")
        return tmp_path

    return make


def test_failover_with_nothing_on_the_port(copy):
    async def story():
        async with served(copy(closed_port())) as client:
            answers = [await client.get("/index.html") for _ in range(2)]
            assert [(answer.status_code, answer.text) for answer in answers] == [(200, "the copy")] * 2
            assert answers[1].headers["x-cache"] == "Hit from cloudfront"

    run(story)


@pytest.mark.parametrize(
    ("status", "seen"), [(200, (200, "live")), (503, (200, "the copy")), (404, (200, "the copy")), (410, (410, "live"))]
)
def test_failover_by_status(copy, status, seen):
    async def story():
        async with origin(status, b"live") as port, served(copy(port)) as client:
            answer = await client.get("/index.html")
            assert (answer.status_code, answer.text) == seen

    run(story)


# ---------------------------------------------------------------- several sites


def test_multi_site(tmp_path):
    written("multi-site", tmp_path)
    told = [
        ("shop.localhost", "Shop"),
        ("de.shop.localhost", "Shop"),
        ("blog.shop.localhost", "Blog"),
        ("BLOG.shop.localhost:8787", "Blog"),
        ("a.b.shop.localhost", "Shop"),
    ]

    async def story():
        async with served(tmp_path) as client:
            for host, title in told:
                answer = await client.get("/", headers={"Host": host})
                assert (answer.status_code, f"<h1>{title}</h1>" in answer.text) == (200, True), host
            for host in ("localhost", "blog.localhost", "notshop.localhost"):
                assert (await client.get("/", headers={"Host": host})).status_code == 403, host
            # Both have the same path, and neither has the other's object.
            for host, title in (("blog.shop.localhost", "Blog"), ("shop.localhost", "Shop")):
                answer = await client.get("/", headers={"Host": host})
                assert (answer.headers["x-cache"], title in answer.text) == ("Hit from cloudfront", True)

    run(story)


def test_multi_site_with_one_for_all_other_hosts(tmp_path):
    written("multi-site", tmp_path, **{'aliases = ["blog.shop.localhost"]\n': ""})

    async def story():
        async with served(tmp_path) as client:
            assert "Blog" in (await client.get("/", headers={"Host": "anything.example"})).text
            assert "Shop" in (await client.get("/", headers={"Host": "blog.shop.localhost"})).text

    run(story)
