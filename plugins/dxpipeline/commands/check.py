"""`dxpipeline check`: read and check a file, write nothing, need no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dxpipeline.console import plain
from dxpipeline.contracts import Contract, contracts
from dxpipeline.messages import issue_sentence, sentence
from dxpipeline.preparation import SMALL_BYTES, CheckedFile, check_file
from dxpipeline.quality.cross_check import cross_check
from dxpipeline.quality.derived import DerivationError
from dxpipeline.quality.issues import issue_frame, shown
from dxpipeline.quality.model import CheckedBlock, FileFindings
from dxpipeline.quality.outcome import FileRejectedWithIssues, verdict_of
from dxpipeline.quality.sample_check import sampled
from dxpipeline.quality.suite import Suite, SuiteError, load_suite
from dxpipeline.reading.model import FileRejected, SkippedRow
from dxpipeline.reporting.locks import RULE
from dxpipeline.settings import ConfigurationError


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
    small = path.stat().st_size <= SMALL_BYTES
    checked: CheckedFile | None = None
    tally = _Tally(with_rows=with_rows)
    try:
        suite = load_suite(contract)
        checked = check_file(path, path.name, contract, suite, datetime.now(UTC), small=small)
        with _cross_checked(contract, suite, checked) as blocks:
            for block in blocks:
                tally.add(block)
            tally.finish(checked.findings)
            warnings = bool((tally.issues["severity"] == "warning").any())
            verdict = verdict_of(
                tally.accepted, tally.quarantined, tally.issues, checked.findings, has_warnings=warnings
            )
    except (SuiteError, DerivationError):
        return _rejected(contract, checked, FileRejected("broken-suite", feed=feed))
    except FileRejected as reason:
        return _rejected(contract, checked, reason)
    sheets = [layout.sheet for layout in checked.document.layouts]
    skipped = sorted(
        [*checked.document.skipped, *tally.superseded], key=lambda item: (sheets.index(item.sheet), item.row)
    )
    return {
        **_frame(contract, checked),
        "verdict": verdict,
        "reason": None,
        "rows_read": tally.accepted + tally.quarantined + len(skipped),
        "rows_accepted": tally.accepted,
        "rows_quarantined": tally.quarantined,
        "rows_skipped": len(skipped),
        "skipped": [{"row": item.row, "why": item.why} for item in skipped],
        "issues": _issues(contract, tally.issues),
        **({"accepted": [_row(contract, row) for row in tally.rows()]} if with_rows else {}),
    }


class _Tally:
    """The counts of a file, with its issues and, where they are asked for, its accepted rows.

    Args:
        with_rows: Whether to keep the accepted rows.
    """

    def __init__(self, *, with_rows: bool) -> None:
        self.accepted = 0
        self.quarantined = 0
        self.superseded: list[SkippedRow] = []
        self.issues = issue_frame([])
        self._with_rows = with_rows
        self._rows: list[pl.DataFrame] = []

    def add(self, block: CheckedBlock) -> None:
        """Count the rows of a block."""
        accepted = block.rows.filter("accepted")
        self._supersede(block.rows.filter("superseded"))
        self.accepted += accepted.height
        refused = block.rows.select((~pl.col("accepted") & ~pl.col("superseded")).sum()).item()
        self.quarantined += refused + block.ragged.height
        self.issues = self.issues.vstack(block.issues)
        if self._with_rows:
            self._rows.append(accepted)

    def finish(self, findings: FileFindings) -> None:
        """Take out the rows that only the whole file refuses or supersedes."""
        late, superseded = findings.late_quarantined, findings.superseded
        self._supersede(superseded)
        self.accepted -= late.height + superseded.height
        self.quarantined += late.height
        issues = pl.concat([_without(self.issues, superseded), findings.issues])
        self.issues = issues.sort("source_row", maintain_order=True, nulls_last=True)
        self._rows = [_without(_without(rows, late), superseded) for rows in self._rows]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the accepted rows in the order of the file."""
        return (row for rows in self._rows for row in rows.iter_rows(named=True))

    def _supersede(self, rows: pl.DataFrame) -> None:
        self.superseded.extend(
            SkippedRow(row, "superseded-in-file", sheet)
            for sheet, row in rows.select("sheet", "source_row").iter_rows()
        )


def _without(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    if others.is_empty():
        return rows
    return rows.join(others, on=["sheet", "source_row"], how="anti", nulls_equal=True, maintain_order="left")


def _cross_checked(
    contract: Contract, suite: Suite, checked: CheckedFile
) -> AbstractContextManager[Iterable[CheckedBlock]]:
    """Give the blocks to a `with`, all of them or a sample cross-checked by Great Expectations."""
    if not isinstance(checked.blocks, list):
        return sampled(contract, suite, 0, checked.blocks)
    batch = [(0, block) for block in checked.blocks]
    disagreement = cross_check(contract, suite, batch, {0: checked.findings})
    if disagreement is not None:
        raise FileRejected("cross-check-disagreement", rule=disagreement.rule)
    return nullcontext(checked.blocks)


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
        "rules_left_out": [*(checked.checker.rules_left_out if checked else []), RULE],
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
            column.name: shown(str(row[column.name]), column)
            if column.personal and row[column.name] is not None
            else plain(row[column.name])
            for column in contract.columns
        },
    }
