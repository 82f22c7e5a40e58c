"""Marks every sentence of given texts with its kind and with the rule that decided."""

from __future__ import annotations

from typing import Any

import polars as pl

from sql import kinds, sentences, text
from sql.content import turn_words, with_words
from sql.frames import fetch, load_frame
from sql.kinds import SIGNATURE
from sql.lexicon import CUES, lexicons


def mark(connection: Any, texts: pl.DataFrame) -> pl.DataFrame:
    """The sentences of texts `text_no, language, body, before` (`before` = the other side's turn before, or null):
    `text_no, language, sentence, kind, rule, is_question, is_request, n_shared`, in order.

    The connection has the macros. Kind and rule are null in languages without rules.
    """
    turns = texts.select("text_no", "language", body=pl.col("before").fill_null(""))
    theirs = turn_words(with_words(kinds.classify(sentences.split(turns))), ["text_no"])
    placed = (
        with_words(kinds.classify(sentences.split(texts)))
        .join(texts.select("text_no", "before"), on="text_no", how="left", maintain_order="left")
        .join(theirs.rename({"words": "their_words"}), on="text_no", how="left", maintain_order="left")
        .with_columns(
            place=pl.int_range(pl.len()),
            n_shared=pl.col("words").list.set_intersection("their_words").list.len().fill_null(0).cast(pl.Int64),
        )
    )
    load_frame(connection, "placed_sentences", placed)
    marked = fetch(
        connection,
        """
        with judged as (
            select
                *,
                before is not null
                and coalesce(takes_up(kind, rule, has_hint, is_of_you, has_you, n_shared), false) as reflects
            from placed_sentences
        )

        select
            text_no, language, sentence,
            case when reflects then 'reflect' else kind end as kind,
            case when reflects then 'reflect' else rule end as rule,
            is_question, is_request, n_shared
        from judged
        order by place
        """,
    )
    connection.execute("drop table placed_sentences")
    return marked


def language_of(connection: Any, body: str) -> str:
    """The language of a text alone, found as a run finds it: by stop words, else by the detector."""
    texts = pl.DataFrame({"body_hash": ["text"], "body": [body]})
    counts = text.count_words(texts)
    votes = {name: int(counts[f"stop_words_{name}"][0]) for name in lexicons()}
    (first, n), (_, n_next) = sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:2]
    (is_clear,) = connection.execute("select is_clear_vote($1, $2, $3)", [n, n_next, counts["words"][0]]).fetchall()[0]
    return first if is_clear else str(text.detect_languages(texts)["language"][0])


def reason(language: str, sentence: str, rule: str | None, n_shared: int) -> str:
    """Why a sentence got its kind, in a few words: the rule, and the words that met a phrase of the rule file."""
    if rule is None:
        return "no rules for this language: only questions are known"
    shared = f"; shares {n_shared} rare words with the turn before" if rule == "reflect" and n_shared else ""
    cue = "closing" if rule == "social" and not _deciding(language, sentence, "social") else rule
    if cue in CUES and (met := _deciding(language, sentence, cue)):
        number, words = met
        where = f"{language}.toml, {cue} {number}"
        return (f'{rule}: "{words}" ({where})' if words else f"{rule}: nothing behind the greeting ({where})") + shared
    return _REASONS.get(rule, rule) + shared


def _deciding(language: str, sentence: str, cue: str) -> tuple[int, str] | None:
    lexicon = lexicons()[language]
    normal = sentences.look(pl.LazyFrame({"sentence": [sentence]})).collect()["normal"]
    core = normal.str.replace(lexicon.cues["greeting"], " ")
    return lexicon.deciding_words(cue, (normal if cue in ("reflect", "closing") else core)[0])


_REASONS = {
    "reflect": "reflect: takes up the turn before",
    "demand": "demand: asks or invites to act, and says no more",
    "question": "question: a question that no other rule explains",
    "closed": "closed: begins like a yes-or-no question",
    "bullet": "bullet: an item of a list",
    "name": "name: capitalised words alone on the last line",
    SIGNATURE: "signature: a short line below a closing",
    "rest": "rest: tells, and no other rule holds",
}
