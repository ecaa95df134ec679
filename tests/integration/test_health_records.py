"""Health records on the whole way: every row in its place, every refused one with its reason."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bench.generate_health_records import MISTAKES, chunks, generate

from dxpipeline import preparation
from dxpipeline.pipeline import drain, sweep
from dxpipeline.privacy.keys import PrivacyKeys, privacy_keys
from dxpipeline.quality.issues import MASK
from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.connection import role_url

from .records import (
    FEED,
    FOLDER,
    PERSONAL,
    SECOND_QUARTER,
    THIRD_QUARTER,
    Row,
    core_rows,
    read_rows,
    stored_row,
    without_provenance,
    written,
)
from .streaming import stream_from

Expected = Callable[[Path], dict[str, Any]]
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")
MENDS: dict[str, Callable[[Row], str]] = {
    "record_id": lambda row: f"HS38-9{row['citizen_id'][-8:]}",
    "citizen_id": lambda row: _citizen_id(row),
    "birth_date": lambda row: f"01/01/{19 + int(row['citizen_id'][3]) // 2}{row['citizen_id'][4:6]}",
    "sex": lambda row: "nữ" if row["citizen_id"][3] in "13" else "nam",
    "commune_code": lambda row: "14755",
    "insurance_number": lambda row: "",
    "updated_on": lambda row: "15/09/2021",
    "icd10_code": lambda row: "I10",
    "height_cm": lambda row: "160",
    "weight_kg": lambda row: "55,5",
    "diastolic_mmhg": lambda row: str(int(row["systolic_mmhg"]) - 30),
}


def _citizen_id(row: Row) -> str:
    """Return an id that says the sex and the year of birth of its row."""
    year = int(row["birth_date"][-4:])
    century_and_sex = (year // 100 - 19) * 2 + (row["sex"] == "nữ")
    return f"038{century_and_sex}{year % 100:02d}{row['citizen_id'][-6:]}"


def mended(row: Row, columns: list[str]) -> Row:
    return {**row, **{name: MENDS[name](row) for name in columns}}


def sent_back(expected: dict[str, Any]) -> list[Row]:
    """Return the refused rows of the third quarter with what was wrong put right."""
    rows = read_rows(THIRD_QUARTER.read_bytes())
    return [mended(rows[one["row"]], one["columns"]) for one in expected["quarantined"]]


def open_rows(pipeline: Any) -> list[int]:
    query = "select source_row from quarantine.quarantined_row where closed_by is null order by 1"
    return [row["source_row"] for row in pipeline.rows(query)]


def counts(delivery: dict[str, Any]) -> dict[str, Any]:
    return {name: delivery[name] for name in COUNTS}


@pytest.fixture
def keys(settings: Settings) -> PrivacyKeys:
    return privacy_keys(settings)


@pytest.mark.parametrize("path", [SECOND_QUARTER, THIRD_QUARTER], ids=lambda path: path.stem)
def test_core_holds_every_accepted_row_in_the_form_that_is_stored(
    pipeline: Any, expected: Expected, keys: PrivacyKeys, path: Path
) -> None:
    outcome = expected(path)
    pipeline.drop(path, FOLDER)
    pipeline.run()

    (delivery,) = pipeline.deliveries()
    assert (delivery["verdict"], counts(delivery)) == (
        outcome["verdict"],
        {name: outcome[name] for name in COUNTS},
    )
    assert (delivery["rows_new"], delivery["rows_replaced"], delivery["rows_older"]) == (
        outcome["rows_accepted"], 0, 0,
    )  # fmt: skip
    refused = {one["row"] for one in outcome["quarantined"]}
    sent = {row: cells for row, cells in read_rows(path.read_bytes()).items() if row not in refused}
    stored = core_rows(pipeline)
    assert [row["source_row"] for row in stored] == list(sent)
    assert {row["period"] for row in stored} == {outcome["period"]}
    assert [without_provenance(row) for row in stored] == [stored_row(row, keys) for row in sent.values()]
    assert core_rows(pipeline, "health_records_history") == []

    summary = outcome["accepted_summary"]
    assert len(stored) == summary["count"]
    for name, total in summary["sums"].items():
        assert float(sum(row[name] or 0 for row in stored)) == pytest.approx(total)
    for place, wanted in ((slice(5), summary["first"]), (slice(-5, None), summary["last"])):
        shown = [
            {name: _plain(row[name]) for name in one if name in row}
            for row, one in zip(stored[place], wanted, strict=True)
        ]
        assert shown == [
            {name: value for name, value in one.items() if name not in (*PERSONAL, "_row")} for one in wanted
        ]


def _plain(value: Any) -> Any:
    """Return a stored value as the expected rows write it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def test_every_refused_row_is_in_quarantine_with_its_columns_and_reasons(
    pipeline: Any, expected: Expected
) -> None:
    outcome = expected(THIRD_QUARTER)
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()

    sent = read_rows(THIRD_QUARTER.read_bytes())
    held = pipeline.rows("select * from quarantine.quarantined_row order by source_row")
    issues = pipeline.rows("select * from ledger.issue order by source_row")
    assert [row["source_row"] for row in held] == [one["row"] for one in outcome["quarantined"]]
    assert {issue["source_row"] for issue in issues} == {one["row"] for one in outcome["quarantined"]}
    for row, one in zip(held, outcome["quarantined"], strict=True):
        cells = sent[one["row"]]
        assert set(row["codes"]) & set(one["codes"]), one
        assert set(row["cells"]) == set(one["columns"]), one
        # The word in place of a weight could be a name.
        masked = {*PERSONAL, *(name for name in one["columns"] if cells[name] == "nặng")}
        assert row["cells"] == {
            name: (MASK if name in masked else cells[name] or None) for name in one["columns"]
        }
        assert row["row_key"] == ([cells["record_id"]] if cells["record_id"] else None)
        own = [issue for issue in issues if issue["source_row"] == one["row"]]
        assert {issue["column_name"] for issue in own} == set(one["columns"])
        assert {issue["code"] for issue in own} == set(row["codes"])
        assert {issue["severity"] for issue in own} == {"critical"}


