"""Pages that are made when they are asked for: errors and personal pages, in the public site's skeleton."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hub.context import Hub
from hub.flow.publish import language_of
from hub.model.review import Mode
from hub.site.catalogue import Catalogue
from hub.site.pages import Press
from hub.site.words import words

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)

KINDS = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method",
    413: "too_large",
    503: "unavailable",
}
"""The words of an error page, by status."""


@dataclass(frozen=True, slots=True)
class Public:
    """What the skeleton needs to know; nothing of it is in the database, so it works without one."""

    hub: Hub

    def press(self) -> Press:
        config = self.hub.config.service
        language = language_of(self.hub.config)
        catalogue = Catalogue(
            editions=(),
            register=self.hub.register,
            base_url=config.base_url,
            name=config.name,
            mode=Mode(config.mode),
            language=language,
            now=self.hub.clock.now(),
        )
        return Press(catalogue, words(language))


PUBLIC: web.AppKey[Public] = web.AppKey("public", Public)


def error(request: web.Request, status: int) -> web.Response:
    """A page that says what went wrong and where to go next."""
    kind = KINDS.get(status, "unavailable" if status >= 500 else "bad_request")
    response = html(request.app[PUBLIC].press().error(kind), status=status)
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "60"
    return response


def personal(request: web.Request, template: str, title: str, **given: Any) -> web.Response:
    """A page for one person: kept by nobody, found by no search engine, its address told to no other site."""
    body = request.app[PUBLIC].press().page(template, "", title, indexed="noindex, nofollow", **given)
    response = html(body)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def html(body: bytes, *, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")
