"""What a section of the report is made of: two titles, a picture with its sentence, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts import Picture


@dataclass(frozen=True)
class Table:
    """Columns and rows of text; `numeric` says which columns are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool] = ()


@dataclass(frozen=True)
class Figure:
    """A picture with its titles, its sentence and its numbers; a table without a picture stands open.

    With neither, it says `instead`. `is_summary` keeps it on paper, where only the summary is printed.
    """

    ident: str
    headline: str
    subtitle: str = ""
    picture: Picture | None = None
    alt: str = ""
    table: Table | None = None
    notes: Sequence[str] = ()
    instead: str = ""
    over: str = ""
    """The name of the section, above the headline of its first figure."""
    is_summary: bool = True
