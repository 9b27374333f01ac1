"""Patterns of file names."""

import pytest

from edgerun.config import globs


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("/p/src/*.ts", "/p/src/a.ts", True),
        ("/p/src/*.ts", "/p/src/deep/a.ts", False),
        ("/p/src/*.ts", "/p/src/a.tsx", False),
        ("/p/src/**/*.ts", "/p/src/a.ts", True),
        ("/p/src/**/*.ts", "/p/src/very/deep/a.ts", True),
        ("/p/src/**/*.ts", "/p/other/a.ts", False),
        ("/p/src/**", "/p/src/a/b", True),
        ("/p/src/**", "/p/src", False),
        ("/p/src/**", "/p/srcs/a", False),
        ("/p/src", "/p/src/a/b.ts", True),
        ("/p/src", "/p/src", True),
        ("/p/src", "/p/src.ts", False),
        ("/p/package.json", "/p/package.json", True),
        ("/p/package.json", "/p/packageXjson", False),
        ("/p/?.ts", "/p/a.ts", True),
        ("/p/?.ts", "/p//.ts", False),
        ("/p/*.{ts,tsx}", "/p/a.tsx", True),
        ("/p/*.{ts,tsx}", "/p/a.js", False),
        ("/p/{a", "/p/{a", True),
        ("/p/a+(b).ts", "/p/a+(b).ts", True),
        ("/p/a[b].ts", "/p/ab.ts", False),
        ("/p/*", "/p/with\nnewline", True),
    ],
)
def test_a_pattern_means_these_files(pattern, path, meant):
    assert globs.matches(pattern, path) is meant


@pytest.mark.parametrize(
    ("pattern", "base", "absolute"),
    [
        ("src/*.ts", "/p", "/p/src/*.ts"),
        ("../shared/**", "/p/q", "/p/shared/**"),
        ("./a//b", "/p", "/p/a/b"),
        ("/x", "/p", "/x"),
    ],
)
def test_a_pattern_is_relative_to_the_configuration(pattern, base, absolute):
    assert globs.absolute(pattern, base) == absolute


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("/p/src/**/*.ts", "/p/src"), ("/p/*.ts", "/p"), ("/p/package.json", "/p/package.json"), ("/*", "/")],
)
def test_what_is_watched_for_a_pattern(pattern, folder):
    assert globs.fixed_part(pattern) == folder
