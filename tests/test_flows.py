"""One real Prefect flow run and one real deployment, on Prefect's own temporary server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from flows import serving
from flows.alarms import remember
from flows.config import AlarmSettings, Settings
from flows.store import Home
from tests.canaries import search
from tests.homes import ask, write_messages
from tests.loopback import Hooks, Postbox, hooked, listening

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A Prefect server of our own, on a port of its own; yields its API address."""
    folder = tmp_path_factory.mktemp("prefect")
    os.environ["PREFECT_HOME"] = str(folder)
    serving.prepare_environment(Home(folder))
    from prefect.server.api.server import SubprocessASGIServer

    with SubprocessASGIServer() as running:
        yield running.api_url


@pytest.fixture
def connected(server: str):
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_API_URL: server, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield server


def test_the_nightly_and_weekly_flows_run_for_real(connected: str, tmp_path: Path):
    from prefect.client.orchestration import get_client

    from flows.nightly import nightly
    from flows.weekly import weekly

    home = Home(tmp_path / "home").create()
    rows = [
        (f"t{i}", f"2026-01-0{1 + i}T09:00:00Z", f"r{i % 2}", "recruiter", "Hi, may I ask you something?")
        for i in range(9)
    ]
    rows.append(("t0", "2026-03-01T09:00:00Z", "canary-person", "candidate", "Canary words of a candidate"))
    write_messages(home.inbox, rows)
    counts = nightly(str(home.root))
    assert (counts["rows_in"], counts["rows_kept"], counts["status"]) == (10, 10, "published")
    postbox = Postbox()
    with listening(postbox) as mail:
        (home.root / "talkshare.toml").write_text(
            f'[mail]\nhost = "127.0.0.1"\nport = {mail.port}\ntls = "none"\n'
            'sender = "talkshare@example.org"\nrecipients = ["canary.manager@example.org"]\n'
        )
        for _ in range(2):
            assert Path(weekly(str(home.root))).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [address for address, _ in postbox.mails] == ["canary.manager@example.org"]
    assert ask(home, "select rows_in from runs") == [{"rows_in": 10}]

    async def seen() -> tuple[set[str], set[str], str]:
        async with get_client() as client:
            tasks = {run.name.rsplit("-", 1)[0] for run in await client.read_task_runs()}
            states = {run.state_name or "" for run in await client.read_flow_runs()}
            artifacts = await client.read_artifacts()
        return tasks, states, json.dumps([artifact.data for artifact in artifacts], default=str)

    tasks, states, artifacts = asyncio.run(seen())
    assert {"take_in", "measure", "relate", "publish", "write_report", "send_report"} <= tasks
    assert states == {"Completed"}
    assert "rows_already_known" in artifacts
    assert "messages.csv" not in artifacts
    planted = {
        "found": "weekly-report",
        "address": "canary.manager",
        "words": "Canary words",
        "person": "canary-person",
        "file": "messages.csv",
    }
    # What is searched for and must be there shows that the search sees into Prefect's database.
    assert {name for names in search(Path(os.environ["PREFECT_HOME"]), planted).of().values() for name in names} == {
        "found"
    }
    assert {"words", "person"} <= set(search(home.root, planted).of()["store"])


def test_a_flow_fails_loudly_and_keeps_the_last_snapshot(connected: str, tmp_path: Path):
    from prefect.client.orchestration import get_client

    from flows.failures import StepError
    from flows.nightly import nightly

    home = Home(tmp_path / "home").create()
    hooks = Hooks()
    with hooked(hooks) as webhook:
        remember(home, Settings(alarm=AlarmSettings(webhook=webhook)))
        (home.root / "talkshare.toml").write_text('[linkedin]\nowners = { "Ana Canary" = 3 }\n')
        with pytest.raises(StepError, match=r"UsageError: the settings .* talkshare doctor"):
            nightly(str(home.root))
        # A step fails, in a task of its own.
        (home.root / "talkshare.toml").write_text("")
        remember(home, Settings(alarm=AlarmSettings(webhook=webhook)))
        (home.root / "talkshare.toml").write_text(f'[alarm]\nwebhook = "{webhook}"\n')
        in_the_way = IsADirectoryError(21, "Is a directory", "Ana Canary")
        with mock.patch("sql.measure.measure", side_effect=in_the_way), pytest.raises(StepError, match="Error"):
            nightly(str(home.root))
    assert [(post["what"], post["error"], post["step"]) for post in hooks.posts] == [
        ("nightly", "UsageError", None),
        ("nightly", "IsADirectoryError", "in measure"),
    ]
    assert not home.snapshot.exists()

    async def failed() -> str:
        async with get_client() as client:
            runs = [run.state for run in await client.read_flow_runs() if run.state and run.state.is_failed()]
            logs = await client.read_logs()
        assert len(runs) == 2
        return json.dumps([*(state.message for state in runs), *(log.message for log in logs)])

    said = asyncio.run(failed())
    assert "UsageError: the settings" in said
    kept = b"".join(path.read_bytes() for path in Path(os.environ["PREFECT_HOME"]).rglob("*.db*"))
    assert b"UsageError: the settings" in kept
    assert b"Ana Canary" not in kept
    assert "Canary" not in said


def test_all_deployments_are_accepted_with_their_schedules(connected: str, tmp_path: Path):
    from prefect.client.orchestration import get_client

    shutil.copy(ROOT / "prefect.yaml", tmp_path)
    environment = os.environ | {"PREFECT_API_URL": connected, "PYTHONPATH": str(ROOT)}
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    for command in (["work-pool", "create", "talkshare", "--type", "process"], ["deploy", "--all"]):
        done = subprocess.run(
            [*prefect, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    async def deployed() -> dict[str, tuple[str | None, list[str], int | None]]:
        async with get_client() as client:
            return {
                deployment.name: (
                    deployment.entrypoint,
                    [f"{s.schedule.cron} {s.schedule.timezone}" for s in deployment.schedules],
                    deployment.global_concurrency_limit.limit if deployment.global_concurrency_limit else None,
                )
                for deployment in await client.read_deployments()
            }

    assert asyncio.run(deployed()) == {
        "nightly": ("flows.nightly.nightly", ["15 2 * * * UTC"], None),
        "weekly": ("flows.weekly.weekly", ["0 6 * * 1 UTC"], None),
    }
