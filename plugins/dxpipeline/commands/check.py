"""`dxpipeline check`: read and check a file, write nothing, need no database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from dxpipeline.contracts import Contract, contracts
from dxpipeline.messages import issue_sentence, sentence
from dxpipeline.preparation import CheckedFile, check_file
from dxpipeline.quality.cross_check import cross_check
from dxpipeline.quality.derived import DerivationError
from dxpipeline.quality.issues import joined
from dxpipeline.quality.outcome import FileRejectedWithIssues, verdict_of
from dxpipeline.quality.suite import SuiteError, load_suite
from dxpipeline.reading.model import FileRejected
from dxpipeline.settings import ConfigurationError

MASK = "***"


def check(path: Path, feed: str, *, with_rows: bool) -> dict[str, Any]:
    """Check a file as the pipeline would, without history.

    Args:
        path: The file.
        feed: The feed whose contract and suite decide.
        with_rows: Whether to list every accepted row.

    Returns:
        The document that `--json` prints.

    Raises:
        ConfigurationError: There is no such feed or file.
    """
    contract = contracts().get(feed)
    if contract is None:
        raise ConfigurationError(f"There is no feed {feed!r}: give one of {', '.join(contracts())}.")
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}: give the path of a CSV or Excel file.")
    checked: CheckedFile | None = None
    try:
        suite = load_suite(contract)
        checked = check_file(path, path.name, contract, suite, datetime.now(UTC))
        blocks = list(checked.blocks)
        findings = checked.findings
        disagreement = cross_check(contract, suite, [(0, block) for block in blocks], {0: findings})
        if disagreement is not None:
            raise FileRejected("cross-check-disagreement", rule=disagreement.rule)
        issues = joined([*(block.issues for block in blocks), findings.issues])
        if not blocks:
            raise FileRejected("no-rows")
        rows = pl.concat([block.rows for block in blocks])
        late = findings.late_quarantined.with_columns(pl.lit(True).alias("late"))
        rows = rows.join(
            late, on=["sheet", "source_row"], how="left", nulls_equal=True, maintain_order="left"
        )
        accepted = rows.filter(pl.col("accepted") & pl.col("late").is_null())
        quarantined = rows.height - accepted.height
        verdict = verdict_of(accepted.height, quarantined, issues, findings)
    except (SuiteError, DerivationError):
        return _rejected(contract, checked, FileRejected("broken-suite", feed=feed))
    except FileRejected as reason:
        return _rejected(contract, checked, reason)
    skipped = checked.document.skipped
    return {
        **_frame(contract, checked),
        "verdict": verdict,
        "reason": None,
        "rows_read": rows.height + len(skipped),
        "rows_accepted": accepted.height,
        "rows_quarantined": quarantined,
        "rows_skipped": len(skipped),
        "skipped": [{"row": item.row, "why": item.why} for item in skipped],
        "issues": _issues(contract, issues),
        **(
            {"accepted": [_row(contract, row) for row in accepted.iter_rows(named=True)]} if with_rows else {}
        ),
    }


def _rejected(contract: Contract, checked: CheckedFile | None, reason: FileRejected) -> dict[str, Any]:
    issues = reason.issues if isinstance(reason, FileRejectedWithIssues) else None
    return {
        **_frame(contract, checked),
        "period": str(checked.found.period) if checked else reason.period,
        "verdict": "rejected",
        "reason": sentence(reason.code, "vi", **reason.details),
        "rows_read": 0,
        "rows_accepted": 0,
        "rows_quarantined": 0,
        "rows_skipped": 0,
        "skipped": [],
        "issues": [] if issues is None else _issues(contract, issues),
    }


def _frame(contract: Contract, checked: CheckedFile | None) -> dict[str, Any]:
    layout = checked.document.layouts[0] if checked else None
    return {
        "feed": contract.feed,
        "period": str(checked.found.period) if checked else None,
        "encoding": checked.document.encoding if checked else None,
        "delimiter": checked.document.delimiter if checked else None,
        "header_row": layout.header_row if layout else None,
        "sheet": layout.sheet if layout else None,
        "notes": checked.notes if checked else [],
        "rules_left_out": [],
    }


def _issues(contract: Contract, issues: pl.DataFrame) -> list[dict[str, Any]]:
    ordered = issues.sort("sheet", "source_row", nulls_last=False, maintain_order=True)
    return [
        {
            "sheet": issue["sheet"],
            "row": issue["source_row"],
            "column": issue["column_name"],
            "code": issue["code"],
            "severity": issue["severity"],
            "value": issue["value"],
            "message": issue_sentence(contract, issue),
        }
        for issue in ordered.iter_rows(named=True)
    ]


def _row(contract: Contract, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "sheet": row["sheet"],
        "row": row["source_row"],
        "values": {
            column.name: MASK if column.personal and row[column.name] is not None else plain(row[column.name])
            for column in contract.columns
        },
    }


def plain(value: Any) -> Any:
    """Return a value as JSON has it: dates as ISO text, decimals as numbers."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
