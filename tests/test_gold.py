"""Reference numbers of others, reproduced through the whole pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

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
