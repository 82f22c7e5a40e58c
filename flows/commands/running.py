"""Commands that take exports in and measure them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from pydantic import ValidationError

from flows import settings_template
from flows.commands import AlarmFlag, HomeOption, clear_progress, home_of, must_exist, opened, progress, say
from flows.config import FILE_NAME, LimitSettings, Settings, load_settings
from flows.store import Home
from schemas.errors import InputError, UsageError

if TYPE_CHECKING:
    from flows.pipeline import RunReport


def init(
    home: HomeOption = None,
    *,
    print_: Annotated[
        bool, Parameter(name="--print", negative="", help="Print the settings file, write nothing.")
    ] = False,
) -> None:
    """Make the home folder and a commented talkshare.toml in it."""
    template = settings_template.render()
    if print_:
        print(template, end="")
        return
    place = home_of(home).create()
    path = place.root / FILE_NAME
    if path.exists():
        raise UsageError(
            f"{path} exists and is left as it is. `talkshare init --print` shows every key with its default."
        )
    path.write_text(template, encoding="utf-8")
    print(
        f"settings  {path}\ninbox     {place.inbox}\n\n"
        f"Put exports into the inbox, then: talkshare run --home {place.root}"
    )


def inspect(file: Path, *, home: HomeOption = None) -> None:
    """Say what a file looks like and what would become of it; prints a mapping to paste for unknown tables.

    Parameters
    ----------
    file
        A file or folder; nothing is stored.
    """
    from flows.readers.inspection import describe

    must_exist(file)
    print(describe(file, load_settings(home_of(home).root)))


def run(
    *paths: Path,
    home: HomeOption = None,
    rebuild: Annotated[bool, Parameter(negative="", help="Read every export again and build a new store.")] = False,
    memory: str | None = None,
    alarm: AlarmFlag = False,
) -> int:
    """Take in new exports, measure everything, publish the snapshot.

    Parameters
    ----------
    paths
        Files or folders to read; without any, the inbox. Files of the inbox move into the store, others are copied.
    memory
        The most the database may use, like 2GB; replaces `[limits] memory` of the settings.
    """
    from flows import pipeline

    for path in paths:
        must_exist(path)

    def under_way(place: Home, settings: Settings) -> RunReport:
        if memory:
            settings = settings.model_copy(update={"limits": _limits(memory)})
        return pipeline.run(place, settings, paths, now=datetime.now(UTC), rebuild=rebuild, progress=progress())

    return _watched(home, "run", under_way, alarm=alarm)


def _limits(memory: str) -> LimitSettings:
    try:
        return LimitSettings(memory=memory)
    except ValidationError as error:
        raise UsageError(f"--memory {memory}: write a number and a unit, like 2GB or 800MB.") from error


def restore(name: str | None = None, *, home: HomeOption = None, alarm: AlarmFlag = False) -> int:
    """List the backups, or put one back: the present store becomes a backup, then everything is measured and published.

    The history (runs, mails sent, hypotheses, what weeks said first) stays that of the present store if it can be read.

    Parameters
    ----------
    name
        Name or number of a backup; without one, they are listed.
    """
    from flows import backups, pipeline

    if name is None:
        print(backups.listing(home_of(home)))
        return 0

    def under_way(place: Home, settings: Settings) -> RunReport:
        return pipeline.run(place, settings, now=datetime.now(UTC), restore=name, progress=progress())

    return _watched(home, "restore", under_way, alarm=alarm)


def _watched(home: Path | None, what: str, under_way: Callable[[Home, Settings], RunReport], *, alarm: bool) -> int:
    """Run, tell the result, and raise the alarm where nobody sits at a terminal to read of a failure."""
    from flows.alarms import remember, telling, warn_of_refused
    from flows.answers import refusal_notes
    from flows.deadline import deadline

    wanted = alarm or not sys.stderr.isatty()
    with telling(home_of(home), what, wanted=wanted, say=say) as last_words:
        place, settings = opened(home)
        with deadline(settings.schedule.timeout_hours, last_words=last_words):
            report = under_way(place, settings)
    clear_progress()
    remember(place, settings)
    if wanted:
        for line in warn_of_refused(place, settings, report, what="run"):
            say(f"alarm by {line}")
    print(_run_table(report))
    for note in refusal_notes(place):
        print(f"note: {note}")
    print(f"\nsnapshot  {place.snapshot}")
    return InputError.exit_code if report.count("refused") else 0


def _run_table(report: Any) -> str:
    lines = []
    columns = ("rows_in", "rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")
    names = ["export", "total", *(file.name for file in report.files)]
    width = max(map(len, names))
    lines.append(
        f"{'export':<{width}}  {'':<9}  {'in':>8} = {'kept':>8} + {'aside':>6} + {'known':>8} + {'excluded':>8}"
    )
    for file in report.files:
        counts = [getattr(file.kept, name) if file.kept else None for name in columns]
        lines.append(_counts_line(file.name, file.status, counts, width))
        lines += [f"{'':<{width}}  {reason}: {n}" for reason, n in file.reasons.items()]
        lines += [f"{'':<{width}}  note: {warning}" for warning in file.warnings]
        if file.message:
            lines.append(f"{'':<{width}}  {file.message}")
    lines.append(_counts_line("total", report.status, [report.total(name) for name in columns], width))
    lines += [f"warning: {warning}" for warning in report.warnings]
    lines.append("seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds, _ in report.steps))
    return "\n".join(lines)


def _counts_line(name: str, status: str, counts: list[int | None], width: int) -> str:
    shown = ["-" if count is None else f"{count:,}" for count in counts]
    return (
        f"{name:<{width}}  {status:<9}  {shown[0]:>8} = {shown[1]:>8} + {shown[2]:>6} + {shown[3]:>8} + {shown[4]:>8}"
    )


def retract(file: str, *, home: HomeOption = None) -> None:
    """Take a wrong export out again, then measure and publish without it.

    Parameters
    ----------
    file
        Name of the export, or the start of its hash, as `talkshare status` shows them.
    """
    from flows import pipeline

    place, settings = opened(home)
    report = pipeline.retract(place, settings, file, now=datetime.now(UTC))
    print(f"{report.files[0].name}: {report.files[0].message}\nsnapshot  {place.snapshot}")


def demo(
    *,
    out: Path = Path("demo-home"),
    threads: int = 4000,
    seed: int = 7,
    plain: Annotated[bool, Parameter(negative="", help="Call the functions directly, without Prefect.")] = False,
) -> None:
    """Invent exports with a known truth, send them through the real flows, say where the results are.

    Parameters
    ----------
    out
        The demo's own home folder; an earlier demo there is replaced.
    threads
        How many conversations to invent.
    seed
        The same seed gives the same exports.
    """
    from flows.demo.show import show

    print(show(Home(out), threads=threads, seed=seed, plain=plain, progress=progress()))
