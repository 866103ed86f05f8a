"""What an approval signs: one digest over every text, the frames, the audience rule, mode and expiry."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from hub.model.message import Hat, Variant
from hub.model.review import Kind, Mode
from hub.register import Places
from hub.render.frame import COMPOSITION, canonical


def merkle_root(leaves: Iterable[str]) -> str:
    """The root over the leaves in their order, SHA-256, leaves and nodes told apart (RFC 6962 §2.1)."""
    level = [hashlib.sha256(b"\x00" + leaf.encode()).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [
            hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return level[0].hex()


def words_digest(digests: Mapping[Variant, str], frames: str) -> str:
    """The root over all blocks, by variant, and the frames around them."""
    blocks = [f"{':'.join(variant)} {digests[variant]}" for variant in sorted(digests)]
    return merkle_root([f"composition {COMPOSITION}", f"frames {frames}", *blocks])


def approval_digest(
    words: str,
    *,
    sheet: str,
    cells: Mapping[Hat, Places],
    mode: Mode,
    kind: Kind,
    expires_at: datetime,
    identity: Mapping[str, str],
) -> str:
    """Binds the words to the sheet behind them, to whom they go, in which mode, until when, and in whose name.

    `identity` is what the frames print of the instance: its name, its public address, its sender.
    """
    return merkle_root(
        [
            f"words {words}",
            f"sheet {sheet}",
            f"audience {canonical(_audience_rule(cells))}",
            f"mode {mode.value}",
            f"kind {kind.value}",
            f"expires {expires_at.astimezone(UTC).isoformat()}",
            f"identity {canonical(dict(identity))}",
        ]
    )


def _audience_rule(cells: Mapping[Hat, Places]) -> list[object]:
    return [
        [
            *hat,
            sorted(places.nis),
            {community: sorted(nis) for community, nis in sorted(places.nis_if_community.items())},
            None if places.establishments is None else sorted(places.establishments),
        ]
        for hat, places in sorted(cells.items())
    ]
