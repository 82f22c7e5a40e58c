"""Kaplan-Meier curves of "happened by day t": only the end of observation censors, intervals draw recruiters."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from sql.statistics import CHUNK_CELLS, ROUNDING, Z_95, Codes, Floats, t_quantile

Flags = npt.NDArray[np.bool_]

DRAWS = 400
MIN_RECRUITERS = 8
GREENWOOD = ("greenwood_error", "greenwood_low", "greenwood_high")
COUNTS = ("day", "n_approaches", "n_recruiters", "at_risk", "recruiters_at_risk", "events")
SHARES = ("share", "standard_error", "low", "high", *GREENWOOD)
COLUMNS: dict[str, Any] = {**dict.fromkeys(COUNTS, pl.Int64), **dict.fromkeys(SHARES, pl.Float64)}


def kaplan_meier(durations_days: pl.Series | npt.ArrayLike, happened: npt.ArrayLike) -> pl.DataFrame:
    """The share to whom it has happened by each distinct duration: 1 - Kaplan-Meier's survival.

    `durations_days` end with the event where `happened`, else with the observation; who is censored on a day is at
    risk on it. Columns `day, at_risk, events, censored, share_happened, standard_error, low, high`; the error is
    Greenwood's (1926), the 95 % interval log-log (Kalbfleisch and Prentice 1980). Both take rows as independent.
    The interval is null while nothing has happened and the error too once it has happened to all: no formula knows.
    ValueError for durations that are missing, negative or not one per `happened`.
    """
    durations, flags = _checked(durations_days, happened)
    days, places = np.unique(durations, return_inverse=True)
    exits = np.bincount(places, minlength=days.size)
    events = np.bincount(places[flags], minlength=days.size)
    at_risk = exits[::-1].cumsum()[::-1]
    survival: Floats = np.cumprod(1 - events / at_risk)
    terms = events / np.maximum(at_risk * (at_risk - events), 1)
    error = np.where(survival > 0, survival * np.sqrt(np.cumsum(terms)), np.nan)
    low, high = log_log_interval(1 - survival, error, Z_95)
    return pl.DataFrame(
        {
            "day": days,
            "at_risk": at_risk,
            "events": events,
            "censored": exits - events,
            "share_happened": 1 - survival,
            "standard_error": error,
            "low": low,
            "high": high,
        }
    ).with_columns(pl.col("standard_error", "low", "high").fill_nan(None))


def _checked(durations_days: pl.Series | npt.ArrayLike, happened: npt.ArrayLike) -> tuple[Floats, Flags]:
    durations: Floats = np.asarray(durations_days, dtype=np.float64)
    flags: Flags = np.asarray(happened, dtype=np.bool_)
    if durations.ndim != 1 or durations.shape != flags.shape:
        raise ValueError(f"{durations.size} durations and {flags.size} flags: give one flag per duration.")
    bad = int(np.count_nonzero(~(np.isfinite(durations) & (durations >= 0))))
    if bad:
        raise ValueError(f"{bad} of {durations.size} durations are missing or negative; leave those rows out.")
    return durations, flags


def log_log_interval(share: Floats, error: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Bounds of a share by its standard error, symmetric in log(-log(1 - share)), hence in 0..1; NaN at 0 and 1."""
    survival = np.where((share > 0) & (share < 1), 1 - share, np.nan)
    logs = np.log(survival)
    stretch = np.exp(quantile * error / (survival * -logs))
    with np.errstate(over="ignore"):
        return 1 - np.exp(logs / stretch), 1 - np.exp(logs * stretch)


def curves(rows: pl.DataFrame, *, group: str, days: int, seed: int) -> pl.DataFrame:
    """Per `group` and day 0..`days`: the share to whom it has happened by then, with two pointwise 95 % intervals.

    `rows`: `recruiter_id, <group>, days_observed, days_to_event`; the last is null where it did not happen, and an
    event after the end of observation has not been seen. Left out: rows without a group, a recruiter or a time,
    never observed (negative days) or already in process (a negative event). Declines and closed jobs stay at risk.

    Columns `<group>, day, n_approaches, n_recruiters, at_risk, recruiters_at_risk, events` (up to that day), `share,
    standard_error, low, high, greenwood_error, greenwood_low, greenwood_high`. The share is null once nobody is left
    to watch: a flat line there would be invention. `standard_error, low, high` draw whole recruiters with
    replacement; null below 8 recruiters, or fewer than two after counting unequal sizes, and while nothing has
    happened. The interval is log-log with t of the effective recruiters less one; simulated coverage stands in
    `tests/test_curves.py`. Weakness: where `recruiters_at_risk` is small, late days rest on few, and no interval
    knows.
    """
    tables = [_curve(part, group, days, seed) for part in _followed(rows, group).partition_by(group)]
    return pl.concat(tables) if tables else pl.DataFrame(schema={group: rows.schema[group], **COLUMNS})


def _followed(rows: pl.DataFrame, group: str) -> pl.DataFrame:
    """The rows that can be followed, with `duration` and `happened`, in an order that is their own."""
    observed, event = (pl.col(name).cast(pl.Float64).fill_nan(None) for name in ("days_observed", "days_to_event"))
    return (
        rows.select("recruiter_id", group, observed, event)
        .drop_nulls(["recruiter_id", group, "days_observed"])
        .filter(pl.col("days_observed") >= 0, pl.col("days_to_event").fill_null(0) >= 0)
        .select(
            "recruiter_id",
            group,
            duration=pl.min_horizontal("days_observed", "days_to_event"),
            happened=(pl.col("days_to_event") <= pl.col("days_observed")).fill_null(False),
        )
        .sort(group, "recruiter_id", "duration", "happened")
    )


