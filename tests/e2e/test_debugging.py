"""`edgerun dev --inspect`: debuggers attach, stop at breakpoints, and nothing runs out of time meanwhile."""

import base64
import contextlib
import json
import os
import random
import shutil
import socket
import urllib.request

import pytest
from running import DEADLINE, project, until
from test_dev import in_place, turns_into

pytestmark = pytest.mark.process
WITHOUT_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

PYTHON = """\
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return {"status": "200", "body": f"NAME {left > 3_600_000}"}
"""
NODE = """\
exports.handler = async (event, context) => {
  const left = context.getRemainingTimeInMillis();
  return { status: "200", body: `NAME ${left > 3600000 ? 'True' : 'False'}` };
};
"""


def first_port():
    """Return a port that the system gives to nobody: a debugger listens some time after it was found free.

    Not by the seed that every test gets: two that run at once would take the same.
    """
    return random.SystemRandom().randrange(20_000, 30_000)


def place_of(server, name):
    host, _, port = server.events("ready")[0]["debuggers"][name].rpartition(":")
    return host, int(port)


@contextlib.contextmanager
def dap(server, name):
    with connected(server, name) as connection:
        client = Dap(connection)
        with client._file:
            yield client


def connected(server, name):
    """Connect as soon as somebody listens."""

    def attempt():
        with contextlib.suppress(OSError):
            return socket.create_connection(place_of(server, name), DEADLINE)
        return None

    return until(attempt, f"the debugger of {name}")


class Dap:
    """A client of the Debug Adapter Protocol."""

    def __init__(self, connection):
        self._file = connection.makefile("rwb")
        self._sequence = 0

    def send(self, command, **arguments):
        self._sequence += 1
        message = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        text = json.dumps(message).encode()
        self._file.write(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))
        self._file.flush()

    def await_(self, kind, name):
        """Read on until a response or an event of this name."""
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self._file.readline()
                assert head, f"the end, instead of {name}"
            message = json.loads(self._file.read(int(head.split(b":")[1])))
            if message["type"] == kind and name == message.get("command" if kind == "response" else "event"):
                return message


class Inspector:
    """A client of node's inspector: a WebSocket by hand."""

    def __init__(self, server, name):
        host, port = place_of(server, name)
        connected(server, name).close()
        with urllib.request.urlopen(f"http://{host}:{port}/json/list", timeout=DEADLINE) as answer:
            [self.target] = json.load(answer)
        self._connection = socket.create_connection((host, port), DEADLINE)
        self._file = self._connection.makefile("rb")
        path = self.target["webSocketDebuggerUrl"].split(str(port), 1)[1]
        key = base64.b64encode(os.urandom(16)).decode()
        self._connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 101 " in self._file.readline()
        while self._file.readline().strip():
            pass
        self._id = 0

    def call(self, method, **params):
        self._id += 1
        payload = json.dumps({"id": self._id, "method": method, "params": params}).encode()
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._connection.sendall(b"\x81" + length + bytes(4) + payload)
        return self.await_(lambda message: message.get("id") == self._id)

    def await_(self, wanted):
        while not wanted(message := self._message()):
            pass
        return message

    def event(self, method):
        return self.await_(lambda message: message.get("method") == method)

    def _message(self):
        length = self._file.read(2)[1]
        if length > 125:
            length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
        return json.loads(self._file.read(length))

    def close(self):
        self._file.close()
        self._connection.close()


def test_a_python_debugger_stops_in_the_handler_and_again_after_a_reload(tmp_path, serve):
    project(tmp_path, {"fn.py": PYTHON.replace("NAME", "old")}, viewer_request="fn")
    server = serve("dev", f"--inspect=127.0.0.1:{first_port()}")
    for name, line in (("old", 2), ("new", 3)):
        with dap(server, "fn") as client:
            client.send("initialize", adapterID="test", pathFormat="path")
            assert client.await_("response", "initialize")["success"]
            client.send("attach", justMyCode=True)
            client.await_("event", "initialized")
            client.send("setBreakpoints", source={"path": str(tmp_path / "fn.py")}, breakpoints=[{"line": line}])
            assert client.await_("response", "setBreakpoints")["body"]["breakpoints"][0]["verified"]
            client.send("configurationDone")
            client.await_("response", "configurationDone")
            asked = server.asking("/")
            stopped = client.await_("event", "stopped")["body"]
            assert (stopped["reason"], asked.done) == ("breakpoint", False)
            client.send("continue", threadId=stopped["threadId"])
            assert asked.answer().body == f"{name} True".encode()
            client.send("disconnect")
            client.await_("response", "disconnect")
        if name == "old":
            in_place(tmp_path / "fn.py", PYTHON.replace("NAME", "new"))
            turns_into(server, "/", b"new True")


