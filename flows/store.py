"""Where things lie: the home folder, the private store, and the snapshot that is built aside and then swapped in."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl

from flows.readers.reading import Export
from schemas.errors import BusyError, NothingToDoError, UsageError
from sql.frames import frame_of
from sql.load import LOAD
from sql.reading import ERASED as ERASED_VERSION
from sql.reading import FEATURES, KEPT

Connection = duckdb.DuckDBPyConnection

STORE_VERSION = 2
KEY_VARIABLE = "TALKSHARE_ID_KEY"
MEMORY_LIMIT = "4GB"


@dataclass(frozen=True)
class Home:
    """The one folder that holds all state."""

    root: Path

    @property
    def inbox(self) -> Path:
        """Exports arrive here; read ones move away."""
        return self.root / "inbox"

    @property
    def private(self) -> Path:
        """The private store."""
        return self.root / "store"

    @property
    def database(self) -> Path:
        """The working database; private."""
        return self.private / "talkshare-store.duckdb"

    @property
    def exports(self) -> Path:
        """The exports that were read, by hash."""
        return self.private / "exports"

    @property
    def backups(self) -> Path:
        """Copies of the working database, from before it was migrated or replaced; private."""
        return self.private / "backups"

    @property
    def tombstones(self) -> Path:
        """Digests of who was forgotten; they outlive every store."""
        return self.private / "forgotten.jsonl"

    @property
    def forgetting(self) -> Path:
        """Who is being forgotten and is not yet; gone when it is done."""
        return self.private / "forgetting.json"

    @property
    def snapshot(self) -> Path:
        """The published, read-only snapshot."""
        return self.root / "published" / "talkshare.duckdb"

    @property
    def team(self) -> Path:
        """The published file without single recruiters, for whoever should not have the snapshot."""
        return self.root / "published" / "team.duckdb"

    @property
    def quarantine(self) -> Path:
        """Rows set aside, and exports retracted; private."""
        return self.root / "quarantine"

    @property
    def reports(self) -> Path:
        """One folder per ISO week."""
        return self.root / "reports"

    @property
    def coaching(self) -> Path:
        """One folder per recruiter; private."""
        return self.root / "coaching"

    @property
    def logs(self) -> Path:
        """One line per run."""
        return self.root / "logs"

    @property
    def prefect(self) -> Path:
        """Prefect's own state."""
        return self.root / "prefect"

    def create(self) -> Home:
        """Make the folders, private ones for the owner only. Raises UsageError where that is impossible."""
        private = (self.private, self.exports, self.quarantine, self.logs, self.inbox)
        try:
            for folder in (self.root, *private, self.snapshot.parent, self.reports):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in private:
                folder.chmod(0o700)
        except OSError as error:
            raise UsageError(
                f"{self.root}: cannot be used as a home ({error.strerror}). Choose another with --home."
            ) from error
        return self


OTHERS = 0o077


def close_to_others(home: Home) -> int:
    """Take from everybody but the owner what they may do with the home and what is private in it; how much was open.

    The published files and the reports keep their modes, and nobody but the owner gets to them through the home.
    """
    private = (home.private, home.quarantine, home.logs, home.inbox, home.coaching, home.prefect)
    paths = [home.root, *home.root.glob("*.toml"), *(path for top in private for path in [top, *top.rglob("*")])]
    n_open = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if not path.is_symlink() and (mode := path.stat().st_mode) & OTHERS:
                path.chmod(mode & 0o7777 & ~OTHERS)
                n_open += 1
    return n_open


def connect(path: Path | str = ":memory:", *, read_only: bool = False) -> Connection:
    """A connection in UTC that never downloads an extension. Raises BusyError if another process holds the file."""
    try:
        connection = duckdb.connect(
            str(path),
            read_only=read_only,
            config={"autoinstall_known_extensions": "false", "memory_limit": MEMORY_LIMIT},
        )
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BusyError(f"{path}: another program has it open. Close it and run again.") from error
        if "not a valid" in str(error):
            raise UsageError(f"{path}: damaged. Build it anew from the exports: `talkshare run --rebuild`.") from error
        raise
    connection.execute("set TimeZone = 'UTC'")
    return connection


