"""What a candidate's reply says: interested, declined or neither, and whether it asks for no more messages."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache

import polars as pl

from sql.lexicon import LEXICONS, compile_phrase
from sql.sentences import look, split

REPLIES = LEXICONS / "replies.toml"
CUES = ("opted_out", "declined", "not_declined", "interested")
REPLY_CLASSES = ("interested", "declined", "other")

DECISIONS = {
    "opted_out": "declined",
    "declined": "declined",
    "interested": "interested",
    "soft": "declined",
    "rest": "other",
}
"""Rule -> class, in the order in which the rules are tried. `soft` is a refusal such as "happy where I am", which
gives way to interest that follows it ("..., but send me the details")."""

_TAKEN_AWAY = "\x00"
_SPELT_OUT = {"ae": "a", "oe": "o", "ue": "u"}
_SAID = ("opted_out", "declined", "soft", "interested", "interested_after")


@cache
def reply_cues() -> dict[str, dict[str, str]]:
    """ISO 639-1 code -> cue -> one pattern of all its phrases, over folded normal forms."""
    content = tomllib.loads(REPLIES.read_text(encoding="utf-8"))
    if wrong := [language for language, lists in content.items() if set(lists) != set(CUES)]:
        raise ValueError(f"{REPLIES.name}: missing or unknown lists: {', '.join(wrong)}")
    return {
        language: {
            cue: "|".join(compile_phrase(_folded_phrase(phrase, language), {}) for phrase in phrases)
            for cue, phrases in lists.items()
        }
        for language, lists in content.items()
    }


def reply_classes(texts: pl.DataFrame) -> pl.DataFrame:
    """Classes of first replies: `body_hash, language, body` -> `body_hash, language, reply_class, opted_out, rule`,
    a row per row in the same order.

    A text without words is `other`; in a language without rules, or without a text, all three are null.
    """
    numbered = texts.lazy().select("body_hash", "language", "body").with_row_index("text_no").collect()
    is_ruled = pl.col("language").is_in(list(reply_cues())) & pl.col("body").is_not_null()
    sentences = split(numbered.filter(is_ruled.fill_null(False)).select("text_no", "language", "body"))
    said = (
        sentences.lazy()
        .join(_cues(sentences).lazy(), on=["language", "sentence"], how="left", maintain_order="left")
        .with_row_index("place")
        .with_columns(last_soft=pl.col("place").filter("soft").max().over("text_no"))
        .group_by("text_no")
        .agg(
            pl.col("opted_out", "declined", "soft").any(),
            interested=(
                (pl.col("interested") & (pl.col("place") > pl.col("last_soft").fill_null(-1)))
                | (pl.col("interested_after") & (pl.col("place") == pl.col("last_soft")).fill_null(False))
            ).any(),
        )
        .collect()
    )
    rules = [pl.when(rule).then(pl.lit(rule)) for rule in DECISIONS if rule != "rest"]
    return (
        numbered.lazy()
        .join(said.lazy(), on="text_no", how="left", maintain_order="left")
        .with_columns(rule=pl.when(is_ruled).then(pl.coalesce(*rules, pl.lit("rest"))))
        .select(
            "body_hash",
            "language",
            reply_class=pl.col("rule").replace_strict(DECISIONS, return_dtype=pl.String),
            opted_out=pl.col("rule") == "opted_out",
            rule="rule",
        )
        .collect()
    )


def _cues(sentences: pl.DataFrame) -> pl.DataFrame:
    """What distinct sentences say: -> `language, sentence, opted_out, declined, soft, interested, interested_after`.

    A refusal is soft where `not_declined` takes it away; `interested_after` is interest behind that place.
    """
    found = [pl.DataFrame(schema={"language": pl.String, "sentence": pl.String, **dict.fromkeys(_SAID, pl.Boolean)})]
    distinct = sentences.select("language", "sentence").unique(maintain_order=True)
    for (language,), part in distinct.group_by("language", maintain_order=True):
        cues = reply_cues()[str(language)]
        found.append(
            look(part.lazy())
            .with_columns(normal=_folded(pl.col("normal"), str(language)))
            .with_columns(hard=pl.col("normal").str.replace_all(cues["not_declined"], f" {_TAKEN_AWAY} "))
            .with_columns(
                opted_out=pl.col("normal").str.contains(cues["opted_out"]),
                declined=pl.col("hard").str.contains(cues["declined"]),
                soft=pl.col("normal").str.contains(cues["declined"]),
                interested=pl.col("normal").str.contains(cues["interested"]),
                interested_after=pl.col("hard").str.contains(_TAKEN_AWAY)
                & pl.col("hard").str.split(_TAKEN_AWAY).list.last().str.contains(cues["interested"]),
            )
            .with_columns(soft=pl.col("soft") & ~pl.col("declined"))
            .select("language", "sentence", *_SAID)
            .collect()
        )
    return pl.concat(found)


def _folded(normal: pl.Expr, language: str) -> pl.Expr:
    """Without accents and apostrophes: many type without them."""
    plain = normal.str.normalize("NFKD").str.replace_all(r"[\p{M}']", "").str.replace_many(["ß", "œ"], ["ss", "oe"])
    return plain.str.replace_many(_SPELT_OUT) if language == "de" else plain


def _folded_phrase(phrase: str, language: str) -> str:
    """The same for a phrase."""
    plain = re.sub(r"[\u0300-\u036f']", "", unicodedata.normalize("NFKD", phrase))
    plain = plain.replace("ß", "ss").replace("œ", "oe")
    return re.sub("[aou]e", lambda found: found[0][0], plain) if language == "de" else plain
