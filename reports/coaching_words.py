"""Every sentence of the coaching page, in English; a second language is one more such file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reports import words
from reports.estimates import Finding, Group, Series
from reports.profile import MINIMUM_APPROACHES, MINIMUM_OTHERS, WEEKS_BEFORE, Estimate, Family, Row, Spread, Try
from reports.words.findings import outcome_words

FOR_YOU_ALONE = "Not for employment decisions. For you alone."

MEASURES = {
    "replied_7d": "Replied within 7 days",
    "interested_30d": "Replied with interest within 30 days",
    "discussion": "Became a discussion",
    "converted_60d": "Converted within 60 days",
    "talk_share": "Your share of the words, first 30 days",
    "first_message_words": "Words in the middle first message",
    "is_short": "First messages of up to 400 characters",
    "reaction_first": "First messages that ask before they sell",
    "sell_first": "First messages that sell before they ask",
    "asks_anything": "First messages with a question",
    "asks_permission": "First messages that ask leave",
    "ask_balance_opening": "Asking, of asking and telling in first messages",
    "about_you": "First messages more about the reader than about us",
}
PRACTICES = {
    "asks_permission": ("asking leave in the first message", "You do it"),
    "asks_anything": ("a question in the first message", "You ask one"),
    "is_short": ("a first message of up to 400 characters", "Yours are so short"),
    "about_you": ("writing more about the reader than about us in the first message", "You do it"),
}
STYLES = {"reaction_first": "Asking before selling", "mixed": "Mixed", "sell_first": "Selling before asking"}
STAGES = {
    "replied_30d": "replied",
    "interested_30d": "interested",
    "discussion": "discussion",
    "interview_90d": "interview",
    "declined_30d": "declined",
    "opted_out_30d": "opted out",
}
KINDS = {
    "ask_open": "open question",
    "ask_closed": "closed question",
    "ask_permission": "asks leave",
    "ask_process": "asks for a step",
    "ask_rhetorical": "pitch as a question",
    "tell_offer": "tells of the offer",
    "tell_self": "tells of yourself",
    "tell_other": "tells",
    "reflect": "takes up",
    "social": "greets, thanks, closes",
}
UNKNOWN_KIND = "kind not known"
LABELS = {
    "kicker": "Coaching page",
    "tries": "What to try",
    "weeks": "Your weeks",
    "profile": "Your profile",
    "funnel": "Your openings, per 100 contacted",
    "families": "Your texts",
    "openings": "Your latest openings",
    "how": "How to read this",
    "numbers": "See the numbers",
    "text": "See the text",
    "outcomes": "What came back",
    "habits": "How you write",
}
PROFILE_COLUMNS = ("Measure", "You, 95% interval", "", "You before", "Others, middle half", "Openings")
FUNNEL_COLUMNS = ("Step", "Per 100", "", "95% interval", "Yes", "Judged")
CHANNELS = {"linkedin": "LinkedIn", "email": "e-mail"}


def title(name: str | None, week: date) -> str:
    """The title of the page."""
    return f"{name or 'Your outreach'}, week of {words.week_range(week)}"


def too_few(n: int) -> str:
    """Instead of a judgement."""
    return f"too few to judge yet: {words.count(n)} opening{'' if n == 1 else 's'}"


def amount(estimate: Estimate | None, unit: str) -> str:
    """The value, or a dash."""
    return "–" if estimate is None else words.amount(estimate.value, _bare(unit))


def interval(estimate: Estimate | None, unit: str) -> str:
    """The interval, or a dash."""
    return "–" if estimate is None else words.amount_range(estimate.low, estimate.high, _bare(unit))


def spread(others: Spread | None, unit: str) -> str:
    """The middle half of the others, or a dash."""
    return "–" if others is None else words.amount_range(others.low, others.high, _bare(unit))


def _bare(unit: str) -> str:
    """The measure's name says what is counted."""
    return "share" if unit == "share" else ""


def no_tries(n: int) -> str:
    """Where nothing is suggested: why."""
    if n < MINIMUM_APPROACHES:
        return (
            f"{words.sentence(too_few(n))} From {MINIMUM_APPROACHES} on, this page can say where your openings differ "
            "from the others’."
        )
    return "Nothing to suggest: where your openings can be compared, none of the habits we look at is clearly rarer."


