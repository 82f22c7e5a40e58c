"""How fast texts are read, beside textstat and plain Python: `python -m tests.bench_text [--messages N] [--json FILE]`.

Every message is an opening of a corpus made up here, half of them also take up a turn. In one process and in turns:
(t) `sql.reading` over the distinct bodies, (a) textstat's Flesch reading ease alone over every message, (b) the plain
Python of the tests over every message, its memory emptied before. Only ratios are worth comparing between machines.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import duckdb
import polars as pl
import textstat
from textstat.backend.utils import get_pyphen

from flows.demo.people import TECHNOLOGIES, company_name, pick
from flows.demo.texts import BANKS, MONTHS
from sql.frames import fetch, load_frame
from sql.lexicon import lexicons
from sql.load import LOAD
from sql.readability import READABLE_LANGUAGES, forget_texts, use_our_dictionary
from sql.reading import FEATURES, TEXTS_PER_BATCH, classify_texts, count_texts, weigh_texts
from tests import plain_reading

SAMPLES = Path(__file__).parent / "samples" / "sentences"
DUPLICATES = (0.0, 0.3, 0.6)
ROUNDS = 5
WORDS_A_MESSAGE = 60
RANDOM_WORDS = 0.005
BANK_PARTS = (
    "intro", "company", "role", "stack", "pay", "benefits", "place", "close_ask", "close_tell", "observation", "curious",
    "permission", "about_me", "short_offer",
)  # fmt: skip

Message = tuple[str, str, bool]


def corpus(n_messages: int, duplicates: float, rng: Random) -> list[Message]:
    """`body, language, takes_up`; a share of the messages repeats an earlier one word for word."""
    said = {language: sentences(language) for language in lexicons()}
    languages = sorted(said)
    fresh = [invented(rng, language, said[language]) for language in rng.choices(languages, k=n_messages)]
    kept = fresh[: max(1, round(n_messages * (1 - duplicates)))]
    found = kept + rng.choices(kept, k=n_messages - len(kept))
    rng.shuffle(found)
    return found


def sentences(language: str) -> list[str]:
    """Those we learned from, and those of the invented world where it speaks the language."""
    lines = (SAMPLES / f"{language}.development.tsv").read_text(encoding="utf-8").splitlines()[1:]
    bank = BANKS.get(language)
    return [line.split("\t")[4] for line in lines] + [s for part in BANK_PARTS if bank for s in getattr(bank, part)]


def invented(rng: Random, language: str, said: list[str]) -> Message:
    """A greeting, sentences in paragraphs and sometimes a list, a signature; one word in 200 was never seen before."""
    tech, tech2, tech3 = rng.sample(TECHNOLOGIES, 3)
    facts = {"first": made_up(rng).capitalize(), "me": pick(rng, ("Sam", "Ana", "Jonas")), "tech": tech, "tech2": tech2}
    facts |= {"tech3": tech3, "company": company_name(rng), "past": company_name(rng), "city": "Berlin", "slug": "a-1"}
    facts |= {"salary": f"{rng.randrange(50, 150)}k EUR", "domain": "logistics", "month": pick(rng, MONTHS["en"])}
    facts |= {name: str(rng.randrange(2, 400)) for name in "nmkd"}
    bank = BANKS.get(language, BANKS["en"])
    body = pick(rng, bank.greetings).format_map(facts) + "\n\n"
    wanted = rng.randint(WORDS_A_MESSAGE - 35, WORDS_A_MESSAGE + 5)
    while len(body.split()) < wanted:
        sentence = rng.choice(said)
        sentence = sentence.format_map(facts) if "{" in sentence else sentence
        words = [made_up(rng) if rng.random() < RANDOM_WORDS else word for word in sentence.split(" ")]
        body += " ".join(words) + pick(rng, (" ", " ", " ", "\n", "\n\n", "\n- "))
    return f"{body}\n\n{pick(rng, bank.sign_offs).format_map(facts)}", language, rng.random() < 0.5


def made_up(rng: Random) -> str:
    return "".join(rng.choice("bcdfglmnprstv") + rng.choice("aeiou") for _ in range(rng.randint(2, 5)))


def by_talkshare(messages: list[Message]) -> list[dict[str, pl.DataFrame]]:
    """The tables of every batch: hashing and telling bodies apart is part of the work, as in a run."""
    with duckdb.connect() as connection:
        frame = pl.DataFrame(messages, schema=["body", "language", "takes_up"], orient="row")
        load_frame(connection, "messages", frame)
        texts = fetch(
            connection,
            """
            select
                left(sha256(body), 32) as body_hash, language, any_value(body) as body, bool_or(takes_up) as takes_up,
                bool_or(takes_up) as is_taken_up
            from messages
            group by body_hash, language
            order by language, body_hash
            """,
        )
    batches = texts.iter_slices(TEXTS_PER_BATCH)
    return [
        {"texts": batch} | count_texts(batch.unique("body_hash")) | classify_texts(batch) | weigh_texts(batch)
        for batch in batches
    ]


def by_textstat(messages: list[Message]) -> list[float]:
    """Languages it has no constants for are scored with the English ones."""
    use_our_dictionary()
    scores = []
    for body, language, _ in messages:
        textstat.set_lang(language if language in READABLE_LANGUAGES else "en")
        scores.append(textstat.flesch_reading_ease(body))
    forget_texts()
    return scores


def by_plain_python(messages: list[Message]) -> list[plain_reading.Text]:
    plain_reading.forget()
    return [plain_reading.read(body, language, takes_up) for body, language, takes_up in messages]


METHODS: dict[str, Callable[[list[Message]], Any]] = {
    "talkshare": by_talkshare,
    "textstat": by_textstat,
    "plain python": by_plain_python,
}


def differing(messages: list[Message]) -> int:
    """How many distinct messages talkshare and plain Python do not read alike."""
    by_text = {
        (body, language): (read, takes_up)
        for (body, language, takes_up), read in zip(messages, by_plain_python(messages), strict=True)
    }
    n_wrong = 0
    for read in by_talkshare(messages):
        found: dict[str, dict[tuple[str, str | None], list[dict[str, Any]]]] = {}
        for name, table in read.items():
            for row in table.to_dicts():
                found.setdefault(name, {}).setdefault((row["body_hash"], row.get("language")), []).append(row)
        for row in read["texts"].to_dicts():
            text, takes_up = by_text[row["body"], row["language"]]
            key = (row["body_hash"], row["language"])
            [features], [load] = found["text_features"][key], found["text_load"][key]
            [counts] = found["text_counts"][row["body_hash"], None]
            rows = sorted(found.get("text_sentences", {}).get(key, []), key=lambda row: row["sentence_no"])
            n_wrong += (
                {name: features[name] for name in FEATURES} != text.features
                or {name: load[name] for name in LOAD} != text.load
                or (counts["words"], counts["chars"]) != text.counts[:2]
                or [row["words"] for row in rows] != list(text.sentence_words)
                or (takes_up and [row["rule"] for row in rows] != [sentence.rule for sentence in text.sentences])
                or [row["words"] for row in found.get("text_words", {}).get(key, [])]
                != [text.words] * (text.words is not None)
                or any(
                    n != sum(row["n"] for row in found.get("text_stop_words", {}).get((row["body_hash"], language), []))
                    for language, n in text.counts[2].items()
                )
            )
    return n_wrong


def forget_words() -> None:
    """pyphen keeps every word; a run meets its words for the first time."""
    for language in READABLE_LANGUAGES:
        get_pyphen(language).hd.cache.clear()


def seconds(method: Callable[[list[Message]], Any], messages: list[Message]) -> float:
    forget_words()
    gc.collect()
    start = perf_counter()
    method(messages)
    return perf_counter() - start


def measured(messages: list[Message]) -> dict[str, Any]:
    """Medians of rounds in which the methods take turns, after one that compares the readings and warms all up."""
    n_wrong = differing(messages)
    by_textstat(messages[:500])
    rounds: dict[str, list[float]] = {name: [] for name in METHODS}
    for number in range(ROUNDS):
        names = list(METHODS)
        for name in names[number % 3 :] + names[: number % 3]:
            rounds[name].append(seconds(METHODS[name], messages))
    medians = {name: statistics.median(found) for name, found in rounds.items()}
    return {
        "messages": len(messages),
        "distinct": len({message[:2] for message in messages}),
        "words_a_message": round(statistics.mean(len(message[0].split()) for message in messages), 1),
        "differing": n_wrong,
        "textstat / talkshare": round(medians["textstat"] / medians["talkshare"], 2),
        "plain python / talkshare": round(medians["plain python"] / medians["talkshare"], 2),
        "messages a second": {name: round(len(messages) / median) for name, median in medians.items()},
        "seconds": {name: [round(second, 3) for second in found] for name, found in rounds.items()},
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How fast texts are read, beside textstat and plain Python.")
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--json", type=Path, help="write every figure there")
    options = parser.parse_args(arguments)
    rows = {}
    print("duplicates  distinct  textstat/talkshare  plain python/talkshare   messages a second (t, a, b)")
    for duplicates in DUPLICATES:
        row = measured(corpus(options.messages, duplicates, Random(round(100 * duplicates))))
        rows[f"{duplicates:.0%}"] = row
        speeds = ", ".join(f"{speed:,}" for speed in row["messages a second"].values())
        print(
            f"{duplicates:>9.0%}{row['distinct']:>10,}{row['textstat / talkshare']:>20.2f}"
            f"{row['plain python / talkshare']:>24.2f}   {speeds}"
            + (f"   {row['differing']} messages read differently" if row["differing"] else ""),
            flush=True,
        )
    if options.json:
        about = {"python": platform.python_version(), "polars": pl.__version__, "languages": list(lexicons())}
        options.json.write_text(json.dumps(about | {"corpora": rows}, indent=2) + "\n", encoding="utf-8")
    return int(any(row["differing"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
