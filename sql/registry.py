"""What every table, column, metric and outcome means, read from the headers of the SQL files that compute them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FLOORS = ("staging", "intermediate", "metrics", "marts")
_HEADER = re.compile(r"\A/\*\n(?P<prose>.*?)\n\+\+\+\n(?P<keys>.*?)\n?\+\+\+\n\*/\n", re.DOTALL)

OBSERVATIONS = ("opening", "landmark", "landmark_unanswered", "before_reply", "whole")
KINDS = ("proportion", "ratio", "mean", "quantile", "count", "score", "class")


@dataclass(frozen=True)
class Metric:
    """One metric as its home file defines it."""

    name: str
    meaning: str
    kind: str
    unit: str
    observation: str
    sql_file: str
    title: str
    equivalents: str = ""
    related: bool = False
    """True if `associations` looks at it."""


@dataclass(frozen=True)
class Outcome:
    """One yes-or-no outcome of an approach: when its clock starts and how long its window is open."""

    name: str
    meaning: str
    start: str
    """opening, landmark or landmark_unanswered."""
    maturity_days: int | None
    sql_file: str
    title: str
    related: bool = False
    equivalents: str = ""


def elsewhere(definition: Metric | Outcome) -> list[tuple[str, str]]:
    """What other tools count under that name, as `(tool, what it counts)` from `tool: text; tool: text`."""
    return [
        (tool, theirs)
        for tool, separator, theirs in (part.partition(": ") for part in definition.equivalents.split("; "))
        if separator
    ]


@dataclass(frozen=True)
class Query:
    """One SQL file: one select, one table of the file's name."""

    name: str
    floor: str
    path: Path
    select: str
    prose: str
    columns: dict[str, str]
    metrics: tuple[Metric, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    published: bool = False
    meanings: dict[str, str] = field(default_factory=dict)
    """Column -> meaning, metrics and outcomes included."""

    @property
    def sql_file(self) -> str:
        """Path below the project, as published."""
        return f"sql/{self.floor}/{self.path.name}"

    @property
    def sentence(self) -> str:
        """The first sentence of the header: what the table is."""
        return self.prose.split("\n", 1)[0].strip()


@dataclass(frozen=True)
class Registry:
    """All queries, and what is defined in their headers."""

    queries: dict[str, Query]

    @property
    def metrics(self) -> dict[str, Metric]:
        """Metric name -> definition."""
        return {metric.name: metric for query in self.queries.values() for metric in query.metrics}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome name -> definition."""
        return {outcome.name: outcome for query in self.queries.values() for outcome in query.outcomes}

    def meaning(self, table: str, column: str) -> str:
        """What `column` of `table` means: said by the table itself, else by the file that defines the name."""
        query = self.queries.get(table)
        if query and column in query.meanings:
            return query.meanings[column]
        for other in self.queries.values():
            if column in other.meanings:
                return other.meanings[column]
        return ""


@cache
def registry() -> Registry:
    """Read every header of the folder. Raises ValueError naming the file whose header is wrong."""
    return Registry({query.name: query for query in _queries()})


def _queries() -> Iterator[Query]:
    for floor in FLOORS:
        for path in sorted((FOLDER / floor).glob("*.sql")):
            yield parse(path.read_text(encoding="utf-8"), path, floor)


def parse(text: str, path: Path, floor: str) -> Query:
    """One file's header and select. Raises ValueError if the header is missing or says too little."""
    match = _HEADER.match(text)
    if match is None:
        raise ValueError(f"{path}: no header `/* sentence ... +++ keys +++ */` before the select")
    keys = tomllib.loads(match["keys"])
    name, sql_file = path.stem, f"sql/{floor}/{path.name}"
    metrics = tuple(_metric(key, value, sql_file) for key, value in keys.get("metric", {}).items())
    outcomes = tuple(_outcome(key, value, sql_file) for key, value in keys.get("outcome", {}).items())
    columns = keys.get("columns", {})
    return Query(
        name=name,
        floor=floor,
        path=path,
        select=text[match.end() :].strip(),
        prose=match["prose"].strip(),
        columns=columns,
        metrics=metrics,
        outcomes=outcomes,
        published=keys.get("published", False),
        meanings=columns | {m.name: m.meaning for m in metrics} | {o.name: o.meaning for o in outcomes},
    )


def _metric(name: str, keys: dict[str, Any], sql_file: str) -> Metric:
    metric = Metric(name=name, sql_file=sql_file, **keys)
    if metric.observation not in OBSERVATIONS or metric.kind not in KINDS:
        raise ValueError(f"{sql_file}: metric {name}: unknown observation or kind")
    return metric


def _outcome(name: str, keys: dict[str, Any], sql_file: str) -> Outcome:
    return Outcome(name=name, sql_file=sql_file, maturity_days=keys.pop("maturity_days", None), **keys)
