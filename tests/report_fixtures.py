"""Invented snapshot frames for the weekly report, with the promised columns and a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

import tests.report_tables as tables
from reports.weekly import WeeklyData

WEEK = date(2026, 11, 9)
PUBLISHED_AT = datetime(2026, 11, 23, 4, 12, 30, tzinfo=UTC)
OBSERVED_UNTIL = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)

APPROACH_SCHEMA: dict[str, Any] = {
    "thread_id": pl.String,
    "approach_no": pl.Int64,
    "recruiter_id": pl.String,
    "candidate_id": pl.String,
    "candidate_known": pl.Boolean,
    "channel": pl.String,
    "language": pl.String,
    "team": pl.String,
    "role_method": pl.String,
    "started_at": pl.Datetime("us", "UTC"),
    "week": pl.Date,
    "first_message_known": pl.Boolean,
    "opened_by_note": pl.Boolean,
    "first_message_words": pl.Int64,
    "first_message_bin": pl.String,
    "question_share_opening": pl.Float64,
    "request_share_opening": pl.Float64,
    "template_id": pl.String,
    "opening_style": pl.String,
    "ask_sentences_opening": pl.Int64,
    "tell_sentences_opening": pl.Int64,
    "plain_sentences_opening": pl.Int64,
    "recruiter_asks": pl.Int64,
    "recruiter_tells": pl.Int64,
    "recruiter_plain_sentences": pl.Int64,
    "replied_7d": pl.Boolean,
    "replied_30d": pl.Boolean,
    "discussion": pl.Boolean,
    "already_in_process": pl.Boolean,
    "interested_90d": pl.Boolean,
    "declined_90d": pl.Boolean,
    "opted_out_90d": pl.Boolean,
    "interview_90d": pl.Boolean,
    "offer_90d": pl.Boolean,
    "hired_90d": pl.Boolean,
    "converted_60d": pl.Boolean,
    "recruiter_words": pl.Int64,
    "candidate_words": pl.Int64,
    "talk_share": pl.Float64,
    "recruiter_words_30d": pl.Int64,
    "candidate_words_30d": pl.Int64,
    "is_reply_open_7d": pl.Boolean,
}
METRIC_WEEK_SCHEMA: dict[str, Any] = {
    "metric": pl.String,
    "kind": pl.String,
    "unit": pl.String,
    "group_by": pl.String,
    "group_value": pl.String,
    "week": pl.Date,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n_approaches": pl.Int64,
    "n_open": pl.Int64,
    "n_candidates": pl.Int64,
    "state": pl.String,
    "suppressed": pl.Boolean,
}
ASSOCIATION_SCHEMA: dict[str, Any] = {
    "metric": pl.String,
    "observation": pl.String,
    "outcome": pl.String,
    "slice": pl.String,
    "n_approaches": pl.Int64,
    "n_candidates": pl.Int64,
    "n_recruiters": pl.Int64,
    "n_outcomes": pl.Int64,
    "iqr_low": pl.Float64,
    "iqr_high": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "adjusted_difference": pl.Float64,
    "adjusted_low": pl.Float64,
    "adjusted_high": pl.Float64,
    "p": pl.Float64,
    "q": pl.Float64,
    "minimum_detectable_difference": pl.Float64,
    "sign_pooled": pl.Int64,
    "sign_within": pl.Int64,
    "is_simpson": pl.Boolean,
    "is_confounded": pl.Boolean,
    "method": pl.String,
    "verdict": pl.String,
    "verdict_reason": pl.String,
}
WINDOW_DAYS = {"replied_7d": 7, "replied_30d": 30, "discussion": 30, "converted_60d": 60}
RATES = tuple(WINDOW_DAYS)
WINDOW_DAYS["talk_share"] = 30


STYLES = ("sell_first", "mixed", "reaction_first")


def length_bin(characters: int) -> str:
    """LinkedIn's bins."""
    for limit, label in ((400, "<= 400"), (800, "401-800"), (1200, "801-1200")):
        if characters <= limit:
            return label
    return "> 1200"


