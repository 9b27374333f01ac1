"""The server as a process: how it starts, what it writes where, how it ends and that nothing stays behind."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from running import Running, alive, clean_environment, edgerun, project, until

pytestmark = pytest.mark.process

SLOW = """\
import time
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"].startswith("/slow"):
        print("begun")
        time.sleep(float(request["querystring"] or "0.5"))
    return request
"""
SPEAKS = """\
import sys
def handler(event, context):
    print("spoken", event["Records"][0]["cf"]["request"]["uri"])
    print("muttered", file=sys.stderr)
    return event["Records"][0]["cf"]["request"]
"""
SPEAKS_NODE = """\
exports.handler = async (event) => {
  console.log("noded", event.Records[0].cf.request.uri);
  return event.Records[0].cf.request;
};
"""
API = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"live")
    def log_message(self, *_): pass
print("the api listens", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WITH_API = f"""
[origins.api]
url = "http://127.0.0.1:{{port}}"
command = "{sys.executable} api.py {{port}}"

[[behaviors]]
path_pattern = "/api"
origin = "api"
cache_policy = "CachingDisabled"
"""


@pytest.fixture
def folder(tmp_path):
    return project(tmp_path)


def screen(folder, *arguments, environment=None):
    """Start a server that writes for people."""
    return Running(*arguments, "--port", "0", cwd=folder, environment=environment).listening()


# ---------------------------------------------------------------- what is served


def test_a_folder_is_served_without_any_configuration(tmp_path, serve):
    (tmp_path / "page.html").write_text("<p>hello</p>")
    server = serve("dev", ".", cold=True)
    answer = server.ask("/page.html")
    assert (answer.status, answer.body, answer.cache) == (200, b"<p>hello</p>", "Miss")
    assert answer.headers["content-type"] == "text/html"
    assert server.ask("/page.html").cache == "Hit"
    assert server.ask("/none").status == 404


def test_a_folder_and_a_function_by_flag(tmp_path, serve):
    project(tmp_path, {"slow.py": "def handler(e, c): return {'status': '299', 'body': 'by flag'}"})
    server = serve("serve", "public", "--viewer-request", "slow.py")
    assert server.ask("/").status == 299


def test_a_path_alone_means_dev(folder, serve):
    server = serve(".")
    assert server.ask("/index.html").body == b"home\n"
    (folder / "public/index.html").write_text("new home\n")
    server.noted("site changed")


@pytest.mark.parametrize("way", [("edgerun.toml",), ("--config", "edgerun.toml"), ("-c", "edgerun.toml"), ()])
def test_a_configuration_is_found(folder, serve, way):
    assert serve("serve", *way).ask("/index.html").body == b"home\n"


def test_a_configuration_elsewhere_is_relative_to_itself(folder, serve, tmp_path_factory):
    server = serve("serve", folder / "edgerun.toml", cwd=tmp_path_factory.mktemp("elsewhere"))
    assert server.ask("/index.html").body == b"home\n"


def test_an_origin_by_flag_replaces_the_one_of_the_file(folder, serve):
    (folder / "other").mkdir()
    (folder / "other/index.html").write_text("other\n")
    assert serve("serve", "--origin", "site=other").ask("/index.html").body == b"other\n"


# ---------------------------------------------------------------- the port


def test_a_port_in_use_gives_the_next_and_says_so(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Running("serve", "--port", port, cwd=folder).listening() as server:
            assert server.port > port
            assert f"{port} is in use, so it is {server.port}" in server.err.text
            assert server.ask("/index.html").status == 200


def test_a_strict_port_in_use_ends_with_3(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = edgerun("serve", "--port", port, "--strict-port", cwd=folder)
    assert ended.returncode == 3
    assert ended.stderr == f"port {port} is in use; give another with --port\n"
    assert ended.stdout == ""


def test_the_environment_gives_flags(folder):
    with Running("serve", "--json", cwd=folder, environment={"EDGERUN_PORT": "0"}).ready() as server:
        assert server.port not in {0, 8787}


# ---------------------------------------------------------------- what cannot be served


def test_a_broken_configuration_ends_with_2_and_its_line(folder):
    text = (folder / "edgerun.toml").read_text().replace('"CachingOptimized"', '"CachingOptimised"')
    (folder / "edgerun.toml").write_text(text)
    ended = edgerun("serve", cwd=folder, cold=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("edgerun.toml:6: default_behavior.cache_policy: 'CachingOptimised' is not a policy")
    assert "did you mean 'CachingOptimized'?" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_configuration_that_is_no_toml_ends_with_2_and_its_place(folder):
    (folder / "edgerun.toml").write_text('[origins.site]\ndirectory = "public\n')
    ended = edgerun("serve", cwd=folder)
    assert ended.returncode == 2
    assert ended.stderr.startswith("edgerun.toml:2:")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("way", ["missing", "./missing", "missing.toml"])
def test_a_missing_place_ends_with_2(folder, way):
    ended = edgerun("serve", way, cwd=folder)
    assert (ended.returncode, ended.stderr) == (2, f"{way.removeprefix('./')}: there is no such file or folder\n")


def test_an_empty_place_says_what_to_do(tmp_path):
    ended = edgerun("serve", cwd=tmp_path)
    assert ended.returncode == 2
    assert "edgerun dev ./public" in ended.stderr


def test_an_origin_that_dies_at_once_ends_the_start_with_its_last_words(folder):
    (folder / "api.py").write_text("raise SystemExit('no database')")
    with (folder / "edgerun.toml").open("a") as file:
        file.write(WITH_API)
    ended = edgerun("serve", "--port", "0", cwd=folder)
    assert ended.returncode == 2
    assert "exited with status 1 before port" in ended.stderr
    assert "no database" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_origin_that_is_slow_to_listen_can_be_interrupted(folder):
    (folder / "api.py").write_text("import time; print('waiting', flush=True); time.sleep(60)")
    with (folder / "edgerun.toml").open("a") as file:
        file.write(WITH_API)
    with Running("serve", "--port", "0", "--json", cwd=folder) as server:
        server.noted("waiting")
        family = server.processes()
        server.send(signal.SIGINT)
        assert server.ended() == 130
        assert not alive(family)


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_lets_an_answer_under_way_finish(tmp_path, serve, number, code):
    project(tmp_path, {"slow.py": SLOW}, viewer_request="slow")
    server = serve("serve", cold=True)
    asked = server.asking("/index.html")
    asked.answer()
    asked = server.asking("/slow?0.7")
    until(lambda: server.events("printed"), "the function's print")
    server.send(number)
    assert asked.answer().status == 403  # no such key
    assert server.ended() == code


def test_the_second_interrupt_stops_at_once(tmp_path, serve):
    project(tmp_path, {"slow.py": SLOW}, viewer_request="slow")
    server = serve("serve")
    asked = server.asking("/slow?4")
    until(lambda: server.events("printed"), "the function's print")
    server.send(signal.SIGINT)
    until(lambda: refuses(server.port), "the listener's end")
    assert not asked.done
    server.send(signal.SIGINT)
    assert server.ended(1.5) == 130


def test_an_answer_that_takes_too_long_does_not_hold_the_end(tmp_path, serve):
    project(tmp_path, {"slow.py": SLOW}, origin_request="slow")
    place = tmp_path / "edgerun.toml"
    place.write_text(place.read_text().replace("timeout = 5", "timeout = 30"))
    server = serve("serve")
    server.asking("/slow?29")
    until(lambda: server.events("printed"), "the function's print")
    server.send(signal.SIGTERM)
    assert server.ended(20) == 0


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_outlives_the_server(tmp_path, serve, number):
    (tmp_path / "api.py").write_text(API)
    functions = {"slow.py": SLOW, "node.js": SPEAKS_NODE}
    project(tmp_path, functions, WITH_API, viewer_request="slow", origin_request="node")
    server = serve("serve")
    assert server.ask("/index.html").status == 200
    assert server.ask("/api").body == b"live"
    server.asking("/slow?4")
    until(lambda: any(event["text"] == "begun" for event in server.events("printed")), "the function's print")
    family = server.processes()
    assert len(family) >= 4  # the zygote, a Python and a Node environment, the origin's program
    server.send(number)
    server.ended()
    until(lambda: not alive(family), "the end of every process")
    assert not server.processes()


# ---------------------------------------------------------------- what is written


def test_the_first_screen_and_the_request_lines_are_kept_apart(tmp_path):
    project(tmp_path, {"speaks.py": SPEAKS}, viewer_request="speaks")
    with screen(tmp_path, "serve") as server:
        request_id = server.ask("/index.html").headers["x-amz-cf-id"]
        server.ask("/index.html?again")
        assert server.end() == 0
    out = server.out.text.splitlines()
    short = request_id[:6]
    assert f"{short}  speaks │ spoken /index.html" in out
    assert f"{short}  speaks │ muttered" in out
    line = next(line for line in out if line.startswith(short) and "GET" in line)
    assert "/index.html" in line
    assert "200  Miss" in line
    assert "vr·--·--·--" in line
    assert "edgerun" not in server.out.text
    assert "GET" not in server.err.text
    assert server.url in server.err.text
    assert "→ site (public)" in server.err.text
    assert "\x1b" not in server.out.text + server.err.text


def test_colours_are_written_when_forced_and_not_when_refused(folder):
    with screen(folder, "serve", environment={"FORCE_COLOR": "1"}) as server:
        server.ask("/index.html")
        server.end()
    assert "\x1b[" in server.err.text
    assert "\x1b[" in server.out.text
    with screen(folder, "serve", environment={"FORCE_COLOR": "1", "NO_COLOR": "1"}) as server:
        server.ask("/index.html")
        server.end()
    assert "\x1b[" not in server.err.text + server.out.text


def test_every_line_of_json_is_an_event(tmp_path, serve):
    project(tmp_path, {"speaks.py": SPEAKS, "node.js": SPEAKS_NODE}, viewer_request="speaks", origin_request="node")
    server = serve("serve")
    request_id = server.ask("/index.html?x=1").headers["x-amz-cf-id"]
    assert server.end() == 0
    events = [json.loads(line) for line in server.out.text.splitlines()]
    assert events[0]["event"] == "ready"
    printed = [(e["request_id"], e["function"], e["text"]) for e in events if e["event"] == "printed"]
    assert (request_id, "speaks", "spoken /index.html") in printed
    assert (request_id, "node", "noded /index.html") in {(i, f, text.split("\t")[-1]) for i, f, text in printed}
    answered = next(event for event in events if event["event"] == "answered")
    assert (answered["request_id"], answered["status"], answered["result_type"]) == (request_id, 200, "Miss")
    assert (answered["method"], answered["path"], answered["query"]) == ("GET", "/index.html", "x=1")
    assert server.err.text == ""


def test_quiet_writes_failures_only(tmp_path):
    code = "if event['Records'][0]['cf']['request']['uri'] == '/fail': 1 / 0"
    code = SPEAKS.replace("    return", f"    {code}\n    return")
    project(tmp_path, {"speaks.py": code}, viewer_request="speaks")
    with Running("serve", "--port", "0", "--json", "--quiet", cwd=tmp_path).ready() as server:
        server.ask("/index.html")
        assert server.ask("/fail").status == 503
        server.end()
    assert [event["event"] for event in server.events()] == ["ready", "failed"]


def test_quiet_has_no_first_screen(folder):
    with Running("serve", "--port", "0", "--quiet", "--no-ui", cwd=folder) as server:
        port = until(lambda: listening_port(server.pid), "the listener")
        server.port = port
        assert server.ask("/index.html").status == 200
        assert server.end() == 0
    assert server.out.text == server.err.text == ""


def listening_port(pid):
    """Return the port that a process listens on, as Linux tells."""
    sockets = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(str(each.readlink()).removeprefix("socket:[").rstrip("]"))
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in sockets:
            return int(fields[1].partition(":")[2], 16)
    return 0


def test_output_that_nobody_reads_any_more_does_not_end_the_server(folder):
    server = subprocess.Popen(
        [sys.executable, "-m", "edgerun", "serve", "--port", "0", "--json"],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with server, server.stdout:
        url = json.loads(server.stdout.readline())["url"]
        server.stdout.close()
        for _ in range(2):
            with urllib.request.urlopen(f"{url}index.html", timeout=30) as answer:
                assert answer.read() == b"home\n"
        server.terminate()
    assert server.returncode == 0


def test_an_origins_own_words_appear(tmp_path, serve):
    (tmp_path / "api.py").write_text(API)
    project(tmp_path, None, WITH_API)
    server = serve("serve")
    assert server.noted("the api listens")["text"] == "origin api: the api listens"
    assert server.ask("/api").body == b"live"


def test_hints_are_printed_with_the_address(folder):
    (folder / "hints.txt").write_text("  try curl {url}page\n")
    with screen(folder, "serve", "--hints", "hints.txt") as server:
        assert f"  try curl {server.url}page\n" in server.err.text


def test_verbose_writes_every_step_in_order(folder):
    with Running("serve", "--port", "0", "--no-ui", "--verbose", "--json", cwd=folder).ready() as server:
        assert server.ask("/index.html").status == 200
        server.end()
    steps = [event["step"] for event in server.events() if event["event"] == "stepped"]
    assert steps[:5] == ["route", "guard", "key", "look up", "forward"]
    assert steps[-1] in {"deliver", "store"}


def test_logs_are_written_in_the_json_form_when_asked(tmp_path):
    project(tmp_path, {"speaks.py": SPEAKS}, viewer_request="speaks")
    options = ("--port", "0", "--no-ui", "--log-format", "json", "--json")
    with Running("serve", *options, cwd=tmp_path).ready() as server:
        assert server.ask("/index.html").status == 200
        server.end()
    lines = (tmp_path / ".edgerun" / "logs" / "speaks.log").read_text().splitlines()
    kinds = [json.loads(line).get("type") for line in lines]
    assert "platform.start" in kinds
    assert "platform.report" in kinds
