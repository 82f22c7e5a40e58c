"""Every sentence of the weekly report, in English; a second language is one more such file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from reports.estimates import Cohort, Comparison, Finding, Group, Point, Quality, Series, TalkShares
from reports.words.data import NOT_FOR_DECISIONS as NOT_FOR_DECISIONS
from reports.words.data import balance as balance
from reports.words.data import footer as footer
from reports.words.data import how_to_read as how_to_read
from reports.words.data import quality_facts as quality_facts
from reports.words.data import quality_headline as quality_headline
from reports.words.data import quality_rows as quality_rows
from reports.words.findings import FINDING_COLUMNS as FINDING_COLUMNS
from reports.words.findings import FINDINGS_SUBTITLE as FINDINGS_SUBTITLE
from reports.words.findings import difference_words as difference_words
from reports.words.findings import finding_phrase as finding_phrase
from reports.words.findings import finding_point as finding_point
from reports.words.findings import flag_words as flag_words
from reports.words.findings import no_finding_point as no_finding_point
from reports.words.findings import span as span
from reports.words.numbers import NOT_KNOWN as NOT_KNOWN
from reports.words.numbers import TOO_FEW as TOO_FEW
from reports.words.numbers import amount as amount
from reports.words.numbers import amount_range as amount_range
from reports.words.numbers import and_list as and_list
from reports.words.numbers import count as count
from reports.words.numbers import day as day
from reports.words.numbers import few as few
from reports.words.numbers import interval as interval
from reports.words.numbers import per_hundred as per_hundred
from reports.words.numbers import per_hundred_range as per_hundred_range
from reports.words.numbers import percent as percent
from reports.words.numbers import percent_range as percent_range
from reports.words.numbers import period as period
from reports.words.numbers import plain as plain
from reports.words.numbers import points as points
from reports.words.numbers import sentence as sentence
from reports.words.numbers import short_day as short_day
from reports.words.numbers import week_range as week_range

FIGURES_SHORT = {
    "replied_7d": "reply rate",
    "discussion": "discussions",
    "converted_60d": "conversions",
    "talk_share": "recruiters’ talk share",
    "first_message_words": "first message",
    "question_share_opening": "questions",
    "request_share_opening": "requests",
}

FIGURES = {
    "replied_7d": "reply rate within 7 days",
    "discussion": "approaches that became a discussion",
    "converted_60d": "conversion within 60 days",
    "talk_share": "recruiters’ share of the words",
    "first_message_words": "words in the middle first message",
    "question_share_opening": "questions in first messages",
    "request_share_opening": "requests in first messages",
}


GROUPS = {"channel": "Channel", "language": "Language", "team": "Team"}

LENGTHS = {
    "<= 400": "up to 400 characters",
    "401-800": "401–800 characters",
    "801-1200": "801–1,200 characters",
    "> 1200": "over 1,200 characters",
}

GOES_WITH = (
    "This shows what goes with replies, not what leads to them: messages also differ in role, market and sender."
)
NOT_SAID = "not said"


# Head of the page


def kicker(recruiters: int) -> str:
    """The line above the title."""
    return "Weekly outreach report" + (f" · {count(recruiters)} recruiters" if recruiters > 1 else "")


def title(name: str, week: date) -> str:
    """The title of the page."""
    return f"{name}, week of {week_range(week)}"


NOT_BY_TEAM = "These numbers know no team; they stand in the report of all."


def team_note(team: str) -> str:
    """What the page of one team is, and what it leaves to the report of everybody."""
    return (
        f"Only the first messages of the team “{team}”. What goes with replies is judged over everybody, since a "
        "team’s own slice is exploratory; that, and every table without teams, stands in the report of all. The data "
        "section is about the whole import."
    )


def made_at(published_at: datetime, time_zone: str) -> str:
    """When the numbers were published, in the report's time zone."""
    local = published_at.astimezone(ZoneInfo(time_zone))
    return f"Made {day(local.date())}, {local:%H:%M} ({time_zone})."


