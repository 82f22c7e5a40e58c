"""The burn ledger and re-contact, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.findings import difference_words
from reports.words.funnel import STYLES
from reports.words.numbers import count, interval, percent, sentence

if TYPE_CHECKING:
    from reports.estimates import Finding
    from reports.sections.burning import Account, Ledger

OVER = "Burn ledger"
CLAIMED = "the claim: ten"
FATES = ("won", "answered", "declined", "ignored", "opted_out", "lost")
COLUMNS = (
    "First approach",
    "People",
    "Won",
    "Answered",
    "Declined",
    "Never answered",
    "Opted out",
    "Lost",
    "Lost for one won",
)


def style(account: Account) -> str:
    """The name of a row."""
    return STYLES.get(account.style, account.style)


def times(ratio: float) -> str:
    """0.8, 12."""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _range(account: Account) -> str:
    return f"{times(account.ratio[1])} to {times(account.ratio[2])}" if account.ratio else ""


def headline(ledger: Ledger) -> str:
    """Where the ratio stands against the claim of ten lost for one won."""
    everybody = ledger.everybody
    if everybody is None or everybody.ratio is None:
        return "How many are lost for one won cannot be said yet"
    value = f"{times(everybody.ratio[0])} ({_range(everybody)})"
    if everybody.against_ten == "below":
        return f"Fewer than ten people are lost for one won: {value}"
    if everybody.against_ten == "above":
        return f"More than ten people are lost for one won: {value}"
    return f"Whether ten people are lost for one won cannot be said: {value}"


def point(ledger: Ledger) -> str:
    """The same as a main point; empty without a verdict."""
    everybody = ledger.everybody
    if everybody is None or everybody.ratio is None or everybody.against_ten not in ("below", "above"):
        return ""
    return f"{headline(ledger)}."


def subtitle(ledger: Ledger) -> str:
    """Measure, who, period."""
    everybody = ledger.everybody
    return (
        "People lost (opted out, or silent at a later approach) for one won, "
        f"{count(everybody.n if everybody else 0)} people "
        "judged 90 days after the last approach, by the style of the first. Line: 95% interval."
    )


def missing(account: Account) -> str:
    """In place of a ratio."""
    return "too few won" if account.reason == "fewer than 5 won" else "too few to show"


def alt(ledger: Ledger) -> str:
    """The picture in a sentence."""
    parts = [
        f"{style(account)} {times(account.ratio[0])} ({_range(account)})"
        if account.ratio
        else f"{style(account)} {missing(account)}"
        for account in ledger.accounts
    ]
    return f"Dots with intervals, people lost for one won, beside the claimed ten: {'; '.join(parts)}."


def rows(ledger: Ledger) -> list[list[str]]:
    """The table under the picture."""
    return [
        [
            sentence(style(account)).rstrip("."),
            "–" if account.fates["won"] is None else count(account.n),
            *("–" if account.fates[name] is None else count(account.fates[name] or 0) for name in FATES),
            f"{times(account.ratio[0])} ({_range(account)})" if account.ratio else missing(account),
        ]
        for account in ledger.accounts
    ]


def notes(ledger: Ledger, finding: Finding | None) -> list[str]:
    """How those not won answer when they are approached again."""
    said = []
    if ledger.share_again and ledger.reply_again:
        said.append(
            f"Of the {count(ledger.share_again.denominator)} not won, "
            f"{percent(ledger.share_again.value)} were approached again "
            f"within half a year; {percent(ledger.reply_again.value)} of those approached again answered "
            f"({interval(ledger.reply_again)})."
        )
    if finding is None or finding.verdict == "too little data":
        said.append("Whether it matters for that answer how they were first approached cannot be said yet.")
    elif finding.verdict == "no difference seen":
        said.append(
            "How they were first approached shows no difference in that answer "
            f"({difference_words(finding)} points after a "
            "sell-first opening)."
        )
    else:
        more = "more" if finding.verdict == "higher" else "fewer"
        said.append(
            f"Having been approached with a sell-first opening goes with {more} such answers "
            f"({difference_words(finding)} points)."
        )
    return said


def instead(ledger: Ledger) -> str:
    """Why there is no picture."""
    everybody = ledger.everybody
    if everybody is None:
        return "No one’s outcome is judged yet: that takes 90 days after the last approach."
    return sentence(everybody.reason) if everybody.reason else "Too few candidates to show this."
