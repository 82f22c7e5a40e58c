"""Keeping the nights running: the state of a home, its freshness, the time-out, and the doctor, each seen to fail."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flows import doctor, journal, serving, store
from flows.config import AlarmSettings, MailSettings, ScheduleSettings, Settings
from flows.deadline import deadline
from flows.doctor import Finding, Patient
from flows.status import CLOCK_MARK, check_freshness, duration, status_of, status_text
from flows.store import Home
from schemas.errors import AuditError, BusyError, StaleError, UsageError
from tests.homes import NOW, run, write_messages
from tests.loopback import Hooks, Postbox, free_port, hooked, listening

MAIN = "from flows.cli import main; main()"


def talkshare(*arguments: str, home: Home, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TALKSHARE", "PREFECT"))}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--home", str(home.root)],
        capture_output=True, text=True, env=clean | environment, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one published run."""
    home = Home(tmp_path_factory.mktemp("operating") / "home").create()
    write_messages(home.inbox, [("t", "2026-01-01T09:00:00Z", "r", "recruiter", "Hi, may I ask?")])
    run(home)
    return home


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@contextlib.contextmanager
def put_aside(path: Path) -> Iterator[None]:
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    try:
        yield
    finally:
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        aside.rename(path)


# The log and the status


def test_every_step_has_a_line_with_counts_and_seconds(ran: Home):
    lines = list(journal.lines(ran.logs / journal.STEPS))[::-1]
    assert [(line["step"], line["status"]) for line in lines[:4]] == [
        (step, "done") for step in ("take_in", "measure", "relate", "publish")
    ]
    assert lines[0]["counts"] == {
        "files": 1, "rows_in": 1, "rows_kept": 1, "rows_set_aside": 0, "rows_already_known": 0, "rows_excluded": 0,
    }  # fmt: skip
    assert all(line["seconds"] >= 0 and line["run_id"] == lines[0]["run_id"] for line in lines[:4])
    assert "messages.csv" not in (ran.logs / journal.STEPS).read_text()


def test_a_failed_step_is_logged_with_its_class_and_shown_with_advice(ran: Home, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: Any, **__: Any) -> None:
        raise AuditError("runs: no rows (1 rows)")

    def step(function: Any) -> Any:
        return stopped if function.__name__ == "publish" else function

    with pytest.raises(AuditError):
        run(ran, now=NOW + timedelta(days=1), step=step)
    last = next(journal.lines(ran.logs / journal.STEPS))
    assert (last["step"], last["status"], last["error"]) == ("publish", "failed", "AuditError")
    facts = status_of(ran, Settings(), now=NOW + timedelta(days=1, hours=1))
    assert (facts["last_run"]["status"], facts["runs"][1]["status"]) == ("failed", "published")
    assert facts["last_failure"]["reason"] == "runs: no rows (1 rows)"
    assert "next      talkshare run --rebuild" in status_text(facts)
    run(ran, now=NOW + timedelta(days=2))
    facts = status_of(ran, Settings(), now=NOW + timedelta(days=2, hours=1))
    assert facts["last_failure"]["is_mended"]
    assert list(facts["last_run"]["steps"]) == ["take_in", "measure", "relate", "publish", "quality page"]
    assert "a run published since" in status_text(facts)
    assert "next      " not in status_text(facts)


def test_status_tells_the_next_nights_and_who_serves_them(empty: Home):
    settings = Settings(time_zone="Europe/Berlin")
    schedule = status_of(empty, settings, now=datetime(2026, 11, 23, 12, tzinfo=UTC))["schedule"]
    assert schedule["served"] is None
    assert schedule["nightly"]["next"] == datetime(2026, 11, 24, 1, 15, tzinfo=UTC)
    assert schedule["weekly"]["next"] == datetime(2026, 11, 30, 5, tzinfo=UTC)
    empty.prefect.mkdir()
    with serving._only_server(empty, {"nightly": "0 3 * * *", "weekly": "0 6 * * 1"}) as note:
        assert serving.served_by(empty) == {}
        note("http://127.0.0.1:1/api")
        text = status_text(status_of(empty, settings, now=datetime(2026, 11, 23, 12, tzinfo=UTC)))
        assert "nightly next 2026-11-24 02:00 UTC, weekly next 2026-11-30 05:00 UTC; served since" in text
        with pytest.raises(BusyError, match="served already"), serving._only_server(empty, {}):
            pass
    assert serving.served_by(empty) is None


