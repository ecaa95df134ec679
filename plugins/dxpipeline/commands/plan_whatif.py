"""`dxpipeline plan whatif`: what another target, year or pace would mean; nothing is stored."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dxpipeline.console import number, print_json, table

if TYPE_CHECKING:
    from dxpipeline.plan.scenario import Outcome

_Given = tuple[str, float]


def add(actions: Any) -> None:
    """Add the command to those of `dxpipeline plan`."""
    command = actions.add_parser(
        "whatif", help="what another target, year or pace would mean for verdicts and money; stores nothing"
    )
    command.add_argument("--document", metavar="CODE", help="only the targets of this document")
    for option, kind, value, text in (
        ("--target", _number, "VALUE", "another value to be reached"),
        ("--year", _year, "YEAR", "another year by which it is to be reached"),
        ("--pace", _number, "VALUE", "another pace, in units per year"),
    ):
        command.add_argument(
            option,
            type=kind,
            action="append",
            default=[],
            metavar=f"INDICATOR={value}",
            help=f"{text}; may be repeated",
        )
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what the changes mean for each target that they touch.

    Returns:
        0.

    Raises:
        ScenarioError: What was asked for makes no sense.
    """
    from dxpipeline.plan.scenario import Changes, what_if
    from dxpipeline.settings import get_settings
    from dxpipeline.warehouse.session import open_warehouse

    changes = Changes(
        targets=_once("--target", options.target),
        years={code: int(year) for code, year in _once("--year", options.year).items()},
        paces=_once("--pace", options.pace),
    )
    with open_warehouse(get_settings(), "bi") as connection:
        outcomes = what_if(connection, changes, document=options.document)
    if options.json:
        print_json({"targets": outcomes})
    else:
        print(_verdicts(outcomes), _money(outcomes), sep="\n\n")
    return 0


def _number(text: str) -> _Given:
    code, separator, written = text.partition("=")
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not (code and separator and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text!r} is no INDICATOR=VALUE: write a number, such as SW_ENT=20")
    return code, value


def _year(text: str) -> _Given:
    code, separator, written = text.partition("=")
    if not (code and separator and written.isascii() and written.isdigit() and 1990 <= int(written) <= 2100):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no INDICATOR=YEAR: write a year from 1990 to 2100, such as SW_ENT=2027"
        )
    return code, int(written)


def _once(option: str, given: Sequence[_Given]) -> dict[str, float]:
    from dxpipeline.plan.scenario import ScenarioError

    found: dict[str, float] = {}
    for code, value in given:
        if code in found:
            raise ScenarioError(f"{option} {code}={value:g}: comes a second time; keep one of them.")
        found[code] = value
    return found


def _verdicts(outcomes: Sequence[Outcome]) -> str:
    from dxpipeline.indicators.tables import projected, wanted

    header = (
        "document", "target", "", "value", "wanted", "needed/yr", "pace/yr", "projected", "reached in",
        "verdict", "method",
    )  # fmt: skip
    rows = []
    for outcome in outcomes:
        for when, state in (("now", outcome["before"]), ("if", outcome["after"])):
            rows.append(
                (
                    outcome["document_code"],
                    outcome["indicator_code"],
                    when,
                    number(outcome["value"]),
                    wanted(state["target_value"], state["target_year"]),
                    number(state["required_pace"]),
                    number(state["observed_pace"]),
                    projected(state),
                    state["reached_in"],
                    state["verdict"],
                    state["projection_method"],
                )
            )
    return table(header, rows)


def _money(outcomes: Sequence[Outcome]) -> str:
    from dxpipeline.messages import label

    header = (
        "document",
        "target",
        "million VND",
        "need",
        "budget",
        "gap",
        "per unit",
        "need/yr",
        "solutions",
    )
    rows: list[tuple[object, ...]] = []
    notes = [label("whatif", "method")]
    for outcome in outcomes:
        money, target = outcome["money"], (outcome["document_code"], outcome["indicator_code"])
        elsewhere = [f"{code} ({document})" for code, document in money["solutions_elsewhere"].items()]
        solutions, budget = ", ".join([*money["solutions"], *elsewhere]), number(money["budget_vnd_m"])
        of_pace = (number(money["unit_cost_vnd_m"]), number(money["need_per_year_vnd_m"]))
        before, after = money["need_before_vnd_m"], money["need_after_vnd_m"]
        rows.append(
            (*target, "now", number(before), budget, number(money["gap_before_vnd_m"]), None, None, solutions)
        )
        rows.append(
            (*target, "if", number(after), budget, number(money["gap_after_vnd_m"]), *of_pace, solutions)
        )
        for why in (money["refused"], money["pace_refused"]):
            if why is not None:
                notes.append(f"{' '.join(target)}: {label('whatif', why)}")
    if any(outcome["money"]["need_per_year_vnd_m"] is not None for outcome in outcomes):
        notes.append(label("whatif", "pace"))
    if any(outcome["money"]["synthetic"] for outcome in outcomes):
        notes.append(label("whatif", "synthetic"))
    return "\n".join((table(header, rows), *notes))
