"""The warehouse holds what include/plan says, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.plan.reader import PLAN, PlanError, load_plan
from dxpipeline.warehouse import seed as seed_module
from dxpipeline.warehouse.seed import seed

Submit = Callable[..., int]


def one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_plan_and_dimensions_hold_the_same_plan(warehouse: psycopg.Connection) -> None:
    plan = load_plan()
    for kind, entries in (
        ("indicator", plan.indicators),
        ("target", plan.targets),
        ("observation", plan.observations),
    ):
        codes = sorted(entry.indicator_code for entry in entries)
        ordered = "select array_agg(indicator_code order by indicator_code) from"
        for table in (f"plan.{kind}", f"mart.dim_{kind}"):
            assert one(warehouse, f"{ordered} {table}") == codes
    documents = one(warehouse, "select array_agg(document_code order by document_code) from plan.document")
    assert documents == sorted(document.document_code for document in plan.documents)
    statuses = warehouse.execute("select distinct document_code, document_status from mart.dim_target")
    status = {document.document_code: document.status for document in plan.documents}
    assert dict(statuses.fetchall()) == {
        target.document_code: status[target.document_code] for target in plan.targets
    }
    assert status["DT-2021-02-25"] == "draft"


def test_owners_follow_each_other_from_the_day_of_the_document(warehouse: psycopg.Connection) -> None:
    owners = warehouse.execute(
        "select document_code, department_code, valid_from, valid_to from plan.target_owner "
        "where indicator_code = 'SW_ENT' order by document_code, valid_from"
    ).fetchall()
    merged = date(2025, 3, 1)
    assert owners == [
        ("DT-2021-02-25", "so-tt-tt", date(2021, 2, 25), merged),
        ("DT-2021-02-25", "so-kh-cn", merged, None),
        ("QD-5060-2020", "so-tt-tt", date(2020, 11, 25), merged),
        ("QD-5060-2020", "so-kh-cn", merged, None),
    ]
    last = warehouse.execute(
        "select count(*), count(*) filter (where owner.department_code = target.owner_code) "
        "from plan.target_owner as owner "
        "inner join plan.target as target "
        "using (document_code, indicator_code, geography_code, target_year) where owner.valid_to is null"
    ).fetchone()
    assert last == (len(load_plan().targets), len(load_plan().targets))


def test_a_target_names_the_documents_that_it_rests_on_and_cites_their_numbers(
    warehouse: psycopg.Connection,
) -> None:
    bases = warehouse.execute(
        "select array_agg(basis_code order by basis_code) from plan.target_legal_basis "
        "where document_code = 'DT-2021-02-25' and indicator_code = 'ST_ENT_NEW'"
    ).fetchone()
    assert bases == (["ND-13-2019", "QD-5060-2020"],)
    cited = warehouse.execute(
        "select indicator_code, legal_basis from mart.dim_target "
        "where document_code = 'DT-2021-02-25' and indicator_code in ('ST_ENT_NEW', 'TFP_SHARE') order by 1"
    ).fetchall()
    assert cited == [("ST_ENT_NEW", "5060/QĐ-UBND; 13/2019/NĐ-CP"), ("TFP_SHARE", None)]


def test_a_target_holds_as_long_as_its_document(
    owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load_plan()
    documents = tuple(
        entry.model_copy(update={"status": "replaced", "replaced_on": date(2026, 1, 1)})
        if entry.document_code == "DT-2021-02-25"
        else entry
        for entry in plan.documents
    )
    monkeypatch.setattr(seed_module, "load_plan", lambda: replace(plan, documents=documents))
    seed(owner)
    for table in ("plan.target", "mart.dim_target", "plan.solution", "mart.dim_solution"):
        held = owner.execute(
            f"select distinct valid_from, valid_to from {table} where document_code = 'DT-2021-02-25'"
        ).fetchall()
        assert held == [(date(2021, 2, 25), date(2026, 1, 1))]
    assert one(
        owner, "select array_agg(distinct valid_to) from mart.dim_target where document_code like 'QD%'"
    ) == [None]
    ends = "select max(valid_to) from plan.target_owner where indicator_code = 'LAB_PROD'"
    assert one(owner, ends) == date(2026, 1, 1)


def test_a_target_without_a_number_has_words_and_no_value(bi: psycopg.Connection) -> None:
    silent = bi.execute(
        "select indicator_code, statement_en from mart.dim_target where target_value is null order by 1"
    ).fetchall()
    assert silent == [
        ("OPS_FULL", "Digital transformation of state agencies basically complete"),
        ("SMART_CITY_IOC", "Smart cities are built"),
    ]


def test_solutions_and_their_money_stand_in_both_schemas(
    bi: psycopg.Connection, warehouse: psycopg.Connection
) -> None:
    plan = load_plan()
    wanted: tuple[list[tuple[Any, ...]], ...] = (
        [
            (entry.solution_code, entry.document_code, entry.led_by, entry.owner_code, entry.sureness)
            for entry in plan.solutions
        ],
        [
            (entry.solution_code, cost.year, cost.needed_vnd_m)
            for entry in plan.solutions
            for cost in entry.costs
        ],
        [(line.solution_code, line.year, line.fund, line.amount_vnd_m) for line in plan.budget_lines],
        [(entry.solution_code, code, 2025) for entry in plan.solutions for code in entry.indicator_codes],
    )
    columns = (
        "solution_code, document_code, led_by, owner_code, sureness",
        "solution_code, year, needed_vnd_m",
        "solution_code, year, fund, amount_vnd_m",
        "solution_code, indicator_code, target_year",
    )
    for connection, tables in (
        (warehouse, ("plan.solution", "plan.solution_cost", "plan.budget_line", "plan.solution_target")),
        (
            bi,
            (
                "mart.dim_solution",
                "mart.fct_budget_need",
                "mart.fct_budget_line",
                "mart.bridge_solution_target",
            ),
        ),
    ):
        for table, names, rows in zip(tables, columns, wanted, strict=True):
            assert sorted(connection.execute(f"select {names} from {table}").fetchall()) == sorted(rows)


def test_need_and_money_of_a_solution_can_be_set_against_each_other(bi: psycopg.Connection) -> None:
    missing = bi.execute(
        "select need.year, need.needed_vnd_m - sum(line.amount_vnd_m) from mart.fct_budget_need as need "
        "inner join mart.fct_budget_line as line using (solution_code, year) "
        "where need.solution_code = 'GP03' "
        "group by need.year, need.needed_vnd_m order by 1"
    ).fetchall()
    assert missing == [
        (2021, Decimal(0)),
        (2022, Decimal(0)),
        (2023, Decimal(0)),
        (2024, Decimal(4000)),
        (2025, Decimal(4000)),
    ]


def test_what_leaves_the_plan_leaves_the_tables(
    owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seed_module, "load_plan", lambda: replace(load_plan(), solutions=(), budget_lines=()))
    seed(owner)
    owner.execute("set constraints all immediate")
    for table in (
        "plan.solution",
        "plan.solution_target",
        "plan.solution_cost",
        "plan.budget_line",
        "mart.dim_solution",
        "mart.bridge_solution_target",
        "mart.fct_budget_need",
        "mart.fct_budget_line",
    ):
        assert one(owner, f"select count(*) from {table}") == 0


def test_a_broken_plan_changes_nothing(
    owner: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = owner.execute("select * from plan.target order by 1, 2, 3, 4").fetchall()
    folder = copytree(PLAN, tmp_path / "plan")
    path = folder / "targets.yaml"
    text = path.read_text(encoding="utf-8").replace("target_value: 60", "target_value: 61", 1)
    path.write_text(text.replace("[QD-950-2018-TTG]", "[QD-951-2018-TTG]"), encoding="utf-8")
    monkeypatch.setattr(seed_module, "load_plan", lambda: load_plan(folder))
    with pytest.raises(PlanError, match=r"targets.yaml, line \d+ .*QD-951-2018-TTG"):
        seed(owner)
    assert owner.execute("select * from plan.target order by 1, 2, 3, 4").fetchall() == before


def test_an_indicator_that_leaves_the_plan_takes_its_target_and_values_along(
    owner: psycopg.Connection, warehouse: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("broadband_coverage", "2021-Q1", [("14758", {})])
    refresh(warehouse)
    plan = load_plan()
    rest = replace(
        plan,
        indicators=tuple(entry for entry in plan.indicators if entry.indicator_code != "BB_COMMUNE"),
        targets=tuple(entry for entry in plan.targets if entry.indicator_code != "BB_COMMUNE"),
    )
    monkeypatch.setattr(seed_module, "load_plan", lambda: rest)
    seed(owner)
    owner.execute("set constraints all immediate")
    for table in ("mart.indicator_status", "mart.dim_target", "mart.fct_indicator_value"):
        assert one(owner, f"select count(*) from {table} where indicator_code = 'BB_COMMUNE'") == 0
    assert one(owner, "select count(*) from mart.dim_target") == len(rest.targets)
