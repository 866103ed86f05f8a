"""The visible words of an HTML text and the elements they stand in, one a line, so that a change is read in review."""

from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "meta", "link", "input"})
UNSEEN = frozenset({"style", "script"})
SHOWN = ("lang", "role", "href", "class", "name", "alt")
"""Attributes that mean something to a reader or their program; styles are for the eye and are looked at as pictures."""


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        shown = [f"{name}={given[name]}" for name in SHOWN if name in given]
        self._say(" ".join([tag, *shown]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if (words := " ".join(data.split(" ")).strip("\n ")) and not UNSEEN & set(self._open):
            self._say(f'"{words}"')

    def close(self) -> None:
        super().close()
        assert self._open == [], f"left open: {self._open}"

    def _say(self, what: str) -> None:
        self.lines.append("  " * len(self._open) + what)


def outline(html: str) -> str:
    """Every element with what it means, and the words in it. Fails where elements are not closed in their order."""
    parser = _Outline()
    parser.feed(html)
    parser.close()
    return "\n".join(parser.lines) + "\n"
