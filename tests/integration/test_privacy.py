"""Where persons may be found after the whole way of a file, and where not. All of them are invented."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline import pipeline as pipeline_module
from dxpipeline import preparation
from dxpipeline.feedback import answer, outbox
from dxpipeline.feedback.archive import open_archived
from dxpipeline.indicators.refresh import refresh
from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.loading import staging
from dxpipeline.loading.load import Load
from dxpipeline.pipeline import Unanswered
from dxpipeline.preparation import ProcessingFailed
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality import issues
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.cross_check import Disagreement
from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer

from .canaries import Canary, workbook
from .records import FEED, FOLDER, LABELS, PERSONAL, SECOND_QUARTER, THIRD_QUARTER, Row, written
from .streaming import stream_from

UNREADABLE, UNSTORABLE, DISPUTED = "HSREAD-0001", "HSLOAD-0001", "HSDISPUTE-1"
REFUSED_BY_DATABASE = "47.3"
"""Weight of the row that the database refuses."""


@dataclass
class Watch:
    """A family of canaries, and everything in which its values must not be found.

    Attributes:
        said: What the pipeline raised, as a task runner would print it.
    """

    pipeline: Any
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]
    temporary: Path
    canary: Canary = field(default_factory=Canary)
    said: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Let the pipeline run until every delivery has its answer, whatever fails meanwhile."""
        for _ in range(12):
            try:
                self.pipeline.run()
            except (ProcessingFailed, Unanswered) as error:
                self.said += traceback.format_exception(error)
                continue
            if all(row["answered_at"] for row in self.pipeline.deliveries()):
                return
        raise AssertionError("Some deliveries are never answered.")

    def drop(self, content: bytes, name: str, folder: str = FOLDER) -> None:
        assert self.canary.is_in(content), name
        self.pipeline.drop(content, folder, name)

    def leaks(self) -> set[str]:
        """Return the places where a value was found that must not be there."""
        settings = self.pipeline.settings
        server = EmbeddedServer(settings.home)
        with connect(settings, "owner", autocommit=True) as owner:
            owner.execute("analyze")
            found = self.canary.tables(owner)
            owner.execute("checkpoint")
        captured = self.capfd.readouterr()
        formatter = logging.Formatter("%(name)s %(message)s")
        texts = {
            "standard output": captured.out,
            "standard error": captured.err,
            "log": "\n".join(formatter.format(record) for record in self.caplog.records),
            "failures": "\n".join(self.said),
        }
        found |= {place for place, text in texts.items() if self.canary.is_in(text.encode())}
        folders = (settings.exchange, settings.archive, settings.home, self.temporary, server.log_file)
        files = self.canary.files(*folders) - set(self.own_copies())
        found |= {str(path.relative_to(path.anchor)) for path in files}
        if self.canary.files(server.data, compiled=True):
            found.add("files of the server")
        return found

    def own_copies(self) -> list[Path]:
        """Return the marked copies in the outbox of the department whose files they are."""
        folder = self.pipeline.settings.outbox / "so-y-te"
        return [path for path in folder.glob("* - cần sửa - *") if path.suffix != ".html"]


