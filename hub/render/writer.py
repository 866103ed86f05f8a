"""Writes the lines of a block's head and tail, slot by slot, as the audience's anatomy lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.facts.trace import capitalised, traced, untrace_line
from hub.model.directive import Directive, Language, Measure
from hub.model.message import Line, Variant
from hub.model.review import Kind
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.sheet import Sheet
from hub.render.slots import contact_of, contact_slot
from hub.render.wording import Words

EMPATHY = frozenset({"forbidden", "restricted"})
"""The modalities that take something away from a beneficiary or family."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the lines of head and tail, by slot."""

    sheet: Sheet
    variant: Variant
    words: Words
    concerned: tuple[tuple[Directive, Measure], ...]

    def lines(self, slot: str) -> Iterator[Line]:
        yield from getattr(self, f"_{slot}")()

    @property
    def directive(self) -> Directive:
        return self.sheet.directive

    def _say(self, slot: str, pattern: str, **values: str | None) -> Line:
        text, spans = untrace_line(capitalised(fill(parse(pattern), values.get)))
        return Line(slot, text, spans)

    def _tail(self, slot: str, name: str, **values: str | None) -> Line:
        return self._say(slot, self.words.tail(name), **values)

    def _text(self, field: str, text: Mapping[Language, str]) -> str:
        if self.variant.language not in text:
            raise LackingWords(field)
        return text[self.variant.language]

    def _status(self) -> Iterator[Line]:
        """Of a later revision only those read it to whom it is new."""
        if self.variant.audience == "direction" and not self._changes_another():
            yield self._tail("status" if self.sheet.kind == Kind.NEW else "first", "status")

    def _changes_another(self) -> bool:
        return any(relation.type in ("extends", "corrects") for relation in self.directive.relations)

    def _announced(self) -> Iterator[Line]:
        """A political decision is shown as announced, a press statement as reported (decision 27)."""
        issuer = self.sheet.register.issuers[self.directive.issuer]
        if self.directive.reported:
            yield self._say("announced", traced("reported", self.words.tail("reported")))
        elif issuer.binding == "none":
            yield self._say("announced", traced("announced", self.words.tail("announced")))

    def _source(self) -> Iterator[Line]:
        name = self.sheet.register.issuers[self.directive.issuer].name
        yield self._tail("source", "source", issuer=traced("issuer", self._text("issuer", name)))

    def _issued(self) -> Iterator[Line]:
        if self.directive.issued:
            day = self.words.printer.day(self.directive.issued)
            yield self._tail("issued", "issued", issued=traced("issued", day))

    def _hazard(self) -> Iterator[Line]:
        if self.directive.hazard:
            hazard = traced("hazard", self._text("hazard", self.directive.hazard))
            yield self._tail("hazard", "hazard", hazard=hazard)

    def _empathy(self) -> Iterator[Line]:
        if any(measure.modality in EMPATHY for _, measure in self.concerned):
            yield self._tail("empathy", "empathy")

    def _change(self) -> Iterator[Line]:
        if self.directive.measures:
            return
        for relation in self.directive.relations:
            if relation.type in ("extends", "corrects"):
                first = self.concerned[0][0].id if relation.type == "extends" else relation.target
                title = self._target(first, relation.target_external)
                yield self._tail("change", relation.type, target=title)

    def _target(self, target: str | None, external: str | None) -> str | None:
        if external:
            return traced("relation", external)
        act = self.sheet.others.get(target or "")
        if act is None or self.variant.language not in act.title:
            return None
        return traced(f"relation.{act.id}", act.title[self.variant.language])

    def _relations(self) -> Iterator[Line]:
        wording = self.words.wording["relation"]
        for relation in self.directive.relations:
            title = self._target(relation.target, relation.target_external)
            if title is None or (not self.directive.measures and relation.type in ("extends", "corrects")):
                continue
            if not self._binds():  # decision 27: an announcement resolves nothing
                yield self._say("relations", wording["announced"], target=title)
                continue
            yield self._say("relations", wording[relation.type], target=title)
            if relation.partial or relation.target_measure:
                scope = self._text("relation.scope", relation.scope) if relation.scope else None
                part = traced("relation.scope", scope) if scope else None
                yield self._say("relations", wording["in_part"], scope=part)

    def _binds(self) -> bool:
        issuer = self.sheet.register.issuers[self.directive.issuer]
        return not self.directive.reported and issuer.binding != "none"

    def _establishments(self) -> Iterator[Line]:
        if self.directive.establishments:
            names = self.words.printer.join(self.directive.establishments)
            yield self._tail(
                "establishments", "establishments", establishments=traced("establishments", names)
            )

    def _legal(self) -> Iterator[Line]:
        act_type = self._text("act_type", self.sheet.register.act_types[self.directive.act_type].name)
        kind, reference = traced("act_type", act_type), self.directive.reference
        if reference and reference.startswith(f"{act_type} "):  # which says the kind of act itself
            kind, reference = traced("reference", kind + reference.removeprefix(act_type)), None
        yield self._tail(
            "legal",
            "legal",
            act_type=kind,
            reference=traced("reference", reference) if reference else None,
        )

    def _legal_basis(self) -> Iterator[Line]:
        if self.directive.legal_basis:
            basis = self.words.printer.join(self.directive.legal_basis)
            yield self._tail("legal_basis", "legal_basis", legal_basis=traced("legal_basis", basis))

    def _docs(self) -> Iterator[Line]:
        yield from self._offers("docs")

    def _links(self) -> Iterator[Line]:
        yield from self._offers("links")

    def _offers(self, slot: str) -> Iterator[Line]:
        for index, offer in enumerate(self.directive.docs if slot == "docs" else self.directive.links):
            label = self._text(f"{slot} {index + 1}.label", offer.label)
            text, spans = untrace_line(traced(f"{slot}.{index + 1}", capitalised(label)))
            yield Line(slot, text, spans, url=offer.url)

    def _contact(self) -> Iterator[Line]:
        said = set()
        contacts = [contact_of(owner, measure) for owner, measure in self.concerned]
        for contact in (*contacts, contact_of(self.directive)):
            if contact is None or contact.id in said:
                continue
            said.add(contact.id)
            names = ("contact", "phone", "email", "hours")
            values = {name: contact_slot(contact, name, self.variant.language) for name in names}
            if values["contact"] is None:
                raise LackingWords(f"contact {contact.id}.label")
            yield self._tail("contact", "contact", **values)
        if not said:
            issuer = self.sheet.register.issuers[self.directive.issuer]
            yield self._tail(
                "contact",
                "contact_site",
                contact=traced("issuer", self._text("issuer", issuer.name)),
                site=traced("issuer.site", issuer.site) if issuer.site else None,
            )

    def _unknown(self) -> Iterator[Line]:
        """What the source left open; dates stand with their rule. Directors read all of it, others whom to call."""
        names = [f"contact.{key}" for contact in self.directive.contacts for key in contact.unknown]
        if self.variant.audience == "direction":
            names += [key for key in self.directive.unknown if not key.startswith("effective_")]
        fields = self.words.wording["field"]
        said: set[str] = set()
        for name in names:
            text = fields.get(name.removeprefix("contact."), fields["other"])
            if text not in said:
                said.add(text)
                line = fill(parse(self.words.tail("unknown")), {"field": text}.get)
                yield self._say("unknown", traced(f"unknown.{name}", line))

    def _explained(self) -> Iterator[Line]:
        """Why a contradiction with another act stands; in a language without the signed words, where they are."""
        for index, explanation in enumerate(self.sheet.explained):
            target = self._target(explanation.other, None)
            words = self.sheet.explained_in(explanation, self.variant.language)
            said = traced(f"explained.{index + 1}", words)
            yield self._tail("explained", "explained", target=target, explanation=said)
