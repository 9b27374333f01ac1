import os
import sys
import tempfile
from pathlib import Path


def handler(event, context):
    """Leave a file among the temporary ones, tell which were there, and perhaps come to harm."""
    folder = Path(tempfile.gettempdir())
    there = sorted(path.name for path in folder.iterdir() if path.name.startswith("kept"))
    (folder / event["name"]).mkdir()
    (folder / event["name"] / "content").write_text("x")
    if event.get("harm") == "exit":
        os._exit(1)
    while event.get("harm") == "loop":
        pass
    return {"there": there, "folder": str(folder), "pid": os.getpid()}


def sees(event, context):
    return {"tmp": sorted(os.listdir("/tmp")), "variable": os.environ.get("TMPDIR"), "path": sys.path[0]}  # noqa: PTH208
