"""From real files to indicators: the numbers were counted by hand in the drops' expected rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.indicators.report import current_values, evidence
from dxpipeline.periods import Period
from dxpipeline.settings import PROJECT_ROOT, Settings
from dxpipeline.warehouse.connection import connect

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
FILES = sorted(path for path in DROPS.rglob("*") if path.suffix in (".xlsx", ".xls", ".csv"))
CORRECTION = DROPS / "so-y-te" / "smart_hospitals" / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"
SENT_AGAIN = DROPS / "so-tt-tt" / "broadband_coverage" / "Bang rong Quy II-2021 (gui lai).xlsx"
LATER = (CORRECTION, SENT_AGAIN)


def drop(pipeline: Any, *paths: Path) -> None:
    for path in paths:
        pipeline.drop(path, str(path.parent.relative_to(DROPS)))
    pipeline.run()


def values(connection: psycopg.Connection) -> dict[tuple[str, str], tuple[int, int | None]]:
    """Return numerator and denominator by indicator and period."""
    rows = connection.execute(
        "select indicator_code, period, numerator, denominator from mart.fct_indicator_value"
    )
    return {
        (code, period): (int(numerator), None if denominator is None else int(denominator))
        for code, period, numerator, denominator in rows
    }


def test_drops_become_indicators_and_a_correction_changes_only_its_period(
    pipeline: Any, warehouse: psycopg.Connection, settings: Settings
) -> None:
    drop(pipeline, *(path for path in FILES if path not in LATER))
    # The file of 2021-Q3 lacks a column: nothing of it is loaded, nothing is to be computed.
    assert sorted(refresh(warehouse)) == [
        ("broadband_coverage", "2021-Q1"),
        ("broadband_coverage", "2021-Q2"),
        ("broadband_coverage", "2025-Q3"),
        ("digital_economy", "2023"),
        ("digital_economy", "2024"),
        ("digital_government", "2021-03"),
        ("digital_government", "2021-04"),
        ("economic_accounts", "2021"),
        ("economic_accounts", "2022"),
        ("health_records", "2021-Q2"),
        ("health_records", "2021-Q3"),
        ("health_stations", "2021-Q1"),
        ("health_stations", "2021-Q2"),
        ("plan_budget", "2021"),
        ("plan_budget", "2022"),
        ("plan_comments", "2021"),
        ("rd_personnel", "2021"),
        ("rd_personnel", "2022"),
        ("research_transfer", "2021-Q1"),
        ("research_transfer", "2021-Q2"),
        ("smart_city", "2021-H1"),
        ("smart_city", "2021-H2"),
        ("smart_hospitals", "2021-Q1"),
        ("smart_hospitals", "2021-Q2"),
        ("software_enterprises", "2021-Q1"),
        ("software_enterprises", "2021-Q2"),
        ("st_enterprises", "2021-Q1"),
        ("st_enterprises", "2021-Q2"),
    ]
    before = values(warehouse)
    counted = ("SMART_HOSP", "EHR", "BB")
    assert {key: before[key] for key in before if key[0].startswith(counted)} == {
        ("SMART_HOSP_P", "2021-Q1"): (0, 11),
        ("SMART_HOSP_D", "2021-Q1"): (0, 27),
        # Seven rows are held back.
        ("SMART_HOSP_P", "2021-Q2"): (1, 9),
        ("SMART_HOSP_D", "2021-Q2"): (0, 23),
        ("EHR_FAC", "2021-Q1"): (480, 559),
        # 553 stations are accepted; six are held back, one of them without a code.
        ("EHR_FAC", "2021-Q2"): (480, 559),
        # The file of 2021-Q3 brings 1,970 other persons; the accounts bring the population of 2021.
        ("EHR_POP", "2021-Q2"): (2000, 3_716_400),
        ("EHR_POP", "2021-Q3"): (3970, 3_716_400),
        ("EHR_RECORDS_PER_PERSON", "2021-Q2"): (2000, 2000),
        ("EHR_RECORDS_PER_PERSON", "2021-Q3"): (3970, 3970),
        ("BB_COMMUNE", "2021-Q1"): (430, 559),
        ("BB_COMMUNE", "2021-Q2"): (448, 559),
        ("BB_COMMUNE", "2025-Q3"): (130, 166),
    }

    # Final of the second report, preliminary and estimate of the first; "dự báo" is held back.
    assert warehouse.execute(
        "select year, grdp_current_estimate_vnd_bn::float, grdp_current_preliminary_vnd_bn::float, "
        "grdp_current_final_vnd_bn::float from mart.economic_account_revision where year >= 2020 order by 1"
    ).fetchall() == [
        (2020, 187894.1, 189031.7, 189600.5),
        (2021, 210389.8, 211663.6, None),
        (2022, 250525.3, None, None),
    ]
    # The second report's row of this year and source is held back: what the first one said still counts.
    assert warehouse.execute(
        "select reporting_period, total_vnd_bn, round(share_pct, 3)::float from mart.fct_digital_economy "
        "where year = 2022 and source = 'MIC'"
    ).fetchall() == [("2023", 30840, 12.199)]
    assert warehouse.execute("select population from mart.population_year where year = 2021").fetchall() == [
        (3716400,)
    ]
    assert warehouse.execute(
        "select period, count(*), min(period_end_on)::text from mart.fct_digital_government "
        "group by 1 order by 1"
    ).fetchall() == [("2021-03", 47, "2021-03-14"), ("2021-04", 42, "2021-04-14")]

    # The same bytes under another name change nothing, and are no reason to compute anything.
    drop(pipeline, *LATER)
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q2")]
    after = values(warehouse)
    changed = {key: after[key] for key in after if after[key] != before.get(key)}
    assert {key: changed[key] for key in changed if not key[0].startswith("REPORT")} == {
        ("SMART_HOSP_P", "2021-Q2"): (0, 11),
        ("SMART_HOSP_D", "2021-Q2"): (0, 27),
    }

    with connect(settings, "bi") as bi:
        # How reports came in follows the clock of the test.
        shown = {
            row["indicator_code"]: row
            for row in current_values(bi)
            if not row["indicator_code"].startswith("REPORT")
        }
        assert {code: (row["period"], row["vintage"], row["status"]) for code, row in shown.items()} == {
            "SMART_HOSP_P": ("2021-Q2", "reported", "not_reached"),
            "SMART_HOSP_D": ("2021-Q2", "reported", "not_reached"),
            "EHR_FAC": ("2021-Q2", "reported", "not_reached"),
            "EHR_POP": ("2021-Q3", "reported", "not_reached"),
            "EHR_RECORDS_PER_PERSON": ("2021-Q3", "reported", "no_target"),
            "BB_COMMUNE": ("2025-Q3", "reported", "not_reached"),
            "ST_ENT_TOTAL": ("2021-Q2", "reported", "not_reached"),
            "ST_ENT_NEW": ("2021-Q2", "reported", "not_reached"),
            "SW_ENT": ("2021-Q2", "reported", "not_reached"),
            "RD_FTE_10K": ("2022", "reported", "not_reached"),
            "RD_HEADCOUNT_10K": ("2022", "reported", "no_target"),
            "LAB_PROD": ("2022", "estimate", "reached"),
            "LAB_PROD_YEARLY": ("2022", "estimate", "no_target"),
            "TFP_SHARE": ("2022", "estimate", "reached"),
            "DIG_ECON": ("2024", "preliminary", "not_reached"),
            "DIG_ECON_MIC": ("2024", "preliminary", "no_target"),
            # No report of the department's own source was sent.
            "DIG_ECON_DEPARTMENT": (None, None, "no_data"),
            "OPS_FULL": ("2021-04", "reported", "no_target"),
            "SMART_CITY_IOC": ("2021-H2", "reported", "no_target"),
            "RESEARCH_APPLIED": ("2021-Q2", "reported", "no_target"),
            "BUDGET_DISBURSED": ("2022", "reported", "no_target"),
            "DTI": ("2024", "published", "reached"),
        }
        assert shown["EHR_FAC"]["value"] == pytest.approx(85.867621, abs=1e-6)
        assert shown["BB_COMMUNE"]["value"] == pytest.approx(78.313253, abs=1e-6)
        (file,) = evidence(bi, "SMART_HOSP_P", "2021-Q2")
        assert (file.file_name, file.rows_used) == (CORRECTION.name, 11)
        (stations,) = evidence(bi, "EHR_FAC", "2021-Q2")
        assert (stations.rows_used, stations.quarantined_rows_used) == (553, 6)
        held = [(row.row, row.unit_code is None) for row in stations.rows if row.quarantined]
        assert held == [(12, False), (48, False), (79, False), (142, False), (203, False), (335, True)]


# Computed from the expected rows beside the drops, apart from the models.
COMPUTED = {
    # Nobody of the two registers was certified since 2021; each quarter names other enterprises.
    ("ST_ENT_TOTAL", "2021-Q1", "reported"): (29, 30, 29),
    ("ST_ENT_TOTAL", "2021-Q2", "reported"): (23, 24, 23),
    ("ST_ENT_NEW", "2021-Q1", "reported"): (0, 30, 0),
    ("ST_ENT_NEW", "2021-Q2", "reported"): (0, 54, 0),
    ("SW_ENT", "2021-Q1", "reported"): (3, 14, 3),
    ("SW_ENT", "2021-Q2", "reported"): (7, 24, 7),
    ("RD_FTE_10K", "2021", "reported"): (834.800000, 3716400, 2.246260),
    ("RD_FTE_10K", "2022", "reported"): (678.300000, 3722100, 1.822358),
    ("RD_HEADCOUNT_10K", "2021", "reported"): (2086, 3716400, 5.612959),
    ("RD_HEADCOUNT_10K", "2022", "reported"): (1566, 3722100, 4.207302),
    ("LAB_PROD", "2021", "estimate"): (65.256298, 60.134660, 8.516948),
    ("LAB_PROD", "2021", "preliminary"): (65.651391, 60.134660, 9.173962),
    ("LAB_PROD", "2022", "estimate"): (73.691516, 60.134660, 10.699667),
    ("LAB_PROD_YEARLY", "2022", "estimate"): (73.691516, 65.651391, 12.246694),
    ("TFP_SHARE", "2020", "final"): (0.114401, 3.042429, 3.760202),
    ("TFP_SHARE", "2020", "estimate"): (-0.812979, 2.115049, -38.437836),
    ("TFP_SHARE", "2021", "preliminary"): (5.033399, 8.531222, 58.999741),
    ("TFP_SHARE", "2022", "estimate"): (8.151102, 11.814083, 68.994791),
    ("DIG_ECON", "2023", "final"): (22802, 279800, 8.149392),
    ("DIG_ECON", "2023", "preliminary"): (22802, 279800, 8.149392),
    ("DIG_ECON", "2024", "preliminary"): (26613, 318750, 8.349176),
    ("DIG_ECON_MIC", "2023", "final"): (35254, 279800, 12.599714),
    ("OPS_FULL", "2021-03", "reported"): (64536, 136658, 47.224458),
    ("OPS_FULL", "2021-04", "reported"): (71369, 156316, 45.656874),
    ("SMART_CITY_IOC", "2021-H2", "reported"): (2, 4, 2),
    ("RESEARCH_APPLIED", "2021-Q1", "reported"): (5, 16, 31.25),
    ("RESEARCH_APPLIED", "2021-Q2", "reported"): (4, 13, 30.769231),
    ("BUDGET_DISBURSED", "2021", "reported"): (2102882.8, 3943078.5, 53.330990),
    ("BUDGET_DISBURSED", "2022", "reported"): (2109440.5, 4299749.5, 49.059614),
}


def test_the_other_indicators_of_the_drops_are_those_computed_apart(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    drop(pipeline, *(path for path in FILES if path.parent.name not in ("health_records", "smart_hospitals")))
    refresh(warehouse)
    rows = warehouse.execute(
        "select indicator_code, period, vintage, numerator, denominator, value from mart.fct_indicator_value"
    )
    found = {
        (code, period, vintage): tuple(None if part is None else float(part) for part in rest)
        for code, period, vintage, *rest in rows
    }
    assert {key: found[key] for key in COMPUTED} == {
        key: pytest.approx(wanted, abs=1e-6, rel=1e-7) for key, wanted in COMPUTED.items()
    }
    apart = {"EHR_FAC", "BB_COMMUNE", "REPORT_ON_TIME", "REPORT_COMPLETE"}
    assert {code for code, *_ in found} == {code for code, *_ in COMPUTED} | apart


def test_registers_and_reports_on_research_become_facts(pipeline: Any, warehouse: psycopg.Connection) -> None:
    feeds = ("st_enterprises", "software_enterprises", "rd_personnel", "research_transfer")
    drop(pipeline, *(path for path in FILES if path.parent.name in feeds))
    refresh(warehouse)

    def shown(query: str) -> list[tuple[Any, ...]]:
        return warehouse.execute(query.encode()).fetchall()

    # One certificate was revoked in 2019; of the second quarter seven rows are held back.
    assert shown(
        "select period, count(*), count(*) filter (where in_force), count(commune_name) "
        "from mart.st_enterprise group by period order by period"
    ) == [("2021-Q1", 30, 29, 30), ("2021-Q2", 24, 23, 24)]
    assert shown(
        "select period, count(*), count(*) filter (where graduated) "
        "from mart.software_enterprise group by period order by period"
    ) == [("2021-Q1", 14, 11), ("2021-Q2", 10, 5)]
    assert shown(
        "select period, count(*), sum(fte), sum(headcount) "
        "from mart.rd_organisation group by period order by period"
    ) == [("2021", 34, Decimal("834.8"), 2086), ("2022", 30, Decimal("678.3"), 1566)]
    assert shown(
        "select period, count(*), count(*) filter (where applied), count(*) filter (where transferred) "
        "from mart.research_task group by period order by period"
    ) == [("2021-Q1", 22, 5, 5), ("2021-Q2", 18, 4, 4)]
    # Every enterprise of the two quarters is another one.
    assert shown("select count(*) from mart.dim_enterprise") == [(30 + 24 + 14 + 10,)]


def test_comments_money_and_services_of_the_drops_are_facts_with_what_is_late_marked(
    pipeline: Any, warehouse: psycopg.Connection, settings: Settings
) -> None:
    drop(
        pipeline,
        *(path for path in FILES if path.parent.name in ("plan_comments", "plan_budget", "smart_city")),
    )
    refresh(warehouse)
    with connect(settings, "bi") as bi:
        # Each department's file is a state of its own; two comments of one came after 5 March.
        assert bi.execute(
            "select reporting_unit, count(*), count(*) filter (where is_late), count(is_late) "
            "from mart.plan_comment group by 1 order by 1"
        ).fetchall() == [("so-kh-dt", 10, 0, 10), ("so-y-te", 12, 2, 12)]
        assert bi.execute(
            "select target_code, received_on from mart.plan_comment where is_late order by 2"
        ).fetchall() == [("SMART_HOSP_P", date(2021, 3, 13)), ("LAB_PROD", date(2021, 3, 18))]
        # The sums are those of the total row of 2021; three rows of 2022 are held back.
        assert bi.execute(
            "select period, count(*), sum(planned_vnd_m), sum(allocated_vnd_m), sum(disbursed_vnd_m) "
            "from mart.plan_budget group by 1 order by 1"
        ).fetchone() == ("2021", 36, Decimal("3943078.5"), Decimal("3024692.1"), Decimal("2102882.8"))
        assert bi.execute("select count(*) from mart.plan_budget where period = '2022'").fetchone() == (33,)
        assert bi.execute(
            "select period, count(*), sum(sensors) from mart.smart_city_service group by 1 order by 1"
        ).fetchall() == [("2021-H1", 28, 3001), ("2021-H2", 25, 2947 - 155 - 60 - 114)]


def test_reports_of_a_department_and_of_its_successor_are_one_series_in_the_communes_of_today(
    pipeline: Any, warehouse: psycopg.Connection, expected: Callable[[Path], dict[str, Any]]
) -> None:
    folder = "broadband_coverage"
    before = DROPS / "so-tt-tt" / folder / "Bang rong Quy I-2021.xlsx"
    after = DROPS / "so-kh-cn" / folder / "Bang rong Quy III-2025.xlsx"
    drop(pipeline, before, after)
    refresh(warehouse)
    reported = warehouse.execute("select distinct reporting_unit from ledger.submission where is_current")
    assert reported.fetchall() == [("broadband_coverage",)]

    owners = warehouse.execute(
        "select source.period, source.department_code, department.valid_to, today.today_department_code "
        "from mart.fct_indicator_source as source "
        "inner join mart.dim_department as department using (department_code) "
        "inner join mart.department_today as today using (department_code) "
        "where source.indicator_code = 'BB_COMMUNE' order by 1"
    ).fetchall()
    assert owners == [
        ("2021-Q1", "so-tt-tt", date(2025, 3, 1), "so-kh-cn"),
        ("2025-Q3", "so-kh-cn", None, "so-kh-cn"),
    ]
    for period, department, *_ in owners:
        (owner,) = (one for one in contracts()[folder].owners if one.department == department)
        last_day = contracts()[folder].last_day(Period.parse(period))
        assert owner.valid_from is None or owner.valid_from <= last_day
        assert owner.valid_to is None or last_day < owner.valid_to

    series = {
        period: figures
        for period, *figures in warehouse.execute(
            "select period, count(*), count(*) filter (where unallocated), sum(villages_total), "
            "sum(households_total), sum(households_fixed_broadband), sum(communes_count), "
            "sum(communes_covered_count) from mart.broadband_commune_today group by period"
        )
    }
    for path, period, units, covered in ((before, "2021-Q1", 167, 430), (after, "2025-Q3", 166, 130)):
        accepted = expected(path)["accepted"]
        totals = [
            sum(row[column] for row in accepted)
            for column in ("villages_total", "households_total", "households_fixed_broadband")
        ]
        assert series[period] == [units, units - 166, *totals, len(accepted), covered]
