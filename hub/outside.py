"""Looks at what lies outside: the relay, the records of the sender's domain, the provider, and the way in to us."""

import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from dns.asyncresolver import Resolver

from channels import probe, records
from channels.contract import ChannelError, WrongSettings
from hub.config import Config, Email
from hub.diagnosis import Diagnosis, unlooked
from hub.store import instance
from hub.store.instance import Instance

TOLERANCE = timedelta(minutes=1)
"""Clocks of two machines may differ so much without harm."""

SELECTOR = "DKIM selector"
"""What the doctor calls it; whoever sets up the instance settles it."""

SOON = timedelta(days=14)
"""A certificate that ends sooner is renewed now, not on the day of a crisis."""

_PATIENCE = aiohttp.ClientTimeout(total=10)

_REMEDIES = (
    ("expired", "whoever runs the relay has to renew its certificate; until then nothing leaves"),
    ("mismatch", "set email.host to a name that its certificate bears"),
    ("issuer", "name the certificate of its authority in email.ca_file"),
    ("self-signed", "name its certificate in email.ca_file"),
    ("offers no STARTTLS", "set email.security to tls and email.port to 465, or have STARTTLS switched on"),
    ("refuses STARTTLS", "ask who runs the relay; nothing is sent in clear meanwhile"),
    ("our login", "set email.username and UNIVOQUE__EMAIL__PASSWORD_FILE to what the relay knows"),
    (
        "no login that we know",
        "ask who runs the relay for PLAIN, LOGIN or CRAM-MD5, or leave email.username empty",
    ),
    (
        "does not relay",
        "set email.username and its password, or ask who runs the relay to relay for this machine",
    ),
    (
        "Client host",
        "set email.username and its password, or ask who runs the relay to let this machine in; see blocklists",
    ),
    ("Sender address", "set email.sender to an address that this login may use"),
    ("our sender", "set email.sender to an address that this login may use"),
    (
        "no connection",
        "see email.host and email.port, whether the relay runs, and what the firewall lets through",
    ),
    ("does not answer", "see email.host and email.port, and whether a firewall swallows what goes there"),
    ("email.ca_file", "name a file that is there, or leave email.ca_file empty"),
    ("an exercise", "leave it so, or see docs/operate.md"),
)
"""By what the finding says."""


async def relays(config: Config, now: datetime) -> AsyncIterator[Diagnosis]:
    """The relay, and the one that stands by where there is one."""
    if not config.email.enabled:
        yield Diagnosis("e-mail", True, "switched off")
        return
    yield await _relay("e-mail", "email", config.email, config, now)
    if config.standby is not None:
        yield await _relay("e-mail, standing by", "email_standby", config.standby, config, now)


async def _relay(what: str, section: str, settings: Email, config: Config, now: datetime) -> Diagnosis:
    """Connect, secure, log in, be accepted as the sender, and for a recipient, and leave without a message."""
    try:
        met = await probe.relay(
            settings, mode=config.service.mode, section=section, recipient=settings.operator
        )
    except (ChannelError, WrongSettings) as error:
        said = str(error)
        known = (remedy for words, remedy in _REMEDIES if words in said)
        remedy = next(known, "mend the [email] settings, or ask who runs the relay")
        remedy = remedy.replace("email.", f"{section}.").replace("[email]", f"[{section}]")
        return Diagnosis(what, False, said, remedy)
    if met.certificate_ends is not None and met.certificate_ends - now < SOON:
        finding = f"the relay's certificate ends on {met.certificate_ends:%Y-%m-%d}"
        return Diagnosis(what, False, finding, "have it renewed before then")
    return Diagnosis(what, True, met.says)


async def sender_records(config: Config, resolver: Resolver | None = None) -> AsyncIterator[Diagnosis]:
    """SPF, DKIM and DMARC, as receivers look them up; what could not be looked up is not known to be fine."""
    if not config.email.enabled:
        return
    if config.service.mode != "Actual":
        yield unlooked("sender's domain", "an exercise asks nobody outside; with service.mode = Actual it is")
        return
    author = config.email.sender.rpartition("@")[2]
    envelope = config.email.return_path.rpartition("@")[2] or author
    try:
        resolver = resolver or records.system_resolver()
        yield Diagnosis(*await records.spf(resolver, envelope))
        if config.email.dkim_selector:
            yield Diagnosis(*await records.dkim(resolver, author, config.email.dkim_selector))
        else:
            finding = "nobody can look: email.dkim_selector is empty"
            yield Diagnosis(SELECTOR, False, finding, "set it to the selector under which the relay signs")
        yield Diagnosis(*await records.dmarc(resolver, author))
    except records.NoAnswer as error:
        remedy = "see that this machine has a name server that answers, and look again"
        yield Diagnosis("sender's domain", False, f"not looked at: {error}", remedy)


async def provider(config: Config, now: datetime) -> AsyncIterator[Diagnosis]:
    """Ask for the account and the sender; and hold our clock against the provider's."""
    if not config.sms.enabled:
        yield Diagnosis("SMS", True, "switched off")
        return
    try:
        async with aiohttp.ClientSession(trust_env=False) as http:
            met = await probe.provider(config.sms, mode=config.service.mode, http=http)
    except (ChannelError, WrongSettings) as error:
        remedy = "mend the [sms] settings, or look at the provider's console"
        yield Diagnosis("SMS", False, str(error), remedy)
        return
    yield Diagnosis("SMS", True, met.says)
    if met.date:
        yield clock_against(met.date, now, "the provider")


async def way_in(config: Config, who: Instance, now: datetime) -> AsyncIterator[Diagnosis]:
    """Whether service.base_url leads to this instance: readers, callbacks and one-click all come by it."""
    nonce = secrets.token_hex(16)
    url = f"{config.service.base_url}/health/{nonce}"
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=_PATIENCE) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            said = (await answer.content.read(200)).decode("ascii", "replace").strip()
            date = answer.headers.get("Date", "")
    except aiohttp.ClientConnectorCertificateError as error:
        remedy = "have the proxy's certificate renewed, or made out to this name"
        yield Diagnosis("way in", False, f"{config.service.base_url}: {error.certificate_error}", remedy)
        return
    except (aiohttp.ClientError, TimeoutError) as error:
        remedy = "start `univoque serve`, and see the proxy, the name's address and the firewall"
        finding = f"nobody answers at {config.service.base_url} ({type(error).__name__})"
        yield Diagnosis("way in", False, finding, remedy)
        return
    if said != instance.mark(who, nonce):
        remedy = "let the proxy pass every path to web.host and web.port, and see whether another instance is there"
        finding = f"{config.service.base_url} answers {answer.status}, but it is not this instance"
        yield Diagnosis("way in", False, finding, remedy)
        return
    yield Diagnosis("way in", True, f"{config.service.base_url} leads here; callbacks can come")
    if date:
        yield clock_against(parsedate_to_datetime(date), now, "what stands before us")


def clock_against(theirs: datetime, now: datetime, whose: str) -> Diagnosis:
    """Our clock beside another's."""
    apart = now - theirs
    fine = abs(apart) <= TOLERANCE
    finding = f"{now:%Y-%m-%d %H:%M:%S} UTC, {apart.total_seconds():+.0f} s from that of {whose}"
    return Diagnosis(
        "clock outside", fine, finding, "" if fine else "set the clock; see whether it is kept by NTP"
    )
