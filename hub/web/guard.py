"""What stands around every request: security headers, refusal of foreign forms, errors as pages."""

from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from hub.web import pages

SECURITY: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FROM_ELSEWHERE = frozenset({"one-click", "twilio-inbound", "twilio-status"})
"""Routes that others call by right: mail clients (RFC 8058) and the SMS provider, which signs."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


async def secure(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on whatever is answered; a page may have set a stricter one."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a change that another site's page asked for.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin. A request with neither
    comes from no page, and there is no cookie that it could abuse.
    """
    if request.method in SAFE or request.match_info.route.name in FROM_ELSEWHERE:
        return await handler(request)
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = origin is None or urlsplit(origin).netloc in (request.host, _own_host(request))
    if not allowed:
        raise web.HTTPForbidden
    return await handler(request)


def _own_host(request: web.Request) -> str:
    return urlsplit(request.app[pages.HUB].config.service.base_url).netloc


@web.middleware
async def errors_as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a page; what was not foreseen is logged, and the reader may try again."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        page = pages.error(request, error.status)
        if "Allow" in error.headers:
            page.headers["Allow"] = error.headers["Allow"]
        return page
    except Exception:
        # The route, not the path: a personal link is a secret.
        log.exception("web.failed", route=request.match_info.route.name, method=request.method)
        return pages.error(request, 503)
