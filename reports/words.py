"""Every sentence of the weekly report, in English; a second language is one more such file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.estimates import (
    Cohort,
    Comparison,
    Finding,
    Findings,
    Funnel,
    Group,
    Point,
    Quality,
    Rate,
    Series,
    TalkShares,
)
from reports.shown import Shown, Span

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

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

OUTCOMES = {
    "replied_7d": "replies within 7 days",
    "replied_14d": "replies within 14 days",
    "replied_30d": "replies within 30 days",
    "replied_8_to_30d": "replies from day 8 to day 30",
    "discussion": "discussions",
    "interested_30d": "interested replies within 30 days",
    "interested_90d": "interested replies",
    "declined_90d": "declines",
    "opted_out_90d": "opt-outs",
    "interview_90d": "interviews within 90 days",
    "offer_90d": "offers within 90 days",
    "hired_90d": "hires within 90 days",
}

EVENTS = {
    "interview": "interviews",
    "offer": "offers",
    "hired": "hires",
    "screen": "screening calls",
    "applied": "applications",
}

STEPS = {
    "replied_30d": "replied",
    "interested_90d": "interested",
    "discussion": "discussion",
    "interview_90d": "interview",
    "offer_90d": "offer",
    "hired_90d": "hired",
    "declined_90d": "declined",
    "opted_out_90d": "opted out",
}

# More of the metric, as it stands before "go with"; and what its values count.
METRICS = {
    "first_message_words": ("Longer first messages (words)", "words"),
    "first_message_chars": ("Longer first messages (characters)", "characters"),
    "first_message_sentences": ("Longer first messages (sentences)", "sentences"),
    "flesch_reading_ease": ("Easier first messages (Flesch score)", "number"),
    "question_share_opening": ("More questions in the first message", "share"),
    "request_share_opening": ("More requests in the first message", "share"),
    "permission_share_opening": ("More asking for permission in the first message", "share"),
    "tell_share_opening": ("More telling in the first message", "share"),
    "ask_share_opening": ("More asking in the first message", "share"),
    "ask_balance_opening": ("More asking than telling in the first message", "share"),
    "you_share": ("More words about the reader than about us in the first message", "share"),
    "technologies_named": ("More technologies named in the first message", "number"),
    "ask_balance_landmark": ("More asking than telling up to a week after the reply", "share"),
    "reflect_share_landmark": ("More taking up what the candidate wrote, up to a week after the reply", "share"),
    "own_text_share": ("More own text in the first message", "share"),
    "contacts_28d_before": ("More people contacted in the 28 days before", "people"),
    "talk_share_landmark": ("A larger recruiter share of the words up to a week after the reply", "share"),
    "followups_unanswered_7d": ("More follow-ups in 7 days without an answer", "messages"),
}

GROUPS = {"channel": "Channel", "language": "Language", "team": "Team"}

LENGTHS = {
    "<= 400": "up to 400 characters",
    "401-800": "401–800 characters",
    "801-1200": "801–1,200 characters",
    "> 1200": "over 1,200 characters",
}

NOT_FOR_DECISIONS = "Not for employment decisions."
GOES_WITH = (
    "This shows what goes with replies, not what leads to them: messages also differ in role, market and sender."
)
TOO_FEW = "too few to show"
NOT_KNOWN = "not known"
NOT_SAID = "not said"


# Numbers and dates


def percent(share: float) -> Shown:
    """19%, 6.8%, 0.4%; one decimal below ten."""
    return _as_percent(per_hundred(share))


def per_hundred(share: float) -> Shown:
    """19, 6.8, 0.4: the same without its sign."""
    scaled = share * 100
    is_whole = scaled == 0 or round(scaled, 1) >= 10
    return _whole(scaled) if is_whole else Shown(f"{scaled:.1f}", round(scaled, 1), "0.0")


def per_hundred_range(low: float, high: float) -> Span:
    """13–22; whole numbers from ten on, and where only the lower end lies below ten."""
    is_mixed = round(low * 100, 1) < 10 <= high * 100
    start, end = (_whole(low * 100), _whole(high * 100)) if is_mixed else (per_hundred(low), per_hundred(high))
    return Span(f"{start}–{end}", start, end)


def percent_range(low: float, high: float) -> Span:
    """13–22%."""
    span = per_hundred_range(low, high)
    return Span(f"{span}%", _as_percent(span.low), _as_percent(span.high))


def _whole(number: float) -> Shown:
    return Shown(f"{number:.0f}", round(number), "0")


def _as_percent(number: Shown) -> Shown:
    assert isinstance(number.value, int | float)
    return Shown(f"{number}%", round(number.value / 100, 3), f"{number.form}%")


def points(difference: float) -> Shown:
    """Differences of shares, with their sign: +3.1."""
    text = f"{abs(difference) * 100:.1f}"
    signed = text if text == "0.0" else f"{'+' if difference > 0 else '−'}{text}"
    return Shown(signed, float(signed.replace("−", "-")), "+0.0;-0.0;0.0")


def count(number: int) -> Shown:
    """1,204."""
    return Shown(f"{number:,}", number, "#,##0")


def few(number: int, minimum: int) -> str:
    """A count of people; one to `minimum` less one is not told."""
    return f"fewer than {minimum}" if 0 < number < minimum else count(number)


def amount(value: float, unit: str) -> Shown:
    """A value of a metric in its own unit."""
    if unit == "share":
        return percent(value)
    if unit == "words":
        return Shown(f"{value:.0f} words", round(value), '0" words"')
    return _whole(value) if value >= 10 or value == int(value) else Shown(f"{value:.1f}", round(value, 1), "0.0")


def amount_range(low: float, high: float, unit: str) -> Span:
    """A range of such values."""
    if unit == "share":
        return percent_range(low, high)
    start, end = amount(low, ""), amount(high, unit)
    return Span(f"{start}–{end}", start, end)


def day(moment: date) -> Shown:
    """9 November 2026."""
    return Shown(f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}", moment, "d mmmm yyyy")


def short_day(moment: date) -> Shown:
    """9 Nov."""
    return Shown(f"{moment.day} {MONTHS[moment.month - 1][:3]}", moment, "d mmm yyyy")


def week_range(week: date) -> str:
    """9–15 November 2026, or with both months where they differ."""
    end = week + timedelta(days=6)
    if week.month == end.month:
        return f"{week.day}–{day(end)}"
    start = f"{week.day} {MONTHS[week.month - 1]}"
    return f"{start if week.year == end.year else f'{start} {week.year}'} – {day(end)}"


def period(cohort: Cohort) -> str:
    """17 Aug – 15 Nov 2026: the weeks a section covers."""
    if cohort.first is None or cohort.last is None:
        return ""
    end = cohort.last + timedelta(days=6)
    start = short_day(cohort.first) + (f" {cohort.first.year}" if cohort.first.year != end.year else "")
    return f"{start}\u00a0– {short_day(end)} {end.year}".replace(" ", "\u00a0").replace("–\u00a0", "– ")


def interval(rate: Rate) -> Span:
    """17–21%."""
    return percent_range(rate.low, rate.high)


def sentence(text: str) -> str:
    """With a capital at the front and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


