"""Random valid directives, with words in four languages: what an editor might enter on the worst day."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from hub.model.directive import (
    AUDIENCES,
    Contact,
    Directive,
    LabelledQuantity,
    Link,
    Measure,
    Quantity,
    Text,
    Unit,
    Window,
)
from hub.now import BRUSSELS
from tests import a

NOUNS: tuple[Text, ...] = (
    {"fr": "les activités de groupe", "de": "die Gruppenaktivitäten", "nl": "de groepsactiviteiten", "en": "group activities"},
    {"fr": "le service de bus", "de": "den Busdienst", "nl": "de busdienst", "en": "the bus service"},
    {"fr": "l'accueil du matin", "de": "die Betreuung am Morgen", "nl": "de ochtendopvang", "en": "morning care"},
)  # fmt: skip
VERBS: tuple[Text, ...] = (
    {"fr": "organiser", "de": "organisieren", "nl": "organiseren", "en": "organise"},
    {"fr": "annoncer", "de": "ankündigen", "nl": "aankondigen", "en": "announce"},
)
REASONS: tuple[Text, ...] = (
    {"fr": "fin de vie", "de": "Lebensende", "nl": "levenseinde", "en": "end of life"},
    {"fr": "soins urgents", "de": "dringende Versorgung", "nl": "dringende zorg", "en": "urgent care"},
    {"fr": "force majeure", "de": "höhere Gewalt", "nl": "overmacht", "en": "force majeure"},
)
LABELS: dict[str, Text] = {
    "subject": NOUNS[0],
    "services": NOUNS[2],
    "service": NOUNS[2],
    "material": {"fr": "des gants", "de": "Handschuhe", "nl": "handschoenen", "en": "gloves"},
    "equipment": {"fr": "l'oxygène", "de": "Sauerstoff", "nl": "zuurstof", "en": "oxygen"},
    "systems": {"fr": "les serveurs", "de": "die Server", "nl": "de servers", "en": "the servers"},
    "support": {"fr": "un contact par téléphone", "de": "Kontakt per Telefon", "nl": "contact via telefoon", "en": "contact by phone"},
    "subsidy": {"fr": "les subventions", "de": "die Zuschüsse", "nl": "de subsidies", "en": "the subsidies"},
    "reinforcement": {"fr": "des volontaires", "de": "Freiwillige", "nl": "vrijwilligers", "en": "volunteers"},
    "trips": {"fr": "les excursions", "de": "die Ausflüge", "nl": "de uitstappen", "en": "trips"},
    "who": {"fr": "le personnel administratif", "de": "das Verwaltungspersonal", "nl": "het administratief personeel", "en": "office staff"},
    "zone": {"fr": "la zone marquée", "de": "die markierte Zone", "nl": "de aangeduide zone", "en": "the marked zone"},
    "tested": {"fr": "le personnel", "de": "das Personal", "nl": "het personeel", "en": "staff"},
    "priority": {"fr": "les enfants du personnel soignant", "de": "die Kinder des Pflegepersonals", "nl": "de kinderen van het zorgpersoneel", "en": "children of care workers"},
    "action": {"fr": "aérer les locaux", "de": "die Räume lüften", "nl": "de lokalen verluchten", "en": "air the rooms"},
    "limit": {"fr": "le matin seulement", "de": "am Morgen", "nl": "in de ochtend", "en": "in the morning"},
    "condition": {"fr": "le centre reste joignable", "de": "das Zentrum erreichbar bleibt", "nl": "het centrum bereikbaar blijft", "en": "the centre stays reachable"},
    "where": {"fr": "sur la voie publique", "de": "im öffentlichen Raum", "nl": "op de openbare weg", "en": "in public streets"},
    "case": {"fr": "après un contact à haut risque", "de": "nach einem Hochrisikokontakt", "nl": "na een hoogrisicocontact", "en": "after a high-risk contact"},
    "per": {"fr": "par salle", "de": "je Saal", "nl": "per zaal", "en": "per room"},
    "mode": {"fr": "à distance", "de": "aus der Ferne", "nl": "op afstand", "en": "remotely"},
    "uses": {"fr": "pour boire ou cuisiner", "de": "zum Trinken oder Kochen", "nl": "om te drinken of te koken", "en": "for drinking or cooking"},
    "destination": {"fr": "le hall sportif", "de": "die Sporthalle", "nl": "de sporthal", "en": "the sports hall"},
    "address": {"fr": "le hall sportif", "de": "die Sporthalle", "nl": "de sporthal", "en": "the sports hall"},
    "authority": {"fr": "le centre de crise", "de": "das Krisenzentrum", "nl": "het crisiscentrum", "en": "the crisis centre"},
    "to_authority": {"fr": "à l'AVIQ", "de": "der AVIQ", "nl": "aan AVIQ", "en": "to AVIQ"},
    "quantity": {"fr": "durée prévue", "de": "vorgesehene Dauer", "nl": "voorziene duur", "en": "planned duration"},
    "window": {"fr": "heures d'ouverture", "de": "Öffnungszeiten", "nl": "openingsuren", "en": "opening hours"},
}  # fmt: skip
"""The words of the phrase bank's slots, in the form that each asks for."""

