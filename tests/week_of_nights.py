"""Seven scheduled nights under Prefect, one a minute, three of them made to fail: `python -m tests.week_of_nights`.

A real `talkshare serve` with its own server; new exports every night. One night finds the disk full, one its settings
file broken, one is killed with signal 9 in the middle. Each must raise one alarm by mail and one by webhook, leave the
last snapshot as it is, and be mended by the next; at the end the home equals one that read everything at once.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows import journal
from flows.cli import leave
from flows.store import Home
from tests.homes import ask, run, snapshot_tables, write_messages
from tests.loopback import Hooks, Postbox, hooked, listening

NIGHTS = ("", "", "disk full", "", "broken settings", "killed", "")
"""What is done to each night."""
PATIENCE_SECONDS = 240
CLI = [sys.executable, "-c", "from flows.cli import main; main()"]


def main() -> int:
    """Exit 0 if every night did what it should."""
    with tempfile.TemporaryDirectory() as folder:
        return _week(Home(Path(folder) / "home").create(), Path(folder))


def _week(home: Home, folder: Path) -> int:
    postbox, hooks, problems = Postbox(), Hooks(), []
    with listening(postbox) as mail, hooked(hooks) as webhook:
        settings = (
            f'[mail]\nhost = "127.0.0.1"\nport = {mail.port}\ntls = "none"\nsender = "talkshare@example.org"\n'
            f'[alarm]\nrecipients = ["operator@example.org"]\nwebhook = "{webhook}"\n'
        )
        toml = home.root / "talkshare.toml"
        toml.write_text(settings)
        log = (folder / "serve.log").open("w+")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        command = [*CLI, "serve", "--home", str(home.root), "--nightly-cron", "* * * * *"]
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment) as serving:
            try:
                seen: set[str] = set()
                print("night  done to it       Prefect    snapshot  alarms (mail, webhook)  told as")
                for number, fault in enumerate(NIGHTS, 1):
                    before = _published(home)
                    alarms = len(postbox.mails), len(hooks.posts)
                    _write_export(home, number)
                    with_fault = _FAULTS[fault](home, serving.pid, settings)
                    state = _next_night(home, seen, serving, with_fault)
                    _mend(serving.pid, toml, settings)
                    is_new = _published(home) != before
                    told = len(postbox.mails) - alarms[0], len(hooks.posts) - alarms[1]
                    said = _words(hooks.posts[-1]) if told[1] else ""
                    print(
                        f"{number:>5}  {fault or '-':<15}  {state:<9}  {'new' if is_new else 'kept':<8}"
                        f"  {told!s:<22}  {said}",
                        flush=True,
                    )
                    if (is_new, told) != ((False, (1, 1)) if fault else (True, (0, 0))):
                        problems.append(f"night {number} ({fault or 'no fault'}): {state}, new {is_new}, alarms {told}")
                print("\n$ talkshare status")
                print(_status(home))
                print("$ talkshare status --max-age 26h")
                print(_status(home, "--max-age", "26h"))
            except TimeoutError as error:
                problems.append(str(error))
            serving.send_signal(signal.SIGTERM)
            if (code := serving.wait(60)) != 0:
                problems.append(f"serve left with {code} when asked to stop")
    problems += _compare(home, folder)
    if problems:
        log.seek(0)
        print(log.read()[-4000:], file=sys.stderr)
    print(
        *(problems or ["every night as it should be; the home equals one that read all seven exports at once"]),
        sep="\n",
    )
    return int(bool(problems))


def _words(post: dict[str, Any]) -> str:
    return f"{post['text'].splitlines()[0]}: {post['error']}, {post['reason']}"


def _write_export(home: Home, night: int) -> None:
    """Twenty new conversations; beside the inbox first, so that no night sees half of it."""
    start = datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=night)
    rows = []
    for number in range(20):
        thread, recruiter = f"t{night}-{number}", f"r{number % 3}"
        at = start + timedelta(minutes=number)
        rows.append((thread, at.isoformat(), recruiter, "recruiter", f"Hi, may I ask you about {number} things?"))
        if number % 2:
            rows.append((thread, (at + timedelta(hours=2)).isoformat(), f"c{number}", "candidate", "Yes, please do."))
    built = write_messages(home.root / "arriving", rows)
    built.rename(home.inbox / f"night-{night}")


# Faults: each is put in place before its night and returns what is to be done while the night runs


def _none(_home: Home, _process: int, _settings: str) -> Callable[[], None]:
    return lambda: None


def _disk_full(_home: Home, process: int, _settings: str) -> Callable[[], None]:
    """No process that serve starts from now on can make a file larger than this."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    return lambda: None


def _broken_settings(home: Home, _process: int, _settings: str) -> Callable[[], None]:
    (home.root / "talkshare.toml").write_text("[report\n")
    return lambda: None


def _killed(home: Home, process: int, _settings: str) -> Callable[[], None]:
    """Signal 9 for the night's process as soon as its first step is done."""
    steps = len(list(journal.lines(home.logs / journal.STEPS)))

    def kill() -> None:
        if len(list(journal.lines(home.logs / journal.STEPS))) > steps:
            for child in _children(process):
                if "prefect\0server" not in _command(child):
                    os.kill(child, signal.SIGKILL)

    return kill


def _children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def _mend(process: int, toml: Path, settings: str) -> None:
    resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    toml.write_text(settings)


_FAULTS = {"": _none, "disk full": _disk_full, "broken settings": _broken_settings, "killed": _killed}


# What is seen


def _next_night(home: Home, seen: set[str], serving: subprocess.Popen[bytes], meanwhile: Callable[[], None]) -> str:
    """Waits for the next night that Prefect calls ended, and for the alarm of one that failed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if serving.poll() is not None:
            raise TimeoutError(f"serve ended with {serving.returncode}")
        time.sleep(0.1)
        meanwhile()
        for one in _ended(home):
            if one["id"] not in seen:
                seen.add(one["id"])
                if one["state_type"] != "COMPLETED":
                    time.sleep(10)
                return str(one["state_type"]).lower()
    raise TimeoutError(f"no night ended in {PATIENCE_SECONDS} s")


def _ended(home: Home) -> list[dict[str, Any]]:
    """The nights that ended, as Prefect's own API tells."""
    import urllib.request

    try:
        api = json.loads((home.prefect / "serving.json").read_text())["api"]
        wanted = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}}
        request = urllib.request.Request(
            f"{api}/flow_runs/filter", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            ended: list[dict[str, Any]] = json.load(answer)
        return sorted(ended, key=lambda one: one["expected_start_time"])
    except (OSError, ValueError, KeyError):
        return []


def _published(home: Home) -> Any:
    return ask(home, "select published_at from snapshot_info") if home.snapshot.exists() else None


def _status(home: Home, *options: str) -> str:
    done = subprocess.run(
        [*CLI, "status", *options, "--home", str(home.root)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr + (f"(exit code {done.returncode})\n" if options else "")


def _compare(home: Home, folder: Path) -> list[str]:
    """The home against one that read the same exports in one run."""
    fresh = Home(folder / "fresh").create()
    shutil.copy(home.private / "id.key", fresh.private)
    for night in range(1, len(NIGHTS) + 1):
        _write_export(fresh, night)
    published = _published(home)
    if published is None:
        return ["nothing was ever published"]
    run(fresh, now=published[0]["published_at"])
    ours, theirs = snapshot_tables(home), snapshot_tables(fresh)
    return [f"table {name} differs from one run over all exports" for name in theirs if ours.get(name) != theirs[name]]


if __name__ == "__main__":
    leave(main())
