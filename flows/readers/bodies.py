"""Texts as people wrote them: HTML taken off where there is some, doubly encoded letters repaired."""

from __future__ import annotations

import html
import re

import polars as pl

MARKUP = (
    r"(?i)<br\s*/?>|</(?:p|div|strong|em|a|ul|ol|li|span)>"
    r"|<(?:p|div|span|a|ul|ol|li)\s+(?:class|style|href|id|dir|target|rel)\s*="
)
MOJIBAKE = (
    "[ÃÂÐÑâ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013-\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
"""A lead byte of UTF-8 read as cp1252, followed by what a continuation byte is read as."""
MOJIBAKE_SHARE = 0.3
"""Of the fields with a letter beyond ASCII; below it the odd pair of letters is taken as meant."""

_MARKS_IN_A_ROW = r"\p{M}\p{M}\p{M}\p{M}"
_TOWER = r"(\p{M}{30})\p{M}+"
_BLOCKS = {"p", "div", "ul", "ol", "li", "br", "tr", "table", "h1", "h2", "h3", "h4", "blockquote"}
_INLINE = {
    "a",
    "span",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "img",
    "font",
    "td",
    "th",
    "tbody",
    "html",
    "body",
}
_SILENT = {"script", "style", "head", "title"}


_TAG = re.compile(
    r"""<[!?][^<>]*>|<(?P<end>/?)(?P<name>[A-Za-z][^\s/<>]*)(?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*+|[^<>]*+)>""",
)
"""Looks no further than to the next `<`: texts full of tags that never end take no longer than others."""
_ENDLESS_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")


def html_text(markup: str, *, keep_unknown: bool = True) -> str:
    """The text of a piece of HTML, one line per paragraph or list item.

    `keep_unknown`: a tag HTML does not know (`List<String>`) stays as it was written; not so in a document of HTML.
    """
    markup = _without_comments(markup)
    parts: list[str] = []
    silent, at = 0, 0
    for found in _TAG.finditer(markup):
        tag = (found["name"] or "").lower()
        if not silent:
            parts += [
                _unescaped(markup[at : found.start()]),
                _in_place_of(found[0] if keep_unknown else "", tag, is_end=bool(found["end"])),
            ]
        if tag in _SILENT:
            silent = max(0, silent - 1) if found["end"] else silent + 1
        at = found.end()
    if not silent:
        parts.append(_unescaped(markup[at:]))
    lines = (" ".join(line.split()) for line in "".join(parts).replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _in_place_of(written: str, tag: str, *, is_end: bool) -> str:
    if tag == "li":
        return "" if is_end else "\n- "
    if tag in _BLOCKS:
        return "" if is_end and tag == "br" else "\n"
    return "" if not tag or tag in _INLINE | _SILENT else written


def _without_comments(markup: str) -> str:
    kept, at = [], 0
    while (start := markup.find("<!--", at)) >= 0 and (end := markup.find("-->", start)) >= 0:
        kept.append(markup[at:start])
        at = end + 3
    return "".join(kept) + markup[at:]


def _unescaped(text: str) -> str:
    return html.unescape(_ENDLESS_NUMBER.sub("\ufffd", text))


def plain(bodies: pl.Series) -> pl.Series:
    """Bodies with `\\n` line ends, without markup, and empty instead of null."""
    bodies = bodies.fill_null("").str.replace_all("\r\n?", "\n")
    marked = bodies.filter(bodies.str.contains(MARKUP)).unique()
    if marked.is_empty():
        return bodies
    texts = {body: html_text(body) for body in marked}
    return with_few_marks(bodies.replace(list(texts), list(texts.values())))


def with_few_marks(texts: pl.Series) -> pl.Series:
    """Texts without towers of accents: putting a letter's marks into order takes their number squared.

    Thirty are what Unicode's stream-safe text allows; no language needs more than a few.
    """
    # Most texts have no mark of their own at all, and are looked at by bytes alone.
    may = texts.str.contains(_MARKS_IN_A_ROW).fill_null(value=False)
    if not may.any():
        return texts
    return texts.clone().scatter(may.arg_true(), texts.filter(may).str.replace_all(_TOWER, "${1}"))


def repair_mojibake(frame: pl.DataFrame, columns: list[str]) -> tuple[pl.DataFrame, int]:
    """The frame with `JosÃ©` read as it was meant, and how many fields that changed.

    Only where the file as a whole shows the pattern: one writer may mean those letters.
    """
    cells = pl.concat([frame[name].rename("cell") for name in columns]).drop_nulls()
    beyond_ascii = cells.filter(cells.str.contains(r"[^\x00-\x7f]"))
    suspects = beyond_ascii.filter(beyond_ascii.str.contains(MOJIBAKE))
    if suspects.len() == 0 or suspects.len() < MOJIBAKE_SHARE * beyond_ascii.len():
        return frame, 0
    import ftfy

    repaired = {cell: ftfy.fix_encoding(cell) for cell in suspects.unique()}
    changed = {cell: text for cell, text in repaired.items() if cell != text}
    count = int(cells.is_in(list(changed)).sum()) if changed else 0
    if not changed:
        return frame, 0
    return frame.with_columns(pl.col(columns).replace(list(changed), list(changed.values()))), count
