"""Files that somebody made to harm: each is refused in a sentence, or read; the others beside it always are."""

from __future__ import annotations

import os
import socket
import struct
import zipfile
from pathlib import Path

import polars as pl
import pytest

from flows import commands, intake, people
from flows.commands.running import _run_table
from flows.config import Settings, load_settings
from flows.confined import ConfinedError, confined
from flows.readers import Export, Reading, limits, read, tables
from flows.readers.bodies import html_text, plain
from flows.readers.delimited import read_csv, read_jsonl
from flows.readers.discover import discover
from flows.readers.inspection import describe
from flows.store import Home
from schemas import MESSAGES
from schemas.errors import InputError, UsageError
from schemas.shown import shown
from sql.families import families
from sql.sentences import split
from tests.homes import NOW, ask, run, write_messages
from tests.test_readers_tables import NOT_AFTER, as_xlsx, canonical, mapped_settings

ROWS: list[list[str | float]] = [
    ["thread", "at", "who", "text", "side"],
    ["t1", "2026-01-01", "sam@agency.example", "hello", "recruiter"],
]
COLUMNS = {"thread_id": "thread", "sent_at": "at", "sender_id": "who", "body": "text", "sender_role": "side"}
HEADER = b"thread_id,sent_at,sender_id,sender_role,body\n"
GOOD = [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]


def declared(path: Path) -> Reading:
    settings = mapped_settings("messages", columns=COLUMNS)
    return read(Export(path, path.name, "declared_messages", ""), settings, not_after=NOT_AFTER)


def linkedin(path: Path) -> Reading:
    return read(Export(path, path.name, "linkedin_archive", ""), Settings(), not_after=NOT_AFTER)


def with_sheet(path: Path, old: bytes, new: bytes) -> Path:
    """A workbook whose sheet has been tampered with."""
    book = as_xlsx(path, ROWS)
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (parts | {sheet: parts[sheet].replace(old, new, 1)}).items():
            archive.writestr(name, data)
    return book


