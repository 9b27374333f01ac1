"""The state folder: where it is, and that nobody serves it."""

import asyncio

import pytest

from edgerun.home import home
from edgerun.http.message import Request, read
from edgerun.origins.directory import DirectoryOrigin


def test_it_is_beside_the_configuration_file(tmp_path):
    (tmp_path / "edgerun.toml").touch()
    assert home(tmp_path / "edgerun.toml") == tmp_path / ".edgerun"


def test_for_a_folder_served_as_it_is_it_is_where_we_are_and_not_in_what_is_served(tmp_path, monkeypatch):
    (tmp_path / "public").mkdir()
    monkeypatch.chdir(tmp_path)
    assert home(tmp_path / "public") == tmp_path / ".edgerun"


@pytest.mark.parametrize("website", [False, True], ids=["bucket", "website"])
@pytest.mark.parametrize("path", [b"/.edgerun/server.json", b"/%2eedgerun/server.json", b"/.edgerun/", b"/.edgerun"])
def test_no_directory_origin_serves_it(tmp_path, website, path):
    folder = tmp_path / ".edgerun"
    folder.mkdir()
    (folder / "server.json").write_text("a token")
    (folder / "index.html").write_text("a token")

    async def ask():
        origin = DirectoryOrigin(tmp_path, list_bucket=True, website=website)
        response = await origin.fetch(Request(method="GET", path=path))
        body = await read(response.body)
        await origin.aclose()
        return response.status, body

    status, body = asyncio.run(ask())
    assert status == 404
    assert b"a token" not in body


def test_a_listing_does_not_name_it(tmp_path):
    (tmp_path / ".edgerun").mkdir()
    (tmp_path / ".edgerun" / "server.json").write_text("a token")
    (tmp_path / "page.html").write_text("a page")

    async def ask():
        origin = DirectoryOrigin(tmp_path, list_bucket=True)
        return await read((await origin.fetch(Request(method="GET", path=b"/"))).body)

    listing = asyncio.run(ask())
    assert b"page.html" in listing
    assert b".edgerun" not in listing
