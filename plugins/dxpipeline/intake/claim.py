"""Claiming: from a file in the import folder to a row of the ledger, exactly once.

A claim is an atomic rename into `work/<token>/<folder>/<name>`; who loses the race finds nothing. The
ledger's row is written under a lock that is held from before the rename, so that the order of arrival
(`received_seq`) has no gaps of time: whoever sees a later one also sees every earlier one. A claim that
dies between the rename and the commit leaves a work folder without a row, which the next sweep adopts.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from dxpipeline.durable import sync
from dxpipeline.feedback.outbox import remove_waiting_note, write_waiting_note
from dxpipeline.intake.folder import Candidate, scan, standing_still
from dxpipeline.intake.placement import placement
from dxpipeline.messages import sentence
from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.sql_files import read_sql

TEMPORARY = ".temporary"
"""Folder beside a claimed file for what libraries write; no folder of a department begins with a dot."""

log = logging.getLogger(__name__)


def claim_ready_files(settings: Settings, connection: psycopg.Connection) -> list[int]:
    """Claim every file that stands still and adopt the leftovers of claims that died.

    Args:
        settings: Where the folders are.
        connection: As the writer; each claim is a transaction of its own.

    Returns:
        The numbers of the new deliveries, in the order of arrival.

    Raises:
        ConfigurationError: The import and the work folder do not lie on one volume.
    """
    settings.import_folder.mkdir(parents=True, exist_ok=True)
    settings.work_folder.mkdir(parents=True, exist_ok=True)
    claimed = _adopt_orphans(settings, connection)
    for candidate in standing_still(scan(settings.import_folder), settings.settle_seconds):
        delivery_id = _claim(settings, connection, candidate)
        if delivery_id is not None:
            claimed.append(delivery_id)
            _say_waiting(settings, connection, delivery_id)
    return claimed


def work_path(settings: Settings, claim_token: str) -> Path | None:
    """Return where a claimed file lies, or None once it was archived and dropped."""
    root = settings.work_folder / claim_token
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return next((path for path in files if path.relative_to(root).parts[0] != TEMPORARY), None)


@contextlib.contextmanager
def temporary_files_beside(settings: Settings, claim_token: str) -> Iterator[None]:
    """Let libraries write their temporary files beside a claimed file, in a folder that only we may open.

    They go at the end, or with the claimed file where the process is killed before.
    """
    folder = settings.work_folder / claim_token / TEMPORARY
    if not folder.parent.is_dir():
        yield
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _claim(settings: Settings, connection: psycopg.Connection, candidate: Candidate) -> int | None:
    token = secrets.token_hex(8)
    root = settings.work_folder / token
    target = root.joinpath(*candidate.folder, candidate.path.name)
    with connection.transaction():
        connection.execute(read_sql("ledger/lock_intake"))
        try:
            target.parent.mkdir(parents=True)
            candidate.path.rename(target)
        except OSError as error:
            shutil.rmtree(root, ignore_errors=True)
            if error.errno == errno.EXDEV:
                raise ConfigurationError(
                    f"{settings.import_folder} and {settings.work_folder} must lie on one volume: mount "
                    "DX_EXCHANGE as a whole."
                ) from error
            if not isinstance(error, FileNotFoundError):
                log.error(
                    "%s cannot be claimed (%s): it stays there and is tried again; see that the pipeline may "
                    "move it.",
                    candidate.path,
                    error.strerror,
                )
            return None
        if not candidate.is_unchanged(target):
            # Touched or swapped since it was seen: not ours yet.
            _put_back(target, candidate.path, root)
            return None
        for folder in (target.parent, candidate.path.parent):
            sync(folder)
        return _register(settings, connection, token, target)


def _put_back(target: Path, place: Path, root: Path) -> None:
    """Return what was taken too early, unless a new file has come in its place: then it is adopted later."""
    try:
        os.link(target, place, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:
        # A folder, or a volume without hard links.
        if place.exists() or place.is_symlink():
            return
        target.rename(place)
    shutil.rmtree(root)


def _adopt_orphans(settings: Settings, connection: psycopg.Connection) -> list[int]:
    adopted: list[int] = []
    tokens = _folders_by_age(settings.work_folder)
    known = {token for (token,) in connection.execute(read_sql("ledger/known_tokens"), {"tokens": tokens})}
    for token in tokens:
        if token in known:
            continue
        try:
            delivery_id = _adopt(settings, connection, token)
        except OSError as error:
            log.error(
                "%s cannot be taken over (%s): it is tried again; see that the pipeline may read it.",
                settings.work_folder / token,
                error.strerror,
            )
            continue
        if delivery_id is not None:
            adopted.append(delivery_id)
            _say_waiting(settings, connection, delivery_id)
    return adopted


def _adopt(settings: Settings, connection: psycopg.Connection, token: str) -> int | None:
    with connection.transaction():
        # Under the lock no claim is between its rename and its commit: what has no row has no owner.
        connection.execute(read_sql("ledger/lock_intake"))
        if connection.execute(read_sql("ledger/known_tokens"), {"tokens": [token]}).fetchone():
            return None
        path = work_path(settings, token)
        if path is None:
            shutil.rmtree(settings.work_folder / token, ignore_errors=True)
            return None
        return _register(settings, connection, token, path)


def _folders_by_age(work_folder: Path) -> list[str]:
    found = []
    for entry in os.scandir(work_folder):
        # Another worker may drop a folder meanwhile, once its file is archived.
        with contextlib.suppress(FileNotFoundError):
            if entry.is_dir(follow_symlinks=False):
                found.append((entry.stat().st_mtime, entry.name))
    return [name for _, name in sorted(found)]


def _register(settings: Settings, connection: psycopg.Connection, token: str, path: Path) -> int:
    folder = path.parent.relative_to(settings.work_folder / token).parts
    place = placement(tuple(_printable(part) for part in folder))
    row = connection.execute(
        read_sql("ledger/register_delivery"),
        {
            "folder": _printable("/".join(folder)),
            "department_code": place.department,
            "feed": place.feed,
            "reporting_unit": place.reporting_unit,
            "file_name": _printable(path.name),
            "claim_token": token,
            "sha256": hash_file(path),
            "size_bytes": path.stat().st_size,
            "verdict": "rejected" if place.reason else None,
            "rows": 0 if place.reason else None,
            "reason_code": place.reason,
            "reason": sentence(place.reason, "vi", **place.details) if place.reason else None,
            "reason_details": Jsonb(place.details) if place.reason else None,
        },
    ).fetchone()
    if row is None:
        raise RuntimeError(f"The ledger gave no number for {path.name}.")
    return int(row[0])


def _say_waiting(settings: Settings, connection: psycopg.Connection, delivery_id: int) -> None:
    """Leave a note in the outbox: a courtesy, so that its failure holds nothing up."""
    parameters = {"delivery_id": delivery_id}
    waiting = connection.execute(read_sql("ledger/waiting_delivery"), parameters).fetchone()
    if waiting is None:
        return
    department, file_name = waiting
    try:
        write_waiting_note(settings, department, file_name, delivery_id)
        # A worker may have answered meanwhile, before there was a note for it to remove.
        if connection.execute(read_sql("ledger/waiting_delivery"), parameters).fetchone() is None:
            remove_waiting_note(settings, department, file_name, delivery_id)
    except OSError as error:
        log.warning("Delivery %d gets no note that it waits (%s).", delivery_id, error.strerror)


def _printable(name: str) -> str:
    """Return a name as text that the database can hold, whatever bytes the file system had."""
    return os.fsencode(name).decode("utf-8", "replace").replace("\x00", "\ufffd")
