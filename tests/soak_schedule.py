"""The schedules as a service: `python -m tests.soak_schedule` serves them, waits for the clock, and kills things.

Two scheduled runs are seen firing; a second `serve` is refused; a `serve` that is killed in the middle of a run starts
again, calls the run crashed and fires; one whose server is killed leaves with an error, for systemd to start it again;
one that is asked to stop leaves without.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows import journal, serving
from flows.cli import leave
from flows.store import Home
from tests.homes import write_messages

PATIENCE_SECONDS = 240
CLI = [sys.executable, "-c", "from flows.cli import main; main()"]


def main() -> int:
    """Exit 0 if all of it was seen."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        write_messages(home.inbox, [("t", "2026-01-01T09:00:00Z", "r", "recruiter", "Hi, may I ask?")])
        with (Path(folder) / "serve.log").open("w+") as log:
            try:
                _service(home, log)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                log.seek(0)
                print(log.read()[-4000:], file=sys.stderr)
                print(f"not seen: {error}", file=sys.stderr)
                return 1
    return 0


def _service(home: Home, log: Any) -> None:
    started = time.monotonic()
    with _served(home, log) as process:
        assert _wait(lambda: len(_published(home)) >= 2), "two scheduled runs"
        for number, run in enumerate(_published(home), 1):
            print(f"scheduled run {number}: {run['status']} at {run['started_at']}, {run['rows_in']} rows in")
        print(f"seen after {time.monotonic() - started:.0f} s; snapshot published: {home.snapshot.exists()}")
        second = subprocess.run([*CLI, "serve", "--home", str(home.root)], capture_output=True, check=False)
        assert second.returncode == 7, f"a second serve leaves with 7, not {second.returncode}"
        print("a second serve on this home left with 7")
        _wait_for_a_step(home)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert serving.served_by(home) is None, "nobody serves after a kill"
    n_runs = len(_published(home))
    with _served(home, log) as process:
        assert _wait(lambda: len(_published(home)) > n_runs), "a run after serve was killed in the middle of one"
        told = [line["error"] for line in journal.lines(home.logs / journal.ALARMS) if "error" in line]
        assert told == ["Crashed"], f"one crashed run told, not {told}"
        print("killed in the middle of a run, served again: the run is told as crashed, the next one published")
        os.kill(_server_of(process.pid), signal.SIGKILL)
        code = process.wait(PATIENCE_SECONDS)
        assert code == 1, f"serve leaves with 1 when its server dies, not {code}"
        print("its server killed: serve left with 1")
    with _served(home, log) as process:
        assert _wait(lambda: bool((serving.served_by(home) or {}).get("api"))), "serve starts again"
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_SECONDS)
        assert code == 0, f"serve leaves with 0 when asked to stop, not {code}"
        print("asked to stop: serve left with 0")


@contextmanager
def _served(home: Home, log: Any) -> Iterator[subprocess.Popen[bytes]]:
    """`talkshare serve` with a night every minute, in a group of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = [*CLI, "serve", "--home", str(home.root), "--nightly-cron", "* * * * *"]
    with subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _published(home: Home) -> list[dict[str, Any]]:
    return [run for run in journal.lines(home.logs / journal.RUNS) if run["status"] == "published"][::-1]


def _wait(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.2)
    return False


def _wait_for_a_step(home: Home) -> None:
    """Until a run has begun."""
    n_lines = len(list(journal.lines(home.logs / journal.STEPS)))
    assert _wait(lambda: len(list(journal.lines(home.logs / journal.STEPS))) > n_lines), "another run"


def _server_of(process: int) -> int:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(process)], capture_output=True, text=True, check=True
    )
    return next(int(line.split()[0]) for line in listed.stdout.splitlines() if "server start" in line)


if __name__ == "__main__":
    leave(main())
