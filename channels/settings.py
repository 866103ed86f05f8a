"""What channels read of the settings, and the rule that an exercise reaches nothing but this machine."""

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


def refuse_live(mode: Mode, host: str | None, setting: str) -> None:
    """Let an exercise speak to this machine only; every transport asks here before it exists.

    Names are not looked up: what a name means may change between this check and the connection.
    Raises WrongSettings.
    """
    if mode == "Actual" or _is_loopback(host or ""):
        return
    raise WrongSettings(
        f"{setting} is {host or 'empty'}, but this instance is an exercise, which reaches this machine only. "
        f"Set {setting} to 127.0.0.1, or service.mode to Actual where messages are meant to arrive."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
