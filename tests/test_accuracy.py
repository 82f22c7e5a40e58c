"""What `make accuracy` prints and writes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from random import Random

import polars as pl
import pytest

from flows.config import OpeningSettings
from flows.demo.people import STYLES
from flows.demo.world import invent_world
from flows.store import connect
from sql import kinds, sentences
from sql.frames import fetch, load_frame
from sql.measure import set_variables
from sql.reading import count_kinds
from sql.runner import load_macros
from tests import accuracy

KEYS = ["set", "lang", "target", "variant", "n", "positives", "precision", "recall", "f1", "f1_mark_only"]
GOLD = Path(__file__).parents[2] / "shared" / "gold"


def test_the_page_is_in_step_with_the_rules_and_the_held_out_sentences() -> None:
    page = accuracy.PAGE.read_text(encoding="utf-8")
    assert page.split(accuracy.PUBLIC)[0].strip() == accuracy.own_part().strip(), "run make accuracy"


def test_any_folder_of_labelled_files_gives_the_promised_records(tmp_path: Path) -> None:
    rows = {
        "lang": ["en", "en", "en", "ru", "ru"],
        "text": ["Are you there?", "send me your CV", "We pay well.", "Можно позвонить?", None],
        "ask_q": [1, 0, 0, 1, 1],
        "ask_any": [1, 1, 0, None, 1],
    }
    pl.DataFrame(rows).write_parquet(tmp_path / "small.parquet")
    pl.DataFrame({"text": ["no labels"]}).write_parquet(tmp_path / "other.parquet")
    pl.DataFrame({"text": ["Is it?"], "ask_q": [1]}).write_parquet(tmp_path / "without_language.parquet")
    records = list(accuracy.on_public_data(tmp_path))
    assert [list(record) for record in records] == [KEYS] * len(records)
    found = {(r["set"], r["lang"], r["target"], r["variant"]): r for r in records}
    assert len(found) == len(records) == 10
    given = found["small", "en", "question", "given"]
    assert (given["n"], given["positives"], given["f1"], given["f1_mark_only"]) == (3, 1, 1.0, 1.0)
    assert found["small", "en", "question", "noq"]["f1"] == 1.0
    assert found["small", "en", "question", "noq"]["f1_mark_only"] == 0.0
    assert found["small", "en", "request", "given"]["f1"] == 1.0
    assert (found["small", "ru", "question", "given"]["n"], found["small", "ru", "request", "given"]["n"]) == (1, 0)
    assert found["without_language", "und", "question", "given"]["f1"] == 1.0
    assert json.loads(json.dumps(given)) == given


@pytest.mark.gold
@pytest.mark.skipif(not GOLD.is_dir(), reason="the labelled public data is not here; see `make accuracy`")
def test_grammar_pays_where_marks_are_missing_and_costs_little_where_they_are_not() -> None:
    found = {(r["set"], r["lang"], r["target"], r["variant"]): r for r in accuracy.on_public_data(GOLD)}
    for name, language in (("gum_sentences", "en"), ("xdailydialog", "en"), ("xdailydialog", "de")):
        given, missing = (found[name, language, "question", variant] for variant in ("given", "noq"))
        assert given["f1"] >= given["f1_mark_only"]
        assert missing["f1"] > 0.65
    assert found["parakweet", "en", "request", "given"]["f1"] > 0.70


def test_the_styles_of_the_invented_world_are_recognised() -> None:
    """Its texts come from sentence banks that were written before any rule."""
    world = invent_world(Random(7), 1500, date(2026, 11, 15))
    openings = [
        (approach.language, message.body, approach.style)
        for thread in world.threads
        for approach in thread.approaches
        for message in thread.messages
        if message.at == approach.started_at and message.by_recruiter and not approach.by_note
    ]
    texts = pl.DataFrame(openings, ["language", "body", "style"], orient="row").with_row_index("text_no")
    with connect() as connection:
        load_macros(connection)
        set_variables(connection, OpeningSettings().model_dump())
        load_frame(connection, "counted", texts.join(count_kinds(kinds.classify(sentences.split(texts))), on="text_no"))
        found = fetch(
            connection,
            """
            select language, style, opening_style(
                tell_offer_sentences, sentences - social_sentences, offers_before_ask, last_kind) as found
            from counted
            """,
        )
    agreement = found.group_by("language", "style").agg(pl.len(), right=(pl.col("found") == pl.col("style")).mean())
    assert agreement.height == 3 * len(STYLES)
    assert agreement.filter(pl.col("right") < 0.75).is_empty(), agreement
    assert (found["found"] == found["style"]).mean() > 0.95  # type: ignore[operator]
