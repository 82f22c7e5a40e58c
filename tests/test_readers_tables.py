"""Message and outcome tables, ours and declared ones, in every file format we read."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.config import OutcomeSettings, Settings, TableSettings
from flows.readers import Export, Reading, fingerprint, read, settings_fingerprint
from flows.readers.inspection import describe
from flows.readers.timestamps import parse_times
from schemas import MESSAGES, OUTCOMES
from schemas.errors import InputError

SAMPLES = Path(__file__).parent / "samples" / "tables"
NOT_AFTER = datetime(2027, 1, 1, tzinfo=UTC)

MESSAGES_CSV = """thread_id,sent_at,sender_id,sender_role,body,candidate_id,job,Mood
t1,2024-05-01T10:00:00Z,sam@agency.example,Recruiter,Hi Ana,https://www.linkedin.com/in/ana-dev,J1,good
t1,2024-05-01T12:30+02:00,https://www.linkedin.com/in/Ana-Dev/,candidate,"Yes,
please",https://www.linkedin.com/in/ana-dev,J1,
t2,2024-05-02,kim@agency.example,recruiter,,00012,J2,
t2,soon,kim@agency.example,boss,x,00012,J2,
"""
OUTCOMES_CSV = """candidate_id,thread_id,event,occurred_at
https://www.linkedin.com/in/ana-dev,,Interview,2024-05-10T09:00:00Z
00012,,HIRED,
00013,t3,Phone chat w/ team,2024-05-11
00013,t3,,2024-05-11
00014,,offer,someday
"""


def table_read(path: Path, shape: str, settings: Settings | None = None) -> Reading:
    return read(Export(path, path.name, shape, ""), settings or Settings(), not_after=NOT_AFTER)


def canonical(folder: Path, text: str, name: str = "messages.csv") -> Reading:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return table_read(path, f"canonical_{Path(name).stem}")


def declared(path: Path, kind: str, stages: dict[str, str] | None = None, **mapping: Any) -> Reading:
    return table_read(path, f"declared_{kind}", mapped_settings(kind, stages, **mapping))


def mapped_settings(kind: str, stages: dict[str, str] | None = None, **mapping: Any) -> Settings:
    table = TableSettings.model_validate({"match": "*", "kind": kind} | mapping)
    outcomes = OutcomeSettings.model_validate({"stages": stages or {}})
    return Settings().model_copy(update={"tables": [table], "outcomes": outcomes})


def as_xlsx(path: Path, rows: list[list[str | float]], dated: tuple[int, ...] = ()) -> Path:
    """A workbook of one sheet; columns in `dated` carry a date format."""

    def cell(column: int, value: str | float) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c s="{int(column in dated)}"><v>{value}</v></c>'

    body = "".join(f"<row>{''.join(cell(c, v) for c, v in enumerate(row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="Report" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


# --- messages ---------------------------------------------------------------------------------


def test_a_canonical_table_becomes_message_rows(tmp_path: Path) -> None:
    reading = canonical(tmp_path, MESSAGES_CSV)
    messages = reading.messages
    assert messages.schema == MESSAGES.schema
    assert messages["sender_id"].to_list() == [
        *("email:sam@agency.example", "linkedin:ana-dev"),
        *("email:kim@agency.example", "email:kim@agency.example"),
    ]
    assert messages["candidate_id"].to_list() == [
        "linkedin:ana-dev",
        "linkedin:ana-dev",
        "id:00012",
        "id:00012",
    ]
    assert messages["sender_role"].to_list() == ["recruiter", "candidate", "recruiter", "boss"]
    assert messages["body"].to_list() == ["Hi Ana", "Yes,\nplease", "", "x"]
    assert messages["kind"].unique().to_list() == ["message"]
    assert messages["channel"].unique().to_list() == ["unknown"]
    assert messages["raw"][0] == '{"Mood":"good"}'
    assert (messages["member"][0], messages["row_no"].to_list()) == ("messages.csv", [1, 2, 3, 4])
    assert reading.rows_in == 4


def test_times_carry_their_precision_and_how_their_zone_is_known(tmp_path: Path) -> None:
    messages = canonical(tmp_path, MESSAGES_CSV).messages
    assert messages["sent_at"].to_list()[:3] == [
        datetime(2024, 5, 1, 10, tzinfo=UTC),
        datetime(2024, 5, 1, 10, 30, tzinfo=UTC),
        datetime(2024, 5, 2, tzinfo=UTC),
    ]
    assert messages["sent_at_precision"].to_list() == ["s", "min", "day", None]
    assert messages["tz_method"].to_list() == ["explicit_utc", "offset", "assumed", None]


def test_an_unreadable_time_is_null_and_kept_as_it_stood(tmp_path: Path) -> None:
    reading = canonical(tmp_path, MESSAGES_CSV)
    assert reading.messages["sent_at"][3] is None
    assert reading.messages["sent_at_raw"][3] == "soon"
    assert any("1 of 4 times could not be read (first: row 4)" in warning for warning in reading.warnings)


def test_the_latest_time_is_until_when_the_file_shows(tmp_path: Path) -> None:
    reading = canonical(tmp_path, MESSAGES_CSV)
    assert (reading.observed_until, reading.observed_until_method) == (
        datetime(2024, 5, 2, tzinfo=UTC),
        "latest_timestamp",
    )


def test_an_observed_until_column_is_a_declaration(tmp_path: Path) -> None:
    text = "thread_id,sent_at,sender_id,sender_role,body,observed_until\nt,2024-05-01,a,recruiter,x,2024-06-01\n"
    reading = canonical(tmp_path, text)
    assert (reading.observed_until, reading.observed_until_method) == (
        datetime(2024, 6, 1, tzinfo=UTC),
        "declared",
    )


def test_a_missing_column_is_named_beside_those_found(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"messages\.csv: missing columns: sender_role, body\. Found: thread_id"):
        canonical(tmp_path, "thread_id,sent_at,sender_id\nt,2024-05-01,a\n")


def test_a_handover_between_recruiters_is_no_group_but_two_candidates_are(tmp_path: Path) -> None:
    text = "thread_id,sent_at,sender_id,sender_role,body\n" + "".join(
        f"{thread},2024-05-0{day}T10:00:00Z,{sender},{role},x\n"
        for day, (thread, sender, role) in enumerate(
            [
                *(("t1", "r1", "recruiter"), ("t1", "r2", "recruiter"), ("t1", "c1", "candidate")),
                *(("t2", "r1", "recruiter"), ("t2", "c1", "candidate"), ("t2", "c2", "candidate")),
            ],
            start=1,
        )
    )
    assert canonical(tmp_path, text).messages["is_group"].to_list() == [False] * 3 + [True] * 3


def test_a_newest_first_table_is_turned_into_the_order_of_writing(tmp_path: Path) -> None:
    header = "thread_id,sent_at,sender_id,sender_role,body\n"
    lines = [f"t,2024-05-0{day}T10:00:00Z,a,recruiter,x\n" for day in (1, 2, 3)]
    assert canonical(tmp_path, header + "".join(lines)).messages["position"].to_list() == [1, 2, 3]
    assert canonical(tmp_path, header + "".join(reversed(lines))).messages["position"].to_list() == [
        -1,
        -2,
        -3,
    ]


def test_json_lines_keep_ids_as_they_are_written_and_set_bad_lines_aside(tmp_path: Path) -> None:
    good: dict[str, Any] = {
        "thread_id": 12345678901234567890,
        "sent_at": "2024-05-01T10:00:00Z",
        "sender_id": "0012",
    }
    good |= {"sender_role": "recruiter", "body": "Hi \ud83d", "meta": {"a": [1, 2.50]}}
    lines = [json.dumps(good), "{broken", "[1]", "", json.dumps(good | {"extra": True})]
    reading = canonical(tmp_path, "\n".join(lines), "messages.jsonl")
    assert reading.messages["thread_id"].to_list() == ["12345678901234567890"] * 2
    assert reading.messages["sender_id"].to_list() == ["id:0012"] * 2
    assert reading.messages["row_no"].to_list() == [1, 4]
    assert reading.set_aside["reason"].to_list() == ["not valid JSON", "not a JSON object"]
    assert '"extra":"true"' in reading.messages["raw"][1]


def test_parquet_times_are_taken_as_they_are(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "thread_id": [1.0, None],
            "sent_at": pl.Series([datetime(2024, 5, 1, 10), None]).dt.replace_time_zone("Europe/Berlin"),
            "sender_id": ["a", "b"],
            "sender_role": ["recruiter", "candidate"],
            "body": ["x", None],
            "tags": [["p", "q"], []],
        }
    )
    frame.write_parquet(tmp_path / "messages.parquet")
    messages = table_read(tmp_path / "messages.parquet", "canonical_messages").messages
    assert messages["thread_id"].to_list() == ["1", None]
    assert messages["sent_at"].to_list() == [datetime(2024, 5, 1, 8, tzinfo=UTC), None]
    assert messages["tz_method"].to_list() == ["offset", None]
    assert messages["body"].to_list() == ["x", ""]


# --- declared ---------------------------------------------------------------------------------

CONVOKIT = {"thread_id": "conversation_id", "sent_at": "timestamp", "sender_id": "speaker", "body": "text"}


def test_a_declared_mapping_reads_somebody_elses_messages() -> None:
    reading = declared(
        SAMPLES / "utterances.jsonl",
        "messages",
        columns=CONVOKIT | {"sender_role": "speaker"},
        time_format="epoch_s",
        roles={"sam@agency.example": "recruiter", "ana@dev.example": "candidate"},
        constants={"channel": "Chat", "team": "North"},
    )
    assert reading.messages.height == 2
    assert reading.messages["tz_method"].to_list() == ["epoch", "epoch"]
    assert reading.messages["sent_at"].is_not_null().all()
    assert reading.messages["channel"].to_list() == ["chat", "chat"]
    assert reading.messages["team"].to_list() == ["North", "North"]


def test_the_role_may_follow_from_the_two_sides(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text("Room;Von;Bewerber;Wann;Text\nr1;a;c;01.05.2024 10:00;Hi\nr1;c;c;01.05.2024 11:00;Ja\n")
    reading = declared(
        path,
        "messages",
        columns={
            "thread_id": "room",
            "sender_id": "von",
            "candidate_id": "Bewerber",
            "sent_at": "Wann",
            "body": "Text",
        },
        time_format="%d.%m.%Y %H:%M",
        time_zone="Europe/Berlin",
    )
    assert reading.messages["sender_role"].to_list() == ["unknown", "candidate"]
    assert reading.messages["sent_at"][0] == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert reading.messages["tz_method"].to_list() == ["declared", "declared"]
    assert any("semicolons" in warning for warning in reading.warnings)


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("who,what,when\na,hired,2024-05-01\n")
    with pytest.raises(InputError, match=r"'stage' \(for event\).*Found: who, what, when"):
        declared(path, "outcomes", columns={"candidate_id": "who", "occurred_at": "when", "event": "stage"})


def test_a_workbook_is_read_as_text_below_its_title_rows(tmp_path: Path) -> None:
    rows: list[list[str | float]] = [
        ["Stage report"],
        ["Candidate", "Stage", "Entered on", "Score"],
        ["0012", "Onsite", 45422.5, 7],
        ["0013", "Hired!", 45423, 8.5],
    ]
    path = as_xlsx(tmp_path / "report.xlsx", rows, dated=(2,))
    reading = declared(
        path,
        "outcomes",
        stages={"onsite": "interview", "HIRED!": "hired"},
        columns={"candidate_id": "Candidate", "event": "Stage", "occurred_at": "Entered on"},
        sheet="Report",
    )
    assert reading.outcomes["candidate_id"].to_list() == ["id:0012", "id:0013"]
    assert reading.outcomes["event"].to_list() == ["interview", "hired"]
    assert reading.outcomes["occurred_at"].to_list() == [
        datetime(2024, 5, 10, 12, tzinfo=UTC),
        datetime(2024, 5, 11, tzinfo=UTC),
    ]


# --- outcomes ---------------------------------------------------------------------------------


def test_outcomes_are_mapped_dated_and_graded(tmp_path: Path) -> None:
    reading = canonical(tmp_path, OUTCOMES_CSV, "outcomes.csv")
    outcomes = reading.outcomes
    assert outcomes.schema == OUTCOMES.schema
    assert outcomes["event"].to_list() == ["interview", "hired", "unmapped", None, "offer"]
    assert outcomes["event_raw"].to_list() == ["Interview", "HIRED", "Phone chat w/ team", None, "offer"]
    assert outcomes["evidence"].to_list() == ["event_log", "snapshot", "event_log", "event_log", "event_log"]
    assert outcomes["occurred_at"].is_null().to_list() == [False, True, False, False, True]
    assert outcomes["occurred_at_raw"].to_list()[-1] == "someday"
    assert outcomes["reason_side"].unique().to_list() == ["unknown"]
    assert outcomes["observed_until"].unique().to_list() == [datetime(2024, 5, 11, tzinfo=UTC)]


def test_unknown_stages_are_counted_and_listed_if_they_are_short(tmp_path: Path) -> None:
    long = "She told us that she would rather stay where she is for now"
    text = OUTCOMES_CSV + f"00015,,{long},2024-05-11\n"
    (warning,) = [w for w in canonical(tmp_path, text, "outcomes.csv").warnings if "stage the map" in w]
    assert "2 of 6 events" in warning
    assert "Phone chat w/ team" in warning
    assert "and 1 more" in warning
    assert long not in warning


def test_the_stage_map_wins_over_our_own_words(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("c,s,d\n1, Offer ,2024-05-01\n")
    columns = {"candidate_id": "c", "event": "s", "occurred_at": "d"}
    until = datetime(2024, 7, 1, tzinfo=UTC)
    reading = declared(path, "outcomes", stages={"offer": "hired"}, columns=columns, observed_until=until)
    assert reading.outcomes["event"].to_list() == ["hired"]
    assert (reading.observed_until, reading.observed_until_method) == (until, "declared")
    assert reading.outcomes["observed_until"].to_list() == [until]


def test_outcomes_that_name_neither_thread_nor_candidate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither thread_id nor candidate_id"):
        canonical(tmp_path, "event,occurred_at\nhired,2024-05-01\n", "outcomes.csv")


def test_gem_events_are_read_by_a_mapping() -> None:
    reading = declared(
        SAMPLES / "gem_event_log.csv",
        "outcomes",
        stages={"First Outreach": "contacted", "Reply": "replied"},
        columns={"candidate_id": "candidate_email", "event": "event_type", "occurred_at": "timestamp"},
        time_format="epoch_s",
    )
    assert reading.outcomes["event"].to_list() == ["contacted", "replied"]
    assert reading.outcomes["candidate_id"].unique().to_list() == ["email:ana@dev.example"]
    assert reading.outcomes["occurred_at"][0] == datetime(2024, 3, 4, 11, 20, 34, tzinfo=UTC)


# --- times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-01-31 06:00:00.123 UTC", None, "2024-01-31 06:00:00.123000"),
        ("2024-01-31T06:00:00-0330", None, "2024-01-31 09:30:00.000000"),
        ("2024-01-31T06:00:00+02", None, "2024-01-31 04:00:00.000000"),
        ("2024-01-31 06:00", "America/New_York", "2024-01-31 11:00:00.000000"),
        ("2024-03-31 02:30:00", "Europe/Berlin", "2024-03-31 01:30:00.000000"),
        ("2024-10-27 02:30:00", "Europe/Berlin", "2024-10-27 00:30:00.000000"),
    ],
)
def test_iso_times_become_utc(text: str, zone: str | None, expected: str) -> None:
    assert parse_times(pl.Series([text]), None, zone)["at"].dt.to_string("%Y-%m-%d %H:%M:%S%.6f")[0] == expected


@pytest.mark.parametrize("text", ["2024-13-01", "2024-02-30T10:00:00Z", "24-01-01", "1714557600", "", "x"])
def test_what_is_no_iso_time_is_null(text: str) -> None:
    assert parse_times(pl.Series([text])).row(0) == (None, None, None)


def test_epochs_and_patterns_are_declared_never_guessed() -> None:
    assert parse_times(pl.Series(["1714557600.5"]), "epoch_s")["at"][0] == datetime(2024, 5, 1, 10, 0, 0, 500000, UTC)
    assert parse_times(pl.Series(["1714557600000"]), "epoch_ms")["at"][0] == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert parse_times(pl.Series(["1e40", "nan"]), "epoch_s")["at"].to_list() == [None, None]
    assert parse_times(pl.Series(["5/1/2024 3:05 PM"]), "%m/%d/%Y %I:%M %p").row(0) == (
        datetime(2024, 5, 1, 15, 5, tzinfo=UTC),
        "min",
        "assumed",
    )
    assert parse_times(pl.Series([date(2024, 5, 1)]))["precision"][0] == "day"


def test_epochs_that_were_not_declared_are_pointed_at(tmp_path: Path) -> None:
    text = "thread_id,sent_at,sender_id,sender_role,body\nt,1714557600,a,recruiter,x\n"
    assert any("epoch" in warning for warning in canonical(tmp_path, text).warnings)


# --- again and again --------------------------------------------------------------------------


def test_a_changed_mapping_or_stage_means_reading_again(tmp_path: Path) -> None:
    export = Export(tmp_path / "a.csv", "a.csv", "declared_outcomes", "")
    columns = {"candidate_id": "c", "event": "s"}
    one = settings_fingerprint(export, mapped_settings("outcomes", columns=columns))
    assert one == settings_fingerprint(export, mapped_settings("outcomes", columns=columns))
    assert one != settings_fingerprint(export, mapped_settings("outcomes", {"x": "hired"}, columns=columns))
    assert one != settings_fingerprint(export, mapped_settings("outcomes", columns=columns | {"job": "j"}))


def test_the_fingerprint_of_a_table_is_that_of_its_bytes(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(MESSAGES_CSV)
    prints = {fingerprint(Export(tmp_path / n, n, "canonical_messages", "")) for n in ("a.csv", "b.csv")}
    assert len(prints) == 1


@pytest.mark.parametrize("name", ["messages.csv", "messages.jsonl", "messages.parquet", "report.xlsx"])
@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe\x80garbage", b"PK\x03\x04", b"PAR1....PAR1", b"\n\n"])
def test_broken_files_are_refused_with_their_name(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    shape = "canonical_messages" if name.startswith("messages") else "declared_messages"
    with pytest.raises(InputError, match=name):
        table_read(tmp_path / name, shape, mapped_settings("messages", columns={"thread_id": "t", "body": "b"}))


# --- inspect ----------------------------------------------------------------------------------


def test_inspect_prints_a_mapping_that_works_once_pasted() -> None:
    import tomllib

    told = describe(SAMPLES / "gem_event_log.csv", Settings())
    (table,) = tomllib.loads(told[told.index("\n[[tables]]\n") :])["tables"]
    table = TableSettings.model_validate(table)
    assert (table.kind, table.time_format) == ("outcomes", "epoch_s")
    assert table.columns["event"] == "event_type"
    settings = mapped_settings("outcomes", columns=table.columns, time_format=table.time_format)
    assert table_read(SAMPLES / "gem_event_log.csv", "declared_outcomes", settings).outcomes.height == 2


def test_inspect_shows_no_text_no_name_and_no_address() -> None:
    linkedin = SAMPLES.parent / "linkedin"
    told = "\n".join(describe(path, Settings()) for path in [*SAMPLES.iterdir(), *linkedin.iterdir()])
    for secret in ("Ana", "Sam", "agency.example", "sam-rec", "Open to a chat", "110-130k"):
        assert secret not in told


def test_inspect_hides_column_names_that_may_be_a_first_message(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("[04.03.25, 14:05:09] Sam Rec: Hi Ana\n[04.03.25, 14:06:09] Ana Dev: Hello\n")
    told = describe(path, Settings())
    assert "Sam" not in told
    assert "column 1" in told


def test_inspect_says_what_would_be_read_and_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text(MESSAGES_CSV)
    told = describe(tmp_path / "messages.csv", Settings())
    assert "canonical messages" in told
    assert "4 rows, 8 columns (utf-8, commas)" in told
    assert "4 messages" in told
    (tmp_path / "messages.csv").write_text("thread_id,sent_at\nt,2024-05-01\n")
    assert "missing columns: sender_id, sender_role, body" in describe(tmp_path / "messages.csv", Settings())
