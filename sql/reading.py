"""Reads texts once per (body, language, rule version), and keeps what was read in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from sql import content, kinds, lexicon, load, readability, sentences, text
from sql.content import turn_words, with_words
from sql.frames import fetch, load_frame
from sql.kinds import KINDS
from sql.lexicon import LEXICONS, lexicons, question_cues
from sql.load import LOAD, TECHNOLOGIES, information_load
from sql.readability import READABLE_LANGUAGES

TEXTS_PER_BATCH = 20_000

FEATURES = {
    "sentences": pl.Int64,
    "marked_sentences": pl.Int64,
    "question_sentences": pl.Int64,
    "plain_question_sentences": pl.Int64,
    "request_sentences": pl.Int64,
    **{f"{kind}_sentences": pl.Int64 for kind in KINDS if kind != "reflect"},
    "us_sentences": pl.Int64,
    "you_words": pl.Int64,
    "we_words": pl.Int64,
    "offers_before_ask": pl.Int64,
    "last_kind": pl.String,
}
"""What is counted in a text; all but sentences and questions are null without rules for its language."""

KEPT = {
    "text_counts": "counts",
    "text_stop_words": "counts",
    "text_languages": "languages",
    "text_features": "sentences",
    "text_sentences": "sentences",
    "text_words": "sentences",
    "text_load": "load",
}
"""Table `store.kept_<name>`, seen by SQL as `<name>` in the current version of its part -> part."""

WITHOUT_LANGUAGE = ("counts", "languages")
"""Parts that are read before a text's language is known."""

ERASED = "erased"
"""Rule version of what is known of a text that is no longer held: no later rule can read it again."""
WORDED = ("text_sentences", "text_words")
"""Tables that hold words; of an erased text nothing of them stays."""

Part = Callable[[pl.DataFrame], dict[str, pl.DataFrame]]


@cache
def rule_version(part: str, language: str = "") -> str:
    """A hash of what decides one part of a text in a language: code, rule files, libraries.

    A changed rule file changes the version of its own language alone, the list of technologies that of `load` alone.
    """
    rules = [lexicons()[language].version] if language in lexicons() else [str(question_cues().get(language))]
    stop_words = [f"{name} {known.stop_words}" for name, known in lexicons().items()]
    counting = Path(__file__)
    parts: dict[str, list[str]] = {
        "counts": [_digest(text, sentences, counting), *stop_words],
        "languages": [_digest(text, sentences), _library("py3langid")],
        "sentences": [
            _digest(kinds, sentences, lexicon, content, counting),
            _library("sentencex"),
            _library("snowballstemmer"),
            *rules,
        ],
        "load": [_digest(load, readability, sentences, TECHNOLOGIES)],
    }
    if part == "load" and language in READABLE_LANGUAGES:
        parts["load"] += [_library("textstat"), _digest(*sorted((LEXICONS / "cmudict").rglob("cmudict")))]
    return hashlib.sha256("\n".join(parts[part]).encode()).hexdigest()[:12]


def _digest(*sources: ModuleType | Path) -> str:
    paths = [source if isinstance(source, Path) else Path(str(source.__file__)) for source in sources]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths if path.is_file())).hexdigest()


def _library(name: str) -> str:
    from importlib.metadata import version

    return f"{name} {version(name)}"


def set_versions(connection: Any) -> None:
    """Make `rule_versions` (part, language, rule_version) and the views `text_*`, which show the current rules only.

    Every language that the store has texts in needs its version; call again when languages were decided.
    """
    languages = [""]
    if connection.execute("select count(*) from duckdb_tables() where table_name = 'int_text_wanted'").fetchall()[0][0]:
        languages += [row[0] for row in connection.execute("select distinct language from int_text_wanted").fetchall()]
    rows = [
        (part, language, version)
        for part in set(KEPT.values())
        for language in languages
        for version in (rule_version(part, language), ERASED)
    ]
    load_frame(connection, "rule_versions", pl.DataFrame(rows, ["part", "language", "rule_version"], orient="row"))
    for name, part in KEPT.items():
        language = "''" if part in WITHOUT_LANGUAGE else "kept.language"
        connection.execute(
            f"create or replace view {name} as select kept.* exclude (rule_version) from store.kept_{name} as kept "
            f"inner join rule_versions as versions on versions.part = '{part}' and versions.language = {language} "
            "and kept.rule_version = versions.rule_version"
        )


