"""Text as a report shows it, together with the value it says, so that tables can be handed on as numbers."""

from __future__ import annotations

from datetime import date


class Shown(str):
    """A number or a day in words; `value` is what the text says, no digit more, and `form` a spreadsheet's format."""

    value: float | date
    form: str

    def __new__(cls, text: str, value: float | date, form: str) -> Shown:  # noqa: D102
        shown = super().__new__(cls, text)
        shown.value, shown.form = value, form
        return shown


class Span(str):
    """A range in words, with both ends, and with the estimate it belongs to where the text gives one."""

    low: Shown
    high: Shown
    estimate: Shown | None

    def __new__(cls, text: str, low: Shown, high: Shown, estimate: Shown | None = None) -> Span:  # noqa: D102
        span = super().__new__(cls, text)
        span.low, span.high, span.estimate = low, high, estimate
        return span