def _curve(part: pl.DataFrame, group: str, days: int, seed: int) -> pl.DataFrame:
    """One group's table; `part` is sorted and holds one value of `group`."""
    calendar: Floats = np.arange(days + 1, dtype=np.float64)
    durations, happened = part["duration"].to_numpy(), part["happened"].to_numpy()
    codes: Codes = (part["recruiter_id"].rank("dense").cast(pl.Int64) - 1).to_numpy()
    sizes = np.bincount(codes)
    last_seen = np.zeros(sizes.size)
    np.maximum.at(last_seen, codes, durations)
    curve = _on_days(kaplan_meier(durations, happened), calendar)
    at_risk = _reaching(durations, calendar)
    share = np.where((at_risk > 0) | (curve["share"] >= 1), curve["share"], np.nan)
    error = low = high = np.full(calendar.size, np.nan)
    if sizes.size >= MIN_RECRUITERS:
        stream = np.random.default_rng([seed, crc32(str(part[group][0]).encode())])
        spread = drawn_shares(durations, happened, codes, calendar, stream).std(axis=0, ddof=1)
        error = np.where(spread > ROUNDING, spread * _few_clusters_factor(sizes), np.nan)
        low, high = log_log_interval(share, error, t_quantile(0.975, _effective(sizes) - 1))
    values: dict[str, Any] = {
        "day": calendar,
        "n_approaches": np.full(calendar.size, part.height),
        "n_recruiters": np.full(calendar.size, sizes.size),
        "at_risk": at_risk,
        "recruiters_at_risk": _reaching(last_seen, calendar),
        "events": np.searchsorted(np.sort(durations[happened]), calendar, side="right"),
        "share": share,
        "standard_error": np.where(np.isfinite(low), error, np.nan),
        "low": low,
        "high": high,
        **{name: np.where(np.isfinite(share), curve[name], np.nan) for name in GREENWOOD},
    }
    table = pl.DataFrame([pl.Series(name, values[name]).cast(kind) for name, kind in COLUMNS.items()])
    names = part[group].new_from_index(0, calendar.size)
    return table.with_columns(pl.col(pl.Float64).fill_nan(None)).insert_column(0, names)


def _on_days(steps: pl.DataFrame, calendar: Floats) -> dict[str, Floats]:
    """The step curve read at the end of each day; before its first step the share is 0."""
    at = np.searchsorted(steps["day"].to_numpy(), calendar, side="right")
    columns = zip(("share", *GREENWOOD), ("share_happened", "standard_error", "low", "high"), strict=True)
    starts = {"share": 0.0, "greenwood_error": 0.0}
    return {
        name: np.concatenate([[starts.get(name, np.nan)], steps[column].cast(pl.Float64).fill_null(np.nan)])[at]
        for name, column in columns
    }


def _reaching(durations: Floats, calendar: Floats) -> Codes:
    """How many are still watched, and waiting, when a day begins."""
    still: Codes = durations.size - np.searchsorted(np.sort(durations), calendar, side="left")
    return still


def drawn_shares(
    durations: Floats, happened: Flags, codes: Codes, calendar: Floats, stream: np.random.Generator
) -> Floats:
    """(draws, days): the curve of each resample of whole recruiters; `codes` are dense.

    A resample whose last recruiter has left stays level. Rows enter as counts per recruiter and event time, so
    the sums are exact in any order; a draw costs the filled cells of that table, not the rows.
    """
    from scipy.sparse import csr_array

    n_recruiters = int(codes.max()) + 1
    times = stream.multinomial(n_recruiters, np.full(n_recruiters, 1 / n_recruiters), size=DRAWS)
    moments = np.unique(durations[happened & (durations <= calendar[-1])])
    shape = (moments.size, n_recruiters)
    # Between two event times nothing changes, so who leaves there leaves with the earlier one.
    last = np.searchsorted(moments, durations, side="right") - 1
    reached, counted = last >= 0, happened & (durations <= calendar[-1])
    leaving = csr_array((np.ones(np.count_nonzero(reached)), (last[reached], codes[reached])), shape=shape)
    events = csr_array((np.ones(np.count_nonzero(counted)), (last[counted], codes[counted])), shape=shape)
    at = np.searchsorted(moments, calendar, side="right")
    shares = np.empty((DRAWS, calendar.size))
    step = max(1, CHUNK_CELLS // max(1, moments.size))
    for first in range(0, DRAWS, step):
        weights = times[first : first + step].T.astype(np.float64)
        at_risk = np.cumsum((leaving @ weights)[::-1], axis=0)[::-1]
        survival = np.cumprod(1 - (events @ weights) / np.maximum(at_risk, 1), axis=0)
        shares[first : first + step] = 1 - np.vstack([np.ones(weights.shape[1]), survival])[at].T
    return shares


def _effective(sizes: Codes) -> float:
    """How many recruiters of equal size tell as much (Kish 1965)."""
    return float(np.sum(sizes) ** 2 / np.sum(sizes.astype(np.float64) ** 2))


def _few_clusters_factor(sizes: Codes) -> float:
    """Undoes the bootstrap's shortfall: each recruiter is compared with a mean that he is part of himself.

    The root of sum n^2 / sum n^2 (1 - 2h + sum h^2), h = n / sum n; for equal sizes that of G / (G - 1). Exact where
    recruiters differ and their approaches do not, generous elsewhere. NaN for a single recruiter.
    """
    squares, part = sizes.astype(np.float64) ** 2, sizes / np.sum(sizes)
    kept = np.sum(squares * (1 - 2 * part + np.sum(part**2)))
    return float(np.sqrt(np.sum(squares) / kept)) if kept > 0 else np.nan
