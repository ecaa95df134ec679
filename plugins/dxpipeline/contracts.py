"""What a feed is: the only reader of the data contracts in include/contracts/.

A contract follows the Open Data Contract Standard 3.2. What the standard has no place for stands in
`customProperties`: `loadMode`, `reportingUnit`, `derivedColumns`, for upsert feeds `newestBy`, for the
reporting calendar `reportsFrom` and `expectedUnits`, and per column `emptyMeans` and `storedAs`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaProperty,
    Team,
)
from pydantic import ValidationError

from dxpipeline.periods import Calendar, Frequency, Period
from dxpipeline.settings import CONTRACTS

LoadMode = Literal["snapshot", "upsert"]
Cadence = Literal[Frequency, "once"]
"""How often a feed reports; what comes once, on an occasion, is kept under the year of it."""

Kind = Literal["text", "integer", "number", "date", "boolean", "list"]
StoredAs = Literal["value", "keyed-hash", "year", "nothing"]
ExpectedUnits = Literal["communes", "previous"]
"""What a complete report names: the communes in force at the period's end, or what the feed's report of the
period before named."""

_KINDS: Mapping[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "array": "list",
}


PLAN_START = date(2021, 1, 1)
"""The day from which reports are expected of a feed that does not say another one in `reportsFrom`."""

_UNIT_COLUMNS: Mapping[ExpectedUnits, str] = {"communes": "commune_code"}

CUSTOM_PROPERTIES = frozenset(
    {"loadMode", "reportingUnit", "derivedColumns", "newestBy", "reportsFrom", "expectedUnits"}
)
COLUMN_CUSTOM_PROPERTIES = frozenset({"emptyMeans", "storedAs"})
"""The properties for which the standard has no place; another name is a mistake and refused."""

EVERY_DEPARTMENT = "*"
"""Stands among the owners of a feed that each department sends."""

DAY = "[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
"""Every way to write a day in digits, as a regular expression."""


class ContractError(Exception):
    """A contract cannot be used; the message names the file, the place and what to mend."""


@dataclass(frozen=True)
class Choice:
    """One allowed value of a column: what is stored and what people write."""

    value: str
    label: str


@dataclass(frozen=True)
class Column:
    """One column of a feed, as its contract declares it."""

    name: str
    kind: Kind
    label: str
    aliases: tuple[str, ...]
    description: str
    required: bool
    key: bool
    classification: str
    choices: tuple[Choice, ...] = ()
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    empty_means: Any = None
    stored_as: StoredAs = "value"
    beside_personal: bool = False
    """Another column of the feed is personal, so that a cell in the wrong place may tell of a person."""

    @property
    def stored_name(self) -> str | None:
        """Return the column's name in the warehouse, None where nothing of it is stored."""
        match self.stored_as:
            case "value":
                return self.name
            case "keyed-hash":
                return f"{self.name}_hash"
            case "year":
                return f"{self.name.removesuffix('_date').removesuffix('_on')}_year"
            case "nothing":
                return None

    @property
    def personal(self) -> bool:
        """Whether the column holds personal data and must be masked wherever it is shown."""
        return self.classification == "personal"

    @property
    def headers(self) -> tuple[str, ...]:
        """Return every header under which the column is recognised, the usual one first."""
        return (self.label, *self.aliases, self.name)


@dataclass(frozen=True)
class DerivedColumn:
    """A column made before the check, so that built-in expectations can test a look-up.

    Attributes:
        name: Its name in the suite.
        function: The derivation that makes it.
        columns: The columns it reads.
        feed: The feed in whose reports it looks up; None for a look-up that needs no other feed.
    """

    name: str
    function: str
    columns: tuple[str, ...] = ()
    feed: str | None = None


@dataclass(frozen=True)
class Owner:
    """A department that answers for a feed, from `valid_from` until before `valid_to`."""

    department: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True)
