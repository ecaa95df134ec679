"""The `dxpipeline` command.

Exit codes: 0 all accepted, 1 something quarantined, 2 rejected or unreadable, 3 usage or configuration,
4 the program itself failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from dxpipeline.commands import plan_audit, plan_consultation, plan_whatif
from dxpipeline.console import number, print_json, table
from dxpipeline.settings import get_settings

ACCEPTED, QUARANTINED, REJECTED, USAGE, FAILED = 0, 1, 2, 3, 4


class _Parser(argparse.ArgumentParser):
    """A parser whose errors end with the exit code for usage."""

    def error(self, message: str) -> Any:
        """Print the usage and the error, and exit."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    handler = logging.StreamHandler(sys.stderr)
    # Libraries set the levels of their own loggers; only what is wrong may be shown.
    handler.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[handler], format="%(message)s")
    try:
        code = int(options.run(options))
        # Here a reader that has gone is noticed, not when the interpreter ends.
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads the output has seen enough; nothing is left to be flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ACCEPTED
    except Exception as caught:
        error = _without_rows(caught)
        sentence = _sentence(error)
        if sentence is None or options.verbose:
            traceback.print_exception(error)
        else:
            print(f"dxpipeline: {sentence}", file=sys.stderr)
        return FAILED if sentence is None else USAGE


def _without_rows(error: Exception) -> Exception:
    """Return what is told of an error; one of the database may quote rows of a file, and is replaced."""
    if type(error).__module__.partition(".")[0] != "psycopg":
        return error
    from dxpipeline.warehouse.connection import broken_off

    return broken_off(error).with_traceback(error.__traceback__)


