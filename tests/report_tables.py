"""Invented rows of the tables the report's later sections read, with the published columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from reports.estimates import wilson
from sql.snapshot import CLASSES

_, STAGES, _ = CLASSES["funnel_stage"]
NO_DIFFERENCE = {"replied": 0.19, "interested": 0.09, "declined": 0.06, "ignored": 0.8, "opted out": 0.01}
REPLY_BAIT = NO_DIFFERENCE | {"replied": 0.54, "ignored": 0.45}
BETTER = NO_DIFFERENCE | {"replied": 0.3, "interested": 0.16, "ignored": 0.69}
LATER = ("interview", "offer", "hired")
MONDAY = date(2026, 11, 9)


def funnel(
    styles: Mapping[str, Mapping[str, float]] | None = None,
    *,
    n: int = 900,
    sourced: bool = True,
    state: str = "judged",
    reason: str | None = None,
) -> pl.DataFrame:
    """A row a style and stage; `state` other than judged empties every number."""
    given = styles or dict.fromkeys(("sell_first", "mixed", "reaction_first"), NO_DIFFERENCE)
    rows = []
    for style, rates in {**given, "all": given["sell_first"]}.items():
        total = n * len(given) if style == "all" else n
        for stage_no, stage in enumerate(STAGES, 1):
            known = state == "judged" and (sourced or stage not in LATER)
            reached = round(rates.get(stage, 0.02) * total)
            low, high = wilson(reached, total, total)
            rows.append(
                {
                    "opening_style": style,
                    "stage": stage,
                    "stage_no": stage_no,
                    "window_days": 90 if stage in LATER else 30,
                    "n_contacted": total,
                    "n_reached": reached if known else None,
                    "n_open": 40,
                    "n_candidates": total,
                    "n_recruiters": 20,
                    "rate": reached / total if known else None,
                    "low": low if known else None,
                    "high": high if known else None,
                    "state": "judged" if known else "unknown" if state == "judged" else state,
                    "reason": reason,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def dose_response(rates: Sequence[float] = (0.19, 0.18, 0.2, 0.19, 0.18), n: int = 400) -> pl.DataFrame:
    """Fifths of first-message words and replies within 7 days."""
    rows = []
    for bin_no, rate in enumerate(rates, 1):
        low, high = wilson(round(rate * n), n, n)
        rows.append(
            {
                "metric": "first_message_words",
                "outcome": "replied_7d",
                "bin_no": bin_no,
                "bin_from": 40.0 * bin_no,
                "bin_to": 40.0 * bin_no + 39,
                "n_approaches": n,
                "n_candidates": n,
                "n_outcomes": round(rate * n),
                "rate": rate,
                "rate_low": low,
                "rate_high": high,
                "adjusted_rate": rate,
            }
        )
    return pl.DataFrame(rows)


def templates() -> pl.DataFrame:
    """Two families: one that many recruiters send, one that two do."""
    return pl.DataFrame(
        {
            "template_id": ["f_01", "f_02"],
            "opening_style": ["reaction_first", "sell_first"],
            "language": ["en", "de"],
            "n_recruiters": [9, 2],
        }
    )


def template_rates(*, stands_out: bool = False) -> pl.DataFrame:
    """Both families against what their senders otherwise get."""
    shift = 0.09 if stands_out else 0.01
    rows = [("f_01", 9, 160), ("f_02", 2, 140)]
    return pl.DataFrame(
        [
            {
                "outcome": "replied_30d",
                "template_id": family,
                "n_judged": n,
                "n_recruiters": recruiters,
                "rate": 0.2 + shift,
                "expected_rate": 0.2,
                "shrunken_difference": shift,
                "difference_low": shift - 0.05,
                "difference_high": shift + 0.05,
            }
            for family, recruiters, n in rows
        ]
    )


def burn_ledger(
    low: float = 6.0, high: float = 15.0, *, against_ten: str = "cannot say", n_won: int = 60
) -> pl.DataFrame:
    """One row for everybody and one for sell_first, which has too few won for a ratio."""
    whole = {
        "n_candidates": 2000,
        "n_won": n_won,
        "n_declined": 300,
        "n_ignored": 1400,
        "n_opted_out": 40,
        "n_answered": 200,
        "n_lost": 600,
        "suppressed": False,
    }
    ratio = {"lost_per_won": (low + high) / 2, "low": low, "high": high, "ten_times": against_ten, "reason": None}
    none = {"lost_per_won": None, "low": None, "high": None, "ten_times": None, "reason": "fewer than 5 won"}
    return pl.DataFrame(
        [{"first_style": "all"} | whole | ratio, {"first_style": "sell_first"} | whole | none], infer_schema_length=None
    )


def recontact() -> pl.DataFrame:
    """How those not won answer when approached again."""
    return pl.DataFrame(
        {
            "split": ["earlier style"],
            "value": ["all"],
            "n_not_won": [1500],
            "n_approached_again": [120],
            "share_approached_again": [0.08],
            "again_low": [0.07],
            "again_high": [0.1],
            "n_judged": [110],
            "n_replied": [11],
            "reply_rate": [0.1],
            "reply_low": [0.06],
            "reply_high": [0.17],
        }
    )


def volume(lean: float = 10.0, busy: float = 10.0, *, recruiters: int = 20, reason: str | None = None) -> pl.DataFrame:
    """Discussions per 100 contacted in lean, usual and busy months; three times as many people in busy ones."""
    rows = []
    for number, (name, rate, contacts) in enumerate(
        (("lean", lean, 10.0), ("usual", 10.0, 20.0), ("busy", busy, 30.0)), 1
    ):
        months = rate * contacts / 100
        known = reason is None
        rows.append(
            {
                "outcome": "discussion",
                "volume": name,
                "volume_no": number,
                "contacts_per_month": contacts if known else None,
                "n_approaches": int(contacts * 60),
                "n_recruiters": recruiters,
                "per_100": rate if known else None,
                "per_100_low": rate - 2 if known else None,
                "per_100_high": rate + 2 if known else None,
                "per_month": months if known else None,
                "per_month_low": months - 0.4 if known else None,
                "per_month_high": months + 0.4 if known else None,
                "reason": reason,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def hypotheses(name: str = "Questions first") -> pl.DataFrame:
    """One judged, one still waiting."""
    ends = datetime(2026, 9, 1, tzinfo=UTC)
    row: dict[str, Any] = {
        "name": name,
        "metric": "question_share_opening",
        "outcome": "replied_7d",
        "direction": "higher",
        "ends_at": ends,
        "status": "judged",
        "verdict": "not confirmed",
        "reason": None,
        "adjusted_difference": 0.008,
        "low": -0.01,
        "high": 0.026,
    }
    waiting = dict.fromkeys(("verdict", "adjusted_difference", "low", "high"))
    return pl.DataFrame(
        [row, row | waiting | {"name": "Shorter", "status": "registered", "ends_at": ends + timedelta(days=120)}],
        infer_schema_length=None,
    )


def restatements(changes: Sequence[float | None] = (0.0, 0.0), *, published_at: datetime) -> pl.DataFrame:
    """A judged reply rate a week, backwards from MONDAY; `changes` are now less then, None where it is withheld."""
    rows = [
        {
            "metric": "replied_7d",
            "week": MONDAY - timedelta(weeks=place),
            "first_judged_at": published_at - timedelta(days=7),
            "first_judged_value": None if change is None else 0.2,
            "value": 0.2 + (change or 0.0),
            "change": change,
            "is_restated": change is None or change != 0,
            "reason": "more approaches" if change != 0 else None,
        }
        for place, change in enumerate(changes)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def usual(published_at: datetime) -> dict[str, pl.DataFrame]:
    """All tables of a snapshot in which nothing stands out."""
    return {
        "funnel": funnel(),
        "dose_response": dose_response(),
        "templates": templates(),
        "template_rates": template_rates(),
        "burn_ledger": burn_ledger(),
        "recontact": recontact(),
        "volume": volume(),
        "hypotheses": hypotheses(),
        "restatements": restatements(published_at=published_at),
    }


def telling(published_at: datetime) -> dict[str, pl.DataFrame]:
    """All tables of a snapshot in which something does."""
    return usual(published_at) | {
        "funnel": funnel({"sell_first": NO_DIFFERENCE, "mixed": NO_DIFFERENCE, "reaction_first": BETTER}),
        "dose_response": dose_response((0.28, 0.22, 0.2, 0.16, 0.11)),
        "template_rates": template_rates(stands_out=True),
        "burn_ledger": burn_ledger(12.0, 19.0, against_ten="above"),
        "volume": volume(16.0, 8.0),
        "restatements": restatements((0.03, 0.0, -0.004), published_at=published_at),
    }