class Contract:
    """A feed: its columns, owners, calendar and way of loading."""

    feed: str
    title: str
    description: str
    version: str
    columns: tuple[Column, ...]
    derived: tuple[DerivedColumn, ...]
    owners: tuple[Owner, ...]
    cadence: Cadence
    calendar: Calendar
    due_days: int | None
    load_mode: LoadMode
    unit_is_department: bool
    digest: str
    path: Path
    newest_by: str | None = None
    reports_from: date = PLAN_START
    expected_units: ExpectedUnits | None = None

    def __hash__(self) -> int:
        """Return the hash of what tells contracts apart: what is made of one is kept by it."""
        return hash((self.feed, self.digest))

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Return the columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Return the names of the key columns."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def stored_columns(self) -> dict[str, Column]:
        """Return the columns of which something is stored, by their name in the warehouse."""
        return {column.stored_name: column for column in self.columns if column.stored_name is not None}

    @property
    def frequency(self) -> Frequency:
        """Return the length of the feed's periods."""
        return "yearly" if self.cadence == "once" else self.cadence

    @property
    def unit_columns(self) -> tuple[str, ...]:
        """Return the columns that say of which expected unit a row is; none where none are declared."""
        if self.expected_units is None:
            return ()
        column = _UNIT_COLUMNS.get(self.expected_units)
        return self.key if column is None else (column,)

    @property
    def personal(self) -> bool:
        """Whether the feed holds personal data, so that its bytes are archived encrypted."""
        return any(column.personal for column in self.columns)

    @cached_property
    def personal_form(self) -> str | None:
        """Return a regular expression of the texts that have the form of a personal column; None without one.

        A date of birth has the form of every day; a name has no form.
        """
        personal = [column for column in self.columns if column.personal]
        forms = [column.pattern for column in personal if column.pattern is not None]
        if any(column.kind == "date" for column in personal):
            forms.append(DAY)
        return "|".join(f"^(?:{form})$" for form in forms) or None

    def accepts_department(self, department: str) -> bool:
        """Say whether a department ever owned the feed, so that its folder is served."""
        return any(owner.department in (department, EVERY_DEPARTMENT) for owner in self.owners)

    def reporting_unit(self, department: str) -> str:
        """Return whose state a file describes: the duty (the feed), or the sending department."""
        return department if self.unit_is_department else self.feed

    def last_day(self, period: Period) -> date:
        """Return the last day of a period in the feed's calendar."""
        return period.last_day(self.calendar)

    def due_on(self, period: Period) -> date | None:
        """Return the last day on which the report of a period is on time; None for what comes once."""
        return None if self.due_days is None else self.last_day(period) + timedelta(days=self.due_days)


