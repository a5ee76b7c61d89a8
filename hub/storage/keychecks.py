"""Key check values 密钥校验值: whether a node has the secrets and the log under which its database was written.

Content under another key does not open, which somebody notices; a look-up under another key finds nothing, which nobody
does: everybody would be new.
"""

from collections.abc import Mapping

from sqlalchemy import text
from sqlmodel import Session

from hub.errors import Refused
from hub.storage.database import Database

_NOTE = text("INSERT INTO key_check (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_RENEW = text("UPDATE key_check SET value = :value WHERE name = :name")
_NOTED = text("SELECT name, value FROM key_check")


def require_same(database: Database, values: Mapping[str, bytes]) -> None:
    """Each value is the one that was used under its name before; a name that was never used is noted.

    Raises:
        Refused: one is another.
        Unavailable: the database is away.
    """
    with database.writing() as session:
        noted = _noted(session)
        if new := [{"name": name, "value": value} for name, value in values.items() if name not in noted]:
            session.execute(_NOTE, new)
            noted = _noted(session)  # another node may have been first
        for name, value in values.items():
            if noted[name] != value:
                raise _other(name)


def renew(session: Session, name: str, value: bytes) -> None:
    """From the commit on ``value`` is the one under ``name``."""
    session.execute(_RENEW, {"name": name, "value": value})


def _noted(session: Session) -> dict[str, bytes]:
    return {name: bytes(value) for name, value in session.execute(_NOTED)}


def _other(name: str) -> Refused:
    return Refused(
        "storage.not-as-written",
        f"{name} is not the one under which this database was written; give that one, from where the settings are kept."
        " A new key for sealing takes a new ID.",
        f"{name} 与写入此数据库时所用的不同；请提供原值（见设置保管处）。新的加密密钥须用新的编号。",
        setting=name,
    )
