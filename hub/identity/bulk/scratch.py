"""Scratch 临时目录: where a bulk run keeps what memory does not hold; nobody else reads it, and nothing of it stays.

What lies there is what records say. A run that is killed outright cannot clear it away, so the next run does: who is
alive holds a lock in his folder, and the lock goes with the process.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import duckdb

from hub.identity.bulk.tables import Connection

_PREFIX: Final = "hub-bulk-"
_HELD: Final = "held"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that only its owner can enter, gone at the end; those of runs that were killed are gone before."""
    _clear()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / "new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "new").rename(folder / _HELD)  # under this name it is locked from the first
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


@contextmanager
def scratch_database(**settings: str) -> Iterator[Connection]:
    """A database in memory with those settings; what memory does not hold goes to a scratch folder, nowhere else."""
    with scratch_folder() as folder, closing(duckdb.connect(config={**settings, "temp_directory": str(folder)})) as con:
        yield con


def _clear() -> None:
    """Folders of this user whose run is no more are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.getuid():
                continue
            with (folder / _HELD).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # its run goes on, or another clears it
