"""Alembic's entry: runs every step on the connection, and in the transaction, that `hub.storage.migrate` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """A written migration names SQLAlchemy's own types only."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=True,
    compare_type=True,
    compare_server_default=True,
    render_item=render_item,
)
context.run_migrations()
