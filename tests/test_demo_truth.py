"""The invented world holds what its truth says, in shapes that parse, and the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest

from flows.config import load_settings
from flows.demo import Truth, invent
from flows.demo.people import STYLES
from flows.demo.tables import STAGES, UNKNOWN_STAGE
from flows.demo.world import REPLY_30D, Thread, invent_world

UNTIL = date(2026, 11, 15)
THREADS = 1500


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, invent(out, threads=THREADS, seed=7, until=UNTIL)


def digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def strict_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def member(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def archives(out: Path) -> dict[str, Path]:
    return {str(p.relative_to(out)): p for p in sorted(out.glob("*/Basic_LinkedInDataExport_*.zip"))}


def messages_of(path: Path) -> tuple[list[str], list[list[str]]]:
    header, *rows = strict_rows(member(path, "messages.csv"))
    return header, rows


def kind_of_row(header: list[str], row: list[str]) -> str:
    """What a reader can see of a row, by the file alone."""
    if len(row) != len(header):
        return "broken_comma"
    cells = dict(zip(header, row, strict=True))
    marks = {
        "broken_future": cells["DATE"].startswith("2099"),
        "broken_date": not re.fullmatch(r"\d{4}-(0\d|1[0-2])-\d\d \d\d:\d\d:\d\d UTC", cells["DATE"]),
        "draft": cells.get("IS MESSAGE DRAFT") == "Yes",
        "sponsored": "spinmail" in cells["CONTENT"],
        "spam": cells["FOLDER"] == "SPAM",
        "group": cells["CONVERSATION TITLE"] != "",
    }
    return next((kind for kind, is_so in marks.items() if is_so), "message")


def test_same_arguments_give_the_same_bytes(world: tuple[Path, Truth], tmp_path: Path) -> None:
    out, truth = world
    again = invent(tmp_path / "out", threads=THREADS, seed=7, until=UNTIL)
    assert digests(tmp_path / "out") == digests(out)
    assert again.to_json() == truth.to_json()


def test_another_seed_gives_another_world(world: tuple[Path, Truth], tmp_path: Path) -> None:
    out, _ = world
    invent(tmp_path / "out", threads=THREADS, seed=8, until=UNTIL)
    here, there = digests(out), digests(tmp_path / "out")
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] == there[name]} == {"talkshare.toml"}


def test_truth_stands_beside_the_exports_or_where_asked(world: tuple[Path, Truth], tmp_path: Path) -> None:
    out, truth = world
    assert json.loads((out.parent / "truth.json").read_text("utf-8"))["threads"] == truth.threads
    assert not list(out.rglob("truth.json"))
    invent(tmp_path / "out", threads=100, truth_path=tmp_path / "elsewhere" / "known.json")
    assert (tmp_path / "elsewhere" / "known.json").exists()
    assert not (tmp_path / "truth.json").exists()


def test_refuses_a_world_too_small_for_its_recruiters(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 100"):
        invent(tmp_path / "out", threads=99)


def test_every_archive_row_is_counted_as_what_it_is(world: tuple[Path, Truth]) -> None:
    out, truth = world
    assert len(archives(out)) == 12
    for name, path in archives(out).items():
        header, rows = messages_of(path)
        counted = dict(Counter(kind_of_row(header, row) for row in rows))
        assert counted | {"total": len(rows)} == truth.files[name], name


def test_archives_have_the_columns_of_their_era(world: tuple[Path, Truth]) -> None:
    out, _ = world
    widths = {name: len(messages_of(path)[0]) for name, path in archives(out).items()}
    assert Counter(widths.values()) == {11: 9, 13: 2, 10: 1}
    quoted = [n for n, p in archives(out).items() if member(p, "messages.csv").startswith('"CONVERSATION ID"')]
    assert sorted(quoted) == sorted(n for n, width in widths.items() if width == 11)


def test_old_eras_pad_some_conversation_ids_and_hold_no_line_breaks(world: tuple[Path, Truth]) -> None:
    out, _ = world
    for path in archives(out).values():
        header, rows = messages_of(path)
        padded = {row[0].endswith("==") for row in rows}
        if len(header) == 10:
            assert padded == {True, False}
        else:
            assert padded == {len(header) == 13}
        has_breaks = any("\n" in cell for row in rows for cell in row)
        assert has_breaks == (len(header) == 11)


def test_a_newer_archive_repeats_every_row_of_the_older(world: tuple[Path, Truth]) -> None:
    out, truth = world
    doubled = 0
    for folder in ("nils-abelwitz-6fa", "rosa-fintamar-d41"):
        older, newer = sorted((out / folder).glob("*.zip"))
        keys = []
        for path in (older, newer):
            header, rows = messages_of(path)
            at = {name: header.index(name) for name in ("DATE", "CONTENT")}
            keys.append(Counter((r[0].rstrip("="), r[at["DATE"]], " ".join(r[at["CONTENT"]].split())) for r in rows))
        assert not keys[0] - keys[1]
        assert keys[1].total() > keys[0].total()
        header, rows = messages_of(older)
        doubled += sum(kind_of_row(header, row) in ("message", "group") for row in rows)
    assert doubled == truth.rows["already_known"]


def test_invitations_name_one_owner_and_repeat_the_notes(world: tuple[Path, Truth]) -> None:
    out, truth = world
    for name, path in archives(out).items():
        header, *rows = strict_rows(member(path, "Invitations.csv"))
        sent = [dict(zip(header, row, strict=True)) for row in rows]
        owners = {r["inviterProfileUrl"] for r in sent if r["Direction"] == "OUTGOING"}
        owners |= {r["inviteeProfileUrl"] for r in sent if r["Direction"] == "INCOMING"}
        assert owners == {f"https://www.linkedin.com/in/{Path(name).parent}"}
        assert {r["Direction"] for r in sent} == {"OUTGOING", "INCOMING"}
        for r in sent:
            datetime.strptime(r["Sent At"], "%m/%d/%y, %I:%M %p")
        notes = {" ".join(r["Message"].split()) for r in sent if r["Message"]}
        messages_header, messages = messages_of(path)
        content = messages_header.index("CONTENT")
        assert notes <= {" ".join(row[content].split()) for row in messages}
        assert truth.invitations[name].get("with_note", 0) == sum(bool(r["Message"]) for r in sent)


def test_companion_files_are_those_of_a_real_archive(world: tuple[Path, Truth]) -> None:
    out, _ = world
    for path in archives(out).values():
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert archive.namelist()[:2] == ["guide_messages.csv", "messages.csv"]
        assert len(strict_rows(member(path, "guide_messages.csv"))) == 1
        assert len(strict_rows(member(path, "Profile.csv"))) == 2
        connections = member(path, "Connections.csv")
        assert connections.startswith("Notes:\n")
        assert not connections.endswith("\n")


def test_agency_rows_are_counted_and_three_are_broken(world: tuple[Path, Truth]) -> None:
    out, truth = world
    header, *rows = strict_rows((out / "agency" / "messages.csv").read_text("utf-8"))
    counts: Counter[str] = Counter(total=len(rows))
    for row in rows:
        cells = dict(zip(header, row, strict=False))
        if len(row) != len(header):
            counts["broken_comma"] += 1
        elif not re.match(r"\d{4}-\d\d-\d\dT", cells["sent_at"]):
            counts["broken_date"] += 1
        else:
            counts["broken_future" if cells["sent_at"].startswith("2099") else cells["kind"]] += 1
    assert dict(counts) == truth.files["agency/messages.csv"]
    assert {r[header.index("team")] for r in rows[:-1]} == {"platform", "data"}
    assert "language" not in header


def test_outcomes_are_counted_and_follow_a_reply(world: tuple[Path, Truth]) -> None:
    out, truth = world
    header, *rows = strict_rows((out / "agency" / "outcomes.csv").read_text("utf-8"))
    events = Counter(row[header.index("event")] for row in rows)
    assert dict(events) | {"total": len(rows)} == truth.files["agency/outcomes.csv"]
    messages_header, *messages = strict_rows((out / "agency" / "messages.csv").read_text("utf-8"))
    answered: dict[str, str] = {}
    for row in messages[:-3]:
        cells = dict(zip(messages_header, row, strict=True))
        if cells["sender_role"] == "candidate" and cells["kind"] == "message":
            answered.setdefault(cells["thread_id"], cells["sent_at"])
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        assert answered[cells["thread_id"]] <= cells["occurred_at"] < cells["observed_until"]


def test_stage_export_is_counted_through_the_written_mapping(world: tuple[Path, Truth]) -> None:
    out, truth = world
    settings = load_settings(out)
    table = settings.tables[0]
    header, *rows = strict_rows((out / "ats" / "ats_stage_export.csv").read_text("utf-8"))
    assert set(table.columns.values()) <= set(header)
    stages = [row[header.index("Stage")] for row in rows]
    events = Counter(settings.outcomes.stages.get(stage, "unmapped") for stage in stages)
    assert dict(events) | {"total": len(rows)} == truth.files["ats/ats_stage_export.csv"]
    assert settings.outcomes.stages == STAGES
    assert UNKNOWN_STAGE in stages
    assert table.time_format is not None
    for row in rows:
        datetime.strptime(row[header.index("Entered At")], table.time_format)


def test_styles_differ_in_length_as_meant() -> None:
    made = invent_world(Random(3), 1200, UNTIL)
    words: dict[str, list[int]] = {style: [] for style in STYLES}
    for thread in made.threads:
        if len(thread.approaches) == 1:
            words[thread.approaches[0].style].append(count_words(opening_of(thread)))
    assert all(115 <= n <= 225 for n in words["sell_first"])
    assert all(55 <= n <= 110 for n in words["mixed"])
    assert all(22 <= n <= 68 for n in words["reaction_first"])


def test_sell_first_asks_at_most_once_and_reaction_first_ends_by_asking() -> None:
    for thread in invent_world(Random(4), 600, UNTIL).threads:
        if len(thread.approaches) != 1:
            continue
        text = re.sub(r"https?://\S+", "", opening_of(thread))
        if thread.approaches[0].style == "sell_first":
            assert text.count("?") <= 1
        elif thread.approaches[0].style == "reaction_first":
            assert 1 <= text.count("?") <= 3


def test_style_counts_follow_the_recruiters_mixes(world: tuple[Path, Truth]) -> None:
    _, truth = world
    expected: Counter[str] = Counter()
    for recruiter in truth.recruiters:
        for style, share in recruiter["style_mix"].items():
            expected[style] += recruiter["threads"] * share
    total = truth.threads["approaches"]
    for style in STYLES:
        assert abs(truth.styles[style]["approaches"] / total - expected[style] / THREADS) < 0.04


def test_replies_come_at_the_built_in_rates_within_recruiter(tmp_path: Path) -> None:
    truth = invent(tmp_path / "out", threads=12_000, seed=11, until=UNTIL)
    for style in STYLES:
        told = truth.styles[style]
        deviation = (0.2 * 0.8 / told["judged_30d"]) ** 0.5
        assert abs(told["replied_30d"] / told["judged_30d"] - told["expected_share"]) < 3.5 * deviation
    for recruiter in truth.recruiters:
        rates = recruiter["reply_30d"]
        assert rates["reaction_first"] - rates["sell_first"] == pytest.approx(truth.effect["reaction_minus_sell"])
    average = {s: sum(r["threads"] * r["reply_30d"][s] for r in truth.recruiters) / 12_000 for s in STYLES}
    assert average == pytest.approx(REPLY_30D, abs=0.001)


def test_pooled_rates_understate_the_effect_because_strong_recruiters_sell(world: tuple[Path, Truth]) -> None:
    _, truth = world
    pooled = truth.styles["reaction_first"]["expected_share"] - truth.styles["sell_first"]["expected_share"]
    assert 0.05 < pooled < truth.effect["reaction_minus_sell"] - 0.02


def test_biggest_recruiter_has_about_a_seventh_of_all_threads(world: tuple[Path, Truth]) -> None:
    _, truth = world
    counts = [r["threads"] for r in truth.recruiters]
    assert sum(counts) == truth.threads["outreach"] == THREADS
    assert max(counts) / THREADS == pytest.approx(0.15, abs=0.01)
    assert len(counts) == 14


def test_nothing_happens_after_the_export(world: tuple[Path, Truth]) -> None:
    out, truth = world
    for path in archives(out).values():
        header, rows = messages_of(path)
        limit = datetime.strptime(path.stem[-10:], "%m-%d-%Y").strftime("%Y-%m-%d")
        good = [r for r in rows if not kind_of_row(header, r).startswith("broken")]
        assert max(r[header.index("DATE")] for r in good) < limit
    assert all(a.replied_at is None or a.replied_at > a.started_at for a in truth.approaches)
    assert all(a.interview_at is None or a.interview_at > (a.replied_at or 0) > 0 for a in truth.approaches)


def test_hidden_people_recontacts_and_inbound_threads_exist(world: tuple[Path, Truth]) -> None:
    out, truth = world
    hidden = set()
    for path in archives(out).values():
        header, rows = messages_of(path)
        who = {header.index("FROM"), header.index("TO")}
        hidden |= {r[0].rstrip("=") for r in rows if "LinkedIn Member" in {r[i] for i in who}}
    assert len(hidden) == truth.threads["hidden_member"] > 0
    assert truth.threads["recontacted"] > 0
    assert truth.threads["inbound"] > 0
    assert truth.threads["auto_replies"] > 0
    assert truth.threads["approaches"] == THREADS + truth.threads["recontacted"]


def opening_of(thread: Thread) -> str:
    return thread.messages[0].body


def count_words(text: str) -> int:
    return len(re.findall(r"[^\W_]+(?:['’\-][^\W_]+)*", re.sub(r"https?://\S+", "", text)))
