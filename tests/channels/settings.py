"""Settings for channels under test, as plain values."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from channels.contract import PERSONAL_LINK, Outgoing, Words

NOW = datetime(2020, 4, 17, 8, tzinfo=UTC)
KEY = "8f14e45f-ceea-467a-9575-d1a2b3c4d5e6"
WORDS = Words(
    subject="Visites en maison de repos : une personne de référence",
    text=f"Bonjour,\n\nLes visites reprennent.\n.\n..deux points\n\nVotre page :\n{PERSONAL_LINK}\n",
    html=f'<p>Les visites « reprennent ».</p>\n<p><a href="{PERSONAL_LINK}">Votre page</a></p>\n',
    language="fr",
)


@dataclass(frozen=True)
class Hidden:
    """A secret that is none."""

    value: str

    def get_secret_value(self) -> str:
        return self.value


@dataclass(frozen=True)
class Email:
    """A relay on this machine."""

    port: int = 25
    enabled: bool = True
    host: str = "127.0.0.1"
    sink: bool = True
    security: Literal["none", "starttls", "tls"] = "none"
    ca_file: str = ""
    username: str = ""
    password: Hidden = field(default_factory=lambda: Hidden(""))
    sender: str = "directives@univoque.example"
    return_path: str = ""
    sender_name: str = "Univoque"
    reply_to: str = ""
    list_id: str = "directives.univoque.example"
    lanes: int = 2
    per_second: float = 0
    command_timeout: timedelta = timedelta(seconds=5)
    dot_timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class Sms:
    """A provider on this machine."""

    base_url: str = "http://127.0.0.1:1"
    sink: bool = True
    enabled: bool = True
    account_sid: str = "AC00000000000000000000000000000001"
    auth_token: Hidden = field(default_factory=lambda: Hidden("token"))
    sender: str = "+32470000000"
    lanes: int = 2
    segments_per_second: float = 10_000
    timeout: timedelta = timedelta(seconds=5)


def outgoing(
    body: object,
    address: str = "reader@example.org",
    *,
    personal_link: str = "https://univoque.example/u/Zx81kQ",
    one_click: str | None = "https://univoque.example/u/Zx81kQ/one-click",
    expires_at: datetime = NOW + timedelta(days=2),
) -> Outgoing:
    """A message ready to leave."""
    return Outgoing(
        body=body,
        address=address,
        key=KEY,
        attempt="0f0e0d0c-0b0a-4909-8807-060504030201",
        expires_at=expires_at,
        personal_link=personal_link,
        one_click=one_click,
    )
