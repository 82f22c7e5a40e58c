"""What a message row is, as every reader hands it over."""

from __future__ import annotations

import polars as pl

from schemas.table import TIMESTAMP, Column, Table

KINDS = ("message", "invitation_note", "auto_reply", "bounce", "system", "reaction", "deleted", "note")
HUMAN_KINDS = ("message", "invitation_note")
ROLES = ("recruiter", "candidate", "unknown")

MESSAGES = Table(
    name="messages",
    meaning="One message of one export, as read.",
    columns=(
        Column("member", pl.String, "file inside the export the row stands in", internal=True),
        Column("row_no", pl.Int64, "1-based data row in that file", internal=True),
        Column("thread_id", pl.String, "conversation id as the source gives it", required=True),
        Column("message_id", pl.String, "the source's own message id, if it has one"),
        Column("sent_at", TIMESTAMP, "when it was sent, UTC", required=True),
        Column("sent_at_raw", pl.String, "the time as it stood in the file", internal=True),
        Column("sent_at_precision", pl.String, "s, min or day", internal=True),
        Column("tz_method", pl.String, "explicit_utc, offset, epoch, declared or assumed", internal=True),
        Column("sender_id", pl.String, "who sent it, as identity (`kind:value`)", required=True),
        Column("sender_role", pl.String, "recruiter, candidate or unknown", required=True),
        Column("role_method", pl.String, "declared, archive_owner, or counterpart (SQL decides)", internal=True),
        Column("recipient_id", pl.String, "the other person of a two-person thread, as identity"),
        Column("recruiter_id", pl.String, "the recruiter in charge, as identity, where the source names one"),
        Column("candidate_id", pl.String, "the candidate, as identity, where the source names one"),
        Column("is_group", pl.Boolean, "more than two people take part", internal=True),
        Column("subject", pl.String, "subject line"),
        Column("body", pl.String, "the text of the message; empty when there is none", required=True),
        Column("channel", pl.String, "linkedin, email, ... ; `unknown` when not said"),
        Column("language", pl.String, "ISO 639-1 code, where the source says it"),
        Column("kind", pl.String, "message, invitation_note, auto_reply, bounce, system, reaction, ..."),
        Column("team", pl.String, "the recruiter's team"),
        Column("job", pl.String, "the job the message is about"),
        Column("position", pl.Int64, "order of writing within the file, oldest first; breaks ties", internal=True),
        Column(
            "excluded_reason",
            pl.String,
            "why the row is no message of ours (draft, spam, ...)",
            internal=True,
        ),
        Column("raw", pl.String, "the fields we do not use, as JSON", internal=True),
    ),
    expectations=(
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "thread_id"},
            "meta": {"reason": "no thread_id"},
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "sent_at"},
            "meta": {"reason": "sent_at is missing or not a date we know"},
        },
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "sent_at", "min_value": "2003-01-01T00:00:00+00:00"},
            "meta": {"reason": "sent_at is before 2003"},
        },
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "sent_at", "max_value": {"$PARAMETER": "not_after"}},
            "meta": {"reason": "sent_at lies in the future of the export"},
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "sender_id"},
            "meta": {"reason": "no sender_id"},
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "sender_role"},
            "meta": {"reason": "no sender_role"},
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "sender_role", "value_set": list(ROLES)},
            "meta": {"reason": "sender_role is not recruiter or candidate"},
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "kind", "value_set": list(KINDS)},
            "meta": {"reason": f"kind is not one we know: {', '.join(KINDS)}"},
        },
    ),
)