def attach(connection: Connection, path: Path, name: str) -> None:
    """Attach the database at `path`, whatever its path is spelled like, under `name`."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as {name}")


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Hold the home for one run. Raises BusyError at once if another run holds it."""
    handle: IO[str] = (home.private / ".lock").open("w")
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"{home.root}: another run is under way. Wait for it, or look with `talkshare status`."
            ) from error
        yield
    finally:
        handle.close()


def _columns(types: Mapping[str, Any]) -> str:
    names = {pl.Int64: "bigint", pl.Float64: "double", pl.String: "varchar"}
    return ", ".join(f"{name} {names[dtype]}" for name, dtype in types.items())


_TABLES: tuple[str, ...] = (
    """create table if not exists store_version (version integer)""",
    """create table if not exists key_check (digest varchar)""",
    """create table if not exists readings (
        file_id varchar primary key, settings_fingerprint varchar, name varchar, folder varchar, shape varchar,
        covers varchar, owner_id varchar, owner_role varchar, owner_method varchar, observed_until timestamptz,
        observed_until_method varchar, threading_method varchar, rows_in bigint, rows_set_aside bigint,
        rows_excluded bigint, n_warnings bigint, warnings varchar[], first_seen_at timestamptz)""",
    """create table if not exists message_rows (
        file_id varchar, member varchar, row_no bigint, message_key varchar, thread_id varchar, sent_at timestamptz,
        sent_at_precision varchar, tz_method varchar, sender_id varchar, sender_role varchar, role_method varchar,
        recipient_id varchar, recruiter_id varchar, candidate_id varchar, is_group boolean, has_subject boolean,
        subject_is_reply boolean, body_hash varchar, channel varchar, language varchar, kind varchar, team varchar,
        job varchar, position bigint, subject varchar, raw varchar)""",
    """create table if not exists bodies (body_hash varchar primary key, body varchar)""",
    """create table if not exists outcome_rows (
        file_id varchar, member varchar, row_no bigint, outcome_key varchar, thread_id varchar, candidate_id varchar,
        recruiter_id varchar, job varchar, event varchar, event_raw varchar, occurred_at timestamptz,
        observed_until timestamptz, evidence varchar, reason_side varchar, raw varchar)""",
    """create table if not exists set_aside_rows (
        file_id varchar, member varchar, row_no bigint, reason varchar, raw varchar)""",
    """create table if not exists exclusion_counts (file_id varchar, reason varchar, n_rows bigint)""",
    """create table if not exists identities (participant_id varchar primary key, kind varchar, identity varchar)""",
    """create table if not exists names (participant_id varchar, file_id varchar, name varchar)""",
    """create table if not exists kept_text_counts (
        body_hash varchar, rule_version varchar, words bigint, chars bigint,
        primary key (body_hash, rule_version))""",
    """create table if not exists kept_text_stop_words (
        body_hash varchar, rule_version varchar, language varchar, n bigint,
        primary key (body_hash, rule_version, language))""",
    """create table if not exists kept_text_languages (
        body_hash varchar, rule_version varchar, language varchar, primary key (body_hash, rule_version))""",
    f"""create table if not exists kept_text_features (
        body_hash varchar, language varchar, rule_version varchar, takes_up boolean, is_taken_up boolean,
        {_columns(FEATURES)},
        primary key (body_hash, language, rule_version))""",
    """create table if not exists kept_text_sentences (
        body_hash varchar, language varchar, rule_version varchar, sentence_no bigint, kind varchar, rule varchar,
        has_hint boolean, is_of_you boolean, has_you boolean, words varchar[],
        primary key (body_hash, language, rule_version, sentence_no))""",
    """create table if not exists kept_text_words (
        body_hash varchar, language varchar, rule_version varchar, words varchar[],
        primary key (body_hash, language, rule_version))""",
    f"""create table if not exists kept_text_load (
        body_hash varchar, language varchar, rule_version varchar, {_columns(LOAD)},
        primary key (body_hash, language, rule_version))""",
    """create table if not exists runs (
        run_id varchar primary key, started_at timestamptz, finished_at timestamptz, published_at timestamptz,
        kind varchar, status varchar, rows_in bigint, rows_kept bigint, rows_set_aside bigint,
        rows_already_known bigint, rows_excluded bigint, files_read bigint, files_unchanged bigint,
        files_refused bigint, version varchar)""",
    """create table if not exists run_steps (
        run_id varchar, step_no bigint, step varchar, seconds double, detail varchar)""",
    """create table if not exists hypotheses (
        name varchar, metric varchar, outcome varchar, direction varchar, given_from date, given_until date,
        starts_at timestamptz, ends_at timestamptz, registered_at timestamptz, status varchar,
        withdrawn_at timestamptz, judged_at timestamptz, verdict varchar, reason varchar, n_approaches bigint,
        n_candidates bigint, n_recruiters bigint, n_outcomes bigint, rate double, adjusted_difference double,
        low double, high double, p double, minimum_detectable_difference double, method varchar)""",
    """create table if not exists week_history (
        metric varchar, week date, first_published_at timestamptz, first_state varchar, first_value double,
        first_n_approaches bigint, first_n_candidates bigint, first_judged_at timestamptz, first_judged_value double,
        first_judged_n_approaches bigint, first_judged_n_candidates bigint, primary key (metric, week))""",
    """create table if not exists mails_sent (
        week date, recipient varchar, message_id varchar, begun_at timestamptz, sent_at timestamptz,
        primary key (week, recipient))""",
    """create table if not exists erased_texts (
        body_hash varchar primary key, erased_at timestamptz, reason varchar, family varchar, own_text_share double)""",
    """create table if not exists erased_replies (
        body_hash varchar, language varchar, reply_class varchar, opted_out boolean, rule varchar)""",
    """create table if not exists erased_turns (message_key varchar, kind varchar, n_sentences bigint)""",
    """create table if not exists erased_shingles (shingle ubigint primary key)""",
)

