"""Says what changed in the act itself: its title, its source, its contacts, and what else a reader's text states."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hub.facts.changes import of_the_act
from hub.facts.trace import bare, capitalised, traced, untrace_line
from hub.model.directive import Contact, Directive, Link
from hub.model.message import Line, Variant
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.sheet import Sheet
from hub.render.slots import contact_slot
from hub.render.wording import Words

OWN = frozenset(
    {"title", "issuer", "act_type", "reference", "legal_basis", "issued", "establishments", "hazard"}
)
"""The fields that are one value; dates, places and readers are told rule by rule."""

OFFERS = ("docs", "links")
CONTACT = ("phone", "email", "hours")


@dataclass(frozen=True, slots=True)
class ActDifference:
    """Two revisions of an act for one variant; `stated` are the facts that its text states, before and now."""

    before: Sheet
    after: Sheet
    variant: Variant
    words: Words
    stated: tuple[Collection[str], Collection[str]]

    def lines(self, slot: str) -> Iterator[Line]:
        """A line per fact that differs and that the reader's text states. Raises LackingWords."""
        old, new = self.before.directive, self.after.directive
        for change in of_the_act(old, new):
            if change.fact in OWN and self._states(change.fact):
                values = [self._value(act, change.fact) for act in (old, new)]
                yield from self._pair(slot, self._name(change.fact), change.fact, *values)
            elif change.fact in OFFERS and self._states(change.fact):
                yield from self._offers(
                    slot, change.fact, getattr(old, change.fact), getattr(new, change.fact)
                )
            elif change.fact == "relations" and self._states("relation"):
                yield self._line(slot, "below", fact=traced("relation.now", self._name("relations")))
        yield from self._contacts(slot, old, new)
        if self._standing(old) != self._standing(new):
            values = [self._standing_in_words(act) for act in (old, new)]
            yield from self._pair(slot, self._name("standing"), "standing", *values)

    def _states(self, fact: str) -> bool:
        return any(key == fact or key.startswith(f"{fact}.") for stated in self.stated for key in stated)

    def _value(self, act: Directive, fact: str) -> str:
        """A field of the act in words."""
        register, wording = self.after.register, self.words.wording["change"]
        value = getattr(act, fact)
        if not value:
            unknown: str = wording["unknown" if fact in act.unknown else "none"]
            return unknown
        match fact:
            case "issuer":
                issuer = register.issuers[value]
                return self._text(fact, issuer.short if self.variant.channel == "sms" else issuer.name)
            case "act_type":
                return self._text(fact, register.act_types[value].name)
            case "issued":
                return self.words.printer.day(value)
            case "legal_basis" | "establishments":
                return self.words.printer.join(value)
        return self._text(fact, value) if isinstance(value, dict) else str(value)

    def _standing(self, act: Directive) -> str:
        """An act, an announcement, or a reported statement (decision 27)."""
        if act.reported:
            return "reported"
        return "announced" if self.after.register.issuers[act.issuer].binding == "none" else "act"

    def _standing_in_words(self, act: Directive) -> str:
        words: str = self.words.wording["change"]["standing"][self._standing(act)]
        return words

    def _contacts(self, slot: str, old: Directive, new: Directive) -> Iterator[Line]:
        """Value by value where the contact stays; else the one for the other."""
        before, after = (
            {contact.id: contact for contact in act.contacts if _reads(stated, contact)}
            for act, stated in zip((old, new), self.stated, strict=True)
        )
        for id_, contact in after.items():
            if id_ in before:
                yield from self._contact(slot, before[id_], contact)
        gone = [contact for id_, contact in before.items() if id_ not in after]
        come = [contact for id_, contact in after.items() if id_ not in before]
        if gone or come:
            values = [self._whole(gone, ".before"), self._whole(come, ".now")]
            yield self._line(slot, "all", fact=self._name("contact"), old=values[0], new=values[1])

    def _contact(self, slot: str, old: Contact, new: Contact) -> Iterator[Line]:
        key = f"contact.{old.id}"
        if old.label != new.label and self._states(f"{key}.label"):
            values = [self._text(f"{key}.label", contact.label) for contact in (old, new)]
            yield from self._pair(slot, self._name("contact"), f"{key}.label", *values)
        for name in CONTACT:
            if getattr(old, name) != getattr(new, name) and self._states(f"{key}.{name}"):
                fact = f"{self._text(f'{key}.label', new.label)}, {self._name(name)}"
                yield from self._pair(
                    slot, fact, f"{key}.{name}", self._part(old, name), self._part(new, name)
                )

    def _part(self, contact: Contact, name: str) -> str:
        value = contact_slot(contact, name, self.variant.language)
        wording = self.words.wording["change"]
        missing: str = wording["unknown" if name in contact.unknown else "none"]
        return bare(value) if value else missing

    def _whole(self, contacts: list[Contact], suffix: str) -> str:
        """Contacts with all their values, as one value."""
        pattern = parse(self.words.wording["change"]["contact"])
        wholes = []
        for contact in contacts:
            values = {
                name: contact_slot(contact, name, self.variant.language, suffix=suffix)
                for name in ("contact", *CONTACT)
            }
            if values["contact"] is None:
                raise LackingWords(f"contact {contact.id}.label")
            wholes.append(fill(pattern, values.get))
        return self.words.printer.join(wholes) or self.words.wording["change"]["none"]

    def _offers(self, slot: str, fact: str, old: tuple[Link, ...], new: tuple[Link, ...]) -> Iterator[Line]:
        """By their names; an address that changed behind the same name is not spelled out twice."""
        values = [
            self.words.printer.join([self._text(f"{fact}.label", offer.label) for offer in offers])
            or self.words.wording["change"]["none"]
            for offers in (old, new)
        ]
        if values[0] == values[1]:
            yield self._line(slot, "below", fact=traced(f"{fact}.now", self._name(fact)))
        yield from self._pair(slot, self._name(fact), fact, *values)

    def _pair(self, slot: str, name: str, key: str, old: str, new: str) -> Iterator[Line]:
        if old != new:  # words may differ in another language alone
            values = {"old": traced(f"{key}.before", old), "new": traced(f"{key}.now", new)}
            yield self._line(slot, "all", fact=name, **values)

    def _name(self, fact: str) -> str:
        name: str = self.words.wording["change"]["fact"][fact]
        return name

    def _text(self, field: str, text: object) -> str:
        if not isinstance(text, dict) or self.variant.language not in text:
            raise LackingWords(field)
        found: str = text[self.variant.language]
        return found

    def _line(self, slot: str, pattern: str, **values: str) -> Line:
        text = fill(parse(self.words.wording["change"][pattern]), values.get)
        return Line(slot, *untrace_line(capitalised(text)))


def _reads(stated: Collection[str], contact: Contact) -> bool:
    return any(fact.startswith(f"contact.{contact.id}.") for fact in stated)
