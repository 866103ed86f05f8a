"""A bare HTTP server for load: takes every form, answers 201 with a message of Twilio's size, and says how many."""

import asyncio
import json
import re
import sys
from typing import cast

from tests.doubles.twilio import SENT_AT

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COUNT = [0]


def _answer() -> tuple[bytes, bytes]:
    """The answer to a request, before and after the SID."""
    account = "AC" + "0" * 31 + "1"
    sid = "SM" + "0" * 32
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}.json"
    body = json.dumps(
        {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": "Visites interdites en maison de repos jusqu'au 31 mars. Contact 0800 14 689",
            "date_created": SENT_AT,
            "date_sent": None,
            "date_updated": SENT_AT,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": "+32470000000",
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
            "to": "+32470123456",
            "uri": uri,
        }
    ).encode()
    head = (
        "HTTP/1.1 201 CREATED\r\nContent-Type: application/json;charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nTwilio-Concurrent-Requests: 1\r\nConnection: keep-alive\r\n\r\n"
    ).encode()
    before, _, after = (head + body).partition(b"0" * 32)
    return before, after


_BEFORE, _AFTER = _answer()


class Session(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            if self._received.startswith(b"POST ") and b"&Body=" in self._received[end:whole]:
                _COUNT[0] += 1
                self._transport.write(b"%b%032x%b" % (_BEFORE, _COUNT[0], _AFTER))
            else:
                self._transport.write(b"HTTP/1.1 400 BAD REQUEST\r\nContent-Length: 0\r\n\r\n")
            del self._received[:whole]


async def serve() -> None:
    """Take forms on a free loopback port until standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads the port
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)
    print(_COUNT[0], flush=True)  # noqa: T201 - whoever started it reads how many were taken


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    asyncio.run(serve())