# How fresh


@pytest.mark.parametrize(
    ("text", "length"),
    [("90m", {"minutes": 90}), ("26h", {"hours": 26}), ("2d", {"days": 2}), ("1.5H", {"minutes": 90})],
)
def test_an_age_is_written_with_its_unit(text: str, length: dict[str, int]):
    assert duration(text) == timedelta(**length)


@pytest.mark.parametrize("text", ["26", "h", "-3h", "0h", "3w", "1e9d", "", "9999999d"])
def test_anything_else_is_no_age(text: str):
    with pytest.raises(UsageError, match="write 90m, 26h or 2d"):
        duration(text)


def test_a_snapshot_is_stale_when_it_is_older_than_allowed(ran: Home):
    with store.connect(ran.snapshot, read_only=True) as connection:
        published = connection.execute("select published_at from snapshot_info").fetchall()[0][0]
    (ran.logs / CLOCK_MARK).unlink(missing_ok=True)
    day = timedelta(hours=26)
    assert "is 26.0 hours old" in check_freshness(ran, day, now=published + day)
    with pytest.raises(StaleError, match=r"is 26.1 hours old, 26 hours are allowed. No run failed since, so none ran"):
        check_freshness(ran, day, now=published + day + timedelta(minutes=3))
    with pytest.raises(StaleError, match=r"the home was last looked at on .* and the clock says"):
        check_freshness(ran, day, now=published + timedelta(hours=1))
    (ran.logs / CLOCK_MARK).unlink()
    with pytest.raises(StaleError, match=r"the snapshot is of .* and the clock says"):
        check_freshness(ran, day, now=published - timedelta(hours=1))
    (ran.logs / CLOCK_MARK).unlink()
    with put_aside(ran.snapshot):
        ran.snapshot.write_text("no database")
        with pytest.raises(StaleError, match="cannot be read"):
            check_freshness(ran, day, now=published)


def test_the_dead_mans_switch_exits_10_and_tells_the_operator_once_a_day(empty: Home):
    hooks = Hooks()
    with hooked(hooks) as address:
        for options in (["--alarm"], ["--alarm", "--json"]):
            done = talkshare("status", "--max-age", "26h", *options, home=empty, TALKSHARE_ALARM_WEBHOOK=address)
            assert done.returncode == 10
    assert json.loads(done.stdout)["is_fresh"] is False
    assert [post["what"] for post in hooks.posts] == ["status"]
    assert hooks.posts[0]["reason"].startswith("stale: there is no snapshot")
    assert talkshare("status", "--alarm", home=empty).returncode == 2


# A plain run, by cron


def test_a_run_without_a_terminal_tells_of_its_failure_and_a_test_can_be_sent(empty: Home):
    hooks = Hooks()
    with hooked(hooks) as address:
        tested = talkshare("alarm", "--test", home=empty, TALKSHARE_ALARM_WEBHOOK=address)
        assert (tested.returncode, tested.stdout) == (0, "webhook: sent\n")
        failed = talkshare("alarm", "--unit", "talkshare.service", home=empty, TALKSHARE_ALARM_WEBHOOK=address)
        assert failed.returncode == 0
        (empty.root / "talkshare.toml").write_text("[linkedin]\nowners = { Ana = 3 }\n")
        done = talkshare("run", home=empty, TALKSHARE_ALARM_WEBHOOK=address)
        assert done.returncode == 2
    assert [post["severity"] for post in hooks.posts] == ["test", "failure", "failure"]
    assert hooks.posts[2]["error"] == "UsageError"
    assert "Ana" in done.stderr
    assert "Ana" not in json.dumps(hooks.posts)
    assert talkshare("alarm", "--test", home=empty).returncode == 2


# Time-outs


