"""What the model `fct_report` needs of a contract, and the reports whose facts a change of others touches."""

from __future__ import annotations

import psycopg
from psycopg import sql

from dxpipeline.contracts import Contract, contracts
from dxpipeline.periods import Period
from dxpipeline.warehouse.sql_files import read_sql

REPORT_MODEL = "fct_report"
"""The model in include/sql/marts that says what arrived of a report."""


def names_of(contract: Contract) -> dict[str, sql.Composable]:
    """Return what stands in the braces of the model: how a feed's units are reported and expected.

    Args:
        contract: The feed; `expected_units` names the statement in include/sql/marts/report.
    """
    if contract.expected_units is None:
        nothing = _part("nothing", {})
        return {"reported": nothing, "expected": nothing}
    columns = [sql.Identifier(name) for name in contract.unit_columns]
    texts = [sql.SQL("{}::text").format(column) for column in columns]
    names = {
        "core": sql.Identifier("core", contract.feed),
        "unit": sql.SQL("array[{}]").format(sql.SQL(", ").join(texts)),
    }
    return {
        "reported": _part("reported", names),
        "expected": _part(f"expected_{contract.expected_units}", names),
    }


def later_reports(
    connection: psycopg.Connection, contract: Contract, period: Period
) -> list[tuple[Contract, Period]]:
    """Return the later reports of a feed whose expected units rest on its reports from a period on.

    Args:
        connection: As a role that may read mart.
        contract: The feed of which a report changed.
        period: The earliest period that changed.
    """
    if contract.expected_units != "previous":
        return []
    parameters = {
        "feed": contract.feed,
        "period": str(period),
        "period_end_on": contract.last_day(period),
    }
    return _reports(connection, "reporting/reports_from", parameters)


def unseen_reports(connection: psycopg.Connection) -> list[tuple[Contract, Period]]:
    """Return the reports of which files came that their facts do not know yet: those that were refused.

    Args:
        connection: As a role that may read the ledger and mart.
    """
    return _reports(connection, "reporting/unseen_reports", {"feeds": list(contracts())})


def _reports(
    connection: psycopg.Connection, name: str, parameters: dict[str, object]
) -> list[tuple[Contract, Period]]:
    rows = connection.execute(read_sql(name), parameters)
    return [(contracts()[feed], Period.parse(period)) for feed, period in rows]


def _part(name: str, names: dict[str, sql.Composable]) -> sql.Composed:
    return sql.SQL(read_sql(f"marts/report/{name}")).format(**names)
