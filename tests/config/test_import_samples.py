"""Each sample, imported, is the native form that stands beside it; and that form can be served."""

import json
import os
import tomllib
from pathlib import Path

import pytest
from importing import NAMES, SAMPLES, case_of, copied, given_of, import_sample, told

from edgerun.config.load import Overrides, load
from edgerun.config.toml import dumps

each_sample = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def sample(name, tmp_path, monkeypatch) -> Path:
    folder = copied(name, tmp_path)
    monkeypatch.chdir(folder)
    return folder


@each_sample
def test_a_sample_becomes_the_native_form_beside_it(name, sample):
    done = told(import_sample(name), sample)
    golden = SAMPLES / name / "expected.json"
    if os.environ.get("EDGERUN_UPDATE_GOLDEN"):
        golden.write_text(json.dumps(done, indent=2) + "\n")

    assert done == json.loads(golden.read_text())


@each_sample
def test_a_sample_written_as_toml_is_the_same_configuration(name, sample):
    config = told(import_sample(name), sample)["config"]

    assert tomllib.loads(dumps(config)) == config


@each_sample
def test_a_sample_loads_like_the_file_that_it_is_imported_to(name, sample):
    case = case_of(name)
    config = told(import_sample(name), sample)["config"]
    (sample / "imported.toml").write_text(dumps(config))
    direct = load(Path(case["file"]), Overrides(given=given_of(case), origins=case.get("origins", {})))

    assert direct.config == load(sample / "imported.toml").config
    assert sample / case["file"] in direct.watch
