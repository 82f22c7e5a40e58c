"""The one way by which names and texts leave the private store: who may see what, and a line for every time."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from flows import store
from flows.config import Settings
from flows.store import Connection, Home
from schemas.errors import NothingToDoError
from sql.frames import fetch

Audience = Literal["manager", "recruiter", "person"]

NAME, ADDRESS, NUMBER = "[name]", "[address]", "[number]"
FEWEST_DIGITS = 7
"""So many digits in a row, however spaced, are taken for a telephone number; pay and years stay readable."""
SENTENCES = {
    "message_id": pl.String,
    "sentence_no": pl.Int64,
    "sentence": pl.String,
    "kind": pl.String,
    "is_question": pl.Boolean,
}

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>]+|[^\s<>@]{1,64}@[^\s<>@]{1,190}\.[^\s<>@.,;:!?)]{2,63}"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.(?:com|org|net|io|de|fr|es|ro|eu|ai|co|me|uk|ly)/[^\s<>]+",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\+?\(?\d(?:[\s./()\-–]{0,3}\d)+")
_WORD = re.compile(r"[^\W\d_]+")
_GREETING = re.compile(r"^\s*(\S+(?:[^\S\n]+\S+){0,3}?)[^\S\n]*(?:[,!:;–—]|[^\S\n]-[^\S\n]|\n)")
_GREETING_WORDS = frozenset(
    """
    hi hello hey dear good morning afternoon evening greetings thanks thank yes no
    hallo hej servus moin guten morgen tag abend liebe lieber sehr geehrte geehrter frau herr merci danke
    bonjour salut bonsoir cher chere gracias hola buenos buenas dias tardes estimado estimada querido querida
    buna ziua draga salutare
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Page:
    """What the names and texts are for; it is what the access log tells."""

    kind: str
    audience: Audience
    recruiter_id: str | None = None
    """Whose own page it is."""


def may_show(settings: Settings, audience: Audience) -> frozenset[str]:
    """The whole rule: `names` and `texts`, by audience and mode.

    A recruiter's own page shows that recruiter's own name and own texts, whatever the mode: they wrote them. A
    manager's page never shows a text, and recruiters' names only under `[privacy] names = "full"`. Nobody is shown a
    candidate.
    """
    if audience == "recruiter":
        return frozenset({"names", "texts"})
    return frozenset({"names"}) if settings.privacy.names == "full" else frozenset()


def names_of(home: Home, settings: Settings, page: Page, *, now: datetime) -> dict[str, str]:
    """Recruiter id -> name, as the newest export has it: all recruiters of the snapshot, or the page's own one.

    Empty where the page may not show names. Recruiters of sources without names are left out. Writes to the access log.
    Raises NothingToDoError if there is no store.
    """
    if "names" not in may_show(settings, page.audience):
        return {}
    with closing(store.open_snapshot(home)) as connection:
        recruiters = fetch(connection, "select distinct recruiter_id from approach_metrics order by all")[
            "recruiter_id"
        ]
    allowed = [who for who in recruiters.drop_nulls() if page.audience == "manager" or who == page.recruiter_id]
    with closing(_opened(home)) as connection:
        rows = fetch(
            connection,
            """
            select names.participant_id, arg_max(names.name, (readings.observed_until, names.name)) as name
            from names
            inner join readings on names.file_id = readings.file_id
            where list_contains($1, names.participant_id) and trim(names.name) != ''
            group by names.participant_id
            order by names.participant_id
            """,
            [allowed],
        )
    log_access(home, page, now=now, names=rows.height)
    return {who: " ".join(name.split()) for who, name in rows.iter_rows()}


