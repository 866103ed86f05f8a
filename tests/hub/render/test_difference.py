"""The difference between two revisions in words is the difference in their facts, whatever changed."""

import re
from dataclasses import replace
from datetime import time

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.directive import (
    AUDIENCES,
    LANGUAGES,
    Audience,
    Directive,
    Language,
    Quantity,
    Window,
)
from hub.model.message import Block, ChannelName, Variant
from hub.model.review import Kind
from hub.now import parse_instant
from hub.render import block
from tests.hub.render.revised import (
    HOME,
    SAME_PERSON,
    VISITS,
    sheet,
)

BASE = replace(
    VISITS,
    legal_basis=("loi du 10 mars",),
    unknown=("reference",),
    measures=(
        replace(VISITS.measures[0], modality="permitted", quantity=Quantity("<=", 2, "personne")),
        replace(VISITS.measures[1], deadline=parse_instant("2020-03-12T16:00")),
        replace(VISITS.measures[2], window=Window(time(14), time(17))),
    ),
)


def rule(index: int, **change: object) -> Directive:
    """The base act with one fact of one rule changed."""
    measures = list(BASE.measures)
    measures[index] = replace(measures[index], **change)  # type: ignore[arg-type]
    return replace(BASE, measures=tuple(measures))


def one_change() -> st.SearchStrategy[tuple[Directive, set[str]]]:
    """A revision that changes one fact, and the keys of that fact."""
    hours = st.integers(0, 12).filter(lambda hour: hour != 2)
    days = st.integers(12, 30)
    return st.one_of(
        st.integers(3, 90).map(lambda n: (rule(0, quantity=Quantity("<=", n, "personne")), {"m1.quantity"})),
        st.sampled_from(["forbidden", "recommended", "discouraged", "required"]).map(
            lambda modality: (rule(0, modality=modality), {"m1.modality"})
        ),
        hours.map(lambda h: (rule(2, window=Window(time(12 + h % 12), time(8))), {"m3.window"})),
        days.map(lambda d: (rule(1, deadline=parse_instant(f"2020-03-{d}T09:00")), {"m2.deadline"})),
        days.map(lambda d: (rule(0, effective_to=parse_instant(f"2020-04-{d}")), {"m1.until"})),
        days.map(lambda d: (rule(1, effective_from=parse_instant(f"2020-03-{d}T06:30")), {"m2.from"})),
        days.map(
            lambda d: (
                replace(BASE, effective_to=parse_instant(f"2020-04-{d}")),
                {"m1.until", "m2.until", "m3.until"},
            )
        ),
        st.sampled_from(["92094", "60000", "BE"]).map(
            lambda place: (rule(0, territory=(place,)), {"m1.territory"})
        ),
        st.integers(0, 2).map(lambda i: (rule(i, exceptions=(SAME_PERSON,)), {f"m{i + 1}.exceptions"})),
        st.integers(0, 2).map(
            lambda i: (rule(i, population_rule=SAME_PERSON), {f"m{i + 1}.population_rule"})
        ),
        st.integers(0, 2).map(
            lambda i: (replace(BASE, measures=(*BASE.measures[:i], *BASE.measures[i + 1 :])), {f"m{i + 1}"})
        ),
        st.from_regex(r"0800 [1-9][0-9] [1-9][0-9][0-9]", fullmatch=True)
        .filter(lambda phone: phone != BASE.contacts[0].phone)
        .map(
            lambda phone: (
                replace(BASE, contacts=(replace(BASE.contacts[0], phone=phone),)),
                {f"contact.{BASE.contacts[0].id}.phone"},
            )
        ),
    )


ENDINGS = ("before", "now", "came", "ended")
NUMBERED = re.compile(r"\.\d+$")


def named(found: Block) -> set[str]:
    """The facts that the lines on what changed name, without their place in a list.

    A line opens with its measure's topic, which is no change.
    """
    spans = [span for line in found.head if line.slot.startswith("changed.") for span in line.spans]
    facts = [span.fact.rpartition(".") for span in spans]
    topics = {measure for measure, _, ending in facts if ending == "topic"}
    changed = {fact: ending for fact, _, ending in facts if ending != "topic"}
    assert set(changed.values()) <= set(ENDINGS)
    assert topics <= {fact.partition(".")[0] for fact in changed}
    return {NUMBERED.sub("", fact) for fact in changed}


def printed(found: Block) -> dict[str, set[str]]:
    """How the rest of a block prints each fact; a whole sentence that holds facts is told by its modality."""
    lines = [line for line in found.head if not line.slot.startswith("changed.")]
    lines += [*found.tail, *(line for paragraph in found.paragraphs for line in paragraph.lines)]
    said: dict[str, set[str]] = {}
    for line in lines:
        for span in line.spans:
            if not span.fact.endswith(("modality", "object")):
                fact = NUMBERED.sub("", span.fact)
                said.setdefault(fact, set()).add(line.text[span.start : span.end])
    return said


@settings(max_examples=60)
@given(
    changed=one_change(),
    audience=st.sampled_from(AUDIENCES),
    channel=st.sampled_from(["email", "sms", "web"]),
    language=st.sampled_from(LANGUAGES),
)
def test_the_difference_in_the_text_is_the_difference_in_the_facts(
    changed: tuple[Directive, set[str]], audience: Audience, channel: ChannelName, language: Language
) -> None:
    after, facts = changed
    variant = Variant(HOME, audience, channel, language)

    old, new = block(sheet(BASE, BASE, kind=Kind.NEW), variant), block(sheet(after, BASE), variant)

    assert old is not None
    assert new is not None
    assert named(new) == facts
    before, now = printed(old), printed(new)
    differing = {fact for fact in before.keys() & now.keys() if before[fact] != now[fact]}
    assert differing <= facts
