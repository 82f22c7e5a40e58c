"""Writes the coaching pages: each recruiter's own numbers and texts, for that recruiter alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from flows import people, store
from flows.config import Settings
from flows.people import Page
from flows.readers.identity import identity, linkedin_identity
from flows.reporting import report_week
from flows.store import Home
from schemas.errors import NothingToDoError, UsageError
from sql.frames import fetch

if TYPE_CHECKING:
    from reports.coaching import Opening, TeamData
    from reports.profile import Family

FRAMES = ("approach_metrics", "recruiter_week", "associations", "templates", "metric_week")
LATEST_OPENINGS = 5


def write_coaching_pages(
    home: Home, settings: Settings, recruiters: Sequence[str] | None, *, day: date | None = None, now: datetime
) -> list[Path]:
    """Write `coaching/<recruiter id>/<iso-week>.html` for each of `recruiters` (ids, slugs, addresses; None: all).

    Without a day: the newest week that everybody had seven days to answer. Folders and files are their owner's only.
    Raises UsageError for an unknown recruiter, NothingToDoError without a snapshot or a store.
    """
    from reports.coaching import TeamData

    with closing(store.open_snapshot(home)) as connection:
        frames = {name: fetch(connection, f"from {name}") for name in FRAMES}
        info = fetch(connection, "from snapshot_info").row(0, named=True)
        firsts = fetch(
            connection,
            "select thread_id, approach_no, message_id from message_metrics "
            "where message_no = 1 and side = 'recruiter' order by all",
        )
    week = report_week(frames["metric_week"], day)
    team = TeamData.of(
        frames, info, week=week, weeks=settings.report.weeks, minimum_candidates=settings.privacy.minimum_candidates
    )
    known = sorted(team.outreach.filter(pl.col("week") <= week)["recruiter_id"].drop_nulls().unique())
    if not known:
        raise NothingToDoError(f"Nobody opened a conversation up to the week of {week}, so there is no page to write.")
    chosen = known if recruiters is None else [resolve(home, who, known) for who in recruiters]
    return [_write_page(home, settings, team, firsts, who, now=now) for who in dict.fromkeys(chosen)]


def resolve(home: Home, who: str, known: Sequence[str]) -> str:
    """The id of a recruiter given by id, profile slug or address. Raises UsageError if there is no such recruiter.

    Slugs and addresses are hashed with the store's key and compared; nothing is looked up by name.
    """
    text = who.strip()
    if text in known:
        return text
    key = store.id_key(home) if home.private.exists() else b""
    spellings = [identity(text), linkedin_identity(text.strip("/"))] if key and text else []
    found = [spelled for spelled in spellings if spelled and store.participant_id(key, spelled) in known]
    if not found:
        shown = "That address" if "@" in text else repr(text)
        raise UsageError(
            f"{shown}: no such recruiter in the snapshot. Give an id, a profile slug or an address, or --all; "
            '`talkshare sql "select recruiter_id, count(*) from approach_metrics group by all"` lists the ids.'
        )
    return store.participant_id(key, found[0])


def _write_page(
    home: Home, settings: Settings, team: TeamData, firsts: pl.DataFrame, recruiter_id: str, *, now: datetime
) -> Path:
    from reports.coaching import families_of, render
    from sql.shrinkage import drawn_rates

    page = Page("coaching page", "recruiter", recruiter_id)
    families = families_of(team, recruiter_id, drawn_rates)
    latest, texts = _openings(home, settings, team, firsts, page, families, now=now)
    name = people.names_of(home, settings, page, now=now).get(recruiter_id)
    html = render(team, recruiter_id, name=name, openings=latest, families=families, texts=texts)
    year, number, _ = team.week.isocalendar()
    path = home.coaching / recruiter_id / f"{year}-W{number:02d}.html"
    for folder in (home.coaching, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    store.write_private(path, html)
    return path


def _openings(
    home: Home,
    settings: Settings,
    team: TeamData,
    firsts: pl.DataFrame,
    page: Page,
    families: Sequence[Family],
    *,
    now: datetime,
) -> tuple[list[Opening], dict[str, Opening]]:
    """The latest openings, newest first, and the last use of each family by template id."""
    from reports.coaching import Opening

    own = team.own(page.recruiter_id or "").filter(pl.col("week") <= team.week)
    own = own.join(firsts, on=["thread_id", "approach_no"], how="inner", maintain_order="left")
    rows = {(row["thread_id"], row["approach_no"]): row for row in own.iter_rows(named=True)}
    latest = list(rows)[-LATEST_OPENINGS:][::-1]
    used = {family.template_id: family.last_use for family in families if family.last_use in rows}
    wanted = list(dict.fromkeys(rows[key]["message_id"] for key in [*latest, *used.values()]))
    sentences = people.sentences_of(home, settings, page, wanted, now=now)
    said = {
        message: list(part.select("sentence", "kind").iter_rows())
        for (message,), part in sentences.group_by("message_id", maintain_order=True)
    }
    zone = ZoneInfo(str(team.snapshot_info.get("time_zone") or "UTC"))

    def opening(key: tuple[str, int]) -> Opening:
        row = rows[key]
        sent_on = row["started_at"].astimezone(zone).date()
        return Opening(sent_on, row["channel"], row["opening_style"], said[row["message_id"]])

    shown = {key for key in rows if rows[key]["message_id"] in said}
    return [opening(key) for key in latest if key in shown], {
        template: opening(key) for template, key in used.items() if key in shown
    }
