"""A composed page as a mail: text that stands alone, HTML with pictures, the summary attached."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping
from datetime import date
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from reports import words
from reports.addresses import NOT_FOR_HEADERS
from reports.figure import Figure
from reports.pictures import as_png, light
from reports.weekly import as_html

PICTURES = ("weekly", "funnel", "talk")
"""Those that are drawn, in this order, at most two."""
MOST_PICTURES = 2
LONGEST_SUBJECT = 160
WIDTH = 78


def message(page: Mapping[str, Any], *, sender: Address, recipient: Address, pdf: bytes | None) -> EmailMessage:
    """The week's mail to one recipient; same page, same recipient, same bytes, the date and id among them.

    multipart/mixed of multipart/alternative (text; multipart/related of HTML and its PNGs) and the PDF.
    """
    week: date = page["facts_of_week"]["week"]
    year, number, _ = week.isocalendar()
    drawn = _pictures(page)
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = subject(page)
    mail["From"], mail["To"] = sender, recipient
    mail["Date"] = format_datetime(page["facts_of_week"]["published_at"])
    mail["Message-ID"] = message_id(week, sender, recipient)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(as_text(page, has_pdf=pdf is not None), cte="quoted-printable")
    ids = [f"{figure.ident}.{week.isoformat()}@talkshare" for figure in drawn]
    attached = words.attached(pdf is not None)
    pictures = list(zip(drawn, ids, strict=True))
    html = as_html({**page, "light": light(), "pictures": pictures, "attached": attached}, "mail.html.j2")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    *_, laid_out = mail.iter_parts()
    for figure, cid in pictures:
        assert figure.picture and isinstance(laid_out, EmailMessage)
        name = f"{figure.ident}.png"
        laid_out.add_related(
            as_png(figure.picture.narrow), "image", "png", cid=f"<{cid}>", filename=name, disposition="inline"
        )
    if pdf is not None:
        name = f"weekly-{year}-W{number:02d}.pdf"
        mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    _set_boundaries(mail)
    return mail


def subject(page: Mapping[str, Any]) -> str:
    """The week's finding without its numbers, then what it is about; one line, whatever a title holds.

    Where the replies are as usual and something else is not, that is the finding.
    """
    lead, _ = words.lead(page["points"][0])
    odd = [item["is_odd"] for item in page["tiles"]["items"]]
    finding = page["tiles"]["headline"] if any(odd) and not odd[0] else lead.partition(": ")[0].rstrip(".")
    text = " ".join(NOT_FOR_HEADERS.sub(" ", f"{finding} · {page['head']['title']}").split())
    return textwrap.shorten(text, LONGEST_SUBJECT, placeholder=" …")


def message_id(week: date, sender: Address, recipient: Address) -> str:
    """The same for one week and recipient, so that a server that gets it twice can tell."""
    digest = hashlib.sha256(f"{week.isoformat()} {sender.addr_spec} {recipient.addr_spec.casefold()}".encode())
    year, number, _ = week.isocalendar()
    return f"<talkshare.{year}-W{number:02d}.{digest.hexdigest()[:24]}@{sender.domain}>"


def as_text(page: Mapping[str, Any], *, has_pdf: bool) -> str:
    """The same for readers of plain text, in lines of at most 78 characters."""
    head, tiles, labels = page["head"], page["tiles"], page["labels"]
    parts = [_headed(head["title"], "="), f"{head['made_at']} {head['covered']}", _headed(labels["main_points"])]
    parts += [f"* {point}" for point in page["points"]]
    parts += [_headed(tiles["headline"]), "\n".join(words.figure_line(row) for row in tiles["table"].rows)]
    for figure in _pictures(page):
        parts += [_headed(figure.headline), figure.alt]
    parts += [_headed(page["findings"]["headline"])]
    if page["findings"]["rows"]:
        parts += [f"{words.FINDINGS_SUBTITLE} {page['findings']['missed']}".strip()]
    parts += [words.NOT_FOR_DECISIONS, f"{words.attached(has_pdf)} {page['footer']}".strip()]
    return "\n\n".join(_wrapped(part) for part in parts if part) + "\n"


def _headed(text: str, line: str = "-") -> str:
    return f"{text}\n{line * min(len(text), WIDTH)}"


def _wrapped(text: str) -> str:
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  " if line.startswith("* ") else "", break_on_hyphens=False)
        for line in text.splitlines()
    )


def _pictures(page: Mapping[str, Any]) -> list[Figure]:
    figures = {figure.ident: figure for row in page["figures"] for figure in row}
    drawn = [figures[name] for name in PICTURES if name in figures and figures[name].picture]
    return drawn[:MOST_PICTURES]


def _set_boundaries(mail: EmailMessage) -> None:
    """Boundaries made from the content: Python's own are drawn anew each time, and nobody can write these into it."""
    content = hashlib.sha256()
    for part in mail.walk():
        payload = part.get_payload(decode=True)
        content.update(payload if isinstance(payload, bytes) else b"")
    for place, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{content.hexdigest()[:32]}_{place}")
