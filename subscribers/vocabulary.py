"""What a list may call things: our columns and values, by the words that French, Dutch, German and English use."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from subscribers.model import Reach, Stream

Column = Literal[
    "external_id",
    "email",
    "phone",
    "language",
    "preferred",
    "preferred_urgent",
    "organisation",
    "organisation_id",
    "organisation_commune",
    "commune",
    "community",
    "sector",
    "audience",
    "stream",
    "consent_basis",
    "consent_source",
]

_COLUMNS: dict[Column, str] = {
    "external_id": "external id, id, identifiant, reference, référence, ref, matricule, kennung, referenz, kenmerk, "
    "identificatie, person id, numéro interne",
    "email": "email, e-mail, mail, courriel, adresse e-mail, adresse mail, adresse électronique, email address, "
    "e-mail address, e-mailadres, mailadres, e-mail-adresse, mailadresse, adresse courriel",
    "phone": "phone, phone number, mobile, mobile phone, gsm, sms, téléphone, tél, tel, portable, numéro de téléphone, "
    "numéro gsm, telefon, telefonnummer, handy, handynummer, mobilnummer, telefoon, telefoonnummer, gsm-nummer, "
    "cell phone, number, numéro",
    "language": "language, lang, langue, langue de contact, sprache, taal",
    "preferred": "preferred, preferred channel, channel, canal, canal préféré, kanal, bevorzugter kanal, kanaal, "
    "voorkeurkanaal, voorkeurskanaal",
    "preferred_urgent": "preferred urgent, urgent channel, preferred urgent channel, canal urgent, canal d'urgence, "
    "canal en urgence, kanal im notfall, notfallkanal, dringender kanal, urgent kanaal, kanaal bij nood, noodkanaal",
    "organisation": "organisation, organization, établissement, institution, nom de l'organisation, structure, "
    "einrichtung, organisationsname, organisatie, instelling, voorziening, organisation name",
    "organisation_id": "organisation id, organization id, id organisation, identifiant organisation, bce, kbo, "
    "numéro bce, numéro d'entreprise, enterprise number, unternehmensnummer, ondernemingsnummer, einrichtung id, "
    "organisatie id",
    "organisation_commune": "organisation commune, commune de l'organisation, commune organisation, "
    "gemeinde der einrichtung, gemeente van de organisatie, organisation municipality",
    "commune": "commune, nis, ins, code ins, code nis, niscode, nis-code, municipality, localité, gemeinde, gemeente, "
    "postal code, code postal, cp, postcode, postleitzahl, plz, ville, city, stadt, stad",
    "community": "community, communauté, gemeinschaft, gemeenschap",
    "sector": "sector, sectors, secteur, secteurs, sektor, sektoren, bereich, sectoren",
    "audience": "audience, audiences, public, publics, public cible, zielgruppe, zielgruppen, doelgroep, doelgroepen, "
    "qualité, role, rôle, rolle, rol",
    "stream": "stream, flux, nature, strom, stroom",
    "consent_basis": "consent basis, consent, base du consentement, consentement, base légale, base juridique, legal "
    "basis, einwilligung, rechtsgrundlage, grundlage der einwilligung, toestemming, rechtsgrond",
    "consent_source": "consent source, source, source du consentement, origine, quelle, quelle der einwilligung, "
    "herkunft, bron, bron van toestemming, herkomst",
}

_REACHES: dict[Reach, str] = {
    "email": "email, e-mail, mail, courriel, e-mailadres",
    "sms": "sms, gsm, texto, text, mobile, portable, handy, phone, téléphone, telefon, telefoon",
}
_STREAMS: dict[Stream, str] = {
    "duty": "duty, mandatory, obligatoire, service, pflicht, dienstlich, verplicht, dienst",
    "directives": "directives, directive, ordinary, ordinaire, volontaire, voluntary, freiwillig, vrijwillig, "
    "direktiven, richtlijnen",
}
_AUDIENCES = {
    "direction": "direction, directions, directeur, directrice, director, management, leitung, direktion, directie",
    "staff": "staff, personnel, collaborateurs, travailleurs, employees, personal, mitarbeiter, mitarbeitende, "
    "personeel, medewerker, medewerkers",
    "beneficiary": "beneficiary, beneficiaries, bénéficiaire, bénéficiaires, résident, résidents, élève, élèves, "
    "résidente, resident, residents, bewohner, schüler, betreute, begunstigde, begunstigden, bewoner, "
    "bewoners, leerling",
    "family": "family, families, famille, familles, proche, proches, familie, familien, families en naasten, "
    "angehörige, naasten, parent, parents",
    "citizen": "citizen, citizens, citoyen, citoyenne, citoyens, bürger, bürgerin, burger, burgers",
}
_COMMUNITIES = {
    "FWB": "fwb, fédération wallonie-bruxelles, communauté française, federatie wallonië-brussel, franse gemeenschap, "
    "französische gemeinschaft, french community",
    "DG": "dg, communauté germanophone, deutschsprachige gemeinschaft, ostbelgien, duitstalige gemeenschap, "
    "german-speaking community",
    "VG": "vg, communauté flamande, vlaamse gemeenschap, flämische gemeinschaft, flemish community",
    "COCOM": "cocom, ccc, ggc, commission communautaire commune, vivalis, iriscare",
    "COCOF": "cocof, commission communautaire française",
}
COMMUNITIES = tuple(_COMMUNITIES)
"""The ids that organisations carry."""


def fold(text: str) -> str:
    """What two spellings of one word have in common: no case, no accents, one space between words.

    >>> fold("  Adresse_E-mail ")
    'adresse e mail'
    """
    text = text.casefold()
    if not text.isascii():
        text = text.replace("œ", "oe").replace("æ", "ae")
        text = "".join(
            sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
        )
    return " ".join(re.findall(r"[^\W_]+", text))


_Id = TypeVar("_Id", bound=str)


def _by_word(words: Mapping[_Id, str]) -> dict[str, _Id]:
    return {fold(word): id_ for id_, text in words.items() for word in text.split(",")}


COLUMNS: Mapping[str, Column] = _by_word(_COLUMNS) | {fold(name): name for name in _COLUMNS}
REACH_WORDS: Mapping[str, Reach] = _by_word(_REACHES)
STREAM_WORDS: Mapping[str, Stream] = _by_word(_STREAMS)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the hub knows, by folded word; a commune's word may mean several (4000 is Liège, and so is "Luik")."""

    sectors: Mapping[str, str]
    audiences: Mapping[str, str]
    languages: Mapping[str, str]
    communes: Mapping[str, frozenset[str]]
    communities: Mapping[str, str]
    default_language: str
    general: str | None


