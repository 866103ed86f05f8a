"""From a sheet of facts to words: blocks per variant, and the messages made of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from hub.model.directive import Language
from hub.model.message import CHANNELS, Block, Blocks, ChannelName, Variant
from hub.render.blocks import block
from hub.render.measure import LackingWords
from hub.render.sheet import Sheet, cells

__all__ = ["Lacking", "Rendering", "Sheet", "block", "cells", "render"]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A variant that could not be rendered: the sheet lacks the words of `field` in its language."""

    variant: Variant
    field: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """All blocks of a directive, and what could not be said."""

    blocks: Blocks
    lacking: tuple[Lacking, ...]


def render(
    sheet: Sheet, languages: Iterable[Language], channels: Iterable[ChannelName] = CHANNELS
) -> Rendering:
    """Every sector × audience × channel × language that the directive speaks to, in reading order."""
    blocks: dict[Variant, Block] = {}
    lacking = []
    languages, channels = tuple(languages), tuple(channels)
    for hat in cells(sheet):
        for channel in channels:
            for language in languages:
                variant = Variant(hat.sector, hat.audience, channel, language)
                try:
                    rendered = block(sheet, variant)
                except LackingWords as error:
                    lacking.append(Lacking(variant, str(error)))
                    continue
                if rendered:
                    blocks[variant] = rendered
    return Rendering(blocks, tuple(lacking))
