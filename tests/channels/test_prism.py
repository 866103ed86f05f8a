"""All calls to Twilio, and the double's answers, held to Twilio's own description by a stranger: Prism.

Prism stands between the channel and the double and refuses whatever the document does not describe, in either
direction. It comes from npm; `make prove` installs it into a directory of its own where node is there.
"""

import asyncio
import gzip
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels import probe
from channels.contract import ChannelError, Outgoing, Words
from channels.sms import SmsChannel
from tests.channels.settings import NOW, Sms
from tests.doubles.twilio import Problem, TwilioDouble

pytestmark = pytest.mark.prove

DOCUMENT = "twilio_api_v2010.openapi.json.gz"
PRISM = "@stoplight/prism-cli@5"
NUMBER = "+32470123456"
PLACES = (Path(__file__).parents[2] / "shared" / "data", Path(__file__).parents[3] / "shared" / "data")
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages"
ACCOUNT = "/2010-04-01/Accounts/{Sid}.json"
NUMBERS = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json"


@pytest.fixture(scope="module")
def document() -> Path:
    """Twilio's OpenAPI document: beside the project, or where UNIVOQUE_TWILIO_OPENAPI says."""
    named = os.environ.get("UNIVOQUE_TWILIO_OPENAPI")
    for file in [Path(named)] if named else [place / DOCUMENT for place in PLACES]:
        if file.is_file():
            return file
    pytest.skip(f"{DOCUMENT} is not there; name it in UNIVOQUE_TWILIO_OPENAPI")


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prism's command; UNIVOQUE_PRISM names one that is installed already."""
    if named := os.environ.get("UNIVOQUE_PRISM"):
        return Path(named)
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Prism needs node and npm, which are not there")
    folder = tmp_path_factory.mktemp("prism")

    async def install() -> str:
        words = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), PRISM)
        process = await asyncio.create_subprocess_exec(
            npm, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(180):
            _, said = await process.communicate()
        return said.decode() if process.returncode else ""

    if said := asyncio.run(install()):
        pytest.skip(f"npm cannot install Prism: {said.strip().splitlines()[-1]}")
    return folder / "node_modules" / ".bin" / "prism"


def excerpt(document: Path, folder: Path) -> Path:
    """What we call of the document: Prism takes ten seconds to read it whole."""
    described = json.loads(gzip.decompress(document.read_bytes()))
    keep = {f"{MESSAGES}.json", f"{MESSAGES}/{{Sid}}.json", ACCOUNT, NUMBERS}
    described["paths"] = {path: what for path, what in described["paths"].items() if path in keep}
    # The document calls the pages' addresses "uri", and all of its own examples are relative.
    text = json.dumps(described).replace('"format": "uri"', '"format": "uri-reference"')
    file = folder / "twilio.json"
    file.write_text(text)
    return file


@asynccontextmanager
async def between(prism: Path, described: Path, provider: TwilioDouble) -> AsyncIterator[str]:
    """Prism before the double: its address. What the document does not describe, it answers with an error."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (str(prism), "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port))
    process = await asyncio.create_subprocess_exec(
        *command, str(described), provider.url, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            assert process.stdout is not None
            while b"Prism is listening" not in (line := await process.stdout.readline()):
                assert line, "Prism ended before it listened"
        drained = asyncio.create_task(process.stdout.read())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
    await drained


@pytest.fixture
async def judged(prism: Path, document: Path, tmp_path: Path) -> AsyncIterator[tuple[str, TwilioDouble]]:
    async with (
        TwilioDouble() as provider,
        between(prism, excerpt(document, tmp_path), provider) as url,
    ):
        yield url, provider


def channel(url: str, session: aiohttp.ClientSession, **settings: Any) -> SmsChannel:
    sms = Sms(**{"base_url": url, "timeout": timedelta(seconds=20), **settings})
    return SmsChannel(
        sms, mode="Exercise", now=lambda: NOW, site_url="https://univoque.example", session=session
    )


def message(body: object) -> Outgoing:
    attempt = "1-1-1-0123456789abcdef0123"
    return Outgoing(
        body, NUMBER, "key", attempt, NOW + timedelta(days=2), "https://univoque.example/u/Zx81kQ", None
    )


@pytest.mark.parametrize("sender", ["+32470000000", "MG" + "0" * 32])
async def test_what_is_sent_listed_and_fetched_is_as_twilio_describes_it(
    judged: tuple[str, TwilioDouble], sender: str
) -> None:
    url, provider = judged
    async with aiohttp.ClientSession() as session:
        sms = channel(url, session, sender=sender)
        words = Words("", "Visites : é&+=~ €\n日本 prenez rendez-vous.", None, "fr")
        async with sms.lane() as lane:
            receipt = await lane.send(message(sms.prepare(words, stream="directives", headers={})))
        listed = await sms.sent_to(NUMBER)
        provider.messages[0].status = "delivered"
        fetched = await sms.trace(receipt.provider_id)
        day = [trace async for trace in sms.sent_on(datetime.now(UTC).date())]

    assert [trace.provider_id for trace in listed] == [receipt.provider_id]
    assert listed[0].text == provider.messages[0].body == words.text
    assert fetched is not None
    assert fetched.outcome == "delivered"
    assert [trace.provider_id for trace in day] == [receipt.provider_id]


@pytest.mark.parametrize("sender", ["+32470000000", "MG" + "0" * 32])
async def test_what_the_doctor_asks_is_as_twilio_describes_it(
    judged: tuple[str, TwilioDouble], sender: str
) -> None:
    url, _ = judged
    settings = Sms(base_url=url, timeout=timedelta(seconds=20), sender=sender)
    async with aiohttp.ClientSession() as session:
        met = await probe.provider(settings, mode="Exercise", http=session)

    assert "knows the account" in met.says
    assert met.date is not None


async def test_the_doctor_hears_through_it_of_a_number_that_is_not_ours(
    judged: tuple[str, TwilioDouble],
) -> None:
    url, provider = judged
    provider.numbers.clear()
    settings = Sms(base_url=url, timeout=timedelta(seconds=20))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ChannelError, match="no such number"):
            await probe.provider(settings, mode="Exercise", http=session)


async def test_prism_would_have_said_so(judged: tuple[str, TwilioDouble]) -> None:
    """The control: what the document does not allow is refused, in either direction."""
    url, provider = judged
    login = aiohttp.encode_basic_auth(provider.account_sid, provider.token)
    path = f"{url}/2010-04-01/Accounts/{provider.account_sid}/Messages.json"
    async with aiohttp.ClientSession(headers={"Authorization": login}) as session:
        async with session.post(path, data={"Body": "nobody to send it to"}) as without_number:
            pass
        provider.account_sid = "AC-none"
        provider.next(Problem(201))
        async with session.post(path, data={"To": NUMBER, "Body": "x"}) as odd_answer:
            said = await odd_answer.text()

    assert without_number.status == 422
    assert odd_answer.status == 500
    assert "VIOLATIONS" in said