def _sentence(error: Exception) -> str | None:
    """Return what an expected error says, None for a failure of the program."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] == "dxpipeline":
        return str(error)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="dxpipeline", description="Check and load department files, read the results.")
    parser.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    command = commands.add_parser("check", help="read and check a file; writes nothing, needs no database")
    command.add_argument("file", type=Path)
    command.add_argument("--feed", required=True)
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.add_argument("--rows", action="store_true", help="with --json: list every accepted row")
    command.set_defaults(run=_check)

    command = commands.add_parser("read", help="show how the tables in a file begin, as text")
    command.add_argument("file", type=Path)
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=_read)

    command = commands.add_parser("import", help="take what lies in the import folder, without Airflow")
    command.add_argument("--once", action="store_true", help="stop when the folder is empty")
    command.add_argument("--json", action="store_true", help="print one JSON document; implies --once")
    command.set_defaults(run=_import)

    for name, text, run in (
        ("status", "what arrived, what is current, what waits", _status),
        ("indicators", "each target with its latest value and what it says", _indicators),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--json", action="store_true", help="print one JSON document")
        command.set_defaults(run=run)

    command = commands.add_parser("issues", help="the issues of the rows in quarantine, or of one delivery")
    command.add_argument("--delivery", type=int, help="number of a delivery")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=_issues)

    _add_calendar(commands)
    _add_plan(commands)

    command = commands.add_parser("connection", help="print the warehouse's address for a role")
    command.add_argument("--role", choices=("owner", "writer", "bi"), default="bi")
    command.set_defaults(run=_connection)

    command = commands.add_parser("dictionary", help="what every column of the marts means, as Markdown")
    command.add_argument("--output", type=Path, help="write it into this file")
    command.set_defaults(run=_dictionary)

    command = commands.add_parser("publish", help="write indicators and targets as an open data package")
    command.add_argument("folder", type=Path, help="a new or empty folder, or an earlier publication")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=_publish)

    command = commands.add_parser("migrate", help="bring the warehouse to the state this version needs")
    command.set_defaults(run=_migrate)
    return parser


def _add_calendar(commands: Any) -> None:
    command = commands.add_parser("calendar", help="which reports are due, came, are late or missing")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.add_argument(
        "--on", type=_day, metavar="DATE", help="as on this day, YYYY-MM-DD; today by default"
    )
    command.add_argument("--feed", help="only this feed")
    command.add_argument("--department", help="only what this department owed, or answers for today")
    command.add_argument("--all", action="store_true", help="list what came long ago as well")
    command.set_defaults(run=_calendar)
    actions = command.add_subparsers(metavar="ACTION", parser_class=_Parser)
    for name, text, run in (
        ("lock", "close a period: files for it are refused", _lock),
        ("unlock", "open a period again", _unlock),
        ("allow", "let a department send files for a closed period", _allow),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("scope_feed", metavar="FEED")
        action.add_argument("scope_period", metavar="PERIOD", help="such as 2021-Q1")
        if name == "allow":
            action.add_argument("scope_department", metavar="DEPARTMENT")
            action.add_argument("--until", type=_day, required=True, metavar="DATE", help="the last day")
        if name != "unlock":
            action.add_argument("--reason", help="why; told to who sends a file for a closed period")
        action.set_defaults(run=run)


def _add_plan(commands: Any) -> None:
    command = commands.add_parser("plan", help="what is wrong with the plan, what was said of it")
    actions = command.add_subparsers(required=True, metavar="ACTION", parser_class=_Parser)
    for action in (plan_audit, plan_consultation, plan_whatif):
        action.add(actions)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from error


def _calendar(options: argparse.Namespace) -> int:
    from dxpipeline.commands.calendar import as_table, overview, summary
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        found = overview(
            connection,
            on=options.on,
            feed=options.feed,
            department=options.department,
            everything=options.all,
        )
    if options.json:
        print_json(found)
    else:
        header, rows = as_table(found)
        print(table(header, rows) if rows else "-")
        print(summary(found))
    return QUARANTINED if found["counts"]["missing"] else ACCEPTED


def _lock(options: argparse.Namespace) -> int:
    from dxpipeline.reporting.locks import lock_period
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        lock_period(connection, options.scope_feed, options.scope_period, options.reason)
    _say(f"{options.scope_feed} {options.scope_period} is locked: files for it are refused.")
    return ACCEPTED


def _unlock(options: argparse.Namespace) -> int:
    from dxpipeline.reporting.locks import unlock_period
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        unlock_period(connection, options.scope_feed, options.scope_period)
    _say(f"{options.scope_feed} {options.scope_period} is open again.")
    return ACCEPTED


def _allow(options: argparse.Namespace) -> int:
    from dxpipeline.reporting.locks import allow_department
    from dxpipeline.warehouse.session import open_warehouse

    scope = (options.scope_feed, options.scope_period, options.scope_department)
    with open_warehouse(get_settings()) as connection:
        allow_department(connection, *scope, options.until, options.reason)
    _say(f"{scope[2]} may send files for {scope[0]} {scope[1]} until {options.until}.")
    return ACCEPTED


def _check(options: argparse.Namespace) -> int:
    from dxpipeline.commands.check import check

    result = check(options.file, options.feed, with_rows=options.rows)
    if options.json:
        print_json(result)
    else:
        _print_check(options.file, result)
    return _exit_code([result["verdict"]])


def _read(options: argparse.Namespace) -> int:
    from dxpipeline.commands.read import read
    from dxpipeline.messages import sentence
    from dxpipeline.reading.model import FileRejected

    try:
        document = read(options.file)
    except FileRejected as reason:
        print(f"dxpipeline: {sentence(reason.code, 'vi', **reason.details)}", file=sys.stderr)
        return REJECTED
    if options.json:
        print_json(document)
    else:
        _print_tables(document)
    return ACCEPTED


def _import(options: argparse.Namespace) -> int:
    from dxpipeline.commands.warehouse import import_files
    from dxpipeline.warehouse.session import open_warehouse

    settings = get_settings()
    with open_warehouse(settings) as connection:
        once = options.once or options.json
        deliveries = import_files(settings, connection, once=once, say=_say)
    if options.json:
        print_json({"outbox": str(settings.outbox), "deliveries": deliveries})
    else:
        _print_table(
            deliveries,
            [
                "file_name",
                "feed",
                "period",
                "verdict",
                "rows_read",
                "rows_accepted",
                "rows_quarantined",
                "rows_skipped",
            ],
        )
    return _exit_code([delivery["verdict"] for delivery in deliveries])


def _status(options: argparse.Namespace) -> int:
    from dxpipeline.commands.warehouse import status
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        result = status(connection)
    if options.json:
        print_json(result)
        return ACCEPTED
    for title, rows in result.items():
        print(title)
        _print_table(rows, list(rows[0]) if rows else [])
    return ACCEPTED


def _issues(options: argparse.Namespace) -> int:
    from dxpipeline.commands.warehouse import issues
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        result = issues(connection, options.delivery)
    if options.json:
        print_json(result)
    else:
        _print_table(result, ["delivery_id", "file_name", "sheet", "source_row", "column_name", "message"])
    return QUARANTINED if result else ACCEPTED


def _indicators(options: argparse.Namespace) -> int:
    from dxpipeline.commands.warehouse import indicators
    from dxpipeline.indicators.tables import indicators_table, progress_table
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings()) as connection:
        result = indicators(connection)
    if options.json:
        print_json(result)
    else:
        print(indicators_table(result), progress_table(result), sep="\n\n")
    return ACCEPTED


def _dictionary(options: argparse.Namespace) -> int:
    from dxpipeline.publication.dictionary import page, read_dictionary
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings(), "bi") as connection:
        text = page(read_dictionary(connection))
    if options.output is None:
        print(text, end="")
    else:
        options.output.write_text(text, encoding="utf-8")
    return ACCEPTED


def _publish(options: argparse.Namespace) -> int:
    from dxpipeline.publication.package import publish
    from dxpipeline.warehouse.session import open_warehouse

    with open_warehouse(get_settings(), "bi") as connection:
        files = [vars(file) for file in publish(connection, options.folder)]
    if options.json:
        print_json({"folder": str(options.folder.absolute()), "files": files})
    else:
        _print_table(files, ["path", "rows", "bytes"])
    return ACCEPTED


def _connection(options: argparse.Namespace) -> int:
    from dxpipeline.warehouse.connection import role_url

    print(role_url(get_settings(), options.role))
    return ACCEPTED


def _migrate(options: argparse.Namespace) -> int:
    from dxpipeline.warehouse.migrate import upgrade
    from dxpipeline.warehouse.session import server

    settings = get_settings()
    with server(settings):
        upgrade(settings)
    return ACCEPTED


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _exit_code(verdicts: Sequence[str | None]) -> int:
    if any(verdict in (None, "rejected") for verdict in verdicts):
        return REJECTED
    return QUARANTINED if "partially_accepted" in verdicts else ACCEPTED


def _print_check(path: Path, result: dict[str, Any]) -> None:
    from dxpipeline.messages import verdict_label

    counts = " · ".join(
        f"{name.removeprefix('rows_')} {result[name]}"
        for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")
    )
    print(f"{path.name}: {verdict_label(result['verdict'])} ({result['verdict']}), {result['period'] or '-'}")
    print(counts)
    if result["reason"]:
        print(result["reason"])
    _print_table(result["issues"], ["sheet", "row", "column", "severity", "message"])


def _print_tables(document: dict[str, Any]) -> None:
    for found in document["tables"]:
        print(f"{found['sheet'] or '-'}, header row {found['header_row']}, first {len(found['rows'])} rows:")
        print(table(["row", *found["columns"]], [[row["row"], *row["cells"]] for row in found["rows"]]))


def _print_table(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    print(table(names, [[number(row[name]) for name in names] for row in rows]) if rows else "-")


if __name__ == "__main__":
    sys.exit(main())
