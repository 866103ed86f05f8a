"""A bench ends with a figure or with a reason, never by waiting for ever."""

import asyncio
import json
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.doubles.smtp import SmtpDouble

ROOT = Path(__file__).parents[1]


async def fanout(*words: str) -> tuple[Any, str, int | None]:
    """The document that it prints, what it says, and its exit code."""
    command = [sys.executable, "bench/fanout.py", "--recipients", "5", "--json", *words]
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()
    return json.loads(out or b"null"), err.decode(), process.returncode


async def test_fanning_out_prints_its_figures() -> None:
    found, _, code = await fanout()

    assert code == 0
    assert found.keys() == {
        "messages_per_second",
        "seconds",
        "peak_rss_mb",
        "recipients",
        "octets_each",
        "planned_after_s",
        "planner_rss_mb",
        "first_after_s",
        "first_tenth_s",
        "last_tenth_s",
        "octets_before",
        "octets_after",
    }
    assert found["recipients"] == 5


async def test_a_mail_server_that_is_not_there_ends_it_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    found, said, code = await fanout("--smtp", f"127.0.0.1:{port}")

    assert code == 3
    assert found["error"]["kind"] == "surroundings"
    assert f"No mail server answers at 127.0.0.1:{port}" in said
    assert "Traceback" not in said


async def test_a_mail_server_that_takes_nothing_ends_it_with_the_reason() -> None:
    async with SmtpDouble() as relay:
        relay.on("dot", "451 4.3.0 Later", times=None)

        found, said, code = await fanout("--smtp", f"127.0.0.1:{relay.port}", "--patience", "2")

    assert code == 3
    assert "has taken nothing for 2 s" in found["error"]["text"]
    assert "Traceback" not in said


async def test_what_is_no_address_is_wrong_use() -> None:
    _, said, code = await fanout("--smtp", "relay")

    assert code == 2
    assert "relay is no HOST:PORT" in said


async def test_sending_sms_prints_its_ratio_for_each_setting() -> None:
    words = ("--messages", "40", "--rounds", "1", "--at-once", "2", "4", "--json")
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "bench/sms.py", *words, cwd=ROOT, stdout=PIPE
        )
        out, _ = await process.communicate()

    found = json.loads(out)
    assert process.returncode == 0
    assert [line["at_once"] for line in found["sms"]] == [2, 4]
    assert all(line["ratio"] > 0 for line in found["sms"])


async def test_the_ledgers_are_measured_side_by_side() -> None:
    command = [sys.executable, "bench/ledger.py", "--recipients", "700", "--rounds", "1", "--json"]
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()

    assert process.returncode == 0, err
    found = json.loads(out)
    assert "sqlite, 1 sender" in found
    assert all(figures["rows_per_second"] > 0 for figures in found.values())
