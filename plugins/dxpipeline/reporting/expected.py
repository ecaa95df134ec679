"""The reports that are expected: of which feed, for which period, until when, and from which department."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dxpipeline.contracts import Contract, ContractError, contracts
from dxpipeline.periods import HO_CHI_MINH, periods_between
from dxpipeline.reference import departments


@dataclass(frozen=True)
class ExpectedReport:
    """A report that is owed.

    Attributes:
        feed: The feed.
        feed_name: Its Vietnamese title.
        period: The reporting period in its canonical form.
        reporting_unit: Whose state it describes: the duty, or the department.
        department_code: The department that answered for it on the period's last day.
        frequency: How often the feed is reported.
        period_start_on: The period's first day in the feed's calendar.
        period_end_on: Its last day.
        due_on: The last day on which the report is on time.
        expected_units: What a complete report names; None where the contract does not say.
    """

    feed: str
    feed_name: str
    period: str
    reporting_unit: str
    department_code: str
    frequency: str
    period_start_on: date
    period_end_on: date
    due_on: date
    expected_units: str | None


def today() -> date:
    """Return the day in the province."""
    return datetime.now(HO_CHI_MINH).date()


def all_expected_reports(until: date) -> list[ExpectedReport]:
    """Return the reports of every feed whose period has begun by a day, by feed, period and reporting unit.

    Raises:
        ContractError: A contract cannot be used, or names nobody who answers for one of its periods.
        ReferenceDataError: The table of departments is missing or broken.
    """
    return [report for contract in contracts().values() for report in expected_reports(contract, until)]


def expected_reports(contract: Contract, until: date) -> Iterator[ExpectedReport]:
    """Return the reports of one feed whose period has begun by a day, in the order of the periods.

    Args:
        contract: The feed; one that is not reported period by period expects nothing.
        until: The last day on which a period may begin.

    Raises:
        ContractError: Nobody answers for the feed on the last day of a period.
        ReferenceDataError: The table of departments is missing or broken.
    """
    if contract.due_days is None:
        return
    for period in periods_between(contract.frequency, contract.calendar, contract.reports_from, until):
        last_day = contract.last_day(period)
        owners = answering_departments(contract, last_day)
        if not owners:
            raise ContractError(
                f"{contract.path.name}: team names nobody who answers for {period} on {last_day}; "
                "give its owners dates without a gap."
            )
        for department in owners:
            yield ExpectedReport(
                feed=contract.feed,
                feed_name=contract.title,
                period=str(period),
                reporting_unit=contract.reporting_unit(department),
                department_code=department,
                frequency=contract.frequency,
                period_start_on=period.first_day(contract.calendar),
                period_end_on=last_day,
                due_on=last_day + timedelta(days=contract.due_days),
                expected_units=contract.expected_units,
            )


def answering_departments(contract: Contract, on: date) -> list[str]:
    """Return the departments that owe a feed's report on a day.

    Where departments report for themselves that is each of the owners; a duty has one, the owner that came
    last. An owner that was merged into another department by then is answered for by that one.
    """
    owners: list[str] = []
    for owner in contract.owners:
        if (owner.valid_from or on) <= on and (owner.valid_to is None or on < owner.valid_to):
            every = [one.department_code for one in departments() if one.exists(on)]
            owners.extend(every if owner.department == "*" else [successor(owner.department, on)])
    distinct = list(dict.fromkeys(owners))
    return distinct if contract.unit_is_department else distinct[-1:]


def successor(department: str, on: date) -> str:
    """Return the department that does another one's work on a day: itself, or what it was merged into."""
    known = {one.department_code: one for one in departments()}
    seen = {department}
    while (
        (found := known.get(department)) is not None and found.valid_to is not None and on >= found.valid_to
    ):
        if found.successor_code is None or found.successor_code in seen:
            break
        department = found.successor_code
        seen.add(department)
    return department
