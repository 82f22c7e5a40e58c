"""The run as a whole: what it keeps, what it says, and what it never does."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows import pipeline, store
from flows.config import (
    CompletenessSettings,
    LinkedInSettings,
    OutcomeSettings,
    PrivacySettings,
    Settings,
    TableSettings,
)
from flows.store import Home
from schemas.errors import AuditError, BusyError, NothingToDoError, UsageError
from tests.homes import NOW, OWNED, SAMPLES, ask, run, snapshot_tables, write_messages, write_outcomes

HEADER = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,SUBJECT,CONTENT,FOLDER"
)
REC, ANA, BOB = (f"https://www.linkedin.com/in/{slug}" for slug in ("sam-rec-0a1b2c", "ana-dev-77", "bob-ops"))


def archive(path: Path, *rows: tuple[str, str, str, str, str]) -> Path:
    """A LinkedIn archive of rows `conversation, sender URL, recipient URL, date, content`."""
    names = {REC: "Sam Rec", ANA: "Ana Dev", BOB: "Bob Ops"}
    lines = [
        f'{thread},,{names[sender]},{sender},{names[to]},{to},{date} UTC,,"{content}",INBOX'
        for thread, sender, to, date, content in rows
    ]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("messages.csv", "\n".join([HEADER, *lines]) + "\n")
    return path


OLD = (
    ("2-aa", REC, ANA, "2025-01-10 09:00:00", "Hi Ana, may I ask what you work on?"),
    ("2-aa", ANA, REC, "2025-01-11 10:00:00", "Mostly Python."),
    ("2-bb", REC, BOB, "2025-02-01 09:00:00", "Hi Bob, open to a chat?"),
)
NEW = (
    *OLD,
    ("2-bb", BOB, REC, "2025-05-01 09:00:00", "Sorry for the wait, yes."),
    ("2-aa", REC, ANA, "2026-02-01 09:00:00", "Hi Ana, a year later: open to something new?"),
)


def test_the_same_archive_twice_then_a_newer_one_loses_and_doubles_nothing(tmp_path: Path):
    home = Home(tmp_path / "home")
    first = run(home, archive(tmp_path / "Basic_LinkedInDataExport_03-01-2025.zip", *OLD), settings=OWNED)
    again = run(home, tmp_path / "Basic_LinkedInDataExport_03-01-2025.zip", settings=OWNED)
    newer = run(home, archive(tmp_path / "Basic_LinkedInDataExport_03-01-2026.zip", *NEW), settings=OWNED)

    assert (first.total("rows_in"), first.total("rows_kept")) == (3, 3)
    assert (again.count("unchanged"), again.total("rows_in")) == (1, 0)
    assert (newer.total("rows_in"), newer.total("rows_already_known"), newer.total("rows_kept")) == (5, 3, 2)
    assert ask(home, "select count(*) as n from message_metrics") == [{"n": 5}]
    assert ask(home, "select rows_in, rows_kept, rows_already_known from source_files order by rows_in") == [
        {"rows_in": 3, "rows_kept": 3, "rows_already_known": 0},
        {"rows_in": 5, "rows_kept": 2, "rows_already_known": 3},
    ]


def test_contact_after_a_year_in_one_conversation_is_a_second_approach(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, archive(tmp_path / "Basic_LinkedInDataExport_03-15-2026.zip", *NEW), settings=OWNED)
    approaches = ask(
        home,
        "select approach_no, replied_30d, candidate_approach_no from approach_metrics where thread_id = '2-aa' order by 1",
    )
    assert approaches == [
        {"approach_no": 1, "replied_30d": True, "candidate_approach_no": 1},
        {"approach_no": 2, "replied_30d": False, "candidate_approach_no": 2},
    ]


def test_an_archive_without_an_outcome_source_has_unknown_conversions_not_none(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, archive(tmp_path / "Basic_LinkedInDataExport_03-15-2026.zip", *NEW), settings=OWNED)
    columns = ("converted_30d", "converted_60d", "converted_90d", "converted_ever", "already_in_process", "hired_90d")
    for row in ask(home, f"select {', '.join(columns)} from approach_metrics"):
        assert set(row.values()) == {None}


def test_every_run_accounts_for_every_row(tmp_path: Path):
    home = Home(tmp_path / "home")
    report = run(home, SAMPLES, settings=OWNED)
    assert report.total("rows_in") == sum(
        report.total(name) for name in ("rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")
    )
    assert all(
        file.kept.rows_in
        == file.kept.rows_kept + file.kept.rows_set_aside + file.kept.rows_already_known + file.kept.rows_excluded
        for file in report.files
        if file.kept
    )
    [stored] = ask(home, "select * from runs")
    assert stored["rows_in"] == report.total("rows_in") > 20


def test_a_refused_file_does_not_stop_the_others(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    (home.inbox / "notes.csv").write_text("colour,shape\nred,round\n")
    write_messages(home.inbox, [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there, may I ask something?")])
    report = run(home)
    assert (report.count("refused"), report.count("read")) == (1, 1)
    assert (home.inbox / "notes.csv").exists()
    assert not (home.inbox / "messages.csv").exists()
    assert run(home).count("refused") == 1


def test_bad_rows_are_set_aside_with_their_reason_and_kept_in_quarantine(tmp_path: Path):
    home = Home(tmp_path / "home")
    rows = [
        ("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there"),
        ("t", "tomorrow", "c", "candidate", "secret answer"),
        ("t", "1999-01-01T00:00:00Z", "c", "candidate", "secret answer"),
        ("t", "2099-01-01T00:00:00Z", "c", "boss", "secret answer"),
    ]
    report = run(home, write_messages(tmp_path / "in", rows))
    assert (report.total("rows_kept"), report.total("rows_set_aside")) == (1, 3)
    reasons = {row["reason"] for row in ask(home, "from set_aside")}
    assert reasons == {
        "sent_at is missing or not a date we know",
        "sent_at is before 2003",
        "sent_at lies in the future of the export; sender_role is not recruiter or candidate",
    }
    [quarantined] = home.quarantine.glob("*.jsonl")
    assert len(quarantined.read_text().splitlines()) == 3
    assert quarantined.stat().st_mode & 0o077 == 0


def test_the_snapshot_holds_no_body_name_address_or_file_name(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, SAMPLES, settings=OWNED)
    run(home, SAMPLES / "2023_10col", settings=OWNED)
    content = json.dumps(
        {row["table_name"]: ask(home, f"from {row['table_name']}") for row in ask(home, "from duckdb_tables()")},
        default=str,
    )
    for canary in ("Ana", "Sam", "ana-dev", "sam-rec", "coffee", "Northwind", "messages.csv", "10col", "linkedin.com"):
        assert canary not in content
    private = store.connect(home.database, read_only=True)
    assert private.execute("select count(*) from bodies where body like '%coffee%'").fetchall() == [(1,)]
    private.close()


def test_every_published_table_and_column_has_a_comment(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, SAMPLES, settings=OWNED)
    assert ask(home, "select table_name from duckdb_tables() where coalesce(comment, '') = ''") == []
    assert (
        ask(home, "select table_name, column_name from duckdb_columns() where not internal and comment is null") == []
    )
    listed = ask(home, "select table_name, column_name from data_dictionary where column_name is not null order by all")
    there = ask(home, "select table_name, column_name from duckdb_columns() where not internal order by all")
    assert listed == there


def test_a_rebuild_and_any_order_of_files_give_the_same_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(store.KEY_VARIABLE, "one key for both homes")
    old = archive(tmp_path / "Basic_LinkedInDataExport_03-01-2025.zip", *OLD)
    new = archive(tmp_path / "Basic_LinkedInDataExport_03-15-2026.zip", *NEW)
    forward, backward = Home(tmp_path / "forward"), Home(tmp_path / "backward")
    for home, order in ((forward, (old, new)), (backward, (new, old))):
        for path in order:
            run(home, path, settings=OWNED)
    expected = snapshot_tables(forward)
    assert snapshot_tables(backward) == expected
    rebuilt = run(forward, settings=OWNED, rebuild=True, now=NOW + timedelta(days=1))
    assert (rebuilt.total("rows_in"), snapshot_tables(forward)) == (8, expected)


def test_a_retracted_export_leaves_no_trace_and_is_not_read_again(tmp_path: Path):
    home = Home(tmp_path / "home")
    old = archive(tmp_path / "Basic_LinkedInDataExport_03-01-2025.zip", *OLD)
    new = archive(tmp_path / "Basic_LinkedInDataExport_03-15-2026.zip", *NEW)
    run(home, old, settings=OWNED)
    before = snapshot_tables(home)
    run(home, new, settings=OWNED)
    pipeline.retract(home, OWNED, new.name, now=NOW)
    assert snapshot_tables(home) == before
    run(home, settings=OWNED, rebuild=True)
    assert snapshot_tables(home) == before
    with pytest.raises(UsageError, match="no export is called"):
        pipeline.retract(home, OWNED, new.name, now=NOW)


def test_a_changed_setting_reads_the_stored_export_again(tmp_path: Path):
    home = Home(tmp_path / "home")
    rows = [
        ("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi"),
        ("t", "2026-01-02T00:00:00Z", "c", "candidate", "Hi"),
    ]
    folder = write_messages(tmp_path / "in", rows)
    write_outcomes(folder, [("t", "Onsite", "2026-01-10T00:00:00Z", "2026-06-01T00:00:00Z")])
    run(home, folder)
    assert ask(home, "select event from outcomes") == [{"event": "unmapped"}]
    mapped = Settings(outcomes=OutcomeSettings(stages={"onsite": "interview"}))
    again = run(home, settings=mapped)
    assert (again.count("read"), ask(home, "select event from outcomes")) == (1, [{"event": "interview"}])
    assert ask(home, "select converted_60d from approach_metrics") == [{"converted_60d": True}]


def test_a_failed_audit_publishes_nothing_and_keeps_the_last_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from schemas import marts

    home = Home(tmp_path / "home")
    folder = write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")])
    run(home, folder)
    before = home.snapshot.read_bytes()
    impossible = marts._no_row("no approach at all is allowed", "thread_id is not null")
    monkeypatch.setitem(marts.MARTS, "approach_metrics", (impossible,))
    with pytest.raises(AuditError, match=r"no approach at all is allowed \(1 rows\)"):
        run(home, folder, now=NOW + timedelta(days=1))
    assert home.snapshot.read_bytes() == before
    with store.connect(home.database, read_only=True) as connection:
        assert connection.execute("select status from runs order by started_at").fetchall() == [
            ("published",),
            ("failed",),
        ]


def test_a_second_run_at_once_says_so_and_leaves(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    with store.only_run(home), pytest.raises(BusyError, match="another run is under way"):
        run(home)


def test_an_open_reader_does_not_block_the_next_snapshot(tmp_path: Path):
    home = Home(tmp_path / "home")
    folder = write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")])
    run(home, folder)
    with duckdb.connect(str(home.snapshot), read_only=True) as reader:
        run(home, folder, now=NOW + timedelta(days=1))
        assert reader.execute("select count(*) from runs").fetchall() == [(1,)]
    assert len(ask(home, "from runs")) == 2


def test_strangers_sql_can_only_read_the_snapshot(tmp_path: Path):
    home = Home(tmp_path / "home")
    with pytest.raises(NothingToDoError, match="nothing is published"):
        ask(home, "select 1")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    before = home.snapshot.read_bytes()
    hostile = (
        "drop table runs",
        f"attach '{home.database}' as private",
        f"from read_csv('{tmp_path / 'in' / 'messages.csv'}')",
        f"copy runs to '{tmp_path / 'out.csv'}'",
        "set enable_external_access = true",
        "select 1; select 2",
        "load httpfs",
        "not sql at all",
    )
    for query in hostile:
        with pytest.raises(UsageError):
            ask(home, query)
    assert home.snapshot.read_bytes() == before
    assert not (tmp_path / "out.csv").exists()


def test_strangers_sql_is_stopped_in_time_and_copes_with_any_column(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    endless = "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = 7"
    with pytest.raises(UsageError, match="Stopped after"):
        store.query_snapshot(home, endless, seconds=0.5)
    assert store.query_snapshot(home, "from range(100)", rows=7).height == 7
    odd = store.query_snapshot(
        home, "select 1 as a, 2 as a, interval 3 days as i, {'x': 1} as s, [1, 2] as l, null as n"
    )
    assert odd.columns == ["a", "a_1", "i", "s", "l", "n"]
    assert odd.row(0)[3:] == ("{'x': 1}", "[1, 2]", None)


def test_a_rebuild_keeps_the_history_of_runs(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    run(home, rebuild=True, now=NOW + timedelta(days=1))
    assert [row["kind"] for row in ask(home, "from runs order by started_at")] == ["run", "rebuild"]
    [first] = ask(home, "select finished_at > started_at as took_time from runs where kind = 'run'")
    assert first == {"took_time": True}
    assert {"step": "publish"} in ask(home, "select step from run_steps")


def test_a_download_that_stops_growing_is_refused_after_a_day(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    whole = archive(tmp_path / "whole.zip", *OLD).read_bytes()
    (home.inbox / "Basic_LinkedInDataExport_03-01-2025.zip").write_bytes(whole[: len(whole) // 2])
    soon = datetime.now(UTC)
    assert run(home, settings=OWNED, now=soon).count("waiting") == 1
    assert run(home, settings=OWNED, now=soon + timedelta(days=2)).count("refused") == 1


def test_status_answers_while_a_run_is_under_way(tmp_path: Path):
    from flows.status import status_of, status_text

    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    with store.only_run(home):
        facts = status_of(home, Settings(), now=NOW)
    assert facts["running"]
    assert "a run is under way" in status_text(facts)
    assert not status_of(home, Settings(), now=NOW)["running"]


def test_thread_ids_can_be_hashed(tmp_path: Path):
    home = Home(tmp_path / "home")
    folder = write_messages(tmp_path / "in", [("thread-1", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")])
    run(home, folder, settings=Settings(privacy=PrivacySettings(hash_thread_ids=True)))
    [row] = ask(home, "select thread_id from thread_metrics")
    assert row["thread_id"].startswith("t_")
    assert ask(home, "select thread_id from approach_metrics") == [row]


def test_exports_without_unanswered_conversations_are_refused_a_reply_rate(tmp_path: Path):
    pairs = [
        (
            (f"t{i}", f"2026-01-01T00:{i:02}:00Z", f"r{i % 3}", "recruiter", "Well then, may I ask?"),
            (f"t{i}", f"2026-01-02T00:{i:02}:00Z", f"c{i}", "candidate", "You may"),
        )
        for i in range(40)
    ]
    rows = [row for pair in pairs for row in pair]
    folder = write_messages(tmp_path / "in", [*rows, ("z", "2026-06-01T00:00:00Z", "r0", "recruiter", "The last one")])
    for declared, state in ((False, "refused"), (True, "judged")):
        home = Home(tmp_path / f"home-{declared}")
        settings = Settings(completeness=CompletenessSettings(declared_complete=declared))  # type: ignore[call-arg]
        run(home, folder, settings=settings)
        found = ask(
            home,
            "select distinct state from metric_week where metric = 'replied_30d' and group_by = 'all' and n_approaches > 0",
        )
        assert found == [{"state": state}]


def test_an_outcome_source_that_links_to_few_is_refused_a_conversion_rate(tmp_path: Path):
    rows = [(f"t{i}", f"2026-01-01T00:{i:02}:00Z", "r", "recruiter", "Hello you") for i in range(10)]
    folder = write_messages(tmp_path / "in", [*rows, ("z", "2026-06-01T00:00:00Z", "r", "recruiter", "The last one")])
    strangers = [(f"x{i}", "interview", "2026-01-10T00:00:00Z", "2026-06-01T00:00:00Z") for i in range(10)]
    write_outcomes(folder, [*strangers, ("t1", "interview", "2026-01-10T00:00:00Z", "2026-06-01T00:00:00Z")])
    home = Home(tmp_path / "home")
    run(home, folder)
    [week] = ask(
        home,
        "select state, value, reason from metric_week where metric = 'converted_60d' and group_by = 'all' and n_approaches > 1",
    )
    assert (week["state"], week["value"]) == ("refused", None)
    assert "1 of 11 candidates" in week["reason"]
    assert ask(home, "select converted_60d from approach_metrics where thread_id = 't1'") == [{"converted_60d": True}]


def test_an_unpacked_archive_leaves_the_inbox_whole_and_can_be_rebuilt(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    shutil.copytree(SAMPLES / "2023_10col", home.inbox / "sam" / "Basic_LinkedInDataExport_09-01-2023")
    run(home, settings=OWNED)
    assert [path for path in home.inbox.rglob("*") if path.is_file()] == []
    before = snapshot_tables(home)
    assert before["source_files"][0][8] == "archive_name"
    run(home, settings=OWNED, rebuild=True)
    assert snapshot_tables(home) == before


def test_what_waits_beside_an_unpacked_archive_stays_in_the_inbox(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    folder = home.inbox / "sam"
    shutil.copytree(SAMPLES / "2021_9col", folder)
    (folder / "Complete_LinkedInDataExport_03-01-2026.zip.crdownload").write_bytes(b"PK half")
    report = run(home, settings=OWNED)
    assert (report.count("read"), report.count("waiting")) == (1, 1)
    assert [path.name for path in folder.iterdir()] == ["Complete_LinkedInDataExport_03-01-2026.zip.crdownload"]


def test_a_kill_in_the_store_does_not_keep_a_rebuild_from_working(tmp_path: Path):
    import subprocess
    import sys

    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    killed = (
        "import os, duckdb, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute(\"insert into exclusion_counts values ('x', 'y', 1)\"); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(home.database)], check=False).returncode == 9
    assert home.database.with_name(f"{home.database.name}.wal").exists()
    run(home, rebuild=True)
    assert run(home).status == "published"


def test_an_export_whose_mapping_is_gone_is_said_not_dropped(tmp_path: Path):
    home = Home(tmp_path / "home")
    table = tmp_path / "in" / "ats1.csv"
    write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")], "ats1.csv")
    columns = {name: name for name in ("thread_id", "sent_at", "sender_id", "sender_role", "body")}
    mapping = TableSettings(match="ats*.csv", kind="messages", columns=columns)  # type: ignore[call-arg]
    assert run(home, table, settings=Settings(tables=[mapping])).count("read") == 1
    for rebuild in (False, True):
        gone = run(home, rebuild=rebuild)
        assert (gone.count("refused"), "Put its mapping back" in gone.files[0].message) == (1, True)
        assert ask(home, "from message_metrics") == []
    assert run(home, settings=Settings(tables=[mapping])).count("read") == 1
    assert len(ask(home, "from message_metrics")) == 1


def test_another_key_is_refused_before_it_splits_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = Home(tmp_path / "home")
    folder = write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")])
    run(home, folder)
    monkeypatch.setenv(store.KEY_VARIABLE, "another key")
    with pytest.raises(UsageError, match="not the one this store was written with"):
        run(home, folder)
    assert run(home, rebuild=True).status == "published"


def test_nothing_published_is_a_plain_hash_of_a_text(tmp_path: Path):
    import hashlib

    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "No")]))
    [row] = ask(home, "select message_id from message_metrics")
    parts = ["t", "1767225600", "No", "1"]
    assert row["message_id"] != hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    connection = store.connect(home.database, read_only=True)
    [(inner,)] = connection.execute("select message_key from message_rows").fetchall()
    connection.close()
    assert inner == hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def test_outcomes_cover_only_the_messages_beside_them(tmp_path: Path):
    home = Home(tmp_path / "home")
    for team in ("a", "b"):
        rows = [(f"t{team}", "2026-01-01T00:00:00Z", f"r{team}", "recruiter", "Hi there")]
        write_messages(tmp_path / team, [*rows, (f"z{team}", "2026-06-01T00:00:00Z", f"r{team}", "recruiter", "Hi")])
    write_outcomes(tmp_path / "a", [("ta", "declined", "2026-01-10T00:00:00Z", "2026-06-01T00:00:00Z")])
    run(home, tmp_path / "a", tmp_path / "b")
    found = ask(
        home, "select thread_id, converted_60d from approach_metrics where thread_id in ('ta', 'tb') order by 1"
    )
    assert found == [{"thread_id": "ta", "converted_60d": False}, {"thread_id": "tb", "converted_60d": None}]


def test_an_archive_without_an_owner_asks_for_one(tmp_path: Path):
    report = run(Home(tmp_path / "home"), SAMPLES / "2024_11col", settings=Settings())
    assert [(file.status, "[linkedin] owner" in file.message) for file in report.files] == [("refused", True)]


def test_owner_by_file_pattern_wins(tmp_path: Path):
    settings = Settings(linkedin=LinkedInSettings(owner="nobody", owners={"2024*": "sam-rec-0a1b2c"}))
    report = run(Home(tmp_path / "home"), SAMPLES / "2024_11col", settings=settings)
    assert report.count("read") == 1
