"""Frames in and out of DuckDB by the Arrow stream both speak, without pyarrow."""

from __future__ import annotations

from typing import Any

import polars as pl


class ArrowStream:
    """Anything with an Arrow stream, and nothing else: DuckDB would ask a frame for pyarrow, and Polars would
    look so deep into a relation that the interpreter complains at exit."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.source.__arrow_c_stream__(requested_schema)


def fetch(connection: Any, query: str, parameters: list[Any] | None = None) -> pl.DataFrame:
    """The rows of a query as a frame."""
    return frame_of(connection.sql(query, params=parameters) if parameters else connection.sql(query))


def frame_of(relation: Any) -> pl.DataFrame:
    """A relation as a frame; ordered classes as text, since Polars neither joins nor compares those of two tables."""
    return pl.DataFrame(ArrowStream(relation)).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def load_frame(connection: Any, name: str, frame: pl.DataFrame) -> None:
    """Make a table called `name` of the frame's rows, in place of any of that name."""
    connection.register("incoming_frame", ArrowStream(frame))
    connection.execute(f'create or replace table "{name}" as from incoming_frame')
    connection.unregister("incoming_frame")
