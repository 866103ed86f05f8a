"""Territories as sets of communes: which NIS codes an act means, and for whose organisations."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.errors import NotFound

if TYPE_CHECKING:
    from hub.register.entries import Commune, Territory

COMMUNITIES = {
    "the French Community": "FWB",
    "the German-speaking Community": "DG",
    "the Flemish Community": "VG",
}
"""How the rule of a territory names a Community, and the id that organisations carry."""


@dataclass(frozen=True, slots=True)
class Places:
    """Communes meant outright, and communes meant only for organisations of a given community."""

    nis: frozenset[str] = frozenset()
    nis_if_community: Mapping[str, frozenset[str]] = field(default_factory=dict)
    establishments: frozenset[str] | None = None
    """Case-folded names, where only these organisations are meant within the communes; None for all."""

    def includes(
        self, nis: str | None, community: str | None = None, organisation: str | None = None
    ) -> bool:
        """Whether somebody at `nis`, whose organisation belongs to `community`, is meant.

        Without a commune nobody can be ruled out by place, so nobody is.
        """
        if self.establishments is not None and (organisation or "").casefold() not in self.establishments:
            return False
        if nis is None or nis in self.nis:
            return True
        return community is not None and nis in self.nis_if_community.get(community, frozenset())

    def __or__(self, other: "Places") -> "Places":
        communities = {
            community: self.nis_if_community.get(community, frozenset())
            | other.nis_if_community.get(community, frozenset())
            for community in (*self.nis_if_community, *other.nis_if_community)
        }
        return Places(self.nis | other.nis, communities, self._either(other))

    def _either(self, other: "Places") -> frozenset[str] | None:
        """Whose establishments are meant in a sum: all, as soon as one of the two means all."""
        if self == Places():
            return other.establishments
        if self.establishments is None or other.establishments is None:
            return None
        return self.establishments | other.establishments

    def __and__(self, other: "Places") -> "Places":
        """Where, and for whose organisations, both are meant."""
        communities = {}
        for community in {*self.nis_if_community, *other.nis_if_community}:
            ours = self.nis_if_community.get(community, frozenset())
            theirs = other.nis_if_community.get(community, frozenset())
            communities[community] = ours & (other.nis | theirs) | self.nis & theirs
        return Places(self.nis & other.nis, communities, self._both(other))

    def _both(self, other: "Places") -> frozenset[str] | None:
        if self.establishments is None or other.establishments is None:
            return self.establishments if other.establishments is None else other.establishments
        return self.establishments & other.establishments

    def __le__(self, other: "Places") -> bool:
        """Whether all who are meant here are meant there too."""
        if other.establishments is not None and (
            self.establishments is None or not self.establishments <= other.establishments
        ):
            return False
        return self.nis <= other.nis and all(
            nis <= other.nis | other.nis_if_community.get(community, frozenset())
            for community, nis in self.nis_if_community.items()
        )

    def only(self, establishments: Collection[str]) -> "Places":
        """The same places, but only these organisations in them."""
        return Places(self.nis, self.nis_if_community, frozenset(name.casefold() for name in establishments))

    def __sub__(self, other: "Places") -> "Places":
        return Places(self.nis - other.nis, {c: nis - other.nis for c, nis in self.nis_if_community.items()})

    def meets(self, other: "Places") -> bool:
        """Whether some organisation may lie in both, and is meant by both."""
        if self._both(other) == frozenset():
            return False
        if not self.nis.isdisjoint(other.nis):
            return True
        ours = frozenset().union(*self.nis_if_community.values())
        theirs = frozenset().union(*other.nis_if_community.values())
        if ours & other.nis or theirs & self.nis:
            return True
        return any(
            nis & other.nis_if_community.get(community, frozenset())
            for community, nis in self.nis_if_community.items()
        )


_SUM_OR_DIFFERENCE = re.compile(r"(?P<left>\S+) (?P<op>minus|plus) (?P<right>[^\s()]+)")
_CONDITIONAL_SUM = re.compile(
    r"(?P<left>\S+) plus \((?P<right>\S+) where the organisation belongs to (?P<community>.+)\)"
)


def expand(id_: str, territories: "Mapping[str, Territory]", communes: "Mapping[str, Commune]") -> Places:
    """The communes behind a territory's id. Raises NotFound for an unknown id, ValueError for a rule it cannot read."""
    if id_ in communes:
        return Places(frozenset({id_}))
    territory = territories.get(id_)
    if territory is None:
        raise NotFound(f"territory {id_!r}")
    if territory.rule:
        return _apply(territory.rule, territories, communes)
    if territory.members:
        return Places(frozenset(territory.members))
    if territory.kind == "country":
        return Places(frozenset(communes))
    return Places(frozenset(nis for nis, c in communes.items() if id_ in (c.province, c.region)))


def _apply(rule: str, territories: "Mapping[str, Territory]", communes: "Mapping[str, Commune]") -> Places:
    if match := _SUM_OR_DIFFERENCE.fullmatch(rule):
        left = expand(match["left"], territories, communes)
        right = expand(match["right"], territories, communes)
        return left - right if match["op"] == "minus" else left | right
    match = _CONDITIONAL_SUM.fullmatch(rule)
    if not match or match["community"] not in COMMUNITIES:
        raise ValueError(
            f"cannot read the rule {rule!r}; write `A minus B`, `A plus B` or `A plus (B where …)`"
        )
    left = expand(match["left"], territories, communes)
    right = expand(match["right"], territories, communes)
    return left | Places(frozenset(), {COMMUNITIES[match["community"]]: right.nis})
