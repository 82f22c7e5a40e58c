"""A short form of `make fuzz`, and the drawing by Hypothesis that makes a failing input small."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import DAMAGES, TARGETS, Recipe, Tally, fuzz, try_one

INPUTS = 1_600
CHECKED = {"messages CSV, TSV": 1, "LinkedIn messages": 1, "outcomes CSV": 1}
STEPS = st.tuples(st.integers(0, len(DAMAGES) - 1), st.floats(0, 1, exclude_max=True), st.integers(0, (1 << 16) - 1))
RECIPES = st.builds(Recipe, st.integers(0, (1 << 16) - 1), st.lists(STEPS, max_size=6).map(tuple))


@pytest.mark.parametrize("name", list(TARGETS))
def test_damaged_inputs_are_refused_in_a_clear_sentence_or_read_without_losing_a_row(name: str) -> None:
    inputs = INPUTS * TARGETS[name].share // 1000
    tally = fuzz(name, inputs, seed=20260101, checked=CHECKED.get(name, 0))
    assert tally.findings == []
    assert (tally.inputs, tally.read + tally.refused) == (inputs, inputs)
    assert tally.read > 0
    assert tally.rows_in == tally.rows_kept + tally.rows_set_aside + tally.rows_excluded


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(TARGETS)), recipe=RECIPES)
def test_no_recipe_of_damage_is_a_finding(tmp_path: Path, name: str, recipe: Recipe) -> None:
    tally = Tally()
    try_one(TARGETS[name], recipe, tmp_path / "in", tally)
    assert tally.findings == []


def test_a_reader_that_loses_a_row_or_quotes_a_text_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.readers import tables
    from flows.readers.delimited import read_csv
    from schemas.errors import InputError

    def losing(data: bytes, known: object) -> object:
        sheet = read_csv(data, known)  # type: ignore[arg-type]
        return type(sheet)(sheet.frame.tail(-1), sheet.row_no.tail(-1), sheet.set_aside, sheet.warnings)

    def quoting(data: bytes, known: object) -> object:
        raise InputError(f"cannot read {data[-300:]!r}")

    whole = Recipe(0, ())
    for reader, said in ((losing, "row numbers are not"), (quoting, "quotes a text"), (None, "TypeError")):
        monkeypatch.setattr(tables, "read_csv", reader)
        tally = Tally()
        try_one(TARGETS["messages CSV, TSV"], whole, tmp_path / "in", tally)
        if reader is None:
            # What a reader dies of is a refusal that tells its kind.
            assert (tally.refused, tally.findings) == (1, [])
        else:
            assert said in tally.findings[0]
