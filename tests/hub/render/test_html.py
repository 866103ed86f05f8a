"""The HTML of messages: its words and its structure, one variant per scenario, as they were read in review.

`pytest tests/hub/render --golden` writes the files anew; the change is then read in review.
"""

import pytest

from hub.model.message import Message, Variant
from tests.hub.render.outline import outline
from tests.hub.render.reading import GOLDEN, ONE_PER_SCENARIO, held_against, messages


def longest(rendered: dict[Variant, Message]) -> Variant:
    """The e-mail in which most is said, and so most of the frame is used."""
    return max((v for v in rendered if v.channel == "email"), key=lambda v: len(rendered[v].text))


def written(directive: str) -> str:
    """The e-mail and the web text of that variant."""
    rendered = messages(directive)
    email = longest(rendered)
    parts = []
    for variant in (email, email._replace(channel="web")):
        html = rendered[variant].html
        assert html is not None
        parts.append(f"=== {' '.join(variant)}\n{outline(html)}")
    return "\n".join(parts)


@pytest.mark.parametrize(("scenario", "directive"), ONE_PER_SCENARIO.items())
def test_the_html_is_that_which_was_read_in_review(
    scenario: str, directive: str, request: pytest.FixtureRequest
) -> None:
    text = written(directive)

    golden = GOLDEN / f"html-{scenario}-{directive}.txt"
    assert text == held_against(golden, text, renew=request.config.getoption("--golden"))


def test_the_outline_tells_words_elements_and_their_order_apart() -> None:
    html = '<div class="a"><p>Bonjour &amp; bienvenue</p><style>p { color: red }</style></div>'

    assert outline(html) == 'div class=a\n  p\n    "Bonjour & bienvenue"\n  style\n'
    assert outline(html) != outline(html.replace("<p>", "<h2>").replace("</p>", "</h2>"))


@pytest.mark.parametrize("broken", ["<p>open", "<div><p></div></p>", "closed</p>"])
def test_elements_that_are_not_closed_in_their_order_are_found(broken: str) -> None:
    with pytest.raises(AssertionError):
        outline(broken)
