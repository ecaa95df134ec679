"""The main job: files dropped under a real Airflow end with their expected verdicts, and an answer each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dxpipeline.plan.audit.rules import RULES
from dxpipeline.plan.reader import load_plan
from dxpipeline.settings import PROJECT_ROOT

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")


def test_every_drop_is_answered_as_expected_through_airflow(
    installation: Any, expected: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    outcomes = {path: expected(path) for path in DROPS.rglob("*") if path.suffix in (".xlsx", ".xls", ".csv")}
    answered: dict[str, dict[str, Any]] = {}
    documents = []
    for later in (False, True):
        tree = tmp_path / f"drops-{later}"
        for path, outcome in outcomes.items():
            if ("requires" in outcome) is later:
                copy = tree / path.relative_to(DROPS)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        document = installation.run_once(tree)
        documents.append(document)
        answered |= {delivery["file_name"]: delivery for delivery in document["deliveries"]}

    for path, outcome in outcomes.items():
        delivery = answered[path.name]
        right = {outcome["verdict"], *(other["verdict"] for other in outcome.get("alternatives", []))}
        assert delivery["verdict"] in right, path.name
        if outcome["verdict"] == "rejected":
            assert all(word in delivery["reason"] for word in outcome["reason_contains"])
        else:
            assert [delivery[name] for name in COUNTS] == [outcome[name] for name in COUNTS], path.name
        receipt = installation.settings.outbox / delivery["receipt_path"]
        assert receipt.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        assert receipt.name.startswith(path.name)
        assert receipt.parent.name == outcome["department"]
        assert delivery["period"] == outcome["period"], path.name

    # Counted by hand from the drops: the correction leaves no hospital at level 6 or above.
    values = {row["indicator_code"]: row for row in documents[1]["indicators"]}
    assert (values["BB_COMMUNE"]["numerator"], values["BB_COMMUNE"]["denominator"]) == (130, 166)
    assert (values["EHR_FAC"]["numerator"], values["EHR_FAC"]["denominator"]) == (480, 559)
    assert values["SMART_HOSP_P"]["value"] == values["SMART_HOSP_D"]["value"] == 0
    # The accounts bring the population of 2021.
    assert (values["EHR_POP"]["numerator"], values["EHR_POP"]["denominator"]) == (3970, 3_716_400)
    # Every indicator of the plan is there, with the latest value of its best vintage; nobody sent the
    # department's own figures of the digital economy.
    assert values.keys() == {indicator.indicator_code for indicator in load_plan().indicators}
    assert [code for code, row in values.items() if row["value"] is None] == ["DIG_ECON_DEPARTMENT"]
    latest = {code: (row["period"], row["vintage"]) for code, row in values.items()}
    assert latest["TFP_SHARE"] == latest["LAB_PROD"] == ("2022", "estimate")
    # Every target is judged; three communes in four have broadband, in 2025 as in 2021.
    assert all(row["verdict"] for row in documents[1]["indicators"] if row["document"] is not None)
    assert (values["BB_COMMUNE"]["verdict"], values["DTI"]["verdict"]) == ("out_of_reach", "reached")
    assert (latest["DIG_ECON"], latest["DTI"]) == (("2024", "preliminary"), ("2024", "published"))

    # Every rule of the audit is counted, those that found nothing too.
    counts = {row["rule"]: row["findings"] for row in documents[1]["findings_by_rule"]}
    assert counts.keys() == {rule.name for rule in RULES}
    assert sum(counts.values()) == len(documents[1]["findings"])
    assert counts["contradicting-targets"] == 1

    assert installation.query("select * from ledger.mart_refresh") == []
    assert (
        installation.query("select * from ledger.delivery where answered_at is null or archived_at is null")
        == []
    )
    assert list(installation.settings.work_folder.iterdir()) == []
