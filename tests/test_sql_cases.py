"""Every folder in `cases/<table>/<sentence>/` is a query's input by hand and the rows it must give.

An empty cell is NULL; a column left out is NULL; a table left out has no rows; columns that `expect.csv` leaves out
are not compared; `settings.toml` holds variables that differ from the defaults.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows import pipeline, store
from flows.config import Settings
from flows.store import Home
from sql.frames import load_frame
from sql.measure import set_variables
from sql.registry import registry
from sql.runner import load_macros, tables_read

CASES = Path(__file__).parent / "cases"
NOW = datetime(2025, 1, 1, tzinfo=UTC)
Types = dict[str, dict[str, str]]


def cases() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/*/expect.csv"))


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Types:
    """Table -> column -> type, as an empty store is measured."""
    home = Home(tmp_path_factory.mktemp("empty") / "home").create()
    store.open_store(home).close()
    pipeline.measure(home, Settings(), database=home.database, now=NOW)
    with closing(store.connect(home.private / "work.duckdb")) as connection:
        connection.execute(f"attach '{home.database}' as store")
        found: Types = {}
        for table, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() where not internal"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
        return found


@pytest.fixture
def connection() -> Iterator[store.Connection]:
    with closing(store.connect()) as opened:
        load_macros(opened)
        yield opened


def load(connection: store.Connection, name: str, path: Path | None, columns: dict[str, str]) -> list[str]:
    """Make table `name` of a CSV (of no rows without one), typed; returns the columns that the CSV has."""
    rows = pl.read_csv(path, infer_schema=False) if path else pl.DataFrame()
    unknown = set(rows.columns) - columns.keys()
    assert not unknown, f"{path}: {name} has no column {sorted(unknown)}"
    load_frame(connection, "cells", rows if rows.width else pl.DataFrame({"nothing": []}))
    selected = ", ".join(
        f'{f"cells.{column}" if column in rows.columns else "null"}::{kind} as "{column}"'
        for column, kind in columns.items()
    )
    connection.execute(f'create or replace table "{name}" as select {selected} from cells')
    return rows.columns


def rows_of(connection: store.Connection, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    listing = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f'select {listing} from "{table}" order by all').fetchall()
    return [tuple(round(cell, 9) if isinstance(cell, float) else cell for cell in row) for row in rows]


@pytest.mark.parametrize("case", cases(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_case(case: Path, connection: store.Connection, types: Types) -> None:
    query = registry().queries[case.parent.name]
    read = tables_read(connection, query.select) & types.keys()
    files = {path.stem: path for path in case.glob("*.csv") if path.name != "expect.csv"}
    assert files.keys() <= read, f"{query.name} does not read {sorted(files.keys() - read)}"
    for table in read:
        load(connection, table, files.get(table), types[table])
    settings = case / "settings.toml"
    given = tomllib.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    set_variables(connection, pipeline._variables(Settings(), NOW) | given)
    columns = load(connection, "expected", case / "expect.csv", types[query.name])
    connection.execute(f"create or replace table found as {query.select}")
    assert rows_of(connection, "found", columns) == rows_of(connection, "expected", columns)


def test_every_case_is_about_a_query_we_have() -> None:
    assert {case.parent.name for case in cases()} <= registry().queries.keys()
    assert len(cases()) >= 14
