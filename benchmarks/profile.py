"""A flame graph of one scenario: `make profile SCENARIO="hit 1 KiB"` writes `benchmarks/flame.svg`."""

import subprocess
import sys
import tempfile
import threading
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from .__main__ import Bench, chosen, start

SECONDS = 5
FLAME = Path(__file__).parent / "flame.svg"


def main(name):
    options = Namespace(seconds=SECONDS + 3, rounds=1, without_others=True, rivals=False)
    (scenario, *_) = chosen([name]) or sys.exit(f"no scenario holds {name!r}")
    with tempfile.TemporaryDirectory(prefix="edgerun-profile-") as temporary, ExitStack() as running:
        folder = Path(temporary)
        folder.chmod(0o755)
        bench = Bench(folder, options)
        server = start(running, bench, options)[0]["edgerun"]
        load = threading.Thread(target=scenario.measure, args=(server, bench))
        load.start()
        spy = [Path(sys.executable).parent / "py-spy", "record", "--native", "--duration", str(SECONDS)]
        spy += ["--rate", "500", "--output", FLAME, "--pid", str(server.process.pid)]
        subprocess.run(spy, check=True)
        load.join()
    print(f"written to {FLAME}")


if __name__ == "__main__":
    main(sys.argv[1])
