"""The week as files: the same numbers as the page, harmless cells, two pages, the same bytes each time."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.report_fixtures as invented
from reports import words
from reports.overview import Week, overview
from reports.sheets import as_json, as_workbook, sheets
from reports.shown import Shown, Span
from reports.summary import as_pdf
from reports.weekly import ReportOptions, Table, as_html, compose
from tests.test_report_weekly import OPTIONS, SCENARIOS, WEEK, Reader, data, main_points

HOSTILE = ("<script>alert(1)</script>", '=cmd|"/c calc"!A0', "+1", "-1", "@SUM(1)", "🦄 & <b>x", "two\nlines\x1f")


@cache
def composed(name: str) -> dict[str, Any]:
    return compose(data(name), week=WEEK, settings=OPTIONS)


@cache
def hostile_page(text: str) -> dict[str, Any]:
    rows = data("usual").approach_metrics.with_columns(channel=pl.lit(text), language=pl.lit("en"))
    changed = invented.replace(data("usual"), approach_metrics=rows)
    labels = {"interview_90d": text, "replied_30d": f"{text}3"}
    return compose(changed, week=WEEK, settings=ReportOptions(title=text, outcome_labels=labels))


def pages(pdf: bytes) -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


# Numbers


@given(st.floats(0, 1))
def test_a_share_is_worth_what_it_says(share: float) -> None:
    shown = words.percent(share)
    assert shown == f"{shown.value * 100:.1f}%" or shown == f"{shown.value * 100:.0f}%"
    assert abs(shown.value - share) <= 0.0051


@given(st.floats(-1, 1))
def test_a_difference_is_worth_what_it_says(difference: float) -> None:
    shown = words.points(difference)
    assert float(shown.replace("−", "-")) == shown.value


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_range_is_worth_what_it_says(one: float, other: float) -> None:
    span = words.percent_range(min(one, other), max(one, other))
    assert span == f"{span.low.rstrip('%')}–{span.high}"


def test_ranges_become_two_columns_and_dashes_nothing() -> None:
    low, high = Shown("1", 1, "0"), Shown("3", 3, "0")
    page = {"other": [Table(("Name", "Range"), [["a", Span("1–3", low, high)], ["b", "–"], ["c", "too few"]])]}
    [sheet] = sheets(page)
    assert list(sheet.columns) == ["Name", "Range, low", "Range, high"]
    assert sheet.rows == [["a", low, high], ["b", None, None], ["c", "too few", None]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_number_of_the_page_is_in_the_json(name: str) -> None:
    page = composed(name)
    told = json.loads(as_json(page))
    assert told["main_points"] == page["points"]
    assert [" ".join(point.split()) for point in page["points"]] == main_points(as_html(page))
    assert (told["week"], told["made_at"]) == ("2026-11-09", "2026-11-23T04:12:30+00:00")
    sections = {section["id"]: section for section in told["sections"]}
    for row in page["figures"]:
        for figure in row:
            section = sections[figure.ident]
            assert section["headline"] == figure.headline
            assert len(section["rows"]) == (len(figure.table.rows) if figure.table else 0)
            assert bool(section["rows"]) or figure.instead in section["notes"]
    assert {"tiles", "findings", "data"} <= set(sections)
    for section in told["sections"]:
        assert all(len(row) == len(section["columns"]) for row in section["rows"])


def test_the_json_says_what_the_snapshot_says() -> None:
    sections = {section["id"]: section for section in json.loads(as_json(composed("effect")))["sections"]}
    [last] = [row for row in sections["weekly"]["rows"] if row[0] == "2026-11-09"]
    source = data("effect").metric_week.filter(metric="replied_7d", week=WEEK).row(0, named=True)
    assert last[1:3] == [source["numerator"], source["denominator"]]
    assert last[3] == round(source["value"], 2)
    clear = [row for row in sections["findings"]["rows"] if row[2] == "goes with fewer"]
    assert clear[0][3:6] == [-6.2, -8.7, -3.7]


def test_withheld_numbers_stay_withheld_in_every_file() -> None:
    told = json.loads(as_json(composed("nearly empty")))
    numbers = [cell for section in told["sections"] if section["id"] not in ("data", "tiles") for row in section["rows"]
               for cell in row if isinstance(cell, int | float)]  # fmt: skip
    assert numbers == []
    assert "fewer than 5" in as_json(composed("nearly empty"))


# The workbook


def cells(book: bytes) -> dict[str, pl.DataFrame]:
    return pl.read_excel(io.BytesIO(book), sheet_id=0, has_header=False)


def test_the_workbook_has_the_numbers_of_the_json_as_numbers() -> None:
    page = composed("effect")
    book = as_workbook(page)
    weekly = pl.read_excel(io.BytesIO(book), sheet_name="Weekly", read_options={"header_row": 3})
    [section] = [part for part in json.loads(as_json(page))["sections"] if part["id"] == "weekly"]
    assert weekly.columns == section["columns"]
    assert weekly["Week of"].dtype == pl.Date or weekly["Week of"].dtype == pl.Datetime("ms")
    assert weekly["Rate"].drop_nulls().to_list() == [row[3] for row in section["rows"] if row[3] is not None]
    assert weekly["Replied"].dtype.is_numeric()
    front = cells(book)["Main points"]["column_0"].to_list()
    assert set(page["points"]) <= set(front)
    assert "Not for employment decisions." in front


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_the_workbook_is_a_formula_or_a_link(text: str) -> None:
    book = as_workbook(hostile_page(text))
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        content = {name: parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels"))}
    assert any("<sheetData>" in part for part in content.values())
    assert not any(re.search(r"<f[ >]|<hyperlink|externalLink", part) for part in content.values())
    shown = cells(book)["Groups"]["column_1"].to_list()
    assert any(str(value).startswith(text[:3]) for value in shown)


def test_sheet_names_that_excel_would_refuse_are_changed() -> None:
    table = Table(("A",), [["1"]])
    names = {"History": table, "a[b]:*?/\\" + "c" * 40: table, "A" * 40: table, "a" * 33: table}
    page = {**composed("usual"), "figures": [], **names}
    found = list(cells(as_workbook(page)))
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in found)
    assert "History" not in found
    assert len({name.lower() for name in found}) == len(found)


# The summary


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_summary_has_two_pages_and_says_the_main_points(name: str) -> None:
    found = pages(as_pdf(composed(name)))
    assert len(found) == (1 if name in ("empty", "nearly empty", "refused") else 2)
    text = " ".join(" ".join(found).split())
    assert all(" ".join(point.split())[:40] in text for point in composed(name)["points"])
    assert all("Not for employment decisions." in page for page in found)


@pytest.mark.parametrize("text", [HOSTILE[0], HOSTILE[1], HOSTILE[-1], "long " * 400])
def test_hostile_words_stay_words_in_the_summary(text: str) -> None:
    pdf = as_pdf(hostile_page(text))
    assert len(pages(pdf)) == 2
    assert not re.search(rb"/JavaScript|/Launch|/URI|/EmbeddedFile", pdf)


@pytest.mark.parametrize(
    ("content", "said"),
    [("import nothing_called_like_this", "talkshare[pdf]"), ("print('advice'); raise OSError('no pango')", "libpango")],
)
def test_a_machine_without_weasyprint_or_its_libraries_is_told_what_to_install(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "weasyprint.py").write_text(content)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from reports.summary import as_pdf\nfrom schemas.errors import UsageError\n"
        "try:\n    as_pdf({})\nexcept UsageError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("No weekly.pdf: ")
    assert said in done.stdout
    assert "advice" not in done.stdout


# The overview


def test_the_overview_lists_weeks_newest_first_with_what_each_found() -> None:
    files = {"HTML": "weekly.html", "PDF": "weekly.pdf"}
    weeks = [
        Week(date(2026, 11, 2), "2026-W45", "Nothing unusual this week. 18% replied.", "Made today.", files),
        Week(date(2026, 11, 9), "2026-W46", "<script>alert(1)</script>. 🦄", "", {"HTML": "weekly.html"}),
    ]
    html = overview(weeks, title="<b>ours</b>")
    reader = Reader(html)
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert links == [
        "2026-W46/weekly.html", "2026-W46/weekly.html", "2026-W45/weekly.html", "2026-W45/weekly.html", "2026-W45/weekly.pdf",
    ]  # fmt: skip
    assert "script" not in {tag for tag, _ in reader.tags}
    assert reader.is_balanced and "<b>ours</b>" in reader.text_of("h1")
    assert overview(weeks[::-1], title="<b>ours</b>") == html


# The same bytes

FORMS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "html": lambda page: as_html(page).encode(),
    "json": lambda page: as_json(page).encode(),
    "xlsx": as_workbook,
    "pdf": as_pdf,
}


def test_the_same_week_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib, sys, time\nfrom tests.test_report_files import FORMS, composed\n"
        "[print(hashlib.sha256(make(composed('effect'))).hexdigest()) for make in FORMS.values()]"
    )
    import hashlib

    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    here = [hashlib.sha256(make(composed("effect"))).hexdigest() for make in FORMS.values()]
    assert there.stdout.split() == here
