import pytest

from edgerun.config.load import Overrides, zero_config
from edgerun.distribution.model import Point
from edgerun.errors import ConfigError


def test_a_folder_is_served_as_a_bucket(project):
    loaded = zero_config(project / "public", {})
    (one,) = loaded.config.distributions
    origin = one.default_behavior.origin
    assert (origin.name, origin.directory, origin.website) == ("site", str(project / "public"), False)
    assert origin.list_bucket
    assert one.default_root_object == "index.html"
    assert one.default_behavior.cache_policy.name == "CachingOptimized"
    assert loaded.notes[0].startswith("the cache policy is CachingOptimized")
    assert (loaded.path, loaded.watch) == (project / "public", (project / "public",))


def test_without_an_index_there_is_no_root_object(project):
    assert not zero_config(project / "fns", {}).config.distributions[0].default_root_object


def test_functions_come_by_flags(project):
    chosen = {
        Point.VIEWER_REQUEST: "fns/ab_test.py:go",
        Point.ORIGIN_REQUEST: "fns/auth/index.mjs",
        Point.VIEWER_RESPONSE: "fns/ab_test.py:go",
        Point.ORIGIN_RESPONSE: "fns/ab_test.py:other",
    }
    loaded = zero_config(project / "public", chosen)
    behavior = loaded.config.distributions[0].default_behavior
    assert sorted(loaded.config.functions) == ["ab_test", "ab_test-2", "index"]
    assert behavior.viewer_request == behavior.viewer_response
    assert behavior.viewer_request.function.handler == "ab_test.go"
    assert behavior.origin_response.function.handler == "ab_test.other"


@pytest.mark.parametrize(
    ("folder", "functions", "flags", "line"),
    [
        ("nowhere", {}, {}, "nowhere: there is no such folder"),
        ("public", {Point.VIEWER_REQUEST: "fns/zzz.py"}, {}, "--viewer-request: there is no file 'fns/zzz.py'"),
        ("public", {}, {"origins": {"x": "fns"}}, "--origin x: 'x' is not an origin"),
        ("public", {}, {"country": "d"}, "--country: expected two capital letters such as 'DE', got 'd'"),
    ],
)
def test_what_cannot_be_served(project, folder, functions, flags, line):
    with pytest.raises(ConfigError) as caught:
        zero_config(project / folder, functions, Overrides(**flags))
    assert str(caught.value) == line
