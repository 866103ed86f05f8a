"""Random valid directives, with words in four languages: what an editor might enter on the worst day."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from hub.model.directive import (
    AUDIENCES,
    Contact,
    Directive,
    LabelledQuantity,
    Link,
    Measure,
    Operator,
    Quantity,
    Text,
    Unit,
    Window,
)
from hub.now import BRUSSELS
from tests import a


def _words(table: str) -> dict[str, Text]:
    """A name and the same words in French, German, Dutch and English, a row each."""
    rows = [[cell.strip() for cell in row.split("|")] for row in table.strip().splitlines()]
    return {name: dict(zip(("fr", "de", "nl", "en"), words, strict=True)) for name, *words in rows}


NOUNS = tuple(
    _words("""
    groups | les activités de groupe | die Gruppenaktivitäten | de groepsactiviteiten | group activities
    bus | le service de bus | den Busdienst | de busdienst | the bus service
    morning | l'accueil du matin | die Betreuung am Morgen | de ochtendopvang | morning care
    """).values()
)
VERBS = tuple(
    _words("""
    organise | organiser | organisieren | organiseren | organise
    announce | annoncer | ankündigen | aankondigen | announce
    """).values()
)
REASONS = tuple(
    _words("""
    end | fin de vie | Lebensende | levenseinde | end of life
    care | soins urgents | dringende Versorgung | dringende zorg | urgent care
    force | force majeure | höhere Gewalt | overmacht | force majeure
    """).values()
)
LABELS = _words("""
    subject | les activités de groupe | die Gruppenaktivitäten | de groepsactiviteiten | group activities
    services | l'accueil du matin | die Betreuung am Morgen | de ochtendopvang | morning care
    service | l'accueil du matin | die Betreuung am Morgen | de ochtendopvang | morning care
    material | des gants | Handschuhe | handschoenen | gloves
    equipment | l'oxygène | Sauerstoff | zuurstof | oxygen
    systems | les serveurs | die Server | de servers | the servers
    support | un contact par téléphone | Kontakt per Telefon | contact via telefoon | contact by phone
    subsidy | les subventions | die Zuschüsse | de subsidies | the subsidies
    reinforcement | des volontaires | Freiwillige | vrijwilligers | volunteers
    trips | les excursions | die Ausflüge | de uitstappen | trips
    who | le personnel administratif | das Verwaltungspersonal | het administratief personeel | office staff
    zone | la zone marquée | die markierte Zone | de aangeduide zone | the marked zone
    tested | le personnel | das Personal | het personeel | staff
    priority | les enfants de soignants | die Kinder von Pflegekräften | kinderen van zorgpersoneel | carers' children
    action | aérer les locaux | die Räume lüften | de lokalen verluchten | air the rooms
    limit | le matin seulement | am Morgen | in de ochtend | in the morning
    condition | le centre répond | das Zentrum antwortet | het centrum antwoordt | the centre answers
    where | sur la voie publique | im öffentlichen Raum | op de openbare weg | in public streets
    case | après un contact à risque | nach einem Risikokontakt | na een risicocontact | after a risky contact
    per | par salle | je Saal | per zaal | per room
    mode | à distance | aus der Ferne | op afstand | remotely
    uses | pour boire ou cuisiner | zum Trinken oder Kochen | om te drinken of te koken | for drinking or cooking
    destination | le hall sportif | die Sporthalle | de sporthal | the sports hall
    address | le hall sportif | die Sporthalle | de sporthal | the sports hall
    authority | le centre de crise | das Krisenzentrum | het crisiscentrum | the crisis centre
    to_authority | à l'AVIQ | der AVIQ | aan AVIQ | to AVIQ
    quantity | durée prévue | vorgesehene Dauer | voorziene duur | planned duration
    window | heures d'ouverture | Öffnungszeiten | openingsuren | opening hours
""")
"""The words of the phrase bank's slots, in the form that each asks for."""

UNITS: tuple[Unit, ...] = get_args(Unit)
OPERATORS: tuple[Operator, ...] = ("=", "<", "<=", ">", ">=", "~")
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
    )


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
    start = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    since = datetime.combine(start, time(draw(st.sampled_from([0, 6, 22]))), BRUSSELS)
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
