"""Several workers on one port, as processes: one cache, one admin port, one stream of lines."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request

import pytest
from crews import Connection, Crew, parent_of, site
from running import alive, edgerun, family, project, until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    folder = site(tmp_path_factory.mktemp("crew"))
    flags = ("--access-log", "access.log", "--https", "--https-port", "0")
    with Crew(*flags, cwd=folder, environment={"EDGERUN_DATA": str(folder / "data")}).ready() as server:
        yield server


@pytest.fixture
def both(crew):
    """A connection to each worker; nothing is stored."""
    crew.admin("/invalidations", {"paths": ["/*"]})
    with crew.connections() as found:
        yield list(found.values())


def test_both_workers_answer_and_have_environments_of_their_own(crew):
    with crew.connections() as found:
        assert sorted(found) == sorted(crew.workers().values())


def test_what_one_worker_has_stored_is_a_hit_in_the_other(both):
    one, other = both
    assert one.ask("/page.html").cache == "Miss"
    until(lambda: other.ask("/page.html").cache == "Hit", "a hit of what the other stored")


def rewritten(crew):
    """Change the page, and return what is in it now."""
    page = crew.folder / "public/page.html"
    page.write_text("another page" if page.read_text() == "a page" else "a page")
    return page.read_bytes()


@pytest.mark.parametrize("order", [{"paths": ["/page*"]}, {"tags": ["pages"]}], ids=["path", "tag"])
def test_no_worker_serves_what_was_invalidated_not_even_from_memory(crew, both, order):
    for connection in (*both, *both):  # the second time from each worker's memory
        connection.ask("/page.html")
    changed = rewritten(crew)
    assert crew.admin("/invalidations", order) == (201, {"invalidated": 1})
    assert [connection.ask("/page.html").body for connection in both] == [changed] * 2


def test_an_invalidation_by_cloudfronts_api_reaches_every_worker(crew, both):
    for connection in both:
        connection.ask("/page.html")
    running = json.loads((crew.folder / ".edgerun/server.json").read_text())
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=any"}
    listed = urllib.request.Request(f"{running['url']}/2020-05-31/distribution", headers=signed)
    with urllib.request.urlopen(listed, timeout=30) as answer:
        name = answer.read().decode().partition("<Id>")[2].partition("</Id>")[0]
    changed = rewritten(crew)
    batch = (
        b"<InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/page.html</Path></Items></Paths>"
        b"<CallerReference>once</CallerReference></InvalidationBatch>"
    )
    url = f"{running['url']}/2020-05-31/distribution/{name}/invalidation"
    with urllib.request.urlopen(urllib.request.Request(url, data=batch, headers=signed), timeout=30) as answer:
        assert answer.status == 201
    assert [connection.ask("/page.html").body for connection in both] == [changed] * 2


def test_questions_and_orders_go_through_the_parent(crew, both):
    both[0].ask("/page.html")
    listed = edgerun("cache", "ls", "--json", cwd=crew.folder)
    assert [json.loads(line)["uri"] for line in listed.stdout.splitlines()] == ["/page.html"]
    status, told = crew.admin("/cache/explain", {"url": "/page.html"})
    assert (status, told["result"]) == (200, "hit")
    assert crew.admin("/cache/objects", {"match": "page"})[0] == 400
    status, told = crew.admin("/clock", {"to": "+1h"})
    assert (status, "only edgerun dev has a clock" in told["error"]) == (409, True)


def test_the_admin_port_of_the_parent_is_as_closed_as_that_of_a_single_process(crew):
    status, told = crew.admin("/cache/objects", {}, host="elsewhere.example")
    assert (status, told["error"]) == (403, "this port answers to its own name only")
    status, told = crew.admin("/cache/explain", {}, **{"x-edgerun-token": "wrong"})
    assert (status, told["error"]) == (403, "changes need the x-edgerun-token header")


def test_every_worker_serves_https_with_a_certificate_of_the_one_authority(crew):
    [ready] = crew.events("ready")
    trusting = ssl.create_default_context(cafile=ready["authority"])
    seen = set()

    def asked():
        with urllib.request.urlopen(f"{ready['https_url']}who", timeout=30, context=trusting) as answer:
            seen.add(parent_of(int(answer.read())))
        return seen == set(crew.workers().values())

    until(asked, "an answer of each worker")


def test_a_worker_that_is_told_to_end_finishes_and_is_replaced(crew):
    workers = crew.workers()
    with Load(crew) as load:
        until(lambda: load.count > 20, "some load")
        os.kill(workers[2], signal.SIGTERM)
        crew.noted(f"worker 2 (process {workers[2]}) exited with status 0: it is replaced")
        until(lambda: crew.admin("/health")[1]["status"] == "ok", "the replacement")
    assert load.faults == []


def test_health_tells_each_workers_state(crew):
    status, told = crew.admin("/health")
    assert (status, told["status"]) == (200, "ok")
    assert [(each["worker"], each["state"]) for each in told["workers"]] == [(1, "ready"), (2, "ready")]
    assert crew.admin("/ready") == (200, {"ready": True, "workers": 2})


def test_lines_of_all_workers_come_whole_from_one_stream(crew, both):
    def answers():
        return [event["path"] for event in crew.events("answered")]

    names = [f"/page.html?{number}" for number in range(100)]
    before = len(answers())
    for number, _ in enumerate(names):
        both[number % 2].ask("/page.html", **{"x-number": str(number)})
    until(lambda: len(answers()) >= before + len(names), "a line for each answer")  # each is parsed as JSON


def test_all_workers_write_whole_lines_to_one_access_log(crew, both):
    ids = [both[number % 2].ask("/page.html").headers["x-amz-cf-id"] for number in range(100)]

    def written():
        lines = (crew.folder / "access.log").read_text().splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")]

    until(lambda: {columns[14] for columns in written()} >= set(ids), "a line for each answer")
    assert {len(columns) for columns in written()} == {33}
    assert (crew.folder / "access.log").read_text().count("#Fields") == 1


def test_what_each_worker_counts_is_told_as_one(crew, both):
    def asked(word):
        return crew.metrics().get(("edgerun_requests_total", "default", "2xx", word), 0)

    both[0].ask("/page.html")
    until(lambda: both[1].ask("/page.html").cache == "Hit", "a hit of what the other stored")
    before = asked("Hit")
    for _ in range(5):
        both[0].ask("/page.html")
        both[1].ask("/page.html")
    told = crew.metrics()
    assert asked("Hit") == before + 10
    assert told["edgerun_workers", "ready"] == 2
    assert told["edgerun_function_environments", "who", "idle"] >= 2
    assert told["edgerun_cache_objects", "lmdb"] == 1
    assert told["edgerun_cache_limit_bytes", "lmdb"] == 256 * 1024 * 1024


def test_a_killed_worker_is_replaced_and_nobody_is_refused_meanwhile(crew):
    workers = crew.workers()
    with crew.connections() as found:
        functions = family(workers[1], "no mark")
        assert functions, "its zygote and its environments"
        other = found[workers[2]]
        counted = crew.metrics()
        os.kill(workers[1], signal.SIGKILL)
        answers = [crew.ask("/page.html").status for _ in range(50)]  # connections of their own, to both listeners
        assert other.ask("/page.html").status == 200
    assert answers == [200] * 50
    assert crew.noted(f"worker 1 (process {workers[1]}) was killed by SIGKILL: it is replaced")["level"] == "error"
    until(lambda: crew.admin("/health")[1]["status"] == "ok", "the replacement")
    told = crew.admin("/health")[1]["workers"]
    assert told[0]["restarts"] >= 1
    until(lambda: not alive(functions), "the end of the killed worker's functions")
    with crew.connections() as found:
        assert sorted(found) == sorted(crew.workers().values())
    told = crew.metrics()
    assert told["edgerun_worker_restarts_total",] == counted["edgerun_worker_restarts_total",] + 1
    for name, value in counted.items():  # what it had counted is not lost
        assert not name[0].endswith("_total") or told[name] >= value, name


class Load:
    """Asks on and on in threads, over connections that are kept and ones that are not; remembers what went wrong."""

    def __init__(self, crew):
        self.faults, self.bodies, self.count = [], [], 0
        self._over = threading.Event()
        kinds = (self._kept, self._kept, self._new)
        self._threads = [threading.Thread(target=self._run, args=(ask, crew), daemon=True) for ask in kinds]
        for thread in self._threads:
            thread.start()

    def _run(self, ask, crew):
        try:
            ask(crew)
        except Exception as error:
            self.faults.append(error)

    def _kept(self, crew):
        connection = Connection(crew.port)
        with contextlib.closing(connection):
            while not self._over.is_set():
                self._took(connection.ask("/page.html"))

    def _new(self, crew):
        while not self._over.is_set():
            self._took(crew.ask("/page.html"))

    def _took(self, answer):
        self.count += 1
        if answer.status != 200:
            self.faults.append(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(30)


def answers_of(metrics):
    return sum(value for name, value in metrics.items() if name[0] == "edgerun_requests_total")


def test_a_reload_loses_no_request_and_keeps_the_cache(crew):
    config = crew.folder / "edgerun.toml"
    workers, port = crew.workers(), crew.admin("/health")
    assert crew.ask("/page.html").headers.get("x-revision") is None
    config.write_text(config.read_text() + REVISED)
    counted = crew.metrics()
    with Load(crew) as load:
        until(lambda: load.count > 100, "some load")
        crew.send(signal.SIGHUP)
        crew.noted("edgerun.toml reloaded: new workers answer")
        until(lambda: not alive(workers.values()), "the end of the old workers")
        before = load.count
        until(lambda: load.count > before + 100, "load on the new workers")
    assert load.faults == []
    answer = crew.ask("/page.html")
    assert (answer.headers["x-revision"], answer.cache) == ("2", "Hit")
    assert answers_of(crew.metrics()) >= answers_of(counted) + load.count
    told = crew.admin("/health")[1]
    assert (told["status"], len(told["workers"])) == ("ok", 2)
    assert port[0] == 200
    assert not set(crew.workers().values()) & set(workers.values())


REVISED = """
response_headers_policy = "revised"

