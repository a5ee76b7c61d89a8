"""Which tables and views of a database can be read: views kept as tables too, a whole instead of its partitions."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.engine.reflection import Inspector

_PARTS: Final = text("""
    SELECT part.relname FROM pg_inherits i
      JOIN pg_class part ON part.oid = i.inhrelid JOIN pg_class whole ON whole.oid = i.inhparent
     WHERE part.relnamespace = whole.relnamespace AND has_table_privilege(whole.oid, 'SELECT')""")


def listed(inspector: Inspector, schema: str | None) -> tuple[dict[str, bool], frozenset[str]]:
    """Each table and view with whether it is a view, and those whose rows another table gives too.

    A table that stands in another database is in no order of its own here, as little as a view.
    """
    tables = dict.fromkeys(inspector.get_table_names(schema), False)
    views = dict.fromkeys(inspector.get_view_names(schema), True)
    if inspector.dialect.name != "postgresql":
        return {**views, **tables}, frozenset()
    kept = dict.fromkeys(inspector.get_materialized_view_names(schema), True)
    foreign = dict.fromkeys(inspector.get_foreign_table_names(schema=schema), True)  # type: ignore[attr-defined]
    with inspector.engine.connect() as connection:
        parts = frozenset(map(str, connection.execute(_PARTS).scalars()))
    return {**foreign, **kept, **views, **tables}, parts


def other_schemas(inspector: Inspector) -> list[str]:
    """The schemas of a PostgreSQL in which this user sees tables or views, where the one that is read has none."""
    if inspector.dialect.name != "postgresql":
        return []
    named = [name for name in inspector.get_schema_names() if name != "information_schema"]
    return [name for name in named if listed(inspector, name)[0]]
