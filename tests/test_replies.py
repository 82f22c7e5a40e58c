"""Classes of replies: plain cases per language, the edges, and laws."""

from __future__ import annotations

import re

import polars as pl
import pytest

from sql.replies import CUES, DECISIONS, REPLY_CLASSES, reply_classes, reply_cues

SCHEMA = {"body_hash": pl.String, "language": pl.String, "body": pl.String}


def classes(*bodies: str | None, language: str | None = "en") -> list[tuple[str | None, bool | None]]:
    texts = pl.DataFrame([(str(number), language, body) for number, body in enumerate(bodies)], SCHEMA, orient="row")
    return reply_classes(texts).select("reply_class", "opted_out").rows()


@pytest.mark.parametrize(
    ("language", "interested", "declined", "other", "opted_out"),
    [
        ("en", "Yes, please send me the details.", "No thanks, not interested.", "Thanks!", "Please remove me from your list."),
        ("de", "Gerne, wann passt es Ihnen?", "Danke, aber kein Interesse.", "Vielen Dank!", "Bitte löschen Sie meine Daten."),
        ("fr", "Oui, avec plaisir.", "Non merci, je ne suis pas intéressé.", "Merci !", "Merci de ne plus me contacter."),
        ("es", "Me interesa, cuéntame más.", "No me interesa, gracias.", "¡Gracias!", "No me escribas más, por favor."),
        ("ro", "Da, sunt interesat.", "Nu, mulțumesc, nu sunt interesat.", "Mulțumesc!", "Nu mă mai contactați."),
    ],
)  # fmt: skip
def test_plain_replies(language: str, interested: str, declined: str, other: str, opted_out: str) -> None:
    assert classes(interested, declined, other, opted_out, language=language) == [
        ("interested", False), ("declined", False), ("other", False), ("declined", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("I'm happy where I am, but send me the details.", "interested"),
        ("I'm happy where I am. Thanks for thinking of me.", "declined"),
        ("Sounds interesting, but I'm not looking right now.", "declined"),
        ("I'm not actively looking. That said, could we talk on Tuesday?", "interested"),
        ("Not right now, but feel free to reach out in spring.", "declined"),
        ("What is the salary?", "interested"),
        ("If it's fully remote, I'd be happy to talk.", "interested"),
        ("Not interested. Good luck with the search!", "declined"),
    ],
)
def test_refusals_with_more_to_say(body: str, expected: str) -> None:
    assert classes(body) == [(expected, False)]


def test_accents_apostrophes_and_umlauts_may_be_missing() -> None:
    assert classes("dont contact me again") == classes("Don’t contact me again.")
    assert classes("Bin gluecklich hier, moechte nicht wechseln", language="de") == [("declined", False)]


def test_a_text_without_words_is_neither() -> None:
    assert classes("", " \n", "👍", "> yes, please") == [("other", False)] * 4


def test_unknown_is_not_no() -> None:
    assert classes("Nie, dziękuję", language="pl") == [(None, None)]
    assert classes("No thanks", language=None) == [(None, None)]
    assert classes(None) == [(None, None)]


def test_no_rows_give_no_rows() -> None:
    assert reply_classes(pl.DataFrame(schema=SCHEMA)).shape == (0, 5)


def test_every_row_keeps_its_place_and_company_changes_nothing() -> None:
    bodies = ["No thanks", "Yes, please", "No thanks", "Thanks!", "unsubscribe"]
    assert classes(*bodies) == [classes(body)[0] for body in bodies]


def test_an_opt_out_declines_whatever_else_is_said() -> None:
    for body in ("Yes, please send me the details.", "No thanks", "Thanks!"):
        assert classes(f"{body}\nRemove me from your list.") == [("declined", True)]


def test_every_language_has_every_cue_in_a_pattern_both_engines_read() -> None:
    assert set(reply_cues()) == {"en", "de", "fr", "es", "ro"}
    assert set(DECISIONS.values()) == set(REPLY_CLASSES)
    for cues in reply_cues().values():
        assert set(cues) == set(CUES)
        for pattern in cues.values():
            assert not re.search(pattern, "  ")
            assert pl.Series([" "]).str.contains(pattern).to_list() == [False]