def test_the_receipt_shows_what_may_be_shown_and_a_mask_for_the_rest(
    pipeline: Any, expected: Expected
) -> None:
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()

    (delivery,) = pipeline.deliveries()
    receipt = (pipeline.settings.outbox / delivery["receipt_path"]).read_text(encoding="utf-8")
    rows = read_rows(THIRD_QUARTER.read_bytes())
    refused = [rows[one["row"]] for one in expected(THIRD_QUARTER)["quarantined"]]
    assert receipt.count(f"“{MASK}”") >= 12
    for shown in ("400", "19999", "ZZ9.9", "nm"):
        assert f"“{shown}”" in receipt
    assert "“nặng”" not in receipt
    for row in refused:
        assert not [name for name in PERSONAL if row[name] and row[name] in receipt]


def test_the_refused_rows_mended_close_the_quarantine_and_double_nothing(
    pipeline: Any, expected: Expected, keys: PrivacyKeys
) -> None:
    outcome = expected(THIRD_QUARTER)
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()
    assert open_rows(pipeline) == [one["row"] for one in outcome["quarantined"]]
    before = core_rows(pipeline)

    rows = sent_back(outcome)
    (marked,) = [path.stem for path in pipeline.settings.outbox.rglob("*cần sửa*")]
    pipeline.drop(written(rows), FOLDER, f"{marked} đã sửa.csv")
    pipeline.run()
    first, mend = pipeline.deliveries()
    assert (mend["verdict"], mend["rows_accepted"], mend["rows_new"]) == ("accepted", 30, 30)
    assert open_rows(pipeline) == []
    closed = pipeline.rows("select distinct submission_id, closed_by from quarantine.quarantined_row")
    assert closed == [{"submission_id": first["submission_id"], "closed_by": mend["submission_id"]}]
    after = core_rows(pipeline)
    assert (after[:1970], len(after)) == (before, 2000)
    wanted = [stored_row({**row, "weight_kg": row["weight_kg"].replace(",", ".")}, keys) for row in rows]
    assert [without_provenance(row) for row in after[1970:]] == wanted

    # The whole quarter, mended, says nothing new.
    whole = read_rows(THIRD_QUARTER.read_bytes())
    whole.update(zip([one["row"] for one in outcome["quarantined"]], rows, strict=True))
    pipeline.drop(written(whole.values()), FOLDER, "ho_so_suc_khoe_2021-Q3 trọn bộ.csv")
    pipeline.run()
    again = pipeline.deliveries()[2]
    assert (again["verdict"], again["rows_accepted"], again["rows_unchanged"]) == ("accepted", 2000, 2000)
    assert core_rows(pipeline) == after
    assert core_rows(pipeline, "health_records_history") == []


