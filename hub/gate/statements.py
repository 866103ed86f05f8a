"""What a message may say, fact by fact, worked out from the sheet and the registers alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hub.facts.scope import Scope, scope_of
from hub.model.directive import Contact, Directive, Language, Measure, Modality, Quantity, Text, Window
from hub.model.value import Amount, Day, Hour, Link, Mark, Phone, Value
from hub.now import BRUSSELS
from hub.register import Register
from hub.render import Sheet
from hub.render.frame import Frame
from hub.render.slots import fact_prefix


@dataclass(frozen=True, slots=True)
class Values:
    """A fact that is a value, or a few: each place that states it reads as some of them, all places as all.

    `in_order` where their order is part of the fact: from 22 to 6 is not from 6 to 22. More than one option where
    several revisions stand behind it; an empty one where one of them had no such fact, which is said in words.
    """

    options: tuple[tuple[Value, ...], ...]
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A fact that is words: those of the sheet or a register, one of the wordings of each language."""

    wordings: Mapping[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A fact that is a list of names, each as it stands, with nothing between them but what joins a list."""

    names: tuple[Mapping[Language, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A fact whose words may change their order: German and Dutch put the verb last."""

    wordings: Mapping[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Binding:
    """How a rule binds; `silent` where the words of the place may leave it open."""

    modalities: frozenset[Modality]
    silent: bool = False


ALIKE: Language = "mul"
"""Instead of a language (ISO 639-2): words that are the same in every one."""


def wordings_in(language: Language, wordings: Mapping[Language, tuple[str, ...]]) -> tuple[str, ...]:
    """What may stand in a text of this language."""
    return (*wordings.get(language, ()), *wordings.get(ALIKE, ()))


Statement = Values | Verbatim | Listed | Phrase | Binding
Statements = Mapping[str, Statement]


BEFORE, NOW = ".before", ".now"
"""What the keys of a changed fact's two values end in."""


def statements(sheet: Sheet, frame: Frame) -> dict[str, Statement]:
    """The facts that messages of this sheet may state, by key. What has no entry may hold no value at all."""
    found = _of_revision(sheet, frame)
    if sheet.earlier:
        revisions = [_of_revision(past, frame) for past in sheet.past()]
        for fact in dict.fromkeys(fact for revision in revisions for fact in revision):
            if statement := _either([revision.get(fact) for revision in revisions]):
                found[f"{fact}{BEFORE}"] = statement
        for fact, statement in list(found.items()):
            if not fact.endswith(BEFORE) and (changed := _either([statement])):
                found[f"{fact}{NOW}"] = changed
        for past in sheet.past():
            found |= {f: s for f, s in _topics(past) if f not in found}
    if sheet.ends:
        found |= {f: _either([s]) or s for f, s in found.items() if f.endswith(".until")}
    return found


def _either(statements: Sequence[Statement | None]) -> Statement | None:
    """What a fact may say when any of several revisions may be meant; None where it may be any words."""
    known = [statement for statement in statements if statement is not None]
    lacking = len(known) < len(statements)
    match known[0]:
        case Values(_, in_order):
            options = [
                o for s in known if isinstance(s, Values) for option in s.options for o in _alone(option)
            ]
            return Values((*dict.fromkeys(options), *([()] if lacking else [])), in_order)
        case Binding():
            return Binding(
                frozenset().union(*(s.modalities for s in known if isinstance(s, Binding))), silent=True
            )
        case Verbatim() | Phrase():
            if lacking:
                return None
            texts = [s.wordings for s in known if isinstance(s, Verbatim | Phrase)]
            merged = _verbatim_of(texts)
            return Phrase(merged) if isinstance(known[0], Phrase) else Verbatim(merged)
    return known[0] if len(known) == 1 and not lacking else None


def _alone(option: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    """A last day that stands by itself is called so, and needs no "inclusive"."""
    yield option
    if len(option) == 1 and isinstance(option[0], Day) and option[0].inclusive:
        yield (Day(option[0].on),)


def _of_revision(sheet: Sheet, frame: Frame) -> dict[str, Statement]:
    found: dict[str, Statement] = dict(_of_act(sheet, frame))
    found |= dict(_topics(sheet))
    for owner, measure in sheet.speaking():
        key = fact_prefix(sheet.directive, owner, measure)
        scope = scope_of(sheet.directive, measure)
        for name, statement in (*_of_measure(measure), *_of_scope(scope, sheet.register)):
            found[f"{key}{name}"] = statement
        for contact in owner.contacts:
            found |= _of_contact(contact)
    return found


def _topics(sheet: Sheet) -> Iterator[tuple[str, Statement]]:
    """A rule by its topic, where it comes, goes or changes; with its object where that tells it apart."""
    for owner, measure in sheet.speaking():
        key, name = fact_prefix(sheet.directive, owner, measure), sheet.register.topics[measure.topic].name
        with_object = {lang: f"{name[lang]} ({text})" for lang, text in measure.object.items()}
        for fact in ("topic", "came", "ended"):
            yield f"{key}{fact}", _verbatim(name, with_object)


def _of_act(sheet: Sheet, frame: Frame) -> Iterator[tuple[str, Statement]]:
    act, register = sheet.directive, sheet.register
    issuer = register.issuers[act.issuer]
    yield "title", _verbatim(act.title)
    yield "issuer", _verbatim(issuer.name, issuer.short)
    yield "territory", _places(act.territory, register)
    yield "act_type", _verbatim(register.act_types[act.act_type].name)
    yield "ref", _same(frame.code)
    yield "link", _value(Link(frame.url))
    if issuer.site:
        yield "issuer.site", _value(Link(issuer.site))
    if act.issued:
        yield "issued", _value(Day(act.issued))
    if act.hazard:
        yield "hazard", _verbatim(act.hazard)
    if act.reference:
        yield "reference", _same(act.reference)
    yield from _of_lists(act)
    yield from _of_relations(sheet)
    for index, explanation in enumerate(sheet.explained):
        words = {lang: sheet.explained_in(explanation, lang) for lang in sheet.wording.languages}
        yield f"explained.{index + 1}", _verbatim(words)
    yield from _unknown(act.unknown)


def _of_lists(act: Directive) -> Iterator[tuple[str, Statement]]:
    for name in ("docs", "links"):
        yield name, Listed(tuple(_verbatim(offer.label).wordings for offer in getattr(act, name)))
    for name in ("legal_basis", "establishments"):
        if texts := getattr(act, name):
            yield name, Listed(tuple(_same(text).wordings for text in texts))
    for name in ("docs", "links"):
        for index, offer in enumerate(getattr(act, name)):
            yield f"{name}.{index + 1}", _verbatim(offer.label)
    for contact in act.contacts:
        yield from _of_contact(contact).items()


def _of_relations(sheet: Sheet) -> Iterator[tuple[str, Statement]]:
    relations = sheet.directive.relations
    for other in _named(sheet):
        yield f"relation.{other.id}", _verbatim(other.title)
    yield "relation", _same(*(r.target_external for r in relations if r.target_external))
    yield "relation.scope", _verbatim(*(r.scope for r in relations if r.scope))


def _named(sheet: Sheet) -> Iterator[Directive]:
    """The acts that a message may name: what a revision relates to, whose rules it extends, what is explained."""
    revisions = (sheet, *sheet.past())
    ids = {relation.target for revision in revisions for relation in revision.directive.relations}
    ids |= {owner.id for revision in revisions for owner, _ in revision.speaking()}
    ids |= {explanation.other for explanation in sheet.explained}
    return (sheet.others[id_] for id_ in sorted(filter(None, ids)) if id_ in sheet.others)


def _of_contact(contact: Contact) -> dict[str, Statement]:
    key = f"contact.{contact.id}."
    found: dict[str, Statement] = {f"{key}label": _verbatim(contact.label)}
    if contact.phone:
        found[f"{key}phone"] = _value(phone(contact.phone))
    if contact.email:
        found[f"{key}email"] = _same(contact.email)
    if contact.hours:
        found[f"{key}hours"] = _verbatim(contact.hours)
    return found | dict(_unknown(f"contact.{name}" for name in contact.unknown))


def _unknown(names: Iterable[str]) -> Iterator[tuple[str, Statement]]:
    for name in names:
        yield f"unknown.{name}", _value(Mark.UNCONFIRMED)


def _of_measure(measure: Measure) -> Iterator[tuple[str, Statement]]:
    yield "modality", Binding(frozenset({measure.modality} - {"information"}))
    yield from _of_numbers(measure)
    yield from _of_words(measure)
    yield from _unknown(measure.unknown)
    for name in measure.unknown:  # as the old or the new value of a change
        yield name, _value(Mark.UNCONFIRMED)


def _of_numbers(measure: Measure) -> Iterator[tuple[str, Statement]]:
    if measure.quantity:
        yield "quantity", _amount(measure.quantity)
    if measure.advice_quantity:
        yield "advice_quantity", _amount(measure.advice_quantity)
        yield "advice_quantity.by", _same(measure.advice_quantity.by)
    for index, more in enumerate(measure.further):
        yield f"further.{index + 1}", _amount(Quantity(more.op, more.value, more.unit))
        yield f"further.{index + 1}.label", _verbatim(more.label)
    for name in ("window", "window_alternative"):
        if window := getattr(measure, name):
            yield name, _hours(window)
    if measure.deadline:
        yield "deadline", _value(*_moment(measure.deadline))


def _of_words(measure: Measure) -> Iterator[tuple[str, Statement]]:
    act = {lang: f"{measure.verb.get(lang, '')} {text}" for lang, text in measure.object.items()}
    yield "verb", Phrase({lang: (verb, act.get(lang, verb)) for lang, verb in measure.verb.items()})
    yield "object", Phrase({lang: (text, act[lang]) for lang, text in measure.object.items()})
    for name in ("exceptions", "conditions"):
        for index, text in enumerate(getattr(measure, name)):
            yield f"{name}.{index + 1}", _verbatim(text)
    if measure.population_rule:
        yield "population_rule", _verbatim(measure.population_rule)
    for stem in dict.fromkeys(name.partition(".")[0] for name in measure.label):
        forms = (stem, f"{stem}.nom")
        yield f"label.{stem}", _verbatim(*(measure.label[form] for form in forms if form in measure.label))


def _of_scope(scope: Scope, register: Register) -> Iterator[tuple[str, Statement]]:
    yield "territory", _places(scope.territory, register)
    start = None if scope.start_unknown or scope.start is None else scope.start.astimezone(BRUSSELS)
    end = None if scope.end is None else scope.end.astimezone(BRUSSELS)
    within_a_day = start is not None and end is not None and start.date() == end.date()
    if start is None:
        yield "from", _value(Mark.UNCONFIRMED)
    elif within_a_day:
        yield "from", _value(Day(start.date()), Hour(start.time()))
    else:
        yield "from", _value(*_moment(start))
    if end is None:
        yield "until", _value(Mark.UNCONFIRMED if scope.end_unknown else Mark.OPEN_END)
    elif within_a_day:
        yield "until", _value(Day(end.date()), Hour(end.time()))
    elif end.time() == time(0):
        last = (end - timedelta(days=1)).date()
        one_day = start is not None and start.time() == time(0) and last == start.date()
        yield "until", _value(Day(last, inclusive=not one_day))
    else:
        yield "until", _value(*_moment(end))


def _moment(at: date) -> tuple[Value, ...]:
    """A day, with its hour unless it is that day's beginning or has none."""
    if not isinstance(at, datetime):
        return (Day(at),)
    local = at.astimezone(BRUSSELS)
    return (Day(local.date()),) if local.time() == time(0) else (Day(local.date()), Hour(local.time()))


def _hours(window: Window) -> Values:
    crosses = window.to < window.from_ and window.to != time(0)
    tail = (Mark.NEXT_DAY,) if crosses else ()
    return Values(((Hour(window.from_), Hour(window.to), *tail),), in_order=True)


def _amount(quantity: Quantity) -> Values:
    return _value(Amount(quantity.op, float(quantity.value), quantity.unit).bound())


def phone(text: str) -> Phone:
    """A number to call without the signs that people put between its digits."""
    return Phone("".join(character for character in text if character.isdigit() or character == "+"))


def _places(territory: tuple[str, ...], register: Register) -> Listed:
    entries = [register.territory(id_) for id_ in territory]
    return Listed(tuple(_verbatim(entry.in_, entry.short, entry.name).wordings for entry in entries))


def _value(*values: Value) -> Values:
    return Values((values,))


def _verbatim(*texts: Text) -> Verbatim:
    return Verbatim(_verbatim_of([{lang: (words,) for lang, words in text.items()} for text in texts]))


def _verbatim_of(
    texts: Sequence[Mapping[Language, tuple[str, ...]]],
) -> dict[Language, tuple[str, ...]]:
    languages = dict.fromkeys(language for text in texts for language in text)
    return {lang: tuple(words for text in texts for words in text.get(lang, ())) for lang in languages}


def _same(*texts: str) -> Verbatim:
    """Words that are the same in every language."""
    return Verbatim({ALIKE: texts})
