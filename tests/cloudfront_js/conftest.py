"""One runtime for the tests of a module."""

import pytest
from js_stage import Stage


@pytest.fixture(scope="module")
def js(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("functions"))
    yield stage
    stage.close()
