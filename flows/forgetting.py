"""Forgets a person: texts, identities and raw rows go everywhere under the home; their approaches stay in the counts.

What is to be done is written down first, so that a run which finds it unfinished does the rest. Every step may be done
twice. The one-time key gives the same new ids until the end, and nobody can follow them once it is gone.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows import distilling, erasing, intake, keys, store, tombstones
from flows.config import Settings
from flows.keeping import OUTCOME_KEY, set_aside_of, sweep_texts
from flows.readers.identity import identity, linkedin_identity, name_identity
from flows.store import Connection, Home
from flows.tombstones import Tombstones, identities_in, read_tombstones, texts_of, thread_mark
from schemas.errors import NothingToDoError, UsageError
from sql.frames import fetch, load_frame

SHORTEST_TOLD = 5
"""Shorter names and ids are in too many files to tell anybody by."""


@dataclass(frozen=True)
class Task:
    """Who is being forgotten, and what that takes; it lies in the store until it is done, and is then deleted."""

    started_at: str
    one_time_key: str
    identities: list[str]
    names: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Exports with rows of the person, or that show them anywhere."""
    unread_files: list[str] = field(default_factory=list)
    """Exports that show them, and of which the store holds nothing."""
    recruiters: list[str] = field(default_factory=list)
    """Ids of those who wrote with the person: their coaching pages quote what was written."""

    def token(self, kind: str, value: str) -> str:
        """What takes a value's place; the same for the same value as long as the one-time key is there."""
        return keys.digest(self.one_time_key.encode(), f"{kind}|{value}")

    def erased(self, thread: str) -> str:
        """The identity of nobody that takes the person's place in a conversation."""
        return f"erased:{self.token('person', thread)[:24]}"


@dataclass
class Forgotten:
    """What was done, for whoever must answer for it; ids of recruiters and counts, no name."""

    conversations: int = 0
    messages: int = 0
    exports: int = 0
    deleted: dict[str, int] = field(default_factory=dict)
    """What was deleted -> how many."""
    inbox: list[str] = field(default_factory=list)
    """Files of the inbox that show the person: the next run reads them without."""
    mails: list[tuple[str, str]] = field(default_factory=list)
    """Week and masked recipient of the mails that were sent already."""


def start(home: Home, candidate: str, *, now: datetime, in_advance: bool = False) -> None:
    """Write down that this person is to be forgotten, and put up the tombstones.

    Raises UsageError for somebody who is not held here (unless `in_advance`), was forgotten already, or is a recruiter.
    """
    spellings = spelled(candidate)
    if task := pending(home):
        if set(spellings) & set(task.identities):
            return
        raise UsageError("somebody else is being forgotten, and it is not finished. Finish it first: `talkshare run`.")
    with closing(open_held(home)) as connection:
        held = held_identities(connection, store.id_key(home), candidate)
        if not held:
            _refuse_unknown(read_tombstones(home), spellings, in_advance=in_advance)
            tombstones.put(home, spellings, now=now)
            return
        begin(home, connection, held, now=now, also=[candidate.strip()])


def begin(home: Home, connection: Connection, held: Sequence[str], *, now: datetime, also: Sequence[str] = ()) -> None:
    """Write the task and the tombstones for identities that the store holds. Raises UsageError for a recruiter."""
    task = _task(home, connection, held, now=now)
    owners = [row[0] for row in connection.execute(
        "select identity from identities where participant_id in (select owner_id from readings)"
    ).fetchall()]  # fmt: skip
    by_name = [name_identity(owner, name) for owner in owners for name in task.names]
    native = [thread_mark(thread) for thread in task.threads]
    # The tombstones first: a run that finds them without the task finds the person in the store, and begins anew.
    tombstones.put(home, [*task.identities, *by_name, *native, *also], now=now)
    store.write_private(home.forgetting, json.dumps(asdict(task)))


