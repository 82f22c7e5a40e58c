"""Prefect's environment, and the schedules served from one process without a worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.config import Settings
from flows.store import Home
from schemas.errors import TalkshareError

SERVER_PATIENCE_SECONDS = 120


def prepare_environment(home: Home) -> None:
    """Keep Prefect's state in our home and its telemetry off. Must be called before Prefect is imported."""
    os.environ.setdefault("PREFECT_HOME", str(home.prefect.resolve()))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "90")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")


def serve(home: Home, settings: Settings, *, nightly_cron: str | None = None) -> None:
    """Run the nightly and weekly schedules in this process until it is stopped; one run of each at a time.

    Schedules come from `[schedule]`, in the report's time zone; `nightly_cron` replaces the nightly one. Uses the
    server of PREFECT_API_URL, else starts one of its own: Prefect's temporary server has no scheduler, so nothing would
    ever fire.
    """
    with _scheduling_server(home):
        from prefect import serve as serve_deployments
        from prefect.schedules import Cron

        from flows.nightly import nightly
        from flows.weekly import weekly

        place = {"home": str(home.root.resolve())}
        crons: dict[Any, str] = {nightly: nightly_cron or settings.schedule.nightly, weekly: settings.schedule.weekly}
        deployments: list[Any] = [
            flow.to_deployment(
                name=flow.name,
                schedule=Cron(cron, timezone=settings.time_zone),
                parameters=place,
                concurrency_limit=1,
            )
            for flow, cron in crons.items()
        ]
        serve_deployments(*deployments, print_starting_message=False)


@contextmanager
def _scheduling_server(home: Home) -> Iterator[None]:
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    port = _free_port()
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log_path = home.logs / "prefect-server.log"
    with log_path.open("w") as log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as server:
        try:
            _wait_for(f"{os.environ['PREFECT_API_URL']}/health", server)
            yield
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SERVER_PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise TalkshareError("Prefect's server did not start; logs/prefect-server.log in the home says why.")
