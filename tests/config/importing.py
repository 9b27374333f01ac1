"""Samples of other tools' files, each in a folder with `case.json` (what is imported, with which flags)."""

import json
import shutil
from pathlib import Path

from edgerun.cli.importing import relative
from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import Imported, imported

SAMPLES = Path(__file__).parent / "imports"
NAMES = sorted(case.parent.name for case in SAMPLES.glob("*/case.json"))


def case_of(name: str) -> dict:
    return json.loads((SAMPLES / name / "case.json").read_text())


def given_of(case: dict) -> Given:
    return Given(
        parameters=case.get("parameters", {}),
        policies=tuple(Path(each) for each in case.get("policies", [])),
        code=case.get("code", {}),
        origins=case.get("origins", {}),
    )


def copied(name: str, folder: Path) -> Path:
    """Copy a sample to a folder of the test's own, and return where it is."""
    return shutil.copytree(SAMPLES / name, folder / name)


def told(done: Imported, folder: Path) -> dict:
    """What an import came to, with paths as seen from a folder."""
    remarks = [f"{each.kind} {each}".replace(str(folder), ".") for each in done.report.remarks]
    return {"config": relative(done.source, folder), "remarks": remarks}


def import_sample(name: str) -> Imported:
    """Import a sample that the working directory holds."""
    case = case_of(name)
    return imported(Path(case["file"]), given_of(case))