def test_rows_without_a_number_wait_for_the_copy_of_their_own_file(pipeline: Any, expected: Expected) -> None:
    outcome = expected(THIRD_QUARTER)
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()
    pipeline.drop(written(sent_back(outcome)), FOLDER, "ho_so_suc_khoe_2021-Q3 đã sửa.csv")
    pipeline.run()
    at_fault = [one["row"] for one in outcome["quarantined"] if "record_id" in one["columns"]]
    assert open_rows(pipeline) == at_fault != []


def test_the_same_bytes_again_are_a_duplicate_and_no_row_of_them_is_read(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()
    before = core_rows(pipeline)

    opened: list[Path] = []
    original = preparation.open_document

    def watched(path: Path, *rest: Any) -> Any:
        opened.append(path)
        return original(path, *rest)

    monkeypatch.setattr(preparation, "open_document", watched)
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.drop(THIRD_QUARTER, FOLDER, "gửi lại 2021-Q3.csv")
    pipeline.run()
    first, *repeats = pipeline.deliveries()
    assert opened == []
    for repeat in repeats:
        assert (repeat["verdict"], repeat["submission_id"]) == ("duplicate", first["submission_id"])
        assert counts(repeat) == counts(first)
        assert (repeat["rows_unchanged"], repeat["rows_new"], repeat["rows_replaced"]) == (1970, 0, 0)
    assert core_rows(pipeline) == before
    assert len(pipeline.rows("select * from ledger.issue")) == 30


@pytest.mark.parametrize(
    ("missing", "quoted", "small"),
    [(10, False, True), (75, True, True), (120, False, True), (40, True, False)],
    ids=["last-cells", "open-quote", "first-cells", "streamed"],
)
def test_a_file_that_breaks_off_inside_a_row_is_refused_as_a_whole(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, missing: int, quoted: bool, small: bool
) -> None:
    if not small:
        stream_from(monkeypatch)
    whole = written(read_rows(SECOND_QUARTER.read_bytes()).values(), quoted=quoted)
    cut = whole[:-missing]
    assert not cut.endswith(b"\n")
    pipeline.drop(cut, FOLDER, "đứt 2021-Q2.csv")
    pipeline.run()
    (broken,) = pipeline.deliveries()
    assert (broken["verdict"], broken["reason_code"]) == ("rejected", "incomplete-file")
    assert "2001" in broken["reason"]
    assert set(counts(broken).values()) == {0}
    assert core_rows(pipeline) == []
    assert pipeline.rows("select * from quarantine.quarantined_row") == []
    assert pipeline.rows("select * from pg_tables where schemaname = 'staging'") == []

    pipeline.drop(whole, FOLDER, "trọn vẹn 2021-Q2.csv")
    pipeline.run()
    assert pipeline.deliveries()[1]["verdict"] == "accepted"
    assert len(core_rows(pipeline)) == 2000


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"privacy_key": None}, "DX_PRIVACY_KEY is not set"),
        ({"archive_key": None}, "DX_ARCHIVE_KEY is not set"),
        ({"privacy_key": base64.b64encode(b"x" * 32).decode()}, "DX_PRIVACY_KEY is not the key with which"),
        ({"privacy_key": "???"}, "DX_PRIVACY_KEY is not a key"),
        ({"privacy_key_version": 2}, "DX_PRIVACY_KEY is the key of version 1"),
    ],
    ids=["no-key", "no-archive-key", "another-key", "no-base64", "another-version"],
)
def test_without_the_right_keys_nothing_is_read_and_the_file_waits_for_them(
    pipeline: Any,
    keys: PrivacyKeys,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    sentence: str,
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(preparation, "open_document", lambda path, *rest: opened.append(path))
    # A server, which is given its keys and makes none by itself.
    server = dataclasses.replace(
        pipeline.settings,
        warehouse_url=role_url(pipeline.settings, "owner"),
        privacy_key=base64.b64encode(keys.hash_key).decode(),
        archive_key=str(keys.archive_identity),
    )
    drain(server, FEED, FEED)  # notes the key
    pipeline.drop(THIRD_QUARTER, FOLDER)
    (work,) = sweep(pipeline.settings)
    wrong = dataclasses.replace(server, **changes)
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        drain(wrong, work.feed, work.reporting_unit)
    assert base64.b64encode(keys.hash_key).decode() not in str(refused.value)

    (waiting,) = pipeline.deliveries()
    assert (waiting["verdict"], waiting["answered_at"], waiting["archived_at"]) == (None, None, None)
    assert opened == []
    assert pipeline.rows("select * from ledger.attempt") == []
    assert core_rows(pipeline) == []
    lying = [path for path in pipeline.settings.work_folder.rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in lying] == [THIRD_QUARTER.read_bytes()]

    monkeypatch.undo()
    assert drain(server, FEED, FEED) == [waiting["delivery_id"]]
    (delivery,) = pipeline.deliveries()
    assert (delivery["verdict"], delivery["rows_accepted"]) == ("partially_accepted", 1970)
    assert {row["hash_key_version"] for row in core_rows(pipeline)} == {1}


@pytest.mark.parametrize("small", [True, False], ids=["held", "streamed"])
def test_every_planted_mistake_is_found_with_its_reason_and_no_right_row_is_refused(
    pipeline: Any, keys: PrivacyKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if not small:
        stream_from(monkeypatch)
    made = generate(tmp_path / "ho_so_2021-Q2.csv", 4_000, bad_share=0.06)
    assert set(made.bad_rows) == set(MISTAKES)
    assert min(map(len, made.bad_rows.values())) >= 5
    pipeline.drop(made.path, FOLDER)
    pipeline.run()

    (delivery,) = pipeline.deliveries()
    assert (delivery["rows_accepted"], delivery["rows_quarantined"]) == (made.accepted, made.bad)
    planted = {
        (line, MISTAKES[name].blamed or MISTAKES[name].column, MISTAKES[name].code)
        for name, lines in made.bad_rows.items()
        for line in lines
    }
    issues = pipeline.rows("select source_row, column_name, code from ledger.issue")
    assert {(row["source_row"], row["column_name"], row["code"]) for row in issues} == planted
    assert open_rows(pipeline) == sorted(line for line, _, _ in planted)

    ((right, mistakes),) = chunks(4_000, bad_share=0.06)
    days = pl.selectors.date().dt.to_string("%d/%m/%Y")
    texts = right.with_columns(days).cast(pl.String).fill_null("").filter(mistakes.is_null()).to_dicts()
    stored = [without_provenance(row) for row in core_rows(pipeline)]
    assert stored == [stored_row(row, keys) for row in texts]


def station_report(*codes: str) -> bytes:
    """Return a report of stations; one without software is held back."""
    lines = [
        f"{code};Trạm {code};14755;x;{'' if code.endswith('9') else 'HSSK'};1000;900;10" for code in codes
    ]
    header = (
        "Mã trạm;Tên cơ sở;Mã xã;Có hệ thống hồ sơ SKĐT;Phần mềm;"
        "Dân số quản lý;Số hồ sơ đã lập;Số hồ sơ cập nhật trong kỳ"
    )
    return "\n".join([header, *lines, ""]).encode()


def test_a_station_that_no_report_named_before_the_file_is_flagged_and_the_row_accepted(
    pipeline: Any, keys: PrivacyKeys
) -> None:
    rows = list(read_rows(SECOND_QUARTER.read_bytes()).values())[:4]
    sent = [
        {**row, "station_code": code}
        for row, code in zip(rows, ("38001", "38009", "38777", "38778"), strict=True)
    ]

    def warned() -> list[list[str | None]]:
        flagged = pipeline.rows(
            "select received_seq, array_agg(value order by source_row) as said from ledger.issue "
            "join ledger.delivery using (submission_id) where code = 'unreported-code' group by 1 order by 1"
        )
        return [row["said"] for row in flagged]

    # Without any report of stations nothing can be said of one.
    pipeline.drop(written(sent), FOLDER, "ho_so_2021-Q2.csv")
    pipeline.run()
    # A row that is held back names its station too; 38778 is reported only after the second file came.
    pipeline.drop(station_report("38001", "38009"), "so-y-te/health_stations", "tram_2021-Q2.csv")
    pipeline.run()
    pipeline.drop(written(sent[1:]), FOLDER, "ho_so_2021-Q3.csv")
    pipeline.run()
    pipeline.drop(station_report("38778", "38777"), "so-y-te/health_stations", "tram_2021-Q3 thay the.csv")
    pipeline.run()
    pipeline.drop(written(sent[2:]), FOLDER, "ho_so_2021-Q4.csv")
    pipeline.run()

    verdicts = [(row["file_name"], row["verdict"]) for row in pipeline.deliveries()]
    assert verdicts == [
        ("ho_so_2021-Q2.csv", "accepted"),
        ("tram_2021-Q2.csv", "partially_accepted"),
        ("ho_so_2021-Q3.csv", "accepted_with_warnings"),
        ("tram_2021-Q3 thay the.csv", "accepted"),
        ("ho_so_2021-Q4.csv", "accepted"),
    ]
    assert warned() == [["38777", "38778"]]