def spelled(candidate: str) -> list[str]:
    """The identities that an address, a profile or an id may mean."""
    text = candidate.strip()
    if not text:
        raise UsageError("Give an address, the URL of a profile, or an id.")
    made = identity(text)
    slug = [linkedin_identity(text.strip("/"))] if made and made.startswith("id:") and " " not in text else []
    return list(dict.fromkeys([*([made] if made else []), *slug, text]))


def held_identities(connection: Connection, key: bytes, candidate: str) -> list[str]:
    """The identities in the store that an address, a profile, or an id (ours or the source's) means."""
    ids = [candidate.strip(), *(store.participant_id(key, value) for value in spelled(candidate))]
    rows = connection.execute(
        "select identity from identities where list_contains($1, participant_id) order by identity", [ids]
    ).fetchall()
    return [found for (found,) in rows if not found.startswith("erased:")]


def _refuse_unknown(known: Tombstones, spellings: Sequence[str], *, in_advance: bool) -> None:
    for value in spellings:
        if day := known.date_of(value):
            raise UsageError(
                f"already forgotten on {day}: nothing of this person is held here, and no export brings it."
            )
    if not in_advance:
        raise UsageError(
            "nobody is held here under that. Give an address, the URL of a profile, or the id of a table (`p_...`). "
            "With --in-advance a tombstone is put up, so that no later export brings the person in."
        )


def open_held(home: Home) -> Connection:
    """The store, to look somebody up in. Raises NothingToDoError where there is none."""
    if not home.database.exists():
        raise NothingToDoError(f"{home.private}: no store here. Use the home in which the exports were read.")
    return store.open_store(home)


def _task(home: Home, connection: Connection, held: Sequence[str], *, now: datetime) -> Task:
    key = store.id_key(home)
    _refuse_recruiter(connection, [store.participant_id(key, value) for value in held])
    ids, threads = person_of(connection, [store.participant_id(key, value) for value in held])
    rows = connection.execute(
        "select identity from identities where list_contains($1, participant_id) order by 1", [ids]
    ).fetchall()
    identities = sorted({value for (value,) in rows} | set(held))
    names = [
        name
        for (name,) in connection.execute(
            "select distinct name from names where list_contains($1, participant_id) order by 1", [ids]
        ).fetchall()
    ]
    files, recruiters = _reach(connection, ids, threads)
    seen = {row[0] for row in connection.execute("select file_id from readings").fetchall()}
    shown = {
        file_id
        for file_id, content, _ in store.archived_exports(home)
        if not distilling.is_distilled(home, file_id) and _shows(texts_of(content.rglob("*")), identities, names)
    }
    return Task(
        started_at=now.isoformat(),
        one_time_key=secrets.token_hex(32),
        identities=identities,
        names=names,
        threads=threads,
        files=sorted((files | shown) & seen),
        unread_files=sorted(shown - seen),
        recruiters=recruiters,
    )


def _refuse_recruiter(connection: Connection, ids: Sequence[str]) -> None:
    (n_rows,) = connection.execute(
        """
        select
            (select count(*) from readings where owner_role = 'recruiter' and list_contains($1, owner_id))
            + (select count(*) from message_rows
                where list_contains($1, recruiter_id) or (sender_role = 'recruiter' and list_contains($1, sender_id)))
        """,
        [list(ids)],
    ).fetchall()[0]
    if n_rows:
        raise UsageError(
            "that is a recruiter: their own messages are what is measured. To take them out, `talkshare retract` each "
            "of their exports, and delete what lies in quarantine/retracted."
        )


