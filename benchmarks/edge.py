"""The edge under measurement: its configuration, its functions, its process."""

import sys
from pathlib import Path

from .servers import Server, free_port

PYTHON = """
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["headers"]["x-variant"] = [{"key": "X-Variant", "value": "a"}]
    return request
"""
PYTHON_RESPONSE = """
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    response["headers"]["x-seen"] = [{"key": "X-Seen", "value": "yes"}]
    return response
"""
NODE = """
exports.handler = async (event) => {
  const request = event.Records[0].cf.request;
  request.headers['x-variant'] = [{ key: 'X-Variant', value: 'a' }];
  return request;
};
"""
NODE_RESPONSE = """
exports.handler = async (event) => {
  const response = event.Records[0].cf.response;
  response.headers['x-seen'] = [{ key: 'X-Seen', value: 'yes' }];
  return response;
};
"""
CLOUDFRONT = """
function handler(event) {
    var request = event.request;
    request.headers['x-variant'] = { value: 'a' };
    return request;
}
"""
CLOUDFRONT_RESPONSE = """
function handler(event) {
    var response = event.response;
    response.headers['x-seen'] = { value: 'yes' };
    return response;
}
"""
FILES = {
    "request.py": PYTHON,
    "response.py": PYTHON_RESPONSE,
    "request.js": NODE,
    "response.js": NODE_RESPONSE,
    "cf_request.js": CLOUDFRONT,
    "cf_response.js": CLOUDFRONT_RESPONSE,
}

CONFIG = """
[origins.site]
url = "http://127.0.0.1:{origin}"

[origins.slow]
url = "http://127.0.0.1:{slow}"

[store]
{store}

[access_log]
path = "access.log"

[functions.py_request]
handler = "request.py:handler"
[functions.py_response]
handler = "response.py:handler"
[functions.node_request]
handler = "request.js:handler"
runtime = "nodejs"
[functions.node_response]
handler = "response.js:handler"
runtime = "nodejs"
[functions.cf_request]
handler = "cf_request.js"
runtime = "cloudfront-js-2.0"
[functions.cf_response]
handler = "cf_response.js"
runtime = "cloudfront-js-2.0"

[cache_policies.by_uri]
min_ttl = 0
default_ttl = 3600
max_ttl = 3600
query_strings = "all"

[default_behavior]
origin = "site"
cache_policy = "by_uri"
{behaviors}
"""

BEHAVIORS = {
    "/py/*": {"viewer_request": "py_request"},
    "/py-both/*": {"viewer_request": "py_request", "viewer_response": "py_response"},
    "/node/*": {"viewer_request": "node_request"},
    "/node-both/*": {"viewer_request": "node_request", "viewer_response": "node_response"},
    "/cf/*": {"viewer_request": "cf_request"},
    "/cf-both/*": {"viewer_request": "cf_request", "viewer_response": "cf_response"},
    "/miss-two/*": {"viewer_request": "py_request", "origin_request": "py_request"},
    "/miss-four/*": {
        "viewer_request": "py_request",
        "origin_request": "py_request",
        "origin_response": "py_response",
        "viewer_response": "py_response",
    },
}


def write_project(folder, origin_port, slow_port, *, store='kind = "memory"'):
    """Write the configuration and its functions, and return the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    behaviors = ""
    for pattern, points in BEHAVIORS.items():
        behaviors += f'\n[[behaviors]]\npath_pattern = "{pattern}"\norigin = "site"\ncache_policy = "by_uri"\n'
        behaviors += "".join(f'{point} = "{function}"\n' for point, function in points.items())
    behaviors += '\n[[behaviors]]\npath_pattern = "/api/*"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
    behaviors += '\n[[behaviors]]\npath_pattern = "/100m*"\norigin = "site"\ncache_policy = "CachingDisabled"\n'
    behaviors += '\n[[behaviors]]\npath_pattern = "/slow/*"\norigin = "slow"\ncache_policy = "by_uri"\n'
    path = folder / "edgerun.toml"
    path.write_text(CONFIG.format(origin=origin_port, slow=slow_port, behaviors=behaviors, store=store))
    return path


def edgerun(folder, origin_port, slow_port, *flags, name="edgerun", store='kind = "memory"', core=0):
    """Return the edge; its access log is on, as everybody's."""
    config = write_project(folder / name, origin_port, slow_port, store=store)
    port = free_port()
    command = [sys.executable, "-m", "edgerun", "serve", "--config", config, "--port", port, "--strict-port"]
    command += ["--no-ui", "--quiet", *flags]
    return Server(name, command, port, core=core, log=folder / f"{name}.out", cwd=folder / name)


def bare(folder):
    """Return the baseline U."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", port, "--loop", "uvloop"]
    command += ["--http", "httptools", "--no-access-log", "--log-level", "warning", "--lifespan", "off"]
    return Server("uvicorn", command, port, log=folder / "uvicorn.out", cwd=Path(__file__).parent.parent)
