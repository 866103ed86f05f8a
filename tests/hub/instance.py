"""An instance for tests: a real SQLite database, a clock that stands where it is put, and acts as published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from hub import config
from hub.config_sources import default_file
from hub.context import Hub
from hub.flow.examine import spoken
from hub.model.directive import Directive
from hub.model.review import Kind, Mode, Stage
from hub.model.revision import Revision
from hub.now import Clock
from hub.render import Sheet, render, wording
from hub.render.frame import digest
from hub.store import directives, schema
from hub.store.engine import open_store, sqlite_url
from tests.hub.site.sheets import registers

TOKEN = "a-token-of-the-provider"


@asynccontextmanager
async def new_hub(data_dir: Path, at: datetime, **overrides: str) -> AsyncIterator[Hub]:
    """An initialised instance in `data_dir`; `overrides` are settings as the environment names them."""
    environ = {
        "UNIVOQUE__SERVICE__DATA_DIR": str(data_dir),
        "UNIVOQUE__SERVICE__BASE_URL": "https://univoque.example",
        "UNIVOQUE__SERVICE__MODE": "Actual",
        "UNIVOQUE__WEB__PORT": "0",
        "UNIVOQUE__SMS__AUTH_TOKEN": TOKEN,
        **overrides,
    }
    settings = config.load(default_file(), environ)
    store = open_store(sqlite_url(data_dir / "univoque.db"))
    try:
        if not (data_dir / "univoque.db").exists():
            await schema.upgrade(store)
        yield Hub(settings, store, registers(), wording.load(), Clock(lambda: at))
    finally:
        await store.close()


async def approved(
    hub: Hub, directive: Directive, *, at: datetime, number: int = 1, kind: Kind = Kind.NEW
) -> Revision:
    """The directive as it lies in the database after two people let it pass."""
    async with hub.store.write() as tx:
        others = {known.directive.id: known.directive for known in await directives.published(tx)}
        told = spoken(kind, await directives.history(tx, directive.id))
        blocks = render(Sheet(directive, hub.register, hub.wording, others, *told), ["fr"]).all
        await directives.register(tx, directive.id)
        revision = Revision(
            directive=directive,
            number=number,
            stage=Stage.SUBMITTED,
            kind=kind,
            mode=Mode(hub.config.service.mode),
            code="",
            sheet_digest="sheet",
            words_digest="words",
            approval_digest="approval",
            editors=("editor",),
            submitted_by="editor",
            submitted_at=at,
            audience_count=0,
            expires_at=directive.effective_to,
            approved_by=None,
            approved_at=None,
            first_published_at=None,
            findings=(),
        )
        await directives.put(
            tx, revision, blocks, {variant: digest(block) for variant, block in blocks.items()}
        )
        await directives.approve(tx, directive.id, number, by="approver", at=at, kind=kind)
        return await directives.get(tx, directive.id, number)
