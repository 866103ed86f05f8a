"""Changes one token of a message at a time: what a wrong template, translation or hand could do to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hub.model.directive import Language
from hub.model.message import Message, Span

MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
           "November", "Dezember"),
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
BOUNDS: dict[Language, tuple[tuple[str, str], ...]] = {
    "fr": (("ou plus", "ou moins"), ("plus de", "moins de"), ("au plus", "au moins"), ("dès", "moins de")),
    "de": (("höchstens", "mindestens"), ("mehr als", "weniger als"), ("über", "unter"), ("oder älter", "oder jünger"),
           ("ab", "unter")),
    "nl": (("hoogstens", "minstens"), ("meer dan", "minder dan"), ("ouder dan", "jonger dan"),
           ("of ouder", "of jonger")),
    "en": (("at most", "at least"), ("more than", "fewer than"), ("or over", "or under")),
}  # fmt: skip
"""Words before or after a number that make four different laws of it."""

HOURS: dict[Language, tuple[tuple[str, str], ...]] = {
    "fr": (
        ("le lendemain", "le jour même"),
        ("minuit", "midi"),
        ("jusqu'à nouvel ordre", "pour peu de temps"),
    ),
    "de": (
        ("am nächsten Tag", "am selben Tag"),
        ("Mitternacht", "Mittag"),
        ("bis auf Weiteres", "für kurze Zeit"),
    ),
    "nl": (
        ("de volgende dag", "dezelfde dag"),
        ("middernacht", "middag"),
        ("tot nader order", "voor korte tijd"),
    ),
    "en": (("the next day", "the same day"), ("midnight", "noon"), ("until further notice", "for a while")),
}
MODAL: dict[Language, tuple[tuple[str, str], ...]] = {
    "fr": (
        (r"interdite?s?", "déconseillé"), (r"interdiction", "recommandation"), (r"doi(?:t|vent)|devez", "peut"),
        (r"peu(?:t|vent)|pouvez", "doit"), (r"obligatoires?", "recommandé"), (r"permise?s?", "interdit"),
        (r"recommandée?s?|recommandons", "obligatoire"), (r"déconseillée?s?|déconseillons", "interdit"),
        (r"seulement si", "même si"), (r"limite[zr]|limitée?s?", "interdit"), (r"fermée?s?", "autorisé"),
    ),
    "de": (
        (r"verboten", "erlaubt"), (r"erlaubt", "verboten"), (r"muss", "darf"), (r"müssen", "dürfen"),
        (r"darf", "muss"), (r"dürfen", "müssen"), (r"Pflicht", "empfohlen"),
        (r"empfehlen|empfohlen", "verboten"),
        (r"abgeraten", "empfohlen"), (r"begrenzt|begrenzen", "verboten"), (r"geschlossen", "erlaubt"),
        # A negation is modal where it belongs to "dürfen" or to an imperative.
        (r"(?:[Dd]arf|[Dd]ürfen|\w+n Sie)\b[^.:]*?\b(?P<token>nicht|keine?)", "auch"),
    ),
    "nl": (
        (r"verboden", "toegestaan"), (r"toegestaan", "verboden"), (r"moet", "mag"), (r"moeten", "mogen"),
        (r"mag", "moet"), (r"mogen", "moeten"), (r"verplicht", "aanbevolen"), (r"aanbevolen", "verplicht"),
        (r"afgeraden", "aanbevolen"), (r"beperkt?|beperken", "verboden"), (r"gesloten", "toegestaan"),
    ),
    "en": (
        (r"forbidden", "allowed"), (r"allowed", "forbidden"), (r"must", "may"), (r"may", "must"),
        (r"mandatory", "recommended"), (r"recommended", "mandatory"), (r"advised", "forbidden"),
        (r"limited", "forbidden"), (r"only if", "even if"), (r"closed", "allowed"),
    ),
}  # fmt: skip
"""A word that says how a rule binds, and one that binds otherwise."""

DENIED: dict[Language, tuple[tuple[str, str], ...]] = {
    "fr": (
        (r"(?:interdit|permis|recommandé|déconseillé|limité|fermé)(?:e?s?)|obligatoires?", "pas {}"),
        (r"doi(?:t|vent)|devez|peu(?:t|vent)|pouvez", "ne {} pas"),
    ),
    "de": (
        (r"verboten|erlaubt|empfohlen|abgeraten|begrenzt|geschlossen", "nicht {}"),
        (r"Pflicht", "keine {}"),
    ),
    "nl": ((r"verboden|toegestaan|verplicht|aanbevolen|afgeraden|beperkt|gesloten", "niet {}"),),
    "en": (
        (r"forbidden|allowed|mandatory|recommended|advised|limited|closed", "not {}"),
        (r"(?:must|may)(?! not)", "{} not"),
    ),
}
"""A word that says how a rule binds, and what denies it."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A message with one token changed. `kind` is digit, month, weekday, bound, hour, modal or denied."""

    kind: str
    before: str
    after: str
    message: Message


def mutations(message: Message) -> Iterator[Mutation]:
    """Every digit run, date word, bound, hour word and modal word, one at a time; then each modal word denied."""
    language = message.language
    for match in re.finditer(r"\d+", message.text):
        last = match.group()[-1]
        yield _changed("digit", message, match, f"{match.group()[:-1]}{(int(last) + 1) % 10}")
    for kind, names in (("month", MONTHS[language]), ("weekday", WEEKDAYS[language])):
        for match in re.finditer(rf"\b(?:{'|'.join(names)})\b", message.text):
            following = names[(names.index(match.group()) + 1) % len(names)]
            yield _changed(kind, message, match, following)
    for kind, words in (
        ("bound", _beside_numbers(language)),
        ("hour", HOURS[language]),
        ("modal", MODAL[language]),
    ):
        for pattern, other in words:
            for match in re.finditer(rf"\b(?:{pattern})\b", message.text):
                yield _changed(kind, message, match, other)
    for pattern, denied in DENIED[language]:
        for match in re.finditer(rf"\b(?:{pattern})\b", message.text):
            yield _changed("denied", message, match, denied.format(match.group()))


def _beside_numbers(language: Language) -> Iterator[tuple[str, str]]:
    for one, other in BOUNDS[language]:
        for word, instead in ((one, other), (other, one)):
            dated = r"(?! \d+(?:er|\.)? \w+ \d{4})"
            yield (
                rf"{word}(?= \d){dated}|(?<=\d ans ){word}|(?<=Jahre alt ){word}|(?<=\d jaar ){word}",
                instead,
            )
            yield rf"(?<=\d ){word}", instead


def _changed(kind: str, message: Message, match: re.Match[str], after: str) -> Mutation:
    start, end = match.span("token" if "token" in match.re.groupindex else 0)
    moved = len(after) - (end - start)
    spans = tuple(
        Span(span.start + moved * (span.start >= end), span.end + moved * (span.end >= end), span.fact)
        for span in message.spans
    )
    text = message.text[:start] + after + message.text[end:]
    return Mutation(kind, message.text[start:end], after, replace(message, text=text, spans=spans))
