"""The archive: the bytes of every received file, once, under their hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from pathlib import Path

import psycopg

from dxpipeline.durable import sync
from dxpipeline.settings import Settings
from dxpipeline.warehouse.sql_files import read_sql

_CHUNK = 1 << 20


class ArchiveError(Exception):
    """A file could not be archived; it stays in the work folder and is tried again."""


def archive_path(settings: Settings, sha256: str) -> Path:
    """Return where the bytes of a hash are kept."""
    return settings.archive / sha256[:2] / sha256


def archive(settings: Settings, source: Path, sha256: str) -> Path:
    """Copy a file into the archive while hashing it; the same bytes are kept once.

    Raises:
        ArchiveError: The bytes are not those that were received, or the archive cannot be written.
    """
    target = archive_path(settings, sha256)
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with source.open("rb") as reader, draft.open("xb") as writer:
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        if digest.hexdigest() != sha256:
            raise ArchiveError(
                f"{source.name} changed after it was received ({sha256[:12]} expected, "
                f"{digest.hexdigest()[:12]} found): it stays in the work folder; ask the sender for it again."
            )
        draft.chmod(0o400)
        draft.rename(target)
        for folder in (target.parent, settings.archive):
            sync(folder)
    except OSError as error:
        raise ArchiveError(
            f"{source.name} cannot be archived in {settings.archive} ({error.strerror}): make room or "
            "give the right to write; it is tried again."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return target


def drop_archived_work(settings: Settings, connection: psycopg.Connection, *tokens: str) -> None:
    """Remove the work folders of archived deliveries; without tokens, of all that a dead worker left."""
    candidates = list(tokens) or [folder.name for folder in settings.work_folder.iterdir()]
    archived = connection.execute(read_sql("ledger/archived_tokens"), {"tokens": candidates})
    for (token,) in archived.fetchall():
        shutil.rmtree(settings.work_folder / token, ignore_errors=True)
