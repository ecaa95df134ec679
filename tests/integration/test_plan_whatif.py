"""What another target, year or pace would mean: by hand, and without a trace in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dxpipeline.cli import main
from dxpipeline.plan.progress import compute_progress
from dxpipeline.plan.scenario import Changes, ScenarioError, what_if
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

DRAFT = "DT-2021-02-25"


@pytest.fixture
def filled(warehouse: psycopg.Connection) -> psycopg.Connection:
    """Return a warehouse with 36 enterprises at the end of 2023: from 30 in 2020, where 60 are wanted."""
    warehouse.execute(
        "insert into mart.fct_indicator_value (indicator_code, period, geography_code, vintage, "
        "period_end_on, numerator, denominator, value, unit) "
        "values ('ST_ENT_TOTAL', '2023', '38', 'reported', '2023-12-31', 36, 36, 36, 'enterprise')"
    )
    compute_progress(warehouse)
    return warehouse


@pytest.fixture
def bi(settings: Settings, filled: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with connect(settings, "bi", autocommit=True) as connection:
        yield connection


def asked(connection: psycopg.Connection, **changes: Any) -> dict[str, Any]:
    """Return what changes mean for the one target of the draft that they touch."""
    (outcome,) = what_if(connection, Changes(**changes), document=DRAFT)
    return dict(outcome)


def seen(state: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(state[name] for name in names)


def half_shared(connection: psycopg.Connection) -> tuple[float, float]:
    """Return need and budget of the target, each solution of several targets in equal parts."""
    row = connection.execute(
        "with link as (select *, count(*) over (partition by solution_code) as targets "
        "from mart.bridge_solution_target) "
        "select sum((select sum(needed_vnd_m) from mart.fct_budget_need where solution_code = "
        "link.solution_code) / targets), sum((select sum(amount_vnd_m) from mart.fct_budget_line where "
        "solution_code = link.solution_code) / targets) "
        "from link where document_code = %s and indicator_code = 'ST_ENT_TOTAL'",
        [DRAFT],
    ).fetchone()
    assert row is not None
    return float(row[0]), float(row[1])


def content(settings: Settings) -> dict[str, tuple[Any, ...]]:
    """Return the number of rows and a checksum of every table of the warehouse."""
    with connect(settings, "owner", autocommit=True) as owner:
        tables = owner.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('core', 'ledger', 'mart', 'plan', 'quarantine', 'staging')"
        ).fetchall()
        count = "select count(*), sum(hashtextextended(stored::text, 0)) from {} as stored"
        return {name: owner.execute(count.format(name).encode()).fetchall()[0] for (name,) in tables}


def test_a_lower_target_is_nearer_and_needs_less(bi: psycopg.Connection) -> None:
    outcome = asked(bi, targets={"ST_ENT_TOTAL": 45})
    # 2 a year since 2020: 40 in 2025, 60 in 2035. For 45, 4.5 a year are needed: 2 is less than half of it.
    assert seen(outcome, "period", "value", "unit") == ("2023", 36, "enterprise")
    shown = ("target_value", "required_pace", "observed_pace", "projected_value", "reached_in", "verdict")
    assert seen(outcome["before"], *shown) == (60, 12, 2, 40, 2035, "out_of_reach")
    assert seen(outcome["after"], *shown) == (45, 4.5, 2, 40, 2028, "out_of_reach")
    assert asked(bi, targets={"ST_ENT_TOTAL": 44})["after"]["verdict"] == "at_risk"
    assert asked(bi, targets={"ST_ENT_TOTAL": 40})["after"]["verdict"] == "on_track"
    # Half of the way from 30 to 60.
    need, budget = half_shared(bi)
    money = outcome["money"]
    assert seen(money, "need_before_vnd_m", "need_after_vnd_m") == (need, need / 2)
    assert seen(money, "budget_vnd_m", "gap_before_vnd_m") == (budget, need - budget)
    assert seen(money, "gap_after_vnd_m", "refused", "synthetic") == (need / 2 - budget, None, True)
    assert need > budget / 2 > 0


@pytest.mark.parametrize("value", [25, 30])
def test_a_target_that_the_baseline_meets_needs_nothing_and_has_no_gap(
    bi: psycopg.Connection, value: float
) -> None:
    money = asked(bi, targets={"ST_ENT_TOTAL": value})["money"]
    assert seen(money, "need_after_vnd_m", "gap_after_vnd_m", "refused") == (0, None, "no-need")
    assert money["gap_before_vnd_m"] is not None


def test_an_average_is_reached_at_its_target_year_or_never(
    filled: psycopg.Connection,
) -> None:
    filled.execute(
        "insert into mart.fct_indicator_value (indicator_code, period, geography_code, vintage, "
        "period_end_on, numerator, denominator, value, unit) "
        "values ('LAB_PROD', '2022', '38', 'estimate', '2022-12-31', 73.69, 60.13, 10.7, 'pct')"
    )
    shown = ("reached_in", "verdict")
    # Two years at 10.7 % and three at 4 % are 6.63 % on average; at 5 % they are more than the 7 % wanted.
    slow = asked(filled, paces={"LAB_PROD": 4})
    assert slow["after"]["projected_value"] == pytest.approx(6.63, abs=0.005)
    assert seen(slow["after"], *shown) == (None, "at_risk")
    assert seen(slow["before"], *shown) == (2025, "on_track")
    assert seen(asked(filled, paces={"LAB_PROD": 5})["after"], *shown) == (2025, "on_track")


def test_a_later_year_leaves_time_and_changes_no_sum(bi: psycopg.Connection) -> None:
    outcome = asked(bi, years={"ST_ENT_TOTAL": 2035})
    assert seen(outcome["after"], "target_year", "required_pace", "projected_value", "verdict") == (
        2035,
        2,
        60,
        "on_track",
    )
    assert outcome["money"]["need_after_vnd_m"] == outcome["money"]["need_before_vnd_m"]


def test_another_pace_leads_elsewhere(bi: psycopg.Connection) -> None:
    outcome = asked(bi, paces={"ST_ENT_TOTAL": 6})
    assert seen(outcome["after"], "projected_value", "projection_method", "reached_in", "verdict") == (
        48,
        "assumed-pace",
        2027,
        "at_risk",
    )
    assert asked(bi, paces={"ST_ENT_TOTAL": 12})["after"]["verdict"] == "on_track"
    assert asked(bi, paces={"ST_ENT_TOTAL": -1})["after"]["reached_in"] is None


def test_every_document_with_the_target_is_touched_unless_one_is_named(bi: psycopg.Connection) -> None:
    outcomes = what_if(bi, Changes(targets={"ST_ENT_TOTAL": 45}))
    assert [outcome["document_code"] for outcome in outcomes] == [DRAFT, "QD-5060-2020"]


def test_no_sum_is_given_where_it_cannot_be_known(bi: psycopg.Connection) -> None:
    known = ("need_before_vnd_m", "need_after_vnd_m", "refused")
    # No solution; a solution whose need nobody has said; no baseline, so that the way has no length.
    assert seen(asked(bi, targets={"LAB_PROD": 6})["money"], *known) == (None, None, "no-solution")
    assert seen(asked(bi, targets={"DIG_ECON": 10})["money"], *known) == (None, None, "no-cost")
    before, after, refused = seen(asked(bi, targets={"EHR_FAC": 90})["money"], *known)
    assert (before is not None, after, refused) == (True, None, "no-baseline")
    # A number for a target that has none.
    assert asked(bi, targets={"OPS_FULL": 80})["money"]["need_after_vnd_m"] is None


def test_a_target_without_a_value_has_no_verdict(bi: psycopg.Connection) -> None:
    outcome = asked(bi, targets={"SW_ENT": 20})
    assert seen(outcome["after"], "target_value", "distance", "verdict", "point_count") == (
        20,
        None,
        "no_data",
        0,
    )


@pytest.mark.parametrize(
    ("changes", "document", "words"),
    [
        ({}, None, "give --target, --year or --pace"),
        ({"targets": {"RD_FTE": 8}}, None, "--target RD_FTE=8: no document has a target for it; give one of"),
        ({"years": {"EHR_POP": 2027}}, DRAFT, f"--year EHR_POP=2027: {DRAFT} has no target for it"),
        (
            {"targets": {"SW_ENT": 8}},
            "QD-1",
            "--document QD-1: no such document sets targets; give one of DT",
        ),
        (
            {"years": {"OPS_FULL": 2027}},
            None,
            "--year OPS_FULL=2027: no number is named for it; give --target",
        ),
        (
            {"targets": {"BB_COMMUNE": -5}},
            None,
            "--target BB_COMMUNE=-5: it cannot be; give a value from 0 to",
        ),
        (
            {"targets": {"EHR_FAC": 150}},
            None,
            "--target EHR_FAC=150: it cannot be; give a value from 0 to 100",
        ),
        ({"targets": {"SW_ENT": -1}}, None, "--target SW_ENT=-1: it cannot be; give a value at least 0"),
        ({"targets": {"DTI": 0}}, None, "--target DTI=0: it cannot be; give a value at least 1"),
        ({"years": {"SW_ENT": 2015}}, DRAFT, f"--year SW_ENT=2015: {DRAFT} is of 2021; give that year or"),
        ({"paces": {"DTI": 2}}, None, "--pace DTI=2: it is not approached at a pace"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    bi: psycopg.Connection, changes: dict[str, Any], document: str | None, words: str
) -> None:
    with pytest.raises(ScenarioError, match=words.replace("(", r"\(")):
        what_if(bi, Changes(**changes), document=document)


def test_the_command_prints_before_and_after_and_leaves_no_trace(
    settings: Settings, filled: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whatever command comes first brings an emptied warehouse up to date.
    assert main(["migrate"]) == 0
    before = content(settings)
    assert before["mart.fct_target_progress"][0] > 1
    arguments = ["plan", "whatif", "--document", DRAFT, "--target", "ST_ENT_TOTAL=45"]
    arguments += ["--year", "ST_ENT_TOTAL=2027", "--pace", "ST_ENT_TOTAL=3"]
    assert main([*arguments, "--json"]) == 0
    (outcome,) = json.loads(capsys.readouterr().out)["targets"]
    assert seen(outcome["after"], "target_value", "target_year", "projected_value", "verdict") == (
        45,
        2027,
        48,
        "on_track",
    )
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    now, then = (" ".join(line.split()) for line in lines if "assumed-" in line or "two-points" in line)
    assert now == f"{DRAFT} ST_ENT_TOTAL now 36 60 (2025) 12 2 40 2035 out_of_reach two-points"
    assert then == f"{DRAFT} ST_ENT_TOTAL if 36 45 (2027) 2.25 3 48 2026 on_track assumed-pace"
    assert any("tỷ lệ với quãng đường" in line for line in lines)
    assert any("450 1,350" in " ".join(line.split()) for line in lines)
    assert any("tính theo tỷ lệ" in line and "need/yr" in line for line in lines)
    assert any("ví dụ tổng hợp" in line for line in lines)
    assert content(settings) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "SW_ENT=many"], "argument --target: 'SW_ENT=many' is no INDICATOR=VALUE"),
        (["--target", "SW_ENT"], "argument --target: 'SW_ENT' is no INDICATOR=VALUE"),
        (["--pace", "SW_ENT=nan"], "argument --pace: 'SW_ENT=nan' is no INDICATOR=VALUE"),
        (["--year", "SW_ENT=27"], "argument --year: 'SW_ENT=27' is no INDICATOR=YEAR"),
        (["--year", "SW_ENT=2027.5"], "argument --year: 'SW_ENT=2027.5' is no INDICATOR=YEAR"),
    ],
)
def test_what_is_no_number_is_a_mistake_of_usage(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["plan", "whatif", *arguments])
    assert end.value.code == 3
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "RD_FTE=8"], "dxpipeline: --target RD_FTE=8: no document has a target for it"),
        (["--target", "SW_ENT=8", "--target", "SW_ENT=9"], "--target SW_ENT=9: comes a second time"),
        ([], "dxpipeline: Nothing is to be otherwise"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "whatif", *arguments]) == 3
    assert words in capsys.readouterr().err


def test_the_need_of_a_target_is_that_of_its_solutions_in_parts(bi: psycopg.Connection) -> None:
    (outcome,) = what_if(bi, Changes(targets={"ST_ENT_NEW": 20}), document=DRAFT)
    sums = dict(
        bi.execute("select solution_code, sum(needed_vnd_m) from mart.fct_budget_need group by 1").fetchall()
    )
    assert outcome["money"]["solutions"] == ["GP01", "GP02"]
    # GP01 serves two targets.
    assert outcome["money"]["need_before_vnd_m"] == float(sums["GP01"] / Decimal(2) + sums["GP02"])


def test_a_solution_of_another_document_serves_the_target_and_is_paid_for_there(
    bi: psycopg.Connection, filled: psycopg.Connection
) -> None:
    drafted, decided = what_if(bi, Changes(targets={"SW_ENT": 20}))
    assert (drafted["document_code"], decided["document_code"]) == (DRAFT, "QD-5060-2020")
    shown = ("solutions", "solutions_elsewhere", "need_before_vnd_m", "budget_vnd_m", "refused")
    need, budget = drafted["money"]["need_before_vnd_m"], drafted["money"]["budget_vnd_m"]
    assert (need, budget is None) == (50000, False)
    assert seen(dict(drafted["money"]), *shown) == (["GP03"], {}, need, budget, None)
    assert seen(dict(decided["money"]), *shown) == ([], {"GP03": DRAFT}, None, None, "other-document")
    # A document that another has replaced serves nothing.
    filled.execute(
        "update mart.dim_document set status = 'replaced', replaced_on = '2022-01-01' "
        "where document_code = %s",
        [DRAFT],
    )
    (decided,) = what_if(bi, Changes(targets={"SW_ENT": 20}), document="QD-5060-2020")
    assert seen(dict(decided["money"]), *shown) == ([], {}, None, None, "no-solution")


def test_a_pace_needs_money_in_proportion(bi: psycopg.Connection) -> None:
    shown = ("unit_cost_vnd_m", "need_per_year_vnd_m", "pace_refused")
    # GP01 needs 27 000 for two targets: 13 500 for the 30 enterprises from 30 to 60, 450 for each.
    assert seen(asked(bi, paces={"ST_ENT_TOTAL": 6})["money"], *shown) == (450, 2700, None)
    assert seen(asked(bi, paces={"ST_ENT_TOTAL": -1})["money"], *shown) == (450, None, "pace-leads-away")
    assert seen(asked(bi, paces={"DIG_ECON": 3})["money"], *shown) == (None, None, "no-unit-cost")
    assert seen(asked(bi, paces={"EHR_FAC": 3})["money"], *shown) == (None, None, "no-unit-cost")
    assert seen(asked(bi, paces={"LAB_PROD": 4})["money"], *shown) == (None, None, "no-distance-per-year")
    assert seen(asked(bi, years={"ST_ENT_TOTAL": 2027})["money"], *shown) == (None, None, None)