def covered(series: Series, week: date, minimum: int) -> str:
    """Which weeks are in, and which are still open."""
    here = f"Covers first messages sent {week_range(week)}"
    point = series.reported
    if point is None or point.state == "empty":
        text = f"{here}: there were none."
    elif point.state == "judged":
        text = f"{here}; every candidate has had 7 full days to answer."
    else:
        still = few(point.n_open, minimum)
        text = f"{here}; for {still} of them the 7 days are not over, so this week is not judged yet."
    later = [other.week for other in series.points if other.week > week and other.state != "empty"]
    if not later:
        return text
    weeks = " and ".join(short_day(other) for other in later[:3])
    return f"{text} Still open and not judged: the week{'s' if len(later) > 1 else ''} of {weeks}."


def covered_weeks(week: date) -> str:
    """Which week it is about, where nothing can be said about how complete it is."""
    return f"Covers first messages sent {week_range(week)}."


def week_of(week: date) -> str:
    """For a figure whose newest judged week is an older one."""
    return f"week of {short_day(week)}"


# Main points


def lead(point: str) -> tuple[str, str]:
    """The first sentence of a main point, and the rest."""
    first, stop, rest = point.partition(". ")
    return (f"{first}.", rest) if stop else (point, "")


def _usual_clause(series: Series, point: Point) -> str:
    if point.lower is None or point.upper is None:
        return ""
    return f"usually {amount_range(point.lower, point.upper, series.unit)}"


def _fraction(point: Point) -> str:
    if point.numerator is None or not point.denominator:
        return ""
    return f" ({count(point.numerator)} of {count(point.denominator)})"


def reply_point(series: Series, week: date, unusual: int, minimum: int) -> str:
    """What this week was like; `unusual` weekly figures lie outside their usual range."""
    reported = series.reported
    if reported is None or reported.state == "empty":
        return "No first messages were sent in this week, so there is nothing to judge."
    if reported.is_suppressed:
        return "Too few candidates were contacted in this week to say anything about it."
    point = series.current
    if reported.state == "open" or point is None or point.value is None or point.week != week:
        return _open_reply(series, reported, minimum)
    return _judged_reply(series, point, unusual)


def _open_reply(series: Series, reported: Point, minimum: int) -> str:
    point = series.current
    opening = "This week is still open."
    if not reported.n_open:
        return opening
    opening = f"{opening} {sentence(few(reported.n_open, minimum))[:-1]} first messages have had less than 7 days"
    if point is None or point.value is None:
        return f"{opening}."
    usual = _usual_clause(series, point)
    newest = f"in the week of {short_day(point.week)}, the newest that can be judged, {percent(point.value)} replied"
    return f"{opening}; {newest}{f' ({usual})' if usual else ''}."


def _judged_reply(series: Series, point: Point, unusual: int) -> str:
    happened = f"{percent(point.value or 0.0)} of candidates replied within 7 days{_fraction(point)}"
    if point.verdict == "unjudged":
        return f"{happened}. There are too few earlier weeks to say what is usual."
    usual = f"against {percent(series.centre or 0.0)} on average and {_usual_clause(series, point)}"
    if point.verdict == "usual" and not unusual:
        return f"Nothing unusual this week. {happened}, {usual}."
    if point.verdict == "usual":
        return f"The reply rate is in its usual range: {happened}, {usual}."
    more = "More" if point.verdict == "above" else "Fewer"
    return f"{more} candidates replied than in a usual week. {happened}, {usual}: worth asking what was different."


def unusual_point(series: Series, week: date) -> str:
    """A weekly figure outside its usual range."""
    point = series.current
    if point is None or point.value is None:
        return ""
    side = "above" if point.verdict == "above" else "below"
    when = "" if point.week == week else f" (week of {short_day(point.week)}, the newest that can be judged)"
    name = sentence(FIGURES.get(series.metric, plain(series.metric))).rstrip(".")
    value = amount(point.value, series.unit)
    return f"{name} {side} the usual range: {value}, {_usual_clause(series, point)}{when}."


