"""What all tests share."""

import compileall
import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A function has a `/tmp` of its own, unless its code lies in the machine's: what tests and functions share does not.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("edgerun", deadline=None)
settings.load_profile("edgerun")


def pytest_configure(config):
    """Compile edgerun once, for the hundreds of processes that tests start: they may be told to keep nothing."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(Path(__file__).parents[1] / "edgerun", quiet=2)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect ten thousand tests as cheaply as it goes, and let what was collected be.

    Test modules are kept as they were compiled, wherever their folder can be written to. Nothing of what is collected
    is ever garbage: looking through it again took a fifth of a second each time a test asked for a collection.
    """
    keeping, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    gc.disable()
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = keeping
        gc.enable()
        gc.freeze()


def pytest_xdist_auto_num_workers():
    """One worker more than there are cores: some tests wait for what other processes do."""
    return len(os.sched_getaffinity(0)) + 1