def test_what_takes_too_long_is_ended_with_last_words():
    endless = (
        "from flows.deadline import deadline\nfrom flows import store\n"
        "with deadline(0.3 / 3600, last_words=lambda: print('told', flush=True)):\n"
        "    store.connect().execute('select sum(a.range * b.range % 7) from range(10000000) a, range(10000000) b')\n"
    )
    done = subprocess.run([sys.executable, "-c", endless], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (1, "told\n")
    assert "ended after" in done.stderr
    with deadline(1):
        pass


# The doctor


def examined(home: Home, settings: Settings | None = None, **options: Any) -> Patient:
    return Patient(home, settings or Settings(), options.get("now", datetime.now(UTC)), options.get("environment", {}))


def states(findings: list[Finding]) -> set[str]:
    return {finding.state for finding in findings}


def test_a_healthy_home_has_no_failed_check(ran: Home):
    done = talkshare("doctor", "--json", home=ran)
    found = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert [
        name for name, finding in found.items() if finding["state"] == "fail" and name not in ("pins", "clock")
    ] == []
    assert {
        "python",
        "pins",
        "cmudict",
        "pdf",
        "settings",
        *(check.__name__.removeprefix("check_") for check in doctor.CHECKS),
    } == set(found)


def test_the_doctor_sees_a_broken_installation(tmp_path: Path):
    assert doctor.check_python((3, 10, 4)).state == "fail"
    assert doctor.check_python(sys.version_info[:3]).state == "ok"
    [wrong] = doctor.check_pins(["sqlalchemy<1", "polars>=2"])
    assert (wrong.state, "scheduled runs silently never fire" in wrong.message) == ("fail", True)
    assert states(doctor.check_pins(["no-such-package-here>=1"])) == {"fail"}
    assert states(doctor.check_pins([])) == {"fail"}
    assert states(doctor.check_pins(["polars>=2", "ruff<0.1; extra == 'dev'"])) == {"ok"}
    assert doctor.check_dictionary(doctor.DICTIONARY).state == "ok"
    assert doctor.check_dictionary(tmp_path / "none").state == "fail"
    (tmp_path / "short").write_text("a\nb\n")
    assert doctor.check_dictionary(tmp_path / "short").state == "fail"
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.modules['weasyprint'] = None\nfrom flows.doctor import check_pdf\nprint(check_pdf().line())"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("warn  pdf          WeasyPrint is not there; reports have no weekly.pdf. Install it")


def test_the_doctor_sees_a_full_disk_and_open_doors(empty: Home):
    assert states(doctor.check_disk(examined(empty), free=10**12)) == {"ok"}
    assert states(doctor.check_disk(examined(empty), free=400_000_000)) == {"warn"}
    assert states(doctor.check_disk(examined(empty), free=100_000_000)) == {"fail"}
    empty.root.chmod(0o755)
    assert states(doctor.check_permissions(examined(empty))) == {"warn"}
    empty.root.chmod(0o700)
    assert states(doctor.check_permissions(examined(empty))) == {"ok"}
    empty.quarantine.chmod(0o750)
    [finding] = doctor.check_permissions(examined(empty))
    assert (finding.state, finding.advice) == ("fail", f"`chmod go= {empty.quarantine}`")
    empty.quarantine.chmod(0o700)
    (empty.root / "talkshare.toml").write_text("")
    (empty.root / "talkshare.toml").chmod(0o644)
    assert states(doctor.check_permissions(examined(empty))) == {"ok"}
    with_address = Settings(alarm=AlarmSettings(webhook="https://example.org/secret"))
    assert states(doctor.check_permissions(examined(empty, with_address))) == {"fail"}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_the_doctor_sees_a_folder_of_somebody_else(empty: Home):
    empty.inbox.chmod(0o500)
    assert states(doctor.check_permissions(examined(empty))) == {"fail"}


def test_the_doctor_sees_wrong_settings_and_a_folder_that_is_no_home(tmp_path: Path):
    (tmp_path / "talkshare.toml").write_text("[schedule]\nnightly = 'zzz'\n")
    found = {finding.check: finding for finding in doctor.examine(Home(tmp_path), now=NOW)}
    assert (found["settings"].state, found["home"].state) == ("fail", "fail")
    assert "schedule.nightly" in found["settings"].message
    assert states(doctor.check_schedules(Patient(Home(tmp_path), None, NOW, {}))) == {"fail"}


def test_the_doctor_sees_a_lost_key_and_a_store_it_cannot_use(ran: Home):
    assert states(doctor.check_key(examined(ran))) == states(doctor.check_store(examined(ran))) == {"ok"}
    with put_aside(ran.private / "id.key"):
        assert states(doctor.check_key(examined(ran))) == {"fail"}
        assert states(doctor.check_key(examined(ran, environment={store.KEY_VARIABLE: "k"}))) == {"ok"}
    with put_aside(ran.database):
        ran.database.write_text("no database")
        [finding] = doctor.check_store(examined(ran))
        assert (finding.state, finding.advice) == ("fail", "`talkshare run --rebuild`")
    for version, state in ((store.STORE_VERSION + 1, "fail"), (store.STORE_VERSION - 1, "warn")):
        with put_aside(ran.database):
            with store.connect(ran.database) as connection:
                connection.execute(f"create table store_version as select {version} as version")
                connection.execute("create table readings (file_id varchar)")
            assert states(doctor.check_store(examined(ran))) == {state}


def test_the_doctor_sees_a_late_snapshot_and_a_clock_that_was_set_back(ran: Home):
    late = Settings(schedule=ScheduleSettings(nightly="0 2 * * *"))
    assert states(doctor.check_snapshot(examined(ran, late, now=NOW + timedelta(days=2, hours=1)))) == {"ok"}
    assert states(doctor.check_snapshot(examined(ran, late, now=NOW + timedelta(days=9)))) == {"warn"}
    with put_aside(ran.snapshot):
        assert states(doctor.check_snapshot(examined(ran))) == {"warn"}
        ran.snapshot.write_text("no database")
        assert states(doctor.check_snapshot(examined(ran))) == {"fail"}
    assert states(doctor.check_clock(examined(ran, now=datetime.now(UTC)))) == {"ok"}
    assert states(doctor.check_clock(examined(ran, now=datetime.now(UTC) - timedelta(hours=1)))) == {"fail"}


def test_the_doctor_sees_what_a_run_left_that_was_cut_short(ran: Home):
    assert states(doctor.check_leftovers(examined(ran))) == {"ok"}
    left = ran.private / "work.duckdb"
    left.touch()
    assert states(doctor.check_leftovers(examined(ran))) == {"warn"}
    with store.only_run(ran):
        assert states(doctor.check_leftovers(examined(ran))) == {"ok"}
    left.unlink()


def test_the_doctor_asks_prefects_server_for_the_deployments(empty: Home):
    assert states(doctor.check_schedules(examined(empty))) == {"warn"}

    def asked(answer: int, *deployments: dict[str, Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/api/deployments/filter"
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(answer)
                self.end_headers()
                self.wfile.write(json.dumps(deployments).encode())

            def log_message(self, *_: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}/api"
            [finding] = doctor.check_schedules(examined(empty, environment={"PREFECT_API_URL": address}))
            server.shutdown()
        return finding.state

    nightly, weekly = {"name": "nightly"}, {"name": "weekly", "paused": False}
    assert asked(200, nightly, weekly) == "ok"
    assert asked(200, nightly, weekly | {"paused": True}) == "fail"
    assert asked(200) == "fail"
    assert asked(401) == "warn"
    assert asked(500) == "fail"
    gone = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}
    assert states(doctor.check_schedules(examined(empty, environment=gone))) == {"fail"}


def test_the_doctor_knocks_at_the_mail_server_and_sends_nothing(empty: Home):
    postbox = Postbox()
    with listening(postbox) as mail:
        assert states(doctor.check_mail(examined(empty, Settings(mail=mail)))) == {"ok"}
        silent = Settings(mail=mail.model_copy(update={"sender": None}))
        assert states(doctor.check_mail(examined(empty, silent))) == {"fail"}
    assert postbox.mails == []
    assert states(doctor.check_mail(examined(empty, Settings(mail=mail)))) == {"fail"}
    login = MailSettings(host="127.0.0.1", tls="none", user="u", sender="a@example.org")
    [finding] = doctor.check_mail(examined(empty, Settings(mail=login)))
    assert (finding.state, "TALKSHARE_SMTP_PASSWORD" in finding.message) == ("fail", True)
    assert states(doctor.check_mail(examined(empty))) == {"ok"}
    assert states(doctor.check_alarm(examined(empty))) == {"warn"}
    assert states(
        doctor.check_alarm(examined(empty, Settings(alarm=AlarmSettings(webhook="https://example.org"))))
    ) == {"ok"}
