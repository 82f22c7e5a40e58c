"""The command line: results on stdout, progress (on a terminal only) and messages on stderr."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from flows import config, settings_template
from flows.config import FILE_NAME, Settings, load_settings
from flows.store import Home
from schemas.errors import ForbiddenPairError, InputError, TalkshareError, UsageError

EXIT_CODES = """\
Exit codes: 0 done; 1 unexpected failure; 2 wrong use or settings; 3 done, but some export was refused;
4 nothing to show yet; 5 the audit failed and nothing was published; 6 the guard refused a pair; 7 another run is
under way; 8 a mail was not sent."""

app = App(
    name="talkshare",
    help="Measures how recruiters open and hold written conversations, and what goes with replies and conversions.",
    help_epilogue=EXIT_CODES,
    version_flags=["--version"],
)

HomeOption = Annotated[
    Path | None,
    Parameter(name="--home", help="Folder that holds all state; default $TALKSHARE_HOME or ./talkshare-home."),
]
AllFlag = Annotated[bool, Parameter(name="--all", negative="")]


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    code = 1
    try:
        result = app(exit_on_error=False, print_error=False, result_action="return_value")
        code = result if isinstance(result, int) else 0
    except CycloptsError as error:
        _say(f"talkshare: {error}")
        code = UsageError.exit_code
    except TalkshareError as error:
        _say(f"talkshare: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        _say("talkshare: stopped; the last published snapshot stays.")
        code = 130
    except BrokenPipeError:
        _drop_output()
        code = 0
    except OSError as error:
        _say(f"talkshare: {error.strerror or error}: {error.filename or 'output'}")
        _drop_output()
    leave(code)


def leave(code: int) -> NoReturn:
    """Leave without tearing the interpreter down: DuckDB's bindings would print a list of what they leak."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _drop_output() -> None:
    """What is still buffered has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _progress(enabled: bool = True) -> Callable[[str], None]:
    if not (enabled and sys.stderr.isatty()):
        return lambda _: None
    width = shutil.get_terminal_size().columns - 1
    return lambda text: print(f"\r{text[:width]:<{width}}", end="", file=sys.stderr, flush=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _home(home: Path | None) -> Home:
    return Home(home or Path(os.environ.get("TALKSHARE_HOME") or "talkshare-home"))


def _opened(home: Path | None) -> tuple[Home, Settings]:
    place = _home(home)
    return place, load_settings(place.root)


@app.command
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
    place = _home(home).create()
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


@app.command
def inspect(file: Path, *, home: HomeOption = None) -> None:
    """Say what a file looks like and what would become of it; prints a mapping to paste for unknown tables.

    Parameters
    ----------
    file
        A file or folder; nothing is stored.
    """
    from flows.readers.inspection import describe

    _must_exist(file)
    print(describe(file, load_settings(_home(home).root)))


@app.command
def run(
    *paths: Path,
    home: HomeOption = None,
    rebuild: Annotated[bool, Parameter(negative="", help="Read every export again and build a new store.")] = False,
) -> int:
    """Take in new exports, measure everything, publish the snapshot.

    Parameters
    ----------
    paths
        Files or folders to read; without any, the inbox. Files of the inbox move into the store, others are copied.
    """
    from flows import pipeline
    from flows.answers import refusal_notes

    place, settings = _opened(home)
    for path in paths:
        _must_exist(path)
    report = pipeline.run(place, settings, paths, now=datetime.now(UTC), rebuild=rebuild, progress=_progress())
    _clear_progress()
    print(_run_table(report))
    for note in refusal_notes(place):
        print(f"note: {note}")
    print(f"\nsnapshot  {place.snapshot}")
    return InputError.exit_code if report.count("refused") else 0


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder.")


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


@app.command
def retract(file: str, *, home: HomeOption = None) -> None:
    """Take a wrong export out again, then measure and publish without it.

    Parameters
    ----------
    file
        Name of the export, or the start of its hash, as `talkshare status` shows them.
    """
    from flows import pipeline

    place, settings = _opened(home)
    report = pipeline.retract(place, settings, file, now=datetime.now(UTC))
    print(f"{report.files[0].name}: {report.files[0].message}\nsnapshot  {place.snapshot}")


@app.command
def report(
    *,
    week: str | None = None,
    team: str | None = None,
    send: Annotated[bool, Parameter(negative="", help="Send it to [mail] recipients, once a week each.")] = False,
    to: Annotated[list[str] | None, Parameter(help="With --send: these addresses in place of the settings'.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="With --send: write the mails beside the report.")] = False,
    again: Annotated[bool, Parameter(negative="", help="With --send: also to those who have it already.")] = False,
    home: HomeOption = None,
) -> None:
    """Write the weekly report from the published snapshot, and the pages of the configured teams; prints the paths.

    With --send, mail it.

    Parameters
    ----------
    week
        Any day of the week, YYYY-MM-DD; default: the newest week that everybody had seven days to answer.
    team
        Write the page of this team only; refused where it, or the rest, is too small.
    """
    from flows.mailing import send_report, write_mails
    from flows.reporting import write_report, write_team_reports

    if not send and (to or dry_run or again):
        raise UsageError("--to, --dry-run and --again belong to --send.")
    if send and team:
        raise UsageError("--send mails the report of all; a team's page is for you to hand over.")
    place, settings = _opened(home)
    now = datetime.now(UTC)
    written = write_report(place, settings, day=_day(week), team=team, now=now)
    print(written.path)
    for note in written.notes:
        _say(f"talkshare: {note}")
    if not team:
        reports, refusals = write_team_reports(place, settings, day=_day(week), now=now)
        for report in reports:
            print(report.path)
        for refusal in refusals:
            print(f"note: {refusal}")
    if not send:
        return
    options: dict[str, Any] = {"to": to or [], "now": now, "is_newest": week is None}
    if dry_run:
        print(*write_mails(place, settings, written, **options), sep="\n")
    else:
        print(*send_report(place, settings, written, **options, again=again), sep="\n")


@app.command
def coach(*recruiters: str, everybody: AllFlag = False, week: str | None = None, home: HomeOption = None) -> None:
    """Write a recruiter's coaching page, for that recruiter alone: own numbers, own texts; prints its path.

    Parameters
    ----------
    recruiters
        Ids as in `recruiter_week`, profile slugs or addresses.
    everybody
        A page for every recruiter, each in a folder of its own.
    week
        Any day of the week, YYYY-MM-DD; default: the newest week that everybody had seven days to answer.
    """
    from flows.coaching import write_coaching_pages

    if bool(recruiters) == everybody:
        raise UsageError("Name a recruiter (an id, a profile slug or an address), or give --all; not both.")
    place, settings = _opened(home)
    chosen = None if everybody else recruiters
    for path in write_coaching_pages(place, settings, chosen, day=_day(week), now=datetime.now(UTC)):
        print(path)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--week {text}: not a date; give any day of the week as YYYY-MM-DD.") from error


@app.command
def sql(
    query: str | None = None,
    *,
    file: Annotated[str | None, Parameter(name=["--file", "-f"])] = None,
    format: Literal["table", "csv", "json", "parquet"] = "table",  # noqa: A002
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    list_: Annotated[
        bool, Parameter(name="--list", negative="", help="List the questions that come with talkshare.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Ask the published snapshot; it can only be read, and nothing outside it can be reached.

    Parameters
    ----------
    query
        One SELECT in DuckDB's SQL; `from data_dictionary` says what there is.
    file
        A file with the SELECT, or the name of a shipped question, in place of the query.
    format
        table, csv (formula cells escaped), json or parquet (needs --out).
    out
        Write the answer to this file.
    """
    from flows.answers import MOST_ROWS, question, questions, write_answer
    from flows.store import query_snapshot

    if list_:
        print(questions())
        return
    if (query is None) == (file is None):
        raise UsageError("Give a query, or a file or a shipped question with -f; `talkshare sql --list` shows those.")
    place = _home(home)
    frame = query_snapshot(place, query if query is not None else question(str(file)), rows=MOST_ROWS)
    write_answer(frame, format, out, place)
    if frame.height == MOST_ROWS:
        _say(f"talkshare: the answer is cut at {MOST_ROWS:,} rows; ask for less, or in parts.")


