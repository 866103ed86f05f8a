"""The doubles do what their scripts say, count as they should, and write down what they took."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from channels.contract import Unavailable
from channels.smtp import EmailChannel
from tests.channels.settings import NOW, WORDS, Email, outgoing
from tests.doubles import script
from tests.doubles.script import Answer, Deaf, Drip, Fault, Line, Script, Slow
from tests.doubles.smtp import SmtpDouble, read_record
from tests.doubles.twilio import TwilioDouble
from tests.processes import ROOT

NO = "450 4.7.1 No"


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        (Line("rcpt", NO), [NO, None, None, None]),
        (Line("rcpt", NO, times=None), [NO, NO, NO, NO]),
        (Line("rcpt", NO, after=2), [None, None, NO, None]),
        (Line("rcpt", NO, every=2, times=None), [None, NO, None, NO]),
        (Line("rcpt", NO, per="recipient"), [NO, NO, None, None]),
        (Line("rcpt", NO, to="b"), [None, NO, None, None]),
        (Line("rcpt", NO, connection=2, times=None), [None, NO, None, NO]),
        (Line("rcpt", NO, per="connection", after=1), [None, None, NO, NO]),
        (Line("mail", NO, times=None), [None, None, None, None]),
    ],
)
def test_a_line_is_the_answer_at_its_moments_alone(line: Line, answers: list[Answer | None]) -> None:
    played = Script([line])

    found = [
        played.answer("rcpt", recipient=to, connection=connection)
        for to, connection in (("a", 1), ("b", 2), ("a", 1), ("b", 2))
    ]

    assert found == answers


def test_a_line_that_is_used_up_leaves_its_moment_to_the_next() -> None:
    played = Script([Line("rcpt", NO), Line("rcpt", Fault.CUT)])

    found = [played.answer("rcpt", recipient="a", connection=1) for _ in range(3)]

    assert found == [NO, Fault.CUT, None]


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    answers = [NO, "cut", "hang", {"slow": 2}, {"drip": 0.5}, {"deaf": 1}]
    file.write_text(json.dumps([{"phase": "dot", "answer": answer, "times": None} for answer in answers]))

    lines = script.load(file)

    assert [line.answer for line in lines] == [NO, Fault.CUT, Fault.HANG, Slow(2), Drip(0.5), Deaf(1)]
    assert {line.times for line in lines} == {None}


async def test_a_server_of_its_own_process_follows_its_script_and_records_byte_for_byte(
    tmp_path: Path,
) -> None:
    (tmp_path / "script.json").write_text(
        json.dumps([{"phase": "rcpt", "answer": NO, "to": "a@example.org"}])
    )
    command = [sys.executable, "-m", "tests.doubles.smtp", "--script", str(tmp_path / "script.json")]
    command += ["--record", str(tmp_path / "record")]
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    assert process.stdout is not None
    mail = EmailChannel(Email(port=int(await process.stdout.readline())), mode="Exercise", now=lambda: NOW)
    body = mail.prepare(WORDS, stream="directives", headers={})

    async with mail.lane() as lane:
        with pytest.raises(Unavailable):
            await lane.send(outgoing(body, "a@example.org"))
        await lane.send(outgoing(body, "b@example.org"))
    process.kill()
    await process.wait()

    (taken,) = read_record(tmp_path / "record")
    async with SmtpDouble() as here:
        mail = EmailChannel(Email(port=here.port), mode="Exercise", now=lambda: NOW)
        async with mail.lane() as lane:
            await lane.send(outgoing(mail.prepare(WORDS, stream="directives", headers={}), "b@example.org"))
    assert (taken.recipient, taken.content) == ("b@example.org", here.messages[0].content)
    assert taken.message_id.endswith("@univoque.example")


def test_callbacks_come_in_any_order_and_more_than_once() -> None:
    provider = TwilioDouble()
    for number in range(3):
        provider._take({"To": f"+3247000000{number}", "Body": "x"})

    story = provider.scrambled(Random(1))

    told = [(sms.sid, status) for sms, status in story]
    assert sorted(told) == sorted(
        [(sms.sid, status) for sms in provider.messages for status in ("sent", "delivered")] * 2
    )
    assert told != sorted(told)
