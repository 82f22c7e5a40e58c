"""Prefect's environment, and the schedules served from one process without a worker."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from flows.config import Settings
from flows.store import Home
from schemas.errors import BusyError, TalkshareError

SERVER_PATIENCE_SECONDS = 120
SERVER_LOG = "prefect-server.log"
STOP_PATIENCE_SECONDS = 20
_DIE_WITH_PARENT = 1


def prepare_environment(home: Home) -> None:
    """Keep Prefect's state in our home and its telemetry off. Must be called before Prefect is imported."""
    os.environ.setdefault("PREFECT_HOME", str(home.prefect.resolve()))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "90")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")


def serve(
    home: Home, settings: Settings, *, nightly_cron: str | None = None, say: Callable[[str], None] = lambda _: None
) -> None:
    """Run the nightly and weekly schedules in this process until it is stopped; one run of each at a time.

    Schedules come from `[schedule]`, in the report's time zone; `nightly_cron` replaces the nightly one. Uses the
    server of PREFECT_API_URL, else starts one of its own: Prefect's temporary server has no scheduler, so nothing would
    ever fire. Returns when it is asked to stop (SIGTERM, SIGINT). Raises BusyError if this home is served already,
    TalkshareError if the server of its own ends.
    """
    crons = {"nightly": nightly_cron or settings.schedule.nightly, "weekly": settings.schedule.weekly}
    home.prefect.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.prefect.chmod(0o700)
    with _asked_to_stop() as asked, _only_server(home, crons) as note, _scheduling_server(home, asked) as server:
        if asked.is_set():
            return
        with _watched(server, asked) as has_died:
            if server:
                _end_runs_of_earlier_servers(home, say)
            note(os.environ["PREFECT_API_URL"])
            say(f"talkshare: ready; Prefect's server is at {os.environ['PREFECT_API_URL']}")
            _serve_deployments(home, settings, crons, asked)
        if has_died.is_set():
            raise TalkshareError(
                f"Prefect's server ended by itself, so no schedule would fire; logs/{SERVER_LOG} in the home may say "
                "why. Start `talkshare serve` again; systemd does it by itself (docs/operation.md)."
            )


def _serve_deployments(home: Home, settings: Settings, crons: dict[str, str], asked: threading.Event) -> None:
    from prefect.runner import Runner
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.nightly import nightly
    from flows.weekly import weekly

    class Stoppable(Runner):
        """Prefect's own answer to SIGTERM leaves runs and schedules as they are; its answer to Ctrl-C does not."""

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            asked.set()
            signal.raise_signal(signal.SIGINT)

    # Not Prefect's limits a deployment: their slots outlive a server that is killed, and no run ever starts again.
    runner = Stoppable(limit=1)
    for flow in (nightly, weekly):
        deployment: Any = flow.to_deployment(
            name=flow.name,
            schedule=Cron(crons[flow.name], timezone=settings.time_zone),
            parameters={"home": str(home.root.resolve())},
            # Stopping pauses it, so that runs nobody can start do not pile up.
            paused=False,
            # A path would be one from the folder this process happens to be in.
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        runner.add_deployment(deployment)
    if not asked.is_set():
        asyncio.run(runner.start())


def _end_runs_of_earlier_servers(home: Home, say: Callable[[str], None]) -> None:
    """A run whose server was killed stays `Running` for ever; the home is served by this process alone, so none is."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.states import Crashed

    from flows.nightly import tell_operator

    async def end() -> None:
        unfinished = {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
        async with get_client() as client:
            for run in await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(unfinished)):
                state: Any = Crashed(message="The process that served the schedules was ended during this run.")
                await client.set_flow_run_state(run.id, state, force=True)
                say("talkshare: a run was cut short when its schedules were last served")
                await tell_operator(await client.read_flow(run.flow_id), run, state)

    asyncio.run(end())


# One at a time, and seen from outside


def _note_path(home: Home) -> Path:
    return home.prefect / "serving.json"


@contextmanager
def _only_server(home: Home, crons: dict[str, str]) -> Iterator[Callable[[str], None]]:
    """Holds the home's schedules; yields what writes down for `talkshare status` who serves them, and where."""
    with _note_path(home).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"{home.root}: its schedules are served already. `talkshare status` says since when and by which "
                "process; stop that one first."
            ) from error

        def note(address: str) -> None:
            facts = {"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds"), "api": address}
            file.seek(0)
            file.truncate()
            file.write(json.dumps(facts | {"schedules": crons}))
            file.flush()

        yield note


