"""The staff gets a message first: who they are, and how many of them."""

from datetime import timedelta

from hub.context import Hub
from hub.errors import ConfigError
from subscribers.address import AddressFault, normalise_email, normalise_phone

AT_ONCE = "Immediate"
"""The urgency for which nobody waits: neither for the staff's eyes nor for the morning."""


def staff_first(hub: Hub, urgency: str) -> frozenset[str]:
    """The addresses of the staff that gets a message of this urgency first; empty where nobody waits for them.

    Raises ConfigError for a list that cannot be read, with the line at fault.
    """
    settings = hub.config.canary
    if not settings.file or settings.pause <= timedelta(0) or urgency == AT_ONCE:
        return frozenset()
    try:
        with open(settings.file, encoding="utf-8-sig") as lines:
            return frozenset(
                _address(line.strip(), f"{settings.file}, line {number}")
                for number, line in enumerate(lines, start=1)
                if line.strip() and not line.startswith("#")
            )
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise ConfigError(
            f"canary.file: {settings.file}: {why}; put the staff's addresses there, one a line, or leave it empty"
        ) from error


def _address(line: str, where: str) -> str:
    try:
        return normalise_email(line) if "@" in line else normalise_phone(line)
    except AddressFault as fault:
        raise ConfigError(f"{where}: {fault}") from fault
