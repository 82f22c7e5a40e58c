"""Typed settings from `talkshare.toml` in the home folder."""

from __future__ import annotations

import codecs
import fnmatch
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.errors import UsageError
from schemas.outcomes import EVENTS

if TYPE_CHECKING:
    from sql.hypotheses import Hypothesis

FILE_NAME = "talkshare.toml"
LARGEST_FILE = 1 << 20
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Section(BaseModel):
    """A table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnedSettings(Section):
    """Exports that are one person's inbox."""

    owner: str | None = None
    """Whose they are, where one owner is enough."""
    owners: dict[str, str] = Field(default_factory=dict)
    """File-name pattern -> owner, for several recruiters; wins over `owner`."""

    def owner_of(self, name: str) -> str | None:
        """The configured owner of the archive called `name`, or None."""
        for pattern, owner in self.owners.items():
            if fnmatch.fnmatch(name.lower(), pattern.lower()):
                return owner
        return self.owner


class LinkedInSettings(OwnedSettings):
    """How LinkedIn archives are read; owners by profile slug or address."""

    owner_role: Literal["recruiter", "candidate"] = "recruiter"
    include_spam: bool = False
    date_order: Literal["dmy", "mdy"] | None = None
    """How to read dates that a spreadsheet mangled (01.06.2023); never guessed."""


class MailboxSettings(OwnedSettings):
    """How mbox files and folders of `.eml` are read; owners by address."""

    aliases: list[str] = Field(default_factory=list)
    """Other addresses of the owner."""
    internal_domains: list[str] = Field(default_factory=list)
    """Whoever writes from there is a recruiter of ours; so are `users`."""
    users: list[str] = Field(default_factory=list)


class TableSettings(Section):
    """One declared mapping: which files, and which of their columns are ours."""

    match: str
    """File-name pattern, for example `ats_export*.csv`."""
    kind: Literal["messages", "outcomes"]
    columns: dict[str, str]
    """Our column -> the column in the file."""
    constants: dict[str, str] = Field(default_factory=dict)
    """Our column -> one value for every row."""
    sheet: str | None = None
    time_format: str | None = None
    """strptime pattern, `epoch_s` or `epoch_ms`; None reads ISO 8601."""
    time_zone: str | None = None
    """IANA zone of times that carry none; None means UTC, marked as assumed."""
    roles: dict[str, str] = Field(default_factory=dict)
    """Value in the file -> recruiter or candidate."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """Value in the file -> one of our message kinds."""
    observed_until: datetime | None = None
    covers: Literal["folder", "all", "linked"] = "folder"
    """Outcomes only: whose missing event means no. `folder`: the recruiters whose messages lie in the same
    folder; `all`: every recruiter; `linked`: recruiters with at least one linked event."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        return _checked_zone(value)


class ApproachSettings(Section):
    """Where one approach ends and the next begins."""

    silence_days: int = Field(90, ge=1)
    reopen_days_after_end: int = Field(30, ge=1)


