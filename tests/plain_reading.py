"""What `sql.reading` reads in one text, once more in plain Python: what the frames must agree with, and must outrun.

Written as one would without frames: a text at a time, compiled patterns, the first rule that holds, and everything
that comes again (bodies, lines, sentences, words) remembered until `forget`.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sentencex

from sql.lexicon import LEXICONS, lexicons, question_cues
from sql.load import _spellings

KIND_OF_RULE = {
    "pleasantry": "social",
    "permission": "ask_permission",
    "rhetorical": "ask_rhetorical",
    "process": "ask_process",
    "open": "ask_open",
    "closed": "ask_closed",
    "social": "social",
    "demand": "ask_process",
    "question": "ask_closed",
    "other": "tell_other",
    "bullet": "tell_offer",
    "offer": "tell_offer",
    "self": "tell_self",
    "topic": "tell_offer",
    "name": "social",
    "rest": "tell_other",
    "signature": "social",
}
COUNTED_KINDS = (
    "ask_open", "ask_closed", "ask_permission", "ask_process", "ask_rhetorical", "tell_offer", "tell_self",
    "tell_other", "social",
)  # fmt: skip
COUNTED_BY_RULES = ("us_sentences", "you_words", "we_words", "offers_before_ask", "last_kind")
SCORED_LANGUAGES = ("en", "de", "fr", "es")

WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as Unicode and Rust have it; Python counts U+001C to U+001F too."""
MARKS = "[?\uff1f\u061f\u037e\u055e\u1367\u2047\u2048\u2049\u2e2e\ua60f\ufe16\ufe56]"
QUOTES = '"“”„«»‹›'
UNUSUAL = re.compile(
    "[^\x00-\x1b -\xb1´-\xb8º»¿-\u012f\u0132-\u017eȘșȚț\u2010-\u203e\u2041-\u2053\u2055-\u205e\u20a0-\u20c0"
    "\u2190-\u2426\u2500-\u2775\u2794-\u27bf\U0001f300-\U0001faff]"
)
"""Not among the characters for which Python's `\\s`, `\\b` and letter case mean what Rust's do, and which are few."""
UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e5b\u0e81-\u0ebd\u0ec0-\u0ece\u0ed0-\u0ed9\u0edc-\u0edf\u1000-\u109f\u1780-\u17dd"
    "\u17e0-\u17e9\u17f0-\u17f9\u19e0-\u19ff\u2e80-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u32d0-\u32fe\u3300-\u3357\u3400-\u4dbf"
    "\u4e00-\u9fff\ua9e0-\ua9fe\uaa60-\uaa7f\uf900-\ufa6d\ufa70-\ufad9\uff66-\uff9d\uff70\U00016fe2-\U00016fe3"
    "\U00016ff0-\U00016ff1\U0001aff0-\U0001b122\U0001b150-\U0001b167\U0001f200\U00020000-\U000323af]"
)
"""Han, kana, Thai, Lao, Khmer, Myanmar."""

Counts = tuple[int | None, int, dict[str, int]]
Alone = tuple[bool, bool, bool, bool | None, str | None, bool, bool, bool | None, bool | None, int | None, int | None]
Piece = tuple[str, bool, bool]
"""A sentence, whether its line begins like the item of a list, whether it is alone there."""


@dataclass(frozen=True)
class Sentence:
    """A sentence in its place, and what it does; all but the questions is None without rules for its language."""

    sentence: str
    has_mark: bool
    is_question: bool
    is_request: bool | None
    rule: str | None
    kind: str | None
    has_hint: bool | None
    is_of_you: bool | None
    has_you: bool | None
    you_words: int | None
    we_words: int | None


