"""Whatever valid sheet an editor enters, all its messages say the same in all languages."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from hub import gate
from hub.gate import Case, consistency, markup
from hub.model.directive import LANGUAGES, Directive
from hub.model.message import CHANNELS
from hub.model.review import Finding
from tests import a
from tests.sheets import directives

CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    consistency.read_back,
    consistency.same_facts,
    consistency.same_hours,
    markup.same_as_text,
    gate.completeness.facts_stated,
)


def inconsistencies(act: Directive) -> list[tuple[str, str, str]]:
    judged = gate.open_case(a.sheet(act), a.frame(), languages=LANGUAGES, at=None)
    assert judged.rendering.lacking == ()
    assert {variant.channel for variant in judged.messages} == set(CHANNELS)
    assert {variant.language for variant in judged.messages} == set(LANGUAGES)
    return [(f.code, f.where, f.text) for check in CHECKS for f in check(judged)][:5]


@given(act=directives())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_random_directive_says_one_thing_in_every_variant(act: Directive) -> None:
    assert inconsistencies(act) == []


@pytest.mark.prove
@given(act=directives())
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_many_random_directives_say_one_thing_in_every_variant(act: Directive) -> None:
    assert inconsistencies(act) == []
