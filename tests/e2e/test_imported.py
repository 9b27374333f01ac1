"""A file of another tool, served as it is."""

from pathlib import Path

import pytest
from importing import copied
from running import until

pytestmark = pytest.mark.process


def test_a_serverless_project_is_served_and_reloaded_when_a_file_that_it_includes_is_saved(serve, tmp_path):
    folder = copied("serverless", tmp_path)
    (folder / "public/other.html").write_text("other")
    flags = ("--parameter", "stage=prod", "--origin", "site=public")
    server = serve("dev", "serverless.yml", *flags, cwd=folder)

    assert server.ask("/").body == b"hello\n"

    included: Path = folder / "cdn.yml"
    included.write_text(included.read_text().replace("index.html", "other.html"))
    until(lambda: server.ask("/").body == b"other", "the new default root object")


def test_a_terraform_plan_is_served_with_the_code_that_it_would_pack(serve, tmp_path):
    folder = copied("terraform-plan", tmp_path)
    server = serve("serve", "plan.json", "--origin", "site=site", cwd=folder)
    host = {"Host": "shop.example.com"}

    redirected = server.ask("/", headers=host)
    answer = server.ask("/api/missing", headers=host)

    assert (redirected.status, redirected.headers["location"]) == (301, "https://shop.example.com/")
    assert answer.status == 403  # https-only
