"""The parts of a directive's permanent page: texts per reader, facts, rules, history and relations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.facts import changes
from hub.facts.scope import scope_of
from hub.model.directive import AUDIENCES, Audience, Directive, Measure, Relation
from hub.model.message import Hat, Message
from hub.now import BRUSSELS
from hub.site.catalogue import Edition, Said, said
from hub.site.views import Link, Moment, Teller


@dataclass(frozen=True, slots=True)
class Wording:
    """The same words, and the sectors that read them."""

    sectors: tuple[str, ...]
    text: Message


@dataclass(frozen=True, slots=True)
class Readers:
    """All wordings for one audience; more than one where the sectors have words of their own."""

    audience: str
    id: Audience
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A sector, and the audiences that have a text in it; `named` where the act names the sector itself."""

    sector: str
    named: bool
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the facts table."""

    name: str
    values: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table of measures."""

    topic: str
    modality: str
    kind: str
    actor: str
    period: str


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of the history."""

    number: int
    kind: str
    at: Moment
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bond:
    """A relation in words: what it is, the other act (linked where it is published here), how far it goes."""

    kind: str
    act: Said
    href: str = ""
    note: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a contradiction with another act stands: both acts, the signed words, and when they were signed."""

    acts: tuple[Link, ...]
    words: Said | None
    signed: str


def readers(edition: Edition, teller: Teller) -> tuple[Readers, ...]:
    """The texts of the sectors that the directive names, audience by audience, the same words once.

    Inherited sectors (those that `general` brings in) are a choice away: their words differ in nouns only.
    """
    named = set(edition.directive.sectors)
    found = []
    for audience in AUDIENCES:
        groups: dict[str | None, list[str]] = {}
        texts: dict[str | None, Message] = {}
        for hat, text in edition.texts.items():
            if hat.audience == audience and hat.sector in named:
                groups.setdefault(text.html, []).append(teller.name("sectors", hat.sector))
                texts[text.html] = text
        if groups:
            wordings = tuple(Wording(tuple(sectors), texts[words]) for words, sectors in groups.items())
            found.append(Readers(teller.name("audiences", audience), audience, wordings))
    return tuple(found)


def choices(edition: Edition, teller: Teller, current: Hat | None = None) -> Iterator[Choice]:
    """Where each reader finds their text, in the register's order."""
    for sector in teller.catalogue.register.sectors:
        links = tuple(
            Link(edition.path_of(hat), teller.name("audiences", audience), current=hat == current)
            for audience in AUDIENCES
            if (hat := Hat(sector, audience)) in edition.texts
        )
        if links:
            yield Choice(teller.name("sectors", sector), sector in edition.directive.sectors, links)


def facts(edition: Edition, teller: Teller) -> Iterator[Fact]:
    """The sheet's facts; what the sheet calls unknown is said to be so, and never guessed."""
    directive, words = edition.directive, teller.words
    rows: list[tuple[str, tuple[str, ...]]] = [
        ("issuer", (teller.name("issuers", directive.issuer),)),
        ("level", (words(f"level.{teller.catalogue.issuer(edition).level}"),)),
        ("act_type", (teller.name("act_types", directive.act_type),)),
        ("reference", (directive.reference,) if directive.reference else ()),
        ("legal_basis", directive.legal_basis),
        ("issued", (words.day(directive.issued),) if directive.issued else ()),
        ("published", (words.day(directive.published),) if directive.published else ()),
        ("validity", (words.validity(directive),)),
        ("territory", (teller.territory(directive.territory),)),
        ("establishments", directive.establishments),
        ("sectors", tuple(teller.name("sectors", sector) for sector in directive.sectors)),
        ("audiences", tuple(teller.name("audiences", audience) for audience in directive.audiences)),
        ("topics", tuple(teller.name("topics", topic) for topic in teller.topics(directive))),
        ("urgency", (words(f"urgency.{directive.urgency}"),)),
    ]
    for name, values in rows:
        if values:
            yield Fact(words(f"fact.{name}"), values)
        elif name in directive.unknown:
            yield Fact(words(f"fact.{name}"), (words("fact.unknown"),))
    if directive.hazard and (hazard := said(directive.hazard, words.language)):
        yield Fact(words("fact.hazard"), (hazard.text,), hazard.language)


def rules(edition: Edition, teller: Teller) -> Iterator[Rule]:
    """Each measure as a row: what about, how binding, for whom, when."""
    for measure in teller.measures(edition.directive):
        yield Rule(
            teller.name("topics", measure.topic),
            teller.words(f"modality.{measure.modality}"),
            measure.modality,
            teller.name("audiences", measure.actor),
            _period(measure, edition.directive, teller),
        )


def _period(measure: Measure, directive: Directive, teller: Teller) -> str:
    own = (measure.effective_from, measure.effective_to)
    if own in ((None, None), (directive.effective_from, directive.effective_to)):
        return teller.words("directive.same_period")
    return teller.words.period(scope_of(directive, measure))


def history(edition: Edition, teller: Teller) -> Iterator[Step]:
    """Every published revision, newest first, with what it changed."""
    words = teller.words
    for index in reversed(range(len(edition.past))):
        now = edition.past[index]
        if index == 0:
            told: tuple[str, ...] = (words("change.first"),)
        else:
            told = tuple(_told(edition.past[index - 1].directive, now.directive, teller))
        yield Step(now.number, words(f"kind.{now.kind}"), teller.moment(now.at), told)