def try_sentence(item: Try, event: str) -> tuple[str, str]:
    """An experiment: what to try, and what it rests on."""
    name = item.practice.measure.name
    what, you = PRACTICES[name]
    low, high = words.per_hundred(item.others.low), words.per_hundred(item.others.high)
    here = (
        f"{you} in {words.per_hundred(item.now.value)} of 100 "
        f"(plausibly {_plain_range(item.now)}), the middle half of the others in {low} to {high}."
    )
    return f"Try {what}, in every second message for four weeks.", f"{here} {evidence(item.finding, event)}"


def _plain_range(estimate: Estimate) -> str:
    return f"{words.per_hundred(estimate.low)} to {words.per_hundred(estimate.high)}"


def evidence(finding: Finding | None, event: str) -> str:
    """What was seen of it in this team, in words that hold for every verdict."""
    if finding is None:
        return "Nobody has looked yet at what it goes with in this team."
    outcome = outcome_words(finding.outcome, event, {})
    if finding.verdict == "too little data":
        return f"There is too little data to say whether it goes with more {outcome} in this team."
    if finding.verdict == "no difference seen":
        least = "" if finding.minimum_detectable is None else (
            f"; one smaller than {finding.minimum_detectable * 100:.1f} points could have been missed"
        )  # fmt: skip
        return f"In this team no difference in {outcome} was seen{least}."
    return f"In this team: {_lower_first(words.finding_point(finding, event, {}))} It goes with, it may not lead to."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def weeks_subtitle(series: Series) -> str:
    """Measure, who, period."""
    usual = (
        f" Band: your usual range, from the {series.n_baseline} judged weeks before." if series.n_baseline >= 8 else ""
    )
    return f"Share of your first messages answered within 7 days, by the week you sent them.{usual}"


def profile_headline(rows: Sequence[Row]) -> str:
    """How many measures lie outside the middle half of the others, neither well nor badly."""
    compared = [row for row in rows if row.now and row.others and row.now.is_judgeable]
    if not compared:
        return "Your profile"
    outside = sum(_is_outside(row) for row in compared)
    if not outside:
        return f"None of {len(compared)} measures lies clearly outside the middle half of the others"
    verb = "lies" if outside == 1 else "lie"
    return f"{outside} of {len(compared)} measures {verb} clearly outside the middle half of the others"


def _is_outside(row: Row) -> bool:
    if row.now is None or row.others is None:
        return False
    return row.now.high < row.others.low or row.now.low > row.others.high


def profile_subtitle(rows: Sequence[Row], weeks: int) -> str:
    """Who, when, and what the band is."""
    text = f"You: the {weeks} newest weeks that are judged. Before: the {WEEKS_BEFORE} weeks before those."
    if any(row.others for row in rows):
        return f"{text} Dot and line: you, with a 95% interval. Band: the middle half of the other recruiters."
    return (
        f"{text} The others are not shown: fewer than {MINIMUM_OTHERS} of them have {MINIMUM_APPROACHES} judged "
        "approaches, so their spread would tell one of them."
    )


def profile_cells(row: Row) -> list[str]:
    """The measure, now with its interval, before, the others, how many."""
    unit, now = row.measure.unit, row.now
    n = 0 if now is None else now.n
    return [
        MEASURES[row.measure.name],
        f"{amount(now, unit)} ({interval(now, unit)})" if now else "–",
        amount(row.before, unit),
        spread(row.others, unit),
        words.count(n),
    ]


def funnel_subtitle(weeks: int) -> str:
    """Who, when, what is counted."""
    return (
        f"Your first messages of the last {weeks} weeks by their style; every step over those whose time is over. "
        "Won and lost stand together: an opening can draw replies and little interest."
    )


def funnel_cells(group: Group) -> list[str]:
    """Step, per 100, interval, yes, judged."""
    rate = group.rate
    if rate is None:
        return [STAGES[group.label], "–", "–", "–", "–"]
    return [
        STAGES[group.label],
        words.per_hundred(rate.value),
        words.interval(rate),
        words.count(rate.numerator),
        words.count(rate.denominator),
    ]


