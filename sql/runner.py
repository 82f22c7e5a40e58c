"""Builds tables from the SQL files, each after the tables it reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sql.registry import FOLDER, Query, registry

Step = Callable[[str, Callable[[], None]], None]


def load_macros(connection: Any) -> None:
    """Create the macros of `macros/`, in file order."""
    for path in sorted((FOLDER / "macros").glob("*.sql")):
        connection.execute(path.read_text(encoding="utf-8"))


_READ: dict[str, frozenset[str]] = {}
"""Select -> the tables it reads: a run builds in several parts, and small tables take less time than parsing does."""


def tables_read(connection: Any, select: str) -> frozenset[str]:
    """Names of the tables a select reads, found by DuckDB's own parser; a table macro is given its table's name.

    Raises ValueError if the select does not parse.
    """
    if select not in _READ:
        (text,) = connection.execute("select json_serialize_sql(?::varchar)", [select]).fetchall()[0]
        tree = json.loads(text)
        if tree.get("error"):
            raise ValueError(tree.get("error_message", "not a select"))
        _READ[select] = frozenset(_base_tables(tree))
    return _READ[select]


def _base_tables(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"]
        if node.get("type") == "TABLE_FUNCTION":
            yield from _texts(node["function"]["arguments"])
        for value in node.values():
            yield from _base_tables(value)
    elif isinstance(node, list):
        for value in node:
            yield from _base_tables(value)


def _texts(arguments: Iterable[Any]) -> Iterator[str]:
    for argument in arguments:
        literal = argument["expression"].get("literal") or {}
        if literal.get("kind") == "STRING":
            yield literal["text"]


def order(connection: Any, queries: Iterable[Query]) -> list[Query]:
    """The queries, each after those it reads. Raises ValueError on a cycle or a file that does not parse."""
    by_name = {query.name: query for query in queries}
    graph: dict[str, frozenset[str]] = {}
    for query in by_name.values():
        try:
            graph[query.name] = tables_read(connection, query.select) & (by_name.keys() - {query.name})
        except ValueError as error:
            raise ValueError(f"{query.sql_file}: {error}") from error
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ValueError(f"the SQL files read each other in a circle: {' -> '.join(error.args[1])}") from error


def build(connection: Any, *, until: str | None = None, done: frozenset[str] = frozenset()) -> frozenset[str]:
    """Build every table not in `done`, or only `until` and what it reads; returns the names built so far."""
    queries = [query for query in order(connection, registry().queries.values()) if query.name not in done]
    if until is not None:
        wanted = _ancestors(connection, until, {query.name: query for query in queries})
        queries = [query for query in queries if query.name in wanted]
    for query in queries:
        try:
            connection.execute(f'create or replace table "{query.name}" as {query.select}')
        except Exception as error:
            error.add_note(f"while building {query.sql_file}")
            raise
    return done | {query.name for query in queries}


def _ancestors(connection: Any, name: str, queries: dict[str, Query]) -> set[str]:
    found, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in queries and current not in found:
            found.add(current)
            waiting.extend(tables_read(connection, queries[current].select))
    return found
