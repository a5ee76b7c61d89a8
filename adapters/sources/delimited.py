"""Delimited text files (.csv): cut into rows one by one, so that one broken quotation mark costs one row."""

import csv
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised
from adapters.sources.encodings import TOO_LONG, cut_short, decoded_lines, encoding_of, ends_with_line
from adapters.sources.grid import Header, RawRow, body, find_header, gathered
from adapters.sources.model import BadRow, Item, SourceRow
from adapters.sources.places import around_file, file_digest, key_places, member_places

_DELIMITERS: Final = (",", "\t", ";", "|")
_LONGEST_RAW: Final = 2000
_MOST_LINES: Final = 60
"""A quotation mark still open after so many lines was never meant to open."""


class DelimitedTable:
    """One delimited file."""

    def __init__(self, path: Path, mapping: RegistryMapping, *, root: Path) -> None:
        self._path = path
        self._mapping = mapping
        self._root = root
        settings = mapping.files
        self._encoding = encoding_of(path) if settings.encoding == "auto" else settings.encoding

    @property
    def name(self) -> str:
        """The file's place below the folder that was given."""
        return self._path.relative_to(self._root).as_posix() if self._path != self._root else self._path.name

    @cached_property
    def header(self) -> Header | None:
        """The header, with the delimiter under which it makes sense; None when no export is recognised."""
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Header | None, str]:
        wanted = self._mapping.files.delimiter
        for delimiter in _DELIMITERS if wanted == "auto" else (wanted,):
            rows = self._first_rows(delimiter)
            header = find_header(rows, self._mapping)
            if header is not None:
                return header, delimiter
        return None, ","

    @cached_property
    def first_cells(self) -> tuple[str, ...]:
        """The first row, for saying what was not recognised."""
        rows = self._first_rows(",")
        return tuple(rows[0][:50]) if rows else ()

    def _first_rows(self, delimiter: str) -> list[list[str]]:
        rows: list[list[str]] = []
        for cells, _flags in self._rows(delimiter):
            rows.append([] if isinstance(cells, BadRow) else list(cells))
            if len(rows) >= self._mapping.files.header_rows:
                break
        return rows

    @property
    def recognised(self) -> Recognised:
        """What its columns make it."""
        return _known(self.header).recognised

    @property
    def headers(self) -> tuple[str, ...]:
        """Its column names."""
        return _known(self.header).headers

    @property
    def around(self) -> Mapping[str, str]:
        """Title and file name."""
        return {**around_file(self._path), "@title": _known(self.header).title}

    @cached_property
    def digest(self) -> str:
        """What names the file's content."""
        return file_digest(self._path)

    @property
    def reads_on(self) -> bool:
        """A file is read whole."""
        return False

    def rows(self, since: str | None = None) -> Iterator[Item]:  # noqa: ARG002 - a file is read whole
        """Every row below the header."""
        header, delimiter = self._found
        known = _known(header)
        keys = key_places(self._mapping, known.recognised)
        items = body(self._rows(delimiter), known, keys, is_exact=True)
        is_bad = False
        for item in gathered(items, member_places(self._mapping, known.recognised)):
            yield item
            is_bad = isinstance(item, BadRow) or (isinstance(item, SourceRow) and bool(item.fault))
        if is_bad and self._mapping.exports[known.recognised.export].mode == "full":
            self._require_end()

    def _require_end(self) -> None:
        """Returns when the last row, which is bad, ends with its line: else the file was cut, or is being written."""
        if not ends_with_line(self._path, self._encoding):
            raise cut_short(self.name)

    def _rows(self, delimiter: str) -> Iterator[RawRow]:
        held: list[str] = []
        flags: tuple[str, ...] = ()
        for text, raw, odd in decoded_lines(self._path, self._encoding):
            if text is None:
                yield from given_up(held, flags, delimiter)
                held, flags = [], ()
                yield BadRow(0, TOO_LONG, {"line": raw.decode("utf-8", "backslashreplace")[:_LONGEST_RAW]}), ()
                continue
            held.append(text)
            flags = (*flags, *(flag for flag in odd if flag not in flags))
            cells = cut(held, delimiter)
            if cells is not None:
                yield cells, flags
                held, flags = [], ()
            elif len(held) >= _MOST_LINES:
                yield from given_up(held, flags, delimiter)
                held, flags = [], ()
        yield from given_up(held, flags, delimiter)


def given_up(held: list[str], flags: tuple[str, ...], delimiter: str) -> Iterator[RawRow]:
    """A line whose quotation mark never closes is bad; the lines that it had swallowed are rows of their own."""
    while held:
        yield BadRow(0, "row.quote", {"line": held[0][:_LONGEST_RAW]}), flags
        rest, held = held[1:], []
        for line in rest:
            held.append(line)
            cells = cut(held, delimiter)
            if cells is not None:
                yield cells, flags
                held = []


def cut(lines: list[str], delimiter: str) -> list[str] | None:
    """The cells of one row; None when a quotation mark is still open at its end, or held more than any cell does.

    A carriage return by itself ends no row: it is as good as a blank.
    """
    if len(lines) == 1 and '"' not in lines[0]:
        return lines[0].split(delimiter)
    text = [f"{line}\n" for line in lines]
    text[-1] = lines[-1]
    try:
        rows = list(csv.reader(text, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
        try:
            rows = list(csv.reader((line.replace("\r", " ") for line in text), delimiter=delimiter))
        except csv.Error:
            return None
    return rows[0] if len(rows) == 1 else None if rows else []


def _known(header: Header | None) -> Header:
    if header is None:
        message = "rows of a file that was not recognised"
        raise LookupError(message)
    return header
