"""What is held about one person, for that person: everything, in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import people, store
from flows.config import Settings
from flows.forgetting import held_identities, open_held, person_of
from flows.people import Page
from flows.store import Connection, Home
from schemas.errors import UsageError
from sql.frames import fetch


def write_held(home: Home, settings: Settings, candidate: str, out: Path, *, now: datetime) -> list[Path]:
    """Write `held.json` and `held.txt` into the new folder `out`, for its owner only; returns their paths.

    Both sides of two-person conversations are in it; of a group, what the person wrote. Writes to the access log first.
    Raises UsageError where nobody is held under that, or the folder is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: is not empty. Name a new folder.")
    with closing(open_held(home)) as connection:
        key = store.id_key(home)
        held = held_identities(connection, key, candidate)
        if not held:
            raise UsageError(
                "nobody is held here under that. Give an address, the URL of a profile, or the id of a table (`p_...`)."
            )
        ids, threads = person_of(connection, [store.participant_id(key, value) for value in held])
        content = _content(connection, ids, threads)
    content["measured"] = _measured(home, ids)
    people.log_access(home, Page("access request", "person"), now=now, names=1, texts=len(content["messages"]))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    out.chmod(0o700)
    whole = {"held_on": now.date().isoformat()} | content
    store.write_private(out / "held.json", json.dumps(whole, default=str, ensure_ascii=False, indent=2) + "\n")
    store.write_private(out / "held.txt", _readable(whole))
    return [out / "held.json", out / "held.txt"]


def _content(connection: Connection, ids: Sequence[str], threads: Sequence[str]) -> dict[str, Any]:
    queries = {
        "identities": """
            select identity, participant_id from identities where list_contains($1, participant_id) order by 1
            """,
        "names": "select distinct name from names where list_contains($1, participant_id) order by 1",
        "messages": """
            select
                rows.thread_id, rows.sent_at, rows.channel, rows.kind, rows.team, rows.job,
                list_contains($1, rows.sender_id) as written_by_the_person,
                case when not list_contains($1, rows.sender_id) then rows.sender_id end as written_by,
                rows.subject, coalesce(bodies.body, '(erased)') as text, rows.raw as other_fields, files.name as export
            from message_rows as rows
            inner join readings as files on rows.file_id = files.file_id
            left join bodies on rows.body_hash = bodies.body_hash
            where list_contains($2, rows.thread_id)
            and (not coalesce(rows.is_group, false) or list_contains($1, rows.sender_id))
            qualify row_number() over (
                partition by rows.message_key order by files.observed_until desc, files.file_id, rows.row_no
            ) = 1
            order by rows.thread_id, rows.sent_at, rows.position
            """,
        "outcomes": """
            select
                outcome_rows.event, outcome_rows.event_raw, outcome_rows.occurred_at, outcome_rows.job,
                outcome_rows.thread_id, outcome_rows.reason_side, outcome_rows.raw as other_fields, files.name as export
            from outcome_rows inner join readings as files on outcome_rows.file_id = files.file_id
            where list_contains($1, candidate_id) or list_contains($2, thread_id)
            order by occurred_at, event
            """,
        "exports": """
            select distinct files.name, files.shape, files.first_seen_at
            from readings as files
            where file_id in (
                select file_id from message_rows where list_contains($2, thread_id)
                union select file_id from outcome_rows where list_contains($1, candidate_id)
                union select file_id from names where list_contains($1, participant_id)
            )
            order by all
            """,
    }
    parameters = {"$1": list(ids), "$2": list(threads)}
    return {
        name: fetch(connection, query, [value for mark, value in parameters.items() if mark in query]).to_dicts()
        for name, query in queries.items()
    }


def _measured(home: Home, ids: Sequence[str]) -> list[dict[str, Any]]:
    """What the published tables say of the approaches to the person."""
    if not home.snapshot.exists():
        return []
    with closing(store.open_snapshot(home)) as connection:
        rows = fetch(
            connection, "from approach_metrics where list_contains($1, candidate_id) order by started_at", [list(ids)]
        ).to_dicts()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _readable(content: Mapping[str, Any]) -> str:
    lines = [
        f"What talkshare holds about you, on {content['held_on']}",
        "",
        "Known as: " + ", ".join(row["identity"] for row in content["identities"]),
        "Names: " + (", ".join(row["name"] for row in content["names"]) or "none"),
        "From these exports: "
        + "; ".join(f"{row['name']} ({row['first_seen_at']:%Y-%m-%d})" for row in content["exports"]),
        "",
        f"Messages ({len(content['messages'])}):",
    ]
    for row in content["messages"]:
        who = "you" if row["written_by_the_person"] else f"recruiter {row['written_by']}"
        lines += [f"{row['sent_at']:%Y-%m-%d %H:%M} UTC, {row['channel']}, {who}:", row["text"], ""]
    lines.append(f"What happened ({len(content['outcomes'])}):")
    for row in content["outcomes"]:
        day = f"{row['occurred_at']:%Y-%m-%d}" if row["occurred_at"] else "on a day not told"
        lines.append(f"{day}: {row['event']}" + (f" ({row['event_raw']})" if row["event_raw"] else ""))
    lines += ["", f"Approaches measured: {len(content['measured'])}; every number is in held.json, under `measured`."]
    return "\n".join(lines) + "\n"
