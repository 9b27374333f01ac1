"""The demo site holds together: valid nesting, nothing from outside, no dead links."""

import json
import tomllib
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "sites/shop"
PAGES = sorted(SITE.rglob("*.html"))
VOID = {"meta", "link", "img", "br", "hr", "input"}
# Answered by an edge function, not by an object.
GENERATED = {"/shipping"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.links, self.images, self.ids, self.tags = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.links += [attributes[n] for n in ("href", "src") if n in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.images += [attributes] if tag == "img" else []
        assert "style" not in attributes, "the Content-Security-Policy allows no inline style"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(params=PAGES, ids=[str(page.relative_to(SITE)) for page in PAGES])
def page(request):
    parser = Page()
    parser.feed(request.param.read_text(encoding="utf-8"))
    parser.close()
    return parser


def served(link):
    path = link.partition("?")[0]
    key = "/index.html" if path == "/" else path if "." in path.rpartition("/")[2] else f"{path}.html"
    return path in GENERATED or (SITE / key.lstrip("/")).is_file()


def test_elements_are_closed_in_order_and_ids_are_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1


def test_links_lead_somewhere_on_this_site(page):
    dead = [link for link in page.links if not (link.startswith("#") or served(link))]
    assert dead == []


def test_images_have_a_text_and_a_size(page):
    assert all({"alt", "width", "height"} <= image.keys() for image in page.images)


def test_drawings_are_well_formed():
    drawings = list((SITE / "img").glob("*.svg"))
    assert drawings
    assert {ET.parse(drawing).getroot().get("viewBox") is not None for drawing in drawings} == {True}


def test_data_and_metadata_can_be_read():
    assert json.loads((SITE / "data/products.json").read_text(encoding="utf-8"))["products"]
    assert tomllib.loads((SITE / ".edgerun-meta.toml").read_text(encoding="utf-8"))["css/*"]
