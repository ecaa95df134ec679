"""Copies files into the import folder the way a department drops them."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dxpipeline.local.processes import LocalRunError

# A sender's name may fill the 255 bytes of a file name, so that a temporary name cannot be made from it.
TEMPORARY_SUFFIX = ".part"


@dataclass(frozen=True)
class Drop:
    """One file that was dropped.

    Attributes:
        path: Its place below the import folder, `<department>/<feed>/<file>`.
        sha256: Hash of its bytes, hexadecimal.
        dropped_at: When it appeared under its name.
    """

    path: Path
    sha256: str
    dropped_at: datetime

    @property
    def file_name(self) -> str:
        """Its name as the ledger compares it (Unicode NFC)."""
        return unicodedata.normalize("NFC", self.path.name)


def droppable_files(tree: Path) -> list[Path]:
    """List the files of a tree `<department>/<feed>/<file>`, relative to it and sorted.

    Hidden files, read-me files, expected outcomes (`*.expected.json`) and files at the top are left out.

    Raises:
        LocalRunError: The folder does not exist or has no such file.
    """
    if not tree.is_dir():
        raise LocalRunError(f"There is no folder {tree}: name one that holds <department>/<feed>/<file>.")
    files = [path.relative_to(tree) for path in sorted(tree.rglob("*")) if path.is_file()]
    chosen = [
        path
        for path in files
        if len(path.parts) > 1
        and not any(part.startswith(".") for part in path.parts)
        and not path.name.startswith("README")
        and not path.name.endswith(".expected.json")
    ]
    if not chosen:
        raise LocalRunError(f"There is no file to drop in {tree}: it must hold <department>/<feed>/<file>.")
    return chosen


def drop_files(tree: Path, files: list[Path], import_folder: Path) -> list[Drop]:
    """Copy files into the import folder, each under a temporary name first, then renamed.

    Args:
        tree: The folder the files are relative to.
        files: What to copy, as `droppable_files` lists it.
        import_folder: The import folder; made when missing.

    Raises:
        OSError: A file cannot be read, or the import folder not be written.
    """
    waiting: list[tuple[Path, Path, str]] = []
    for path in files:
        target = import_folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
        shutil.copyfile(tree / path, temporary)
        with temporary.open("rb") as copied:
            digest = hashlib.file_digest(copied, "sha256").hexdigest()
        waiting.append((path, temporary, digest))
    drops = []
    for path, temporary, digest in waiting:
        temporary.rename(import_folder / path)
        drops.append(Drop(path, digest, datetime.now(UTC)))
    return drops