def refusal_point(what: str, reason: str) -> str:
    """Why a kind of rate is not shown."""
    return f"{what} are not shown: {reason.rstrip('.')}."


def talk_point(shares: TalkShares) -> str:
    """How much recruiters write."""
    if shares.median is None:
        return ""
    return (
        f"Recruiters write {portion(shares)} of the words in the middle conversation "
        f"({percent(shares.median)}); "
        f"half of the conversations lie between {percent(shares.quartiles[0])} and "
        f"{percent(shares.quartiles[1])}."
    )


def quality_point(quality: Quality) -> str:
    """A warning when much of the input was set aside; empty otherwise."""
    rows = quality.rows
    if quality.files_refused:
        verb = "was" if quality.files_refused == 1 else "were"
        files = "file" if quality.files_refused == 1 else "files"
        return (
            f"{count(quality.files_refused)} {files} {verb} refused and not read: the numbers may lack "
            "what is in there."
        )
    if rows["rows_in"] and rows["rows_set_aside"] / rows["rows_in"] > 0.02:
        share = percent(rows["rows_set_aside"] / rows["rows_in"])
        return f"{share} of the rows read were set aside as unusable; see Data."
    return ""


# Tiles


def tile_name(series: Series) -> str:
    """What the figure is."""
    return FIGURES.get(series.metric, plain(series.metric))


def tile_usual(series: Series, point: Point) -> str:
    """The usual range, or nothing where it is not known."""
    return _usual_clause(series, point)


def tile_short(series: Series, point: Point) -> str:
    """Name and value, for the line of figures when nothing is unusual."""
    name = FIGURES_SHORT.get(series.metric, plain(series.metric))
    return f"{name} {amount(point.value or 0.0, series.unit)}"


TILE_COLUMNS = ("Figure", "Value", "Usual range", "Week of")


def tile_row(series: Series, point: Point) -> list[str]:
    """The same with its usual range, for the table."""
    limits = point.lower is not None and point.upper is not None
    return [
        sentence(tile_name(series)).rstrip("."),
        amount(point.value or 0.0, series.unit),
        amount_range(point.lower or 0.0, point.upper or 0.0, series.unit) if limits else "–",
        short_day(point.week),
    ]


def usual_line(shorts: Sequence[str]) -> str:
    """The figures that need no tile of their own."""
    return f"In their usual range: {', '.join(shorts)}." if shorts else ""


def tile_state(point: Point) -> str:
    """Where the figure lies."""
    return {
        "above": "above the usual range",
        "below": "below the usual range",
        "usual": "within the usual range",
    }.get(point.verdict, "usual range not known yet")


def tiles_headline(unusual: int, judged: int) -> str:
    """Over the figures of the week."""
    if not judged:
        return "No weekly figure can be judged yet"
    if not unusual:
        return (
            f"All {judged} weekly figures lie in their usual range"
            if judged > 1
            else "The figure lies in its usual range"
        )
    return f"{unusual} of {judged} weekly figures lie{'s' if unusual == 1 else ''} outside the usual range"


# Replies and conversions by week


def weekly_headline(series: Series, event: str = "") -> str:
    """The message of a weekly picture; `event` is what counts as a conversion."""
    point = series.current
    is_reply = series.metric == "replied_7d"
    if point is None or point.value is None:
        return "No week can be judged yet" if is_reply else "No week’s conversions can be judged yet"
    value = percent(point.value)
    what = "replied" if is_reply else f"reached “{event}”"
    if point.verdict == "unjudged":
        return f"{value} {what}; too few earlier weeks for a usual range"
    usual = _usual_clause(series, point)
    if point.verdict == "above":
        return f"More candidates {what} than usual: {value}, {usual}"
    if point.verdict == "below":
        return f"Fewer candidates {what} than usual: {value}, {usual}"
    rate = "The reply rate" if is_reply else "The conversion rate"
    return f"{rate} stayed in its usual range: {value}, {usual}"


