"""Database tables as a source 库表: PostgreSQL, MariaDB, SQLite by URL; told by their columns, read as a stream."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, false, inspect, literal, literal_column, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.engine import URL
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.types import NullType

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised, recognise, recognise_joined, shortcoming
from adapters.sources.columns import Form, form_of, kept_text, western_columns
from adapters.sources.engines import fault_of, is_refusal, open_engine, refused_login, views_instead
from adapters.sources.listing import listed, other_schemas
from adapters.sources.model import Contents, Ignored, Item, LiveTable, SourceRow
from adapters.sources.patience import AwayForNow, Patience, patient
from adapters.standard.cells import cell_text, nested_text
from hub.errors import Missing
from hub.kernel.clock import LOCAL

_STORED_ORDER: Final = {"sqlite": "rowid", "postgresql": "ctid"}
"""What orders the rows of a table without a primary key as they were written."""

_BITS: Final = re.compile(rb"[\x00-\x08]|\x00+[\x00-\x1f]")
"""A column of bits as MariaDB's driver gives it: b"\\x01" is a yes, and no text."""

_COPY: Final = re.compile(r"(_bak|_backup|_old|_tmp|_copy|_备份)\d*$", re.IGNORECASE)

_OTHER_SCHEMA: Final = "a schema with tables; name it in the mapping: sources: {tables: {schema: …}}"


def read_database(url: str, mapping: RegistryMapping, patience: Patience | None = None) -> Contents:
    """The tables and views of the database that belong to the registry.

    Raises:
        Malformed, Missing: the URL cannot be used, or names a file that is not there.
        Refused: the database lets this user not in.
        Unavailable: the database cannot be reached now.
    """
    engine = open_engine(url)
    _require_file(engine.url)
    schema = mapping.tables.schema
    contents = Contents(closers=[engine.dispose])
    try:
        inspector = patient(patience or Patience())(_inspector, engine)
        names, parts = listed(inspector, schema)
        contents.ignored.extend(Ignored(name, _OTHER_SCHEMA) for name in ([] if names else other_schemas(inspector)))
        granted = views_instead(engine) if engine.dialect.name == "postgresql" else {}
        western = western_columns(engine, schema)
        broken: dict[str, DBAPIError] = {}
        for name, is_view in sorted(names.items()):
            if name in parts:
                contents.ignored.append(Ignored(name, "a part of another table, read with the whole"))
                continue
            described = _shown(inspector, name, schema, broken) if is_view else inspector.get_columns(name, schema)
            columns = [str(one["name"]) for one in described]
            keys = [] if is_view else inspector.get_pk_constraint(name, schema)["constrained_columns"]
            found = recognise(columns, mapping, name=name)
            if found is None:
                reason = shortcoming(columns, mapping) or "no export has these columns"
                contents.ignored.append(Ignored(name, reason, tuple(columns[:50])))
            else:
                forms = _forms(described, western.get(name, frozenset()), engine.dialect.name)
                shape = Shape(tuple(columns), tuple(map(str, keys)), forms, is_view, granted.get(name, frozenset()))
                contents.tables.append(DatabaseTable(engine, name, shape, found, mapping))
    except (SQLAlchemyError, AwayForNow) as fault:
        contents.close()
        raise fault_of(fault) from fault
    _drop_copies(contents, mapping)
    _require_views(contents, broken)
    return contents


def _shown(
    inspector: Inspector, view: str, schema: str | None, broken: dict[str, DBAPIError]
) -> Sequence[Mapping[str, Any]]:
    """The columns of a view, none of one that the database cannot read any more, which is noted as ``broken``.

    MariaDB describes a view to nobody without SHOW VIEW, but shows it to whoever may SELECT.
    """
    try:
        return inspector.get_columns(view, schema)
    except DBAPIError:
        everything: ColumnClause[Any] = literal_column("*")
        source = sql_table(quoted_name(view, quote=True), schema=schema)
        try:
            with inspector.engine.connect() as connection:
                shown = connection.execute(select(everything).select_from(source).where(false()))
                return [{"name": column} for column in shown.keys()]  # noqa: SIM118 - of a result, not of a mapping
        except DBAPIError as fault:
            broken[view] = fault
            return []


def _forms(described: Sequence[Mapping[str, Any]], western: frozenset[str], dialect: str) -> Mapping[str, Form]:
    found = {str(one["name"]): form_of(one, western, dialect) for one in described}
    return {name: form for name, form in found.items() if form is not None}


def _require_views(contents: Contents, broken: Mapping[str, DBAPIError]) -> None:
    """Returns when no broken view can have held records: beside the tables that they show, views are not read."""
    tables = [table for table in contents.tables if isinstance(table, DatabaseTable)]
    if broken and (not tables or any(table.is_view for table in tables)):
        contents.close()
        name, fault = next(iter(broken.items()))
        raise fault_of(fault, name) from fault


def _require_file(address: URL) -> None:
    """Returns when the URL names no file, or one that exists: SQLite would make an empty one of it."""
    if address.get_backend_name() == "sqlite" and address.database and not Path(address.database).is_file():
        raise Missing(
            "adapters.source-missing",
            f"There is no database file {address.database}; check the path.",
            f"数据库文件 {address.database} 不存在；请检查路径。",
        )


