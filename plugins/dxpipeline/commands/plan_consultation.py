"""`dxpipeline plan consultation`: the comments on a draft, put together for the department that drafts it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dxpipeline.console import print_json, table
from dxpipeline.settings import ConfigurationError, get_settings


def add(actions: Any) -> None:
    """Add the command to those of `dxpipeline plan`."""
    command = actions.add_parser("consultation", help="the comments on a draft by target and by department")
    command.add_argument(
        "--document", metavar="CODE", help="the document; that with the latest deadline by default"
    )
    command.add_argument("--output", type=Path, metavar="FILE.xlsx", help="write the workbook of comments")
    command.add_argument("--force", action="store_true", help="with --output: replace the file")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compute what loads have marked, then print the comments on a document and write their workbook.

    Returns:
        0; who has not answered is in what is printed.

    Raises:
        ConfigurationError: There is no such document, or the workbook may not be written there.
        RefreshError: Some marts could not be computed.
        OSError: The workbook cannot be written; what was there before stays.
    """
    from dxpipeline.indicators.refresh import refresh
    from dxpipeline.plan.consultation import consultation, department_table, summary, target_table
    from dxpipeline.plan.consultation_workbook import write_workbook
    from dxpipeline.reporting.expected import today
    from dxpipeline.warehouse.session import open_warehouse

    if options.output is not None:
        _check_output(options.output, force=options.force)
    with open_warehouse(get_settings()) as connection:
        refresh(connection)
        found = consultation(connection, options.document)
    if options.output is not None:
        write_workbook(found, options.output, today())
    if options.json:
        print_json(found)
        return 0
    print(f"{found['document']['document_code']}: {found['document']['title_vi']}\n{summary(found)}")
    for header, rows in (target_table(found), department_table(found)):
        print(f"\n{table(header, rows) if rows else '-'}")
    return 0


def _check_output(output: Path, *, force: bool) -> None:
    if output.suffix.lower() != ".xlsx":
        raise ConfigurationError(f"{output} is no .xlsx: give --output a name that ends with it.")
    if not output.parent.is_dir():
        raise ConfigurationError(f"There is no folder {output.parent} for {output.name}: make it.")
    if output.exists() and not (force and output.is_file()):
        # The drafting department writes its answers into it.
        raise ConfigurationError(
            f"{output} is there already and may hold answers: give another name, or --force to replace it."
        )
