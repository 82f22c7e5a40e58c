"""The command line: results on stdout, progress (on a terminal only) and messages on stderr."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from flows.commands import answering, operating, running, say
from schemas.errors import TalkshareError, UsageError

EXIT_CODES = """\
Exit codes: 0 done; 1 unexpected failure; 2 wrong use or settings; 3 done, but some export was refused;
4 nothing to show yet; 5 the audit failed and nothing was published; 6 the guard refused a pair; 7 another run is
under way; 8 a mail was not sent; 10 the snapshot is older than --max-age."""

app = App(
    name="talkshare",
    help="Measures how recruiters open and hold written conversations, and what goes with replies and conversions.",
    help_epilogue=EXIT_CODES,
    version_flags=["--version"],
)
for command in (
    *(running.init, running.inspect, running.run, running.retract, running.demo),
    *(answering.report, answering.coach, answering.sql, answering.explain),
    *(operating.status, operating.doctor, operating.alarm, operating.serve),
):
    app.command(command)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    code = 1
    try:
        result = app(exit_on_error=False, print_error=False, result_action="return_value")
        code = result if isinstance(result, int) else 0
    except CycloptsError as error:
        say(f"talkshare: {error}")
        code = UsageError.exit_code
    except TalkshareError as error:
        say(f"talkshare: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        say("talkshare: stopped; the last published snapshot stays.")
        code = 130
    except BrokenPipeError:
        _drop_output()
        code = 0
    except OSError as error:
        say(f"talkshare: {error.strerror or error}: {error.filename or 'output'}")
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