def sentences_of(
    home: Home, settings: Settings, page: Page, message_ids: Sequence[str], *, now: datetime
) -> pl.DataFrame:
    """The sentences of messages that the page's own recruiter wrote, marked: `SENTENCES`, in the messages' order.

    Messages of anybody else are left out. Names of the others in the conversation, names in the greeting, addresses,
    links and long numbers are masked. Writes to the access log. Raises NothingToDoError if there is no store.
    """
    if "texts" not in may_show(settings, page.audience):
        return pl.DataFrame(schema=SENTENCES)
    key = store.derived_key(store.id_key(home), "published")
    with closing(_opened(home)) as connection:
        messages = fetch(
            connection,
            """
            select distinct on (message_id)
                left(sha256($1 || message_key), 32) as message_id,
                thread_id,
                body
            from message_rows
            inner join bodies on message_rows.body_hash = bodies.body_hash
            where sender_id = $2 and list_contains($3, left(sha256($1 || message_key), 32))
            order by message_id, body
            """,
            [key, page.recruiter_id, list(message_ids)],
        )
        strangers = {thread: _others_in(connection, thread, page.recruiter_id) for thread in messages["thread_id"]}
    order = {message: place for place, message in enumerate(message_ids)}
    wanted = sorted(messages.iter_rows(named=True), key=lambda row: order[row["message_id"]])
    found = _marked([row["body"] for row in wanted])
    rows: list[tuple[Any, ...]] = []
    for place, row in enumerate(wanted):
        hidden = strangers[row["thread_id"]] | greeted(row["body"])
        part = found.filter(pl.col("text_no") == place).select("sentence", "kind", "is_question")
        rows += [
            (row["message_id"], number, masked(sentence, hidden), kind, is_question)
            for number, (sentence, kind, is_question) in enumerate(part.iter_rows(), 1)
        ]
    log_access(home, page, now=now, texts=len(wanted))
    return pl.DataFrame(rows, SENTENCES, orient="row")


def log_access(home: Home, page: Page, *, now: datetime, names: int = 0, texts: int = 0) -> None:
    """One line in `logs/access.jsonl` before anything is shown: when, for which page, how many; no name, no text."""
    line = {
        "at": now.isoformat(timespec="seconds"),
        "page": page.kind,
        "audience": page.audience,
        "recruiter_id": page.recruiter_id,
        "names": names,
        "texts": texts,
    }
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(home.logs / "access.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def masked(text: str, hidden: frozenset[str]) -> str:
    """`text` with the `hidden` words (folded), addresses, links and long numbers replaced by what they are."""
    text = _LINK.sub(ADDRESS, text)
    text = _DIGITS.sub(lambda found: NUMBER if _digits(found.group()) >= FEWEST_DIGITS else found.group(), text)
    text = _WORD.sub(lambda found: NAME if _is_hidden(found.group(), hidden) else found.group(), text)
    return re.sub(rf"{re.escape(NAME)}(?:[\s'’.-]+{re.escape(NAME)})+", NAME, text)


def greeted(text: str) -> frozenset[str]:
    """The names that a message greets, folded: sources without names tell them nowhere else."""
    found = _GREETING.match(text)
    if not found:
        return frozenset()
    words = _WORD.findall(found.group(1))
    return frozenset(fold(word) for word in words if word[:1].isupper() and fold(word) not in _GREETING_WORDS)


def fold(word: str) -> str:
    """A word without case and accents, so that Zoë, ZOE and zoe are one."""
    plain = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def _is_hidden(word: str, hidden: frozenset[str]) -> bool:
    """Short words only with a capital: an `An` is hidden, an `an` is not. Our own marks stay as they are."""
    is_mark = word in ("name", "address", "number")
    return fold(word) in hidden and not is_mark and (len(word) > 2 or word[:1].isupper())


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)


def _opened(home: Home) -> Connection:
    if not home.database.exists():
        raise NothingToDoError(
            f"{home.private}: no private store here, so there are no names and no texts to show. "
            "Use the home in which the exports were read."
        )
    return store.connect(home.database, read_only=True)


def _others_in(connection: Connection, thread_id: str, recruiter_id: str | None) -> frozenset[str]:
    """The words of the names, addresses and slugs of everybody else in a conversation, folded."""
    rows = connection.execute(
        """
        with people as (
            select distinct unnest([sender_id, recipient_id, candidate_id]) as participant_id
            from message_rows
            where thread_id = $1
        )

        select name from names semi join people using (participant_id) where participant_id is distinct from $2
        union
        select regexp_extract(identity, '^(?:email|linkedin):([^@]*)', 1)
        from identities semi join people using (participant_id) where participant_id is distinct from $2
        """,
        [thread_id, recruiter_id],
    ).fetchall()
    return _words_of(name for (name,) in rows if name)


def _words_of(names: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for name in names for word in _WORD.findall(name) if len(word) > 1)


def _marked(bodies: Sequence[str]) -> pl.DataFrame:
    """Sentences of openings, each in the text's own language; nothing stood before them."""
    from sql.marking import language_of, mark
    from sql.runner import load_macros

    schema = {"text_no": pl.Int64, "language": pl.String, "body": pl.String, "before": pl.String}
    with closing(store.connect()) as connection:
        load_macros(connection)
        rows = [(place, language_of(connection, body), body, None) for place, body in enumerate(bodies)]
        return mark(connection, pl.DataFrame(rows, schema, orient="row"))
