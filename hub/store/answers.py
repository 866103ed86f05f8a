"""Whether and how a directive reaches somebody: worked out once for all who are alike, and most people are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.store.holders import Holding
from subscribers.audience import UNSUBSCRIBED, Hats, Hearing, Manner, choose, mandatory
from subscribers.concern import Concern
from subscribers.model import REACHES

Line = Sequence[Any]
"""One membership of one person, or a person without any; the lines of one person follow each other.

Person, token, e-mail address, number; then all else that decides (`Facts`). What is not there is None.
"""

Facts = tuple[Any, ...]
"""Of a line: language, preferred channel, whether opted out, commune, community; sector, audience, stream of the
membership; name, commune, community of its organisation."""

_WHO = 4
"""So many values of a line say who it is; the others decide."""

TURNS = tuple((channel, holds) for channel in REACHES for holds in (True, False))
"""Who comes when: by channel, and on each first those who hold an earlier message."""

LEFT = 1 << 20
"""The rank from which on hearings are those of an earlier message that the cells do not concern any more."""

_REMEMBERED = 10_000
_NOTHING: Mapping[tuple[str, str], str] = {}


class Answer(NamedTuple):
    """The manner and the turn of somebody whom the directive concerns; without a manner nothing reaches them.

    `wished` says whether that is by their own will.
    """

    manner: Manner | None
    turn: int
    wished: bool


Found = tuple[int, str, str, Answer]
"""Person, address ("" where nothing reaches them), token, answer."""


@dataclass(slots=True)
class Answers:
    """What one question has found out so far."""

    concern: Concern
    _known: dict[tuple[Any, ...], Answer | None] = field(default_factory=dict)

    def find(
        self,
        lines: Sequence[Line],
        held: Mapping[int, Holding],
        barred: Mapping[tuple[str, str], str] = _NOTHING,
    ) -> list[Found]:
        """Those whom the directive concerns or who may hold something, in the order of their lines.

        `held` is what each may hold, `barred` why an address (channel, value) is suppressed.
        """
        found: list[Found] = []
        for line, more in _by_person(lines):
            person, token, email, phone = line[:_WHO]
            key = (
                (line[_WHO:], *[each[_WHO:] for each in more]) if more else (line[_WHO:],),
                email is not None,
                phone is not None,
                held.get(person) if held else None,
                barred.get(("email", email)) if barred else None,
                barred.get(("sms", phone)) if barred else None,
            )
            answer = self._known[key] if key in self._known else self._remember(key)
            if answer is not None:
                manner = answer.manner
                address = "" if manner is None else email if manner.channel == "email" else phone
                found.append((person, address, token, answer))
        return found

    def _remember(self, key: tuple[Any, ...]) -> Answer | None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()  # rather than grow with the audience
        answer = self._known[key] = self._answer(*key)
        return answer

    def _answer(
        self,
        facts: Sequence[Facts],
        email: bool,
        phone: bool,
        holding: Holding | None,
        *reasons: str | None,
    ) -> Answer | None:
        language, preferred, opted_out, *home = facts[0][:5]
        memberships = [each[5:] for each in facts if each[5] is not None]
        heard = [self.concern.hearing(*each, home=tuple(home)) for each in memberships]
        hearings: Sequence[Hearing] = [hearing for hearing in heard if hearing is not None]
        if holding is not None:
            duties = {(sector, audience) for sector, audience, stream, *_ in memberships if stream == "duty"}
            hearings = [*hearings, *_left(holding, hearings, duties)]
        if not hearings:
            return None
        if opted_out:
            hearings = mandatory(hearings)
        suppressed = {channel: why for channel, why in zip(REACHES, reasons, strict=True) if why is not None}
        there = [channel for channel, is_there in zip(REACHES, (email, phone), strict=True) if is_there]
        choice = choose(hearings, preferred=preferred, addresses=there, suppressed=suppressed)
        if choice is None:
            return Answer(None, -1, not hearings or UNSUBSCRIBED in suppressed.values())
        now, left = (_hats(choice.hearings, gone=gone) for gone in (False, True))
        dispatch = holding.dispatch if holding else None
        manner = Manner(choice.channel, language, choice.stream, now, dispatch, left)
        return Answer(manner, TURNS.index((choice.channel, holding is not None)), wished=False)


def _by_person(lines: Sequence[Line]) -> Iterator[tuple[Line, Sequence[Line]]]:
    """Each person's first line, and the others that few have."""
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or lines[end][0] != lines[start][0]:
            yield lines[start], lines[start + 1 : end]
            start = end


def addresses_of(line: Line) -> list[tuple[str, str]]:
    """(channel, value) of all that a person has."""
    return [
        (channel, value) for channel, value in zip(REACHES, line[2:_WHO], strict=True) if value is not None
    ]


def _left(holding: Holding, heard: Iterable[Hearing], duties: Iterable[tuple[str, str]]) -> list[Hearing]:
    """The hats of what they hold in which they are not concerned any more, after all others.

    One is mandatory where the message was, or where the hat still is.
    """
    concerned = {(hearing.sector, hearing.audience) for hearing in heard}
    return [
        Hearing(LEFT + rank, *hat, "duty" if hat in duties else holding.stream)
        for rank, hat in enumerate(holding.hats)
        if hat not in concerned
    ]


def _hats(hearings: Iterable[Hearing], *, gone: bool) -> Hats:
    """Those concerned now, or the `gone` ones: those that only an earlier message concerned."""
    return tuple(dict.fromkeys((h.sector, h.audience) for h in hearings if (h.rank >= LEFT) is gone))
