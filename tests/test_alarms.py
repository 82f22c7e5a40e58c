"""Who hears of a night that failed, how often, and in which words."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

import schemas.errors
from flows import alarms, journal
from flows.alarms import Alarm, remember, send_alarm, settings_for, telling, warn_of_refused
from flows.config import AlarmSettings, Settings
from flows.failures import StepError, failure_of, without_names
from flows.intake import FileReport
from flows.pipeline import RunReport
from flows.store import Home
from schemas.errors import AuditError, BusyError, TalkshareError, UsageError
from tests.loopback import Hooks, Postbox, free_port, hooked, listening

AT = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
CANARY = "Ana-Canary-Lopez"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def webhook(hooks: Hooks) -> Iterator[str]:
    with hooked(hooks) as address:
        yield address


def hearing(webhook: str) -> Settings:
    return Settings(alarm=AlarmSettings(webhook=webhook))


def an_alarm(key: str = "run 1") -> Alarm:
    return Alarm(key, "failure", "nightly", "the disk is full", "talkshare doctor", AT, "in publish", "OSError")


def test_an_alarm_goes_out_by_mail_and_webhook_with_the_reason_and_what_to_do(home: Home, hooks: Hooks, webhook: str):
    postbox = Postbox()
    with listening(postbox) as mail:
        both = AlarmSettings(recipients=["Op <op@example.org>", "two@example.org"], webhook=webhook, name="Berlin")
        lines = send_alarm(home, Settings(mail=mail, alarm=both), an_alarm(), environment={})
    assert lines == ["mail 1: sent", "mail 2: sent", "webhook: sent"]
    first, _ = postbox.letters()
    assert (first["Subject"], first["To"]) == ("[Berlin] nightly failed in publish", "Op <op@example.org>")
    assert "Reason: the disk is full.\nNext: talkshare doctor\n" in first.get_content().replace("\r\n", "\n")
    [post] = hooks.posts
    assert {
        "severity": "failure",
        "step": "in publish",
        "reason": "the disk is full",
        "name": "Berlin",
    }.items() <= post.items()
    assert post["text"].startswith("[Berlin] nightly failed in publish\nReason: the disk is full.\nNext: ")


def test_the_same_failure_is_told_once(home: Home, hooks: Hooks, webhook: str):
    for _ in range(3):
        send_alarm(home, hearing(webhook), an_alarm(), environment={})
    send_alarm(home, hearing(webhook), an_alarm("run 2"), environment={})
    assert len(hooks.posts) == 2


def test_a_way_that_is_closed_does_not_close_the_other(home: Home, hooks: Hooks, webhook: str):
    postbox = Postbox(["550 who is that"])
    with listening(postbox) as mail:
        both = AlarmSettings(recipients=["op@example.org"], webhook=webhook)
        lines = send_alarm(home, Settings(mail=mail, alarm=both), an_alarm(), environment={})
    assert lines[0].startswith("mail 1: not sent: the mail server answered 550")
    assert lines[1] == "webhook: sent"
    told = next(line for line in journal.lines(home.logs / journal.ALARMS) if "sent" in line)
    assert told["sent"] == {"mail 1": False, "webhook": True}


def test_a_webhook_that_is_busy_is_tried_again_and_one_that_refuses_is_not(home: Home):
    for answers, waits, said in (
        ([503, 429], [2.0, 10.0], "sent"),
        ([404], [], "answered 404"),
        ([302], [], "answered 302"),
    ):
        hooks, slept = Hooks(answers), []
        with hooked(hooks) as address:
            [line] = send_alarm(home, hearing(address), an_alarm(str(answers)), environment={}, sleep=slept.append)
        assert line.endswith(said)
        assert slept == waits
    [line] = send_alarm(
        home,
        hearing(f"http://127.0.0.1:{free_port()}/secret-token"),
        an_alarm("gone"),
        environment={},
        sleep=lambda _: None,
    )
    assert "cannot be reached" in line
    assert "secret-token" not in line + (home.logs / journal.ALARMS).read_text()


def test_the_environment_may_hold_the_webhook_and_no_other_http_is_taken(home: Home, hooks: Hooks, webhook: str):
    assert send_alarm(home, Settings(), an_alarm(), environment={alarms.WEBHOOK_VARIABLE: webhook}) == ["webhook: sent"]
    [line] = send_alarm(home, Settings(), an_alarm("2"), environment={alarms.WEBHOOK_VARIABLE: "http://example.org/x"})
    assert "not an https:// address" in line
    for address in ("http://example.org/x", "ftp://127.0.0.1/x", "https://", "file:///etc/passwd"):
        with pytest.raises(ValidationError, match="https"):
            AlarmSettings(webhook=address)
    with pytest.raises(ValidationError, match=r"set its host and sender"):
        Settings(alarm=AlarmSettings(recipients=["op@example.org"]))


@pytest.mark.parametrize(
    "error",
    [
        *(
            kind(CANARY)
            for kind in vars(schemas.errors).values()
            if isinstance(kind, type)
            and issubclass(kind, TalkshareError)
            and kind not in (AuditError, schemas.errors.ForbiddenPairError, schemas.errors.StaleError)
        ),
        schemas.errors.ForbiddenPairError("rule", CANARY),
        OSError(errno.ENOSPC, CANARY, CANARY),
        OSError(errno.EIO, CANARY, CANARY),
        FileNotFoundError(errno.ENOENT, CANARY, CANARY),
        ValueError(CANARY),
        MemoryError(CANARY),
        UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_takes_its_message_to_where_others_read_it(error: Exception):
    said = failure_of(error)
    assert said["error"] == type(error).__name__
    assert said["reason"]
    assert said["advice"]
    assert CANARY not in str(said) + str(without_names(error))


def test_what_failed_keeps_its_class_through_prefect():
    full = without_names(OSError(errno.ENOSPC, CANARY))
    assert isinstance(full, StepError)
    assert full.may_pass
    assert failure_of(full) == failure_of(OSError(errno.ENOSPC, "x"))
    assert failure_of(full)["reason"] == "the disk is full"
    assert not without_names(UsageError(CANARY)).may_pass
    assert without_names(full) is full
    damaged = type("TransactionException", (RuntimeError,), {})(CANARY)
    assert without_names(damaged).may_pass
    assert "the disk may be full" in failure_of(damaged)["reason"]
    assert failure_of(AuditError("runs: no rows (1 rows)"))["reason"] == "runs: no rows (1 rows)"


def test_an_alarm_names_the_step_it_failed_in_or_the_last_it_finished(home: Home):
    def step_of(since: datetime) -> str | None:
        return alarms.failure_alarm(home, "nightly", "k", failure_of(ValueError()), since=since).step

    assert step_of(AT) is None
    journal.append(home.logs / journal.STEPS, {"at": AT, "step": "measure", "status": "done"})
    assert step_of(AT) == "after measure"
    assert step_of(AT + timedelta(seconds=1)) is None
    journal.append(home.logs / journal.STEPS, {"at": AT, "step": "relate", "status": "failed"})
    assert step_of(AT) == "in relate"


def test_a_failure_goes_on_as_it_is_whatever_becomes_of_its_alarm(home: Home, hooks: Hooks, webhook: str):
    remember(home, hearing(webhook))
    said: list[str] = []
    with pytest.raises(ValueError, match=CANARY), telling(home, "run", wanted=True, say=said.append):
        (home.root / "talkshare.toml").write_text("[broken")
        raise ValueError(CANARY)
    assert said == ["alarm by webhook: sent"]
    assert CANARY not in json.dumps(hooks.posts)
    (home.private / alarms.REMEMBERED).write_text("{")
    with pytest.raises(ValueError, match=CANARY), telling(home, "run", wanted=True, say=said.append):
        raise ValueError(CANARY)
    assert said[1:] == ["alarm not sent: JSONDecodeError"]
    with pytest.raises(ValueError, match=CANARY), telling(home, "run", wanted=False, say=said.append):
        raise ValueError(CANARY)
    assert len(hooks.posts) == 1


def test_where_alarms_go_is_remembered_for_its_owner_only(home: Home):
    assert settings_for(home).alarm == AlarmSettings()
    remember(home, hearing("https://chat.example.org/hook"))
    (home.root / "talkshare.toml").write_text("[broken")
    assert settings_for(home).alarm.webhook == "https://chat.example.org/hook"
    assert (home.private / alarms.REMEMBERED).stat().st_mode & 0o077 == 0
    (home.root / "talkshare.toml").write_text("")
    assert settings_for(home).alarm.webhook is None


def test_a_refused_export_is_warned_of_once_and_never_named(home: Home, hooks: Hooks, webhook: str):
    settings = hearing(webhook)

    def night(*names: str) -> list[str]:
        files = [FileReport(name, "refused", message=f"{name}: unknown") for name in names]
        report = RunReport(f"run of {len(names)}", "run", AT, files=[*files, FileReport("good.csv", "read")])
        return warn_of_refused(home, settings, report, what="nightly")

    assert night(f"{CANARY}.csv") == ["webhook: sent"]
    assert night(f"{CANARY}.csv") == []
    assert night(f"{CANARY}.csv", "b.csv", "c.csv") == ["webhook: sent"]
    assert [post["reason"] for post in hooks.posts] == [
        "1 export refused; the others were taken in",
        "2 exports refused; the others were taken in",
    ]
    assert CANARY not in json.dumps(hooks.posts) + (home.logs / journal.ALARMS).read_text()
    settings = Settings(alarm=AlarmSettings(webhook=webhook, refused=False))
    assert night("d.csv") == []


def test_a_log_is_bounded_its_owners_only_and_survives_a_torn_line(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    for number in range(40):
        journal.append(path, {"n": number}, largest=60)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["log.jsonl", "log.jsonl.1", "log.jsonl.2", "log.jsonl.3"]
    assert all(file.stat().st_size < 100 and file.stat().st_mode & 0o077 == 0 for file in files)
    kept = [line["n"] for line in journal.lines(path)]
    assert kept == list(range(39, 39 - len(kept), -1))
    with path.open("a") as file:
        file.write('{"n": ')
    journal.append(path, {"n": 41})
    assert next(journal.lines(path)) == {"n": 41}
    assert os.access(path, os.W_OK)
    journal.append(tmp_path / "no such folder" / "log.jsonl", {"n": 1})


def test_a_night_waits_for_a_home_that_is_held_and_gives_up_in_the_end():
    from flows.nightly import _in_turn

    turns: list[int] = []

    def held_for(times: int) -> RunReport:
        turns.append(1)
        if len(turns) <= times:
            raise BusyError(CANARY)
        return RunReport("r", "run", AT)

    assert _in_turn(lambda: held_for(2), turns=3, seconds=0).run_id == "r"
    turns.clear()
    with pytest.raises(BusyError):
        _in_turn(lambda: held_for(9), turns=3, seconds=0)
    assert len(turns) == 4
