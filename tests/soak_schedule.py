"""One scheduled run seen firing: `python -m tests.soak_schedule` serves the schedules and waits for the clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows.store import Home
from tests.homes import write_messages

PATIENCE_SECONDS = 240


def main() -> int:
    """Serve with a nightly schedule of every minute; exit 0 once two scheduled runs have published."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        write_messages(home.inbox, [("t", "2026-01-01T09:00:00Z", "r", "recruiter", "Hi, may I ask?")])
        command = [sys.executable, "-c", "from flows.cli import main; main()", "serve", "--home", str(home.root)]
        log = (Path(folder) / "serve.log").open("w+")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        started = time.monotonic()
        with subprocess.Popen(
            [*command, "--nightly-cron", "* * * * *"], stdout=log, stderr=subprocess.STDOUT, env=environment
        ) as serving:
            runs = _wait_for_runs(home, started, serving)
            serving.terminate()
        for number, run in enumerate(runs, 1):
            print(f"scheduled run {number}: {run['status']} at {run['started_at']}, {run['rows_in']} rows in")
        if len(runs) < 2:
            log.seek(0)
            print(log.read()[-4000:], file=sys.stderr)
            print(f"only {len(runs)} scheduled runs in {PATIENCE_SECONDS} s", file=sys.stderr)
            return 1
        print(f"seen after {time.monotonic() - started:.0f} s; snapshot published: {home.snapshot.exists()}")
    return 0


def _wait_for_runs(home: Home, started: float, serving: subprocess.Popen[bytes]) -> list[dict[str, object]]:
    path = home.logs / "runs.jsonl"
    runs: list[dict[str, object]] = []
    while time.monotonic() - started < PATIENCE_SECONDS and serving.poll() is None and len(runs) < 2:
        time.sleep(1)
        runs = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return runs


if __name__ == "__main__":
    raise SystemExit(main())
