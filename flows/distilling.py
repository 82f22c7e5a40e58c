"""The store's own copy of an export, in place of the export itself: its rows as they are kept, and nothing else.

Once a person is forgotten, or texts have grown too old, the file that brought them may not stay. What is written in its
place reads like any export, so that a store built anew is the same store.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows import store
from flows.readers.reading import LINKS, MARKS, Reading
from flows.store import Connection, Home
from schemas import MESSAGES, OUTCOMES, SET_ASIDE
from sql.frames import fetch

FINGERPRINT = "distilled"
"""In place of a fingerprint of settings: no setting changes what was read once and for all."""
_RECORD = ("file_id", "name", "folder", "shape", "covers", "owner_role", "first_seen_at")
_SAID = (
    "observed_until", "observed_until_method", "threading_method", "owner_method", "warnings", "rows_excluded",
)  # fmt: skip
_FRAMES = ("messages", "outcomes", "set_aside", "exclusions", "columns", "names", "links")


def folder_of(home: Home, file_id: str) -> Path:
    """Where the copy of an export lies."""
    return home.exports / file_id / "distilled"


def is_distilled(home: Home, file_id: str) -> bool:
    """Whether the store's own copy stands for the export; what is left of the export itself counts no more."""
    return (folder_of(home, file_id) / "reading.json").exists()


def cutoff_of(home: Home, file_id: str) -> datetime | None:
    """From when on the copy of an export holds texts; None where there is no copy, or none that was cut."""
    if not is_distilled(home, file_id):
        return None
    text = json.loads((folder_of(home, file_id) / "reading.json").read_text(encoding="utf-8"))["cutoff"]
    return datetime.fromisoformat(text) if text else None


def distil(home: Home, connection: Connection, file_id: str, *, cutoff: datetime | None = None) -> None:
    """Write the copy of an export that the store holds, without texts from before the cutoff, and delete the export.

    The copy is written aside and moved in whole before anything is deleted; a copy that stands is replaced.
    """
    target = folder_of(home, file_id)
    built, earlier = target.with_name("distilled.next"), target.with_name("distilled.earlier")
    for left in (built, earlier):
        shutil.rmtree(left, ignore_errors=True)
    built.mkdir(mode=0o700, parents=True)
    for frame, rows in _frames(connection, file_id, cutoff or cutoff_of(home, file_id)).items():
        path = built / f"{frame}.parquet"
        path.touch(mode=0o600)
        rows.write_parquet(path)
    record = fetch(
        connection,
        "select readings.*, identities.identity as owner from readings "
        "left join identities on readings.owner_id = identities.participant_id where file_id = $1",
        [file_id],
    ).row(0, named=True)
    record["cutoff"] = cutoff or cutoff_of(home, file_id)
    _write_note(home, file_id, record)
    store.write_private(built / "reading.json", json.dumps(_plain(record), sort_keys=True))
    if target.exists():
        target.rename(earlier)
    built.rename(target)
    store.to_disk(target.parent)
    for left in (earlier, target.with_name("content")):
        shutil.rmtree(left, ignore_errors=True)
    connection.execute("update readings set settings_fingerprint = $1 where file_id = $2", [FINGERPRINT, file_id])


def recover(home: Home) -> None:
    """Put a copy back that was just being replaced when the machine stopped."""
    for earlier in home.exports.glob("*/distilled.earlier"):
        if not earlier.with_name("distilled").exists():
            earlier.rename(earlier.with_name("distilled"))
    for left in (*home.exports.glob("*/distilled.earlier"), *home.exports.glob("*/distilled.next")):
        shutil.rmtree(left, ignore_errors=True)


