"""Words, characters, stop words and languages of one text."""

from __future__ import annotations

import polars as pl
import pytest

from sql import text


def words(body: str) -> int | None:
    counted: int | None = text.count_words(pl.DataFrame({"body_hash": ["h"], "body": [body]}))["words"][0]
    return counted


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", 0),
        ("👍 👍🏽", 0),
        ("!?… — ;", 0),
        ("Don't stop, it’s fine", 4),
        ("a well-known follow-up", 3),
        ("'quoted' -dash- and-", 3),
        ("foo--bar", 2),
        ("Größe naïve cafe\u0301", 3),
        ("3 days, 1.5 k", 5),
        ("see https://a.example/b?c=d now", 2),
        ("www.a.example", 0),
        ("write to sam.smith@a.example, please", 3),
        ("मुझे यह काम पसंद है", 5),
        ("한국어 문장", 2),
        ("您好，我们正在寻找后端工程师", None),
        ("こんにちは、元気ですか", None),
        ("コーヒー", None),
        ("สวัสดีครับ ทำงานอะไร", None),
        ("Our office is in 東京 and we like it there", 10),
    ],
)
def test_counts_words_as_people_do(body: str, expected: int | None) -> None:
    assert words(body) == expected


def test_counts_characters_without_the_white_space_around() -> None:
    counts = text.count_words(pl.DataFrame({"body_hash": ["h"], "body": [" \n您好 👍\t"]}))
    assert counts["chars"].to_list() == [4]


def test_counts_stop_words_next_to_each_other() -> None:
    counts = text.count_words(pl.DataFrame({"body_hash": ["h"], "body": ["the the THE of; und"]}))
    assert (counts["stop_words_en"][0], counts["stop_words_de"][0]) == (4, 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Ciao, hai bisogno di aiuto con la tua candidatura?", "it"),
        ("Hej, hur mår du idag? Jag söker en utvecklare.", "sv"),
        ("Можно позвонить вам завтра утром?", "ru"),
        ("ok 👍", "und"),
        ("", "und"),
        ("https://jobs.example/position/backend", "und"),
    ],
)
def test_detects_other_languages_or_says_nothing(body: str, expected: str) -> None:
    found = text.detect_languages(pl.DataFrame({"body_hash": ["h"], "body": [body]}))
    assert found.rows() == [("h", expected)]
