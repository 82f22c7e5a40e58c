"""Every reader against inputs made of real shapes and then damaged: `python -m tests.fuzz --inputs 200000 --seed 7`.

An input is refused in a clear sentence that names the file and quotes nobody, or it is read with every row accounted
for, twice alike. Whatever else happens is a finding, printed with the recipe that makes it again.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch

import polars as pl

from flows import people
from flows.config import LinkedInSettings, Settings, TableSettings, load_settings
from flows.intake import good_rows
from flows.readers import Export, Reading, foreign, read
from flows.readers.bodies import html_text
from flows.readers.delimited import Sheet, counted, sniff
from flows.readers.discover import discover
from flows.readers.identity import identity
from flows.readers.inspection import describe
from flows.readers.reading import is_failure
from flows.readers.timestamps import parse_linkedin_times, parse_times
from schemas.errors import InputError, TalkshareError
from schemas.shown import shown

SAMPLES = Path(__file__).parent / "samples"
NOT_AFTER = datetime(2027, 1, 1, tzinfo=UTC)
CANARY = "Xylocanary"
"""Stands in every body that is not a sample's own; no message to the user may hold it."""
SLOWEST_SECONDS = 10.0
"""An input of a few kilobytes that takes longer is a finding, however busy the machine is."""

HOSTILE = (
    *(
        b'"',
        b'""',
        b'"""',
        b'"\n',
        b"\n\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xc3",
        b"\xed\xa0\x80",
    ),
    *("\u202e\u2066".encode(), "\u2028".encode(), b"\x1b[2J\x1b]0;x\x07", b"=cmd()|'x'", b"<script>", b'<br><a href="'),
    *(
        b"'; drop table message_rows; --",
        b"{{x}}%s%n{0}",
        b",,,,,,,,",
        b";",
        b"\t",
        b"9" * 400,
        b"[" * 3000,
        b"{" * 300,
    ),
    *(b"&#" + b"9" * 5000 + b";", b"1e400", b"NaN", b"-0", b"9999-12-31T23:59:59Z", b"0000-00-00", b"2024-02-30 25:61"),
    *(
        "e\u0301".encode() + "\u0301".encode() * 90,
        "\U0001f9d1\u200d\U0001f4bb".encode(),
        b"\\ud800",
        b"\\u0000",
        b"null",
    ),
)
"""What is put into inputs on purpose."""


@dataclass(frozen=True)
class Recipe:
    """Which shape to take, and what to do to it: steps of `(damage, where in the data, which of a choice)`."""

    shape: int
    steps: tuple[tuple[int, float, int], ...]

    @classmethod
    def of(cls, source: random.Random) -> Recipe:
        """Drawn at random; one in eight is left whole."""
        count = source.choice((0, 1, 1, 1, 2, 2, 3, 6))
        steps = tuple(
            (source.randrange(len(DAMAGES)), source.random(), source.randrange(1 << 16)) for _ in range(count)
        )
        return cls(source.randrange(1 << 16), steps)

    def damaged(self, data: bytes) -> bytes:
        """The data after all steps."""
        for damage, where, choice in self.steps:
            data = DAMAGES[damage % len(DAMAGES)](data, int(where * len(data)), choice)
        return data


def _lines(data: bytes, at: int) -> tuple[list[bytes], int]:
    lines = data.split(b"\n")
    return lines, at * len(lines) // max(len(data), 1) % len(lines)


def _truncate(data: bytes, at: int, choice: int) -> bytes:
    return data[:at]


def _flip(data: bytes, at: int, choice: int) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << choice % 8)]) + data[at + 1 :] if data else data


def _cut_out(data: bytes, at: int, choice: int) -> bytes:
    return data[:at] + data[at + choice % 40 + 1 :]


def _put_in(data: bytes, at: int, choice: int) -> bytes:
    return data[:at] + HOSTILE[choice % len(HOSTILE)] + data[at:]


def _put_in_front(data: bytes, at: int, choice: int) -> bytes:
    return HOSTILE[choice % len(HOSTILE)] + data


def _append(data: bytes, at: int, choice: int) -> bytes:
    return data + HOSTILE[choice % len(HOSTILE)]


def _double_line(data: bytes, at: int, choice: int) -> bytes:
    lines, line = _lines(data, at)
    return b"\n".join([*lines[: line + 1], *[lines[line]] * (1 + choice % 3), *lines[line + 1 :]])


