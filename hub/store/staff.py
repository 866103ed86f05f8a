"""Those who work here: their roles, and the hash of their token."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from hub.errors import NotAllowed, NotFound, Refusal
from hub.model.staff import Role, Staff, name_key
from hub.store.engine import Tx
from hub.store.tables import staff


async def add(tx: Tx, name: str, roles: frozenset[Role], *, at: datetime) -> str:
    """Register somebody and return their token, which is shown once.

    Raises Refusal for a name that exists, in whatever spelling: one person under two names could sign twice.
    """
    for known in await everybody(tx):
        if name_key(known.name) == name_key(name):
            raise Refusal(
                f"{known.name} is registered already; `univoque staff token` gives them a new token, "
                "and somebody else needs another name"
            )
    token = secrets.token_urlsafe(24)
    await tx.execute(
        insert(staff).values(name=name, roles=sorted(roles), token_hash=_hash(token), added_at=at)
    )
    return token


async def renew(tx: Tx, name: str) -> str:
    """Give somebody a new token; the old one ends. Raises NotFound."""
    await get(tx, name)
    token = secrets.token_urlsafe(24)
    await tx.execute(update(staff).where(staff.c.name == name).values(token_hash=_hash(token)))
    return token


async def disable(tx: Tx, name: str, *, at: datetime) -> None:
    """End somebody's rights; what they did stays in the journal. Raises NotFound."""
    await get(tx, name)
    await tx.execute(update(staff).where(staff.c.name == name).values(disabled_at=at))


async def get(tx: Tx, name: str) -> Staff:
    """Raises NotFound."""
    row = await _row(tx, name)
    if row is None:
        raise NotFound(f"staff {name!r}; `univoque staff add` registers people")
    return _staff(row)


async def everybody(tx: Tx) -> list[Staff]:
    """All registered people, by name."""
    return [_staff(row) for row in await tx.execute(select(staff).order_by(staff.c.name))]


async def authenticate(tx: Tx, name: str, token: str) -> Staff:
    """The person whose own token this is. The same refusal for an unknown name and for a wrong token."""
    row = await _row(tx, name)
    expected = row.token_hash if row else _hash("")
    if not hmac.compare_digest(expected, _hash(token)) or row is None or row.disabled_at is not None:
        raise NotAllowed(
            f"{name!r} is not registered, is disabled, or this is not their token; "
            "`univoque staff list` says who may act, `univoque staff token NAME` gives a new token"
        )
    return _staff(row)


def _hash(token: str) -> str:
    # 192 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()


async def _row(tx: Tx, name: str) -> Row[Any] | None:
    return (await tx.execute(select(staff).where(staff.c.name == name))).first()


def _staff(row: Row[Any]) -> Staff:
    return Staff(row.name, frozenset(Role(role) for role in row.roles), row.added_at, row.disabled_at)
