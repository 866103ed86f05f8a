"""Which incoming SMS end or resume what we send."""

import pytest

from channels.keywords import START, STOP, keyword


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop", " Stop. ", "ARRÊT", "Arret!", "arre\u0302t", "STOPPEN", "Abmelden", "UNSUBSCRIBE"),
        *(
            "Uitschrijven",
            "STOP SMS",
            "stop svp",
            "Stop, merci !",
            "désabonner",
            "opt-out",
            "«STOP»",
            "STOP\n",
        ),
    ],
)
def test_these_ask_to_stop(text: str) -> None:
    assert keyword(text) == "stop"


@pytest.mark.parametrize("text", ["START", "unstop", "Reprendre", "aanmelden", "Anmelden bitte"])
def test_these_ask_to_go_on(text: str) -> None:
    assert keyword(text) == "start"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "…",
        "ne pas arrêter",
        "stopcontact",
        "Le bus s'arrête où ?",
        "stop ou start",
        "yes",
        "oui",
        "non",
        "sms",
    ],
)
def test_these_ask_for_nothing(text: str) -> None:
    assert keyword(text) is None


def test_no_word_asks_for_both() -> None:
    assert not STOP & START
