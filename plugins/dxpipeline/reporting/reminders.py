"""Reminders: what a department has to send soon and what it still owes, in its outbox."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from psycopg.rows import class_row

from dxpipeline.contracts import contracts
from dxpipeline.durable import write_whole
from dxpipeline.feedback.outbox import outbox_folder
from dxpipeline.indicators.refresh import RefreshError, refresh
from dxpipeline.messages import Language, as_shown, label
from dxpipeline.periods import Period
from dxpipeline.reference import departments
from dxpipeline.reporting.expected import successor
from dxpipeline.settings import Settings
from dxpipeline.warehouse.sql_files import read_sql

DAYS_AHEAD = 7
"""How many days before its due day a report is asked for."""

_HIDDEN = ".reminder-"


@dataclass(frozen=True)
class OwedReport:
    """A report that a department is reminded of.

    Attributes:
        feed: The feed, in whose folder it is awaited.
        feed_name: Its Vietnamese title.
        period: The reporting period in its canonical form.
        department_code: The department that owed it at the period's end.
        due_on: The last day on which it is on time.
        state: `missing` or `not_due`.
        days_late: Days since it was due; None where it is not due yet.
        delivery_count: Files that came for it, of which none was accepted.
    """

    feed: str
    feed_name: str
    period: str
    department_code: str
    due_on: date
    state: str
    days_late: int | None
    delivery_count: int


class RemindersHeldBack(Exception):
    """Some reminders could not be written; the message says whose and why, and that all others were."""


def remind(settings: Settings, connection: psycopg.Connection, day: date) -> list[Path]:
    """Bring the marts up to date, so that what came this night is not asked for, then write the reminders.

    Args:
        settings: Where the outbox is.
        connection: As the writer, outside any transaction.
        day: Today.

    Returns:
        The reminders that were written now.

    Raises:
        RefreshError: A mart could not be computed; the reminders were written all the same.
        RemindersHeldBack: As `write_reminders`.
    """
    failure: RefreshError | None = None
    try:
        refresh(connection)
    except RefreshError as error:
        failure = error
    written = write_reminders(settings, connection, day)
    if failure is not None:
        raise failure
    return written


def write_reminders(settings: Settings, connection: psycopg.Connection, day: date) -> list[Path]:
    """Write a reminder for every department that has something to send, once a day.

    A reminder takes the place of the one before; where nothing is owed any more the last one goes.

    Args:
        settings: Where the outbox is.
        connection: As the writer, outside any transaction; the calendar is extended until the day.
        day: Today.

    Returns:
        The reminders that were written now; a department that got one that day already gets no other.

    Raises:
        RemindersHeldBack: A department's outbox cannot be written; the others were reminded, and the next
            call writes what is left.
    """
    written: list[Path] = []
    held_back = []
    owed = _owed(connection, day)
    for department in departments():
        reports = owed.get(department.department_code, [])
        folder = outbox_folder(settings, department.department_code)
        target = folder / _name(day)
        try:
            # The file first appears, then the ledger knows of it: who dies in between writes the same file
            # again.
            with connection.transaction():
                if reports and _note(settings, connection, department.department_code, day, target, reports):
                    page = render_reminder(department.department_code, day, reports)
                    folder.mkdir(parents=True, exist_ok=True)
                    _write(target, page)
                    written.append(target)
            _remove_older(folder, target if reports else None)
        except OSError as error:
            held_back.append(f"{folder} ({error.strerror})")
    if held_back:
        raise RemindersHeldBack(
            f"Reminders could not be written into {'; '.join(held_back)}: see that each folder is writable "
            "and has room. The next run writes what is left."
        )
    return written


def render_reminder(department: str, day: date, reports: Sequence[OwedReport]) -> str:
    """Return the reminder of a department as a self-contained HTML page.

    Args:
        department: The department that is to send the reports today.
        day: Today.
        reports: What it owes, those that are missing first.
    """
    missing = [report for report in reports if report.state == "missing"]
    due = [report for report in reports if report.state != "missing"]
    names = {one.department_code: one for one in departments()}
    counts = {"missing": len(missing), "due": len(due), "days": DAYS_AHEAD}
    example = f"Kỳ báo cáo: {Period.parse(reports[0].period).label_vi()}"
    languages: tuple[Language, ...] = ("vi", "en")
    summaries = {
        language: [
            label("calendar", "summary", language, **counts),
            label("calendar", "send", language, example=example),
            label("calendar", "answered", language),
            label("calendar", "automatic", language),
        ]
        for language in languages
    }
    return _template().render(
        text=lambda key, language="vi", **details: label("calendar", key, language, **details),
        department=names[department].name_vi if department in names else department,
        day=as_shown(day),
        summaries=summaries,
        overdue=bool(missing),
        tables=[
            (key, [_row(department, report) for report in found])
            for key, found in (("missing", missing), ("due", due))
            if found
        ],
    )


def _owed(connection: psycopg.Connection, day: date) -> dict[str, list[OwedReport]]:
    """Return what is to be sent, by the department that does the work of the one that owed it."""
    parameters = {
        "on_day": day,
        "due_by": day + timedelta(days=DAYS_AHEAD),
        "versioned": [feed for feed, contract in contracts().items() if contract.load_mode == "upsert"],
    }
    owed: dict[str, list[OwedReport]] = defaultdict(list)
    with connection.cursor(row_factory=class_row(OwedReport)) as cursor:
        for report in cursor.execute(read_sql("reporting/to_remind"), parameters):
            owed[successor(report.department_code, day)].append(report)
    return {
        department: sorted(reports, key=lambda report: report.state != "missing")
        for department, reports in owed.items()
    }


def _row(department: str, report: OwedReport) -> dict[str, Any]:
    return {
        "feed": report.feed_name,
        "period": Period.parse(report.period).label_vi(),
        "due_on": as_shown(report.due_on),
        "days_late": report.days_late,
        "folder": f"import/{department}/{report.feed}/",
        "refused": report.delivery_count,
    }


def _note(
    settings: Settings,
    connection: psycopg.Connection,
    department: str,
    day: date,
    target: Path,
    reports: Sequence[OwedReport],
) -> bool:
    """Write into the ledger that a department is reminded; returns whether it was not yet."""
    missing = sum(report.state == "missing" for report in reports)
    row = connection.execute(
        read_sql("reporting/note_reminder"),
        {
            "department_code": department,
            "reminded_on": day,
            "file_path": str(target.relative_to(settings.outbox)),
            "due_count": len(reports) - missing,
            "missing_count": missing,
        },
    ).fetchone()
    return row is not None


def _name(day: date) -> str:
    return f"{label('names', 'reminder')} {day.isoformat()}.html"


def _write(target: Path, page: str) -> None:
    for leftover in target.parent.glob(f"{_HIDDEN}*.part"):
        leftover.unlink(missing_ok=True)
    write_whole(target, lambda path: _write_text(path, page), hidden_prefix=_HIDDEN)


def _write_text(path: Path, page: str) -> None:
    path.write_bytes(page.encode("utf-8"))


def _remove_older(folder: Path, keep: Path | None) -> None:
    name = re.compile(re.escape(label("names", "reminder")) + r" \d{4}-\d\d-\d\d\.html")
    for path in folder.glob("*.html") if folder.is_dir() else ():
        if path != keep and name.fullmatch(path.name):
            path.unlink(missing_ok=True)


@cache
def _template() -> Template:
    own = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader([own, own.parent / "feedback"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("reminder.html.j2")
