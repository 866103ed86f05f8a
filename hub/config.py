"""Every setting: read from config.toml, overridden by UNIVOQUE__SECTION__KEY, secrets also from …_FILE."""

import difflib
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from sqlalchemy import make_url

from hub import config_sources, config_values, quiet
from hub.config_values import Duration, Money, Port, Span
from hub.errors import ConfigError
from hub.faults import line as told
from hub.faults import place


class Section(BaseModel):
    """A table of config.toml; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Service(Section):
    """What this instance is."""

    name: str
    data_dir: Path
    epoch_dir: str
    base_url: Annotated[str, AfterValidator(config_values.public_address)]
    mode: Literal["Actual", "Exercise"]
    languages: Annotated[
        tuple[Annotated[str, AfterValidator(config_values.language)], ...], Field(min_length=1)
    ]


class Database(Section):
    """Where things are kept."""

    url: Annotated[str, AfterValidator(config_values.database_address)]


class Web(Section):
    """Where pages are served."""

    host: str
    port: Port


class Relay(Section):
    """A server that takes our e-mail."""

    host: str
    port: Port
    sink: bool
    security: Literal["none", "starttls", "tls"]
    ca_file: str
    username: str
    password: SecretStr

    @model_validator(mode="after")
    def _login_needs_tls(self) -> Self:
        if self.username and self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a login over an unencrypted connection; set security to starttls or tls")
        return self

    def beside(self, base: Path) -> Self:
        """The same, with its file of certificates taken from `base`."""
        return self.model_copy(update={"ca_file": self.ca_file and str(base / self.ca_file)})


class Email(Relay):
    """The relay that takes our e-mail, and how our e-mail looks."""

    enabled: bool
    sender: Annotated[str, AfterValidator(config_values.mailbox)]
    return_path: Annotated[str, AfterValidator(config_values.return_path)]
    sender_name: str
    reply_to: str
    list_id: str
    dkim_selector: str
    operator: Annotated[str, AfterValidator(config_values.optional_mailbox)]
    lanes: Annotated[int, Field(ge=1, le=256)]
    per_second: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    command_timeout: Span
    dot_timeout: Span


class EmailStandby(Relay):
    """The relay that takes over while the first one fails; without a host there is none."""


class Sms(Section):
    """The provider that takes our SMS."""

    enabled: bool
    base_url: str
    sink: bool
    account_sid: str
    auth_token: SecretStr
    sender: str
    lanes: Annotated[int, Field(ge=1, le=256)]
    segments_per_second: Annotated[float, Field(gt=0, le=10_000)]
    timeout: Span
    cost_per_segment: Money
    dispatch_ceiling: Money
    day_ceiling: Money
    ask_after: Span
    wait_urgent: Span
    wait: Span
    repeat_uncertain: Literal["never", "urgent", "always"]
    silent_after: Span

    @model_validator(mode="after")
    def _asked_before_it_is_over(self) -> "Sms":
        if not self.ask_after <= self.wait_urgent <= self.wait:
            raise ValueError("ask_after, wait_urgent and wait must grow; no wait may end before it begins")
        return self


class Delivery(Section):
    """How often and how long to try."""

    chunk: Annotated[int, Field(ge=1, le=10_000)]
    attempts: Annotated[int, Field(ge=1)]
    doubts: Annotated[int, Field(ge=1)]
    first_retry: Duration
    longest_retry: Duration
    life: Span
    refused_in_a_row: Annotated[int, Field(ge=0)]
    drain: Duration


class Schedule(Section):
    """What a dispatch that was to leave at an hour may still do when that has passed."""

    late: Duration


class Quiet(Section):
    """When channels stay silent at night; what is immediate passes."""

    email: Annotated[str, AfterValidator(config_values.quiet_hours)]
    sms: Annotated[str, AfterValidator(config_values.quiet_hours)]

    def hours(self, channel: str) -> quiet.Hours | None:
        """The quiet hours of a channel, None where it has none."""
        text = getattr(self, channel, "")
        return quiet.parse(text) if text else None


class Canary(Section):
    """The staff that gets a message before everybody else, and the time to stop it."""

    file: str
    first: Annotated[int, Field(ge=1, le=1_000)]
    pause: Duration


class Gate(Section):
    """What the gate asks about beyond the sheet."""

    silence_days: Annotated[int, Field(ge=1)]

    @property
    def silence(self) -> timedelta:
        return timedelta(days=self.silence_days)


class Approval(Section):
    """How far the audience may move between submission and approval, and when its size is confirmed once more."""

    drift_share: Annotated[float, Field(ge=0, le=1)]
    drift_people: Annotated[int, Field(ge=0)]
    confirm_above: Annotated[int, Field(ge=0)]
    confirm_times: Annotated[float, Field(ge=1, allow_inf_nan=False)]

    def allows(self, shown: int, now: int) -> bool:
        """Whether it is still the audience that was shown: the larger of the two limits counts."""
        return abs(now - shown) <= max(self.drift_share * shown, self.drift_people)


class Metrics(Section):
    """Where figures are served, apart from the public site."""

    host: str
    port: Port


class Alarms(Section):
    """From which age on something is said to be wrong."""

    unsent_immediate: Span
    unsent_expected: Span
    unsent_future: Span
    held: Span
    silent: Span
    paused: Span
    stopped: Span
    sender: Span
    unpublished: Span
    free_space: Annotated[int, Field(ge=0)]


class Log(Section):
    """What operators read."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["console", "json"]


