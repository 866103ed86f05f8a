"""An SMTP server in a process of its own: quick, and able to write down each message before it answers.

`python -m tests.doubles.sink [--log FILE] [--gap SECONDS]` says its port, then takes mail until its standard
input closes.
"""

import argparse
import asyncio
import random
import sys
import time
from pathlib import Path
from typing import BinaryIO, cast

_END = b"\r\n.\r\n"
_REPLIES = {
    b"HELO": b"250 sink.example\r\n",
    b"EHLO": b"250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
}


class Session(asyncio.Protocol):
    """One connection; commands may come pipelined (RFC 2920)."""

    def __init__(self, log: BinaryIO | None, gap: float) -> None:
        self._log = log
        self._gap = gap
        self._buffer = b""
        self._recipient = b""
        self._in_data = False
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        replies = []
        while not self._waiting and not self._transport.is_closing():
            end = self._buffer.find(_END if self._in_data else b"\r\n")
            if end < 0:
                break
            size = end + len(_END if self._in_data else b"\r\n")
            part, self._buffer = self._buffer[:size], self._buffer[size:]
            replies.append(self._take(part) if self._in_data else self._obey(part))
        self._transport.write(b"".join(replies))

    def _obey(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0]
            return b"250 2.1.5 Ok\r\n"
        if verb == b"DATA":
            self._in_data = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        if verb == b"QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
            return b""
        return _REPLIES.get(verb, b"500 5.5.2 No such command\r\n")

    def _take(self, message: bytes) -> bytes:
        self._in_data = False
        if self._log is not None:
            message_id = message.partition(b"Message-ID: <")[2].partition(b">")[0]
            self._log.write(b"%s %s %.6f\n" % (self._recipient, message_id, time.time()))
            self._log.flush()
        if not self._gap:
            return b"250 2.0.0 Ok: queued as 1\r\n"
        self._waiting = True
        asyncio.get_running_loop().call_later(random.uniform(0, 2 * self._gap), self._answer)
        return b""

    def _answer(self) -> None:
        self._waiting = False
        if not self._transport.is_closing():
            self._transport.write(b"250 2.0.0 Ok: queued as 1\r\n")
            self._go_on()


async def serve(log: BinaryIO | None, gap: float) -> None:
    """Take mail on a free loopback port until standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(log, gap), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads the port
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--gap", type=float, default=0.0)
    chosen = parser.parse_args()
    log = chosen.log.open("ab") if chosen.log else None
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    asyncio.run(serve(log, chosen.gap))


if __name__ == "__main__":
    main()
