"""Says what changed in the rules, old value and new, to one reader; each value is a fact, ".before" or ".now"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hub.facts.changes import Change, Rule, of_rules
from hub.facts.changes import rules as rules_of
from hub.facts.printer import last_day
from hub.facts.trace import bare, capitalised, traced, untrace_line
from hub.model.directive import Quantity
from hub.model.message import Block, Line, Span, Variant
from hub.model.review import Kind
from hub.now import BRUSSELS
from hub.render.blocks import slots_of
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.sheet import Sheet
from hub.render.slots import MeasureSlots, fact_prefix
from hub.render.wording import Words

BEFORE, NOW = ".before", ".now"
TOPIC, CAME, WENT = "topic", "came", "ended"
"""How a rule as a whole is keyed, beside its change or as what came or went: "m2.topic", "m2.came", "m2.ended"."""

SILENT = frozenset({"code", "contact", "sectors", "audiences"})
"""Said elsewhere or not at all: a code has no words, a contact is the act's, readers are told as readers."""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of one rule that differs: its name before the two values, which are traced."""

    rule: Rule
    fact: str
    old: str
    new: str

    @property
    def likeness(self) -> tuple[str, str, str]:
        """What rules that change alike have in common."""
        return self.fact, bare(self.old), bare(self.new)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two revisions side by side for one variant, each with its block as if it were new."""

    before: Sheet
    after: Sheet
    old: Block
    new: Block
    words: Words

    @property
    def variant(self) -> Variant:
        return self.new.variant

    def lines(self, slot: str) -> Iterator[Line]:
        """A line per fact that differs, then one per rule that came or went. Raises LackingWords."""
        old, new = self._rules(self.before), self._rules(self.after)
        changes = list(of_rules(old, new))
        told = [told for change in changes if change.what == "changed" for told in self._told(change)]
        yield from self._merged(slot, told, len(new))
        for change in changes:
            if change.what != "changed":
                yield self._came_or_went(slot, change)

    def topic(self, rule: Rule) -> str:
        """The rule's topic, with its object where several rules of the two revisions share the topic."""
        name = self.after.register.topics[rule.measure.topic].name[self.variant.language]
        rules = (*self._rules(self.before), *self._rules(self.after))
        if len({other.key for other in rules if other.measure.topic == rule.measure.topic}) < 2:
            return name
        if self.variant.language not in rule.measure.object:
            raise LackingWords(f"{rule.measure.id}.object")
        return f"{name} ({rule.measure.object[self.variant.language]})"

    def _key(self, rule: Rule) -> str:
        return fact_prefix(self.after.directive, rule.owner, rule.measure)

    def _rules(self, sheet: Sheet) -> tuple[Rule, ...]:
        return rules_of(sheet.directive, sheet.measures_for(self.variant.sector, self.variant.audience))

    def _slots(self, sheet: Sheet, rule: Rule, suffix: str) -> MeasureSlots:
        plain = slots_of(
            sheet, rule.owner, rule.measure, self.variant, self.words, informs=False, placed=False
        )
        return replace(plain, suffix=suffix)

    def _told(self, change: Change) -> Iterator[Told]:
        assert change.before is not None
        assert change.after is not None
        old, new = self._slots(self.before, change.before, BEFORE), self._slots(self.after, change.after, NOW)
        if change.fact in SILENT or not self._is_read(change.fact, new.key):
            return
        days = _last_days(old, new) if change.fact == "until" else None
        values = days or [value(slots, change.fact) for slots in (old, new)]
        if bare(values[0]) != bare(values[1]):  # words may differ in another language alone
            yield Told(change.after, self._name(change.fact, old, new), *values)

    def _is_read(self, fact: str, key: str) -> bool:
        """Whether the reader's text states it: the act's own words do not stand where the bank has a pattern."""
        if fact == "act":
            fact = "object"
        elif not fact.startswith("label."):
            return True
        return f"{key}{fact}" in stated_by(self.old) | stated_by(self.new)

    def _name(self, fact: str, old: MeasureSlots, new: MeasureSlots) -> str:
        """What the fact is called before its values; a modality stands beside its topic alone."""
        names: dict[str, str] = self.words.wording["change"]["fact"]
        if fact == "modality":
            return ""
        if fact == "quantity":
            quantity = new.measure.quantity or old.measure.quantity
            label = new.measure.label.get("quantity", {}).get(self.variant.language)
            return label or (new.printer.quantity_label(quantity) if quantity else names["further"])
        if fact == "window":
            return new.measure.label.get("window", {}).get(self.variant.language) or names["window"]
        if fact != "until":
            return names[fact.partition(".")[0]]
        moved = names[_direction(old, new)] if self.after.kind == Kind.UPDATE else ""
        last = names["last_day"] if _last_days(old, new) else ""
        return ", ".join(word for word in (moved, last) if word) or names[fact]

    def _merged(self, slot: str, told: Sequence[Told], rules: int) -> Iterator[Line]:
        """Rules that change alike are told in one line, which names no topic where it is all that there are."""
        wording = self.words.wording["change"]
        alike: dict[tuple[str, str, str], list[Told]] = {}
        for one in told:
            alike.setdefault(one.likeness, []).append(one)
        for group in alike.values():
            topics = {self.topic(one.rule): self._key(one.rule) for one in reversed(group)}
            listed = [
                traced(f"{key}{TOPIC}", self.words.printer.within(topic) if number else topic)
                for number, (topic, key) in enumerate(reversed(topics.items()))
            ]
            topic = self.words.printer.join(listed, short=self.variant.channel == "sms")
            fact = group[0].fact
            name = "all" if fact and len(group) == rules else "several" if fact and len(topics) > 1 else "one"
            pattern = parse(wording[name])
            text, spans = "", dict[Span, None]()
            for one in group:
                values = {"topic": topic, "fact": fact or None, "old": one.old, "new": one.new}
                text, found = untrace_line(capitalised(fill(pattern, values.get)))
                spans |= dict.fromkeys(found)
            yield Line(slot, text, tuple(sorted(spans, key=lambda span: (span.start, -span.end))))

    def _came_or_went(self, slot: str, change: Change) -> Line:
        rule = change.after or change.before
        assert rule is not None
        key = self._key(rule)
        topic = self.words.printer.within(self.topic(rule))
        topic = traced(f"{key}{CAME if change.what == 'added' else WENT}", topic)
        text = fill(parse(self.words.wording["change"][change.what]), {"topic": topic}.get)
        return Line(slot, *untrace_line(capitalised(text)))


