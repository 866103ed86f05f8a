"""What this instance knows of itself: its name, which every Message-ID is made of, and its secret."""

import hmac
import secrets
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import insert, select

from hub.errors import EnvironmentFailed
from hub.store.engine import Tx
from hub.store.tables import settings

_ID = "instance"
_SECRET = "secret"  # noqa: S105 - the key's name, not a secret


@dataclass(frozen=True, slots=True)
class Instance:
    """`id` never changes; `secret` keys the hashes of addresses and the ids in callbacks."""

    id: str
    secret: bytes


async def ensure(tx: Tx) -> Instance:
    """Give a new database its name and secret; a named one keeps them."""
    known = await _read(tx)
    fresh = {_ID: str(uuid4()), _SECRET: secrets.token_hex(32)}
    for key in fresh.keys() - known.keys():
        await tx.execute(insert(settings).values(key=key, value=fresh[key]))
    return await get(tx)


async def get(tx: Tx) -> Instance:
    """Raises EnvironmentFailed where the database was never initialised."""
    known = await _read(tx)
    try:
        return Instance(known[_ID], bytes.fromhex(known[_SECRET]))
    except KeyError as error:
        raise EnvironmentFailed("This database has no name yet: run `univoque init` first") from error


def mark(instance: Instance, nonce: str) -> str:
    """What only this instance can answer to a nonce, so that it can be told from another at its address."""
    return hmac.digest(instance.secret, f"health:{nonce}".encode(), "sha256").hex()


async def _read(tx: Tx) -> dict[str, str]:
    rows = await tx.execute(
        select(settings.c.key, settings.c.value).where(settings.c.key.in_((_ID, _SECRET)))
    )
    return {key: value for key, value in rows}