def weekly_subtitle(series: Series, event: str = "") -> str:
    """Measure, who, period."""
    usual = f" Band: usual range, from the {series.n_baseline} judged weeks before." if series.n_baseline >= 8 else ""
    if series.metric == "replied_7d":
        what = "Share of first messages answered within 7 days"
    else:
        what = f"Share of candidates who reached “{event}” within 60 days of the first message"
    return f"{what}, by the week it was sent, everybody together.{usual}"


def weekly_alt(series: Series, event: str = "") -> str:
    """The picture in a sentence."""
    judged = [point for point in series.points if point.is_judged]
    values = [point.value for point in judged if point.value is not None]
    rate = "reply rate" if series.metric == "replied_7d" else "conversion rate"
    if not values:
        return f"Line chart of the weekly {rate} without a judged week."
    still = sum(point.state == "open" for point in series.points)
    tail = f" {still} newer week{'s are' if still > 1 else ' is'} still open." if still else ""
    return (
        f"Line chart of the weekly {rate} over {len(values)} judged weeks, from {percent(min(values))} "
        f"to {percent(max(values))}. {weekly_headline(series, event)}.{tail}"
    )


def weekly_rows(series: Series, minimum: int) -> list[list[str]]:
    """The table under the picture."""
    return [
        [
            day(point.week),
            "–" if point.numerator is None or point.value is None else count(point.numerator),
            "–" if point.denominator is None or point.value is None else count(point.denominator),
            "–" if point.value is None else percent(point.value),
            "–" if point.lower is None or point.upper is None else percent_range(point.lower, point.upper),
            _week_state(point, minimum),
        ]
        for point in series.points
    ]


def weekly_columns(series: Series) -> tuple[str, ...]:
    """The head of the table under the picture."""
    yes = "Replied" if series.metric == "replied_7d" else "Reached"
    return ("Week of", yes, "Judged", "Rate", "Usual range", "State")


def _week_state(point: Point, minimum: int) -> str:
    if point.is_suppressed:
        return TOO_FEW
    if point.state == "open":
        return f"still open ({few(point.n_open, minimum)})"
    if point.state == "empty":
        return "none sent"
    return tile_state(point) if point.verdict in ("above", "below") else "judged"


# Talk share


def portion(shares: TalkShares) -> str:
    """The median in words; "about half" as long as its interval holds a half."""
    low, high = shares.median_low, shares.median_high
    if low <= 0.5 <= high or 0.47 <= (shares.median or 0.0) <= 0.53:
        return "about half"
    if high < 0.5:
        return "less than a third" if high < 1 / 3 else "less than half"
    return "more than two thirds" if low > 2 / 3 else "more than half"


def talk_headline(shares: TalkShares) -> str:
    """The message of the distribution."""
    if shares.median is None:
        return "Too few answered conversations to show who writes how much"
    return f"Recruiters write {portion(shares)} of the words: {percent(shares.median)} in the middle conversation"


def talk_subtitle(shares: TalkShares) -> str:
    """Measure, who, period."""
    return (
        f"Recruiter’s share of all words, {count(shares.cohort.n)} answered conversations of "
        f"{period(shares.cohort)} "
        "over their first 30 days. Unanswered ones are left out: there it is 100% by definition."
    )


def talk_note(shares: TalkShares, minimum: int) -> str:
    """What the reference line is; empty without one."""
    if shares.reference is None or shares.median is None:
        return ""
    return (
        f"The dashed line at {percent(shares.reference)} is a reference set in your configuration, not a "
        "measured optimum; "
        f"{few(shares.at_or_below_reference, minimum)} of {count(shares.cohort.n)} conversations lie at or below "
        "it. A first "
        f"message of 120 words needs {120 / shares.reference - 120:.0f} words of the candidate to get there."
    )


