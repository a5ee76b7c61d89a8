"""Where an export goes on 游标: files that were read, the second up to which a table was read, the month in force."""

from typing import Any, Final

_MOST_FILES: Final = 600
"""A cursor travels inside the manifest, which is at most 64 KB; a file forgotten is read again and found unchanged."""


class Places:
    """The cursor of one export. Another mapping reads everything anew: what it makes of a row may differ."""

    def __init__(self, cursor: Any, mapping_digest: str) -> None:
        told = cursor if isinstance(cursor, dict) and cursor.get("mapping") == mapping_digest else {}
        self._digest = mapping_digest
        self._files: dict[str, None] = dict.fromkeys(told.get("files", ()))
        self._since: dict[str, str] = dict(told.get("since", {}))
        self.snapshot: str = str(told.get("snapshot", ""))

    def is_read(self, digest: str | None) -> bool:
        """True when the file was read before."""
        return digest in self._files

    def keep_file(self, digest: str) -> None:
        """The file is read."""
        self._files[digest] = None

    def since(self, table: str) -> str | None:
        """The second from which the table is read on."""
        return self._since.get(table)

    def keep_second(self, table: str, second: str) -> None:
        """The table is read up to that second."""
        self._since[table] = max(second, self._since.get(table, ""))

    def to_json(self) -> dict[str, Any]:
        """The cursor as the manifest carries it."""
        told: dict[str, Any] = {"mapping": self._digest}
        if self._files:
            told["files"] = list(self._files)[-_MOST_FILES:]
        if self._since:
            told["since"] = dict(sorted(self._since.items()))
        if self.snapshot:
            told["snapshot"] = self.snapshot
        return told
