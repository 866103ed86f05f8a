"""A name server in the process: it answers for TXT records alone, on a loopback port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.asyncresolver import Resolver

Texts = Mapping[str, list[str]]


class _Server(asyncio.DatagramProtocol):
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name
        texts = self._texts.get(name.to_text(omit_final_dot=True).lower())
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            # A record is cut into strings of 255 octets at most, which belong together (RFC 7208 §3.3).
            rows = (" ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) for text in texts)
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *rows))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def name_server(texts: Texts) -> AsyncIterator[Resolver]:
    """A resolver that asks this server and no other."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Server(texts), ("127.0.0.1", 0))
    try:
        yield _asking(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


@asynccontextmanager
async def no_name_server() -> AsyncIterator[Resolver]:
    """A resolver whose server does not answer."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    try:
        yield _asking(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def _asking(port: int) -> Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    return resolver
