from __future__ import annotations

import re

import psycopg

from dxpipeline.failures import describe
from dxpipeline.periods import Period


def test_a_failure_is_told_by_its_type_and_place_and_quotes_nothing() -> None:
    try:
        Period.parse("038123456789")
    except ValueError as error:
        described = describe(error)
    assert re.fullmatch(r"ValueError at periods\.py:\d+", described)


def test_a_failure_of_the_database_has_its_code_and_no_value() -> None:
    error = psycopg.errors.UniqueViolation("Key (code)=(038123456789) already exists.")
    assert describe(error) == "UniqueViolation (23505)"
