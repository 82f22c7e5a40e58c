"""How readable texts are: Flesch reading ease, textstat's own numbers, with every distinct token counted once."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import polars as pl

from sql.lexicon import LEXICONS

READABLE_LANGUAGES = ("en", "de", "fr", "es")
"""Where textstat has constants of its own; elsewhere it would score with English ones, so we give NULL."""
LONGEST_READABLE_CHARS = 20_000
LONGEST_READABLE_TOKEN = 60

_WORD_CHARACTER = r"[\p{L}\p{N}_]"
_SENTENCE = rf"{_WORD_CHARACTER}[^.!?]*[.!?]*"
_PYTHONS_SPACES = r"[\x1c-\x1f]"


def reading_ease(texts: pl.DataFrame) -> pl.Series:
    """Flesch reading ease per row of `language, plain` (addresses taken out): textstat's score in that language.

    Null where textstat has no constants for the language or the text has no letter. Long texts and tokens are cut
    first. textstat's words and syllables are sums over tokens, so that it is asked once per distinct token; its
    sentences are runs up to `.!?` of three words or more, one at least.
    """
    rows = (
        texts.lazy()
        .select(
            "language",
            row=pl.int_range(pl.len()),
            text=pl.col("plain")
            .str.slice(0, LONGEST_READABLE_CHARS)
            .str.replace_all(_PYTHONS_SPACES, " ")
            .str.replace_all(rf"\S{{{LONGEST_READABLE_TOKEN + 1},}}", " "),
        )
        .filter(pl.col("language").is_in(READABLE_LANGUAGES), pl.col("text").str.contains(r"\p{L}"))
        .collect()
    )
    tokens = rows.lazy().select("row", "language", token=pl.col("text").str.extract_all(r"\S+")).explode("token")
    counts = _count_tokens(tokens.select("language", "token").unique().collect())
    sums = (
        tokens.join(counts.lazy(), on=["language", "token"])
        .group_by("row", "language")
        .agg(pl.col("words").sum(), pl.col("syllables").sum())
    )
    sentences = (
        rows.lazy()
        .select("row", sentence=pl.col("text").str.extract_all(_SENTENCE))
        .explode("sentence")
        .group_by("row")
        .agg(sentences=(pl.col("sentence").str.count_matches(rf"\S*{_WORD_CHARACTER}\S*") > 2).sum().clip(1))
    )
    base, per_word, per_syllable = (_constant(name) for name in ("base", "sentence_length", "syll_per_word"))
    scored = (
        sums.join(sentences, on="row")
        .with_columns(
            score=pl.when((pl.col("words") == 0) | (pl.col("syllables") == 0))
            .then(0.0)
            .otherwise(
                base
                - per_word * (pl.col("words") / pl.col("sentences"))
                - per_syllable * (pl.col("syllables") / pl.col("words"))
            )
        )
        .select("row", "score")
        .collect()
    )
    every = pl.DataFrame({"row": pl.int_range(texts.height, eager=True)})
    return every.join(scored, on="row", how="left", maintain_order="left")["score"]


def _count_tokens(distinct: pl.DataFrame) -> pl.DataFrame:
    """`language, token` -> those, `words` and `syllables`, as textstat counts them."""
    use_our_dictionary()
    from textstat.backend.counts._count_syllables import count_syllables
    from textstat.backend.counts._count_words import count_words

    found = [
        (language, token, count_words(token), count_syllables(token, language))
        for language, token in distinct.iter_rows()
    ]
    forget_texts()
    schema = {"language": pl.String, "token": pl.String, "words": pl.Int64, "syllables": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")


def _constant(name: str) -> pl.Expr:
    from textstat.backend.utils import get_lang_cfg

    constants = {language: get_lang_cfg(language, f"fre_{name}") for language in READABLE_LANGUAGES}
    return pl.col("language").replace_strict(constants, return_dtype=pl.Float64)


@cache
def use_our_dictionary() -> None:
    """textstat would download its English dictionary; ours lies beside the rules."""
    import nltk

    nltk.data.path.insert(0, str(LEXICONS / "cmudict"))


def forget_texts() -> None:
    """textstat keeps every text it ever saw; only its dictionaries are worth keeping."""
    for name, module in list(sys.modules.items()):
        if name.startswith("textstat.backend.") and ".utils." not in name:
            for value in vars(module).values():
                clear: Any = getattr(value, "cache_clear", None)
                if clear and ".utils." not in value.__module__:
                    clear()
