"""What an export leaves in the store: its rows, its texts, the ids of its people; and how that is taken out again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.readers.reading import MARKS, Reading
from flows.store import Connection, derived_key, participant_id, transaction
from schemas import SET_ASIDE
from sql.frames import ArrowStream, fetch
from sql.reading import KEPT

MADE_THREAD_ID = "^(li-(name|note)|mail-id)-"
MOST_COLUMNS = 500


def _with_hashed_people(frame: pl.DataFrame, columns: list[str], key: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with identities replaced by ids, and the identities seen: `participant_id, kind, identity`."""
    seen = pl.concat([frame.get_column(column) for column in columns]).drop_nulls().unique().sort()
    ids = [participant_id(key, value) for value in seen]
    hashed = frame.with_columns(pl.col(columns).replace_strict(seen, pl.Series(ids, dtype=pl.String), default=None))
    kinds = [value.split(":", 1)[0] for value in seen]
    return hashed, pl.DataFrame(
        {"participant_id": ids, "kind": kinds, "identity": seen},
        schema={"participant_id": pl.String, "kind": pl.String, "identity": pl.String},
    )


def _with_keyed_threads(messages: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """Thread ids that a reader made from two people's identities, keyed, since thread ids are published."""
    made = messages.get_column("thread_id").drop_nulls().unique()
    made = made.filter(made.str.contains(MADE_THREAD_ID)).sort()
    secret = derived_key(key, "threads")
    keyed = [value[:8] + hashlib.sha256(f"{secret}{value}".encode()).hexdigest()[:24] for value in made]
    return messages.with_columns(pl.col("thread_id").replace(made, pl.Series(keyed, dtype=pl.String)))


@dataclass(frozen=True)
class Kept:
    """What became of one export's rows in this run."""

    rows_in: int
    rows_kept: int
    rows_set_aside: int
    rows_already_known: int
    rows_excluded: int


def keep(
    connection: Connection,
    file: Mapping[str, Any],
    reading: Reading,
    messages: pl.DataFrame,
    outcomes: pl.DataFrame,
    set_aside: pl.DataFrame,
    key: bytes,
) -> Kept:
    """Put one export into the store in one transaction; it replaces what the same file brought before.

    `messages`, `outcomes`: the checked rows; `set_aside`: every row that failed. Raises nothing of its own: a failure
    leaves the store as it was.
    """
    excluded = pl.concat([reading.messages.select("excluded_reason"), reading.outcomes.select("excluded_reason")])
    exclusions = excluded.drop_nulls().group_by(pl.col("excluded_reason").alias("reason")).len("n_rows").sort("reason")
    if reading.marks is None:
        marked = _with_keyed_threads(messages, key).with_columns(pl.lit(None, t).alias(n) for n, t in MARKS.items())
    else:
        marked = messages.hstack(reading.marks)
    hashed_messages, people = _with_hashed_people(
        marked, ["sender_id", "recipient_id", "recruiter_id", "candidate_id"], key
    )
    hashed_outcomes, more_people = _with_hashed_people(outcomes, ["candidate_id", "recruiter_id"], key)
    names = reading.names.with_columns(
        participant_id=pl.Series([participant_id(key, value) for value in reading.names["identity"]], dtype=pl.String)
    )
    links, linked_people = _with_hashed_people(reading.links, ["identity", "other"], key)
    file_id = file["file_id"]
    connection.execute("begin")
    try:
        forget_file(connection, file_id)
        frames = {
            "incoming_messages": hashed_messages,
            "incoming_outcomes": hashed_outcomes,
            "incoming_set_aside": SET_ASIDE.conform(set_aside),
            "incoming_exclusions": exclusions,
            "incoming_people": pl.concat([people, more_people, linked_people]).unique(maintain_order=True),
            "incoming_names": names,
            "incoming_links": links.unique(maintain_order=True),
            "incoming_columns": _columns(reading),
        }
        for name, frame in frames.items():
            connection.register(name, ArrowStream(frame))
        known = _insert_messages(connection, file_id) + _insert_outcomes(connection, file_id)
        connection.execute("insert into set_aside_rows select ?, * from incoming_set_aside", [file_id])
        connection.execute("insert into exclusion_counts select ?, * from incoming_exclusions", [file_id])
        connection.execute("insert into export_columns select ?, * from incoming_columns", [file_id])
        connection.execute("insert or ignore into identities from incoming_people")
        connection.execute("insert into names select participant_id, ?, name from incoming_names", [file_id])
        connection.execute("insert into identity_links select ?, * from incoming_links", [file_id])
        kept = Kept(
            rows_in=reading.rows_in,
            rows_kept=messages.height + outcomes.height - known,
            rows_set_aside=set_aside.height,
            rows_already_known=known,
            rows_excluded=int(exclusions["n_rows"].sum()),
        )
        owner_id = participant_id(key, reading.owner) if reading.owner else None
        record = dict(file) | {
            "owner_id": owner_id,
            "owner_method": reading.owner_method,
            "observed_until": reading.observed_until,
            "observed_until_method": reading.observed_until_method,
            "threading_method": reading.threading_method,
            "rows_in": kept.rows_in,
            "rows_set_aside": kept.rows_set_aside,
            "rows_excluded": kept.rows_excluded,
            "n_warnings": len(reading.warnings),
            "warnings": list(reading.warnings),
        }
        columns = ", ".join(record)
        marks = ", ".join("?" for _ in record)
        connection.execute(f"insert into readings ({columns}) values ({marks})", list(record.values()))
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    finally:
        for name in ("messages", "outcomes", "set_aside", "exclusions", "people", "names", "links", "columns"):
            connection.unregister(f"incoming_{name}")
    return kept


def _columns(reading: Reading) -> pl.DataFrame:
    """The export's columns, as `export_columns` keeps them; of objects with thousands of keys only the first."""
    return pl.DataFrame(
        [
            (member, position, name)
            for member, names in reading.headers.items()
            for position, name in enumerate(names[:MOST_COLUMNS], 1)
        ],
        schema={"member": pl.String, "position": pl.Int64, "name": pl.String},
        orient="row",
    )


OUTCOME_KEY = """
left(sha256(concat_ws(
    chr(31), coalesce(thread_id, ''), coalesce(candidate_id, ''), coalesce(job, ''),
    coalesce(event_raw, event) || coalesce(chr(30) || application_id, ''),
    coalesce(epoch_us(occurred_at)::varchar, 'undated')
)), 32)"""
"""An event is told by what it says of whom, and when; not by the export that brings it."""
_REPLY_SUBJECT = r"^\s*(re|aw|sv|vs|antw|odp|ynt|rif|r|res|tr|wg|fw|fwd|rv|回复|答复)(\[\d+\])?\s*[:：]"


def _insert_messages(connection: Connection, file_id: str) -> int:
    """Insert the registered messages; returns how many another export had brought before.

    A message's key is its thread with the source's own id, else with its second, its text with white space folded,
    and its place among equals; sender columns change between archives of one inbox and are no part of it. A message
    from the store's own copy brings its key and its text's hash along, since the text may be gone.
    """
    connection.execute(
        r"""
        create or replace temp table keyed_messages as
        with folded as (
            select
                *,
                trim(coalesce(body, ''), E' \t\r\n\u00a0') as trimmed,
                regexp_replace(nfc_normalize(trimmed), '[\s\x{00a0}]+', ' ', 'g') as text_key
            from incoming_messages
        )
        select
            *,
            coalesce(known_hash, left(sha256(trimmed), 32)) as body_hash,
            coalesce(known_key, left(sha256(
                case
                    when message_id is not null then thread_id || chr(31) || 'id' || chr(31) || message_id
                    else thread_id || chr(31) || floor(epoch(sent_at))::bigint || chr(31) || text_key || chr(31)
                        || row_number() over (
                            partition by thread_id, message_id, floor(epoch(sent_at))::bigint, text_key
                            order by position, member, row_no
                        )
                end
            ), 32)) as message_key
        from folded
        """
    )
    known = _count_known(connection, "message")
    connection.execute(
        "insert or ignore into bodies "
        "select distinct body_hash, trimmed from keyed_messages where not coalesce(is_erased, false)"
    )
    connection.execute(
        """
        insert into message_rows
        select ?, member, row_no, message_key, thread_id, sent_at, sent_at_precision, tz_method, sender_id, sender_role,
            role_method, recipient_id, recruiter_id, candidate_id, is_group,
            coalesce(known_subject, coalesce(trim(subject), '') != ''),
            coalesce(known_reply, regexp_matches(coalesce(subject, ''), ?, 'i')), body_hash,
            coalesce(channel, 'unknown'), language, kind, team, job, position, subject, raw
        from keyed_messages
        """,
        [file_id, _REPLY_SUBJECT],
    )
    connection.execute("drop table keyed_messages")
    return known


def _insert_outcomes(connection: Connection, file_id: str) -> int:
    """Insert the registered outcomes; returns how many another export had brought before."""
    connection.execute(
        f"""
        create or replace temp table keyed_outcomes as
        select
            *,
            {OUTCOME_KEY} as outcome_key
        from incoming_outcomes
        """
    )
    known = _count_known(connection, "outcome")
    connection.execute(
        """
        insert into outcome_rows
        select ?, member, row_no, outcome_key, thread_id, candidate_id, recruiter_id, job, event, event_raw,
            occurred_at, observed_until, evidence, reason_side, raw, application_id
        from keyed_outcomes
        """,
        [file_id],
    )
    connection.execute("drop table keyed_outcomes")
    return known


def _count_known(connection: Connection, thing: str) -> int:
    """How many of the keyed messages or outcomes another export, or an earlier row of this one, had brought before."""
    key, kept, keyed = f"{thing}_key", f"{thing}_rows", f"keyed_{thing}s"
    (known,) = connection.execute(
        f"""
        select
            count(*) filter (where {key} in (select {key} from {kept}))
            + (select count(*) - count(distinct {key}) from {keyed} where {key} not in (select {key} from {kept}))
        from {keyed}
        """
    ).fetchall()[0]
    return int(known)


_OF_ONE_FILE = (
    "message_rows", "outcome_rows", "set_aside_rows", "exclusion_counts", "export_columns", "names", "identity_links",
    "readings",
)  # fmt: skip


def set_aside_of(connection: Connection, file_id: str) -> pl.DataFrame:
    """The rows that one export's checks set aside."""
    return SET_ASIDE.conform(
        fetch(connection, "from set_aside_rows where file_id = $1 order by member, row_no", [file_id])
    )


def forget_file(connection: Connection, file_id: str) -> None:
    """Take out every row that one export brought."""
    for table in _OF_ONE_FILE:
        connection.execute(f"delete from {table} where file_id = ?", [file_id])


def forget_export(connection: Connection, file_id: str) -> None:
    """Take one export and its texts out of the store for good."""
    with transaction(connection):
        forget_file(connection, file_id)
        sweep_texts(connection)


def sweep_texts(connection: Connection) -> None:
    """Drop texts, features and people that no row holds any more."""
    for table in ("bodies", "erased_texts", "erased_replies", *(f"kept_{name}" for name in KEPT)):
        connection.execute(f"delete from {table} where body_hash not in (select body_hash from message_rows)")
    connection.execute("delete from erased_turns where message_key not in (select message_key from message_rows)")
    connection.execute(
        """
        delete from identities
        where participant_id not in (
            select id
            from (
                select unnest([sender_id, recipient_id, recruiter_id, candidate_id]) from message_rows
                union all select unnest([candidate_id, recruiter_id]) from outcome_rows
                union all select owner_id from readings
                union all select participant_id from names
                union all select unnest([participant_id, other_id]) from identity_links
            ) as held (id)
            where id is not null
        )
        """
    )
