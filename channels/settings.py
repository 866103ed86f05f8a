"""What channels read of the settings, and the rule that an exercise reaches nothing but a sink on this machine."""

import ipaddress
from datetime import timedelta
from typing import Literal, Protocol

from channels.contract import WrongSettings

Mode = Literal["Actual", "Exercise"]


class Secret(Protocol):
    """A value that does not show itself in logs."""

    def get_secret_value(self) -> str: ...


class EmailSettings(Protocol):
    """The relay that takes our e-mail."""

    @property
    def enabled(self) -> bool: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def sink(self) -> bool: ...
    @property
    def security(self) -> Literal["none", "starttls", "tls"]: ...
    @property
    def ca_file(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> Secret: ...
    @property
    def sender(self) -> str: ...
    @property
    def return_path(self) -> str: ...
    @property
    def sender_name(self) -> str: ...
    @property
    def reply_to(self) -> str: ...
    @property
    def list_id(self) -> str: ...
    @property
    def lanes(self) -> int: ...
    @property
    def per_second(self) -> float: ...
    @property
    def command_timeout(self) -> timedelta: ...
    @property
    def dot_timeout(self) -> timedelta: ...


class SmsSettings(Protocol):
    """The provider that takes our SMS."""

    @property
    def enabled(self) -> bool: ...
    @property
    def base_url(self) -> str: ...
    @property
    def sink(self) -> bool: ...
    @property
    def account_sid(self) -> str: ...
    @property
    def auth_token(self) -> Secret: ...
    @property
    def sender(self) -> str: ...
    @property
    def lanes(self) -> int: ...
    @property
    def segments_per_second(self) -> float: ...
    @property
    def timeout(self) -> timedelta: ...


def refuse_live(mode: Mode, host: str | None, setting: str, *, sink: bool) -> None:
    """Let an exercise speak to a sink on this machine only; every transport asks here before it exists.

    `sink` is what the operator says of what listens there: that it delivers nothing. A mail server on this machine
    may (docs/decisions/0046). Names are not looked up: what a name means may change between this check and the
    connection. Raises WrongSettings.
    """
    claim = f"{setting.partition('.')[0]}.sink"
    if mode == "Actual":
        if sink:
            raise WrongSettings(
                f"{claim} says that what listens at {setting} delivers nothing, but this instance is Actual: nobody "
                f"would be reached. Set {claim} to false where it delivers, or service.mode to Exercise."
            )
        return
    if not _is_loopback(host or ""):
        raise WrongSettings(
            f"{setting} is {host or 'empty'}, but this instance is an exercise, which reaches this machine only. "
            f"Set {setting} to 127.0.0.1 and have a sink listen there, or service.mode to Actual where messages are "
            "meant to arrive."
        )
    if not sink:
        raise WrongSettings(
            f"{setting} is {host}, but this instance is an exercise, and nothing says that what listens there "
            f"delivers nothing. Set {claim} to true where it keeps all that it gets; a mail server may pass it on."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
