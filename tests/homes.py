"""Homes, settings and canonical tables for tests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows import pipeline, store
from flows.config import LinkedInSettings, Settings
from flows.demo.show import show
from flows.pipeline import RunReport
from flows.store import Home

SAMPLES = Path(__file__).parent / "samples" / "linkedin"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OWNED = Settings(linkedin=LinkedInSettings(owner="sam-rec-0a1b2c"))


def run(home: Home, *paths: Path, settings: Settings | None = None, now: datetime = NOW, **options: Any) -> RunReport:
    return pipeline.run(home, settings or Settings(), paths, now=now, **options)


def ask(home: Home, query: str) -> list[dict[str, Any]]:
    return store.query_snapshot(home, query).to_dicts()


def write_messages(folder: Path, rows: Sequence[tuple[str, str, str, str, str]], name: str = "messages.csv") -> Path:
    """Rows of `thread_id, sent_at, sender_id, sender_role, body` as a canonical table."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["thread_id", "sent_at", "sender_id", "sender_role", "body"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(folder / name)
    return folder


def write_outcomes(folder: Path, rows: Sequence[tuple[str, str, str, str]]) -> Path:
    """Rows of `thread_id, event, occurred_at, observed_until` as a canonical table."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["thread_id", "event", "occurred_at", "observed_until"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(folder / "outcomes.csv")
    return folder


def invented_home(folder: pytest.TempPathFactory) -> Home:
    """A small home of the demo's, made once for all tests of a worker."""
    home = Home(folder.getbasetemp() / "invented")
    if not home.snapshot.exists():
        show(home, threads=900, seed=7, plain=True, progress=lambda _: None)
    return home


def snapshot_tables(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Every published table as sorted rows, but for what tells of the runs themselves and of earlier ones."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    columns = {
        "source_files": "* exclude (first_seen_at)",
        "snapshot_info": "* exclude (published_at)",
        "inboxes": "* exclude (days_unseen, state)",
    }
    with closing(store.open_snapshot(home)) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables() where not internal").fetchall():
            if name not in ("runs", "run_steps", "hypotheses", "restatements"):
                select = f"select {columns.get(name, '*')} from {name}"
                tables[name] = sorted(connection.execute(select).fetchall(), key=repr)
    return tables
