"""A named person lets one finding pass, with a reason; the waiver holds for this sheet alone and is journalled."""

from hub.context import Hub
from hub.errors import NotAllowed, NotFound, Refusal
from hub.model.review import Finding, Level, Waiver
from hub.model.staff import Role, Staff
from hub.store import directives, journal, waivers

SIGNERS = frozenset({Role.EDITOR, Role.APPROVER})


async def waive(hub: Hub, directive: str, code: str, *, cell: str, by: Staff, reason: str) -> Waiver:
    """Sign a waiver for a finding of the latest draft or submission.

    Raises NotFound for a finding that does not stand there, Refusal for one that nobody may waive.
    """
    if not by.roles & SIGNERS:
        raise NotAllowed(f"{by.name} is neither editor nor approver")
    if len(reason.strip()) < 10:
        raise Refusal("a waiver needs a reason that a stranger understands; write one sentence")
    async with hub.store.write() as tx:
        revision = await directives.get(tx, directive)
        finding = _find(revision.findings, code, cell)
        if not finding.waivable:
            raise Refusal(f"{code} cannot be waived: {finding.remedy}")
        if finding.level != Level.BLOCKER:
            raise Refusal(f"{code} at {cell} does not block; nothing is to be waived")
        now = hub.clock.now()
        waiver = Waiver(directive, code, cell, revision.sheet_digest, by.name, reason.strip(), now)
        await waivers.add(tx, waiver)
        await journal.append(
            tx,
            at=now,
            actor=by.name,
            action="waive",
            subject=directive,
            detail={"code": code, "cell": cell, "reason": waiver.reason, "sheet": waiver.sheet_digest},
        )
    return waiver


def _find(findings: tuple[Finding, ...], code: str, cell: str) -> Finding:
    for finding in findings:
        if (finding.code, finding.where) == (code, cell):
            return finding
    standing = ", ".join(f"{f.code} {f.where}" for f in findings if f.level == Level.BLOCKER) or "none"
    raise NotFound(f"finding {code} at {cell!r}; blockers: {standing}")
