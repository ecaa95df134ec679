"""Facts about enterprises and research, computed by hand beside each test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh

Submit = Callable[..., int]

ONE, TWO, THREE = "2898437597", "2893798906", "2891905937-001"


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


# The second quarter of 2021 ends on 14 June: an administrative quarter.
@pytest.mark.parametrize(
    ("certified_on", "revoked_on", "in_force"),
    [
        (date(2018, 6, 12), None, True),
        (date(2021, 6, 14), None, True),
        (date(2021, 6, 15), None, False),
        (date(2018, 6, 12), date(2021, 6, 15), True),
        (date(2018, 6, 12), date(2021, 6, 14), False),
        (date(2018, 6, 12), date(2019, 11, 4), False),
    ],
)
def test_a_certificate_is_in_force_when_issued_and_not_revoked_by_the_last_day_of_the_period(
    warehouse: psycopg.Connection,
    submit: Submit,
    certified_on: date,
    revoked_on: date | None,
    in_force: bool,
) -> None:
    submit("st_enterprises", "2021-Q2", [(ONE, {"certified_on": certified_on, "revoked_on": revoked_on})])
    refresh(warehouse)
    assert rows(
        warehouse,
        "select period, period_end_on, tax_code, certified_on, revoked_on, in_force from mart.st_enterprise",
    ) == [("2021-Q2", date(2021, 6, 14), ONE, certified_on, revoked_on, in_force)]


def test_an_enterprise_stands_with_its_share_its_commune_and_the_line_it_came_from(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submission = submit(
        "st_enterprises",
        "2021-Q2",
        [
            (ONE, {"revenue_vnd_m": 8, "st_revenue_vnd_m": 3}),
            (TWO, {"revenue_vnd_m": 0, "st_revenue_vnd_m": 0, "commune_code": "19999"}),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select tax_code, enterprise_name, commune_code, commune_name, district_name, st_revenue_pct "
        "from mart.st_enterprise order by tax_code desc",
    ) == [
        (ONE, "Công ty Cổ phần Mẫu", "14758", "Phường Đông Thọ", "Thành phố Thanh Hóa", Decimal("37.5")),
        # Nothing of nothing is no share, and an unknown code no commune.
        (TWO, "Công ty Cổ phần Mẫu", "19999", None, None, None),
    ]
    assert rows(
        warehouse, "select submission_id, source_sheet, source_row from mart.fct_st_enterprise order by 3"
    ) == [(submission, "Biểu", 10), (submission, "Biểu", 11)]


def test_a_commune_is_the_one_that_bore_the_code_at_the_end_of_the_period(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    for period in ("2021-Q2", "2025-Q3"):
        submit("st_enterprises", period, [(ONE, {})])
    refresh(warehouse)
    names = rows(warehouse, "select period, commune_name from mart.st_enterprise order by period")
    assert names == [("2021-Q2", "Phường Đông Thọ"), ("2025-Q3", "Phường Hàm Rồng")]


def test_a_software_enterprise_has_graduated_from_its_day_of_graduation_on(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "software_enterprises",
        "2021-Q2",
        [
            (ONE, {"graduated_on": None}),
            (TWO, {"graduated_on": date(2021, 6, 14), "operating": False}),
            (THREE, {"graduated_on": date(2021, 6, 15), "kind": "nội dung số"}),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select tax_code, kind, incubated_on, graduated_on, graduated, operating, revenue_vnd_m, employees "
        "from mart.software_enterprise order by graduated_on nulls first",
    ) == [
        (ONE, "phần mềm", date(2019, 10, 15), None, False, True, 2000, 12),
        (TWO, "phần mềm", date(2019, 10, 15), date(2021, 6, 14), True, False, 2000, 12),
        (THREE, "nội dung số", date(2019, 10, 15), date(2021, 6, 15), False, True, 2000, 12),
    ]


def test_an_enterprise_of_both_feeds_is_one_under_its_latest_name(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("st_enterprises", "2021-Q1", [(ONE, {"enterprise_name": "Tên cũ"}), (TWO, {})])
    submit("software_enterprises", "2021-Q3", [(ONE, {"enterprise_name": "Tên mới"})])
    submit("st_enterprises", "2021-Q2", [(ONE, {"enterprise_name": "Tên giữa"})])
    refresh(warehouse)
    assert rows(warehouse, "select * from mart.dim_enterprise order by tax_code desc") == [
        (ONE, "Tên mới", "2021-Q1", "2021-Q3"),
        (TWO, "Công ty Cổ phần Mẫu", "2021-Q1", "2021-Q1"),
    ]
    named = rows(
        warehouse, "select distinct enterprise_name from mart.st_enterprise where period = '2021-Q2'"
    )
    assert named == [("Tên mới",)]


def test_corrections_of_two_periods_that_wait_together_each_take_an_enterprise_away(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    first = submit("st_enterprises", "2021-Q1", [(ONE, {}), (TWO, {})])
    second = submit("st_enterprises", "2021-Q2", [(ONE, {}), (THREE, {})])
    refresh(warehouse)
    submit("st_enterprises", "2021-Q1", [(ONE, {})], replaces=first)
    submit("st_enterprises", "2021-Q2", [(ONE, {})], replaces=second)
    assert refresh(warehouse) == [("st_enterprises", "2021-Q1"), ("st_enterprises", "2021-Q2")]
    assert rows(warehouse, "select tax_code from mart.dim_enterprise") == [(ONE,)]
    assert rows(warehouse, "select period, tax_code from mart.fct_st_enterprise order by 1") == [
        ("2021-Q1", ONE),
        ("2021-Q2", ONE),
    ]


def test_heads_and_full_time_equivalents_stand_side_by_side(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "rd_personnel",
        "2021",
        [
            ("TC001", {"headcount": 80, "fte": Decimal("30.2"), "researchers": 60}),
            (
                "TC002",
                {"headcount": 0, "fte": 0, "researchers": 0, "technicians": 0, "support": 0},
            ),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select organisation_code, organisation_name, organisation_kind, period_end_on, headcount, fte, "
        "fte_pct, researchers, technicians, support, doctors, masters from mart.rd_organisation order by 1",
    ) == [
        (
            *("TC001", "Trường Đại học Hồng Đức", "trường", date(2021, 12, 14)),
            *(80, Decimal("30.2"), Decimal("37.75"), 60, 15, 5, 10, 20),
        ),
        ("TC002", "Trường Đại học Hồng Đức", "trường", date(2021, 12, 14), 0, 0, None, 0, 0, 0, 10, 20),
    ]


@pytest.mark.parametrize(
    ("change", "accepted", "applied", "transferred"),
    [
        ({}, False, False, False),
        ({"accepted_on": date(2021, 6, 14)}, True, False, False),
        ({"accepted_on": date(2021, 6, 15)}, False, False, False),
        ({"accepted_on": date(2020, 1, 1), "applied_on": date(2021, 6, 14)}, True, True, False),
        ({"accepted_on": date(2020, 1, 1), "applied_on": date(2021, 6, 15)}, True, False, False),
        ({"transfer_contract_no": "02/HĐCG", "transfer_value_vnd_m": 500}, False, False, True),
    ],
)
def test_a_task_is_accepted_and_applied_by_the_last_day_of_the_period_and_transferred_by_contract(
    warehouse: psycopg.Connection,
    submit: Submit,
    change: dict[str, Any],
    accepted: bool,
    applied: bool,
    transferred: bool,
) -> None:
    submit("research_transfer", "2021-Q2", [("NV.001", change)])
    refresh(warehouse)
    assert rows(
        warehouse,
        "select task_code, accepted, applied, transferred, transfer_value_vnd_m from mart.research_task",
    ) == [("NV.001", accepted, applied, transferred, change.get("transfer_value_vnd_m"))]


def test_the_funding_of_a_task_is_divided_between_the_state_and_enterprises(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "research_transfer",
        "2021-Q2",
        [
            ("NV.001", {"budget_state_vnd_m": 3, "budget_enterprise_vnd_m": 5, "lead_is_enterprise": True}),
            ("NV.002", {"budget_state_vnd_m": 3, "budget_enterprise_vnd_m": 0}),
            ("NV.003", {"budget_state_vnd_m": 0, "budget_enterprise_vnd_m": 0}),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select task_code, lead_is_enterprise, budget_total_vnd_m, budget_enterprise_pct "
        "from mart.research_task order by 1",
    ) == [
        ("NV.001", True, 8, Decimal("62.5")),
        ("NV.002", False, 3, 0),
        ("NV.003", False, 0, None),
    ]


def test_a_replaced_report_leaves_only_what_the_new_one_says(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    feeds = {
        "st_enterprises": ("2021-Q2", ONE, TWO, "fct_st_enterprise"),
        "software_enterprises": ("2021-Q2", ONE, TWO, "fct_software_enterprise"),
        "rd_personnel": ("2021", "TC001", "TC002", "fct_rd_organisation"),
        "research_transfer": ("2021-Q2", "NV.001", "NV.002", "fct_research_task"),
    }
    first = {
        feed: submit(feed, period, [(kept, {}), (gone, {})])
        for feed, (period, kept, gone, _) in feeds.items()
    }
    refresh(warehouse)
    second = {
        feed: submit(feed, period, [(kept, {})], replaces=first[feed])
        for feed, (period, kept, *_) in feeds.items()
    }
    assert sorted(refresh(warehouse)) == sorted((feed, period) for feed, (period, *_) in feeds.items())
    for feed, (*_, fact) in feeds.items():
        assert rows(warehouse, f"select submission_id, source_row from mart.{fact}") == [(second[feed], 10)]


def test_computing_again_changes_nothing(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("st_enterprises", "2021-Q2", [(ONE, {}), (TWO, {})])
    submit("software_enterprises", "2021-Q2", [(ONE, {}), (THREE, {})])
    submit("rd_personnel", "2021", [("TC001", {})])
    submit("research_transfer", "2021-Q2", [("NV.001", {})])
    refresh(warehouse)
    tables = (
        "dim_enterprise",
        "fct_st_enterprise",
        "fct_software_enterprise",
        "fct_rd_organisation",
        "fct_research_task",
    )
    before = [rows(warehouse, f"select * from mart.{table} order by 1, 2") for table in tables]
    assert [len(found) for found in before] == [3, 2, 2, 1, 1]
    assert len(refresh(warehouse, everything=True)) == 4
    assert [rows(warehouse, f"select * from mart.{table} order by 1, 2") for table in tables] == before
