"""Indicators of enterprises, research, economy, government and city, computed by hand beside each test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.indicators.report import current_values, evidence

Submit = Callable[..., int]
Values = dict[tuple[str, str], tuple[Any, ...]]

ONE, TWO, THREE, FOUR = "2800000019", "2800000026", "2800000033", "2800000040"


def values(connection: psycopg.Connection, indicator: str) -> Values:
    """Return numerator, denominator and value of an indicator by period and vintage."""
    rows = connection.execute(
        "select period, vintage, numerator, denominator, value from mart.fct_indicator_value "
        "where indicator_code = %s",
        [indicator],
    )
    return {(period, vintage): tuple(rest) for period, vintage, *rest in rows}


def reported(connection: psycopg.Connection, indicator: str) -> dict[str, tuple[Any, ...]]:
    return {period: measured for (period, _), measured in values(connection, indicator).items()}


def account(
    year: int, vintage: str = "chính thức", **figures: float
) -> tuple[tuple[int, str], dict[str, Any]]:
    """Return a row of the economic accounts; what is not said is the same in every year."""
    return (year, vintage), {
        "grdp_current_vnd_bn": 1000,
        "grdp_constant2010_vnd_bn": 1000,
        "capital_stock_constant2010_vnd_bn": 2000,
        "employed_average_thousand": 100,
        "population_average_thousand": 3600,
        "capital_share": Decimal("0.4"),
        **figures,
    }


def test_enterprises_in_force_have_a_certificate_that_is_issued_and_not_revoked_at_the_period_s_end(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    # The administrative quarter ends on 14 June.
    submit(
        "st_enterprises",
        "2021-Q2",
        [
            (ONE, {"certified_on": date(2021, 6, 14)}),
            (TWO, {"certified_on": date(2021, 6, 15)}),
            (THREE, {"certified_on": date(2019, 1, 1), "revoked_on": date(2021, 6, 14)}),
            (FOUR, {"certified_on": date(2019, 1, 1), "revoked_on": date(2021, 6, 15)}),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "ST_ENT_TOTAL") == {"2021-Q2": (2, 4, 2)}


def test_an_enterprise_is_new_by_its_first_certificate_and_stays_counted(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "st_enterprises",
        "2021-Q1",
        [
            (ONE, {"certified_on": date(2020, 12, 31)}),
            (TWO, {"certified_on": date(2021, 1, 1)}),
            (THREE, {"certified_on": date(2018, 5, 5)}),
        ],
    )
    submit(
        "st_enterprises",
        "2021-Q2",
        [
            (ONE, {"certified_on": date(2020, 12, 31)}),
            # TWO left the register; THREE has a second certificate; FOUR is new.
            (THREE, {"certified_on": date(2021, 4, 1)}),
            (FOUR, {"certified_on": date(2021, 5, 1)}),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "ST_ENT_NEW") == {"2021-Q1": (1, 3, 1), "2021-Q2": (2, 4, 2)}
    first, second = evidence(warehouse, "ST_ENT_NEW", "2021-Q2")
    # The row that decides: THREE is not new by its certificate of 2018, which only the first report has.
    assert [(row.unit_code, row.in_numerator) for row in first.rows] == [(TWO, True), (THREE, False)]
    assert [(row.unit_code, row.in_numerator) for row in second.rows] == [(ONE, False), (FOUR, True)]


def test_a_late_report_of_an_earlier_quarter_counts_in_all_later_ones(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("st_enterprises", "2021-Q2", [(ONE, {"certified_on": date(2021, 4, 1)})])
    refresh(warehouse)
    submit("st_enterprises", "2021-Q1", [(TWO, {"certified_on": date(2021, 2, 1)})])
    refresh(warehouse)
    assert reported(warehouse, "ST_ENT_NEW") == {"2021-Q1": (1, 1, 1), "2021-Q2": (2, 2, 2)}


def test_incubated_enterprises_count_once_from_the_day_they_graduated(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    def firm(tax_code: str, graduated_on: date | None, operating: bool = True) -> tuple[str, dict[str, Any]]:
        return tax_code, {"graduated_on": graduated_on, "operating": operating}

    submit(
        "software_enterprises",
        "2021-Q1",
        [firm(ONE, date(2020, 12, 1)), firm(TWO, date(2021, 2, 1)), firm(THREE, None)],
    )
    # TWO has closed and is no longer reported; FOUR graduates only after the quarter.
    submit(
        "software_enterprises",
        "2021-Q2",
        [
            firm(ONE, date(2020, 12, 1)),
            firm(THREE, date(2021, 6, 1), operating=False),
            firm(FOUR, date(2021, 6, 20)),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "SW_ENT") == {"2021-Q1": (1, 3, 1), "2021-Q2": (2, 4, 2)}
    targets = [
        (row["document"], row["target_value"])
        for row in current_values(warehouse)
        if row["indicator_code"] == "SW_ENT"
    ]
    # The draft and the decision it repeats contradict each other; both are kept.
    assert targets == [("DT-2021-02-25", 10), ("QD-5060-2020", 30)]


def test_research_staff_is_measured_in_full_time_equivalents_and_heads_stand_beside_it(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    # The survey of 2019: 1,229 full-time equivalents of 3,116 heads make 3.5 and more than 8.
    people = {"researchers": 1558, "technicians": 0, "support": 0}
    submit(
        "rd_personnel",
        "2019",
        [
            ("TC1", {"headcount": 1558, "fte": Decimal("629"), **people}),
            ("TC2", {"headcount": 1558, "fte": Decimal("600"), **people}),
        ],
    )
    refresh(warehouse)
    # Without a known population there is no value, and it is not zero.
    assert reported(warehouse, "RD_FTE_10K") == {"2019": (1229, None, None)}

    submit("economic_accounts", "2020", [account(2019, population_average_thousand=Decimal("3511.4"))])
    refresh(warehouse)
    assert reported(warehouse, "RD_FTE_10K")["2019"] == (
        1229,
        3_511_400,
        pytest.approx(Decimal("3.5000"), abs=Decimal("0.0001")),
    )
    assert reported(warehouse, "RD_HEADCOUNT_10K")["2019"][2] == pytest.approx(
        Decimal("8.874"), abs=Decimal("0.001")
    )
    files = evidence(warehouse, "RD_FTE_10K", "2019")
    rows = [(row.unit_code, row.in_numerator) for file in files for row in file.rows]
    assert rows == [("TC1", True), ("TC2", True), ("2019", False)]


def test_the_population_of_the_accounts_gives_the_share_with_a_health_record(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    submit_records("2021-Q2", [(f"record {n}", f"person {n}", {}) for n in range(36)])
    refresh(warehouse)
    assert reported(warehouse, "EHR_POP") == {"2021-Q2": (36, None, None)}
    submit("economic_accounts", "2021", [account(2021, population_average_thousand=Decimal("3.6"))])
    refresh(warehouse)
    assert reported(warehouse, "EHR_POP") == {"2021-Q2": (36, 3600, 1)}
    # The files behind persons and the row behind the population.
    persons, population = evidence(warehouse, "EHR_POP", "2021-Q2")
    assert (persons.rows_used, persons.rows) == (None, ())
    assert [(row.unit_code, row.in_numerator) for row in population.rows] == [("2021", False)]


def test_productivity_grows_at_constant_prices_by_the_geometric_mean_since_2020(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    # 88.6 and 170.1 million VND at current prices would make 13.9 % a year; at constant prices it is 10.4 %.
    first = account(
        2020, grdp_current_vnd_bn=177_200, grdp_constant2010_vnd_bn=120_000, employed_average_thousand=2000
    )
    last = account(
        2025, grdp_current_vnd_bn=340_200, grdp_constant2010_vnd_bn=196_799, employed_average_thousand=2000
    )
    submit("economic_accounts", "2025", [first, last])
    refresh(warehouse)
    ((numerator, denominator, value),) = values(warehouse, "LAB_PROD").values()
    assert (numerator, denominator) == (Decimal("98.3995"), 60)
    assert value == pytest.approx(Decimal("10.4"), abs=Decimal("0.001"))
    # There is no year before either of them: nothing is computed from nothing.
    assert values(warehouse, "LAB_PROD_YEARLY") == {}


def test_the_mean_of_yearly_growth_is_geometric(warehouse: psycopg.Connection, submit: Submit) -> None:
    # +20 % and then -5 %: the arithmetic mean is 7.5 %, but 1.2 · 0.95 = 1.14 = 1.06771².
    # In 2022 half the workers make half the product and less.
    submit(
        "economic_accounts",
        "2022",
        [
            account(2020, grdp_constant2010_vnd_bn=1000),
            account(2021, grdp_constant2010_vnd_bn=1200),
            account(2022, grdp_constant2010_vnd_bn=570, employed_average_thousand=50),
        ],
    )
    refresh(warehouse)
    yearly = {period: value for period, (_, _, value) in reported(warehouse, "LAB_PROD_YEARLY").items()}
    assert yearly == {"2021": pytest.approx(20), "2022": pytest.approx(-5)}
    assert reported(warehouse, "LAB_PROD")["2022"][2] == pytest.approx(
        Decimal("6.7708"), abs=Decimal("0.0001")
    )


def test_tfp_is_what_growth_leaves_after_capital_and_labour_with_the_share_of_the_year(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "economic_accounts",
        "2022",
        [
            account(2020, capital_share=Decimal("0.9")),
            # gY 10, gK 8, gL 1: 10 - 0.4 * 8 - 0.6 * 1 = 6.2, of 10.
            account(
                2021,
                grdp_constant2010_vnd_bn=1100,
                capital_stock_constant2010_vnd_bn=2160,
                employed_average_thousand=101,
            ),
            # gY -5, gK 0, gL 0: all of the fall is TFP's, 100 %.
            account(
                2022,
                grdp_constant2010_vnd_bn=1045,
                capital_stock_constant2010_vnd_bn=2160,
                employed_average_thousand=101,
            ),
        ],
    )
    refresh(warehouse)
    shares = reported(warehouse, "TFP_SHARE")
    assert shares["2021"] == (pytest.approx(Decimal("6.2")), pytest.approx(10), pytest.approx(62))
    assert shares["2022"][2] == pytest.approx(100)
    (file,) = evidence(warehouse, "TFP_SHARE", "2021", vintage="final")
    assert [(row.unit_code, row.in_numerator) for row in file.rows] == [("2020", False), ("2021", True)]


@pytest.mark.parametrize(
    ("grdp", "share"), [(1005, 100), (Decimal("1004.9"), None), (995, 100), (1000, None)]
)
def test_near_zero_growth_the_tfp_share_is_left_out_and_said(
    warehouse: psycopg.Connection, submit: Submit, grdp: float, share: int | None
) -> None:
    submit("economic_accounts", "2021", [account(2020), account(2021, grdp_constant2010_vnd_bn=grdp)])
    refresh(warehouse)
    ((_, growth, value),) = values(warehouse, "TFP_SHARE").values()
    assert value == (None if share is None else pytest.approx(share))
    assert growth == pytest.approx(Decimal(grdp) / 10 - 100)
    found = warehouse.execute(
        "select code, source_row from mart.indicator_finding where indicator_code = 'TFP_SHARE'"
    ).fetchall()
    assert found == ([] if share is not None else [("growth-near-zero", 11)])


def test_vintages_stand_side_by_side_and_the_best_one_is_the_headline(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "economic_accounts",
        "2021",
        [account(2020), account(2021, "ước tính", grdp_constant2010_vnd_bn=1050)],
    )
    submit(
        "economic_accounts",
        "2022",
        [
            account(2021, "sơ bộ", grdp_constant2010_vnd_bn=1070),
            account(2021, "chính thức", grdp_constant2010_vnd_bn=1060),
        ],
    )
    refresh(warehouse)
    growth = {vintage: value for (_, vintage), (*_, value) in values(warehouse, "LAB_PROD").items()}
    assert growth == {
        "estimate": pytest.approx(5), "preliminary": pytest.approx(7), "final": pytest.approx(6),
    }  # fmt: skip
    shown = next(row for row in current_values(warehouse) if row["indicator_code"] == "LAB_PROD")
    assert (shown["period"], shown["vintage"], shown["status"]) == ("2021", "final", "not_reached")
    assert shown["value"] == pytest.approx(6)


def test_the_digital_economy_keeps_its_sources_apart_and_divides_by_the_grdp_beside_it(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    def measured(year: int, source: str, vintage: str, total: int) -> tuple[Any, dict[str, Any]]:
        return (year, source, vintage), {
            "ict_vnd_bn": total, "platform_vnd_bn": 0, "sector_digitalisation_vnd_bn": 0,
            "total_vnd_bn": total, "grdp_current_vnd_bn": 10_000,
        }  # fmt: skip

    submit(
        "digital_economy",
        "2023",
        [
            # The province measured 8.28 % in 2023.
            measured(2023, "GSO", "chính thức", 828),
            measured(2023, "MIC", "chính thức", 1260),
            measured(2022, "GSO", "sơ bộ", 795),
        ],
    )
    refresh(warehouse)
    assert values(warehouse, "DIG_ECON") == {
        ("2023", "final"): (828, 10_000, Decimal("8.28")),
        ("2022", "preliminary"): (795, 10_000, Decimal("7.95")),
    }
    assert values(warehouse, "DIG_ECON_MIC") == {("2023", "final"): (1260, 10_000, Decimal("12.6"))}
    assert values(warehouse, "DIG_ECON_DEPARTMENT") == {}


def test_dossiers_online_are_shared_over_sums_and_never_averaged(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "digital_government",
        "2021-03",
        [
            ("H56.01", {"dossiers_received": 900, "dossiers_online": 90}),
            # The mean of 10 % and 100 % would be 55 %.
            ("H56.02", {"dossiers_received": 100, "dossiers_online": 100}),
        ],
    )
    submit("digital_government", "2021-04", [("H56.01", {"dossiers_received": 0, "dossiers_online": 0})])
    refresh(warehouse)
    assert reported(warehouse, "OPS_FULL") == {"2021-03": (190, 1000, 19), "2021-04": (0, 0, None)}
    found = warehouse.execute(
        "select code, period, file_name, source_row from mart.indicator_finding "
        "where indicator_code = 'OPS_FULL'"
    ).fetchall()
    assert found == [("no-denominator", "2021-04", "báo cáo 2.xlsx", 10)]


def test_urban_areas_with_an_operations_centre_count_once_whatever_their_services(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "smart_city",
        "2021-H1",
        [
            (("TP1", "giao thông"), {"ioc_operating": True}),
            (("TP1", "y tế"), {"ioc_operating": True}),
            (("TP2", "y tế"), {"ioc_operating": False}),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "SMART_CITY_IOC") == {"2021-H1": (1, 2, 1)}


def test_research_is_applied_among_the_tasks_that_were_accepted(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "research_transfer",
        "2021-Q2",
        [
            ("NV1", {"accepted_on": date(2021, 3, 1), "applied_on": date(2021, 5, 1)}),
            ("NV2", {"accepted_on": date(2021, 3, 1), "applied_on": None}),
            ("NV3", {"accepted_on": date(2021, 3, 1), "applied_on": None}),
            ("NV4", {"accepted_on": None, "applied_on": None}),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "RESEARCH_APPLIED") == {"2021-Q2": (1, 3, pytest.approx(Decimal(100) / 3))}


def test_the_budget_is_disbursed_over_what_was_planned(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit(
        "plan_budget",
        "2021",
        [
            (
                ("EHR_FAC", "GP-01", "tỉnh"),
                {"planned_vnd_m": 100, "allocated_vnd_m": 90, "disbursed_vnd_m": 80},
            ),
            (
                ("BB_COMMUNE", "GP-02", "doanh nghiệp"),
                {"planned_vnd_m": 300, "allocated_vnd_m": 0, "disbursed_vnd_m": 0},
            ),
        ],
    )
    refresh(warehouse)
    assert reported(warehouse, "BUDGET_DISBURSED") == {"2021": (80, 400, 20)}
