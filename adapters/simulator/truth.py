"""The truth file 真值: whose record each published row really is, one JSON object a line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.errors import Missing

Roles = Sequence[tuple[str, str | None]]
"""Role and subject; nobody for the nameless."""


_encode = json.JSONEncoder(ensure_ascii=False).encode


class TruthBook:
    """Writes ``registry, export, key, row, role, subject, source, dirt`` for every role of every row published.

    ``key`` is the record's key columns as written, joined by ``|``; ``row`` its position in ``source``, from 1.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def page(self, registry: str, export: str, source: str) -> "TruthPage":
        """Where one source's rows are noted, in the order in which they are written."""
        return TruthPage(self, {"registry": registry, "export": export}, source)

    def note(self, line: dict[str, object]) -> None:
        """Write one line."""
        self._file.write(_encode(line))
        self._file.write("\n")
        self.lines += 1


class TruthPage:
    """The truth about one table, file or interface."""

    def __init__(self, book: TruthBook, head: dict[str, object], source: str) -> None:
        self._book, self._head, self._source = book, head, source
        self.rows = 0

    def row(self, key: Sequence[object], roles: Roles, dirt: Sequence[str] = ()) -> int:
        """Note the next row and return its position."""
        self.rows += 1
        joined = "|".join("" if one is None else str(one) for one in key)
        for role, subject in roles:
            line = {"key": joined, "row": self.rows, "role": role, "subject": subject}
            self._book.note({**self._head, **line, "source": self._source, "dirt": list(dirt)})
        return self.rows


def read_truth(path: Path) -> Iterator[dict[str, object]]:
    """The lines of a truth file.

    Raises:
        Missing: no such file.
    """
    if not path.exists():
        raise Missing("simulator.no-truth", "There is no truth file there.", "该处没有真值文件。")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
