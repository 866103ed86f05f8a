"""The gate looks at every text of a later revision, whoever reads it, and asks of an end what an end can answer."""

from dataclasses import replace
from typing import Any

import pytest

from hub import gate
from hub.gate import Case, consistency
from hub.model.directive import Directive
from hub.model.message import ChannelName
from hub.model.review import Kind
from hub.now import parse_instant
from tests import a

FIRST = a.covered(a.directive())
SHORTER = replace(FIRST, effective_to=parse_instant("2020-03-25"))
FRENCH = a.WORDING.languages["fr"]


def case(act: Directive, kind: Kind, *earlier: Directive) -> Case:
    sheet = replace(a.sheet(act), kind=kind, earlier=earlier)
    return gate.open_case(sheet, a.frame(kind=kind), languages=("fr",), at=parse_instant("2020-03-12"))


@pytest.mark.parametrize("channel", ["email", "sms", "web"])
def test_an_old_value_that_is_told_as_the_new_one_is_stopped(channel: ChannelName) -> None:
    swapped = {name: _swapped(text) for name, text in FRENCH.wording["change"].items()}
    french = replace(FRENCH, wording={**FRENCH.wording, "change": swapped})
    wording = replace(a.WORDING, languages={**a.WORDING.languages, "fr": french})
    sheet = replace(a.sheet(SHORTER), kind=Kind.CORRECTION, earlier=(FIRST,), wording=wording)

    found = gate.open_case(sheet, a.frame(kind=Kind.CORRECTION), languages=("fr",), at=None)

    told = [f for f in consistency.read_back(found) if f.where.split(":")[2] == channel]
    assert {f.code for f in told} == {"U212"}
    assert any("m1.until.now is said as what was before" in f.text for f in told)


def _swapped(text: Any) -> Any:
    """A pattern with its old value and its new one in each other's place."""
    if not isinstance(text, str):
        return text
    return text.replace("{old}", "{-}").replace("{new}", "{old}").replace("{-}", "{new}")


def codes(found: Case) -> set[str]:
    return {finding.code for finding in gate.examine(found)}


def test_a_correction_passes_where_the_act_did() -> None:
    assert gate.blockers(gate.examine(case(SHORTER, Kind.CORRECTION, FIRST))) == ()


def test_it_sees_the_texts_of_the_newly_concerned_and_of_those_who_missed_a_revision() -> None:
    third = case(FIRST, Kind.CORRECTION, FIRST, SHORTER)

    sms = {message.text for _, message in third.asides if message.channel == "sms" and message.hats}

    assert any("Avant" not in text and "Correction" not in text for text in sms)
    assert any("rien ne change" in text for text in sms)


def test_it_sees_the_farewells() -> None:
    fewer = case(replace(SHORTER, audiences=("staff",)), Kind.UPDATE, FIRST)

    farewells = {variant for variant, message in fewer.asides if not message.hats}

    assert {(v.audience, v.channel) for v in farewells} == {
        (audience, channel)
        for audience in ("direction", "staff", "beneficiary", "family")
        for channel in ("email", "sms")
    }


def test_a_farewell_that_does_not_look_like_an_exercise_is_stopped() -> None:
    found = case(replace(SHORTER, audiences=("staff",)), Kind.UPDATE, FIRST)
    variant, message = next((v, m) for v, m in found.asides if not m.hats and v.channel == "email")
    bare = replace(message, subject="Ne vous concerne plus", text="Cette consigne ne vous concerne plus.")

    stopped = gate.examine(replace(found, asides=((variant, bare),)))

    assert [(f.code, f.where) for f in stopped if f.code == "U501"] == [("U501", ":".join(variant))] * 2


def test_an_end_is_not_asked_for_coverage_nor_for_dates_to_come() -> None:
    over = replace(a.directive(), effective_to=parse_instant("2020-03-11"))

    assert {"U301", "U302", "U401"} <= codes(case(over, Kind.CORRECTION, over))
    assert codes(case(over, Kind.CANCEL, over)) == set()


def test_an_end_that_does_not_name_a_topic_or_its_last_day_is_stopped() -> None:
    found = case(SHORTER, Kind.ALL_CLEAR, FIRST)
    variant, message = next(iter(found.messages.items()))
    for fact in ("m1.ended", "m1.until", "issuer"):
        spans = tuple(span for span in message.spans if span.fact != fact)
        silent = replace(found, messages={variant: replace(message, spans=spans)})

        (finding,) = [finding for finding in gate.examine(silent) if finding.code == "U201"]

        assert fact in finding.text


def test_an_all_clear_has_an_end() -> None:
    endless = replace(FIRST, effective_to=None)

    assert codes(case(endless, Kind.ALL_CLEAR, endless)) == {"U407"}
    assert codes(case(endless, Kind.CANCEL, endless)) == set()
