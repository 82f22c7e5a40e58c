"""What happens when the machine, a file or a program nearby fails: said clearly, and nothing lost. See docs/faults.md."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from flows import backups, history, migrations, store
from flows.config import LimitSettings, Settings
from flows.store import Home
from schemas.errors import BusyError, StorageError, UsageError
from tests.homes import NOW, ask, run, snapshot_tables, write_messages

FIRST = [
    ("t1", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there, may I ask something?"),
    ("t1", "2026-01-02T00:00:00Z", "c", "candidate", "You may."),
]
SECOND = [("t2", "2026-11-20T00:00:00Z", "r", "recruiter", "Hi you, may I ask something?")]
LATER = NOW + timedelta(days=1)
COUNT = "select count(*) as n from message_metrics"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("published") / "home").create()
    write_messages(home.inbox, FIRST)
    run(home)
    with closing(store.open_store(home)) as connection:
        connection.execute("insert into mails_sent values ('2026-11-16', 'm@example.org', '<1@x>', now(), now())")
    backups.keep_history(home, now=NOW)
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    shutil.copytree(published.root, tmp_path / "home")
    return Home(tmp_path / "home")


def count(home: Home) -> int:
    [row] = ask(home, COUNT)
    return int(row["n"])


def rows_of(home: Home, query: str) -> list[tuple[object, ...]]:
    with closing(store.connect(home.database, read_only=True)) as connection:
        return connection.execute(query).fetchall()


def fails_and_loses_nothing(home: Home, said: str, settings: Settings | None = None) -> None:
    """A run fails with that message and the snapshot stays; meant to be followed by one that works."""
    before = home.snapshot.read_bytes()
    with pytest.raises(StorageError, match=said):
        run(home, settings=settings, now=LATER)
    assert home.snapshot.read_bytes() == before


def test_a_file_that_may_not_grow_further_is_said_and_the_next_run_completes(home: Home):
    write_messages(home.inbox, SECOND, "messages-2.csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        fails_and_loses_nothing(home, "may not grow so large")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run(home, now=LATER)
    assert count(home) == 3


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("mounting needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_the_next_run_completes(home: Home, tmp_path: Path):
    size = sum(path.stat().st_size for path in home.root.rglob("*") if path.is_file())
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", f"size={size + 1_500_000}", "tmpfs"):
        small = Home(disk / "home")
        shutil.copytree(home.root, small.root)
        write_messages(small.inbox, SECOND, "messages-2.csv")
        fails_and_loses_nothing(small, "the disk is full.*free some space")
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        run(small, now=LATER)
        assert count(small) == 3


def test_a_read_only_disk_is_said_and_the_next_run_completes(home: Home):
    write_messages(home.inbox, SECOND, "messages-2.csv")
    with mounted(home.root, "--bind", str(home.root)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(home.root)], check=True)
        before = home.snapshot.read_bytes()
        with pytest.raises((StorageError, UsageError), match=r"cannot be (written|used)"):
            run(home, now=LATER)
        assert (home.snapshot.read_bytes(), count(home)) == (before, 2)
    run(home, now=LATER)
    assert count(home) == 3


def test_too_little_memory_is_said_and_the_next_run_completes(home: Home):
    write_messages(home.inbox, SECOND, "messages-2.csv")
    fails_and_loses_nothing(home, "needs more memory.*--memory", Settings(limits=LimitSettings(memory="3MB")))
    run(home, now=LATER)
    assert count(home) == 3


def test_a_clock_that_went_back_is_said_and_sets_no_row_aside(home: Home):
    write_messages(home.inbox, SECOND, "messages-2.csv")
    back = run(home, now=NOW - timedelta(days=300))
    assert any("it went back" in warning for warning in back.warnings)
    assert (back.total("rows_kept"), back.total("rows_set_aside")) == (1, 0)
    again = run(home, now=NOW)
    assert again.run_id.endswith("-2"), "the fixture's run began at the very same time"
    assert [row["run_no"] for row in ask(home, "select run_no from runs order by run_no")] == [1, 2, 3]
    assert rows_of(home, "select arg_max(run_id, run_no) from runs") == [(again.run_id,)]


def test_a_file_that_vanishes_or_grows_while_it_is_read_waits_for_the_next_run(home: Home):
    vanishing = write_messages(home.inbox, SECOND, "messages-2.csv") / "messages-2.csv"
    growing = write_messages(home.inbox, [("t3", *SECOND[0][1:])], "messages-3.csv") / "messages-3.csv"
    write_messages(home.inbox, [("t4", *SECOND[0][1:])], "messages-4.csv")
    content = vanishing.read_text()

    def meddle(doing: str) -> None:
        if doing.endswith("messages-2.csv"):
            vanishing.unlink()
        if doing.endswith("messages-3.csv"):
            growing.write_text(growing.read_text() + "t3,2026-11-21T00:00:00Z,c,candidate,Yes\n")

    report = run(home, now=LATER, progress=meddle)
    assert {file.name: file.status for file in report.files} == {
        "messages-2.csv": "refused", "messages-3.csv": "waiting", "messages-4.csv": "read",
    }  # fmt: skip
    assert (count(home), growing.exists()) == (3, True)
    vanishing.write_text(content)
    assert run(home, now=LATER + timedelta(days=1)).count("read") == 2
    assert count(home) == 6


def test_a_program_that_holds_the_store_is_named_as_the_reason(home: Home):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(home.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"open\n"
        with pytest.raises(BusyError, match="another program has it open"):
            run(home, now=LATER)
        holder.communicate(b"")
    assert run(home, now=LATER).status == "published"


def test_a_damaged_store_is_refused_and_rebuilt_with_the_history_of_the_newest_backup(home: Home):
    damaged = bytearray(home.database.read_bytes())
    for place in range(8192, len(damaged), 2048):
        damaged[place] ^= 255
    home.database.write_bytes(damaged)
    fails_and_loses_nothing(home, "damaged.*--rebuild.*restore")
    newest = backups.backups(home)[0]
    report = run(home, rebuild=True, now=LATER)
    assert f"was taken from {newest.path.name}" in report.warnings[0]
    assert rows_of(home, "select recipient from mails_sent") == [("m@example.org",)]
    assert [row["kind"] for row in ask(home, "from runs order by run_no")] == ["run", "rebuild"]
    assert count(home) == 2


def test_a_damaged_snapshot_is_said_and_written_anew_by_the_next_run(home: Home):
    tables = snapshot_tables(home)
    home.snapshot.write_bytes(b"garbage" * 5000)
    with pytest.raises(StorageError, match="damaged"):
        count(home)
    run(home, now=LATER)
    assert snapshot_tables(home) == tables


def test_a_damaged_copy_of_an_export_is_refused_and_mended_when_handed_in_again(home: Home):
    [copy] = home.exports.glob("*/content/*.csv")
    content = copy.read_bytes()
    copy.write_bytes(content[:-20])
    report = run(home, rebuild=True, now=LATER)
    assert (report.files[0].status, "is damaged" in report.files[0].message) == ("refused", True)
    assert backups.backups(home)[1].reason == "rebuild", "the store that still had its rows"
    (home.inbox / "messages.csv").write_bytes(content)
    run(home, now=LATER + timedelta(days=1))
    assert (count(home), copy.read_bytes()) == (2, content)


def test_a_copy_that_somebody_deleted_is_told_before_a_rebuild_would_lose_its_rows(home: Home):
    [folder] = home.exports.iterdir()
    shutil.rmtree(folder)
    report = run(home, now=LATER)
    assert (report.files[0].status, "a rebuild would lose its rows" in report.files[0].message) == ("refused", True)
    assert count(home) == 2


def test_a_killed_run_can_be_seen_afterwards(home: Home):
    record = {"run_id": "killed", "started_at": NOW, "kind": "run", "status": "failed"}
    history.begin_run(home, record)
    assert rows_of(home, "select arg_max(status, run_no) from runs") == [("begun",)]
    run(home, now=LATER)
    assert [row["status"] for row in ask(home, "from runs order by run_no")] == [
        "published",
        "interrupted",
        "published",
    ]


def old_home(folder: Path, version: int) -> Home:
    home = Home(folder / "old").create()
    script = (Path(__file__).parent / "samples" / "store" / "version_2.sql").read_text(encoding="utf-8")
    with closing(store.connect(home.database)) as connection:
        connection.execute(script)
        connection.execute("update store_version set version = ?", [version])
    return home


def test_a_store_of_version_2_is_brought_forward_with_a_backup(tmp_path: Path):
    home = old_home(tmp_path, 2)
    old = home.database.read_bytes()
    said = migrations.migrate(home, now=NOW)
    assert said and "of version 2" in said
    [backup] = backups.backups(home)
    assert (backup.version, backup.reason, backup.path.read_bytes()) == (2, "migration", old)
    assert backup.path.stat().st_mode & 0o077 == home.database.stat().st_mode & 0o077 == 0
    assert rows_of(home, "select run_id, run_no from runs order by run_no") == [
        ("20261101T000000000000", 1),
        ("20261102T000000000000", 2),
    ]
    assert rows_of(home, "select (select count(*) from mails_sent), (select body from bodies)") == [
        (1, "Hi there, may I ask something?")
    ]
    fresh = Home(tmp_path / "fresh").create()
    store.open_store(fresh).close()
    store.open_store(home).close()
    columns = "select table_name, column_name, data_type from duckdb_columns() where not internal order by all"
    assert rows_of(home, columns) == rows_of(fresh, columns)
    assert migrations.migrate(home, now=NOW) is None


@pytest.mark.parametrize(
    ("version", "said"),
    [(1, "too old to be brought forward: `talkshare run --rebuild`"), (99, "install that one again")],
)
def test_a_store_that_cannot_be_brought_forward_is_refused_and_left_as_it_is(tmp_path: Path, version: int, said: str):
    home = old_home(tmp_path, version)
    old = home.database.read_bytes()
    with pytest.raises((StorageError, UsageError), match=said):
        run(home)
    assert home.database.read_bytes() == old
    if version == 99:
        with pytest.raises(UsageError, match=said):
            run(home, rebuild=True)
        assert home.database.read_bytes() == old


def test_a_backup_is_put_back_and_no_mail_is_forgotten(home: Home):
    run(home, rebuild=True, now=LATER)
    whole = next(backup for backup in backups.backups(home) if backup.reason == "rebuild")
    with closing(store.open_store(home)) as connection:
        connection.execute("insert into mails_sent values ('2026-11-23', 'm@example.org', '<2@x>', now(), now())")
        connection.execute("delete from message_rows")
    report = run(home, restore=whole.name, now=LATER + timedelta(days=1))
    assert (report.kind, report.status, count(home)) == ("restore", "published", 2)
    assert rows_of(home, "select count(*) from mails_sent") == [(2,)]
    assert [backup.reason for backup in backups.backups(home)][:2] == ["history", "restore"]
    with pytest.raises(UsageError, match="no backup is called"):
        run(home, restore="nothing")
    small = next(backup for backup in backups.backups(home) if backup.reason == "history")
    run(home, restore=str(small.number), now=LATER + timedelta(days=2))
    assert (count(home), next(home.exports.iterdir()).name in str(rows_of(home, "from readings"))) == (2, True)


def test_only_the_last_few_backups_are_kept(home: Home):
    for day in range(8):
        backups.keep_history(home, now=NOW + timedelta(days=day))
    assert len(backups.backups(home)) == backups.KEPT_HISTORY
    assert all(store.is_whole(backup.path) for backup in backups.backups(home))
    assert {path.stat().st_mode & 0o077 for path in home.backups.iterdir()} == {0}


def test_small_storm_of_kills_makes_no_difference(tmp_path: Path):
    """The whole one is `make soak`: it runs in a process of its own, since it forks."""
    command = [sys.executable, "-m", "tests.kill_storm", "--kills", "2", "--workers", "1", "--plays", "night"]
    done = subprocess.run(
        command, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout


def test_a_few_random_histories_agree():
    from tests.histories import prove

    assert prove(1, 5) == 1
