"""What lies in the import folder, and which of it stands still."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TEMPORARY_ENDINGS = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".swp")
TEMPORARY_STARTS = (".", "~$", "~")
SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini"})

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """A file as it was seen in the import folder.

    Attributes:
        path: Where it lies.
        folder: The names of the folders between the import folder and the file.
        size_bytes: Its size when it was seen.
        changed_at: When its bytes or its entry last changed, seconds since the epoch.
        inode: Which file of the volume it was.
        modified_ns: Its time of modification as the volume keeps it.
    """

    path: Path
    folder: tuple[str, ...]
    size_bytes: int
    changed_at: float
    inode: int
    modified_ns: int

    def is_unchanged(self, path: Path) -> bool:
        """Say whether what lies at a path now is the same file, untouched, and nobody writes it."""
        status = path.lstat()
        seen = (self.inode, self.size_bytes, self.modified_ns)
        same = (status.st_ino, status.st_size, status.st_mtime_ns) == seen
        return same and stat.S_ISREG(status.st_mode) and _is_ready(path)


def scan(import_folder: Path) -> list[Candidate]:
    """List the ordinary files below the import folder, in the order in which they came.

    Temporary names (`.part`, `~$`, hidden ones, Thumbs.db) and everything that is no ordinary file (links,
    pipes, devices) are left alone, and so is what vanishes meanwhile. A folder that may not be read is named
    in the log, and the others go on.
    """
    return sorted(
        _walk(import_folder, ()),
        key=lambda candidate: (candidate.changed_at, os.fsencode(candidate.path)),
    )


def standing_still(candidates: list[Candidate], settle_seconds: float) -> list[Candidate]:
    """Return the candidates that nobody has touched for a while and nobody holds open for writing.

    A file that may not be read waits as well; it is named in the log. The time of change is the newer of the
    two that the file system keeps: a copy that preserves the time of its source sets `mtime` back, never
    `ctime`.
    """
    now = time.time()
    return [
        candidate
        for candidate in candidates
        if now - candidate.changed_at >= settle_seconds and _is_ready(candidate.path)
    ]


def is_temporary(name: str) -> bool:
    """Say whether a name is one that programs use while they write, or a system's own file."""
    folded = name.casefold()
    return folded.startswith(TEMPORARY_STARTS) or folded.endswith(TEMPORARY_ENDINGS) or folded in SYSTEM_NAMES


def _walk(folder: Path, names: tuple[str, ...]) -> Iterator[Candidate]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        _say_unreadable(folder, error.strerror)
        return
    for entry in entries:
        if is_temporary(entry.name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(Path(entry.path), (*names, entry.name))
        elif stat.S_ISREG(status.st_mode):
            yield Candidate(
                Path(entry.path),
                names,
                status.st_size,
                _changed_at(status),
                status.st_ino,
                status.st_mtime_ns,
            )


def _changed_at(status: os.stat_result) -> float:
    """Return the newer of the two times, but for a time ahead of us: a sender's clock may be wrong."""
    return status.st_ctime if status.st_mtime > time.time() else max(status.st_mtime, status.st_ctime)


def _is_ready(path: Path) -> bool:
    """Say whether the file can be read and, as the kernel knows, no process holds it open for writing.

    A read lease is granted only when none does. Where leases are not to be had (network file systems,
    somebody else's file), the time that the file stood still must suffice.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        _say_unreadable(path, error.strerror)
        return False
    try:
        # Who opens the file for writing meanwhile breaks the lease, and the kernel tells its holder so: by
        # SIGIO, which ends a process that does not expect it, unless another signal is chosen.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return True


@cache
def _say_unreadable(path: Path, reason: str | None) -> None:
    """Name in the log, once a process, what is left where it lies."""
    log.warning(
        "%s cannot be read (%s): it stays there; give the pipeline the right to read it.", path, reason
    )
