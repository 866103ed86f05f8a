"""Tracing: what is marked comes back as spans over the plain text, however deep the marks nest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.facts.trace import CLOSE, OPEN, capitalised, retrace, shown, traced, traced_all, untrace
from hub.model.message import Line, Span

words = st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), max_size=12)
facts = st.from_regex(r"[a-z][a-z0-9.#-]{0,8}", fullmatch=True)
marked = st.recursive(
    words,
    lambda inner: st.one_of(
        st.builds(traced, facts, inner), st.lists(inner, min_size=1, max_size=3).map("".join)
    ),
    max_leaves=12,
)


def test_a_mark_becomes_a_span() -> None:
    text = f"jusqu'au {traced('m1.until', '31 mars')} inclus"

    assert untrace(text) == ("jusqu'au 31 mars inclus", (Span(9, 16, "m1.until"),))


@given(marked)
def test_the_plain_text_holds_no_mark_and_spans_lie_in_it(text: str) -> None:
    plain, spans = untrace(text)

    assert not {OPEN, CLOSE} & set(plain)
    assert all(0 <= span.start <= span.end <= len(plain) for span in spans)


@given(marked)
def test_a_finished_line_can_be_traced_again(text: str) -> None:
    plain, spans = untrace(text)

    again, found = untrace(
        retrace(Line("what", plain, tuple(span for span in spans if span.end > span.start)))
    )

    assert again == plain
    assert sorted(found) == sorted(span for span in spans if span.end > span.start)


def test_one_text_may_state_several_facts() -> None:
    plain, spans = untrace(traced_all(["m1.until", "m2.until"], "31 mars"))

    assert plain == "31 mars"
    assert {span.fact for span in spans} == {"m1.until", "m2.until"}


def test_a_mark_that_never_closes_is_a_bug_and_says_which() -> None:
    with pytest.raises(ValueError, match=r"m1\.until"):
        untrace(traced("m1.until", "31 mars")[:-1])


def test_the_capital_goes_to_the_first_letter_behind_the_marks() -> None:
    assert untrace(capitalised(traced("a", "les résidents")))[0] == "Les résidents"


def test_a_preview_names_facts_in_text_and_never_inside_a_tag() -> None:
    html = f'<body><a title="{traced("title", "x")}">{traced("m1.until", "31 &lt; 32")}</a></body>'

    assert (
        shown(html) == '<body><a title="x"><data class="fact" value="m1.until">31 &lt; 32</data></a></body>'
    )
