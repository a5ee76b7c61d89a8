"""What a source 数据源接口 gives, whichever kind it is: tables recognised by their columns, and their rows as text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.mapping.recognise import Recognised

AROUND_EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: its position (1 for the first after the header), its cells in header order, what was odd about it."""

    number: int
    cells: Sequence[str]
    flags: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something in the source that is no export of the registry, and why."""

    name: str
    reason: str
    columns: tuple[str, ...] = ()


@dataclass
class Contents:
    """Everything that a source holds."""

    tables: list[SourceTable] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Every connection that the source opened is closed."""
        while self.closers:
            self.closers.pop()()
