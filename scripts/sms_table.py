"""Writes docs/sms.md from the code that counts and substitutes: `python -m scripts.sms_table`."""

import unicodedata
from pathlib import Path

from channels import gsm
from channels.substitutes import by_replacement

TARGET = Path(__file__).parent.parent / "docs" / "sms.md"

TEXT = """# SMS: length, cost, letters

Written by `scripts/sms_table.py`; a test holds it to `channels/gsm.py` and `channels/substitutes.py`.

## What a segment holds

| encoding | one message alone | each part of a longer one | when |
| --- | --- | --- | --- |
{capacity}

A unit is a septet in GSM-7 and a UTF-16 code unit in UCS-2 (an emoji takes two).
These characters of the extension table count two in GSM-7: {extension}, and form feed.
A part never ends between the two halves of such a character.
A segment costs what `sms.cost_per_segment` says; `univoque preview` prints units, segments and cost under each SMS.

## What stands in for what

GSM-7 has {letters}; one other character turns the whole message into UCS-2.
So an SMS says some characters in others that mean the same.
It is never done in silence: `univoque preview` counts each replacement under its SMS.
The finding U604 names the sheet's own words that arrive in other letters.
A character that neither GSM-7 nor this table has stays as it is, and U603 names it; it never becomes a question mark.

| in the SMS | for |
| --- | --- |
{rows}
"""


def document() -> str:
    """The whole page."""
    capacity = [
        f"| {encoding} | {alone} units | {part} units | {_WHEN[encoding]} |"
        for encoding, (alone, part) in gsm.CAPACITY.items()
    ]
    rows = [
        f"| {_cell(new)} | {', '.join(_cell(old) for old in olds)} |"
        for new, olds in by_replacement().items()
    ]
    letters = sorted(c for c in gsm.BASIC if ord(c) > 0x7F and unicodedata.category(c)[0] == "L")
    return TEXT.format(
        capacity="\n".join(capacity),
        extension=" ".join(_cell(c) for c in sorted(gsm.EXTENSION) if c != "\f"),
        letters=" ".join(letters),
        rows="\n".join(rows),
    )


_WHEN = {
    "GSM-7": "every character is in GSM-7",
    "UCS-2": "one character is not",
}


def _cell(characters: str) -> str:
    """Characters for a table; those that nobody can see by their names."""
    if not characters:
        return "nothing"
    if all(c.isprintable() and c != " " for c in characters):
        return f"`{characters}`".replace("|", "\\|") if characters != "`" else "`` ` ``"
    return " + ".join(f"`{c}`" if c.isprintable() and c != " " else gsm.name(c).lower() for c in characters)


def main() -> None:
    TARGET.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
