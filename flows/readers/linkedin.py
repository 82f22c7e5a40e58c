"""LinkedIn data archives of every era, by header name: messages, and the invitation notes among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from flows.config import Settings
from flows.readers import archive
from flows.readers.bodies import MARKUP, plain, repair_mojibake
from flows.readers.conversations import KnownNames, excluded_reason, recipient_links, with_sides
from flows.readers.delimited import normal, raw_json, read_csv
from flows.readers.identity import identity, mapped
from flows.readers.invitations import Invitations, no_invitations, place_notes, read_invitations
from flows.readers.owner import HIDDEN_NAMES, Evidence, Owner, folded, resolve_owner
from flows.readers.reading import Export, Reading
from flows.readers.timestamps import latest, newest_first, parse_linkedin_times
from schemas import MESSAGES, SET_ASIDE
from schemas.errors import InputError
from schemas.shown import shown

COLUMNS = {
    "conversation id": "conversation",
    "conversation title": "title",
    "from": "sender_name",
    "sender profile url": "sender_url",
    "to": "to",
    "recipient profile urls": "recipient_urls",
    "date": "sent_at_raw",
    "subject": "subject",
    "content": "content",
    "folder": "folder",
    "attachments": "attachments",
    "is message draft": "message_draft",
    "is conversation draft": "conversation_draft",
    "direction": "direction",
}
NEEDED = ("from", "to", "date", "content")
TELLING = ("conversation id", "sender profile url", "direction", "folder")
KEPT_ELSEWHERE = {"conversation", "sender_name", "sender_url", "sent_at_raw", "subject", "content"}
NO_CONVERSATIONS = b"No conversations found"

_ARCHIVE_DATE = re.compile(r"(?<!\d)(\d{2})-(\d{2})-(\d{4})(?!\d)")


@dataclass(frozen=True)
class Rows:
    """The messages file under our column names."""

    frame: pl.DataFrame
    set_aside: pl.DataFrame
    warnings: tuple[str, ...]
    header: tuple[str, ...] = ()

    @property
    def threading_method(self) -> str:
        """`native` where the file has conversation ids, else `subject_window`."""
        has_ids = self.frame.is_empty() or self.frame["conversation"].is_not_null().any()
        return "native" if has_ids else "subject_window"


def is_linkedin_header(names: tuple[str, ...]) -> bool:
    """Whether these are the columns of a messages file of any era."""
    present = {normal(name) for name in names}
    return present.issuperset(NEEDED) and not present.isdisjoint(TELLING)


def read_linkedin(export: Export, settings: Settings, *, not_after: datetime) -> Reading:
    """One archive, messages and invitations. Raises InputError where it is unreadable or has no owner."""
    files = archive.members(export)
    file = files["messages.csv"]
    rows = _read_messages(file, settings)
    invitations = no_invitations()
    if companion := files.get("invitations.csv"):
        invitations = read_invitations(companion.name, companion.data)
    set_aside = pl.concat([rows.set_aside, invitations.set_aside])
    headers = {"messages": rows.header, "invitations": invitations.header}
    warnings = rows.warnings + invitations.warnings
    configured = settings.linkedin.owner_of(export.name)
    if rows.frame.is_empty() and invitations.frame.is_empty():
        until, method = observed_until(export.name, pl.Series([], dtype=MESSAGES.schema["sent_at"]), not_after)
        return Reading(
            set_aside=set_aside,
            warnings=warnings,
            observed_until=until,
            observed_until_method=method,
            headers=headers,
        )
    people = _people(rows.frame)
    owner = resolve_owner(_evidence(rows.frame, people, invitations, files.get("profile.csv")), configured)
    known = _known_names(rows.frame, people, invitations, files.get("connections.csv"), owner)
    messages = with_sides(rows.frame, owner, known)
    messages = messages.with_columns(
        excluded_reason(messages, settings.linkedin.include_spam),
        _position(messages),
        pl.lit(shown(file.name)).alias("member"),
    )
    messages, notes = place_notes(messages, invitations, owner, known)
    if rows.threading_method != "native":
        warnings += ("No conversation ids in this file: messages were threaded by the other person's name.",)
    role = settings.linkedin.owner_role
    frame = pl.concat([_canonical(messages, owner, role), _canonical(notes, owner, role)])
    until, method = observed_until(export.name, frame["sent_at"], not_after)
    return Reading(
        messages=frame,
        set_aside=set_aside,
        warnings=warnings,
        owner=owner.identity,
        owner_method=owner.method,
        observed_until=until,
        observed_until_method=method,
        threading_method=rows.threading_method,
        names=_display_names(messages, notes),
        headers=headers,
    )


def observed_until(name: str, sent_at: pl.Series, not_after: datetime) -> tuple[datetime | None, str | None]:
    """Until when an archive shows what happened: the date in its name, or a later message."""
    last = latest(sent_at, not_after)
    for month, day, year in _ARCHIVE_DATE.findall(name):
        try:
            made = datetime(int(year), int(month), int(day), tzinfo=UTC)
        except ValueError:
            continue
        if made <= not_after:
            return max(made, last or made), "archive_name"
    return last, "latest_timestamp" if last else None


def _read_messages(file: archive.Member, settings: Settings) -> Rows:
    if NO_CONVERSATIONS in file.data[:200]:
        data = ",".join(COLUMNS).encode()
        return replace(_read_messages(archive.Member(file.name, data), settings), header=())
    sheet = read_csv(file.data, COLUMNS)
    if not is_linkedin_header(tuple(sheet.frame.columns)):
        raise InputError(
            "not the columns of a LinkedIn messages file (FROM, TO, DATE, CONTENT and more). "
            "See what is in it: `talkshare inspect FILE`."
        )
    frame = _named(sheet.frame).with_columns(sheet.row_no)
    warnings = sheet.warnings
    frame, repaired = repair_mojibake(frame, ["sender_name", "to", "title", "subject", "content"])
    if repaired:
        warnings += (f"Letters were doubly encoded (fields repaired: {repaired}).",)
    times, time_warnings = parse_linkedin_times(frame["sent_at_raw"], settings.linkedin.date_order)
    frame = frame.with_columns(
        times["at"].alias("sent_at"),
        times["precision"].alias("sent_at_precision"),
        times["method"].alias("tz_method"),
        plain(frame["content"]).alias("body"),
        mapped(frame["sender_url"], identity).alias("sender_link"),
        recipient_links(frame["recipient_urls"]).alias("recipient_links"),
    )
    set_aside = sheet.set_aside.with_columns(pl.lit(shown(file.name)).alias("member"))
    return Rows(frame, SET_ASIDE.conform(set_aside), warnings + time_warnings, tuple(sheet.frame.columns))


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """The file under our names; what no other column keeps rides in `raw`, with texts that had markup."""
    ours: dict[str, str] = {}
    for name in frame.columns:
        if known := COLUMNS.get(normal(name)):
            ours.setdefault(known, name)
    kept = {ours[name] for name in KEPT_ELSEWHERE if name in ours}
    extra = [name for name in frame.columns if name not in kept]
    marked = pl.col(ours["content"]).str.contains(MARKUP)
    content = frame.select(pl.when(marked).then(pl.col(ours["content"])))
    return frame.select(
        *((pl.col(ours[c]) if c in ours else pl.lit(None, pl.String)).alias(c) for c in COLUMNS.values()),
        raw_json(frame.select(extra).with_columns(content), [*extra, ours["content"]]),
    ).with_columns(
        pl.col("conversation").str.strip_chars().str.strip_chars_end("="),
        pl.col("direction").str.strip_chars().str.to_uppercase(),
    )


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns conversation, link, name, sends: who takes part where, under which profile and folded name."""
    names = rows.select(
        "conversation",
        "sender_link",
        "recipient_links",
        mapped(rows["sender_name"], folded).alias("sender_name"),
        mapped(rows["to"], folded).alias("to"),
    )
    senders = names.select(
        "conversation",
        pl.col("sender_link").alias("link"),
        pl.col("sender_name").alias("name"),
        pl.lit(True).alias("sends"),
    )
    single = pl.when(pl.col("recipient_links").list.len() == 1).then(pl.col("to"))
    recipients = (
        names.filter(pl.col("recipient_links").list.len() > 0)
        .select(
            "conversation",
            pl.col("recipient_links").alias("link"),
            single.alias("name"),
            pl.lit(False).alias("sends"),
        )
        .explode("link")
    )
    return pl.concat([senders, recipients]).filter(pl.col("link").is_not_null()).unique()


