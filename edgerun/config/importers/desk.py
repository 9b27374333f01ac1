"""Files that an import finds, keeps and unpacks; all of its own go to one folder."""

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report
from edgerun.config.read import is_file, is_folder
from edgerun.home import STATE_FOLDER

FOLDER: Final = "imports"
# AWS: a package is at most 50 MB zipped at the edge; 250 MB is Lambda's own limit unzipped.
LARGEST_UNPACKED: Final = 262_144_000
MOST_FILES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where an import works.

    Attributes:
        base: the folder that paths in the file are relative to.
        report: where faults go.
        kept: the folder of what it writes; a state folder if left out.
    """

    base: Path
    report: Report
    kept: Path | None = None

    def path(self, text: str) -> Path:
        """Return a path of the file as an absolute one."""
        return Path(os.path.normpath(self.base / text.removeprefix("file://")))

    def keep(self, name: str, content: str) -> Path:
        """Write a text where it stays as long as it is the same, and return its file.

        Args:
            name: the file's name; its folder is named after it and the content.
            content: what it holds.
        """
        data = content.encode("utf-8", "replace")
        stem = PurePosixPath(name).stem
        file = self._folder(stem, data) / name
        if not is_file(file) or file.read_bytes() != data:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return file

    def unpacked(self, archive: Path, node: Node) -> Path | None:
        """Return the folder that a zip file was unpacked to; what is wrong with it is refused."""
        try:
            folder = self._folder(archive.stem, archive.read_bytes())
            if not is_folder(folder):
                self._unpack(archive, folder)
        except (OSError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
            self.report.refuse(node, f"{archive.name} cannot be unpacked: {error}")
            return None
        return folder

    def _unpack(self, archive: Path, folder: Path) -> None:
        with zipfile.ZipFile(archive) as source:
            members = source.infolist()
            if len(members) > MOST_FILES or sum(each.file_size for each in members) > LARGEST_UNPACKED:
                raise ValueError("it holds more than Lambda allows")
            for each in members:
                parts = PurePosixPath(each.filename)
                if parts.is_absolute() or ".." in parts.parts or "\\" in each.filename:
                    raise ValueError(f"it holds {each.filename!r}")
            fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
            source.extractall(fresh)
        fresh.rename(folder)

    def _folder(self, stem: str, data: bytes) -> Path:
        return (self.kept or self.base / STATE_FOLDER / FOLDER) / f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}"
