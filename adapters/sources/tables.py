"""Database tables as a source 库表: PostgreSQL, MariaDB, SQLite by URL; told by their columns, read as a stream."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, inspect, literal, literal_column, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.expression import ColumnClause
from sqlalchemy.types import NullType

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised, recognise, shortcoming
from adapters.sources.grid import raw_of
from adapters.sources.model import BadRow, Contents, Ignored, Item, LiveTable, SourceRow
from adapters.sources.patience import AwayForNow, Patience, patient
from adapters.sources.workbook import cell_text
from adapters.standard.folding import is_broken
from hub.errors import Malformed, Missing, Refused, Unavailable

_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_STORED_ORDER: Final = {"sqlite": "rowid", "postgresql": "ctid"}
"""What orders the rows of a table without a primary key as they were written."""

_CONNECT_SECONDS: Final = 10
_MYSQL_REFUSALS: Final = frozenset((1044, 1045, 1049, 1698))
_REFUSAL: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|(?:database|role) .* does not exist"
    r"|permission denied for database|is not permitted to log in"
)
_COPY: Final = re.compile(r"(_bak|_backup|_old|_tmp|_copy|_备份)\d*$", re.IGNORECASE)


def open_engine(url: str) -> Engine:
    """The engine for a database URL; the driver follows from the kind of database.

    Raises:
        Malformed: no database URL, or one of a kind that is not read here.
    """
    try:
        address = make_url(url)
        address = address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))
        if address.drivername.startswith(("mysql", "mariadb")) and "charset" not in address.query:
            address = address.update_query_dict({"charset": "utf8mb4"})
        engine = create_engine(address, connect_args=_patience(address))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        raise Malformed(
            "adapters.database-url",
            "The database URL cannot be used; write postgresql://, mariadb:// or sqlite:///….",
            "数据库地址无法使用；请使用 postgresql://、mariadb:// 或 sqlite:///。",
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _read_any_text)
    return engine


def _patience(address: URL) -> dict[str, int]:
    """A database that does not take the connection is given up after a while, unless the URL says after how long."""
    remote = address.get_backend_name() in ("postgresql", "mysql", "mariadb")
    return {"connect_timeout": _CONNECT_SECONDS} if remote and "connect_timeout" not in address.query else {}


def _read_any_text(connection: Any, _record: Any) -> None:
    """SQLite keeps whatever bytes it was given; text in GB18030 is read as such."""
    connection.text_factory = _text_of


def _text_of(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _as_gb18030(content)


def _as_gb18030(content: bytes) -> str:
    """What is in no encoding keeps its bytes as halves of characters, by which the row is known as broken."""
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


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
        tables = dict.fromkeys(inspector.get_table_names(schema), False)
        views = dict.fromkeys(inspector.get_view_names(schema), True)
        for name in sorted({**views, **tables}):
            columns = [str(one["name"]) for one in inspector.get_columns(name, schema)]
            keys = inspector.get_pk_constraint(name, schema)["constrained_columns"]
            ordered = [str(one) for one in keys]
            found = recognise(columns, mapping, name=name)
            if found is None:
                reason = shortcoming(columns, mapping) or "no export has these columns"
                contents.ignored.append(Ignored(name, reason, tuple(columns[:50])))
            else:
                how = (mapping, ordered, name in views)
                contents.tables.append(DatabaseTable(engine, name, columns, found, how))
    except (SQLAlchemyError, AwayForNow) as fault:
        contents.close()
        raise _away(fault) from fault
    _drop_copies(contents, mapping)
    return contents


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
        if _is_refusal(fault):
            raise _refused() from None
        raise AwayForNow(type(fault).__name__) from fault


def _is_refusal(fault: OperationalError) -> bool:
    """True when the server answered and does not let this user in, or has no such database."""
    told = fault.orig.args if fault.orig is not None else ()
    return bool(told and told[0] in _MYSQL_REFUSALS) or _REFUSAL.search(str(fault.orig)) is not None


def _refused() -> Refused:
    return Refused(
        "adapters.source-login",
        "The registry's database refuses the login, or has no database of that name; check user, password and name"
        " in the URL.",
        "登记库数据库拒绝登录或数据库名不存在；请检查地址中的用户、密码和库名。",
    )


def _drop_copies(contents: Contents, mapping: RegistryMapping) -> None:
    """Of several tables for one part: the one with the standard name alone; else neither views nor backups."""
    kept: dict[tuple[str, str], list[DatabaseTable]] = {}
    for table in contents.tables:
        if isinstance(table, DatabaseTable):
            kept.setdefault((table.recognised.export, table.recognised.part), []).append(table)
    contents.tables.clear()
    for (export, part), tables in kept.items():
        names = {one.casefold() for one in mapping.exports[export].parts[part].tables}
        named = [table for table in tables if table.name.casefold() in names]
        real = [table for table in tables if not table.is_view and not _COPY.search(table.name)]
        chosen = named or real or tables
        contents.tables.extend(chosen)
        contents.ignored.extend(
            Ignored(table.name, f"beside {chosen[0].name}, a copy or view of the same export")
            for table in tables
            if table not in chosen
        )


class DatabaseTable(LiveTable):
    """One table or view."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        headers: Sequence[str],
        recognised: Recognised,
        how: tuple[RegistryMapping, Sequence[str], bool],
    ) -> None:
        super().__init__(name, tuple(headers), recognised)
        self._engine = engine
        self._mapping, self._ordered, self.is_view = how

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
        if self._ordered:
            return [by_name[name] for name in self._ordered]
        if stored and not self.is_view:
            return [literal_column(stored)]
        return [by_name[self.headers[place]] for place in self.recognised.places.values()]

    def rows(self, since: str | None = None) -> Iterator[Item]:
        """Every row by its place in the table, or those changed at or after ``since``, all from one snapshot.

        Raises:
            Unavailable: the database went away.
        """
        wanted: list[ColumnClause[Any]] = [sql_column(quoted_name(name, quote=True)) for name in self.headers]
        by_name = dict(zip(self.headers, wanted, strict=True))
        source = sql_table(quoted_name(self.name, quote=True), *wanted, schema=self._mapping.tables.schema)
        query = select(*wanted).select_from(source)
        updated = self._updated
        if updated and since:
            query = query.where(by_name[updated] >= literal(since, NullType()))
        query = query.order_by(*([by_name[updated]] if updated else ()), *self._order(by_name))
        try:
            with self._engine.connect() as connection:
                streamed = connection.execution_options(yield_per=self._mapping.tables.page_size)
                for number, row in enumerate(streamed.execute(query), 1):
                    cells = [value if type(value) is str else _cell(value) for value in row]
                    if is_broken(cells):
                        yield BadRow(number, "row.broken-text", raw_of(self.headers, cells))
                    else:
                        yield SourceRow(number, cells)
        except DBAPIError as fault:
            raise _away(fault) from fault


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of(bytes(value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if type(value) is date else cell_text(value)


def _away(fault: SQLAlchemyError | AwayForNow) -> Unavailable:
    return Unavailable(
        "adapters.source-away",
        f"The registry's database cannot be read now ({_told(fault)}); the next run goes on.",
        "登记库数据库暂时无法读取；下次运行将继续。",
    )


def _told(fault: SQLAlchemyError | AwayForNow) -> str:
    return str(fault) if isinstance(fault, AwayForNow) else type(fault).__name__
