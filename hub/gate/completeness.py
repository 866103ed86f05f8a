"""Every message states every fact that its audience must have (decisions 6 and 7)."""

from collections.abc import Iterator

from hub.gate.case import Case, variant_name
from hub.model.directive import Audience, Directive, Measure
from hub.model.message import Variant
from hub.model.review import Finding, Level

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
        if (language, lacking.field) in told:
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
    measures = case.sheet.measures_for(variant.sector, variant.audience)
    facts = set(ALWAYS)
    if variant.channel != "sms":
        facts.add("title" if variant.channel == "email" else "link")
        facts |= _of_directive(case, variant.audience)
        for owner, measure in measures:
            facts |= _of_measure(measure, _key(case, owner, measure), variant.audience)
    elif measures:
        # An SMS may leave rules to the page, and says so; what it does state, it states with its start.
        owner, measure = measures[0]
        key = _key(case, owner, measure)
        facts |= {f"{key}modality", f"{key}from"}
        facts |= {f"{key}{name}" for name in ("quantity", "window") if getattr(measure, name) is not None}
    return frozenset(facts)


def _key(case: Case, owner: Directive, measure: Measure) -> str:
    return f"{measure.id}." if owner.id == case.directive.id else f"{owner.id}#{measure.id}."


def _of_directive(case: Case, audience: Audience) -> set[str]:
    slots = case.sheet.wording.anatomy[audience].required
    facts = set()
    if "legal" in slots:
        facts.add("act_type")
        if case.directive.reference:
            facts.add("reference")
    if "docs" in slots:
        facts |= {f"docs.{index + 1}" for index in range(len(case.directive.docs))}
    if "contact" in slots and case.directive.contacts:
        contact = case.directive.contacts[0]
        facts |= {f"contact.{contact.id}.label"} | (
            {f"contact.{contact.id}.phone"} if contact.phone else set()
        )
    return facts


def _of_measure(measure: Measure, key: str, audience: Audience) -> set[str]:
    facts = {f"{key}modality", f"{key}territory", f"{key}from", f"{key}until"}
    facts |= {f"{key}{name}" for name in ("quantity", "window") if getattr(measure, name) is not None}
    facts |= {
        f"{key}{name}.{i + 1}"
        for name in ("exceptions", "conditions")
        for i in range(len(getattr(measure, name)))
    }
    if measure.deadline and audience in ("direction", "staff"):
        facts.add(f"{key}deadline")
    if measure.population_rule:
        facts.add(f"{key}population_rule")
    facts |= {f"{key}further.{index + 1}" for index in range(len(measure.further))}
    return facts