@app.command
def status(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="As one JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what ran last, how fresh the snapshot is, what waits in the inbox, and which exports are in the store."""
    from flows.answers import status_of, status_text

    place, settings = _opened(home)
    facts = status_of(place, settings, now=datetime.now(UTC))
    print(json.dumps(facts, default=str, indent=2) if as_json else status_text(facts))


@app.command
def explain(
    metric: str | None = None,
    outcome: str | None = None,
    partner: str | None = None,
    *,
    text: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    language: str | None = None,
    before: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    home: HomeOption = None,
) -> None:
    """Say how a metric or outcome is defined, what was seen of a pair, or how a text's sentences are judged.

    Parameters
    ----------
    metric
        A metric, an outcome or a family, for example first_message_words or ask_tell; or `hypotheses`.
    outcome
        An outcome, for example replied_30d (`replied` and `converted` are short for replied_30d and converted_60d).
    partner
        `explain association METRIC OUTCOME` prints every number of the pair, what they rest on, what would change them.
    text
        A message: each sentence is shown with its kind and the rule that decided; `-` reads standard input.
    language
        The text's language (en, de, fr, es, ro, ...); without it, it is found as in a run.
    before
        What the other side wrote just before, so that reflections can be seen.
    """
    from flows.explaining import (
        explain_association,
        explain_family,
        explain_hypotheses,
        explain_name,
        explain_pair,
        explain_text,
    )

    if text is not None and metric is not None:
        raise UsageError("Name a metric or give --text, not both.")
    if text is None and (language or before):
        raise UsageError("--language and --before belong to --text.")
    if text is not None:
        print(explain_text(sys.stdin.read() if text == "-" else text, language=language, before=before))
    elif metric is None:
        raise UsageError("Name a metric, an outcome or a family (`talkshare explain ask_tell`), or give --text.")
    elif metric == "hypotheses" and not outcome:
        print(explain_hypotheses(_home(home)))
    elif metric == "association":
        if not (outcome and partner):
            raise UsageError("Name both: `talkshare explain association first_message_words replied_30d`.")
        print(explain_association(_home(home), outcome, partner))
    elif partner:
        raise UsageError(f"{partner}: one metric and one outcome, or `explain association METRIC OUTCOME`.")
    elif outcome:
        print(explain_pair(_home(home), metric, outcome))
    else:
        print(explain_family(metric) or explain_name(metric))


@app.command
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

    print(show(Home(out), threads=threads, seed=seed, plain=plain, progress=_progress()))


@app.command
def serve(*, home: HomeOption = None, nightly_cron: str | None = None) -> None:
    """Run the schedules in this process until it is stopped, without a worker.

    Parameters
    ----------
    nightly_cron
        Replaces the nightly schedule of the settings, for trying it out.
    """
    from flows import serving

    place, settings = _opened(home)
    place.create()
    serving.prepare_environment(place)
    _say(
        f"talkshare: serving nightly ({nightly_cron or settings.schedule.nightly}) and weekly "
        f"({settings.schedule.weekly}), {settings.time_zone}; stop with Ctrl-C."
    )
    serving.serve(place, settings, nightly_cron=nightly_cron)


__all__ = ["ForbiddenPairError", "app", "config", "main"]
