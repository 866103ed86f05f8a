"""Every message states every fact that its audience must have (decisions 6 and 7)."""

from collections.abc import Iterator

from hub.facts.scope import scope_of
from hub.gate.case import Case, variant_name
from hub.gate.nouns import lacks_noun
from hub.model.directive import Measure
from hub.model.message import Variant
from hub.model.review import Finding, Kind, Level
from hub.render.slots import contact_of, fact_prefix
from hub.render.wording import RequiredSlot

ALWAYS = ("issuer", "link", "ref")
"""Stated in every message: who says it, and where the whole stands."""


def facts_stated(case: Case) -> Iterator[Finding]:
    """A fact that the sheet has and the audience must have is missing from its message."""
    for variant, message in case.messages.items():
        missing = sorted(required(case, variant) - message.stated)
        for fact in missing:
            yield case.finding(
                "U201",
                Level.BLOCKER,
                variant_name(variant),
                f"the message does not state {fact}",
                "give its slot a place in templates/messages/anatomy.toml, or its words in the phrase bank",
            )


def words_present(case: Case) -> Iterator[Finding]:
    """The sheet lacks words that a language needs (decision 10)."""
    demanded = set(case.register.languages_for(case.register.places(case.directive.territory)))
    told: set[tuple[str, str]] = set()
    for lacking in case.rendering.lacking:
        language = lacking.variant.language
        if (language, lacking.field) in told or lacks_noun(lacking):
            continue
        told.add((language, lacking.field))
        yield case.finding(
            "U202",
            Level.BLOCKER if language in demanded else Level.WARNING,
            f"{lacking.field}:{language}",
            f"the sheet has no words for it in {language}",
            f"add {lacking.field.rpartition('.')[2]}_{language}; nothing is left out or mixed",
        )


def required(case: Case, variant: Variant) -> frozenset[str]:
    """The keys of the facts that this variant's message must state."""
    if case.sheet.ends:
        return frozenset(_of_end(case, variant))
    if variant.channel == "sms":
        return frozenset(_of_sms(case, variant))
    facts = {*ALWAYS, *_of_directive(case, variant)}
    if variant.channel == "email":
        facts.add("title")
    for owner, measure in case.sheet.measures_for(variant.sector, variant.audience):
        facts |= _of_measure(measure, fact_prefix(case.directive, owner, measure))
    return frozenset(facts)


def _of_end(case: Case, variant: Variant) -> set[str]:
    """That it is over: each rule's topic, and for an all clear the last day."""
    facts = {*ALWAYS, *_marks(case)} | ({"title"} if variant.channel == "email" else set())
    measures = case.sheet.measures_for(variant.sector, variant.audience)
    ends = {}
    for owner, measure in measures:
        key = fact_prefix(case.directive, owner, measure)
        facts.add(f"{key}ended")
        ends[key] = scope_of(case.directive, measure).end
    if case.kind == Kind.ALL_CLEAR:
        facts |= {f"{key}until" for key, end in ends.items() if end}
    return facts


def _of_sms(case: Case, variant: Variant) -> set[str]:
    """An SMS may leave rules to the page, and says so; a rule that it states, it states with all that makes it."""
    facts = {*ALWAYS, *_marks(case)}
    stated = case.messages[variant].stated
    measures = case.sheet.measures_for(variant.sector, variant.audience)
    keys = [(fact_prefix(case.directive, owner, measure), measure) for owner, measure in measures]
    kept = [(key, measure) for key, measure in keys if f"{key}modality" in stated]
    territories = {scope_of(case.directive, measure).territory for _, measure in measures}
    placed = territories != {case.directive.territory}
    for key, measure in kept or keys[:1]:
        facts |= {f"{key}modality", f"{key}from", *_values(measure, key)}
        if placed:
            facts.add(f"{key}territory")
    return facts


def _of_directive(case: Case, variant: Variant) -> set[str]:
    """The facts around the rules: those of the slots that the audience's anatomy calls required (decision 6)."""
    anatomy = case.sheet.wording.anatomy[variant.audience]
    return _marks(case).union(*(_of_slot(case, variant, slot) for slot in anatomy.required))


def _of_slot(case: Case, variant: Variant, slot: RequiredSlot) -> set[str]:
    directive = case.directive
    if slot in ("docs", "links"):
        return {f"{slot}.{index + 1}" for index in range(len(getattr(directive, slot)))}
    if slot == "explained":
        return {f"explained.{index + 1}" for index in range(len(case.sheet.explained))}
    if slot == "contact":
        return _of_contacts(case, variant)
    has: dict[str, set[str]] = {
        "source": {"issuer"},
        "legal": {"act_type"} | ({"reference"} if directive.reference else set()),
        "legal_basis": {"legal_basis"} if directive.legal_basis else set(),
        "issued": {"issued"} if directive.issued else set(),
        "hazard": {"hazard"} if directive.hazard else set(),
        "establishments": {"establishments"} if directive.establishments else set(),
    }
    return has[slot]


def _of_contacts(case: Case, variant: Variant) -> set[str]:
    """Everybody whom a rule or the act names, with number and hours; the issuer's site where nobody is named."""
    concerned = case.sheet.measures_for(variant.sector, variant.audience)
    named = [contact_of(owner, measure) for owner, measure in concerned]
    contacts = [contact for contact in (*named, contact_of(case.directive)) if contact]
    if not contacts:
        return {"issuer.site"} if case.register.issuers[case.directive.issuer].site else set()
    return {
        f"contact.{contact.id}.{name}"
        for contact in contacts
        for name in ("label", "phone", "email", "hours")
        if getattr(contact, name)
    }


def _marks(case: Case) -> set[str]:
    """An announcement is never shown as law."""
    if case.directive.reported:
        return {"reported"}
    return {"announced"} if case.register.issuers[case.directive.issuer].binding == "none" else set()


def _of_measure(measure: Measure, key: str) -> set[str]:
    facts = {f"{key}modality", f"{key}territory", f"{key}from", f"{key}until", *_values(measure, key)}
    for name in ("exceptions", "conditions", "further"):
        facts |= {f"{key}{name}.{index + 1}" for index in range(len(getattr(measure, name)))}
    return facts | {
        f"{key}{name}" for name in ("advice_quantity", "window_alternative") if getattr(measure, name)
    }


def _values(measure: Measure, key: str) -> set[str]:
    """What makes the rule: its number, for each of whom that counts, its hours, its deadline, whom it concerns."""
    names = ("quantity", "window", "deadline", "population_rule")
    facts = {f"{key}{name}" for name in names if getattr(measure, name) is not None}
    return facts | ({f"{key}label.per"} if measure.quantity and "per" in measure.label else set())