[response_headers_policies.revised]
custom = [{ header = "X-Revision", value = "2", override = true }]
"""


def test_a_configuration_that_is_broken_is_not_taken_over(crew):
    config = crew.folder / "edgerun.toml"
    good, workers = config.read_text(), crew.workers()
    config.write_text(f"origin = 1\n{good}")
    crew.send(signal.SIGHUP)
    note = crew.noted("edgerun.toml:1: origin")
    config.write_text(good)
    assert "not taken over: the workers there are go on" in note["text"]
    assert note["level"] == "error"
    assert crew.workers() == workers
    assert crew.ask("/page.html").status == 200


def test_workers_that_do_not_come_up_with_a_configuration_leave_the_old_ones_in_place(crew):
    config = crew.folder / "edgerun.toml"
    good, workers = config.read_text(), crew.workers()
    config.write_text(f"{good}\n[origins.live]\nurl = 'http://127.0.0.1:{{port}}'\ncommand = 'false'\n")
    crew.send(signal.SIGHUP)
    crew.noted("origin command 'false' exited with status 1")
    config.write_text(good)
    assert crew.workers() == workers


SLOW = """\
import time
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == "/slow":
        print("begun")
        time.sleep(0.5)
    return {"status": "200", "body": "late"}
"""


def terminated(server):
    server.send(signal.SIGTERM)


def interrupted(server):
    os.killpg(server.pid, signal.SIGINT)  # Ctrl-C in a terminal reaches every process


@pytest.mark.parametrize(("end", "code"), [(terminated, 0), (interrupted, 130)], ids=["TERM", "Ctrl-C"])
def test_a_signal_finishes_what_runs_and_leaves_nothing_behind(tmp_path, end, code):
    with Crew(cwd=project(tmp_path, {"slow.py": SLOW}, viewer_request="slow")).ready() as server:
        asked = [server.asking("/slow"), server.asking("/slow")]
        until(lambda: len([e for e in server.events("printed") if e["text"].strip() == "begun"]) == 2, "both to run")
        processes = server.processes()
        end(server)
        assert server.ended() == code
        assert [each.answer().body for each in asked] == [b"late"] * 2
        assert "Traceback" not in server.err.text
    assert not alive(processes)
    assert not (tmp_path / ".edgerun/server.json").exists()


def test_workers_end_when_their_parent_is_killed(tmp_path):
    server = Crew(cwd=site(tmp_path)).ready()
    processes = server.processes()
    server.send(signal.SIGKILL)
    server.ended()
    until(lambda: not alive(processes), "the end of the workers")


def test_a_configuration_that_cannot_be_used_is_refused_before_anything_starts(tmp_path):
    folder = project(tmp_path, config='\n[store]\nkind = "disk"\n')
    refused = edgerun("serve", "--workers", "2", "--port", "0", cwd=folder)
    assert refused.returncode == 2
    assert "store.kind" in refused.stderr


def test_what_only_a_worker_finds_unusable_ends_the_server_with_its_sentence(tmp_path):
    folder = project(tmp_path, config='\n[store]\nkind = "lmdb"\npath = "edgerun.toml"\n')
    refused = edgerun("serve", "--workers", "2", "--port", "0", "--no-ui", cwd=folder)
    assert refused.returncode == 2
    assert "store.path" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_workers_that_crash_at_the_start_end_the_server_with_an_error(tmp_path):
    folder = site(tmp_path)
    crash = "import os, sys\nif sys.orig_argv[-2:] == ['edgerun', 'worker']:\n    os._exit(7)\n"
    (tmp_path / "crash").mkdir()
    (tmp_path / "crash/sitecustomize.py").write_text(crash)
    path = f"{tmp_path / 'crash'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    command = [sys.executable, "-m", "edgerun", "serve", "--workers", "2", "--port", "0", "--no-ui"]
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "no worker came up: worker 1" in ended.stdout
    assert "exited with status 7 before it was ready" in ended.stdout