def _inspector(engine: Engine) -> Inspector:
    try:
        return inspect(engine)
    except OperationalError as fault:
        if is_refusal(fault):
            raise refused_login() from None
        raise AwayForNow(type(fault).__name__) from fault


def _drop_copies(contents: Contents, mapping: RegistryMapping) -> None:
    """Of several tables for one part: the one with the standard name alone; else neither views nor backups.

    A view that this user was given instead of the table behind it stands for that table.
    """
    kept: dict[tuple[str, str], list[DatabaseTable]] = {}
    for table in contents.tables:
        if isinstance(table, DatabaseTable):
            kept.setdefault((table.recognised.export, table.recognised.part), []).append(table)
    contents.tables.clear()
    for (export, part), tables in kept.items():
        names = {one.casefold() for one in mapping.exports[export].parts[part].tables}
        shown = {name for table in tables for name in table.shows}
        open_to_us = [table for table in tables if table.name not in shown]
        named = [table for table in open_to_us if table.name.casefold() in names]
        stands = [table for table in open_to_us if table.shows or not table.is_view]
        chosen = named or [table for table in stands if not _COPY.search(table.name)] or open_to_us
        contents.tables.extend(chosen)
        contents.ignored.extend(
            Ignored(table.name, f"beside {chosen[0].name}, a copy or view of the same export")
            for table in tables
            if table not in chosen
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's columns, those of its primary key, those asked for in a form; what a view shows in its place."""

    columns: tuple[str, ...]
    ordered: tuple[str, ...]
    forms: Mapping[str, Form]
    is_view: bool
    shows: frozenset[str]


class DatabaseTable(LiveTable):
    """One table or view: its columns that the mapping knows, and its primary key; photographs stay where they are."""

    def __init__(
        self, engine: Engine, name: str, shape: Shape, recognised: Recognised, mapping: RegistryMapping
    ) -> None:
        whole = recognise_joined(shape.columns, mapping.exports[recognised.export])
        used = {*recognised.places.values(), *(whole.places.values() if whole else ())}
        kept = [place for place, one in enumerate(shape.columns) if place in used or one in shape.ordered]
        places = {column: kept.index(place) for column, place in recognised.places.items()}
        super().__init__(name, [shape.columns[place] for place in kept], replace(recognised, places=places))
        self._engine = engine
        self._shape = shape
        self._mapping = mapping
        self.is_view = shape.is_view
        self.shows = shape.shows

    @property
    def reads_on(self) -> bool:
        """True when the mapping names a column that says when a row changed, and the table has it."""
        return self._updated is not None

    @property
    def _updated(self) -> str | None:
        export = self._mapping.exports[self.recognised.export]
        place = self.recognised.places.get(export.updated or "") if export.mode == "delta" else None
        return None if place is None else self.headers[place]

    def _order(self, by_name: Mapping[str, ColumnClause[Any]]) -> list[ColumnClause[Any]]:
        """By primary key, else as the database stores the rows, else by everything known of them."""
        stored = _STORED_ORDER.get(self._engine.dialect.name)
        if self._shape.ordered:
            return [by_name[name] for name in self._shape.ordered]
        if stored and not self.is_view:
            return [literal_column(stored)]
        return [by_name[self.headers[place]] for place in self.recognised.places.values()]

    def rows(self, since: str | None = None) -> Iterator[Item]:
        """Every row by its place in the table, or those changed at or after ``since``, all from one snapshot.

        Raises:
            Unavailable: the database went away.
        """
        wanted: list[ColumnClause[Any]] = [sql_column(quoted_name(name, quote=True)) for name in self.headers]
        forms = self._shape.forms
        shown = [forms[one.name](one) if one.name in forms else one for one in wanted]
        by_name = dict(zip(self.headers, wanted, strict=True))
        source = sql_table(quoted_name(self.name, quote=True), *wanted, schema=self._mapping.tables.schema)
        query = select(*shown).select_from(source)
        updated = self._updated
        if updated and since:
            query = query.where(by_name[updated] >= literal(since, NullType()))
        query = query.order_by(*([by_name[updated]] if updated else ()), *self._order(by_name))
        try:
            with self._engine.connect() as connection:
                streamed = connection.execution_options(yield_per=self._mapping.tables.page_size)
                for number, row in enumerate(streamed.execute(query), 1):
                    cells = [value if type(value) is str else _cell(value) for value in row]
                    yield SourceRow(number, cells)
        except DBAPIError as fault:
            raise fault_of(fault, self.name) from fault


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return nested_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value)
        return str(int.from_bytes(content)) if _BITS.fullmatch(content) else kept_text(content)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _local(value).isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if type(value) is date else cell_text(value)


def _local(instant: datetime) -> datetime:
    """The instant in Asia/Shanghai, so that a record's key does not change with the zone of server or session."""
    return instant.astimezone(LOCAL) if 1 < instant.year < MAXYEAR else instant
