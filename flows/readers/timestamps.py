"""Times as they stand in files -> UTC, with their precision and how their zone is known; column-wise."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

import polars as pl

from schemas.errors import InputError
from schemas.table import TIMESTAMP

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
YEAR_10000 = 253_402_300_800

_ISO = (
    r"^\s*(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ]+(?P<minute>\d{2}:\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?\s*$"
)
_LONG = "%B %d, %Y, %I:%M %p"
_NUMERIC = (
    r"^\s*(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})[./-](?P<year>\d{4}|\d{2})"
    r"(?:,?\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<sec>\d{2}))?\s*(?P<half>[AaPp][Mm])?)?(?:\s*UTC)?\s*$"
)
_MONTH_NAMED = r"^\s*\d{1,2}[- ][A-Za-z]{3}[- ](\d{4}|\d{2})"
_MONTH_NAMED_FORMATS = ("%d-%b-%y %H:%M", "%d-%b-%Y %H:%M", "%d-%b-%y", "%d-%b-%Y")

DateOrder = Literal["dmy", "mdy"]


def parse_times(raw: pl.Series, time_format: str | None = None, zone: str | None = None) -> pl.DataFrame:
    """Columns `at` (UTC; null where the text is no such time), `precision` (s, min, day) and `method`.

    `time_format` is None (ISO 8601), `epoch_s`, `epoch_ms` or a strptime pattern; `zone` is that of times
    that carry none (`declared`), UTC where it is not given (`assumed`).
    """
    if raw.dtype.is_temporal():
        return _native(raw, zone)
    texts = raw.cast(pl.String)
    if time_format in EPOCHS:
        return _epoch(texts, EPOCHS[time_format])
    if time_format:
        return _patterned(texts, time_format, zone)
    return _iso(texts, zone)


def parse_linkedin_times(raw: pl.Series, order: DateOrder | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Times of every LinkedIn era and of re-saved files, with warnings.

    Raises InputError where a spreadsheet left only dates whose day and month cannot be told apart.
    """
    times = parse_times(raw)
    if _unread(times, raw):
        times = _fill(times, _in_zone(_strptime(raw, _LONG), "min", None))
    mangled = _unread(times, raw)
    if not mangled:
        return times, ()
    times = _fill(times, _month_named(raw.set(times["at"].is_not_null(), None)))
    times = _fill(times, parse_numeric_dates(raw.set(times["at"].is_not_null(), None), order))
    mangled -= _unread(times, raw)
    if not mangled:
        return times, ()
    return times, (f"Times look re-saved in a spreadsheet (rows: {mangled}): no seconds, UTC assumed.",)


def parse_numeric_dates(raw: pl.Series, order: DateOrder | None) -> pl.DataFrame:
    """Dates such as 01.06.2023 14:03 or 2/7/23, 2:37 PM as `parse_times` gives them.

    Dots are day first. For slashes and dashes the order is `order`, or that of the dates in `raw` with a
    number above 12. Raises InputError where neither decides it.
    """
    parts = raw.to_frame("raw").select(pl.col("raw").str.extract_groups(_NUMERIC).alias("parts")).unnest("parts")
    parts = parts.with_columns(
        pl.col("first", "second", "year", "hour", "minute", "sec").cast(pl.Int32),
        pl.col("half").str.to_lowercase(),
    )
    undotted = parts.filter(pl.col("mark") != ".")
    day_first = pl.lit((order or "dmy") == "dmy")
    if undotted.height and order is None:
        day_first = (pl.col("mark") == ".") | pl.lit(_order_shown(undotted) == "dmy")
    day = pl.when(day_first).then(pl.col("first")).otherwise(pl.col("second"))
    month = pl.when(day_first).then(pl.col("second")).otherwise(pl.col("first"))
    year = pl.when(pl.col("year") < 100).then(pl.col("year") + 2000).otherwise(pl.col("year"))
    hour = (
        pl.when(pl.col("half").is_null())
        .then(pl.col("hour"))
        .otherwise(pl.col("hour") % 12 + pl.when(pl.col("half") == "pm").then(12).otherwise(0))
    )
    clock = (hour.fill_null(0), pl.col("minute").fill_null(0), pl.col("sec").fill_null(0))
    text = pl.format("{}-{}-{} {}:{}:{}", year, month, day, *clock)
    precision = _precision("hour", "sec")
    read = parts.select(text.alias("text"), precision.alias("precision"))
    times = _in_zone(_strptime(read["text"], "%Y-%m-%d %H:%M:%S"), "s", None)
    return times.with_columns(pl.when(pl.col("at").is_not_null()).then(read["precision"]).alias("precision"))


