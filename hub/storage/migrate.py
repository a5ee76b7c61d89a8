"""The database's shape 表结构 is brought up to date at every start, by one node at a time."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from hub.errors import Broken, Malformed
from hub.storage.database import Database

MIGRATIONS: Final = Path(__file__).parent / "migrations"
OLDEST: Final = 15
"""The oldest PostgreSQL on which the hub was tried."""
LOCK: Final = 0x6875622D6D696772
"""The advisory lock that a migrating node holds; every other node waits for it, then finds nothing to do."""


def migrate(database: Database) -> str:
    """The revision that the database has afterwards: the newest one of this program.

    All steps run in one transaction: a node killed half-way leaves the old shape.

    Raises:
        Unavailable: the database is away.
        Malformed: the PostgreSQL is too old, or keeps its text in another encoding than UTF-8.
        Broken: the database is newer than this program.
    """
    with database.writing() as session:
        connection = session.connection()
        _require_version(connection)
        _require_utf8(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _refuse_newer(connection)
        command.upgrade(_config(connection), "head")
        return str(current_revision(connection))


def current_revision(connection: Connection) -> str | None:
    """The revision that the database says it has, or None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def write_revision(database: Database, metadata: MetaData, message: str, revision: str) -> None:
    """A new migration file holds what brings ``database`` to the shape of ``metadata``; for developers."""
    with database.writing() as session:
        config = _config(session.connection())
        config.attributes["metadata"] = metadata
        command.revision(config, message, autogenerate=True, rev_id=revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _require_version(connection: Connection) -> None:
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if version < OLDEST:
        raise Malformed(
            "storage.old-postgresql",
            f"The database is PostgreSQL {version}; the hub needs {OLDEST} or newer. Upgrade it, then start again.",
            f"数据库为 PostgreSQL {version}；枢纽需要 {OLDEST} 或更新版本。请升级后再启动。",
            version=version,
        )


def _require_utf8(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise Malformed(
            "storage.not-utf8",
            "The database keeps text in another encoding than UTF-8; make it anew with "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
            "数据库编码不是 UTF-8；请重新创建：CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0。",
            encoding=str(encoding),
        )


def _refuse_newer(connection: Connection) -> None:
    current = current_revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise Broken(
            "storage.newer-database",
            "The database was written by a newer version of the hub; start that version instead.",
            "数据库由更新版本的枢纽写入；请启动那个版本。",
            revision=current,
        )
