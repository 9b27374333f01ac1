import pytest
from running import Running


@pytest.fixture
def serve(tmp_path):
    """Starts servers for the test and ends them after it; `serve("dev")` waits until it can be asked."""
    started = []

    def start(*arguments, cwd=tmp_path, environment=None, wait=True, cold=False):
        server = Running(*arguments, "--port", "0", "--json", cwd=cwd, environment=environment, cold=cold)
        started.append(server)
        return server.ready() if wait else server

    yield start
    for server in started:
        server.__exit__()
