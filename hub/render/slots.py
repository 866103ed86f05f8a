"""Values for the slots of a pattern: facts of a measure, traced, and nouns of the sector's lexicon."""

from dataclasses import dataclass, field

from hub.facts.printer import Printer
from hub.facts.scope import Scope
from hub.facts.trace import traced
from hub.model.directive import Contact, Directive, Language, Measure, Quantity
from hub.now import BRUSSELS
from hub.register import Register
from hub.render.pattern import Resolve, fill, parse
from hub.render.wording import Words

QUANTITY_FORMS = frozenset(
    {
        "count",
        "max",
        "n",
        "age",
        "age.you",
        "persons",
        "duration",
        "duration.dat",
        "share",
        "amount",
        "quantity",
    }
)
"""The slots that print a measure's quantity."""
ROLES = frozenset({"beneficiary", "family", "relative", "place", "staff", "organisation", "home"})
"""What a noun of the lexicon names for a sector."""
CONTACT = frozenset({"contact", "phone", "hours", "email"})
"""The slots that a measure's contact fills."""


@dataclass(frozen=True, slots=True)
class MeasureSlots:
    """Resolves the slots of one measure for one sector, language and kind of text.

    `key` opens the keys of its facts: "m1." for a measure of the act itself, "act#m1." for another act's.
    """

    owner: Directive
    measure: Measure
    scope: Scope
    sector: str
    words: Words
    printer: Printer
    register: Register
    key: str
    sms: bool
    informs: bool
    """Whether the whole message only informs, and rules nothing."""
    placed: bool
    """Whether each rule of the message must name its own place, since they do not all hold in the act's."""
    suffix: str = ""
    """Ends the keys of its facts: ".before" and ".now" where two revisions are held side by side."""
    _found: dict[str, str | None] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        """How the measure is named among those of the message: "m1", or "act#m1" for another act's."""
        return self.key.removesuffix(".")

    @property
    def language(self) -> Language:
        return self.words.language

    def say(self, fact: str, text: str) -> str:
        return traced(f"{self.key}{fact}{self.suffix}", text)

    def __call__(self, name: str) -> str | None:
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> str | None:
        if name in QUANTITY_FORMS:
            return self._quantity(name, self.measure.quantity)
        role = name.partition(".")[0]
        if role in ROLES:
            return self.words.noun(self.sector, name, sms=self.sms)
        if name in CONTACT:
            return self._contact(name)
        method = getattr(self, f"_slot_{role}", None)
        if method is not None:
            value: str | None = method()
            return value
        text = self._label(name)
        return self.say(f"label.{role}", text) if text else None

    def _label(self, name: str) -> str | None:
        """The sheet's label; its nominative ("subject.nom") from the plain one where the two are the same."""
        label = self.measure.label.get(name)
        if label is not None:
            return label.get(self.language)
        stem, _, form = name.partition(".")
        plain = self._label(stem) if form == "nom" else None
        return self.printer.nominative(plain) if plain else None

    def _quantity(self, name: str, quantity: Quantity | None) -> str | None:
        text = self.printer.form(name, quantity)
        return self.say("quantity", text) if text and quantity else text

    def _contact(self, name: str) -> str | None:
        contact = contact_of(self.owner, self.measure)
        if contact is None:
            return None
        return contact_slot(contact, name, self.language)

    def _slot_window(self) -> str | None:
        window = self.measure.window
        return self.say("window", self.printer.window(window)) if window else None

    def _slot_per(self) -> str | None:
        """For each of whom or what the number counts: by the sheet's label, else by the topic."""
        if text := self._label("per"):
            return self.say("label.per", text)
        per = self.register.topics[self.measure.topic].per_whom(self.measure.quantity)
        return fill(parse(self.words.tail(f"per_{per}")), self) if per else None

    def _slot_deadline(self) -> str | None:
        deadline = self.measure.deadline
        return self.say("deadline", self.printer.deadline(deadline, short=self.sms)) if deadline else None

    def _slot_period(self) -> str | None:
        period = self.printer.period(self.scope, self.say, short=self.sms)
        if not self.sms:
            return period
        parts = [period] if period else []
        if self.scope.start_unknown:
            parts.insert(0, self.say("from", self.words.wording["sms"]["from_now"]))
        if self.scope.end_unknown:
            parts.append(self.say("until", self.words.wording["sms"]["end_unknown"]))
        return ", ".join(parts)

    def _slot_day(self) -> str | None:
        """The day on which it starts, in Brussels; an unknown one fills no sentence."""
        if self.scope.start is None or self.scope.start_unknown:
            return None
        return self.say(
            "from", self.printer.day(self.scope.start.astimezone(BRUSSELS).date(), short=self.sms)
        )

    def _slot_territory(self) -> str | None:
        names = [self.register.territory(id_).in_[self.language] for id_ in self.scope.territory]
        return self.say("territory", self.printer.join_places(names)) if names else None

    def short_place(self) -> str:
        """The places by their names for SMS."""
        names = [self.register.territory(id_).short.get(self.language, id_) for id_ in self.scope.territory]
        return self.say("territory", self.printer.join(names, short=True))

    def _slot_exceptions(self) -> str | None:
        return self._list("exceptions", self.measure.exceptions)

    def _slot_conditions(self) -> str | None:
        return self._list("conditions", self.measure.conditions)

    def _slot_population(self) -> str | None:
        rule = self.measure.population_rule
        text = rule.get(self.language) if rule else None
        return self.say("population_rule", text) if text else None

    def _slot_topic(self) -> str | None:
        return self.register.topics[self.measure.topic].name.get(self.language)

    def _slot_verb(self) -> str | None:
        verb = self.measure.verb.get(self.language)
        return self.say("verb", verb) if verb else None

    def _slot_act(self) -> str | None:
        """Verb and object as one phrase in the infinitive."""
        verb, text = self.measure.verb.get(self.language), self.measure.object.get(self.language)
        if not verb or not text:
            return None
        return self.say("verb", self.say("object", self.printer.infinitive(verb, text)))

    def _slot_object(self) -> str | None:
        text = self.measure.object.get(self.language)
        return self.say("object", text) if text else None

    def only(self, name: str, index: int) -> Resolve:
        """The same slots, with one of the exceptions or conditions in place of their list."""
        text = getattr(self.measure, name)[index].get(self.language)
        item = self.say(f"{name}.{index + 1}", text) if text else None
        return lambda slot: item if slot == name else self(slot)

    def _list(self, name: str, texts: tuple[object, ...]) -> str | None:
        words = [text[self.language] for text in texts if isinstance(text, dict) and self.language in text]
        if not words or len(words) < len(texts):
            return None
        marked = [self.say(f"{name}.{i + 1}", word) for i, word in enumerate(words)]
        return self.printer.join(marked, short=self.sms)


def fact_prefix(speaker: Directive, owner: Directive, measure: Measure) -> str:
    """How the keys of a measure's facts begin: "m1." for the act's own, "act#m1." for another act's."""
    return f"{measure.id}." if owner.id == speaker.id else f"{owner.id}#{measure.id}."


def contact_of(owner: Directive, measure: Measure | None = None) -> Contact | None:
    """The contact that a measure names, else the first of its act."""
    by_id = {contact.id: contact for contact in owner.contacts}
    if measure is not None and measure.contact:
        return by_id.get(measure.contact)
    return owner.contacts[0] if owner.contacts else None


def contact_slot(contact: Contact, name: str, language: Language, *, suffix: str = "") -> str | None:
    """One value of a contact, traced: contact (its label), phone, email or hours. `suffix` ends the fact's key."""
    value = {
        "contact": contact.label.get(language),
        "phone": contact.phone,
        "email": contact.email,
        "hours": contact.hours.get(language) if contact.hours else None,
    }[name]
    fact = "label" if name == "contact" else name
    return traced(f"contact.{contact.id}.{fact}{suffix}", value) if value else None
