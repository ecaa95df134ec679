"""How the values of the warehouse become points, progress and verdicts, computed by hand beside each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.plan.progress import compute_progress

Submit = Callable[..., int]

DRAFT = "DT-2021-02-25"


@pytest.fixture
def economy(warehouse: psycopg.Connection, submit: Submit) -> psycopg.Connection:
    """Return a warehouse with the digital economy of two years, one of them in two vintages."""
    submit(
        "digital_economy",
        "2024",
        [
            (key, {"total_vnd_bn": total, "grdp_current_vnd_bn": 1000})
            for key, total in (
                ((2022, "GSO", "chính thức"), 80),
                ((2022, "GSO", "ước tính"), 200),
                ((2024, "GSO", "sơ bộ"), 90),
                ((2024, "MIC", "sơ bộ"), 190),
            )
        ],
    )
    refresh(warehouse)
    return warehouse


@pytest.fixture
def changed(warehouse: psycopg.Connection) -> Iterator[Callable[..., None]]:
    """Return a function that changes the draft's target of an indicator until the test ends."""
    saved = warehouse.execute("select * from mart.dim_target").fetchall()

    def change(indicator: str, **columns: Any) -> None:
        assignments = ", ".join(f"{name} = %({name})s" for name in columns)
        warehouse.execute(
            f"update mart.dim_target set {assignments} "
            "where document_code = %(document)s and indicator_code = %(indicator)s".encode(),
            {**columns, "document": DRAFT, "indicator": indicator},
        )

    yield change
    with warehouse.transaction():
        warehouse.execute("delete from mart.dim_target")
        with warehouse.cursor() as cursor, cursor.copy("copy mart.dim_target from stdin") as copy:
            for row in saved:
                copy.write_row(row)


def points(connection: psycopg.Connection, indicator: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select origin, period, vintage, round(value, 3)::float from mart.target_series "
        "where document_code = %s and indicator_code = %s order by period_end_on, origin",
        [DRAFT, indicator],
    ).fetchall()


