"""What a column is asked for as 列的读法: text under another character set's name, padding, odd days."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import BINARY, CHAR, Date, DateTime, Engine, Text, case, cast, func, literal_column
from sqlalchemy import text as statement
from sqlalchemy.sql.expression import ColumnClause, ColumnElement

from adapters.sources.engines import text_of

Form = Callable[[ColumnClause[Any]], ColumnElement[Any]]
"""How a column is asked for instead of by its name alone."""

_WESTERN: Final[Mapping[str, str]] = {
    "postgresql": """
        SELECT c.relname, a.attname FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attnum > 0 AND t.typcategory IN ('S', 'E') AND getdatabaseencoding() IN ('LATIN1', 'LATIN9', 'WIN1252')
         """,
    "mysql": """
        SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema = coalesce(:schema, database()) AND character_set_name = 'latin1'""",
}
"""The columns that declare a Western character set, in which no Chinese can be written: older programs put their own
bytes there all the same."""
_SAYS_WESTERN: Final = frozenset(("latin1", "latin9", "win1252", "cp1252", "iso-8859-1"))

_BARE_TO_MARKED: Final = 2
"""Letters without an accent to each one with it; Chinese in GB18030, read as Western letters, has next to none."""


def western_columns(engine: Engine, schema: str | None) -> Mapping[str, frozenset[str]]:
    """By table, the columns whose bytes have to be looked at, unless the URL says that they are what they declare."""
    said = {str(engine.url.query.get(name, "")).lower() for name in ("charset", "client_encoding")}
    query = _WESTERN.get("mysql" if engine.dialect.name == "mariadb" else engine.dialect.name)
    if query is None or said & _SAYS_WESTERN:
        return {}
    found: dict[str, set[str]] = {}
    with engine.connect() as connection:
        for table, column in connection.execute(statement(query), {"schema": schema}):
            found.setdefault(str(table), set()).add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}


def form_of(described: Mapping[str, Any], western: frozenset[str], dialect: str) -> Form | None:
    """How the column is asked for; None for one that its driver gives as it was written."""
    kind, is_postgresql = described.get("type"), dialect == "postgresql"
    if described["name"] in western:
        return _kept_bytes if is_postgresql else _bytes
    if is_postgresql and isinstance(kind, Date | DateTime):
        return _within_the_calendar
    return _without_padding if is_postgresql and isinstance(kind, CHAR) else None


def kept_text(content: bytes) -> str:
    """What such a column, or one of bytes, holds: UTF-8, a Western name, else GB18030."""
    return text_of(content, _western_name)


def _western_name(content: bytes) -> str | None:
    """A name such as Müller or Conceição: a few accented letters among many bare ones; None for anything else."""
    text = content.decode("cp1252", "replace")
    marked = [one for one in text if not one.isascii()]
    bare = sum(1 for one in text if one.isascii() and one.isalpha())
    return text if all(one.isalpha() for one in marked) and bare >= _BARE_TO_MARKED * len(marked) else None


def _bytes(column: ColumnClause[Any]) -> ColumnElement[Any]:
    return cast(column, BINARY).label(column.name)


def _kept_bytes(column: ColumnClause[Any]) -> ColumnElement[Any]:
    """PostgreSQL's text as the bytes in which it keeps it."""
    return func.convert_to(cast(column, Text), func.getdatabaseencoding()).label(column.name)


def _without_padding(column: ColumnClause[Any]) -> ColumnElement[Any]:
    """PostgreSQL fills CHAR(n) with blanks that nobody wrote; the width of a column is no part of a record's key."""
    return cast(column, Text).label(column.name)


def _within_the_calendar(column: ColumnClause[Any]) -> ColumnElement[Any]:
    """PostgreSQL's infinity as 9999-12-31, a year before the first as nothing: no driver reads either as a day."""
    first: ColumnClause[Any] = literal_column("DATE '0001-01-02'")
    last: ColumnClause[Any] = literal_column("DATE '9999-12-31'")
    return case((column >= first, func.least(column, last))).label(column.name)
