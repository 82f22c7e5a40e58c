"""Reads the published snapshot and writes the data-quality page, or says in a few lines what needs a look."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows import store
from flows.config import Settings
from flows.store import Home
from sql.frames import fetch

if TYPE_CHECKING:
    from reports.quality import QualityData

QUALITY_PAGE = "quality.html"
FRAMES = (
    "source_files",
    "set_aside",
    "exclusions",
    "quality_weeks",
    "inboxes",
    "schema_changes",
    "quality_checks",
)


def quality_data(home: Home) -> QualityData:
    """What the snapshot says of its own data. Raises NothingToDoError where nothing is published."""
    from reports.quality import QualityData

    with closing(store.open_snapshot(home)) as connection:
        frames = {name: fetch(connection, f"from {name}") for name in FRAMES}
        info = fetch(connection, "from snapshot_info").row(0, named=True)
        last = "select files_refused from runs where published_at is not null order by run_no desc limit 1"
        runs = fetch(connection, last)
        n_open = connection.execute(
            "select coalesce(sum(n_open), 0)::bigint from metric_week where metric = 'replied_7d' and group_by = 'all'"
        ).fetchall()[0][0]
    return QualityData(**frames, snapshot_info=info | runs.row(0, named=True), n_open=n_open)


def write_quality(home: Home, settings: Settings) -> Path:
    """Write `reports/quality.html` of the newest snapshot, whole or not at all."""
    from reports.quality import render

    page = render(
        quality_data(home),
        title=settings.report.title,
        minimum_candidates=settings.privacy.minimum_candidates,
        maximum_set_aside_share=settings.quality.maximum_set_aside_share,
    )
    path = home.reports / QUALITY_PAGE
    store.write_whole(path, page.encode())
    return path


def write_quality_or_say_why(home: Home, settings: Settings) -> list[str]:
    """The page of the night: a page that cannot be written is a warning, for the numbers are out already."""
    try:
        write_quality(home, settings)
    except Exception as error:
        # The kind only: the message of a library may quote a row.
        return [f"{QUALITY_PAGE} could not be written ({type(error).__name__}); `talkshare quality` tries again"]
    return []


def quality_lines(home: Home, settings: Settings) -> list[str]:
    """What needs a look, worst first, or that nothing does; then how much was compared."""
    from reports.quality import comparisons, looks
    from reports.words.quality import NOTHING

    data = quality_data(home)
    found = looks(data, maximum_set_aside_share=settings.quality.maximum_set_aside_share)
    return [*(found or [NOTHING]), comparisons(data.quality_weeks)]


def changed_columns(connection: store.Connection, since: datetime) -> list[str]:
    """How columns changed in the exports that were read first since then, in sentences."""
    from reports.words.quality import changes

    rows = fetch(
        connection,
        """
        select schema_changes.*
        from schema_changes
        inner join source_files on schema_changes.file_id = source_files.file_id
        where source_files.first_seen_at >= $1
        order by schema_changes.file_id, schema_changes.member, schema_changes.change, schema_changes.column_name
        """,
        [since],
    )
    return changes(rows.to_dicts())
