"""What a row set aside is: where it stood, and why it was not used."""

from __future__ import annotations

import polars as pl

from schemas.table import Column, Table

SET_ASIDE = Table(
    name="set_aside",
    meaning="One row of an export that was set aside, with its reason; the row itself stays in quarantine.",
    columns=(
        Column("member", pl.String, "file inside the export the row stands in"),
        Column("row_no", pl.Int64, "1-based data row in that file"),
        Column("reason", pl.String, "why it was set aside; never holds a value of the row"),
        Column("raw", pl.String, "the row as it stood, as JSON; private, never published"),
    ),
)
