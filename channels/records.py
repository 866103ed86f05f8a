"""Looks up what servers that get our mail look up: the SPF, DKIM and DMARC records of its domain."""

import re
from typing import NamedTuple

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.asyncresolver import Resolver

_PATIENCE = 5.0
"""Seconds for all tries at one name."""


class Record(NamedTuple):
    """Whether a record is as it should be, what it says, and what to do where it is not."""

    what: str
    fine: bool
    finding: str
    remedy: str = ""


class NoAnswer(Exception):
    """No name server answers, so nothing is known."""


async def spf(resolver: Resolver, domain: str) -> Record:
    """Which machines may send in the name of the envelope's domain (RFC 7208). Raises NoAnswer."""
    found = [text for text in await _texts(resolver, domain) if re.match(r"v=spf1( |$)", text)]
    if not found:
        remedy = f'publish a TXT record at {domain}: "v=spf1 include:THE-RELAY\'S-DOMAIN -all"'
        return Record("SPF", False, f"{domain} has no SPF record", remedy)
    if len(found) > 1:  # RFC 7208 §4.5
        return Record("SPF", False, f"{domain} has {len(found)} SPF records", "leave one of them")
    terms = found[0].split()[1:]
    if {"+all", "all"} & set(terms):
        return Record(
            "SPF", False, f"{found[0]}: lets everybody send as {domain}", "end it with -all or ~all"
        )
    if not any(re.fullmatch(r"[-~?]all|redirect=.+", term) for term in terms):
        return Record("SPF", False, f"{found[0]}: says nothing of all others", "end it with -all or ~all")
    return Record("SPF", True, f"{domain}: {found[0]}")


async def dkim(resolver: Resolver, domain: str, selector: str) -> Record:
    """The key under which the relay signs (RFC 6376). Raises NoAnswer."""
    name = f"{selector}._domainkey.{domain}"
    found = [text for text in await _texts(resolver, name) if "p=" in text]
    if not found:
        remedy = "publish the key that the relay signs with, or set email.dkim_selector to its selector"
        return Record("DKIM", False, f"{name} has no key", remedy)
    key = _tags(found[0]).get("p", "")
    if not key:  # RFC 6376 §3.6.1: an empty key was revoked
        return Record(
            "DKIM", False, f"{name}: the key was revoked", "sign with another, and publish that one"
        )
    return Record("DKIM", True, f"{name} has a key of {len(key)} letters")


async def dmarc(resolver: Resolver, domain: str) -> Record:
    """What receivers are asked to do with mail in our name that is not ours (RFC 7489). Raises NoAnswer."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):  # the domain's own, else that of the one above it
        name = "_dmarc." + ".".join(labels[start:])
        found = [text for text in await _texts(resolver, name) if re.match(r"v=DMARC1\b", text)]
        if len(found) > 1:
            return Record("DMARC", False, f"{name} has {len(found)} records", "leave one of them")
        if found:
            policy = _tags(found[0]).get("p", "")
            if policy not in ("none", "quarantine", "reject"):
                return Record("DMARC", False, f"{name}: {found[0]}: no policy", "add p=none, then p=reject")
            return Record("DMARC", True, f"{name}: {found[0]}")
    remedy = f'publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:…", later p=reject'
    return Record("DMARC", False, f"{domain} has no DMARC record", remedy)


def system_resolver() -> Resolver:
    """The resolver that this machine is set up with. Raises NoAnswer where there is none."""
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise NoAnswer("this machine has no name server") from error


async def _texts(resolver: Resolver, name: str) -> list[str]:
    try:
        answer = await resolver.resolve(f"{name}.", "TXT", lifetime=_PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise NoAnswer(f"no name server answers for {name}") from error
    return [b"".join(row.strings).decode("ascii", "replace") for row in answer]


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}
