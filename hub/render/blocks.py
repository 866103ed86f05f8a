"""The block of a directive for one variant: its head, a paragraph per measure that concerns the reader, its tail."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.facts.scope import scope_of, speaking_measures
from hub.facts.trace import bare, capitalised, traced, untrace
from hub.model.directive import Audience, Directive, Language, Measure
from hub.model.message import Block, Hat, Line, Paragraph, Variant
from hub.model.review import Kind
from hub.register import Places, Register
from hub.register.entries import GENERAL
from hub.render import measure as rendering
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.slots import MeasureSlots, contact_of, contact_slot, fact_prefix
from hub.render.wording import Wording, Words

EMPATHY = frozenset({"forbidden", "restricted"})
"""The modalities that take something away from a beneficiary or family."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A directive with what is needed to speak for it: the other acts it may refer to, registers and words."""

    directive: Directive
    register: Register
    wording: Wording
    others: Mapping[str, Directive]
    kind: Kind = Kind.NEW

    def speaking(self) -> tuple[tuple[Directive, Measure], ...]:
        """The measures through which the act speaks, each with its owner, as this act announces it."""
        return speaking_measures(self.directive, self.others)

    def measures_for(self, sector: str, audience: Audience) -> tuple[tuple[Directive, Measure], ...]:
        """Those that concern a sector × audience; one for `general` concerns every sector."""
        found = []
        for owner, measure in self.speaking():
            scope = scope_of(self.directive, measure)
            if audience in scope.audiences and (sector in scope.sectors or GENERAL in scope.sectors):
                found.append((owner, measure))
        return tuple(found)


def cells(sheet: Sheet) -> dict[Hat, Places]:
    """Which sector × audience a directive reaches, and where: the union over its measures, in reading order."""
    found: dict[Hat, Places] = {}
    register = sheet.register
    spared = decided_cells(sheet)
    for _, measure in sheet.speaking():
        scope = scope_of(sheet.directive, measure)
        sectors = register.sectors if GENERAL in scope.sectors else scope.sectors
        places = register.places(scope.territory)
        if sheet.directive.establishments_only:
            places = places.only(sheet.directive.establishments)
        for sector in sectors:
            for audience in scope.audiences:
                hat = Hat(sector, audience)
                if sector in scope.sectors or hat not in spared:
                    found[hat] = found.get(hat, Places()) | places
    return dict(sorted(found.items(), key=lambda cell: register.hat_order(*cell[0])))


def decided_cells(sheet: Sheet) -> frozenset[Hat]:
    """The cells with a signed "not concerned": a rule for everybody spares them. "others" are all sectors not named."""
    named = named_sectors(sheet.directive)
    decided: set[Hat] = set()
    for decision in sheet.directive.coverage:
        others = (sector for sector in sheet.register.sectors if sector not in named)
        sectors = tuple(others) if decision.sectors == "others" else decision.sectors
        decided.update(Hat(sector, audience) for sector in sectors for audience in decision.audiences)
    return frozenset(decided)


def named_sectors(directive: Directive) -> frozenset[str]:
    """The sectors that the act or one of its measures names."""
    return frozenset(directive.sectors).union(*(measure.sectors for measure in directive.measures))


def block(sheet: Sheet, variant: Variant) -> Block | None:
    """The block for a variant, None when no measure concerns it. Raises LackingWords, with the field."""
    concerned = sheet.measures_for(variant.sector, variant.audience)
    if not concerned:
        return None
    words = sheet.wording.languages[variant.language]
    anatomy = sheet.wording.anatomy[variant.audience]
    informs = all(measure.modality == "information" for _, measure in concerned)
    placed = {scope_of(sheet.directive, m).territory for _, m in concerned} != {sheet.directive.territory}
    slots = [
        _slots(sheet, owner, measure, variant, words, informs=informs, placed=placed)
        for owner, measure in concerned
    ]
    title = _title(sheet.directive, variant.language)
    if variant.channel == "sms":
        paragraphs = tuple(rendering.sms_paragraph(slot, variant.audience) for slot in slots)
        return Block(
            sheet.directive.id,
            variant,
            title,
            tuple(_sms_head(sheet, variant, words, placed=placed)),
            paragraphs,
            tuple(_sms_tail(sheet, variant, words, slots, paragraphs)),
        )
    paragraphs = tuple(rendering.paragraph(slot, variant.audience, anatomy.measure) for slot in slots)
    writer = _Writer(sheet, variant, words, concerned)
    head = tuple(line for name in anatomy.head for line in writer.lines(name))
    tail = tuple(line for name in anatomy.tail for line in writer.lines(name))
    return Block(
        sheet.directive.id, variant, title, head, paragraphs, tail + _shared_validity(slots, paragraphs)
    )