# Head of the page


def kicker(recruiters: int) -> str:
    """The line above the title."""
    return "Weekly outreach report" + (f" · {count(recruiters)} recruiters" if recruiters > 1 else "")


def title(name: str, week: date) -> str:
    """The title of the page."""
    return f"{name}, week of {week_range(week)}"


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


def finding_point(finding: Finding, event: str, labels: Mapping[str, str]) -> str:
    """A clear pair, with its size."""
    if finding.difference is None:
        return f"{finding_phrase(finding, event, labels)}."
    more = "more" if finding.difference > 0 else "fewer"
    bounds = sorted((abs(finding.low or 0.0), abs(finding.high or 0.0)))
    size = (
        f"{abs(finding.difference) * 100:.1f} more per 100"
        if more == "more"
        else (f"{abs(finding.difference) * 100:.1f} fewer per 100")
    )
    spread = f"between {bounds[0] * 100:.1f} and {bounds[1] * 100:.1f}"
    span = _span(finding, "than at")
    return f"{finding_phrase(finding, event, labels)}: {size} (plausibly {spread}){f' {span}' if span else ''}."


def no_finding_point(findings: Findings) -> str:
    """Nothing clear was found, and how large a difference would have been seen."""
    if not findings.unclear:
        return "There is too little data yet to say what goes with replies or conversions."
    return f"Nothing we measure goes clearly with replies or conversions. {missed(findings)}"


