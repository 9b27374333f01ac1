import json
import tomllib

from edgerun.config.schema import json_schema

SCHEMA = json_schema()


def _node(node):
    """Follow references."""
    while "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _fits(value, node) -> bool:
    """A validator for as much of JSON Schema as the format needs."""
    node = _node(node)
    for word in ("anyOf", "oneOf"):
        if word in node:
            return sum(_fits(value, each) for each in node[word]) >= 1
    if "const" in node or "enum" in node:
        return value in node.get("enum", [node.get("const")])
    match node.get("type"), value:
        case "object", dict():
            extra = node.get("additionalProperties", True)
            return set(node.get("required", ())) <= set(value) and all(
                _fits(inner, node["properties"][name])
                if name in node.get("properties", {})
                else bool(extra) and (extra is True or _fits(inner, extra))
                for name, inner in value.items()
            )
        case "array", list():
            return all(_fits(inner, node["items"]) for inner in value)
        case "integer", int():
            return node.get("minimum", value) <= value <= node.get("maximum", value)
        case ("string", str()) | ("boolean", bool()) | ("null", None):
            return True
    return False


def _properties(node, name="edgerun"):
    for key, inner in node.get("properties", {}).items():
        yield f"{name}.{key}", inner


SAMPLE = """
default_root_object = "index.html"
[origins.site]
directory = "sites/shop"
[functions.ab]
handler = "edge_functions/ab_test.py:handler"
timeout = 5
[cache_policies.mine]
cookies = { except = ["a"] }
headers = ["Origin"]
[origin_request_policies.mine]
headers = { all_viewer = ["CloudFront-Viewer-ASN"] }
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "ab"
[[behaviors]]
path_pattern = "/api/*"
origin = "site"
cache_policy = "mine"
allowed_methods = "all"
origin_request = { function = "ab", include_body = true }
[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"
"""


def test_the_sample_fits():
    assert _fits(tomllib.loads(SAMPLE), SCHEMA)


def test_what_is_wrong_does_not_fit():
    for old, new in (
        ("timeout = 5", "timeout = 901"),
        ("cookies = {", "cookie = {"),
        ("404", "418"),
        ('"all"', '"alle"'),
    ):
        assert not _fits(tomllib.loads(SAMPLE.replace(old, new)), SCHEMA), new


def test_every_key_has_a_description():
    tables = {"edgerun": SCHEMA, **SCHEMA["$defs"]}
    silent = [
        name for table, node in tables.items() for name, key in _properties(node, table) if not key.get("description")
    ]
    assert silent == []


def test_the_schema_is_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
