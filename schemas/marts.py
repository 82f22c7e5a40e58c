"""What must hold of the finished tables before they are published.

An expectation is the number of rows that fail it, as DuckDB counts them; `schemas.check.audit` counts and judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["stop", "warn"]


@dataclass(frozen=True)
class Expectation:
    """What no row of a table may be; `failing` is SQL for how many are, asked of that table."""

    reason: str
    failing: str
    severity: Severity = "stop"


def _no_row(reason: str, condition: str, severity: Severity = "stop") -> Expectation:
    return Expectation(reason, f"count(*) filter (where {condition})", severity)


def _share(*columns: str) -> tuple[Expectation, ...]:
    return tuple(_no_row(f"{column} lies outside 0..1", f"not ({column} between 0 and 1)") for column in columns)


def _unique(reason: str, *columns: str) -> Expectation:
    """The key of the table; rows of the same key all fail. `{table}` is the table itself."""
    same = f"select count(*) as n from {{table}} group by {', '.join(columns)} having count(*) > 1"
    return Expectation(reason, f"(select coalesce(sum(n), 0) from ({same}))")


def _refers(reason: str, column: str, table: str, key: str | None = None) -> Expectation:
    """Every value of the column stands in the other table."""
    unknown = f"select {column} from {{table}} where {column} is not null"
    return Expectation(
        reason, f"(select count(*) from ({unknown}) where {column} not in (select {key or column} from {table}))"
    )


def _adds_up(reason: str, ours: str, theirs: str) -> Expectation:
    """One sum over this table equals one over another, both as `select ... from ...`."""
    return Expectation(reason, f"(select abs(coalesce(({ours}), 0) - coalesce(({theirs}), 0)))")


HASHED = "'^[a-z]{1,2}_[0-9a-f]{16,}$'"
"""How an id of a person looks that may be published."""


def _hashed(*columns: str) -> tuple[Expectation, ...]:
    return tuple(
        _no_row(f"{column} is no keyed hash", f"not regexp_full_match({column}, {HASHED})") for column in columns
    )


def _not_in_future(column: str) -> Expectation:
    """A clock that went back is no reason to stop; a day is what zones can be wrong by."""
    return _no_row(
        f"{column} lies after the snapshot was made",
        f"{column} > (select published_at from snapshot_info) + interval 1 day",
        "warn",
    )


def _inside(value: str, low: str = "low", high: str = "high", what: str = "") -> Expectation:
    return _no_row(
        f"{what or value} lies outside its interval", f"not ({value} between {low} - 1e-9 and {high} + 1e-9)"
    )


MARTS: dict[str, tuple[Expectation, ...]] = {
    "approach_metrics": (
        _unique("an approach stands twice", "thread_id", "approach_no"),
        *_share("talk_share"),
        *_share("talk_share_after_reply"),
        *_share("turn_taking_index"),
        *_share("question_share_opening"),
        *_share("request_share_opening"),
        *_share("ask_share_opening", "tell_share_opening", "own_text_share", "talk_share_chars", "talk_share_messages"),
        *_hashed("recruiter_id", "candidate_id"),
        _refers("an approach is of no thread", "thread_id", "thread_metrics"),
        _refers("an approach is from no inbox", "recruiter_id", "inboxes"),
        _no_row("a time of answer that is negative", "reply_hours < 0"),
        _no_row(
            "a conversion within 30 days is not one within 60", "converted_30d and not coalesce(converted_60d, true)"
        ),
        _not_in_future("started_at"),
        _not_in_future("observed_until"),
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
        _unique("a week of a group stands twice", "metric", "group_by", "group_value", "week"),
        _adds_up(
            "the weeks hold other approaches than there are",
            "select sum(n_approaches) from {table} where metric = 'first_message_chars' and group_by = 'all'",
            "select count(*) from approach_metrics where is_outreach and first_message_chars is not null",
        ),
        _no_row(
            "a weekly value lies outside its interval",
            "value is not null and low is not null and not (value between low - 1e-9 and high + 1e-9)",
        ),
        _no_row("a withheld value is shown", "state = 'withheld' and coalesce(value, numerator) is not null"),
        _no_row("a proportion lies outside 0..1", "kind = 'proportion' and not (value between 0 and 1)"),
    ),
    "funnel": (
        _unique("a stage of a style stands twice", "opening_style", "stage"),
        *_share("rate"),
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
        Expectation(
            "more answered or were ignored than were contacted",
            "(select count(*) from {table} as yes inner join {table} as no on yes.opening_style = no.opening_style "
            "and yes.stage = 'replied' and no.stage = 'ignored' and yes.n_contacted = no.n_contacted "
            "where yes.n_reached + no.n_reached > yes.n_contacted)",
        ),
        _no_row("a stage without a number gives no reason", "state not in ('judged', 'empty') and reason is null"),
    ),
    "candidate_metrics": (
        _unique("a candidate stands twice", "candidate_id"),
        _no_row(
            "a fate is given to somebody who is not judged, or none to somebody who is",
            "(state = 'judged') != (fate is not null) or (fate is null) != (is_lost is null)",
        ),
        _no_row("somebody won is lost", "fate = 'won' and is_lost"),
        _no_row("somebody who opted out is not lost", "fate = 'opted_out' and not is_lost"),
        _no_row("somebody ignored has answered", "fate = 'ignored' and n_replied > 0"),
        _no_row("more answers than approaches", "n_replied > n_approaches"),
        *_hashed("candidate_id", "first_recruiter_id"),
        _refers("somebody was never approached", "candidate_id", "approach_metrics"),
    ),
    "burn_ledger": (
        _unique("a style stands twice", "first_style"),
        _no_row("fates do not add up", "n_won + n_declined + n_ignored + n_opted_out + n_answered != n_candidates"),
        _no_row("more are lost than were not won", "n_lost > n_candidates - n_won"),
        _no_row("a ratio rests on fewer than 5 won", "lost_per_won is not null and coalesce(n_won, 0) < 5"),
        _no_row("a ratio lies outside its interval", "not (lost_per_won between low - 1e-6 and high + 1e-6)"),
        _no_row("a withheld number is shown", "suppressed and coalesce(n_won, n_lost, lost_per_won) is not null"),
    ),
    "volume": (
        _unique("a third of the months stands twice", "outcome", "volume"),
        _no_row("a rate lies outside its interval", "not (per_100 between per_100_low - 1e-7 and per_100_high + 1e-7)"),
        _no_row("more outcomes than approaches", "n_outcomes > n_approaches"),
    ),
    "recontact": (
        _unique("a part of a split stands twice", "split", "value"),
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
        _unique("a pair stands twice", "metric", "outcome", "slice"),
        *_share("rate", "p", "q", "share_identifying"),
        _no_row("more had the outcome than were judged", "n_outcomes > n_approaches"),
        _inside("difference", "difference_low", "difference_high"),
        _inside("adjusted_difference", "adjusted_low", "adjusted_high"),
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
        _unique("a week stands twice", "metric", "week"),
        _no_row("a week was judged before it was published", "first_judged_at < first_published_at"),
        _no_row("a withheld earlier value is shown", "suppressed and coalesce(first_judged_value, change) is not null"),
        _no_row("a change is not the difference", "abs(change - (value - first_judged_value)) > 1e-8"),
        _no_row("a week was restated before it was judged", "is_restated and first_judged_at is null"),
    ),
    "curves": (
        _unique("a day of a curve stands twice", "outcome", "opening_style", "day"),
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
        _unique("a bin stands twice", "metric", "outcome", "bin_no"),
        _no_row("more had the outcome than were judged", "n_outcomes > n_approaches"),
        _no_row("a rate lies outside its interval", "not (rate between rate_low - 1e-9 and rate_high + 1e-9)"),
    ),
    "snapshot_info": (
        Expectation("there is not exactly one row", "abs(count(*) - 1)"),
        *_share("link_rate", "share_assumed_candidates", "share_with_subject"),
        _adds_up(
            "another number of threads than there are",
            "select sum(n_threads) from {table}",
            "select count(*) from thread_metrics",
        ),
        _adds_up(
            "another number of approaches than there are",
            "select sum(n_approaches) from {table}",
            "select count(*) from approach_metrics where approach_no >= 1",
        ),
        _no_row(
            "an inbox seems to lack its unanswered conversations and is out of reply rates; [completeness] in the "
            "settings can declare the exports complete",
            "n_incomplete_inboxes > 0",
            "warn",
        ),
    ),
    "templates": (
        _unique("a template family stands twice", "template_id"),
        *_share("mean_own_text_share"),
        _refers("a template family is of no approach", "template_id", "approach_metrics"),
        _no_row("a template family is used once or by nobody", "n_approaches < 2 or n_recruiters < 1"),
    ),
    "template_rates": (
        _unique("a template family's rate stands twice", "outcome", "template_id"),
        _no_row("more reached an outcome than were judged", "n_reached > n_judged or n_effective > n_judged + 1e-6"),
        _no_row("a rate lies outside its bounds", "not (rate between 0 and 1)"),
        _no_row(
            "a shrunken rate lies outside its interval",
            "shrunken_rate is not null and not (low <= shrunken_rate and shrunken_rate <= high)",
        ),
        _no_row("the texts outside the families are drawn to a pool", "template_id = 'others' and low is not null"),
    ),
    "template_weeks": (
        _unique("a template family's week stands twice", "template_id", "week"),
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
        _unique("an export stands twice", "file_id"),
        _no_row("a negative number of rows", "least(rows_kept, rows_set_aside, rows_already_known, rows_excluded) < 0"),
        _not_in_future("observed_until"),
        _no_row(
            "an export holds more unusable rows than [quality] maximum_set_aside_share allows; "
            "`talkshare quality` says which and why",
            "rows_in > 0 and rows_set_aside > rows_in * getvariable('maximum_set_aside_share')",
            "warn",
        ),
    ),
    "thread_metrics": (
        _unique("a thread stands twice", "thread_id"),
        *_share("talk_share", "ask_share", "tell_share", "question_share", "request_share"),
        *_hashed("recruiter_id", "candidate_id"),
        _adds_up(
            "threads count other approaches than there are",
            "select sum(n_approaches) from {table}",
            "select count(*) from approach_metrics where approach_no >= 1",
        ),
    ),
    "message_metrics": (
        _unique("a message stands twice", "message_id"),
        *_hashed("sender_id"),
        _refers("a message is of no thread", "thread_id", "thread_metrics"),
        _no_row(
            "more sentences of a kind than sentences", "greatest(question_sentences, request_sentences) > sentences"
        ),
        _adds_up(
            "approaches count other messages than there are",
            "select count(*) from {table} where approach_no is not null",
            "select sum(messages) from approach_metrics",
        ),
        _not_in_future("sent_at"),
    ),
    "outcomes": (
        _unique("an outcome stands twice", "outcome_id"),
        *_hashed("candidate_id"),
        _not_in_future("occurred_at"),
    ),
    "recruiter_week": (
        _unique("a week of a recruiter stands twice", "metric", "recruiter_id", "week"),
        *_hashed("recruiter_id"),
        _inside("value"),
        _no_row("a withheld value is shown", "state = 'withheld' and coalesce(value, numerator) is not null"),
        _adds_up(
            "recruiters' weeks hold other approaches than everybody's",
            "select sum(n_approaches) from {table} where metric = 'first_message_chars'",
            "select sum(n_approaches) from metric_week where metric = 'first_message_chars' and group_by = 'all'",
        ),
    ),
    "set_aside": (
        _unique("a reason of an export stands twice", "file_id", "member", "reason"),
        _refers("rows of no export", "file_id", "source_files"),
        _adds_up(
            "other rows than the exports set aside",
            "select sum(n_rows) from {table}",
            "select sum(rows_set_aside) from source_files",
        ),
    ),
    "exclusions": (
        _unique("a reason of an export stands twice", "file_id", "reason"),
        _refers("rows of no export", "file_id", "source_files"),
        _adds_up(
            "other rows than the exports left out",
            "select sum(n_rows) from {table}",
            "select sum(rows_excluded) from source_files",
        ),
    ),
    "schema_changes": (
        _refers("a change of no export", "file_id", "source_files"),
        _refers("a change since no export", "earlier_file_id", "source_files", "file_id"),
        _no_row("a column that looks like an address is shown", "concat(column_name, earlier_name) like '%@%'"),
    ),
    "inboxes": (
        _unique("an inbox stands twice", "recruiter_id"),
        *_hashed("recruiter_id"),
        _no_row(
            "an inbox is no longer exported; `talkshare quality` says which",
            "state in ('stopped', 'old')",
            "warn",
        ),
        _no_row("an inbox has gone quiet; `talkshare quality` says which", "state = 'quiet'", "warn"),
    ),
    "quality_weeks": (
        _unique("a week of a source stands twice", "metric", "source_kind", "source", "week"),
        _no_row("a share lies outside 0..1", "kind = 'proportion' and not (value between 0 and 1)"),
        _no_row("a withheld number is shown", "state = 'withheld' and coalesce(value, numerator) is not null"),
        _no_row(
            "a week is unlike the weeks before; `talkshare quality` says which and what was to be expected",
            "needs_look",
            "warn",
        ),
    ),
}
"""Table -> expectations; `stop` keeps yesterday's snapshot, `warn` is said and goes on."""
