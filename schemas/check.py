"""Runs a table's expectations with Great Expectations on a DuckDB connection."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

ROW_ID = "row_id"


@dataclass(frozen=True)
class Finding:
    """One expectation that was looked at: how many rows failed it, and which."""

    reason: str
    severity: str
    """`stop` or `warn`; for rows of an export every failing row is set aside, whatever the severity."""
    n_rows: int
    row_ids: tuple[int, ...]


def check(
    connection: Any,
    table: str,
    expectations: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """What each expectation found in `table`, which must have an integer column `row_id`.

    `connection` is an open DuckDB connection whose `cursor()` sees the table (so no temporary table);
    `parameters` fill `{"$PARAMETER": name}` in the expectations. Raises RuntimeError if an expectation itself
    could not be evaluated, since a check that cannot fail is no check.
    """
    with _opened_batch(connection, table) as (gx, batch):
        suite = gx.ExpectationSuite(name=table)
        for expectation in expectations:
            suite.add_expectation(_build(gx, expectation, dict(parameters or {})))
        outcome = batch.validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": [ROW_ID],
                "return_unexpected_index_query": True,
                "partial_unexpected_count": 0,
            },
        )
    return [
        _finding(connection, table, expectation, result)
        for expectation, result in zip(expectations, _in_order(outcome, expectations), strict=True)
    ]


@dataclass(frozen=True)
class Verdict:
    """What one expectation found in a finished table: how many rows fail it."""

    table: str
    reason: str
    severity: str
    n_rows: int


def audit(connection: Any, suites: Mapping[str, Sequence[Any]]) -> list[Verdict]:
    """What every expectation of `schemas.marts` found in its table, in order.

    DuckDB counts the failing rows, one query a table; Great Expectations judges all counts as one batch, since a
    batch a table takes longer than a small night. A condition that cannot be evaluated raises.
    """
    verdicts = [
        Verdict(table, expectation.reason, expectation.severity, n_rows)
        for table, expectations in suites.items()
        for expectation, n_rows in zip(expectations, _failing(connection, table, expectations), strict=True)
    ]
    connection.execute(f"create or replace table audited ({ROW_ID} bigint, n_rows bigint)")
    connection.executemany("insert into audited values (?, ?)", [(no, v.n_rows) for no, v in enumerate(verdicts)])
    holds = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "n_rows", "min_value": 0, "max_value": 0},
        "meta": {"reason": "expectations that rows fail", "severity": "stop"},
    }
    [finding] = check(connection, "audited", [holds])
    connection.execute("drop table audited")
    failed = {no for no, verdict in enumerate(verdicts) if verdict.n_rows}
    if failed != set(finding.row_ids):
        raise RuntimeError(f"the audit's counts and its judgement differ: {sorted(failed ^ set(finding.row_ids))}")
    return verdicts


def _failing(connection: Any, table: str, expectations: Sequence[Any]) -> list[int]:
    counts = ", ".join(expectation.failing.replace("{table}", f'"{table}"') for expectation in expectations)
    # With an aggregate in front it is one row, even where all the counts are subqueries.
    (row,) = connection.execute(f'select count(*), {counts} from "{table}"').fetchall()
    return [int(n) for n in row[1:]]


def _in_order(outcome: Any, expectations: Sequence[Mapping[str, Any]]) -> list[Any]:
    by_reason = {result.expectation_config.meta["reason"]: result for result in outcome.results}
    return [by_reason[expectation["meta"]["reason"]] for expectation in expectations]


def _finding(connection: Any, table: str, expectation: Mapping[str, Any], result: Any) -> Finding:
    reason = expectation["meta"]["reason"]
    severity = expectation["meta"].get("severity", "stop")
    if "exception_message" not in (result.exception_info or {}) or result.exception_info["raised_exception"]:
        raise RuntimeError(f"{table}: the expectation {reason!r} could not be evaluated: {result.exception_info}")
    if result.success:
        return Finding(reason, severity, 0, ())
    query = result.result.get("unexpected_index_query") or _rows_query(expectation, table)
    rows = connection.cursor().execute(query.rstrip().rstrip(";")).fetchall()
    return Finding(reason, severity, len(rows), tuple(int(row[0]) for row in rows))


ROWS_QUERIES: dict[str, str] = {
    "expect_any_column_not_null": "select row_id from {batch} where coalesce({columns}) is null",
    "expect_parsed_where_given": "select row_id from {batch} where {column} is null and trim({raw_column}) != ''",
    "expect_no_row": "select row_id from {batch} where {condition}",
}
"""Our own row expectations, each a query for the rows that fail it: the SQLAlchemy dialect knows no regex, LIKE or
pair conditions."""


def _rows_query(expectation: Mapping[str, Any], batch: str) -> str:
    kwargs = {
        key: ", ".join(value) if isinstance(value, list) else value for key, value in expectation["kwargs"].items()
    }
    return ROWS_QUERIES[expectation["type"]].format(batch=batch, **kwargs)


def _build(gx: Any, expectation: Mapping[str, Any], parameters: dict[str, Any]) -> Any:
    meta = dict(expectation["meta"])
    if expectation["type"] in ROWS_QUERIES:
        return gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=_rows_query(expectation, "{batch}"), meta=meta
        )
    kwargs = {
        key: parameters[value["$PARAMETER"]] if isinstance(value, dict) else value
        for key, value in expectation["kwargs"].items()
    }
    name = "".join(part.capitalize() for part in expectation["type"].split("_"))
    return getattr(gx.expectations, name)(**kwargs, meta=meta)


@cache
def _context() -> tuple[Any, Any]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    # It would tell of every temporary folder it makes.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("great_expectations")]:
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return gx, context


@contextmanager
def _opened_batch(connection: Any, table: str) -> Iterator[tuple[Any, Any]]:
    from duckdb_sqlalchemy import ConnectionWrapper
    from sqlalchemy import event
    from sqlalchemy.pool import StaticPool

    gx, context = _context()
    sources: Any = context.data_sources
    source = sources.add_sql(
        name=table,
        connection_string="duckdb:///:memory:",
        kwargs={"creator": lambda: ConnectionWrapper(connection.cursor()), "poolclass": StaticPool},
    )
    engine = source.get_execution_engine().engine
    event.listen(engine, "after_cursor_execute", _buffer_result)
    try:
        yield gx, source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
    finally:
        engine.dispose()
        sources.delete(table)


def _buffer_result(_connection: Any, cursor: Any, _sql: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Great Expectations fetches after it has closed the cursor, so every result is read at once."""
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    if cursor.description is not None:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())
