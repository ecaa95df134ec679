"""Comments on a draft put together: by target, by department, the last word of each department."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.plan.entries import Document, Plan
from dxpipeline.plan.reader import load_plan
from dxpipeline.settings import PROJECT_ROOT, Settings
from dxpipeline.warehouse import seed as seed_module
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.seed import seed

Submit = Callable[..., int]
Rows = list[tuple[Any, ...]]

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
DRAFT = "DT-2021-02-25"
COMMENTS_OF_HEALTH = DROPS / "so-y-te" / "plan_comments" / "Gop y du thao ke hoach.xlsx"
COMMENTS_OF_PLANNING = DROPS / "so-kh-dt" / "plan_comments" / "gop_y_du_thao_2021.csv"
DEADLINE = date(2021, 3, 5)


def select(connection: psycopg.Connection, query: str) -> Rows:
    return connection.execute(query.encode()).fetchall()


def drop(pipeline: Any, *paths: Path) -> None:
    for path in paths:
        pipeline.drop(path, str(path.parent.relative_to(DROPS)))
    pipeline.run()
    refresh(pipeline.connection)


@pytest.fixture
def plan_of(
    settings: Settings, warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Return a function that seeds the plan with other documents; the plan of the project comes back."""

    def change(**changes: Any) -> None:
        """Change fields of the draft, or add the document given as `added`."""
        plan = load_plan()
        added = [Document.model_validate(changes.pop("added"))] if "added" in changes else []
        documents = [
            Document.model_validate({**entry.model_dump(), **changes})
            if entry.document_code == DRAFT
            else entry
            for entry in plan.documents
        ]
        other = Plan(**{**vars(plan), "documents": (*documents, *added)})
        monkeypatch.setattr(seed_module, "load_plan", lambda: other)
        with connect(settings, "owner") as owner:
            seed(owner)

    yield change
    monkeypatch.undo()
    with connect(settings, "owner") as owner:
        seed(owner)


def test_the_comments_of_two_files_stand_beside_the_values_of_the_draft(
    pipeline: Any, bi: psycopg.Connection
) -> None:
    # In the file of planning two rows are held back (no comment on SW_ENT, 29 February for EHR_FAC); in the
    # file of health the comments of 13 and 18 March came after 5 March.
    drop(pipeline, COMMENTS_OF_HEALTH, COMMENTS_OF_PLANNING)
    found = {
        row[0]: row[1:]
        for row in select(
            bi,
            "select target_code, target_value::float, unit_vi, comment_count, department_count, "
            "on_time_count, late_count, proposal_count, proposed_min::float, proposed_max::float, "
            "proposed_values::float[], legal_bases from mart.consultation_target "
            f"where document_code = '{DRAFT}'",
        )
    }
    decision, resolution = "QĐ 5060/QĐ-UBND", "NQ 58-NQ/TW"
    assert found["ST_ENT_TOTAL"] == (60, "doanh nghiệp", 2, 2, 2, 0, 2, 40, 40, [40], None)
    assert found["SW_ENT"] == (10, "doanh nghiệp", 1, 1, 1, 0, 0, None, None, None, None)
    assert found["SMART_HOSP_P"] == (2, "bệnh viện", 2, 2, 1, 1, 2, 12, 12, [12], [decision])
    assert found["EHR_FAC"] == (100, "%", 1, 1, 1, 0, 0, None, None, None, [resolution])
    assert found["LAB_PROD"] == (7, "%/năm", 2, 2, 1, 1, 2, 12, 12, [12], [decision])
    assert sum(row[2] for row in found.values()) == 22


