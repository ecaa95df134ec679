"""What a tutorial does: pandas.read_csv, Great Expectations, DataFrame.to_sql."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from sqlalchemy import LargeBinary, create_engine

from bench.installation import SCHEMA
from bench.peers import (
    DATES,
    EARLIEST_BIRTH,
    HASHED,
    NAMES,
    NUMBERS,
    PATTERNS,
    PROVENANCE,
    RANGES,
    REQUIRED,
    SEXES,
    STORED,
    communes,
    diseases,
    hashed,
)

gxe: Any = gx.expectations


def load(source: Path, url: str, table: str) -> int:
    """Check a file and append its good rows to a table; return how many."""
    frame = _typed(pd.read_csv(source, dtype="str").rename(columns=NAMES))
    bad = _failing_rows(frame)
    good = frame[~frame["source_row"].isin(bad)]
    newest = good.sort_values(["updated_on", "source_row"]).drop_duplicates("record_id", keep="last")
    added: dict[str, Any] = {
        **PROVENANCE,
        "birth_year": newest["birth_date"].dt.year,
        **{f"{name}_hash": newest[name].map(hashed, na_action="ignore").astype(object) for name in HASHED},
    }
    stored = newest.assign(**added)[STORED].astype(object)
    stored = stored.where(stored.notna(), None)
    hash_types: dict[Any, Any] = {f"{name}_hash": LargeBinary() for name in HASHED}
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as connection:
            quarantine = pd.DataFrame({"source_row": sorted(bad)})
            quarantine.to_sql(
                f"{table}_quarantine", connection, schema=SCHEMA, if_exists="replace", index=False
            )
            stored.to_sql(
                table,
                connection,
                schema=SCHEMA,
                if_exists="append",
                index=False,
                chunksize=10_000,
                dtype=hash_types,
            )
    finally:
        engine.dispose()
    return len(stored)


def _typed(sent: pd.DataFrame) -> pd.DataFrame:
    """Read dates and numbers; what cannot be read is missing, and its column says that it was not read."""
    frame = sent.assign(source_row=sent.index + 2)
    for name in DATES:
        frame[name] = pd.to_datetime(sent[name], format="%d/%m/%Y", errors="coerce")
    for name in NUMBERS:
        frame[name] = pd.to_numeric(sent[name], errors="coerce")
    for name in (*DATES, *NUMBERS):
        frame[f"{name}_reads"] = frame[name].notna() | sent[name].isna()
    digits = pd.to_numeric(sent["citizen_id"], errors="coerce")
    century_and_sex, year = digits // 10**8 % 10, digits // 10**6 % 100
    is_woman = century_and_sex % 2 == 1
    undetermined = sent["sex"] == "không xác định"
    frame["sex_agrees"] = (is_woman & (sent["sex"] == "nữ")) | (~is_woman & (sent["sex"] == "nam"))
    frame["sex_agrees"] |= undetermined
    frame["year_agrees"] = 1900 + century_and_sex // 2 * 100 + year == frame["birth_date"].dt.year
    return frame


def _failing_rows(frame: pd.DataFrame) -> set[int]:
    """Return the rows that break a rule, as Great Expectations tells them."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("drops").add_dataframe_asset("records")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    outcome = batch.validate(
        gx.ExpectationSuite(name="health_records", expectations=_expectations()),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["source_row"]},
    )
    return {
        int(place["source_row"])
        for result in outcome.results
        for place in result.result.get("unexpected_index_list") or ()
    }


def _expectations() -> list[Any]:
    today = pd.Timestamp(date.today())
    agreeing = [f"{name}_reads" for name in (*DATES, *NUMBERS)] + ["sex_agrees", "year_agrees"]
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in REQUIRED),
        *(gxe.ExpectColumnValuesToMatchRegex(column=name, regex=regex) for name, regex in PATTERNS.items()),
        *(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[True]) for name in agreeing),
        gxe.ExpectColumnValuesToBeInSet(column="sex", value_set=SEXES),
        gxe.ExpectColumnValuesToBeInSet(column="commune_code", value_set=communes()),
        gxe.ExpectColumnValuesToBeInSet(column="icd10_code", value_set=diseases()),
        gxe.ExpectColumnValuesToBeBetween(
            column="birth_date", min_value=pd.Timestamp(EARLIEST_BIRTH), max_value=today
        ),
        gxe.ExpectColumnValuesToBeBetween(column="updated_on", max_value=today),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
            for name, (low, high) in RANGES.items()
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="updated_on",
            column_B="created_on",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="systolic_mmhg", column_B="diastolic_mmhg", ignore_row_if="either_value_is_missing"
        ),
    ]
