"""What an audience must have is what templates/messages/anatomy.toml calls required, wherever it stands."""

from dataclasses import replace

import pytest

from hub import gate
from hub.model.directive import AUDIENCES, Audience, Contact, Directive, Link
from hub.render.sheet import Sheet
from tests import a

LINK = Link(a.text("Formulaire"), "https://example.org/formulaire")


def complete(**given: object) -> Directive:
    """An act that has every fact around its rules."""
    fields: dict[str, object] = {
        "reference": "AVIQ/2020/1",
        "legal_basis": ("Code wallon, article 1",),
        "hazard": a.text("virus"),
        "establishments": ("Les Tilleuls",),
        "docs": (LINK,),
        "links": (LINK,),
        "contacts": (Contact("appel", a.text("Appel"), "0800 14 689", "a@example.org", a.text("le matin")),),
        "audiences": AUDIENCES,
    }
    return a.directive(**{**fields, **given})


def missing(act: Directive, audience: Audience, *, without: str | None = None) -> set[str]:
    """The facts that the gate misses in the e-mails of an audience whose anatomy has lost a slot."""
    anatomy = a.WORDING.anatomy[audience]
    head, tail = (tuple(slot for slot in part if slot != without) for part in (anatomy.head, anatomy.tail))
    changed = {**a.WORDING.anatomy, audience: replace(anatomy, head=head, tail=tail)}
    sheet = Sheet(act, a.REGISTER, replace(a.WORDING, anatomy=changed), {})
    case = gate.open_case(sheet, a.frame(), languages=("fr",), at=None)
    found = [finding for finding in gate.examine(case) if finding.code == "U201"]
    return {
        f.text.removeprefix("the message does not state ") for f in found if f":{audience}:email:" in f.where
    }


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_required_fact_is_stated_as_the_templates_stand(audience: Audience) -> None:
    assert missing(complete(), audience) == set()
    assert missing(complete(contacts=()), audience) == set()


@pytest.mark.parametrize(
    ("slot", "facts"),
    [
        ("legal", {"act_type", "reference"}),
        ("legal_basis", {"legal_basis"}),
        ("docs", {"docs.1"}),
        ("links", {"links.1"}),
        ("hazard", {"hazard"}),
        ("establishments", {"establishments"}),
        ("source", {"issuer"}),
        ("contact", {f"contact.appel.{name}" for name in ("label", "phone", "email", "hours")}),
    ],
)
def test_a_slot_taken_out_of_the_director_s_template_is_found(slot: str, facts: set[str]) -> None:
    assert missing(complete(), "direction", without=slot) == facts


def test_where_nobody_is_named_the_issuer_s_own_entry_is_required() -> None:
    site = complete(contacts=(), issuer="wal-gov")

    assert missing(site, "family") == set()
    assert missing(site, "family", without="contact") == {"issuer.site"}


def test_the_contact_that_a_rule_names_is_required_beside_the_act_s_own() -> None:
    second = Contact("aide", a.text("Aide"), phone="1718")
    act = complete(contacts=(*complete().contacts, second), measures=(a.measure(contact="aide"),))

    assert "contact.aide.phone" in missing(act, "family", without="contact")
    assert "contact.appel.phone" in missing(act, "family", without="contact")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_everything_of_a_rule_is_required_of_every_audience(audience: Audience) -> None:
    anatomy = a.WORDING.anatomy[audience]
    changed = {**a.WORDING.anatomy, audience: replace(anatomy, measure=("what",))}
    rule = a.measure(exceptions=(a.text("fin de vie"),), conditions=(a.text("masque"),))
    sheet = Sheet(complete(measures=(rule,)), a.REGISTER, replace(a.WORDING, anatomy=changed), {})

    case = gate.open_case(sheet, a.frame(), languages=("fr",), at=None)
    facts = {f.text.rpartition(" ")[2] for f in gate.examine(case) if f.code == "U201"}

    assert facts >= {"m1.exceptions.1", "m1.conditions.1", "m1.from", "m1.until", "m1.territory"}