def zipped(path: Path, *files: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def test_a_night_survives_an_inbox_of_hostile_names_and_odd_files(tmp_path: Path):
    folder = write_messages(tmp_path / "in", GOOD, "messages '; drop table readings; --.csv")
    write_messages(folder, [("t2", *GOOD[0][1:])], "messages \x1b[2J\n%s{0}\u202e.csv")
    os.write(
        os.open(os.fsencode(folder) + b"/messages \xff\xfe.csv", os.O_CREAT | os.O_WRONLY),
        HEADER + b"t3,2026-01-01,r,recruiter,x\n",
    )
    (folder / "evil\x1b]0;x\x07.bin").write_bytes(b"\0")
    os.mkfifo(folder / "messages.csv")
    (folder / "messages zero.csv").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    (folder / "self.csv").symlink_to(folder / "self.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "messages.jsonl"))
        report = run(Home(tmp_path / "home"), folder)
    assert (report.count("read"), report.count("refused")) == (3, 1)
    told = _run_table(report)
    assert all(line == shown(line) for line in told.splitlines())
    assert "messages \\x1b[2J\\n%s{0}\\u202e.csv" in told
    assert "messages \\udcff\\udcfe.csv" in told
    assert ask(Home(tmp_path / "home"), "select count(*) as n from message_metrics") == [{"n": 3}]


def test_folders_as_deep_as_a_path_allows_are_walked(tmp_path: Path):
    folder = tmp_path
    for _ in range(1_300):
        folder = folder / "d"
        folder.mkdir()
    write_messages(tmp_path, GOOD)
    try:
        exports, _ = discover(tmp_path, Settings(), root=tmp_path)
    finally:
        # Whoever cleans up behind tests walks folders by recursion.
        while folder != tmp_path:
            folder.rmdir()
            folder = folder.parent
    assert [export.name for export in exports] == ["messages.csv"]


def test_what_a_library_dies_of_over_one_file_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "messages.csv"
    path.write_bytes(HEADER)
    panic = type("PanicException", (BaseException,), {})
    for death in (MemoryError(), RecursionError("secret"), panic("secret"), KeyError("secret"), OverflowError()):

        def dying(*_: object, death: BaseException = death) -> None:
            raise death

        monkeypatch.setattr(tables, "read_csv", dying)
        with pytest.raises(InputError, match=rf"^messages.csv: cannot be read \({type(death).__name__}\)") as refused:
            read(Export(path, path.name, "canonical_messages", ""), Settings(), not_after=NOT_AFTER)
        assert "secret" not in str(refused.value)
    monkeypatch.setattr(tables, "read_csv", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        read(Export(path, path.name, "canonical_messages", ""), Settings(), not_after=NOT_AFTER)


def test_a_panic_of_polars_is_one_we_know():
    from flows.readers.reading import is_failure

    assert is_failure(pl.exceptions.PanicException("x"))
    assert not is_failure(SystemExit())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>', "more than 4,096 MB"),
        (b"<worksheet", b'<!DOCTYPE x [<!ENTITY l SYSTEM "file:///etc/passwd">]><worksheet', ""),
        (b"hello", b"&l;", "damaged or no workbook"),
    ],
    ids=["a last cell", "a declared entity", "an entity"],
)
def test_workbooks_that_claim_too_much_are_refused(tmp_path: Path, old: bytes, new: bytes, said: str):
    path = with_sheet(tmp_path / "book.xlsx", old, new)
    if said:
        with pytest.raises(InputError, match=said):
            declared(path)
    else:
        assert declared(path).messages["body"].to_list() == ["hello"]


def test_a_workbook_that_unpacks_to_more_than_a_file_may_is_not_opened(tmp_path: Path):
    book = as_xlsx(tmp_path / "book.xlsx", ROWS)
    data = bytearray(book.read_bytes())
    struct.pack_into("<L", data, data.rfind(b"PK\x01\x02") + 24, limits.FILE_BYTES)
    book.write_bytes(data)
    with pytest.raises(InputError, match="larger than 512 MB"):
        declared(book)


def test_a_claimed_dimension_and_a_formula_are_not_believed(tmp_path: Path):
    claimed = with_sheet(tmp_path / "a.xlsx", b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    assert declared(claimed).messages.height == 1
    formula = with_sheet(tmp_path / "b.xlsx", b"<is><t>hello</t></is>", b"<f>WEBSERVICE(1)</f><is><t>hello</t></is>")
    assert declared(formula).messages["body"].to_list() == ["hello"]


def test_parquet_that_unpacks_to_endless_texts_rows_or_columns_is_refused(tmp_path: Path):
    row = {"thread": "t", "at": "2026-01-01", "who": "s", "side": "recruiter"}
    path = tmp_path / "table.parquet"
    for frame, said in (
        (pl.DataFrame(row | {"text": ["z" * 1_000_000] * 600}), "512 MB"),
        (pl.DataFrame({"thread": pl.Series(["t"]).new_from_index(0, limits.CELLS + 1)}), "cells are read"),
        (pl.DataFrame({f"c{number}": ["x"] for number in range(limits.COLUMNS + 1)}), "columns"),
    ):
        frame.write_parquet(path)
        assert path.stat().st_size < 1 << 20
        with pytest.raises(InputError, match=said):
            declared(path)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("messages.csv", b"a"), ("Messages.csv", b"b")], "twice in it"),
        ([("a/messages.csv", b"a"), ("a\\messages.csv", b"b")], "twice in it"),
        ([("messages.csv", b"\0" * (17 << 20))], "200 times its size"),
        ([("/etc/messages.csv", b"a")], "unsafe path"),
        ([("C:/messages.csv", b"a")], "unsafe path"),
        ([("../../messages.csv", b"a")], "unsafe path"),
        ([("inner.zip", b"a")], "a zip inside a zip"),
    ],
)
def test_zips_that_are_not_safe_are_not_opened(tmp_path: Path, files: list[tuple[str, bytes]], said: str):
    path = zipped(tmp_path / "x.zip", *files)
    with pytest.raises(InputError, match=said):
        linkedin(path)


