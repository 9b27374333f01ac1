"""A server with several workers, and connections that are known to be one worker's."""

import contextlib
import json
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from running import DEADLINE, Answer, Running, project, until

# Says whose environment it is: its parent is the zygote, whose parent is the worker.
WHO = """\
import os
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == "/who":
        return {"status": "200", "body": str(os.getppid())}
    return request
"""
TAGGED = '["page.html"]\nx-amz-meta-cache-tag = "pages"\n'


def site(folder, config=""):
    """Write a project whose function tells which worker runs it."""
    files = {"page.html": "a page", ".edgerun-meta.toml": TAGGED}
    return project(folder, {"who.py": WHO}, config, files=files, viewer_request="who")


class Crew(Running):
    """`edgerun serve --workers 2` as a process."""

    def __init__(self, *arguments, cwd, environment=None):
        given = ("serve", "--workers", "2", "--port", "0", "--ui-port", "0", "--json", *arguments)
        super().__init__(*given, cwd=cwd, environment=environment)
        self.folder = cwd

    def admin(self, path, order=None, **headers):
        """Ask the admin port; return status and JSON."""
        running = json.loads((self.folder / ".edgerun" / "server.json").read_text())
        body = None if order is None else json.dumps(order).encode()
        headers = {"x-edgerun-token": running["token"], **headers}
        request = urllib.request.Request(running["url"] + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def metrics(self):
        """Return what the admin port counts, by name and labels."""
        running = json.loads((self.folder / ".edgerun" / "server.json").read_text())
        with urllib.request.urlopen(running["url"] + "/metrics", timeout=DEADLINE) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}

    def workers(self):
        """Return the workers' pids by number, as the admin port tells them."""
        return {each["worker"]: each["pid"] for each in self.admin("/health")[1]["workers"]}

    @contextlib.contextmanager
    def connections(self):
        """Open a connection to each of the two workers, by the worker's pid."""
        found, spare = {}, []

        def another():
            connection = Connection(self.port)
            pid = connection.worker()
            (found.__setitem__(pid, connection) if pid not in found else spare.append(connection))
            return len(found) == 2

        try:
            until(another, "a connection to each worker")
            yield found
        finally:
            for connection in (*found.values(), *spare):
                connection.close()


class Connection:
    """A connection that is kept, and so stays with one worker."""

    def __init__(self, port):
        self._connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)

    def ask(self, path, **headers):
        self._connection.request("GET", path, headers=headers)
        return Answer(self._connection.getresponse())

    def worker(self):
        """Return the pid of the worker at the other end."""
        return parent_of(int(self.ask("/who").body))

    def close(self):
        self._connection.close()


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
