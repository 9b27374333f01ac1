"""Sources: RFC 9213 §2; http-caching.md §2."""

import pytest

from edgerun.cache.targeted import directives
from edgerun.http.fields import LONGEST
from edgerun.http.headers import Headers

CDN = (b"cdn-cache-control",)


def said(*lines, targets=CDN):
    return directives(Headers([(name.encode(), text.encode()) for name, text in lines]), targets)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("max-age=60", {"max_age": 60}),
        ("max-age=60, s-maxage=7;x=1", {"max_age": 60, "s_maxage": 7}),
        ("max-age=999999999999", {"max_age": LONGEST}),
        ("max-age=1, max-age=2", {"max_age": 2}),
        ("no-store", {"no_store": True}),
        ("no-store=?0, public", {"no_store": False, "public": True}),
        ("no-store=1, public", {"no_store": False, "public": True}),
        ("no-cache, private", {"no_cache": True, "private": True}),
        ('no-cache="X-A, x-b"', {"no_cache": False, "no_cache_fields": (b"x-a", b"x-b")}),
        ('private=("X-A" "x-b" tok)', {"private": False, "private_fields": (b"x-a", b"x-b")}),
        ("stale-while-revalidate=5, stale-if-error=6", {"stale_while_revalidate": 5, "stale_if_error": 6}),
        ('stale-if-error="6", public', {"stale_if_error": None, "public": True}),
        ("must-revalidate, proxy-revalidate", {"must_revalidate": True, "proxy_revalidate": True}),
        (
            "must-understand, immutable, no-transform",
            {"must_understand": True, "immutable": True, "no_transform": True},
        ),
    ],
)
def test_the_members_of_a_targeted_field(text, fields):
    found = said(("CDN-Cache-Control", text), ("Cache-Control", "max-age=1"))
    assert (found.field, found.expires) == ("CDN-Cache-Control", False)
    assert {name: getattr(found.control, name) for name in fields} == fields


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "max-age = 60", "Max-Age=60", "max-age=60,", 'max-age="60"', "max-age=60.0", "max-age=tok"),
        *("max-age=-1", "s-maxage=?1", "no-store, max-age", "("),
    ],
)
def test_a_field_that_does_not_count_gives_way(text):
    found = said(("CDN-Cache-Control", text), ("Cache-Control", "max-age=1"))
    assert (found.field, found.expires, found.control.max_age) == ("Cache-Control", True, 1)


def test_a_field_with_unknown_members_only_still_counts():
    found = said(("CDN-Cache-Control", "none"), ("Cache-Control", "max-age=1"))
    assert (found.field, found.control.max_age) == ("CDN-Cache-Control", None)


def test_lines_of_one_field_are_one():
    found = said(("CDN-Cache-Control", "max-age=60"), ("cdn-cache-control", "no-store"))
    assert (found.control.max_age, found.control.no_store) == (60, True)


def test_the_first_target_that_counts_is_taken():
    lines = (("X-B", "max-age=2"), ("X-A", "max-age=1"), ("Cache-Control", "no-store"))
    assert said(*lines, targets=(b"x-a", b"x-b")).control.max_age == 1
    assert said(*lines, targets=(b"x-c", b"x-b")).field == "X-B"
    assert said(*lines, targets=()).control.no_store
