"""Numbers, dates and lists as a reader would write them, in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from reports.estimates import Cohort, Rate
from reports.shown import Shown, Span

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


def and_list(parts: Sequence[str]) -> str:
    """One, two and three."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain(name: str) -> str:
    """A column name as words, for what has no words of its own."""
    return name.replace("_", " ")
