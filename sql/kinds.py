"""What each sentence does: one of ten kinds, and whether it is a question and a request."""

from __future__ import annotations

import polars as pl

from sql.lexicon import Lexicon, lexicons, question_cues
from sql.sentences import look

KINDS = (
    "ask_open",
    "ask_closed",
    "ask_permission",
    "ask_process",
    "ask_rhetorical",
    "tell_offer",
    "tell_self",
    "tell_other",
    "reflect",
    "social",
)
"""As docs/sentence_kinds.md defines them; `reflect` needs the turn before and is decided in SQL."""

DECISIONS = {
    "pleasantry": "social",
    "permission": "ask_permission",
    "rhetorical": "ask_rhetorical",
    "process": "ask_process",
    "open": "ask_open",
    "closed": "ask_closed",
    "social": "social",
    "demand": "ask_process",
    "question": "ask_closed",
    "other": "tell_other",
    "bullet": "tell_offer",
    "offer": "tell_offer",
    "self": "tell_self",
    "topic": "tell_offer",
    "name": "social",
    "rest": "tell_other",
}
"""Rule -> kind, in the order in which the rules are tried; the first that holds decides."""

ASK_RULES = ("rhetorical", "process", "open", "closed", "demand", "question")
"""The rules that look only at a question, a request or an indirect question."""

SIGNATURE = "signature"
"""The rule for short lines below a closing, which only their place gives away."""

_WORDS_WITH_CAPITALS = r"\p{Lu}[\p{L}\p{M}'’.\-]*(?:\s+\p{Lu}[\p{L}\p{M}'’.\-]*){0,2}[\s.,!\p{S}]*$"
_DASHED_NAME = rf"^(?:[~–—]\s*|-){_WORDS_WITH_CAPITALS}"
_NAME = rf"^(?:[~–—]\s*|-)?{_WORDS_WITH_CAPITALS}"
_LONGEST_SIGNATURE_CHARS = 60
_RULED = {
    "is_request": pl.Boolean,
    "rule": pl.String,
    "kind": pl.String,
    "is_closing": pl.Boolean,
    "is_outside": pl.Boolean,
    "has_hint": pl.Boolean,
    "is_of_you": pl.Boolean,
    "has_you": pl.Boolean,
    "has_we": pl.Boolean,
    "you_words": pl.Int64,
    "we_words": pl.Int64,
}


def classify(sentences: pl.DataFrame) -> pl.DataFrame:
    """Kinds of sentences in their place: sentences as `split` gives them -> the same rows, with `has_mark`,
    `is_question`, `is_request`, `rule`, `kind`, what a reflection is told by (`has_hint`, `is_of_you`, `has_you`),
    and how many words speak of the reader and of us (`you_words`, `we_words`, `has_we`).

    Lines that a program or a template adds are left out. Without rules for a language all but the mark and
    `is_question` are null.
    """
    alone = classify_alone(sentences.select("language", "sentence", "is_bullet").unique())
    is_last = pl.col("text_no") != pl.col("text_no").shift(-1)
    is_listed = pl.col("is_bullet").shift(1) & (pl.col("text_no") == pl.col("text_no").shift(1))
    closing_line = pl.col("line_no").filter(pl.col("is_closing")).min().over("text_no")
    is_signature = pl.col("is_alone") & ~pl.col("is_ended") & pl.col("kind").str.starts_with("tell_")
    is_short = pl.col("sentence").str.len_chars() <= _LONGEST_SIGNATURE_CHARS
    return (
        sentences.lazy()
        .join(alone.lazy(), on=["language", "sentence", "is_bullet"], how="left", maintain_order="left")
        .filter(~pl.col("is_outside").fill_null(False))
        .with_columns(
            is_signed=(pl.col("line_no") > closing_line).fill_null(False),
            is_last=is_last.fill_null(True) & ~is_listed.fill_null(False),
        )
        .with_columns(
            rule=pl.when(pl.col("is_signed") & is_signature & is_short)
            .then(pl.lit(SIGNATURE))
            .when((pl.col("rule") == "name") & ~pl.col("is_last") & ~pl.col("is_signed"))
            .then(pl.when("is_bullet").then(pl.lit("bullet")).otherwise(pl.lit("rest")))
            .otherwise("rule")
        )
        .with_columns(kind=pl.col("rule").replace_strict({**DECISIONS, SIGNATURE: "social"}, return_dtype=pl.String))
        .drop("is_signed", "is_last", "is_closing", "is_outside", "is_ended", "line_no", "is_alone")
        .collect()
    )


