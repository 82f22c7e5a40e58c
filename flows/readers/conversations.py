"""Who takes part in a LinkedIn conversation, and which of its rows are no message of ours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

from flows.readers.bodies import MARKUP
from flows.readers.identity import hidden_identity, identity, mapped, name_identity
from flows.readers.owner import HIDDEN_NAMES, Owner, folded

TEMPLATE_MARK = r"spinmail|%[A-Z][A-Z_]{3,}%"
YES = ("yes", "true", "1")

ADDRESS = r"https?://[^\s,;]+"


@dataclass(frozen=True)
class KnownNames:
    """Names that files of the archive show, folded."""

    links: dict[str, str]
    """Name -> the one profile known under it."""
    names: frozenset[str]

    @classmethod
    def of(cls, pairs: pl.DataFrame, names: frozenset[str]) -> KnownNames:
        """From columns name and link; a name with two profiles links to none."""
        links = pairs.drop_nulls().group_by("name").agg(pl.col("link").unique())
        single = links.filter(pl.col("link").list.len() == 1).select("name", pl.col("link").list.first())
        everybody = names | frozenset(pairs["name"].drop_nulls()) | HIDDEN_NAMES
        return cls(dict(single.iter_rows()), everybody - {""})

    def person(self, name: str, owner: Owner) -> str:
        """The identity behind a display name."""
        return self.links.get(folded(name)) or name_identity(owner.identity, name)

    def people_in(self, joined: str) -> int:
        """How many people `Jane Doe, Ph.D., Bob Ops` names; a text not made of known names is one name."""
        parts = joined.split(", ")
        best: list[int | None] = [0] + [None] * len(parts)
        for end in range(1, len(parts) + 1):
            for start in range(max(0, end - 4), end):
                before = best[start]
                if before is not None and folded(", ".join(parts[start:end])) in self.names:
                    best[end] = min(best[end] or len(parts), before + 1)
        return best[-1] or 1


def recipient_links(urls: pl.Series) -> pl.Series:
    """Every profile address in a cell, as a list of identities."""
    table = urls.rename("urls").drop_nulls().unique().to_frame()
    table = table.with_columns(pl.col("urls").str.extract_all(ADDRESS).alias("links"))
    single = table.explode("links")
    single = single.with_columns(mapped(single["links"], identity).alias("links")).drop_nulls()
    table = single.group_by("urls", maintain_order=True).agg("links")
    joined = urls.rename("urls").to_frame().join(table, on="urls", how="left", maintain_order="left")
    return joined["links"].fill_null(pl.Series([[]], dtype=pl.List(pl.String)))


def with_sides(rows: pl.DataFrame, owner: Owner, known: KnownNames) -> pl.DataFrame:
    """The rows with thread_id, sender_id, from_owner, recipient_id (two-person threads) and is_group."""
    rows = _with_senders(rows, owner, known)
    others = _others(rows, owner)
    named = _others_by_name(rows, others, owner, known)
    sides = (
        pl.concat([others, named])
        .group_by("thread_id")
        .agg(pl.col("person").n_unique().alias("n"), pl.col("person").first().alias("counterpart"))
    )
    crowds = [to for to in rows["to"].drop_nulls().unique() if ", " in to and known.people_in(to) > 1]
    crowded = pl.col("to").is_in(crowds).fill_null(False) | (
        pl.col("title").is_not_null() & (pl.col("recipient_links").list.len() > 1)
    )
    rows = rows.join(sides, on="thread_id", how="left", maintain_order="left").with_columns(
        ((pl.col("n") > 1) | crowded.any().over("thread_id")).fill_null(False).alias("is_group")
    )
    recipient = pl.when("from_owner").then(pl.col("counterpart")).otherwise(pl.lit(owner.identity))
    return rows.with_columns(pl.when(~pl.col("is_group")).then(recipient).alias("recipient_id"))


def excluded_reason(rows: pl.DataFrame, include_spam: bool) -> pl.Series:
    """Why a row is no message of ours, or null. A sponsored text takes its whole conversation with it."""
    draft = pl.any_horizontal(
        pl.col(name).str.strip_chars().str.to_lowercase().is_in(YES).fill_null(False)
        for name in ("message_draft", "conversation_draft")
    )
    empty = pl.all_horizontal(pl.col("sender_name", "content", "attachments").is_null())
    era_has_links = rows["sender_link"].is_not_null().any()
    campaign = pl.lit(era_has_links) & pl.col("sender_link").is_null() & ~pl.col("sender_hidden")
    text = pl.col("content").fill_null("")
    sponsored = ~pl.col("from_owner") & (text.str.contains(TEMPLATE_MARK) | (campaign & text.str.contains(MARKUP)))
    spam = (pl.col("folder").str.strip_chars().str.to_uppercase() == "SPAM").fill_null(False)
    return rows.select(
        pl.when(draft)
        .then(pl.lit("draft"))
        .when(empty)
        .then(pl.lit("empty system row"))
        .when(sponsored.any().over("thread_id"))
        .then(pl.lit("sponsored"))
        .when(spam & pl.lit(not include_spam))
        .then(pl.lit("spam"))
        .alias("excluded_reason")
    )["excluded_reason"]


def made_up_thread(kind: str, *parts: str) -> str:
    """A conversation id for rows without one; nothing in it can be read."""
    return f"li-{kind}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24]}"


def _with_senders(rows: pl.DataFrame, owner: Owner, known: KnownNames) -> pl.DataFrame:
    names = mapped(rows["sender_name"], folded)
    by_name = pl.col("sender_link").is_null() & names.is_in(list(owner.names)).fill_null(False)
    incoming = (pl.col("direction") == "INCOMING").fill_null(False)
    outgoing = (pl.col("direction") == "OUTGOING").fill_null(False)
    by_link = pl.col("sender_link").is_in(list(owner.links)).fill_null(False)
    links = pl.col("recipient_links").list.eval(
        pl.when(pl.element().is_in(list(owner.links))).then(pl.lit(owner.identity)).otherwise(pl.element())
    )
    rows = rows.with_columns((by_link | (by_name & ~incoming) | outgoing).alias("from_owner"), links)
    hidden = names.is_null() | names.is_in([*HIDDEN_NAMES, ""])
    rows = rows.with_columns(_thread_ids(rows, owner, known), hidden.alias("sender_hidden"))
    by_display = mapped(rows["sender_name"], lambda name: name_identity(owner.identity, name))
    sender = (
        pl.when("from_owner")
        .then(pl.lit(owner.identity))
        .when(pl.col("sender_link").is_not_null())
        .then(pl.col("sender_link"))
        .when(~pl.col("sender_hidden"))
        .then(by_display)
        .otherwise(pl.lit(hidden_identity("")) + pl.col("thread_id"))
    )
    return rows.with_columns(sender.alias("sender_id"))


def _thread_ids(rows: pl.DataFrame, owner: Owner, known: KnownNames) -> pl.Series:
    """The conversation id; in eras without one, the counterpart. Hidden people cannot be told apart: null."""
    if rows["conversation"].is_not_null().any() or rows.is_empty():
        return rows["conversation"].rename("thread_id")
    first_link = pl.col("recipient_links").list.first()
    counterpart = rows.select(
        pl.when("from_owner").then(first_link).otherwise(pl.col("sender_link")).alias("link"),
        pl.when("from_owner").then(pl.col("to")).otherwise(pl.col("sender_name")).alias("name"),
    )
    by_name = mapped(
        counterpart["name"], lambda name: None if folded(name) in HIDDEN_NAMES else known.person(name, owner)
    )
    people = counterpart["link"].fill_null(by_name)
    return mapped(people, lambda person: made_up_thread("name", owner.identity, person)).rename("thread_id")


def _others(rows: pl.DataFrame, owner: Owner) -> pl.DataFrame:
    """Columns thread_id, person: who but the owner sends, or receives under a profile address."""
    senders = rows.select("thread_id", pl.col("sender_id").alias("person"))
    links = rows.select("thread_id", pl.col("recipient_links").alias("person"))
    recipients = links.filter(pl.col("person").list.len() > 0).explode("person")
    people = pl.concat([senders, recipients]).drop_nulls().unique(maintain_order=True)
    return people.filter(pl.col("person") != owner.identity)


def _others_by_name(rows: pl.DataFrame, others: pl.DataFrame, owner: Owner, known: KnownNames) -> pl.DataFrame:
    """The same from the TO column, for threads in which nobody but the owner is seen otherwise."""
    alone = rows.filter(pl.col("from_owner")).join(others, on="thread_id", how="anti")
    pairs = alone.select("thread_id", pl.col("to").fill_null("")).drop_nulls().unique(maintain_order=True)
    people = [
        hidden_identity(thread) if folded(to) in HIDDEN_NAMES | {""} else known.person(to, owner)
        for thread, to in pairs.iter_rows()
        if folded(to) not in owner.names
    ]
    threads = [thread for thread, to in pairs.iter_rows() if folded(to) not in owner.names]
    return pl.DataFrame({"thread_id": threads, "person": people}, schema={"thread_id": pl.String, "person": pl.String})
