"""Derived columns: the delivery's dates and what the look-ups say of each row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import polars as pl
import pytest

from dxpipeline import reference
from dxpipeline.contracts import Contract, DerivedColumn, contracts
from dxpipeline.periods import Period
from dxpipeline.quality.derived import DERIVATIONS, Context, DerivationError, derive, derived_kinds

# Received years later, as in a replay: the units of the period count, not those of the day.
IN_2021 = Context(date(2021, 6, 14), date(2021, 6, 29), date(2025, 8, 1))
IN_2025 = Context(date(2025, 9, 14), date(2025, 9, 29), date(2025, 9, 20))


def broadband(*derived: DerivedColumn) -> Contract:
    return replace(contracts()["broadband_coverage"], derived=derived)


def look_up(
    function: str, columns: tuple[str, ...], rows: dict[str, list[str | None]], context: Context
) -> list[object]:
    contract = broadband(DerivedColumn("made", function, columns))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))
    return derive(frame, contract, context)["made"].to_list()


def test_the_context_measures_the_day_of_receipt_in_viet_nam() -> None:
    contract = contracts()["smart_hospitals"]
    period = Period.parse("2021-Q2")
    evening = datetime.fromisoformat("2021-07-10T17:30:00+00:00")
    assert Context.of(contract, period, evening) == Context(
        date(2021, 6, 30), date(2021, 7, 15), date(2021, 7, 11)
    )
    with pytest.raises(ValueError, match="received_at has no time zone"):
        Context.of(contract, period, datetime(2021, 7, 10, 17, 30))


def test_a_delivery_s_dates_stand_in_every_row() -> None:
    contract = broadband(*(DerivedColumn(name, name) for name in ("received_on", "due_on", "period_end_on")))
    assert (
        derive(pl.DataFrame({"commune_code": ["a", "b"]}), contract, IN_2021).rows()
        == [(date(2025, 8, 1), date(2021, 6, 29), date(2021, 6, 14))] * 2
    )


def test_the_lowest_value_is_missing_where_one_of_the_columns_is() -> None:
    contract = broadband(DerivedColumn("least", "lowest", ("villages_total", "villages_4g")))
    rows = pl.DataFrame({"villages_total": [5, 2, None], "villages_4g": [3, 4, 1]})
    assert derive(rows, contract, IN_2021)["least"].to_list() == [3, 2, None]


def test_a_commune_is_in_force_on_the_last_day_of_the_period() -> None:
    codes: dict[str, list[str | None]] = {"commune_code": ["14755", "14758", "19999", None]}
    assert look_up("commune_in_force", ("commune_code",), codes, IN_2021) == [True, True, False, None]
    assert look_up("commune_in_force", ("commune_code",), codes, IN_2025) == [False, True, False, None]


@pytest.mark.parametrize(
    ("code", "name", "context", "agrees"),
    [
        ("14758", "Phường Đông Thọ", IN_2021, True),
        ("14758", "phường  ĐÔNG THỌ", IN_2021, True),
        ("14758", "Đông Thọ", IN_2021, True),
        ("14758", "Xã Đông Thọ", IN_2021, False),
        ("14758", "Phường Hàm Rồng", IN_2021, False),
        ("14758", "Phường Hàm Rồng", IN_2025, True),
        ("14758", "Phường Đông Thọ", IN_2025, False),
        ("14755", "Phường Hàm Rồng", IN_2025, None),
        ("14758", None, IN_2021, None),
        (None, "Phường Đông Thọ", IN_2021, None),
    ],
)
def test_a_name_agrees_with_its_code_with_or_without_the_type_of_unit(
    code: str | None, name: str | None, context: Context, agrees: bool | None
) -> None:
    columns = ("commune_code", "commune_name")
    rows = {"commune_code": [code, "14761"], "commune_name": [name, "x"]}
    assert look_up("commune_name_agrees", columns, rows, context)[0] is agrees


def test_tones_placed_the_old_way_agree() -> None:
    code, commune = next(
        (code, unit)
        for code, unit in reference.communes_in_force(date(2021, 6, 14)).items()
        if "Hòa" in unit.commune_name
    )
    rows: dict[str, list[str | None]] = {
        "commune_code": [code, code],
        "commune_name": [
            commune.commune_name.replace("Hòa", "Hoà"),
            commune.commune_name.replace("Hòa", "Hóa"),
        ],
    }
    assert look_up("commune_name_agrees", ("commune_code", "commune_name"), rows, IN_2021) == [True, False]


def test_an_abolished_code_is_explained_by_its_successors() -> None:
    explain = DERIVATIONS["commune_in_force"].explain
    assert explain is not None
    assert explain(["14755"], IN_2025) == {
        "suggestion": "14758 Phường Hàm Rồng",
        "former": "Phường Hàm Rồng",
        "since": "2025-07-01",
    }
    assert explain(["19999"], IN_2025) == {}


def test_a_wrong_name_is_explained_by_the_right_one() -> None:
    explain = DERIVATIONS["commune_name_agrees"].explain
    assert explain is not None
    assert explain(["14758", "Phường Đông Thọ"], IN_2025) == {"expected": "Phường Hàm Rồng"}


@pytest.mark.parametrize(
    ("derived", "sentence"),
    [
        (
            DerivedColumn("made", "highest", ("villages_total",)),
            "unknown function 'highest'; known are commune_in_force",
        ),
        (DerivedColumn("villages_4g", "due_on"), "has the name of a column that is sent"),
        (DerivedColumn("made", "lowest", ("villages_total",)), "needs two or more columns of one kind"),
        (
            DerivedColumn("made", "lowest", ("villages_total", "carriers")),
            "needs two or more columns of one kind",
        ),
        (DerivedColumn("made", "commune_in_force", ("villages_total",)), "kinds integer; needed: text"),
        (DerivedColumn("made", "due_on", ("commune_code",)), "kinds text; needed: none"),
    ],
)
def test_a_derivation_that_does_not_fit_is_named(derived: DerivedColumn, sentence: str) -> None:
    with pytest.raises(DerivationError, match=sentence):
        derived_kinds(broadband(derived))
