"""Every sentence of the data-quality page and of `talkshare quality`, in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from reports.words.numbers import amount, amount_range, and_list, count, day, percent, short_day

TITLE = "Data quality"
NOTHING = "Nothing needs a look."
ABOUT_FILES = (
    "An inbox is named by its id, since a file can be asked for only where it comes from. What stands here is about "
    "files that break; it says nothing about how somebody works."
)
METRICS = {
    "volume": "First messages a week",
    "unanswered": "Unanswered after 7 days",
    "first_message_words": "Length of the first message, median",
    "main_language": "In the usual language",
    "assumed_roles": "Candidates only assumed to be one",
    "unknown_roles": "Conversations without known roles",
    "set_aside": "Rows set aside as unusable",
    "link_rate": "Outcomes that link to a conversation",
}
SHAPES = {
    "linkedin_archive": "LinkedIn archives",
    "canonical_messages": "Message tables, our columns",
    "canonical_outcomes": "Outcome tables, our columns",
    "declared_messages": "Message tables, mapped",
    "declared_outcomes": "Outcome tables, mapped",
}
READ_COLUMNS = ("What was read", "Files", "Rows", "Kept", "Set aside", "Known already", "Not ours", "Seen until")
REASON_COLUMNS = ("Why", "Rows", "Files", "In files that end")
DRIFT_COLUMNS = ("Figure", "Source", "Week", "Value", "Usual range", "Weeks compared", "Place")
INBOX_COLUMNS = ("Inbox", "State", "Seen until", "Days since", "Usual gap, days", "Files")
CHANGE_COLUMNS = ("File", "Part", "Change", "Seen until")
CHECK_COLUMNS = ("Table", "What no row may be", "If one is", "Rows that are")
STATES = {
    "fresh": "fresh",
    "stopped": "no longer exported",
    "old": "old",
    "quiet": "exported, but quiet",
    "closed": "closed in the settings",
}

OVER = {
    "read": "What was read",
    "reasons": "What was left out",
    "set_aside": "Set aside as unusable",
    "excluded": "Not messages or outcomes of ours",
    "drift": "Unlike the weeks before?",
    "outside": "Outside the usual range",
    "inboxes": "Inboxes",
    "changes": "Columns",
    "every_change": "See every change",
    "checks": "Checks",
    "every_check": "See every expectation",
    "unknown": "What could not be known",
}


def look_headline(n: int) -> str:
    """Over what needs a look."""
    if not n:
        return NOTHING
    return f"{count(n)} {'things need' if n != 1 else 'thing needs'} a look"


def lead(look: str) -> tuple[str, str]:
    """A sentence up to its first colon or full stop, and the rest."""
    ends = [place for sign in (":", ". ") if (place := look.find(sign)) > 0]
    end = min(ends, default=len(look) - 1) + 1
    return look[:end], look[end:]


def read_headline(files: int, refused: int) -> str:
    """Over what was read."""
    said = f"{count(files)} file{'s' if files != 1 else ''} read"
    return f"{said}; {count(refused)} refused in the last run" if refused else said


def reasons_headline(set_aside: int, excluded: int) -> str:
    """Over the reasons."""
    return f"{count(set_aside)} rows set aside as unusable, {count(excluded)} not messages or outcomes of ours"


def compared(n: int, outside: int, expected: float) -> str:
    """How many comparisons were made, and what chance alone would give."""
    if not n:
        return "No week can be compared yet: a usual range takes eight weeks."
    made = f"{count(n)} comparison{'s' if n != 1 else ''} of a newest week with the weeks before it"
    chance = max(1, round(expected))
    return f"{made}: {count(outside) if outside else 'none'} outside the usual range; by chance up to about {chance}."


def drift_headline(metric_names: Sequence[str]) -> str:
    """Over the small pictures."""
    if not metric_names:
        return "Every week compared is inside its usual range, or close to it"
    return f"Clearly unlike the weeks before: {and_list(metric_names)}"


DRIFT_SUBTITLE = "All sources together, week by week; the band is the usual range, a diamond is a week outside it."


def drift_value(row: Mapping[str, Any]) -> str:
    """A week's number in its own unit."""
    return "too few" if row["value"] is None else amount(row["value"], row["unit"])


