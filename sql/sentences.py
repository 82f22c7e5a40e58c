"""Sentences of texts, and the normal form in which rules look at them."""

from __future__ import annotations

import re

import polars as pl

ADDRESS = r"(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!)\]]|[^\s<>@]{1,64}@[^\s<>@]{1,190}\.[^\s<>@.,;:!?)]{2,63}"
"""Lengths are bounded, or a megabyte without a space would take for ever."""
LONGEST_SENTENCE_CHARS = 2_000
"""Rules look at so much of a sentence; nobody writes a longer one."""
QUESTION_MARKS = "?\uff1f\u061f\u037e\u055e\u1367\u2047\u2048\u2049\u2e2e\ua60f\ufe16\ufe56"
"""Latin, full-width, Arabic, Greek, Armenian, Ethiopic, doubled and mixed marks, reversed, Vai, vertical, small."""
BULLET = r"^[ \t]*(?:[-*•·▪▫◦‣∙●○■□◆◇★☆➤➔→»✓✔✅🔹🔸👉📍💰🚀⭐–—]|\(?[0-9a-z]{1,2}[.)]\s)\s*[\p{L}\p{N}€$£<+]"
"""A line that begins like the item of a list."""
QUOTED_LINE = r"^(?:>|\|)"
"""A line that an e-mail program marks as somebody else's words."""

_MARKS = "[" + re.escape(QUESTION_MARKS) + "]"
_SPOKEN = r"[\p{L}\p{N}]|" + _MARKS
_QUOTES = '"“”„«»‹›'
_QUOTED_QUESTION = f'(["“„«‹][^{_QUOTES}]{{2,300}}){_MARKS}+([^{_QUOTES}]{{0,2}}["”“»›])'
_OPENING_MARK = "¿"
_ENDED = r"[.!…。！:;—–-](?:[^\p{L}\p{N}]|\[\p{N}+\])*$"
_TWO_SENTENCES = r"[.!?…。！？][\p{P}\p{S}]*\s*[^\s.!?…。！？\p{P}\p{S}]"
_LINE_BREAKS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def split(texts: pl.DataFrame) -> pl.DataFrame:
    """The sentences of texts: `text_no, language, body` -> `text_no, line_no, language, sentence,
    is_bullet, is_alone` (on its line), in order.

    Line breaks end a sentence, as do two spaces or an emoji before a capital. Addresses are masked, so that no mark in
    them counts; lines that quote somebody are outside. Pieces without a letter or digit are no sentences, unless
    they carry a question mark.
    """
    lines = (
        texts.lazy()
        .select(
            "text_no",
            "language",
            line=without_addresses(texts["body"]).str.replace_all(f"[{_LINE_BREAKS}]", "\n").str.split("\n"),
        )
        .explode("line")
        .collect()
    )
    # Lines repeat far more often than texts, so everything else happens once per distinct line.
    distinct = lines.select("language", "line").unique().with_row_index("line_id")
    return (
        lines.lazy()
        .with_row_index("line_no")
        .join(distinct.lazy(), on=["language", "line"], how="left", maintain_order="left")
        .join(_split_lines(distinct).lazy(), on="line_id", maintain_order="left_right")
        .select("text_no", "line_no", "language", "sentence", "is_bullet", "is_alone")
        .collect()
    )