def funnel_headline(styles: Sequence[tuple[str, Sequence[Group]]]) -> str:
    """Whether the styles' replies differ beyond chance."""
    rates = [(style, group.rate) for style, groups in styles for group in groups if group.label == "replied_30d"]
    judged = [(style, rate) for style, rate in rates if rate and rate.denominator >= MINIMUM_APPROACHES]
    if len(judged) < 2:
        return "Your openings by style; too few of two styles to compare"
    top, bottom = max(judged, key=lambda pair: pair[1].value), min(judged, key=lambda pair: pair[1].value)
    if top[1].low > bottom[1].high:
        return (
            f"“{STYLES[top[0]]}” goes with more replies to you: {words.percent(top[1].value)} against "
            f"{words.percent(bottom[1].value)} for “{_lower_first(STYLES[bottom[0]])}”"
        )
    return "Your styles of opening do not differ clearly in replies"


def families_headline(families: Sequence[Family]) -> str:
    """Whether the texts' drawn rates differ beyond chance."""
    drawn = [family.shrunken for family in families if family.shrunken]
    if len(drawn) < 2:
        return "The texts you sent most"
    top, bottom = max(drawn, key=lambda item: item.value), min(drawn, key=lambda item: item.value)
    if top.low > bottom.high:
        return (
            f"Your texts differ in replies: {words.percent(top.value)} against {words.percent(bottom.value)}, "
            "chance allowed for"
        )
    return "Your most used texts do not differ clearly in replies"


def family_name(sentences: Sequence[tuple[str, str | None]]) -> str:
    """A text by its first sentence that is no greeting."""
    said = [text for text, kind in sentences if kind != "social"] or [text for text, _ in sentences]
    name = said[0] if said else "–"
    return name if len(name) <= 90 else f"{name[:89].rstrip()}…"


def families_subtitle(families: Sequence[Family]) -> str:
    """What is counted, and what drawing means."""
    usual = next((family.usual for family in families if family.usual is not None), None)
    text = (
        "First messages that you sent more than once, near copies together; only your own uses, replies within 30 days."
    )
    if usual is None:
        return f"{text} Too few others use such texts to say what texts usually get."
    usually = f"what texts here usually get ({words.percent(usual)})"
    return f"{text} Drawn: the rate moved toward {usually}, by as much as is noise."


def family_line(family: Family) -> str:
    """Uses, replied, rate, drawn rate."""
    n, k, drawn = family.n_judged, family.n_replied, family.shrunken
    parts = [f"{words.count(family.n_uses)} uses"]
    if n:
        rate = f": {words.percent(k / n)}" if n >= MINIMUM_APPROACHES else ", too few to judge yet"
        parts.append(f"{words.count(k)} of {words.count(n)} replied{rate}")
    if drawn:
        parts.append(f"drawn {words.percent(drawn.value)}, plausibly {words.percent_range(drawn.low, drawn.high)}")
    return " · ".join(parts)


def opening_line(sent_on: date, channel: str | None, style: str | None) -> str:
    """When, where, how."""
    parts = [words.day(sent_on), CHANNELS.get(channel or "", channel or ""), STYLES.get(style or "", "")]
    return " · ".join(part for part in parts if part)


def opening_count(asks: int, tells: int, unknown: int) -> str:
    """What an opening is made of."""
    if unknown:
        return "No rules for this language: kinds are not known."
    return f"{asks} ask{'' if asks == 1 else 's'}, {tells} tell{'' if tells == 1 else 's'}"


def how_to_read() -> list[tuple[str, str]]:
    """The words of the page, explained."""
    return [
        (
            "For you alone",
            "this page shows your own numbers and texts. Of the others it shows the middle half of at least "
            f"{MINIMUM_OTHERS}, smoothed and rounded, never one person’s number. It is no assessment.",
        ),
        (
            "Interval",
            "where the true rate plausibly lies (95%). With few openings it is wide: a small rate may be a large one.",
        ),
        (
            "Too few to judge yet",
            f"fewer than {MINIMUM_APPROACHES} judged approaches. Such numbers are shown to you, and mean little.",
        ),
        ("Usual range", "where your weeks fall when nothing changes; now and then one falls outside by chance."),
        (
            "What to try",
            "habits that are rarer in your openings than in the middle half of the others’, at most three. They are "
            "experiments: write half of your messages so, and look again when the replies are in.",
        ),
        (
            "Marked sentences",
            "by rules that err; docs/accuracy.md says how often. Names, addresses, links and long numbers are masked.",
        ),
    ]


def footer(version: str) -> str:
    """The last line."""
    made = f" Made by talkshare {version}." if version else ""
    return f"Numbers from the published snapshot, texts from your own messages. Making this page was logged.{made}"
