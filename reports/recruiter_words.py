"""The sentences of the recruiters' section, in English; a second language is one more such file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports import words
from reports.estimates import Cohort

if TYPE_CHECKING:
    from reports.recruiters import Person

TITLE = "Recruiters"
COLUMNS = ("Recruiter", "Reply rate", "", "95% interval", "Replied", "Sent", "99.8% limits")
AXIS = "first messages sent"
SIDES = {"above": "above", "below": "below", "within": "within"}


def headline(people: Sequence[Person]) -> str:
    """Whether anybody lies where chance hardly puts them."""
    outside = sum(person.side != "within" for person in people)
    if not outside:
        return f"No recruiter’s reply rate lies outside what chance explains (of {len(people)})"
    verb = "lies" if outside == 1 else "lie"
    return f"{outside} of {len(people)} recruiters {verb} outside what chance explains"


def subtitle(cohort: Cohort) -> str:
    """Measure, who, period, and how to read the plot."""
    return (
        f"Reply rate within 7 days against the number of first messages, {words.period(cohort)}. Inside the lines, "
        "recruiters differ no more than chance and the usual spread let expect. No ranking: the order is alphabetical."
    )


def note(dispersion: float) -> str:
    """What the limits allow for, and what they do not."""
    wider = f"The limits are {dispersion**0.5:.1f} times as wide as chance alone, since rates here spread more. " * (
        dispersion >= 1.1
    )
    return (
        f"{wider}Recruiters differ in roles, markets and people written to; none of this says how well anybody works. "
        f"{words.NOT_FOR_DECISIONS}"
    )


def alt(people: Sequence[Person], centre: float) -> str:
    """The picture in a sentence."""
    values = [person.rate.value for person in people]
    return (
        f"Funnel plot of {len(people)} recruiters: reply rates from {words.percent(min(values))} to "
        f"{words.percent(max(values))} around the team’s {words.percent(centre)}. {headline(people)}."
    )


def row(person: Person) -> list[str]:
    """Name, rate, interval, replied, sent, side."""
    rate = person.rate
    return [
        person.label,
        words.percent(rate.value),
        words.interval(rate),
        words.count(rate.numerator),
        words.count(rate.denominator),
        SIDES[person.side],
    ]


def too_few(labels: Sequence[str], minimum: int) -> str:
    """Who has no number, as a group and in alphabetical order; empty where everybody has one."""
    if not labels:
        return ""
    return (
        f"Too few to judge: {', '.join(labels)}. They sent fewer than {minimum} first messages whose time is over, or "
        "their number would tell that of somebody who did."
    )


def small_headline() -> str:
    """Over the sentence that says why nobody is shown."""
    return "Recruiters are not shown one by one"


def small_team(minimum: int) -> str:
    """Too few recruiters for a section about recruiters."""
    return f"Fewer than {minimum} recruiters wrote in these weeks; a number about one would tell of the others."


def nobody_headline() -> str:
    """Nobody can be judged."""
    return "No recruiter sent enough first messages to judge by"


def nobody(minimum: int) -> str:
    """What would be needed."""
    return f"A recruiter is shown from {minimum} judged first messages on."
