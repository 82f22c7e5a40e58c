"""Words, sentences, questions, requests and readability of one text."""

from __future__ import annotations

import sys

import polars as pl
import pytest
import textstat

from sql import text

PLAIN = "We are hiring a backend engineer. You would work with a small team. It is based in Berlin."


def words(body: str) -> int | None:
    counted: int | None = text.count_words(pl.DataFrame({"body_hash": ["h"], "body": [body]}))["words"][0]
    return counted


def template(body: str) -> str:
    return str(text.count_words(pl.DataFrame({"body_hash": ["h"], "body": [body]}))["template_id"][0])


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


@pytest.mark.parametrize("mark", list(text.QUESTION_MARKS))
def test_knows_the_question_marks_of_many_scripts(mark: str) -> None:
    assert text.sentence_counts(f"Interested{mark}", "en")[2] == 1


def test_ignores_a_question_mark_inside_an_address() -> None:
    assert text.sentence_counts("See https://jobs.example/x?id=7 for more.", "en")[2] == 0
    assert text.sentence_counts("Did you see https://jobs.example/x?id=7 ?", "en")[2] == 1


def test_counts_the_sentence_not_the_marks() -> None:
    assert text.sentence_counts("Really??? Are you sure?! I am.", "en")[2] == 2


def test_a_greeting_and_a_closing_are_social_a_question_never_is() -> None:
    body = "Hi Ana,\nHope you are well.\nI lead a team in Berlin.\nBest regards,"
    assert text.sentence_counts(body, "en") == (4, 3, 0, 0)
    assert text.sentence_counts("Hi Ana, how are you?", "en")[1] == 0


@pytest.mark.parametrize(
    ("language", "request_text", "statement", "greeting"),
    [
        ("en", "Send me your CV.", "We build maps.", "Best regards,"),
        ("en", "Let me know what you think.", "The role is remote.", "Hello Ana,"),
        ("de", "Melde dich gerne bei mir.", "Wir bauen Karten.", "Viele Grüße"),
        ("fr", "N’hésitez pas à répondre.", "Nous faisons des cartes.", "Bonjour Anne,"),
        ("es", "¿Te interesa?", "Hacemos mapas.", "Un saludo"),
        ("ro", "Ce zici de o discuție?", "Facem hărți.", "Cu stimă"),
    ],
)
def test_tells_requests_from_statements_in_five_languages(
    language: str, request_text: str, statement: str, greeting: str
) -> None:
    found = text.sentence_counts(f"{greeting}\n{request_text}\n{statement}", language)
    assert (found[0], found[1], found[3]) == (3, 1, 1)


def test_without_rules_requests_are_unknown_and_questions_are_not() -> None:
    assert text.sentence_counts("Можно позвонить?", "ru") == (1, 0, 1, None)


def test_an_emoji_or_an_address_alone_is_no_sentence() -> None:
    assert text.sentence_counts("👍", "en") == (0, 0, 0, 0)
    assert text.sentence_counts("https://jobs.example/x?id=7", "en") == (0, 0, 0, 0)


def test_counts_stop_words_next_to_each_other() -> None:
    counts = text.count_words(pl.DataFrame({"body_hash": ["h"], "body": ["the the THE of; und"]}))
    assert (counts["stop_words_en"][0], counts["stop_words_de"][0]) == (4, 1)


def test_the_same_template_differs_only_in_name_numbers_and_links() -> None:
    one = template("Hi Ana,\nwe pay 100 k: https://a.example/1")
    assert one == template("Hi Ben Smith,\nwe pay 90 k: https://b.example/2")
    assert one != template("Hi Ana,\nwe offer 100 k: https://a.example/1")


def test_one_row_per_text_in_the_types_of_the_store() -> None:
    rows = [("a", "en", PLAIN, True), ("a", "ro", PLAIN, True), ("b", "en", "👍", False)]
    texts = pl.DataFrame(rows, schema=["body_hash", "language", "body", "is_opening"], orient="row")
    features = text.classify(texts)
    assert features.schema == pl.Schema(text.FEATURES)
    assert features["sentences"].to_list() == [3, 3, 0]
    assert features["flesch_reading_ease"].is_null().to_list() == [False, True, True]


def test_reads_only_the_readability_of_openings() -> None:
    texts = pl.DataFrame({"body_hash": ["a"], "language": ["en"], "body": [PLAIN], "is_opening": [False]})
    assert text.classify(texts)["flesch_reading_ease"].to_list() == [None]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_readability_is_textstats_own_on_plain_text(language: str) -> None:
    ours = text.readability(PLAIN, language)
    textstat.set_lang(language)
    assert ours == pytest.approx(textstat.flesch_reading_ease(PLAIN))


@pytest.mark.parametrize(
    ("body", "language"),
    [(PLAIN, "ro"), (PLAIN, "und"), ("", "en"), ("👍", "en"), ("https://jobs.example/x", "en"), ("12 34", "en")],
)
def test_no_readability_without_words_or_constants(body: str, language: str) -> None:
    assert text.readability(body, language) is None


def test_a_token_of_a_megabyte_takes_no_time() -> None:
    huge = "a" * 1_000_000
    texts = pl.DataFrame(
        {"body_hash": ["a", "b"], "language": ["en", "en"], "body": [huge, PLAIN], "is_opening": [True, True]}
    )
    text.classify(texts[1:])
    features = text.classify(texts)
    assert words(huge) == 1
    assert features["flesch_reading_ease"].is_null().to_list() == [True, False]


def test_textstat_forgets_the_texts_it_has_seen() -> None:
    texts = pl.DataFrame({"body_hash": ["a"], "language": ["en"], "body": [PLAIN], "is_opening": [True]})
    text.classify(texts)
    kept = {
        f"{name}.{attribute}": value.cache_info().currsize
        for name, module in list(sys.modules.items())
        if name.startswith("textstat.backend.") and ".utils." not in name
        for attribute, value in vars(module).items()
        if hasattr(value, "cache_info") and ".utils." not in value.__module__
    }
    assert len(kept) > 10
    assert {name: size for name, size in kept.items() if size} == {}


def test_the_rules_have_a_version() -> None:
    assert len(text.rule_version()) == 12
