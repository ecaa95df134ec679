"""The SQL models in include/sql/marts/: what each makes, of which feeds, and in which order they run.

A model is one INSERT … SELECT into schema mart. Those of the stage `state` are a CREATE TABLE … AS in schema
staging instead: what several facts are counted from, made once and dropped when they are. The comment lines
above the statement say

    -- grain: what one row is
    -- stage: dimension, state, fact, indicator or evidence; the order in which the models of a feed run
    -- indicators: whose values it makes; of the stage indicator, and of no other
    -- feeds: whose change makes it run, or all; `ledger` alone for a model of the deliveries themselves
    -- parameters: the named parameters of the statement, or none
    -- names: what is put from the feed's contract where its name stands in braces; left out without any
    -- replaces: the rows it makes again, as they follow DELETE FROM, or nothing
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql

from dxpipeline.contracts import contracts
from dxpipeline.settings import INCLUDE

MARTS = INCLUDE / "sql" / "marts"
STAGES = ("dimension", "state", "fact", "indicator", "evidence")
LEDGER = "ledger"
"""Stands for a feed in the header of a model that follows the ledger: it runs in every round."""

_HEADER = re.compile(r"-- (grain|stage|indicators|feeds|parameters|names|replaces): (.+)")
_PARAMETER = re.compile(r"%\((\w+)\)s")
_NAME = re.compile(r"\{(\w+)\}")
_STATEMENT = re.compile(r"^(?:insert|with|create) ", re.MULTILINE)
_STAGED = re.compile(r"^create unlogged table (staging\.\w+) as$", re.MULTILINE)


class ModelError(Exception):
    """A model cannot be used; the message names the file and what to mend."""


@dataclass(frozen=True)
class Model:
    """One statement that fills one table.

    Attributes:
        name: The file's name without its ending.
        grain: What one row is.
        stage: One of `STAGES`.
        feeds: The feeds whose change makes it run, or `LEDGER` alone.
        parameters: The names of the statement's parameters.
        replaces: What is deleted first, as it follows DELETE FROM; None when nothing is.
        statement: The INSERT … SELECT or CREATE TABLE … AS.
        indicators: The codes of the indicators whose values it makes.
        staged: The table that it makes in schema staging; None for one that fills a table of schema mart.
        names: What stands in braces in the statement, to be put from the contract of the feed.
    """

    name: str
    grain: str
    stage: str
    feeds: frozenset[str]
    parameters: frozenset[str]
    replaces: str | None
    statement: str
    indicators: frozenset[str] = frozenset()
    staged: str | None = None
    names: frozenset[str] = frozenset()

    def run(
        self,
        connection: psycopg.Connection,
        parameters: Mapping[str, Any],
        names: Mapping[str, sql.Composable] = MappingProxyType({}),
    ) -> int:
        """Make the model's rows again, in the caller's transaction.

        Args:
            connection: As a role that may write schema mart and make tables in schema staging.
            parameters: A value for each of the model's parameters; others are ignored.
            names: What to put for each of the model's names; others are ignored.

        Returns:
            The number of rows the statement wrote into its table.

        Raises:
            psycopg.Error: The database refuses.
        """
        own = {name: parameters[name] for name in self.parameters}
        if self.replaces is not None:
            connection.execute(sql.SQL("delete from {}").format(sql.SQL(self.replaces)), own)
        statement = sql.SQL(self.statement)
        # Where no names are declared, braces are those of an array.
        put = statement.format(**{name: names[name] for name in self.names}) if self.names else statement
        return connection.execute(put, own).rowcount

    def clear(self, connection: psycopg.Connection) -> None:
        """Drop what the model has staged, in the caller's transaction.

        Args:
            connection: As the role that ran the model.

        Raises:
            psycopg.Error: The database refuses.
        """
        if self.staged is not None:
            connection.execute(sql.SQL("drop table {}").format(sql.SQL(self.staged)))


def load_model(path: Path) -> Model:
    """Read one model.

    Raises:
        ModelError: Its header is incomplete, or says something else than its statement.
    """
    statement = path.read_text(encoding="utf-8")
    header = dict(_HEADER.findall(_STATEMENT.split(statement, maxsplit=1)[0]))
    missing = [name for name in ("grain", "stage", "feeds", "parameters", "replaces") if name not in header]
    if missing:
        raise ModelError(
            f"{path.name}: its header lacks {', '.join(missing)}; write each as `-- name: value`."
        )
    if header["stage"] not in STAGES:
        raise ModelError(f"{path.name}: its stage is {header['stage']!r}; write one of {', '.join(STAGES)}.")
    if ("indicators" in header) != (header["stage"] == "indicator"):
        raise ModelError(
            f"{path.name}: a model of the stage indicator, and no other, names the indicators it makes."
        )
    every = header["feeds"] == "all"
    feeds = frozenset(contracts() if every else header["feeds"].split(", "))
    unknown = feeds - contracts().keys()
    if unknown and feeds != {LEDGER}:
        raise ModelError(f"{path.name}: names unknown feeds: {', '.join(sorted(unknown))}.")
    declared = frozenset() if header["parameters"] == "none" else frozenset(header["parameters"].split(", "))
    if declared != frozenset(_PARAMETER.findall(statement)):
        raise ModelError(
            f"{path.name}: its header names other parameters than its statement; make them agree."
        )
    names = frozenset(header["names"].split(", ")) if "names" in header else frozenset()
    if names and names != frozenset(_NAME.findall(statement)):
        raise ModelError(f"{path.name}: its header gives other names than its statement; make them agree.")
    staged = _STAGED.search(statement)
    if (staged is None) == (header["stage"] == "state"):
        raise ModelError(
            f"{path.name}: a model of the stage state, and no other, makes a table: "
            "write `create unlogged table staging.<name> as` or another stage."
        )
    replaces = None if header["replaces"] == "nothing" else header["replaces"]
    return Model(
        name=path.stem,
        grain=header["grain"],
        stage=header["stage"],
        feeds=feeds,
        parameters=declared,
        replaces=replaces,
        statement=statement,
        indicators=frozenset(header["indicators"].split(", ")) if "indicators" in header else frozenset(),
        staged=None if staged is None else staged[1],
        names=names,
    )


@cache
def models(folder: Path = MARTS) -> tuple[Model, ...]:
    """Read every model of a folder, in the order in which they run.

    Raises:
        ModelError: One of them cannot be used.
    """
    loaded = map(load_model, folder.glob("*.sql"))
    return tuple(sorted(loaded, key=lambda model: (STAGES.index(model.stage), model.name)))