@dataclass(frozen=True)
class Patterns:
    """Patterns over one repertoire of characters; the names are those of the steps that use them."""

    address: re.Pattern
    letter_or_mark: re.Pattern
    letter_or_number: re.Pattern
    word: re.Pattern
    token: re.Pattern
    rare_token: re.Pattern
    line_break: re.Pattern
    wide_space: re.Pattern
    missing_space: re.Pattern
    emoji_end: re.Pattern
    sentence_end: re.Pattern
    quoted_question: re.Pattern
    bullet: re.Pattern
    bullets: re.Pattern
    name: re.Pattern
    dashed_name: re.Pattern
    ended: re.Pattern
    contraction: re.Pattern
    digits: re.Pattern
    pause: re.Pattern
    beside_words: re.Pattern
    number: re.Pattern
    money: re.Pattern
    range: re.Pattern
    any_number: re.Pattern
    between_units: re.Pattern
    first_name: re.Pattern
    white: re.Pattern
    boundary: str


@dataclass(frozen=True)
class Cues:
    """The compiled rules of one language."""

    says: dict[str, tuple[re.Pattern, ...]]
    greeting: re.Pattern
    you: tuple[re.Pattern, re.Pattern]
    of_you: tuple[re.Pattern, re.Pattern]
    we: tuple[re.Pattern, re.Pattern]


@dataclass(frozen=True)
class Text:
    """Everything that is read in one text."""

    counts: Counts
    sentences: tuple[Sentence, ...]
    features: dict[str, Any]
    sentence_words: tuple[list[str], ...]
    load: dict[str, Any]
    words: list[str] | None


@cache
def read(body: str, language: str, with_words: bool = True) -> Text:
    """Rare words, of single sentences and of those that tell together, are read only where they are wanted."""
    exact = UNUSUAL.search(body) is not None
    plain = without_addresses(body, exact)
    sentences = place(
        [
            (number, piece, alone(piece[0], piece[1], language, exact))
            for number, line in lines(plain, exact)
            for piece in split_line(line, language, exact)
        ]
    )
    worded = sentences if with_words and language in lexicons() else ()
    sentence_words = tuple(content_words(found.sentence, language, exact) for found in worded)
    told = [words for found, words in zip(worded, sentence_words, strict=True) if str(found.kind).startswith("tell_")]
    return Text(
        counts=count_words(body, plain, exact),
        sentences=sentences,
        features=count_kinds(sentences),
        sentence_words=sentence_words,
        load=information_load(body, plain, language, exact),
        words=sorted(set().union(*told)) if told else None,
    )


# --- characters and patterns -----------------------------------------------------------------------------------------


def character_class(characters: Iterable[str]) -> str:
    """The inside of a class of a regular expression, as ranges."""
    codes = sorted(map(ord, characters))
    known = set(codes)
    starts = [code for code in codes if code - 1 not in known]
    ends = [code for code in codes if code + 1 not in known]
    return "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in zip(starts, ends, strict=True))


