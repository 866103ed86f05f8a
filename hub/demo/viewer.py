"""The demo's page: mailbox and phones as their readers see them, without JavaScript, hostile mail inert."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.demo import letter as letters
from hub.demo.mailbox import Mailbox
from hub.demo.phones import Phones
from hub.demo.readers import LANGUAGES, Names, Reader, samples
from hub.errors import NotFound
from hub.languages import templates_dir

PAGE = 40
STATUSES = {"queued": "en route", "sent": "envoyé", "delivered": "remis", "received": "reçu"}
SECURITY = {
    # A mail's HTML sits in a sandboxed frame that inherits this: it can neither run nor fetch anything.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page shows: the mailbox, the phones, their owners, and where the public site is."""

    mailbox: Mailbox
    phones: Phones
    readers: list[Reader]
    names: Names
    site_url: str

    def letters(self, reader: Reader) -> int:
        return len(self.mailbox.inbox(reader.email)) if reader.email else 0

    def texts(self, reader: Reader) -> int:
        return len(self.phones.threads.get(reader.phone, ())) if reader.phone else 0

    def received(self, reader: Reader) -> int:
        return self.letters(reader) + self.texts(reader)

    def reader(self, number: int) -> Reader:
        if 0 < number <= len(self.readers):
            return self.readers[number - 1]
        raise NotFound(f"reader {number} of the demo")


@dataclass(frozen=True, slots=True)
class Search:
    """What the visitor looks for among the readers; every field may be empty."""

    words: str
    sector: str
    audience: str
    language: str
    channel: str
    page: int

    @classmethod
    def of(cls, request: web.Request) -> "Search":
        asked = request.query
        number = asked.get("page", "1")
        page = max(int(number), 1) if number.isascii() and number.isdigit() else 1
        words, sector, audience, language, channel = (
            asked.get(name, "").strip() for name in ("q", "secteur", "public", "langue", "canal")
        )
        return cls(words, sector, audience, language, channel, page)

    def link(self, page: int) -> str:
        """The address of another page of the same search."""
        asked = {"q": self.words, "secteur": self.sector, "public": self.audience, "langue": self.language,
                 "canal": self.channel, "page": str(page)}  # fmt: skip
        return "/?" + urlencode({name: value for name, value in asked.items() if value}) + "#boites"

    def finds(self, desk: Desk, reader: Reader) -> bool:
        if not reader.has(self.sector, self.audience) or self.language not in ("", reader.language):
            return False
        if (self.channel == "courriel" and not desk.letters(reader)) or (
            self.channel == "sms" and not desk.texts(reader)
        ):
            return False
        hats = map(desk.names.hat, reader.hats)
        said = " ".join((reader.email, reader.phone, *reader.organisations, *hats)).casefold()
        return all(word in said for word in self.words.casefold().split())


def app(desk: Desk, http: ClientSession) -> web.Application:
    """The page's routes."""
    jinja = _environment(desk)
    routes = web.RouteTableDef()

    def page(name: str, **values: Any) -> web.Response:
        text = jinja.get_template(name).render(desk=desk, **values)
        return web.Response(text=text, content_type="text/html", headers=SECURITY)

    @routes.get("/")
    async def home(request: web.Request) -> web.Response:
        search = Search.of(request)
        found = sorted(
            (reader for reader in desk.readers if search.finds(desk, reader)), key=lambda r: -desk.received(r)
        )
        return page(
            "home.html",
            samples=samples(desk.readers, desk.received),
            search=search,
            found=found[(search.page - 1) * PAGE : search.page * PAGE],
            count=len(found),
            pages=max((len(found) + PAGE - 1) // PAGE, 1),
            follow="suivre" in request.query,
        )

    @routes.get(r"/lecteur/{number:\d{1,7}}")
    async def inbox(request: web.Request) -> web.Response:
        reader = desk.reader(int(request.match_info["number"]))
        inbox = desk.mailbox.inbox(reader.email) if reader.email else []
        chosen = next((each for each in inbox if str(each.number) == request.query.get("courriel")), None)
        opened = chosen or next(iter(inbox), None)
        view = request.query.get("vue", "html")
        return page(
            "reader.html",
            reader=reader,
            inbox=[(each, letters.subject(desk.mailbox, each)) for each in inbox],
            shown=letters.show(desk.mailbox, opened) if opened else None,
            chosen=chosen is not None,
            view=view if view in letters.VIEWS else "html",
            views=letters.VIEWS,
            thread=desk.phones.threads.get(reader.phone, []) if reader.phone else [],
            stopped=reader.phone in desk.phones.stopped,
            answered=request.query.get("stop"),
        )

    @routes.post(r"/lecteur/{number:\d{1,7}}/stop")
    async def stop(request: web.Request) -> web.Response:
        # Sent by every current browser; an answer in a reader's name comes from this page alone.
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise web.HTTPForbidden
        reader = desk.reader(int(request.match_info["number"]))
        status = await desk.phones.answer(http, reader.phone, "STOP")
        heard = "oui" if 200 <= status < 300 else "non"
        raise web.HTTPSeeOther(f"/lecteur/{reader.number}?stop={heard}#telephone")

    @routes.get("/demo.css")
    async def style(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(Path(str(resources.files("hub"))) / "demo" / "static" / "demo.css")

    @routes.get(r"/font-{weight:400|700}.woff2")
    async def font(request: web.Request) -> web.StreamResponse:
        vendored = Path(str(resources.files("hub"))) / "web" / "static" / "vendor"
        name = f"atkinson-hyperlegible-next-*/latin-{request.match_info['weight']}-normal.woff2"
        return web.FileResponse(next(iter(vendored.glob(name))), headers={"Cache-Control": "max-age=3600"})

    made = web.Application(middlewares=[_not_found])
    made.add_routes(routes)
    return made


@asynccontextmanager
async def open_viewer(desk: Desk, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the page while the context is open; yields its address."""
    async with ClientSession(timeout=ClientTimeout(total=15)) as http:
        runner = web.AppRunner(app(desk, http), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            yield f"http://{host}:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()


@web.middleware
async def _not_found(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except NotFound as error:
        raise web.HTTPNotFound(text=str(error)) from error


def _environment(desk: Desk) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(templates_dir() / "demo"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(day=_day, minute=_minute)
    jinja.globals.update(names=desk.names, languages=LANGUAGES, statuses=STATUSES)
    return jinja


def _day(instant: datetime) -> str:
    return letters.in_french(instant, "EEE d MMM y")


def _minute(instant: datetime) -> str:
    return letters.in_french(instant, "d MMM y, HH:mm")