def load(home: Home, file_id: str) -> tuple[dict[str, Any], Reading]:
    """The copy as `keeping.keep` takes it: the record of the export, and its reading."""
    folder = folder_of(home, file_id)
    record = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
    # Copies that an earlier version wrote know of no links.
    written = [name for name in _FRAMES if name != "links" or (folder / "links.parquet").exists()]
    frames = {name: pl.read_parquet(folder / f"{name}.parquet") for name in written}
    for name in ("first_seen_at", "observed_until"):
        record[name] = datetime.fromisoformat(record[name]) if record[name] else None
    messages = frames["messages"]
    excluded = frames["exclusions"].select(
        excluded_reason=pl.col("reason").repeat_by("n_rows").explode(empty_as_null=False)
    )
    reading = Reading(
        messages=pl.concat([MESSAGES.conform(messages), MESSAGES.conform(excluded)]),
        outcomes=OUTCOMES.conform(frames["outcomes"]),
        set_aside=SET_ASIDE.conform(frames["set_aside"]),
        warnings=tuple(record["warnings"] or ()),
        owner=record["owner"],
        owner_method=record["owner_method"],
        observed_until=record["observed_until"],
        observed_until_method=record["observed_until_method"],
        threading_method=record["threading_method"],
        names=frames["names"],
        links=frames.get("links", pl.DataFrame(schema=LINKS)),
        headers={
            member: tuple(rows["name"]) for (member,), rows in frames["columns"].group_by("member", maintain_order=True)
        },
        marks=messages.select(pl.col(name).cast(dtype) for name, dtype in MARKS.items()),
    )
    return {name: record[name] for name in _RECORD} | {"settings_fingerprint": FINGERPRINT}, reading


def _frames(connection: Connection, file_id: str, cutoff: datetime | None) -> dict[str, pl.DataFrame]:
    people = ", ".join(
        f"(select identity from identities where participant_id = rows.{name}) as {name}"
        for name in ("sender_id", "recipient_id", "recruiter_id", "candidate_id")
    )
    text = "case when $2::timestamptz is null or rows.sent_at >= $2 or bodies.body = '' then bodies.body end"
    queries = {
        "messages": f"""
            select
                rows.* exclude (sender_id, recipient_id, recruiter_id, candidate_id), {people}, {text} as body,
                rows.message_key as known_key, rows.body_hash as known_hash, rows.has_subject as known_subject,
                rows.subject_is_reply as known_reply,
                {text} is null as is_erased
            from message_rows as rows left join bodies on rows.body_hash = bodies.body_hash
            where rows.file_id = $1
            order by member, row_no, message_key
            """,
        "outcomes": """
            select
                rows.* exclude (candidate_id, recruiter_id),
                candidates.identity as candidate_id, recruiters.identity as recruiter_id
            from outcome_rows as rows
            left join identities as candidates on rows.candidate_id = candidates.participant_id
            left join identities as recruiters on rows.recruiter_id = recruiters.participant_id
            where rows.file_id = $1
            order by member, row_no, outcome_key
            """,
        "set_aside": "select * from set_aside_rows where file_id = $1 order by member, row_no",
        "columns": "select member, position, name from export_columns where file_id = $1 order by all",
        "exclusions": "select reason, n_rows from exclusion_counts where file_id = $1 order by reason",
        "names": """
            select identities.identity, names.name
            from names inner join identities on names.participant_id = identities.participant_id
            where names.file_id = $1
            order by all
            """,
        "links": """
            select people.identity, others.identity as other, links.link_method, links.link_confidence
            from identity_links as links
            inner join identities as people on links.participant_id = people.participant_id
            inner join identities as others on links.other_id = others.participant_id
            where links.file_id = $1
            order by all
            """,
    }
    return {
        name: fetch(connection, query, [file_id, cutoff] if "$2" in query else [file_id])
        for name, query in queries.items()
    }


def _write_note(home: Home, file_id: str, record: dict[str, Any]) -> None:
    note = {"name": record["name"], "folder": record["folder"], "first_seen_at": record["first_seen_at"].isoformat()}
    (home.exports / file_id).mkdir(mode=0o700, parents=True, exist_ok=True)
    store.write_private(home.exports / file_id / "export.json", json.dumps(note, sort_keys=True))


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    wanted = (*_RECORD, *_SAID, "owner", "cutoff")
    return {name: value.isoformat() if isinstance(value := record[name], datetime) else value for name in wanted}