def _drop_line(data: bytes, at: int, choice: int) -> bytes:
    lines, line = _lines(data, at)
    return b"\n".join(lines[:line] + lines[line + 1 :])


def _swap_lines(data: bytes, at: int, choice: int) -> bytes:
    lines, line = _lines(data, at)
    other = choice % len(lines)
    lines[line], lines[other] = lines[other], lines[line]
    return b"\n".join(lines)


def _splice(data: bytes, at: int, choice: int) -> bytes:
    return data[:at] + data[choice % (len(data) + 1) :]


def _recode(data: bytes, at: int, choice: int) -> bytes:
    encoding = ("utf-16", "utf-16-le", "utf-32", "cp1252", "utf-8-sig", "utf-7", "cp037")[choice % 7]
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def _delimit(data: bytes, at: int, choice: int) -> bytes:
    return data.replace(b",", (b";", b"\t", b"|", b", ")[choice % 4])


def _end_lines(data: bytes, at: int, choice: int) -> bytes:
    return data.replace(b"\n", (b"\r\n", b"\r", b"\n\n", b"\x0b")[choice % 4])


DAMAGES: tuple[Callable[[bytes, int, int], bytes], ...] = (
    *(_truncate, _flip, _cut_out, _put_in, _put_in, _put_in, _put_in_front, _append),
    *(_double_line, _drop_line, _swap_lines, _splice, _recode, _delimit, _end_lines),
)