@pytest.fixture
def watch(
    pipeline: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Watch:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    return Watch(pipeline, caplog, capfd, temporary)


def family(canary: Canary) -> list[Row]:
    """Return rows that are accepted, superseded, and refused for each of the personal columns and others."""
    numbers = itertools.count(1)

    def member(**changes: str) -> Row:
        return canary.member(next(numbers), **changes)

    right = member()
    older = {**right, "updated_on": "01/08/2021"}
    decomposed = member()
    decomposed["full_name"] = unicodedata.normalize("NFD", decomposed["full_name"])
    return [
        right,
        older,
        decomposed,
        {**member(), "citizen_id": right["citizen_id"]},
        member(citizen_id=f"{right['citizen_id']}9"),
        member(citizen_id=f"{right['citizen_id'][:11]}X"),
        member(citizen_id=f"099{right['citizen_id'][3:]}"),
        member(insurance_number=f"{right['insurance_number']}X"),
        member(birth_date=canary.impossible),
        member(birth_date=canary.born.strftime("%d/%m/1804")),
        member(full_name=""),
        member(full_name=f"=Kanari{canary.number}()"),
        member(sex="nữ"),
        member(sex="nm", height_cm="400"),
        member(commune_code="19999", weight_kg="nặng"),
        member(record_id="", icd10_code="ZZ9.9"),
        member(updated_on="10/08/2047", diastolic_mmhg="190"),
        member(last_visit_on="10/08/2046"),
    ]


def lines(canary: Canary, *, quoted: bool) -> bytes:
    """Write the family as text, with lines too long and too short and a quote that never closes."""
    content = written(family(canary), quoted=quoted)
    whole = ",".join(canary.member(40).values())
    open_quote = ",".join(canary.member(41).values()).replace("Kanari", '"Kanari')
    more = [whole + ",thừa", whole.rpartition(",")[0].rpartition(",")[0], open_quote, whole]
    return content + "".join(line + "\n" for line in more).encode()


def without(content: bytes, label: str) -> bytes:
    """Return a text file without one of its columns."""
    at = LABELS.index(label)
    rows = [line.split(",") for line in content.decode().splitlines()]
    return "".join(",".join([*row[:at], *row[at + 1 :]]) + "\n" for row in rows).encode()


def drop_everything(watch: Watch) -> dict[str, str]:
    """Drop files that end in every way there is; returns the verdict or reason expected of each."""
    canary = watch.canary
    rows = family(canary)
    plain = written([canary.member(1), canary.member(2)])
    bad = written([canary.member(place, height_cm="400") for place in range(1, 4)])
    files: list[tuple[str, bytes, str, str]] = [
        ("văn bản 2021-Q3.csv", lines(canary, quoted=False), FOLDER, "partially_accepted"),
        ("ngoặc kép 2021-Q3.csv", lines(canary, quoted=True), FOLDER, "partially_accepted"),
        ("bảng tính.xlsx", workbook(rows), FOLDER, "partially_accepted"),
        ("bảng tính số.xlsx", workbook(rows, as_numbers=True), FOLDER, "no-row-accepted"),
        ("utf16 2021-Q3.csv", lines(canary, quoted=False).decode().encode("utf-16"), FOLDER,
         "partially_accepted"),
        ("có đầu đề 2021-Q3.csv", f"Người lập: Kanari{canary.number}\n".encode() + plain, FOLDER, "accepted"),
        ("thiếu cột 2021-Q3.csv", without(plain, "Giới tính"), FOLDER, "missing-column"),
        ("thiếu tiêu đề 2021-Q3.csv", plain.partition(b"\n")[2], FOLDER, "no-table"),
        ("không kỳ.csv", plain + b"\n", FOLDER, "no-period"),
        ("hai kỳ 2021-Q3 2021-Q2.csv", plain + b"\n\n", FOLDER, "contradicting-periods"),
        ("xấu cả 2021-Q3.csv", bad, FOLDER, "no-row-accepted"),
        ("xấu cả.xlsx", workbook([canary.member(1, citizen_id="1")]), FOLDER, "no-row-accepted"),
        ("đứt 2021-Q3.csv", plain[:-60], FOLDER, "incomplete-file"),
        ("hỏng.xlsx", b"PK\x03\x04" + plain, FOLDER, "unreadable-file"),
        ("nhầm chỗ 2021-Q3.csv", plain + b"\n\n\n", "so-y-te/smart_hospitals", "no-table"),
        ("nhầm tên 2021-Q3.csv", plain, "so-y-te/khong_co", "unknown-feed"),
        ("nhầm sở 2021-Q3.csv", plain, "so-tt-tt/health_records", "wrong-department"),
        ("nhầm thư mục 2021-Q3.csv", plain, "so-y-te", "misplaced-file"),
        ("lỗi đọc 2021-Q3.csv", written([canary.member(1, record_id=UNREADABLE)]), FOLDER,
         "processing-failed"),
        ("lỗi nạp 2021-Q3.csv", written([canary.member(1, record_id=UNSTORABLE)]), FOLDER,
         "processing-failed"),
        ("lỗi csdl 2021-Q3.csv", written([canary.member(60, weight_kg=REFUSED_BY_DATABASE)]), FOLDER,
         "processing-failed"),
        ("không đánh dấu 2021-Q3.csv", lines(canary, quoted=False) + b"\n", FOLDER, "partially_accepted"),
        ("trái ý 2021-Q3.csv", written([canary.member(1, record_id=DISPUTED)]), FOLDER,
         "cross-check-disagreement"),
    ]  # fmt: skip
    for name, content, folder, _ in files:
        watch.drop(content, name, folder)
    return {name: outcome for name, _, _, outcome in files}


@pytest.fixture
def failures(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the program fail at some rows, with the row in the message, and Great Expectations disagree."""
    check, stored_form, mark = Checker.check, staging.stored_form, outbox.write_marked_file
    cross_checked = preparation.cross_check

    def fail_while_reading(self: Checker, block: Any) -> Any:
        if UNREADABLE in block.texts["record_id"]:
            raise ValueError(f"no way to read {block.texts.to_dicts()}")
        return check(self, block)

    def fail_while_loading(rows: pl.DataFrame, *rest: Any) -> pl.DataFrame:
        if UNSTORABLE in rows["record_id"]:
            raise RuntimeError(f"no way to store {rows.to_dicts()}")
        return stored_form(rows, *rest)

    def fail_while_marking(source: Path, found: Any, target: Path) -> None:
        if "không đánh dấu" in source.name:
            raise KeyError(source.read_text(encoding="utf-8"))
        mark(source, found, target)

    def disagree(contract: Any, suite: Any, batch: Any, *rest: Any, **more: Any) -> Any:
        disputed = [delivery for delivery, block in batch if DISPUTED in block.rows["record_id"]]
        if disputed:
            return Disagreement("a rule", only_compiled=((disputed[0], None, 2),))
        return cross_checked(contract, suite, batch, *rest, **more)

    monkeypatch.setattr(Checker, "check", fail_while_reading)
    monkeypatch.setattr(staging, "stored_form", fail_while_loading)
    monkeypatch.setattr(outbox, "write_marked_file", fail_while_marking)
    monkeypatch.setattr(preparation, "cross_check", disagree)
    # The first load makes the table anew; a later one meets its rules.
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    rule = f"alter table core.health_records add constraint broken check (weight_kg <> {REFUSED_BY_DATABASE})"
    with connect(pipeline.settings, "owner", autocommit=True) as owner:
        owner.execute(f"{rule} not valid".encode())
        yield
        owner.execute("alter table core.health_records drop constraint broken")


@pytest.mark.usefixtures("failures")
def test_persons_are_found_only_in_the_marked_copies_of_their_own_department(watch: Watch) -> None:
    wanted = drop_everything(watch)
    watch.run()
    deliveries = watch.pipeline.deliveries()[1:]
    found = {row["file_name"]: row["reason_code"] or row["verdict"] for row in deliveries}
    assert found == wanted
    refresh(watch.pipeline.connection)
    assert watch.leaks() == set()

    settings = watch.pipeline.settings
    assert [path for path in settings.work_folder.rglob("*") if path.is_file()] == []
    assert [path for path in settings.import_folder.rglob("*") if path.is_file()] == []
    assert list(watch.temporary.iterdir()) == []
    copies = watch.own_copies()
    assert len(copies) == 7
    assert watch.canary.files(*copies) == set(copies)
    assert {path.stat().st_mode & 0o007 for path in copies} == {0}
    archived = [path for path in settings.archive.rglob("*") if path.is_file()]
    assert {path.name for path in archived} == {f"{row['sha256']}.age" for row in watch.pipeline.deliveries()}
    # What was hidden is there to be opened by whoever has the key.
    for row in deliveries:
        with open_archived(settings, row["sha256"]) as file:
            content = file.read()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]


def test_a_large_file_leaves_nothing_while_it_is_streamed_nor_after(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_from(monkeypatch, block_bytes=4_000)
    monkeypatch.setattr(answer, "WHOLE_COPY_BYTES", 1)
    settings = watch.pipeline.settings
    add, seen = Load.add, []

    def look_around(self: Load, block: Any) -> None:
        add(self, block)
        folders = (settings.outbox, settings.archive, settings.home, watch.temporary)
        seen.append(watch.canary.files(*folders) | set(watch.temporary.iterdir()))

    monkeypatch.setattr(Load, "add", look_around)
    rows = [watch.canary.member(10 + at % 80, record_id=f"HS00-{at:09d}") for at in range(400)]
    watch.drop(lines(watch.canary, quoted=False) + written(rows).partition(b"\n")[2], "lớn 2021-Q3.csv")
    watch.run()
    (delivery,) = watch.pipeline.deliveries()
    assert delivery["verdict"] == "partially_accepted"
    assert len(seen) > 10
    assert set().union(*seen) == set()
    assert watch.leaks() == set()
    assert len(watch.own_copies()) == 1


def test_an_interrupted_worker_leaves_nothing_behind(watch: Watch) -> None:
    rows = written([watch.canary.member(place) for place in range(10, 99)])
    watch.drop(rows, "bị ngắt 2021-Q3.csv")
    claim_ready_files(watch.pipeline.settings, watch.pipeline.connection)
    code = (
        "import os; from dxpipeline.loading.load import Load; from dxpipeline.pipeline import drain\n"
        "from dxpipeline.settings import get_settings\n"
        "add = Load.add\n"
        "Load.add = lambda self, block: (add(self, block), os._exit(9))\n"
        f"drain(get_settings(), {FEED!r}, {FEED!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
    assert done.returncode == 9
    assert not watch.canary.is_in(done.stdout + done.stderr)
    watch.run()
    assert watch.leaks() == set()
    assert list(watch.temporary.iterdir()) == []


def test_a_person_has_one_hash_and_no_name(pipeline: Any) -> None:
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()
    (columns,) = pipeline.rows("select to_jsonb(r) as one from core.health_records as r limit 1")
    assert not set(PERSONAL) & set(columns["one"])
    (sizes,) = pipeline.rows(
        "select count(*) as records, count(distinct citizen_id_hash) as persons, "
        "count(*) filter (where length(citizen_id_hash) = 16) as whole from core.health_records"
    )
    assert sizes == {"records": 1970, "persons": 1970, "whole": 1970}


TASKS = """
import json, logging, runpy, sys
dags = runpy.run_path(sys.argv[1])
logging.getLogger().addHandler(logging.StreamHandler())
logging.getLogger().setLevel(logging.DEBUG)
dag = dags["import_health_records"]
returned = {}
for name, arguments in (("waiting_batches", {}), ("process", {"batch": 0}), ("process_large_files", {})):
    returned[name] = dag.task_dict[name].python_callable(**arguments)
print(json.dumps(returned))
"""


def test_a_task_returns_numbers_of_deliveries_only_and_says_no_more_in_its_log(
    watch: Watch, tmp_path: Path
) -> None:
    watch.drop(lines(watch.canary, quoted=False), "văn bản 2021-Q3.csv")
    watch.drop(written([watch.canary.member(1)])[:-40], "đứt 2021-Q3.csv")
    claim_ready_files(watch.pipeline.settings, watch.pipeline.connection)
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"),
                   "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", TASKS, str(PROJECT_ROOT / "dags" / "import_feeds.py")],
        env=environment, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    numbers = [row["delivery_id"] for row in watch.pipeline.deliveries()]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "waiting_batches": [0],
        "process": numbers,
        "process_large_files": [],
    }
    assert "Delivery 1: partially_accepted" in done.stderr
    assert not watch.canary.is_in((done.stdout + done.stderr).encode())
    assert watch.leaks() == set()


def show_values(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = issues.shown
    for module in [one for name, one in sys.modules.items() if name.startswith("dxpipeline.quality")]:
        if getattr(module, "shown", None) is shown:
            monkeypatch.setattr(module, "shown", lambda value, column: value)


def quote_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pipeline_module, preparation, outbox):
        monkeypatch.setattr(module, "describe", repr)


def hash_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_they_are(self: KeyedHasher, series: pl.Series) -> pl.Series:
        return series.cast(pl.Binary).bin.encode("hex")

    monkeypatch.setattr(KeyedHasher, "hash_column", as_they_are)


def archive_openly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "is_private", lambda feed, verdict: False)


def answer_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "outbox_folder", lambda settings, department: settings.outbox / "so-tt-tt")


def keep_results_with_values(monkeypatch: pytest.MonkeyPatch) -> None:
    check, result = Checker.check, Checker._result
    kept: list[str] = []

    def remember(self: Checker, block: Any) -> Any:
        kept.extend(block.texts["full_name"].drop_nulls())
        return check(self, block)

    monkeypatch.setattr(Checker, "check", remember)
    monkeypatch.setattr(
        Checker, "_result", lambda self, rule: {**result(self, rule), "partial_unexpected_list": kept}
    )


def copy_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = preparation.open_document

    def open_a_copy(path: Path, *rest: Any) -> Any:
        with tempfile.NamedTemporaryFile(delete=False) as copy:
            copy.write(path.read_bytes())
        return opened(path, *rest)

    monkeypatch.setattr(preparation, "open_document", open_a_copy)


def log_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Checker.check

    def tell(self: Checker, block: Any) -> Any:
        logging.getLogger("anybody").debug("Checking %s.", block.texts.to_dicts())
        return check(self, block)

    monkeypatch.setattr(Checker, "check", tell)


def print_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Checker.check
    monkeypatch.setattr(
        Checker, "check", lambda self, block: (print(block.texts.to_dicts()), check(self, block))[1]
    )


Mutation = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("mutation", "places"),
    [
        (show_values, ["ledger.issue", "quarantine.quarantined_row"]),
        (quote_failures, ["ledger.attempt", "failures"]),
        (hash_nothing, ["core.health_records", "files of the server"]),
        (archive_openly, ["/archive/"]),
        (answer_everybody, ["/outbox/so-tt-tt/"]),
        (keep_results_with_values, ["ledger.attempt"]),
        (copy_aside, ["/temporary/"]),
        (log_rows, ["log"]),
        (print_rows, ["standard output"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_search_finds_what_a_single_gap_lets_through(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, mutation: Mutation, places: list[str]
) -> None:
    check = Checker.check

    def fail(self: Checker, block: Any) -> Any:
        if UNREADABLE in block.texts["record_id"]:
            raise ValueError(f"no way to read {block.texts.to_dicts()}")
        return check(self, block)

    monkeypatch.setattr(Checker, "check", fail)
    monkeypatch.setattr(preparation, "MAXIMUM_FAILURES", 1)
    mutation(monkeypatch)
    watch.drop(lines(watch.canary, quoted=False), "văn bản 2021-Q3.csv")
    watch.drop(written([watch.canary.member(1, record_id=UNREADABLE)]), "lỗi đọc 2021-Q3.csv")
    watch.run()
    leaks = watch.leaks()
    assert [place for place in places if not any(place in leak for leak in leaks)] == []
