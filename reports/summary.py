"""Two pages of A4 with the gist of a composed page, as PDF."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from reports.pictures import in_light, size
from reports.weekly import as_html
from schemas.errors import UsageError

PAGES = 2
FRONT = ("weekly", "funnel")
BACK = ("talk", "length", "question", "request")
"""Pictures that come first, one below the other, and those that stand side by side behind."""
FITS = (
    (2, 4, 8, 9), (2, 4, 5, 9), (2, 4, 5, 4), (2, 4, 5, 0), (2, 2, 5, 9), (2, 0, 5, 4), (1, 0, 5, 0), (0, 0, 0, 0),
)  # fmt: skip
"""Pictures in front and behind, pairs, explanations: the order in which they give way until two pages hold the rest."""


def as_pdf(page: Mapping[str, Any]) -> bytes:
    """The summary of a composed page on two pages; same page, same bytes.

    Raises UsageError where WeasyPrint, or the system's Pango that it draws text with, is missing.
    """
    weasyprint = _weasyprint()
    figures = {figure.ident: figure for row in page["figures"] for figure in row}
    made = page["facts_of_week"]["published_at"].astimezone(UTC).isoformat()
    front = [figures[name] for name in FRONT if name in figures]
    back = [figures[name] for name in BACK if name in figures]
    for n_front, n_back, n_findings, n_how in FITS:
        shown = {"front": front[:n_front], "back": back[:n_back], "n_findings": n_findings, "n_how": n_how}
        html = as_html({**page, **shown, "made": made, "drawn": _drawn}, "summary.html.j2")
        document = weasyprint.HTML(string=html, url_fetcher=_nothing_from_outside).render(presentational_hints=False)
        if len(document.pages) <= PAGES:
            break
    pdf: bytes = document.copy(document.pages[:PAGES]).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def check_library() -> str:
    """The version of WeasyPrint that is there. Raises UsageError where it, or Pango, is missing."""
    return str(_weasyprint().__version__)


def _weasyprint() -> Any:
    try:
        # Without its libraries it prints an advice of its own to stdout, where our results go.
        with contextlib.redirect_stdout(io.StringIO()):
            import weasyprint
    except ImportError as error:
        raise UsageError(
            "No weekly.pdf: WeasyPrint is not there. Install it with `pip install talkshare[pdf]`."
        ) from error
    except OSError as error:
        raise UsageError(
            "No weekly.pdf: WeasyPrint finds no Pango on this system. Install it, on Debian with "
            "`apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`."
        ) from error
    return weasyprint


def _nothing_from_outside(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"the summary asks for nothing from outside: {url[:40]}")


def _drawn(svg: str) -> str:
    """The picture at its own proportions: WeasyPrint takes none from a view box alone."""
    width, height = size(svg)
    return in_light(svg).replace("<svg", f'<svg width="{width}" height="{height}"', 1)
