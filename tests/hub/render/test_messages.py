"""The words themselves: every real directive renders, and one per scenario is compared with its golden file.

`pytest tests/hub/render --golden` writes the files anew; the change is then read in review.
"""

from pathlib import Path

import pytest

from channels import gsm
from hub.facts.trace import CLOSE, OPEN
from hub.model.directive import AUDIENCES
from hub.model.message import CHANNELS, Message, Variant
from hub.model.review import Mode
from hub.render import Sheet, cells, render
from hub.render.frame import compose
from tests import a

GOLDEN = Path(__file__).parent / "golden"
REAL = a.real()
ONE_PER_SCENARIO = {
    "a": "wal-visites-2020-03-11",
    "b": "be-am-2020-03-13-err",
    "c": "wal-isp-2020-04-20",
    "d": "wal-mesures-2020-10-23",
    "e": "fwb-sport-2020-10-23",
    "f": "be-masques-2021-12-03",
    "h": "be-ce-2021-12-28",
    "k": "vivalia-2022-05-17",
    "n": "demo-delestage-2026-01-14",
    "o": "wal-1718-2020-04-01",
}


def messages(directive: str) -> dict[Variant, Message]:
    others = {id_: act for id_, act in REAL.items() if id_ != directive}
    sheet = Sheet(REAL[directive], a.REGISTER, a.WORDING, others)
    rendering = render(sheet, ("fr",))
    assert rendering.lacking == ()
    assert {(v.sector, v.audience) for v in rendering.blocks} == set(cells(sheet))
    return {variant: compose([block], a.frame()) for variant, block in rendering.blocks.items()}


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
    golden = GOLDEN / f"{scenario}-{directive}.txt"
    text = _written(directive)
    if request.config.getoption("--golden"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


def _written(directive: str) -> str:
    """Per audience, all channels of the sector that is told most."""
    rendered = messages(directive)
    parts = []
    for audience in AUDIENCES:
        emails = {v.sector: m for v, m in rendered.items() if (v.audience, v.channel) == (audience, "email")}
        if not emails:
            continue
        sector = max(emails, key=lambda sector: len(emails[sector].text))
        for channel in CHANNELS:
            variant = Variant(sector, audience, channel, "fr")
            message = rendered[variant]
            parts.append(f"=== {' '.join(variant)}\n{message.subject}\n\n{message.text}\n")
    return "\n".join(parts)


def test_a_message_knows_where_it_states_what() -> None:
    message = messages("wal-visites-2020-03-11")[Variant("elderly.residential", "family", "email", "fr")]

    stated = {span.fact: message.text[span.start : span.end] for span in message.spans}
    assert stated["m1.until"] == "mardi 31 mars 2020 inclus"
    assert stated["m1.from"] == "mercredi 11 mars 2020"
    assert stated["contact.appel-coronavirus.phone"] == "0800 14 689"
    assert stated["m1.modality"].startswith("Les visites sont interdites.")
    assert stated["ref"] == "K7QX2M"


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
