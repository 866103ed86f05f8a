"""What the gate looks at: one directive with its words and surroundings, so that no check does I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from hub.in_force import Rules, consolidate
from hub.model.directive import Directive, Language
from hub.model.message import Hat, Message, Variant
from hub.model.review import Finding, Kind, Level, Mode
from hub.register import Places, Register
from hub.render import Rendering, Sheet
from hub.render.frame import Frame


@dataclass(frozen=True)
class Case:
    """A directive before the gate. `at` is the instant as of which it is judged.

    `asides` are a later revision's texts for other readers: the newly concerned, who missed a revision, and who
    is not concerned any more. `reach` is how many people each cell reaches, None without a store; `silence` after
    how long a sector that heard nothing is told of, None where nobody asks; `known` the rules of all acts, this
    one among them, where they are consolidated already.
    """

    sheet: Sheet
    frame: Frame
    rendering: Rendering
    messages: Mapping[Variant, Message]
    cells: Mapping[Hat, Places]
    languages: tuple[Language, ...]
    at: datetime
    mode: Mode
    kind: Kind
    asides: tuple[tuple[Variant, Message], ...] = ()
    reach: Mapping[Hat, int] | None = None
    silence: timedelta | None = None
    known: Rules | None = None

    def texts(self) -> Iterator[tuple[Variant, Message]]:
        """Every text that may leave."""
        yield from self.messages.items()
        yield from self.asides

    @property
    def directive(self) -> Directive:
        return self.sheet.directive

    @cached_property
    def rules(self) -> Rules:
        """All acts as they stand with this one, worked out once for all checks."""
        if self.known and self.known.acts.get(self.directive.id) is self.directive:
            return self.known
        return rules_with(self.sheet)

    @property
    def register(self) -> Register:
        return self.sheet.register

    def finding(
        self, code: str, level: Level, where: str, text: str, remedy: str, *, waivable: bool = False
    ) -> Finding:
        return Finding(code, level, self.directive.id, where, text, remedy, waivable)


def rules_with(sheet: Sheet) -> Rules:
    """The rules of a sheet's act and of those around it, consolidated."""
    acts = {**sheet.others, sheet.directive.id: sheet.directive}
    return consolidate(acts, sheet.register, sheet.withdrawn)


def cell_name(hat: Hat) -> str:
    """How a finding and a waiver name a cell: "elderly.residential:citizen"."""
    return f"{hat.sector}:{hat.audience}"


def variant_name(variant: Variant) -> str:
    """How a finding names a variant: "elderly.residential:family:sms:fr"."""
    return ":".join(variant)