@cache
def patterns(exact: bool) -> Patterns:
    """For all of Unicode, or for the usual characters alone, whose classes are small."""
    everything = map(chr, range(sys.maxunicode + 1))
    repertoire = [character for character in everything if exact or not UNUSUAL.match(character)]
    members: dict[str, list[str]] = {}
    for character in repertoire:
        members.setdefault(unicodedata.category(character), []).append(character)

    def category(*names: str) -> str:
        return character_class(c for key, found in members.items() if key.startswith(names) for c in found)

    letter, mark, digit = category("L"), category("M"), category("N")
    upper, lower, symbol, punctuation = category("Lu"), category("Ll"), category("S"), category("P")
    emoji = category("So")
    space = re.escape(WHITE) if exact else r"\s"
    # Circled letters are symbols and yet alphabetic, and joiners belong to words.
    circled = "\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189\u200c\u200d"
    in_word = letter + mark + category("Nd", "Nl", "Pc") + circled
    boundary = f"(?:(?<![{in_word}])(?=[{in_word}])|(?<=[{in_word}])(?![{in_word}]))" if exact else r"\b"
    bullet = (
        "^[ \\t]*(?:[-*•·▪▫◦‣∙●○■□◆◇★☆➤➔→»✓✔✅🔹🔸👉📍💰🚀⭐–—]|\\(?[0-9a-z]{1,2}[.)][" + space + "])"
        f"[{space}]*[{letter}{digit}€$£<+]"
    )
    ender = ".!?…。！？"
    codes = "EUR|USD|GBP|CHF|RON|PLN|SEK|NOK|DKK|CZK"
    names = "(?i:euros?|dollars?|pounds?|francs?|franken|lei|dólares|libras|francos)"
    b, n, s = boundary, f"[{digit}]", f"[{space}]"
    amount = f"{n}[{digit}.,'’]*"
    thousands = f"(?:(?:[kK]|Mio\\.?|mln|[Mm]illion(?:en|s|es)?){s}?)"
    currency = f"(?:[€$£]|(?:{codes}){b}|{names}{b})"
    capital = f"[{upper}][{letter}{mark}'’.\\-]*+"
    capitals = f"{capital}(?:{s}++{capital}){{0,2}}[{space}.,!{symbol}]*\\Z"
    sources = {
        "address": f"(?:https?://|www\\.)[^{space}<>]*[^{space}<>.,;:!)\\]]"
        f"|[^{space}<>@]{{1,64}}@[^{space}<>@]{{1,190}}\\.[^{space}<>@.,;:!?)]{{2,63}}",
        "letter_or_mark": f"[{letter}{digit}{MARKS[1:-1]}]",
        "letter_or_number": f"[{letter}{digit}]",
        "word": f"[{letter}{mark}{digit}]+(?:['’\\-][{letter}{mark}{digit}]+)*",
        "token": f"[{letter}{mark}]+(?:'[{letter}{mark}]+)*",
        "rare_token": f"[{letter}{mark}]{{3,}}",
        "line_break": "[\\r\\v\\f\\x1c\\x1d\\x1e\\x85\\u2028\\u2029]",
        "wide_space": "[ \\t]{2,}([" + upper + "])",
        "missing_space": f"([{lower}]{{2}}[.!?])([{upper}][{lower}]{{2}})",
        "emoji_end": f"([{letter}{digit}.,!?)] ?[{emoji}][{mark}{category('Sk')}{emoji}\u200d]*+){s}+([{upper}])",
        # One ender begins the run that all others of it belong to.
        "sentence_end": f"(?<![{ender}])[{ender}][{punctuation}{symbol}]*+{s}*+[^{space}{ender}{punctuation}{symbol}]",
        "quoted_question": f'(["“„«‹][^{QUOTES}]{{2,300}}){MARKS}+([^{QUOTES}]{{0,2}}["”“»›])',
        "bullet": bullet,
        "bullets": "(?m)" + bullet,
        "name": f"(?:[~–—]{s}*+|-)?{capitals}",
        "dashed_name": f"(?:[~–—]{s}*+|-){capitals}",
        "ended": f"[.!…。！:;—–-](?:[^{letter}{digit}]|\\[{n}+\\])*\\Z",
        "contraction": f"{s}'{s}(t|s|re|ve|ll|d|m){s}",
        "digits": f"{n}+(?:[.,:]{n}+)*",
        "pause": f'(?:[,;:()!¡¿…/|"“”„«»]|{s}[-–—]{s}|[–—])+',
        "beside_words": f"[^{letter}{mark}{digit}',?%+#&]+",
        "number": f"(?:^|[^{letter}{digit}]){n}+(?:[.,:'’]{n}+)*",
        "money": f"(?:[€$£]|{b}(?:{codes}){b}){s}?{amount}(?:{s}?[kK]{b})?"
        f"|{b}{amount}{s}?{thousands}?{currency}"
        f"|{b}{n}{{2,3}}{s}?[kK]{b}",
        "range": f"(?:^|[^€$£{letter}{digit}.,'’])(?:{amount}){s}?[-–—]{s}?{amount}{s}?(?:{thousands}?{currency}|[kK]{b})",
        "any_number": n,
        "between_units": f'[{space},;:!?()\\[\\]{{}}"“”„«»|…•*]+',
        "first_name": f"^{s}*[^{space}]+(?:{s}+[^{space}]+){{0,3}}?{s}*[,!:–-]",
        "white": f"{s}+",
    }
    return Patterns(**{name: re.compile(source) for name, source in sources.items()}, boundary=boundary)


