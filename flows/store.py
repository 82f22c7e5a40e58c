"""Where things lie: the home folder, the private store, and the snapshot that is built aside and then swapped in."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import filecmp
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl

from flows.readers.reading import Export
from schemas.errors import BusyError, NothingToDoError, StorageError, TalkshareError, UsageError
from sql.frames import frame_of
from sql.load import LOAD
from sql.reading import FEATURES

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error

STORE_VERSION = 4
OLDEST_VERSION = 2
"""The oldest store that `flows.migrations` brings forward."""
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
    def rebuilt(self) -> Path:
        """The working database that is built to replace the present one; gone after a run."""
        return self.database.with_suffix(".rebuild")

    @property
    def migrated(self) -> Path:
        """A copy of the working database on its way to a newer version; gone after a run."""
        return self.database.with_suffix(".migrated")

    @property
    def work(self) -> Path:
        """What is measured from the working database, every run anew; gone after a run."""
        return self.private / "work.duckdb"

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
        private = (self.private, self.exports, self.backups, self.quarantine, self.logs, self.inbox)
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


def connect(path: Path | str = ":memory:", *, read_only: bool = False, memory: str = MEMORY_LIMIT) -> Connection:
    """A connection in UTC that never downloads an extension.

    Raises BusyError if another process holds the file, StorageError if it is damaged or the disk refuses.
    """
    try:
        connection = duckdb.connect(
            str(path),
            read_only=read_only,
            config={"autoinstall_known_extensions": "false", "memory_limit": memory},
        )
    except duckdb.Error as error:
        raise plain_fault(error, f"{path}") or error from error
    connection.execute("set TimeZone = 'UTC'")
    return connection


_STAYS = "What was published before stays as it was"
_FAULTS: tuple[tuple[str, frozenset[int], str], ...] = (
    (
        "no space left|max_temp_directory_size|disk quota",
        frozenset({errno.ENOSPC, errno.EDQUOT}),
        f"the disk is full. {_STAYS}; free some space and run again.",
    ),
    (
        "file too large",
        frozenset({errno.EFBIG}),
        f"a file may not grow so large here (see `ulimit -f`). {_STAYS}; lift the limit and run again.",
    ),
    (
        "read-only file system|permission denied|operation not permitted",
        frozenset({errno.EROFS, errno.EACCES, errno.EPERM}),
        f"cannot be written (read-only, or another user's). {_STAYS}; make it writable and run again.",
    ),
    (
        "input/output error",
        frozenset({errno.EIO}),
        f"the disk reports an error. {_STAYS}; look after the disk, then run again.",
    ),
)
_OF_STORAGE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.InternalException,
)
_DAMAGED = re.compile(
    "not a valid|corrupt|checksum|could not read enough bytes|could not read all|failed to load metadata|WAL file",
    re.IGNORECASE,
)


def plain_fault(error: BaseException, where: str = "the home folder") -> TalkshareError | None:
    """What a failure of the disk, the memory or a database means, in words of ours; None if it is of another kind."""
    text = str(error)
    # Of DuckDB, a damaged block has the bare class; other classes may quote a row.
    is_of_database = isinstance(error, _OF_STORAGE) or type(error) is duckdb.Error
    if not (is_of_database or isinstance(error, OSError)) or isinstance(error, BrokenPipeError):
        return None
    if isinstance(error, OSError) and error.filename:
        where = str(error.filename)
    for words, numbers, said in _FAULTS:
        if re.search(words, text, re.IGNORECASE) or (isinstance(error, OSError) and error.errno in numbers):
            return StorageError(f"{where}: {said}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return StorageError(
            f"{where}: needs more memory than it may use. {_STAYS}; raise `memory` under [limits] in talkshare.toml, "
            "or give --memory, and run again."
        )
    if isinstance(error, duckdb.IOException) and "lock" in text.lower():
        return BusyError(f"{where}: another program has it open. Close it and run again.")
    if is_of_database and _DAMAGED.search(text):
        return StorageError(
            f"{where}: damaged. A snapshot is written anew by `talkshare run`. For the store, `talkshare run "
            "--rebuild` reads the exports again and takes over the history, and `talkshare restore` lists the backups."
        )
    return None


def is_whole(path: Path) -> bool:
    """Whether every value of the database can be read."""
    try:
        with closing(connect(path, read_only=True)) as connection:
            for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
                connection.execute(f'select bit_xor(hash(columns(*))) from "{table}"').fetchall()
    except (duckdb.Error, TalkshareError, OSError):
        return False
    return True


def remove_database(path: Path) -> None:
    """Take a database away with its log and what it spilled; the log first, which must not outlive it."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
    path.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Bring what a killed run left in the database's log into its file, so that the file alone is the whole."""
    connect(path).close()


