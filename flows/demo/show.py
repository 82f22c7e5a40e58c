"""The demo: invented exports through the real flows, and where to look afterwards."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flows import pipeline, serving
from flows.config import FILE_NAME, load_settings
from flows.demo import invent
from flows.reporting import write_report
from flows.store import Home
from schemas.errors import UsageError

MARK = "demo.txt"


def show(home: Home, *, threads: int, seed: int, plain: bool, progress: Callable[[str], None]) -> str:
    """Run the demo in `home` and return what to print. Raises UsageError rather than touch a home that is no demo's."""
    if threads < 100:
        raise UsageError(f"--threads {threads}: the invented world needs at least 100.")
    if home.root.exists() and any(home.root.iterdir()) and not (home.root / MARK).exists():
        raise UsageError(f"{home.root}: is not empty and no demo's folder. Choose another with --out.")
    shutil.rmtree(home.root, ignore_errors=True)
    home.create()
    (home.root / MARK).write_text("Everything in this folder is invented, and replaced by the next demo.\n", "utf-8")
    progress("inventing exports")
    truth_path = home.root / "truth.json"
    invent(home.inbox, threads=threads, seed=seed, truth_path=truth_path)
    (home.inbox / FILE_NAME).rename(home.root / FILE_NAME)
    report = _run_plain(home) if plain else _run_flows(home, progress)
    command = _command()
    return "\n".join(
        [
            f"report    {home.reports / report.parent.name / report.name}",
            f"snapshot  {home.snapshot}",
            f"truth     {truth_path}",
            "",
            "Three things to try next:",
            f"  {command} explain first_message_words replied_30d --home {home.root}",
            f'  {command} sql "select first_message_bin, count(*) as n, avg(replied_30d::int) as rate '
            f'from approach_metrics where replied_30d is not null group by all order by min(first_message_chars)" '
            f"--home {home.root}",
            f"  {command} status --home {home.root}",
        ]
    )


def _run_plain(home: Home) -> Path:
    settings = load_settings(home.root)
    pipeline.run(home, settings, now=datetime.now(UTC))
    return write_report(home, settings).path


def _run_flows(home: Home, progress: Callable[[str], None]) -> Path:
    serving.prepare_environment(home)
    progress("starting Prefect's own temporary server")
    from flows.nightly import nightly
    from flows.weekly import weekly

    progress("nightly flow")
    nightly(str(home.root))
    progress("weekly flow")
    return Path(weekly(str(home.root)))


def _command() -> str:
    """The command as it was called, so that what is printed can be pasted."""
    called = Path(sys.argv[0])
    if called.name != "talkshare":
        return "talkshare"
    return os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called)
