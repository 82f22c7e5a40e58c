"""Near-duplicate families of first messages: equal to comparing every pair, whatever the order of rows."""

from __future__ import annotations

import re
from itertools import combinations
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sql import families
from sql.lexicon import lexicons

WORDS = [first + second for first in "bdfgklmn" for second in "aeiou"]
PITCH = (
    "I saw your work at the library and thought of a team in our city that builds tools for doctors, would you be open "
    "to hear more about it next week or is this not the right moment for you to look around at all"
)
STOP_WORDS = frozenset(word for lexicon in lexicons().values() for word in lexicon.stop_words)


def found(bodies: list[str]) -> pl.DataFrame:
    return families.families(pl.DataFrame({"body_hash": [f"{n:04d}" for n in range(len(bodies))], "body": bodies}))


def n_families(*bodies: str) -> int:
    return found(list(bodies))["family_id"].n_unique()


def plain_shingles(body: str) -> frozenset[tuple[str, ...]]:
    """For texts of ASCII words without addresses: the rules again, word by word."""
    first_line = re.match(r"(\w+(?: \w+){0,3}?)[,!\n]", body)
    names: set[str] = set()
    if first_line:
        body = body[first_line.end() :]
        names = {word for word in first_line[1].split() if word != word.lower() and word.lower() not in STOP_WORDS}
    words = ["_" if word in names else word.lower() for word in re.findall(r"\w+", body)]
    return frozenset(tuple(words[n : n + 5]) for n in range(max(1, len(words) - 4)))


def plain_families(texts: dict[str, str]) -> dict[str, tuple[str, int, float]]:
    sets = {key: plain_shingles(body) for key, body in texts.items()}
    family = {key: {key} for key in sets}
    for one, other in combinations(sets, 2):
        if 5 * len(sets[one] & sets[other]) >= 4 * len(sets[one] | sets[other]):
            joined = family[one] | family[other]
            family.update(dict.fromkeys(joined, joined))
    return {
        key: (
            min(family[key]),
            len(family[key]),
            sum(all(shingle not in sets[other] for other in sets if other != key) for shingle in mine) / len(mine),
        )
        for key, mine in sets.items()
    }


def as_dict(frame: pl.DataFrame) -> dict[str, tuple[str, int, float]]:
    return {key: (family, n, share) for key, family, n, share in frame.iter_rows()}


@st.composite
def near_copies(draw: st.DrawFn) -> dict[str, str]:
    """A few bases, most texts a base with some words put in, taken out or replaced."""
    rng = Random(draw(st.integers(0, 2**32)))
    bases = [rng.choices(WORDS, k=rng.choice([0, 2, 4, 5, 6, 12, 25, 60])) for _ in range(draw(st.integers(1, 4)))]
    texts = {}
    for n in range(draw(st.integers(1, 40))):
        words = list(rng.choice(bases))
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5])):
            place = rng.randrange(len(words) + 1)
            words[place : place + rng.choice([0, 1, 1, 4])] = rng.choices(
                [*WORDS[:6], "Ana"], k=rng.choice([0, 1, 1, 2])
            )
        greeting = rng.choice(["", "Hi Ana, ", "Dear Ana Will\n", "we saw Ana! "])
        texts[f"{rng.randrange(10**9):09d}{n}"] = greeting + " ".join(words)
    return texts


@settings(max_examples=150)
@given(near_copies(), st.randoms(use_true_random=False))
def test_finds_what_comparing_every_pair_finds_in_any_order_of_rows(texts: dict[str, str], rng: Random) -> None:
    rows = list(texts.items())
    rng.shuffle(rows)
    frame = families.families(pl.DataFrame(rows, schema=["body_hash", "body"], orient="row"))
    assert as_dict(frame) == plain_families(texts)
    assert frame["body_hash"].is_sorted()