def talk_alt(shares: TalkShares) -> str:
    """The picture in a sentence."""
    low, high = shares.quartiles
    return (
        f"Histogram of the recruiter’s share of the words in {count(shares.cohort.n)} conversations; the "
        "middle one is at "
        f"{percent(shares.median or 0.0)}, half of them between {percent(low)} and {percent(high)}."
    )


TALK_COLUMNS = ("Recruiter’s share", "Conversations")


def talk_rows(shares: TalkShares) -> list[list[str]]:
    """The table under the picture."""
    return [[percent_range(bar.low, bar.high), count(bar.n)] for bar in shares.bars]


# Refusals


def refused_headline() -> str:
    """Over a picture that is not drawn."""
    return "Reply rates are not shown"


def refused(reason: str) -> str:
    """In place of every picture that rests on who did not answer."""
    return (
        f"{sentence(f'They would mislead: {reason}')} Neither are conversions, the rates per 100 contacted, lost "
        "people, volume and the comparisons of first messages, channels, languages and teams: all rest on the same "
        "count of who did not answer."
    )


# Comparisons


def group_label(name: str, label: str) -> str:
    """The name of a group in a picture or a table."""
    return LENGTHS.get(label, label) if name == "length" else label


COMPARED = {"length": "lengths", "question": "questions", "request": "requests"}


def comparison_headline(comparison: Comparison, finding: Finding | None, event: str, labels: Mapping[str, str]) -> str:
    """What holds within the same recruiter, language and month; the plain groups only where that is unknown."""
    what = COMPARED[comparison.name]
    if not any(group.rate for group in comparison.groups):
        return f"Too few messages to compare {what}"
    if finding and finding.verdict in ("higher", "lower"):
        return finding_phrase(finding, event, labels)
    contrast = comparison.contrast
    if contrast is None:
        where = "length of the first message" if what == "lengths" else f"share of {what}"
        return f"No {where} stands out"
    if finding:
        return f"Replies differ by {what.rstrip('s')}, but not within the same recruiter, language and month"
    return _contrast_headline(comparison.name, *contrast)


def _contrast_headline(name: str, top: Group, bottom: Group) -> str:
    values = f"{percent(top.rate.value)} against {percent(bottom.rate.value)}" if top.rate and bottom.rate else ""
    if name == "length":
        return f"First messages of {_short(top)} go with more replies than {_short(bottom)}: {values}"
    what = COMPARED[name].capitalize()
    return f"{what} in “{top.label}” of sentences go with more replies than “{bottom.label}”: {values}"


def _short(group: Group) -> str:
    return LENGTHS.get(group.label, group.label)


def comparison_subtitle(comparison: Comparison) -> str:
    """Measure, who, period."""
    n, when = count(comparison.cohort.n), period(comparison.cohort)
    if comparison.name == "length":
        return (
            f"Reply rate within 7 days by length of the first message (LinkedIn’s bins), {n} first "
            f"messages of {when}. "
            "Line: where the true rate plausibly lies (95%)."
        )
    what = "sentences that are questions" if comparison.name == "question" else "sentences that ask for something"
    return f"Reply rate within 7 days by share of {what}, {n} first messages of {when}."


def comparison_alt(comparison: Comparison) -> str:
    """The picture in a sentence."""
    parts = [
        f"{group_label(comparison.name, group.label)} {percent(group.rate.value)} ({interval(group.rate)})"
        if group.rate
        else f"{group_label(comparison.name, group.label)} {empty_group(group)}"
        for group in comparison.groups
    ]
    return f"Dots with intervals, reply rate within 7 days: {'; '.join(parts)}."


def empty_group(group: Group) -> str:
    """In place of a rate."""
    return TOO_FEW if group.is_hidden else "none"


