"""Writes the two published files aside: the snapshot, and the one without single recruiters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flows import store
from flows.config import Settings
from flows.store import Connection, Home
from sql.frames import load_frame

STORAGE_VERSION = "v1.5.0"
"""The oldest DuckDB that can read the published files; without it only the writing version and later ones can."""


def build(connection: Connection, home: Home, settings: Settings) -> Mapping[Path, Path]:
    """Write both files beside their targets; returns built file -> target, in the order to swap them in.

    The snapshot goes first: what it published is remembered, so the team's file never tells of more.
    """
    built = {target.with_suffix(".next"): target for target in (home.snapshot, home.team)}
    snapshot, team = built
    _write_snapshot(connection, snapshot, home, settings)
    _write_team(connection, snapshot, team)
    return built


def _write_snapshot(connection: Connection, path: Path, home: Home, settings: Settings) -> None:
    from sql.dictionary import TABLES, published_tables
    from sql.snapshot import MACROS, RECRUITER_MACROS

    _create(connection, path, "snapshot")
    key = store.derived_key(store.id_key(home), "published")
    hidden = ""
    if settings.privacy.hash_thread_ids:
        hidden = f" replace ('t_' || left(sha256('{key}' || thread_id), 20) as thread_id)"
    for table in published_tables():
        if table == "data_dictionary":
            continue
        names = [row[0] for row in connection.execute(f'describe "{table}"').fetchall()]
        columns = ", ".join(f'"{name}"' for name in TABLES[table][1]) if table in TABLES else "*"
        selected = f"*{hidden}" if columns == "*" and "thread_id" in names else columns
        _create_table(connection, "snapshot", table, f'select {selected} from "{table}"')
    _explain(connection, "snapshot", (*MACROS, *RECRUITER_MACROS))
    connection.execute("use work")
    connection.execute("detach snapshot")


def _write_team(connection: Connection, snapshot: Path, path: Path) -> None:
    from sql.snapshot import MACROS
    from sql.team import TEAM

    _create(connection, path, "team")
    store.attach(connection, snapshot, "snapshot (read_only)")
    connection.execute("set search_path = 'snapshot.main,work.main'")
    for table, select in TEAM.items():
        _create_table(connection, "team", table, select)
    _explain(connection, "team", MACROS)
    connection.execute("use work")
    connection.execute("detach team")
    connection.execute("detach snapshot")


def _create(connection: Connection, path: Path, name: str) -> None:
    from sql.snapshot import class_statements

    # A run that was killed leaves a half-written file and its log.
    store.remove_database(path)
    store.attach(connection, path, f"{name} (storage_version '{STORAGE_VERSION}')")
    connection.execute(f"use {name}")
    for statement in class_statements():
        connection.execute(statement)
    connection.execute("use work")


def _create_table(connection: Connection, database: str, table: str, select: str) -> None:
    from sql.snapshot import TYPE_OF

    columns = [row[0] for row in connection.execute(f"describe select * from ({select})").fetchall()]
    typed = [
        f'"{name}"::{database}.main.{TYPE_OF[name]} as "{name}"' if name in TYPE_OF else f'"{name}"' for name in columns
    ]
    connection.execute(f'create table {database}.main."{table}" as select {", ".join(typed)} from ({select})')


def _explain(connection: Connection, database: str, macros: tuple[str, ...]) -> None:
    """Add the macros, the dictionary, and a comment on everything."""
    from sql.dictionary import TABLES, comment_statements, data_dictionary
    from sql.snapshot import create_macros

    columns = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where database_name = $1 "
        "order by table_name, column_index",
        [database],
    ).fetchall()
    columns += [("data_dictionary", name, "VARCHAR") for name in TABLES["data_dictionary"][1]]
    connection.execute("use work")
    load_frame(connection, "data_dictionary", data_dictionary(columns, macros, team=database == "team"))
    connection.execute(f"create table {database}.main.data_dictionary as from work.main.data_dictionary")
    connection.execute(f"use {database}")
    create_macros(connection, macros)
    for statement in comment_statements(columns, team=database == "team"):
        connection.execute(statement)
