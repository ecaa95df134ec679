"""The receipt: one HTML page that a clerk opens offline, prints on A4 or reads on a phone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from openpyxl.utils import get_column_letter

from dxpipeline.feedback.answer import Answer, Issue, RelatedDelivery, SkippedRows
from dxpipeline.feedback.names import number
from dxpipeline.loading.load import KEPT_ISSUES
from dxpipeline.messages import (
    Language,
    as_shown,
    grouped,
    in_language,
    issue_sentence,
    label,
    sentence,
    skip_reason,
    verdict_label,
)
from dxpipeline.periods import HO_CHI_MINH, Period
from dxpipeline.reference import departments

SHOWN_ISSUES = 500
"""How many issues a receipt shows; it says itself where the others are found."""

_SHOWN_RANGES = 30
_SHOWN_KEYS = 20
_LONGEST_REASON = 2_000
# Reasons that are not the department's to mend.
_OFFICE_REASONS = frozenset(
    {"broken-suite", "broken-contract", "cross-check-disagreement", "processing-failed"}
)
# Reasons whose sentence asks for another folder or for leave, so that "mend and send again" would mislead.
_TOLD_REASONS = frozenset(
    {"unknown-folder", "unknown-feed", "wrong-department", "misplaced-file", "not-a-file", "period-locked"}
)


def render_receipt(answer: Answer, marked: str | None = None) -> str:
    """Return the receipt of a delivery as a self-contained HTML page.

    Args:
        answer: What became of the delivery.
        marked: Name of the marked copy beside the receipt, None where there is none.
    """
    shown = answer.issues[:SHOWN_ISSUES]
    return _template().render(
        answer=answer,
        text=lambda key, **details: label("receipt", key, "vi", **details),
        file_name=as_shown(answer.file_name),
        number=number(answer.delivery_id),
        received_at=local_time(answer.received_at),
        period=Period.parse(answer.period).label_vi() if answer.period else None,
        vi=_summary(answer, marked, "vi"),
        en=_summary(answer, marked, "en"),
        counts=_counts(answer),
        facts=_facts(answer),
        whole_file=[_issue(answer, issue) for issue in shown if issue.source_row is None],
        rows=_rows(answer, [issue for issue in shown if issue.source_row is not None]),
        more=_more(answer, marked, len(shown)),
        skipped=[(skip_reason(why), skipped_numbers(rows)) for why, rows in answer.skipped_rows.items()],
    )


def local_time(moment: datetime) -> str:
    """Return a moment as the departments' clocks show it."""
    return f"{moment.astimezone(HO_CHI_MINH):%H:%M %d/%m/%Y}"


def cell_address(answer: Answer, issue: Issue) -> str | None:
    """Return the address of an issue's cell such as `C18`, None where the issue has no cell."""
    layout = answer.layout_of(issue.sheet)
    if layout is None or issue.column_name is None or issue.source_row is None:
        return None
    position = layout.positions.get(issue.column_name)
    return None if position is None else f"{get_column_letter(position + 1)}{issue.source_row}"


def skipped_numbers(rows: SkippedRows) -> str:
    """Return the numbers of skipped rows in short, and how many more rows there are."""
    return ranges(rows.first, rows.count)


def ranges(rows: Sequence[int], total: int | None = None) -> str:
    """Return row numbers in short: `9, 21–24, 50`; from the 31st run on only how many more rows there are.

    Args:
        rows: The numbers.
        total: How many there are where `rows` are the first of them only.
    """
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    written = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs[:_SHOWN_RANGES]]
    left = (len(rows) if total is None else total) - sum(len(run) for run in runs[:_SHOWN_RANGES])
    return ", ".join(written) + (f", … (+{grouped(left)})" if left else "")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("receipt.html.j2")