def newest_first(threads: pl.Series, at: pl.Series, default: bool) -> bool:
    """Whether the rows of one thread mostly stand newest first; `default` where no two rows tell."""
    pairs = pl.DataFrame({"thread": threads, "at": at}).select(
        (pl.col("thread") == pl.col("thread").shift()).alias("same"), pl.col("at").diff().alias("step")
    )
    steps = pairs.filter(pl.col("same"))["step"].dt.total_microseconds()
    down, up = int((steps < 0).sum()), int((steps > 0).sum())
    return down > up if down + up else default


def latest(at: pl.Series, not_after: datetime) -> datetime | None:
    """The latest of the times that lie not in the future of the export."""
    return cast(datetime | None, at.filter(at <= not_after).max())


def _order_shown(parts: pl.DataFrame) -> DateOrder:
    day_first = parts.filter(pl.col("first") > 12).height
    month_first = parts.filter(pl.col("second") > 12).height
    if day_first and not month_first:
        return "dmy"
    if month_first and not day_first:
        return "mdy"
    what = "both orders occur" if day_first else "no day above 12 decides it"
    raise InputError(
        f"{parts.height} dates look re-saved in a spreadsheet; day and month cannot be told apart ({what}). "
        'Say it in talkshare.toml: [linkedin] date_order = "dmy" or "mdy"; or hand in the original export.'
    )


def _month_named(raw: pl.Series) -> pl.DataFrame:
    """Dates such as 4-Apr-21 or 04 Apr 2021 10:20."""
    texts = raw.set(~raw.str.contains(_MONTH_NAMED).fill_null(False), None)
    texts = texts.str.replace(r"^\s*(\d{1,2}) ([A-Za-z]{3}) ", "$1-$2-")
    times = _in_zone(_strptime(texts, _MONTH_NAMED_FORMATS[0]), "min", None)
    for pattern in _MONTH_NAMED_FORMATS[1:]:
        precision = "min" if "%M" in pattern else "day"
        times = _fill(times, _in_zone(_strptime(texts, pattern), precision, None))
    return times


