"""Imports that cannot be found, told without running anything."""

import ast

import pytest

from edgerun.config.imports import missing_in_node, missing_in_python


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        pytest.param("import json, os.path\nfrom urllib.parse import quote", [], id="standard library"),
        pytest.param("import nowhere_to_be_found", [("nowhere_to_be_found", 1)], id="missing"),
        pytest.param("import json\nfrom missing_one.part import x", [("missing_one", 2)], id="missing, from"),
        pytest.param("import helper\nimport package.part", [], id="in the folder"),
        pytest.param("from . import helper", [], id="relative"),
        pytest.param("try:\n    import fast\nexcept ImportError:\n    fast = None", [], id="optional"),
        pytest.param("if False:\n    import never", [], id="conditional"),
        pytest.param("def handler(event, context):\n    import late", [], id="in the handler"),
        pytest.param("import boto3", [("boto3", 1)], id="brought by AWS only"),
    ],
)
def test_python(tmp_path, source, missing):
    (tmp_path / "helper.py").touch()
    (tmp_path / "package").mkdir()
    assert list(missing_in_python(ast.parse(source), tmp_path)) == missing


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        pytest.param("import fs from 'fs';\nimport { x } from 'node:path'", [], id="built in"),
        pytest.param("import a from './a.mjs'", [], id="relative"),
        pytest.param("import jose from 'jose'", [], id="in node_modules"),
        pytest.param("import { v4 } from '@scope/there/deep'", [], id="scoped, in node_modules"),
        pytest.param("\nimport { v4 } from 'uuid'", [("uuid", 2)], id="missing"),
        pytest.param("const x = require('lodash/fp')", [("lodash", 1)], id="missing, required"),
        pytest.param("const x = require('@scope/gone')", [("@scope/gone", 1)], id="missing, scoped"),
        pytest.param("export { y } from 'gone'", [("gone", 1)], id="missing, exported on"),
        pytest.param("  const x = require('late')", [], id="not at the top level"),
        pytest.param("import 'side-effect'", [("side-effect", 1)], id="for its effect"),
    ],
)
def test_node(tmp_path, source, missing):
    (tmp_path / "node_modules" / "jose").mkdir(parents=True)
    (tmp_path / "node_modules" / "@scope" / "there").mkdir(parents=True)
    (tmp_path / "functions").mkdir()
    assert list(missing_in_node(source, tmp_path / "functions" / "index.mjs")) == missing
