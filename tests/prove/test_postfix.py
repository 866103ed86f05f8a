"""A real Postfix takes what leaves: with its rate limit on, signed by one make and verified by another."""

import asyncio
import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dkim
import pytest

from tests.doubles.smtp import TLS_KEYS
from tests.faults.house import open_house
from tests.prove.postfix import PASSWORD, REALM, USER, free_port, lacking, postfix

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")

SELECTOR, DOMAIN = "s1", "univoque.example"


@pytest.mark.parametrize("recipients", [50, pytest.param(5_000, marks=pytest.mark.prove)])
async def test_a_postfix_that_limits_our_rate_gets_everything_in_the_end(
    tmp_path: Path, recipients: int
) -> None:
    limit, unit = (300 if recipients > 300 else 25), 2
    (tmp_path / "hub").mkdir()
    async with open_house(tmp_path / "hub", lanes=8) as house:
        relay = await asyncio.to_thread(
            lambda: postfix(tmp_path / "postfix", next_hop=house.relay.port, limit=limit, unit=unit)
        )
        with relay as mta:
            house.settings.update(mta.settings())
            dispatch = await house.plan(recipients)
            async with house.sending():
                await house.finished(dispatch, 300)
            await house.taken(recipients, 300)

        row = await house.row("F4", "Postfix with its rate limit", dispatch)
    limited = mta.log.count("Message delivery request rate limit exceeded")
    print(f"{recipients} through Postfix, {limited} times told to wait: {row}")  # noqa: T201
    assert limited > 0
    assert (row.lost, row.repeats, row.uncertain, row.wrong_state) == (0, 0, 0, 0)
    assert all(
        b"with ESMTPSA id" in mail.content for mail in house.relay.messages
    )  # RFC 3848: TLS and a login


@contextmanager
def signer(folder: Path) -> Iterator[tuple[int, str]]:
    """An opendkim that signs what Postfix takes; its port, and the key's record."""
    if not shutil.which("opendkim", path="/usr/sbin:/usr/bin"):
        pytest.skip("opendkim is not installed (Debian: opendkim)")
    folder.mkdir()
    key = folder / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    public = ["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"]
    octets = subprocess.run(public, check=True, capture_output=True).stdout
    port = free_port()
    (folder / "opendkim.conf").write_text(
        f"Mode s\nSocket inet:{port}@127.0.0.1\nDomain {DOMAIN}\nSelector {SELECTOR}\nKeyFile {key}\n"
        "Canonicalization relaxed/simple\nSyslog no\nBackground no\nRequireSafeKeys no\nInternalHosts 0.0.0.0/0\n"
    )
    process = subprocess.Popen(["/usr/sbin/opendkim", "-f", "-x", str(folder / "opendkim.conf")])
    try:
        yield port, f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"
    finally:
        process.terminate()
        process.wait()


async def test_what_one_make_signs_on_its_way_another_verifies_and_swaks_sends_the_same(
    tmp_path: Path,
) -> None:
    if not shutil.which("swaks"):
        pytest.skip("swaks is not installed (Debian: swaks)")
    (tmp_path / "hub").mkdir()
    async with open_house(tmp_path / "hub") as house:
        with signer(tmp_path / "dkim") as (milter, record):
            more = f"smtpd_milters = inet:127.0.0.1:{milter}\nmilter_default_action = tempfail"
            with postfix(tmp_path / "postfix", next_hop=house.relay.port, more=more) as mta:
                house.settings.update(mta.settings())
                dispatch = await house.plan(20)
                async with house.sending():
                    await house.finished(dispatch, 60)
                await house.taken(20, 60)
                ours = list(house.relay.messages)
                file = tmp_path / "message"
                file.write_bytes(_as_it_left(ours[0].content).removesuffix(b"\r\n").replace(b"\r\n", b"\n"))
                await _by_swaks(mta.port, file)
                await house.taken(21, 60)
    again = house.relay.messages[-1]

    verified = [
        dkim.verify(message.content, dnsfunc=lambda *_, **__: record.encode()) for message in (*ours, again)
    ]

    assert verified == [True] * 21
    assert _as_it_left(again.content) == _as_it_left(ours[0].content)
    broken = ours[0].content.replace(b"Bonjour", b"Bonsoir")
    assert not dkim.verify(broken, dnsfunc=lambda *_, **__: record.encode())


def _as_it_left(content: bytes) -> bytes:
    """Without what the relay put before it: its trace and its signature."""
    return re.sub(rb"(?s)^((Received|DKIM-Signature|DKIM-Filter):.*?\r\n(?![ \t]))+", b"", content)


async def _by_swaks(port: int, file: Path) -> None:
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--tls", "--tls-ca-path", str(TLS_KEYS / "ca.pem")]
    command += [
        "--tls-verify",
        "--auth",
        "PLAIN",
        "--auth-user",
        f"{USER}@{REALM}",
        "--auth-password",
        PASSWORD,
    ]
    command += ["--from", "directives@univoque.example", "--to", "person-1@example.org", "--data", f"@{file}"]
    command += ["--helo", "swaks.univoque.example"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-3000:]