def _slots(
    sheet: Sheet,
    owner: Directive,
    measure: Measure,
    variant: Variant,
    words: Words,
    *,
    informs: bool,
    placed: bool,
) -> MeasureSlots:
    scope = scope_of(sheet.directive, measure)
    return MeasureSlots(
        owner=owner,
        measure=measure,
        scope=scope,
        # A rule for everybody names no sector's place: masks in public places are not masks at home.
        sector=variant.sector if variant.sector in scope.sectors else GENERAL,
        words=words,
        printer=words.printer,
        register=sheet.register,
        key=fact_prefix(sheet.directive, owner, measure),
        sms=variant.channel == "sms",
        informs=informs,
        placed=placed,
    )


def _title(directive: Directive, language: Language) -> Line:
    if language not in directive.title:
        raise LackingWords("title")
    text, spans = untrace(traced("title", directive.title[language]))
    return Line("title", text, spans)


def _shared_validity(slots: list[MeasureSlots], paragraphs: tuple[Paragraph, ...]) -> tuple[Line, ...]:
    """The one sentence that can stand for all paragraphs when their validity is the same."""
    said = [line for paragraph in paragraphs for line in paragraph.lines if line.slot == "validity"]
    if len(slots) < 2 or len({line.text for line in said}) > 1:
        return ()
    line = rendering.validity(slots[0], several=True)
    facts = {name: [f"{slot.key}{name}" for slot in slots] for name in ("from", "until", "territory")}
    spans = []
    for span in line.spans:
        name = span.fact.rpartition(".")[2]
        spans += [span._replace(fact=fact) for fact in facts[name]]
    return (Line("validity_all", line.text, tuple(spans)),)


@dataclass(frozen=True, slots=True)
class _Writer:
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
        text, spans = untrace(capitalised(fill(parse(pattern), values.get)))
        return Line(slot, text, spans)

    def _tail(self, slot: str, name: str, **values: str | None) -> Line:
        return self._say(slot, self.words.tail(name), **values)

    def _text(self, field: str, text: Mapping[Language, str]) -> str:
        if self.variant.language not in text:
            raise LackingWords(field)
        return text[self.variant.language]

    def _status(self) -> Iterator[Line]:
        """A later revision says first that it takes the place of the one before."""
        if self.sheet.kind != Kind.NEW:
            yield self._tail("status", f"status_{self.sheet.kind.value}")
        elif self.variant.audience == "direction" and not self._changes_another():
            yield self._tail("status", "status")

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
        reference = self.directive.reference
        yield self._tail(
            "legal",
            "legal",
            act_type=traced("act_type", act_type),
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
            text, spans = untrace(traced(f"{slot}.{index + 1}", capitalised(label)))
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
                yield self._tail("unknown", "unknown", field=traced(f"unknown.{name}", text))


def _sms_head(sheet: Sheet, variant: Variant, words: Words, *, placed: bool) -> Iterator[Line]:
    """The issuer's short name first (decision 7), for citizens with the place; then what kind of news it is."""
    register, wording = sheet.register, words.wording["sms"]
    short = traced("issuer", register.issuers[sheet.directive.issuer].short[variant.language])
    if variant.audience == "citizen" and not placed:
        names = [
            register.territory(id_).short.get(variant.language, id_) for id_ in sheet.directive.territory
        ]
        yield _plain("place", traced("territory", "; ".join(names)))
    yield _plain("source", short)
    if sheet.directive.reported:
        yield _plain("announced", traced("reported", wording["reported"]))
    elif register.issuers[sheet.directive.issuer].binding == "none":
        yield _plain("announced", traced("announced", wording["announced"]))
    if sheet.kind != Kind.NEW:
        yield _plain("status", wording[f"status_{sheet.kind.value}"])
    if not sheet.directive.measures:
        for relation in sheet.directive.relations:
            if relation.type in ("extends", "corrects"):
                yield _plain("change", wording[relation.type])


def _sms_tail(
    sheet: Sheet,
    variant: Variant,
    words: Words,
    slots: list[MeasureSlots],
    paragraphs: tuple[Paragraph, ...],
) -> Iterator[Line]:
    periods = [rendering.sms_period(slot) for slot in slots]
    if len({bare(period) for period in periods if period}) == 1 and None not in periods:
        spans = [span for period in periods if period for span in untrace(period)[1]]
        yield Line("period_all", bare(periods[0] or ""), tuple(spans))
    said = {span.fact for paragraph in paragraphs for line in paragraph.lines for span in line.spans}
    contacts = [contact_of(slot.owner, slot.measure) or contact_of(sheet.directive) for slot in slots]
    for contact in dict.fromkeys(contact.id for contact in contacts if contact):
        known = next(c for c in contacts if c and c.id == contact)
        if known.phone and f"contact.{contact}.phone" not in said:
            phone = contact_slot(known, "phone", variant.language)
            yield _plain("contact", fill(parse(words.wording["sms"]["contact"]), {"phone": phone}.get))


def _plain(slot: str, text: str) -> Line:
    plain, spans = untrace(text)
    return Line(slot, plain, spans)
