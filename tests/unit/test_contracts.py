"""Contracts: of the standard, complete, and refused with a sentence that says what to mend."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dxpipeline.contracts import (
    EVERY_DEPARTMENT,
    Choice,
    Contract,
    ContractError,
    Owner,
    contracts,
    load_contract,
)
from dxpipeline.periods import Period
from dxpipeline.plan.reader import load_plan
from dxpipeline.quality.suite import load_suite
from dxpipeline.reading.layout import find_header
from dxpipeline.reference import departments
from dxpipeline.settings import CONTRACTS
from dxpipeline.text import fold

FEEDS = sorted(contracts())
Document = dict[str, Any]


def document(feed: str) -> Document:
    content: Document = yaml.safe_load((CONTRACTS / f"{feed}.odcs.yaml").read_text(encoding="utf-8"))
    return content


def written(folder: Path, content: Document | str, name: str = "smart_hospitals.odcs.yaml") -> Path:
    path = folder / name
    path.write_text(
        content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True), encoding="utf-8"
    )
    return path


def custom(content: Document, name: str) -> Document:
    return next(item for item in content["customProperties"] if item["property"] == name)


def agreement(content: Document, name: str) -> Document:
    return next(item for item in content["slaProperties"] if item["property"] == name)


def column(content: Document, name: str) -> Document:
    return next(item for item in content["schema"][0]["properties"] if item["name"] == name)


@pytest.mark.parametrize("feed", FEEDS)
def test_a_contract_is_valid_by_the_schema_of_the_standard(feed: str) -> None:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(document(feed))] == []
    # The schema does refuse what is wrong.
    assert list(validator.iter_errors({**document(feed), "kind": "Contract"}))


@pytest.mark.parametrize("feed", FEEDS)
def test_labels_and_descriptions_are_complete_and_in_two_languages(feed: str) -> None:
    contract = contracts()[feed]
    assert contract.title
    assert " / " in contract.description
    for item in contract.columns:
        assert " / " in item.description, item.name


@pytest.mark.parametrize("feed", FEEDS)
def test_a_header_belongs_to_one_column(feed: str) -> None:
    owner: dict[str, str] = {}
    for item in contracts()[feed].columns:
        for header in item.headers:
            assert owner.setdefault(fold(header), item.name) == item.name, header


@pytest.mark.parametrize("feed", FEEDS)
def test_every_header_leads_to_its_column_with_accents_and_without(feed: str) -> None:
    contract = contracts()[feed]
    for turn in range(max(len(item.headers) for item in contract.columns)):
        headers = [item.headers[turn % len(item.headers)] for item in contract.columns]
        for written in (
            headers,
            [header.upper() for header in headers],
            [fold(header) for header in headers],
        ):
            header = find_header([written], contract)
            assert header is not None
            assert header.positions == {item.name: at for at, item in enumerate(contract.columns)}, written


@pytest.mark.parametrize("feed", FEEDS)
def test_owners_are_departments_of_the_province(feed: str) -> None:
    known = {department.department_code for department in departments()}
    assert {owner.department for owner in contracts()[feed].owners} <= known | {EVERY_DEPARTMENT}


@pytest.mark.parametrize("feed", FEEDS)
def test_a_suite_names_only_columns_of_its_contract(feed: str) -> None:
    contract = contracts()[feed]
    known = set(contract.by_name) | {item.name for item in contract.derived}
    for rule in load_suite(contract).rules:
        assert set(rule.columns) <= known, rule.id


def test_a_contract_is_read_as_it_is_written() -> None:
    contract = contracts()["smart_hospitals"]
    assert contract.key == ("hospital_code",)
    assert (contract.frequency, contract.calendar, contract.due_days) == ("quarterly", "calendar", 15)
    assert (contract.load_mode, contract.version) == ("snapshot", "1.0.0")
    code = contract.by_name["hospital_code"]
    assert (code.kind, code.label, code.required, code.key) == ("text", "Mã CSKCB", True, True)
    assert (code.min_length, code.max_length, code.pattern) == (5, 5, "^38[0-9]{3}$")
    assert code.headers[:2] == ("Mã CSKCB", "Mã cơ sở khám chữa bệnh")
    assert code.headers[-1] == "hospital_code"
    tier = contract.by_name["hospital_tier"]
    assert tier.choices == (Choice("provincial", "tỉnh"), Choice("district", "huyện"))
    security = contract.by_name["security_met"]
    assert (security.kind, security.required, security.empty_means) == ("boolean", True, False)
    assert contract.by_name["it_level"].empty_means is None
    assert not contract.by_name["paperless_on"].required
    assert contracts()["broadband_coverage"].by_name["carriers"].kind == "list"


def test_a_contract_says_what_a_complete_report_names_and_by_which_columns() -> None:
    said = {feed: (one.expected_units, one.unit_columns) for feed, one in contracts().items()}
    assert {feed: units for feed, units in said.items() if units != (None, ())} == {
        "broadband_coverage": ("communes", ("commune_code",)),
        "digital_government": ("previous", ("agency_code",)),
        "rd_personnel": ("previous", ("organisation_code",)),
        "smart_city": ("previous", ("urban_area_code", "service")),
        "health_stations": ("previous", ("station_code",)),
        "smart_hospitals": ("previous", ("hospital_code",)),
    }
    assert {one.reports_from for one in contracts().values()} == {date(2021, 1, 1)}


def test_a_contract_may_say_nothing_of_units_and_another_first_day(tmp_path: Path) -> None:
    content = document("smart_hospitals")
    content["customProperties"].remove(custom(content, "expectedUnits"))
    content["customProperties"].append({"property": "reportsFrom", "value": "2024-07-01"})
    contract = load_contract(written(tmp_path, content))
    assert (contract.expected_units, contract.unit_columns) == (None, ())
    assert contract.reports_from == date(2024, 7, 1)


def test_only_health_records_hold_personal_columns() -> None:
    personal = {
        feed: [item.name for item in contract.columns if item.personal]
        for feed, contract in contracts().items()
        if contract.personal
    }
    assert personal == {"health_records": ["citizen_id", "full_name", "birth_date", "insurance_number"]}


def test_a_feed_of_versions_says_which_is_the_newest_and_what_is_stored_of_a_person() -> None:
    contract = contracts()["health_records"]
    assert (contract.load_mode, contract.key, contract.newest_by) == ("upsert", ("record_id",), "updated_on")
    assert [
        (name, column.name) for name, column in contract.stored_columns.items() if name != column.name
    ] == [
        ("citizen_id_hash", "citizen_id"),
        ("birth_year", "birth_date"),
        ("insurance_number_hash", "insurance_number"),
    ]
    assert set(contract.by_name) - {column.name for column in contract.stored_columns.values()} == {
        "full_name"
    }
    optional = {"insurance_number", "last_visit_on", "icd10_code", "height_cm", "weight_kg"}
    assert {column.name for column in contract.columns if not column.required} == optional


def test_a_feed_is_served_from_the_folder_of_every_department_that_ever_owned_it() -> None:
    contract = contracts()["broadband_coverage"]
    assert contract.owners == (
        Owner("so-tt-tt", None, date(2025, 3, 1)),
        Owner("so-kh-cn", date(2025, 3, 1), None),
    )
    assert contract.accepts_department("so-tt-tt")
    assert contract.accepts_department("so-kh-cn")
    assert not contract.accepts_department("so-y-te")
    assert not contract.accepts_department("")
    assert contract.reporting_unit("so-tt-tt") == contract.reporting_unit("so-kh-cn") == contract.feed


def test_a_feed_of_all_departments_has_each_of_them_as_its_unit() -> None:
    contract = contracts()["plan_comments"]
    assert contract.accepts_department("so-xay-dung")
    assert contract.reporting_unit("so-xay-dung") == "so-xay-dung"


def test_a_feed_that_comes_once_is_kept_under_its_year_and_is_not_due_after_it() -> None:
    contract = contracts()["plan_comments"]
    assert (contract.cadence, contract.frequency, contract.due_days) == ("once", "yearly", None)
    assert contract.due_on(Period.parse("2021")) is None


def test_money_and_comments_speak_of_the_same_targets_among_them_every_target_of_the_plan() -> None:
    codes = [
        {choice.value for choice in contracts()[feed].by_name["target_code"].choices}
        for feed in ("plan_budget", "plan_comments")
    ]
    assert codes[0] == codes[1]
    assert len(codes[0]) == 15
    assert {target.indicator_code for target in load_plan().targets} <= codes[0]


@pytest.mark.parametrize(
    ("feed", "period", "last", "due"),
    [
        ("smart_hospitals", "2021-Q1", "2021-03-31", "2021-04-15"),
        ("smart_hospitals", "2021-Q4", "2021-12-31", "2022-01-15"),
        ("broadband_coverage", "2021-Q1", "2021-03-14", "2021-03-29"),
        ("broadband_coverage", "2021-Q4", "2021-12-14", "2021-12-29"),
        ("rd_personnel", "2021", "2021-12-14", "2022-02-12"),
        ("economic_accounts", "2021", "2021-12-31", "2022-03-01"),
        ("digital_economy", "2023", "2023-12-31", "2024-02-29"),
        ("digital_government", "2021-03", "2021-03-14", "2021-03-29"),
    ],
)
def test_a_report_is_due_some_days_after_the_last_one_of_its_period(
    feed: str, period: str, last: str, due: str
) -> None:
    contract = contracts()[feed]
    assert contract.last_day(Period.parse(period)) == date.fromisoformat(last)
    assert contract.due_on(Period.parse(period)) == date.fromisoformat(due)


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = document("smart_hospitals")
    first = load_contract(written(tmp_path, content))
    assert len(first.digest) == 12
    assert load_contract(written(tmp_path, content)).digest == first.digest
    content["description"]["usage"] = "other"
    assert load_contract(written(tmp_path, content)).digest != first.digest


def drop_column_key(content: Document) -> None:
    del column(content, "hospital_code")["primaryKey"]


def no_owner(content: Document) -> None:
    content["team"]["members"][0]["role"] = "steward"


def no_team(content: Document) -> None:
    del content["team"]


def wrong_date(content: Document) -> None:
    content["team"]["members"][0]["dateIn"] = "01/03/2025"


def second_table(content: Document) -> None:
    content["schema"].append({"name": "other", "properties": []})


def repeated_column(content: Document) -> None:
    content["schema"][0]["properties"].append(dict(column(content, "it_level")))


def key_that_may_be_empty(content: Document) -> None:
    column(content, "hospital_code")["required"] = False


def derived(content: Document) -> list[Document]:
    entries: list[Document] = custom(content, "derivedColumns")["value"]
    return entries


FAULTS: list[tuple[Callable[[Document], object], str]] = [
    (lambda d: d.update(id="hospitals"), "its id is 'hospitals'; it must equal the file's name."),
    (lambda d: d.update(schema=[]), "schema must hold one table with its properties."),
    (second_table, "schema must hold one table with its properties."),
    (
        lambda d: agreement(d, "frequency").update(value="weekly"),
        "slaProperties.frequency is 'weekly'; write one of monthly, quarterly, half-yearly, yearly, once.",
    ),
    (
        lambda d: agreement(d, "reportingCalendar").update(value="lunar"),
        "slaProperties.reportingCalendar is 'lunar'; write one of calendar, administrative.",
    ),
    (
        lambda d: agreement(d, "dueDays").update(value="15 days"),
        "slaProperties.dueDays is '15 days'; write a number of days.",
    ),
    (
        lambda d: d["slaProperties"].remove(agreement(d, "dueDays")),
        "slaProperties.dueDays is None; write a number of days.",
    ),
    (
        lambda d: agreement(d, "frequency").update(value="once"),
        "slaProperties.dueDays is 15; what comes once is not due some days after a period: remove it.",
    ),
    (
        lambda d: custom(d, "loadMode").update(value="append"),
        "customProperties.loadMode is 'append'; write one of snapshot, upsert.",
    ),
    (
        lambda d: d["customProperties"].remove(custom(d, "reportingUnit")),
        "customProperties.reportingUnit is None; write one of duty, department.",
    ),
    (
        lambda d: custom(d, "loadMode").update(property="loadmode"),
        "customProperties holds the unknown loadmode; known are derivedColumns, expectedUnits, loadMode, "
        "newestBy, reportingUnit, reportsFrom.",
    ),
    (
        lambda d: custom(d, "expectedUnits").update(value="hospitals"),
        "customProperties.expectedUnits is 'hospitals'; write one of communes, previous.",
    ),
    (
        lambda d: custom(d, "expectedUnits").update(value="communes"),
        "customProperties.expectedUnits is 'communes', but no column commune_code is stored; add it or "
        "remove the property.",
    ),
    (
        lambda d: d["customProperties"].append({"property": "reportsFrom", "value": "Q1"}),
        "customProperties.reportsFrom must be written YYYY-MM-DD.",
    ),
    (
        lambda d: column(d, "security_met")["customProperties"][0].update(property="emptyMean"),
        "customProperties of security_met holds the unknown emptyMean; known are emptyMeans, storedAs.",
    ),
    (
        lambda d: d["schema"][0].update(customProperties=[{"property": "grain", "value": "x"}]),
        "customProperties of the table holds the unknown grain; known are none.",
    ),
    (drop_column_key, "no property is a primaryKey; say what identifies a row."),
    (key_that_may_be_empty, "the key column hospital_code must be required."),
    (no_owner, "team names no member with the role owner."),
    (no_team, "team names no member with the role owner."),
    (wrong_date, "the dates of owner so-y-te must be written YYYY-MM-DD."),
    (
        lambda d: derived(d)[2].update(columns=["his_level", "hist_level"]),
        "derivedColumns name unknown columns: hist_level.",
    ),
    (
        lambda d: derived(d)[0].pop("function"),
        "each of derivedColumns needs a name and a function; columns and a feed may follow.",
    ),
    (lambda d: derived(d)[0].update(name="it_level"), "the column name it_level is used twice."),
    (repeated_column, "the column name it_level is used twice."),
    (
        lambda d: column(d, "it_level").pop("businessName"),
        "property 'it_level' needs a name, a businessName, a description and a logicalType among "
        "string, integer, number, date, boolean, array.",
    ),
    (
        lambda d: column(d, "it_level").update(logicalType="object"),
        "property 'it_level' needs a name, a businessName, a description and a logicalType among "
        "string, integer, number, date, boolean, array.",
    ),
    (
        lambda d: column(d, "it_level").pop("required"),
        "property it_level does not say whether it is required.",
    ),
]


@pytest.mark.parametrize(("break_it", "sentence"), FAULTS, ids=[sentence[:60] for _, sentence in FAULTS])
def test_a_faulty_contract_is_refused_with_the_place_and_what_to_mend(
    tmp_path: Path, break_it: Callable[[Document], object], sentence: str
) -> None:
    content = document("smart_hospitals")
    break_it(content)
    with pytest.raises(ContractError) as refused:
        load_contract(written(tmp_path, content))
    assert str(refused.value) == f"smart_hospitals.odcs.yaml: {sentence}"


PERSONAL_FAULTS: list[tuple[Callable[[Document], object], str]] = [
    (
        lambda d: d["customProperties"].remove(custom(d, "newestBy")),
        "customProperties.newestBy is None; name a required column of type date that is stored as it is.",
    ),
    (
        lambda d: custom(d, "newestBy").update(value="last_visit_on"),
        "customProperties.newestBy is 'last_visit_on'; name a required column of type date that is stored as "
        "it is.",
    ),
    (
        lambda d: custom(d, "newestBy").update(value="birth_date"),
        "customProperties.newestBy is 'birth_date'; name a required column of type date that is stored as it "
        "is.",
    ),
    (
        lambda d: d["customProperties"].append({"property": "expectedUnits", "value": "previous"}),
        "customProperties.expectedUnits is 'previous'; a feed of mode upsert keeps no report as it was: "
        "remove the property.",
    ),
    (
        lambda d: custom(d, "loadMode").update(value="snapshot"),
        "customProperties.newestBy is 'updated_on'; only a feed of mode upsert has versions: remove it.",
    ),
    (
        lambda d: column(d, "full_name").pop("customProperties"),
        "storedAs of full_name is 'value'; a personal column is stored as keyed-hash, year or nothing.",
    ),
    (
        lambda d: column(d, "full_name")["customProperties"][0].update(value="month"),
        "storedAs of full_name is 'month'; write one of value, keyed-hash, year, nothing.",
    ),
    (
        lambda d: column(d, "full_name")["customProperties"][0].update(value="year"),
        "storedAs of full_name is 'year'; that needs a column of kind date, this one is text.",
    ),
    (
        lambda d: column(d, "birth_date")["customProperties"][0].update(value="keyed-hash"),
        "storedAs of birth_date is 'keyed-hash'; that needs a column of kind text, this one is date.",
    ),
    (
        lambda d: column(d, "record_id").update(
            customProperties=[{"property": "storedAs", "value": "nothing"}]
        ),
        "storedAs of record_id is 'nothing'; the key of a row is stored as it is.",
    ),
    (
        lambda d: column(d, "station_code").update(name="citizen_id_hash"),
        "two columns are stored under one name; rename one of them.",
    ),
]


@pytest.mark.parametrize(
    ("break_it", "sentence"), PERSONAL_FAULTS, ids=[sentence[:60] for _, sentence in PERSONAL_FAULTS]
)
def test_a_contract_that_would_lose_versions_or_keep_too_much_of_a_person_is_refused(
    tmp_path: Path, break_it: Callable[[Document], object], sentence: str
) -> None:
    content = document("health_records")
    break_it(content)
    with pytest.raises(ContractError) as refused:
        load_contract(written(tmp_path, content, "health_records.odcs.yaml"))
    assert str(refused.value) == f"health_records.odcs.yaml: {sentence}"


@pytest.mark.parametrize("content", ["a: [1", "- a list", "", "just words", "id: {a: 1}"])
def test_what_is_no_contract_at_all_is_refused_by_its_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(ContractError) as refused:
        load_contract(written(tmp_path, content))
    message = str(refused.value)
    assert message.startswith("smart_hospitals.odcs.yaml: is not a data contract (")
    assert message.endswith("); mend it.")
    assert "\n" not in message


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as refused:
        load_contract(tmp_path / "gone.odcs.yaml")
    assert str(refused.value) == (
        "gone.odcs.yaml: cannot be read (No such file or directory); restore the file."
    )


def test_bytes_that_are_no_text_are_refused_by_their_file(tmp_path: Path) -> None:
    path = tmp_path / "smart_hospitals.odcs.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ContractError, match=r"^smart_hospitals\.odcs\.yaml: is not a data contract"):
        load_contract(path)


def test_a_folder_of_contracts_is_read_by_feed_and_one_broken_file_stops_it(tmp_path: Path) -> None:
    for feed in reversed(FEEDS):
        written(tmp_path, document(feed), f"{feed}.odcs.yaml")
    written(tmp_path, "not a contract", "notes.yaml")
    loaded: dict[str, Contract] = contracts(tmp_path)
    assert list(loaded) == FEEDS
    broken = tmp_path / "more"
    broken.mkdir()
    written(broken, "a: [1")
    with pytest.raises(ContractError):
        contracts(broken)


@pytest.mark.parametrize(
    ("feed", "complaint"),
    [
        ("health_rooms", "which is no feed; name one of this folder"),
        ("health_records", "name a feed of mode snapshot with one key column of type string"),
    ],
)
def test_a_look_up_names_a_feed_whose_reports_list_units_by_one_code(
    tmp_path: Path, feed: str, complaint: str
) -> None:
    for path in CONTRACTS.glob("health_*.odcs.yaml"):
        text = path.read_text(encoding="utf-8").replace("feed: health_stations}", f"feed: {feed}}}")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=f"station_known looks up in '{feed}'.*{complaint}"):
        contracts(tmp_path)
