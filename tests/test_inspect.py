"""What `--inspect` makes of a configuration."""

import dataclasses
import socket

import pytest

from edgerun.config.load import load
from edgerun.debugging import Address, Debugging, parsed
from edgerun.errors import ConfigError

CONFIG = """\
[functions.one]
handler = "one.py"
[functions.two]
handler = "two.js"
[functions.unused]
handler = "one.py"
[origins.site]
directory = "."
[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "one"
origin_response = "two"
"""


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("", "127.0.0.1", 9229),
        ("9300", "127.0.0.1", 9300),
        ("0.0.0.0", "0.0.0.0", 9229),
        ("localhost:1", "localhost", 1),
        ("[::1]:9300", "::1", 9300),
        ("[::1]", "::1", 9229),
    ],
)
def test_an_address_is_written_as_for_node(text, host, port):
    assert parsed(text) == Address(host=host, port=port)


@pytest.mark.parametrize("text", ["70000", "0", "localhost:", ":9229", "localhost:x"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError):
        parsed(text)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "edgerun.toml").write_text(CONFIG)
    (tmp_path / "one.py").write_text("")
    (tmp_path / "two.js").write_text("")
    return tmp_path / "edgerun.toml"


def debugging(place, **options):
    return Debugging(lambda: load(place), Address(port=21_000), **{"wait": False, **options})


def test_functions_that_requests_reach_get_ports_in_order_and_no_deadlines(project):
    functions = debugging(project, wait=True)().config.functions
    ports = [functions[name].debugger.port for name in ("one", "two")]
    assert 21_000 <= ports[0] < ports[1]
    assert functions["unused"].debugger is None
    one = functions["one"]
    assert (one.concurrency, one.debugger.wait) == (1, True)
    assert min(one.timeout, one.init_timeout, one.queue_timeout) >= 3600
    assert one.debugger.debugpy
    assert not functions["two"].debugger.debugpy


def test_associations_have_the_same_functions(project):
    config = debugging(project)().config
    assert config.distributions[0].default_behavior.viewer_request.function is config.functions["one"]


def test_a_function_keeps_its_port_though_another_comes_before_it(project):
    load_again = debugging(project)
    before = load_again().config.functions["two"].debugger.port
    text = CONFIG.replace('[functions.one]\nhandler = "one.py"\n', "").replace('viewer_request = "one"', "")
    project.write_text(text.replace("[functions.unused]", "[functions.another]") + 'viewer_request = "another"\n')
    functions = load_again().config.functions
    assert functions["two"].debugger.port == before
    assert functions["another"].debugger.port > before


def test_a_port_that_is_taken_is_left_out(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = Debugging(lambda: load(project), Address(port=port), wait=False)().config.functions
    assert found["one"].debugger.port > port


def test_an_address_of_nobody_is_refused(project):
    with pytest.raises(ConfigError, match="there is no address 'no where'"):
        Debugging(lambda: load(project), Address(host="no where"), wait=False)()


def test_a_function_without_a_debugger_is_as_before(project):
    plain = load(project).config.functions["unused"]
    assert debugging(project)().config.functions["unused"] == plain
    assert dataclasses.asdict(plain)["debugger"] is None


def test_without_debugpy_a_python_function_says_what_to_install(project, tmp_path):
    with pytest.raises(ConfigError, match=r"pip install 'edgerun\[debug\]'"):
        debugging(project, find=lambda name: None)()
