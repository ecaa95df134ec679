"""`dxpipeline plan audit`: what the rules find wrong with the plan."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from dxpipeline.console import print_json
from dxpipeline.settings import ConfigurationError, get_settings


def add(actions: Any) -> None:
    """Add the command to those of `dxpipeline plan`."""
    command = actions.add_parser("audit", help="what is wrong with the plan, rule by rule, with evidence")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.add_argument("--report", type=Path, metavar="FILE.html", help="write a report to print")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compute what loads have marked, audit the plan, and print and write what was found.

    Returns:
        1 where a finding is critical, else 0.

    Raises:
        ConfigurationError: The report's name or folder will not do.
        RefreshError: Some marts, or the findings, could not be computed.
        OSError: The report cannot be written; what was there before stays.
    """
    from dxpipeline.indicators.refresh import refresh
    from dxpipeline.plan.audit.report import write_report
    from dxpipeline.plan.audit.store import count_findings, counts_table, read_findings
    from dxpipeline.plan.reader import load_plan
    from dxpipeline.reporting.expected import today
    from dxpipeline.warehouse.session import open_warehouse

    if options.report is not None:
        _check_report(options.report)
    with open_warehouse(get_settings()) as connection:
        refresh(connection)
        findings, counts = read_findings(connection), count_findings(connection)
    if options.report is not None:
        write_report(options.report, load_plan(), findings, counts, today())
    if options.json:
        print_json({"findings": [dataclasses.asdict(finding) for finding in findings], "counts": counts})
    else:
        print(counts_table(counts))
        for finding in findings:
            subject = ", ".join(finding.targets or finding.documents) or finding.subject
            print(f"\n[{finding.rule}] {subject}")
            print(finding.message_vi)
    return 1 if any(finding.severity == "critical" for finding in findings) else 0


def _check_report(report: Path) -> None:
    if report.suffix.lower() not in (".html", ".htm"):
        raise ConfigurationError(f"{report} is no .html: give --report a name that ends with it.")
    if not report.parent.is_dir():
        raise ConfigurationError(f"There is no folder {report.parent} for {report.name}: make it.")
