"""From a sheet of facts to words: blocks per variant, and the messages made of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from hub.model.directive import Language
from hub.model.message import CHANNELS, Block, Blocks, ChannelName, Hat, Variant
from hub.render.measure import LackingWords
from hub.render.recall import block, farewell, former_cells
from hub.render.sheet import Sheet, cells

__all__ = ["Lacking", "Rendering", "Sheet", "block", "cells", "render"]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A variant that could not be rendered: the sheet lacks the words of `field` in its language."""

    variant: Variant
    field: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """All blocks of a directive, and what could not be said.

    `farewells` are for the cells that only an earlier revision reached; no page shows them.
    """

    blocks: Blocks
    lacking: tuple[Lacking, ...]
    farewells: Blocks = field(default_factory=dict)

    @property
    def all(self) -> Blocks:
        """Every block that may leave."""
        return {**self.blocks, **self.farewells}


def render(
    sheet: Sheet, languages: Iterable[Language], channels: Iterable[ChannelName] = CHANNELS
) -> Rendering:
    """Every sector × audience × channel × language that the directive speaks to, in reading order."""
    languages, channels = tuple(languages), tuple(channels)
    blocks, lacking = _rendered(sheet, block, cells(sheet), languages, channels)
    private = [channel for channel in channels if channel != "web"]
    farewells, lacking_too = _rendered(sheet, farewell, former_cells(sheet), languages, private)
    return Rendering(blocks, (*lacking, *lacking_too), farewells)


def _rendered(
    sheet: Sheet,
    write: Callable[[Sheet, Variant], Block | None],
    hats: Iterable[Hat],
    languages: Sequence[Language],
    channels: Sequence[ChannelName],
) -> tuple[dict[Variant, Block], list[Lacking]]:
    blocks: dict[Variant, Block] = {}
    lacking = []
    for hat in hats:
        for channel in channels:
            for language in languages:
                variant = Variant(hat.sector, hat.audience, channel, language)
                try:
                    # The page shows the words of the e-mail (decision 8).
                    mail = blocks.get(variant._replace(channel="email")) if channel == "web" else None
                    rendered = replace(mail, variant=variant) if mail else write(sheet, variant)
                except LackingWords as error:
                    lacking.append(Lacking(variant, str(error)))
                    continue
                if rendered:
                    blocks[variant] = rendered
    return blocks, lacking
