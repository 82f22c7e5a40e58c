"""What the command line answers: the shipped questions, and tables as text."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Literal

import polars as pl

from flows import store
from flows.store import Home
from schemas.errors import UsageError
from schemas.shown import shown
from sql.frames import fetch
from sql.registry import FOLDER

Form = Literal["table", "csv", "json", "parquet"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 1_000_000
QUESTIONS = FOLDER / "queries"


def questions() -> str:
    """The shipped questions: a line for each, its name and what it asks; then where they lie, to copy and change."""
    found = {path.stem: _first_sentence(path) for path in sorted(QUESTIONS.glob("*.sql"))}
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {sentence}" for name, sentence in found.items()]
    return "\n".join([*lines, "", f"Their SQL, to copy and change: {QUESTIONS}"])


def _first_sentence(path: Path) -> str:
    comment = path.read_text(encoding="utf-8").partition("*/")[0].removeprefix("/*")
    return " ".join(comment.split()).partition("?")[0] + "?"


def question(name: str) -> str:
    """The SQL in the file of that path, or in the shipped question of that name. Raises UsageError if it is neither."""
    path = Path(name)
    if not path.is_file():
        path = QUESTIONS / f"{name.removesuffix('.sql')}.sql"
        if path.parent != QUESTIONS or not path.is_file():
            raise UsageError(f"{name}: no such file, and no shipped question; `talkshare sql --list` shows those.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not a text file in UTF-8.") from error


def write_answer(frame: pl.DataFrame, form: Form, out: Path | None, home: Home) -> None:
    """The frame to `out`, or printed. Raises UsageError for parquet without a file, or a file of the home's own."""
    if out is None:
        if form == "parquet":
            raise UsageError("--format parquet is for files: say which with -o FILE.")
        print(as_text(frame, form), end="")
        return
    if {home.private.resolve(), home.snapshot.parent.resolve()} & {*out.resolve().parents}:
        raise UsageError(f"{out}: talkshare's own folder; write somewhere else.")
    if not out.parent.is_dir() or out.is_dir():
        raise UsageError(
            f"{out}: {'is a folder' if out.is_dir() else 'no such folder'}; name a file in one that exists."
        )
    built = out.with_name(f"{out.name}.next")
    if form == "parquet":
        frame.write_parquet(built)
    else:
        built.write_text(as_text(frame, form), encoding="utf-8")
    built.replace(out)


def as_text(frame: pl.DataFrame, form: Form) -> str:
    """The frame as a table for people, as CSV whose text cells no spreadsheet runs, or as JSON rows."""
    if form == "json":
        return frame.write_json() + "\n"
    if form == "csv":
        return _harmless(_flat(frame)).write_csv()
    with pl.Config(
        tbl_rows=200, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
        fmt_str_lengths=1000, tbl_width_chars=65_000, tbl_formatting="MARKDOWN", float_precision=4,
    ):  # fmt: skip
        more = (
            f"\n({frame.height:,} rows; the first 200 are shown, --format csv gives all)" if frame.height > 200 else ""
        )
        return f"{_on_one_line(frame.head(200))}{more}\n"


def _on_one_line(frame: pl.DataFrame) -> pl.DataFrame:
    """What a cell says cannot steer the terminal, nor look like another row."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    cells = frame.with_columns(frame[name].map_elements(shown, return_dtype=pl.String) for name in texts)
    columns = [shown(name) for name in cells.columns]
    return cells.rename(dict(zip(cells.columns, columns, strict=True))) if len(set(columns)) == len(columns) else cells


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    return frame.with_columns(pl.struct(name).struct.json_encode().alias(name) for name in nested)


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    starts = pl.col(pl.String).str.slice(0, 1).is_in(_FORMULA_STARTS)
    cells = frame.with_columns(pl.when(starts).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String)).name.keep())
    # A pivot makes column names of cells.
    return cells.rename(lambda name: f"'{name}" if name.startswith(_FORMULA_STARTS) else name)


def refusal_notes(home: Home) -> list[str]:
    """Why some rates are refused, and how many outcomes found no conversation, in sentences for people."""
    with closing(store.open_snapshot(home)) as connection:
        info = fetch(connection, "from snapshot_info").row(0, named=True)
    reasons = [info["reply_refused_reason"], info["conversion_refused_reason"]]
    link_rate = info["link_rate"]
    if link_rate is not None and link_rate < 1 and not info["conversion_refused_reason"]:
        reasons.append(f"{1 - link_rate:.0%} of the candidates in the outcome sources link to no conversation.")
    return [reason for reason in reasons if reason]
