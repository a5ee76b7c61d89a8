"""Verified lines that wait until the whole batch has arrived: in memory while they are few, then in a sealed file."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final, Self

from hub.evidence.frames import lines_in
from hub.evidence.model import Line
from hub.proof.sealing import KEY_BYTES, KeyRing

IN_MEMORY: Final = 8 * 1024**2
_SIZE: Final = Struct(">I")
_RING: Final = "spool"


class Spool:
    """What one batch holds, in order. The file has no name and its key is nowhere else: it ends with the batch."""

    def __init__(self, folder: Path | None = None, *, in_memory: int = IN_MEMORY) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed when the batch leaves it
            in_memory, dir=None if folder is None else str(folder)
        )
        self._seal = KeyRing(_RING, {_RING: secrets.token_bytes(KEY_BYTES)})

    def __enter__(self) -> Self:
        """The empty spool."""
        return self

    def __exit__(self, *_fault: object) -> None:
        self._file.close()

    def add(self, frame: bytes) -> None:
        """The frame is the last one."""
        sealed = self._seal.seal(frame, context=_RING)
        self._file.write(_SIZE.pack(len(sealed)))
        self._file.write(sealed)

    def lines(self) -> Iterator[Line]:
        """The lines of every frame, in order."""
        self._file.seek(0)
        while size := self._file.read(_SIZE.size):
            (length,) = _SIZE.unpack(size)
            yield from lines_in(self._seal.open(self._file.read(length), context=_RING))