def _evidence(
    rows: pl.DataFrame, people: pl.DataFrame, invitations: Invitations, profile: archive.Member | None
) -> Evidence:
    outgoing = rows.filter(pl.col("direction") == "OUTGOING")["sender_name"]
    incoming = rows.filter(pl.col("direction") == "INCOMING")["to"]
    every_name = pl.concat([rows["sender_name"], rows["to"].rename("sender_name")]).drop_nulls().unique()
    return Evidence(
        people=people,
        conversations=rows["conversation"].n_unique(),
        direction_names=tuple(pl.concat([outgoing, incoming.rename("sender_name")]).drop_nulls()),
        invitation_links=invitations.owners("inviter", "invitee"),
        invitation_names=invitations.owners("from_name", "to_name"),
        profile_name=_profile_name(profile),
        row_names=frozenset(folded(name) for name in every_name),
        recipients_have_links=bool((rows["recipient_links"].list.len() > 0).any()),
    )


def _profile_name(profile: archive.Member | None) -> str | None:
    if profile is None:
        return None
    try:
        frame = read_csv(profile.data, ("First Name", "Last Name")).frame
    except InputError:
        return None
    parts = [frame[name][0] for name in ("First Name", "Last Name") if name in frame.columns and frame.height]
    return " ".join(part for part in parts if part) or None


