"""Asking, telling and reflecting, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.funnel import STYLES
from reports.words.numbers import count, percent, period

if TYPE_CHECKING:
    from reports.sections.asking import Mix, Mixes

ASK, TELL, REFLECT = "asking", "telling", "taking up"
INSTEAD = "Too few messages in a language with rules to tell asking from telling."
COLUMNS = ("Opening", "Asking", "Telling", "Taking up", "Approaches")


def label(mix: Mix) -> str:
    """The name of a bar."""
    return STYLES.get(mix.label, mix.label)


def headline(mixes: Mixes) -> str:
    """Whether more is told than asked; neither, as long as an even share is plausible."""
    everybody = mixes.everybody
    what = "First messages" if mixes.name == "openings" else "Recruiters in conversation"
    if everybody is None:
        return f"{what}: too few to tell asking from telling"
    shares = f"{percent(everybody.tell)} of sentences tell, {percent(everybody.ask)} ask"
    if everybody.balance is None or everybody.balance[1] <= 0 <= everybody.balance[2]:
        return f"{what} ask about as much as they tell: {shares}"
    if everybody.balance[1] > 0:
        return f"{what} tell more than they ask: {shares}"
    return f"{what} ask more than they tell: {shares}"


def subtitle(mixes: Mixes) -> str:
    """Measure, who, period."""
    n, when = count(mixes.cohort.n), period(mixes.cohort)
    if mixes.name == "openings":
        return f"Sentences of first messages by opening style, greetings left out; {n} first messages of {when}."
    return f"Recruiters’ sentences in {n} answered conversations of {when}, first message included, by its style."


def alt(mixes: Mixes) -> str:
    """The picture in a sentence."""
    parts = []
    for mix in mixes.groups:
        taken = "" if mixes.name == "openings" else f", {percent(mix.reflect)} taking up"
        parts.append(f"{label(mix)} {percent(mix.ask)} asking, {percent(mix.tell)} telling{taken}")
    return f"Bars of sentences: {'; '.join(parts)}."


def rows(mixes: Mixes) -> list[list[str]]:
    """The table under the picture."""
    return [
        [
            label(mix),
            percent(mix.ask),
            percent(mix.tell),
            "–" if mixes.name == "openings" else percent(mix.reflect),
            count(mix.n),
        ]
        for mix in mixes.groups
    ]


def notes(mixes: Mixes) -> list[str]:
    """How styles come about, and what taking up is."""
    if mixes.name == "openings":
        return ["The style is read from the same sentences, so that sell-first openings tell more is so by definition."]
    return [
        "Taking up: the sentence takes up what the candidate wrote before. Described only: talk that lasts differs."
    ]
