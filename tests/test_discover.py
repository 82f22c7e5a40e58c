"""Which files are exports, which are companions, and what is said about the rest."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from flows.config import Settings, TableSettings
from flows.readers.discover import Refusal, discover
from flows.readers.reading import Export

SAMPLES = Path(__file__).parent / "samples"
HEADER = "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,DATE,SUBJECT,CONTENT,FOLDER\n"
CANONICAL = "thread_id,sent_at,sender_id,sender_role,body\nt,2024-05-01,a,recruiter,x\n"


def found(
    place: Path, settings: Settings | None = None, root: Path | None = None
) -> tuple[list[Export], list[Refusal]]:
    return discover(place, settings or Settings(), root=root or place)


def refusal(path: Path) -> Refusal:
    exports, refusals = found(path, root=path.parent)
    assert not exports
    (one,) = refusals
    return one


def zipped(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def mapped(match: str, kind: str = "outcomes") -> Settings:
    table = TableSettings.model_validate({"match": match, "kind": kind, "columns": {}})
    return Settings().model_copy(update={"tables": [table]})


def test_every_linkedin_sample_is_one_export_and_nothing_is_refused() -> None:
    exports, refusals = found(SAMPLES / "linkedin")
    assert refusals == []
    assert {export.shape for export in exports} == {"linkedin_archive"}
    assert len(exports) == 13


def test_an_archive_folder_is_one_export_with_its_companions(tmp_path: Path) -> None:
    (export,), refusals = found(SAMPLES / "linkedin" / "2023_10col", root=SAMPLES)
    assert refusals == []
    assert export.path.name == "2023_10col"
    assert [path.name for path in export.members] == [
        *("messages.csv", "Connections.csv", "Invitations.csv", "Profile.csv"),
    ]
    assert export.folder == "linkedin"


@pytest.mark.parametrize(
    "name",
    [
        *("guide_messages.csv", "learning_coach_messages.csv", "learning_role_play_messages.csv"),
        *("coach_messages.csv", "LearningCoachMessages.csv", "Positions.csv", "Comments_2.csv", "Notes.csv"),
    ],
)
def test_siblings_and_other_parts_of_an_archive_are_companions(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Messages.csv").write_text(HEADER)
    (folder / name).write_text(HEADER if "essages" in name else "A,B\n1,2\n")
    exports, refusals = found(tmp_path)
    assert [export.path.name for export in exports] == ["export"]
    assert [path.name for path in exports[0].members] == ["Messages.csv"]
    assert refusals == []


def test_a_sibling_alone_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "guide_messages.csv").write_text(HEADER)
    assert "Hand in messages.csv" in refusal(tmp_path / "guide_messages.csv").message


def test_folders_below_an_unpacked_archive_belong_to_it(tmp_path: Path) -> None:
    jobs = tmp_path / "Basic_LinkedInDataExport_02-03-2026" / "Jobs"
    jobs.mkdir(parents=True)
    (jobs.parent / "messages.csv").write_text(HEADER)
    (jobs / "Job Applications.csv").write_text("Application Date\n2024-05-01\n")
    (jobs.parent / "Whatever_new.csv").write_text("A,B\n1,2\n")
    exports, refusals = found(tmp_path)
    assert [export.name for export in exports] == ["Basic_LinkedInDataExport_02-03-2026"]
    assert refusals == []


def test_a_messages_file_given_directly_takes_its_companions_along(tmp_path: Path) -> None:
    path = SAMPLES / "linkedin" / "2023_10col" / "messages.csv"
    (export,), _ = found(path, root=path.parent)
    assert export.path == path
    assert export.name == "2023_10col/messages.csv"
    assert {"Profile.csv", "Invitations.csv"} <= {member.name for member in export.members}


def test_the_inbox_itself_is_never_an_export(tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text(HEADER)
    (tmp_path / "ats.csv").write_text("A,B\n1,2\n")
    (export,), refusals = found(tmp_path)
    assert export.path == tmp_path / "messages.csv"
    assert export.folder == ""
    assert [r.name for r in refusals] == ["ats.csv"]


def test_outcomes_lie_in_the_folder_of_the_messages_beside_them(tmp_path: Path) -> None:
    team = tmp_path / "north" / "sam"
    team.mkdir(parents=True)
    (team / "messages.csv").write_text(HEADER)
    (team / "outcomes.csv").write_text("candidate_id,event,occurred_at\na,hired,2024-05-01\n")
    exports, refusals = found(tmp_path)
    assert refusals == []
    assert {(export.shape, export.folder) for export in exports} == {
        ("linkedin_archive", "north/sam"),
        ("canonical_outcomes", "north/sam"),
    }


def test_outcomes_beside_an_archive_folder_lie_in_the_same_folder_as_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "north" / "export of sam"
    archive.mkdir(parents=True)
    (archive / "messages.csv").write_text(HEADER)
    (archive.parent / "outcomes.csv").write_text("candidate_id,event,occurred_at\na,hired,2024-05-01\n")
    exports, _ = found(tmp_path)
    assert {export.folder for export in exports} == {"north"}


@pytest.mark.parametrize("name", ["messages.csv", "messages-2024-05.csv", "Messages.CSV"])
def test_our_own_columns_make_a_canonical_table(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CANONICAL)
    (export,), _ = found(tmp_path)
    assert (export.shape, export.name) == ("canonical_messages", name)


def test_a_canonical_table_that_lacks_a_column_is_still_ours_so_that_reading_can_say_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "outcomes.jsonl").write_text('{"candidate_id": "a", "occurred_at": "2024-05-01"}\n')
    (export,), _ = found(tmp_path)
    assert export.shape == "canonical_outcomes"


def test_a_declared_mapping_wins_over_everything(tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text(HEADER)
    (tmp_path / "ATS_export_7.xlsx").write_bytes(b"x")
    exports, refusals = found(tmp_path, mapped("messages.csv", "messages"))
    assert [(export.name, export.shape) for export in exports] == [("messages.csv", "declared_messages")]
    assert "needs a mapping" in refusals[0].message
    exports, _ = found(tmp_path, mapped("ats_export*"))
    assert ("ATS_export_7.xlsx", "declared_outcomes") in [(export.name, export.shape) for export in exports]


def test_silent_files_stay_silent(tmp_path: Path) -> None:
    for name in (".DS_Store", ".hidden.csv", "README.md", "talkshare.toml", "Thumbs.db", "~$report.xlsx"):
        (tmp_path / name).write_text("x")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "messages.csv").write_text("x")
    assert found(tmp_path) == ([], [])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("messages.csv", b"", "empty"),
        ("report.pdf", b"%PDF-1.7", "'.pdf' are not read"),
        ("page.html", b"<html>", "'.html' are not read"),
        ("ats.csv", b"A,B\n1,2\n", "talkshare inspect FILE"),
        ("ats.parquet", b"not parquet", "cannot be opened"),
        ("Connections.csv", b"First Name,Last Name\n", "whole archive"),
        ("broken.csv", bytes(range(256)), "talkshare inspect FILE"),
        ("plain.zip", b"<html>login</html>", "not a zip file"),
    ],
)
def test_other_files_are_refused_with_advice(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    refused = refusal(path)
    assert words in refused.message
    assert refused.message.startswith(name)
    assert not refused.waiting


def test_an_outlook_csv_is_refused_because_it_has_no_dates() -> None:
    message = refusal(SAMPLES / "tables" / "outlook_export_header.csv").message
    assert "neither dates nor conversations" in message


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nothing.csv").message


# --- zips -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["export.zip", "export.zip.zip", "EXPORT.ZIP"])
def test_a_zip_may_have_a_top_folder_and_a_doubled_ending(tmp_path: Path, name: str) -> None:
    members: dict[str, str | bytes] = {"__MACOSX/top/messages.csv": "x", "top/guide_messages.csv": HEADER}
    zipped(tmp_path / name, members | {"top/Messages.csv": HEADER})
    (export,), refusals = found(tmp_path)
    assert (export.shape, export.name, refusals) == ("linkedin_archive", name, [])


def test_a_truncated_zip_waits_for_the_next_run(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"messages.csv": HEADER * 50})
    path.write_bytes(path.read_bytes()[:-60])
    assert refusal(path).waiting
    assert refusal_of_bytes(tmp_path / "more.csv.crdownload", b"x").waiting


def refusal_of_bytes(path: Path, data: bytes) -> Refusal:
    path.write_bytes(data)
    return refusal(path)


def test_a_zip_inside_a_zip_is_refused_with_advice(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("messages.csv", HEADER)
    assert "zip inside a zip" in refusal(zipped(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()})).message


def test_an_unsafe_path_in_a_zip_is_refused_and_nothing_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"../messages.csv": HEADER})
    assert "unsafe path" in refusal(path).message
    assert [child.name for child in tmp_path.iterdir()] == ["export.zip"]
    assert not (tmp_path.parent / "messages.csv").exists()


def test_a_password_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"messages.csv": HEADER})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    assert "password" in refusal(path).message


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"messages.csv": HEADER.encode() + b"\0" * (17 << 20)})
    assert "times its size" in refusal(path).message


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"messages.csv": HEADER * 50})
    data = bytearray(path.read_bytes())
    data[45:60] = b"\xff" * 15
    path.write_bytes(bytes(data))
    assert "damaged" in refusal(path).message


def test_two_archives_in_one_zip_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"a/messages.csv": HEADER, "b/messages.csv": HEADER})
    assert "2 files called messages.csv" in refusal(path).message


def test_a_zip_without_messages_says_what_to_ask_for(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"Connections.csv": "First Name\n"})
    assert "includes messages" in refusal(path).message
