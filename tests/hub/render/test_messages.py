"""The words themselves: every real directive renders, and one per scenario is compared with its golden file.

`pytest tests/hub/render --golden` writes the files anew; the change is then read in review.
"""

import pytest

from channels import gsm
from hub import gate
from hub.facts.trace import CLOSE, OPEN
from hub.model.message import CHANNELS, Variant
from hub.model.review import Mode
from hub.render import render
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import GOLDEN, ONE_PER_SCENARIO, REAL, held_against, messages, written


@pytest.mark.parametrize("directive", sorted(REAL))
def test_every_real_directive_renders_for_all_its_readers(directive: str) -> None:
    rendered = messages(directive)

    assert {variant.channel for variant in rendered} == set(CHANNELS)
    for variant, message in rendered.items():
        assert message.text.strip()
        assert not {OPEN, CLOSE} & set(message.text + message.subject + (message.html or ""))
        assert (message.html is None) == (variant.channel == "sms")
        assert all(message.text[span.start : span.end] for span in message.spans)


@pytest.mark.parametrize("directive", sorted(REAL))
def test_no_sms_of_a_real_directive_needs_more_than_two_segments(directive: str) -> None:
    lengths = {
        variant: gsm.measure(message.text)
        for variant, message in messages(directive).items()
        if variant.channel == "sms"
    }

    assert [v for v, length in lengths.items() if length.segments > 2 or length.encoding != "GSM-7"] == []


@pytest.mark.parametrize(("scenario", "directive"), ONE_PER_SCENARIO.items())
def test_the_words_are_those_that_were_read_in_review(
    scenario: str, directive: str, request: pytest.FixtureRequest
) -> None:
    text = written(directive)

    golden = GOLDEN / f"{scenario}-{directive}.txt"
    assert text == held_against(golden, text, renew=request.config.getoption("--golden"))


def test_a_message_knows_where_it_states_what() -> None:
    message = messages("wal-visites-2020-03-11")[Variant("elderly.residential", "family", "email", "fr")]

    stated = {span.fact: message.text[span.start : span.end] for span in message.spans}
    assert stated["m1.until"] == "mardi 31 mars 2020 inclus"
    assert stated["m1.from"] == "mercredi 11 mars 2020"
    assert stated["contact.appel-coronavirus.phone"] == "0800 14 689"
    assert stated["m1.modality"].startswith("Les visites sont interdites.")
    assert stated["ref"] == "K7QX2M"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("arrêté royal du 23 décembre 2021", "Acte : arrêté royal du 23 décembre 2021."),
        ("Moniteur belge n° 55", "Acte : arrêté royal, Moniteur belge n° 55."),
        ("arrêté royaliste", "Acte : arrêté royal, arrêté royaliste."),
    ],
)
def test_the_kind_of_act_is_said_once_and_still_stated_as_a_fact(reference: str, said: str) -> None:
    act = a.covered(a.directive(act_type="arrete-royal", reference=reference))
    case = gate.open_case(a.sheet(act), a.frame(), languages=("fr",), at=None)
    message = case.messages[Variant("elderly.residential", "direction", "email", "fr")]

    stated = {span.fact: message.text[span.start : span.end] for span in message.spans}

    assert said in message.text.replace("\xa0", " ")
    assert (stated["act_type"], stated["reference"]) == ("arrêté royal", reference)
    assert [finding for finding in gate.examine(case) if finding.code.startswith("U2")] == []


def test_the_actor_decides_who_reads_an_imperative() -> None:
    rendered = messages("wal-mesures-2020-10-23")

    family = rendered[Variant("elderly.residential", "family", "email", "fr")].text
    staff = rendered[Variant("elderly.residential", "staff", "email", "fr")].text
    assert "Portez le masque quand vous venez à la maison de repos." in family
    assert "Les proches doivent porter le masque pendant la visite" in staff
    assert "Portez le masque" not in staff


def test_a_number_that_no_slot_prints_is_still_said() -> None:
    rendered = messages("fwb-masques-2021-11-17")

    citizen_like = rendered[Variant("education.secondary", "family", "email", "fr")].text
    assert "12 ans ou plus" in citizen_like


def test_an_sms_says_that_there_is_more_and_cuts_nothing() -> None:
    text = messages("wal-visites-2020-03-11")[Variant("elderly.residential", "direction", "sms", "fr")].text

    assert "autres consignes: voir le lien" in text
    assert text.startswith("EXERCICE AVIQ: Visites aux résidents: interdites.")
    assert "https://univoque.example/d/K7QX2M" in text


def test_an_announcement_is_never_shown_as_law() -> None:
    for variant, message in messages("be-visites-2020-04-15").items():
        assert "announced" in message.stated, variant


def test_a_real_message_bears_no_mark_of_an_exercise() -> None:
    sheet = a.sheet()

    for block in render(sheet, ("fr",)).blocks.values():
        message = compose([block], a.frame(mode=Mode.ACTUAL))
        assert "EXERCICE" not in message.subject + message.text + (message.html or "")


def test_hostile_words_stay_words_in_html() -> None:
    from tests.a import directive, text

    sheet = a.sheet(directive(title=text('<script>alert("x")</script> & <b>')))

    blocks = render(sheet, ("fr",), ("email", "web")).blocks.values()
    htmls = [compose([block], a.frame()).html or "" for block in blocks]
    assert htmls
    assert not [html for html in htmls if "<script" in html or "<b>" in html]


def test_an_end_that_is_not_known_is_said_once_for_all_rules() -> None:
    message = messages("wal-handicap-2020-10-26")[
        Variant("disability.residential", "beneficiary", "email", "fr")
    ]

    assert message.text.count("Fin\u00a0: date à confirmer.") == 1
    assert {"m1.until", "m2.until", "m3.until"} <= message.stated


def test_a_start_that_is_not_known_is_said_before_where_the_rule_applies() -> None:
    text = messages("be-visites-2020-04-15")[Variant("elderly.residential", "family", "email", "fr")].text

    assert text.index("la date de début est encore à confirmer") < text.index("Cette consigne vaut")


def test_an_sms_that_gives_an_age_says_when_the_age_does_not_decide() -> None:
    text = messages("fwb-masques-2021-11-17")[Variant("education.basic", "family", "sms", "fr")].text

    assert "Critère décisif: année scolaire (secondaire), pas l'age." in text


def test_an_sms_says_a_telephone_number_once() -> None:
    text = messages("vivalia-2022-05-17")[Variant("health.hospital", "family", "sms", "fr")].text

    assert text.count("0800 35 168") == 1


def test_what_a_contact_leaves_open_is_to_be_confirmed_for_everybody() -> None:
    from hub.model.directive import Contact

    open_number = Contact("appel", a.text("Centre d'appel"), unknown=("phone",))
    blocks = render(a.sheet(a.directive(contacts=(open_number,))), ("fr",), ("email",)).blocks.values()

    texts = [compose([block], a.frame()).text for block in blocks]
    assert texts
    assert all("À confirmer\u00a0: le numéro de téléphone." in text for text in texts)


def test_directors_read_all_that_the_source_left_open() -> None:
    act = a.directive(unknown=("reference", "links"))
    block = render(a.sheet(act), ("fr",), ("email",)).blocks[
        Variant("elderly.residential", "direction", "email", "fr")
    ]

    assert compose([block], a.frame()).text.count("À confirmer") == 2
