"""LinkedIn's Invitations.csv: which invitations carried a note, and the conversation each note belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from flows.readers.bodies import plain
from flows.readers.conversations import KnownNames, made_up_thread
from flows.readers.delimited import normal, raw_json, read_csv
from flows.readers.identity import hidden_identity, identity, mapped
from flows.readers.owner import HIDDEN_NAMES, Owner, folded
from flows.readers.timestamps import parse_numeric_dates
from schemas import SET_ASIDE
from schemas.errors import InputError
from schemas.shown import shown

COLUMNS = {
    "from": "from_name",
    "to": "to_name",
    "sent at": "sent_at_raw",
    "message": "note",
    "direction": "direction",
    "inviterprofileurl": "inviter",
    "inviteeprofileurl": "invitee",
}
NO_NOTE = "invitation without a note"
REPEATED = "note already in the conversation"


@dataclass(frozen=True)
class Invitations:
    """The invitations of an archive, under our column names."""

    frame: pl.DataFrame
    set_aside: pl.DataFrame = field(default_factory=SET_ASIDE.frame)
    warnings: tuple[str, ...] = ()
    header: tuple[str, ...] = ()

    def owners(self, ours: str, theirs: str) -> tuple[str, ...]:
        """The distinct values on the owner's side: `ours` of outgoing and `theirs` of incoming rows."""
        sent = self.frame.filter(pl.col("direction") == "OUTGOING")[ours]
        received = self.frame.filter(pl.col("direction") == "INCOMING")[theirs]
        return tuple(pl.concat([sent, received.rename(ours)]).drop_nulls().unique().sort())


def read_invitations(name: str, data: bytes) -> Invitations:
    """Both eras, with and without profile addresses. Another file is left out with a warning."""
    try:
        sheet = read_csv(data, COLUMNS)
    except InputError:
        return replace(no_invitations(), warnings=(f"{name} was not read: no known columns in it.",))
    ours: dict[str, str] = {}
    for column in sheet.frame.columns:
        if known := COLUMNS.get(normal(column)):
            ours.setdefault(known, column)
    extra = [column for column in sheet.frame.columns if column not in ours.values()]
    frame = sheet.frame.select(
        *((pl.col(ours[c]) if c in ours else pl.lit(None, pl.String)).alias(c) for c in COLUMNS.values()),
        raw_json(sheet.frame, extra),
        sheet.row_no.alias("row_no"),
    )
    times = parse_numeric_dates(frame["sent_at_raw"], "mdy")
    frame = frame.with_columns(
        pl.col("direction").str.strip_chars().str.to_uppercase(),
        mapped(frame["inviter"], identity).alias("inviter"),
        mapped(frame["invitee"], identity).alias("invitee"),
        plain(frame["note"]).str.strip_chars().alias("body"),
        times["at"].alias("sent_at"),
        times["precision"].alias("sent_at_precision"),
        times["method"].alias("tz_method"),
        pl.lit(shown(name)).alias("member"),
    )
    set_aside = sheet.set_aside.with_columns(pl.lit(shown(name)).alias("member"))
    return Invitations(frame, set_aside, sheet.warnings, tuple(sheet.frame.columns))


def no_invitations() -> Invitations:
    """What an archive without the file has."""
    return replace(read_invitations("Invitations.csv", ",".join(COLUMNS).encode()), header=())


def place_notes(
    messages: pl.DataFrame, invitations: Invitations, owner: Owner, known: KnownNames
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Messages with their `kind`, and the invitations as message rows.

    A note that LinkedIn replayed into the conversation counts there, once. Any other goes into the
    conversation with that person, or into one of its own.
    """
    notes = _with_sides(invitations.frame, owner, known)
    people = set(notes["counterpart"].drop_nulls())
    ours = messages.filter(pl.col("excluded_reason").is_null() & ~pl.col("is_group"))
    ours = ours.with_columns(
        pl.when("from_owner").then(pl.col("recipient_id")).otherwise(pl.col("sender_id")).alias("counterpart")
    ).filter(pl.col("counterpart").is_in(list(people)))
    ours = ours.sort("sent_at", "position", nulls_last=True)
    conversation = dict(ours.unique("counterpart", keep="first").select("counterpart", "thread_id").iter_rows())
    said: dict[tuple[str, str, str], list[int]] = {}
    for row in ours.select("counterpart", "sender_id", "body", "row_no").iter_rows():
        said.setdefault((row[0], row[1], folded(row[2])), []).append(row[3])
    replayed: list[int] = []
    placed: list[dict[str, Any]] = []
    for note in notes.iter_rows(named=True):
        again = said.get((note["counterpart"], note["sender_id"], folded(note["body"])), []) if note["body"] else []
        reason = None if note["body"] else NO_NOTE
        if again:
            replayed.append(again.pop(0))
            reason = REPEATED
        thread = conversation.get(note["counterpart"]) or _own_thread(note, owner)
        placed.append({"row_no": note["row_no"], "thread_id": thread, "excluded_reason": reason})
    kind = pl.when(pl.col("row_no").is_in(replayed)).then(pl.lit("invitation_note")).otherwise(pl.lit("message"))
    schema = {"row_no": pl.Int64, "thread_id": pl.String, "excluded_reason": pl.String}
    notes = notes.join(pl.DataFrame(placed, schema=schema), on="row_no", how="left", maintain_order="left")
    return messages.with_columns(kind.alias("kind")), _as_messages(notes, owner)


def _with_sides(frame: pl.DataFrame, owner: Owner, known: KnownNames) -> pl.DataFrame:
    """The invitations with from_owner, sender_id and counterpart (null for a hidden account)."""
    outgoing = (pl.col("direction") == "OUTGOING").fill_null(False)
    their_link = pl.when(outgoing).then(pl.col("invitee")).otherwise(pl.col("inviter"))
    their_name = pl.when(outgoing).then(pl.col("to_name")).otherwise(pl.col("from_name"))
    frame = frame.with_columns(
        outgoing.alias("from_owner"), their_link.alias("link"), their_name.alias("counterpart_name")
    )
    by_name = mapped(
        frame["counterpart_name"],
        lambda name: None if folded(name) in HIDDEN_NAMES | {""} else known.person(name, owner),
    )
    frame = frame.with_columns(frame["link"].fill_null(by_name).alias("counterpart"))
    sender = pl.when("from_owner").then(pl.lit(owner.identity)).otherwise(pl.col("counterpart"))
    return frame.with_columns(sender.alias("sender_id"))


def _own_thread(note: dict[str, Any], owner: Owner) -> str:
    if note["counterpart"]:
        return made_up_thread("note", owner.identity, note["counterpart"])
    return made_up_thread("note", owner.identity, note["sent_at_raw"] or "", note["direction"] or "", note["body"])


def _as_messages(notes: pl.DataFrame, owner: Owner) -> pl.DataFrame:
    person = pl.col("counterpart").fill_null(pl.lit(hidden_identity("")) + pl.col("thread_id"))
    return notes.with_columns(person.alias("counterpart")).with_columns(
        pl.when("from_owner").then(pl.lit(owner.identity)).otherwise(pl.col("counterpart")).alias("sender_id"),
        pl.when("from_owner").then(pl.col("counterpart")).otherwise(pl.lit(owner.identity)).alias("recipient_id"),
        pl.when("from_owner").then(pl.col("to_name")).otherwise(pl.col("from_name")).alias("counterpart_name"),
        pl.lit(False).alias("is_group"),
        pl.lit("invitation_note").alias("kind"),
        pl.col("row_no").alias("position"),
    )
