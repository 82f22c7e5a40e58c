"""Templates worth a look, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports.words.findings import outcome_words
from reports.words.funnel import STYLES
from reports.words.numbers import count, percent, points, sentence

if TYPE_CHECKING:
    from reports.sections.templates import Family, Standouts

OVER = "Templates worth a look"
SUBTITLE = (
    "Families of near-identical first messages whose rate differs from what their senders’ "
    "other messages got, drawn toward "
    "what families usually get. It goes with the text; whom it was sent to differs, too."
)
COLUMNS = ("Opening, language", "Outcome", "Difference, points", "Rate", "Senders’ others", "Sent", "Recruiters")


def headline(found: Standouts) -> str:
    """How many stand out."""
    if found.is_refused:
        return "Templates are not compared"
    if not found.n_compared:
        return "No template can be compared yet"
    if not found.families:
        return "No template stands out"
    higher = len({family.template_id for family in found.families if family.difference > 0})
    lower = len({family.template_id for family in found.families if family.difference < 0})
    if not lower:
        return f"{_some(higher)} with more than {'its' if higher == 1 else 'their'} senders otherwise get"
    if not higher:
        return f"{_some(lower)} with less than {'its' if lower == 1 else 'their'} senders otherwise get"
    return f"{_some(higher)} with more, {count(lower)} with less, than their senders otherwise get"


def _some(number: int) -> str:
    return f"{count(number)} template{' goes' if number == 1 else 's go'}"


def row(family: Family, event: str, labels: Mapping[str, str]) -> list[str]:
    """A family: style, uses, recruiters; never its text."""
    return [
        f"{sentence(STYLES.get(family.style, family.style)).rstrip('.')}, {family.language}",
        sentence(outcome_words(family.outcome, event, labels)).rstrip("."),
        f"{points(family.difference)} ({points(family.low)} to {points(family.high)})",
        percent(family.rate),
        percent(family.expected),
        count(family.n_judged),
        count(family.n_recruiters),
    ]


def _few(found: Standouts, minimum_recruiters: int) -> str:
    n = found.n_of_few
    if not n:
        return ""
    verb = "stands" if n == 1 else "stand"
    return (
        f"{count(n)} more {'family' if n == 1 else 'families'} {verb} out but "
        f"{'is' if n == 1 else 'are'} sent by fewer "
        f"than {minimum_recruiters} recruiters, whose own numbers would show; not shown."
    )


def notes(found: Standouts, n_more: int, minimum_recruiters: int) -> list[str]:
    """How many were compared, and what is not shown."""
    said = [f"{count(found.n_compared)} families were compared."]
    if n_more > 0:
        said.append(f"{count(n_more)} more rows stand in the snapshot’s table template_rates.")
    return [*said, *([_few(found, minimum_recruiters)] if found.n_of_few else [])]


def instead(found: Standouts, minimum_recruiters: int) -> str:
    """The sentence in place of a table."""
    if found.is_refused:
        return "Reply rates are not shown, so what texts get is not, either."
    if not found.n_compared:
        return "No family of first messages is large enough, with other messages of the same senders beside it."
    some = (
        f"{count(found.n_compared)} families of near-identical first messages were compared with "
        "what their senders’ other "
        "messages got; of those that may be shown, none differs by more than chance allows."
    )
    return f"{some} {_few(found, minimum_recruiters)}".strip()