def test_a_department_is_on_time_by_its_first_comment_and_who_is_silent_is_named(
    pipeline: Any, bi: psycopg.Connection
) -> None:
    drop(pipeline, COMMENTS_OF_HEALTH, COMMENTS_OF_PLANNING)
    assert select(
        bi,
        "select department_code, is_consulted, state, comment_count, on_time_count, late_count, "
        "first_received_on, last_received_on from mart.consultation_department order by 1",
    ) == [
        ("cuc-thong-ke", True, "not_answered", 0, 0, 0, None, None),
        ("so-kh-dt", True, "on_time", 10, 10, 0, date(2021, 2, 26), date(2021, 3, 4)),
        ("so-tai-chinh", True, "not_answered", 0, 0, 0, None, None),
        ("so-tt-tt", True, "not_answered", 0, 0, 0, None, None),
        ("so-xay-dung", True, "not_answered", 0, 0, 0, None, None),
        ("so-y-te", True, "on_time", 12, 10, 2, date(2021, 2, 27), date(2021, 3, 18)),
        ("vp-ubnd", True, "not_answered", 0, 0, 0, None, None),
    ]


def test_the_last_day_of_the_deadline_is_on_time_and_the_day_after_is_late(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "plan_comments",
        "2021",
        [
            ((DRAFT, "EHR_FAC", "so-y-te"), {"received_on": DEADLINE}),
            ((DRAFT, "EHR_FAC", "so-tt-tt"), {"received_on": date(2021, 3, 6)}),
        ],
    )
    refresh(warehouse)
    assert select(
        bi,
        "select department_code, state, on_time_count, late_count from mart.consultation_department "
        "where state <> 'not_answered' order by 1",
    ) == [("so-tt-tt", "late", 0, 1), ("so-y-te", "on_time", 1, 0)]
    assert select(
        bi,
        "select on_time_count, late_count from mart.consultation_target where target_code = 'EHR_FAC'",
    ) == [(1, 1)]


