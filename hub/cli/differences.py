"""What a revision says otherwise than the one that readers hold: which texts, and which words of them."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.text import Text

from hub.cli.printing import out, table
from hub.model.message import Hat, Variant

CONTEXT = 4
"""Words shown on either side of a change."""

NAMED = 12
"""Cells named for each kind of difference; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The variants whose words are other ones, are there for the first time, or are there no more."""

    changed: tuple[Variant, ...]
    new: tuple[Variant, ...]
    dropped: tuple[Variant, ...]


def between(before: Mapping[Variant, str], after: Mapping[Variant, str]) -> Differences:
    """Compare two revisions by the digests of their blocks."""
    return Differences(
        changed=tuple(sorted(v for v in after if v in before and before[v] != after[v])),
        new=tuple(sorted(after.keys() - before.keys())),
        dropped=tuple(sorted(before.keys() - after.keys())),
    )


def show(found: Differences, number: int, texts: Iterable[tuple[Variant, str, str]]) -> None:
    """Print which texts differ from revision `number`, and of some the words: (variant, before, after)."""
    rows = [("changed", found.changed), ("new", found.new), ("dropped", found.dropped)]
    if not any(variants for _, variants in rows):
        out.print(f"All texts are those of revision {number}.")
        return
    table(
        f"Against revision {number}",
        "Texts",
        "Of",
        rows=[(what, len(variants), _cells(variants)) for what, variants in rows if variants],
    )
    for variant, before, after in texts:
        out.rule(" · ".join(variant), align="left")
        for snippet in changes(before, after):
            out.print(snippet)


def changes(before: str, after: str) -> list[Text]:
    """The words that changed, each with a few around it: [-gone-] {+come+}, readable without colours."""
    old, new = before.split(), after.split()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    snippets = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        parts: list[str | tuple[str, str]] = ["…"]
        for kind, i1, i2, j1, j2 in group:
            gone, come = " ".join(old[i1:i2]), " ".join(new[j1:j2])
            if kind == "equal":
                parts.append(f" {come}")
                continue
            parts += [(f" [-{gone}-]", "red")] if gone else []
            parts += [(f" {{+{come}+}}", "green")] if come else []
        snippets.append(Text.assemble(*parts, " …"))
    return snippets


def _cells(variants: Iterable[Variant]) -> str:
    cells = list(dict.fromkeys(Hat(variant.sector, variant.audience) for variant in variants))
    named = ", ".join(":".join(cell) for cell in cells[:NAMED])
    return named + (f" and {len(cells) - NAMED} more" if len(cells) > NAMED else "")