def approaches(
    *,
    per_week: int = 220,
    weeks: int = 38,
    length_effect: float = 0.0,
    base_rate: float = 0.19,
    last_week_rate: float | None = None,
    outcome_source: bool = True,
    recruiters: int = 20,
    seed: int = 7,
) -> pl.DataFrame:
    """Approaches of `weeks` weeks up to the one after `WEEK`; `length_effect` = loss per 100 words."""
    random = np.random.default_rng(seed)
    teams = ("Data", "Engineering", "Product")
    rows: list[dict[str, Any]] = []
    habits = random.normal(120, 40, recruiters).clip(35, 240)
    warmth = random.normal(0, 0.025, recruiters)
    for age in range(weeks - 2, -2, -1):
        week = WEEK - timedelta(weeks=age)
        for _ in range(int(per_week * random.uniform(0.85, 1.15))):
            recruiter = int(random.integers(recruiters))
            words = int(np.clip(random.normal(habits[recruiter], 35), 15, 400))
            rate = base_rate + warmth[recruiter] - length_effect * (words - 120) / 100
            if last_week_rate is not None and age == 0:
                rate = last_week_rate
            replied = bool(random.random() < np.clip(rate, 0.01, 0.95))
            interested = replied and bool(random.random() < 0.45)
            discussion = replied and bool(random.random() < 0.6)
            interview = interested and bool(random.random() < 0.55)
            offer = interview and bool(random.random() < 0.3)
            started = datetime(week.year, week.month, week.day, 9, tzinfo=UTC) + timedelta(
                hours=float(random.uniform(0, 100))
            )
            age_days = (OBSERVED_UNTIL - started).days
            candidate_words = int(random.gamma(2.2, 55)) + 3 if replied else 0
            recruiter_words = words + (int(random.gamma(2, 30)) if replied else 0)
            is_note = bool(random.random() < 0.01)
            reply_day = float(random.exponential(2.5))
            events = {
                "replied_7d": replied and reply_day <= 7,
                "replied_30d": replied,
                "discussion": discussion,
            }
            late = {
                "interested_90d": interested,
                "declined_90d": replied and not interested and bool(random.random() < 0.7),
                "opted_out_90d": bool(random.random() < 0.009),
                "interview_90d": interview,
                "offer_90d": offer,
                "hired_90d": offer and bool(random.random() < 0.6),
            }
            unknown_source = {"interview_90d", "offer_90d", "hired_90d"} if not outcome_source else set()
            rows.append(
                {
                    "thread_id": f"t_{len(rows):06d}",
                    "approach_no": 1,
                    "recruiter_id": f"p_r{recruiter:03d}",
                    "candidate_id": f"p_c{len(rows):06d}",
                    "candidate_known": True,
                    "channel": str(random.choice(["linkedin", "email"], p=[0.8, 0.2])),
                    "language": str(random.choice(["en", "de", "fr"], p=[0.7, 0.25, 0.05])),
                    "team": teams[recruiter % len(teams)],
                    "role_method": "assumed_counterpart",
                    "started_at": started,
                    "week": week,
                    "first_message_known": bool(random.random() > 0.01),
                    "opened_by_note": is_note,
                    "first_message_words": words,
                    "first_message_bin": length_bin(int(words * 6.1)),
                    "question_share_opening": float(
                        random.choice([0, 0.1, 0.2, 0.3, 0.4, 0.6], p=[0.2, 0.2, 0.25, 0.2, 0.1, 0.05])
                    ),
                    "request_share_opening": float(
                        random.choice([0, 0.1, 0.2, 0.3, 0.55], p=[0.15, 0.3, 0.3, 0.2, 0.05])
                    ),
                    "template_id": f"f_{int(random.integers(60)):02d}",
                    "opening_style": STYLES[len(rows) % 3],
                    "ask_sentences_opening": 1 + len(rows) % 3,
                    "tell_sentences_opening": 6 - len(rows) % 3,
                    "plain_sentences_opening": 7,
                    "recruiter_asks": 3 + len(rows) % 3,
                    "recruiter_tells": 8 - len(rows) % 3,
                    "recruiter_plain_sentences": 12,
                    "already_in_process": False,
                    "recruiter_words": recruiter_words,
                    "candidate_words": candidate_words,
                    "recruiter_words_30d": recruiter_words,
                    "candidate_words_30d": candidate_words,
                    "is_reply_open_7d": not is_note and age_days < 7,
                    "talk_share": recruiter_words / (recruiter_words + candidate_words) if replied else None,
                    **{
                        name: value if age_days >= WINDOW_DAYS[name] and not is_note else None
                        for name, value in events.items()
                    },
                    **{
                        name: value if age_days >= 90 and name not in unknown_source else None
                        for name, value in late.items()
                    },
                    "converted_60d": interview if outcome_source and age_days >= 60 else None,
                }
            )
    return pl.DataFrame(rows, schema=APPROACH_SCHEMA)


