"""The command line: results on stdout, progress (on a terminal only) and messages on stderr."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from flows.commands import answering, operating, privacy, running, say
from flows.store import plain_fault
from schemas.errors import TalkshareError, UsageError

EXIT_CODES = """\
Exit codes: 0 done; 1 unexpected failure; 2 wrong use or settings; 3 done, but some export was refused;
4 nothing to show yet; 5 the audit failed and nothing was published; 6 the guard refused a pair; 7 another run is
under way; 8 a mail was not sent; 9 the disk or the memory gave out, or a file of the home is damaged; 10 the snapshot
is older than --max-age."""

app = App(
    name="talkshare",
    help="Measures how recruiters open and hold written conversations, and what goes with replies and conversions.",
    help_epilogue=EXIT_CODES,
    version_flags=["--version"],
)
for command in (
    *(running.init, running.inspect, running.run, running.retract, running.restore, running.demo),
    *(answering.report, answering.quality, answering.coach, answering.sql, answering.explain),
    *(operating.status, operating.doctor, operating.alarm, operating.serve),
    *(privacy.forget, privacy.access, privacy.rotate_key),
):
    app.command(command)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    # Whatever is written is its owner's alone, from the first byte.
    os.umask(0o077)
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
        fault = plain_fault(error)
        said = f"{error.strerror or error}: {error.filename or 'output'}"
        say(f"talkshare: {fault or said}")
        code = fault.exit_code if fault else code
        _drop_output()
    except Exception as error:
        fault = plain_fault(error)
        if fault is None:
            raise
        say(f"talkshare: {fault}")
        code = fault.exit_code
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
