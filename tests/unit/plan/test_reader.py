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
from dxpipeline.plan.reader import PLAN, PlanError, load_plan

Change = Callable[[list[dict[str, Any]]], None]


def changed(folder: Path, name: str, change: Change) -> Path:
    """Return a copy of the plan with one file changed."""
    copy = copytree(PLAN, folder / "plan")
    path = copy / f"{name}.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(entries)
    path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return copy


def targets_of(document_code: str) -> dict[str, tuple[int, str, int]]:
    return {
        item.indicator_code: (int(item.target_value), str(item.unit), item.target_year)
        for item in load_plan().targets
        if item.document_code == document_code
    }


def test_the_draft_of_2021_sets_its_numeric_targets_for_2025() -> None:
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


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "targets",
            lambda entries: entries[1].update(target_value="many"),
            r"targets.yaml, entry 2 DT-2021-02-25 SMART_HOSP_D: target_value is wrong",
        ),
        (
            "targets",
            lambda entries: entries[0].pop("direction"),
            r"targets.yaml, entry 1 DT-2021-02-25 SMART_HOSP_P: direction is wrong \(Field required\)",
        ),
        (
            "targets",
            lambda entries: entries[2].update(goal=1),
            r"targets.yaml, entry 3 DT-2021-02-25 EHR_FAC: goal is wrong \(Extra inputs",
        ),
        (
            "targets",
            lambda entries: entries[0]["baseline"].update(year="2020"),
            r"entry 1 DT-2021-02-25 SMART_HOSP_P: baseline.year is wrong",
        ),
        (
            "targets",
            lambda entries: entries[3].update(indicator_code="BB_VILLAGE"),
            r"targets.yaml, entry 4 DT-2021-02-25 BB_VILLAGE: indicator_code is 'BB_VILLAGE', which",
        ),
        (
            "targets",
            lambda entries: entries[3].update(document_code="QD-1"),
            r"targets.yaml, entry 4 QD-1 BB_COMMUNE: document_code is 'QD-1', which does not exist",
        ),
        (
            "targets",
            lambda entries: entries[3].update(unit="hospital"),
            r"entry 4 DT-2021-02-25 BB_COMMUNE: its unit is 'hospital', the indicator's is another",
        ),
        (
            "targets",
            lambda entries: entries.append(entries[0]),
            r"targets.yaml, entry \d+ DT-2021-02-25 SMART_HOSP_P 38 2025: comes a second time",
        ),
        (
            "indicators",
            lambda entries: entries[2].update(feed="health_station"),
            r"indicators.yaml, entry 3 EHR_FAC: feed is 'health_station', which does not exist",
        ),
        (
            "indicators",
            lambda entries: entries[2].update(owner_code="so-la"),
            r"indicators.yaml, entry 3 EHR_FAC: owner_code is 'so-la', which does not exist",
        ),
        (
            "indicators",
            lambda entries: entries[2].update(name_vi=" "),
            r"indicators.yaml, entry 3 EHR_FAC: name_vi is wrong",
        ),
        (
            "documents",
            lambda entries: entries[0].update(dated_on="25/02/2021"),
            r"documents.yaml, entry 1 DT-2021-02-25: dated_on is wrong",
        ),
        ("documents", lambda entries: entries.clear(), r"documents.yaml: must hold a list of entries"),
        (
            "documents",
            lambda entries: entries.append("text"),
            r"documents.yaml, entry \d+: the entry is wrong",
        ),
    ],
)
def test_a_wrong_entry_is_named_by_file_and_place(
    tmp_path: Path, name: str, change: Change, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        load_plan(changed(tmp_path, name, change))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"documents.yaml: cannot be read \(No such file"):
        load_plan(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    copy = copytree(PLAN, tmp_path / "plan")
    (copy / "indicators.yaml").write_text("- name: [", encoding="utf-8")
    with pytest.raises(PlanError, match=r"indicators.yaml: is not YAML"):
        load_plan(copy)
