"""What a single setting may be: durations, addresses, hours; each refusal says what to write."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hub import quiet

_LONGEST = timedelta(days=3653)
_SECOND = timedelta(seconds=1)


def _duration(value: object) -> object:
    """Durations are written in seconds."""
    if isinstance(value, timedelta):
        return value
    try:
        seconds = float(str(value))
    except ValueError as error:
        raise ValueError("is no number of seconds; write 30") from error
    if not 0 <= seconds <= _LONGEST.total_seconds():  # which no NaN is
        raise ValueError(f"is no span from 0 to ten years; write seconds, at most {_LONGEST // _SECOND}")
    return timedelta(seconds=seconds)


def _longer_than_nothing(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("is no time at all; write seconds, more than 0")
    return span


def public_address(text: str) -> str:
    """Links are made by putting a path behind it."""
    text = text.removesuffix("/")
    match = re.fullmatch(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", text)
    if not match or int(match[2] or 1) > 65535:
        raise ValueError("is no public address; write https://host or https://host:port, without a path")
    return text


def mailbox(text: str) -> str:
    """An address as SMTP takes it without SMTPUTF8 (RFC 5321 §4.1.2, dot-string form)."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError("is no e-mail address in plain ASCII; write name@example.org")
    return text


def optional_mailbox(text: str) -> str:
    return text and mailbox(text)


def return_path(text: str) -> str:
    """A delivery's key follows the local part, which may have 64 characters (RFC 5321 §4.5.3.1.1)."""
    if text and len(mailbox(text).partition("@")[0]) > 27:
        raise ValueError("leaves no room for a delivery's key; write at most 27 characters before the @")
    return text


def language(code: str) -> str:
    """Which of them have words is known when the instance opens."""
    if not re.fullmatch(r"[a-z]{2}", code):
        raise ValueError(f"{code!r} is no language; write its code of two letters (ISO 639-1), such as fr")
    return code


_ADDRESSES = "write sqlite+aiosqlite:///file.db or postgresql+asyncpg://user@host/name"


def database_address(url: str) -> str:
    """The message never repeats the address: there may be a password in it."""
    if not url:
        return url
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ValueError(f"is no address of a database; {_ADDRESSES}") from error
    if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise ValueError(f"{parsed.drivername} is not supported; {_ADDRESSES}")
    if parsed.drivername == "sqlite+aiosqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("names no file, and processes share no memory; write sqlite+aiosqlite:///file.db")
    if parsed.drivername == "postgresql+asyncpg" and not parsed.database:
        raise ValueError("names no database; write postgresql+asyncpg://user@host/name")
    return url


def quiet_hours(text: str) -> str:
    if text:
        quiet.parse(text)
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Span = Annotated[Duration, AfterValidator(_longer_than_nothing)]
"""A duration without which nothing would ever be done."""
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""In EUR."""
Port = Annotated[int, Field(ge=0, le=65535)]
