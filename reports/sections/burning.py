"""Won and lost people: the burn ledger and re-contact, from `burn_ledger` and `recontact`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import charts
from reports.estimates import Finding, Rate
from reports.figure import Figure, Table
from reports.sections.funnel import STYLES
from reports.words import burning as words

CLAIM = 10.0


@dataclass(frozen=True)
class Account:
    """People by the style of the first approach to them; `ratio` = lost for one won, with its interval."""

    style: str
    n: int
    fates: Mapping[str, int | None]
    ratio: tuple[float, float, float] | None
    against_ten: str
    reason: str


@dataclass(frozen=True)
class Ledger:
    """Everybody first, then the styles; beside them how people answer when approached again."""

    accounts: tuple[Account, ...] = ()
    share_again: Rate | None = None
    reply_again: Rate | None = None

    @property
    def everybody(self) -> Account | None:
        """All styles together."""
        return next((account for account in self.accounts if account.style == "all"), None)


def read(burn_ledger: pl.DataFrame, recontact: pl.DataFrame) -> Ledger:
    """The rows of both tables as records; withheld and refused numbers stay None."""
    known = {} if burn_ledger.is_empty() else {row["first_style"]: row for row in burn_ledger.iter_rows(named=True)}
    accounts = tuple(_account(known[style]) for style in ("all", *STYLES) if style in known)
    again = [] if recontact.is_empty() else recontact.filter(split="earlier style", value="all").to_dicts()
    if not again:
        return Ledger(accounts)
    row = again[0]
    return Ledger(
        accounts,
        _rate(row, "n_approached_again", "n_not_won", "share_approached_again", "again"),
        _rate(row, "n_replied", "n_judged", "reply_rate", "reply"),
    )


def _account(row: Mapping[str, Any]) -> Account:
    fates = {name: row[f"n_{name}"] for name in words.FATES}
    ratio = None
    if row["lost_per_won"] is not None and row["low"] is not None and row["high"] is not None:
        ratio = (row["lost_per_won"], row["low"], row["high"])
    return Account(
        row["first_style"], int(row["n_candidates"] or 0), fates, ratio, row["ten_times"] or "", row["reason"] or ""
    )


def _rate(row: Mapping[str, Any], yes: str, of: str, value: str, ends: str) -> Rate | None:
    if row[value] is None or row[yes] is None:
        return None
    return Rate(int(row[yes]), int(row[of]), row[value], row[f"{ends}_low"], row[f"{ends}_high"])


def figure(ledger: Ledger, finding: Finding | None) -> Figure:
    """Dots of lost for one won, with the claimed ten as a line; `finding` = what goes with having sold first before."""
    headline = words.headline(ledger)
    notes = words.notes(ledger, finding)
    rated = [account for account in ledger.accounts if account.ratio]
    if not rated:
        return Figure("burning", headline, instead=words.instead(ledger), over=words.OVER)
    top = _end(max(account.ratio[2] for account in rated if account.ratio))
    step = top / 4 if top > 12 else 3.0
    rows = [_bar(account, top) for account in ledger.accounts]
    return Figure(
        "burning",
        headline,
        words.subtitle(ledger),
        charts.draw(
            lambda width: charts.dots(
                rows,
                top,
                width,
                ticks=[step * place for place in range(5)],
                form={"format": ".0f"},
                reference=(CLAIM, words.CLAIMED),
            )
        ),
        words.alt(ledger),
        Table(words.COLUMNS, words.rows(ledger), (False, *(True for _ in words.COLUMNS[1:]))),
        notes,
        over=words.OVER,
    )


def _end(highest: float) -> float:
    """The end of the axis: beyond the claim, in round steps; intervals past 60 are cut."""
    return next((end for end in (12.0, 20.0, 40.0) if end >= highest), 60.0)


def _bar(account: Account, top: float) -> charts.Bar:
    if account.ratio is None:
        return charts.Bar(words.style(account), None, None, None, words.missing(account))
    value, low, high = (min(top, end) for end in account.ratio)
    return charts.Bar(words.style(account), value, low, high, words.times(account.ratio[0]))
