"""The pipeline's own way of a file, with a clock beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from psycopg.rows import dict_row

from bench.clock import Clock, Reading
from bench.installation import FEED, settings_of
from bench.one_measure import Found, Measurement, Task
from dxpipeline import pipeline
from dxpipeline.contracts import contracts
from dxpipeline.preparation import SMALL_BYTES, CheckedFile, check_file
from dxpipeline.quality import sample_check
from dxpipeline.quality.cross_check import cross_check
from dxpipeline.quality.sample_check import SampleCheck
from dxpipeline.quality.suite import load_suite
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

FOLDER = Path("so-y-te") / FEED
_LATEST = "select * from ledger.delivery order by received_seq desc limit 1"


def prepare(task: Task) -> Measurement:
    """Warm up, drop the file, and return what claims and drains it."""
    settings, source = settings_of(Path(task.home)), Path(task.source)
    ready = ExitStack()
    if source.stat().st_size > SMALL_BYTES:
        _read_once(FEED, Path(task.warm_up))
        check = ready.enter_context(SampleCheck())
        check.wait_until_ready()
        ready.enter_context(patch.object(sample_check, "SampleCheck", lambda: check))
    else:
        warm_up(FEED, Path(task.warm_up))
    drop(settings, source, FOLDER)

    def measurement(start: Callable[[], Clock]) -> Found:
        from_claim = start()
        [work] = pipeline.sweep(settings)
        from_drain = start()
        readings: list[tuple[Reading, Reading]] = []
        with ready, before_each_answer(lambda: readings.append((from_drain.read(), from_claim.read()))):
            pipeline.drain(settings, work.feed, work.reporting_unit, large=work.large)
        whole = from_claim.read()
        delivery = latest_delivery(settings)
        counts = {
            name.removeprefix("rows_"): count
            for name, count in delivery.items()
            if name.startswith("rows_") and count is not None
        }
        since_drain, since_claim = readings[0]
        # All the work on bytes that are known is the claim's, which hashes them.
        reading = since_claim if delivery["verdict"] == "duplicate" else since_drain
        return Found(reading, whole, counts, delivery["verdict"])

    return measurement


def warm_up(feed: str, file: Path) -> None:
    """Do once what a process does once that takes small files: import Great Expectations, read code lists."""
    contract = contracts()[feed]
    checked = _read_once(feed, file)
    blocks = [(1, block) for block in checked.blocks]
    cross_check(contract, load_suite(contract), blocks, {1: checked.findings})


def _read_once(feed: str, file: Path) -> CheckedFile:
    """Do once what a process does once that leaves Great Expectations to another."""
    contract = contracts()[feed]
    return check_file(file, file.name, contract, load_suite(contract), datetime.now(UTC))


def drop(settings: Settings, source: Path, folder: Path) -> None:
    """Copy a file into a folder of the import folder, under a temporary name first, then renamed."""
    target = settings.import_folder / folder / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, draft)
    draft.rename(target)


def latest_delivery(settings: Settings) -> dict[str, Any]:
    """Return the ledger's row of the delivery that came last."""
    with connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_LATEST).fetchone()
    if row is None:
        raise RuntimeError("The ledger has no delivery; drop a file and sweep first.")
    return row


@contextmanager
def before_each_answer(call: Callable[[], None]) -> Iterator[None]:
    """Call something whenever a verdict is committed and its answer begins."""
    finish = pipeline.finish

    def finish_and_tell(*arguments: Any) -> None:
        call()
        finish(*arguments)

    with patch.object(pipeline, "finish", finish_and_tell):
        yield
