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
            "the first month does not end in exactly one way",
            "interested_30d is not null and interested_30d::int + declined_30d::int + other_reply_30d::int "
            "+ ignored_30d::int + opted_out_30d::int is distinct from 1",
        ),
        _no_row(
            "the first month of an unjudged approach is judged",
            "replied_30d is null and coalesce(interested_30d, ignored_30d, opted_out_30d) is not null",
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
    "funnel": (
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["opening_style", "stage"]},
            "meta": {"reason": "a stage of a style stands twice", "severity": "stop"},
        },
        _share("rate"),
        _no_row(
            "a stage's rate lies outside its interval",
            "rate is not null and not coalesce(rate between low - 1e-9 and high + 1e-9, false)",
        ),
        _no_row(
            "a stage that is not judged is shown",
            "state != 'judged' and coalesce(n_reached, rate, low, high, per_100) is not null",
        ),
        _no_row("a judged stage shows no rate", "state = 'judged' and (rate is null or n_reached is null)"),
        _no_row("more reached a stage than were contacted", "n_reached > n_contacted"),
        _no_row("a stage without a number gives no reason", "state not in ('judged', 'empty') and reason is null"),
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
    "volume": (
        _no_row("a rate lies outside its interval", "not (per_100 between per_100_low - 1e-7 and per_100_high + 1e-7)"),
        _no_row("more outcomes than approaches", "n_outcomes > n_approaches"),
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
    "hypotheses": (
        _no_row("an approach from before the registration counts", "starts_at < registered_at"),
        _no_row("a hypothesis is judged before its end", "judged_at < ends_at"),
        _no_row(
            "a judgement without verdict, or a verdict without judgement",
            "(status = 'judged') != (verdict is not null) or (status = 'judged') != (judged_at is not null)",
        ),
        _no_row(
            "a verdict against its interval",
            "(verdict = 'confirmed' and case direction when 'higher' then low <= 0 else high >= 0 end)"
            " or (verdict = 'contradicted' and case direction when 'higher' then high >= 0 else low <= 0 end)",
        ),
        _no_row(
            "a clear verdict without an interval", "verdict in ('confirmed', 'contradicted') and low + high is null"
        ),
    ),
    "restatements": (
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["metric", "week"]},
            "meta": {"reason": "a week stands twice", "severity": "stop"},
        },
        _no_row("a week was judged before it was published", "first_judged_at < first_published_at"),
        _no_row("a withheld earlier value is shown", "suppressed and coalesce(first_judged_value, change) is not null"),
        _no_row("a change is not the difference", "abs(change - (value - first_judged_value)) > 1e-8"),
        _no_row("a week was restated before it was judged", "is_restated and first_judged_at is null"),
    ),
    "curves": (
        _no_row(
            "a share lies outside its interval", "low is not null and not (share between low - 1e-9 and high + 1e-9)"
        ),
        _no_row("a share lies outside 0..1", "not (share between 0 and 1)"),
        _no_row(
            "a window's share lies outside its interval",
            "window_share is not null "
            "and not coalesce(window_share between window_low - 1e-9 and window_high + 1e-9, false)",
        ),
    ),
    "dose_response": (
        _no_row("a rate lies outside its interval", "not (rate between rate_low - 1e-9 and rate_high + 1e-9)"),
    ),
    "snapshot_info": (
        _no_row(
            "an inbox seems to lack its unanswered conversations and is out of reply rates; [completeness] in the "
            "settings can declare the exports complete",
            "n_incomplete_inboxes > 0",
            "warn",
        ),
    ),
    "templates": (
        {
            "type": "expect_column_values_to_be_unique",
            "kwargs": {"column": "template_id"},
            "meta": {"reason": "a template family stands twice", "severity": "stop"},
        },
        _share("mean_own_text_share"),
        _no_row("a template family is used once or by nobody", "n_approaches < 2 or n_recruiters < 1"),
    ),
    "template_rates": (
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["outcome", "template_id"]},
            "meta": {"reason": "a template family's rate stands twice", "severity": "stop"},
        },
        _no_row("more reached an outcome than were judged", "n_reached > n_judged or n_effective > n_judged + 1e-6"),
        _no_row("a rate lies outside its bounds", "not (rate between 0 and 1)"),
        _no_row(
            "a shrunken rate lies outside its interval",
            "shrunken_rate is not null and not (low <= shrunken_rate and shrunken_rate <= high)",
        ),
        _no_row("the texts outside the families are drawn to a pool", "template_id = 'others' and low is not null"),
    ),
    "template_weeks": (
        {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": ["template_id", "week"]},
            "meta": {"reason": "a template family's week stands twice", "severity": "stop"},
        },
        _no_row(
            "a withheld week of a template is shown", "state = 'withheld' and coalesce(rate, n_replied) is not null"
        ),
        _no_row(
            "a template's weekly rate lies outside its interval",
            "rate is not null and not (rate between low - 1e-9 and high + 1e-9)",
        ),
    ),
    "source_files": (
        _no_row("rows do not add up", "rows_in != rows_kept + rows_set_aside + rows_already_known + rows_excluded"),
    ),
}
"""Table -> expectations; `stop` keeps yesterday's snapshot, `warn` is said and goes on."""