def served_by(home: Home) -> dict[str, Any] | None:
    """Who serves this home's schedules (process, since, api, schedules); None if nobody does."""
    try:
        with _note_path(home).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with contextlib.suppress(ValueError):
                    facts: dict[str, Any] = json.load(file)
                    return facts
                return {}
    except OSError:
        return None
    return None


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """The event of a request to stop (SIGTERM), which is no failure, and neither is Ctrl-C.

    No error is raised where the signal arrives: libraries that start up were seen to swallow one.
    """
    asked = threading.Event()
    earlier = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield asked
    finally:
        signal.signal(signal.SIGTERM, earlier)


# A server of our own


@contextmanager
def _scheduling_server(home: Home, asked: threading.Event) -> Iterator[subprocess.Popen[bytes] | None]:
    if os.environ.get("PREFECT_API_URL"):
        yield None
        return
    port = _free_port()
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        umask=0o077,
        # Ctrl-C is for this process, which ends the server when its runs are stopped.
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread of ours has started yet
    ) as server:
        threading.Thread(target=_keep_log, args=(server, home), daemon=True).start()
        try:
            _wait_for(f"{os.environ['PREFECT_API_URL']}/health", server, asked)
            yield server
        finally:
            _end(server)


def _die_with_parent() -> None:
    """A server whose parent was killed would go on alone; Linux can be asked to end it, elsewhere it stays."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)


def _keep_log(server: subprocess.Popen[bytes], home: Home) -> None:
    """What the server says, in files of bounded size that are their owner's only."""
    path = home.logs / SERVER_LOG
    handler = RotatingFileHandler(path, maxBytes=2_000_000, backupCount=3, encoding="utf-8")
    path.chmod(0o600)
    for line in server.stdout or ():
        text = line.decode("utf-8", "replace").rstrip("\n")
        with contextlib.suppress(OSError):
            handler.emit(logging.LogRecord("server", logging.INFO, "", 0, text, (), None))
    handler.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


@contextmanager
def _watched(server: subprocess.Popen[bytes] | None, asked: threading.Event) -> Iterator[threading.Event]:
    """Sees to it that a request to stop is followed, and makes one when the server ends by itself.

    The yielded event says that it was so.
    """
    has_died, is_over = threading.Event(), threading.Event()

    def watch() -> None:
        while not is_over.wait(1) and not asked.is_set():
            if server and server.poll() is not None:
                has_died.set()
                os.kill(os.getpid(), signal.SIGTERM)
                break
        # What serves the schedules says farewell to the server first, who may not answer any more.
        if is_over.wait(STOP_PATIENCE_SECONDS):
            return
        os.kill(os.getpid(), signal.SIGINT)
        if not is_over.wait(STOP_PATIENCE_SECONDS / 4):
            if has_died.is_set():
                print(f"talkshare: Prefect's server ended by itself; see logs/{SERVER_LOG}.", file=sys.stderr)
            os._exit(TalkshareError.exit_code if has_died.is_set() else 0)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield has_died
    except KeyboardInterrupt:
        if not has_died.is_set():
            raise
    finally:
        is_over.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(address: str, server: subprocess.Popen[bytes], asked: threading.Event) -> None:
    deadline = time.monotonic() + SERVER_PATIENCE_SECONDS
    while not asked.is_set() and server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    if not asked.is_set():
        raise TalkshareError(f"Prefect's server did not start; logs/{SERVER_LOG} in the home says why.")
