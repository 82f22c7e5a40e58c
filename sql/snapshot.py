"""What the published files hold beside their tables: ordered classes and macros."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sql.registry import FOLDER

STYLES = ("reaction_first", "mixed", "sell_first", "unsupported", "none", "all")
CLASSES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "length_bin": (
        "LinkedIn's bins of a first message's characters, shortest first",
        ("<= 400", "401-800", "801-1200", "> 1200"),
        ("first_message_bin",),
    ),
    "opening_style": (
        "styles of a first message, from asking to telling; then what has none; `all` last",
        STYLES,
        ("opening_style", "first_style", "last_style", "previous_style"),
    ),
    "funnel_stage": (
        "stages of the funnel: what was won, in order, then how the rest ended",
        (
            "replied",
            "interested",
            "discussion",
            "interview",
            "offer",
            "hired",
            "declined",
            "other",
            "ignored",
            "opted out",
        ),
        ("stage",),
    ),
    "months_volume": (
        "thirds of a recruiter's own months, by people first contacted",
        ("lean", "usual", "busy"),
        ("volume",),
    ),
}
"""Type -> (meaning, values in their order, the columns that hold them), so that `order by` sorts as people do."""

TYPE_OF = {column: name for name, (_, _, columns) in CLASSES.items() for column in columns}

MACROS = ("wilson", "usual_range", "funnel_of", "open_windows", "what_is")
RECRUITER_MACROS = ("recruiter_week", "clustered_rates")
"""Macros that read what only the whole snapshot holds."""
BUILT_ON = (
    "share", "z_975", "t_975", "wilson_centre", "wilson_half", "wilson_low", "wilson_high", "clustered_variance",
    "effective_groups", "process_limits",
)  # fmt: skip
"""What those are made of, with the very definitions the pipeline counts by."""

_MACRO = re.compile(r"(?P<comment>(?:^--[^\n]*\n)*)^create or replace macro (?P<name>\w+)\((?P<wants>[^)]*)\)", re.M)


def class_statements() -> list[str]:
    """CREATE TYPE and COMMENT ON statements of the ordered classes."""
    made = [
        f"create type {name} as enum ({', '.join(map(quoted, values))})" for name, (_, values, _) in CLASSES.items()
    ]
    return made + [f"comment on type {name} is {quoted(meaning)}" for name, (meaning, _, _) in CLASSES.items()]


def macro_meanings() -> dict[str, tuple[str, str]]:
    """Every macro's (arguments, meaning): the comment above it, or above the macros it stands among."""
    meanings: dict[str, tuple[str, str]] = {}
    for path in sorted([*(FOLDER / "macros").glob("*.sql"), *(FOLDER / "published").glob("*.sql")]):
        comment = ""
        for match in _MACRO.finditer(path.read_text(encoding="utf-8")):
            comment = " ".join(line.removeprefix("--").strip() for line in match["comment"].splitlines()) or comment
            meanings[match["name"]] = (match["wants"], comment)
    return meanings


def create_macros(connection: Any, names: Iterable[str]) -> None:
    """Create the macros of these names, and what they are made of, in the current database, with comments."""
    meanings, wanted = macro_meanings(), {*names, *BUILT_ON}
    for folder in ("macros", "published"):
        for path in sorted((FOLDER / folder).glob("*.sql")):
            for statement in connection.extract_statements(path.read_text(encoding="utf-8")):
                match = _MACRO.search(statement.query)
                if match and match["name"] in wanted:
                    connection.execute(statement)
    for name, kind in connection.execute(
        "select distinct function_name, function_type from duckdb_functions() "
        "where database_name = current_database() and not internal order by all"
    ).fetchall():
        table = "table " if kind == "table_macro" else ""
        connection.execute(f"comment on macro {table}{name} is {quoted(meanings[name][1])}")


def quoted(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
