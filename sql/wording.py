"""Estimates in words, for a reader who knows no statistics; never "leads to"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTCOME_WORDS = {
    "discussion": "discussions",
    "replied_8_to_30d": "replies between day 8 and day 30",
    "converted_60d_after_landmark": "conversions in the 60 days after the landmark",
}
EVENT_WORDS = {
    "replied": "replies",
    "converted": "conversions",
    "interested": "interested replies",
    "declined": "declines",
    "opted_out": "opt-outs",
    "interview": "interviews",
    "offer": "offers",
    "hired": "hires",
}


CONTRASTS = {
    "yes against no": ("it", "with it than without"),
    "above the median": ("a higher value", "above the median than in the rest"),
    "across the quartiles": ("a higher value", "between the lower and the upper quartile"),
}
"""How the method names its contrast -> what goes with the outcome, and between whom."""


def verdict_sentence(row: Mapping[str, Any]) -> str:
    """One row of `associations` in words, for a reader who knows no statistics; never says "leads to"."""
    metric, outcome = metric_words(row["metric"]), outcome_words(row["outcome"])
    if row["verdict"] == "too little data":
        return f"{metric}: too little data to say anything about {outcome} ({row['verdict_reason']})."
    if row["verdict"] == "no difference seen":
        detectable = difference_points(row["minimum_detectable_difference"])
        return f"{metric}: no difference seen in {outcome}; this team could not see less than {detectable}."
    amount = "more" if row["verdict"] == "higher" else "fewer"
    size = difference_points(row["adjusted_difference"])
    low, high = sorted(abs(100 * row[name]) for name in ("adjusted_low", "adjusted_high"))
    subject, where = next(words for name, words in CONTRASTS.items() if name in row["method"])
    sentence = f"{metric}: {subject} goes with {amount} {outcome}: {size} {where}"
    sentence += f" (95 % interval {low:.1f} to {high:.1f})."
    return sentence + " Across all recruiters together it points the other way." * bool(row["is_simpson"])


def difference_points(share: float) -> str:
    """A difference of shares in words: 0.031 is `3 points`."""
    points = abs(100 * share)
    shown = f"{points:.0f}" if points >= 2 else f"{points:.1f}"
    return f"{shown} point" if shown == "1.0" else f"{shown} points"


def metric_words(name: str) -> str:
    """A metric's name as a sentence begins with it."""
    words = name.replace("first_message_", "first-message ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def outcome_words(name: str) -> str:
    """An outcome's name in the plural, as it stands within a sentence."""
    if name in OUTCOME_WORDS:
        return OUTCOME_WORDS[name]
    event, _, window = name.rpartition("_")
    if window.endswith("d") and window[:-1].isdigit():
        return f"{EVENT_WORDS.get(event, event.replace('_', ' '))} within {window[:-1]} days"
    return name.replace("_", " ")