@cache
def cues(language: str) -> Cues | None:
    """Phrases that begin alike are one alternation behind their beginning."""
    lexicon = lexicons().get(language)
    if lexicon is None:
        return None
    starts = {"^ ": "^ ", "(?:^|,) ": "(?:^ |, )", " ": " "}
    says = {}
    for cue, rules in lexicon.phrases.items():
        tails: dict[str, list[str]] = {}
        for rule in rules:
            start = next(start for start in starts if rule.startswith(start))
            tails.setdefault(start, []).append(rule.removeprefix(start))
        says[cue] = tuple(re.compile(f"{starts[start]}(?:{'|'.join(found)})") for start, found in tails.items())

    def words(pattern: str) -> tuple[re.Pattern, re.Pattern]:
        return re.compile(pattern), re.compile(pattern.replace(r"\b", patterns(True).boundary))

    of_you = words(rf"^(?:\w+,? ){{0,2}}{lexicon.you}")
    return Cues(says, re.compile(lexicon.cues["greeting"]), words(lexicon.you), of_you, words(lexicon.we))


# --- sentences -------------------------------------------------------------------------------------------------------


def without_addresses(body: str, exact: bool) -> str:
    if "://" in body or "www." in body or "@" in body:
        return patterns(exact).address.sub(" ", body)
    return body


def lines(plain: str, exact: bool) -> list[tuple[int, str]]:
    """Lines with their numbers; one that two spaces or an emoji part gives several. Quoted lines are left out."""
    found = patterns(exact)
    parted = []
    for number, line in enumerate(found.line_break.sub("\n", plain).split("\n")):
        text = line.strip(WHITE)
        if not text.startswith((">", "|")):
            text = found.missing_space.sub(r"\1 \2", found.wide_space.sub(r"\n\1", text))
            parted += [(number, part) for part in found.emoji_end.sub(r"\1\n\2", text).split("\n")]
    return parted


@cache
def split_line(line: str, language: str, exact: bool) -> tuple[Piece, ...]:
    """The sentences of a line or a part of one."""
    found = patterns(exact)
    line = without_quoted_questions(line.strip(WHITE), found)
    if not found.letter_or_mark.search(line):
        return ()
    is_bullet = found.bullet.match(line) is not None
    pieces = whole_names(sentencex.segment(language, line)) if found.sentence_end.search(line) else [line]
    sentences = [piece for piece in (piece.strip(WHITE) for piece in pieces) if found.letter_or_mark.search(piece)]
    return tuple((sentence, is_bullet, len(sentences) == 1) for sentence in sentences)


def whole_names(pieces: list[str]) -> list[str]:
    """The library parts " .NET" and "K.-o." behind a stop."""
    for at in range(len(pieces) - 1, 0, -1):
        before = pieces[at - 1]
        if before.endswith(" .") or (pieces[at].startswith("-") and not before[-1:].isspace()):
            pieces[at - 1 : at + 1] = [pieces[at - 1] + pieces[at]]
    return pieces


def without_quoted_questions(line: str, found: Patterns) -> str:
    if not any(quote in line for quote in QUOTES):
        return line
    if re.fullmatch(f'["“„«‹][^{QUOTES}]*["”“»›]?', line):
        return line
    return found.quoted_question.sub(r"\1.\2", line)


def normal_form(sentence: str, found: Patterns) -> str:
    text = sentence.lower()
    for apostrophe in "’ʼ`´":
        text = text.replace(apostrophe, "'")
    if "'" in text:
        text = found.contraction.sub(r"'\1 ", text)
    text = found.digits.sub("0", text).replace("€", " eur ").replace("$", " usd ").replace("£", " gbp ")
    text = re.sub(MARKS, " ? ", text)
    return f" {found.beside_words.sub(' ', found.pause.sub(' , ', text)).lstrip(' ,').rstrip(' ')} "


