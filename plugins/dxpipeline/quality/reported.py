"""What other feeds have reported before a delivery: the codes that its look-ups find."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import psycopg
from psycopg import sql

from dxpipeline.contracts import Contract, contracts
from dxpipeline.warehouse.sql_files import read_sql


def reported_codes(connection: psycopg.Connection, contract: Contract) -> dict[str, pl.DataFrame]:
    """Return the codes ever reported by the feeds in which a contract looks up, held back rows included.

    Args:
        connection: As a role that may read core, quarantine and ledger.
        contract: The feed that looks up.

    Returns:
        By feed a frame of `code` (text) and `received_seq`, that of the first delivery that named the code.

    Raises:
        psycopg.Error: The database refuses.
    """
    feeds = dict.fromkeys(derived.feed for derived in contract.derived if derived.feed is not None)
    return {feed: _codes(connection, contracts()[feed]) for feed in feeds}


def codes_before(reported: Mapping[str, pl.DataFrame], received_seq: int) -> dict[str, pl.Series]:
    """Return the codes named before a delivery came, by feed, so that a replay looks up the same.

    A feed that had reported nothing by then is left out.
    """
    before = {
        feed: codes.filter(pl.col("received_seq") < received_seq)["code"] for feed, codes in reported.items()
    }
    return {feed: codes for feed, codes in before.items() if not codes.is_empty()}


def _codes(connection: psycopg.Connection, contract: Contract) -> pl.DataFrame:
    statement = sql.SQL(read_sql("ledger/reported_codes")).format(
        core=sql.Identifier("core", contract.feed), key=sql.Identifier(contract.key[0])
    )
    rows = connection.execute(statement, {"feed": contract.feed}).fetchall()
    return pl.DataFrame(rows, schema={"code": pl.String, "received_seq": pl.Int64}, orient="row")
