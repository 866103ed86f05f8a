"""A named person lets one finding pass, with a reason; the waiver holds for this sheet alone and is journalled."""

import re

from hub.context import Hub
from hub.errors import NotAllowed, NotFound, Refusal
from hub.gate.conflict import CONTRADICTION
from hub.model.directive import Text
from hub.model.review import Finding, Level, Waiver
from hub.model.staff import Role, Staff
from hub.plain import clean
from hub.store import directives, journal, waivers

SIGNERS = frozenset({Role.EDITOR, Role.APPROVER})


async def waive(
    hub: Hub,
    directive: str,
    code: str,
    *,
    cell: str,
    by: Staff,
    reason: str,
    translations: Text | None = None,
) -> Waiver:
    """Sign a waiver for a finding of the latest draft or submission.

    `reason` is in the first language of the service, `translations` in others. That of a contradiction is printed.
    Raises NotFound for a finding that does not stand there, Refusal for one that nobody may waive or for such words.
    """
    if not by.roles & SIGNERS:
        raise NotAllowed(f"{by.name} is neither editor nor approver")
    words = {hub.config.service.languages[0]: reason.strip(), **(translations or {})}
    words = {language: _word(text, printed=code == CONTRADICTION) for language, text in words.items()}
    async with hub.store.write() as tx:
        revision = await directives.get(tx, directive)
        finding = _find(revision.findings, code, cell)
        if not finding.waivable:
            raise Refusal(f"{code} cannot be waived: {finding.remedy}")
        if finding.level != Level.BLOCKER:
            raise Refusal(f"{code} at {cell} does not block; nothing is to be waived")
        now = hub.clock.now()
        waiver = Waiver(
            directive,
            code,
            finding.where,
            revision.sheet_digest,
            by.name,
            words[hub.config.service.languages[0]],
            now,
            words,
        )
        await waivers.add(tx, waiver)
        await journal.append(
            tx,
            at=now,
            actor=by.name,
            action="waive",
            subject=directive,
            detail={
                "code": code,
                "cell": finding.where,
                "reason": waiver.reason,
                "words": words,
                "sheet": waiver.sheet_digest,
            },
        )
    return waiver


def _word(text: str, *, printed: bool) -> str:
    """A reason as it is kept. Raises Refusal for one that says too little, or that readers could not be shown."""
    if len(text.strip()) < 10:
        raise Refusal("a waiver needs a reason that a stranger understands; write one sentence")
    if not printed:
        return text.strip()
    try:
        text = clean(text)
    except ValueError as error:
        raise Refusal(f"the reason is printed for readers, and {error}") from error
    if digit := re.search(r"\d", text):
        raise Refusal(
            f"the reason is printed for readers, and holds the digit {digit.group()!r}; "
            "numbers and dates stand on the two sheets: say why, without them"
        )
    return text


def _find(findings: tuple[Finding, ...], code: str, cell: str) -> Finding:
    typed = cell.replace(" x ", " × ")  # the sign is on few keyboards
    for finding in findings:
        if finding.code == code and finding.where in (cell, typed):
            return finding
    standing = ", ".join(f"{f.code} {f.where}" for f in findings if f.level == Level.BLOCKER) or "none"
    raise NotFound(f"finding {code} at {cell!r}; blockers: {standing}")