def usual(row: Mapping[str, Any]) -> str:
    """The usual range of a week, where there is one."""
    if row["low"] is None:
        return "none yet"
    span = amount_range(row["low"], row["high"], row["unit"])
    return f"always {amount(row['low'], row['unit'])}" if span.low.value == span.high.value else span


def source(row: Mapping[str, Any]) -> str:
    """Whom a number is about."""
    return "all" if row["source_kind"] == "all" else f"{row['source_kind']} {row['source']}"


def drift_row(row: Mapping[str, Any]) -> list[str]:
    """One comparison, in the columns of `DRIFT_COLUMNS`."""
    place = f"{row['place']}, clearly" if row["needs_look"] else row["place"]
    return [
        METRICS[row["metric"]], source(row), short_day(row["week"]), drift_value(row), usual(row),
        count(row["n_baseline"]), place,
    ]  # fmt: skip


def unlike(rows: Sequence[Mapping[str, Any]]) -> str:
    """Comparisons of one figure and week that need a look: one cause shows in an inbox, its channel and in all."""
    first = rows[0]
    parts = [
        f"{drift_value(row)} {'in all' if row['source_kind'] == 'all' else 'in ' + source(row)} (usual: {usual(row)})"
        for row in rows
    ]
    return (
        f"{METRICS[first['metric']]}, week of {short_day(first['week'])}: {_few_of(parts)}. "
        "Look whether an export is missing or has changed."
    )


def silent(row: Mapping[str, Any]) -> str:
    """An inbox that needs a look."""
    name = f"Inbox {row['recruiter_id']}"
    until = f"the newest export ends {day(row['observed_until'].date())}" if row["observed_until"] else "no end known"
    if row["state"] == "stopped":
        gap = row["usual_gap_days"]
        return (
            f"{name} is no longer exported: {until}, {count(row['days_unseen'])} days ago; one every {gap:.0f} "
            f"day{'s' if gap != 1 else ''} is usual. {_ASK}"
        )
    if row["state"] == "old":
        return f"{name} is old: {until}, {count(row['days_unseen'])} days ago. {_ASK}"
    return (
        f"{name} has gone quiet: no first message in the last {count(row['weeks_quiet'])} whole weeks seen, longer "
        "than ever before. Look whether its exports are complete."
    )


_ASK = "Ask for a new one, or list the inbox under [quality] closed_inboxes."


def incomplete(n: int) -> str:
    """Inboxes without unanswered conversations."""
    what = "An inbox seems" if n == 1 else f"{count(n)} inboxes seem"
    return (
        f"{what} to lack unanswered conversations; their approaches are out of reply rates. Export them whole, or "
        "declare them complete: [completeness]."
    )


def refused(n: int) -> str:
    """Files that the last run refused."""
    return f"{count(n)} file{'s were' if n != 1 else ' was'} refused in the last run; `talkshare status` says why."


def aside(row: Mapping[str, Any]) -> str:
    """An export with too many unusable rows."""
    share = percent(row["rows_set_aside"] / row["rows_in"])
    return (
        f"File {row['file_id'][:12]}: {share} of its {count(row['rows_in'])} rows set aside, most for: "
        f"{row['main_reason']}. `talkshare status` says its name; export it again or mend its mapping."
    )


def _change(row: Mapping[str, Any]) -> str:
    if row["change"] == "renamed":
        return f"{row['earlier_name']} is now called {row['column_name']}"
    said = {
        "new": f"{row['column_name']} is new",
        "gone": f"{row['column_name']} is gone",
        "moved": f"the order is another one from {row['column_name']} on",
        "new part": f"{row['member']} are in it for the first time",
        "gone part": f"{row['member']} are no longer in it",
    }
    return said[row["change"]]


def change_row(row: Mapping[str, Any]) -> list[str]:
    """One change, in the columns of `CHANGE_COLUMNS`."""
    until = short_day(row["observed_until"].date()) if row["observed_until"] else "not known"
    return [row["file_id"][:12], row["member"], _change(row), until]


