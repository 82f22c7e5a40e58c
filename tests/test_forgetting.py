"""A person is forgotten: what is found where before and after, what stays counted, and what a kill leaves."""

from __future__ import annotations

import json
import shutil
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows import distilling, forgetting, intake, keys, pipeline, store, tombstones
from flows.config import PrivacySettings
from flows.held import write_held
from flows.store import Home
from schemas.errors import NothingToDoError, UsageError
from tests import canaries
from tests.canaries import CANARIES, SETTINGS, search
from tests.homes import NOW, OWNED, ask, run, snapshot_tables
from tests.test_pipeline import ANA, BOB, NEW, OLD, REC, archive

MORE = (
    *NEW,
    ("2-bb", REC, BOB, "2025-05-02 09:00:00", "We run Kafka clusters with Flink and need somebody. Do you like Flink?"),
    (
        "2-bb",
        BOB,
        REC,
        "2025-05-03 09:00:00",
        "I like Flink and Kafka a lot, and we use Flink daily. No thanks though.",
    ),
    (
        "2-bb",
        REC,
        BOB,
        "2025-05-04 09:00:00",
        "So you use Flink daily and like Kafka. May I ask what you build with it?",
    ),
)
ZIPS = {f"Basic_LinkedInDataExport_03-01-{year}.zip": rows for year, rows in (("2025", OLD), ("2026", MORE))}
RETAINED = OWNED.model_copy(update={"privacy": PrivacySettings(retention_days=568)})
ANA_TEXTS = {"name": "Ana Dev", "profile": "ana-dev-77", "words": "Mostly Python", "to her": "a year later: open"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two overlapping archives, read; never changed by a test."""
    folder = tmp_path_factory.mktemp("seen")
    home = Home(folder / "home")
    for name, rows in ZIPS.items():
        archive(folder / name, *rows)
    run(home, *(folder / name for name in ZIPS), settings=OWNED)
    return home


@pytest.fixture
def home(seen: Home, tmp_path: Path) -> Home:
    shutil.copytree(seen.root, tmp_path / "home")
    return Home(tmp_path / "home")


def forget(home: Home, candidate: str, **options: Any) -> forgetting.Forgotten | None:
    return pipeline.forget(home, OWNED, candidate, now=NOW, **options)[1]


def counted(home: Home) -> list[dict[str, Any]]:
    """What is counted of every approach and message, without anybody's id."""
    approaches = ask(
        home,
        "select * exclude (thread_id, recruiter_id, candidate_id, candidate_known, candidate_approach_no, template_id) "
        "from approach_metrics order by started_at",
    )
    # What is known of a person's other approaches is what a person without an id has not.
    ids = [name for name in approaches[0] if name.startswith(("previous_", "history_", "prior_", "earlier_"))]
    messages = ask(home, "select * exclude (message_id, thread_id, sender_id) from message_metrics order by sent_at")
    return [{name: row[name] for name in row if name not in ids} for row in approaches] + messages


def test_a_person_goes_from_every_file_and_the_search_would_have_found_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    home = Home(tmp_path / "home")
    canaries.plant(home)
    pipeline.run(home, SETTINGS, now=NOW)
    canaries.written_from(home)
    canaries.leave_copies(home)

    before = search(home.root)
    assert set(before.of("store")["store"]) == set(CANARIES)
    assert set(before.of()) - set(canaries.PRIVATE) <= {"coaching"}
    # A recruiter's own page quotes their own words, with the names masked.
    assert before.of("coaching") in ({}, {"coaching": ["words to them"]})
    assert {"published", "reports", "logs", "store", "quarantine"} <= set(before.looked)
    assert search(temporary).of() == {}

    (home.inbox / "wrong.csv").write_text(f"who\n{CANARIES['last name']}\n")
    _, done = pipeline.forget(home, SETTINGS, CANARIES["address"], now=NOW)
    assert done is not None
    assert (done.conversations, done.messages, done.exports) == (2, 4, 3)
    assert done.deleted == {
        "coaching folders": 2, "mails written to files": 1, "retracted exports": 1, "backups": 1
    }  # fmt: skip
    (home.inbox / "wrong.csv").unlink()
    assert search(home.root).of() == {}

    again = "the words of another month"
    canaries.archive(
        home.inbox / f"{canaries.NAME}.zip", ("2-z", canaries.OWNER, canaries.PERSON, "2026-11-01 09:00:00", again)
    )
    report = pipeline.run(home, SETTINGS, now=NOW)
    assert [file.reasons for file in report.files] == [{"forgotten": 3, "invitation without a note": 1}]
    assert report.total("rows_in") == sum(
        report.total(name) for name in ("rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")
    )
    assert search(home.root).of() == {}
    assert search(home.root, {"again": again}).of() == {}
    assert canaries.seen_in("".join(capsys.readouterr()).encode()) == []


def test_the_search_sees_through_what_things_are_packed_in(tmp_path: Path):
    import base64
    import gzip
    import sqlite3
    import zipfile

    import polars as pl

    words = CANARIES["own words"]
    (tmp_path / "packed.bin").write_bytes(gzip.compress(words.encode()))
    (tmp_path / "coded.txt").write_bytes(b"x " + base64.b64encode(f"abcd{words}efgh".encode()))
    (tmp_path / "wide.txt").write_bytes(words.encode("utf-16-le"))
    (tmp_path / "spaced.txt").write_text(words.replace(" ", "\n   ").upper())
    pl.DataFrame({"a": [words] * 3}).write_parquet(tmp_path / "columns.parquet", compression="zstd")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/sharedStrings.xml", words)
    (tmp_path / "mail.eml").write_bytes(
        b"MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"." * 40 + words.encode())
    )
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as connection:
        connection.execute("create table t (a)")
        connection.execute("insert into t values (?)", [words])
        connection.commit()
    with closing(store.connect(tmp_path / "some.duckdb")) as connection:
        connection.execute("create table t as select ? as a", [words])
    for path in sorted(tmp_path.iterdir()):
        alone = tmp_path / "top" / path.stem
        alone.mkdir(parents=True)
        path.rename(alone / path.name)
    found = search(tmp_path / "top")
    assert found.of() == {path.name: ["own words"] for path in (tmp_path / "top").iterdir()}
    assert len(found.looked) == 9


def test_the_approaches_stay_in_the_counts_and_a_store_built_anew_is_the_same(home: Home, seen: Home):
    before = counted(home)
    ids = {row["candidate_id"] for row in ask(home, "select distinct candidate_id from approach_metrics")}
    assert forget(home, ANA) is not None
    assert counted(home) == before
    after = ask(home, "select distinct thread_id, candidate_id, candidate_known from approach_metrics order by 1")
    assert [row["candidate_known"] for row in after] == [True, False]
    assert after[0]["thread_id"] == "2-bb"
    assert after[1]["thread_id"].startswith("erased-")
    assert after[1]["candidate_id"] not in ids
    tables = snapshot_tables(home)
    run(home, settings=OWNED, rebuild=True)
    assert snapshot_tables(home) == tables
    assert search(home.root, ANA_TEXTS).of() == {}

    again = [seen.root.parent / name for name in ZIPS]
    same = intake.take_in(home, OWNED, again, now=NOW, database=home.database)
    assert [(file.status, file.reasons) for file in same] == [("unchanged", {})] * 2
    with pytest.raises(UsageError, match="already forgotten on 2026-11-23"):
        forget(home, "ana-dev-77")


def test_a_kill_on_the_way_is_made_up_for_by_the_next_run(home: Home, monkeypatch: pytest.MonkeyPatch):
    """The store is swapped and one of two exports replaced; `tests.forget_storm` kills at any moment."""
    before, replaced = counted(home), []

    class Killed(BaseException):
        pass

    def distil(*args: Any, **options: Any) -> None:
        if replaced:
            raise Killed
        replaced.append(args)
        real(*args, **options)

    real = distilling.distil
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(distilling, "distil", distil)
        forget(home, ANA)
    assert search(home.root, ANA_TEXTS).of() != {}
    run(home, settings=OWNED)
    assert counted(home) == before
    assert search(home.root, ANA_TEXTS).of() == {}
    assert not home.forgetting.exists()


def test_texts_grow_old_and_no_number_changes(home: Home, tmp_path: Path):
    before = snapshot_tables(home)
    shutil.copyfile(home.database, home.backups / "whole.duckdb")
    store.open_store(home, home.backups / "history.duckdb").close()
    run(home, settings=RETAINED)
    assert {path.name for path in home.backups.glob("[hw]*")} == {"history.duckdb"}
    after = snapshot_tables(home)
    assert ask(home, "select n_texts_erased from snapshot_info") == [{"n_texts_erased": 6}]
    info = before.pop("snapshot_info"), after.pop("snapshot_info")
    assert [a for a, b in zip(info[0][0], info[1][0], strict=True) if a != b] == [0]
    assert after == before
    texts = {"old": "Mostly Python", "older": "open to a chat", "kept": "a year later", "words": "clusters with flink"}
    assert search(home.root, texts).of() == {"store": ["kept"]}
    run(home, settings=RETAINED, rebuild=True)
    assert {**snapshot_tables(home), "snapshot_info": info[1]} == {**after, "snapshot_info": info[1]}

    # A later export brings the old texts again, and one of them is written anew.
    template = ("2-cc", REC, ANA, "2026-11-20 09:00:00", "Mostly Python.")
    later = archive(tmp_path / "later_03-01-2026.zip", *MORE, template)
    assert run(home, later, settings=RETAINED).total("rows_already_known") == len(MORE)
    assert search(home.root, texts).of() == {"store": ["kept", "old"]}
    assert ask(home, "select n_texts_erased from snapshot_info") == [{"n_texts_erased": 5}]


def test_who_cannot_be_forgotten_is_told_what_to_do(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="nobody is held here under that"):
        forget(home, "nobody@example.org")
    with pytest.raises(UsageError, match="that is a recruiter"):
        forget(home, REC)
    with pytest.raises(NothingToDoError, match="no store here"):
        forgetting.start(Home(tmp_path / "none"), ANA, now=NOW)
    assert not home.tombstones.exists()

    forgetting.start(home, "https://www.linkedin.com/in/Zo%C3%AB-x/", now=NOW, in_advance=True)
    known = tombstones.read_tombstones(home)
    assert known.date_of("linkedin:zoë-x") == "2026-11-23"
    assert known.date_of("linkedin:zoe-x") is None
    assert "zo" not in home.tombstones.read_text()
    assert forgetting.erase_pending(home, OWNED, now=NOW) is None
    tombstones.put(home, ["linkedin:ana-dev-77"], now=NOW)
    # Killed between tombstone and task, or put back from an old copy: the store itself says whose turn it is.
    monkeypatch.setattr(forgetting, "_delete_copies", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        forgetting.erase_pending(home, OWNED, now=NOW)
    task = forgetting.pending(home)
    assert task is not None
    assert task.identities == ["linkedin:ana-dev-77"]
    with pytest.raises(UsageError, match="Finish it first"):
        forgetting.start(home, BOB, now=NOW)
    (home.private / "forget.key").unlink()
    with pytest.raises(UsageError, match=r"forget\.key: missing"):
        tombstones.read_tombstones(home)


def test_access_writes_all_that_is_held_for_the_person_alone(home: Home, tmp_path: Path):
    paths = write_held(home, OWNED, "ana-dev-77", tmp_path / "out", now=NOW)
    held = json.loads(paths[0].read_text(encoding="utf-8"))
    assert [row["text"] for row in held["messages"]] == [text for *_, text in (OLD[0], OLD[1], NEW[4])]
    assert held["names"] == [{"name": "Ana Dev"}]
    assert [row["approach_no"] for row in held["measured"]] == [1, 2]
    assert {row["name"] for row in held["exports"]} == set(ZIPS)
    assert "Mostly Python." in paths[1].read_text(encoding="utf-8")
    assert "Bob" not in paths[0].read_text(encoding="utf-8")
    for path in (*paths, paths[0].parent):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    log = (home.logs / "access.jsonl").read_text()
    assert json.loads(log)["page"] == "access request"
    assert "ana" not in log.lower()
    with pytest.raises(UsageError, match="not empty"):
        write_held(home, OWNED, "ana-dev-77", tmp_path / "out", now=NOW)


def test_a_changed_key_changes_every_id_and_no_number_and_brings_nobody_back(home: Home, tmp_path: Path):
    tombstones.put(home, ["linkedin:cy-new"], now=NOW)
    old = (home.private / "id.key").read_text()
    before, ids = counted(home), "select distinct unnest([recruiter_id, candidate_id]) as id from approach_metrics"
    known = {row["id"] for row in ask(home, ids)}
    pipeline.rotate_key(home, OWNED, now=NOW)
    assert counted(home) == before
    assert known.isdisjoint(row["id"] for row in ask(home, ids))
    assert (home.private / "id.key").read_text() != old
    assert tombstones.read_tombstones(home).date_of("linkedin:cy-new")

    # Killed before the store was built, the new key goes; killed after, it is taken.
    waiting = home.private / "id.key.new"
    key = (home.private / "id.key").read_text()
    waiting.write_text("another")
    keys.settle(home)
    assert not waiting.exists()
    assert (home.private / "id.key").read_text() == key
    (home.private / "id.key").rename(waiting)
    (home.private / "id.key").write_text(old)
    keys.settle(home)
    assert (home.private / "id.key").read_text() == key


def test_a_home_that_stands_open_is_closed(home: Home):
    for path in (home.root, home.private, home.database):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert store.close_to_others(home) >= 3
    for path in (home.root, *home.private.rglob("*"), home.quarantine, home.logs):
        assert path.stat().st_mode & 0o077 == 0, path
    assert store.close_to_others(home) == 0
