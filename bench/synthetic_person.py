"""Synthetic persons and their health records, each a function of its number alone.

**No real person's data.** Every name holds "Mẫu" (sample), and every number is drawn from a mixing function,
so that the same record comes out the same in whatever file, part or process it is made.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from dxpipeline import reference

Numbers = npt.NDArray[np.uint64]
Days = npt.NDArray[np.int64]

SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đỗ", "Bùi", "Trịnh", "Lưu")
MIDDLE_NAMES_OF_MEN = ("Văn Mẫu", "Đức Mẫu", "Ngọc Mẫu", "Quang Mẫu")
MIDDLE_NAMES_OF_WOMEN = ("Thị Mẫu", "Ngọc Mẫu", "Thu Mẫu", "Kim Mẫu")
GIVEN_NAMES = ("An", "Bình", "Chi", "Dung", "Giang", "Hà", "Khánh", "Lan", "Minh", "Nga", "Phúc", "Sơn", "Vy")
PROVINCES = ("038",) * 61 + ("036", "037", "040")
"""Mostly Thanh Hóa, some neighbours."""

DISEASES = (
    *(
        "A09.9",
        "A15.0",
        "B18.1",
        "C50.9",
        "D50.9",
        "E03.9",
        "E11.9",
        "E78.5",
        "F32.9",
        "G40.9",
        "G47.0",
        "H25.9",
    ),
    *(
        "H52.1",
        "I10",
        "I20.9",
        "I25.9",
        "I63.9",
        "J02.9",
        "J18.9",
        "J20.9",
        "J44.9",
        "J45.0",
        "K21.0",
        "K29.7",
    ),
    *("L20.9", "M10.9", "M17.9", "M54.5", "N18.9", "N20.0", "N39.0", "N40"),
)

STATIONS = 559
"""One in each commune of 2021."""

FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR = 1930, 2017
YEARS = LAST_BIRTH_YEAR - FIRST_BIRTH_YEAR + 1
CELLS = 2 * YEARS
"""A citizen id tells sex and year of birth; inside such a cell its last six digits tell persons apart."""

_CREATED_FROM, _CREATED_UNTIL = date(2018, 1, 1), date(2021, 3, 31)
_UPDATED_FROM, _UPDATED_DAYS = date(2021, 4, 1), 80
_COMMUNES_ON = date(2021, 6, 30)
_FIRST_STATION = 38_101
_EPOCH = date(1970, 1, 1)


class Random:
    """Numbers that look random and depend on a seed, a purpose and the record's number only (splitmix64).

    Args:
        numbers: Numbers of the records.
        seed: Another seed gives other persons.
    """

    def __init__(self, numbers: Numbers, seed: int) -> None:
        """Mix the numbers once; each purpose mixes them again."""
        self._mixed = mix(numbers + _step(seed, 0x9E3779B97F4A7C15))
        self._purpose = 0

    def below(self, limit: int | Days) -> Days:
        """Draw whole numbers from 0 to below a limit; each call is a purpose of its own."""
        self._purpose += 1
        drawn = mix(self._mixed + _step(self._purpose, 0xD1B54A32D192ED03))
        # The upper half: 32 bits are enough, and a signed number is what dates and indexes want.
        return (drawn >> np.uint64(32)).astype(np.int64) % limit

    def once_in(self, share: int) -> npt.NDArray[np.bool_]:
        """Say yes for one record in so many."""
        return np.equal(self.below(share), 0)


def mix(numbers: Numbers) -> Numbers:
    """Scatter numbers over 64 bits (the finisher of splitmix64, Steele, Lea and Flood 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


class Citizen(NamedTuple):
    """What the digits of citizen ids say: sex, year of birth, and a number inside these."""

    is_woman: npt.NDArray[np.bool_]
    birth_year: Days
    serial: Days


def citizens(numbers: Numbers, seed: int) -> Citizen:
    """Deal records out to sexes and years of birth, so that the ids of 176 million records all differ."""
    block = numbers // np.uint64(CELLS)
    turned = mix(block + np.uint64(seed)) % np.uint64(CELLS)
    # A step that shares no divisor with the number of cells visits each of them once in every block, and so
    # does the step of the serial number with those of a cell.
    cell = ((numbers * np.uint64(67) + turned) % np.uint64(CELLS)).astype(np.int64)
    serial = (block.astype(np.int64) * 387_421 + cell * 5_683) % 1_000_000
    return Citizen(cell % 2 == 1, FIRST_BIRTH_YEAR + cell // 2, serial)


def records(
    first: int, rows: int, *, seed: int = 0, updated_shift: int = 0, station: int | None = None
) -> pl.DataFrame:
    """Make records as a department knows them: the columns of the contract, typed, every one right.

    Args:
        first: Number of the first record, from 1.
        rows: How many.
        seed: Another seed gives other persons under the same numbers.
        updated_shift: Days by which `updated_on` is later than in the first version.
        station: All are of the station with this place in the list, from 0; of any station by default.
    """
    numbers: Numbers = np.arange(first, first + rows, dtype=np.uint64)
    random = Random(numbers, seed)
    citizen = citizens(numbers, seed)
    born = _days(citizen.birth_year) + random.below(365)
    created = _day(_CREATED_FROM) + random.below(_day(_CREATED_UNTIL) - _day(_CREATED_FROM) + 1)
    updated = _day(_UPDATED_FROM) + random.below(_UPDATED_DAYS) + updated_shift
    visited = created + random.below(updated - updated_shift - created + 1)
    communes, stations = _places()
    place = random.below(len(communes))
    if station is not None:
        place[:] = station
    grown = citizen.birth_year <= 2003
    height = np.where(grown, 146 + random.below(36), 40 + 6 * (2021 - citizen.birth_year) + random.below(16))
    weight = np.round((16 + random.below(120) / 10) * (height / 100) ** 2, 1)
    systolic = 95 + random.below(66)
    diastolic = 55 + random.below(systolic - 70)
    card = random.below(10**9) * 10 + random.below(10)
    named_card = pl.format("HN238{}", pl.col("card").cast(pl.String).str.zfill(10))
    kind_of_card = random.below(3)
    frame = pl.DataFrame(
        {
            "number": numbers.astype(np.int64),
            "woman": citizen.is_woman,
            "birth_year": citizen.birth_year,
            "serial": citizen.serial,
            "province": _chosen(PROVINCES, random.below(len(PROVINCES))),
            "surname": _chosen(SURNAMES, random.below(len(SURNAMES))),
            "man_middle": _chosen(MIDDLE_NAMES_OF_MEN, random.below(len(MIDDLE_NAMES_OF_MEN))),
            "woman_middle": _chosen(MIDDLE_NAMES_OF_WOMEN, random.below(len(MIDDLE_NAMES_OF_WOMEN))),
            "given": _chosen(GIVEN_NAMES, random.below(len(GIVEN_NAMES))),
            "undetermined": random.once_in(1000),
            "born": _dates(born),
            "commune": _chosen(communes, place),
            "station": _chosen(stations, place),
            "card": card,
            "kind_of_card": kind_of_card,
            "created": _dates(created),
            "updated": _dates(updated),
            "visited": _dates(visited),
            "never_visited": random.once_in(5),
            "disease": _chosen(DISEASES, random.below(len(DISEASES))),
            "healthy": random.below(10) < 3,
            "unmeasured": random.once_in(10),
            "height": height,
            "weight": weight,
            "systolic": systolic,
            "diastolic": diastolic,
        }
    )
    century_and_sex = (pl.col("birth_year") // 100 - 19) * 2 + pl.col("woman").cast(pl.Int64)
    return frame.select(
        pl.format("HS38-{}", pl.col("number").cast(pl.String).str.zfill(9)).alias("record_id"),
        pl.format(
            "{}{}{}{}",
            "province",
            century_and_sex,
            (pl.col("birth_year") % 100).cast(pl.String).str.zfill(2),
            pl.col("serial").cast(pl.String).str.zfill(6),
        ).alias("citizen_id"),
        pl.format(
            "{} {} {}",
            "surname",
            pl.when("woman").then("woman_middle").otherwise("man_middle"),
            "given",
        ).alias("full_name"),
        pl.col("born").alias("birth_date"),
        pl.when("undetermined")
        .then(pl.lit("không xác định"))
        .when("woman")
        .then(pl.lit("nữ"))
        .otherwise(pl.lit("nam"))
        .alias("sex"),
        pl.col("commune").alias("commune_code"),
        pl.col("station").alias("station_code"),
        pl.when(pl.col("kind_of_card") == 0)
        .then(named_card)
        .when(pl.col("kind_of_card") == 1)
        .then(pl.col("card").cast(pl.String).str.zfill(10))
        .alias("insurance_number"),
        pl.col("created").alias("created_on"),
        pl.col("updated").alias("updated_on"),
        pl.when(~pl.col("never_visited")).then("visited").alias("last_visit_on"),
        pl.when(~pl.col("healthy")).then("disease").alias("icd10_code"),
        pl.when(~pl.col("unmeasured")).then("height").alias("height_cm"),
        pl.when(~pl.col("unmeasured")).then("weight").alias("weight_kg"),
        pl.col("systolic").alias("systolic_mmhg"),
        pl.col("diastolic").alias("diastolic_mmhg"),
    )


@cache
def _places() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The communes of 2021, and the station of each, numbered in their order."""
    communes = tuple(reference.communes_in_force(_COMMUNES_ON))
    return communes, tuple(str(_FIRST_STATION + place) for place in range(len(communes)))


def _step(times: int, width: int) -> np.uint64:
    return np.uint64(times * width % 2**64)


def _chosen(names: tuple[str, ...], indexes: Days) -> pl.Series:
    return pl.Series(names).gather(pl.Series(indexes))


def _day(day: date) -> int:
    return (day - _EPOCH).days


def _days(years: Days) -> Days:
    """Return the first day of each year, as days since 1970."""
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def _dates(days: Days) -> pl.Series:
    return pl.Series(days).cast(pl.Int32).cast(pl.Date)