# --- rules -----------------------------------------------------------------------------------------------------------


@cache
def alone(sentence: str, is_bullet: bool, language: str, exact: bool) -> Alone:
    """`has_mark, is_ended, is_question, is_request, rule, is_outside, is_closing, has_hint, is_of_you, you_words, we_words`
    of a sentence wherever it stands."""
    found, rules = patterns(exact), cues(language)
    seen = sentence[:2_000]
    has_mark = "¿" in seen or re.search(MARKS, seen) is not None
    if rules is None:
        question = has_mark or (
            language in question_cues()
            and not is_ended(seen, found)
            and re.search(question_cues()[language], normal_form(seen, found)) is not None
        )
        return has_mark, is_ended(seen, found), question, None, None, False, False, None, None, None, None
    normal = normal_form(seen, found)
    core = rules.greeting.sub(" ", normal, count=1)
    question = has_mark or (says(rules, "question", core) and not is_ended(seen, found))
    is_closing = says(rules, "closing", normal)
    is_item = is_bullet and not found.dashed_name.match(sentence)
    rule, is_request = decide(core, question, is_closing, is_item, sentence, rules, found)
    # Python takes the Turkish letters for an "i" of another case.
    letters = sentence.replace("İ", "Ł").replace("ı", "ł") if exact else sentence
    return (
        has_mark,
        is_ended(seen, found),
        question,
        is_request,
        rule,
        says(rules, "boilerplate", core),
        is_closing,
        says(rules, "reflect", normal),
        rules.of_you[exact].search(letters) is not None,
        len(rules.you[exact].findall(letters)),
        len(rules.we[exact].findall(letters)),
    )


def says(rules: Cues, cue: str, normal: str) -> bool:
    return any(pattern.search(normal) for pattern in rules.says[cue])


def is_ended(sentence: str, found: Patterns) -> bool:
    return sentence[-1] in ".!…。！:;—–-" or found.ended.search(sentence) is not None


def decide(  # noqa: PLR0911
    core: str, question: bool, is_closing: bool, is_item: bool, sentence: str, rules: Cues, found: Patterns
) -> tuple[str, bool]:
    """The first rule that holds, and whether the sentence is a request."""
    for rule in ("pleasantry", "permission"):
        if says(rules, rule, core):
            return rule, False
    if question and says(rules, "rhetorical", core):
        return "rhetorical", False
    request = says(rules, "request", core) and not says(rules, "other", core)
    asks = question or request or says(rules, "indirect", core)
    if asks and says(rules, "process", core):
        return "process", True
    if asks:
        for rule in ("open", "closed"):
            if says(rules, rule, core):
                return rule, request
    if is_closing or says(rules, "social", core):
        return "social", False
    if asks:
        return ("demand" if request and not question else "question"), request
    if says(rules, "other", core):
        return "other", False
    if is_item:
        return "bullet", False
    for rule in ("offer", "self", "topic"):
        if says(rules, rule, core):
            return rule, False
    return ("name" if found.name.match(sentence) else "rest"), False


def place(sentences: Sequence[tuple[int, Piece, Alone]]) -> tuple[Sentence, ...]:
    """What their place in the text adds: signatures below a closing, names at the end; boilerplate is left out."""
    inside = [found for found in sentences if not found[2][5]]
    closing_line = min((line for line, _, what in inside if what[6]), default=None)
    placed, is_listed = [], False
    for number, (line, (sentence, is_bullet, is_alone), what) in enumerate(inside, 1):
        has_mark, is_ended_, is_question, is_request, rule, _, _, has_hint, is_of_you, you, we = what
        is_signed = closing_line is not None and line > closing_line
        is_signature = is_alone and not is_ended_ and len(sentence) <= 60
        if is_signed and is_signature and rule and KIND_OF_RULE[rule].startswith("tell_"):
            rule = "signature"
        elif rule == "name" and not is_signed and (number < len(inside) or is_listed):
            rule = "bullet" if is_bullet else "rest"
        is_listed = is_bullet
        kind = KIND_OF_RULE[rule] if rule else None
        has_you = None if you is None else you > 0
        hints = (has_hint, is_of_you, has_you, you, we)
        placed.append(Sentence(sentence, has_mark, is_question, is_request, rule, kind, *hints))
    return tuple(placed)


def count_kinds(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """The features of a text."""
    asked = {
        "sentences": len(sentences),
        "marked_sentences": sum(found.has_mark for found in sentences),
        "question_sentences": sum(found.is_question for found in sentences),
        "plain_question_sentences": sum(found.is_question and found.kind != "social" for found in sentences),
    }
    if sentences and sentences[0].kind is None:
        return asked | dict.fromkeys(
            ["request_sentences", *(f"{kind}_sentences" for kind in COUNTED_KINDS), *COUNTED_BY_RULES]
        )
    kinds = [found.kind for found in sentences]
    offers, has_asked = 0, False
    for kind in kinds:
        has_asked = has_asked or kind in ("ask_open", "ask_closed", "ask_permission", "ask_process")
        offers += kind == "tell_offer" and not has_asked
    us = sum(bool(found.we_words) and not found.has_you and found.kind != "social" for found in sentences)
    return asked | {
        "request_sentences": sum(bool(found.is_request) for found in sentences),
        **{f"{kind}_sentences": kinds.count(kind) for kind in COUNTED_KINDS},
        "us_sentences": us,
        "you_words": sum(found.you_words or 0 for found in sentences),
        "we_words": sum(found.we_words or 0 for found in sentences),
        "offers_before_ask": offers,
        "last_kind": next((kind for kind in reversed(kinds) if kind != "social"), None),
    }


# --- words -----------------------------------------------------------------------------------------------------------


def count_words(body: str, plain: str, exact: bool) -> Counts:
    """`words, chars` and the stop words of each language."""
    found = patterns(exact)
    folded = fold(plain)
    hits = [languages for token in found.token.findall(folded) for languages in _stop_words().get(token, ())]
    unspaced = len(UNSPACED.findall(plain)) if exact else 0
    is_unspaced = unspaced and unspaced * 2 > len(found.letter_or_number.findall(plain))
    return (
        None if is_unspaced else len(found.word.findall(plain)),
        len(body.strip(WHITE)),
        {language: hits.count(language) for language in lexicons()},
    )


def fold(text: str) -> str:
    text = text.lower()
    for apostrophe in "’ʼ`´":
        text = text.replace(apostrophe, "'")
    return text


@cache
def _stop_words() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language, lexicon in lexicons().items():
        for word in set(lexicon.stop_words):
            found.setdefault(word, []).append(language)
    return found


@cache
def content_words(text: str, language: str, exact: bool) -> list[str]:
    tokens = set(patterns(exact).rare_token.findall(text.lower()))
    return sorted({stem for word in tokens if (stem := rare_stem(word, language))})


@cache
def rare_stem(word: str, language: str) -> str | None:
    usual, stemmer = _usual(language)
    if word in usual:
        return None
    stem: str = stemmer.stemWord(word)
    return None if stem in usual else stem


@cache
def _usual(language: str) -> tuple[set[str], Any]:
    import snowballstemmer

    lexicon = lexicons()[language]
    stemmer = snowballstemmer.stemmer(lexicon.stemmer)
    usual = {*lexicon.frequent, *lexicon.stop_words}
    return usual | set(stemmer.stemWords(list(usual))), stemmer


# --- load ------------------------------------------------------------------------------------------------------------


def information_load(body: str, plain: str, language: str, exact: bool) -> dict[str, Any]:
    found = patterns(exact)
    has_number = found.any_number.search(plain) is not None
    letters = plain.replace("İ", "Ł").replace("ı", "ł") if exact else plain
    return {
        "technologies": technologies(plain, found),
        "numbers": len(found.number.findall(plain)) if has_number else 0,
        "money_figures": len(found.money.findall(letters)) + len(found.range.findall(letters)) if has_number else 0,
        "links": len(re.findall(r"https?://(?:www\.)?|\bwww\.", body)) if "://" in body or "www." in body else 0,
        "bullets": len(found.bullets.findall(body)),
        "flesch_reading_ease": reading_ease(body, plain, language, exact),
    }


def technologies(plain: str, found: Patterns) -> int:
    """How many are named; below each first unit the longest name is tried first."""
    named: set[str] = set()
    for table, text, joins in (("plain", plain.lower(), "(['’/-])"), ("cased", plain, "(/)")):
        names = _names()[table]
        units = [unit.rstrip(".") for unit in found.between_units.split(re.sub(joins, r" \1 ", text))]
        free = 0
        for at, unit in enumerate(units):
            if unit in names and at >= free:
                for name, technology in names[unit]:
                    if units[at : at + len(name)] == name:
                        named.add(technology)
                        free = at + len(name)
                        break
    return len(named)


@cache
def _names() -> dict[str, dict[str, list[tuple[list[str], str]]]]:
    """Table -> first unit -> units and technology, longest first."""
    found: dict[str, dict[str, list[tuple[list[str], str]]]] = {}
    for table, spellings in _spellings().items():
        names = found.setdefault(table, {})
        for spelling, technology in spellings.items():
            units = spelling.split()
            names.setdefault(units[0], []).append((units, technology))
        for options in names.values():
            options.sort(key=lambda option: -len(option[0]))
    return found


def reading_ease(body: str, plain: str, language: str, exact: bool) -> float | None:
    """textstat's formula and dictionaries, with the syllables of every word counted once."""
    if language not in SCORED_LANGUAGES:
        return None
    # The package reads this one with Python's own white space, and no further than here.
    if exact or len(body) > 20_000:
        plain = _python_address().sub(" ", body[:20_000])
    text = " ".join(token for token in plain.split() if len(token) <= 60)
    if not re.search(r"[^\W\d_]", text):
        return None
    spoken = re.sub(r"[^\w\s']", "", re.sub(r"'(?![tsd]|ve|ll|re)", "", text)).lower().split()
    n_syllables = sum(syllables(word, language) for word in spoken)
    pieces = re.findall(r"\b[^.!?]+[.!?]*", text)
    n_short = sum(len(re.findall(r"[^\w\s]*\w\S*", piece)) <= 2 for piece in pieces)
    base, per_sentence_word, per_syllable = _constants(language)
    if not spoken or not n_syllables:
        return 0.0
    sentence_length = len(spoken) / max(1, len(pieces) - n_short)
    return base - per_sentence_word * sentence_length - per_syllable * (n_syllables / len(spoken))


@cache
def syllables(word: str, language: str) -> int:
    phones, hyphens = _dictionaries(language)
    if phones and word in phones:
        return sum(phone[-1].isdigit() for phone in phones[word][0])
    return len(hyphens.positions(word)) + 1


@cache
def _python_address() -> re.Pattern:
    return re.compile(
        r"(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!)\]]|[^\s<>@]{1,64}@[^\s<>@]{1,190}\.[^\s<>@.,;:!?)]{2,63}"
    )


@cache
def _constants(language: str) -> tuple[float, float, float]:
    from textstat.backend.utils.constants import LANG_CONFIGS

    constants = LANG_CONFIGS["en"] | LANG_CONFIGS[language]
    return constants["fre_base"], constants["fre_sentence_length"], constants["fre_syll_per_word"]


@cache
def _dictionaries(language: str) -> tuple[Any, Any]:
    import nltk
    from textstat.backend.utils import get_cmudict, get_pyphen

    nltk.data.path.insert(0, str(LEXICONS / "cmudict"))
    return get_cmudict(language), get_pyphen(language)


def forget() -> None:
    """Empties what was remembered of texts; patterns, rules and dictionaries stay."""
    for remembered in (read, split_line, alone, content_words, rare_stem, syllables):
        remembered.cache_clear()