@dataclass
class Tally:
    """What became of one reader's inputs."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    ended: int = 0
    """Inputs at which the confined process had to be ended, which is a refusal to the user."""
    checked: int = 0
    rows_in: int = 0
    rows_kept: int = 0
    rows_set_aside: int = 0
    rows_excluded: int = 0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)

    def with_more(self, other: Tally) -> Tally:
        """Both together."""
        mine, theirs = vars(self), vars(other)
        both = {name: mine[name] + theirs[name] for name in mine}
        return Tally(**both | {"slowest": max(self.slowest, other.slowest)})


class Finding(AssertionError):
    """A reader did what no reader may do."""


def must(condition: bool, what: str) -> None:
    """Raises Finding where the condition does not hold."""
    if not condition:
        raise Finding(what)


@dataclass(frozen=True)
class Target:
    """One reader: what its inputs are made of, and what is asked of what it does with one."""

    shapes: Callable[[], list[bytes]]
    run: Callable[[Path, bytes, Recipe], Reading | None]
    share: int
    """Of 1,000 inputs."""
    packed: bool = False
    """Its inputs are zip files: half of the damage is done inside."""


@cache
def linkedin_files() -> list[bytes]:
    files = [path for path in sorted((SAMPLES / "linkedin").rglob("*.csv")) if "guide" not in path.name]
    return [
        path.read_bytes() for path in files if path.name not in ("Invitations.csv", "Connections.csv", "Profile.csv")
    ]


@cache
def archives() -> list[bytes]:
    folders = sorted({path.parent for path in (SAMPLES / "linkedin").rglob("*/*.csv")})
    return [_zipped({path.name: path.read_bytes() for path in folder.iterdir()}) for folder in folders]


def damaged_inside(data: bytes, recipe: Recipe) -> bytes:
    """A whole zip of which one file is damaged: what unpacks well gets further."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    inner = sorted(name for name in files if not name.endswith(".rels"))
    name = inner[recipe.shape // 16 % len(inner)]
    return _zipped(files | {name: recipe.damaged(files[name])})


def _zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@cache
def message_rows() -> list[dict[str, str | None]]:
    return [
        {
            "thread_id": f"t{number // 3}",
            "sent_at": f"2026-03-{1 + number % 28:02}T10:{number % 60:02}:00Z",
            "sender_id": ("sam@agency.example", "https://www.linkedin.com/in/ana-dev")[number % 2],
            "sender_role": ("recruiter", "candidate")[number % 2],
            "body": f'Hello {CANARY} {number}, größer\nals "x"? <b>y</b>',
            "message_id": f"m{number}" if number % 4 else None,
            "job": f"00{number}",
        }
        for number in range(12)
    ]


def _outcome_rows() -> list[dict[str, str | None]]:
    events = ("interview", "hired", "rejected", "withdrew")
    return [
        {"thread_id": f"t{number}", "candidate_id": f"c{number}", "event": events[number % 4], "occurred_at": f"2026-04-{1 + number:02}"}
        for number in range(9)
    ]  # fmt: skip


def _csv(rows: list[dict[str, str | None]], separator: str = ",") -> bytes:
    return pl.DataFrame(rows).write_csv(separator=separator).encode()


def _jsonl(rows: list[dict[str, str | None]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=number % 2 == 0) for number, row in enumerate(rows)).encode() + b"\n"


@cache
def message_tables() -> list[bytes]:
    return [_csv(message_rows()), _csv(message_rows(), "\t"), _csv(message_rows(), ";")]


@cache
def outcome_tables() -> list[bytes]:
    return [_csv(_outcome_rows()), _csv(_outcome_rows(), ";")]


@cache
def json_tables() -> list[bytes]:
    nested = [dict(row) | {"raw": [1, {"a": None}], "n": 12345678901234567890} for row in message_rows()]
    return [_jsonl(message_rows()), "\n".join(map(json.dumps, nested)).encode()]


@cache
def parquet_tables() -> list[bytes]:
    plain = pl.DataFrame(message_rows())
    typed = plain.with_columns(
        pl.col("sent_at").str.to_datetime(time_zone="UTC"), pl.col("sender_role").cast(pl.Categorical),
        a=pl.Series([[1, 2]] * plain.height), b=pl.Series([{"x": 1.5}] * plain.height), c=pl.col("body").cast(pl.Binary),
        d=pl.lit(1.0), e=pl.lit(True), f=pl.lit(None), g=pl.lit(3).cast(pl.Duration), h=pl.lit(1).cast(pl.Decimal(10, 2)),
    )  # fmt: skip
    found = []
    for frame, compression in ((plain, "zstd"), (typed, "snappy"), (plain, "uncompressed"), (plain.clear(), "zstd")):
        stream = io.BytesIO()
        frame.write_parquet(stream, compression=compression)  # type: ignore[arg-type]
        found.append(stream.getvalue())
    return found


@cache
def workbooks() -> list[bytes]:
    import xlsxwriter

    found = []
    for title_rows in (0, 2):
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
            sheet = book.add_worksheet("Report")
            for number, row in enumerate([dict.fromkeys(message_rows()[0], None), *message_rows()]):
                for column, (name, value) in enumerate(row.items()):
                    sheet.write(number + title_rows, column, value if number else name)
        found.append(stream.getvalue())
    return found


@cache
def stamps() -> list[bytes]:
    texts = (
        "2026-03-01T10:00:00Z", "2024-05-01T12:30+02:00", "2024-05-02", "2026-03-01 10:00:00 UTC", "January 05, 2016, 10:31 AM",
        "01.06.2023 14:03", "6/1/23 14:03", "2/7/23, 2:37 PM", "4-Apr-21", "1700000000", "1700000000123", "2024-05-01T12:30:11.123456789-0330",
    )  # fmt: skip
    return ["\n".join(texts).encode(), *(text.encode() for text in texts)]


@cache
def markups() -> list[bytes]:
    return [
        f'<p class="x">Hi {CANARY}<br/>List<String> &amp; <ul><li>one</li></ul><!-- no --><script>x()</script> bye</p>'.encode(),
        b"<div>Map<String, List<Foo>> &#8364; &nbsp;<a href='x>y'>z</a></div> www.a.example/x?y=1 a@b.example +49 30 1234567",
        "Hi Ana,\n\ncall me: +40 (721) 123-456 or ana.pop@example.org — linkedin.com/in/ana%20pop/ größe".encode(),
    ]


@cache
def settings_files() -> list[bytes]:
    from flows.settings_template import render

    template = render()
    return [
        template.encode(),
        b'time_zone = "Europe/Berlin"\n[linkedin]\nowner = "sam"\nowners = {"*x*" = "y"}\n[approach]\nsilence_days = 30\n'
        b'[[tables]]\nmatch = "ats*.csv"\nkind = "outcomes"\ntime_format = "%d.%m.%Y"\n[tables.columns]\ncandidate_id = "A"\n'
        b'event = "B"\n[outcomes.stages]\n"On-site" = "interview"\n[mail]\nrecipients = ["a@example.org"]\n',
    ]


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _owned(recipe: Recipe) -> Settings:
    owner = ("sam-rec-0a1b2c", None)[recipe.shape // 7 % 2]
    order = (None, "dmy", "mdy")[recipe.shape // 14 % 3]
    return Settings(linkedin=LinkedInSettings(owner=owner, date_order=order))  # type: ignore[arg-type]


def read_archive_file(folder: Path, data: bytes, recipe: Recipe) -> Reading:
    path = _write(folder, "messages.csv", data)
    return accounted(
        lambda: read(Export(path, path.name, "linkedin_archive", "", (path,)), _owned(recipe), not_after=NOT_AFTER),
        data,
    )


def read_archive_folder(folder: Path, data: bytes, recipe: Recipe) -> Reading:
    """The data is one of the companions of a whole messages file."""
    paths = [
        _write(folder, path.name, path.read_bytes()) for path in sorted((SAMPLES / "linkedin" / "2023_10col").iterdir())
    ]
    name = ("Invitations.csv", "Connections.csv", "Profile.csv")[recipe.shape % 3]
    _write(folder, name, data)
    export = Export(folder, "archive", "linkedin_archive", "", tuple(paths))
    return accounted(lambda: read(export, _owned(recipe), not_after=NOT_AFTER))


def companions() -> list[bytes]:
    folder = SAMPLES / "linkedin" / "2023_10col"
    return [(folder / name).read_bytes() for name in ("Invitations.csv", "Connections.csv", "Profile.csv")]


def read_zip(folder: Path, data: bytes, recipe: Recipe) -> Reading:
    path = _write(folder, "export.zip", data)
    return accounted(lambda: read(Export(path, path.name, "linkedin_archive", ""), _owned(recipe), not_after=NOT_AFTER))


def _table_reader(kind: str, suffixes: tuple[str, ...]) -> Callable[[Path, bytes, Recipe], Reading]:
    def run(folder: Path, data: bytes, recipe: Recipe) -> Reading:
        path = _write(folder, f"{kind}{suffixes[recipe.shape % len(suffixes)]}", data)
        settings, shape = Settings(), f"canonical_{kind}"
        if recipe.shape // 5 % 3 == 0:
            columns = {name: name for name in (message_rows()[0] if kind == "messages" else _outcome_rows()[0])}
            table = TableSettings.model_validate({"match": "*", "kind": kind, "columns": columns})
            settings, shape = settings.model_copy(update={"tables": [table]}), f"declared_{kind}"
        return accounted(lambda: read(Export(path, path.name, shape, ""), settings, not_after=NOT_AFTER), data)

    return run


def accounted(reader: Callable[[], Reading], data: bytes | None = None) -> Reading:
    """What the reader gives, twice alike, every row with a number of its own and none left out."""
    reading = reader()
    frames = (reading.messages, reading.outcomes, reading.set_aside)
    for member in {name for frame in frames for name in frame["member"].unique()}:
        numbers = sorted(
            number for frame in frames for number in frame.filter(pl.col("member").eq_missing(member))["row_no"]
        )
        must(numbers == list(range(1, len(numbers) + 1)), "row numbers are not 1 to n")
    for warning in reading.warnings:
        must(CANARY not in warning and warning == shown(warning), "a warning quotes a text")
    is_plain = data is not None and data.isascii() and not {*b'"\0'} & {*data}
    if data is not None and is_plain and reading.set_aside.height + reading.messages.height:
        header = sniff(data, [*message_rows()[0], *_outcome_rows()[0], "FROM", "TO", "DATE", "CONTENT"])
        lines = io.StringIO(data.decode(), newline=None).read().split("\n")
        if header and not {"\x0b", "{"} & set(data.decode()):
            rows = sum(bool(line.strip()) for line in lines[header.line + 1 :])
            must(reading.rows_in >= rows - 1, f"{reading.rows_in} rows of {rows} lines")
    if reading.rows_in % 5 == 0:
        again = reader()
        must(again.messages.equals(reading.messages), "read twice, not alike")
        must(again.set_aside.equals(reading.set_aside), "read twice, not alike")
    return reading


def read_times(folder: Path, data: bytes, recipe: Recipe) -> None:
    raw = pl.Series("raw", data.decode("utf-8", "replace").split("\n"))
    patterns = (None, "epoch_s", "epoch_ms", "%d.%m.%Y %H:%M", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S%z")
    times = parse_times(
        raw, patterns[recipe.shape % 6], (None, "Europe/Berlin", "America/St_Johns")[recipe.shape // 6 % 3]
    )
    must(times.height == raw.len(), "times of another number than texts")
    parsed, _ = parse_linkedin_times(raw, (None, "dmy", "mdy")[recipe.shape % 3])  # type: ignore[arg-type]
    must(parsed.height == raw.len(), "times of another number than texts")


def read_body(folder: Path, data: bytes, recipe: Recipe) -> None:
    text = data.decode("utf-8", "replace")
    must(html_text(html_text(text)) is not None, "no text")
    must(len(identity(text) or "") <= 3 * 2_100, "an endless identity")
    must("ana" not in people.masked(text, frozenset({"ana"})).split(), "a name is not masked")
    must(shown(shown(text)) == shown(text), "not shown alike twice")


def read_settings(folder: Path, data: bytes, recipe: Recipe) -> None:
    _write(folder, "talkshare.toml", data)
    load_settings(folder)


def inspect_anything(folder: Path, data: bytes, recipe: Recipe) -> None:
    suffixes = (".csv", ".zip", ".jsonl", ".txt", ".tsv", ".bin", "")
    name = ("messages", "outcomes", "Inbox", "x\x1b[2Jy\n", "a'; drop--", "%s{0}")[recipe.shape % 6] + suffixes[
        recipe.shape // 6 % 7
    ]
    _write(folder, name, data)
    exports, refusals = discover(folder, Settings(), root=folder)
    for refusal in refusals:
        must(bool(refusal.message) and refusal.message == shown(refusal.message), "a refusal could steer the terminal")
    must(len(exports) + len(refusals) == 1, "a file was neither taken nor refused")
    told = describe(folder, Settings())
    must(all(line == shown(line) for line in told.split("\n")), "inspect could steer the terminal")


def anything() -> list[bytes]:
    return [*linkedin_files(), *message_tables(), *outcome_tables(), *json_tables(), *archives(), *markups()]


def _foreign(suffix: str) -> Callable[[Path, bytes, Recipe], Reading]:
    """In this process, for speed; a night confines it."""

    def run(folder: Path, data: bytes, recipe: Recipe) -> Reading:
        from flows.readers import tables

        def here(path: Path, sheet: str | None, known: Iterable[str]) -> Sheet:
            warning, _, table = foreign.sheet_bytes(str(path), sheet, list(known)).partition(b"\n")
            frame = foreign.to_frame(table)
            return Sheet(frame, counted(frame.height), warnings=(warning.decode(),) if warning else ())

        with patch.object(tables, "read_foreign", here):
            return _table_reader("messages", (suffix,))(folder, data, recipe)

    return run


TARGETS = {
    "LinkedIn messages": Target(linkedin_files, read_archive_file, 25),
    "LinkedIn companions": Target(companions, read_archive_folder, 10),
    "LinkedIn zip": Target(archives, read_zip, 35, packed=True),
    "messages CSV, TSV": Target(message_tables, _table_reader("messages", (".csv", ".tsv", ".txt")), 60),
    "outcomes CSV": Target(outcome_tables, _table_reader("outcomes", (".csv", ".txt")), 40),
    "JSON lines": Target(json_tables, _table_reader("messages", (".jsonl", ".ndjson")), 60),
    "Parquet": Target(parquet_tables, _foreign(".parquet"), 45),
    "XLSX": Target(workbooks, _foreign(".xlsx"), 35, packed=True),
    "times": Target(stamps, read_times, 130),
    "bodies, HTML, names": Target(markups, read_body, 400),
    "settings": Target(settings_files, read_settings, 130),
    "any file, inspect": Target(anything, inspect_anything, 30),
}


def try_one(target: Target, recipe: Recipe, folder: Path, tally: Tally, *, check: bool = False) -> None:
    """One input; what no reader may do is added to the findings."""
    shapes = target.shapes()
    shape = shapes[recipe.shape // 2 % len(shapes)]
    data = damaged_inside(shape, recipe) if target.packed and recipe.shape % 2 else recipe.damaged(shape)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tally.inputs += 1
    began = time.process_time()
    reading: Reading | None = None
    try:
        reading = target.run(folder, data, recipe)
        tally.read += 1
    except TalkshareError as error:
        tally.refused += 1
        if problem := _unclear(error):
            tally.findings.append(f"{recipe}: {problem}")
    except BaseException as error:
        if not is_failure(error):
            raise
        tally.findings.append(f"{recipe}: {type(error).__name__}: {error}")
    took = time.process_time() - began
    tally.slowest = max(tally.slowest, took)
    if took > SLOWEST_SECONDS:
        tally.findings.append(f"{recipe}: took {took:.0f} seconds")
    try:
        if reading is not None:
            _count(reading, tally, check=check)
    except Exception as error:
        tally.findings.append(f"{recipe}: {type(error).__name__} in the checks: {error}")


def _unclear(error: TalkshareError) -> str:
    text = str(error)
    if isinstance(error, InputError) and CANARY in text.partition("Found: ")[0]:
        return "the error quotes a text"
    if len(text) < 20 or (isinstance(error, InputError) and text != shown(text)):
        return f"the error is unclear: {text!r}"
    return ""


def _count(reading: Reading, tally: Tally, *, check: bool) -> None:
    excluded = sum(
        frame["excluded_reason"].is_not_null().sum() for frame in (reading.messages, reading.outcomes) if frame.height
    )
    set_aside, kept = reading.set_aside.height, reading.rows_in - reading.set_aside.height - excluded
    if check:
        messages, outcomes, all_set_aside = good_rows(reading, NOT_AFTER)
        set_aside, kept = all_set_aside.height, messages.height + outcomes.height
        tally.checked += 1
    must(reading.rows_in == kept + set_aside + excluded, "rows_in does not add up")
    tally.rows_in += reading.rows_in
    tally.rows_kept += kept
    tally.rows_set_aside += set_aside
    tally.rows_excluded += excluded


def fuzz(name: str, inputs: int, seed: int, *, checked: int = 0, begin: int = 0, progress: Path | None = None) -> Tally:
    """`inputs` inputs for one reader, from input `begin` on; every so many of them through the checks as well."""
    target, tally = TARGETS[name], Tally()
    every = max(1, inputs // checked) if checked else 0
    place = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for number in range(begin, inputs):
            if progress:
                progress.write_text(json.dumps([number, vars(tally)]))
            recipe = Recipe.of(random.Random(f"{seed} {name} {number}"))
            try_one(target, recipe, Path(folder) / "in", tally, check=bool(every) and number % every == 0)
    return tally


def fuzz_apart(name: str, inputs: int, seed: int, *, checked: int) -> Tally:
    """The same in processes of their own, begun again behind an input at which a library ended one."""
    total, begin = Tally(), 0
    with tempfile.TemporaryDirectory() as folder:
        progress = Path(folder) / "progress.json"
        while begin < inputs:
            progress.unlink(missing_ok=True)
            options = {"inputs": inputs, "seed": seed, "checked": checked, "begin": begin, "progress": progress}
            arguments = [part for key, value in options.items() for part in (f"--{key}", str(value))]
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzz", "--one", name, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            if done.returncode == 0:
                part, begin = Tally(**json.loads(done.stdout)), inputs
            else:
                number, so_far = json.loads(progress.read_text())
                part, begin = Tally(**so_far), number + 1
                part.inputs, part.ended = part.inputs + 1, part.ended + 1
            total = total.with_more(part)
    return total


COLUMNS = (
    *("reader", "inputs", "refused", "process ended", "read", "through the checks", "rows in", "kept", "set aside"),
    *("excluded", "slowest, ms", "findings"),
)


def line(name: str, tally: Tally) -> str:
    """One row of the table."""
    counts = (
        *(tally.inputs, tally.refused, tally.ended, tally.read, tally.checked, tally.rows_in, tally.rows_kept),
        *(tally.rows_set_aside, tally.rows_excluded),
    )
    shown_counts = " | ".join(f"{count:,}" for count in counts)
    return f"| {name} | {shown_counts} | {1000 * tally.slowest:,.0f} | {len(tally.findings)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--checked", type=int, default=1_000, help="inputs that go through the checks of rows as well")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", help="one reader of the table")
    for name in ("--one", "--begin", "--progress"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        tally = fuzz(
            *(given.one, given.inputs, given.seed),
            checked=given.checked,
            begin=int(given.begin),
            progress=Path(given.progress),
        )
        sys.stdout.write(json.dumps(vars(tally)))
        sys.stdout.flush()
        os._exit(0)
    names = [name for name in TARGETS if given.only in (None, name)]
    print(*(f"| {' | '.join(COLUMNS)} |", "|---" + "|--:" * (len(COLUMNS) - 1) + "|"), sep="\n", flush=True)
    total = Tally()

    def run(name: str) -> Tally:
        inputs, checked = (number * TARGETS[name].share // 1000 for number in (given.inputs, given.checked))
        return fuzz_apart(name, inputs, given.seed, checked=checked)

    with ThreadPoolExecutor(given.workers) as pool:
        for name, tally in zip(names, pool.map(run, names), strict=True):
            print(line(name, tally), flush=True)
            total = total.with_more(tally)
    print(line("all", total))
    for finding in total.findings[:40]:
        print(finding)
    sys.exit(1 if total.findings else 0)


if __name__ == "__main__":
    main()
