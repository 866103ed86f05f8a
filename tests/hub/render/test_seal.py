"""What an approval signs: whatever would change what leaves, to whom, or until when, changes the digest."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.model.message import Hat
from hub.model.review import Kind, Mode
from hub.register import Places
from hub.render.seal import approval_digest

UNTIL = datetime(2020, 3, 31, 22, tzinfo=UTC)
FAMILIES = Hat("elderly.residential", "family")
STAFF = Hat("elderly.residential", "staff")
NAMUR = Places(frozenset({"92094"}))
LIEGE = Places(frozenset({"62063"}))


def signed(**changed: Any) -> str:
    given: dict[str, Any] = {
        "words": "words",
        "sheet": "sheet",
        "cells": {FAMILIES: NAMUR},
        "mode": Mode.EXERCISE,
        "kind": Kind.NEW,
        "expires_at": UNTIL,
        "identity": {"name": "Univoque", "sender": "directives@univoque.example"},
    }
    given |= changed
    return approval_digest(given.pop("words"), **given)


CHANGES: Mapping[str, dict[str, Any]] = {
    "a word": {"words": "other words"},
    "the sheet": {"sheet": "another sheet"},
    "a sector or audience more": {"cells": {FAMILIES: NAMUR, STAFF: NAMUR}},
    "another audience": {"cells": {STAFF: NAMUR}},
    "another place": {"cells": {FAMILIES: LIEGE}},
    "a place for one community alone": {"cells": {FAMILIES: Places(NAMUR.nis, {"FWB": LIEGE.nis})}},
    "only some establishments": {"cells": {FAMILIES: NAMUR.only(["Les Tilleuls"])}},
    "no establishment": {"cells": {FAMILIES: NAMUR.only([])}},
    "the mode": {"mode": Mode.ACTUAL},
    "the kind": {"kind": Kind.CORRECTION},
    "its end, by a second": {"expires_at": UNTIL + timedelta(seconds=1)},
    "in whose name": {"identity": {"name": "Univoque", "sender": "other@univoque.example"}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_approval_does_not_hold_for(change: str) -> None:
    assert signed(**CHANGES[change]) != signed()


def test_no_two_changes_have_one_digest() -> None:
    assert len({signed(), *(signed(**change) for change in CHANGES.values())}) == len(CHANGES) + 1


def test_the_same_instant_in_another_zone_and_another_order_of_cells_sign_alike() -> None:
    elsewhere = UNTIL.astimezone(timezone(timedelta(hours=2)))
    both = {FAMILIES: NAMUR, STAFF: LIEGE}

    assert signed(expires_at=elsewhere) == signed()
    assert signed(cells=both) == signed(cells=dict(reversed(both.items())))
