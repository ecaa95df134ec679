"""Marts of the economic accounts, the digital economy and digital government, computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import RefreshError, refresh

Submit = Callable[..., int]

ESTIMATE, PRELIMINARY, FINAL = "ước tính", "sơ bộ", "chính thức"


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def grdp(value: int) -> dict[str, Any]:
    return {"grdp_current_vnd_bn": value, "grdp_constant2010_vnd_bn": value}


ACCOUNTS = (
    "select year, vintage, reporting_period, grdp_current_vnd_bn from mart.fct_economic_account order by 1, 2"
)


def test_the_accounts_of_a_year_and_vintage_are_those_of_the_latest_report(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    # The later period comes first; neither the order of arrival nor that of computing counts.
    submit("economic_accounts", "2022", [((2020, FINAL), grdp(190)), ((2021, PRELIMINARY), grdp(211))])
    refresh(warehouse)
    submit(
        "economic_accounts",
        "2021",
        [((2020, PRELIMINARY), grdp(189)), ((2020, FINAL), grdp(180)), ((2021, ESTIMATE), grdp(210))],
    )
    refresh(warehouse)
    assert rows(warehouse, ACCOUNTS) == [
        (2020, "final", "2022", 190),
        (2020, "preliminary", "2021", 189),
        (2021, "estimate", "2021", 210),
        (2021, "preliminary", "2022", 211),
    ]


def test_what_a_replaced_report_said_is_gone_and_the_one_before_counts_again(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("economic_accounts", "2021", [((2020, FINAL), grdp(180))])
    later = submit("economic_accounts", "2022", [((2020, FINAL), grdp(190)), ((2021, FINAL), grdp(211))])
    refresh(warehouse)
    submit("economic_accounts", "2022", [((2021, FINAL), grdp(212))], replaces=later)
    refresh(warehouse)
    assert rows(warehouse, ACCOUNTS) == [(2020, "final", "2021", 180), (2021, "final", "2022", 212)]


def test_an_account_keeps_its_figures_and_leads_to_its_row(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submission = submit("economic_accounts", "2021", [((2019, FINAL), {}), ((2020, PRELIMINARY), {})])
    refresh(warehouse)
    assert rows(
        warehouse,
        "select grdp_current_vnd_bn, grdp_constant2010_vnd_bn, capital_stock_constant2010_vnd_bn, "
        "employed_average_thousand, population_average_thousand, round(100 * capital_share), "
        "submission_id, source_sheet, source_row from mart.fct_economic_account where year = 2020",
    ) == [(200000, 130000, 280000, 2100, 3700, 42, submission, "Biểu", 11)]


def test_the_best_vintage_of_a_year_is_final_before_preliminary_before_estimate(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    everything = [
        (year, vintage) for year in (2018, 2019, 2020) for vintage in (ESTIMATE, PRELIMINARY, FINAL)
    ]
    kept = [key for key in everything if key not in {(2019, FINAL), (2020, FINAL), (2020, PRELIMINARY)}]
    submit("economic_accounts", "2021", [(key, {}) for key in kept])
    refresh(warehouse)
    assert rows(warehouse, "select year, vintage from mart.economic_account_best order by 1") == [
        (2018, "final"),
        (2019, "preliminary"),
        (2020, "estimate"),
    ]


def test_a_revision_shows_the_vintages_side_by_side_and_the_change_between_them(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "economic_accounts",
        "2022",
        [
            ((2020, ESTIMATE), {"grdp_current_vnd_bn": 200, "grdp_constant2010_vnd_bn": 100}),
            ((2020, PRELIMINARY), {"grdp_current_vnd_bn": 220, "grdp_constant2010_vnd_bn": 99}),
            ((2020, FINAL), {"grdp_current_vnd_bn": 209, "grdp_constant2010_vnd_bn": 198}),
            ((2021, ESTIMATE), {"grdp_current_vnd_bn": 250, "grdp_constant2010_vnd_bn": 110}),
            ((2021, FINAL), {"grdp_current_vnd_bn": 275, "grdp_constant2010_vnd_bn": 110}),
        ],
    )
    refresh(warehouse)
    for price, expected in {
        "current": [(2020, 200, 220, 209, 10, -5, 4.5), (2021, 250, None, 275, None, None, 10)],
        "constant2010": [(2020, 100, 99, 198, -1, 100, 98), (2021, 110, None, 110, None, None, 0)],
    }.items():
        columns = (
            "estimate_vnd_bn, preliminary_vnd_bn, final_vnd_bn, "
            "estimate_to_preliminary_pct, preliminary_to_final_pct, estimate_to_final_pct"
        )
        named = ", ".join(f"grdp_{price}_{column}" for column in columns.split(", "))
        assert (
            rows(warehouse, f"select year, {named} from mart.economic_account_revision order by 1")
            == expected
        )


def test_the_population_of_a_year_is_the_published_one_else_that_of_the_best_account(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    published = (
        "select population, source from mart.dim_population where province_code = '38' and year = 2025"
    )
    ((population, source),) = rows(warehouse, published)
    submission = submit(
        "economic_accounts",
        "2025",
        [
            ((2020, ESTIMATE), {"population_average_thousand": "3664.9"}),
            ((2020, FINAL), {"population_average_thousand": "3665.1234"}),
            ((2021, PRELIMINARY), {"population_average_thousand": "3716.4"}),
            ((2025, ESTIMATE), {"population_average_thousand": "4000"}),
        ],
    )
    refresh(warehouse)
    assert rows(warehouse, "select * from mart.population_year order by year") == [
        (2020, 3665123, "economic_accounts", "economic_accounts 2025, final", submission, "Biểu", 11),
        (2021, 3716400, "economic_accounts", "economic_accounts 2025, preliminary", submission, "Biểu", 12),
        (2025, population, "published", source, None, None, None),
    ]


def test_without_accounts_only_published_populations_are_known(warehouse: psycopg.Connection) -> None:
    assert rows(warehouse, "select year, basis from mart.population_year") == [(2025, "published")]


def test_sources_of_the_digital_economy_stand_beside_each_other_each_with_its_latest_report(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    first = submit(
        "digital_economy",
        "2023",
        [
            ((2022, "GSO", FINAL), {"total_vnd_bn": 16000}),
            ((2022, "MIC", FINAL), {"total_vnd_bn": 25000}),
            ((2023, "GSO", PRELIMINARY), {"total_vnd_bn": 18000}),
        ],
    )
    second = submit(
        "digital_economy",
        "2024",
        [
            ((2022, "GSO", FINAL), {"total_vnd_bn": 17000}),
            ((2023, "GSO", FINAL), {"total_vnd_bn": 20000, "grdp_current_vnd_bn": 250000}),
            ((2023, "Sở", ESTIMATE), {"grdp_current_vnd_bn": 0}),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select year, source, vintage, reporting_period, total_vnd_bn, share_pct, submission_id, source_row "
        "from mart.fct_digital_economy order by year, source, vintage",
    ) == [
        (2022, "GSO", "final", "2024", 17000, 8.5, second, 10),
        (2022, "MIC", "final", "2023", 25000, 12.5, first, 11),
        (2023, "GSO", "final", "2024", 20000, 8, second, 11),
        (2023, "GSO", "preliminary", "2023", 18000, 9, first, 12),
        (2023, "Sở", "estimate", "2024", 16000, None, second, 12),
    ]
    assert rows(
        warehouse,
        "select year, source, vintage, vintage_vi from mart.digital_economy where is_best_vintage "
        "order by year, source",
    ) == [
        (2022, "GSO", "final", "chính thức"),
        (2022, "MIC", "final", "chính thức"),
        (2023, "GSO", "final", "chính thức"),
        (2023, "Sở", "estimate", "ước tính"),
    ]


@pytest.mark.parametrize(
    ("feed", "key", "fact"),
    [
        ("economic_accounts", (2020, "dự báo"), "fct_economic_account"),
        ("digital_economy", (2020, "GSO", "dự báo"), "fct_digital_economy"),
    ],
)
def test_a_vintage_that_the_mart_does_not_know_is_refused_rather_than_left_out(
    warehouse: psycopg.Connection, submit: Submit, feed: str, key: tuple[Any, ...], fact: str
) -> None:
    submit(feed, "2021", [(key, {})])
    with pytest.raises(RefreshError, match=rf'null value in column "vintage" of relation "{fact}"'):
        refresh(warehouse)


def test_an_agency_has_its_figures_and_shares_by_period(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    nothing = dict.fromkeys(
        (
            *("procedures_total", "procedures_full_online", "dossiers_received", "dossiers_online"),
            *("dossiers_on_time", "dossiers_late", "dossiers_pending"),
            *("documents_sent", "documents_sent_electronically_signed"),
        ),
        0,
    )
    submission = submit("digital_government", "2021-03", [("H56.01", {}), ("H56.02", nothing)])
    pending = {**nothing, "dossiers_received": 5, "dossiers_pending": 5}
    submit("digital_government", "2021-04", [("H56.01", {**pending, "agency_name": "Văn phòng"})])
    refresh(warehouse)
    shares = (
        "procedures_full_online_pct, dossiers_online_pct, dossiers_on_time_pct, "
        "documents_sent_electronically_signed_pct"
    )
    assert rows(
        warehouse,
        f"select period, period_end_on, agency_code, agency_name, {shares} from mart.digital_government "
        "order by period, agency_code",
    ) == [
        ("2021-03", date(2021, 3, 14), "H56.01", "Văn phòng", 40, 45, 90, 80),
        ("2021-03", date(2021, 3, 14), "H56.02", "Sở Nội vụ", None, None, None, None),
        ("2021-04", date(2021, 4, 14), "H56.01", "Văn phòng", None, 0, None, None),
    ]
    assert rows(
        warehouse,
        "select agency_level, procedures_total, procedures_full_online, dossiers_received, dossiers_online, "
        "dossiers_on_time, dossiers_late, dossiers_pending, documents_sent, "
        "documents_sent_electronically_signed, connected_to_lgsp, security_level_approved, "
        "submission_id, source_sheet, source_row "
        "from mart.fct_digital_government where period = '2021-03' and agency_code = 'H56.01'",
    ) == [("tỉnh", 100, 40, 1000, 450, 720, 80, 200, 500, 400, True, False, submission, "Biểu", 10)]
    assert rows(warehouse, "select * from mart.dim_agency order by agency_code") == [
        ("H56.01", "Văn phòng", "tỉnh", "2021-03", "2021-04"),
        ("H56.02", "Sở Nội vụ", "tỉnh", "2021-03", "2021-03"),
    ]


def test_corrections_of_two_months_that_wait_together_each_take_an_agency_away(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    first = submit("digital_government", "2021-03", [("H56.01", {}), ("H56.02", {})])
    second = submit("digital_government", "2021-04", [("H56.01", {}), ("H56.03", {})])
    refresh(warehouse)
    submit("digital_government", "2021-03", [("H56.01", {})], replaces=first)
    submit("digital_government", "2021-04", [("H56.01", {})], replaces=second)
    refresh(warehouse)
    assert rows(warehouse, "select agency_code from mart.dim_agency") == [("H56.01",)]
    assert rows(warehouse, "select period, agency_code from mart.fct_digital_government order by 1") == [
        ("2021-03", "H56.01"),
        ("2021-04", "H56.01"),
    ]
