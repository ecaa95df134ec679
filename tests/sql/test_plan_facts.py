"""Facts of the smart city, the plan's budget and the comments on its draft, from rows made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from dxpipeline.indicators.refresh import refresh

Submit = Callable[..., int]
TARGET_NAME = "Grassroots health facilities with an electronic health record system"
Rows = list[tuple[Any, ...]]


def select(connection: psycopg.Connection, query: str) -> Rows:
    return connection.execute(query.encode()).fetchall()


def test_a_service_of_an_urban_area_is_a_fact_of_its_half_year(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_city", "2021-H1", [(("DT01", "giao thông"), {}), (("DT01", "y tế"), {"users": 4})])
    later = submit(
        "smart_city",
        "2021-H2",
        [
            (
                ("DT01", "giao thông"),
                {"urban_area_name": "Thành phố Thanh Hóa mới", "users": 0, "sensors": 7},
            ),
            (("DT02", "y tế"), {"users": 5, "stage": "kế hoạch", "ioc_operating": False}),
        ],
    )
    assert refresh(warehouse) == [("smart_city", "2021-H1"), ("smart_city", "2021-H2")]
    # The administrative half-years end on the 14th of June and December; one to four persons are hidden.
    assert select(
        bi,
        "select period, period_end_on, urban_area_code, urban_area_name, service, ioc_operating, stage, "
        "sensors, users, cost_vnd_m from mart.smart_city_service order by 1, 3, 5",
    ) == [
        ("2021-H1", date(2021, 6, 14), "DT01", "Thành phố Thanh Hóa mới", "giao thông", True, "vận hành", 20,
         1500, Decimal("250.5")),
        ("2021-H1", date(2021, 6, 14), "DT01", "Thành phố Thanh Hóa mới", "y tế", True, "vận hành", 20,
         None, Decimal("250.5")),
        ("2021-H2", date(2021, 12, 14), "DT01", "Thành phố Thanh Hóa mới", "giao thông", True, "vận hành", 7,
         0, Decimal("250.5")),
        ("2021-H2", date(2021, 12, 14), "DT02", "Thành phố Thanh Hóa", "y tế", False, "kế hoạch", 20,
         5, Decimal("250.5")),
    ]  # fmt: skip
    assert select(bi, "select * from mart.dim_urban_area order by 1") == [
        ("DT01", "Thành phố Thanh Hóa mới", "2021-H1", "2021-H2"),
        ("DT02", "Thành phố Thanh Hóa", "2021-H2", "2021-H2"),
    ]
    assert select(
        bi,
        "select submission_id, source_sheet, source_row from mart.fct_smart_city_service "
        "where period = '2021-H2' order by 3",
    ) == [(later, "Biểu", 10), (later, "Biểu", 11)]


def test_a_replacement_takes_the_services_it_no_longer_names_out_of_the_facts(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    first = submit("smart_city", "2021-H1", [(("DT01", "y tế"), {}), (("DT02", "y tế"), {})])
    refresh(warehouse)
    submit("smart_city", "2021-H1", [(("DT01", "y tế"), {"sensors": 1})], replaces=first)
    refresh(warehouse)
    assert select(warehouse, "select urban_area_code, sensors from mart.fct_smart_city_service") == [
        ("DT01", 1)
    ]
    assert select(warehouse, "select urban_area_code from mart.dim_urban_area") == [("DT01",)]


def test_money_is_kept_by_target_solution_source_and_year_and_shares_stand_beside_it(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    first = submit(
        "plan_budget",
        "2021",
        [
            (("EHR_FAC", "GP07", "tỉnh"), {}),
            (
                ("EHR_FAC", "GP07", "khác"),
                dict.fromkeys(("planned_vnd_m", "allocated_vnd_m", "disbursed_vnd_m"), 0),
            ),
        ],
    )
    submit("plan_budget", "2022", [(("TFP_SHARE", "GP08", "tỉnh"), {"disbursed_vnd_m": Decimal("20")})])
    refresh(warehouse)
    # 160 of 200 are 80 %, 40 of 160 are 25 %, 20 of 160 are 12.5 %; of nothing there is no share.
    assert [
        tuple(round(cell, 4) if isinstance(cell, Decimal) else cell for cell in row)
        for row in select(
            bi,
            "select period, period_end_on, target_name_en, solution_code, source, planned_vnd_m, "
            "allocated_vnd_m, disbursed_vnd_m, allocated_pct, disbursed_pct from mart.plan_budget "
            "where target_code = 'EHR_FAC' order by source desc",
        )
    ] == [
        ("2021", date(2021, 12, 14), TARGET_NAME, "GP07", "tỉnh", 200, 160, 40, 80, 25),
        ("2021", date(2021, 12, 14), TARGET_NAME, "GP07", "khác", 0, 0, 0, None, None),
    ]  # fmt: skip
    assert select(
        bi, "select period, disbursed_pct::float from mart.plan_budget where solution_code = 'GP08'"
    ) == [("2022", 12.5)]
    assert select(
        bi, "select submission_id, source_row from mart.fct_plan_budget where period = '2021' order by 2"
    ) == [(first, 10), (first, 11)]


def test_a_comment_is_late_after_the_deadline_of_its_document_and_nobody_knows_without_one(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "plan_comments",
        "2021",
        [
            (("DT-2021-02-25", "EHR_FAC", "so-y-te"), {"received_on": date(2021, 3, 5)}),
            (("DT-2021-02-25", "SW_ENT", "so-y-te"), {"received_on": date(2021, 3, 6), "proposed_value": 12}),
            (("QD-5349-2019", "EHR_POP", "so-y-te"), {}),
            (("DT-UNKNOWN", "EHR_POP", "so-y-te"), {}),
        ],
    )
    refresh(warehouse)
    assert select(
        bi,
        "select document_code, target_code, department_name_en, comments_due_on, is_late, "
        "document_title_en is not null, proposed_value::int, comment from mart.plan_comment order by 1, 2",
    ) == [
        ("DT-2021-02-25", "EHR_FAC", "Department of Health", date(2021, 3, 5), False, True, None, "Góp ý"),
        ("DT-2021-02-25", "SW_ENT", "Department of Health", date(2021, 3, 5), True, True, 12, "Góp ý"),
        ("DT-UNKNOWN", "EHR_POP", "Department of Health", None, None, False, None, "Góp ý"),
        ("QD-5349-2019", "EHR_POP", "Department of Health", None, None, True, None, "Góp ý"),
    ]


def test_two_corrections_that_each_take_an_urban_area_away_do_not_stop_each_other(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    both = [(("TP1", "y tế"), {}), (("TP2", "y tế"), {})]
    first = submit("smart_city", "2021-H1", both)
    second = submit("smart_city", "2021-H2", both)
    refresh(warehouse)
    submit("smart_city", "2021-H1", both[:1], replaces=first)
    submit("smart_city", "2021-H2", both[:1], replaces=second)
    refresh(warehouse)
    codes = warehouse.execute("select distinct urban_area_code from mart.fct_smart_city_service").fetchall()
    assert codes == [("TP1",)]
