"""A model says in its header what it makes and when it runs, and the header is believed only when it fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.indicators.models import LEDGER, MARTS, STAGES, ModelError, load_model, models

HEADER = """\
-- grain: hospital
-- stage: fact
-- feeds: smart_hospitals
-- parameters: period
-- replaces: mart.dim_hospital where period = %(period)s
"""
STATEMENT = "insert into mart.dim_hospital\nselect %(period)s\n"


def model_file(folder: Path, text: str) -> Path:
    path = folder / "some_model.sql"
    path.write_text(text, encoding="utf-8")
    return path


STAGING = """\
-- grain: person
-- stage: state
-- feeds: health_records
-- parameters: none
-- replaces: nothing
create unlogged table staging.person as
select 1 as number
"""


def test_models_run_from_dimensions_to_evidence() -> None:
    stages = [model.stage for model in models()]
    assert stages == sorted(stages, key=STAGES.index)
    assert set(stages) == set(STAGES)
    assert len(models()) == len(list(MARTS.glob("*.sql")))


@pytest.mark.parametrize("path", sorted(MARTS.glob("*.sql")), ids=lambda path: path.stem)
def test_a_model_is_one_statement_that_states_its_grain_first(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- grain: ")
    code = [line for line in text.splitlines() if not line.strip().startswith("--")]
    assert [line[-1] for line in code if ";" in line] == [";"]
    assert code[-1].endswith(";")
    made = [line.split()[2] for line in code if line.startswith("insert into")]
    made += [line.split()[3] for line in code if line.startswith("create unlogged table")]
    stages = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("-- stage: ")]
    assert len(made) == 1
    assert made[0].startswith("staging." if stages == ["state"] else "mart.")


def test_a_header_is_read(tmp_path: Path) -> None:
    model = load_model(model_file(tmp_path, HEADER + STATEMENT))
    assert (model.name, model.grain, model.stage) == ("some_model", "hospital", "fact")
    assert model.feeds == {"smart_hospitals"}
    assert model.parameters == {"period"}
    assert model.replaces == "mart.dim_hospital where period = %(period)s"


def test_a_model_may_make_several_indicators_and_run_with_every_feed(tmp_path: Path) -> None:
    header = HEADER.replace("stage: fact", "stage: indicator\n-- indicators: DTI, EHR_FAC")
    model = load_model(
        model_file(tmp_path, header.replace("feeds: smart_hospitals", "feeds: all") + STATEMENT)
    )
    assert model.indicators == {"DTI", "EHR_FAC"}
    assert model.feeds == set(contracts())


def test_a_model_of_all_feeds_takes_names_from_each_contract(tmp_path: Path) -> None:
    header = HEADER.replace("feeds: smart_hospitals", "feeds: all\n-- names: core, unit")
    model = load_model(model_file(tmp_path, header + STATEMENT + "from {core} where {unit}\n"))
    assert model.feeds == contracts().keys()
    assert model.names == {"core", "unit"}
    # Without names, braces are those of an array.
    assert load_model(model_file(tmp_path, HEADER + STATEMENT + "-- '{a}'\n")).names == frozenset()
    with pytest.raises(ModelError, match="its header gives other names than its statement"):
        load_model(model_file(tmp_path, header + STATEMENT + "from {core}\n"))


def test_a_model_of_the_stage_state_names_the_table_that_it_makes(tmp_path: Path) -> None:
    model = load_model(model_file(tmp_path, STAGING))
    assert (model.stage, model.staged) == ("state", "staging.person")
    assert load_model(model_file(tmp_path, HEADER + STATEMENT)).staged is None


def test_a_model_of_the_ledger_follows_no_feed_besides(tmp_path: Path) -> None:
    text = HEADER.replace("feeds: smart_hospitals", "feeds: ledger")
    assert load_model(model_file(tmp_path, text + STATEMENT)).feeds == {LEDGER}
    both = HEADER.replace("feeds: smart_hospitals", "feeds: ledger, smart_hospitals")
    with pytest.raises(ModelError, match=r"names unknown feeds: ledger"):
        load_model(model_file(tmp_path, both + STATEMENT))


@pytest.mark.parametrize(
    "text",
    [
        HEADER.replace("stage: fact", "stage: state") + STATEMENT,
        STAGING.replace("stage: state", "stage: fact"),
        STAGING.replace("staging.person", "mart.person"),
    ],
    ids=["state without a table", "table of another stage", "table of another schema"],
)
def test_a_model_of_the_stage_state_and_no_other_makes_a_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"some_model.sql: a model of the stage state, and no other, makes"):
        load_model(model_file(tmp_path, text))


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("-- grain: hospital\n", "", r"some_model.sql: its header lacks grain"),
        ("fact", "table", r"its stage is 'table'; write one of dimension, state, fact, indicator, evidence"),
        ("feeds: smart_hospitals", "feeds: hospitals", r"names unknown feeds: hospitals"),
        ("stage: fact", "stage: indicator", r"a model of the stage indicator, and no other, names"),
        (
            "stage: fact",
            "stage: fact\n-- indicators: EHR_FAC",
            r"a model of the stage indicator, and no other",
        ),
        ("parameters: period", "parameters: none", r"its header names other parameters than its statement"),
        ("parameters: period", "parameters: period, feed", r"its header names other parameters"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_model(model_file(tmp_path, HEADER.replace(wrong, right) + STATEMENT))