def count_new_texts(connection: Any) -> int:
    """Words, characters and stop words of every text that lacks them; returns how many were read."""
    wanted = "select body_hash, '' as language from store.bodies anti join text_counts using (body_hash)"
    return _read(connection, "counts", wanted, count_texts)


def detect_new_languages(connection: Any) -> int:
    """The language of the texts in `int_undecided_texts` that lack one; returns how many were read."""
    wanted = "select body_hash, '' as language from int_undecided_texts anti join text_languages using (body_hash)"
    return _read(connection, "languages", wanted, lambda texts: {"text_languages": text.detect_languages(texts)})


def read_new_texts(connection: Any) -> int:
    """Sentences and load of the texts in `int_text_wanted` that lack them; returns how many were read."""
    wanted = """
        select
            wanted.body_hash, wanted.language,
            wanted.takes_up or coalesce(known.takes_up, false) as takes_up,
            wanted.is_taken_up or coalesce(known.is_taken_up, false) as is_taken_up
        from int_text_wanted as wanted
        left join text_features as known using (body_hash, language)
        where
            known.body_hash is null
            or (wanted.takes_up and not known.takes_up)
            or (wanted.is_taken_up and not known.is_taken_up)
        """
    read = _read(connection, "sentences", wanted, classify_texts)
    lacking = "from int_text_wanted anti join text_load using (body_hash, language) where is_opening"
    _read(connection, "load", f"select body_hash, language {lacking}", weigh_texts)
    return read


def forget_old_readings(connection: Any) -> None:
    """Drop what was read by rules, or in languages, that are not in `rule_versions` any more."""
    for name, part in KEPT.items():
        language = "''" if part in WITHOUT_LANGUAGE else "language"
        connection.execute(
            f"""
            delete from store.kept_{name}
            where rule_version != '{ERASED}' and ({language}, rule_version) not in (
                select (language, rule_version) from rule_versions where part = '{part}'
            )
            """
        )


def _read(connection: Any, part: str, wanted: str, reader: Part) -> int:
    """Send the wanted texts through the reader in batches, and keep every table of a batch or none."""
    connection.execute(
        f"""
        create or replace temp table new_texts as
        select wanted.*, bodies.body, versions.rule_version,
            row_number() over (order by wanted.language, wanted.body_hash) - 1 as n
        from ({wanted}) as wanted
        inner join store.bodies as bodies on wanted.body_hash = bodies.body_hash
        inner join rule_versions as versions on versions.part = '{part}' and versions.language = wanted.language
        where versions.rule_version != '{ERASED}'
        """
    )
    (n_texts,) = connection.execute("select count(*) from new_texts").fetchall()[0]
    for texts in _batches(connection, n_texts):
        found = reader(texts.drop("n", "rule_version"))
        for table, rows in found.items():
            keys = ["body_hash"] if part in WITHOUT_LANGUAGE else ["body_hash", "language"]
            versions = texts.select(*keys, "rule_version")
            load_frame(connection, f"read_{table}", rows.join(versions, on=keys, how="left"))
        connection.execute("begin")
        try:
            for table in found:
                connection.execute(f"insert or replace into store.kept_{table} by name from read_{table}")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        for table in found:
            connection.execute(f"drop table read_{table}")
    connection.execute("drop table new_texts")
    return int(n_texts)


