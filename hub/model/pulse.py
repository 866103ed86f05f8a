"""What a sender says of itself every second: its lanes, and whether a channel is paused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RelayPulse:
    """One of the servers of a channel: whether new connections go there, whether it is left alone for a while."""

    place: str
    in_use: bool
    rests: bool


@dataclass(frozen=True, slots=True)
class ChannelPulse:
    """One channel of one sender. `paused_since` is set while its breaker is open, with the far side's code."""

    lanes: int
    busy: int
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    code: str = ""
    relays: tuple[RelayPulse, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulse:
    """One sender. `stepped` are the seconds by which the system's clock jumped, at `stepped_at`.

    At `inherited_at` it found so many deliveries that a sender which was cut short had left in doubt.
    """

    channels: Mapping[str, ChannelPulse] = field(default_factory=dict)
    stepped: float = 0.0
    stepped_at: datetime | None = None
    inherited: int = 0
    inherited_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the slot's row."""
        return {
            "channels": {
                name: {key: _text(value) for key, value in asdict(channel).items()}
                for name, channel in self.channels.items()
            },
            "stepped": self.stepped,
            "stepped_at": _text(self.stepped_at),
            "inherited": self.inherited,
            "inherited_at": _text(self.inherited_at),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Pulse":
        """Reads what `to_json` wrote."""
        return cls(
            {
                name: ChannelPulse(
                    lanes=channel["lanes"],
                    busy=channel["busy"],
                    paused_since=_instant(channel["paused_since"]),
                    paused_until=_instant(channel["paused_until"]),
                    code=channel["code"],
                    relays=tuple(RelayPulse(**relay) for relay in channel.get("relays", ())),
                )
                for name, channel in document["channels"].items()
            },
            document["stepped"],
            _instant(document["stepped_at"]),
            document.get("inherited", 0),  # a life of an earlier version said nothing of it
            _instant(document.get("inherited_at")),
        )


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
