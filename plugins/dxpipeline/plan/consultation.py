"""Comments of the departments on a draft, put together for who drafts it. Reads schema mart only.

Of the comments of one department on one target only the last counts; who is asked and what is late, the views
mart.consultation_* say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, TypedDict

import psycopg
from psycopg.rows import dict_row

from dxpipeline.messages import as_shown, label
from dxpipeline.settings import ConfigurationError
from dxpipeline.warehouse.sql_files import read_sql

STATES = ("on_time", "late", "not_answered")
"""How a department may stand: by its first comment, or without one."""

_TARGET_COLUMNS = (
    "target",
    "target_value",
    "unit",
    "departments",
    "on_time",
    "late",
    "proposals",
)
_DEPARTMENT_COLUMNS = (
    "department",
    "state",
    "targets",
    "on_time",
    "late",
    "first_received_on",
    "last_received_on",
    "remark",
)


class Consultation(TypedDict):
    """What `--json` prints: the document, and the rows of the three views that are about it."""

    document: dict[str, Any]
    targets: list[dict[str, Any]]
    departments: list[dict[str, Any]]
    comments: list[dict[str, Any]]


class Proposal(NamedTuple):
    """A value that departments propose for a target, in its unit, with the comments that do."""

    value: Decimal
    comments: list[dict[str, Any]]


def consultation(connection: psycopg.Connection, document_code: str | None = None) -> Consultation:
    """Return what was said of a document, all of one moment.

    Args:
        connection: As any role that may read schema mart, outside any transaction.
        document_code: The document; that with the latest deadline where none is given.

    Raises:
        ConfigurationError: There is no such document, or no comments are asked for on it.
        psycopg.Error: The database refuses.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        documents = cursor.execute(read_sql("plan/consultations")).fetchall()
        known = [one["document_code"] for one in documents]
        if not known:
            raise ConfigurationError(
                "No document has a last day for comments: give one in include/plan/documents.yaml."
            )
        code = known[0] if document_code is None else document_code
        if code not in known:
            raise ConfigurationError(
                f"There is no document {code!r} with a last day for comments: give one of {', '.join(known)}."
            )
        targets, departments, comments = (
            cursor.execute(read_sql(f"plan/consultation_{part}"), {"document_code": code}).fetchall()
            for part in ("targets", "departments", "comments")
        )
    return {
        "document": documents[known.index(code)],
        "targets": targets,
        "departments": departments,
        "comments": comments,
    }


def proposals(found: Consultation) -> dict[str, list[Proposal]]:
    """Return by target the values proposed by the comments that count, ascending."""
    proposing = [one for one in found["comments"] if one["is_standing"] and one["proposed_value"] is not None]
    proposing.sort(key=lambda one: (one["target_code"], one["proposed_value"], one["department_code"]))
    return {
        target_code: [
            Proposal(value, list(same))
            for value, same in groupby(of_target, key=lambda one: one["proposed_value"])
        ]
        for target_code, of_target in groupby(proposing, key=lambda one: one["target_code"])
    }


def summary(found: Consultation) -> str:
    """Return in one Vietnamese sentence how many departments answered and how many comments came."""
    states = Counter(one["state"] for one in found["departments"] if one["is_consulted"])
    return label(
        "consultation",
        "summary",
        consulted=states.total(),
        comments=len(found["comments"]),
        **{state: states[state] for state in STATES},
    )


def target_table(found: Consultation) -> tuple[list[str], list[list[object]]]:
    """Return the header and the rows of the table of targets, in Vietnamese, departments by their codes."""
    proposed = proposals(found)
    rows: list[list[object]] = [
        [
            one["target_code"],
            number_shown(one["target_value"]),
            one["unit_vi"],
            one["department_count"],
            one["on_time_count"],
            one["late_count"],
            "; ".join(
                f"{number_shown(value)} ({', '.join(comment['department_code'] for comment in comments)})"
                for value, comments in proposed.get(one["target_code"], [])
            ),
        ]
        for one in found["targets"]
    ]
    return [label("consultation", name) for name in _TARGET_COLUMNS], rows


def department_table(found: Consultation) -> tuple[list[str], list[list[object]]]:
    """Return the header and the rows of the table of departments, in Vietnamese."""
    rows: list[list[object]] = [
        [
            one["department_code"],
            label("consultation_states", one["state"]),
            one["target_count"],
            one["on_time_count"],
            one["late_count"],
            as_shown(one["first_received_on"]),
            as_shown(one["last_received_on"]),
            remark(one),
        ]
        for one in found["departments"]
    ]
    return [label("consultation", name) for name in _DEPARTMENT_COLUMNS], rows


def remark(department: Mapping[str, Any]) -> str | None:
    """Return what is to be known of a department that answered unasked, or whose files were refused."""
    if not department["is_consulted"]:
        return label("consultation", "not_consulted")
    if department["state"] == "not_answered" and department["refused_file_count"]:
        return label("consultation", "refused", count=department["refused_file_count"])
    return None


def number_shown(value: Decimal | None) -> str | None:
    """Return a number as Vietnamese texts have it, without zeros at its end: `8,28`; None stays None."""
    if value is None:
        return None
    return f"{value.normalize():f}".replace(".", ",")