def _split_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """The sentences of lines: `line_id, language, line` -> `line_id, sentence, is_bullet, is_alone`, in order."""
    parts = (
        lines.lazy()
        .with_columns(pl.col("line").str.strip_chars())
        .filter(~pl.col("line").str.contains(QUOTED_LINE))
        .with_columns(
            part=pl.col("line")
            .str.replace_all(r"[ \t]{2,}(\p{Lu})", "\n${1}")
            .str.replace_all(r"(\p{Ll}{2}[.!?])(\p{Lu}\p{Ll}{2})", "${1} ${2}")
            .str.replace_all(r"([\p{L}\p{N}.,!?)] ?\p{So}[\p{M}\p{Sk}\p{So}\x{200D}]*)\s+(\p{Lu})", "${1}\n${2}")
            .str.split("\n")
        )
        .explode("part")
        .with_columns(_without_quoted_questions(pl.col("part").str.strip_chars()))
        .filter(pl.col("part").str.contains(_SPOKEN))
        .with_columns(is_bullet=pl.col("part").str.contains(BULLET), part_no=pl.int_range(pl.len()))
        .collect()
    )
    has_more = parts["part"].str.contains(_TWO_SENTENCES)
    several = _segments(parts.filter(has_more)).join(parts.drop("part"), on="part_no", maintain_order="left")
    return (
        pl.concat([parts.filter(~has_more).rename({"part": "sentence"}), several], how="diagonal")
        .lazy()
        .with_columns(pl.col("sentence").str.strip_chars())
        .filter(pl.col("sentence").str.contains(_SPOKEN))
        .sort("part_no", maintain_order=True)
        .with_columns(is_alone=pl.len().over("part_no") == 1)
        .select("line_id", "sentence", "is_bullet", "is_alone")
        .collect()
    )


def _segments(parts: pl.DataFrame) -> pl.DataFrame:
    """`part_no, language, part` -> `part_no, sentence`; flat lists, since nested ones take long to become a column."""
    import sentencex

    numbers: list[int] = []
    pieces: list[str] = []
    for number, language, part in parts.select("part_no", "language", "part").iter_rows():
        found = _whole_names(sentencex.segment(language, part))
        pieces += found
        numbers += [number] * len(found)
    return pl.DataFrame({"part_no": pl.Series(numbers, dtype=pl.Int64), "sentence": pl.Series(pieces, dtype=pl.String)})


def _whole_names(pieces: list[str]) -> list[str]:
    """Puts together what is no sentence's end: the stop before a name (" .NET") and in one ("K.-o.-Kriterium")."""
    found: list[str] = []
    for piece in pieces:
        if found and (found[-1].endswith(" .") or (piece.startswith("-") and not found[-1][-1:].isspace())):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def without_addresses(bodies: pl.Series) -> pl.Series:
    """Texts with every web and mail address masked; the pattern is dear, so it meets only texts that can hold one."""
    may = bodies.str.contains_any(["://", "www.", "@"])
    return bodies.clone().scatter(may.arg_true(), bodies.filter(may).str.replace_all(ADDRESS, " "))


def _without_quoted_questions(line: pl.Expr) -> pl.Expr:
    """A question that the writer only quotes loses its mark; a line that is nothing but a quotation keeps it."""
    is_all = line.str.contains(f'^["“„«‹][^{_QUOTES}]*["”“»›]?$')
    return pl.when(is_all).then(line).otherwise(line.str.replace_all(_QUOTED_QUESTION, "${1}.${2}"))


def look(sentences: pl.LazyFrame) -> pl.LazyFrame:
    """What punctuation says: adds `has_mark`, `is_ended` (by a full stop, exclamation mark or dash) and `normal`."""
    sentence = pl.col("sentence").str.slice(0, LONGEST_SENTENCE_CHARS)
    return sentences.with_columns(
        has_mark=sentence.str.contains(f"{_MARKS}|{_OPENING_MARK}"),
        is_ended=sentence.str.contains(_ENDED),
        normal=normal_form(sentence),
    )


def normal_form(sentence: pl.Expr) -> pl.Expr:
    """Lower case, straight apostrophes, numbers as `0`, `,` for every pause, one space around every word."""
    return pl.concat_str(
        pl.lit(" "),
        sentence.str.to_lowercase()
        .str.replace_all("[’ʼ`´]", "'")
        .str.replace_all(r"\s'\s(t|s|re|ve|ll|d|m)\s", "'${1} ")
        .str.replace_all(r"\p{N}+(?:[.,:]\p{N}+)*", "0")
        .str.replace_many(["€", "$", "£"], [" eur ", " usd ", " gbp "])
        .str.replace_all(_MARKS, " ? ")
        .str.replace_all(r"(?:[,;:()!¡¿…/|\"“”„«»]|\s[-–—]\s|[–—])+", " , ")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}',?%+#&]+", " ")
        .str.strip_chars_start(" ,")
        .str.strip_chars_end(" "),
        pl.lit(" "),
    )