def metric_week(rows: pl.DataFrame) -> pl.DataFrame:
    """The weekly table of `rows`, all groups together."""
    out: list[dict[str, Any]] = []
    usable = rows.filter("first_message_known")
    for (week,), cohort in sorted(usable.group_by("week")):
        for metric in RATES:
            judged = cohort.filter(pl.col(metric).is_not_null())
            yes = int(judged[metric].sum())
            out.append(_week_row(metric, "proportion", "share", week, cohort=cohort, judged=judged, yes=yes))
        answered = cohort.filter(pl.col("replied_30d"))
        yes = int(answered["recruiter_words"].sum())
        shares = _week_row("talk_share", "ratio", "share", week, cohort=cohort, judged=answered, yes=yes)
        total = int((answered["recruiter_words"] + answered["candidate_words"]).sum())
        shares |= {
            "denominator": total,
            "value": shares["numerator"] / total if total and not shares["suppressed"] else None,
        }
        out.append(shares)
        words = _week_row("first_message_words", "quantile", "words", week, cohort=cohort, judged=cohort)
        words |= {"numerator": None, "denominator": None}
        words["value"] = None if words["suppressed"] else cohort["first_message_words"].median()
        out.append(words)
        for metric in ("question_share_opening", "request_share_opening"):
            share = _week_row(metric, "ratio", "share", week, cohort=cohort, judged=cohort)
            asked = int((cohort[metric] * 10).sum())
            share |= {"numerator": asked, "denominator": cohort.height * 10}
            share["value"] = None if share["suppressed"] else asked / (cohort.height * 10)
            out.append(share)
    return pl.DataFrame(out, schema=METRIC_WEEK_SCHEMA)


def _week_row(
    metric: str, kind: str, unit: str, week: date, *, cohort: pl.DataFrame, judged: pl.DataFrame, yes: int = 0
) -> dict[str, Any]:
    n = judged.height
    closed = pl.col("started_at") + timedelta(days=WINDOW_DAYS.get(metric, 0)) <= OBSERVED_UNTIL
    n_open = cohort.filter(~closed).height
    suppressed = n > 0 and judged["candidate_id"].n_unique() < 5
    return {
        "metric": metric,
        "kind": kind,
        "unit": unit,
        "group_by": "all",
        "group_value": "all",
        "week": week,
        "numerator": yes,
        "denominator": n,
        "value": yes / n if n and not suppressed else None,
        "low": None,
        "high": None,
        "n_approaches": n,
        "n_open": n_open,
        "n_candidates": judged["candidate_id"].n_unique(),
        "state": "withheld" if suppressed else "open" if n_open else "judged" if n else "empty",
        "suppressed": suppressed,
    }


def association(metric: str, outcome: str, verdict: str, difference: float = 0.0, **changes: Any) -> dict[str, Any]:
    """One row of `associations`; the interval is 2.5 points to each side."""
    known = verdict != "too little data"
    row: dict[str, Any] = {
        "metric": metric,
        "observation": "opening",
        "outcome": outcome,
        "slice": "all",
        "n_approaches": 2400,
        "n_candidates": 2380,
        "n_recruiters": 20,
        "n_outcomes": 460 if known else 61,
        "iqr_low": 92.0 if "words" in metric else 0.1,
        "iqr_high": 160.0 if "words" in metric else 0.3,
        "difference": difference if known else None,
        "difference_low": difference - 0.025 if known else None,
        "difference_high": difference + 0.025 if known else None,
        "adjusted_difference": difference if known else None,
        "adjusted_low": difference - 0.025 if known else None,
        "adjusted_high": difference + 0.025 if known else None,
        "p": 0.001 if verdict in ("higher", "lower") else 0.6,
        "q": 0.01 if verdict in ("higher", "lower") else 0.8,
        "minimum_detectable_difference": 0.036,
        "sign_pooled": int(np.sign(difference)),
        "sign_within": int(np.sign(difference)),
        "is_simpson": False,
        "is_confounded": False,
        "method": "within recruiter x language x month",
        "verdict": verdict,
        "verdict_reason": "" if known else "fewer than 100 outcomes (61)",
    }
    return row | changes


def associations(*, real_effect: bool) -> pl.DataFrame:
    """A family of pairs: longer openings go with fewer replies when `real_effect`, otherwise nothing does."""
    length = (
        association("first_message_words", "replied_7d", "lower", -0.062)
        if real_effect
        else association("first_message_words", "replied_7d", "no difference seen", -0.004)
    )
    rows = [
        length,
        association("question_share_opening", "replied_7d", "no difference seen", 0.008),
        association(
            "request_share_opening",
            "replied_7d",
            "no difference seen",
            0.011,
            is_simpson=True,
            sign_pooled=-1,
        ),
        association("contacts_28d_before", "replied_7d", "no difference seen", -0.012, iqr_low=40.0, iqr_high=95.0),
        association("question_share_opening", "discussion", "no difference seen", 0.006),
        association("talk_share_landmark", "converted_60d_after_landmark", "too little data"),
        association("first_message_words", "converted_60d", "too little data"),
        association("followups_unanswered_7d", "replied_8_to_30d", "too little data", n_recruiters=6),
    ]
    return pl.DataFrame(rows, schema=ASSOCIATION_SCHEMA)


