"""The objects of a JSON file, however they are wrapped, and files that are none."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from flows.readers.records import DEEPEST, LARGEST_RECORD, Records, first_object
from schemas.errors import InputError

TWO = [{"a": 1, "results": {"b": [{}]}}, {"a": 2.5, "é": "ü"}]


def read(path: Path, data: bytes, *under: str) -> tuple[list[dict[str, object]], bool]:
    path.write_bytes(data)
    found = Records(path, under)
    return list(found), found.is_cut


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(TWO),
        json.dumps(TWO, ensure_ascii=False),
        "\n".join(map(json.dumps, TWO)),
        json.dumps({"results": TWO, "moreDataAvailable": False}),
        json.dumps({"success": True, "data": TWO}),
        json.dumps({"results": TWO[:1]}) + "\n" + json.dumps({"results": TWO[1:]}),
    ],
)
def test_every_wrapping_gives_the_same_objects(tmp_path: Path, data: str):
    for raw in (data.encode(), codecs.BOM_UTF8 + data.encode(), data.encode("utf-16")):
        assert read(tmp_path / "x.json", raw) == (TWO, False)
        assert first_object(raw) == TWO[0]


def test_a_list_deep_inside_and_one_object_alone(tmp_path: Path):
    inside = json.dumps({"about": [{"x": 1}], "chats": {"list": TWO}}).encode()
    assert read(tmp_path / "x.json", inside, "chats", "list") == (TWO, False)
    assert read(tmp_path / "x.json", json.dumps({"data": TWO[1]}).encode()) == ([TWO[1]], False)
    assert read(tmp_path / "x.json", json.dumps(TWO[0]).encode()) == ([TWO[0]], False)
    assert read(tmp_path / "x.json", b"[]") == ([], False)


def test_a_file_that_is_cut_off_gives_what_stands_before_and_says_so(tmp_path: Path):
    data = json.dumps(TWO).encode()
    assert read(tmp_path / "x.json", data[:-5]) == (TWO[:1], True)
    assert first_object(json.dumps({"id": "x", "messages": TWO}).encode()[:30])["id"] == "x"


@pytest.mark.parametrize("data", [b"", b"hello", b'{"a": ', b'{"a": NaN}', b'{"a": "\xff"}', b"\xff\xfe\x00"])
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes):
    with pytest.raises(InputError, match="not JSON"):
        read(tmp_path / "x.json", data)
    assert first_object(data) == {}


def test_endless_depth_and_endless_texts_are_refused(tmp_path: Path):
    for data in (b"[" * 100_000, b'{"a":' * 100_000, b'[{"a":' + b"[" * DEEPEST):
        with pytest.raises(InputError, match="deeper"):
            read(tmp_path / "x.json", data)
    with pytest.raises(InputError, match="characters"):
        read(tmp_path / "x.json", b'[{"a": "' + b"x" * LARGEST_RECORD + b'y"}]')
