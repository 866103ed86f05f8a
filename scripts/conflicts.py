"""Write docs/conflicts.md, the pairs of the reference acts that need attention: `python -m scripts.conflicts`."""

import tomllib
from pathlib import Path

from hub import register
from hub.gate.account import Teller
from hub.gate.verdict import ATTENTION, Comparison, comparisons
from hub.in_force import consolidate
from hub.intake import file
from hub.render import wording

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "conflicts.md"
DIRECTIVES = ROOT / "tests" / "data" / "directives"

REASONS = {
    ("peruwelz-visites-2020-04-16#m1", "wal-visites-2020-04-28#m2"): (
        "The mayor's order has no known end and nobody repealed it; twelve days later the circular permits visits in "
        "all of Wallonia, Péruwelz included. A home there cannot obey both, so somebody must say which one stands."
    ),
    ("peruwelz-visites-2020-04-16#m1", "wal-mesures-2020-10-23#m2"): (
        "The same order, still without an end in October, forbids what the Region then permits to one visitor. "
        "An order that was forgotten is exactly what this check is for: repealing it, or entering its end, settles it."
    ),
    ("be-sport-2020-10-23#m1", "be-ages-2020-10-28#m1"): (
        "The Consultation Committee announced a limit for adults; the ministerial order that followed says thirteen. "
        "No relation names the announcement, and a club that read only the first lets its fifteen-year-olds play."
    ),
}
"""Why each pair that expected.toml does not name deserves attention."""

HEAD = """# Pairs that need attention

Written by `python -m scripts.conflicts` from the reference acts in `tests/data/directives`.
A test holds this page to the code.
A pair is judged over all the time in which both measures hold.
[Decision 0014](decisions/0014-consolidate-then-compare.md) says how.
"""


def document() -> str:
    """The page. Raises KeyError for a pair that is neither expected nor has its reason."""
    register_ = register.load()
    acts = file.read_together(sorted(DIRECTIVES.glob("?-*.toml")), register_).directives
    rules = consolidate({act.id: act for act in acts}, register_)
    found = [c for c in comparisons(rules, rules.all.keys()) if c.verdict in ATTENTION]
    teller = Teller(register_, wording.load().languages["en"])
    expected = _expected()
    listed = [c for c in found if _names(c) in expected]
    others = [c for c in found if _names(c) not in expected]
    parts = [HEAD, "\n## Expected\n\nNamed in `expected.toml`, with its reason there.\n\n"]
    parts += [f"- `{c.left.name}` × `{c.right.name}`: {c.verdict}\n" for c in listed]
    parts.append("\n## Found besides\n")
    for comparison in others:
        account = teller.account(comparison)
        parts.append(f"\n### `{comparison.left.name}` × `{comparison.right.name}`: {comparison.verdict}\n\n")
        parts += [f"- {account.left}\n", f"- {account.right}\n\n", _lines(account.explanation)]
        parts.append(
            f"\nWhy it is right to ask:\n{_lines(REASONS[comparison.left.name, comparison.right.name])}"
        )
    return "".join(parts)


def _expected() -> set[frozenset[str]]:
    rows = tomllib.loads((DIRECTIVES / "expected.toml").read_text(encoding="utf-8"))["expected"]
    return {frozenset((row["left"], row["right"])) for row in rows}


def _names(comparison: Comparison) -> frozenset[str]:
    return frozenset((comparison.left.name, comparison.right.name))


def _lines(text: str) -> str:
    """One sentence per line."""
    return text.replace(". ", ".\n") + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
