"""A person's own page: what they receive, and one click to end it; nothing changes before that click."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from hub.errors import NotFound
from hub.flow import unsubscribe
from hub.flow.unsubscribe import STOPPED, Page, Way
from hub.model.message import Hat
from hub.site.views import Teller
from hub.store.optout import Subscription
from hub.web import pages
from hub.web.pages import HUB, PUBLIC
from subscribers.audience import UNSUBSCRIBED

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The body that RFC 8058 §3.1 prescribes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Memberships of one stream, in words."""

    title: str
    hats: tuple[str, ...]
    note: str = ""


async def show(request: web.Request) -> web.Response:
    """GET /u/{token}: what the person receives and where, and the form that ends it. Changes nothing."""
    try:
        person = await unsubscribe.show(request.app[HUB], request.match_info["token"])
    except NotFound as error:
        raise web.HTTPNotFound from error
    kind = "already" if person.opted_out and not person.only_duty else ""
    return _page(request, person, kind)


async def stop(request: web.Request) -> web.Response:
    """POST /u/{token}: the form of that page."""
    try:
        person = await unsubscribe.unsubscribe(request.app[HUB], request.match_info["token"])
    except NotFound as error:
        raise web.HTTPNotFound from error
    return _answer(request, person)


async def one_click(request: web.Request) -> web.Response:
    """POST /u/{token}/one-click: a mail client's button (RFC 8058): no cookie, no question, and no page but where
    there was nothing to end.
    """
    form = await request.post()
    if form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
        raise web.HTTPBadRequest
    try:
        token = request.match_info["token"]
        person = await unsubscribe.unsubscribe(request.app[HUB], token, source="one-click")
    except NotFound as error:
        raise web.HTTPNotFound from error
    if person.only_duty:
        return _answer(request, person)
    return web.Response(text="", headers={"Cache-Control": "no-store"})


def _answer(request: web.Request, person: Page) -> web.Response:
    """What a wish to end it came to."""
    return _page(request, person, "duty_stays" if person.only_duty else "stopped")


def _page(request: web.Request, person: Page, kind: str) -> web.Response:
    teller = request.app[PUBLIC].press().teller
    words = teller.words
    stoppable = bool(person.directives) and not person.opted_out
    return pages.personal(
        request,
        "personal.html",
        words(f"personal.{kind}") if kind else words("personal.title"),
        text=words(f"personal.{kind}_text") if kind else words("personal.lead"),
        groups=list(_groups(person, teller)),
        ways=[_way(way, teller, duty=bool(person.duty)) for way in person.ways],
        action=f"/u/{person.token}" if stoppable else "",
        nothing=person.only_duty and not kind,
    )


def _groups(person: Page, teller: Teller) -> Iterable[Group]:
    words = teller.words
    if person.directives and not person.opted_out:
        yield Group(words("personal.directives"), _hats(person.directives, teller))
    if person.duty:
        yield Group(words("personal.duty"), _hats(person.duty, teller), words("personal.duty_text"))


def _hats(subscriptions: Iterable[Subscription], teller: Teller) -> tuple[str, ...]:
    return tuple(_hat(subscription, teller) for subscription in subscriptions)


def _hat(subscription: Subscription, teller: Teller) -> str:
    name = teller.hat(Hat(subscription.sector, subscription.audience))  # type: ignore[arg-type]
    if not subscription.organisation:
        return name
    return teller.words("personal.hat_of", hat=name, organisation=subscription.organisation)


def _way(way: Way, teller: Teller, *, duty: bool) -> str:
    """A masked address, and why nothing goes there where nothing does."""
    words = teller.words
    name = words("personal.way", channel=words(f"personal.{way.channel}"), address=way.masked)
    if way.open:
        return name
    if way.reason == UNSUBSCRIBED and duty:
        return words("personal.way_duty", way=name)
    reason = way.reason if way.reason in (STOPPED, UNSUBSCRIBED) else "broken"
    return words("personal.way_closed", way=name, why=words(f"personal.closed_{reason}"))