def _summary(answer: Answer, marked: str | None, language: Language) -> dict[str, Any]:
    return {
        "verdict": verdict_label(answer.verdict, language),
        "sentence": label(
            "summaries",
            answer.verdict,
            language,
            accepted=grouped(answer.rows_accepted, language),
            quarantined=grouped(answer.rows_quarantined, language),
            warnings=grouped(answer.warnings_total, language),
        ),
        "reason": _reason(answer, language),
        "actions": _actions(answer, marked, language),
        "notes": _notes(answer, language),
        "period": _period(answer, language),
        "kinds": [
            {
                "severity": label("severities", count.severity, language),
                "is_error": count.severity == "critical",
                "column": _column_label(answer, count.column_name),
                "title": label("titles", count.code, language),
                "count": grouped(count.issues, language),
            }
            for count in answer.issue_counts
        ],
        "label": lambda key, **details: label("receipt", key, language, **details),
    }


def _reason(answer: Answer, language: Language) -> str | None:
    if answer.verdict == "duplicate" and answer.repeats is not None:
        return sentence("duplicate", language, **_names(answer.repeats))
    if answer.reason_code is None:
        return None
    if language == "vi" and answer.reason:
        return as_shown(answer.reason, _LONGEST_REASON)
    return as_shown(sentence(answer.reason_code, language, **answer.reason_details), _LONGEST_REASON)


def _actions(answer: Answer, marked: str | None, language: Language) -> list[str]:
    def action(key: str) -> str:
        return label(
            "actions",
            key,
            language,
            folder=f"import/{answer.folder}",
            marked=marked or "",
            problems=label("names", "problems"),
            row=label("names", "row"),
            section=label("receipt", "issues", language),
            delivery=number((answer.repeats or answer).delivery_id),
        )

    is_extract = marked is not None and answer.wants_extract
    extract = "open_extract" if answer.has_errors else "open_extract_of_warnings"
    whole = "open_marked_text" if answer.is_text else "open_marked"
    to_open = [action(extract if is_extract else whole)] if marked else []
    to_mend = to_open or [action("mend_cells")]
    if answer.verdict == "partially_accepted":
        to_keep = [action("keep_name")] if marked and answer.is_upsert else []
        return [*to_mend, action("resend_extract" if is_extract else "resend_rows"), *to_keep]
    if answer.verdict == "accepted_with_warnings":
        return [*to_open, action("check_warnings_of_rows" if answer.is_upsert else "check_warnings")]
    if answer.verdict == "duplicate":
        return [action("answered_before" if answer.rows_quarantined else "nothing")]
    if answer.verdict == "accepted":
        return [
            action("check_lost" if answer.lost_keys else "check_older" if answer.rows_older else "nothing")
        ]
    if answer.reason_code in _OFFICE_REASONS:
        return [action("wait_for_office")]
    if answer.reason_code in _TOLD_REASONS:
        return []
    if any(issue.source_row is not None for issue in answer.issues) and not is_extract:
        return [*to_mend, action("resend_file")]
    return [*(to_open if is_extract else []), action("mend_and_resend")]


def _notes(answer: Answer, language: Language) -> list[str]:
    notes = []
    if answer.mends:
        notes.append(sentence("mends", language, **_names(answer.mends)))
    notes += [sentence("supersedes", language, **_names(other)) for other in answer.supersedes]
    if answer.superseded_by:
        notes.append(sentence("superseded", language, **_names(answer.superseded_by)))
    for code, missing in (("absent-keys", answer.absent_keys), ("lost-keys", answer.lost_keys)):
        if missing:
            keys = ", ".join(missing[:_SHOWN_KEYS])
            left = len(missing) - _SHOWN_KEYS
            if left > 0:
                keys = sentence("and-more", language, keys=keys, count=grouped(left, language))
            notes.append(sentence(code, language, keys=keys))
    if answer.rows_older:
        notes.append(sentence("older-rows", language, count=grouped(answer.rows_older, language)))
    return notes + [as_shown(in_language(note, language)) for note in answer.notes]


def _names(other: RelatedDelivery) -> dict[str, str]:
    return {
        "file_name": other.file_name,
        "delivery": number(other.delivery_id),
        "received_at": local_time(other.received_at),
    }


