"""How good the data are: what the nights say of drift, silence, changed columns and unusable rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows import pipeline, store
from flows.config import PrivacySettings, QualitySettings, Settings
from flows.pipeline import RunReport
from flows.quality import quality_data, quality_lines, write_quality
from flows.store import Home
from reports.quality import QualityData, render
from tests.homes import ask, run
from tests.test_browser import AXE, CHROMIUM, SCHEMES, audit
from tests.test_report_weekly import Reader

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
COLUMNS = ("thread_id", "sent_at", "sender_id", "sender_role", "recipient_id", "body", "channel")
ADDRESS = "canary.person@example.org"


def week_of_messages(week: int, n: int) -> Iterator[dict[str, str]]:
    """First messages to `n` people and, in every fourth thread, an answer."""
    for no in range(n):
        thread, sent = f"w{week}-{no}", FIRST + timedelta(weeks=week, hours=2 * no)
        people = ("anna.rec@example.org", f"{thread}@example.org")
        texts = ("recruiter", "Would you like to hear more about the job?"), ("candidate", "Yes, gladly.")
        for turn in range(2 if no % 4 == 0 else 1):
            role, body = texts[turn]
            at = (sent + timedelta(hours=turn)).isoformat()
            yield dict(zip(COLUMNS, (thread, at, people[turn], role, people[1 - turn], body, "email"), strict=True))


def write_export(folder: Path, name: str, weeks: Sequence[tuple[int, int]], **renamed: str) -> Path:
    rows = [row for week, n in weeks for row in week_of_messages(week, n)]
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows).rename({"channel": renamed.get("channel", "channel")})
    if renamed.get("drop"):
        frame = frame.drop(renamed["drop"])
    if renamed.get("more"):
        frame = frame.with_columns(pl.lit("x").alias(renamed["more"]))
    frame.write_csv(folder / name)
    return folder / name


@pytest.fixture(scope="module", name="bad")
def bad_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunReport]:
    """Weekly exports of one inbox that fell to a tenth, changed their columns and stopped; and a table full of faults."""
    folder = tmp_path_factory.mktemp("bad")
    weekly = folder / "in"
    write_export(weekly, "messages 2026-04-20.csv", [(week, 26 + week % 4) for week in range(15)])
    write_export(weekly, "messages 2026-04-27.csv", [(15, 27)])
    write_export(weekly, "messages 2026-05-04.csv", [(16, 28)])
    write_export(weekly, "messages 2026-05-12.csv", [(17, 2), (18, 1)], channel="source", more=ADDRESS)
    faulty = pl.DataFrame(list(week_of_messages(30, 10)))
    faulty = faulty.with_columns(
        thread_id="f" + pl.col("thread_id"),
        sent_at=pl.when(pl.int_range(pl.len()) < 4).then(pl.lit("soon")).otherwise(pl.lit("2026-05-01T10:00:00Z")),
        sender_id=pl.col("sender_id").str.replace("anna", "boris"),
    )
    (folder / "in" / "other").mkdir()
    faulty.write_csv(folder / "in" / "other" / "messages_faulty.csv")
    home = Home(folder / "home")
    return home, run(home, weekly, now=datetime(2026, 6, 20, tzinfo=UTC))


def test_an_inbox_whose_exports_stopped_is_named_with_what_is_usual(bad: tuple[Home, RunReport]):
    home, report = bad
    [inbox] = ask(home, "from inboxes where state = 'stopped'")
    assert (inbox["n_exports"], inbox["usual_gap_days"], inbox["days_unseen"]) == (4, 7, 39)
    assert any("inboxes: an inbox is no longer exported" in warning for warning in report.warnings)
    [line] = [line for line in quality_lines(home, Settings()) if "no longer exported" in line]
    assert inbox["recruiter_id"] in line
    assert "39 days ago; one every 7 days is usual" in line


def test_a_closed_inbox_is_not_asked_for(bad: tuple[Home, RunReport]):
    home, _ = bad
    [inbox] = ask(home, "select recruiter_id from inboxes where state = 'stopped'")
    settings = Settings(quality=QualitySettings(closed_inboxes=[inbox["recruiter_id"]]))
    pipeline.measure(home, settings, database=home.database, now=datetime(2026, 6, 20, tzinfo=UTC))
    with pipeline.work(home, settings, home.database) as connection:
        assert connection.execute("select count(*) from inboxes where state = 'closed'").fetchall() == [(1,)]


def test_a_week_clearly_unlike_the_weeks_before_needs_a_look(bad: tuple[Home, RunReport]):
    home, report = bad
    [week] = ask(home, "from quality_weeks where metric = 'volume' and source_kind = 'inbox' and needs_look")
    assert (week["week"].isoformat(), week["value"], week["place"], week["is_compared"]) == (
        "2026-05-04", 2, "below", True,
    )  # fmt: skip
    assert week["low"] > 20
    assert any("unlike the weeks before" in warning for warning in report.warnings)


def test_each_source_and_metric_is_compared_once(bad: tuple[Home, RunReport]):
    counted = ask(
        bad[0],
        "select metric, source_kind, source, count(*) filter (where is_compared) as n from quality_weeks group by all",
    )
    assert {row["n"] for row in counted} == {0, 1}
    compared = sum(row["n"] for row in counted)
    assert quality_lines(bad[0], Settings())[-1].startswith(f"{compared} comparisons of a newest week")


def test_changed_columns_are_named_in_the_run_and_an_address_among_them_is_hidden(bad: tuple[Home, RunReport]):
    home, report = bad
    changes = ask(home, "select change, column_name, earlier_name, is_newest from schema_changes order by all")
    assert changes == [
        {"change": "new", "column_name": "(hidden: looks like an address or a number)", "earlier_name": None,
         "is_newest": True},
        {"change": "renamed", "column_name": "source", "earlier_name": "channel", "is_newest": True},
    ]  # fmt: skip
    [said] = [warning for warning in report.warnings if "columns" in warning]
    assert "channel is now called source" in said
    assert ADDRESS not in said


def test_an_export_full_of_faults_is_told_with_its_main_reason(bad: tuple[Home, RunReport]):
    home, report = bad
    assert any("maximum_set_aside_share" in warning for warning in report.warnings)
    [line] = [line for line in quality_lines(home, Settings()) if "rows set aside" in line]
    assert "sent_at" in line


def test_every_expectation_of_the_night_is_kept_with_its_count(bad: tuple[Home, RunReport]):
    home, report = bad
    checks = ask(home, "from quality_checks")
    assert len(checks) > 100
    assert all(row["n_failing"] == 0 for row in checks if row["severity"] == "stop")
    assert sum(row["n_failing"] > 0 for row in checks) == sum("rows)" in warning for warning in report.warnings)


def test_the_night_writes_a_page_that_says_it_all_and_asks_nothing_of_the_network(bad: tuple[Home, RunReport]):
    page = (bad[0].reports / "quality.html").read_text(encoding="utf-8")
    reader = Reader(page)
    assert reader.is_balanced
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not any(name in ("src", "href") for _, attributes in reader.tags for name in attributes)
    for said in ("no longer exported", "channel is now called source", "things need a look", "by chance up to about"):
        assert said in page
    for hidden in (ADDRESS, "anna.rec", "messages_faulty.csv", "Would you like"):
        assert hidden not in page
    assert page == write_quality(bad[0], Settings()).read_text(encoding="utf-8")


def test_the_page_tells_of_the_last_run_whatever_its_clock_said(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    write_export(home.inbox, "messages.csv", [(0, 3)])
    (home.inbox / "letter.docx").write_bytes(b"x")
    run(home, now=datetime(2026, 6, 20, tzinfo=UTC))
    assert quality_data(home).snapshot_info["files_refused"] == 1
    (home.inbox / "letter.docx").unlink()
    run(home, now=datetime(2026, 6, 19, tzinfo=UTC))
    assert quality_data(home).snapshot_info["files_refused"] == 0


def test_a_page_that_cannot_be_written_is_a_warning_of_a_night_that_published(
    bad: tuple[Home, RunReport], monkeypatch: pytest.MonkeyPatch
):
    page = bad[0].reports / "quality.html"
    page.rename(page.with_name("kept.html"))
    page.mkdir()
    report = run(bad[0], now=datetime(2026, 6, 20, 1, tzinfo=UTC))
    page.rmdir()
    page.with_name("kept.html").rename(page)
    assert report.status == "published"
    assert [warning for warning in report.warnings if warning.startswith("quality.html could not be written (")]
    assert not any("columns" in warning for warning in report.warnings), "changes are told by the run that read them"


def test_numbers_about_too_few_people_are_withheld(bad: tuple[Home, RunReport]):
    with store.connect(bad[0].snapshot, read_only=True) as connection:
        shown = connection.execute(
            "select metric, state, value from quality_weeks where week = '2026-05-04' and source_kind = 'inbox' "
            "and metric in ('volume', 'unanswered') order by metric"
        ).fetchall()
    assert shown == [("unanswered", "withheld", None), ("volume", "judged", 2.0)]
    assert PrivacySettings().minimum_candidates == 5  # type: ignore[call-arg]


def test_where_nothing_is_known_the_page_says_so(bad: tuple[Home, RunReport]):
    data = quality_data(bad[0])
    empty = QualityData(
        *(
            getattr(data, name).clear()
            for name in ("source_files", "set_aside", "exclusions", "quality_weeks", "inboxes", "schema_changes")
        ),
        quality_checks=data.quality_checks.clear(),
        snapshot_info=dict.fromkeys(data.snapshot_info)
        | {"published_at": data.snapshot_info["published_at"], "time_zone": "UTC"},
    )
    page = render(empty, title="Nobody", minimum_candidates=5, maximum_set_aside_share=0.1)
    reader = Reader(page)
    assert reader.is_balanced
    assert "Nothing needs a look." in page
    assert "No week can be compared yet" in page


@pytest.mark.skipif(not (CHROMIUM and AXE), reason="Chromium or axe-core is not installed; see `make browser`")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_has_no_accessibility_violation(bad: tuple[Home, RunReport], scheme: str, tmp_path: Path):
    found = audit(bad[0].reports / "quality.html", tmp_path, SCHEMES[scheme])
    assert found["dark"] is (scheme == "dark")
    assert found["passes"] > 10
    assert found["violations"] == []
