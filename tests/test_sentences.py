"""Where sentences begin and end, and what rules see of them."""

from __future__ import annotations

import polars as pl
import pytest

from sql import sentences


def split(body: str, language: str = "en") -> list[str]:
    texts = pl.DataFrame({"text_no": [0], "language": [language], "body": [body]})
    return sentences.split(texts)["sentence"].to_list()


def normal(sentence: str) -> str:
    return str(pl.select(sentences.normal_form(pl.lit(sentence))).item())


def marks(body: str, language: str = "en") -> list[bool]:
    texts = pl.DataFrame({"text_no": [0], "language": [language], "body": [body]})
    return sentences.look(sentences.split(texts).lazy()).collect()["has_mark"].to_list()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        ("👍", []),
        ("https://jobs.example/x?id=7", []),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Hi Ana\nwe pay well", ["Hi Ana", "we pay well"]),
        ("a\r\nb\u2028c", ["a", "b", "c"]),
        ("Dr. Smith wrote e.g. this.", ["Dr. Smith wrote e.g. this."]),
        ("are you open to a chat  We pay well", ["are you open to a chat", "We pay well"]),
        ("Thanks for the call.It was nice.", ["Thanks for the call.", "It was nice."]),
        ("Node.js and .NET 8", ["Node.js and .NET 8"]),
        ("> Are you there?\nYes.", ["Yes."]),
        ("- Python\n- `List<String>`", ["- Python", "- `List<String>`"]),
        ("您好。你好吗？", ["您好。", "你好吗？"]),
        ("???", ["???"]),
        ("...\n---\n!!!", []),
    ],
)
def test_sentences_end_where_people_end_them(body: str, expected: list[str]) -> None:
    assert split(body) == expected


def test_every_text_keeps_its_own_sentences_in_order() -> None:
    texts = pl.DataFrame(
        {"text_no": [0, 1, 2], "language": ["en", "de", "en"], "body": ["A one. B two.", "C drei.", "B two.\nA one."]}
    )
    found = sentences.split(texts)
    assert found.select("text_no", "sentence").rows() == [
        (0, "A one."), (0, "B two."), (1, "C drei."), (2, "B two."), (2, "A one."),
    ]  # fmt: skip


@pytest.mark.parametrize("mark", list(sentences.QUESTION_MARKS))
def test_knows_the_question_marks_of_many_scripts(mark: str) -> None:
    assert marks(f"Interested{mark}") == [True]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("See https://jobs.example/x?id=7 for more.", [False]),
        ("Did you see https://jobs.example/x?id=7 ?", [True]),
        ('He asked "why would I leave?" last week.', [False]),
        ("“Are you there?” he wrote.", [False]),
        ('Do you know "Who moved my cheese"?', [True]),
        ('"Are you there?"', [True]),
        ("¿Te interesa?", [True]),
    ],
)
def test_a_mark_in_an_address_or_a_quotation_is_not_the_writers(body: str, expected: list[bool]) -> None:
    assert marks(body) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Hi Ana, are you OPEN?", " hi ana , are you open ? "),
        ("Don’t – really – (yes): €80k/year!", " don't , really , yes , eur 0k , year , "),
        ("e-mail at 10:30, 80.000 $", " e mail at 0 , 0 usd "),
        ("C++ & C#", " c++ & c# "),
        ("Don ’ t you", " don't you "),
    ],
)
def test_rules_see_a_plain_form(sentence: str, expected: str) -> None:
    assert normal(sentence) == expected


def test_a_megabyte_without_a_space_or_a_stop_takes_no_time() -> None:
    assert [len(sentence) for sentence in split("a" * 1_000_000)] == [1_000_000]
    assert len(normal("a" * 1_000)) == 1_002
