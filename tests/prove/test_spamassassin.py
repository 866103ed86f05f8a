"""SpamAssassin's local rules find nothing in any of our templates."""

import mailbox
import re
import shutil
import subprocess
from email import message_from_bytes
from pathlib import Path

import pytest

from channels import email
from channels.contract import Words
from hub import gate
from hub.model.directive import LANGUAGES
from hub.render.frame import frame_of
from tests import a
from tests.channels.settings import NOW, Email, outgoing

MOST = 1.0

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(not shutil.which("spamassassin"), reason="not installed (Debian: spamassassin)"),
]


def test_every_template_scores_at_most_one(tmp_path: Path) -> None:
    names = _mails(tmp_path / "mails")
    # A relay of our own in the trace would take a point off.
    command = ["spamassassin", "-L", "-x", "--cf=score ALL_TRUSTED 0", "--mbox", str(tmp_path / "mails")]

    done = subprocess.run(
        command, capture_output=True, check=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    )

    scores = [
        float(score) for score in re.findall(rb"^X-Spam-Status: \w+, score=(-?[\d.]+)", done.stdout, re.M)
    ]
    tests = sorted(
        set(
            re.findall(
                rb"[A-Z][A-Z0-9_]{4,}", b" ".join(re.findall(rb"tests=([\s\S]*?) autolearn", done.stdout))
            )
        )
    )
    print(f"{len(scores)} mails, at most {max(scores)}; rules: {b', '.join(tests).decode()}")  # noqa: T201
    assert len(scores) == len(names) > 100
    assert {name: score for name, score in zip(names, scores, strict=True) if score > MOST} == {}


def _mails(file: Path) -> list[str]:
    """One mail per scenario, audience and language, as it leaves; their names, in order."""
    settings = a.config(file.parent, service__base_url="https://directives.example")
    box = mailbox.mbox(file)
    names: dict[str, None] = {}
    for act in a.real().values():
        frame = frame_of(act, settings, a.WORDING, a.REGISTER)
        case = gate.open_case(a.sheet(act, others=a.real()), frame, languages=LANGUAGES, at=None)
        for variant, message in case.messages.items():
            name = f"{act.id} {variant.audience} {variant.language}"
            if variant.channel == "email" and name not in names:
                names[name] = None
                box.add(
                    message_from_bytes(_wire(message.subject, message.text, message.html, variant.language))
                )
    box.close()
    return list(names)


def _wire(subject: str, text: str, html: str | None, language: str) -> bytes:
    settings = Email()
    words = Words(subject, text, html, language)
    prepared = email.prepare(words, settings, stream="directives", headers={}, now=NOW)
    content = prepared.wire(outgoing(prepared), form=prepared.whole).removesuffix(b"\r\n.\r\n") + b"\r\n"
    trace = (
        b"Received: from univoque.example (univoque.example [10.1.2.3]) by mx.example.org (Postfix) with ESMTPS"
        b" id 4XYZ for <reader@example.org>; Fri, 17 Apr 2020 08:00:01 +0000\r\n"
    )
    return trace + content.replace(b"\r\n..", b"\r\n.")
