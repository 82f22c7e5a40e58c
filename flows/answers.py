"""What the command line answers: tables as text, the state of the home, and what a metric means."""

from __future__ import annotations

import contextlib
from contextlib import closing
from datetime import datetime
from typing import Any, Literal

import polars as pl

from flows import store
from flows.config import Settings
from flows.readers.discover import discover
from flows.store import Home
from schemas.errors import BusyError, NothingToDoError
from sql.frames import fetch

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_text(frame: pl.DataFrame, form: Literal["table", "csv", "json"]) -> str:
    """The frame as a table for people, as CSV whose text cells no spreadsheet runs, or as JSON rows."""
    if form == "json":
        return frame.write_json() + "\n"
    if form == "csv":
        return _harmless(_flat(frame)).write_csv()
    with pl.Config(
        tbl_rows=200, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
        fmt_str_lengths=80, tbl_width_chars=65_000, tbl_formatting="MARKDOWN", float_precision=4,
    ):  # fmt: skip
        more = (
            f"\n({frame.height:,} rows; the first 200 are shown, --format csv gives all)" if frame.height > 200 else ""
        )
        return f"{frame.head(200)}{more}\n"


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    return frame.with_columns(pl.struct(name).struct.json_encode().alias(name) for name in nested)


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    starts = pl.col(pl.String).str.slice(0, 1).is_in(_FORMULA_STARTS)
    return frame.with_columns(pl.when(starts).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String)).name.keep())


def status_of(home: Home, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """What ran last, the snapshot's age, what waits in the inbox, the exports in the store. Names are the user's own.

    Raises NothingToDoError if there is no home yet.
    """
    if not home.private.exists():
        raise NothingToDoError(
            f"{home.root}: no talkshare home here. Make one with `talkshare init --home {home.root}`."
        )
    facts: dict[str, Any] = {"home": str(home.root), "snapshot": None, "last_run": None, "exports": [], "running": True}
    if home.snapshot.exists():
        with closing(store.open_snapshot(home)) as connection:
            info = fetch(connection, "from snapshot_info").row(0, named=True)
        age = round((now - info["published_at"]).total_seconds() / 3600, 1)
        facts["snapshot"] = {
            "path": str(home.snapshot),
            "published_at": info["published_at"],
            "age_hours": age,
        } | {
            name: info[name]
            for name in ("n_threads", "n_approaches", "link_rate", "share_assumed_candidates", "share_with_subject")
        }
    with contextlib.suppress(BusyError), store.only_run(home):
        facts["running"] = False
    if home.database.exists() and not facts["running"]:
        with closing(store.connect(home.database, read_only=True)) as connection:
            runs = fetch(connection, "from runs order by started_at desc limit 1")
            exports = fetch(
                connection,
                "select file_id, name, shape, rows_in, rows_set_aside, rows_excluded, observed_until, first_seen_at "
                "from readings order by first_seen_at, name",
            )
        facts["last_run"] = runs.row(0, named=True) if runs.height else None
        facts["exports"] = exports.to_dicts()
    found, refused = discover(home.inbox, settings, root=home.inbox) if home.inbox.exists() else ([], [])
    facts["inbox"] = [{"name": export.name, "shape": export.shape} for export in found]
    facts["refused"] = [{"name": item.name, "message": item.message} for item in refused]
    return facts


def refusal_notes(home: Home) -> list[str]:
    """Why some rates are refused, and how many outcomes found no conversation, in sentences for people."""
    with closing(store.open_snapshot(home)) as connection:
        info = fetch(connection, "from snapshot_info").row(0, named=True)
    reasons = [info["reply_refused_reason"], info["conversion_refused_reason"]]
    link_rate = info["link_rate"]
    if link_rate is not None and link_rate < 1 and not info["conversion_refused_reason"]:
        reasons.append(f"{1 - link_rate:.0%} of the candidates in the outcome sources link to no conversation.")
    return [reason for reason in reasons if reason]


def status_text(facts: dict[str, Any]) -> str:
    """The facts of `status_of` as lines for people."""
    snapshot, last = facts["snapshot"], facts["last_run"]
    lines = [f"home      {facts['home']}"]
    if snapshot:
        lines.append(
            f"snapshot  {snapshot['published_at']:%Y-%m-%d %H:%M} UTC, {snapshot['age_hours']} hours old: "
            f"{snapshot['n_threads']:,} threads, {snapshot['n_approaches']:,} approaches"
        )
        shares = {
            "outcomes that link": snapshot["link_rate"],
            "candidates assumed": snapshot["share_assumed_candidates"],
            "LinkedIn threads with a subject": snapshot["share_with_subject"],
        }
        lines += [f"          {name}: {share:.0%}" for name, share in shares.items() if share is not None]
    else:
        lines.append("snapshot  none yet: put exports into the inbox and run `talkshare run`")
    if facts["running"]:
        lines.append("running   a run is under way; its exports and counts are shown when it is done")
    if last:
        lines.append(
            f"last run  {last['started_at']:%Y-%m-%d %H:%M} UTC, {last['kind']}: {last['status']}; "
            f"{last['rows_in']:,} rows in = {last['rows_kept']:,} kept + {last['rows_set_aside']:,} set aside "
            f"+ {last['rows_already_known']:,} already known + {last['rows_excluded']:,} excluded"
        )
    lines += [f"waiting   {item['name']} ({item['shape']})" for item in facts["inbox"]]
    lines += [f"refused   {item['message']}" for item in facts["refused"]]
    lines += [
        f"export    {item['file_id'][:12]}  {item['rows_in']:>8,} rows  seen until "
        f"{item['observed_until']:%Y-%m-%d}  {item['name']}"
        if item["observed_until"]
        else f"export    {item['file_id'][:12]}  {item['rows_in']:>8,} rows  {item['name']}"
        for item in facts["exports"]
    ]
    return "\n".join(lines)
