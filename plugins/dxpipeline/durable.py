"""Making what was written survive a power cut."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

ORDINARY_MODE = 0o666
"""Permissions of an ordinary file, of which the umask takes away."""


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to the disk.

    Raises:
        OSError: It does not exist, or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(
    target: Path, write: Callable[[Path], None], *, hidden_prefix: str, mode: int = ORDINARY_MODE
) -> None:
    """Write a file under a hidden name, make it durable, and let it appear at once under its own.

    Args:
        target: The file; one that is there is replaced.
        write: Writes the content to the path that it is given.
        hidden_prefix: How the hidden name begins, by which leftovers of a killed writer are found.
        mode: Permissions, of which the umask takes away.

    Raises:
        OSError: The folder cannot be written.
    """
    hidden = target.with_name(f"{hidden_prefix}{secrets.token_hex(4)}.part")
    try:
        hidden.touch(mode, exist_ok=False)  # Before its first byte, so that nobody opens it in time.
        write(hidden)
        sync(hidden)
        hidden.replace(target)
    finally:
        hidden.unlink(missing_ok=True)
    sync(target.parent)