def test_a_zip_whose_list_of_contents_is_endless_is_not_even_listed(tmp_path: Path):
    path = zipped(tmp_path / "x.zip", ("messages.csv", b"a"))
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    path.write_bytes(bytes(data[:end]) + b"\0" * (limits.ZIP_DIRECTORY_BYTES + 1) + bytes(data[end:]))
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.rfind(b"PK\x05\x06") + 12, limits.ZIP_DIRECTORY_BYTES + 1)
    path.write_bytes(data)
    with pytest.raises(InputError, match="too many files"):
        linkedin(path)


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path):
    path = zipped(tmp_path / "x.zip", ("messages.csv", b"FROM,TO,DATE,CONTENT\n" * 100))
    data = bytearray(path.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    struct.pack_into("<L", data, entry + 24, 10)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged inside the zip"):
        linkedin(path)


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path):
    write_messages(tmp_path, GOOD)
    with (tmp_path / "messages.csv").open("r+b") as file:
        file.truncate(limits.FILE_BYTES + 1)
    with pytest.raises(InputError, match="larger than 512 MB"):
        read(Export(tmp_path / "messages.csv", "x", "canonical_messages", ""), Settings(), not_after=NOT_AFTER)
    _, [refused] = intake.find_exports(Home(tmp_path / "home"), Settings(), [tmp_path / "messages.csv"], now=NOW)
    assert "Hand it in in parts" in refused.message


def test_tables_wider_or_larger_than_any_export_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "CELLS", 10_000)
    with pytest.raises(InputError, match="columns"):
        read_csv(HEADER[:-1] + b",x" * 3_000 + b"\n", MESSAGES.names)
    with pytest.raises(InputError, match="cells are read"):
        read_csv(HEADER + b",,,,\n" * 3_000, MESSAGES.names)
    with pytest.raises(InputError, match="columns"):
        read_jsonl(b"".join(b'{"k%d":1}\n' % number for number in range(3_000)))


def test_json_of_any_depth_length_or_spelling_is_a_row_or_set_aside(tmp_path: Path):
    odd = [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"thread_id":1' + b"0" * 5_000 + b"}",
        b'{"thread_id":NaN,"thread_id":1e999}',
    ]
    endless = b'{"thread_id":"' + b"x" * limits.FIELD_CHARS + b'"}'
    sheet = read_jsonl(b"\n".join([*odd, endless, b'{"thread_id":"\\ud800"}']))
    assert (sheet.frame.height, sheet.set_aside.height) == (3, 3)
    assert sheet.set_aside["reason"].to_list()[-1] == "longer than 16,777,216 characters"
    assert sheet.frame["thread_id"].to_list()[1:] == ["1e999", "?"]


@pytest.mark.parametrize(
    "lines",
    [b'"\n', b't,2026-01-01,a,recruiter,"hello\n', b'"t,\n', b"t,a\n", b't""",x\n', b"x\n"],
)
def test_lost_quotes_take_no_longer_than_the_file_is_long(lines: bytes):
    """Were it the square of the lines, this would take hours."""
    whole = HEADER + b"t,2026-01-01,a,recruiter,hello\n"
    sheet = read_csv(whole + b't,2026-01-01,a,recruiter,"open\n' + lines * 100_000, MESSAGES.names)
    assert sheet.frame["body"].to_list()[0] == "hello"


ADVERSARIAL = [
    *("<a ", "<p x", '<a href="', "<!--", "<![CDATA[", "<script>", "</", "&#1", "a.", "a-", "1 ", "a@a.", "www."),
    *("e\u0301", "[name] ", "https://", "? ", "A. ", '"a', "\u200d", " ' t ", "+(1"),
]


