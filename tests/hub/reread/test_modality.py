"""The reader knows how binding a sentence is by its words, the longest marker first."""

import pytest

from hub.model.directive import Language, Modality
from hub.reread import FILLER, read


def modalities(text: str, language: Language) -> set[Modality]:
    return {mark.modality for mark in read(text, language).modalities}


SENTENCES: list[tuple[Language, Modality, str]] = [
    ("fr", "required", "La direction doit organiser ceci."),
    ("fr", "required", "Portez le masque dans le club."),
    ("fr", "required", "Le masque est obligatoire."),
    ("fr", "forbidden", "Il est interdit à la direction d'ouvrir."),
    ("fr", "forbidden", "N'y allez pas."),
    ("fr", "forbidden", "N'autorisez aucune visite."),
    ("fr", "forbidden", "Le club est fermé."),
    ("fr", "permitted", "Vous pouvez recevoir des visites."),
    ("fr", "recommended", "Il est recommandé de limiter le nombre."),
    ("fr", "discouraged", "Nous vous déconseillons les sorties."),
    ("fr", "restricted", "La direction doit limiter les visites."),
    ("fr", "condition", "La direction peut ouvrir seulement si tout va bien."),
    ("de", "required", "Die Leitung muss dies organisieren."),
    ("de", "required", "Bleiben Sie drinnen."),
    ("de", "forbidden", "Die Leitung darf hier und heute keine Besuche zulassen."),
    ("de", "forbidden", "Besuchen Sie Ihren Angehörigen im Heim nicht."),
    ("de", "forbidden", "Der Verein ist geschlossen."),
    ("de", "permitted", "Sie dürfen Besuch bekommen."),
    ("de", "recommended", "Der Leitung wird empfohlen, die Zahl zu begrenzen."),
    ("de", "discouraged", "Wir raten Ihnen von Ausgängen ab."),
    ("de", "restricted", "Die Leitung muss die Besuche begrenzen."),
    ("de", "condition", "Die Leitung darf nur öffnen, wenn alles gut ist."),
    ("nl", "required", "De directie moet dit organiseren."),
    ("nl", "required", "Blijf binnen."),
    ("nl", "forbidden", "De directie mag hier en nu niet openen."),
    ("nl", "forbidden", "Kom niet op bezoek."),
    ("nl", "forbidden", "De club is gesloten."),
    ("nl", "permitted", "U mag bezoek krijgen."),
    ("nl", "recommended", "Wij bevelen u aan het aantal te beperken."),
    ("nl", "discouraged", "Wij raden u uitstappen af."),
    ("nl", "restricted", "De directie moet het bezoek beperken."),
    ("nl", "condition", "De directie mag openen, maar alleen als alles goed is."),
    ("en", "required", "Management must organise this."),
    ("en", "required", "Stay indoors."),
    ("en", "forbidden", "Management must not allow visits."),
    ("en", "forbidden", "Do not visit your relative."),
    ("en", "forbidden", "The club is closed."),
    ("en", "permitted", "You may visit your relative."),
    ("en", "recommended", "Management is advised to limit the number."),
    ("en", "discouraged", "Management is advised not to organise outings."),
    ("en", "restricted", "Management must limit visits."),
    ("en", "condition", "Management may allow visits only if all is well."),
]


@pytest.mark.parametrize(("language", "modality", "text"), SENTENCES)
def test_a_sentence_binds_in_one_way(language: Language, modality: Modality, text: str) -> None:
    assert modalities(text, language) == {modality}


NEGATED: list[tuple[Language, Modality, str]] = [
    ("fr", "permitted", "Les visites ne sont pas interdites."),
    ("fr", "permitted", "Le masque n'est plus obligatoire."),
    ("fr", "forbidden", "La direction ne peut pas autoriser de visite."),
    ("fr", "forbidden", "La direction ne doit pas autoriser de visite."),
    ("fr", "discouraged", "Il n'est pas recommandé de sortir."),
    ("fr", "recommended", "La direction devrait limiter les visites."),
    ("fr", "permitted", "Vous pourrez venir."),
    ("de", "permitted", "Besuche sind nicht mehr verboten."),
    ("de", "permitted", "Die Leitung muss dies nicht organisieren."),
    ("de", "permitted", "Es gibt keine Maskenpflicht."),
    ("de", "forbidden", "Die Leitung darf niemals öffnen."),
    ("de", "discouraged", "Ausgänge werden nicht empfohlen."),
    ("de", "recommended", "Die Leitung sollte die Besuche begrenzen."),
    ("de", "permitted", "Sie können kommen."),
    ("nl", "permitted", "Bezoek is niet meer verboden."),
    ("nl", "permitted", "De directie hoeft dit niet te organiseren."),
    ("nl", "permitted", "Een masker is niet verplicht."),
    ("nl", "forbidden", "De directie mag nooit openen."),
    ("nl", "discouraged", "Uitstappen zijn niet aanbevolen."),
    ("nl", "recommended", "De directie zou het bezoek moeten beperken."),
    ("nl", "permitted", "U kunt op bezoek komen."),
    ("en", "permitted", "Visits are no longer forbidden."),
    ("en", "permitted", "A mask is not mandatory."),
    ("fr", "forbidden", "Les visites ne sont pas permises."),
    ("de", "forbidden", "Besuche sind nicht erlaubt."),
    ("nl", "forbidden", "Bezoek is niet toegestaan."),
    ("en", "discouraged", "Staff are not advised to go out."),
    ("en", "permitted", "Residents are not advised against outings."),
    ("en", "permitted", "Staff need not wear a mask."),
    ("en", "permitted", "You do not have to wear a mask."),
    ("en", "forbidden", "Staff must never take off their masks."),
    ("en", "discouraged", "Outings are not recommended."),
    ("en", "recommended", "Management should limit visits."),
    ("en", "permitted", "You can visit your relative."),
    ("en", "required", "Visit your relative."),
]
"""A negation or a softer verb makes another law of the same words."""


@pytest.mark.parametrize(("language", "modality", "text"), NEGATED)
def test_a_negated_or_softened_word_binds_otherwise(
    language: Language, modality: Modality, text: str
) -> None:
    assert modalities(text, language) == {modality}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "L'électricité est coupée. Il n'y a pas d'électricité."),
        ("fr", "Chez vous, le numéro est le suivant."),
        ("de", "Es gibt keinen Strom. Die Dienste sind nicht verfügbar."),
        ("nl", "Er is geen elektriciteit."),
        ("en", "There is no electricity in May."),
    ],
)
def test_what_only_informs_binds_nobody(language: Language, text: str) -> None:
    assert modalities(text, language) == set()


def test_a_date_between_a_verb_and_its_negation_does_not_part_them() -> None:
    assert modalities("Sie dürfen bis Mittwoch, 11. März 2020 nicht öffnen.", "de") == {"forbidden"}


def test_words_that_somebody_else_has_read_bind_nobody() -> None:
    assert modalities(f"Information : {FILLER * 20}.", "fr") == set()


def test_may_not_is_read_as_both_that_it_can_mean() -> None:
    assert modalities("Management may not allow visits.", "en") == {"forbidden", "permitted"}
