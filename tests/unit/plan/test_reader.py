"""The plan is read whole or not at all, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from dxpipeline.indicators.models import LEDGER, models
from dxpipeline.plan.entries import PlanError
from dxpipeline.plan.reader import PLAN, load_plan

Change = Callable[[list[dict[str, Any]]], None]


def changed(folder: Path, name: str, change: Change) -> Path:
    """Return a copy of the plan with one file changed."""
    copy = copytree(PLAN, folder / "plan")
    path = copy / f"{name}.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(entries)
    path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return copy


def targets_of(document_code: str) -> dict[str, tuple[int | None, str, int]]:
    return {
        item.indicator_code: (
            None if item.target_value is None else int(item.target_value),
            str(item.unit),
            item.target_year,
        )
        for item in load_plan().targets
        if item.document_code == document_code
    }


def test_the_draft_of_2021_sets_its_targets_for_2025_two_of_them_without_a_number() -> None:
    targets = targets_of("DT-2021-02-25")
    assert targets == {
        "SMART_HOSP_P": (2, "hospital", 2025),
        "SMART_HOSP_D": (6, "hospital", 2025),
        "EHR_FAC": (100, "pct", 2025),
        "BB_COMMUNE": (100, "pct", 2025),
        "ST_ENT_TOTAL": (60, "enterprise", 2025),
        "ST_ENT_NEW": (30, "enterprise", 2025),
        "SW_ENT": (10, "enterprise", 2025),
        "RD_FTE_10K": (7, "person_per_10k", 2025),
        "TFP_SHARE": (45, "pct", 2025),
        "DIG_ECON": (20, "pct", 2025),
        "LAB_PROD": (7, "pct", 2025),
        "OPS_FULL": (None, "pct", 2025),
        "SMART_CITY_IOC": (None, "urban_area", 2025),
    }


def test_the_decision_of_2020_sets_another_number_of_software_enterprises_than_the_draft() -> None:
    assert targets_of("QD-5060-2020") == {
        "ST_ENT_TOTAL": (60, "enterprise", 2025),
        "SW_ENT": (30, "enterprise", 2025),
        "RD_FTE_10K": (7, "person_per_10k", 2025),
    }


def test_the_national_target_of_95_percent_of_the_population_is_none_of_the_draft() -> None:
    assert targets_of("QD-5349-2019") == {"EHR_POP": (95, "pct", 2025)}
    (document,) = (item for item in load_plan().documents if item.document_code == "QD-5349-2019")
    assert (document.number, document.status, document.dated_on) == (
        "5349/QĐ-BYT",
        "in_force",
        date(2019, 11, 12),
    )


def test_published_values_are_of_indicators_and_say_their_method() -> None:
    observed = {
        item.year: int(item.value) for item in load_plan().observations if item.indicator_code == "DTI"
    }
    assert observed == {2020: 15, 2021: 12, 2022: 15, 2023: 11, 2024: 5}
    methods = {item.year: item.method for item in load_plan().observations if item.indicator_code == "DTI"}
    assert methods[2020] != methods[2021]


def test_a_companion_without_a_target_is_measured_all_the_same() -> None:
    plan = load_plan()
    without = {item.indicator_code for item in plan.indicators} - {
        item.indicator_code for item in plan.targets
    }
    assert "EHR_RECORDS_PER_PERSON" in without


def test_hospitals_start_from_a_zero_that_is_only_general_knowledge_and_the_others_from_nothing_known() -> (
    None
):
    baselines = {item.indicator_code: item.baseline for item in load_plan().targets}
    for code in ("SMART_HOSP_P", "SMART_HOSP_D"):
        baseline = baselines[code]
        assert baseline is not None
        assert (baseline.value, baseline.sureness) == (Decimal(0), "general_knowledge")
    assert baselines["EHR_FAC"] is None
    assert baselines["BB_COMMUNE"] is None


def test_every_indicator_of_a_feed_has_one_model_run_by_that_feed() -> None:
    made = [(code, model) for model in models() for code in model.indicators]
    # Those of the reports themselves have no feed and follow the ledger; what others publish has no model.
    wanted = {
        item.indicator_code: item.feed or LEDGER
        for item in load_plan().indicators
        if item.vintages != "published"
    }
    assert sorted(code for code, _ in made) == sorted(wanted)
    assert [code for code, model in made if wanted[code] not in model.feeds] == []


def no_baseline(entry: dict[str, Any]) -> None:
    entry.pop("baseline", None)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        pytest.param(
            "targets",
            lambda entries: entries[1].update(target_value="many"),
            r"targets.yaml, line \d+ \(DT-2021-02-25 SMART_HOSP_D 2025\): target_value is wrong",
            id="a value that is no number",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].pop("direction"),
            r"line 1 \(DT-2021-02-25 SMART_HOSP_P 2025\): direction is wrong \(Field required\)",
            id="a field that is missing",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[2].update(goal=1),
            r"\(DT-2021-02-25 EHR_FAC 2025\): goal is wrong \(Extra inputs",
            id="a field that nobody knows",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0]["baseline"].update(year="2020"),
            r"\(DT-2021-02-25 SMART_HOSP_P 2025\): baseline.year is wrong",
            id="a year as text",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0]["baseline"].update(year=2026),
            r"\(the baseline is younger than the target\)",
            id="a baseline after the target",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(indicator_code="BB_VILLAGE"),
            r"\(DT-2021-02-25 BB_VILLAGE 38 2025\): indicator_code is 'BB_VILLAGE', which does not exist",
            id="an unknown indicator",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(document_code="QD-1"),
            r"\(QD-1 BB_COMMUNE 38 2025\): document_code is 'QD-1', which does not exist",
            id="an unknown document",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(document_code="ND-13-2019"),
            r"ND-13-2019 is a regulation, which sets no targets",
            id="a target of a regulation",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(legal_basis=["ND-1-1945"]),
            r"legal_basis is 'ND-1-1945', which does not exist",
            id="a legal basis without a document",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(legal_basis=["DT-2021-02-25"]),
            r"its legal basis is its own document",
            id="a document as its own legal basis",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(unit="hospital"),
            r"its unit is hospital, that of the indicator pct",
            id="another unit than the indicator's",
        ),
        pytest.param(
            "targets",
            lambda entries: (no_baseline(entries[0]), entries[0].update(target_year=2020)),
            r"2020 lies before its document, of 2021-02-25",
            id="a target before its document",
        ),
        pytest.param(
            "targets",
            lambda entries: entries.append(entries[0]),
            r"\(DT-2021-02-25 SMART_HOSP_P 38 2025\): .* comes a second time, after targets.yaml, line 1;",
            id="a target twice",
        ),
        pytest.param(
            "targets",
            lambda entries: entries.append({**entries[0], "target_year": 2026, "target_value": 1}),
            r"SMART_HOSP_P 38 2026\): it asks for less than 2 of 2025, targets.yaml, line 1\.",
            id="less in a later year",
        ),
        pytest.param(
            "targets",
            lambda entries: entries.append({**entries[0], "target_year": 2026, "direction": "at_most"}),
            r"its direction contradicts that of 2025",
            id="another direction in a later year",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].pop("target_value"),
            r"without target_value it must have statement_vi and statement_en",
            id="neither number nor words",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].update(owners=[{"department_code": "so-la"}]),
            r"owners is 'so-la', which does not exist",
            id="an unknown owner",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3]["owners"][0].update(valid_to=date(2025, 6, 1)),
            r"the dates of so-tt-tt and so-kh-cn overlap",
            id="owners whose dates overlap",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3]["owners"][1].update(valid_from=date(2025, 6, 1)),
            r"nobody owns it between so-tt-tt and so-kh-cn",
            id="a time without owner",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[3].update(owners=[{"department_code": "so-tt-tt"}]),
            r"so-tt-tt owns it outside its own time in department.csv",
            id="an owner that was dissolved",
        ),
        pytest.param(
            "indicators",
            lambda entries: entries[2].update(feed="health_station"),
            r"indicators.yaml, line \d+ \(EHR_FAC\): feed is 'health_station', which does not exist",
            id="an unknown feed",
        ),
        pytest.param(
            "indicators",
            lambda entries: entries[2].update(owner_code="so-la"),
            r"indicators.yaml, line \d+ \(EHR_FAC\): owner_code is 'so-la', which does not exist",
            id="an unknown department",
        ),
        pytest.param(
            "indicators",
            lambda entries: entries[2].update(name_vi=" "),
            r"indicators.yaml, line \d+ \(EHR_FAC\): name_vi is wrong",
            id="an empty name",
        ),
        pytest.param(
            "indicators",
            lambda entries: entries[2].update(companion_of="ST_ENT_NEW"),
            r"its unit differs from that of ST_ENT_NEW, whose companion it is",
            id="a companion in another unit",
        ),
        pytest.param(
            "indicators",
            lambda entries: entries[2].update(companion_of="EHR_FAC"),
            r"\(EHR_FAC\): it is its own companion",
            id="its own companion",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(replaced_by="QD-5060-2020"),
            r"replaced_by is given without replaced_on",
            id="replaced on no day",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(dated_on="25/02/2021"),
            r"documents.yaml, line \d+ \(DT-2021-02-25\): dated_on is wrong",
            id="a date as text",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[1].update(number="5060/QĐ-UBND", dated_on=date(2020, 1, 1)),
            r"5060/QĐ-UBND 2020 comes a second time",
            id="two documents of one number",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(
                status="replaced", replaced_on=date(2021, 2, 25), replaced_by="QD-5060-2020"
            ),
            r"replaced_on is not after dated_on",
            id="replaced before it was there",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(replaced_on=date(2022, 2, 25)),
            r"the status replaced and replaced_on stand together or not at all",
            id="replaced by nothing",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(
                status="replaced", replaced_on=date(2022, 2, 25), replaced_by="QD-1"
            ),
            r"replaced_by is 'QD-1', which does not exist",
            id="replaced by what does not exist",
        ),
        pytest.param(
            "documents",
            lambda entries: entries.clear(),
            r"documents.yaml: must hold a list of entries",
            id="an empty file",
        ),
        pytest.param(
            "documents",
            lambda entries: entries.append("text"),
            r"documents.yaml, entry \d+: is no mapping of fields",
            id="an entry that is text",
        ),
        pytest.param(
            "observations",
            lambda entries: entries[0].update(indicator_code="DTI_2"),
            r"observations.yaml, line 1 \(DTI_2 2020\): indicator_code is 'DTI_2', which does not exist",
            id="an observation of nothing",
        ),
        pytest.param(
            "solutions",
            lambda entries: entries[0].update(indicator_codes=["DTI"]),
            r"solutions.yaml, line 1 \(GP01\): indicator_codes is 'DTI', which does not exist",
            id="a solution for no target of its document",
        ),
        pytest.param(
            "solutions",
            lambda entries: entries[0]["costs"].append({"year": 2021, "needed_vnd_m": 1}),
            r"\(GP01\): costs name a year twice",
            id="the cost of a year twice",
        ),
        pytest.param(
            "solutions",
            lambda entries: entries[0]["costs"].append({"year": 2026, "needed_vnd_m": 1}),
            r"\(GP01\): 2026 lies outside the time of DT-2021-02-25, 2021 to 2025",
            id="a cost after the last target",
        ),
        pytest.param(
            "solutions",
            lambda entries: entries[0].update(owner_code="so-la"),
            r"\(GP01\): owner_code is 'so-la', which does not exist",
            id="a solution of nobody",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[2].update(target_value=150),
            r"target_value is 150, which EHR_FAC cannot be",
            id="more than the whole",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].update(target_value=-2),
            r"target_value is -2, which SMART_HOSP_P cannot be",
            id="less than nothing",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].update(geography_code="99"),
            r"geography_code is '99', no area that values are computed for",
            id="an area without values",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0]["baseline"].update(year=2023),
            r"its baseline of 2023 is younger than its document",
            id="a baseline after the document",
        ),
        pytest.param(
            "targets",
            lambda entries: entries[0].update(legal_basis=["ND-13-2019", "ND-13-2019"]),
            r"legal_basis names one twice",
            id="a legal basis twice",
        ),
        pytest.param(
            "documents",
            lambda entries: entries[0].update(
                status="replaced", replaced_on=date(2022, 2, 25), replaced_by="DT-2021-02-25"
            ),
            r"it is replaced by itself",
            id="replaced by itself",
        ),
        pytest.param(
            "budget",
            lambda entries: entries[0].update(solution_code="GP99"),
            r"budget.yaml, line 1 \(GP99 2021 tỉnh\): solution_code is 'GP99', which does not exist",
            id="money for no solution",
        ),
        pytest.param(
            "budget",
            lambda entries: entries[0].update(fund="vay thương mại"),
            r"fund is wrong",
            id="an unknown fund",
        ),
        pytest.param(
            "budget",
            lambda entries: entries[0].update(year=2020),
            r"2020 lies outside the time of DT-2021-02-25",
            id="money before the plan",
        ),
        pytest.param(
            "budget",
            lambda entries: entries.append(entries[0]),
            r"GP01 2021 tỉnh comes a second time",
            id="money twice",
        ),
    ],
)
def test_a_wrong_entry_is_named_by_file_and_line_and_nothing_is_read(
    tmp_path: Path, name: str, change: Change, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        load_plan(changed(tmp_path, name, change))


def test_the_line_is_that_of_the_wrong_field_or_of_the_entry(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    path = copy / "targets.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = lines.index("  target_value: 45")
    lines[at] = "  target_value: about 45"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PlanError, match=rf"targets.yaml, line {at + 1} \(DT-2021-02-25 TFP_SHARE 2025\)"):
        load_plan(copy)
    lines[at] = "  target_value: 45"
    begins = lines.index("  indicator_code: TFP_SHARE")
    lines[begins] = "  indicator_code: TFP"
    path.write_text("\n".join(lines), encoding="utf-8")
    load_plan.cache_clear()
    with pytest.raises(PlanError, match=rf"targets.yaml, line {begins} \(DT-2021-02-25 TFP 38 2025\)"):
        load_plan(copy)


def test_a_field_given_twice_is_named_with_its_line(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    path = copy / "observations.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  year: 2020\n", "  year: 2020\n  year: 2021\n", 1), encoding="utf-8")
    at = text.splitlines().index("  year: 2020") + 2
    with pytest.raises(PlanError, match=rf"observations.yaml, line {at}: .*year comes twice"):
        load_plan(copy)


def test_the_number_of_another_year_is_another_document(tmp_path: Path) -> None:
    def renumber(entries: list[dict[str, Any]]) -> None:
        entries[1].update(number="5060/QĐ-UBND")

    assert load_plan(changed(tmp_path, "documents", renumber)).documents[1].number == "5060/QĐ-UBND"


def test_a_plan_may_have_no_solutions_yet(tmp_path: Path) -> None:
    copy = changed(tmp_path, "budget", lambda entries: entries.clear())
    (copy / "solutions.yaml").write_text("[]\n", encoding="utf-8")
    assert (load_plan(copy).solutions, load_plan(copy).budget_lines) == ((), ())


def test_a_field_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    (copy / "observations.yaml").write_text("- ? [a, b]\n  : 1\n", encoding="utf-8")
    with pytest.raises(PlanError, match=r"observations.yaml, line 1: .*is no name of a field"):
        load_plan(copy)


def test_the_solutions_and_sums_that_nobody_published_are_marked_synthetic() -> None:
    plan = load_plan()
    assert {item.sureness for item in (*plan.solutions, *plan.budget_lines)} == {"synthetic"}


def test_a_day_that_no_calendar_has_is_refused(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    path = copy / "documents.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("dated_on: 2021-02-25", "dated_on: 2021-02-29", 1), encoding="utf-8")
    with pytest.raises(
        PlanError, match=r"documents.yaml, line \d+: is not a list of entries \(dated_on: day"
    ):
        load_plan(copy)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"documents.yaml: cannot be read \(No such file"):
        load_plan(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    (copy / "indicators.yaml").write_text("- name: [", encoding="utf-8")
    with pytest.raises(PlanError, match=r"indicators.yaml, line 1: is not a list of entries"):
        load_plan(copy)
