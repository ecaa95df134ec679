"""The measures of health records: their files, the table before each of them, and what must come of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import figures, floors
from bench.generate_health_records import Generated, generate
from bench.installation import FEED, SCHEMA, empty_warehouse, settle_down
from bench.one_measure import WARM_UP, Measured, Task, measure
from bench.stored_rows import write_stored_rows
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

TUTORIAL_ROWS = 100_000
WARM_UP_ROWS = 200
NEWER_DAYS = 92

TableState = Literal["empty", "loaded", "changed"]
"""Nothing, the first file and nothing else, or more than that."""


@dataclass(frozen=True)
class Case:
    """A measure with its file and what must come of it.

    Attributes:
        source: The file.
        rows: Rows of the file; for a floor, of the file whose right rows it stores.
        counts: Rows by what must become of them.
        verdict: The verdict that must come.
        before: What the table of current versions must hold before, None where it does not matter.
        after: What it holds then.
        afterwards: Rows of the table of current versions and of the one of earlier versions, None for those
            that do not go there.
    """

    source: Path
    rows: int
    counts: Mapping[str, int]
    verdict: str = ""
    before: TableState | None = None
    after: TableState = "changed"
    afterwards: tuple[int, int] | None = None


class UnexpectedCount(Exception):
    """A measure did not do what it should have; the message says what it counted."""


class Cases:
    """The files, the warehouse and the state of its table.

    Args:
        settings: An installation of the bench's own.
        rows: Rows of each file.
        peers: Whether the peers need their files.
    """

    def __init__(self, settings: Settings, rows: int, *, peers: bool) -> None:
        """Make the files."""
        self._settings = settings
        self._folder = settings.home.parent / "files"
        self._folder.mkdir()
        # The server's user reads the prepared rows; what is beside them stays closed.
        settings.home.parent.chmod(0o711)
        self._warm_up = generate(self._folder / "warm_up_2021-Q2.csv", WARM_UP_ROWS).path
        self._table: TableState = "empty"
        self.cases = dict(self._make_cases(rows, peers=peers))

    def run(self, name: str) -> Measured:
        """Measure once.

        Raises:
            UnexpectedCount: Other rows were stored, held back or left unchanged than those of the file.
        """
        case = self.cases[name]
        if case.before is not None:
            self._bring_table(case.before)
        self._make_tables(name)
        settle_down(self._settings)
        measured = self._measure(name, case)
        self._drop_tables(name)
        return measured

    def _measure(self, name: str, case: Case) -> Measured:
        home, source, warm_up = map(str, (self._settings.home, case.source, self._warm_up))
        measured = measure(Task(name, home, source, warm_up))
        if case.before is not None:
            self._table = case.after
        counted = {kind: measured.counts.get(kind) for kind in case.counts}
        if counted != case.counts or measured.verdict != case.verdict:
            raise UnexpectedCount(
                f"{name}: verdict {measured.verdict!r} with {counted}; expected {case.verdict!r} with "
                f"{dict(case.counts)}."
            )
        if case.afterwards is not None and self._stored() != case.afterwards:
            raise UnexpectedCount(f"{name}: {self._stored()} rows are stored; expected {case.afterwards}.")
        return measured

    def _make_cases(self, rows: int, *, peers: bool) -> Iterator[tuple[str, Case]]:
        first = generate(self._folder / "ho_so_suc_khoe_2021-Q2.csv", rows)
        newer = generate(self._folder / "ho_so_suc_khoe_2021-Q3.csv", rows, updated_shift=NEWER_DAYS)
        further = generate(self._folder / "ho_so_moi_2021-Q3.csv", rows, start=rows + 1)
        same_rows = self._folder / "ho_so_gui_lai_2021-Q2.csv"
        shutil.copyfile(first.path, same_rows)
        with same_rows.open("ab") as file:
            file.write(b"\n")
        stored = self._folder / "stored_rows.csv"
        write_stored_rows(stored, rows, self._columns())
        for floor in ("copy_then_key", "copy_into_key"):
            yield floor, Case(stored, first.rows, {"accepted": first.accepted})
        right = first.accepted
        once, twice, both = (right, 0), (right, right), (right + further.accepted, 0)
        yield "first_load", _case(first, {"new": right}, once, before="empty", after="loaded")
        yield (
            "same_bytes",
            _case(first, {"unchanged": right}, once, after="loaded", verdict="duplicate"),
        )
        yield "same_rows", _case(first, {"unchanged": right}, once, after="loaded", source=same_rows)
        yield "new_versions", _case(newer, {"replaced": right, "unchanged": 0}, twice)
        yield "upsert", _case(further, {"new": further.accepted, "unchanged": 0}, both)
        if peers:
            few = first
            if rows > TUTORIAL_ROWS:
                few = generate(self._folder / "tutorial.csv", TUTORIAL_ROWS)
            for peer in figures.PEERS:
                made = few if peer == "tutorial" else first
                yield peer, Case(made.path, made.rows, {"accepted": made.accepted})

    def _bring_table(self, wanted: TableState) -> None:
        """See that the table is empty, or holds the first file and nothing else."""
        if self._table == wanted:
            return
        empty_warehouse(self._settings)
        for folder in (self._settings.exchange, self._settings.archive):
            shutil.rmtree(folder, ignore_errors=True)
        self._table = "empty"
        if wanted == "loaded":
            self._measure("first_load", self.cases["first_load"])

    def _columns(self) -> list[str]:
        with connect(self._settings, "owner") as owner:
            described = owner.execute(f"select * from core.{FEED} limit 0".encode()).description  # noqa: S608
        return [column.name for column in described or ()]

    def _stored(self) -> tuple[int, int]:
        with connect(self._settings, "owner") as owner:
            row = owner.execute(
                f"select (select count(*) from core.{FEED}), "  # noqa: S608
                f"(select count(*) from core.{FEED}_history)".encode()
            ).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def _make_tables(self, name: str) -> None:
        self._drop_tables(name)
        if name in figures.PEERS:
            with connect(self._settings, "owner", autocommit=True) as owner:
                for made in (name, WARM_UP):
                    owner.execute(
                        f"create table {SCHEMA}.{made} "
                        f"(like core.{FEED} including defaults including indexes)".encode()
                    )

    def _drop_tables(self, name: str) -> None:
        with connect(self._settings, "owner", autocommit=True) as owner:
            floors.drop_table(owner)
            for made in (name, f"{name}_quarantine", WARM_UP, f"{WARM_UP}_quarantine"):
                owner.execute(f"drop table if exists {SCHEMA}.{made}".encode())


def _case(
    made: Generated,
    further_counts: Mapping[str, int],
    afterwards: tuple[int, int],
    *,
    source: Path | None = None,
    verdict: str = "partially_accepted",
    before: TableState = "loaded",
    after: TableState = "changed",
) -> Case:
    """Return a measure of the pipeline; its bad rows are quarantined and none is skipped."""
    if verdict != "duplicate" and not made.bad:
        verdict = "accepted"
    counts = {"read": made.rows, "accepted": made.accepted, "quarantined": made.bad, "skipped": 0}
    return Case(
        source or made.path,
        made.rows,
        {**counts, **further_counts},
        verdict,
        before,
        after,
        afterwards,
    )
