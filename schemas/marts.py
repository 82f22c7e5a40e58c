"""What must hold of the finished tables before they are published."""

from __future__ import annotations

from typing import Any


def _no_row(reason: str, condition: str, severity: str = "stop") -> dict[str, Any]:
    return {
        "type": "expect_no_row",
        "kwargs": {"condition": condition},
        "meta": {"reason": reason, "severity": severity},
    }


def _share(column: str) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "min_value": 0, "max_value": 1},
        "meta": {"reason": f"{column} lies outside 0..1", "severity": "stop"},
    }


MARTS: dict[str, tuple[dict[str, Any], ...]] = {
    "approach_metrics": (
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["thread_id", "approach_no"]},
            "meta": {"reason": "an approach stands twice", "severity": "stop"},
        },
        _share("talk_share"),
        _share("talk_share_after_reply"),
        _share("turn_taking_index"),
        _share("question_share_opening"),
        _share("request_share_opening"),
        _no_row(
            "approach 0 has an outreach outcome",
            "approach_no = 0 and (replied_30d is not null or converted_at is not null)",
        ),
        _no_row("a reply within 7 days is not one within 30", "replied_7d and not coalesce(replied_30d, true)"),
        _no_row("a reply comes before its first message", "replied_at < started_at"),
        _no_row(
            "an open window is judged",
            "replied_30d is not null and observed_until < started_at + interval 30 days",
        ),
        _no_row(
            "a conversion is judged without a source",
            "converted_60d is not null and outcome_observed_until is null",
        ),
        _no_row(
            "a history without a person, or of a first approach",
            "previous_style is not null and not (candidate_known and candidate_approach_no > 1)",
        ),
        _no_row("no recruiter", "recruiter_id is null"),
        _no_row("a first message is longer than a book", "first_message_words > 50000", "warn"),
    ),
    "metric_week": (
        _no_row(
            "a weekly value lies outside its interval",
            "value is not null and low is not null and not (value between low - 1e-9 and high + 1e-9)",
        ),
        _no_row("a withheld value is shown", "state = 'withheld' and coalesce(value, numerator) is not null"),
        _no_row("a proportion lies outside 0..1", "kind = 'proportion' and not (value between 0 and 1)"),
    ),
    "candidate_metrics": (
        {
            "type": "expect_column_values_to_be_unique",
            "kwargs": {"column": "candidate_id"},
            "meta": {"reason": "a candidate stands twice", "severity": "stop"},
        },
        _no_row(
            "a fate is given to somebody who is not judged, or none to somebody who is",
            "(state = 'judged') != (fate is not null) or (fate is null) != (is_lost is null)",
        ),
        _no_row("somebody won is lost", "fate = 'won' and is_lost"),
        _no_row("somebody who opted out is not lost", "fate = 'opted_out' and not is_lost"),
        _no_row("somebody ignored has answered", "fate = 'ignored' and n_replied > 0"),
        _no_row("more answers than approaches", "n_replied > n_approaches"),
    ),
    "burn_ledger": (
        _no_row("fates do not add up", "n_won + n_declined + n_ignored + n_opted_out + n_answered != n_candidates"),
        _no_row("more are lost than were not won", "n_lost > n_candidates - n_won"),
        _no_row("a ratio rests on fewer than 5 won", "lost_per_won is not null and coalesce(n_won, 0) < 5"),
        _no_row("a ratio lies outside its interval", "not (lost_per_won between low - 1e-6 and high + 1e-6)"),
        _no_row("a withheld number is shown", "suppressed and coalesce(n_won, n_lost, lost_per_won) is not null"),
    ),
    "recontact": (
        _no_row(
            "a share lies outside its interval",
            "not (share_approached_again between again_low - 1e-9 and again_high + 1e-9)",
        ),
        _no_row(
            "a reply rate lies outside its interval", "not (reply_rate between reply_low - 1e-9 and reply_high + 1e-9)"
        ),
        _no_row(
            "a refused number is shown",
            "reason != 'too few candidates' and coalesce(n_replied, n_approached_again) is not null",
        ),
    ),
    "associations": (
        _no_row(
            "a metric of the whole conversation is related",
            "observation not in ('opening', 'landmark', 'landmark_unanswered')",
        ),
        _no_row(
            "a verdict without an estimate",
            "verdict in ('higher', 'lower') and (adjusted_difference is null or q > 0.1)",
        ),
    ),
    "curves": (
        _no_row(
            "a share lies outside its interval", "low is not null and not (share between low - 1e-9 and high + 1e-9)"
        ),
        _no_row("a share lies outside 0..1", "not (share between 0 and 1)"),
    ),
    "source_files": (
        _no_row("rows do not add up", "rows_in != rows_kept + rows_set_aside + rows_already_known + rows_excluded"),
    ),
}
"""Table -> expectations; `stop` keeps yesterday's snapshot, `warn` is said and goes on."""
