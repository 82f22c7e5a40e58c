"""Asking, telling and reflecting: in first messages, and in conversations that were answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from reports import charts
from reports.disclose import Size, hidden_groups
from reports.estimates import Cohort, cohort_of, recent
from reports.figure import Figure, Table
from reports.sections.funnel import STYLES
from reports.words import asking as words

HALF = 365
T = 1.959964


@dataclass(frozen=True)
class Mix:
    """How the sentences of one group divide; `balance` = tell share less ask share, with its interval."""

    label: str
    n: int
    ask: float
    tell: float
    reflect: float
    balance: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Mixes:
    """Everybody first, then the opening styles large enough to show."""

    name: str
    cohort: Cohort = field(default_factory=Cohort)
    groups: tuple[Mix, ...] = ()

    @property
    def everybody(self) -> Mix | None:
        """All together."""
        return self.groups[0] if self.groups else None


def openings(rows: pl.DataFrame, week: date, weeks: int, *, minimum_candidates: int) -> Mixes:
    """Sentences of first messages sent in the last `weeks` weeks up to `week`; nothing where no rules apply."""
    needed = ("ask_sentences_opening", "tell_sentences_opening", "plain_sentences_opening", "opening_style")
    if not set(needed) <= set(rows.columns):
        return Mixes("openings")
    sent = rows.filter(pl.col("week") <= week, pl.col("week") > week - timedelta(weeks=weeks))
    sent = sent.select(
        "recruiter_id",
        "person",
        "week",
        style="opening_style",
        ask="ask_sentences_opening",
        tell="tell_sentences_opening",
        plain="plain_sentences_opening",
    )
    return _mixes("openings", sent, minimum_candidates)


def conversations(rows: pl.DataFrame, week: date, weeks: int, *, minimum_candidates: int) -> Mixes:
    """Sentences of recruiters in conversations that were answered; first messages are among them."""
    needed = ("recruiter_asks", "recruiter_tells", "recruiter_plain_sentences", "opening_style")
    if not set(needed) <= set(rows.columns):
        return Mixes("conversations")
    answered = recent(rows, "replied_30d", week, weeks).filter("replied_30d")
    answered = answered.select(
        "recruiter_id",
        "person",
        "week",
        style="opening_style",
        ask="recruiter_asks",
        tell="recruiter_tells",
        plain="recruiter_plain_sentences",
    )
    return _mixes("conversations", answered, minimum_candidates)


def _mixes(name: str, rows: pl.DataFrame, minimum_candidates: int) -> Mixes:
    rows = rows.filter(pl.col("plain") > 0, pl.col("ask").is_not_null(), pl.col("tell").is_not_null())
    if rows["person"].n_unique() < minimum_candidates:
        return Mixes(name, cohort_of(rows))
    parts = {str(style): part for (style,), part in rows.group_by("style")}
    hidden = hidden_groups(
        {style: Size(part["person"].n_unique()) for style, part in parts.items()}, minimum_candidates
    )
    shown = [style for style in STYLES if style in parts and style not in hidden]
    mixes = [_mix("all", rows), *(_mix(style, parts[style]) for style in shown)]
    return Mixes(name, cohort_of(rows), tuple(mixes))


def _mix(label: str, rows: pl.DataFrame) -> Mix:
    """Ratios of sums; the interval is linearised and clustered by recruiter (integers first, so the same bits)."""
    ask, tell, plain = (int(rows[column].sum()) for column in ("ask", "tell", "plain"))
    value = (tell - ask) / plain
    sums = rows.group_by("recruiter_id").agg(pl.col("ask", "tell", "plain").sum())
    squares = sorted((t - a - value * n) ** 2 for a, t, n in sums.select("ask", "tell", "plain").iter_rows())
    balance = None
    if len(squares) > 1:
        half = T * math.sqrt(sum(squares) * len(squares) / (len(squares) - 1)) / plain
        balance = (value, value - half, value + half)
    reflect = max(0, plain - ask - tell) / plain
    return Mix(label, rows.height, ask / plain, tell / plain, reflect, balance)


def figure(mixes: Mixes) -> Figure:
    """A bar a group, cut into asking, telling and reflecting."""
    headline = words.headline(mixes)
    if not mixes.groups:
        return Figure(f"asking-{mixes.name}", headline, instead=words.INSTEAD)
    rows = [(words.label(mix), _parts(mixes, mix)) for mix in mixes.groups]
    return Figure(
        f"asking-{mixes.name}",
        headline,
        words.subtitle(mixes),
        charts.draw(lambda width: charts.stacked(rows, width), HALF),
        words.alt(mixes),
        Table(words.COLUMNS, words.rows(mixes), (False, True, True, True, True)),
        words.notes(mixes),
    )


def _parts(mixes: Mixes, mix: Mix) -> Sequence[charts.Part]:
    parts = [charts.Part(words.ASK, mix.ask), charts.Part(words.TELL, mix.tell)]
    return parts if mixes.name == "openings" else [*parts, charts.Part(words.REFLECT, mix.reflect)]
