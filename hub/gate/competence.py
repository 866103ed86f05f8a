"""Who is competent for a matter, by the register: it explains and never decides (decision 0014)."""

from collections.abc import Iterable

from hub.register import Issuer, Places, Register

ANYWHERE = frozenset({"jurisdiction", "demo"})
"""Levels that the table does not speak of: a court rules on every matter."""


def levels(register: Register, topic: str, sectors: Iterable[str], places: Places) -> tuple[str, ...]:
    """The levels that may bind on a topic in some sectors of some places; () where the register is not clear."""
    found: dict[str, None] = {}
    german = places <= register.places(["DG"])
    for sector in sectors:
        row = register.competence(topic, sector)
        if row is None or not row.levels:
            return ()
        for level in row.levels:
            for taking_its_place in row.in_dg if german and level == "region" and row.in_dg else (level,):
                found[taking_its_place] = None
    return tuple(found)


def is_outside(issuer: Issuer, competent: tuple[str, ...]) -> bool:
    """Whether an issuer is of another level than those that are competent."""
    return bool(competent) and issuer.level not in ANYWHERE and issuer.level not in competent
