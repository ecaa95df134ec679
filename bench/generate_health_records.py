"""Files of synthetic health records, no real person's, as a department sends them; of any size.

    .venv/bin/python -m bench.generate_health_records FILE --rows N [--start N] [--updated-shift DAYS] …

Records are drawn from their numbers (`bench.synthetic_person`), so that a file may be made again, continued
(`start`), or sent once more with newer versions of the same records (`updated_shift`). Some rows hold one
mistake each; which ones and what is known exactly. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from bench.installation import FEED
from bench.synthetic_person import Random, records
from dxpipeline.contracts import contracts

BAD_SHARE = 0.011
CHUNK = 200_000
"""Rows that are made and written at once."""

_SHARES = 1_000_000
_FAR_SEED = 0x5EED

Quoting = Literal["necessary", "always"]


@dataclass(frozen=True)
class Mistake:
    """A way in which a row is bad.

    Attributes:
        column: The column whose cell is wrong.
        cell: The text that stands there instead, from the columns of the right row.
        code: What the check must say of it.
        blamed: The column that the check must name, where that is another one.
    """

    column: str
    cell: pl.Expr
    code: str
    blamed: str | None = None


_CITIZEN_ID = pl.col("citizen_id")
_NEXT_YEAR = ((_CITIZEN_ID.str.slice(5, 1).cast(pl.Int64) + 1) % 10).cast(pl.String)


MISTAKES: Mapping[str, Mistake] = {
    "citizen-id-short": Mistake("citizen_id", _CITIZEN_ID.str.head(11), "bad-format"),
    "citizen-id-province": Mistake("citizen_id", "099" + _CITIZEN_ID.str.slice(3), "bad-format"),
    "sex-of-citizen-id": Mistake(
        "sex",
        pl.when(_CITIZEN_ID.str.slice(3, 1).is_in(["0", "2"])).then(pl.lit("nữ")).otherwise(pl.lit("nam")),
        "inconsistent-values",
        blamed="citizen_id",
    ),
    "citizen-id-year": Mistake(
        "citizen_id", _CITIZEN_ID.str.head(5) + _NEXT_YEAR + _CITIZEN_ID.str.slice(6), "inconsistent-values"
    ),
    "birth-date-impossible": Mistake("birth_date", "31/02/" + pl.col("birth_date").str.slice(6), "bad-date"),
    "commune-unknown": Mistake("commune_code", pl.lit("19999"), "unknown-commune"),
    "updated-before-created": Mistake("updated_on", pl.lit("15/06/2017"), "inconsistent-values"),
    "updated-in-future": Mistake("updated_on", pl.lit("15/06/2047"), "future-date"),
    "disease-unknown": Mistake("icd10_code", pl.lit("ZZ9.9"), "not-in-list"),
    "height-impossible": Mistake("height_cm", pl.lit("400"), "out-of-range"),
    "weight-in-words": Mistake("weight_kg", pl.lit("nặng"), "bad-number"),
    "pressure-reversed": Mistake(
        "diastolic_mmhg",
        (pl.col("systolic_mmhg").cast(pl.Int64) + 15).cast(pl.String),
        "inconsistent-values",
    ),
    "insurance-malformed": Mistake("insurance_number", pl.lit("HT938X12"), "bad-format"),
    "record-id-missing": Mistake("record_id", pl.lit(None, pl.String), "missing-value"),
    "sex-misspelt": Mistake("sex", pl.lit("nm"), "not-in-list"),
}


@dataclass(frozen=True)
class Generated:
    """A file that was made.

    Attributes:
        path: Where it is.
        rows: Its data rows.
        bad_rows: Line numbers (the header is line 1) by mistake; every row has at most one.
    """

    path: Path
    rows: int
    bad_rows: Mapping[str, tuple[int, ...]]

    @property
    def bad(self) -> int:
        """Return how many rows hold a mistake."""
        return sum(map(len, self.bad_rows.values()))

    @property
    def accepted(self) -> int:
        """Return how many rows are right."""
        return self.rows - self.bad


def generate(
    path: Path,
    rows: int,
    *,
    start: int = 1,
    seed: int = 0,
    bad_share: float = BAD_SHARE,
    updated_shift: int = 0,
    station: int | None = None,
    quoting: Quoting = "necessary",
) -> Generated:
    """Write a file of health records: UTF-8 with commas, dates as dd/mm/yyyy.

    Args:
        path: The file to write.
        rows: Its data rows.
        start: Number of the first record, so that a further file brings further records.
        seed: Another seed gives other persons and other mistakes.
        bad_share: The share of bad rows, as near as chance brings it; a record that is bad stays so.
        updated_shift: Days by which the records are newer than in their first version.
        station: All records are of the station with this place in the list, from 0; of any one by default.
        quoting: Whether cells stand in quotation marks only where they must, or always.
    """
    bad_rows: dict[str, list[int]] = {name: [] for name in MISTAKES}
    header = pl.DataFrame({column.label: [] for column in contracts()[FEED].columns})
    with path.open("wb") as file:
        header.write_csv(file)
        first_line = 2
        for right, mistakes in chunks(rows, start, seed, bad_share, updated_shift, station):
            for name, lines in _lines(mistakes, first_line).items():
                bad_rows[name].extend(lines)
            _written(right, mistakes).write_csv(file, include_header=False, quote_style=quoting)
            first_line += right.height
    return Generated(path, rows, {name: tuple(lines) for name, lines in bad_rows.items()})


def chunks(
    rows: int,
    start: int = 1,
    seed: int = 0,
    bad_share: float = BAD_SHARE,
    updated_shift: int = 0,
    station: int | None = None,
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """Make the records of a file in parts; the arguments are those of `generate`.

    Yields:
        The right values (`synthetic_person.records`), and the name of each row's mistake, null for none.
    """
    for offset in range(0, rows, CHUNK):
        first, height = start + offset, min(CHUNK, rows - offset)
        random = Random(np.arange(first, first + height, dtype=np.uint64), seed + _FAR_SEED)
        bad = pl.Series(random.below(_SHARES) < round(bad_share * _SHARES))
        kinds = pl.Series(list(MISTAKES)).gather(pl.Series(random.below(len(MISTAKES))))
        right = records(first, height, seed=seed, updated_shift=updated_shift, station=station)
        yield right, pl.select(pl.when(bad).then(kinds)).to_series()


def _lines(mistakes: pl.Series, first_line: int) -> dict[str, list[int]]:
    frame = mistakes.alias("mistake").to_frame().with_row_index("line", first_line).drop_nulls()
    grouped = frame.group_by("mistake", maintain_order=True).agg("line")
    return dict(grouped.iter_rows())


def _written(right: pl.DataFrame, mistakes: pl.Series) -> pl.DataFrame:
    """Write the values as text, with the mistakes in them."""
    days = pl.selectors.date().dt.to_string("%d/%m/%Y")
    texts = right.with_columns(days).cast(pl.String).with_columns(mistakes.alias("mistake"))
    wrong: dict[str, pl.Expr] = {}
    for name, mistake in MISTAKES.items():
        so_far = wrong.get(mistake.column, pl.col(mistake.column))
        wrong[mistake.column] = pl.when(pl.col("mistake") == name).then(mistake.cell).otherwise(so_far)
    return texts.with_columns(**wrong).drop("mistake")


def main() -> None:
    """Write a file and print what it holds."""
    parser = argparse.ArgumentParser(description="Write a file of synthetic health records.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=1, help="number of the first record")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bad-share", type=float, default=BAD_SHARE)
    parser.add_argument("--updated-shift", type=int, default=0, metavar="DAYS")
    parser.add_argument("--quoting", choices=("necessary", "always"), default="necessary")
    options = vars(parser.parse_args())
    made = generate(options.pop("file"), options.pop("rows"), **options)
    print(
        json.dumps(
            {
                "rows": made.rows,
                "accepted": made.accepted,
                "bad": {name: len(lines) for name, lines in made.bad_rows.items()},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
