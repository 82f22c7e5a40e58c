"""The words of a text that are worth taking up: rare by a fixed list, reduced to their stems."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from sql.lexicon import lexicons

_SHORTEST = 3


def with_words(classified: pl.DataFrame) -> pl.DataFrame:
    """Classified sentences (`language, sentence`) with their rare words: `words`."""
    words = content_words(classified.select("language", text=pl.col("sentence").str.to_lowercase()))
    return classified.with_columns(words=words)


def turn_words(worded: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """`keys, words`: the rare words of what a text tells, its asks and greetings left out; asks are answered, not taken
    up."""
    return (
        worded.filter(pl.col("kind").str.starts_with("tell_"))
        .group_by(keys, maintain_order=True)
        .agg(words=pl.col("words").explode().drop_nulls().unique().sort())
    )


def content_words(texts: pl.DataFrame) -> pl.Series:
    """Per row of `language, text` (text in lower case) the sorted distinct stems of its rare words.

    Rare = not among the language's 1,000 most frequent words, its stop words or what everybody writes in recruiting.
    Empty where the language has no rules.
    """
    tokens = (
        texts.lazy()
        .select("language", row=pl.int_range(pl.len()), word=pl.col("text").str.extract_all(r"[\p{L}\p{M}]+"))
        .explode("word")
        .filter(pl.col("word").str.len_chars() >= _SHORTEST)
        .unique()
        .collect()
    )
    distinct = tokens.select("language", "word").unique()
    stems = distinct.with_columns(
        stem=pl.Series([_stem(language, word) for language, word in distinct.iter_rows()], dtype=pl.String)
    ).drop_nulls()
    found = (
        tokens.lazy()
        .join(stems.lazy(), on=["language", "word"])
        .group_by("row")
        .agg(pl.col("stem").unique().sort().alias("words"))
        .collect()
    )
    rows = pl.DataFrame({"row": pl.int_range(texts.height, eager=True)})
    joined = rows.join(found, on="row", how="left", maintain_order="left")
    return joined["words"].fill_null(pl.Series([[]], dtype=pl.List(pl.String)))


def _stem(language: str, word: str) -> str | None:
    """None for a word that is no sign of having listened."""
    usual, stemmer = _usual(language)
    if stemmer is None or word in usual:
        return None
    stem: str = stemmer.stemWord(word)
    return None if stem in usual else stem


@cache
def _usual(language: str) -> tuple[frozenset[str], Any]:
    """The language's usual words and their stems, and its stemmer."""
    import snowballstemmer

    lexicon = lexicons().get(language)
    if lexicon is None:
        return frozenset(), None
    stemmer = snowballstemmer.stemmer(lexicon.stemmer)
    usual = lexicon.frequent | set(lexicon.stop_words)
    return usual | set(stemmer.stemWords(sorted(usual))), stemmer
