"""Cells in the wrong columns give nobody away. All persons are invented."""

from __future__ import annotations

import pytest

from dxpipeline.indicators.refresh import refresh

from .canaries import misplaced, moved, workbook
from .records import core_rows, written
from .watch import Watch


@pytest.mark.parametrize(
    "name", ["văn bản 2021-Q3.csv", "bảng tính 2021-Q3.xlsx", "bảng tính số 2021-Q3.xlsx"]
)
def test_values_of_persons_in_columns_of_other_things_are_left_in_the_marked_copy_only(
    watch: Watch, name: str
) -> None:
    wrong = misplaced(watch.canary)
    rows = [*wrong, watch.canary.member(99)]
    content = written(rows) if name.endswith("csv") else workbook(rows, as_numbers="số" in name)
    watch.drop(content, name)
    watch.run()
    refresh(watch.pipeline.connection)
    (delivery,) = watch.pipeline.deliveries()
    # Of a number that is none of text nobody knows the zeros.
    counts = (0, 0) if "số" in name else (1, len(wrong))
    assert (delivery["rows_accepted"], delivery["rows_quarantined"]) == counts
    assert watch.leaks() == set()
    assert len(watch.own_copies()) == 1


def test_a_refused_row_keeps_its_record_where_that_is_no_number_of_a_person(watch: Watch) -> None:
    right = watch.canary.member(1)
    rows = [right, watch.canary.member(2, height_cm="400"), moved(watch.canary.member(3), -1)]
    watch.drop(written(rows), "văn bản 2021-Q3.csv")
    watch.run()
    held = watch.pipeline.rows("select row_key from quarantine.quarantined_row order by source_row")
    assert [row["row_key"] for row in held] == [[rows[1]["record_id"]], None]


def test_stations_that_use_the_citizen_id_as_the_record_are_told_so(watch: Watch) -> None:
    members = [watch.canary.member(place) for place in (1, 2)]
    watch.drop(written({**row, "record_id": row["citizen_id"]} for row in members), "căn cước 2021-Q3.csv")
    watch.drop(written({**row, "record_id": row["insurance_number"]} for row in members), "thẻ 2021-Q3.csv")
    watch.run()
    deliveries = watch.pipeline.deliveries()
    assert [one["reason_code"] for one in deliveries] == ["no-row-accepted"] * 2
    assert core_rows(watch.pipeline) == []
    for one in deliveries:
        receipt = (watch.pipeline.settings.outbox / one["receipt_path"]).read_text(encoding="utf-8")
        assert "Số của một người không được dùng làm mã" in receipt
    assert watch.leaks() == set()