def stated_by(block: Block) -> frozenset[str]:
    """The facts that a block states; an SMS has no room for the title."""
    lines = [*block.head, *block.tail, *(line for paragraph in block.paragraphs for line in paragraph.lines)]
    if block.variant.channel != "sms":
        lines.append(block.title)
    return frozenset(span.fact for line in lines for span in line.spans)


def value(slots: MeasureSlots, fact: str) -> str:
    """A fact of a rule as a value of its own; in words too where there is none. Raises LackingWords."""
    wording = slots.words.wording["change"]
    if fact in slots.measure.unknown:
        return slots.say(fact, wording["unknown"])
    words = _words(slots, fact)
    if words is not None:
        return words
    name = fact.partition(".")[0]
    kept = {"act": "object", "label": "label"}.get(name, name)
    if getattr(slots.measure, kept) and (name != "label" or fact.partition(".")[2] in slots.measure.label):
        raise LackingWords(f"{slots.measure.id}.{kept}")
    return slots.say(fact, wording.get(f"none_{name}", wording["none"]))


def _words(slots: MeasureSlots, fact: str) -> str | None:
    measure = slots.measure
    name, _, label = fact.partition(".")
    match name:
        case "modality":
            return slots.say(fact, _modality(slots))
        case "actor":
            return slots.say(fact, slots.words.wording["frame"]["audience"][measure.actor])
        case "from" | "until":
            return _date(slots, name)
        case "territory":
            return slots.short_place() if slots.sms else slots(name)
        case "quantity" | "advice_quantity":
            quantity: Quantity | None = getattr(measure, name)
            said = slots.say(name, slots.printer.quantity(quantity)) if quantity else None
            per = slots("per") if said and name == "quantity" else None
            return f"{said} {per}" if per else said
        case "window_alternative":
            window = measure.window_alternative
            return slots.say(name, slots.printer.window(window)) if window else None
        case "population_rule":
            return slots("population")
        case "further":
            return _further(slots)
    return slots(label or name)


def _modality(slots: MeasureSlots) -> str:
    """One word or two; some topics have their own: what is forbidden to open is closed."""
    words = slots.words.wording["modality"]
    modality = slots.measure.modality
    found: str = words.get(slots.measure.topic, {}).get(modality, words[modality])
    return found


def _date(slots: MeasureSlots, fact: str) -> str:
    """The start or the end alone."""
    scope = slots.scope
    if fact == "from":
        if scope.start is None or scope.start_unknown:
            return slots.say(fact, slots.words.wording["change"]["unknown"])
        alone = replace(scope, end=None, end_unknown=True)
    else:
        if scope.end is None and scope.end_unknown:
            return slots.say(fact, slots.words.wording["change"]["unknown"])
        alone = replace(scope, start=None)
    period = slots.printer.period(alone, slots.say, short=slots.sms)
    assert period is not None
    return period


def _last_days(old: MeasureSlots, new: MeasureSlots) -> list[str] | None:
    """In an SMS the two last days alone, where both ends are a day's."""
    days = [
        slots.say("until", slots.printer.day(day, short=True))
        for slots in (old, new)
        if slots.sms and slots.scope.end and (day := last_day(slots.scope.end.astimezone(BRUSSELS)))
    ]
    return days if len(days) == 2 else None


def _direction(old: MeasureSlots, new: MeasureSlots) -> str:
    """Whether the end moved to later or to sooner; neither where one of the two is to be confirmed."""
    ends = [slots.scope.end for slots in (old, new)]
    if any(slots.scope.end is None and slots.scope.end_unknown for slots in (old, new)):
        return "until"
    if ends[0] is None or ends[1] is None:
        return "later" if ends[1] is None else "sooner"
    return "later" if ends[1] > ends[0] else "sooner"


def _further(slots: MeasureSlots) -> str | None:
    pattern, parts = parse(slots.words.wording["change"]["further"]), []
    for index, further in enumerate(slots.measure.further, start=1):
        label = further.label.get(slots.language)
        if label is None:
            return None
        quantity = slots.printer.quantity(Quantity(further.op, further.value, further.unit))
        values = {"label": label, "quantity": slots.say(f"further.{index}", quantity)}
        parts.append(fill(pattern, values.get))
    return slots.printer.join(parts, short=slots.sms) if parts else None