def attach(connection: Connection, path: Path, name: str) -> None:
    """Attach the database at `path`, whatever its path is spelled like, under `name`."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as {name}")


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All that is written within, or nothing."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Hold the home for one run. Raises BusyError at once if another run holds it.

    What goes wrong with disk, memory or database meanwhile leaves as a StorageError that says what to do.
    """
    try:
        handle: IO[str] = (home.private / ".lock").open("w")
    except OSError as error:
        raise plain_fault(error) or error from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"{home.root}: another run is under way. Wait for it, or look with `talkshare status`."
            ) from error
        try:
            yield
        except (duckdb.Error, OSError) as error:
            fault = plain_fault(error, f"{home.root}")
            if fault is None:
                raise
            raise fault from error
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
        observed_until timestamptz, evidence varchar, reason_side varchar, raw varchar, application_id varchar)""",
    """create table if not exists set_aside_rows (
        file_id varchar, member varchar, row_no bigint, reason varchar, raw varchar)""",
    """create table if not exists exclusion_counts (file_id varchar, reason varchar, n_rows bigint)""",
    """create table if not exists export_columns (file_id varchar, member varchar, position bigint, name varchar)""",
    """create table if not exists identities (participant_id varchar primary key, kind varchar, identity varchar)""",
    """create table if not exists names (participant_id varchar, file_id varchar, name varchar)""",
    """create table if not exists identity_links (
        file_id varchar, participant_id varchar, other_id varchar, link_method varchar, link_confidence varchar)""",
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
        files_refused bigint, version varchar, run_no bigint)""",
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


def open_store(home: Home, path: Path | None = None, *, memory: str = MEMORY_LIMIT) -> Connection:
    """The working database, made on first use. Raises UsageError if another version of talkshare wrote it."""
    path = path or home.database
    if not path.exists():
        _create_store(path)
    connection = connect(path, memory=memory)
    try:
        _refuse_other_version(path, version_of(connection))
        for table in _TABLES:
            connection.execute(table)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_store(path: Path) -> None:
    """An empty store, whole or not at all: of a database that is being made, a kill can leave an empty file."""
    built = path.with_name(f"{path.name}.new")
    remove_database(built)
    with closing(connect(built)) as connection:
        built.chmod(0o600)
        for table in _TABLES:
            connection.execute(table)
        connection.execute("insert into store_version values (?)", [STORE_VERSION])
    swap_in(built, path)


def version_of(connection: Connection) -> int:
    """The version of the open store; 0 if it is none."""
    if "store_version" not in tables_of(connection):
        return 0
    (version,) = connection.execute("select coalesce(max(version), 0) from store_version").fetchall()[0]
    return int(version)


def _refuse_other_version(path: Path, version: int) -> None:
    if version == STORE_VERSION:
        return
    is_a = f"{path}: a store of version {version}, and this talkshare reads {STORE_VERSION}."
    if version > STORE_VERSION:
        raise UsageError(f"{is_a} A newer one wrote it: install that one again. Nothing was changed.")
    if version >= OLDEST_VERSION:
        raise UsageError(f"{is_a} `talkshare run` brings it forward, and keeps a backup.")
    raise StorageError(
        f"{is_a} It is too old to be brought forward: `talkshare run --rebuild` reads the exports again, and keeps "
        "this one in store/backups. Nothing was changed."
    )


