"""What an outcome row is: something that happened to a candidate or a thread."""

from __future__ import annotations

import polars as pl

from schemas.table import TIMESTAMP, Column, Table

EVENTS = (
    "accepted_invitation",
    "interested",
    "declined",
    "opted_out",
    "applied",
    "screen",
    "interview",
    "offer",
    "hired",
    "rejected",
    "withdrawn",
    "closed",
    "contacted",
    "replied",
    "unmapped",
)
EVIDENCE = ("event_log", "timestamp_field", "stage_history", "snapshot", "free_text", "manual", "unknown")
REASON_SIDES = ("company", "candidate", "other", "unknown")

OUTCOMES = Table(
    name="outcomes",
    meaning="One outcome event of one export, as read.",
    columns=(
        Column("member", pl.String, "file inside the export the row stands in", internal=True),
        Column("row_no", pl.Int64, "1-based data row in that file", internal=True),
        Column("thread_id", pl.String, "the conversation it belongs to (this or candidate_id)"),
        Column("candidate_id", pl.String, "the candidate, as identity (`kind:value`)"),
        Column("recruiter_id", pl.String, "the recruiter in charge, as identity, where named"),
        Column("job", pl.String, "the job, where named"),
        Column("application_id", pl.String, "the application, as the source numbers it; its events belong together"),
        Column(
            "event",
            pl.String,
            "one of our events; `unmapped` when the stage map does not know it",
            required=True,
        ),
        Column("event_raw", pl.String, "the stage or status as it stood in the file", internal=True),
        Column("occurred_at", TIMESTAMP, "when it happened, UTC; null when the source has only a current stage"),
        Column("occurred_at_raw", pl.String, "the time as it stood in the file", internal=True),
        Column("observed_until", TIMESTAMP, "until when the source would have shown it"),
        Column("evidence", pl.String, "event_log, timestamp_field, stage_history, snapshot, free_text, manual"),
        Column("reason_side", pl.String, "who ended it: company, candidate, other, unknown"),
        Column("excluded_reason", pl.String, "why the row is not an outcome of ours", internal=True),
        Column("raw", pl.String, "the fields we do not use, as JSON", internal=True),
    ),
    expectations=(
        {
            "type": "expect_any_column_not_null",
            "kwargs": {"columns": ["thread_id", "candidate_id"]},
            "meta": {"reason": "neither thread_id nor candidate_id"},
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "event"},
            "meta": {"reason": "no event"},
        },
        {
            "type": "expect_parsed_where_given",
            "kwargs": {"column": "occurred_at", "raw_column": "occurred_at_raw"},
            "meta": {"reason": "occurred_at is not a date we know"},
        },
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "occurred_at", "min_value": "2003-01-01T00:00:00+00:00"},
            "meta": {"reason": "occurred_at is before 2003"},
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "reason_side", "value_set": list(REASON_SIDES)},
            "meta": {"reason": "reason_side is not company, candidate, other or unknown"},
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "evidence", "value_set": list(EVIDENCE)},
            "meta": {"reason": f"evidence is not one we know: {', '.join(EVIDENCE)}"},
        },
    ),
)
