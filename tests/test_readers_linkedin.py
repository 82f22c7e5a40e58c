"""LinkedIn archives: every sample with its oddity, and the rules for owner, sides, notes and exclusions."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.config import LinkedInSettings, Settings
from flows.readers import Export, Reading, fingerprint, read, settings_fingerprint
from flows.readers.bodies import html_text, plain
from flows.readers.discover import discover
from flows.readers.identity import identity
from flows.readers.timestamps import parse_linkedin_times
from schemas.errors import InputError

SAMPLES = Path(__file__).parent / "samples" / "linkedin"
NOT_AFTER = datetime(2027, 1, 1, tzinfo=UTC)
SAM = "linkedin:sam-rec-0a1b2c"
ANA = "linkedin:ana-dev-77"
ANA_AND_SAM = "2-MDAwMDAwMDAtZmFrZS1jb252LTAwMDFfMDEw"

L3 = (
    *("CONVERSATION ID", "CONVERSATION TITLE", "FROM", "SENDER PROFILE URL", "TO", "RECIPIENT PROFILE URLS"),
    *("DATE", "SUBJECT", "CONTENT", "FOLDER"),
)
L2 = tuple(name for name in L3 if name != "RECIPIENT PROFILE URLS")
PEOPLE = {
    "Sam Rec": "https://www.linkedin.com/in/sam-rec-0a1b2c",
    "Ana Dev": "https://www.linkedin.com/in/ana-dev-77",
    "Bob Ops": "https://www.linkedin.com/in/bob-ops",
    "Jane Doe, Ph.D.": "https://www.linkedin.com/in/jane-doe",
}


def with_linkedin(**values: object) -> Settings:
    return Settings().model_copy(update={"linkedin": LinkedInSettings.model_validate(values)})


OWNER_SAM = with_linkedin(owner="sam-rec-0a1b2c")


def sample(name: str, settings_: Settings = OWNER_SAM) -> Reading:
    exports, refusals = discover(SAMPLES / name, settings_, root=SAMPLES)
    assert not refusals
    assert len(exports) == 1
    return read(exports[0], settings_, not_after=NOT_AFTER)


def row(sender: str, to: str, body: str, **more: str) -> dict[str, str]:
    """One row of an archive with recipient addresses; `more` overrides."""
    return {
        "CONVERSATION ID": "2-c1",
        "FROM": sender,
        "SENDER PROFILE URL": PEOPLE.get(sender, ""),
        "TO": to,
        "RECIPIENT PROFILE URLS": PEOPLE.get(to, ""),
        "DATE": "2024-05-01 10:00:00 UTC",
        "CONTENT": body,
        "FOLDER": "INBOX",
    } | {name.replace("_", " "): value for name, value in more.items()}


def as_csv(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    text = io.StringIO()
    extra = tuple(dict.fromkeys(name for r in rows for name in r if name not in L3))
    writer = csv.DictWriter(text, (*columns, *extra), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def archive_of(
    folder: Path,
    rows: list[dict[str, str]],
    columns: tuple[str, ...] = L3,
    name: str = "archive",
    **files: str,
) -> Export:
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "messages.csv").write_text(as_csv(rows, columns), encoding="utf-8")
    for stem, text in files.items():
        (place / f"{stem}.csv").write_text(text, encoding="utf-8")
    members = tuple(sorted(place.iterdir()))
    return Export(place, name, "linkedin_archive", "", members)


def reading_of(
    folder: Path,
    rows: list[dict[str, str]],
    columns: tuple[str, ...] = L3,
    settings_: Settings = OWNER_SAM,
    **files: str,
) -> Reading:
    return read(archive_of(folder, rows, columns, **files), settings_, not_after=NOT_AFTER)


def loose(folder: Path, data: bytes, name: str = "messages.csv") -> Export:
    path = folder / name
    path.write_bytes(data)
    return Export(path, name, "linkedin_archive", "", (path,))


PROFILE_SAM = "First Name,Last Name\nSam,Rec\n"

# --- the samples ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows_in", "kept", "excluded", "set_aside"),
    [
        ("pre2018_Inbox.csv", 1, 1, 0, 0),
        ("2019_messages.csv", 2, 2, 0, 0),
        ("2021_9col", 4, 4, 0, 0),
        ("2023_10col", 7, 3, 4, 0),
        ("2024_11col", 1, 1, 0, 0),
        ("2025_12col_draft", 2, 1, 1, 0),
        ("2025_13col", 1, 1, 0, 0),
        ("2026_allquoted_multiline", 2, 2, 0, 0),
        ("Basic_LinkedInDataExport_02-03-2026.zip", 4, 2, 2, 0),
        ("bad_excel_resaved_semicolon.csv", 1, 1, 0, 0),
        ("bad_mojibake.csv", 1, 1, 0, 0),
        ("bad_shifted_unquoted_comma.csv", 1, 0, 0, 1),
        ("bad_truncated_midquote.csv", 2, 1, 0, 1),
    ],
)
def test_every_row_of_every_sample_is_accounted_for(
    name: str, rows_in: int, kept: int, excluded: int, set_aside: int
) -> None:
    reading = sample(name)
    out = reading.messages["excluded_reason"].is_not_null().sum()
    assert reading.rows_in == rows_in
    assert (reading.messages.height - out, out, reading.set_aside.height) == (kept, excluded, set_aside)


def test_the_oldest_era_has_minutes_and_no_conversation_ids() -> None:
    reading = sample("pre2018_Inbox.csv", Settings())
    (message,) = reading.messages.rows(named=True)
    assert message["sent_at"] == datetime(2016, 1, 5, 10, 31, tzinfo=UTC)
    assert (message["sent_at_precision"], message["tz_method"]) == ("min", "assumed")
    assert (reading.owner, reading.owner_method) == ("name:|sam rec", "direction_column")
    assert reading.threading_method == "subject_window"
    assert message["thread_id"].startswith("li-name-")
    assert "ana" not in message["thread_id"]
    assert any("threaded by the other person's name" in warning for warning in reading.warnings)


def test_both_directions_with_one_person_are_one_thread_in_the_2019_era() -> None:
    messages = sample("2019_messages.csv", Settings()).messages
    assert messages["thread_id"].n_unique() == 1
    assert messages["sender_role"].to_list() == ["recruiter", "unknown"]
    assert messages["tz_method"].unique().to_list() == ["assumed"]
    assert messages["recipient_id"].to_list() == ["name:name:|sam rec|ana dev", "name:|sam rec"]


def test_the_configured_slug_is_the_owner_even_where_no_row_bears_an_address() -> None:
    reading = sample("2019_messages.csv")
    assert (reading.owner, reading.owner_method) == (SAM, "configured")
    assert reading.messages["sender_id"].to_list() == [SAM, f"name:{SAM}|ana dev"]


def test_five_column_invitations_name_the_owner_and_their_note_joins_the_conversation() -> None:
    reading = sample("2021_9col", Settings())
    assert (reading.owner, reading.owner_method) == (SAM, "invitations_name")
    note = reading.messages.filter(pl.col("kind") == "invitation_note").row(0, named=True)
    assert note["member"] == "Invitations.csv"
    assert note["thread_id"] == ANA_AND_SAM
    assert note["sent_at"] == datetime(2021, 3, 12, 16, 5, tzinfo=UTC)
    assert (note["sent_at_precision"], note["tz_method"]) == ("min", "assumed")
    assert (note["sender_id"], note["recipient_id"]) == (SAM, ANA)


def test_linkedin_member_is_one_unknown_person_per_conversation() -> None:
    messages = sample("2021_9col").messages
    hidden = messages.filter(pl.col("sender_id").str.starts_with("hidden:"))
    assert hidden["sender_id"].to_list() == ["hidden:2-MDAwMDAwMDAtZmFrZS1jb252LTAwMDNfMTAw"]
    assert hidden["excluded_reason"].to_list() == [None]


def test_newest_first_files_are_turned_into_the_order_of_writing() -> None:
    messages = sample("2021_9col").messages.filter(pl.col("member") == "messages.csv")
    assert messages["position"].to_list() == [-1, -2, -3]
    assert sample("2023_10col").messages["position"].to_list()[:5] == [1, 2, 3, 4, 5]


def test_seven_column_invitations_name_the_owner() -> None:
    reading = sample("2023_10col", Settings())
    assert (reading.owner, reading.owner_method) == (SAM, "invitations")


def test_group_sponsored_and_spam_of_2023_are_told_apart() -> None:
    messages = sample("2023_10col").messages.filter(pl.col("member") == "messages.csv")
    assert messages["is_group"].to_list() == [False, False, True, False, False]
    assert messages["excluded_reason"].to_list() == [None, None, None, "sponsored", "spam"]
    assert messages["recipient_id"][2] is None
    assert messages["thread_id"][2] == "2-MDAwMDAwMDAtZmFrZS1jb252LTAwMDJfMDEy"
    assert messages["body"][3] == "Hi %FIRSTNAME%,\n\nOur webinar is free & online."


def test_invitations_without_a_note_are_excluded_with_their_reason() -> None:
    messages = sample("2023_10col").messages.filter(pl.col("member") == "Invitations.csv")
    assert messages["excluded_reason"].to_list() == ["invitation without a note"] * 2


def test_drafts_are_excluded_and_counted() -> None:
    messages = sample("2025_12col_draft").messages
    assert messages["excluded_reason"].to_list() == ["draft", None]


def test_line_breaks_and_angle_brackets_survive() -> None:
    bodies = sample("2026_allquoted_multiline").messages["body"].to_list()
    assert bodies[0] == "Hi Ana,\nthe role in short:\n\n- 110-130k\n- remote\n\nOpen to a chat?"
    assert bodies[1] == 'Great, "next steps"?\nI mostly use List<String> and vector<int>'


def test_the_date_in_an_archives_name_says_until_when_it_shows() -> None:
    reading = sample("Basic_LinkedInDataExport_02-03-2026.zip", Settings())
    assert reading.observed_until == datetime(2026, 2, 3, tzinfo=UTC)
    assert reading.observed_until_method == "archive_name"
    assert sample("2025_13col").observed_until_method == "latest_timestamp"


def test_attachments_and_other_unused_fields_are_kept_in_raw() -> None:
    raw = sample("2024_11col").messages["raw"][0]
    assert "ATTACHMENTS" in raw
    assert "FAKE2" in raw


def test_a_semicolon_resave_is_read_with_a_warning() -> None:
    reading = sample("bad_excel_resaved_semicolon.csv")
    assert reading.messages["sent_at"][0] == datetime(2023, 6, 1, 14, 3, tzinfo=UTC)
    assert reading.messages["sent_at_precision"][0] == "min"
    assert any("semicolons" in warning for warning in reading.warnings)
    assert any("re-saved" in warning for warning in reading.warnings)


def test_mojibake_is_repaired_and_counted() -> None:
    reading = sample("bad_mojibake.csv")
    assert reading.messages["body"][0] == "d’accord"
    assert "José Dev" in reading.names["name"].to_list()
    assert any("fields repaired: 2" in warning for warning in reading.warnings)


def test_an_unquoted_comma_sets_the_row_aside() -> None:
    reading = sample("bad_shifted_unquoted_comma.csv")
    assert reading.set_aside["row_no"].to_list() == [1]
    assert "more fields" in reading.set_aside["reason"][0]
    assert "open to a chat" in reading.set_aside["raw"][0]


def test_a_truncated_file_keeps_the_rows_before_the_cut() -> None:
    reading = sample("bad_truncated_midquote.csv")
    assert reading.messages["body"].to_list() == ["ok"]
    assert any("truncated" in warning for warning in reading.warnings)


# --- the owner --------------------------------------------------------------------------------


def test_an_archive_that_does_not_show_its_owner_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"owner unresolved.*\[linkedin\] owner"):
        reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")], settings_=Settings())


def test_the_profile_name_finds_the_slug_that_sends_under_it(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi"), row("Ana Dev", "Sam Rec", "Hello")]
    reading = reading_of(tmp_path, rows, settings_=Settings(), Profile=PROFILE_SAM)
    assert (reading.owner, reading.owner_method) == (SAM, "profile_name")


def test_two_slugs_under_the_owners_name_are_asked_about_without_naming_anybody(tmp_path: Path) -> None:
    rows = [
        row("Sam Rec", "Ana Dev", "Hi"),
        row("Sam Rec", "Bob Ops", "Hi", CONVERSATION_ID="2-c2")
        | {"SENDER PROFILE URL": "https://www.linkedin.com/in/sam-old"},
    ]
    with pytest.raises(InputError, match="two profile addresses") as caught:
        reading_of(tmp_path, rows, settings_=Settings(), Profile=PROFILE_SAM)
    assert "sam" not in str(caught.value).lower().replace("same", "")
    reading = reading_of(tmp_path, rows, settings_=with_linkedin(owner="sam-rec-0a1b2c, sam-old"), Profile=PROFILE_SAM)
    assert reading.messages["sender_id"].unique().to_list() == [SAM]


def test_the_person_in_nearly_every_conversation_is_the_owner(tmp_path: Path) -> None:
    rows = [
        row("Sam Rec", name, "Hi", CONVERSATION_ID=f"2-c{number}")
        for number, name in enumerate(["Ana Dev", "Bob Ops", "Jane Doe, Ph.D."])
    ]
    reading = reading_of(tmp_path, rows, settings_=Settings())
    assert (reading.owner, reading.owner_method) == (SAM, "presence")


def test_the_one_frequent_sender_is_the_owner_where_recipients_have_no_address(tmp_path: Path) -> None:
    rows = [row("Sam Rec", f"Person {n}", "Hi", CONVERSATION_ID=f"2-c{n}") for n in range(6)]
    rows += [row("Ana Dev", "Sam Rec", "Hello", CONVERSATION_ID=f"2-d{n}") for n in range(2)]
    reading = reading_of(tmp_path, rows, L2, Settings())
    assert (reading.owner, reading.owner_method) == (SAM, "frequent_sender")


def test_owners_may_be_set_per_file_name(tmp_path: Path) -> None:
    chosen = with_linkedin(owner="somebody-else", owners={"arch*": PEOPLE["Sam Rec"] + "/?x=1"})
    assert reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")], settings_=chosen).owner == SAM


def test_a_configured_owner_who_takes_no_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes part in no conversation"):
        reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")], settings_=with_linkedin(owner="nobody"))


def test_a_candidates_own_archive_turns_the_roles_round(tmp_path: Path) -> None:
    chosen = with_linkedin(owner="ana-dev-77", owner_role="candidate")
    messages = reading_of(
        tmp_path, [row("Sam Rec", "Ana Dev", "Hi"), row("Ana Dev", "Sam Rec", "No")], settings_=chosen
    ).messages
    assert messages["sender_role"].to_list() == ["unknown", "candidate"]
    assert messages["candidate_id"].to_list() == [ANA, ANA]
    assert messages["recruiter_id"].to_list() == [None, None]


def test_nobody_but_the_owner_is_given_a_role_here(tmp_path: Path) -> None:
    messages = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi"), row("Ana Dev", "Sam Rec", "Yes")]).messages
    assert messages["sender_role"].to_list() == ["recruiter", "unknown"]
    assert messages["role_method"].to_list() == ["archive_owner", "counterpart"]
    assert messages["recruiter_id"].to_list() == [SAM, SAM]
    assert messages["candidate_id"].to_list() == [None, None]


# --- the two sides ----------------------------------------------------------------------------


def test_a_name_with_a_comma_is_one_person(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Jane Doe, Ph.D.", "Hi"), row("Jane Doe, Ph.D.", "Sam Rec", "Hello")]
    for columns in (L2, L3):
        messages = reading_of(tmp_path, rows, columns).messages
        assert messages["is_group"].to_list() == [False, False]
        assert messages["recipient_id"].to_list() == ["linkedin:jane-doe", SAM]


def test_an_unanswered_addressee_without_an_address_is_known_by_name_or_by_the_connections(
    tmp_path: Path,
) -> None:
    rows = [row("Sam Rec", "Jane Doe, Ph.D.", "Hi"), row("Sam Rec", "Bob Ops", "Hi", CONVERSATION_ID="2-c2")]
    connections = (
        'Notes:\n"When exporting, you may notice"\n\nFirst Name,Last Name,URL,Connected On\n'
        "Bob,Ops,https://www.linkedin.com/in/bob-ops,08 Feb 2023\n,,,07 Jun 2023\n"
    )
    messages = reading_of(tmp_path, rows, L2, Connections=connections).messages
    assert messages["recipient_id"].to_list() == [f"name:{SAM}|jane doe, ph.d.", "linkedin:bob-ops"]


def test_two_known_names_in_one_to_field_are_a_group(tmp_path: Path) -> None:
    rows = [
        row("Sam Rec", "Ana Dev, Bob Ops", "Hi both"),
        row("Ana Dev", "Sam Rec", "Hi", CONVERSATION_ID="2-c2"),
        row("Bob Ops", "Sam Rec", "Hi", CONVERSATION_ID="2-c3"),
    ]
    messages = reading_of(tmp_path, rows, L2).messages
    assert messages["is_group"].to_list() == [True, False, False]


def test_recipient_addresses_may_be_parted_by_commas_or_semicolons(tmp_path: Path) -> None:
    for mark in (",", ";", ", "):
        links = mark.join([PEOPLE["Ana Dev"], PEOPLE["Bob Ops"]])
        messages = reading_of(tmp_path, [row("Sam Rec", "x", "Hi", RECIPIENT_PROFILE_URLS=links)]).messages
        assert messages["is_group"].to_list() == [True]


def test_slugs_are_decoded_and_lower_case() -> None:
    assert identity("https://www.linkedin.com/in/Zo%C3%AB-Brandt/?a=1") == "linkedin:zoë-brandt"
    assert identity("Ana <ANA@dev.example>") == "email:ana@dev.example"
    assert identity(" \u200e") is None


def test_a_message_to_a_hidden_account_has_an_unknown_recipient(tmp_path: Path) -> None:
    messages = reading_of(tmp_path, [row("Sam Rec", "LinkedIn Member", "Hi")]).messages
    assert messages["recipient_id"].to_list() == ["hidden:2-c1"]
    assert messages["excluded_reason"].to_list() == [None]


def test_padding_of_conversation_ids_does_not_matter(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi", CONVERSATION_ID=identifier) for identifier in ("2-c1==", "2-c1")]
    assert reading_of(tmp_path, rows).messages["thread_id"].to_list() == ["2-c1", "2-c1"]


# --- what is no message of ours ---------------------------------------------------------------


def test_a_recruiters_own_unfilled_placeholder_is_kept(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi {{firstName}}, %FIRSTNAME%")]
    messages = reading_of(tmp_path, rows).messages
    assert messages["excluded_reason"].to_list() == [None]
    assert messages["body"].to_list() == ["Hi {{firstName}}, %FIRSTNAME%"]


def test_empty_rows_are_system_rows_but_an_attachment_is_a_message(tmp_path: Path) -> None:
    rows = [
        row("", "Sam Rec", "", ATTACHMENTS=""),
        row("Ana Dev", "Sam Rec", "", ATTACHMENTS="https://www.linkedin.com/dms/prv/x"),
        row("", "Sam Rec", "Somebody wrote this", ATTACHMENTS=""),
    ]
    messages = reading_of(tmp_path, rows).messages
    assert messages["excluded_reason"].to_list() == ["empty system row", None, None]
    assert messages["body"].to_list() == ["", "", "Somebody wrote this"]
    assert messages["sender_id"].to_list() == ["hidden:2-c1", ANA, "hidden:2-c1"]


def test_spam_can_be_asked_for(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi", FOLDER="SPAM")]
    chosen = with_linkedin(owner="sam-rec-0a1b2c", include_spam=True)
    assert reading_of(tmp_path, rows).messages["excluded_reason"].to_list() == ["spam"]
    assert reading_of(tmp_path, rows, settings_=chosen).messages["excluded_reason"].to_list() == [None]


@pytest.mark.parametrize("flag", ["Yes", "true", "TRUE"])
def test_draft_flags_are_read_in_every_spelling(tmp_path: Path, flag: str) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi", IS_CONVERSATION_DRAFT=flag)]
    assert reading_of(tmp_path, rows).messages["excluded_reason"].to_list() == ["draft"]


def test_only_known_tags_make_a_body_html() -> None:
    bodies = pl.Series(["List<String> & <b>", "a<br/>b", '<p class="x">one</p><ul><li>two</li></ul>', "a\r\nb", None])
    assert plain(bodies).to_list() == ["List<String> & <b>", "a\nb", "one\n\n- two", "a\nb", ""]
    assert html_text("<p>Map<String, List<Foo>> &amp; more</p>") == "Map<String, List<Foo>> & more"


def test_a_body_that_lost_its_markup_is_kept_as_it_stood(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "one<br>two")])
    assert reading.messages["body"].to_list() == ["one\ntwo"]
    assert "one<br>two" in reading.messages["raw"][0]


# --- invitation notes -------------------------------------------------------------------------

INVITED = (
    "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
    f'Sam Rec,{{to}},"4/30/24, 2:37 PM","{{note}}",OUTGOING,{PEOPLE["Sam Rec"]},{{link}}\n'
)


def test_a_note_that_stands_in_the_conversation_counts_once(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi Ana,\nopen to a chat?"), row("Ana Dev", "Sam Rec", "Yes")]
    invitations = INVITED.format(to="Ana Dev", note="hi ana, open  to a chat?", link=PEOPLE["Ana Dev"])
    messages = reading_of(tmp_path, rows, Invitations=invitations).messages
    assert messages["kind"].to_list() == ["invitation_note", "message", "invitation_note"]
    assert messages["excluded_reason"].to_list() == [None, None, "note already in the conversation"]


def test_a_note_without_a_conversation_gets_one_that_names_nobody(tmp_path: Path) -> None:
    invitations = INVITED.format(to="Bob Ops", note="Hello", link=PEOPLE["Bob Ops"])
    messages = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")], Invitations=invitations).messages
    note = messages.row(1, named=True)
    assert note["thread_id"].startswith("li-note-")
    assert "bob" not in note["thread_id"]
    assert (note["sender_id"], note["recipient_id"], note["sender_role"]) == (
        SAM,
        "linkedin:bob-ops",
        "recruiter",
    )
    assert note["excluded_reason"] is None


def test_an_incoming_note_is_the_other_persons(tmp_path: Path) -> None:
    invitations = (
        "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
        f'Bob Ops,Sam Rec,"4/30/24, 2:37 PM",Hi Sam,INCOMING,{PEOPLE["Bob Ops"]},{PEOPLE["Sam Rec"]}\n'
    )
    messages = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")], Invitations=invitations).messages
    note = messages.row(1, named=True)
    assert (note["sender_id"], note["recipient_id"], note["sender_role"]) == (
        "linkedin:bob-ops",
        SAM,
        "unknown",
    )


# --- times ------------------------------------------------------------------------------------


def test_undecidable_spreadsheet_dates_are_asked_about(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi", DATE="6/1/23 14:03")]
    with pytest.raises(InputError, match="date_order"):
        reading_of(tmp_path, rows)
    chosen = with_linkedin(owner="sam-rec-0a1b2c", date_order="mdy")
    assert reading_of(tmp_path, rows, settings_=chosen).messages["sent_at"][0] == datetime(
        2023, 6, 1, 14, 3, tzinfo=UTC
    )


def test_one_day_above_twelve_decides_the_order_of_the_whole_file() -> None:
    times, warnings = parse_linkedin_times(pl.Series(["6/1/23 14:03", "6/23/23 9:00 PM"]), None)
    assert times["at"].dt.month().to_list() == [6, 6]
    assert times["at"].dt.hour().to_list() == [14, 21]
    assert warnings
    times, _ = parse_linkedin_times(pl.Series(["6/1/23 14:03", "23/6/23 9:00"]), None)
    assert times["at"].dt.month().to_list() == [1, 6]


def test_a_date_we_do_not_know_is_left_for_the_checks(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "Hi", DATE="yesterday"), row("Sam Rec", "Ana Dev", "Hi", DATE="")]
    messages = reading_of(tmp_path, rows).messages
    assert messages["sent_at"].to_list() == [None, None]
    assert messages["sent_at_raw"].to_list() == ["yesterday", None]


def test_times_in_the_future_do_not_count_as_observed(tmp_path: Path) -> None:
    rows = [row("Sam Rec", "Ana Dev", "a"), row("Sam Rec", "Ana Dev", "b", DATE="2999-01-01 00:00:00 UTC")]
    assert reading_of(tmp_path, rows).observed_until == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_an_impossible_date_in_the_name_is_ignored(tmp_path: Path) -> None:
    export = archive_of(tmp_path, [row("Sam Rec", "Ana Dev", "a")], name="LinkedInDataExport_13-45-2024")
    assert read(export, OWNER_SAM, not_after=NOT_AFTER).observed_until_method == "latest_timestamp"


# --- bytes ------------------------------------------------------------------------------------

GOOD = as_csv([row("Sam Rec", "Ana Dev", "Grüße"), row("Ana Dev", "Sam Rec", "ok")], L3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings_are_read_alike(tmp_path: Path, encoding: str) -> None:
    reading = read(loose(tmp_path, GOOD.encode(encoding)), OWNER_SAM, not_after=NOT_AFTER)
    assert reading.messages["body"].to_list() == ["Grüße", "ok"]
    assert reading.warnings == ()


def test_windows_bytes_are_read_with_a_warning(tmp_path: Path) -> None:
    reading = read(loose(tmp_path, GOOD.encode("cp1252")), OWNER_SAM, not_after=NOT_AFTER)
    assert reading.messages["body"][0] == "Grüße"
    assert any("cp1252" in warning for warning in reading.warnings)


def test_nul_bytes_are_taken_out_with_a_warning(tmp_path: Path) -> None:
    reading = read(loose(tmp_path, GOOD.replace("ok", "o\0k").encode()), OWNER_SAM, not_after=NOT_AFTER)
    assert reading.messages["body"][1] == "ok"
    assert any("NUL" in warning for warning in reading.warnings)


def test_a_field_of_300000_characters_is_read(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "x" * 300_000)])
    assert reading.messages["body"].str.len_chars().to_list() == [300_000]


def test_an_unknown_column_rides_in_raw(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi", IS_CONVERSATION_ARCHIVED="No")])
    assert '"IS CONVERSATION ARCHIVED":"No"' in reading.messages["raw"][0]


def test_a_malformed_row_does_not_take_the_next_ones_with_it(tmp_path: Path) -> None:
    lines = as_csv([row("Sam Rec", "Ana Dev", f"text {n}") for n in range(5)], L3).splitlines(keepends=True)
    lines[2] = lines[2].replace("text 1", '"" text 1')
    lines[4] = lines[4].replace("text 3", '"text 3')
    reading = read(loose(tmp_path, "".join(lines).encode()), OWNER_SAM, not_after=NOT_AFTER)
    assert reading.messages["body"].to_list() == ["text 0", "text 2", "text 4"]
    assert reading.set_aside["row_no"].to_list() == [2, 4]
    assert reading.rows_in == 5


def test_blank_lines_and_mixed_line_ends_are_no_rows(tmp_path: Path) -> None:
    text = GOOD.replace("\n", "\r\n", 1) + "\n\r\n\n"
    reading = read(loose(tmp_path, text.encode()), OWNER_SAM, not_after=NOT_AFTER)
    assert reading.messages["row_no"].to_list() == [1, 2]


def test_an_unusual_line_separator_does_not_end_a_row(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, [row("Sam Rec", "Ana Dev", "one\u2028two\x0cthree")])
    assert reading.messages["body"].to_list() == ["one\u2028two\x0cthree"]


def test_no_conversations_found_is_an_archive_without_rows(tmp_path: Path) -> None:
    reading = read(loose(tmp_path, b"No conversations found\n"), Settings(), not_after=NOT_AFTER)
    assert reading.rows_in == 0


def test_a_header_alone_needs_no_owner(tmp_path: Path) -> None:
    assert reading_of(tmp_path, [], settings_=Settings()).rows_in == 0


def test_bytes_in_a_zip_read_like_the_folder_they_came_from(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    with zipfile.ZipFile(SAMPLES / "Basic_LinkedInDataExport_02-03-2026.zip") as archive:
        archive.extractall(folder)
    (export,), _ = discover(folder, Settings(), root=tmp_path)
    unpacked = read(export, Settings(), not_after=NOT_AFTER)
    assert unpacked.messages.equals(sample("Basic_LinkedInDataExport_02-03-2026.zip", Settings()).messages)


def test_the_fingerprint_is_of_the_bytes_and_not_of_the_place(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "2023_10col", tmp_path / "elsewhere")
    here = discover(SAMPLES / "2023_10col", Settings(), root=SAMPLES)[0][0]
    there = discover(tmp_path, Settings(), root=tmp_path)[0][0]
    direct = discover(tmp_path / "elsewhere" / "messages.csv", Settings(), root=tmp_path)[0][0]
    assert fingerprint(here) == fingerprint(there) == fingerprint(direct)
    (tmp_path / "elsewhere" / "guide_messages.csv").write_text("changed")
    assert fingerprint(here) == fingerprint(there)
    (tmp_path / "elsewhere" / "Invitations.csv").write_text("changed")
    assert fingerprint(here) != fingerprint(there)


def test_a_changed_owner_means_reading_again(tmp_path: Path) -> None:
    export = archive_of(tmp_path, [row("Sam Rec", "Ana Dev", "Hi")])
    assert settings_fingerprint(export, OWNER_SAM) != settings_fingerprint(export, Settings())
    unrelated = with_linkedin(owner="sam-rec-0a1b2c", owners={"other*": "x"})
    assert settings_fingerprint(export, OWNER_SAM) == settings_fingerprint(export, unrelated)


def test_errors_and_warnings_hold_no_name_and_no_text(tmp_path: Path) -> None:
    for path in sorted(SAMPLES.iterdir()):
        for export in discover(path, Settings(), root=SAMPLES)[0]:
            try:
                said = " ".join(read(export, Settings(), not_after=NOT_AFTER).warnings)
            except InputError as error:
                said = str(error)
            for secret in ("Ana", "Sam", "sam-rec", "never closed", "accord"):
                assert secret not in said


FUZZ = settings(
    max_examples=120,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_read(tmp_path: Path, data: bytes) -> None:
    outcome = _refused_or_read(loose(tmp_path, data))
    assert isinstance(outcome, InputError | Reading)


@FUZZ
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    '"',
                    ",",
                    "\n",
                    "\r\n",
                    ";",
                    "\x00",
                    "2-c1,,",
                    "Sam Rec",
                    "<p>",
                    "%FIRSTNAME%",
                    "é",
                    "Ã©",
                    "  ",
                ),
                *("2024-05-01 10:00:00 UTC", "1/2/23 10:00", PEOPLE["Sam Rec"], PEOPLE["Ana Dev"], "INBOX"),
                GOOD.splitlines()[1] + "\n",
            ]
        ),
        max_size=40,
    )
)
def test_arbitrary_rows_are_refused_or_read_without_losing_any(tmp_path: Path, parts: list[str]) -> None:
    text = GOOD + "".join(parts)
    outcome = _refused_or_read(loose(tmp_path, text.encode()))
    if isinstance(outcome, Reading):
        numbers = sorted([*outcome.messages["row_no"], *outcome.set_aside["row_no"]])
        assert numbers == list(range(1, outcome.rows_in + 1))
        assert outcome.rows_in >= 2


def _refused_or_read(export: Export) -> InputError | Reading:
    try:
        return read(export, OWNER_SAM, not_after=NOT_AFTER)
    except InputError as error:
        return error