class OutcomeSettings(Section):
    """What counts as a conversion, and what the stages of other systems mean."""

    conversion_event: Literal["screen", "interview", "offer", "hired"] = "interview"
    stages: dict[str, str] = Field(default_factory=dict)
    """Stage or status as the source writes it (any case) -> one of our events."""
    minimum_link_rate: float = Field(0.5, ge=0, le=1)

    @field_validator("stages")
    @classmethod
    def _events_exist(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted({event for event in value.values() if event not in EVENTS})
        if unknown:
            raise ValueError(f"unknown events {unknown}; choose from {', '.join(EVENTS)}")
        return value


class AtsSettings(Section):
    """Dumps of applicant tracking systems whose shape is known."""

    covers: Literal["folder", "all", "linked"] = "all"
    """As `covers` of a table; one system mostly serves the whole company."""


class OpeningSettings(Section):
    """The cut points of the opening style; fix them before outcomes are looked at, never tune them on outcomes."""

    sell_first_share: float = Field(0.5, gt=0, le=1)
    sell_first_offers: int = Field(2, ge=1)
    reaction_first_offers: int = Field(1, ge=0)


class CompletenessSettings(Section):
    """When an export looks as if it lacked the unanswered conversations."""

    minimum_approaches: int = Field(30, ge=1)
    maximum_replied_share: float = Field(0.7, gt=0, le=1)
    declared_complete: bool = False
    invitations_complete: bool = False
    """True if the archives list every invitation ever sent, so that note openers may enter reply rates."""


class QualitySettings(Section):
    """When an inbox, or an export, needs a look."""

    silent_days: int = Field(14, ge=1)
    """An inbox whose exports came steadily has stopped after so many days without one."""
    old_days: int = Field(60, ge=1)
    """An inbox seen in one or two exports is old after so many days."""
    closed_inboxes: list[str] = Field(default_factory=list)
    """Ids of recruiters, as in `inboxes`, of whom no more exports are expected."""
    maximum_set_aside_share: float = Field(0.1, ge=0, le=1)
    """An export with a larger share of unusable rows is warned about."""


class PrivacySettings(Section):
    """What may leave the store."""

    hash_thread_ids: bool = False
    minimum_candidates: int = Field(5, ge=1)
    names: Literal["hidden", "full"] = "hidden"
    retention_days: int | None = Field(None, ge=1)
    """After so many days texts, subjects and raw rows are erased; None keeps them."""


class HypothesisSettings(Section):
    """One hypothesis, registered at the first published run that sees it, and judged once."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1, max_length=120)
    """What to call it; published."""
    metric: str
    outcome: str
    direction: Literal["higher", "lower"]
    """What a higher value of the metric goes with."""
    from_: date = Field(alias="from")
    """First day of the approaches that count; those from before the registration never do."""
    until: date
    """The day after the last one."""

    @field_validator("metric")
    @classmethod
    def _metric_exists(cls, value: str) -> str:
        from sql.hypotheses import usable_metrics

        if value not in usable_metrics():
            raise ValueError(f"no metric with an order is called {value!r}; choose from {', '.join(usable_metrics())}")
        return value

    @field_validator("outcome")
    @classmethod
    def _outcome_exists(cls, value: str) -> str:
        from sql.hypotheses import usable_outcomes

        if value not in usable_outcomes():
            raise ValueError(f"no outcome is called {value!r}; choose from {', '.join(usable_outcomes())}")
        return value

    @field_validator("until")
    @classmethod
    def _ends_after_it_begins(cls, value: date, info: ValidationInfo) -> date:
        begins = info.data.get("from_")
        if begins and value <= begins:
            raise ValueError(f"{value} must be later than from = {begins}")
        return value

    @model_validator(mode="after")
    def _guard_lets_it_through(self) -> HypothesisSettings:
        from sql.hypotheses import check_hypothesis

        check_hypothesis(self.metric, self.outcome)
        return self


class ReportSettings(Section):
    """What the weekly report shows."""

    title: str = "Candidate outreach"
    talk_share_reference: float | None = Field(None, gt=0, lt=1)
    """A reference line on the talk share picture, for example 0.2; off by default."""
    weeks: int = Field(12, ge=4, le=104)
    recruiters: bool = False
    """Shows recruiters one by one, in alphabetical order, never ranked; names follow `[privacy] names`."""
    teams: list[str] = Field(default_factory=list)
    """Each also gets a page of its own, where it and the rest are large enough."""


class MailSettings(Section):
    """Who gets the weekly mail, and through which server; nobody by default."""

    host: str | None = None
    port: int | None = Field(None, ge=1, le=65535)
    """Default: 587 with starttls, 465 with tls, 25 with none."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    """Whoever logs in gives the password by the environment's TALKSHARE_SMTP_PASSWORD, or in `password_file`."""
    password_file: Path | None = None
    sender: str | None = None
    recipients: list[str] = Field(default_factory=list)

    @field_validator("sender")
    @classmethod
    def _sender_is_an_address(cls, value: str | None) -> str | None:
        return value if value is None else _checked_address(value)

    @field_validator("recipients")
    @classmethod
    def _recipients_are_addresses(cls, value: list[str]) -> list[str]:
        return [_checked_address(text) for text in value]

    @model_validator(mode="after")
    def _password_stays_secret(self) -> MailSettings:
        if self.user and self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError('a password would cross the network readable: set tls = "starttls" or "tls"')
        return self


class LimitSettings(Section):
    """What a run may use of the machine."""

    memory: str = Field("4GB", pattern=r"^[1-9]\d*(\.\d+)?\s?([KMGT]i?B)$")
    """Of the database; what does not fit goes to the disk where it can."""


class AlarmSettings(Section):
    """Who hears of a night that failed; nobody by default."""

    recipients: list[str] = Field(default_factory=list)
    """By mail, through the server of `[mail]`."""
    webhook: str | None = None
    """A small JSON object is posted to it; the environment's TALKSHARE_ALARM_WEBHOOK wins."""
    name: str = Field("talkshare", min_length=1, max_length=60)
    """What this installation is called in its alarms."""
    refused: bool = True
    """Also warns of a refused export, once."""

    @field_validator("recipients")
    @classmethod
    def _recipients_are_addresses(cls, value: list[str]) -> list[str]:
        return [_checked_address(text) for text in value]

    @field_validator("webhook")
    @classmethod
    def _webhook_is_safe(cls, value: str | None) -> str | None:
        if value is not None and not is_safe_webhook(value):
            raise ValueError("not an https:// address (http:// is for this machine alone)")
        return value


def is_safe_webhook(address: str) -> bool:
    """Whether what is posted there crosses no network readable."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        )
    except ValueError:
        return False


class ScheduleSettings(Section):
    """When the scheduled flows run, and how long they may."""

    nightly: str = "15 2 * * *"
    weekly: str = "0 6 * * 1"
    timeout_hours: float = Field(6, gt=0, le=168)
    """A run that takes longer is ended, so that it cannot hold up the next."""

    @field_validator("nightly", "weekly")
    @classmethod
    def _cron_is_valid(cls, value: str) -> str:
        from cronsim import CronSim, CronSimError

        try:
            CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise ValueError(f"{value!r} is no cron expression: {error}") from error
        return value


class Settings(BaseSettings):
    """Everything `talkshare.toml` may say; every key has a default."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    time_zone: str = "UTC"
    """Time zone of the report's weeks."""
    linkedin: LinkedInSettings = LinkedInSettings()
    mailbox: MailboxSettings = MailboxSettings()
    ats: AtsSettings = AtsSettings()
    tables: list[TableSettings] = Field(default_factory=list)
    approach: ApproachSettings = ApproachSettings()  # type: ignore[call-arg]
    outcomes: OutcomeSettings = OutcomeSettings()  # type: ignore[call-arg]
    opening: OpeningSettings = OpeningSettings()  # type: ignore[call-arg]
    completeness: CompletenessSettings = CompletenessSettings()  # type: ignore[call-arg]
    hypotheses: list[HypothesisSettings] = Field(default_factory=list)
    quality: QualitySettings = QualitySettings()  # type: ignore[call-arg]
    privacy: PrivacySettings = PrivacySettings()  # type: ignore[call-arg]
    report: ReportSettings = ReportSettings()  # type: ignore[call-arg]
    mail: MailSettings = MailSettings()  # type: ignore[call-arg]
    limits: LimitSettings = LimitSettings()  # type: ignore[call-arg]
    alarm: AlarmSettings = AlarmSettings()  # type: ignore[call-arg]
    schedule: ScheduleSettings = ScheduleSettings()  # type: ignore[call-arg]

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return _checked_zone(value) or "UTC"

    @model_validator(mode="after")
    def _columns_are_ours(self) -> Settings:
        from schemas import MESSAGES, OUTCOMES

        for table in self.tables:
            known = {c.name for c in (MESSAGES if table.kind == "messages" else OUTCOMES).columns if not c.internal}
            unknown = sorted((set(table.columns) | set(table.constants)) - known)
            if unknown:
                raise ValueError(
                    f"[[tables]] match={table.match!r}: unknown columns {unknown}; ours are {sorted(known)}"
                )
        return self

    @model_validator(mode="after")
    def _alarms_have_a_way(self) -> Settings:
        if self.alarm.recipients and not (self.mail.host and self.mail.sender):
            raise ValueError("[alarm] recipients get their mail through [mail]: set its host and sender")
        return self

    @model_validator(mode="after")
    def _hypotheses_differ(self) -> Settings:
        if not self.hypotheses:
            return self
        contents = [hypothesis.content for hypothesis in self.asked()]
        twice = [entry.name for entry, c in zip(self.hypotheses, contents, strict=True) if contents.count(c) > 1]
        if twice:
            raise ValueError(f"[[hypotheses]]: {' and '.join(map(repr, twice))} are the same question; keep one")
        return self

    def asked(self) -> list[Hypothesis]:
        """The hypotheses, their days begun at midnight in the report's time zone."""
        from sql.hypotheses import Hypothesis

        zone = ZoneInfo(self.time_zone)

        def begins(day: date) -> datetime:
            return datetime.combine(day, time(), zone).astimezone(UTC)

        return [
            Hypothesis(
                entry.name, entry.metric, entry.outcome, entry.direction,
                entry.from_, entry.until, begins(entry.from_), begins(entry.until),
            )
            for entry in self.hypotheses
        ]  # fmt: skip

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only arguments and the file count: nothing a shell has by accident changes a number."""
        return (init_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(home: Path) -> Settings:
    """Read `home/talkshare.toml`; all defaults where there is none. Raises UsageError naming the key at fault."""
    path = home / FILE_NAME
    _refuse_odd_file(path)

    class FromFile(Settings):
        model_config = SettingsConfigDict(extra="forbid", frozen=True, toml_file=path)

    try:
        return FromFile()
    except RecursionError as error:
        raise UsageError(f"{path}: nested too deeply. Correct it and run again.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8. Save it as UTF-8 and run again.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}. Correct the line and run again.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{path}: {faults}. `talkshare init --print` shows every key with its default.") from error


def _refuse_odd_file(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_file():
        raise UsageError(f"{path}: no regular file. Put the settings there, or take it away.")
    if path.stat().st_size > LARGEST_FILE:
        raise UsageError(f"{path}: larger than {LARGEST_FILE >> 10} kB; no settings are. Put the right file there.")
    with path.open("rb") as file:
        if file.read(3) == codecs.BOM_UTF8:
            raise UsageError(f"{path}: begins with a byte order mark. Save it as UTF-8 without BOM and run again.")


def _checked_address(text: str) -> str:
    from reports.addresses import address_of, masked

    if address_of(text) is None:
        raise ValueError(f"{masked(text)!r} is no mail address; write ana@example.org or Ana <ana@example.org>")
    return text


def _checked_zone(value: Any) -> str | None:
    if value is None:
        return None
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {value[:60]!r}; use an IANA name such as Europe/Berlin") from error
    return str(value)
