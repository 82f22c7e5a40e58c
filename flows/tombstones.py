"""Who was forgotten, as keyed digests: no export brings them back, and nobody can read who it was."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.keys import digest, forget_key
from flows.readers.archive import RATIO_FREE, RATIO_LIMIT
from flows.readers.identity import identity
from flows.readers.limits import FILE_BYTES
from flows.readers.reading import Export, Reading
from flows.store import Home, write_private
from schemas import MESSAGES, OUTCOMES
from schemas.errors import UsageError

REASON = "forgotten"

_LINK = re.compile(r"linkedin\.com/(?:in|pub|talent/profile)/[^/?#\s\"'<>,;\\]+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s<>\"',;:()\[\]\\]+@[^@\s<>\"',;:()\[\]\\]+\.[^@\s<>\"',;:()\[\]\\]+")
_PEOPLE = ("sender_id", "recipient_id", "candidate_id")
_COUNTED = ("member", "row_no", "excluded_reason")


@dataclass(frozen=True)
class Tombstones:
    """The digests of everybody who was forgotten, of their conversations, and when."""

    key: bytes
    dates: dict[str, str]

    def date_of(self, value: str) -> str | None:
        """The day this identity or conversation was forgotten, or None."""
        return self.dates.get(digest(self.key, value)) if self.dates else None

    def hold(self, values: Iterable[str]) -> set[str]:
        """Those of the values that were forgotten."""
        return {value for value in set(values) if self.date_of(value)} if self.dates else set()

    def without_forgotten(self, reading: Reading) -> Reading:
        """The reading with the conversations of the forgotten as rows that only count: excluded, and empty."""
        if not self.dates:
            return reading
        messages, outcomes = reading.messages, reading.outcomes
        columns = [messages[name] for name in _PEOPLE] + [outcomes["candidate_id"]]
        people = self.hold(pl.concat([column.rename("") for column in columns]).drop_nulls())
        is_theirs = pl.any_horizontal(pl.col(name).is_in(people) for name in _PEOPLE)
        threads = set(messages.filter(is_theirs)["thread_id"].drop_nulls())
        every_thread = pl.concat([messages["thread_id"], outcomes["thread_id"]]).drop_nulls()
        threads |= {thread for thread in every_thread.unique() if self.date_of(thread_mark(thread))}
        in_thread = pl.col("thread_id").is_in(threads)
        raws = reading.set_aside["raw"].drop_nulls().unique()
        told = {raw for raw in raws if self.hold(identities_in(raw) | _values(raw))}
        linked = self.hold([*reading.links["identity"], *reading.links["other"]])
        return replace(
            reading,
            messages=MESSAGES.conform(_emptied(messages, is_theirs | in_thread)),
            outcomes=OUTCOMES.conform(_emptied(outcomes, pl.col("candidate_id").is_in(people) | in_thread)),
            set_aside=reading.set_aside.with_columns(raw=pl.when(~pl.col("raw").is_in(told)).then("raw")),
            names=reading.names.filter(~pl.col("identity").is_in(self.hold(reading.names["identity"]))),
            links=reading.links.filter(~pl.col("identity").is_in(linked) & ~pl.col("other").is_in(linked)),
        )

    def show_in(self, export: Export, reading: Reading) -> bool:
        """Whether rows of the reading were left out, or any file of the export shows somebody forgotten."""
        reasons = pl.concat([reading.messages["excluded_reason"], reading.outcomes["excluded_reason"]])
        return bool(self.dates) and (REASON in reasons or self.are_in(export))

    def are_in(self, export: Export) -> bool:
        """Whether any file of the export, read or not, shows a profile or an address of somebody forgotten."""
        return bool(self.dates) and any(self.hold(identities_in(text)) for text in texts_of(export.files()))


def read_tombstones(home: Home) -> Tombstones:
    """All tombstones of a home. Raises UsageError where the file is damaged or its key is missing."""
    if not home.tombstones.exists():
        return Tombstones(b"", {})
    try:
        lines = [json.loads(line) for line in home.tombstones.read_text(encoding="utf-8").splitlines()]
        return Tombstones(forget_key(home), {line["digest"]: line["forgotten_at"] for line in lines})
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{home.tombstones}: damaged, so nobody who was forgotten can be recognised. Put it back from a backup."
        ) from error


def put(home: Home, values: Iterable[str], *, now: datetime) -> None:
    """Put tombstones for identities and conversations; those that stand already keep their date."""
    known = read_tombstones(home)
    key = forget_key(home)
    new = {digest(key, value): now.date().isoformat() for value in values}
    lines = [{"digest": mark, "forgotten_at": day} for mark, day in sorted((new | known.dates).items())]
    write_private(home.tombstones, "".join(json.dumps(line) + "\n" for line in lines))


def thread_mark(thread_id: str) -> str:
    """A conversation's id, as no identity is spelled."""
    return f"thread|{thread_id}"


def identities_in(text: str) -> set[str]:
    """The profiles and addresses that a text shows."""
    found = {match.group() for pattern in (_LINK, _ADDRESS) for match in pattern.finditer(text)}
    return {spelled for value in found if (spelled := identity(value.rstrip(".")))}


def _values(raw: str) -> set[str]:
    with suppress(ValueError):
        content = json.loads(raw)
        values = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
        return {spelled for value in values if isinstance(value, str) and (spelled := identity(value))}
    return set()


def _emptied(rows: pl.DataFrame, is_theirs: pl.Expr) -> pl.DataFrame:
    hit = is_theirs.fill_null(value=False)
    emptied = [pl.when(~hit).then(pl.col(name)).alias(name) for name in rows.columns if name not in _COUNTED]
    reason = pl.when(hit & pl.col("excluded_reason").is_null()).then(pl.lit(REASON)).otherwise("excluded_reason")
    return rows.with_columns(*emptied, reason.alias("excluded_reason"))


def texts_of(paths: Iterable[Path]) -> Iterator[str]:
    """The text of files, unpacked where they are zips, workbooks or Parquet; what cannot be opened shows nothing."""
    for path in paths:
        if path.suffix.lower() == ".parquet":
            with suppress(OSError, pl.exceptions.PolarsError):
                frame = pl.read_parquet(path)
                yield "\n".join(str(value) for column in frame for value in column.drop_nulls().unique())
        else:
            with suppress(OSError):
                yield from _texts_in(path.read_bytes())


def _texts_in(data: bytes, depth: int = 0) -> Iterator[str]:
    if data[:4] == b"PK\x03\x04" and depth < 3:
        unopened = (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, ValueError)
        with suppress(*unopened), zipfile.ZipFile(io.BytesIO(data)) as packed:
            for info in packed.infolist():
                if info.file_size <= max(RATIO_FREE, min(FILE_BYTES, RATIO_LIMIT * info.compress_size)):
                    yield from _texts_in(packed.read(info), depth + 1)
        return
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    yield data.decode(encoding, "replace")
