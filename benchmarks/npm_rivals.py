"""What does the same job in JavaScript, from npm: only with `--rivals`, installed below `benchmarks/.rivals`."""

import shutil
import subprocess
from pathlib import Path

from .servers import SERVER_CORE, Server, free_port

SOURCE = Path(__file__).parent / "npm"
PLACE = Path(__file__).parent / ".rivals"
NAMES = ("serverless-offline-edge-lambda", "miniflare")
QUIET = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "MINIFLARE_WORKERD_CONFIG_DEBUG": ""}


def install():
    """Install what the lock names, once; return why it cannot be, or nothing."""
    if shutil.which("npm") is None:
        return "there is no npm"
    lock = (SOURCE / "package-lock.json").read_bytes()
    done = PLACE / "installed"
    if not done.exists() or done.read_bytes() != lock:
        PLACE.mkdir(exist_ok=True)
        for file in SOURCE.iterdir():
            shutil.copy(file, PLACE)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        found = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, check=False)
        if found.returncode:
            return f"npm ci failed: {found.stderr.strip().splitlines()[-1:]}"
        done.write_bytes(lock)
    return ""


def offline_edge_lambda(folder, origin_port):
    """The serverless plugin with a viewer-request function. Its cache is never read, so each answer is fetched."""
    port = free_port()
    env = {**QUIET, "BENCH_ORIGIN": str(origin_port), "TMPDIR": str(folder)}
    command = [PLACE / "node_modules/.bin/serverless", "offline", "start", "--cloudfrontPort", port]
    log = folder / "serverless.out"
    return Server(NAMES[0], command, port, core=SERVER_CORE, cwd=PLACE, log=log, env=env, patience=90)


def miniflare(folder, origin_port):
    """Cloudflare's local runtime with a worker in front of its cache."""
    port = free_port()
    command = ["node", PLACE / "miniflare.mjs", port, origin_port]
    log = folder / "miniflare.out"
    return Server(NAMES[1], command, port, core=SERVER_CORE, cwd=PLACE, log=log, env=QUIET, patience=90)


MAKERS = (offline_edge_lambda, miniflare)