def _batches(connection: Any, n_texts: int) -> Iterator[pl.DataFrame]:
    for start in range(0, n_texts, TEXTS_PER_BATCH):
        yield fetch(connection, f"from new_texts where n >= {start} and n < {start + TEXTS_PER_BATCH}")


def count_texts(texts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows for `text_counts` and `text_stop_words` of `body_hash, body`."""
    counts = text.count_words(texts)
    stop_words = (
        counts.unpivot(
            pl.selectors.starts_with("stop_words_"), index="body_hash", variable_name="language", value_name="n"
        )
        .filter(pl.col("n") > 0)
        .with_columns(pl.col("language").str.strip_prefix("stop_words_"))
    )
    return {
        "text_counts": counts.select("body_hash", "words", "chars"),
        "text_stop_words": stop_words,
    }


def classify_texts(texts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows for `text_features`, `text_sentences` and `text_words` of texts in a language.

    `body_hash, language, body`, and what the text is read for: `takes_up`, `is_taken_up`.
    """
    numbered = texts.with_row_index("text_no")
    classified = kinds.classify(sentences.split(numbered))
    features = numbered.join(count_kinds(classified), on="text_no", how="left")
    counts = [name for name, dtype in FEATURES.items() if dtype == pl.Int64]
    is_empty = pl.col("sentences").is_null()
    rows = with_words(
        classified.join(
            numbered.select("text_no", "body_hash", "takes_up", "is_taken_up"), on="text_no", maintain_order="left"
        )
        .with_columns(sentence_no=pl.int_range(1, pl.len() + 1).over("text_no"))
        .filter(pl.col("kind").is_not_null() & (pl.col("takes_up") | pl.col("is_taken_up")))
    )
    keys = ["body_hash", "language"]
    return {
        "text_features": features.with_columns(pl.when(is_empty).then(0).otherwise(pl.col(counts)).name.keep()).select(
            *keys, "takes_up", "is_taken_up", *FEATURES
        ),
        "text_sentences": rows.filter("takes_up").select(
            *keys, "sentence_no", "kind", "rule", "has_hint", "is_of_you", "has_you", "words"
        ),
        "text_words": turn_words(rows.filter("is_taken_up"), keys),
    }


def count_kinds(classified: pl.DataFrame) -> pl.DataFrame:
    """`text_no` and `FEATURES` of classified sentences in order; a text without a sentence has no row."""
    kind, asks = pl.col("kind"), pl.col("kind").str.starts_with("ask_") & (pl.col("kind") != "ask_rhetorical")
    return (
        classified.lazy()
        .with_columns(n_asks=asks.cum_sum().over("text_no"))
        .group_by("text_no", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("sentences"),
            pl.col("has_mark").sum().cast(pl.Int64).alias("marked_sentences"),
            pl.col("is_question").sum().cast(pl.Int64).alias("question_sentences"),
            (pl.col("is_question") & (kind != "social").fill_null(True))
            .sum()
            .cast(pl.Int64)
            .alias("plain_question_sentences"),
            _known(pl.col("is_request").sum()).alias("request_sentences"),
            *(_known((kind == name).sum()).alias(f"{name}_sentences") for name in KINDS if name != "reflect"),
            _known((pl.col("has_we") & ~pl.col("has_you") & (kind != "social")).sum()).alias("us_sentences"),
            _known(pl.col("you_words").sum()).alias("you_words"),
            _known(pl.col("we_words").sum()).alias("we_words"),
            _known(((kind == "tell_offer") & (pl.col("n_asks") == 0)).sum()).alias("offers_before_ask"),
            kind.filter(kind != "social").last().alias("last_kind"),
        )
        .collect()
    )


def _known(count: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("kind").is_not_null().any()).then(count).cast(pl.Int64)


def weigh_texts(texts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows for `text_load` of `body_hash, language, body`."""
    weighed = texts.select("body_hash", "language").hstack(information_load(texts))
    return {"text_load": weighed.select("body_hash", "language", *LOAD)}
