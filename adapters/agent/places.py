"""Where an export goes on 游标: files that were read, the second up to which a table was read, the month in force."""

from datetime import datetime, timedelta
from typing import Any, Final

from hub.kernel.clock import LOCAL

_LATE: Final = timedelta(days=1)
"""How long after its second a row may come to light: a long transaction, a copy that lags, a clock set back."""
_DAY_LENGTH: Final = len("2026-01-01")
_MOST_FILES: Final = 600
"""A cursor travels inside the manifest, which is at most 64 KB; a file forgotten is read again and found unchanged."""


class Places:
    """The cursor of one export. Another mapping reads everything anew: what it makes of a row may differ.

    ``names`` names what the records' own names are made with. Until ``keep_names`` the cursor goes on telling the ones
    under which the hub holds the records: a run that gives new names and does not come to its end is no excuse to mix
    them.
    """

    def __init__(self, cursor: Any, mapping_digest: str, names: str) -> None:
        kept = cursor if isinstance(cursor, dict) else {}
        self._names, self._kept_names = names, str(kept.get("names", names))
        told = kept if kept.get("mapping") == mapping_digest and not self.is_renamed else {}
        self._digest = mapping_digest
        self._files: dict[str, None] = dict.fromkeys(told.get("files", ()))
        self._since: dict[str, str] = dict(told.get("since", {}))
        self.snapshot: str = str(told.get("snapshot", ""))

    @property
    def is_renamed(self) -> bool:
        """True while the hub holds the records under other names than this run would give them."""
        return self._names != self._kept_names

    def keep_names(self) -> None:
        """With the batch that is sent next nothing is held under the old names."""
        self._kept_names = self._names

    def is_read(self, digest: str | None) -> bool:
        """True when the file was read before."""
        return digest in self._files

    def keep_file(self, digest: str) -> None:
        """The file is read."""
        self._files[digest] = None

    def since(self, table: str, now: datetime) -> str | None:
        """The second from which the table is read on: a day before the one that it was read up to."""
        kept = self._since.get(table)
        return kept and _no_later(kept, now, by=_LATE)

    def keep_second(self, table: str, second: str, now: datetime) -> None:
        """The table is read up to that second, or up to now: a row dated 2099 does not end the reading of others."""
        self._since[table] = max(_no_later(second, now), _no_later(self._since.get(table, ""), now))

    def to_json(self) -> dict[str, Any]:
        """The cursor as the manifest carries it."""
        told: dict[str, Any] = {"mapping": self._digest, "names": self._kept_names}
        if self._files:
            told["files"] = list(self._files)[-_MOST_FILES:]
        if self._since:
            told["since"] = dict(sorted(self._since.items()))
        if self.snapshot:
            told["snapshot"] = self.snapshot
        return told


def _no_later(second: str, now: datetime, *, by: timedelta = timedelta()) -> str:
    """That second or the present, whichever is earlier, and ``by`` before it, written in the same form.

    A second in a form of the registry's own, such as a count, stays as it is.
    """
    try:
        told = datetime.fromisoformat(second)
    except ValueError:
        return second
    if second[4] != "-":
        return second
    local = now.astimezone(told.tzinfo or LOCAL)
    until = min(told, local if told.tzinfo else local.replace(tzinfo=None)) - by
    is_day = len(second) == _DAY_LENGTH
    return until.date().isoformat() if is_day else until.isoformat(sep=second[_DAY_LENGTH], timespec="seconds")
