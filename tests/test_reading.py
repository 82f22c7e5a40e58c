"""Texts are read once per body, language and rule version, and a changed rule reads only what it touches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from flows import store
from flows.store import Home
from sql import reading
from sql.load import LOAD, information_load
from sql.reading import FEATURES, KEPT, rule_version

WANTED = [
    ("a", "en", True, False, True),
    ("b", "en", False, True, False),
    ("c", "fr", True, False, False),
    ("d", "ru", True, False, False),
]
BODIES = [
    ("a", "Hi Ana, we use Kafka. Are you open to a chat?"),
    ("b", "I like Kafka."),
    ("c", "Bonjour Anne, nous cherchons un développeur Python."),
    ("d", "Можно позвонить?"),
]


@pytest.fixture
def connection(tmp_path: Any) -> Iterator[Any]:
    home = Home(tmp_path / "home").create()
    store.open_store(home).close()
    opened = store.connect()
    store.attach(opened, home.database, "store")
    opened.executemany("insert into store.bodies values (?, ?)", BODIES)
    opened.execute(
        "create table int_text_wanted (body_hash varchar, language varchar, is_opening bool, takes_up bool, is_taken_up bool)"
    )
    opened.executemany("insert into int_text_wanted values (?, ?, ?, ?, ?)", WANTED)
    reading.set_versions(opened)
    yield opened
    opened.close()


def rows(connection: Any, query: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def test_reads_every_text_once(connection: Any) -> None:
    assert reading.count_new_texts(connection) == 4
    assert reading.read_new_texts(connection) == 4
    assert reading.count_new_texts(connection) == 0
    assert reading.read_new_texts(connection) == 0


def test_reads_load_of_openings_and_sentences_only_where_something_may_be_taken_up(connection: Any) -> None:
    reading.read_new_texts(connection)
    assert rows(connection, "select body_hash from text_load order by 1") == [("a",), ("c",), ("d",)]
    assert rows(connection, "select distinct body_hash from text_sentences") == [("b",)]
    assert rows(connection, "select body_hash, words from text_words") == [("a", ["ana", "kafka"])]


def test_kinds_are_unknown_without_rules_and_zero_without_sentences(connection: Any) -> None:
    connection.execute("insert into store.bodies values ('e', '👍')")
    connection.execute("insert into int_text_wanted values ('e', 'ru', false, false, false)")
    reading.read_new_texts(connection)
    columns = "sentences, question_sentences, ask_open_sentences, social_sentences, you_words"
    assert rows(connection, f"select {columns} from text_features where body_hash = 'd'") == [(1, 1, None, None, None)]
    assert rows(connection, f"select {columns} from text_features where body_hash = 'e'") == [(0, 0, 0, 0, 0)]


def test_a_text_that_starts_to_take_up_is_read_again_for_its_sentences(connection: Any) -> None:
    reading.read_new_texts(connection)
    connection.execute("update int_text_wanted set takes_up = true where body_hash = 'a'")
    assert reading.read_new_texts(connection) == 1
    assert rows(connection, "select count(*) from text_sentences where body_hash = 'a'") == [(2,)]
    assert reading.read_new_texts(connection) == 0


def test_a_changed_rule_reads_exactly_what_it_touches(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reading.count_new_texts(connection)
    reading.read_new_texts(connection)
    true_version = reading.rule_version

    def with_another_french(part: str, language: str = "") -> str:
        is_changed = language == "fr" and part == "sentences"
        return "changed" if is_changed else true_version(part, language)

    monkeypatch.setattr(reading, "rule_version", with_another_french)
    reading.set_versions(connection)
    assert reading.count_new_texts(connection) == 0
    assert reading.read_new_texts(connection) == 1
    assert rows(connection, "select body_hash from store.kept_text_features where rule_version = 'changed'") == [("c",)]
    assert rows(connection, "select count(*) from store.kept_text_features") == [(5,)]
    reading.forget_old_readings(connection)
    assert rows(connection, "select count(*) from store.kept_text_features") == [(4,)], "the old reading is gone"
    assert rows(connection, "select count(*) from store.kept_text_load") == [(3,)], "the load's rules did not change"


def test_each_part_has_a_version_of_its_own() -> None:
    versions = {rule_version(part, language) for part in ("sentences", "load") for language in ("en", "de", "ru")}
    assert len(versions) == 5
    assert rule_version("sentences", "ru") == rule_version("sentences", "pl") != rule_version("sentences", "it")
    assert rule_version("load", "ro") == rule_version("load", "ru") != rule_version("load", "en")
    assert rule_version("counts", "en") == rule_version("counts", "de")
    assert {len(rule_version(part)) for part in KEPT.values()} == {12}


def test_the_kept_tables_hold_what_is_read(connection: Any) -> None:
    kept = {
        name: {column for (column,) in rows(connection, f"select column_name from (describe store.kept_{name})")}
        for name in KEPT
    }
    assert set(FEATURES) <= kept["text_features"]
    assert set(LOAD) <= kept["text_load"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (0, 0, 0, 0, 0)),
        ("We use Python, Java/Kotlin, Spring Boot, C++, C#, .NET and Node.js.", (8, 0, 0, 0, 0)),
        ("R&D in our go-to-market team; I go to C-level, spring is nice", (0, 0, 0, 0, 0)),
        ("Java-Entwickler mit React.js und AWS-Kenntnissen", (3, 0, 0, 0, 0)),
        ("Python python PYTHON", (1, 0, 0, 0, 0)),
        ("€80,000 – 95k for 5 years, 40 h", (0, 4, 2, 0, 0)),
        ("65.000 € oder 70k EUR, 12 Kollegen", (0, 3, 2, 0, 0)),
        ("€80-95k", (0, 2, 2, 0, 0)),
        ("80.000–95.000 € or 80-95k or 80k - 95k", (0, 6, 6, 0, 0)),
        ("1.5 Mio Euro, 3-4 days, 10-12 people", (0, 5, 1, 0, 0)),
        ("see https://x.example/a?b=1 and www.y.example", (0, 0, 0, 2, 0)),
        ("Stack:\n- Python\n• Kafka\n 1. AWS\nplain", (3, 1, 0, 0, 3)),
        ("👍", (0, 0, 0, 0, 0)),
    ],
)
def test_weighs_what_an_opening_carries(body: str, expected: tuple[int, ...]) -> None:
    load = information_load(pl.DataFrame({"language": ["ro"], "body": [body]}))
    assert load.drop("flesch_reading_ease").row(0) == expected