class Config(Section):
    """All settings of one instance."""

    service: Service
    database: Database
    web: Web
    email: Email
    email_standby: EmailStandby
    sms: Sms
    delivery: Delivery
    schedule: Schedule
    quiet: Quiet
    canary: Canary
    gate: Gate
    approval: Approval
    metrics: Metrics
    alarms: Alarms
    log: Log

    @property
    def standby(self) -> Email | None:
        """How e-mail leaves while the first relay fails: all of [email], but for the relay itself."""
        other = self.email_standby
        if not other.host:
            return None
        return self.email.model_copy(update={name: getattr(other, name) for name in type(other).model_fields})

    @property
    def public_dir(self) -> Path:
        """Where published pages and feeds lie as files."""
        return self.service.data_dir / "public"


def load(file: Path | None = None, environ: dict[str, str] | None = None) -> Config:
    """Read the defaults, then `file` (or ./config.toml where there is one), then the environment.

    A relative path is taken from the directory of `file`; without one, from the working directory.
    Raises ConfigError, which names each setting at fault, its place and, for an unknown one, the nearest known.
    """
    environ = dict(os.environ) if environ is None else environ
    values = config_sources.read(config_sources.default_file())
    if file is None and (here := Path("config.toml")).is_file():
        file = here
    if file is not None:
        config_sources.merge(values, config_sources.read(file))
    config_sources.merge(values, config_sources.from_environment(environ, _known()))
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, values, file)) from error
    return _anchored(config, file.parent) if file is not None else config


def _anchored(config: Config, base: Path) -> Config:
    """The same settings with every relative path taken from `base`, wherever a command is run."""
    epoch_dir = config.service.epoch_dir and str(base / config.service.epoch_dir)
    service = config.service.model_copy(
        update={"data_dir": base / config.service.data_dir, "epoch_dir": epoch_dir}
    )
    staff = config.canary.file and str(base / config.canary.file)
    url = make_url(config.database.url) if config.database.url else None
    if url is not None and url.get_backend_name() == "sqlite" and url.database:
        there = url.set(database=str(base / url.database)).render_as_string(hide_password=False)
        database = config.database.model_copy(update={"url": there})
    else:
        database = config.database
    return config.model_copy(
        update={
            "service": service,
            "email": config.email.beside(base),
            "email_standby": config.email_standby.beside(base),
            "canary": config.canary.model_copy(update={"file": staff}),
            "database": database,
        }
    )


def _known() -> dict[str, tuple[str, ...]]:
    """The names of all settings, by section."""
    return {name: tuple(field.annotation.model_fields) for name, field in Config.model_fields.items()}  # type: ignore[union-attr]


def _explain(error: ValidationError, values: dict[str, Any], file: Path | None) -> str:
    known = _known()
    lines = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in place(fault))
        if fault["type"] == "extra_forbidden":
            *sections, key = (str(part) for part in fault["loc"])
            names = known[sections[0]] if sections else tuple(known)
            nearest = difflib.get_close_matches(key, names, n=1, cutoff=0.0)
            lines.append(f"{where}: no such setting; did you mean {'.'.join([*sections, nearest[0]])}?")
        else:
            lines.append(f"{where}: {told(fault, Config)}")
    source = f"{file} or the environment" if file else "the environment"
    return f"Look into {source}.\n" + "\n".join(f"  {line}" for line in lines)
