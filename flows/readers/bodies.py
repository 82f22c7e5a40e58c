"""Texts as people wrote them: HTML taken off where there is some, doubly encoded letters repaired."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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


class _Text(HTMLParser):
    """Collects the text; a tag HTML does not know (`List<String>`) stays as it was written, where that is wanted."""

    def __init__(self, *, keep_unknown: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.keep_unknown = keep_unknown
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif self.keep_unknown and tag not in _INLINE:
            self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _BLOCKS - {"br", "li"}:
            self.parts.append("\n")
        elif self.keep_unknown and tag not in _INLINE | _BLOCKS:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def html_text(markup: str, *, keep_unknown: bool = True) -> str:
    """The text of a piece of HTML, one line per paragraph or list item.

    `keep_unknown`: what looks like a tag and is none of HTML's is text, as in a chat; not so in a document of HTML.
    """
    parser = _Text(keep_unknown=keep_unknown)
    parser.feed(markup)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def plain(bodies: pl.Series) -> pl.Series:
    """Bodies with `\\n` line ends, without markup, and empty instead of null."""
    bodies = bodies.fill_null("").str.replace_all("\r\n?", "\n")
    marked = bodies.filter(bodies.str.contains(MARKUP)).unique()
    if marked.is_empty():
        return bodies
    texts = {body: html_text(body) for body in marked}
    return bodies.replace(list(texts), list(texts.values()))


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
