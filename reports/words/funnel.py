"""The funnel by opening style, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports.words.numbers import NOT_KNOWN, and_list, count, interval, per_hundred, sentence

if TYPE_CHECKING:
    from reports.sections.funnel import Funnel, Stage

STYLES = {
    "sell_first": "sell first",
    "mixed": "mixed",
    "reaction_first": "reaction first",
    "unsupported": "language without rules",
    "none": "greeting only",
    "all": "all openings",
}
STEPS = {
    "replied": "replied",
    "interested": "interested",
    "discussion": "discussion",
    "interview": "interview",
    "offer": "offer",
    "hired": "hired",
    "declined": "declined",
    "other": "another answer",
    "ignored": "no answer",
    "opted out": "opted out",
}
# What the house may have its own words for, under the names outcomes have.
LABELLED = {
    "replied": "replied_30d",
    "interested": "interested_30d",
    "interview": "interview_90d",
    "offer": "offer_90d",
    "hired": "hired_90d",
    "declined": "declined_30d",
    "opted out": "opted_out_30d",
}


def step(labels: Mapping[str, str], name: str) -> str:
    """The name of a stage, in the house's own words where it has some."""
    return labels.get(name) or labels.get(LABELLED.get(name, name)) or STEPS.get(name, name)


def style(name: str) -> str:
    """Sell-first openings, as the subject of a sentence."""
    return {"sell_first": "Sell-first openings", "reaction_first": "Reaction-first openings"}.get(
        name, "Mixed openings"
    )


def _low(name: str) -> str:
    return {"sell_first": "sell-first", "reaction_first": "reaction-first"}.get(name, "mixed")


def value(stage: Stage | None) -> str:
    """What stands at the end of a bar."""
    if stage is None or stage.state in ("unknown", "refused"):
        return NOT_KNOWN
    if stage.rate is None:
        return "still open" if stage.state == "empty" else "too few"
    return per_hundred(stage.rate.value)


def headline(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """Which openings go with replies, and whether with interest as well."""
    everybody = funnel.everybody
    replied = everybody["replied"].rate if "replied" in everybody else None
    if replied is None:
        is_small = any(stage.state == "withheld" for stage in everybody.values())
        return "Too few contacted to show rates" if is_small else "No outcome per 100 contacted is known yet"
    replies, interest = funnel.contrast("replied"), funnel.contrast("interested")
    if replies and interest:
        if replies[0] == interest[0]:
            return f"{style(replies[0])} go with more replies and more interest than {_low(replies[1])} ones"
        return f"{style(replies[0])} go with most replies, {_low(interest[0])} ones with most interest"
    if replies:
        return f"{style(replies[0])} go with more replies than {_low(replies[1])} ones, not clearly with more interest"
    if interest:
        return (
            f"{style(interest[0])} go with more interest than {_low(interest[1])} ones, not clearly with more replies"
        )
    interview = everybody["interview"].rate if "interview" in everybody else None
    later = (
        f", {per_hundred(interview.value)} reached “{step(labels, 'interview')}”"
        if interview
        else "; later steps are not known"
    )
    stands_out = "; no opening style stands out" if len(funnel.shown) > 1 else ""
    return f"Of 100 contacted, {per_hundred(replied.value)} replied{later}{stands_out}"


def point(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """Won and lost per 100 contacted, as a main point."""
    rates = {name: stage.rate for name, stage in funnel.everybody.items()}
    replied = rates.get("replied")
    if replied is None:
        return ""
    parts = [f"{per_hundred(replied.value)} replied"]
    for name in ("interested", "interview", "declined", "opted out"):
        rate = rates.get(name)
        if rate:
            named = f"reached “{step(labels, name)}”" if name == "interview" else step(labels, name)
            parts.append(f"{per_hundred(rate.value)} {'were ' if name == 'interested' else ''}{named}")
    tail = "" if rates.get("interview") else " What came after the reply is not known: no outcome data covers it."
    bait = ""
    replies, interest = funnel.contrast("replied"), funnel.contrast("interested")
    if replies and not interest:
        bait = (
            f" {style(replies[0])} go with more replies than {_low(replies[1])} ones, but not "
            "clearly with more interest."
        )
    return f"Of 100 contacted, {and_list(parts)}.{bait}{tail}"


def subtitle(funnel: Funnel) -> str:
    """Measure, who, period."""
    n = max((stage.rate.denominator for stage in funnel.everybody.values() if stage.rate), default=0)
    return (
        f"Per 100 contacted, by opening style; all {count(n)} approaches whose time to answer is "
        "over. Replies, interest, "
        "declines and opt-outs within 30 days, later steps within 90. Thin lines: 95% interval."
    )


def alt(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """The picture in a sentence."""
    parts = []
    for name in funnel.shown:
        stages = funnel.styles[name]
        each = ", ".join(f"{step(labels, stage)} {value(stages[stage])}" for stage in stages if stage != "other")
        parts.append(f"{STYLES[name]}: {each}")
    return f"Bars per 100 contacted. {'; '.join(parts)}."


def columns(funnel: Funnel) -> tuple[str, ...]:
    """The head of the table under the picture."""
    return ("Per 100 contacted", *(sentence(STYLES.get(name, name)).rstrip(".") for name in _tabled(funnel)))


def _tabled(funnel: Funnel) -> list[str]:
    known = [name for name in STYLES if any(stage.rate for stage in funnel.styles.get(name, {}).values())]
    return known or list(funnel.styles)


def rows(funnel: Funnel, labels: Mapping[str, str]) -> list[list[str]]:
    """The table under the picture: rate, interval and what it divides by."""
    names = [name for name in STEPS if any(name in stages for stages in funnel.styles.values())]
    return [
        [
            sentence(step(labels, name)).rstrip("."),
            *(_cell(funnel.styles[style].get(name)) for style in _tabled(funnel)),
        ]
        for name in names
    ]


def _cell(stage: Stage | None) -> str:
    rate = stage.rate if stage else None
    if rate is None:
        return value(stage)
    return (
        f"{per_hundred(rate.value)} ({interval(rate).rstrip('%')}; {count(rate.numerator)} of "
        f"{count(rate.denominator)})"
    )


def notes(funnel: Funnel) -> list[str]:
    """Selection, and that some steps are not known."""
    said = []
    if len(funnel.shown) > 1:
        said.append(
            "Styles differ in who used them, for which jobs and when; what holds within the "
            "same recruiter, language and "
            "month stands under “What goes with replies and conversions”."
        )
    states = {stage.state for name in funnel.shown for stage in funnel.styles[name].values()}
    if states & {"unknown", "refused"}:
        said.append("Not known: no outcome data covers these approaches. It is not counted as “no”.")
    return said


def instead(funnel: Funnel) -> str:
    """Why nothing is drawn."""
    if funnel.reason:
        return sentence(funnel.reason)
    return "There is nothing to draw yet."
