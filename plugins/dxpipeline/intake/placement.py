"""Which feed a folder of the import folder stands for."""

from __future__ import annotations

from dataclasses import dataclass, field

from dxpipeline.contracts import contracts
from dxpipeline.reference import departments
from dxpipeline.text import closest


@dataclass(frozen=True)
class Placement:
    """What the folder of a file says about it.

    Attributes:
        department: Code of the department, None for an unknown folder.
        feed: The feed, None where none fits.
        reporting_unit: Whose state the file describes; None where it cannot be taken.
        reason: Code of the reason why the file cannot be taken, None where it can.
        details: What the reason's sentence needs.
    """

    department: str | None = None
    feed: str | None = None
    reporting_unit: str | None = None
    reason: str | None = None
    details: dict[str, str] = field(default_factory=dict)


def placement(folder: tuple[str, ...]) -> Placement:
    """Read `<department>/<feed>`; upper and lower case do not matter, as on the clerks' file servers."""
    department_codes = {department.department_code for department in departments()}
    feeds = contracts()
    department = folder[0].casefold() if folder else ""
    feed = folder[1].casefold() if len(folder) > 1 else ""
    shown = "/".join(folder) or "import"
    if folder and department not in department_codes:
        suggestion = closest(folder[0], department_codes) or ", ".join(sorted(department_codes))
        return Placement(reason="unknown-folder", details={"folder": shown, "suggestion": suggestion})
    owned = [
        name for name, contract in feeds.items() if department and contract.accepts_department(department)
    ]
    if len(folder) != 2:
        return Placement(
            department or None, reason="misplaced-file", details={"folder": shown, "feeds": ", ".join(owned)}
        )
    if feed not in feeds:
        suggestion = closest(folder[1], owned) or ", ".join(owned)
        return Placement(
            department, reason="unknown-feed", details={"folder": shown, "suggestion": suggestion}
        )
    contract = feeds[feed]
    if not contract.accepts_department(department):
        owners = ", ".join(owner.department for owner in contract.owners)
        return Placement(
            department, feed, reason="wrong-department", details={"folder": shown, "owners": owners}
        )
    return Placement(department, feed, contract.reporting_unit(department))
