"""A signed, paged interface as a source 接口: its rows as a table, read on from the last second that was seen."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from adapters.mapping.model import Export, Part
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised, recognise, recognise_part, shortcoming
from adapters.sources.answers import Page
from adapters.sources.model import BadRow, Contents, Ignored, Item, LiveTable, SourceRow
from adapters.sources.pages import Reading
from adapters.sources.patience import Patience
from adapters.sources.signed_http import SignedInterface
from adapters.standard.cells import nested_text
from adapters.standard.folding import folded_header
from adapters.standard.scalars import read_instant
from hub.errors import Missing
from hub.kernel.clock import Clock

_LONGEST_RAW: Final = 2000
_FEWEST_KNOWN: Final = 2


def read_interface(
    address: str, mapping: RegistryMapping, *, clock: Clock, patience: Patience | None = None
) -> Contents:
    """The exports behind ``address``; a path in it is read, else the paths that the mapping names.

    Raises:
        Missing: neither the address nor the mapping says which path to read.
        Refused, Unavailable: the interface does not let itself be read.
    """
    interface = SignedInterface(address, mapping.rest, clock=clock, patience=patience)
    parts = [(export, part) for export in mapping.exports.values() for part in export.parts.values()]
    if interface.path:
        parts = [(export, part) for export, part in parts if part.path == interface.path] or parts
        paths = {interface.path: parts[0] if len(parts) == 1 else None}
    else:
        paths = {part.path: (export, part) for export, part in parts if part.path}
    if not paths:
        interface.close()
        raise Missing(
            "adapters.source-path",
            "The address names no path and the mapping none either; write the path into the address.",
            "地址与映射均未给出接口路径；请在地址中写明。",
        )
    contents = Contents(closers=[interface.close])
    try:
        for path, known in paths.items():
            _add(contents, interface, path, (mapping, known))
    except BaseException:
        contents.close()
        raise
    return contents


def _add(
    contents: Contents,
    interface: SignedInterface,
    path: str,
    within: tuple[RegistryMapping, tuple[Export, Part] | None],
) -> None:
    mapping, known = within
    rows, _total = page_of(interface, path, mapping, (0, None))
    headers = _headers(rows, known[1] if known else None)
    found = recognise(headers, mapping)
    if found is None and known and not rows:
        found = recognise_part(headers, *known)
    if known and rows and recognise_part(_headers(rows, None), *known).score < _FEWEST_KNOWN:
        found = None  # some page of another registry, which lacks the fields that were added above
    if found is None:
        fields = tuple(_headers(rows, None)[:50])
        contents.ignored.append(Ignored(path, shortcoming(fields, mapping) or "no export has these fields", fields))
        return
    part = mapping.exports[found.export].parts[found.part]
    headers = _headers(rows, part)
    contents.tables.append(InterfaceTable(interface, path, mapping, (headers, recognise(headers, mapping) or found)))


def _headers(rows: Sequence[Any], part: Part | None) -> list[str]:
    """The fields of the rows; fields that the part knows are added, since a first page may lack them."""
    names: dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            names.update(dict.fromkeys(map(str, row)))
    met = {name.casefold() for name in names}
    for column, aliases in part.columns.items() if part else ():
        if not met.intersection(one.casefold() for one in (column, *aliases)):
            names[column] = None
    return list(names)


def page_of(interface: SignedInterface, path: str, mapping: RegistryMapping, place: tuple[int, str | None]) -> Page:
    """One page: its rows and the total that the interface claims."""
    settings = mapping.rest
    start, since = place
    parameters = {settings.start: str(start), settings.limit: str(settings.page_size)}
    if since:
        parameters[settings.since] = since
    return interface.fetch(path, parameters, rows=settings.rows)


class InterfaceTable(LiveTable):
    """The rows behind one path."""

    def __init__(
        self,
        interface: SignedInterface,
        path: str,
        mapping: RegistryMapping,
        what: tuple[Sequence[str], Recognised],
    ) -> None:
        super().__init__(path, *what)
        self._interface = interface
        self._mapping = mapping
        self._places = {name: place for place, name in enumerate(self.headers)}
        self._known = _by_spelling(mapping, self.recognised)

    @property
    def reads_on(self) -> bool:
        """True when the rows say when they changed."""
        return self._mapping.exports[self.recognised.export].updated in self.recognised.places

    def rows(self, since: str | None = None) -> Iterator[Item]:
        """Every row changed at or after ``since``, each form of a row once.

        Raises:
            Unavailable: the interface went away or does not answer what is asked.
        """
        reading = Reading(self._fetch, self._updated_of, since, checks_total=self._mapping.rest.check_total)
        for number, row in enumerate(reading.rows(), 1):
            if not isinstance(row, dict):
                yield BadRow(number, "row.not-an-object", {"row": str(row)[:_LONGEST_RAW]})
                continue
            yield SourceRow(number, self._cells(row))

    def _fetch(self, start: int, window: str | None) -> Page:
        return page_of(self._interface, self.name, self._mapping, (start, window))

    def _updated_of(self, row: Any) -> str:
        if not isinstance(row, dict):
            return ""
        place = self.recognised.places.get(self._mapping.exports[self.recognised.export].updated or "")
        written = row.get(self.headers[place]) if place is not None else row.get(self._mapping.rest.updated)
        return _second(nested_text(written))

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        cells = [""] * len(self.headers)
        for name, value in row.items():
            place = self._places.get(name)
            if place is not None:
                cells[place] = nested_text(value)
            elif (place := self._known.get(_folded(name))) is not None:
                cells[place] = cells[place] or nested_text(value)
        return cells


def _by_spelling(mapping: RegistryMapping, recognised: Recognised) -> Mapping[str, int]:
    """Where a field belongs that the first page lacks: a row without a value may leave the field out altogether."""
    columns = mapping.exports[recognised.export].parts[recognised.part].columns
    return {
        _folded(spelling): place
        for column, place in recognised.places.items()
        for spelling in (column, *columns[column])
    }


_folded: Final = lru_cache(maxsize=4096)(folded_header)


def _second(text: str) -> str:
    """The instant as the interface writes instants: local, to the second."""
    found, _flag = read_instant(text) if text else (None, None)
    return f"{found} 00:00:00" if found and ":" not in found else found or ""