@pytest.mark.parametrize("part", ADVERSARIAL)
def test_adversarial_texts_take_no_longer_than_they_are_long(part: str):
    """Were it the square of the characters, this would take hours."""
    text = "<br>" + part * (100_000 // len(part))
    html_text(text)
    people.masked(text, frozenset({"ana"}))
    people.greeted(text)
    split(pl.DataFrame({"text_no": [0], "language": ["en"], "body": [text]}))
    families(pl.DataFrame({"body_hash": ["a", "b"], "body": [text, "hello"]}))


def test_a_tower_of_accents_is_cut_to_what_unicode_calls_safe(tmp_path: Path):
    tower = "e" + "\u0301" * 500_000
    reading = canonical(tmp_path, f"{HEADER.decode()}t,2026-01-01,{tower},recruiter,Zoë {tower}\n")
    assert reading.messages["body"].to_list() == ["Zoë e" + "\u0301" * 30]
    assert plain(pl.Series(["<br>e" + "&#769;" * 100])).str.len_chars().to_list() == [31]


def test_an_endless_number_in_html_is_no_reason_to_refuse_a_file():
    assert html_text(f"<p>a &#{'9' * 5_000}; b</p>") == "a \ufffd b"


def test_html_that_never_ends_stays_as_text():
    assert html_text("<br>a < b <a href='x>y'>c</a> <!-- d") == "a < b c <!-- d"
    assert html_text("<p>a</p><script>x < y</script>b") == "a\nb"


def test_an_endless_body_is_set_aside_and_counted(tmp_path: Path):
    long = "x" * (limits.BODY_CHARS + 1)
    reading = canonical(tmp_path, f"{HEADER.decode()}t,2026-01-01,r,recruiter,{long}\nt,2026-01-02,r,recruiter,short\n")
    messages, outcomes, set_aside = intake.good_rows(reading, NOT_AFTER)
    assert (reading.rows_in, messages.height, outcomes.height, set_aside.height) == (2, 1, 0, 1)
    assert set_aside["reason"].to_list() == ["body is longer than 1,000,000 characters"]


def test_a_column_name_cannot_write_into_the_mapping_that_inspect_prints(tmp_path: Path):
    path = tmp_path / "ats.csv"
    path.write_text("Candidate,Stage,Date,\"x\n[mail]\nhost = 'evil.example'\x1b[2J\"\na,b,2026-01-01,c\n")
    told = describe(path, Settings())
    assert "[[tables]]" in told
    assert not [line for line in told.splitlines() if line.startswith(("[mail]", "host"))]
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = " + b"[" * 5_000, "nested too deeply"),
        (b"\xef\xbb\xbftime_zone = 'UTC'\n", "byte order mark"),
        (b"# " + b"x" * (1 << 20), "larger than 1024 kB"),
        (b"time_zone = 'UTC'\ntime_zone = 'UTC'\n", "not valid TOML"),
        (b"time_zone = 2026-01-01\n", "time_zone"),
        (b"time_zone = '" + b"9" * 5_000 + b"'\n", "time_zone: .*unknown time zone"),
        (b"time_zone = 'Europe'\n", "time_zone: .*unknown time zone"),
        (b"[approach]\nsilence_days = 'many'\n", "approach.silence_days"),
        (b"'a\\u001b[2J' = 1\n", "a"),
        (b"tables = 3\n", "tables"),
    ],
)
def test_settings_that_cannot_be_are_explained(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "talkshare.toml").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        load_settings(tmp_path)


def test_what_is_said_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]):
    commands.say("settings: \x1b[2J\u202e\r\nnext line\udcff")
    assert capsys.readouterr().err == "settings: \\x1b[2J\\u202e\\r\nnext line\\udcff\n"


def rows_read(path: str) -> bytes:
    """For a process of its own."""
    export = Export(Path(path), "messages.csv", "canonical_messages", "")
    return str(read(export, Settings(), not_after=NOT_AFTER).rows_in).encode()


def test_reading_a_table_takes_half_a_gigabyte_and_at_most_twenty_times_its_size(tmp_path: Path):
    row = b"t,2026-01-01T00:00:00Z,a@b.example,recruiter,\xf0\x9f\x98\x80 hello\n"
    path = tmp_path / "messages.csv"
    path.write_bytes(HEADER + row * (20_000_000 // len(row)))
    size, start = path.stat().st_size, 512 << 20
    told = confined("tests.test_hostile:rows_read", [str(path)], memory=start + 20 * size, seconds=120)
    assert int(told) == 20_000_000 // len(row)
    with pytest.raises((InputError, ConfinedError), match=r"[Mm]emory"):
        confined("tests.test_hostile:rows_read", [str(path)], memory=2 * size, seconds=120)


def test_a_confined_process_can_write_no_file_and_ends_in_time(tmp_path: Path):
    with pytest.raises(ConfinedError, match="a library failed"):
        confined("tests.test_hostile:write", [str(tmp_path / "x")], memory=1 << 30, seconds=60)
    assert not (tmp_path / "x").exists() or not (tmp_path / "x").read_bytes()
    with pytest.raises(ConfinedError, match="longer than 1 seconds"):
        confined("time:sleep", [60], memory=1 << 30, seconds=1)


def write(path: str) -> bytes:
    """For a process of its own."""
    Path(path).write_text("x")
    return b"written"
