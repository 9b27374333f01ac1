"""Loaders: an example's handler as a function of the event, each result checked by AWS's rules."""

import json
import subprocess

import pytest
from cloudfront_events import EXAMPLES, checked, module_of

# Reads one JSON line per call: {"file": ..., "event": ...}; answers with one JSON line.
NODE_RUNNER = """
const { createInterface } = require("node:readline");
const { pathToFileURL } = require("node:url");
createInterface({ input: process.stdin }).on("line", async (line) => {
  const { file, event } = JSON.parse(line);
  let answer;
  try {
    const { handler } = await import(pathToFileURL(file));
    answer = { result: await handler(event, {}) };
  } catch (error) {
    answer = { error: String(error.stack) };
  }
  process.stdout.write(JSON.stringify(answer) + "\\n");
});
"""


@pytest.fixture(scope="session")
def python_example():
    """Return a loader: ("bot_block.py", "handler") -> a function of the event that checks its result."""

    def load(file, name="handler"):
        module = module_of(file)
        return lambda sent: checked(lambda copy: getattr(module, name)(copy, None), sent)

    return load


@pytest.fixture(scope="session")
def node_example():
    """Return a loader like `python_example`; all calls share one node process."""
    with subprocess.Popen(
        ["node", "-e", NODE_RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def call(file, sent):
            process.stdin.write(json.dumps({"file": str(EXAMPLES / file), "event": sent}) + "\n")
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
            assert "error" not in reply, reply["error"]
            return reply.get("result")

        yield lambda file: lambda sent: checked(lambda copy: call(file, copy), sent)
        process.stdin.close()
        process.wait(timeout=30)