def vocabulary(
    *,
    sectors: Mapping[str, Iterable[str]],
    audiences: Mapping[str, Iterable[str]],
    communes: Mapping[str, Iterable[str]],
    languages: Mapping[str, Iterable[str]],
    default_language: str,
    general: str | None = None,
) -> Vocabulary:
    """The vocabulary of an import: ids with the names (of a commune also the postal codes) they go by.

    `general` is the sector of those who belong to none: citizens need not name it.
    """
    places: dict[str, set[str]] = {}
    for nis, names in communes.items():
        for name in (nis, *names):
            places.setdefault(fold(name), set()).add(nis)
    return Vocabulary(
        sectors=_named(sectors),
        audiences={word: id_ for word, id_ in _by_word(_AUDIENCES).items() if id_ in audiences}
        | _named(audiences),
        languages=_named(languages),
        communes={word: frozenset(found) for word, found in places.items()},
        communities=_by_word(_COMMUNITIES),
        default_language=default_language,
        general=general,
    )


def _named(entries: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """By id and by name; a name that two entries share says nothing."""
    found: dict[str, set[str]] = {}
    for id_, names in entries.items():
        for name in names:
            found.setdefault(fold(name), set()).add(id_)
    unique = {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}
    return unique | {fold(id_): id_ for id_ in entries}