def classify_alone(sentences: pl.DataFrame) -> pl.DataFrame:
    """The same for distinct sentences, wherever they stand: `language, sentence, is_bullet` -> those and the rest."""

    found = []
    for (language,), part in sentences.group_by("language", maintain_order=True):
        if lexicon := lexicons().get(str(language)):
            found.append(_ruled(part, lexicon))
        else:
            found.append(_unsupported(part, str(language)))
    return pl.concat(found) if found else _unsupported(sentences, "")


def _unsupported(sentences: pl.DataFrame, language: str) -> pl.DataFrame:
    unknown = {name: pl.lit(None, dtype) for name, dtype in _RULED.items()}
    grammar = question_cues().get(language)
    by_grammar = pl.col("normal").str.contains(grammar) if grammar else pl.lit(False)
    return (
        look(sentences.lazy())
        .with_columns(is_question=_is_question(by_grammar), **unknown)
        .select("language", "sentence", "is_bullet", "has_mark", "is_ended", "is_question", *_RULED)
        .collect()
    )


def _is_question(by_grammar: pl.Expr) -> pl.Expr:
    """By its mark; grammar is asked only where no mark ends the sentence: on punctuated text it costs precision."""
    return pl.col("has_mark") | (~pl.col("is_ended") & by_grammar)


def _ruled(sentences: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    def says(cue: str) -> pl.Expr:
        return pl.col("core").str.contains(lexicon.cues[cue])

    looked = (
        look(sentences.lazy())
        .with_columns(core=pl.col("normal").str.replace(lexicon.cues["greeting"], " "))
        .with_columns(
            is_question=_is_question(says("question")),
            is_request=says("request") & ~says("other"),
            is_outside=says("boilerplate"),
            is_closing=pl.col("normal").str.contains(lexicon.cues["closing"]),
            has_hint=pl.col("normal").str.contains(lexicon.cues["reflect"]),
            you_words=pl.col("sentence").str.count_matches(lexicon.you).cast(pl.Int64),
            we_words=pl.col("sentence").str.count_matches(lexicon.we).cast(pl.Int64),
        )
        .with_columns(
            is_of_you=pl.col("sentence").str.contains(rf"^(?:\w+,? ){{0,2}}{lexicon.you}"),
            has_you=pl.col("you_words") > 0,
            has_we=pl.col("we_words") > 0,
            asks=pl.col("is_question") | pl.col("is_request") | says("indirect"),
        )
        .collect()
    )
    holds = {
        "rhetorical": pl.col("is_question") & says("rhetorical"),
        "social": says("social") | pl.col("is_closing"),
        "demand": pl.col("is_request") & ~pl.col("is_question"),
        "question": pl.col("asks"),
        "bullet": pl.col("is_bullet") & ~pl.col("sentence").str.contains(_DASHED_NAME),
        "name": pl.col("sentence").str.contains(_NAME),
        "rest": pl.lit(True),
    }
    rules = list(DECISIONS)
    of_asks, of_others = rules[: rules.index("question") + 1], [rule for rule in rules if rule not in ASK_RULES]
    # Ask rules are the dearest, and decide nothing in the three sentences of four that do not ask.
    parts = [
        looked.lazy()
        .filter(pl.col("asks") == asks)
        .with_columns(
            rule=pl.coalesce(
                *(pl.when(holds[rule] if rule in holds else says(rule)).then(pl.lit(rule)) for rule in tried)
            )
        )
        for asks, tried in ((True, of_asks), (False, of_others))
    ]
    return (
        pl.concat(parts)
        .with_columns(
            kind=pl.col("rule").replace_strict(DECISIONS, return_dtype=pl.String),
            is_request=(pl.col("rule") == "process")
            | (pl.col("is_request") & ~pl.col("rule").is_in(["pleasantry", "permission", "rhetorical", "social"])),
        )
        .select("language", "sentence", "is_bullet", "has_mark", "is_ended", "is_question", *_RULED)
        .collect()
    )
