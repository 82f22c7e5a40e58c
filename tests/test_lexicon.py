"""The phrases of the rule files, and what a file must have."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from sql.lexicon import CUES, LANGUAGE_FILES, LEXICONS, compile_phrase, lexicons, read_lexicon


def meets(phrase: str, normal: str, **classes: str) -> bool:
    pattern = compile_phrase(phrase, classes)
    in_rust = bool(pl.select(pl.lit(normal).str.contains(pattern)).item())
    assert in_rust == bool(re.search(pattern, normal)), "both engines read a phrase alike"
    return in_rust


@pytest.mark.parametrize(
    ("phrase", "normal", "expected"),
    [
        ("let (me|us) know", " please let me know ", True),
        ("let (me|us) know", " outlet me know ", False),
        ("let [me] know", " let know ", True),
        ("let * know", " let him know ", True),
        ("let * know", " let , know ", False),
        ("let .. know", " let us all please know ", True),
        ("let .. know", " let us all please then know ", False),
        ("recruit~", " the recruiting team ", True),
        ("^are you", " are you ", True),
        ("^are you", " so are you ", False),
        (",are you", " ana , are you ", True),
        (",are you", " ana are you ", False),
        ("right $", " you are right ? ", True),
        ("right $", " right you are ", False),
        ("(a b|c [d]) e", " c e ", True),
        ("(a b|c [d]) e", " c d e ", True),
        ("(how (are|is)|who) you", " how is you ", True),
        ("c++", " c++ ", True),
        ("({verb}) me", " call me ", True),
    ],
)
def test_a_phrase_means_what_the_head_of_the_file_says(phrase: str, normal: str, expected: bool) -> None:
    assert meets(phrase, normal, verb="call|send") is expected


@pytest.mark.parametrize("phrase", ["what('s|s)", "(a|b", "a) b", "[a"])
def test_a_phrase_with_wrong_brackets_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        compile_phrase(phrase, {})


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ro"])
def test_every_language_has_every_cue_and_a_fixed_frequency_list(language: str) -> None:
    lexicon = lexicons()[language]
    assert set(lexicon.cues) == set(CUES)
    assert all(lexicon.phrases[cue] for cue in CUES)
    assert len(lexicon.frequent) > 1_000


def test_every_pattern_is_understood_by_both_engines() -> None:
    for lexicon in lexicons().values():
        for pattern in (*lexicon.cues.values(), lexicon.you, lexicon.we):
            re.compile(pattern)
            assert pl.select(pl.lit(" ").str.contains(pattern)).item() is not None


def test_a_file_without_a_cue_is_refused_by_name(tmp_path: Path) -> None:
    source = (LEXICONS / "en.toml").read_text(encoding="utf-8")
    path = tmp_path / "en.toml"
    path.write_text(source.replace("\npermission = [", "\npermision = ["), encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.toml: missing or unknown: permision, permission"):
        read_lexicon(path)


def test_only_language_files_are_languages() -> None:
    assert sorted(path.stem for path in LEXICONS.glob(LANGUAGE_FILES)) == sorted(lexicons())
    assert "technologies" not in lexicons()
