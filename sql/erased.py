"""What stays of a text that is no longer held: what was counted in it, what it was near to, what it answered."""

from __future__ import annotations

from typing import Any

import polars as pl

from sql.families import shared_shingles
from sql.frames import ArrowStream, fetch
from sql.reading import ERASED, KEPT, WORDED


def with_erased_families(connection: Any, found: pl.DataFrame) -> pl.DataFrame:
    """The families of the texts that are held, and in them those that are no longer: all columns of `families`.

    An erased text belongs to the family of the text that it was left beside, wherever that one belongs now.
    """
    erased = fetch(
        connection,
        """
        select body_hash, family as beside, own_text_share
        from store.erased_texts
        where family is not null and body_hash in (select body_hash from int_sided_messages where is_first)
        """,
    ).join(found, on="body_hash", how="anti")
    if erased.is_empty():
        return found
    placed = erased.join(found.select(beside="body_hash", root="family_id"), on="beside", how="left")
    every = pl.concat(
        [
            found.select("body_hash", "own_text_share", root="family_id"),
            placed.select("body_hash", "own_text_share", pl.coalesce("root", "beside").alias("root")),
        ]
    )
    return (
        every.with_columns(
            family_id=pl.col("body_hash").min().over("root"), n_family=pl.len().over("root").cast(pl.Int64)
        )
        .select("body_hash", "family_id", "n_family", "own_text_share")
        .sort("body_hash")
    )


def with_erased_replies(connection: Any, found: pl.DataFrame) -> pl.DataFrame:
    """The classes of the replies that are held, and those of the erased ones as they were told last."""
    erased = fetch(connection, "from store.erased_replies").select(found.columns)
    return pl.concat([found, erased.join(found, on=["body_hash", "language"], how="anti")])


def frozen(connection: Any, texts: pl.DataFrame, turns: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What must stay of `texts` for every number to stay: table of the store -> its rows.

    `texts`: `body_hash, new_hash` (what the text is called from now on), `stays` (another message holds it still).
    `turns`: `message_key, new_key` of all messages of their conversations. Needs a connection on which everything was
    measured. `erased_texts` is the whole table, since earlier ones may have lost the text they stood beside.
    """
    for name, frame in (("erasing_texts", texts), ("erasing_turns", turns)):
        connection.register(name, ArrowStream(frame))
    try:
        kept = {
            f"kept_{name}": fetch(
                connection,
                f"""
                select new_hash as body_hash, read.* exclude (body_hash), '{ERASED}' as rule_version
                from {name} as read inner join erasing_texts using (body_hash)
                """,
            )
            for name in KEPT
            if name not in WORDED
        }
        replies = fetch(
            connection,
            """
            select new_hash as body_hash, said.* exclude (body_hash)
            from text_replies as said inner join erasing_texts using (body_hash)
            """,
        )
        counted = fetch(
            connection,
            """
            select new_key as message_key, kind, n_sentences
            from erasing_turns left join int_reflections using (message_key)
            """,
        )
    finally:
        for name in ("erasing_texts", "erasing_turns"):
            connection.unregister(name)
    return kept | {
        "erased_replies": replies,
        "erased_turns": counted,
        "erased_shingles": _shingles(connection, texts["body_hash"]).to_frame("shingle"),
        "erased_texts": _beside(connection, texts),
    }


def _shingles(connection: Any, erased: pl.Series) -> pl.Series:
    """What openings that go share with others: known as no one's own from now on. Shared by two, it is a template's."""
    openings = fetch(
        connection,
        """
        select body_hash, body from store.bodies
        where body_hash in (select body_hash from int_sided_messages where is_first)
        """,
    )
    earlier = fetch(connection, "select shingle from store.erased_shingles")["shingle"]
    return pl.concat([earlier, shared_shingles(openings, erased)]).unique().sort()


def _beside(connection: Any, texts: pl.DataFrame) -> pl.DataFrame:
    """Every erased text with the text it stands beside: one of its family that is held, else one that all share."""
    families = fetch(connection, "select body_hash, family_id, own_text_share from text_families")
    held = fetch(connection, "select body_hash from store.bodies").join(
        texts.filter(~pl.col("stays")), on="body_hash", how="anti"
    )
    earlier = fetch(connection, "select body_hash, own_text_share, erased_at, reason from store.erased_texts")
    earlier = earlier.join(texts.select(body_hash="new_hash"), on="body_hash", how="anti")
    members = pl.concat(
        [
            texts.join(families, on="body_hash", how="left").select(
                "family_id", "own_text_share", body_hash="new_hash", erased_at=None, reason=None
            ),
            earlier.join(families.select("body_hash", "family_id"), on="body_hash", how="left").select(
                "family_id", "own_text_share", "body_hash", "erased_at", "reason"
            ),
        ],
        how="vertical_relaxed",
    )
    beside = families.join(held, on="body_hash", how="semi").group_by("family_id").agg(held=pl.col("body_hash").min())
    return (
        members.join(beside, on="family_id", how="left")
        .with_columns(
            family=pl.when(pl.col("family_id").is_not_null()).then(
                pl.coalesce("held", pl.col("body_hash").min().over("family_id"))
            )
        )
        .select("body_hash", "erased_at", "reason", "family", "own_text_share")
    )
