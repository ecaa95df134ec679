"""The server ends a statement in the middle of a COPY: nothing of the row that it quotes leaves it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

import pytest

from dxpipeline import cli
from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.pipeline import drain
from dxpipeline.warehouse.connection import WarehouseUnavailable, connect

from .records import FEED, core_rows, written
from .watch import Watch

ENDS = {
    "QueryCanceled (57014)": "perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(9);",
    "AdminShutdown (57P01)": "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(9);",
    "DiskFull (53100)": "raise exception 'no room for %', new using errcode = 'disk_full';",
}
"""What happens to the server at a row, by the error that a client gets."""

SET_TRAP = """
create schema trap;
create function trap.spring() returns trigger language plpgsql as $$ begin {end} return new; end $$;
create function trap.lay() returns event_trigger language plpgsql security definer as $$
declare
    made record;
begin
    for made in
        select object_identity from pg_event_trigger_ddl_commands()
        where object_identity ~ '^staging[.]attempt_[0-9]+$'
    loop
        execute format(
            'create or replace trigger trap before insert on %s for each row when (new.record_id = %L) '
            'execute function trap.spring()', made.object_identity, '{record_id}'
        );
    end loop;
end $$;
create event trigger trap on ddl_command_end when tag in ('CREATE TABLE') execute function trap.lay();
grant usage on schema trap to public;
"""
REMOVE_TRAP = "drop event trigger if exists trap; drop schema if exists trap cascade"


@pytest.fixture
def set_trap(watch: Watch) -> Iterator[Callable[[str, str], None]]:
    """Return a function that lets the server end what brings a record into a staging table."""
    with connect(watch.pipeline.settings, "owner", autocommit=True) as owner:
        yield lambda end, record_id: owner.execute(  # type: ignore[func-returns-value]
            SET_TRAP.format(end=end, record_id=record_id).encode()
        )
        owner.execute(REMOVE_TRAP)


@pytest.mark.parametrize("error", list(ENDS))
def test_what_a_server_quotes_when_it_breaks_off_a_copy_is_said_nowhere(
    watch: Watch, set_trap: Callable[[str, str], None], error: str
) -> None:
    rows = [watch.canary.member(place, weight_kg="61.73") for place in range(1, 9)]
    quoted = {rows[3]["record_id"], rows[3]["citizen_id"], rows[3]["full_name"], "61.73", "CONTEXT"}
    set_trap(ENDS[error], rows[3]["record_id"])
    watch.drop(written(rows), "trạm 2021-Q3.csv")
    settings = watch.pipeline.settings
    claim_ready_files(settings, watch.pipeline.connection)

    with pytest.raises(WarehouseUnavailable) as broken_off:
        drain(settings, FEED, FEED)
    said = "".join(traceback.format_exception(broken_off.value))
    assert cli.main(["--verbose", "import", "--once"]) == cli.USAGE
    said += "".join(watch.capfd.readouterr()) + watch.caplog.text
    assert f"The warehouse broke off the work, {error} at loading/staging.py:" in said
    assert [word for word in quoted if word in said] == []
    assert core_rows(watch.pipeline) == []
    assert watch.pipeline.rows("select * from ledger.attempt where error is not null") == []

    with connect(settings, "owner", autocommit=True) as owner:
        owner.execute(REMOVE_TRAP)
    watch.run()
    (delivery,) = watch.pipeline.deliveries()
    assert (delivery["verdict"], delivery["rows_accepted"]) == ("accepted", 8)
    assert watch.leaks() == set()
