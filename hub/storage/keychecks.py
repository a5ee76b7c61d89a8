"""Key check values 密钥校验值: whether a node has the secret keys under which its database was written.

Content under another key does not open, which somebody notices; a look-up under another key finds nothing, which nobody
does: everybody would be new.
"""

from collections.abc import Mapping

from sqlalchemy import text

from hub.errors import Refused
from hub.storage.database import Database

_NOTE = text("INSERT INTO key_check (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_NOTED = text("SELECT name, value FROM key_check")


def require_keys(database: Database, values: Mapping[str, bytes]) -> None:
    """Each key is the one that was used under its name before; a name that was never used is noted.

    Raises:
        Refused: a key is another one.
        Unavailable: the database is away.
    """
    with database.writing() as session:
        for name, value in values.items():
            session.execute(_NOTE, {"name": name, "value": value})
        noted = {name: bytes(value) for name, value in session.execute(_NOTED)}
        for name, value in values.items():
            if noted[name] != value:
                raise _other_key(name)


def _other_key(name: str) -> Refused:
    return Refused(
        "storage.other-key",
        f"{name} is not the key under which this database was written; give that key, from where the secrets are kept."
        " A new key for sealing takes a new ID.",
        f"{name} 不是写入此数据库时所用的密钥；请提供原密钥（见密钥保管处）。新的加密密钥须用新的编号。",
        setting=name,
    )
