"""Commands that answer from what was published."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from flows.commands import HomeOption, home_of, opened, say
from schemas.errors import UsageError

AllFlag = Annotated[bool, Parameter(name="--all", negative="")]


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
    place, settings = opened(home)
    now = datetime.now(UTC)
    written = write_report(place, settings, day=_day(week), team=team, now=now)
    print(written.path)
    for note in written.notes:
        say(f"talkshare: {note}")
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


def quality(*, home: HomeOption = None) -> None:
    """Say what of the data needs a look, worst first, and write the data-quality page; prints its path."""
    from flows.quality import quality_lines, write_quality

    place, settings = opened(home)
    print(*quality_lines(place, settings), sep="\n")
    print(f"\npage      {write_quality(place, settings)}")


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
    place, settings = opened(home)
    chosen = None if everybody else recruiters
    for path in write_coaching_pages(place, settings, chosen, day=_day(week), now=datetime.now(UTC)):
        print(path)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--week {text}: not a date; give any day of the week as YYYY-MM-DD.") from error


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
    from flows.asking import ask

    if list_:
        print(questions())
        return
    if (query is None) == (file is None):
        raise UsageError("Give a query, or a file or a shipped question with -f; `talkshare sql --list` shows those.")
    place = home_of(home)
    frame = ask(place, query if query is not None else question(str(file)), rows=MOST_ROWS)
    write_answer(frame, format, out, place)
    if frame.height == MOST_ROWS:
        say(f"talkshare: the answer is cut at {MOST_ROWS:,} rows; ask for less, or in parts.")


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
        print(explain_hypotheses(home_of(home)))
    elif metric == "association":
        if not (outcome and partner):
            raise UsageError("Name both: `talkshare explain association first_message_words replied_30d`.")
        print(explain_association(home_of(home), outcome, partner))
    elif partner:
        raise UsageError(f"{partner}: one metric and one outcome, or `explain association METRIC OUTCOME`.")
    elif outcome:
        print(explain_pair(home_of(home), metric, outcome))
    else:
        print(explain_family(metric) or explain_name(metric))