@pytest.mark.node
@WITHOUT_NODE
def test_node_s_inspector_stops_in_the_handler_and_again_after_a_reload(tmp_path, serve):
    project(tmp_path, {"fn.js": NODE.replace("NAME", "old")}, viewer_request="fn")
    server = serve("dev", f"--inspect={first_port()}")
    for name in ("old", "new"):
        with contextlib.closing(Inspector(server, "fn")) as client:
            client.call("Debugger.enable")
            client.call("Debugger.setBreakpointByUrl", url=str(tmp_path / "fn.js"), lineNumber=2)
            client.call("Debugger.setBreakpointByUrl", url=(tmp_path / "fn.js").as_uri(), lineNumber=2)
            asked = server.asking("/")
            paused = client.event("Debugger.paused")["params"]
            assert paused["callFrames"][0]["functionName"] == "exports.handler"
            assert not asked.done
            client.call("Debugger.resume")
            assert asked.answer().body == f"{name} True".encode()
        if name == "old":
            in_place(tmp_path / "fn.js", NODE.replace("NAME", "new"))
            turns_into(server, "/", b"new True")


def test_a_debugger_of_each_function_has_a_port_of_its_own_and_keeps_it(tmp_path, serve):
    functions = {"one.py": PYTHON.replace("NAME", "one"), "two.py": PYTHON.replace("NAME", "two")}
    project(tmp_path, functions, viewer_request="one", viewer_response="two", config="# more\n")
    (tmp_path / "unused.py").write_text(PYTHON)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = serve("dev", f"--inspect={port}")
        ports = [place_of(server, name)[1] for name in ("one", "two")]
    assert port < ports[0] < ports[1]
    text = (tmp_path / "edgerun.toml").read_text()
    in_place(tmp_path / "edgerun.toml", f"{text}# saved\n")
    server.noted("edgerun.toml reloaded")
    connected(server, "one").close()


def test_a_function_that_waits_is_loaded_when_a_debugger_comes(tmp_path, serve):
    code = "print('loaded')\n" + PYTHON
    project(tmp_path, {"fn.py": code}, viewer_request="fn")
    server = serve("dev", f"--inspect-brk={first_port()}")
    asked = server.asking("/")
    with dap(server, "fn") as client:
        client.send("initialize", adapterID="test")
        client.await_("response", "initialize")
        assert not any(event["text"] == "loaded" for event in server.events("printed"))
        assert not asked.done
        client.send("attach", justMyCode=True)
        client.await_("event", "initialized")
        client.send("configurationDone")
        assert asked.answer().body == b"NAME True"


@pytest.mark.node
@WITHOUT_NODE
def test_a_node_function_that_waits_pauses_before_its_code(tmp_path, serve):
    project(tmp_path, {"fn.js": "console.log('loaded');\n" + NODE}, viewer_request="fn")
    server = serve("dev", f"--inspect-brk={first_port()}")
    asked = server.asking("/")
    with contextlib.closing(Inspector(server, "fn")) as client:
        client.call("Debugger.enable")
        client.call("Runtime.runIfWaitingForDebugger")
        client.event("Debugger.paused")
        assert not any("loaded" in event["text"] for event in server.events("printed"))
        client.call("Debugger.resume")
        assert asked.answer().body == b"NAME True"


def test_a_function_that_does_not_start_is_told_and_a_mended_one_serves(tmp_path, serve):
    project(tmp_path, {"fn.py": "def handler(:\n"}, viewer_request="fn")
    server = serve("dev", f"--inspect={first_port()}")
    server.noted("fn: Syntax error")
    in_place(tmp_path / "fn.py", PYTHON.replace("NAME", "mended"))
    turns_into(server, "/", b"mended True")
