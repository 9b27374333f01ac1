"""A key-value store from a file (spec/cloudfront-functions.md §4.5)."""

import json

import pytest

from edgerun.errors import ConfigError
from edgerun.functions.cloudfront_js_parts.store import LARGEST_FILE, read_store


def written(folder, content):
    file = folder / "store.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"data": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]}, id="the form AWS imports"),
        pytest.param({"a": "1", "b": ""}, id="a plain object"),
    ],
)
def test_both_forms_are_read(tmp_path, document):
    assert read_store(written(tmp_path, document)).values == {"a": "1", "b": ""}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        pytest.param(b"{", "store.json:1:2: not JSON: Expecting property name", id="no JSON"),
        pytest.param(b'{"a": "\xff"}', "byte 7 is not UTF-8", id="no UTF-8"),
        pytest.param([], "expected {", id="a list"),
        pytest.param({"data": {}}, "data: expected a list", id="data is no list"),
        pytest.param({"data": [1]}, "data[0]: expected {", id="an entry is no object"),
        pytest.param({"data": [{"key": "a"}]}, "data[0]: expected {", id="no value"),
        pytest.param({"data": [{"key": 1, "value": "a"}]}, "data[0].key: expected a string, got a number", id="key"),
        pytest.param(
            {"data": [{"key": "a", "value": {}}]}, "data[0].value: expected a string, got an object", id="json"
        ),
        pytest.param({"data": [{"key": "a", "value": "", "x": 1}]}, "data[0].x: no such member", id="a foreign member"),
        pytest.param({"data": [{"key": "a", "value": ""}] * 2}, 'data[1].key: "a" is there twice', id="a key twice"),
        pytest.param(b'{"a": "1", "a": "2"}', 'the key "a" is there twice', id="a plain key twice"),
        pytest.param({"a": 1}, '["a"]: expected a string, got a number', id="a plain number"),
        pytest.param({"": "x"}, "the key has 0 bytes", id="an empty key"),
        pytest.param({"k" * 513: "x"}, "the key has 513 bytes; 1 to 512 are allowed", id="a long key"),
        pytest.param({"k": "ü" * 513}, '["k"]: the value has 1,026 bytes; 1,024 at most', id="a long value"),
    ],
)
def test_a_broken_store_is_told_with_file_and_place(tmp_path, document, told):
    file = written(tmp_path, document)

    with pytest.raises(ConfigError) as caught:
        read_store(file)
    assert str(caught.value).startswith(str(file))
    assert told in str(caught.value)


def test_every_fault_has_a_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_store(written(tmp_path, {"a": 1, "b": None, "c": "fine"}))
    assert len(str(caught.value).splitlines()) == 2


def test_the_limits_themselves_are_allowed(tmp_path):
    assert len(read_store(written(tmp_path, {"k" * 512: "v" * 1024})).values) == 1


def test_a_store_has_five_megabytes_at_most(tmp_path):
    with pytest.raises(ConfigError, match="at most"):
        read_store(written(tmp_path, b" " * (LARGEST_FILE + 1)))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.json: the key-value store cannot be read: No such file"):
        read_store(tmp_path / "none.json")
