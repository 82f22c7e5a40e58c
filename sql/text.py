"""Words, characters and language of one text: what can be counted before its language is known."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import polars as pl

from sql.lexicon import lexicons
from sql.sentences import without_addresses

UNDECIDED = "und"

WORD = r"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*"
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ーｰ]"
LONGEST_DETECTED_CHARS = 2_000
FEWEST_DETECTED_LETTERS = 12
SUREST = 0.5
"""Below this probability the detector's guess is no answer."""


def count_words(texts: pl.DataFrame) -> pl.DataFrame:
    """Language-free counts per text: `body_hash, body` -> `body_hash, words, chars, stop_words_<lang>...`.

    `words` is null for a text mostly in a script without spaces; `chars` counts the trimmed text.
    """
    plain, masked = pl.col("plain"), without_addresses(texts["body"])
    # Two spaces between words, so that each can be matched with its own space on either side.
    spaced = _folded(plain).str.extract_all(r"[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)*").list.join("  ")
    return (
        texts.lazy()
        .with_columns(plain=masked, is_unspaced=_is_unspaced(masked))
        .with_columns(spaced=pl.concat_str(pl.lit(" "), spaced, pl.lit(" ")))
        .select(
            "body_hash",
            words=pl.when("is_unspaced").then(None).otherwise(plain.str.count_matches(WORD)).cast(pl.Int64),
            chars=pl.col("body").str.strip_chars().str.len_chars().cast(pl.Int64),
            **{
                f"stop_words_{language}": pl.col("spaced")
                .str.count_matches("|".join(f" {re.escape(word)} " for word in lexicon.stop_words))
                .cast(pl.Int64)
                for language, lexicon in lexicons().items()
            },
        )
        .collect()
    )


def _is_unspaced(plain: pl.Series) -> pl.Series:
    """More than half of the letters belong to a script without spaces."""
    unspaced = plain.str.count_matches(UNSPACED)
    has_some = unspaced > 0
    letters = plain.filter(has_some).str.count_matches(r"[\p{L}\p{N}]")
    return has_some.scatter(has_some.arg_true(), unspaced.filter(has_some) * 2 > letters)


def detect_languages(texts: pl.DataFrame) -> pl.DataFrame:
    """`body_hash, body` -> `body_hash, language`: ISO 639 code by py3langid, `und` for short texts and weak guesses."""
    identifier = _identifier()
    plain = without_addresses(texts["body"].str.slice(0, LONGEST_DETECTED_CHARS))
    languages = []
    for text in plain:
        is_long = sum(letter.isalpha() for letter in text) >= FEWEST_DETECTED_LETTERS
        language, probability = identifier.classify(text) if is_long else (UNDECIDED, 1.0)
        languages.append(str(language) if probability >= SUREST else UNDECIDED)
    return texts.select("body_hash", language=pl.Series(languages, dtype=pl.String))


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all("[’ʼ`´]", "'")
