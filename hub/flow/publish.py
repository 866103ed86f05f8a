"""Renders all public pages and feeds of what is published to files: they are served when all else is down."""

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.config import Config
from hub.context import Hub
from hub.errors import refused_by_system
from hub.flow.examine import explanations
from hub.model.directive import Language
from hub.model.message import Block, Blocks, Hat, Message, Variant
from hub.model.review import Mode, Waiver
from hub.model.revision import Revision
from hub.render.frame import compose, frame_for
from hub.site import pages, shelf
from hub.site.catalogue import Catalogue, Edition, Past
from hub.site.state import changes_at
from hub.site.words import language_for, words
from hub.store import directives, waivers
from hub.store.engine import Tx

STATE = ".published.json"
"""What the files were made of, beside them; never served."""


async def publish(hub: Hub) -> None:
    """Bring the files up to date with the database. Idempotent; files that say the same stay as they are.

    Two processes that publish at once take turns, and each reads what is published when its turn has come.
    Raises EnvironmentFailed when the disk refuses; `refresh` makes up for it later.
    """
    public = hub.config.public_dir
    async with _turn(hub.config.service.data_dir):
        async with hub.store.read() as tx:
            sources = await _sources(tx)
        catalogue = _catalogue(hub, sources)
        await asyncio.to_thread(_write, public, catalogue)


async def refresh(hub: Hub) -> bool:
    """Publish where the files lag behind: something was approved, or a date passed. True when they did."""
    known = _known(hub.config.public_dir)
    async with hub.store.read() as tx:
        now_published = _fingerprint(await directives.published(tx))
    due = known.next_at is not None and known.next_at <= hub.clock.now()
    if known.fingerprint == now_published and not due:
        return False
    await publish(hub)
    return True


async def unpublished_since(hub: Hub, tx: Tx) -> datetime | None:
    """Since when the files have lagged behind what was approved; None where they do not."""
    published = await directives.published_keys(tx)
    if _known(hub.config.public_dir).fingerprint == _fingerprint_of(key[:3] for key in published):
        return None
    return max((approved_at for *_, approved_at in published), default=None)


def written_at(hub: Hub) -> datetime | None:
    """When the files last changed, by the system's clock; None before the first time."""
    try:
        return datetime.fromtimestamp((hub.config.public_dir / STATE).stat().st_mtime, UTC)
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class _Source:
    """One directive: its published revisions, oldest first, the blocks of each, and what was signed for the latest."""

    revisions: Sequence[Revision]
    blocks: Sequence[Blocks]
    waivers: Sequence[Waiver]


async def _sources(tx: Tx) -> list[_Source]:
    """What is published, newest first."""
    found = []
    for latest in await directives.published(tx):
        past = await directives.history(tx, latest.directive.id)
        revisions = [revision for revision in past if revision.number < latest.number] + [latest]
        blocks = [
            await directives.blocks(tx, latest.directive.id, revision.number, channel="web")
            for revision in revisions
        ]
        signed = await waivers.of_sheet(tx, latest.directive.id, latest.sheet_digest)
        found.append(_Source(revisions, blocks, signed))
    return found


def _catalogue(hub: Hub, sources: Sequence[_Source]) -> Catalogue:
    language = language_of(hub.config)
    return Catalogue(
        editions=tuple(_edition(hub, source, language) for source in sources),
        register=hub.register,
        base_url=hub.config.service.base_url,
        name=hub.config.service.name,
        mode=Mode(hub.config.service.mode),
        language=language,
        now=hub.clock.now(),
    )


def language_of(config: Config) -> Language:
    """The first language of the service in which the site has words."""
    return language_for(config.service.languages)


def _edition(hub: Hub, source: _Source, language: Language) -> Edition:
    latest = source.revisions[-1]
    texts = [
        _texts(hub, revision, blocks, language)
        for revision, blocks in zip(source.revisions, source.blocks, strict=True)
    ]
    return Edition(
        directive=latest.directive,
        code=latest.code,
        stage=latest.stage,
        mode=latest.mode,
        texts=texts[-1],
        changed_at={hat: _changed_at(hat, source.revisions, texts) for hat in texts[-1]},
        withdrawn=tuple(dict.fromkeys(hat for older in texts[:-1] for hat in older if hat not in texts[-1])),
        past=tuple(
            Past(revision.number, revision.kind, _published_at(revision), revision.directive)
            for revision in source.revisions
        ),
        explained=explanations(source.waivers),
    )


def _texts(hub: Hub, revision: Revision, blocks: Blocks, language: Language) -> Mapping[Hat, Message]:
    """The web texts of a revision, in reading order."""
    web: list[tuple[Variant, Block]] = [
        (variant, block) for variant, block in blocks.items() if variant.language == language
    ]
    web.sort(key=lambda found: hub.register.hat_order(found[0].sector, found[0].audience))
    frame = frame_for(revision, hub.config, hub.wording, hub.register)
    return {Hat(variant.sector, variant.audience): compose([block], frame) for variant, block in web}


def _changed_at(hat: Hat, revisions: Sequence[Revision], texts: Sequence[Mapping[Hat, Message]]) -> datetime:
    """When these words last changed: a revision that leaves them alone does not move their feed entry."""
    changed = revisions[-1]
    for revision, older in zip(reversed(revisions[:-1]), reversed(texts[:-1]), strict=True):
        if hat not in older or older[hat].html != texts[-1][hat].html:
            break
        changed = revision
    return _published_at(changed)


def _published_at(revision: Revision) -> datetime:
    if revision.number == 1 and revision.first_published_at is not None:
        return revision.first_published_at
    assert revision.approved_at is not None, "only approved revisions are published"
    return revision.approved_at


def _write(public: Path, catalogue: Catalogue) -> None:
    shelf.sweep(public)
    shelf.put(public, pages.site(catalogue, words(catalogue.language)))
    next_at = changes_at(catalogue)
    state = {
        "fingerprint": _fingerprint_of(
            (edition.directive.id, edition.number, edition.stage) for edition in catalogue.editions
        ),
        "next_at": next_at.isoformat() if next_at else None,
    }
    # Last: where it is missing or old, the files are made anew.
    shelf.put(public, [(STATE, json.dumps(state).encode())])


@dataclass(frozen=True, slots=True)
class _Known:
    """What the files were made of, and when the next of their states changes by itself."""

    fingerprint: str = ""
    next_at: datetime | None = None


def _known(public: Path) -> _Known:
    try:
        state = json.loads((public / STATE).read_bytes())
        next_at = datetime.fromisoformat(state["next_at"]) if state["next_at"] else None
        return _Known(state["fingerprint"], next_at)
    except (OSError, ValueError, KeyError, TypeError):
        return _Known()


def _fingerprint(published: Sequence[Revision]) -> str:
    return _fingerprint_of((r.directive.id, r.number, r.stage) for r in published)


def _fingerprint_of(published: Iterable[tuple[str, int, str]]) -> str:
    """Names a state of what is published."""
    said = json.dumps([[id_, number, str(stage)] for id_, number, stage in published])
    return hashlib.sha256(said.encode()).hexdigest()


@asynccontextmanager
async def _turn(data_dir: Path) -> AsyncIterator[None]:
    """One publisher at a time on this machine; the lock goes with the process that held it."""
    try:
        os.makedirs(data_dir, exist_ok=True)
        descriptor = os.open(data_dir / "publish.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise refused_by_system(error) from error
    try:
        # Waiting in a thread could not be cancelled; the holder is another process, so nothing can wake us.
        while not _locked(descriptor):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
