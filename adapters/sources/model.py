"""What a source 数据源接口 gives, whichever kind it is: tables recognised by their columns, and their rows as text."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised, shortcoming
from adapters.standard.folding import fit
from hub.errors import HubError

_VALUE: Final = re.compile(r"\d{4}|['\"();=]|^.{31,}$|^\d+$")
"""What a cell of data holds and the name of a column does not; such rows may be somebody's and are not repeated."""
_MOST_NAMES: Final = 50
FORMULA: Final = "formula-without-result"
"""The flag of a row in which a cell holds a formula that nobody has worked out."""
AROUND_EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: its position (1 for the first after the header), its cells in header order, what was odd about it.

    ``fault`` says, as a code of unusable rows, that it goes back; its cells may still name its record.
    """

    number: int
    cells: Sequence[str]
    flags: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be cut into cells; ``code`` is one of the codes of unusable rows."""

    number: int
    code: str
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no record: title, header, total, footer, blank."""

    number: int
    kind: str


Item = SourceRow | BadRow | Skipped


class SourceTable(Protocol):
    """A table, sheet, file or interface whose rows belong to one part of one export."""

    @property
    def name(self) -> str:
        """Where it was found, for the owner to find it again."""

    @property
    def recognised(self) -> Recognised:
        """What its columns make it."""

    @property
    def headers(self) -> Sequence[str]:
        """Its column names as written."""

    @property
    def around(self) -> Mapping[str, str]:
        """What stands around the table: ``@title``, ``@sheet``, ``@file``, ``@folder``, ``@modified``."""

    @property
    def digest(self) -> str | None:
        """What names its content, for sources whose content does not grow: files."""

    @property
    def reads_on(self) -> bool:
        """True when ``rows`` honours ``since``."""

    def rows(self, since: str | None = None) -> Iterator[Item]:
        """Every row, or those changed at or after ``since``.

        Raises:
            Unavailable: the source went away; read again later.
        """


class LiveTable:
    """A table whose content changes, in a database or behind an interface: nothing stands around it or names it."""

    around: Mapping[str, str] = AROUND_EMPTY
    digest: str | None = None

    def __init__(self, name: str, headers: Sequence[str], recognised: Recognised) -> None:
        self.name = name
        self.headers = headers
        self.recognised = recognised


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something in the source that is no export of the registry, and why."""

    name: str
    reason: str
    columns: tuple[str, ...] = ()


def unrecognised(name: str, first: Sequence[str], mapping: RegistryMapping) -> Ignored:
    """A table with none of the columns of an export; its first row is told only when it can be names of columns."""
    names = tuple(text for cell in first if (text := fit(cell)))
    if not names or any(_VALUE.search(unicodedata.normalize("NFKC", one)) for one in names):
        return Ignored(name, "no row names the columns of an export")
    return Ignored(name, shortcoming(names, mapping) or "no export has these columns", names[:_MOST_NAMES])


@dataclass
class Contents:
    """Everything that a source holds; ``holes`` says what should be a table of it and cannot be read."""

    tables: list[SourceTable] = field(default_factory=list)
    holes: list[HubError] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Every connection that the source opened is closed."""
        while self.closers:
            self.closers.pop()()
