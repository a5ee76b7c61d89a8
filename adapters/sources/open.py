"""Any kind of source by what it is called: a database URL, an HTTP address, a folder, a file."""

from pathlib import Path
from typing import Final

from adapters.mapping.model import Mapping
from adapters.sources.folder import read_folder
from adapters.sources.model import Contents, Ignored
from adapters.sources.patience import Patience
from adapters.sources.rest import read_interface
from adapters.sources.tables import read_database
from hub.errors import Malformed, Missing
from hub.kernel.clock import Clock, SystemClock

_SQLITE: Final = b"SQLite format 3\x00"


def read_source(
    where: str | Path, mapping: Mapping, *, clock: Clock | None = None, patience: Patience | None = None
) -> Contents:
    """What the source holds; the kind of source follows from how it is called.

    Raises:
        Malformed, Refused, Unavailable: it cannot be read; the text says what to change.
        Missing: nothing is there, or nothing in it has the columns of an export of this registry.
    """
    if not str(where).strip():
        raise Malformed(
            "adapters.source-empty",
            "The source is empty; say where the registry is.",
            "数据源为空；请写明登记库在哪里。",
        )
    contents = _read(str(where), mapping, clock or SystemClock(), patience)
    if not contents.tables:
        contents.close()
        if not contents.ignored:
            raise Missing(
                "adapters.source-without-tables",
                "The source holds no table and no file at all; check the path, the database, or the mapping's schema.",
                "数据源中没有任何表或文件；请检查路径、数据库或映射中的模式（schema）。",
            )
        found = [_told(one) for one in contents.ignored[:10]]
        raise Missing(
            "adapters.nothing-recognised",
            "Nothing in the source has the columns of this registry; check the source or give a mapping file.",
            "数据源中没有符合该登记库的列；请检查数据源或提供映射文件。",
            found=found,
        )
    return contents


def _told(one: Ignored) -> str:
    columns = f" ({', '.join(one.columns[:12])})" if one.columns else ""
    return f"{one.name}: {one.reason}{columns}"[:300]


def _read(where: str, mapping: Mapping, clock: Clock, patience: Patience | None) -> Contents:
    scheme = where.split("://", 1)[0].lower() if "://" in where else ""
    if scheme in ("http", "https"):
        return read_interface(where, mapping, clock=clock, patience=patience)
    if scheme == "file":
        return read_folder(Path(where[7:]), mapping)
    if scheme:
        return read_database(where, mapping, patience)
    path = Path(where)
    if path.is_file() and _starts_with(path, _SQLITE):
        return read_database(f"sqlite:///{path.resolve()}", mapping, patience)
    return read_folder(path, mapping)


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark
