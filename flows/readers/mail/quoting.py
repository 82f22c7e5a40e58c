"""Which lines of a mail its sender wrote just then, which quote an earlier mail, and which are a footer.

Every line gets one letter, and rules look at the string of letters. Words of a language only ever help; what decides is
form: addresses, times, `>`, header blocks. What would leave nothing is not believed, and a header block without an
address or a time of day is a list of terms, not a mail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flows.readers.mail import marks

EMPTY, TEXT, QUOTE, ATTRIBUTION, ADDRESSED, HEADER, RULE, FOOTER = "etqaAhrf"

ATTRIBUTION_LINES = 3
"""Clients wrap `On ... wrote:` at about 78 characters."""
ATTRIBUTION_CHARS = 320
SHORT_CHARS = 100
HEADER_LINES = 3
FOOTER_LINES = 12
"""A longer tail after `--` is a message that uses dashes."""
SHARED_LINES = 3
SHARED_WORDS = 8

_ADDRESS = re.compile(r"[^\s<>@\[\]()\"']+@[^\s<>@\[\]()\"']+\.\w{2,}")
_TIME = re.compile(r"(?<![\d.,:])\d{1,2}\s?[:.h]\s?\d{2}(?:[:.]\d{2})?(?![\d,.]*\d)|\d{1,2}시|\d{1,2}时")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|\d{1,2}\.?\s[^\W\d_]|[^\W\d_]+\.?\s\d{1,2}\b|(?:19|20)\d\d(?!\d)|\d{1,2}月)"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2}(?!\d)")
_COLON_END = re.compile(r"(?:[:：]\s*\*?|\s-{2,})$")
_LABELLED = re.compile(r"^[*_]{0,2}(?P<label>[^\W\d_][^:：<>@\n]{0,24}?)\s?[*_]{0,2}\s?[:：][*_]{0,2}\s*(?P<value>.*)$")
_TITLED_RULE = re.compile(r"^[-_*=]{2,}\s*[^\W\d_][^_*=@]{2,45}?\s*[-_*=]{2,}:?$")
_BARE_RULE = re.compile(r"^[-_*=]{5,}$")
_SIGNATURE_RULE = re.compile(r"^(?:--|—|__)\s?$")
_WORDS = re.compile(r"\w+")
_INVISIBLE = dict.fromkeys([0x200B, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF])


@dataclass(frozen=True)
class Parts:
    """A mail's text in three; `method` says what the cut rests on."""

    new: str
    quoted: str
    footer: str
    method: str
    """whole (nothing was cut), or joined by `+`: marks (`>`), attribution, header_block, earlier (it stands in an
    earlier mail of the thread)."""


def parts(text: str, earlier: Sequence[str] = ()) -> Parts:
    """Split the text of a mail. `earlier`: texts of earlier mails of its thread, quotes and all."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = [_plain(line) for line in lines]
    letters = classes(plain)
    texts = [f" {_words(text)} " for text in earlier]
    quoted, methods = _quoted(letters, plain, texts)
    shared = _shared(plain, quoted, letters, texts)
    if shared - quoted:
        quoted |= shared | _left_over(letters, quoted | shared)
        methods.append("earlier")
    footer = _footer(letters, quoted)
    new = [line for place, line in enumerate(lines) if place not in quoted and place not in footer]
    if not any(plain[place] for place in range(len(lines)) if place not in quoted | footer):
        return Parts(text.strip(), "", "", "whole")
    return Parts(
        _joined(new),
        _joined([lines[place] for place in sorted(quoted)]),
        _joined([lines[place] for place in sorted(footer - quoted)]),
        "+".join(methods) or "whole",
    )


def classes(lines: Sequence[str]) -> str:
    """A letter a line: e empty, q quoted by `>`, a attribution (A with address), h header, r rule, f footer, t text."""
    letters = [_class(line, before) for before, line in zip(["", *lines], lines, strict=False)]
    for first, last in _header_blocks(lines, letters):
        letters[first : last + 1] = HEADER * (last + 1 - first)
    for first, last in _attributions(lines, letters):
        kind = ADDRESSED if _ADDRESS.search(" ".join(lines[first : last + 1])) else ATTRIBUTION
        letters[first : last + 1] = kind * (last + 1 - first)
    return "".join(letters)


def _plain(line: str) -> str:
    return " ".join(line.translate(_INVISIBLE).split())


def _class(line: str, before: str) -> str:
    if not line:
        return EMPTY
    if line.startswith((">", "&gt;")):
        return QUOTE
    is_alone = not before or bool(_BARE_RULE.match(before))
    if _SIGNATURE_RULE.match(line) or (is_alone and marks.is_device_footer(line)):
        return FOOTER
    if _TITLED_RULE.match(line) or _BARE_RULE.match(line) or marks.is_forward_line(line):
        return RULE
    return TEXT


def _header_blocks(lines: Sequence[str], letters: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of `From: ... Sent: ... Subject: ...` that hold an address, or a time of day beside two known labels."""
    blocks = []
    place = 0
    while place < len(lines):
        end, labels = place, []
        while end < len(lines) and letters[end] == TEXT and (found := _LABELLED.match(lines[end])):
            labels.append(found["label"])
            end += 1
            # A long list of recipients goes on in the next line.
            while (
                end < len(lines)
                and letters[end] == TEXT
                and not _LABELLED.match(lines[end])
                and labels
                and (_ADDRESS.search(lines[end]) and end + 1 < len(lines) and _LABELLED.match(lines[end + 1]))
            ):
                end += 1
        if len(labels) >= HEADER_LINES and _is_mail_header(labels, " ".join(lines[place:end])):
            blocks.append((place, end - 1))
        place = max(end, place + 1)
    return blocks


def _is_mail_header(labels: Sequence[str], text: str) -> bool:
    known = {kind for label in labels if (kind := marks.header_kind(label))}
    if not {"from", "sent"} <= known:
        return False
    return bool(_ADDRESS.search(text)) or (len(known) >= 3 and bool(_TIME.search(text) and _YEAR.search(text)))


def _attributions(lines: Sequence[str], letters: Sequence[str]) -> list[tuple[int, int]]:
    """`On ..., X <x@y> wrote:` in any language: the fewest lines that end in a colon and hold enough of it."""
    found = []
    for last, line in enumerate(lines):
        if letters[last] != TEXT or not _COLON_END.search(line):
            continue
        before_quote = _next_letter(letters, last) == QUOTE
        best, first = 0, last
        for above in range(last, max(last - ATTRIBUTION_LINES, -1), -1):
            if letters[above] != TEXT:
                break
            weight = _attribution_weight(" ".join(lines[above : last + 1]), before_quote=before_quote)
            if weight > best:
                best, first = weight, above
        if best:
            found.append((_with_opener(lines, letters, first), last))
    return found


def _with_opener(lines: Sequence[str], letters: Sequence[str], first: int) -> int:
    """One line up, where that is the broken-off beginning (`Am Montag, den`)."""
    above = first - 1
    if above >= 0 and letters[above] == TEXT and not lines[above].endswith((".", "!", "?")):
        rest = lines[above]
        if marks.is_opener(rest) and len(rest) < SHORT_CHARS and (_DATE.search(rest) or marks.has_weekday(rest)):
            return above
    return first


def _next_letter(letters: Sequence[str], place: int) -> str:
    return next((letter for letter in letters[place + 1 :] if letter != EMPTY), "")


def _attribution_weight(text: str, *, before_quote: bool) -> int:
    """How many of date, time, address and a word for `wrote` stand in it; 0 where they are too few."""
    if len(text) > ATTRIBUTION_CHARS:
        return 0
    date, time = bool(_DATE.search(text)), bool(_TIME.search(text))
    address, verb = bool(_ADDRESS.search(text)), marks.has_verb(text)
    is_enough = (date and time and (address or verb)) or (address and verb)
    if before_quote:
        is_enough |= (date and time) or (verb and (date or len(text) < SHORT_CHARS)) or address
    return (date + time + address + verb) * is_enough


def _quoted(letters: str, lines: Sequence[str], texts: Sequence[str]) -> tuple[set[int], list[str]]:
    """Line numbers that quote, and by what they were seen."""
    quoted: set[int] = set()
    methods: list[str] = []
    cut = _cut(letters)
    if cut is not None:
        methods.append("header_block" if HEADER in letters[cut : cut + 4] else "attribution")
        quoted |= set(range(cut, len(letters)))
    marked = {place for place, letter in enumerate(letters) if letter == QUOTE}
    if marked and _are_quotes(letters, lines, marked, texts):
        methods.append("marks")
        quoted |= marked | _wrapped(letters, lines) | _attributed(letters)
    return quoted, methods


def _are_quotes(letters: str, lines: Sequence[str], marked: set[int], texts: Sequence[str]) -> bool:
    """Whether `>` stands for a quote: some people compare with it, and shells prompt with it."""
    if {ATTRIBUTION, ADDRESSED, HEADER} & {*letters} or not texts:
        return True
    return any(_stands_in(lines[place], texts) for place in marked)


def _cut(letters: str) -> int | None:
    """Where a quote without `>` begins that goes to the end; something must stand before it.

    An attribution without an address may be a sentence of the mail's own.
    """
    header = re.search(r"(?:r[e]*)*h{3,}", letters)
    unmarked = re.search(r"(?:re*)?A+e*(?=t)", letters)
    places = [match.start() for match in (header, unmarked) if match and TEXT in letters[: match.start()]]
    return min(places, default=None)


def _attributed(letters: str) -> set[int]:
    """Attributions right before `>`, the rule above them, and empty lines in between."""
    return {place for match in re.finditer(r"(?:re*)?[aA]+e*(?=q)", letters) for place in range(*match.span())}


def _wrapped(letters: str, lines: Sequence[str]) -> set[int]:
    """Ends of long quoted lines that lost their `>` when the line was broken."""
    broken = set()
    for match in re.finditer(r"(?<=q)t(?=q)", letters):
        place = match.start()
        if len(lines[place - 1]) >= 60 and len(lines[place]) < 40:
            broken.add(place)
    return broken


def _shared(lines: Sequence[str], quoted: set[int], letters: str, texts: Sequence[str]) -> set[int]:
    """Runs of lines that also stand, word for word, in an earlier mail of the thread."""
    if not texts:
        return set()
    found: set[int] = set()
    run: list[int] = []
    for place in [*range(len(lines)), None]:
        if place is not None and letters[place] == EMPTY:
            continue
        if place is not None and place not in quoted and _stands_in(lines[place], texts):
            run.append(place)
            continue
        if len(run) >= SHARED_LINES and sum(len(_words(lines[at]).split()) for at in run) >= SHARED_WORDS:
            found |= set(range(run[0], run[-1] + 1))
        run = []
    return found


def _left_over(letters: str, quoted: set[int]) -> set[int]:
    """Attributions, headers and rules that now stand before nothing but quotes."""
    extra: set[int] = set()
    for match in re.finditer(r"[aArhe]+", letters):
        span = set(range(*match.span()))
        if match.end() in quoted and not span <= quoted and set(match.group()) - {EMPTY}:
            extra |= span
    return extra


def _stands_in(line: str, texts: Sequence[str]) -> bool:
    words = _words(line)
    return bool(words) and any(f" {words} " in text for text in texts)


def _words(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _footer(letters: str, quoted: set[int]) -> set[int]:
    """From the last footer mark of what is new to its end, where that is short; device lines wherever they stand."""
    own = [place for place in range(len(letters)) if place not in quoted]
    marked = [place for place in own if letters[place] == FOOTER]
    footer: set[int] = set()
    for place in marked:
        tail = [at for at in own if at > place and letters[at] != EMPTY]
        ends_here = not any(at > place and at in quoted and any(o > at for o in tail) for at in quoted)
        if len(tail) <= FOOTER_LINES and ends_here and any(at < place and letters[at] == TEXT for at in own):
            footer |= {place, *(at for at in own if at > place)}
            break
    return footer


def _joined(lines: Sequence[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