def progress(connection: psycopg.Connection, indicator: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Return columns of the draft's target by period, numbers with three decimals."""
    rows = connection.execute(
        "select to_jsonb(fact) from mart.fct_target_progress as fact "
        "where document_code = %s and indicator_code = %s order by period_end_on",
        [DRAFT, indicator],
    )
    return {
        row["period"]: tuple(
            round(row[name], 3) if isinstance(row[name], float) else row[name] for name in columns
        )
        for (row,) in rows
    }


def headline(connection: psycopg.Connection, indicator: str, *columns: str) -> tuple[Any, ...]:
    row = connection.execute(
        "select to_jsonb(shown) from mart.target_progress as shown "
        "where document_code = %s and indicator_code = %s",
        [DRAFT, indicator],
    ).fetchone()
    assert row is not None
    return tuple(row[0][name] for name in columns)


def test_the_points_are_the_best_vintages_and_what_others_published_of_other_years(
    economy: psycopg.Connection,
) -> None:
    assert points(economy, "DIG_ECON") == [
        ("reported", "2022", "final", 8.0),
        ("published", "2023", "published", 8.28),
        ("reported", "2024", "preliminary", 9.0),
    ]


def test_what_was_published_of_a_reported_year_is_no_point(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("digital_economy", "2023", [((2023, "GSO", "ước tính"), {})])
    refresh(warehouse)
    assert points(warehouse, "DIG_ECON") == [("reported", "2023", "estimate", 8.0)]


def test_a_baseline_is_a_point_of_its_target(warehouse: psycopg.Connection) -> None:
    assert points(warehouse, "ST_ENT_TOTAL") == [
        ("baseline", "2020", None, 30.0),
        ("published", "2022", "published", 32.0),
    ]


def test_a_target_is_judged_as_of_each_period_by_what_was_known_of_it_then(
    economy: psycopg.Connection,
) -> None:
    # 8 % two years after the end of 2020: at most 4 points a year, 20 in 2025. 9 % in 2024: half a point a
    # year since 2022; 11 are left for one year. The published value was made by others and stands alone:
    # 8.28 / 3 a year.
    assert progress(
        economy,
        "DIG_ECON",
        "distance",
        "required_pace",
        "observed_pace",
        "projected_value",
        "projected_high",
        "projection_method",
        "point_count",
        "verdict",
    ) == {
        "2022": (12, 4, None, None, 20, "single-point-bound", 1, "no_data"),
        "2023": (11.72, 5.86, None, None, 13.8, "single-point-bound", 1, "out_of_reach"),
        "2024": (11, 11, 0.5, 9.5, None, "two-points", 2, "out_of_reach"),
    }


def test_the_latest_report_is_what_a_target_shows(economy: psycopg.Connection) -> None:
    shown = ("period", "vintage", "value", "status", "verdict", "projection_method")
    assert headline(economy, "DIG_ECON", *shown) == (
        "2024",
        "preliminary",
        9,
        "not_reached",
        "out_of_reach",
        "two-points",
    )


def test_before_any_report_what_others_published_is_judged(warehouse: psycopg.Connection) -> None:
    refresh(warehouse)
    shown = ("period", "vintage", "verdict", "projection_method")
    assert headline(warehouse, "DIG_ECON", *shown) == (
        "2023",
        "published",
        "out_of_reach",
        "single-point-bound",
    )
    assert headline(warehouse, "SMART_HOSP_P", *shown, "point_count") == (None, None, "no_data", None, None)


def test_a_better_vintage_changes_the_progress_of_its_year(
    economy: psycopg.Connection, submit: Submit
) -> None:
    final = {"total_vnd_bn": 150, "grdp_current_vnd_bn": 1000}
    submit("digital_economy", "2025", [((2024, "GSO", "chính thức"), final)])
    refresh(economy)
    # 3.5 points a year, where 5 are needed.
    assert progress(economy, "DIG_ECON", "vintage", "value", "verdict")["2024"] == ("final", 15, "at_risk")


def test_years_of_different_methods_make_no_series(warehouse: psycopg.Connection) -> None:
    compute_progress(warehouse)
    rows = warehouse.execute(
        "select period, point_count, verdict, progress_pct::float from mart.fct_target_progress "
        "where indicator_code = 'DTI' order by 1"
    ).fetchall()
    # A rank is judged by itself, and the way from one method to another is none.
    assert rows == [
        ("2020", 1, "no_data", None),
        ("2021", 1, "no_data", None),
        ("2022", 1, "no_data", None),
        ("2023", 1, "no_data", None),
        ("2024", 1, "reached", None),
    ]


def test_a_value_that_cannot_be_computed_is_no_point(warehouse: psycopg.Connection, submit: Submit) -> None:
    # GRDP that hardly grows: the part of TFP in it says nothing.
    flat = {"grdp_constant2010_vnd_bn": 1000}
    submit("economic_accounts", "2022", [((2021, "chính thức"), flat), ((2022, "chính thức"), flat)])
    refresh(warehouse)
    held = warehouse.execute(
        "select period, value from mart.fct_indicator_value where indicator_code = 'TFP_SHARE'"
    ).fetchall()
    assert held == [("2022", None)]
    assert [origin for origin, *_ in points(warehouse, "TFP_SHARE")] == ["baseline", "published"]
    assert progress(warehouse, "TFP_SHARE", "verdict") == {"2020": ("no_data",)}


def test_what_is_so_already_is_not_written_again(economy: psycopg.Connection, changed: Any) -> None:
    def written() -> dict[Any, Any]:
        return dict(
            economy.execute(
                "select (document_code, indicator_code, target_year, period)::text, xmin::text "
                "from mart.fct_target_progress"
            ).fetchall()
        )

    before = written()
    refresh(economy)
    assert written() == before
    changed("DIG_ECON", target_value=9)
    compute_progress(economy)
    after = written()
    touched = {key for key in after if after[key] != before[key]}
    assert touched == {key for key in before if "DIG_ECON" in key}
    assert progress(economy, "DIG_ECON", "target_value", "distance", "verdict")["2024"] == (9, 0, "on_track")


def test_what_is_no_longer_reported_has_no_progress(warehouse: psycopg.Connection, submit: Submit) -> None:
    first = submit("smart_hospitals", "2021-Q1", [("38001", {"it_level": 6})])
    refresh(warehouse)
    assert progress(warehouse, "SMART_HOSP_P", "value", "verdict") == {"2021-Q1": (1, "no_data")}
    submit("smart_hospitals", "2021-Q1", [("38101", {"hospital_tier": "district"})], replaces=first)
    refresh(warehouse)
    assert progress(warehouse, "SMART_HOSP_P", "value", "verdict") == {}


def test_a_target_without_a_number_is_shown_and_not_judged(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    shown = ("period", "value", "target_value", "status", "verdict", "projection_method")
    assert headline(warehouse, "OPS_FULL", *shown) == (
        None,
        None,
        None,
        "no_data",
        "no_data",
        "no-target-value",
    )
    submit("digital_government", "2021-03", [("H1", {"dossiers_received": 100, "dossiers_online": 40})])
    refresh(warehouse)
    assert headline(warehouse, "OPS_FULL", *shown) == (
        "2021-03",
        40,
        None,
        "no_target",
        "no_data",
        "no-target-value",
    )


def test_every_verdict_leads_to_its_files(economy: psycopg.Connection) -> None:
    assert economy.execute(
        "select progress.period, source.file_name, used.source_row "
        "from mart.fct_target_progress as progress "
        "inner join mart.fct_indicator_source as source "
        "using (indicator_code, period, geography_code, vintage) "
        "inner join mart.fct_indicator_row as used "
        "using (indicator_code, period, geography_code, vintage, submission_id) "
        "where progress.document_code = %s and indicator_code = 'DIG_ECON' order by 1",
        [DRAFT],
    ).fetchall() == [("2022", "báo cáo 1.xlsx", 10), ("2024", "báo cáo 1.xlsx", 12)]


def test_bi_reads_progress_and_points_and_writes_none(
    economy: psycopg.Connection, bi: psycopg.Connection
) -> None:
    assert len(points(bi, "DIG_ECON")) == 3
    assert set(progress(bi, "DIG_ECON", "verdict")) == {"2022", "2023", "2024"}
    bi.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bi.execute("delete from mart.fct_target_progress")