COMPARISON_COLUMNS = ("First message", "Reply rate", "95% interval", "Replied", "Sent")


def comparison_rows(comparison: Comparison) -> list[list[str]]:
    """The table under the picture, or of the groups."""
    return [
        [
            group_label(comparison.name, group.label),
            percent(group.rate.value) if group.rate else empty_group(group),
            interval(group.rate) if group.rate else "–",
            count(group.rate.numerator) if group.rate else "–",
            count(group.rate.denominator) if group.rate else "–",
        ]
        for group in comparison.groups
    ]


def adjusted_note(finding: Finding | None) -> str:
    """What remains when like is compared with like; empty without an estimate."""
    if finding is None or finding.difference is None:
        return ""
    within = f"Compared within the same recruiter, language and month: {difference_words(finding)} points"
    against = span(finding, "against")
    text = f"{within}{f' {against}' if against else ''}."
    if finding.verdict == "no difference seen" and finding.minimum_detectable is not None:
        least = f"{finding.minimum_detectable * 100:.1f}"
        text = f"{text[:-1]}, so no difference is seen; one below {least} could have been missed."
    return f"{text} {flag_words(finding)}".strip()


def groups_headline(comparisons: Sequence[Comparison]) -> str:
    """Over the table of channels, languages and teams."""
    clear = [GROUPS[c.name].lower() for c in comparisons if c.contrast]
    if not any(group.rate for c in comparisons for group in c.groups):
        return "Groups are too small to be shown"
    if not clear:
        return "No channel, language or team stands out in replies"
    return f"Replies differ by {and_list(clear)}"


def groups_subtitle(cohort: Cohort, minimum_candidates: int, minimum_recruiters: int) -> str:
    """Measure, who, period, and what is not shown."""
    return (
        f"Reply rate within 7 days, first messages of {period(cohort)}, in alphabetical order. Line: 95% "
        "interval. Groups of "
        f"fewer than {minimum_candidates} candidates or {minimum_recruiters} recruiters are not shown, "
        "nor is the next "
        "smallest where it would give one of them away."
    )


def hidden_groups(names: Sequence[str]) -> str:
    """Which groups are not shown; empty when all are."""
    return f"Not shown: {', '.join(names)}." if names else ""


GROUP_COLUMNS_SHOWN = ("Group", "Reply rate", "", "95% interval", "Replied", "Sent")


# Mail and overview


def figure_line(row: Sequence[str]) -> str:
    """A row of the weekly figures in plain text."""
    name, value, usual, week = row
    return f"{name}: {value} ({f'usually {usual}, ' if usual != '–' else ''}week of {week})"


def attached(has_pdf: bool) -> str:
    """What comes with the mail."""
    return "The summary is attached as PDF." if has_pdf else ""


LABELS = {
    "not_by_team": "Not reckoned by team",
    "funnel": "Per 100 contacted",
    "length": "Length, LinkedIn’s bins",
    "length_words": "Length in words",
    "asking": "Ask versus tell",
    "asking_after": "Once the candidate has answered",
    "conversions_refused": "Conversion rates are not shown",
    "weekly": "By week of the first message",
    "main_points": "Main points",
    "data": "Data",
    "how": "How to read this",
    "numbers": "See the numbers",
    "groups": "Channel, language, team",
    "findings": "What goes with replies and conversions",
    "facts": "Left out or assumed",
    "nothing": "There is nothing to draw yet.",
    "still_open": "still open",
    "usual_range": "usual range",
    "middle": "middle",
    "reference": "reference",
    "axis_talk": "Recruiter’s share of the words",
    "small": "Too few candidates to show this.",
    "quality": "Data quality of the newest run",
    "all_weeks": "Weekly outreach reports",
    "summary_foot": "Summary; all numbers are in the weekly report.",
    "part": "Part",
    "note": "Note",
    "what": "What",
    "number": "Number",
    "why": "Why",
    "low": "low",
    "high": "high",
}
