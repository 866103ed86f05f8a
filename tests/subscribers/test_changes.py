"""What a list changes about somebody; above all, that it never revives who opted out."""

from typing import Any

from subscribers.audience import UNSUBSCRIBED
from subscribers.changes import Change, Known, compare
from subscribers.model import Membership, Person, Stream

NEWS = Membership("elderly.residential", "family", "directives")
DUTY = Membership("elderly.residential", "direction", "duty")
NEWS_KEY = (None, "elderly.residential", "family")
DUTY_KEY = (None, "elderly.residential", "direction")


def known(**given: Any) -> Known:
    """Somebody who is known by an external id and an old address, and hears nothing yet."""
    fields: dict[str, Any] = {
        "id": 7,
        "external_id": "P-7",
        "language": "fr",
        "preferred": "email",
        "preferred_urgent": "email",
        "commune": None,
        "community": None,
        "opted_out": False,
        "addresses": {"email": "old@example.org"},
        "memberships": {},
    }
    return Known(**{**fields, **given})


def compared(
    who: Known, *memberships: Membership, suppressed: dict[Any, str] | None = None, **given: Any
) -> Change:
    """The same person on a list, at a new address that nobody else has."""
    fields = {"email": "new@example.org", "external_id": "P-7", **given}
    person = Person("fr", memberships=memberships, **fields)
    return compare(person, who, organisations={}, suppressed=suppressed or {}, source="list.csv")


def test_who_opted_out_is_not_revived_by_a_new_address_under_the_same_id() -> None:
    change = compared(known(opted_out=True), NEWS)

    assert change.standing == "kept_opted_out"
    assert not change.writes


def test_who_did_not_opt_out_hears_at_the_new_address() -> None:
    change = compared(known(), NEWS)

    assert change.standing == "updated"
    assert change.changed_addresses == {"email": "new@example.org"}
    assert change.new_memberships == {NEWS_KEY: "directives"}


def test_a_mandatory_notice_reaches_even_who_opted_out_and_nothing_else_does() -> None:
    change = compared(known(opted_out=True), NEWS, DUTY)

    assert change.standing == "kept_opted_out"
    assert change.new_memberships == {DUTY_KEY: "duty"}
    assert change.agreed == {"duty"}


def test_what_somebody_left_does_not_become_mandatory_by_an_import() -> None:
    left: dict[Any, Stream] = {NEWS_KEY: "directives"}
    mandatory = Membership("elderly.residential", "family", "duty")

    change = compared(known(opted_out=True, memberships=left), mandatory)

    assert change.standing == "kept_opted_out"
    assert not change.writes


def test_an_address_that_opted_out_is_enough_even_for_somebody_new() -> None:
    person = Person("fr", email="left@example.org", memberships=(NEWS,))

    change = compare(person, None, organisations={}, suppressed={"email": UNSUBSCRIBED}, source="list.csv")

    assert change.standing == "kept_opted_out"
    assert not change.writes
