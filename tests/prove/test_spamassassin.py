"""SpamAssassin's local rules find nothing in any of our templates."""

import mailbox
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from channels import email
from channels.contract import Words
from hub import gate
from hub.intake import file
from hub.model.directive import LANGUAGES, Directive
from hub.model.review import Kind
from hub.now import midnight
from hub.render.frame import frame_of
from tests import a
from tests.channels.settings import NOW, Email, outgoing

MOST = 1.0

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(not shutil.which("spamassassin"), reason="not installed (Debian: spamassassin)"),
]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.MINOR])
def test_every_template_scores_at_most_one(tmp_path: Path, kind: Kind) -> None:
    names = _mails(tmp_path / "mails", kind)
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
    rules = b", ".join(tests).decode()
    print(f"{kind.value}: {len(scores)} mails, at most {max(scores)}; rules: {rules}")  # noqa: T201
    assert len(scores) == len(names) > (400 if kind == Kind.NEW else 60)
    assert {name: score for name, score in zip(names, scores, strict=True) if score > MOST} == {}


def _mails(mails: Path, kind: Kind) -> list[str]:
    """One mail per act, audience and language, as it leaves; their names.

    A later revision says the same of itself whatever the act, so those are of the first act of each scenario.
    """
    settings = a.config(mails.parent, service__base_url="https://directives.example")
    box = mailbox.mbox(mails)
    names: dict[str, None] = {}
    firsts = [file.read(path, a.REGISTER).directives[0] for path in a.SCENARIOS]
    for act in a.real().values() if kind == Kind.NEW else firsts:
        frame = frame_of(act, settings, a.WORDING, a.REGISTER, kind=kind)
        sheet = a.sheet(act, others=a.real())
        if kind != Kind.NEW:
            sheet = replace(sheet, kind=kind, earlier=(_earlier(act),))
        case = gate.open_case(sheet, frame, languages=LANGUAGES, at=None)
        for variant, message in case.messages.items():
            name = f"{act.id} {variant.audience} {variant.language}"
            if variant.channel == "email" and name not in names:
                names[name] = None
                box.add(
                    message_from_bytes(_wire(message.subject, message.text, message.html, variant.language))
                )
    box.close()
    return list(names)


def _earlier(act: Directive) -> Directive:
    """What readers hold: it ended a week later, or at all, so that there is a change to tell."""
    ended = act.effective_to or (act.effective_from or midnight(act.issued or date(2020, 3, 10)))
    return replace(act, effective_to=ended + timedelta(days=7))


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
