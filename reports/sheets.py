"""The numbers of a composed page for other programs: one sheet a section, as JSON and as a workbook."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from reports import words
from reports.figure import Figure, Table
from reports.shown import Shown, Span

Cell = Shown | str | None
NOTHING = "–"
LONGEST_SHEET_NAME = 31


@dataclass(frozen=True)
class Sheet:
    """One section of the page: its words, and its numbers in columns of one thing each."""

    ident: str
    headline: str
    subtitle: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    notes: Sequence[str] = ()


def sheets(page: Mapping[str, Any]) -> list[Sheet]:
    """Every table of the page in its order; sections that only this page has are found by their figures and tables."""
    own = {"tiles": _tiles, "groups": _groups, "findings": _findings, "quality": _data}
    found: list[Sheet] = []
    for name, part in page.items():
        if name in own:
            found += [own[name](page)]
        else:
            found += [_sheet_of(name, item) for item in _within(part)]
    return [sheet for sheet in found if sheet.headline or sheet.rows]


def as_json(page: Mapping[str, Any]) -> str:
    """The page's words and numbers as one JSON object; shares as 0.19, days as 2026-11-09, what is withheld as text."""
    facts, head = page["facts_of_week"], page["head"]
    week: date = facts["week"]
    return (
        json.dumps(
            {
                "title": head["title"],
                "week": week.isoformat(),
                "made_at": facts["published_at"].astimezone(UTC).isoformat(),
                "time_zone": facts["time_zone"],
                "made": head["made_at"],
                "covered": head["covered"],
                "version": facts["version"],
                "schema_version": facts["schema_version"],
                "main_points": page["points"],
                "sections": [_section(sheet) for sheet in sheets(page)],
                "not_for_decisions": words.NOT_FOR_DECISIONS,
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


def as_workbook(page: Mapping[str, Any]) -> bytes:
    """The same as an Excel workbook: numbers as numbers with the page's rounding, text never as a formula or a link."""
    from xlsxwriter import Workbook

    held = io.BytesIO()
    as_text = dict.fromkeys(("strings_to_formulas", "strings_to_numbers", "strings_to_urls"), False)
    # Everything in memory: files on the way would carry the clock.
    with Workbook(held, as_text | {"in_memory": True}) as book:
        made = page["facts_of_week"]["published_at"].astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": page["head"]["title"], "created": made})
        layout = _Layout(book)
        layout.write_front(page)
        for sheet in sheets(page):
            layout.write(sheet)
    return held.getvalue()


def _section(sheet: Sheet) -> dict[str, Any]:
    return {
        "id": sheet.ident,
        "headline": sheet.headline,
        "subtitle": sheet.subtitle,
        "columns": list(sheet.columns),
        "rows": [[_plain(cell) for cell in row] for row in sheet.rows],
        "notes": list(sheet.notes),
    }


def _plain(cell: Cell) -> Any:
    if not isinstance(cell, Shown):
        return cell
    return cell.value.isoformat() if isinstance(cell.value, date) else cell.value


# The sections of the page


def _within(part: Any) -> Iterator[Figure | Table]:
    """The figures and tables anywhere inside one part of the page."""
    if isinstance(part, Figure | Table):
        yield part
    elif isinstance(part, Mapping):
        for item in part.values():
            yield from _within(item)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _within(item)


def _sheet_of(name: str, item: Figure | Table) -> Sheet:
    if isinstance(item, Table):
        return _sheet(name, name.replace("_", " "), item)
    notes = [*item.notes, item.instead]
    return _sheet(item.ident, item.headline, item.table, subtitle=item.subtitle, notes=notes)


def _sheet(ident: str, headline: str, table: Table | None, *, subtitle: str = "", notes: Sequence[str] = ()) -> Sheet:
    columns, rows = _spread(table.columns, table.rows) if table else ([], [])
    return Sheet(ident, headline, subtitle, columns, rows, [note for note in notes if note])


def _tiles(page: Mapping[str, Any]) -> Sheet:
    tiles = page["tiles"]
    return _sheet("tiles", tiles["headline"], tiles["table"])


def _groups(page: Mapping[str, Any]) -> Sheet:
    groups = page["groups"]
    if not groups["parts"]:
        return Sheet("groups", "")
    rows = [[part["name"], *cells] for part in groups["parts"] for cells, _ in part["rows"]]
    notes = [f"{part['name']}: {part['hidden']}" for part in groups["parts"] if part["hidden"]]
    table = Table((words.LABELS["part"], *filter(None, groups["columns"])), rows)
    return _sheet("groups", groups["headline"], table, subtitle=groups["subtitle"], notes=notes)


def _findings(page: Mapping[str, Any]) -> Sheet:
    findings = page["findings"]
    rows = [[*row["cells"], row["flag"] or NOTHING] for row in findings["rest"]]
    notes = [f"{reason}: {'; '.join(pairs)}." for reason, pairs in findings["too_little"]]
    if notes:
        notes = [findings["too_little_headline"], *notes]
    table = Table((*filter(None, words.FINDING_COLUMNS), words.LABELS["note"]), rows)
    subtitle = f"{words.FINDINGS_SUBTITLE} {findings['missed']}".strip() if rows else ""
    return _sheet("findings", findings["headline"], table, subtitle=subtitle, notes=notes)


def _data(page: Mapping[str, Any]) -> Sheet:
    rows = [*words.quality_rows(page["quality"]), *([*fact, ""] for fact in page["facts"])]
    notes = [words.balance(page["quality"])]
    table = Table((words.LABELS["what"], words.LABELS["number"], words.LABELS["why"]), rows)
    return _sheet("data", words.quality_headline(page["quality"]), table, notes=notes)


def _spread(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[Cell]]]:
    """A table with a column for each end of every range, and empty cells where the page shows a dash."""
    parts = [_parts_of([row[place] for row in rows]) for place in range(len(columns))]
    names = [_named(name, part) for name, kinds in zip(columns, parts, strict=True) for part in kinds]
    spread = [[cell for text, kinds in zip(row, parts, strict=True) for cell in _cells(text, kinds)] for row in rows]
    return names, spread


def _parts_of(cells: Sequence[str]) -> tuple[str, ...]:
    spans = [cell for cell in cells if isinstance(cell, Span)]
    if not spans:
        return ("",)
    return ("", "low", "high") if any(span.estimate for span in spans) else ("low", "high")


def _named(column: str, part: str) -> str:
    return f"{column}, {words.LABELS[part]}" if part else column


def _cells(text: str, parts: Sequence[str]) -> list[Cell]:
    if isinstance(text, Span):
        ends: dict[str, Cell] = {"": text.estimate, "low": text.low, "high": text.high}
        return [ends[part] for part in parts]
    first: Cell = None if text in (NOTHING, "") else text
    return [first, *[None] * (len(parts) - 1)]


# The workbook


class _Layout:
    """Writes sheets into a workbook; keeps the formats, of which a workbook wants one object each."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.formats: dict[str, Any] = {}
        self.bold = book.add_format({"bold": True, "font_size": 13})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def write_front(self, page: Mapping[str, Any]) -> None:
        """The first sheet: title, period, when it was made, the main points, how to read it."""
        facts, head = page["facts_of_week"], page["head"]
        sheet = self._added(words.LABELS["main_points"])
        sheet.set_column(0, 0, 110)
        sheet.write_string(0, 0, head["title"], self.bold)
        version = words.footer(facts["version"])
        how = [f"{name}: {meaning}" for name, meaning in page["how"]]
        lines = [f"{head['made_at']} {head['covered']}", "", *page["points"], "", *how, "", words.NOT_FOR_DECISIONS]
        for place, line in enumerate([*lines, version], 1):
            sheet.write_string(place, 0, line, self.wrapped)

    def write(self, section: Sheet) -> None:
        """One section on a sheet of its own."""
        sheet = self._added(section.ident)
        sheet.write_string(0, 0, section.headline, self.bold)
        sheet.write_string(1, 0, section.subtitle)
        for column, name in enumerate(section.columns):
            sheet.write_string(3, column, name, self.head)
            texts = [str(row[column]) for row in section.rows if row[column] is not None]
            longest = max(map(len, [name[:24], *texts]))
            sheet.set_column(column, column, min(60, longest + 2))
        for row, cells in enumerate(section.rows, 4):
            for column, cell in enumerate(cells):
                self._write_cell(sheet, row, column, cell)
        for place, note in enumerate(section.notes, 5 + len(section.rows)):
            sheet.write_string(place, 0, note)

    def _write_cell(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        if not isinstance(cell, Shown):
            sheet.write_string(row, column, cell or "")
        elif isinstance(cell.value, date):
            sheet.write_datetime(row, column, cell.value, self._format(cell.form))
        else:
            sheet.write_number(row, column, cell.value, self._format(cell.form))

    def _format(self, form: str) -> Any:
        if form not in self.formats:
            self.formats[form] = self.book.add_format({"num_format": form})
        return self.formats[form]

    def _added(self, name: str) -> Any:
        """A new sheet under a name that Excel takes: short, the only one, and not its own word "History"."""
        plain = re.sub(r"[\[\]:*?/\\']", " ", name.replace("_", " ")).strip()[:LONGEST_SHEET_NAME].capitalize()
        taken = {sheet.get_name().lower() for sheet in self.book.worksheets()} | {"history", ""}
        number = 2
        unique = plain
        while unique.lower() in taken:
            unique = f"{plain[: LONGEST_SHEET_NAME - 4]} {number}"
            number += 1
        return self.book.add_worksheet(unique)
