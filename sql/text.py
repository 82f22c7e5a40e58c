"""What a word, a sentence, a question and a request are, and how readable a text is: one row of counts per text."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

LEXICONS = Path(__file__).parent / "lexicons"
UNDECIDED = "und"

WORD = r"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*"
ADDRESS = r"(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!)\]]|[^\s<>@]{1,64}@[^\s<>@]{1,190}\.[^\s<>@.,;:!?)]{2,63}"
"""Lengths are bounded, or a megabyte without a space would take for ever."""
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ーｰ]"
QUESTION_MARKS = "?\uff1f\u061f\u037e\u055e\u1367\u2047\u2048\u2049\u2e2e\ua60f\ufe16\ufe56"
"""Latin, full-width, Arabic, Greek, Armenian, Ethiopic, doubled and mixed marks, reversed, Vai, vertical, small."""

READABLE_LANGUAGES = ("en", "de", "fr", "es")
"""Where textstat has constants of its own; elsewhere it would score with English ones, so we give NULL."""
LONGEST_READABLE_CHARS = 20_000
LONGEST_READABLE_TOKEN = 60
LONGEST_SENTENCE_CHARS = 2_000
"""Phrases are looked for in so much of a sentence; nobody writes a longer one."""

_ADDRESS = re.compile(ADDRESS)
_MARK = re.compile(f"[{re.escape(QUESTION_MARKS)}]")
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")
_LETTER = re.compile(r"\w")
_LONGEST_SOCIAL_CHARS = 80


@dataclass(frozen=True)
class Lexicon:
    """The rules of one language, read from its file."""

    language: str
    stop_words: tuple[str, ...]
    requests: re.Pattern[str]
    social: re.Pattern[str]


@cache
def lexicons() -> dict[str, Lexicon]:
    """Every language that has rules: ISO 639-1 code -> lexicon."""
    found = {}
    for path in sorted(LEXICONS.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = Lexicon(
            language=path.stem,
            stop_words=tuple(content["stop_words"]),
            requests=re.compile("|".join(content["requests"])),
            social=re.compile("|".join(content["social"])),
        )
    return found


@cache
def rule_version() -> str:
    """A hash of this module, the lexicons and the libraries behind them: a changed rule is a new version."""
    import sentencex
    import textstat

    digest = hashlib.sha256()
    for path in [
        Path(__file__),
        *sorted(LEXICONS.glob("*.toml")),
        *sorted((LEXICONS / "cmudict").rglob("cmudict")),
    ]:
        if path.is_file():
            digest.update(path.read_bytes())
    for library in (textstat, sentencex):
        digest.update(str(getattr(library, "__version__", library.__name__)).encode())
    return digest.hexdigest()[:12]


def count_words(texts: pl.DataFrame) -> pl.DataFrame:
    """Language-free counts per text: `body_hash, body` -> `body_hash, words, chars, template_id, stop_words_<lang>...`.

    `words` is null for a text mostly in a script without spaces; `chars` counts the trimmed text.
    """
    plain = pl.col("body").str.replace_all(ADDRESS, " ")
    unspaced = plain.str.count_matches(UNSPACED)
    letters = plain.str.count_matches(r"[\p{L}\p{N}]")
    # Two spaces between words, so that each can be matched with its own space on either side.
    spaced = _folded(plain).str.extract_all(r"[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)*").list.join("  ")
    return (
        texts.lazy()
        .with_columns(spaced=pl.concat_str(pl.lit(" "), spaced, pl.lit(" ")))
        .select(
            "body_hash",
            words=pl.when(unspaced * 2 > letters).then(None).otherwise(plain.str.count_matches(WORD)).cast(pl.Int64),
            chars=pl.col("body").str.strip_chars().str.len_chars().cast(pl.Int64),
            template_id=_template(pl.col("body")),
            **{
                f"stop_words_{language}": pl.col("spaced")
                .str.count_matches("|".join(f" {re.escape(word)} " for word in lexicon.stop_words))
                .cast(pl.Int64)
                for language, lexicon in lexicons().items()
            },
        )
        .collect()
    )


def classify(texts: pl.DataFrame) -> pl.DataFrame:
    """Counts per text and language: `body_hash, language, body, is_opening` -> one row each of `FEATURES`."""
    rows = [
        (
            body_hash,
            language,
            *sentence_counts(body, language),
            readability(body, language) if is_opening else None,
        )
        for body_hash, language, body, is_opening in texts.select(
            "body_hash", "language", "body", "is_opening"
        ).iter_rows()
    ]
    _forget_readability()
    return pl.DataFrame(rows, schema=FEATURES, orient="row")


FEATURES: dict[str, Any] = {
    "body_hash": pl.String,
    "language": pl.String,
    "sentences": pl.Int64,
    "social_sentences": pl.Int64,
    "question_sentences": pl.Int64,
    "request_sentences": pl.Int64,
    "flesch_reading_ease": pl.Float64,
}


def sentence_counts(body: str, language: str) -> tuple[int, int, int, int | None]:
    """Sentences, social ones, those with a question mark, those that ask to act (None without rules).

    A sentence that carries a question mark or a request is never social.
    """
    lexicon = lexicons().get(language)
    sentences = split_sentences(body, language)
    questions = [bool(_MARK.search(sentence)) for sentence in sentences]
    if lexicon is None:
        return len(sentences), 0, sum(questions), None
    folded = [sentence[:LONGEST_SENTENCE_CHARS].lower().translate(_APOSTROPHES) for sentence in sentences]
    requests = [bool(lexicon.requests.search(sentence)) for sentence in folded]
    social = [
        not asks and not demands and len(sentence) <= _LONGEST_SOCIAL_CHARS and bool(lexicon.social.search(sentence))
        for sentence, asks, demands in zip(folded, questions, requests, strict=True)
    ]
    return len(sentences), sum(social), sum(questions), sum(requests)


def split_sentences(body: str, language: str) -> list[str]:
    """The sentences of a text: line breaks end one; addresses are masked, so that no mark in them counts.

    Pieces without a letter or digit are no sentences, unless they carry a question mark.
    """
    import sentencex

    code = language if language in lexicons() else "en"
    pieces = (
        piece.strip()
        for line in _ADDRESS.sub(" ", body).splitlines()
        if line.strip()
        for piece in sentencex.segment(code, line)
    )
    return [piece for piece in pieces if _LETTER.search(piece) or _MARK.search(piece)]


def readability(body: str, language: str) -> float | None:
    """Flesch reading ease by textstat in the text's own language; None where textstat has no constants for it,
    or where the text has no word. Addresses are taken out, long texts and tokens are cut first."""
    if language not in READABLE_LANGUAGES:
        return None
    text = _ADDRESS.sub(" ", body[:LONGEST_READABLE_CHARS])
    text = " ".join(token for token in text.split() if len(token) <= LONGEST_READABLE_TOKEN)
    if not re.search(r"[^\W\d_]", text):
        return None
    scorer = _textstat()
    scorer.set_lang(language)
    score: float = scorer.flesch_reading_ease(text)
    return score


@cache
def _textstat() -> Any:
    import nltk
    import textstat

    nltk.data.path.insert(0, str(LEXICONS / "cmudict"))
    return textstat.textstat


def _forget_readability() -> None:
    """textstat keeps every text it ever saw; only its dictionaries are worth keeping."""
    import sys

    for name, module in list(sys.modules.items()):
        if name.startswith("textstat.backend.") and ".utils." not in name:
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and ".utils." not in value.__module__:
                    value.cache_clear()


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all("[’ʼ`´]", "'")


def _template(body: pl.Expr) -> pl.Expr:
    """Texts that differ only in their first line's name, numbers and addresses share an id."""
    masked = (
        _folded(body)
        .str.replace_all(ADDRESS, " ")
        .str.replace(r"^\s*\S+(?:\s+\S+){0,3}?\s*[,!:–-]", "")
        .str.replace_all(r"\p{N}+", "0")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    return masked.map_batches(
        lambda column: pl.Series(
            [None if text is None else hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for text in column],
            dtype=pl.String,
        ),
        return_dtype=pl.String,
    )