def set_aside() -> pl.DataFrame:
    """Rows set aside, by reason."""
    return pl.DataFrame(
        {
            "file_id": ["f1", "f1", "f2"],
            "member_kind": ["messages", "messages", "outcomes"],
            "reason": [
                "sent_at is missing or not a date we know",
                "no sender_id",
                "neither thread_id nor candidate_id",
            ],
            "n_rows": [12, 3, 4],
        }
    )


def exclusions() -> pl.DataFrame:
    """Rows that are no messages of ours, by reason."""
    return pl.DataFrame({"file_id": ["f1", "f1"], "reason": ["draft", "sponsored message"], "n_rows": [140, 61]})


def source_files() -> pl.DataFrame:
    """Two files read."""
    return pl.DataFrame(
        {
            "file_id": ["f1", "f2"],
            "shape": ["linkedin_archive", "canonical_outcomes"],
            "rows_in": [21_216, 1_204],
            "rows_kept": [20_800, 1_200],
            "rows_set_aside": [15, 4],
            "rows_already_known": [200, 0],
            "rows_excluded": [201, 0],
            "n_warnings": [0, 1],
            "status": ["read", "read"],
        }
    )


def snapshot_info(rows: pl.DataFrame, **changes: Any) -> dict[str, Any]:
    """The one row of `snapshot_info`."""
    info: dict[str, Any] = {
        "published_at": PUBLISHED_AT,
        "time_zone": "Europe/Berlin",
        "schema_version": 1,
        "version": "0.1.0",
        "link_rate": 0.91,
        "conversion_event": "interview",
        "share_assumed_candidates": 1.0,
        "conversion_refused_reason": None,
        "reply_refused_reason": None,
        "n_threads": rows.height,
        "n_approaches": rows.height,
        "n_groups": 14,
        "n_first_message_unknown": rows.filter(~pl.col("first_message_known")).height,
        "n_already_in_process": 9,
        "n_note_openers": rows.filter(pl.col("opened_by_note")).height,
        "files_refused": 0,
    }
    return info | changes


def weekly_data(*, real_effect: bool = False, info: dict[str, Any] | None = None, **options: Any) -> WeeklyData:
    """A usual snapshot, or one in which something stands out; `options` go to `approaches`."""
    rows = approaches(length_effect=0.09 if real_effect else 0.0, **options)
    others = tables.telling(PUBLISHED_AT) if real_effect else tables.usual(PUBLISHED_AT)
    others |= {} if options.get("outcome_source", True) else {"funnel": tables.funnel(sourced=False)}
    return WeeklyData(
        metric_week=metric_week(rows),
        associations=associations(real_effect=real_effect),
        approach_metrics=rows,
        set_aside=set_aside(),
        exclusions=exclusions(),
        source_files=source_files(),
        snapshot_info=snapshot_info(rows, **(info or {})),
        **others,
    )


def without_week(data: WeeklyData, weeks: Sequence[date]) -> WeeklyData:
    """`data` as if nobody had been contacted in `weeks`."""
    keep = ~pl.col("week").is_in(list(weeks))
    return replace(data, metric_week=data.metric_week.filter(keep), approach_metrics=data.approach_metrics.filter(keep))


def nearly_empty() -> WeeklyData:
    """Three approaches in all: less than any number may be shown for."""
    rows = approaches(per_week=2, weeks=5).head(3)
    rows = rows.with_columns(week=pl.lit(WEEK), replied_7d=pl.lit(True))
    return WeeklyData(
        metric_week=metric_week(rows),
        associations=pl.DataFrame(schema=ASSOCIATION_SCHEMA),
        approach_metrics=rows,
        set_aside=set_aside().head(0),
        exclusions=exclusions().head(0),
        source_files=source_files().head(1),
        snapshot_info=snapshot_info(rows),
    )


def empty() -> WeeklyData:
    """Tables with their columns and not one row."""
    rows = pl.DataFrame(schema=APPROACH_SCHEMA)
    return WeeklyData(
        metric_week=pl.DataFrame(schema=METRIC_WEEK_SCHEMA),
        associations=pl.DataFrame(schema=ASSOCIATION_SCHEMA),
        approach_metrics=rows,
        set_aside=set_aside().head(0),
        exclusions=exclusions().head(0),
        source_files=source_files().head(0),
        snapshot_info=snapshot_info(rows, link_rate=None, share_assumed_candidates=None),
        **{name: table.clear() for name, table in tables.usual(PUBLISHED_AT).items()},
    )