def _known_names(
    rows: pl.DataFrame,
    people: pl.DataFrame,
    invitations: Invitations,
    connections: archive.Member | None,
    owner: Owner,
) -> KnownNames:
    invited = invitations.frame
    pairs = [
        people.select("name", "link"),
        invited.select(pl.col("from_name").alias("name"), pl.col("inviter").alias("link")),
        invited.select(pl.col("to_name").alias("name"), pl.col("invitee").alias("link")),
        _connections(connections),
    ]
    table = pl.concat(pairs)
    table = table.with_columns(mapped(table["name"], folded).alias("name"))
    table = table.filter(pl.col("name").is_null() | ~pl.col("name").is_in([*HIDDEN_NAMES, ""]))
    senders = mapped(rows["sender_name"], folded).drop_nulls().unique()
    return KnownNames.of(table, frozenset(senders) | owner.names)


def _connections(connections: archive.Member | None) -> pl.DataFrame:
    """Columns name, link of the connections, where the archive lists them."""
    empty = pl.DataFrame(schema={"name": pl.String, "link": pl.String})
    if connections is None:
        return empty
    try:
        frame = read_csv(connections.data, ("First Name", "Last Name", "URL", "Connected On")).frame
    except InputError:
        return empty
    if not {"First Name", "Last Name"} <= set(frame.columns):
        return empty
    name = pl.concat_str("First Name", "Last Name", separator=" ", ignore_nulls=True)
    url = frame["URL"] if "URL" in frame.columns else pl.Series("URL", [None] * frame.height, dtype=pl.String)
    return frame.select(name.alias("name"), mapped(url, identity).alias("link"))


def _position(rows: pl.DataFrame) -> pl.Series:
    """The order of writing: LinkedIn puts the newest row first, in most files."""
    reverse = newest_first(rows["thread_id"], rows["sent_at"], default=True)
    return (rows["row_no"] * (-1 if reverse else 1)).alias("position")


def _canonical(rows: pl.DataFrame, owner: Owner, role: str) -> pl.DataFrame:
    """Rows with sides, kind and reason as `MESSAGES`. Who of the others is a candidate is decided later."""
    ours = pl.lit(owner.identity)
    return MESSAGES.conform(
        rows.with_columns(
            pl.when("from_owner").then(pl.lit(role)).otherwise(pl.lit("unknown")).alias("sender_role"),
            pl.when("from_owner").then(pl.lit("archive_owner")).otherwise(pl.lit("counterpart")).alias("role_method"),
            (ours if role == "recruiter" else pl.lit(None, pl.String)).alias("recruiter_id"),
            (ours if role == "candidate" else pl.lit(None, pl.String)).alias("candidate_id"),
            pl.lit("linkedin").alias("channel"),
        )
    )


def _display_names(messages: pl.DataFrame, notes: pl.DataFrame) -> pl.DataFrame:
    """One name per identity: as sender, else as addressee of a two-person conversation."""
    to_one = messages.filter(pl.col("from_owner") & ~pl.col("is_group"))
    names = pl.concat(
        [
            messages.select(pl.col("sender_id").alias("identity"), pl.col("sender_name").alias("name")),
            to_one.select(pl.col("recipient_id").alias("identity"), pl.col("to").alias("name")),
            notes.select(pl.col("counterpart").alias("identity"), pl.col("counterpart_name").alias("name")),
        ]
    )
    return names.drop_nulls().unique("identity", keep="first", maintain_order=True)