def changes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for every way in which columns changed, with the files that changed so."""
    by_file: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_file.setdefault(row["file_id"], []).append(row)
    said: dict[tuple[str, str], list[str]] = {}
    for file_id, of_file in by_file.items():
        ordered = sorted(of_file, key=lambda row: (row["member"], row["change"], row["column_name"] or ""))
        parts = [
            f"{member}: {_few_of([_change(row) for row in part])}"
            for member, part in groupby(ordered, key=lambda row: str(row["member"]))
        ]
        said.setdefault((of_file[0]["shape"], "; ".join(parts)), []).append(file_id[:12])
    return [
        f"The columns of {_files(files)} ({SHAPES.get(shape, shape)}) are not those of the export before: {what}. "
        "What is needed is there."
        for (shape, what), files in said.items()
    ]


def _files(files: Sequence[str]) -> str:
    return f"file {files[0]}" if len(files) == 1 else f"{count(len(files))} files, {files[0]} among them,"


def _few_of(parts: Sequence[str], most: int = 8) -> str:
    more = [f"{count(len(parts) - most)} more changes"] if len(parts) > most else []
    return and_list([*parts[:most], *more])


def changes_headline(n: int) -> str:
    """Over the changes of columns."""
    return f"Columns changed in {count(n)} file{'s' if n != 1 else ''}" if n else "No export changed its columns"


def inboxes_headline(states: Mapping[str, int]) -> str:
    """Over the inboxes."""
    total = sum(states.values())
    if not total:
        return "No inbox of a recruiter yet"
    odd = [f"{count(n)} {STATES[state]}" for state, n in states.items() if state != "fresh" and n]
    fresh = states.get("fresh", 0)
    return f"{count(fresh)} of {count(total)} inboxes fresh{'; ' + ', '.join(odd) if odd else ''}"


def inbox_row(row: Mapping[str, Any]) -> list[str]:
    """One inbox, in the columns of `INBOX_COLUMNS`."""
    gap = "–" if row["usual_gap_days"] is None else count(round(row["usual_gap_days"]))
    until = day(row["observed_until"].date()) if row["observed_until"] else "not known"
    state = STATES[row["state"]] + (", seems incomplete" if row["is_inbox_incomplete"] else "")
    days = "–" if row["days_unseen"] is None else count(row["days_unseen"])
    return [row["recruiter_id"], state, until, days, gap, count(row["n_exports"])]


def checks_headline(n: int, warned: int) -> str:
    """Over the checks."""
    if not n:
        return "No checks are recorded"
    warnings = f"{count(warned)} warning{'s' if warned != 1 else ''}" if warned else "no warning"
    return f"{count(n)} expectations checked before publishing: {warnings}"


def check_row(row: Mapping[str, Any]) -> list[str]:
    """One expectation, in the columns of `CHECK_COLUMNS`."""
    what = "nothing is published" if row["severity"] == "stop" else "warning"
    return [row["table_name"], row["expectation"], what, count(row["n_failing"])]


def span_of_days(first: date | datetime | None, last: date | datetime | None) -> str:
    """From when to when the files reach."""
    if first is None or last is None:
        return "not known"
    return day(last) if first == last else f"{short_day(first)} {first.year} – {short_day(last)} {last.year}"


def drift_alt(name: str, row: Mapping[str, Any]) -> str:
    """What a small picture shows, said."""
    return f"{name}: {drift_value(row)} in the week of {short_day(row['week'])}; usual: {usual(row)}; {row['place']}."


def tile_state(row: Mapping[str, Any]) -> str:
    """Below a small picture."""
    if row["state"] == "withheld" or row["value"] is None:
        return "too few candidates to show"
    if row["low"] is None:
        return f"weeks to compare with: {count(row['n_baseline'])}; eight are needed"
    words = {"usual": "inside the usual range", "above": "above the usual range", "below": "below the usual range"}
    return f"{words[row['place']]}, {usual(row)}; week of {short_day(row['week'])}"