UNITS: tuple[Unit, ...] = (
    "an",
    "jour",
    "heure",
    "minute",
    "personne",
    "m",
    "%",
    "ppm",
    "km",
    "EUR",
    "pièce",
    "école",
)
OPERATORS = ("=", "<", "<=", ">", ">=", "~")
MODALITIES = (
    "required", "forbidden", "permitted", "recommended", "discouraged", "restricted", "condition", "information",
)  # fmt: skip
SECTORS = tuple(a.REGISTER.sectors)
TOPICS = tuple(a.REGISTER.topics)
PLACES = ("BE", "WAL-FR", "DG", "FWB", "90000", "92094", "57064")
HOURS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    return Quantity(
        draw(st.sampled_from(OPERATORS)), draw(st.integers(2, 5000)), draw(st.sampled_from(UNITS))
    )  # type: ignore[arg-type]


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(HOURS)
    return Window(start, draw(HOURS.filter(lambda end: end != start)))


@st.composite
def measures(draw: st.DrawFn, id_: str) -> Measure:
    """One rule; labels that its pattern may ask for are there or not."""
    more = draw(st.lists(quantities(), max_size=1))
    given: dict[str, Any] = {
        "topic": draw(st.sampled_from(TOPICS)),
        "modality": draw(st.sampled_from(MODALITIES)),
        "actor": draw(st.sampled_from(AUDIENCES)),
        "verb": draw(st.sampled_from(VERBS)),
        "object": draw(st.sampled_from(NOUNS)),
        "quantity": draw(st.none() | quantities()),
        "window": draw(st.none() | windows()),
        "deadline": draw(
            st.none() | st.just(datetime(2026, 3, 2, 12, tzinfo=BRUSSELS)) | st.just(date(2026, 3, 3))
        ),
        "exceptions": tuple(draw(st.lists(st.sampled_from(REASONS), max_size=2, unique_by=id))),
        "conditions": tuple(draw(st.lists(st.sampled_from(REASONS), max_size=2, unique_by=id))),
        "population_rule": draw(st.none() | st.just(REASONS[1])),
        "further": tuple(LabelledQuantity(REASONS[0], q.op, q.value, q.unit) for q in more),
        "label": {name: LABELS[name] for name in draw(st.sets(st.sampled_from(sorted(LABELS))))},
    }
    return a.measure(id=id_, **given)


@st.composite
def directives(draw: st.DrawFn) -> Directive:
    """One to three rules for some sectors and audiences, from a day or an hour, until one or further notice."""
    start = draw(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)))
    since = start.replace(
        hour=draw(st.sampled_from([0, 6, 22])), minute=0, second=0, microsecond=0, tzinfo=BRUSSELS
    )
    length = draw(st.none() | st.integers(1, 90))
    until = (
        None if length is None else datetime.combine(since.date() + timedelta(days=length), time(0), BRUSSELS)
    )
    act = a.directive(
        title=NOUNS[0],
        territory=tuple(draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=2, unique=True))),
        sectors=tuple(draw(st.lists(st.sampled_from(SECTORS), min_size=1, max_size=2, unique=True))),
        audiences=AUDIENCES,
        issued=since.date(),
        effective_from=since,
        effective_to=until,
        hazard=draw(st.none() | st.just(REASONS[2])),
        links=draw(st.sampled_from([(), (Link(NOUNS[0], "https://example.org/formulaire"),)])),
        contacts=(Contact("appel", REASONS[1], phone="0800 14 689"),),
        measures=tuple(draw(measures(f"m{n}")) for n in range(1, draw(st.integers(1, 3)) + 1)),
    )
    open_end = until is None and draw(st.booleans())
    return replace(act, unknown=("effective_to",)) if open_end else act
