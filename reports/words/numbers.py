"""Numbers, dates and lists as a reader would write them, in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from reports.estimates import Cohort, Rate

TOO_FEW = "too few to show"
NOT_KNOWN = "not known"

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


def percent(share: float) -> str:
    """19%, 6.8%, 0.4%; one decimal below ten."""
    return f"{per_hundred(share)}%"


def per_hundred(share: float) -> str:
    """19, 6.8, 0.4: the same without its sign."""
    scaled = share * 100
    if scaled == 0 or scaled >= 99.95:
        return f"{scaled:.0f}"
    return f"{scaled:.1f}" if round(scaled, 1) < 10 else f"{scaled:.0f}"


def percent_range(low: float, high: float) -> str:
    """13–22%."""
    if round(low * 100, 1) < 10 and high * 100 >= 10:
        return f"{low * 100:.0f}–{high * 100:.0f}%"
    return f"{per_hundred(low)}–{percent(high)}"


def points(difference: float) -> str:
    """Differences of shares, with their sign: +3.1."""
    text = f"{abs(difference) * 100:.1f}"
    return text if text == "0.0" else f"{'+' if difference > 0 else '−'}{text}"


def count(number: int) -> str:
    """1,204."""
    return f"{number:,}"


def few(number: int, minimum: int) -> str:
    """A count of people; one to `minimum` less one is not told."""
    return f"fewer than {minimum}" if 0 < number < minimum else count(number)


def amount(value: float, unit: str) -> str:
    """A value of a metric in its own unit."""
    if unit == "share":
        return percent(value)
    if unit == "words":
        return f"{value:.0f} words"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def amount_range(low: float, high: float, unit: str) -> str:
    """A range of such values."""
    return percent_range(low, high) if unit == "share" else f"{amount(low, '')}–{amount(high, unit)}"


def day(moment: date) -> str:
    """9 November 2026."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def short_day(moment: date) -> str:
    """9 Nov."""
    return f"{moment.day} {MONTHS[moment.month - 1][:3]}"


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


def interval(rate: Rate) -> str:
    """17–21%."""
    return percent_range(rate.low, rate.high)


def sentence(text: str) -> str:
    """With a capital at the front and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def and_list(parts: Sequence[str]) -> str:
    """One, two and three."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain(name: str) -> str:
    """A column name as words, for what has no words of its own."""
    return name.replace("_", " ")
