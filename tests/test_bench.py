"""A bench ends with a figure or with a reason, never by waiting for ever."""

import asyncio
import json
import socket
import sys
from asyncio.subprocess import PIPE
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bench import compare
from bench.limits import Limit, judged
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
            sys.executable, "bench/sms.py", *words, cwd=ROOT, stdout=PIPE, stderr=PIPE
        )
        out, err = await process.communicate()

    found = json.loads(out)
    ratios = [line["ratio"] for line in found["sms"]]
    said = ["holds" if ratio >= 1 else "MISSED" for ratio in ratios]  # forty are too few for a figure to hold
    assert [line["at_once"] for line in found["sms"]] == [2, 4]
    assert all(ratio > 0 for ratio in ratios)
    assert [line.split()[0] for line in err.decode().splitlines()] == said
    assert process.returncode == (1 if "MISSED" in said else 0)


@pytest.mark.prove
async def test_the_same_kills_are_counted_for_a_cursor_and_for_our_own_way() -> None:
    words = ("--recipients", "1500", "--kills", "2", "--lanes", "4")
    async with asyncio.timeout(90):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "bench/control.py", *words, cwd=ROOT, stdout=PIPE, stderr=PIPE
        )
        out, err = await process.communicate()

    assert process.returncode == 0, err
    cursor, intent = (
        line.split(" | ") for line in out.decode().splitlines() if line.startswith(("| a c", "| each"))
    )
    assert int(cursor[3]) > int(intent[3])
    assert [line.split()[0] for line in out.decode().splitlines()[-3:]] == ["holds"] * 3


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        (Limit("ours", 1.02, most=1.5, goal=0.9), "holds  ours: 1.02 (at most 1.5 is due; the goal is 0.9)"),
        (Limit("ours", 1.5, most=1.5), "holds  ours: 1.5 (at most 1.5 is due)"),
        (Limit("ours", 1.51, most=1.5, goal=0.9), "MISSED ours: 1.51 (at most 1.5 is due; the goal is 0.9)"),
        (Limit("ours", 0.99, least=1), "MISSED ours: 0.99 (at least 1 is due)"),
    ],
)
def test_a_bench_ends_with_what_is_due_and_whether_it_holds(limit: Limit, line: str) -> None:
    out = StringIO()

    code = judged([Limit("another", 1, least=1), limit], out)

    assert out.getvalue().splitlines()[1] == line
    assert code == line.startswith("MISSED")


def test_all_that_is_due_of_the_fan_out_is_judged() -> None:
    row = {
        "recipients": 60_000,
        "ours_over_smtp_source": 1.02,
        "receipts_cost": 0.31,
        "last_tenth_over_first": 1,
    }
    found = {
        "sizes": [row],
        "ours_over_django": 9.9,
        "sender_memory_ratio": 1.6,
        "planner_memory_ratio": 1.04,
        "million": {"over_linear": 1.3},
    }

    missed = [limit.what for limit in compare.limits(found) if not limit.holds]

    assert missed == [
        "what the receipts cost with 60,000 recipients",
        "ours to Django's loop",
        "the sender's memory to that for 5,000",
        "1,000,000 recipients to linear",
    ]


async def test_the_ledgers_are_measured_side_by_side() -> None:
    command = [sys.executable, "bench/ledger.py", "--recipients", "700", "--rounds", "1", "--json"]
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()

    found = json.loads(out)
    assert process.returncode == (1 if b"MISSED" in err else 0), err
    assert "sqlite, 1 sender" in found
    assert all(figures["rows_per_second"] > 0 for figures in found.values())
