"""The rules of one language: word lists and phrases in a data file, compiled to regular expressions."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEXICONS = Path(__file__).parent / "lexicons"
LANGUAGE_FILES = "??.toml"
FREQUENT = LEXICONS / "frequent"
QUESTIONS = LEXICONS / "questions.toml"

CUES = (
    "greeting",
    "pleasantry",
    "social",
    "closing",
    "boilerplate",
    "question",
    "indirect",
    "request",
    "permission",
    "rhetorical",
    "process",
    "open",
    "closed",
    "other",
    "offer",
    "self",
    "topic",
    "reflect",
)
"""What a phrase can hint at; every language file has a list of each."""

_WORD = "[^ ,?]"
_UNIT = re.compile(r"[()\[\]|$]|[^\s()\[\]|$]+")
_GLUED = re.compile(r"[^\s()\[\]|][(\[]|[)\]][^\s()\[\]|$]")
_CLASS = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Lexicon:
    """One language's rules: `phrases` a pattern each, `cues` the one pattern of all of a cue, over normal forms;
    `you` and `we` are patterns of words, over sentences as written."""

    language: str
    stop_words: tuple[str, ...]
    stemmer: str
    you: str
    we: str
    phrases: dict[str, tuple[str, ...]]
    cues: dict[str, str]
    frequent: frozenset[str]
    version: str

    def deciding_words(self, cue: str, normal: str) -> tuple[int, str] | None:
        """Which phrase of a cue (1, 2, ... in the file) a sentence in normal form meets first, and in which words."""
        for number, rule in enumerate(self.phrases[cue], 1):
            if found := re.search(rule, normal):
                return number, found.group().strip(" ,")
        return None


@cache
def lexicons() -> dict[str, Lexicon]:
    """Every language that has rules: ISO 639-1 code -> lexicon."""
    return {path.stem: read_lexicon(path) for path in sorted(LEXICONS.glob(LANGUAGE_FILES))}


@cache
def question_cues() -> dict[str, str]:
    """Languages without other rules, but with questions by grammar: ISO 639-1 code -> pattern."""
    content = tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))
    return {
        language: "|".join(compile_phrase(phrase, {}) for phrase in phrases["question"])
        for language, phrases in content.items()
    }


def read_lexicon(path: Path) -> Lexicon:
    """The lexicon in one file. Raises ValueError naming the file and the table that is missing or not known."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    words = {"stop_words", "stemmer", "you", "we", "everyday"}
    expected = {*words, "classes", *CUES}
    if wrong := expected ^ content.keys():
        raise ValueError(f"{path.name}: missing or unknown: {', '.join(sorted(wrong))}")
    classes = {name: "|".join(entries) for name, entries in content["classes"].items()}
    phrases = {cue: tuple(compile_phrase(phrase, classes) for phrase in content[cue]) for cue in CUES}
    listed = FREQUENT / f"{path.stem}.txt"
    frequent = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    return Lexicon(
        language=path.stem,
        stop_words=tuple(content["stop_words"]),
        stemmer=content["stemmer"],
        you=_any_word(content["you"]),
        we=_any_word(content["we"]),
        phrases=phrases,
        cues={cue: "|".join(rules) for cue, rules in phrases.items()},
        frequent=frozenset([*content["everyday"], *(word for word in frequent if not word.startswith("#"))]),
        version=hashlib.sha256(json.dumps([content, frequent], sort_keys=True).encode()).hexdigest()[:12],
    )


def _any_word(words: list[str]) -> str:
    """A word with a capital is matched as written (German "Sie"), others in any letter case."""
    exact = [re.escape(word) for word in words if word != word.lower()]
    others = [re.escape(word).replace("'", "['’]") for word in words if word == word.lower()]
    return r"\b(?:" + "|".join([f"(?i:{'|'.join(others)})", *exact]) + r")\b"


def compile_phrase(phrase: str, classes: dict[str, str]) -> str:
    """The regular expression of a phrase, for Rust's engine and Python's, over sentences in normal form.

    `word~` any ending · `*` any one word · `..` up to three words · `(a|b c)` one of · `[a|b]` perhaps ·
    `{class}` one of a class of the file · a leading `^` the sentence's start, a leading `,` a clause's start,
    `$` the sentence's end. Raises ValueError for brackets that do not match or touch a word.
    """
    text = _CLASS.sub(lambda found: f"({classes[found[1]]})", phrase)
    start = {"^": "^ ", ",": "(?:^|,) "}.get(text[0], " ")
    text = text if start == " " else text[1:]
    if _GLUED.search(text):
        raise ValueError(f"a bracket touches a word: {phrase}")
    units = iter(_UNIT.findall(text))
    compiled = start + _alternatives(units)
    if next(units, None) is not None or text.count("(") + text.count("[") != text.count(")") + text.count("]"):
        raise ValueError(f"brackets do not match: {phrase}")
    return compiled


def _alternatives(units: Iterator[str]) -> str:
    """Consumes units up to the closing bracket (or the end); every word brings the space behind it."""
    found = ""
    for unit in units:
        match unit:
            case ")" | "]":
                break
            case "(":
                found += f"(?:{_alternatives(units)})"
            case "[":
                found += f"(?:{_alternatives(units)})?"
            case "|":
                found += "|"
            case "$":
                found += "(?:[,?] )*$"
            case "..":
                found += f"(?:{_WORD}+ ){{0,3}}"
            case "*":
                found += f"{_WORD}+ "
            case _:
                found += re.escape(unit).replace("\\~", f"{_WORD}*").replace("\\-", "-") + " "
    return found
