"""What a table is: its columns with types and meanings, and the expectations its rows must meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

TIMESTAMP = pl.Datetime("us", "UTC")

SQL_TYPES: dict[str, str] = {
    str(pl.String): "varchar",
    str(pl.Int64): "bigint",
    str(pl.Boolean): "boolean",
    str(pl.Float64): "double",
    str(TIMESTAMP): "timestamptz",
    str(pl.Date): "date",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, Polars type, and what a value means."""

    name: str
    dtype: Any
    meaning: str
    required: bool = False
    """True if a canonical table must carry it."""
    internal: bool = False
    """True if a reader fills it; a canonical table never carries it."""

    @property
    def sql_type(self) -> str:
        """The column's DuckDB type."""
        return SQL_TYPES[str(self.dtype)]


@dataclass(frozen=True)
class Table:
    """A table's columns and the expectations that set its bad rows aside."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    expectations: tuple[dict[str, Any], ...] = field(default=())
    """Great Expectations configurations; `meta.reason` is the reason a failing row is set aside with."""

    @property
    def schema(self) -> dict[str, Any]:
        """Column name to Polars type."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    def frame(self, rows: list[dict[str, Any]] | None = None) -> pl.DataFrame:
        """Rows (dicts; missing keys become null) as a frame of exactly this table's columns."""
        return pl.DataFrame(rows or [], schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly this table's columns, in order; absent ones null, others dropped."""
        present = set(frame.columns)
        return frame.select(
            (pl.col(column.name).cast(column.dtype) if column.name in present else pl.lit(None, column.dtype)).alias(
                column.name
            )
            for column in self.columns
        )
