"""The outbox: one folder per department, where answers appear whole and once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import psycopg

from dxpipeline.durable import ORDINARY_MODE, write_whole
from dxpipeline.failures import describe
from dxpipeline.feedback.answer import Answer, load_answer, rows_to_mend
from dxpipeline.feedback.marked_file import write_marked_file
from dxpipeline.feedback.marked_text import extract_text
from dxpipeline.feedback.names import marked_name, number, receipt_name, safe_part, waiting_name
from dxpipeline.feedback.receipt import render_receipt
from dxpipeline.messages import sentence
from dxpipeline.settings import Settings

UNKNOWN = "_unknown"
"""Folder of the answers to files that fit no feed."""

_PERSONAL_MODE = 0o640
"""Mode of answers about personal files, which are never open to everybody."""

log = logging.getLogger(__name__)


def write_answer(
    settings: Settings, connection: psycopg.Connection, delivery_id: int, source: Path | None
) -> Path:
    """Write the answer to a delivery: the marked copy where cells are at fault, then the receipt.

    A second call writes the same files again. A copy that cannot be made does not hold up the receipt, which
    then names the cells by itself.

    Args:
        settings: Where the outbox is.
        connection: A connection that may read the ledger.
        delivery_id: A delivery that has its verdict.
        source: The file as received, None where it is gone.

    Returns:
        The receipt.

    Raises:
        NotDecided: The delivery has no verdict yet.
        OSError: The outbox cannot be written.
    """
    answer = load_answer(connection, delivery_id)
    folder = outbox_folder(settings, answer.department_code if answer.feed else None)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(folder, delivery_id)
    marked = _write_marked(folder, connection, answer, source)
    receipt = folder / receipt_name(answer)
    page = render_receipt(answer, marked)
    _write_whole(receipt, delivery_id, lambda path: _write_text(path, page), _mode(answer))
    remove_waiting_note(settings, answer.department_code, answer.file_name, delivery_id)
    return receipt


def write_waiting_note(
    settings: Settings, department_folder: str | None, file_name: str, delivery_id: int
) -> Path:
    """Write the note that says that a file was received and is being processed.

    Args:
        settings: Where the outbox is.
        department_folder: Code of the department, None where the folder is unknown.
        file_name: The clerk's name of the file.
        delivery_id: The delivery, whose answer removes the note.

    Returns:
        The note.

    Raises:
        OSError: The outbox cannot be written.
    """
    folder = outbox_folder(settings, department_folder)
    folder.mkdir(parents=True, exist_ok=True)
    details = {"file_name": file_name, "delivery": number(delivery_id)}
    text = "\r\n\r\n".join(sentence("waiting", language, **details) for language in ("vi", "en")) + "\r\n"
    note = folder / waiting_name(file_name, delivery_id)
    # With a byte order mark, so that every text viewer on Windows shows the accents.
    _write_whole(note, delivery_id, lambda path: _write_text(path, "\ufeff" + text))
    return note


def remove_waiting_note(
    settings: Settings, department_folder: str | None, file_name: str, delivery_id: int
) -> None:
    """Remove the note of a delivery that waits no more, where there is one."""
    folder = outbox_folder(settings, department_folder)
    (folder / waiting_name(file_name, delivery_id)).unlink(missing_ok=True)


def outbox_folder(settings: Settings, department: str | None) -> Path:
    """Return the folder of a department's answers."""
    return settings.outbox / (safe_part(department) if department else UNKNOWN)


def _write_marked(
    folder: Path, connection: psycopg.Connection, answer: Answer, source: Path | None
) -> str | None:
    """Write the marked copy, if one is wanted and possible, and return its name."""
    if source is None or not answer.wants_marked_file:
        return None
    name = marked_name(answer)

    def write(path: Path) -> None:
        if answer.wants_extract:
            extract_text(source, answer, rows_to_mend(connection, answer), path)
        else:
            write_marked_file(source, answer, path)

    try:
        _write_whole(folder / name, answer.delivery_id, write, _mode(answer))
    except Exception as error:
        # Whatever is wrong with the file, the receipt must not wait for its copy.
        log.error(
            "Delivery %d gets no marked copy (%s); its receipt goes alone.",
            answer.delivery_id,
            describe(error),
        )
        return None
    return name


def _mode(answer: Answer) -> int:
    personal = answer.contract is not None and answer.contract.personal
    return _PERSONAL_MODE if personal else ORDINARY_MODE


def _write_whole(
    target: Path, delivery_id: int, write: Callable[[Path], None], mode: int = ORDINARY_MODE
) -> None:
    write_whole(target, write, hidden_prefix=_hidden_prefix(delivery_id), mode=mode)


def _remove_unfinished(folder: Path, delivery_id: int) -> None:
    """Remove what an answer left that was killed while it was written."""
    for path in folder.glob(f"{_hidden_prefix(delivery_id)}*.part"):
        path.unlink(missing_ok=True)


def _hidden_prefix(delivery_id: int) -> str:
    return f".{number(delivery_id)}-"


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
