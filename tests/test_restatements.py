"""What a week said when it was first published, and what it says now, through real runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import pipeline
from flows.config import Settings
from flows.store import Home
from schemas.errors import AuditError
from tests.homes import ask, run, write_messages

WEEK = "metric = 'replied_7d' and week = '2026-01-05'"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
Rows = list[tuple[str, str, str, str, str]]


def week_of(name: str, n: int, n_replies: int, *, seen_to: int = 40) -> Rows:
    """`n` first messages of one week, the first `n_replies` of them answered; the inbox is seen for `seen_to` days."""
    rows: Rows = []
    for number in range(n):
        thread, sent = f"{name}{number}", START + timedelta(hours=number)
        rows.append((thread, sent.isoformat(), "r", "recruiter", "Hi, may I ask what you work on?"))
        if number < n_replies:
            rows.append((thread, (sent + timedelta(days=1)).isoformat(), f"c{thread}", "candidate", "Python."))
    last = (START + timedelta(days=seen_to)).isoformat()
    return [*rows, (f"{name}-last", last, "r", "recruiter", "Hello again")]


def read(home: Home, folder: Path, rows: Rows, day: int) -> dict[str, Any]:
    run(home, write_messages(folder, rows), now=START + timedelta(days=day))
    return the_week(home)


def the_week(home: Home) -> dict[str, Any]:
    [row] = ask(home, f"from restatements where {WEEK}")
    return row


def test_a_late_export_restates_a_week_and_its_retraction_takes_that_back(tmp_path: Path):
    home = Home(tmp_path / "home")
    first = read(home, tmp_path / "one", week_of("a", 10, 2), 41)
    assert (first["first_judged_value"], first["change"], first["is_restated"]) == (0.2, 0, False)

    late = read(home, tmp_path / "two", week_of("b", 10, 6), 50)
    assert (late["first_judged_value"], late["value"], late["change"]) == (0.2, 0.4, pytest.approx(0.2))
    assert (late["is_restated"], late["reason"]) == (True, "more approaches")
    assert late["first_judged_at"] == first["first_judged_at"] < START + timedelta(days=42)
    [weekly] = ask(home, f"select value, n_approaches from metric_week where {WEEK} and group_by = 'all'")
    assert weekly == {"value": late["value"], "n_approaches": late["n_approaches"]}

    run(home, now=START + timedelta(days=51), rebuild=True)
    assert the_week(home) == late

    [newest] = ask(home, "select file_id from source_files order by first_seen_at desc limit 1")
    pipeline.retract(home, Settings(), newest["file_id"], now=START + timedelta(days=52))
    assert the_week(home) == first


def test_two_people_more_do_not_show_by_subtraction(tmp_path: Path):
    home = Home(tmp_path / "home")
    read(home, tmp_path / "one", week_of("a", 10, 2), 41)
    row = read(home, tmp_path / "two", week_of("b", 2, 2), 50)
    assert (row["suppressed"], row["is_restated"], row["n_approaches"]) == (True, True, 12)
    assert (row["first_value"], row["first_judged_value"], row["change"]) == (None, None, None)
    more = read(home, tmp_path / "three", week_of("d", 8, 0), 60)
    assert (more["suppressed"], more["first_judged_value"], more["value"]) == (False, 0.2, 0.2)


def test_an_open_week_moves_until_it_is_judged_and_is_not_called_restated(tmp_path: Path):
    home = Home(tmp_path / "home")
    rows = week_of("a", 80, 8, seen_to=9)
    open_week = read(home, tmp_path / "one", rows, 10)
    assert (open_week["first_state"], open_week["first_judged_at"], open_week["is_restated"]) == ("open", None, None)
    closed = read(home, tmp_path / "two", week_of("b", 1, 0), 41)
    assert (closed["first_value"], closed["first_state"]) == (open_week["first_value"], "open")
    assert closed["first_value"] != closed["value"] == closed["first_judged_value"]
    assert (closed["is_restated"], closed["reason"]) == (False, None)


def test_withheld_weeks_and_failed_runs_leave_no_first_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from schemas import marts

    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "one", week_of("a", 4, 1)), now=START + timedelta(days=41))
    assert ask(home, f"from restatements where {WEEK}") == []
    with monkeypatch.context() as patched:
        patched.setitem(marts.MARTS, "approach_metrics", (marts._no_row("never", "thread_id is not null"),))
        with pytest.raises(AuditError):
            read(home, tmp_path / "two", week_of("b", 6, 1), 50)
    row = read(home, tmp_path / "three", week_of("d", 10, 8), 60)
    assert (row["first_judged_value"], row["first_judged_n_approaches"]) == (0.5, 20)
    assert row["first_published_at"] >= START + timedelta(days=60)
