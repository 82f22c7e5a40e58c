"""How much an opening carries: technologies, numbers, amounts of money, links, bullets, and how readable it is."""

from __future__ import annotations

import tomllib
from functools import cache

import polars as pl

from sql.lexicon import LEXICONS
from sql.readability import reading_ease
from sql.sentences import BULLET, without_addresses

TECHNOLOGIES = LEXICONS / "technologies.toml"

_LINK = r"https?://(?:www\.)?|\bwww\."
_NUMBER = r"(?:^|[^\p{L}\p{N}])\p{N}+(?:[.,:'’]\p{N}+)*"
_CODES = "EUR|USD|GBP|CHF|RON|PLN|SEK|NOK|DKK|CZK"
_NAMES = "(?i:euros?|dollars?|pounds?|francs?|franken|lei|dólares|libras|francos)"
_AMOUNT = r"\p{N}[\p{N}.,'’]*"
_THOUSANDS = r"(?:(?:[kK]|Mio\.?|mln|[Mm]illion(?:en|s|es)?)\s?)"
_CURRENCY = rf"(?:[€$£]|(?:{_CODES})\b|{_NAMES}\b)"
_MONEY = (
    rf"(?:[€$£]|\b(?:{_CODES})\b)\s?{_AMOUNT}(?:\s?[kK]\b)?"
    rf"|\b{_AMOUNT}\s?{_THOUSANDS}?{_CURRENCY}"
    r"|\b\p{N}{2,3}\s?[kK]\b"
)
_RANGE = rf"(?:^|[^€$£\p{{L}}\p{{N}}.,'’])(?:{_AMOUNT})\s?[-–—]\s?{_AMOUNT}\s?(?:{_THOUSANDS}?{_CURRENCY}|[kK]\b)"
_MAYBE_MONEY = rf"[€$£]|\p{{N}}\s?[kKM]|(?:{_CODES})|\p{{N}}\s?(?:mln|{_NAMES})"

LOAD = {
    "technologies": pl.Int64,
    "numbers": pl.Int64,
    "money_figures": pl.Int64,
    "links": pl.Int64,
    "bullets": pl.Int64,
    "flesch_reading_ease": pl.Float64,
}


def information_load(texts: pl.DataFrame) -> pl.DataFrame:
    """One row of `LOAD` per row of `language, body`: distinct technologies named, numbers in digits, amounts of money
    (a range is two), web links (with http or www), lines that begin like an item of a list, Flesch reading ease."""
    plain = without_addresses(texts["body"])
    counts = texts.select(
        numbers=plain.str.count_matches(_NUMBER).cast(pl.Int64),
        money_figures=_count_where(plain, _MAYBE_MONEY, _MONEY) + _count_where(plain, _MAYBE_MONEY, _RANGE),
        links=pl.col("body").str.count_matches(_LINK).cast(pl.Int64),
        bullets=pl.col("body").str.count_matches("(?m)" + BULLET).cast(pl.Int64),
    )
    return counts.with_columns(
        technologies=_technologies(plain),
        flesch_reading_ease=reading_ease(pl.DataFrame({"language": texts["language"], "plain": plain})),
    ).select(*LOAD)


def _count_where(texts: pl.Series, maybe: str, pattern: str) -> pl.Series:
    """Matches of a dear pattern, looked for only where a cheap one says that there may be some."""
    may = texts.str.contains(maybe)
    counts = pl.zeros(texts.len(), pl.Int64, eager=True)
    return counts.scatter(may.arg_true(), texts.filter(may).str.count_matches(pattern).cast(pl.Int64))


def _technologies(bodies: pl.Series) -> pl.Series:
    """Distinct technologies per text. Names with a capital in the list are found only as written there."""

    def named(text: pl.Series, joins: str, names: dict[str, str]) -> pl.Series:
        return _units(text, joins).str.extract_many(list(names), leftmost=True)

    spellings = _spellings()
    plain = named(bodies.str.to_lowercase(), "['’/-]", spellings["plain"])
    cased = named(bodies, "/", spellings["cased"])
    rows = pl.DataFrame({"plain": plain, "cased": cased}).with_row_index("row")
    found = pl.concat(
        rows.select("row", name=pl.col(table))
        .explode("name")
        .drop_nulls()
        .with_columns(pl.col("name").replace_strict(names, return_dtype=pl.String))
        for table, names in spellings.items()
    )
    counted = found.group_by("row").agg(pl.col("name").n_unique().cast(pl.Int64))
    return rows.join(counted, on="row", how="left", maintain_order="left")["name"].fill_null(0)


def _units(text: pl.Series, joins: str) -> pl.Series:
    """A space on both sides of every word, so that neighbours are both found; `joins` part words and stay."""
    return (
        (" " + text + " ")
        .str.replace_all(f"({joins})", "  ${1}  ")
        .str.replace_all(r"[\s,;:!?()\[\]{}\"“”„«»|…•*]+", "  ")
        .str.replace_all(r"\.+ ", " ")
    )


@cache
def _spellings() -> dict[str, dict[str, str]]:
    """Spelling, spaced as in the text -> technology, longest first."""
    content = tomllib.loads(TECHNOLOGIES.read_text(encoding="utf-8"))
    found = {}
    for table, joins in (("plain", "'’/-"), ("cased", "/")):
        units = {spelling: technology for technology, spellings in content[table].items() for spelling in spellings}
        for join in joins:
            units = {spelling.replace(join, f" {join} "): technology for spelling, technology in units.items()}
        spaced = {f" {'  '.join(spelling.split())} ": technology for spelling, technology in units.items()}
        found[table] = dict(sorted(spaced.items(), key=lambda item: -len(item[0])))
    return found
