"""Reference numbers of others, reproduced through the whole pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gold_relations import relations
from tests.reproduce_gold import TOLERANCE, reproduce

GOLD = Path(__file__).parent.parent.parent / "shared" / "gold"


@pytest.mark.gold
@pytest.mark.skipif(not GOLD.is_dir(), reason="the labelled public data is not here; see `make reproduce`")
def test_reference_numbers_of_annotated_dialogues_are_reproduced(tmp_path: Path):
    rows = reproduce(GOLD, tmp_path)
    assert len(rows) == 5
    for name, metric, rho, n, reference, reference_n in rows:
        assert (name, metric, n) == (name, metric, reference_n)
        assert rho == pytest.approx(reference, abs=TOLERANCE), (name, metric)


@pytest.mark.gold
@pytest.mark.skipif(not GOLD.is_dir(), reason="the labelled public data is not here; see `make reproduce`")
def test_what_goes_with_what_in_public_data_is_said_as_others_found_it():
    found = relations(GOLD)
    verdicts = {pair: row["verdict"] for pair, row in found.items()}
    assert {pair[1]: verdicts[pair] for pair in verdicts if pair[0] == "PersuasionForGood"} == {
        "talk_share": "no difference seen",
        "first_message_words": "no difference seen",
        "questions": "no difference seen",
    }
    requests, asks = found["RAOP", "words"], found["mailing list", "asks"]
    assert requests["verdict"] == "higher"
    assert requests["rho"] == pytest.approx(0.131, abs=TOLERANCE)
    assert asks["verdict"] == "higher"
    assert 0 < asks["difference_low"] < asks["difference"]
    assert 0 < asks["adjusted_low"] < asks["adjusted_difference"]
