"""The text of an HTML mail, without what clients mark as quoted: their own marks are surer than any rule for text."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser as HTMLParser

from flows.readers.bodies import html_text

MARKUP_LIMIT = 4 << 20
"""Characters of markup that are read; what follows is quotes of quotes."""
DEPTH_LIMIT = 2000
"""Tags left open; the parser's time grows with the square of their depth, so beyond it nothing is cut by structure."""

QUOTES = (
    "blockquote.gmail_quote", "div.gmail_quote_container", "div.gmail_quote", ".gmail_attr", "blockquote[type=cite]",
    ".moz-cite-prefix", "#appendonsend ~ *", "#divRplyFwdMsg ~ *", "#divRplyFwdMsg", "#appendonsend",
    "#mail-editor-reference-message-container", "#x_divRplyFwdMsg ~ *", "#x_divRplyFwdMsg", ".yahoo_quoted",
    ".protonmail_quote", ".tutanota_quote", ".zmail_extra", ".freshdesk_quote", ".front-blockquote", ".hs_reply",
    ".outreach-quote", ".missive_quote", "#OLK_SRC_BODY_SECTION", "#OLK_SRC_BODY_SECTION ~ *",
)  # fmt: skip
_OPENED = re.compile(r"<(?!(?:br|p|li|img|hr|td|tr|meta|input)\b)[a-z]", re.IGNORECASE)
_OUTLOOK_RULE = "div[style*='border-top']"
_OUTLOOK_STYLE = re.compile(r"border:\s*none;\s*border-top:\s*solid\s+#[0-9a-f]{6}\s+1\.0pt", re.IGNORECASE)
_DROPPED = ["script", "style", "head", "title", "img", "object", "iframe", "noscript", "template", "svg"]


def text_of(markup: str) -> tuple[str, bool]:
    """The mail's text without its quotes, and whether any were found.

    Quotes stay where nothing else would be left: then the mail is a forward, or all of it stands inside.
    """
    markup = markup[:MARKUP_LIMIT]
    if len(_OPENED.findall(markup)) - markup.count("</") > DEPTH_LIMIT:
        return html_text(markup, keep_unknown=False), False
    tree = _parsed(markup)
    found = _drop_quotes(tree)
    text = _text(tree)
    if found and not text:
        return _text(_parsed(markup)), False
    return text, found


def _parsed(markup: str) -> HTMLParser:
    tree = HTMLParser(markup)
    tree.strip_tags(_DROPPED)
    return tree


def _drop_quotes(tree: HTMLParser) -> bool:
    found = False
    for selector in QUOTES:
        for node in tree.css(selector):
            node.decompose()
            found = True
    for node in tree.css(_OUTLOOK_RULE):
        if _OUTLOOK_STYLE.search(node.attributes.get("style") or ""):
            _drop_from(node)
            found = True
            break
    return found


def _drop_from(node: object) -> None:
    """Outlook's header block and everything after it, in its own box and in the boxes around it."""
    at: object = node
    following = []
    while at is not None and getattr(at, "tag", "body") != "body":
        beside = at.next  # type: ignore[attr-defined]
        while beside is not None:
            following.append(beside)
            beside = beside.next
        at = at.parent  # type: ignore[attr-defined]
    for other in following:
        other.decompose()
    node.decompose()  # type: ignore[attr-defined]


def _text(tree: HTMLParser) -> str:
    if tree.root is None:
        return ""
    return html_text(tree.html or "", keep_unknown=False)
