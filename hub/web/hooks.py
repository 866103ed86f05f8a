"""What the SMS provider tells us: how a message fared, and what readers answer. Believed only when signed."""

import structlog
from aiohttp import web

from channels import sms_reports
from channels.keywords import keyword
from channels.sms import signature_is_valid
from hub.context import Hub
from hub.flow import unsubscribe
from hub.flow.record import Report
from hub.model.delivery import Outcome
from hub.web.pages import HUB
from hub.web.reports import REPORTS

NOTHING_TO_SAY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""TwiML that sends nothing back: carriers and the provider confirm a STOP themselves."""

log = structlog.get_logger(__name__)


async def status(request: web.Request) -> web.Response:
    """POST /hooks/twilio/status/{attempt}: a report, which may come twice, late or out of order."""
    reports = request.app[REPORTS]
    form = await _signed_form(request)
    sid, told = form.get("MessageSid", ""), form.get("MessageStatus", "")
    made = await reports.attempt_named(request.match_info["attempt"])
    if made is None:
        # Signed, so from our account, but of another instance or a lost database: noted, not obeyed.
        log.warning("hooks.unknown_attempt", sid=sid, status=told)
        return web.Response(status=204)
    outcome = sms_reports.outcome(told)
    if outcome is None:
        log.warning("hooks.unknown_status", sid=sid, status=told)
        return web.Response(status=204)
    code = _number(form.get("ErrorCode", ""))
    report = Report(
        made=made,
        outcome=Outcome(outcome),
        code=str(code) if code is not None else told,
        provider_id=sid,
        suppress=sms_reports.suppresses(code),
    )
    await reports.record(report)  # durable when it returns: only then does the provider hear so
    return web.Response(status=204)


async def inbound(request: web.Request) -> web.Response:
    """POST /hooks/twilio/inbound: a reader's SMS; STOP and START are obeyed, in the readers' languages."""
    hub = request.app[HUB]
    form = await _signed_form(request)
    number, sid = form.get("From", ""), form.get("MessageSid", "")
    # Where the provider already acted on the word it says so, whatever language it knew it in.
    wish = form.get("OptOutType", "").lower() or keyword(form.get("Body", ""))
    if wish == "stop":
        await unsubscribe.stop_number(hub, number, sid=sid)
    elif wish == "start":
        await unsubscribe.start_number(hub, number, sid=sid)
    log.info("hooks.inbound", sid=sid, wish=wish or "other")
    return web.Response(body=NOTHING_TO_SAY, content_type="text/xml", charset="utf-8")


async def _signed_form(request: web.Request) -> dict[str, str]:
    """The form, where the provider signed it for this address; else 403, and 415 for what is no form."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    hub = request.app[HUB]
    tokens = _tokens(hub)
    # The address is made of the settings, never of the request: a proxy changes Host, and anybody can forge it.
    url = hub.config.service.base_url.rstrip("/") + request.raw_path
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature or not tokens or not signature_is_valid(url, form, signature, tokens):
        log.warning("hooks.forged", route=request.match_info.route.name)
        raise web.HTTPForbidden
    return form


def _tokens(hub: Hub) -> list[str]:
    """Without a token nothing can be believed: anybody can sign with an empty one."""
    token = hub.config.sms.auth_token.get_secret_value()
    return [token] if token else []


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) else None