def load_contract(path: Path) -> Contract:
    """Read one contract file.

    Raises:
        ContractError: The file is missing, not of the standard, or lacks what the pipeline needs.
    """
    try:
        content = path.read_bytes()
        standard = OpenDataContractStandard.model_validate(yaml.safe_load(content))
    except OSError as error:
        raise ContractError(f"{path.name}: cannot be read ({error.strerror}); restore the file.") from error
    except (yaml.YAMLError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ContractError(f"{path.name}: is not a data contract ({first}); mend it.") from error
    feed = path.name.removesuffix(".odcs.yaml")
    if standard.id != feed:
        raise ContractError(f"{path.name}: its id is {standard.id!r}; it must equal the file's name.")
    if not standard.schema_ or len(standard.schema_) != 1 or not standard.schema_[0].properties:
        raise ContractError(f"{path.name}: schema must hold one table with its properties.")
    table = standard.schema_[0]
    custom = _custom(path, "customProperties", standard.customProperties, CUSTOM_PROPERTIES)
    _custom(path, "customProperties of the table", table.customProperties)
    agreement = {item.property: item.value for item in standard.slaProperties or []}
    cadence = agreement.get("frequency")
    calendar = agreement.get("reportingCalendar")
    load_mode = custom.get("loadMode")
    due_days = agreement.get("dueDays")
    for name, value, allowed in (
        ("slaProperties.frequency", cadence, get_args(Cadence)),
        ("slaProperties.reportingCalendar", calendar, get_args(Calendar)),
        ("customProperties.loadMode", load_mode, get_args(LoadMode)),
        ("customProperties.reportingUnit", custom.get("reportingUnit"), ("duty", "department")),
    ):
        if value not in allowed:
            raise ContractError(f"{path.name}: {name} is {value!r}; write one of {', '.join(allowed)}.")
    if cadence == "once" and due_days is not None:
        raise ContractError(
            f"{path.name}: slaProperties.dueDays is {due_days!r}; what comes once is not due some days after "
            "a period: remove it."
        )
    if cadence != "once" and not isinstance(due_days, int):
        raise ContractError(f"{path.name}: slaProperties.dueDays is {due_days!r}; write a number of days.")
    columns = tuple(_column(path, item) for item in table.properties or [])
    personal = any(column.personal for column in columns)
    contract = Contract(
        feed=feed,
        title=standard.name or feed,
        description=table.description or "",
        version=standard.version or "0",
        columns=tuple(replace(one, beside_personal=personal and not one.personal) for one in columns),
        derived=tuple(_derived(path, item) for item in custom.get("derivedColumns", ())),
        owners=_owners(path, standard.team),
        cadence=cast(Cadence, cadence),
        calendar=cast(Calendar, calendar),
        due_days=cast(int | None, due_days),
        load_mode=cast(LoadMode, load_mode),
        unit_is_department=custom["reportingUnit"] == "department",
        digest=hashlib.sha256(content).hexdigest()[:12],
        path=path,
        newest_by=custom.get("newestBy"),
        reports_from=_day(path, "customProperties.reportsFrom", custom.get("reportsFrom")) or PLAN_START,
        expected_units=custom.get("expectedUnits"),
    )
    if not contract.key:
        raise ContractError(f"{path.name}: no property is a primaryKey; say what identifies a row.")
    for name in contract.key:
        if not contract.by_name[name].required:
            raise ContractError(f"{path.name}: the key column {name} must be required.")
    names = [column.name for column in contract.columns] + [item.name for item in contract.derived]
    for name, uses in Counter(names).items():
        if uses > 1:
            raise ContractError(f"{path.name}: the column name {name} is used twice.")
    if len(contract.stored_columns) < sum(column.stored_name is not None for column in contract.columns):
        raise ContractError(f"{path.name}: two columns are stored under one name; rename one of them.")
    _check_newest(contract)
    _check_expected_units(contract)
    unknown = {name for item in contract.derived for name in item.columns} - set(contract.by_name)
    if unknown:
        raise ContractError(
            f"{path.name}: derivedColumns name unknown columns: {', '.join(sorted(unknown))}."
        )
    return contract


@cache
def contracts(folder: Path = CONTRACTS) -> dict[str, Contract]:
    """Read every contract of a folder, by feed, in the order of the feeds' names.

    Raises:
        ContractError: One of them cannot be used.
    """
    loaded = (load_contract(path) for path in sorted(folder.glob("*.odcs.yaml")))
    by_feed = {contract.feed: contract for contract in loaded}
    for contract in by_feed.values():
        for derived in contract.derived:
            if derived.feed is not None:
                _check_looked_up(contract, derived, by_feed.get(derived.feed))
    return by_feed


def _check_looked_up(contract: Contract, derived: DerivedColumn, other: Contract | None) -> None:
    """Check that a look-up names a feed whose reports list units by one code."""
    place = f"{contract.path.name}: the derived column {derived.name} looks up in {derived.feed!r}"
    if other is None:
        raise ContractError(f"{place}, which is no feed; name one of this folder.")
    if other.load_mode != "snapshot" or len(other.key) != 1 or other.by_name[other.key[0]].kind != "text":
        raise ContractError(f"{place}; name a feed of mode snapshot with one key column of type string.")


def _check_newest(contract: Contract) -> None:
    """Check that exactly an upsert feed says by which of its stored columns the newest version is found."""
    place = f"{contract.path.name}: customProperties.newestBy is {contract.newest_by!r}"
    if contract.load_mode != "upsert":
        if contract.newest_by is not None:
            raise ContractError(f"{place}; only a feed of mode upsert has versions: remove it.")
        return
    if contract.unit_is_department:
        raise ContractError(
            f"{contract.path.name}: customProperties.reportingUnit is 'department'; the records of an upsert "
            "feed belong to the duty, so write duty."
        )
    column = contract.by_name.get(contract.newest_by or "")
    if column is None or not column.required or column.kind != "date" or column.stored_as != "value":
        raise ContractError(f"{place}; name a required column of type date that is stored as it is.")


def _check_expected_units(contract: Contract) -> None:
    """Check that a feed says by a stored column which of the units that are expected of it a row is of."""
    place = f"{contract.path.name}: customProperties.expectedUnits is {contract.expected_units!r}"
    if contract.expected_units not in (None, *get_args(ExpectedUnits)):
        raise ContractError(f"{place}; write one of {', '.join(get_args(ExpectedUnits))}.")
    missing = [name for name in contract.unit_columns if name not in contract.stored_columns]
    if missing:
        raise ContractError(f"{place}, but no column {missing[0]} is stored; add it or remove the property.")
    if contract.expected_units is not None and contract.load_mode != "snapshot":
        raise ContractError(f"{place}; a feed of mode upsert keeps no report as it was: remove the property.")


def _custom(
    path: Path, place: str, properties: list[CustomProperty] | None, known: frozenset[str] = frozenset()
) -> dict[str, Any]:
    values = {item.property: item.value for item in properties or [] if item.property}
    unknown = sorted(values.keys() - known)
    if unknown:
        raise ContractError(
            f"{path.name}: {place} holds the unknown {', '.join(unknown)}; "
            f"known are {', '.join(sorted(known)) or 'none'}."
        )
    return values


def _derived(path: Path, item: Any) -> DerivedColumn:
    needed, allowed = {"name", "function"}, {"name", "function", "columns", "feed"}
    if not isinstance(item, dict) or not needed <= item.keys() <= allowed:
        raise ContractError(
            f"{path.name}: each of derivedColumns needs a name and a function; columns and a feed may follow."
        )
    return DerivedColumn(item["name"], item["function"], tuple(item.get("columns", ())), item.get("feed"))


def _column(path: Path, item: SchemaProperty) -> Column:
    kind = _KINDS.get(item.logicalType or "")
    if item.name is None or kind is None or not item.businessName or not item.description:
        raise ContractError(
            f"{path.name}: property {item.name!r} needs a name, a businessName, a description "
            f"and a logicalType among {', '.join(_KINDS)}."
        )
    if item.required is None:
        raise ContractError(f"{path.name}: property {item.name} does not say whether it is required.")
    options = item.logicalTypeOptions or {}
    custom = _custom(
        path, f"customProperties of {item.name}", item.customProperties, COLUMN_CUSTOM_PROPERTIES
    )
    return Column(
        name=item.name,
        kind=kind,
        label=item.businessName,
        aliases=tuple(alias.synonym for alias in item.synonyms or [] if alias.synonym),
        description=item.description,
        required=item.required,
        key=bool(item.primaryKey),
        classification=item.classification or "internal",
        choices=tuple(
            Choice(str(choice.value), choice.label or str(choice.value)) for choice in item.enum or []
        ),
        pattern=options.get("pattern"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        empty_means=custom.get("emptyMeans"),
        stored_as=_stored_as(path, item, kind, custom.get("storedAs", "value")),
    )


def _stored_as(path: Path, item: SchemaProperty, kind: Kind, stored_as: Any) -> StoredAs:
    """Check how a column is stored: a personal one never as it is, a key always."""
    place = f"{path.name}: storedAs of {item.name} is {stored_as!r}"
    if stored_as not in get_args(StoredAs):
        raise ContractError(f"{place}; write one of {', '.join(get_args(StoredAs))}.")
    if item.classification == "personal" and stored_as == "value":
        raise ContractError(f"{place}; a personal column is stored as keyed-hash, year or nothing.")
    if item.primaryKey and stored_as != "value":
        raise ContractError(f"{place}; the key of a row is stored as it is.")
    needed = {"keyed-hash": "text", "year": "date"}.get(stored_as)
    if needed is not None and kind != needed:
        raise ContractError(f"{place}; that needs a column of kind {needed}, this one is {kind}.")
    return cast(StoredAs, stored_as)


def _owners(path: Path, team: Any) -> tuple[Owner, ...]:
    members = team.members if isinstance(team, Team) else team
    owners = tuple(
        Owner(
            member.username,
            _day(path, f"the dates of owner {member.username}", member.dateIn),
            _day(path, f"the dates of owner {member.username}", member.dateOut),
        )
        for member in members or []
        if member.role == "owner" and member.username
    )
    if not owners:
        raise ContractError(f"{path.name}: team names no member with the role owner.")
    return owners


def _day(path: Path, place: str, text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError) as error:
        raise ContractError(f"{path.name}: {place} must be written YYYY-MM-DD.") from error
