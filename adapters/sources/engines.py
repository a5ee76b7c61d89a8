"""Engines for a database by its URL, and what its faults mean: a login, a missing right, damage, absence."""

import re
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from adapters.sources.patience import AwayForNow
from hub.errors import HubError, Malformed, Refused, Unavailable

_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
}
_CONNECT_SECONDS: Final = 10
_MYSQL_REFUSALS: Final = frozenset((1044, 1045, 1049, 1698))
_REFUSAL: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|(?:database|role) .* does not exist"
    r"|permission denied for database|is not permitted to log in"
)
_NO_RIGHT: Final = frozenset((1142, 1143, 1370))
_NO_RIGHT_STATE: Final = "42501"
_OTHER_ENCODING_STATE: Final = "22021"


def open_engine(url: str) -> Engine:
    """The engine for a database URL; the driver follows from the kind of database, whichever the URL names.

    Raises:
        Malformed: no database URL, or one of a kind that is not read here.
    """
    try:
        address = make_url(url)
        kind = address.get_backend_name().lower()
        address = address.set(drivername=_DRIVERS.get(kind, address.drivername))
        if address.drivername.startswith(("mysql", "mariadb")) and "charset" not in address.query:
            address = address.update_query_dict({"charset": "utf8mb4"})
        if kind == "postgresql" and "client_encoding" not in address.query:
            address = address.update_query_dict({"client_encoding": "utf8"})  # else SQL_ASCII comes as bare bytes
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
    connection.text_factory = text_of


def text_of(content: bytes, otherwise: Callable[[bytes], str | None] = lambda _content: None) -> str:
    """Bytes as the text they most likely are: UTF-8, or what ``otherwise`` makes of them, or GB18030."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return otherwise(content) or _as_gb18030(content)
    return _few_characters(content) or text if len(content) == 2 * len(text) else text


def _few_characters(content: bytes) -> str | None:
    """Chinese in GB2312 that is UTF-8 by chance, such as a lone 女: in UTF-8 no Chinese has two bytes."""
    try:
        return content.decode("gb2312")
    except UnicodeDecodeError:
        return None


def _as_gb18030(content: bytes) -> str:
    """What is in no encoding keeps its bytes as halves of characters, by which the row is known as broken."""
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


_VIEWS_INSTEAD: Final = text("""
    SELECT v.relname, t.relname FROM pg_rewrite r
      JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
     WHERE t.oid <> v.oid AND has_table_privilege(v.oid, 'SELECT') AND NOT has_any_column_privilege(t.oid, 'SELECT')""")


def views_instead(engine: Engine) -> dict[str, frozenset[str]]:
    """Of a PostgreSQL, each view that this user may read, with the tables behind it that this user may not."""
    with engine.connect() as connection:
        pairs = sorted({(str(view), str(table)) for view, table in connection.execute(_VIEWS_INSTEAD)})
    return {view: frozenset(table for one, table in pairs if one == view) for view, _ in pairs}


def is_refusal(fault: OperationalError) -> bool:
    """True when the server answered and does not let this user in, or has no such database."""
    told = fault.orig.args if fault.orig is not None else ()
    return bool(told and told[0] in _MYSQL_REFUSALS) or _REFUSAL.search(str(fault.orig)) is not None


def refused_login() -> Refused:
    """The database is there and does not let this user in."""
    return Refused(
        "adapters.source-login",
        "The registry's database refuses the login, or has no database of that name; check user, password and name"
        " in the URL.",
        "登记库数据库拒绝登录或数据库名不存在；请检查地址中的用户、密码和库名。",
    )


def fault_of(fault: SQLAlchemyError | AwayForNow, table: str = "") -> HubError:
    """What the fault means to whoever runs the adapter; ``table`` is the one that was read."""
    if isinstance(fault, DBAPIError) and _lacks_a_right(fault):
        return Refused(
            "adapters.source-forbidden",
            f"This user may not read {table or 'the tables'} of the registry's database; grant it SELECT, or name"
            " another user in the URL.",
            f"当前用户无权读取登记库的 {table or '表'}；请授予 SELECT 权限或更换用户。",
        )
    if isinstance(fault, DBAPIError) and getattr(fault.orig, "sqlstate", None) == _OTHER_ENCODING_STATE:
        return Malformed(
            "adapters.database-encoding",
            f"The registry's database keeps text in no encoding that it knows{_of(table)}; say in which it was written"
            " at the end of the URL: ?client_encoding=gb18030.",
            "登记库数据库未声明文字编码；请在地址末尾写明，如 ?client_encoding=gb18030。",
        )
    if type(fault) is DatabaseError:
        return Malformed(
            "adapters.database-damaged",
            f"The registry's database is damaged or no database ({_told(fault)}{_of(table)}); export it again. Rows not"
            " read are not taken for gone.",
            "登记库数据库已损坏或不是数据库；请重新导出。未读取的行不会视为已消失。",
        )
    return Unavailable(
        "adapters.source-away",
        f"The registry's database cannot be read now ({_told(fault)}{_of(table)}); the next run goes on.",
        "登记库数据库暂时无法读取；下次运行将继续。",
    )


def _lacks_a_right(fault: DBAPIError) -> bool:
    told = fault.orig.args if fault.orig is not None else ()
    return getattr(fault.orig, "sqlstate", None) == _NO_RIGHT_STATE or bool(told and told[0] in _NO_RIGHT)


def _of(table: str) -> str:
    return f", table {table}" if table else ""


def _told(fault: SQLAlchemyError | AwayForNow) -> str:
    return str(fault) if isinstance(fault, AwayForNow) else type(fault).__name__
