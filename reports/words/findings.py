"""What goes with what, in English: the names of measures and outcomes, and the sentences of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.estimates import Finding, Findings
from reports.shown import Shown, Span
from reports.words.numbers import amount, count, percent, plain, points, sentence

YES_NO = "yes or no"

OUTCOMES = {
    "replied_7d": "replies within 7 days",
    "replied_14d": "replies within 14 days",
    "replied_30d": "replies within 30 days",
    "replied_8_to_30d": "replies from day 8 to day 30",
    "discussion": "discussions",
    "interested_30d": "interested replies within 30 days",
    "declined_30d": "declines within 30 days",
    "opted_out_30d": "opt-outs within 30 days",
    "ignored_30d": "silences of 30 days",
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
    "numbers": ("More numbers in the first message", "number"),
    "links": ("More links in the first message", "number"),
    "us_share": ("More sentences about us in the first message", "share"),
    "sell_first": ("First messages that sell first", YES_NO),
    "reaction_first": ("First messages that ask for a reaction first", YES_NO),
    "previous_sell_first": ("Messages to people once approached with a sell-first message", YES_NO),
    "previous_reaction_first": ("Messages to people once asked for a reaction first", YES_NO),
}

# Measures whose phrase is one thing: "more asking goes with", not "go with".
SINGULAR = frozenset(
    {
        "ask_share_opening",
        "tell_share_opening",
        "ask_balance_opening",
        "permission_share_opening",
        "ask_balance_landmark",
        "reflect_share_landmark",
        "own_text_share",
        "talk_share_landmark",
    }
)


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
    against = span(finding, "than at")
    return f"{finding_phrase(finding, event, labels)}: {size} (plausibly {spread}){f' {against}' if against else ''}."


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


def claim(metric: str, direction: str, outcome: str, event: str, labels: Mapping[str, str]) -> str:
    """Longer first messages go with fewer replies; `direction` is higher or lower."""
    verb = "goes" if metric in SINGULAR else "go"
    more = "more" if direction == "higher" else "fewer"
    return f"{metric_words(metric)} {verb} with {more} {outcome_words(outcome, event, labels)}"


def finding_phrase(finding: Finding, event: str, labels: Mapping[str, str]) -> str:
    """The claim a clear pair bears out."""
    return claim(finding.metric, finding.verdict, finding.outcome, event, labels)


def span(finding: Finding, joint: str) -> str:
    """From which value of the metric to which: at 160 words than at 92; than without, of a yes or no."""
    if METRICS.get(finding.metric, ("", ""))[1] == YES_NO:
        return f"{joint.partition(' ')[0]} without"
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
NOT_COMPARED = "not compared"
FINDING_COLUMNS = ("Measure", "Outcome", "What is seen", "Difference, points", "", "Visible from")


def verdict_words(finding: Finding) -> str:
    """What is seen, in words."""
    if finding.verdict == "higher":
        return "goes with more"
    return "goes with fewer" if finding.verdict == "lower" else finding.verdict


def cell_words(finding: Finding) -> str:
    """The same under the head of its outcome."""
    return {"higher": "more", "lower": "fewer"}.get(finding.verdict, finding.verdict)


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


def size_words(finding: Finding) -> str:
    """The size of a clear difference; of the others, the least that would have shown."""
    if finding.verdict in ("higher", "lower"):
        return difference_words(finding)
    if finding.verdict == "no difference seen" and finding.minimum_detectable is not None:
        return f"visible from {least_words(finding)}"
    return ""


def outcome_head(outcome: str, event: str, labels: Mapping[str, str]) -> str:
    """The outcome over its column."""
    return sentence(outcome_words(outcome, event, labels)).rstrip(".")


def all_findings_headline(number: int) -> str:
    """Over the folded table of all pairs with enough data."""
    return f"All {count(number)} pairs with enough data" if number != 1 else "The one pair with enough data"


def finding_row(finding: Finding, event: str, labels: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """Measure, outcome, what is seen, difference, least that shows."""
    return (
        metric_words(finding.metric),
        sentence(outcome_words(finding.outcome, event, labels)).rstrip("."),
        verdict_words(finding),
        difference_words(finding),
        least_words(finding),
    )


def flag_words(finding: Finding) -> str:
    """What to know before believing the pair: a sign that turns, or a difference that who writes explains."""
    if finding.is_simpson:
        return "Taken all together the sign is the opposite; read the comparison within."
    if finding.is_confounded:
        return (
            "Taken all together the difference is another one: who writes explains part of it. "
            "Read the comparison within."
        )
    return ""


def too_little_words(findings: Sequence[Finding], event: str, labels: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The pairs without enough data, by reason: each measure once, with its outcomes."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for finding in findings:
        metrics = reasons.setdefault(sentence(finding.reason or "too little data").rstrip("."), {})
        metrics.setdefault(metric_words(finding.metric), []).append(outcome_words(finding.outcome, event, labels))
    return [
        (reason, [f"{metric[:1].lower()}{metric[1:]} ({', '.join(outcomes)})" for metric, outcomes in metrics.items()])
        for reason, metrics in sorted(reasons.items())
    ]


def too_little_headline(number: int) -> str:
    """Over the group."""
    return f"Too little data to judge: {count(number)} pair{'s' if number != 1 else ''}"