def _iso(raw: pl.Series, zone: str | None) -> pl.DataFrame:
    parts = raw.to_frame("raw").select(pl.col("raw").str.extract_groups(_ISO).alias("parts")).unnest("parts")
    text = pl.format(
        "{} {}:{}.{}",
        pl.col("date"),
        pl.col("minute").fill_null("00:00"),
        pl.col("second").fill_null("00"),
        pl.col("fraction").fill_null("0").str.slice(0, 6).str.pad_end(6, "0"),
    )
    naive = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False)
    mark = pl.col("zone")
    digits = mark.str.replace_all(r"[^\d]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    minutes = digits // 100 * 60 + digits % 100
    minutes = pl.when(mark.str.starts_with("-")).then(-minutes).otherwise(minutes)
    explicit = mark.str.to_uppercase().is_in(["Z", "UTC", "GMT"])
    shifted = (naive - pl.duration(minutes=pl.when(explicit).then(0).otherwise(minutes))).dt.replace_time_zone("UTC")
    return parts.select(
        pl.when(mark.is_null()).then(_to_utc(naive, zone)).otherwise(shifted).alias("at"),
        _precision("minute", "second").alias("precision"),
        pl.when(mark.is_null())
        .then(pl.lit("declared" if zone else "assumed"))
        .when(explicit)
        .then(pl.lit("explicit_utc"))
        .otherwise(pl.lit("offset"))
        .alias("method"),
    ).with_columns(pl.when(pl.col("at").is_not_null()).then(pl.col("precision", "method")))


def _epoch(raw: pl.Series, factor: int) -> pl.DataFrame:
    number = pl.col("raw").str.strip_chars().cast(pl.Float64, strict=False)
    in_range = number.is_finite() & (number.abs() * factor < YEAR_10000 * 1_000_000)
    at = pl.when(in_range).then((number * factor).round()).cast(pl.Int64).cast(pl.Datetime("us"))
    frame = raw.to_frame("raw").select(at.dt.replace_time_zone("UTC").alias("at"))
    return frame.with_columns(
        pl.when(pl.col("at").is_not_null()).then(pl.lit("s")).alias("precision"),
        pl.when(pl.col("at").is_not_null()).then(pl.lit("epoch")).alias("method"),
    )


def _patterned(raw: pl.Series, pattern: str, zone: str | None) -> pl.DataFrame:
    precision = "day"
    if any(mark in pattern for mark in ("%H", "%I", "%R")):
        precision = "min"
    if any(mark in pattern for mark in ("%S", "%T", "%X", "%s")):
        precision = "s"
    try:
        naive = _strptime(raw, pattern)
    except pl.exceptions.PolarsError as error:
        advice = f"time_format {pattern!r} is no pattern we can read. Correct it in talkshare.toml."
        raise InputError(advice) from error
    if isinstance(naive.dtype, pl.Datetime) and naive.dtype.time_zone:
        return _marked(naive.dt.convert_time_zone("UTC"), precision, "offset")
    return _in_zone(naive, precision, zone)


def _native(raw: pl.Series, zone: str | None) -> pl.DataFrame:
    if raw.dtype == pl.Date:
        return _in_zone(raw.cast(pl.Datetime("us")), "day", zone)
    if isinstance(raw.dtype, pl.Datetime):
        times = raw.dt.cast_time_unit("us")
        if raw.dtype.time_zone is None:
            return _in_zone(times, "s", zone)
        method = "explicit_utc" if raw.dtype.time_zone == "UTC" else "offset"
        return _marked(times.dt.convert_time_zone("UTC"), "s", method)
    return _marked(pl.Series("at", [None] * raw.len(), dtype=TIMESTAMP), "s", "assumed")


def _strptime(raw: pl.Series, pattern: str) -> pl.Series:
    texts = raw.str.strip_chars().str.replace_all(r"\s+", " ")
    if "%z" in pattern or any(mark in pattern for mark in ("%H", "%I", "%T", "%R", "%s", "%X")):
        return texts.str.to_datetime(pattern, time_unit="us", strict=False)
    return texts.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))


def _in_zone(naive: pl.Series, precision: str, zone: str | None) -> pl.DataFrame:
    at = naive.to_frame("naive").select(_to_utc(pl.col("naive"), zone))["naive"]
    return _marked(at, precision, "declared" if zone else "assumed")


def _to_utc(naive: pl.Expr, zone: str | None) -> pl.Expr:
    """A time the clocks jumped over is read as if they had not; of two valid instants, the earlier."""
    if zone is None:
        return naive.dt.replace_time_zone("UTC")
    local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    later = (naive + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return local.fill_null(later).dt.convert_time_zone("UTC")


def _precision(clock: str, seconds: str) -> pl.Expr:
    return (
        pl.when(pl.col(clock).is_null())
        .then(pl.lit("day"))
        .when(pl.col(seconds).is_null())
        .then(pl.lit("min"))
        .otherwise(pl.lit("s"))
    )


def _marked(at: pl.Series, precision: str, method: str) -> pl.DataFrame:
    known = pl.col("at").is_not_null()
    return (
        at.rename("at")
        .to_frame()
        .with_columns(
            pl.when(known).then(pl.lit(precision)).alias("precision"),
            pl.when(known).then(pl.lit(method)).alias("method"),
        )
    )


def _fill(times: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return times.select(pl.col(name).fill_null(more[name]) for name in times.columns)


def _unread(times: pl.DataFrame, raw: pl.Series) -> int:
    return int((times["at"].is_null() & raw.is_not_null()).sum())
