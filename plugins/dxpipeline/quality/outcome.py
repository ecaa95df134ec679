"""From checked rows to the outcome of a file: the same for a load and for a check without a database."""

from __future__ import annotations

import polars as pl

from dxpipeline.quality.model import FileFindings, Verdict
from dxpipeline.reading.model import FileRejected


class FileRejectedWithIssues(FileRejected):
    """The file is refused for what its rows show; the issues go to the receipt.

    Args:
        code: The reason.
        issues: A frame of `ISSUE_SCHEMA`.
        details: What the reason's sentence needs.
    """

    def __init__(self, code: str, issues: pl.DataFrame, details: dict[str, str]) -> None:
        super().__init__(code, **details)
        self.issues = issues


def verdict_of(
    accepted: int, quarantined: int, issues: pl.DataFrame, findings: FileFindings, *, has_warnings: bool
) -> Verdict:
    """Return the verdict on a file that was read to its end.

    Args:
        accepted: Its accepted rows, without those that only the whole file refuses.
        quarantined: Its refused rows.
        issues: Its issues, for the answer to a file that is refused; of a large one the first.
        findings: What only the whole file shows.
        has_warnings: Whether any of all its issues is a warning.

    Raises:
        FileRejected: Nothing of it is to be loaded: `no-rows`.
        FileRejectedWithIssues: The same, for a file rule or because no row is accepted.
    """
    if findings.rejected_by is not None:
        code, details = findings.rejected_by
        raise FileRejectedWithIssues(code, issues, details)
    if accepted + quarantined == 0:
        raise FileRejected("no-rows")
    if accepted == 0:
        raise FileRejectedWithIssues("no-row-accepted", issues, {"rows": str(quarantined)})
    if quarantined:
        return "partially_accepted"
    return "accepted_with_warnings" if has_warnings else "accepted"
