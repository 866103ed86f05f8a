"""The wire against a far side that speaks HTTP in every way it may, and in some that it may not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from channels.contract import PERSONAL_LINK, Unavailable, Uncertain, WrongSettings
from channels.sms import PreparedSms
from channels.twilio_wire import Answer, Endpoint, Wire

CREATED = b'{"sid": "SM1"}'
PLAIN = b"HTTP/1.1 201 CREATED\r\nContent-Length: 14\r\n\r\n" + CREATED
PATIENCE = timedelta(seconds=0.5)


class FarSide:
    """Answers each request with the next script; a script is pieces of octets, and None ends the connection."""

    def __init__(self, *scripts: list[bytes | None]) -> None:
        self.scripts = list(scripts)
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["FarSide"]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    def wire(self) -> Wire:
        return Wire(endpoint(f"http://127.0.0.1:{self.port}"))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.scripts:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                for piece in self.scripts.pop(0):
                    if piece is None:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.001)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def endpoint(base_url: str) -> Endpoint:
    return Endpoint(base_url, "/Messages.json", login=("AC1", "token"), timeout=PATIENCE)


@pytest.mark.parametrize(
    "script",
    [
        [PLAIN],
        [bytes([octet]) for octet in PLAIN],
        [PLAIN.replace(b"Content-Length: ", b"content-length:")],
        [b"HTTP/1.1 201 CREATED\r\nTransfer-Encoding: chunked\r\n\r\n", b"7\r\n" + CREATED[:7] + b"\r\n", b"7;x=1\r\n"
         + CREATED[7:] + b"\r\n0\r\n", b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + PLAIN],
        [b"HTTP/1.0 201 CREATED\r\n\r\n", CREATED[:5], CREATED[5:], None],
        [b"HTTP/1.1 201\r\nContent-Length: 14\r\n\r\n" + CREATED],
    ],
    ids=["whole", "octet by octet", "no space", "chunked", "interim", "interim at once", "until the end", "no reason"],
)  # fmt: skip
async def test_an_answer_is_read_however_it_is_framed(script: list[bytes | None]) -> None:
    async with FarSide(script).listening() as far:
        answer = await far.wire().post(b"To=1")

    assert answer == Answer(201, None, CREATED)


async def test_one_connection_serves_many_requests() -> None:
    async with FarSide([PLAIN], [PLAIN], [PLAIN]).listening() as far:
        wire = far.wire()
        answers = [await wire.post(b"To=%d" % number) for number in range(3)]

    assert far.connections == 1
    assert [answer.body for answer in answers] == [CREATED] * 3
    assert [request.rpartition(b"\r\n\r\n")[2] for request in far.requests] == [b"To=0", b"To=1", b"To=2"]


@pytest.mark.parametrize(
    "script", [[PLAIN, None], [PLAIN.replace(b"\r\nC", b"\r\nConnection: close\r\nC", 1)]]
)
async def test_a_connection_that_ended_between_requests_is_opened_anew(script: list[bytes | None]) -> None:
    async with FarSide(script, [PLAIN]).listening() as far:
        wire = far.wire()
        await wire.post(b"To=1")
        await asyncio.sleep(0.05)
        answer = await wire.post(b"To=2")

    assert answer.status == 201
    assert far.connections == 2


async def test_a_farewell_that_nobody_asked_for_answers_no_later_request() -> None:
    bye = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    async with FarSide([PLAIN, bye], [PLAIN]).listening() as far:
        wire = far.wire()
        await wire.post(b"To=1")
        await asyncio.sleep(0.05)
        answer = await wire.post(b"To=2")

    assert answer.status == 201


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([None], "connection-lost"),
        ([PLAIN[:30], None], "connection-lost"),
        ([PLAIN[:-3], None], "connection-lost"),
        ([b"HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", None], "connection-lost"),
        ([PLAIN[:-3]], "timeout"),
        ([b""], "timeout"),
        ([b"SMTP 220 ready\r\n\r\n"], "garbled-answer"),
        ([b"HTTP/1.1 201 C\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (1 << 20)], "garbled-answer"),
    ],
)
async def test_an_answer_that_does_not_come_whole_is_uncertain(script: list[bytes | None], code: str) -> None:
    async with FarSide(script, [PLAIN]).listening() as far:
        wire = far.wire()
        with pytest.raises(Uncertain) as uncertain:
            await wire.post(b"To=1")
        answer = await wire.post(b"To=2")

    assert uncertain.value.code == code
    assert answer.status == 201


async def test_a_wait_is_read_as_far_as_it_is_a_number() -> None:
    slow = b"HTTP/1.1 429 Too Many\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n"
    async with FarSide([slow % b"7"], [slow % b"Fri, 17 Apr 2020 08:00:00 GMT"]).listening() as far:
        wire = far.wire()
        answers = [await wire.post(b"To=1"), await wire.post(b"To=1")]

    assert [answer.retry_after for answer in answers] == [timedelta(seconds=7), None]


async def test_a_request_that_was_given_up_leaves_no_answer_to_the_next() -> None:
    late = b"HTTP/1.1 201 CREATED\r\nContent-Length: 14\r\n\r\n" + CREATED.replace(b"SM1", b"SM0")
    async with FarSide([b"", late], [PLAIN]).listening() as far:
        wire = far.wire()
        task = asyncio.create_task(wire.post(b"To=1"))
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.wait([task])
        answer = await wire.post(b"To=2")

    assert answer.body == CREATED


async def test_nobody_there_means_that_nothing_left() -> None:
    async with FarSide().listening() as far:
        port = far.port

    with pytest.raises(Unavailable) as unavailable:
        await Wire(endpoint(f"http://127.0.0.1:{port}")).post(b"To=1")

    assert (unavailable.value.code, unavailable.value.counts) == ("connect", False)


async def test_a_far_side_without_tls_gets_no_form_in_clear() -> None:
    async with FarSide([PLAIN]).listening() as far:
        with pytest.raises(Unavailable) as unavailable:
            await Wire(endpoint(f"https://127.0.0.1:{far.port}")).post(b"To=1")

    assert far.requests == []
    assert unavailable.value.counts is False


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:99999", "http://[::1", "http://ex ample:x"])
async def test_an_address_that_is_none_is_named(base_url: str) -> None:
    with pytest.raises(WrongSettings, match=r"sms\.base_url"):
        endpoint(base_url)


async def test_the_head_names_host_account_and_length() -> None:
    async with FarSide([PLAIN]).listening() as far:
        await far.wire().post(b"To=1")

    head = far.requests[0].decode().split("\r\n")
    assert head[:3] == [
        "POST /Messages.json HTTP/1.1",
        f"Host: 127.0.0.1:{far.port}",
        "Authorization: Basic QUMxOnRva2Vu",
    ]
    assert "Content-Length: 4" in head


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_it_works_on_either_event_loop(loop: str) -> None:
    """`serve` runs on uvloop where it is installed; the other tests do not."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if loop == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    async def post() -> Answer:
        async with FarSide([PLAIN]).listening() as far:
            wire = far.wire()
            try:
                return await wire.post(b"To=1")
            finally:
                wire.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        answer = runner.run(post())

    assert answer.status == 201


@pytest.mark.parametrize(
    "text", ["é&=+%\n ~€", f"Stop: {PERSONAL_LINK} &", f"{PERSONAL_LINK}{PERSONAL_LINK}", "日本"]
)
def test_a_body_is_read_back_as_it_was_meant(text: str) -> None:
    link = "https://univoque.example/u/Zx81kQ?a=b"

    form = PreparedSms(text).body(link)

    assert parse_qsl(f"Body={form}", keep_blank_values=True) == [("Body", text.replace(PERSONAL_LINK, link))]


def test_a_personal_link_counts_in_what_a_message_costs() -> None:
    prepared = PreparedSms("x" * 130 + PERSONAL_LINK)

    assert prepared.units("https://u.example/u/1") == 1
    assert prepared.units("https://univoque.example/u/Zx81kQ") == 2