def test_finds_the_same_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(4)
    texts = {}
    for n in range(300):
        words = PITCH.split()
        for _ in range(n % 4):
            words[rng.randrange(len(words))] = rng.choice(WORDS)
        texts[f"{n:03d}"] = " ".join(words).replace(",", "")
    for name, size in {"TEXTS_PER_BATCH": 7, "PAIRS_PER_BATCH": 50, "PAIRS_COMPARED_AT_ONCE": 3}.items():
        monkeypatch.setattr(families, name, size)
    frame = families.families(pl.DataFrame({"body_hash": list(texts), "body": list(texts.values())}))
    assert as_dict(frame) == plain_families(texts)
    assert frame["family_id"].n_unique() > 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"Hi Ana,\n{PITCH}", f"Hello Ben Smith!\n{PITCH}"),
        (f"Hi Ana\n{PITCH}", f"Guten Tag Frau Müller – {PITCH}"),
        (f"Hi Ana, {PITCH}, Ana? So, Ana, do write, Ana", f"Hi Ben, {PITCH}, Ben? So, Ben, do write, Ben"),
        (f"{PITCH} https://a.example/1", f"{PITCH} www.b.example"),
        (f"We pay 90,000 to 100 000 €. {PITCH}", f"We pay 85.500 to 1 €. {PITCH}"),
        ("You’re needed 👍 now", "you're NEEDED... now"),
        ("Hi Ana!", "Hallo Ben,"),
    ],
)
def test_copies_differ_in_name_numbers_links_case_and_marks(one: str, other: str) -> None:
    assert found([one, other])["own_text_share"].to_list() == [0, 0]
    assert n_families(one, other) == 1


def test_a_name_that_is_also_a_word_hides_only_what_is_written_like_the_name() -> None:
    assert n_families(f"Hi Mark,\n{PITCH}, mark my words", f"Hi Ana,\n{PITCH}, mark my words") == 1
    assert found([f"Hi Will,\n{PITCH}. Will you?", f"Hi Ana,\n{PITCH}. Will you?"])["own_text_share"].sum() == 0


def test_texts_are_one_family_from_four_fifths_of_their_shingles_on() -> None:
    shared = " ".join(WORDS[:12])
    assert n_families(shared, f"{shared} {WORDS[20]} {WORDS[21]}") == 1
    assert n_families(shared, f"{shared} {WORDS[20]} {WORDS[21]} {WORDS[22]}") == 2


def test_a_family_is_a_chain_of_neighbours() -> None:
    bodies = [" ".join(WORDS[start : start + 24]) for start in (0, 2, 4, 6)]
    assert found(bodies)["n_family"].to_list() == [4, 4, 4, 4]
    assert n_families(bodies[0], bodies[3]) == 2


def test_a_family_is_named_by_its_smallest_hash() -> None:
    frame = families.families(pl.DataFrame({"body_hash": ["c", "b", "a"], "body": [PITCH, PITCH + " ", "Hello there"]}))
    assert frame.rows() == [("a", "a", 1, 1.0), ("b", "b", 2, 0.0), ("c", "b", 2, 0.0)]


def test_own_text_is_what_no_other_text_says() -> None:
    common, own = " ".join(WORDS[:10]), " ".join(WORDS[10:14])
    assert found([common, f"{common} {own}"])["own_text_share"].to_list() == [0, 0.4]


def test_a_text_of_a_few_words_is_one_shingle() -> None:
    assert n_families("are you open", "Are you open?", "are you", "open you are") == 3


def test_a_script_without_spaces_is_compared_by_character() -> None:
    assert (
        n_families(
            "您好，我们正在寻找一位有经验的后端工程师加入团队", "您好，我们正在寻找一位有经验的后端工程师加入团队吗"
        )
        == 1
    )
    assert (
        n_families("您好，我们正在寻找一位有经验的后端工程师加入团队", "您好，请问您最近有没有考虑过新的工作机会呢")
        == 2
    )


def test_no_texts_are_no_families() -> None:
    frame = families.families(pl.DataFrame(schema={"body_hash": pl.String, "body": pl.String}))
    assert frame.schema == {
        "body_hash": pl.String, "family_id": pl.String, "n_family": pl.Int64, "own_text_share": pl.Float64,
    }  # fmt: skip
