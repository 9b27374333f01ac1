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

ACCESS_LOG = """
[access_log]
path = "access.log"
"""
ANSWERS = {
    "python": """
def handler(event, context):
    return {"status": "200", "body": "%s"}
""",
    "nodejs": """
exports.handler = async () => ({ status: '200', body: '%s' });
""",
}
SUFFIXES = {"python": "py", "nodejs": "js"}

CONFIG = """
[origins.site]
url = "http://127.0.0.1:{origin}"

[origins.slow]
url = "http://127.0.0.1:{slow}"

[store]
{store}

{access_log}
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
    path.write_text(
        CONFIG.format(origin=origin_port, slow=slow_port, behaviors=behaviors, store=store, access_log=ACCESS_LOG)
    )
    return path


def edgerun(
    folder, origin_port, slow_port, *, flags=(), name="edgerun", store='kind = "memory"', core=0, access_log=True
):
    """Return the edge as `edgerun serve` starts it: admin port and statistics on, and an access log, as everybody's."""
    config = write_project(folder / name, origin_port, slow_port, store=store)
    if not access_log:
        config.write_text(config.read_text().replace(ACCESS_LOG, ""))
    return served(folder / name, config, "serve", *flags, name=name, core=core)


def served(folder, config, command, *flags, name, core=0):
    """Return the edge with a configuration of one's own."""
    port = free_port()
    words = [sys.executable, "-m", "edgerun", command, "--config", config, "--port", port, "--strict-port"]
    words += ["--ui-port", free_port(), "--quiet", *flags]
    return Server(name, words, port, core=core, log=folder / f"{name}.out", cwd=folder)


def write_answering(folder, language, names, *, text="as it was"):
    """Write a project whose functions answer themselves, each below `/NAME`, and return the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    config = '[origins.none]\nurl = "http://127.0.0.1:9"\n[default_behavior]\norigin = "none"\n'
    config += 'cache_policy = "CachingDisabled"\n'
    for name in names:
        file = write_answer(folder, language, name, text)
        config += f'[functions.{name}]\nhandler = "{file}:handler"\nruntime = "{language}"\n'
        config += f'[[behaviors]]\npath_pattern = "/{name}"\norigin = "none"\ncache_policy = "CachingDisabled"\n'
        config += f'viewer_request = "{name}"\n'
    path = folder / "edgerun.toml"
    path.write_text(config)
    return path


def write_answer(folder, language, name, text):
    """Write one function that answers with a text, and return its file's name."""
    file = f"{name}.{SUFFIXES[language]}"
    (folder / file).write_text(ANSWERS[language] % text)
    return file


def bare(folder, *flags, core=0):
    """Return the baseline U."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", port, "--loop", "uvloop"]
    command += ["--http", "httptools", "--no-access-log", "--log-level", "warning", "--lifespan", "off", *flags]
    return Server("uvicorn", command, port, core=core, log=folder / "uvicorn.out", cwd=Path(__file__).parent.parent)
