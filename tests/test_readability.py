"""Flesch reading ease: textstat's own, where it has constants for the language."""

from __future__ import annotations

import re
import sys

import polars as pl
import pytest
import textstat
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.readability import READABLE_LANGUAGES, reading_ease
from tests.accuracy import labelled

PLAIN = "We are hiring a backend engineer. You would work with a small team. It is based in Berlin."
PIECES = [
    "don't",
    "it’s",
    "3.5",
    "e.g.",
    "U.S.A.",
    "…",
    "?!",
    "naïve",
    "C++",
    "'quoted'",
    "--",
    "Größe",
    "o'clock",
    "a",
    "👍",
    "x_y",
]


def score(text: str, language: str) -> float | None:
    found: float | None = reading_ease(pl.DataFrame({"language": [language], "plain": [text]}))[0]
    return found


def textstats(text: str, language: str) -> float:
    textstat.set_lang(language)
    return float(textstat.flesch_reading_ease(" ".join(text.split())))


@pytest.mark.parametrize("language", READABLE_LANGUAGES)
def test_it_is_textstats_own_number_to_the_last_bit(language: str) -> None:
    texts = [PLAIN, *labelled(language, "development")["text"].to_list()]
    ours = reading_ease(pl.DataFrame({"language": [language] * len(texts), "plain": texts})).to_list()
    has_letter = [bool(re.search(r"[^\W\d_]", text)) for text in texts]
    assert ours == [
        textstats(text, language) if readable else None for text, readable in zip(texts, has_letter, strict=True)
    ]


@settings(max_examples=150)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text("abcdeé'.!?-1 \n,’", max_size=12)), max_size=25),
    st.sampled_from(READABLE_LANGUAGES),
)
def test_it_is_textstats_own_number_on_any_text(pieces: list[str], language: str) -> None:
    text = " ".join(pieces)
    if re.search(r"[^\W\d_]", text):
        assert score(text, language) == textstats(text, language)
    else:
        assert score(text, language) is None


@pytest.mark.parametrize(
    ("body", "language"), [(PLAIN, "ro"), (PLAIN, "und"), ("", "en"), ("👍", "en"), ("12 34", "en")]
)
def test_there_is_none_without_words_or_constants(body: str, language: str) -> None:
    assert score(body, language) is None


def test_a_token_of_a_megabyte_takes_no_time() -> None:
    assert score("a" * 1_000_000, "en") is None


def test_textstat_forgets_the_texts_it_has_seen() -> None:
    score(PLAIN, "en")
    kept = {
        f"{name}.{attribute}": value.cache_info().currsize
        for name, module in list(sys.modules.items())
        if name.startswith("textstat.backend.") and ".utils." not in name
        for attribute, value in vars(module).items()
        if hasattr(value, "cache_info") and ".utils." not in value.__module__
    }
    assert len(kept) > 5
    assert {name: size for name, size in kept.items() if size} == {}