ERASED = ("erased_texts", "erased_replies", "erased_turns", "erased_shingles")
"""What stays of texts that are no longer held, beside their counts in the `kept_` tables."""
HISTORY = ("runs", "run_steps", "hypotheses", "week_history", "mails_sent", *ERASED)
"""What no export can bring back."""


def open_store(home: Home, path: Path | None = None) -> Connection:
    """The working database, made on first use. Raises UsageError if a newer talkshare wrote it."""
    path = path or home.database
    connection = connect(path)
    path.chmod(0o600)
    for table in _TABLES:
        connection.execute(table)
    found = connection.execute("select max(version) from store_version").fetchall()[0]
    version = found[0] if found else None
    if version is None:
        connection.execute("insert into store_version values (?)", [STORE_VERSION])
    elif version != STORE_VERSION:
        connection.close()
        raise UsageError(
            f"{path.name}: written by another version of talkshare (store {version}, this one reads {STORE_VERSION}). "
            "Install the matching version, or rebuild: `talkshare run --rebuild`."
        )
    return connection


def id_key(home: Home) -> bytes:
    """The key of all person ids: from the environment, else from a file that is made once and must be kept."""
    if value := os.environ.get(KEY_VARIABLE):
        return value.encode()
    path = home.private / "id.key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    key = path.read_text().strip().encode()
    if not key:
        raise UsageError(f"{path}: empty. Put the key of the person ids back, or delete the file and `run --rebuild`.")
    return key


