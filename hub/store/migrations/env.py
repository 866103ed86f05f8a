"""Runs migrations on the connection that hub.store.schema hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from hub.store.tables import Instant, metadata


def _render(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(thing, Instant):
        autogen.imports.add("from hub.store.tables import Instant")
        return "Instant()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