def person_of(connection: Connection, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """All ids of one person and all their conversations, from some of the ids.

    Another id is the same person's if it stands in the same place of a two-person conversation: it is no recruiter's,
    and no message goes between the two.
    """
    known = sorted(ids)
    while True:
        threads, more = _closer(connection, known)
        if set(more) <= set(known):
            return known, threads
        known = sorted({*known, *more})


def _closer(connection: Connection, ids: list[str]) -> tuple[list[str], list[str]]:
    rows = connection.execute(
        """
        with theirs as (
            select thread_id from message_rows
            where
                list_contains($1, sender_id) or list_contains($1, recipient_id) or list_contains($1, candidate_id)
            union
            select thread_id from outcome_rows where list_contains($1, candidate_id) and thread_id is not null
        ),
        pairs as (
            select thread_id from message_rows semi join theirs using (thread_id)
            group by thread_id having not coalesce(bool_or(is_group), false)
        ),
        seats as (
            select distinct unnest([sender_id, recipient_id, candidate_id]) as id
            from message_rows semi join pairs using (thread_id)
            union
            select candidate_id from outcome_rows semi join pairs using (thread_id)
        ),
        others as (
            select recipient_id as id from message_rows where list_contains($1, sender_id)
            union select sender_id from message_rows where list_contains($1, recipient_id)
            union select recruiter_id from message_rows
            union select sender_id from message_rows where sender_role = 'recruiter'
            union select recruiter_id from outcome_rows
            union select owner_id from readings
        )
        select 'thread', thread_id from theirs
        union all
        select 'id', id from seats where id is not null and id not in (select id from others where id is not null)
        order by all
        """,
        [ids],
    ).fetchall()
    return [value for kind, value in rows if kind == "thread"], [value for kind, value in rows if kind == "id"]


def _reach(connection: Connection, ids: Sequence[str], threads: Sequence[str]) -> tuple[set[str], list[str]]:
    """The exports that hold rows of the person, and the recruiters who wrote with them."""
    parameters = [list(ids), list(threads)]
    files = connection.execute(
        """
        select file_id from message_rows where list_contains($2, thread_id)
        union select file_id from outcome_rows where list_contains($2, thread_id) or list_contains($1, candidate_id)
        union select file_id from names where list_contains($1, participant_id)
        union select file_id from readings where list_contains($1, owner_id)
        """,
        parameters,
    ).fetchall()
    recruiters = connection.execute(
        """
        select distinct unnest([sender_id, recipient_id, recruiter_id]) as id
        from message_rows where list_contains($1, thread_id) order by 1
        """,
        [list(threads)],
    ).fetchall()
    return {value for (value,) in files}, sorted({value for (value,) in recruiters if value} - set(ids))


def _shows(texts: Iterable[str], identities: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a text shows one of the identities, or one of the names in either order."""
    values = {value.split(":", 1)[1].rsplit("|", 1)[-1] for value in identities}
    told = [re.escape(value) for value in values if len(value) >= SHORTEST_TOLD]
    for name in {name for name in names if len(name) >= SHORTEST_TOLD and " " in name.strip()}:
        words = [re.escape(word) for word in name.split()]
        told += [r"[\W_]{1,5}".join(words), r"[\W_]{1,5}".join([words[-1], *words[:-1]])]
    pattern = re.compile("|".join(told), re.IGNORECASE) if told else None
    wanted = set(identities)
    return any((pattern and pattern.search(text)) or wanted & identities_in(text) for text in texts)


def _is_called_like(file: str, task: Task) -> bool:
    """Whether an export may be called after the person; better once too often."""
    words = {word.casefold() for name in task.names for word in name.split() if len(word) > 2}
    return _shows([file], task.identities, task.names) or any(word in file.casefold() for word in words)


def pending(home: Home) -> Task | None:
    """The task that waits to be finished, or None."""
    if not home.forgetting.exists():
        return None
    return Task(**json.loads(home.forgetting.read_text(encoding="utf-8")))


def erase_pending(home: Home, settings: Settings, *, now: datetime) -> Forgotten | None:
    """Do what a task asks for, all but publishing; afterwards `close_pending`. None where there is no task.

    A store that holds somebody forgotten again, since it was put back by hand, is a task as well.
    """
    distilling.recover(home)
    task = pending(home) or _returned(home, now=now)
    if task is None:
        return None
    done = Forgotten()
    _delete_copies(home, task, done)
    _erase_in_store(home, settings, task, done, now=now)
    _replace_exports(home, task, done)
    done.inbox = [
        path.name
        for path in sorted(home.inbox.rglob("*"))
        if path.is_file() and _shows(texts_of([path]), task.identities, task.names)
    ]
    done.mails = _mails(home)
    return done


def close_pending(home: Home) -> None:
    """Nothing is left to do: the one-time key goes, and with it the last that knew who it was."""
    if home.forgetting.exists():
        size = home.forgetting.stat().st_size
        with home.forgetting.open("r+b") as file:
            file.write(b" " * size)
            file.flush()
        store.to_disk(home.private)
        home.forgetting.unlink()


def _returned(home: Home, *, now: datetime) -> Task | None:
    known = read_tombstones(home)
    if not known.dates or not home.database.exists():
        return None
    with closing(store.open_store(home)) as connection:
        everybody = [value for (value,) in connection.execute("select identity from identities").fetchall()]
        back = known.hold(everybody)
        if not back:
            return None
        begin(home, connection, sorted(back), now=now)
    return pending(home)


def _delete_copies(home: Home, task: Task, done: Forgotten) -> None:
    """Everything that can be made again, or must not be used again."""
    pages = [home.coaching / recruiter for recruiter in task.recruiters]
    retracted = [
        folder
        for folder in (home.quarantine / "retracted").glob("*")
        if _shows(texts_of(folder.rglob("*")), task.identities, task.names)
    ]
    backups = [path for path in home.backups.glob("*") if path.is_file() and _is_held_in(path, task)]
    unread = [home.exports / file_id for file_id in task.unread_files]
    left = [
        *home.private.glob("work.duckdb*"), *home.private.glob("*.rebuild*"), *home.private.glob("*.tmp"),
        *home.snapshot.parent.glob("*.next*"),
    ]  # fmt: skip
    for name, paths in {
        "coaching folders": pages,
        "mails written to files": list(home.reports.rglob("*.eml")),
        "retracted exports": retracted,
        "backups": backups,
        "exports that cannot be read any more": unread,
        "left-over files": left,
    }.items():
        there = [path for path in paths if path.exists()]
        for path in there:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if there:
            done.deleted[name] = len(there)


def _is_held_in(backup: Path, task: Task) -> bool:
    """Whether a copy of the store holds the person; one that cannot be looked into counts as if it did."""
    with suppress(Exception), closing(store.connect(backup, read_only=True)) as connection:
        (n_rows,) = connection.execute(
            "select count(*) from identities where list_contains($1, identity)", [task.identities]
        ).fetchall()[0]
        return bool(n_rows)
    return True


def _erase_in_store(home: Home, settings: Settings, task: Task, done: Forgotten, *, now: datetime) -> None:
    """Write the store anew without the person, and swap it in; nothing to do where that has happened."""
    key = store.id_key(home)
    ids = [store.participant_id(key, value) for value in task.identities]
    with closing(store.open_store(home)) as connection:
        (n_rows,) = connection.execute(
            "select count(*) from identities where list_contains($1, participant_id)", [ids]
        ).fetchall()[0]
    if not n_rows:
        return
    with erasing.measured(home, settings, now=now) as connection:
        changes = _changes(connection, task, key)
        frames = erasing.frozen(connection, changes.texts, changes.keys, reason="forgotten", now=now)
        done.conversations, done.messages = changes.threads.height, changes.keys.height
    with erasing.rewritten(home) as connection:
        _rename(connection, changes, ids)
        _rename_outcomes(connection, task, changes, ids, key)
        _strip_exports(connection, task, ids, key)
        erasing.write_frozen(connection, frames)
        sweep_texts(connection)


@dataclass(frozen=True)
class Changes:
    """What is called what from now on."""

    threads: pl.DataFrame
    """`thread_id, new_thread, new_id, identity`: the conversation, and who stands in the person's place."""
    keys: pl.DataFrame
    """`message_key, new_key`"""
    texts: pl.DataFrame
    """`body_hash, new_hash, stays`"""


def _changes(connection: Connection, task: Task, key: bytes) -> Changes:
    load_frame(connection, "erasing_threads", pl.DataFrame({"thread_id": task.threads}, {"thread_id": pl.String}))
    held = fetch(
        connection,
        "select distinct message_key, body_hash from store.message_rows semi join erasing_threads using (thread_id)",
    )
    elsewhere = fetch(
        connection,
        "select distinct body_hash from store.message_rows anti join erasing_threads using (thread_id)",
    )["body_hash"]
    connection.execute("drop table erasing_threads")
    texts = held.select("body_hash").unique().sort("body_hash")
    identities = [task.erased(thread) for thread in task.threads]
    return Changes(
        threads=pl.DataFrame(
            {
                "thread_id": task.threads,
                "new_thread": [f"erased-{task.token('thread', thread)[:24]}" for thread in task.threads],
                "new_id": [store.participant_id(key, value) for value in identities],
                "identity": identities,
            },
            schema=dict.fromkeys(("thread_id", "new_thread", "new_id", "identity"), pl.String),
        ),
        keys=_renamed(task, held["message_key"].unique().sort(), "new_key"),
        # A letter that no hash has: what is erased never gives a family its name.
        texts=_renamed(task, texts["body_hash"], "new_hash")
        .with_columns(new_hash="z" + pl.col("new_hash").str.slice(1))
        .with_columns(stays=pl.col("body_hash").is_in(elsewhere.implode())),
    )


def _renamed(task: Task, values: pl.Series, name: str) -> pl.DataFrame:
    made = [task.token(values.name, value)[:32] for value in values]
    return pl.DataFrame({values.name: values, name: pl.Series(made, dtype=pl.String)})


def _rename(connection: Connection, changes: Changes, ids: Sequence[str]) -> None:
    for name, frame in (("threads", changes.threads), ("keys", changes.keys), ("texts", changes.texts)):
        load_frame(connection, f"erasing_{name}", frame)
    columns = ", ".join(
        f"{name} = case when list_contains($1, kept.{name}) then threads.new_id else kept.{name} end"
        for name in ("sender_id", "recipient_id", "candidate_id")
    )
    connection.execute(
        f"""
        update message_rows as kept set
            thread_id = threads.new_thread, message_key = keys.new_key, body_hash = texts.new_hash,
            subject = null, raw = null, {columns}
        from erasing_threads as threads, erasing_keys as keys, erasing_texts as texts
        where
            kept.thread_id = threads.thread_id and kept.message_key = keys.message_key
            and kept.body_hash = texts.body_hash
        """,
        [list(ids)],
    )
    connection.execute("delete from names where list_contains($1, participant_id)", [list(ids)])
    connection.execute("delete from identities where list_contains($1, participant_id)", [list(ids)])
    connection.execute("insert or ignore into identities select new_id, 'erased', identity from erasing_threads")


def _rename_outcomes(connection: Connection, task: Task, changes: Changes, ids: Sequence[str], key: bytes) -> None:
    """Give each event of the person to the conversation it speaks of; one of none keeps nobody's id."""
    nobody = task.erased("")
    rows = fetch(
        connection,
        """
        select rowid as row_id, thread_id, candidate_id, job, event_raw, event, occurred_at from outcome_rows
        where list_contains($1, candidate_id) or thread_id in (select thread_id from erasing_threads)
        """,
        [list(ids)],
    )
    if rows.is_empty():
        return
    begun = fetch(
        connection,
        """
        select threads.thread_id, min(kept.sent_at) as begun_at, max(kept.job) as job
        from erasing_threads as threads inner join message_rows as kept on kept.thread_id = threads.new_thread
        group by threads.thread_id order by begun_at, threads.thread_id
        """,
    ).rows()
    made = {old: (new, new_id) for old, new, new_id, _ in changes.threads.iter_rows()}
    found = []
    for row in rows.iter_rows(named=True):
        old = row["thread_id"] if row["thread_id"] in made else _spoken_of(row, begun)
        thread, person = made.get(old, (row["thread_id"], store.participant_id(key, nobody)))
        raw = row["event_raw"]
        told = raw if raw is None or raw == row["event"] else f"erased-{task.token('event', raw)[:16]}"
        found.append((row["row_id"], thread, person if row["candidate_id"] else None, told))
    schema = {"row_id": pl.Int64, "thread": pl.String, "person": pl.String, "told": pl.String}
    load_frame(connection, "erasing_outcomes", pl.DataFrame(found, schema, orient="row"))
    connection.execute(
        """
        update outcome_rows as kept set thread_id = thread, candidate_id = person, event_raw = told, raw = null
        from erasing_outcomes as made where kept.rowid = made.row_id
        """
    )
    connection.execute("insert or ignore into identities values (?, 'erased', ?)", [
        store.participant_id(key, nobody), nobody,
    ])  # fmt: skip
    # Two sources may now tell one event in the same words; it counts once, as an event told twice does.
    connection.execute(
        f"update outcome_rows set outcome_key = {OUTCOME_KEY} where rowid in (select row_id from erasing_outcomes)"
    )
    connection.execute("drop table erasing_outcomes")


def _spoken_of(row: dict[str, Any], begun: Sequence[tuple[str, datetime, str | None]]) -> str | None:
    """The conversation an event of a candidate speaks of: the last begun before it that is not about another job."""
    if row["thread_id"] is not None:
        return None
    same = [entry for entry in begun if not (row["job"] and entry[2] and row["job"].lower() != entry[2].lower())]
    before = [entry for entry in same if row["occurred_at"] is None or entry[1] <= row["occurred_at"]]
    return (before[-1] if before else same[0])[0] if same else None


def _strip_exports(connection: Connection, task: Task, ids: Sequence[str], key: bytes) -> None:
    """Take what was kept of the exports without being used: it may show the person in other people's rows."""
    for name in ("threads", "keys", "texts"):
        connection.execute(f"drop table erasing_{name}")
    for table in ("message_rows", "set_aside_rows", "outcome_rows"):
        connection.execute(f"update {table} set raw = null where list_contains($1, file_id)", [task.files])
    # A warning may quote a stage of theirs; how many there were is published and stays.
    connection.execute(
        "update readings set warnings = list_transform(warnings, lambda _: 'erased') where list_contains($1, file_id)",
        [task.files],
    )
    named = connection.execute(
        "select file_id, name from readings where list_contains($1, file_id)", [task.files]
    ).fetchall()
    for file_id, name in named:
        if _is_called_like(name, task):
            connection.execute("update readings set name = $1 where file_id = $2", [f"export-{file_id[:8]}", file_id])
    owner = task.erased("owner")
    owned = connection.execute(
        "select count(*) from readings where list_contains($1, owner_id)", [list(ids)]
    ).fetchall()
    if owned[0][0]:
        owner_id = store.participant_id(key, owner)
        connection.execute("insert or ignore into identities values (?, 'erased', ?)", [owner_id, owner])
        connection.execute("update readings set owner_id = $1 where list_contains($2, owner_id)", [owner_id, list(ids)])


def _replace_exports(home: Home, task: Task, done: Forgotten) -> None:
    with closing(store.open_store(home)) as connection:
        rows = connection.execute(
            "select file_id from readings where list_contains($1, file_id) order by 1", [task.files]
        ).fetchall()
        for (file_id,) in rows:
            distilling.distil(home, connection, file_id)
            intake.write_quarantine(home, file_id, set_aside_of(connection, file_id))
    done.exports = len(rows)


def _mails(home: Home) -> list[tuple[str, str]]:
    from reports.addresses import masked

    with closing(store.open_store(home)) as connection:
        rows = connection.execute(
            "select week, recipient from mails_sent where sent_at is not null order by all"
        ).fetchall()
    return [(f"{week:%G-W%V}", masked(recipient)) for week, recipient in rows]