def _told(before: Directive, after: Directive, teller: Teller) -> Iterator[str]:
    """What differs in the act, then rule by rule; what a rule leaves to the act is told once."""
    words = teller.words
    own = [_of_the_act(change.fact, before, after, teller) for change in changes.of_the_act(before, after)]
    old, new = (changes.rules(act, ((act, measure) for measure in act.measures)) for act in (before, after))
    rules = [change for change in changes.of_rules(old, new) if not change.inherited]
    yield from own or ([] if rules else [words("change.none")])
    yield from (_of_a_rule(change, teller) for change in rules)


def _of_the_act(field: str, before: Directive, after: Directive, teller: Teller) -> str:
    words = teller.words
    name = words(f"fact.{field}")
    old, new = (_value(sheet, field, teller) for sheet in (before, after))
    if old is None or new is None or old == new:
        return words("change.changed", field=name)
    return words("change.from_to", field=name, before=old, after=new)


def _of_a_rule(change: changes.Change, teller: Teller) -> str:
    words = teller.words
    rule = change.after or change.before
    assert rule is not None
    topic = teller.name("topics", rule.measure.topic)
    if change.what != "changed":
        return words(f"change.measure_{change.what}", topic=topic)
    assert change.before is not None
    assert change.after is not None
    field = words("change.of_rule", topic=topic, fact=words(f"rule.{change.fact.partition('.')[0]}"))
    old, new = (_fact(known, change.fact, teller) for known in (change.before, change.after))
    if old is None or new is None or old == new:
        return words("change.changed", field=field)
    return words("change.from_to", field=field, before=old, after=new)


def _fact(rule: changes.Rule, fact: str, teller: Teller) -> str | None:
    """A fact of a rule in words; None where it takes more than a line to say."""
    words, measure = teller.words, rule.measure
    match fact:
        case "modality":
            return words(f"modality.{measure.modality}")
        case "actor":
            return teller.name("audiences", measure.actor)
        case "from":
            return words.on(rule.scope.start) if rule.scope.start else words("when.from_unknown")
        case "until":
            return words.until(rule.scope.end, unknown=rule.scope.end_unknown)
        case "territory":
            return teller.territory(rule.scope.territory)
        case "quantity" | "window" | "deadline":
            value = getattr(measure, fact)
            if not value:
                return words("fact.unknown") if fact in measure.unknown else "—"
            said = str(getattr(words.printer, fact)(value))
            per = _per(measure, teller) if fact == "quantity" else None
            return f"{said} {per}" if per else said
    return None


def _per(measure: Measure, teller: Teller) -> str | None:
    """For each of whom or what its number counts, by the sheet's label or by the topic."""
    if text := measure.label.get("per", {}).get(teller.words.language):
        return text
    topic = teller.catalogue.register.topics.get(measure.topic)
    per = topic.per_whom(measure.quantity) if topic else None
    return teller.words(f"per.{per}") if per else None


def _value(directive: Directive, field: str, teller: Teller) -> str | None:
    """A field's value in words; None where it takes more than a line to say."""
    words = teller.words
    value: Any = getattr(directive, field)
    if field == "effective_to":
        return words.until(value, unknown=field in directive.unknown)
    if value is None or value == ():
        return words("fact.unknown") if field in directive.unknown else "—"
    match field:
        case "title":
            return teller.title(directive).text
        case "issuer" | "act_type":
            return teller.name(f"{field}s", value)
        case "territory":
            return teller.territory(value)
        case "sectors" | "audiences":
            return ", ".join(teller.name(field, id_) for id_ in value)
        case "legal_basis" | "establishments":
            return ", ".join(value)
    if isinstance(value, datetime):
        return words.on(value)
    if isinstance(value, date):
        return words.day(value)
    return value if isinstance(value, str) else None


def bonds(edition: Edition, teller: Teller) -> Iterator[Bond]:
    """What this act does to others, then what others do to it."""
    by_id = teller.catalogue.by_id
    for relation in edition.directive.relations:
        kind = teller.words(f"relation.to.{relation.type}")
        if relation.target and relation.target in by_id:
            yield _bond(kind, by_id[relation.target], relation, teller)
        else:
            words = relation.target_external or teller.words("relation.elsewhere")
            yield Bond(kind, Said(words, teller.words.language), note=_note(relation, teller))
    for act, relation in teller.catalogue.incoming.get(edition.directive.id, ()):
        yield _bond(teller.words(f"relation.from.{relation.type}"), act, relation, teller)


def _bond(kind: str, other: Edition, relation: Relation, teller: Teller) -> Bond:
    issued = other.directive.issued
    return Bond(
        kind,
        teller.title(other.directive),
        other.path,
        _note(relation, teller),
        teller.words.day(issued) if issued else "",
    )


def _note(relation: Relation, teller: Teller) -> str:
    words = teller.words
    if relation.scope and (scope := said(relation.scope, words.language)):
        return words("relation.partial_scope", scope=scope.text)
    if relation.target_measure:
        return words("relation.measure")
    return words("relation.partial") if relation.partial else ""


def explained(edition: Edition, teller: Teller) -> Iterator[Explained]:
    """The explanations signed for this act, then those that other acts signed about it."""
    catalogue, words = teller.catalogue, teller.words
    for act in (edition, *(other for other in catalogue.editions if other is not edition)):
        for explanation in act.explained:
            other = catalogue.by_id.get(explanation.other)
            if edition in (act, other):
                acts = [one for one in (act, other) if one]
                yield Explained(
                    tuple(Link(one.path, teller.title(one.directive).text) for one in acts),
                    said(explanation.words, words.language),
                    words("directive.signed", day=words.day(explanation.at.astimezone(BRUSSELS).date())),
                )