def derived_key(key: bytes, purpose: str) -> str:
    """A key of its own for one purpose, so that no published value is a plain hash of something guessable."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()


def check_key(connection: Connection, key: bytes) -> None:
    """Refuse another key than the store was written with, which would split every person in two. Raises UsageError."""
    digest = derived_key(key, "check")
    known = connection.execute("select digest from key_check").fetchall()
    if not known:
        connection.execute("insert into key_check values (?)", [digest])
    elif known[0][0] != digest:
        raise UsageError(
            f"The key of the person ids is not the one this store was written with. Give the same {KEY_VARIABLE} or "
            "store/id.key again, or change to the new one for good: `talkshare run --rebuild`."
        )


def participant_id(key: bytes, identity: str) -> str:
    """The published id of a person: a keyed hash of their identity."""
    return "p_" + hmac.new(key, identity.encode(), hashlib.sha256).hexdigest()[:20]


def record_run(connection: Connection, record: Mapping[str, Any], steps: Sequence[tuple[str, float, str]]) -> None:
    """Write one run and its steps `(name, seconds, detail)`, in place of an earlier record of the same run."""
    columns, marks = ", ".join(record), ", ".join("?" for _ in record)
    connection.execute(f"insert or replace into runs ({columns}) values ({marks})", list(record.values()))
    connection.execute("delete from run_steps where run_id = ?", [record["run_id"]])
    for number, step in enumerate(steps, 1):
        connection.execute("insert into run_steps values (?, ?, ?, ?, ?)", [record["run_id"], number, *step])


def copy_runs(home: Home, database: Path) -> None:
    """Carry the history over into a store that is built anew; a damaged store has none to give."""
    if not home.database.exists():
        return
    with closing(open_store(home, database)) as connection, contextlib.suppress(duckdb.Error):
        attach(connection, home.database, "earlier (read_only)")
        for table in HISTORY:
            if table in _tables_of(connection, "earlier"):
                connection.execute(f"insert into {table} by name from earlier.{table}")
        for name in KEPT:
            connection.execute(
                f"insert into kept_{name} by name from earlier.kept_{name} where rule_version = '{ERASED_VERSION}'"
            )


def _tables_of(connection: Connection, database: str) -> set[str]:
    rows = connection.execute("select table_name from duckdb_tables() where database_name = $1", [database]).fetchall()
    return {name for (name,) in rows}


def remember_published(home: Home, database: Path) -> None:
    """Keep in the store for good what the snapshot published: hypotheses, and what weeks said first.

    Only a snapshot that was swapped in whole counts, so that nothing is kept that nobody could see; asked again at
    the next run's start, so that a run that dies after the swap loses nothing.
    """
    if not home.snapshot.exists():
        return
    with closing(open_store(home, database)) as connection:
        try:
            attach(connection, home.snapshot, "published (read_only)")
            tables = _tables_of(connection, "published")
        except duckdb.Error:
            # A damaged snapshot has nothing to give, and the next one replaces it.
            return
        connection.begin()
        for table, statements in _REMEMBERED.items():
            for statement in statements if table in tables else ():
                connection.execute(statement)
        connection.commit()


_SAME_HYPOTHESIS = " and ".join(
    f"kept.{name} = shown.{name}"
    for name in ("metric", "outcome", "direction", "given_from", "given_until", "registered_at")
)
_REMEMBERED = {
    # What was judged or withdrawn is never written over, whatever a snapshot says.
    "hypotheses": (
        f"""delete from hypotheses as kept
        where kept.status = 'registered'
        and exists (from published.hypotheses as shown where {_SAME_HYPOTHESIS} and shown.status != 'registered')""",
        f"""insert into hypotheses by name
        select * from published.hypotheses as shown
        where not exists (from hypotheses as kept where {_SAME_HYPOTHESIS})""",
    ),
    "restatements": (
        """insert into week_history by name
        select
            metric, week, first_published_at, first_state, first_value, first_n_approaches, first_n_candidates,
            first_judged_at, first_judged_value, first_judged_n_approaches, first_judged_n_candidates
        from published.restatements as shown
        where first_value is not null
        and not exists (from week_history as kept where kept.metric = shown.metric and kept.week = shown.week)""",
        """update week_history as kept set
            first_judged_at = shown.first_judged_at,
            first_judged_value = shown.first_judged_value,
            first_judged_n_approaches = shown.first_judged_n_approaches,
            first_judged_n_candidates = shown.first_judged_n_candidates
        from published.restatements as shown
        where kept.metric = shown.metric and kept.week = shown.week
        and kept.first_judged_at is null and shown.first_judged_value is not null""",
    ),
}


def archive_export(home: Home, export: Export, file_id: str, first_seen_at: datetime, *, move: bool) -> None:
    """Put the export's files into the store (moved from the inbox, else copied), beside a note of what they were.

    The note is written last and whole, and nothing leaves the inbox before everything is on the disk.
    """
    files = sorted({*export.members, *export.unread, *([export.path] if export.path.is_file() else [])})
    target = home.exports / file_id
    content = target / "content"
    if not (target / "export.json").exists():
        content.mkdir(parents=True, exist_ok=True)
        target.chmod(0o700)
        for path in files:
            shutil.copy2(path, content / path.name)
            _to_disk(content / path.name)
        note = {"name": export.name, "folder": export.folder, "first_seen_at": first_seen_at.isoformat()}
        written = target / "export.json.next"
        written.write_text(json.dumps(note, sort_keys=True))
        swap_in(written, target / "export.json")
    if move:
        for path in files:
            path.unlink(missing_ok=True)


def archived_exports(home: Home) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """Every export in the store: its file id, the folder with its files, and the note beside them."""
    for note in sorted(home.exports.glob("*/export.json")):
        yield note.parent.name, note.parent / "content", json.loads(note.read_text())


def open_snapshot(home: Home) -> Connection:
    """The published snapshot, read-only. Raises NothingToDoError if nothing was published yet."""
    if not home.snapshot.exists():
        raise NothingToDoError(
            f"{home.snapshot}: nothing is published yet. Put exports into {home.inbox} and run `talkshare run`."
        )
    return connect(home.snapshot, read_only=True)


def query_snapshot(
    home: Home, query: str, *, memory: str = "1GB", seconds: float = 60, rows: int = 1_000_000
) -> pl.DataFrame:
    """At most `rows` rows of a stranger's query: read-only, no other file, no network, bounded memory and time.

    Raises UsageError with DuckDB's message if the query is not a single valid SELECT, or takes longer than `seconds`.
    """
    with closing(open_snapshot(home)) as connection:
        # Without a folder for what does not fit, a query cannot fill the disk beside the snapshot either.
        for setting in (
            "temp_directory = ''", "enable_external_access = false", f"memory_limit = '{memory}'",
            "lock_configuration = true",
        ):  # fmt: skip
            connection.execute(f"set {setting}")
        clock = threading.Timer(seconds, connection.interrupt)
        clock.start()
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1:
                raise UsageError(f"Give one statement, not {len(statements)}.")
            result = connection.sql(query)
            if result is None:
                raise UsageError("That statement returns no rows; the snapshot can only be read.")
            return _frame_of(result.limit(rows))
        except duckdb.InterruptException as error:
            raise UsageError(f"Stopped after {seconds:.0f} seconds; ask for less.") from error
        except duckdb.OutOfMemoryException as error:
            raise UsageError(f"That needs more than {memory} of memory; ask for less.") from error
        except duckdb.Error as error:
            raise UsageError(f"{error}") from error
        finally:
            clock.cancel()


_PLAIN_TYPES = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|DATE|TIMESTAMP( WITH TIME ZONE)?"
    r"|ENUM\(.*\)"
)


def _frame_of(result: Any) -> pl.DataFrame:
    """A relation as a frame; where Polars cannot hold it (repeated names, odd types) as text, with names numbered."""
    names = list(result.columns)
    if len(set(names)) == len(names) and all(_PLAIN_TYPES.fullmatch(str(kind)) for kind in result.types):
        return frame_of(result)
    numbered = [name if names.index(name) == place else f"{name}_{place + 1}" for place, name in enumerate(names)]
    rows = [tuple(None if value is None else str(value) for value in row) for row in result.fetchall()]
    return pl.DataFrame(rows, schema=dict.fromkeys(numbered, pl.String), orient="row")


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def swap_in(built: Path, target: Path) -> None:
    """Replace `target` by the finished file `built`, whole or not at all."""
    _to_disk(built)
    # A write-ahead log that a killed run left belongs to the file that goes; the new one could not be opened with it.
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    built.replace(target)
    _to_disk(target.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that what was renamed in a folder stays so, whatever happens to the machine."""
    _to_disk(folder)


def move_to_retracted(home: Home, file_id: str) -> None:
    """Take an export's files out of the store, so that no rebuild reads them again; nothing is deleted."""
    source, target = home.exports / file_id, home.quarantine / "retracted" / file_id
    target.parent.mkdir(mode=0o700, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    if source.exists():
        source.rename(target)
    (home.quarantine / f"{file_id}.jsonl").unlink(missing_ok=True)