def test_of_two_files_of_a_department_the_comment_received_last_counts_whichever_file_came_last(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    key = (DRAFT, "EHR_FAC", "so-y-te")
    late = {"received_on": date(2021, 3, 20), "proposed_value": 90, "legal_basis": "B"}
    submit("plan_comments", "2022", [(key, late)])
    first = {"received_on": date(2021, 3, 1), "proposed_value": 80, "legal_basis": "A"}
    submit("plan_comments", "2021", [(key, first)])
    refresh(warehouse)
    assert select(
        bi,
        "select period, is_standing from mart.consultation_comment order by 1",
    ) == [("2021", False), ("2022", True)]
    assert select(
        bi,
        "select comment_count, department_count, on_time_count, late_count, proposed_values, legal_bases "
        "from mart.consultation_target where target_code = 'EHR_FAC'",
    ) == [(2, 1, 0, 1, [Decimal(90)], ["B"])]
    # The department did answer in time: what it said first still says so.
    assert select(
        bi,
        "select state, comment_count, target_count, on_time_count, late_count, first_received_on, "
        "last_received_on from mart.consultation_department where department_code = 'so-y-te'",
    ) == [("on_time", 2, 1, 0, 1, date(2021, 3, 1), date(2021, 3, 20))]


def test_of_two_comments_of_one_day_that_of_the_file_that_came_last_counts(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    key = (DRAFT, "EHR_FAC", "so-y-te")
    submit("plan_comments", "2022", [(key, {"proposed_value": 80})])
    submit("plan_comments", "2021", [(key, {"proposed_value": 90})])
    refresh(warehouse)
    assert select(
        bi, "select proposed_value from mart.consultation_comment where is_standing"
    ) == [(90,)]  # fmt: skip


def test_a_target_that_the_document_does_not_set_is_shown_without_a_value_of_the_draft(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit("plan_comments", "2021", [((DRAFT, "DTI", "so-y-te"), {"proposed_value": 5})])
    refresh(warehouse)
    assert select(
        bi,
        "select target_code, target_name_vi is not null, target_value, target_year, department_count, "
        "proposed_min from mart.consultation_target where not is_target_of_document",
    ) == [("DTI", True, None, None, 1, 5)]
    assert select(bi, "select is_target_of_document from mart.consultation_comment") == [(False,)]


def test_a_target_without_a_number_has_what_the_draft_says(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit("plan_comments", "2021", [((DRAFT, "OPS_FULL", "so-y-te"), {"proposed_value": 80})])
    refresh(warehouse)
    assert select(
        bi,
        "select is_target_of_document, target_value, statement_vi, statement_en, proposed_max "
        "from mart.consultation_target where target_code = 'OPS_FULL'",
    ) == [
        (
            True,
            None,
            "Cơ bản hoàn thành chuyển đổi số trong các cơ quan nhà nước",
            "Digital transformation of state agencies basically complete",
            80,
        )
    ]


def test_a_document_without_a_deadline_is_no_consultation(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit("plan_comments", "2021", [(("QD-5349-2019", "EHR_POP", "so-y-te"), {})])
    refresh(warehouse)
    assert select(bi, "select count(*) from mart.plan_comment") == [(1,)]
    assert select(bi, "select count(*) from mart.consultation_comment") == [(0,)]
    for view in ("target", "department"):
        assert select(bi, f"select distinct document_code from mart.consultation_{view}") == [(DRAFT,)]


def test_a_document_without_targets_has_its_departments_and_no_targets_until_one_is_commented_on(
    warehouse: psycopg.Connection,
    bi: psycopg.Connection,
    submit: Submit,
    plan_of: Callable[..., None],
) -> None:
    plan_of(
        added={
            **load_plan().documents[0].model_dump(),
            "document_code": "DT-2026-01-05",
            "dated_on": date(2026, 1, 5),
            "comments_due_on": date(2026, 1, 20),
        }
    )
    refresh(warehouse)
    other = "where document_code = 'DT-2026-01-05'"
    # The departments merged in March 2025 are not asked any more.
    assert select(bi, f"select department_code from mart.consultation_department {other} order by 1") == [
        ("cuc-thong-ke",),
        ("so-tai-chinh",),
        ("so-xay-dung",),
        ("so-y-te",),
        ("vp-ubnd",),
    ]
    assert select(bi, f"select count(*) from mart.consultation_target {other}") == [(0,)]
    comment = {"received_on": date(2026, 1, 20)}
    submit("plan_comments", "2026", [(("DT-2026-01-05", "EHR_FAC", "so-y-te"), comment)])
    refresh(warehouse)
    assert select(
        bi, f"select target_code, is_target_of_document, on_time_count from mart.consultation_target {other}"
    ) == [("EHR_FAC", False, 1)]


def test_who_is_consulted_is_what_the_document_says_and_others_who_answer_are_shown_as_such(
    warehouse: psycopg.Connection,
    bi: psycopg.Connection,
    submit: Submit,
    plan_of: Callable[..., None],
) -> None:
    plan_of(consulted=["so-y-te", "vp-ubnd"])
    submit("plan_comments", "2021", [((DRAFT, "EHR_FAC", "so-xay-dung"), {})])
    refresh(warehouse)
    assert select(
        bi, "select department_code, is_consulted, state from mart.consultation_department order by 1"
    ) == [
        ("so-xay-dung", False, "on_time"),
        ("so-y-te", True, "not_answered"),
        ("vp-ubnd", True, "not_answered"),
    ]


def test_a_department_whose_file_was_refused_has_not_answered_and_its_file_is_counted(
    pipeline: Any, bi: psycopg.Connection
) -> None:
    pipeline.drop(
        "Mã văn bản,Mã mục tiêu,Mã đơn vị góp ý,Nội dung góp ý,Giá trị đề xuất,Căn cứ pháp lý,Ngày nhận\n"
        f"{DRAFT},EHR_FAC,so-xay-dung,,,,01/03/2021\n".encode(),
        "so-xay-dung/plan_comments",
        "gop_y_2021.csv",
    )
    pipeline.run()
    refresh(pipeline.connection)
    assert [delivery["verdict"] for delivery in pipeline.deliveries()] == ["rejected"]
    assert select(
        bi,
        "select department_code, state, refused_file_count from mart.consultation_department "
        "where refused_file_count > 0 or state <> 'not_answered'",
    ) == [("so-xay-dung", "not_answered", 1)]
