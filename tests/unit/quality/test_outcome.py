from __future__ import annotations

import polars as pl
import pytest

from dxpipeline.quality.model import ISSUE_SCHEMA, FileFindings
from dxpipeline.quality.outcome import FileRejectedWithIssues, verdict_of
from dxpipeline.reading.model import FileRejected


def issues(*severities: str) -> pl.DataFrame:
    frame = pl.DataFrame({"severity": severities}, schema={"severity": pl.String()})
    return pl.concat([pl.DataFrame(schema=ISSUE_SCHEMA), frame], how="diagonal")


def findings(rejected_by: tuple[str, dict[str, str]] | None = None) -> FileFindings:
    rows = pl.DataFrame(schema={"sheet": pl.String(), "source_row": pl.Int64()})
    return FileFindings(issues(), rows, rows, rejected_by)


@pytest.mark.parametrize(
    ("accepted", "quarantined", "severities", "expected"),
    [
        (5, 0, (), "accepted"),
        (5, 0, ("warning",), "accepted_with_warnings"),
        (5, 1, ("critical", "warning"), "partially_accepted"),
    ],
)
def test_the_verdict_follows_from_the_counts(
    accepted: int, quarantined: int, severities: tuple[str, ...], expected: str
) -> None:
    has_warnings = "warning" in severities
    judged = verdict_of(accepted, quarantined, issues(*severities), findings(), has_warnings=has_warnings)
    assert judged == expected


def test_a_file_without_rows_is_refused() -> None:
    with pytest.raises(FileRejected, match="no-rows"):
        verdict_of(0, 0, issues(), findings(), has_warnings=False)


def test_a_file_whose_every_row_is_bad_is_refused_with_its_issues() -> None:
    with pytest.raises(FileRejectedWithIssues, match="no-row-accepted") as refused:
        verdict_of(0, 5, issues("critical"), findings(), has_warnings=False)
    assert refused.value.details == {"rows": "5"}
    assert refused.value.issues.height == 1


def test_a_broken_rule_of_the_file_refuses_it_whatever_its_rows() -> None:
    with pytest.raises(FileRejectedWithIssues, match="out-of-range"):
        verdict_of(5, 0, issues(), findings(("out-of-range", {"limit": "9"})), has_warnings=True)
