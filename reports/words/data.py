"""What came in, what was left out, and how to read the report, in English."""

from __future__ import annotations

from reports.estimates import Quality
from reports.words.numbers import NOT_KNOWN, count, few, percent

NOT_FOR_DECISIONS = "Not for employment decisions."


def quality_headline(quality: Quality) -> str:
    """Over the numbers of rows."""
    rows = quality.rows
    if not rows["rows_in"]:
        return "No rows were read"
    files = f"{count(quality.files_read)} file{'s' if quality.files_read != 1 else ''}"
    refused = f", {count(quality.files_refused)} refused" if quality.files_refused else ""
    return f"{count(rows['rows_set_aside'])} of {count(rows['rows_in'])} rows set aside; {files}{refused}"


ROW_NAMES = (
    ("rows_in", "Rows read"),
    ("rows_kept", "kept"),
    ("rows_set_aside", "set aside as unusable"),
    ("rows_already_known", "already known from another file"),
    ("rows_excluded", "not messages or outcomes of ours"),
)


def quality_rows(quality: Quality) -> list[list[str]]:
    """What became of every row read, with the reasons."""
    why = {"rows_set_aside": quality.set_aside, "rows_excluded": quality.excluded}
    return [
        [name, count(quality.rows[key]), "; ".join(f"{reason}: {count(n)}" for reason, n in why.get(key, ()))]
        for key, name in ROW_NAMES
    ]


def balance(quality: Quality) -> str:
    """Says so when the rows do not add up; empty when they do."""
    rows = quality.rows
    missing = rows["rows_in"] - sum(rows[key] for key, _ in ROW_NAMES[1:])
    return f"The counts do not add up: {count(missing)} rows are unaccounted for." if missing else ""


def quality_facts(quality: Quality, minimum: int) -> list[list[str]]:
    """What is left out of the rates, or assumed."""
    info = quality.info
    known = [
        ("Approaches", "n_approaches"),
        ("First message unknown (left out of first-message figures)", "n_first_message_unknown"),
        ("Opened by an invitation note only (left out of reply rates)", "n_note_openers"),
        ("Already in a process before the first message (left out of rates)", "n_already_in_process"),
        ("Group conversations (left out)", "n_groups"),
        ("Conversations not measured for any reason", "n_unmeasured_threads"),
        ("Approaches in a language without rules (no asking or telling)", "n_unsupported_language"),
        (
            "Answered approaches that ended within a week of talk (left out of what goes with conversions)",
            "n_left_out_of_landmark",
        ),
        ("Inboxes that seem to lack their unanswered conversations (out of reply rates)", "n_incomplete_inboxes"),
        ("Approaches in such inboxes", "n_approaches_in_incomplete_inboxes"),
    ]
    facts = [[name, few(int(info[key]), minimum)] for name, key in known if info.get(key) is not None]
    facts.append(["First messages still open for a 7-day reply", few(quality.n_open, minimum)])
    assumed, linked = info.get("share_assumed_candidates"), info.get("link_rate")
    facts.append(
        [
            "Candidates known only as the other side of a thread",
            NOT_KNOWN if assumed is None else percent(assumed),
        ]
    )
    facts.append(
        [
            "Candidates of the outcome data linked to a conversation",
            "no outcome data" if linked is None else percent(linked),
        ]
    )
    return facts


def how_to_read(minimum_candidates: int) -> list[tuple[str, str]]:
    """The words of the report, explained."""
    return [
        (
            "Usual range",
            "where weekly figures fall when nothing changes, from the judged weeks before, allowing for "
            "swings beyond pure "
            "chance. A figure inside it needs no explanation; now and then one falls outside by chance.",
        ),
        (
            "Still open",
            "the time to answer is not over. Such weeks are drawn hollow and never count as “no reply”.",
        ),
        (
            "Interval",
            "where the true rate plausibly lies (95%), widened because messages of one recruiter or "
            "template resemble "
            "each other. Where intervals overlap, we do not speak of a difference.",
        ),
        (
            "Visible from",
            "the smallest difference, in points, that the data could have shown. “No difference seen” is not “none”.",
        ),
        ("Not known", "no source says. It is never counted as “no”."),
        (
            "Discussion",
            "the candidate wrote at least twice. Won and lost stand side by side because a message can "
            "draw replies and "
            "still win nobody.",
        ),
        (
            "Opening style",
            "“sell first” tells mostly of the offer, or much of it before it asks; “reaction first” tells hardly any "
            "of it and ends by asking; “mixed” is the rest.",
        ),
        (
            "Lost",
            "opted out, or silent when approached again, and not won.",
        ),
        (
            "Too few to show",
            f"fewer than {minimum_candidates} candidates, or a group that would give them away.",
        ),
    ]


def footer(version: str) -> str:
    """The last line."""
    made = f" Made by talkshare {version}." if version else ""
    return f"Numbers from the published snapshot; names and texts of people are not in this report.{made}"