def _period(answer: Answer, language: Language) -> str:
    if answer.period is None:
        return label("receipt", "period_unknown", language)
    period = Period.parse(answer.period)
    written = period.label_vi() if language == "vi" else str(period)
    if answer.period_source is None:
        return written
    return f"{written} ({label('period_sources', answer.period_source, language)})"


def _counts(answer: Answer) -> list[dict[str, str]]:
    hints = {
        "rows_accepted": _accepted_hint(answer),
        "rows_skipped": label("receipt", "skipped_hint_of_versions" if answer.is_upsert else "skipped_hint"),
    }
    return [
        {
            "name": name,
            "label": label("receipt", name),
            "label_en": label("receipt", name, "en"),
            "count": grouped(getattr(answer, name)),
            "hint": hints.get(name, ""),
        }
        for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")
    ]


def _accepted_hint(answer: Answer) -> str:
    """Return what the accepted rows changed: in an upsert feed record by record."""
    if answer.rows_new is None:
        unchanged = answer.rows_unchanged
        return label("receipt", "rows_unchanged", count=grouped(unchanged)) if unchanged else ""
    names = ("rows_new", "rows_replaced", "rows_unchanged", "rows_older")
    counts = {name: grouped(getattr(answer, name) or 0) for name in names}
    return label("receipt", "rows_of_versions", **counts)


def _facts(answer: Answer) -> list[tuple[str, str]]:
    names = {department.department_code: department.name_vi for department in departments()}
    department = answer.department_code or ""
    facts = [
        ("file_name", as_shown(answer.file_name)),
        ("department", names.get(department, department)),
        ("feed", answer.contract.title if answer.contract else answer.feed or ""),
        ("folder", f"import/{as_shown(answer.folder)}"),
        ("period", _period(answer, "vi")),
        ("size", _size(answer.size_bytes)),
        ("sha256", f"{answer.sha256[:16]}…"),
    ]
    return [(label("receipt", key), value) for key, value in facts if value]


def _size(size: int) -> str:
    for unit, bytes_of_unit in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= bytes_of_unit:
            return f"{size / bytes_of_unit:.1f} {unit}".replace(".", ",")
    return f"{size} byte"


def _column_label(answer: Answer, name: str | None) -> str:
    column = answer.contract.by_name.get(name) if answer.contract and name else None
    return column.label if column else name or ""


def _issue(answer: Answer, issue: Issue) -> dict[str, Any]:
    return {
        "address": cell_address(answer, issue),
        "column": _column_label(answer, issue.column_name),
        "value": None if issue.value is None else as_shown(issue.value),
        "severity": label("severities", issue.severity),
        "is_error": issue.severity == "critical",
        "sentence": issue_sentence(answer.contract, vars(issue)),
    }


def _rows(answer: Answer, issues: Sequence[Issue]) -> list[dict[str, Any]]:
    # The sheet is named where there is a choice.
    several = len({issue.sheet for issue in issues}) > 1
    rows = []
    for (sheet, row), of_row in itertools.groupby(issues, lambda issue: (issue.sheet, issue.source_row)):
        key = "row_of_sheet" if several else "row"
        heading = label("receipt", key, row=row, sheet=sheet)
        rows.append({"heading": heading, "issues": [_issue(answer, issue) for issue in of_row]})
    return rows


def _more(answer: Answer, marked: str | None, shown: int) -> str | None:
    total, kept = answer.issues_total, len(answer.issues)
    if total <= shown:
        return None
    if answer.verdict == "rejected" and total >= KEPT_ISSUES:
        key = "more_of_many"
    elif marked is None:
        key = "more"
    elif answer.wants_extract:
        key = "more_in_extract" if answer.has_errors else "more_in_extract_of_warnings"
    else:
        key = "more_in_marked" if kept >= total else "more_marked_in_part"
    return label(
        "receipt", key, shown=grouped(shown), total=grouped(total), kept=grouped(kept), marked=marked or ""
    )
