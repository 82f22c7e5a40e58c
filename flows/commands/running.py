"""Commands that take exports in and measure them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from flows import settings_template
from flows.commands import AlarmFlag, HomeOption, clear_progress, home_of, must_exist, opened, progress, say
from flows.config import FILE_NAME, load_settings
from flows.store import Home
from schemas.errors import InputError, UsageError


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
    alarm: AlarmFlag = False,
) -> int:
    """Take in new exports, measure everything, publish the snapshot.

    Parameters
    ----------
    paths
        Files or folders to read; without any, the inbox. Files of the inbox move into the store, others are copied.
    """
    from flows import pipeline
    from flows.alarms import remember, telling, warn_of_refused
    from flows.answers import refusal_notes
    from flows.deadline import deadline

    for path in paths:
        must_exist(path)
    # Whoever sits at a terminal reads the error itself.
    wanted = alarm or not sys.stderr.isatty()
    with telling(home_of(home), "run", wanted=wanted, say=say) as last_words:
        place, settings = opened(home)
        with deadline(settings.schedule.timeout_hours, last_words=last_words):
            report = pipeline.run(place, settings, paths, now=datetime.now(UTC), rebuild=rebuild, progress=progress())
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