def missed(findings: Findings) -> str:
    """The size of difference the data could have shown, over the pairs in which nothing is seen."""
    sizes = sorted(f.minimum_detectable for f in findings.unclear if f.minimum_detectable is not None)
    if not sizes:
        return ""
    low, high = f"{sizes[0] * 100:.1f}", f"{sizes[-1] * 100:.1f}"
    size = low if low == high else f"{low} to {high}"
    return f"Where no difference is seen, one smaller than {size} points could have been missed."


def funnel_point(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """Won and lost per 100 contacted."""
    rates = {group.label: group.rate for group in funnel.gains + funnel.losses}
    replied, interview = rates.get("replied_30d"), rates.get("interview_90d")
    declined, opted_out = rates.get("declined_90d"), rates.get("opted_out_90d")
    if replied is None:
        return ""
    parts = [f"{per_hundred(replied.value)} replied"]
    if interview:
        parts.append(f"{per_hundred(interview.value)} reached “{step(labels, 'interview_90d')}”")
    if declined:
        parts.append(f"{per_hundred(declined.value)} declined")
    if opted_out:
        parts.append(f"{per_hundred(opted_out.value)} opted out")
    tail = "" if interview else " What came after the reply is not known: no outcome data covers it."
    return f"Of 100 contacted ({period(funnel.cohort)}), {_and(parts)}.{tail}"


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


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


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


# Reply rate by week


def weekly_headline(series: Series) -> str:
    """The message of the weekly picture."""
    point = series.current
    if point is None or point.value is None:
        return "No week can be judged yet"
    value = percent(point.value)
    if point.verdict == "unjudged":
        return f"{value} replied; too few earlier weeks for a usual range"
    usual = _usual_clause(series, point)
    if point.verdict == "above":
        return f"More candidates replied than usual: {value}, {usual}"
    if point.verdict == "below":
        return f"Fewer candidates replied than usual: {value}, {usual}"
    return f"The reply rate stayed in its usual range: {value}, {usual}"


def weekly_subtitle(series: Series) -> str:
    """Measure, who, period."""
    usual = f" Band: usual range, from the {series.n_baseline} judged weeks before." if series.n_baseline >= 8 else ""
    return f"Share of first messages answered within 7 days, by the week they were sent, everybody together.{usual}"


def weekly_alt(series: Series) -> str:
    """The picture in a sentence."""
    judged = [point for point in series.points if point.is_judged]
    values = [point.value for point in judged if point.value is not None]
    if not values:
        return "Line chart without a judged week."
    still = sum(point.state == "open" for point in series.points)
    tail = f" {still} newer week{'s are' if still > 1 else ' is'} still open." if still else ""
    return (
        f"Line chart of the weekly reply rate over {len(values)} judged weeks, from {percent(min(values))} "
        f"to {percent(max(values))}. {weekly_headline(series)}.{tail}"
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


WEEKLY_COLUMNS = ("Week of", "Replied", "Judged", "Rate", "Usual range", "State")


def _week_state(point: Point, minimum: int) -> str:
    if point.is_suppressed:
        return TOO_FEW
    if point.state == "open":
        return f"still open ({few(point.n_open, minimum)})"
    if point.state == "empty":
        return "none sent"
    return tile_state(point) if point.verdict in ("above", "below") else "judged"


# Per 100 contacted


def step(labels: Mapping[str, str], name: str) -> str:
    """The name of an outcome in the picture."""
    return labels.get(name, STEPS.get(name, plain(name)))


def funnel_headline(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """The message of the picture of won and lost."""
    rates = {group.label: group.rate for group in funnel.gains + funnel.losses}
    replied, interview, declined = (
        rates.get("replied_30d"),
        rates.get("interview_90d"),
        rates.get("declined_90d"),
    )
    if replied is None:
        return (
            "Too few contacted to show rates" if funnel.is_suppressed else "No outcome per 100 contacted is known yet"
        )
    if interview is None:
        lost = f" and {per_hundred(declined.value)} declined" if declined else ""
        return f"Of 100 contacted, {per_hundred(replied.value)} replied{lost}; later steps are not known"
    lost = f"; {per_hundred(declined.value)} declined" if declined else ""
    return (
        f"Of 100 contacted, {per_hundred(replied.value)} replied, "
        f"{per_hundred(interview.value)} reached “{step(labels, 'interview_90d')}”{lost}"
    )


def funnel_subtitle(funnel: Funnel) -> str:
    """Measure, who, period."""
    replied = next((group.rate for group in funnel.gains if group.label == "replied_30d"), None)
    silent = f" {per_hundred(1 - replied.value)} of 100 did not answer." if replied else ""
    return (
        f"Per 100 contacted; {count(funnel.cohort.n)} approaches of {period(funnel.cohort)}. Replies "
        "within 30 days, later "
        f"steps within 90. Thin lines: 95% interval.{silent}"
    )


def funnel_alt(funnel: Funnel, labels: Mapping[str, str]) -> str:
    """The picture in a sentence."""
    parts = [f"{step(labels, g.label)} {funnel_value(g)}" for g in funnel.gains + funnel.losses]
    return f"Bar chart per 100 contacted: {', '.join(parts)}."


def funnel_value(group: Group) -> str:
    """What stands at the end of a bar."""
    if group.rate is None:
        return TOO_FEW if group.is_hidden else NOT_KNOWN
    return per_hundred(group.rate.value)


FUNNEL_COLUMNS = ("Step", "Per 100", "95% interval", "Yes", "Judged")


def funnel_rows(funnel: Funnel, labels: Mapping[str, str]) -> list[list[str]]:
    """The table under the picture."""
    return [
        [
            sentence(step(labels, group.label)).rstrip("."),
            funnel_value(group),
            per_hundred_range(group.rate.low, group.rate.high) if group.rate else "–",
            count(group.rate.numerator) if group.rate else "–",
            count(group.rate.denominator) if group.rate else "–",
        ]
        for group in funnel.gains + funnel.losses
    ]


def funnel_notes(funnel: Funnel) -> list[str]:
    """That some steps are not known."""
    rates = funnel.gains + funnel.losses
    notes = []
    if any(group.rate is None and not group.is_hidden for group in rates):
        notes.append("Not known: no outcome data covers these approaches. It is not counted as “no”.")
    judged = {group.rate.denominator for group in rates if group.rate}
    if judged and min(judged) < 0.95 * max(judged):
        notes.append(
            f"Steps rest on different numbers of approaches ({count(min(judged))} to "
            f"{count(max(judged))}), because not "
            "every outcome is known for every approach; see the numbers."
        )
    return notes


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
        f"{sentence(f'They would mislead: {reason}')} Neither are the rates per 100 contacted and the "
        "comparisons of "
        "first messages, channels, languages and teams, which rest on the same count of who did not answer."
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
    span = _span(finding, "against")
    text = f"{within}{f' {span}' if span else ''}."
    if finding.verdict == "no difference seen" and finding.minimum_detectable is not None:
        least = f"{finding.minimum_detectable * 100:.1f}"
        text = f"{text[:-1]}, so no difference is seen; one below {least} could have been missed."
    return f"{text} {simpson_words(finding)}".strip()


def groups_headline(comparisons: Sequence[Comparison]) -> str:
    """Over the table of channels, languages and teams."""
    clear = [GROUPS[c.name].lower() for c in comparisons if c.contrast]
    if not any(group.rate for c in comparisons for group in c.groups):
        return "Groups are too small to be shown"
    if not clear:
        return "No channel, language or team stands out in replies"
    return f"Replies differ by {_and(clear)}"


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


# What goes with what


def plain(name: str) -> str:
    """A column name as words, for what has no words of its own."""
    return name.replace("_", " ")


def outcome_words(outcome: str, event: str, labels: Mapping[str, str]) -> str:
    """An outcome in the plural."""
    if outcome in labels:
        return labels[outcome]
    if outcome in OUTCOMES:
        return OUTCOMES[outcome]
    if outcome.startswith("converted"):
        what = labels.get(event, EVENTS.get(event, f"conversions ({plain(event)})"))
        days = next((part for part in ("30", "60", "90") if f"{part}d" in outcome), "")
        within = f" within {days} days" if days else ""
        return f"{what}{within}{' after the first week of talk' if outcome.endswith('landmark') else ''}"
    return plain(outcome)


def metric_words(metric: str) -> str:
    """More of a metric, in the plural or singular it needs."""
    return METRICS.get(metric, (f"More {plain(metric)}", "number"))[0]


def finding_phrase(finding: Finding, event: str, labels: Mapping[str, str]) -> str:
    """Longer first messages go with fewer replies."""
    phrase = metric_words(finding.metric)
    verb = (
        "goes"
        if phrase.startswith("A larger") or phrase.startswith(("More asking", "More telling", "More taking up"))
        else "go"
    )
    if phrase.startswith("More own text"):
        verb = "goes"
    more = "more" if finding.verdict == "higher" else "fewer"
    return f"{phrase} {verb} with {more} {outcome_words(finding.outcome, event, labels)}"


def _span(finding: Finding, joint: str) -> str:
    """From which value of the metric to which: at 160 words than at 92."""
    low, high = finding.from_value, finding.to_value
    if low is None or high is None or high <= low:
        return ""
    unit = METRICS.get(finding.metric, ("", "number"))[1]
    if unit == "share":
        return f"at {percent(high)} {joint} {percent(low)}"
    return f"at {amount(high, '')}{'' if unit == 'number' else f' {unit}'} {joint} {amount(low, '')}"


def findings_headline(findings: Findings, is_refused: bool) -> str:
    """Over the table of pairs; `is_refused` when rates, and with them pairs, are left out."""
    judged = findings.clear + findings.unclear
    if is_refused and not judged + findings.too_little:
        return "Not shown, because the rates are not"
    n, total = (len({f.metric for f in part}) for part in (findings.clear, judged))
    if n:
        return f"{n} of {total} measures go{'es' if n == 1 else ''} clearly with replies or conversions"
    if judged:
        return "Nothing measured goes clearly with replies or conversions"
    return "Too little data to say what goes with replies or conversions"


FINDINGS_SUBTITLE = (
    "Difference in outcomes per 100 approaches between the upper and lower end of the middle half of "
    "each measure, compared "
    "within the same recruiter, language and month. It goes with, it does not lead to."
)
FINDING_COLUMNS = ("Measure", "Outcome", "What is seen", "Difference, points", "", "Visible from")


def verdict_words(finding: Finding) -> str:
    """What is seen, in words."""
    if finding.verdict == "higher":
        return "goes with more"
    return "goes with fewer" if finding.verdict == "lower" else finding.verdict


def difference_words(finding: Finding) -> str:
    """−6.2 (−8.7 to −3.7)."""
    if finding.difference is None:
        return "–"
    if finding.low is None or finding.high is None:
        return points(finding.difference)
    difference, low, high = points(finding.difference), points(finding.low), points(finding.high)
    return Span(f"{difference} ({low} to {high})", low, high, difference)


def least_words(finding: Finding) -> str:
    """The minimum detectable difference."""
    if finding.minimum_detectable is None:
        return "–"
    least = round(finding.minimum_detectable * 100, 1)
    return Shown(f"{least:.1f}", least, "0.0")


def finding_row(finding: Finding, event: str, labels: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """Measure, outcome, what is seen, difference, least that shows."""
    return (
        metric_words(finding.metric),
        sentence(outcome_words(finding.outcome, event, labels)).rstrip("."),
        verdict_words(finding),
        difference_words(finding),
        least_words(finding),
    )


def simpson_words(finding: Finding) -> str:
    """The flag where the pooled sign and the sign within disagree."""
    return "Taken all together the sign is the opposite; read the comparison within." if finding.is_simpson else ""


def too_little_words(findings: Sequence[Finding], event: str, labels: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The pairs without enough data, by reason."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        metric = metric_words(finding.metric)
        pair = f"{metric[:1].lower()}{metric[1:]} and {outcome_words(finding.outcome, event, labels)}"
        reasons.setdefault(sentence(finding.reason or "too little data").rstrip("."), []).append(pair)
    return sorted(reasons.items())


def too_little_headline(number: int) -> str:
    """Over the group."""
    return f"Too little data to judge: {count(number)} pair{'s' if number != 1 else ''}"


def more_findings_headline(number: int) -> str:
    """Over the other pairs with enough data."""
    return f"{count(number)} more pair{'s' if number != 1 else ''} with enough data"


# Data


def quality_headline(quality: Quality) -> str:
    """Over the numbers of rows."""
    rows = quality.rows
    if not rows["rows_in"]:
        return "No rows were read"
    files = f"{count(quality.files_read)} file{'s' if quality.files_read != 1 else ''}"
    refused = f", {count(quality.files_refused)} refused" if quality.files_refused else ""
    return f"{count(rows['rows_set_aside'])} of {count(rows['rows_in'])} rows set aside; {files}{refused}"


ROW_NAMES = (
    ("rows_in", "Rows read"),
    ("rows_kept", "kept"),
    ("rows_set_aside", "set aside as unusable"),
    ("rows_already_known", "already known from another file"),
    ("rows_excluded", "not messages or outcomes of ours"),
)


def quality_rows(quality: Quality) -> list[list[str]]:
    """What became of every row read, with the reasons."""
    why = {"rows_set_aside": quality.set_aside, "rows_excluded": quality.excluded}
    return [
        [name, count(quality.rows[key]), "; ".join(f"{reason}: {count(n)}" for reason, n in why.get(key, ()))]
        for key, name in ROW_NAMES
    ]


def balance(quality: Quality) -> str:
    """Says so when the rows do not add up; empty when they do."""
    rows = quality.rows
    missing = rows["rows_in"] - sum(rows[key] for key, _ in ROW_NAMES[1:])
    return f"The counts do not add up: {count(missing)} rows are unaccounted for." if missing else ""


def quality_facts(quality: Quality, minimum: int) -> list[list[str]]:
    """What is left out of the rates, or assumed."""
    info = quality.info
    known = [
        ("Approaches", "n_approaches"),
        ("First message unknown (left out of first-message figures)", "n_first_message_unknown"),
        ("Opened by an invitation note only (left out of reply rates)", "n_note_openers"),
        ("Already in a process before the first message (left out of rates)", "n_already_in_process"),
        ("Group conversations (left out)", "n_groups"),
    ]
    facts = [[name, few(int(info[key]), minimum)] for name, key in known if info.get(key) is not None]
    facts.append(["First messages still open for a 7-day reply", few(quality.n_open, minimum)])
    assumed, linked = info.get("share_assumed_candidates"), info.get("link_rate")
    facts.append(
        [
            "Candidates known only as the other side of a thread",
            NOT_KNOWN if assumed is None else percent(assumed),
        ]
    )
    facts.append(
        [
            "Candidates of the outcome data linked to a conversation",
            "no outcome data" if linked is None else percent(linked),
        ]
    )
    return facts


# How to read


def how_to_read(minimum_candidates: int) -> list[tuple[str, str]]:
    """The words of the report, explained."""
    return [
        (
            "Usual range",
            "where weekly figures fall when nothing changes, from the judged weeks before, allowing for "
            "swings beyond pure "
            "chance. A figure inside it needs no explanation; now and then one falls outside by chance.",
        ),
        (
            "Still open",
            "the time to answer is not over. Such weeks are drawn hollow and never count as “no reply”.",
        ),
        (
            "Interval",
            "where the true rate plausibly lies (95%), widened because messages of one recruiter or "
            "template resemble "
            "each other. Where intervals overlap, we do not speak of a difference.",
        ),
        (
            "Visible from",
            "the smallest difference, in points, that the data could have shown. “No difference seen” is not “none”.",
        ),
        ("Not known", "no source says. It is never counted as “no”."),
        (
            "Discussion",
            "the candidate wrote at least twice. Won and lost stand side by side because a message can "
            "draw replies and "
            "still win nobody.",
        ),
        (
            "Too few to show",
            f"fewer than {minimum_candidates} candidates, or a group that would give them away.",
        ),
    ]


def footer(version: str) -> str:
    """The last line."""
    made = f" Made by talkshare {version}." if version else ""
    return f"Numbers from the published snapshot; names and texts of people are not in this report.{made}"


# Mail and overview


def figure_line(row: Sequence[str]) -> str:
    """A row of the weekly figures in plain text."""
    name, value, usual, week = row
    return f"{name}: {value} ({f'usually {usual}, ' if usual != '–' else ''}week of {week})"


def attached(has_pdf: bool) -> str:
    """What comes with the mail."""
    return "The summary is attached as PDF." if has_pdf else ""


LABELS = {
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