def tables_of(connection: Connection, database: str | None = None) -> set[str]:
    """Names of the tables of an attached database, or of the connection's own."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = coalesce($1, current_database())", [database]
    ).fetchall()
    return {name for (name,) in rows}


def id_key(home: Home) -> bytes:
    """The key of all person ids: from the environment, else from a file that is made once and must be kept."""
    if value := os.environ.get(KEY_VARIABLE):
        return value.encode()
    path = home.private / "id.key"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
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


def archive_export(
    home: Home, export: Export, file_id: str, first_seen_at: datetime, *, is_unchanged: Callable[[], bool]
) -> bool:
    """Copy the export's files into the store, beside a note of what they were; False if they changed meanwhile.

    The folder appears whole or not at all. Of one that is there already only damaged files are replaced.
    """
    target = home.exports / file_id
    if target.exists():
        _mend_export(export, target)
        return True
    built = home.exports / f"{file_id}.next"
    shutil.rmtree(built, ignore_errors=True)
    (built / "content").mkdir(parents=True)
    built.chmod(0o700)
    for path in export.files():
        shutil.copy2(path, built / "content" / path.name)
        to_disk(built / "content" / path.name)
    if not is_unchanged():
        shutil.rmtree(built)
        return False
    note = {"name": export.name, "folder": export.folder, "first_seen_at": first_seen_at.isoformat()}
    (built / "export.json").write_text(json.dumps(note, sort_keys=True))
    for path in (built / "export.json", built / "content", built):
        to_disk(path)
    built.rename(target)
    to_disk(home.exports)
    return True


def _mend_export(export: Export, target: Path) -> None:
    for path in export.files():
        copied = target / "content" / path.name
        if not copied.exists() or not filecmp.cmp(path, copied, shallow=False):
            built = target / f"{path.name}.next"
            shutil.copy2(path, built)
            swap_in(built, copied)


def take_from_inbox(export: Export) -> None:
    """Take the export's files out of the inbox, now that the store has them."""
    for path in export.files():
        path.unlink(missing_ok=True)


def archived_exports(home: Home) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """Every export in the store: its file id, the folder with its files, and the note beside them."""
    for note in sorted(home.exports.glob("*[0-9a-f]/export.json")):
        try:
            told = json.loads(note.read_text())
        except ValueError as error:
            raise StorageError(
                f"{note}: damaged. Move that folder away, put the export into the inbox again, and run again."
            ) from error
        yield note.parent.name, note.parent / "content", told


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
    """At most `rows` rows of a stranger's query: read-only, no other file, no network.

    DuckDB keeps to `memory` and `seconds` as far as it can; `asking.ask` holds it to them. Raises UsageError with
    DuckDB's message if the query is not a single valid SELECT, or takes longer than `seconds`.
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
            if statements[0].type not in _ASKING:
                raise UsageError("Only a question can be asked (SELECT, FROM, WITH, DESCRIBE, EXPLAIN, ...).")
            return _frame_of(connection.sql(query).limit(rows))
        except duckdb.InterruptException as error:
            raise UsageError(f"Stopped after {seconds:.0f} seconds; ask for less.") from error
        except duckdb.OutOfMemoryException as error:
            raise UsageError(f"That needs more than {memory} of memory; ask for less.") from error
        except pl.exceptions.ComputeError as error:
            # Polars fetches the rows, and so hears of what ends the query on the way.
            raise UsageError(f"Stopped after {seconds:.0f} seconds, or out of memory; ask for less.") from error
        except duckdb.Error as error:
            raise UsageError(f"{error}") from error
        finally:
            clock.cancel()


_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.MULTI)
"""A PIVOT is several statements to DuckDB."""


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


def to_disk(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def swap_in(built: Path, target: Path) -> None:
    """Replace `target` by the finished file `built`, whole or not at all.

    A database must be closed before, and what it replaces settled: logs belong to files that go.
    """
    if built.with_name(f"{built.name}.wal").exists():
        settle(built)
    to_disk(built)
    target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
    built.replace(target)
    to_disk(target.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    built = path.with_name(f"{path.name}.next")
    built.write_bytes(content)
    swap_in(built, path)


def write_private(path: Path, text: str) -> None:
    """Write a small file whole or not at all, for its owner only."""
    built = path.with_name(f"{path.name}.next")
    built.unlink(missing_ok=True)
    with os.fdopen(os.open(built, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    swap_in(built, path)


def move_to_retracted(home: Home, file_id: str) -> None:
    """Take an export's files out of the store, so that no rebuild reads them again; nothing is deleted."""
    source, target = home.exports / file_id, home.quarantine / "retracted" / file_id
    target.parent.mkdir(mode=0o700, exist_ok=True)
    if source.exists():
        # Retracted before and handed in again: the same bytes. Without a source they are the only ones.
        if target.exists():
            shutil.rmtree(target)
        source.rename(target)
        to_disk(target.parent)
    (home.quarantine / f"{file_id}.jsonl").unlink(missing_ok=True)
