"""Directives and their revisions, with the blocks that were submitted and approved."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, and_, delete, func, insert, select, update

from hub.errors import NotFound, Refusal
from hub.facts.reference import reference_code
from hub.model.directive import Directive
from hub.model.message import Block, Blocks, ChannelName, Variant
from hub.model.review import Finding, Kind, Mode, Stage
from hub.model.revision import Revision
from hub.store import tables
from hub.store.engine import Tx

_SHEET = TypeAdapter(Directive)
_BLOCK = TypeAdapter(Block)
_FINDINGS = TypeAdapter(tuple[Finding, ...])

PUBLISHED = (Stage.APPROVED, Stage.SUPERSEDED, Stage.CANCELLED, Stage.EXPIRED)
"""The stages that the public may see."""


async def register(tx: Tx, directive: str) -> str:
    """Make sure that the directive has its identity, and return its reference code, which never moves."""
    known = (
        await tx.execute(select(tables.directives.c.code).where(tables.directives.c.id == directive))
    ).scalar()
    if known:
        return str(known)
    code = reference_code(directive)
    other = (
        await tx.execute(select(tables.directives.c.id).where(tables.directives.c.code == code))
    ).scalar()
    if other:
        raise Refusal(
            f"the id {directive!r} has the same reference code as {other!r}; take a slightly other id"
        )
    await tx.execute(insert(tables.directives).values(id=directive, code=code))
    return code


async def put(tx: Tx, revision: Revision, blocks: Blocks, digests: Mapping[Variant, str]) -> None:
    """Keep an unapproved revision with its blocks, in place of what stood there."""
    where = {"directive": revision.directive.id, "revision": revision.number}
    await tx.execute(delete(tables.blocks).filter_by(**where))
    await tx.execute(
        delete(tables.revisions).filter_by(directive=revision.directive.id, number=revision.number)
    )
    await tx.execute(
        insert(tables.revisions).values(
            directive=revision.directive.id,
            number=revision.number,
            stage=revision.stage,
            kind=revision.kind,
            mode=revision.mode,
            sheet=_SHEET.dump_python(revision.directive, mode="json"),
            sheet_digest=revision.sheet_digest,
            words_digest=revision.words_digest,
            approval_digest=revision.approval_digest,
            editors=list(revision.editors),
            submitted_by=revision.submitted_by,
            submitted_at=revision.submitted_at,
            audience_count=revision.audience_count,
            expires_at=revision.expires_at,
            findings=_FINDINGS.dump_python(revision.findings, mode="json"),
        )
    )
    if blocks:
        await tx.execute(
            insert(tables.blocks),
            [
                {**where, **variant._asdict(), "block": asdict(block), "digest": digests[variant]}
                for variant, block in blocks.items()
            ],
        )


async def approve(
    tx: Tx,
    directive: str,
    number: int,
    *,
    by: str,
    at: datetime,
    kind: Kind = Kind.NEW,
    audience: int | None = None,
) -> None:
    """Put a submitted revision in force; the one before it is superseded; the first publication never moves.

    A cancellation puts nothing in force: its stage says so, and what it cancels is superseded. `audience` is its
    count at this moment, which is what was approved; without it the submitted count stays.
    """
    own = and_(tables.revisions.c.directive == directive, tables.revisions.c.number == number)
    before = and_(
        tables.revisions.c.directive == directive,
        tables.revisions.c.number < number,
        tables.revisions.c.stage == Stage.APPROVED,
    )
    stage = Stage.CANCELLED if kind == Kind.CANCEL else Stage.APPROVED
    await tx.execute(update(tables.revisions).where(before).values(stage=Stage.SUPERSEDED))
    approval: dict[str, Any] = {"stage": stage, "approved_by": by, "approved_at": at}
    if audience is not None:
        approval["audience_count"] = audience
    await tx.execute(update(tables.revisions).where(own).values(approval))
    await tx.execute(
        update(tables.directives)
        .where(tables.directives.c.id == directive, tables.directives.c.first_published_at.is_(None))
        .values(first_published_at=at)
    )


async def find(tx: Tx, directive: str, number: int | None = None) -> Revision | None:
    """A revision, the latest when no number is given."""
    query = _query().where(tables.revisions.c.directive == directive)
    if number is not None:
        query = query.where(tables.revisions.c.number == number)
    row = (await tx.execute(query.order_by(tables.revisions.c.number.desc()).limit(1))).first()
    return _revision(row) if row else None


async def get(tx: Tx, directive: str, number: int | None = None) -> Revision:
    """Raises NotFound."""
    revision = await find(tx, directive, number)
    if revision is None:
        which = f"directive {directive!r}{f', revision {number}' if number else ''}"
        raise NotFound(f"{which}; `univoque status` lists what there is")
    return revision


async def published(tx: Tx) -> list[Revision]:
    """The latest published revision of every directive, newest approval first."""
    return [_revision(row) for row in await tx.execute(_only_published(_query()))]


async def published_keys(tx: Tx) -> list[tuple[str, int, Stage, datetime]]:
    """The same without the sheets: directive, number, stage and when it was approved."""
    t = tables.revisions.c
    query = _only_published(select(t.directive, t.number, t.stage, t.approved_at))
    return [(id_, number, Stage(stage), at) for id_, number, stage, at in await tx.execute(query)]


def _only_published(query: Select[Any]) -> Select[Any]:
    latest = (
        select(tables.revisions.c.directive, func.max(tables.revisions.c.number).label("number"))
        .where(tables.revisions.c.stage.in_(PUBLISHED))
        .group_by(tables.revisions.c.directive)
        .subquery()
    )
    one = and_(
        latest.c.directive == tables.revisions.c.directive, latest.c.number == tables.revisions.c.number
    )
    return query.join(latest, one).order_by(
        tables.revisions.c.approved_at.desc(), tables.revisions.c.directive
    )


async def unapproved(tx: Tx) -> list[Revision]:
    """Drafts and submissions that wait, by id."""
    query = _query().where(tables.revisions.c.stage.in_((Stage.DRAFT, Stage.SUBMITTED)))
    return [_revision(row) for row in await tx.execute(query.order_by(tables.revisions.c.directive))]


async def history(tx: Tx, directive: str) -> list[Revision]:
    """All published revisions of a directive, oldest first."""
    query = _query().where(tables.revisions.c.directive == directive, tables.revisions.c.stage.in_(PUBLISHED))
    return [_revision(row) for row in await tx.execute(query.order_by(tables.revisions.c.number))]


async def blocks(
    tx: Tx, directive: str, number: int, *, channel: ChannelName | None = None
) -> dict[Variant, Block]:
    """The blocks of a revision, as they were submitted; of one channel where one is named."""
    query = select(tables.blocks).filter_by(directive=directive, revision=number)
    if channel is not None:
        query = query.where(tables.blocks.c.channel == channel)
    return {
        Variant(row.sector, row.audience, row.channel, row.language): _BLOCK.validate_python(row.block)
        for row in await tx.execute(query)
    }


async def digests(tx: Tx, directive: str, number: int) -> dict[Variant, str]:
    """The digests of the blocks of a revision."""
    columns = tables.blocks.c
    query = select(columns.sector, columns.audience, columns.channel, columns.language, columns.digest).where(
        columns.directive == directive, columns.revision == number
    )
    return {
        Variant(row.sector, row.audience, row.channel, row.language): row.digest
        for row in await tx.execute(query)
    }


def sheet_json(directive: Directive) -> Any:
    """A directive as JSON values, in the one form that is kept and digested."""
    return _SHEET.dump_python(directive, mode="json")


def _query() -> Select[Any]:
    return select(tables.revisions, tables.directives.c.code, tables.directives.c.first_published_at).join(
        tables.directives, tables.directives.c.id == tables.revisions.c.directive
    )


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        directive=_SHEET.validate_python(row.sheet),
        number=row.number,
        stage=Stage(row.stage),
        kind=Kind(row.kind),
        mode=Mode(row.mode),
        code=row.code,
        sheet_digest=row.sheet_digest,
        words_digest=row.words_digest,
        approval_digest=row.approval_digest,
        editors=tuple(row.editors),
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        audience_count=row.audience_count,
        expires_at=row.expires_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        first_published_at=row.first_published_at,
        findings=_FINDINGS.validate_python(row.findings),
    )
