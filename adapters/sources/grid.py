"""Rows of a sheet or a text file: where the header is (one row or two), which rows are titles, totals and footers."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised, recognise
from adapters.sources.encodings import UNDECODABLE
from adapters.sources.model import BadRow, Item, Skipped, SourceRow
from adapters.standard.folding import UNITS, fit, header_unit

RawRow = tuple[Sequence[str] | BadRow, tuple[str, ...]]
"""The cells of one row (or why there are none) and what was odd about it."""

_TOTAL: Final = re.compile(
    r".{0,12}(?:合计|总计|小计|共计|累计)(?:[:：(（]?[^:：]{0,12}|[:：].{0,12})|总(?:户|人|金额|额).*"
)
_TOTAL_ALONE: Final = re.compile(r"(?:本页|全[县乡镇市区村])?(?:合计|总计|小计|共计|累计)[:：]?")
_COUNT: Final = re.compile(r"[￥¥]?[\d,]{1,9}(?:\.\d+)?(?:元|人|户|条|个|亩|㎡)?|-|/")
"""A count or a sum, shorter than any number of a person or a paper."""
_SUM: Final = re.compile(r"[\d,.]+(?:元|人|户)?")
_FOOTER: Final = re.compile(
    r"^[\W_]*(制表|填表|审核|审批|复核|经办|负责人|填报|单位|备注|说明|注[:：]|打印|报送|日期|第.{1,4}页|联系|大写|主要领导|分管"
    r"|领导|签字|以下空白|以下无正文|此页无正文|共\s*\d|\d+\s*(?:行受影响|条记录|rows?\b))"
)
_SIGNED: Final = re.compile(r"[\W_]*(?:制表|填表|审核|审批|复核|经办|负责人|填报|打印|报送).{0,6}[:：]")
_LONG_NUMBER: Final = re.compile(r"[\dXx*]{14}")
_WORD: Final = re.compile(r"\w")
_BLANKS: Final = re.compile(r"\s+")
_ABOUT: Final = re.compile(r"(?:基本)?(?:信息|情况|资料)$")
_NUMBERED: Final = re.compile(r"\d{1,5}")
_DITTO: Final = frozenset(("〃", "″", '"', "''", "”", "同上", "同前"))
_COUNTED: Final = frozenset(("人", "户", "个", "元/月", "人/户", "-"))
NOBODY: Final = "-"
_FEW: Final = 3
_MANY_EQUAL: Final = 3


@dataclass(frozen=True)
class Header:
    """Where the header stands and what it says."""

    first: int
    rows: int
    headers: tuple[str, ...]
    recognised: Recognised
    title: str


def find_header(rows: Sequence[Sequence[str]], mapping: RegistryMapping) -> Header | None:
    """The header among the first rows: the one, or the pair, whose names fit an export best; None when none does."""
    best: Header | None = None
    for first in range(len(rows)):
        if best is not None and first > best.first + 1:
            break
        for height in (1, 2):
            headers = _headers(rows, first, height)
            found = recognise(headers, mapping) if headers else None
            if found and (best is None or (found.score, -height) > (best.recognised.score, -best.rows)):
                best = Header(first, height, headers, found, _text_above(rows, first))
    return _with_units(best, rows, mapping) if best else None


def _text_above(rows: Sequence[Sequence[str]], first: int) -> str:
    return " ".join(text for above in rows[:first] for cell in above if (text := fit(cell)))


def _with_units(header: Header, rows: Sequence[Sequence[str]], mapping: RegistryMapping) -> Header:
    """The header with a row of units 单位 below it, when there is one, taken into its names."""
    below = header.first + header.rows
    units = [fit(cell).strip("()（）") for cell in rows[below]] if below < len(rows) else []
    if not any(units) or not all(unit in UNITS or unit in _COUNTED for unit in units if unit):
        return header
    named = zip(header.headers, [*units, *[""] * len(header.headers)], strict=False)
    headers = tuple(f"{name}({unit})" if unit in UNITS and not header_unit(name) else name for name, unit in named)
    return replace(
        header, rows=header.rows + 1, headers=headers, recognised=recognise(headers, mapping) or header.recognised
    )


def _headers(rows: Sequence[Sequence[str]], first: int, height: int) -> tuple[str, ...]:
    if first + height > len(rows):
        return ()
    if height == 1:
        return tuple(fit(cell) for cell in rows[first])
    upper, lower = rows[first], rows[first + 1]
    width = max(len(upper), len(lower))
    below = [_at(lower, place) for place in range(width)]
    groups: list[str] = []
    for place, name in enumerate(below):
        groups.append(_at(upper, place) or (groups[-1] if groups and name and below[place - 1] else ""))
    twice = {group for group, name in zip(groups, below, strict=True) if name and below.count(name) > 1}
    return tuple(
        _in_group(group, name) if name and group in twice else name or _at(upper, place)
        for place, (group, name) in enumerate(zip(groups, below, strict=True))
    )


def _in_group(group: str, name: str) -> str:
    """A name below several groups 户主信息 and 家庭成员信息, with that of its own."""
    owner = _ABOUT.sub("", group)
    return name if owner in name else f"{owner}{name}"


def _at(row: Sequence[str], place: int) -> str:
    return fit(row[place]) if place < len(row) else ""


def gathered(items: Iterable[Item], members: Collection[int]) -> Iterator[Item]:
    """The rows, each household with the members below it: a row that says nothing new but members goes on with it.

    Such rows come of cells of the household that are merged, left empty, marked 同上 or repeated downwards. Their
    members stand below each other in the gathered cells, with ``NOBODY`` where a cell is empty.
    """
    household: SourceRow | None = None
    for item in items:
        row = item if isinstance(item, SourceRow) and not item.fault else None
        if household is not None and row is not None and _goes_on(household, row, members):
            household = _with_members(household, row, members)
            continue
        if household is not None:
            yield household
        household = row
        if household is None:
            yield item
    if household is not None:
        yield household


def _goes_on(household: SourceRow, row: SourceRow, members: Collection[int]) -> bool:
    said = {place: text for place, cell in enumerate(row.cells) if (text := fit(cell)) and text not in _DITTO}
    theirs = said.keys() & members
    others = {place for place in said.keys() - members if place or not _NUMBERED.fullmatch(said[place])}
    if not theirs or len(theirs) == len(said):
        return bool(theirs)
    is_new = any(said[place] not in fit(household.cells[place]).split("\n") for place in theirs)
    return is_new and all(said[place] == fit(household.cells[place]) for place in others)


def _with_members(household: SourceRow, row: SourceRow, members: Collection[int]) -> SourceRow:
    cells = list(household.cells)
    for place in members:
        cells[place] = f"{fit(cells[place]) or NOBODY}\n{fit(row.cells[place]) or NOBODY}"
    return replace(household, cells=cells, flags=(*household.flags, *row.flags))


def body(rows: Iterable[RawRow], header: Header, keys: Mapping[str, int], *, is_exact: bool) -> Iterator[Item]:
    """The rows below the header as records, bad rows and skipped ones.

    Args:
        rows: every row of the table, from the first.
        header: where the header stands.
        keys: places of the columns that make a record; a total or footer has them empty.
        is_exact: whether a row must have as many cells as the header.
    """
    start = header.first + header.rows
    order: list[int] = []
    for number, (cells, flags) in enumerate(rows, 1 - start):
        if number < 1:
            yield Skipped(number, "header" if number > -header.rows else "title")
        elif isinstance(cells, BadRow):
            yield BadRow(number, cells.code, cells.raw)
        else:
            order = _order_in(cells, header.headers) or order
            yield _classified(number, _arranged(cells, order), flags, (header, keys, is_exact))


def _order_in(cells: Sequence[str], headers: Sequence[str]) -> list[int]:
    """Where the columns stand from here on, when the row names them anew in whatever order; else nothing."""
    names = [fit(cell) for cell in cells] if len(cells) and fit(cells[0]) in headers else []
    filled = [name for name in names if name]
    if len(filled) < _MANY_EQUAL or len(filled) * 2 < len(headers) or not set(filled) <= set(headers):
        return []
    return [names.index(name) if name in names else len(names) for name in headers]


def _arranged(cells: Sequence[str], order: Sequence[int]) -> Sequence[str]:
    """The cells in the order of the table's first header; what stands beyond every column stays at the end."""
    if not order:
        return cells
    known = [cells[place] if place < len(cells) else "" for place in order]
    return [*known, *(cell for place, cell in enumerate(cells) if place not in order and fit(cell))]


def _classified(
    number: int,
    cells: Sequence[str],
    flags: tuple[str, ...],
    within: tuple[Header, Mapping[str, int], bool],
) -> Item:
    header, keys, is_exact = within
    kind = _kind(cells, header, keys, is_first=number == 1)
    if kind:
        return Skipped(number, kind)
    width = len(header.headers)
    if len(cells) != width:
        extra = cells[width:]
        if (is_exact and len(cells) < width) or any(fit(cell) for cell in extra):
            fault = "row.encoding" if UNDECODABLE in flags else "row.column-count"
            return SourceRow(number, (*cells, *[""] * (width - len(cells))), flags, fault)
        cells = (*cells[:width], *[""] * (width - len(cells)))
    return SourceRow(number, cells, flags)


def _kind(cells: Sequence[str], header: Header, keys: Mapping[str, int], *, is_first: bool) -> str | None:
    filled = [(place, text) for place, cell in enumerate(cells) if cell and (text := fit(cell))]
    if not filled:
        return "blank"
    if len(filled) > len(header.headers) // 2 and _equals_header(filled, header):
        return "header"
    key_places = set(keys.values())
    key_cells = [text for place, text in filled if place in key_places]
    if _is_total([_plain(text) for _, text in filled], key_cells):
        return "total"
    if (not key_cells and _stands_alone(filled)) or _is_footer([text for _, text in filled], key_cells):
        return "footer"
    if is_first and not key_cells and not any(character.isdigit() for _, text in filled for character in text):
        return "header"
    return None


def _is_total(texts: Sequence[str], key_cells: Sequence[str]) -> bool:
    """A word for a sum in front and nothing in the key columns, or that word alone and behind it numbers only."""
    if any(map(_TOTAL.fullmatch, texts[:4])) and all(_TOTAL.fullmatch(_plain(text)) for text in key_cells):
        return True
    return _TOTAL_ALONE.fullmatch(texts[0]) is not None and all(map(_COUNT.fullmatch, texts[1:]))


def _is_footer(texts: Sequence[str], key_cells: Sequence[str]) -> bool:
    """A line of who made and checked the table, or of what stands below it; 制表人： signs also across key columns."""
    if len(texts) <= _FEW and len(key_cells) <= 1 and _FOOTER.match(texts[0]):
        return True
    return _SIGNED.match(texts[0]) is not None and not any(map(_LONG_NUMBER.search, texts))


def _stands_alone(filled: Sequence[tuple[int, str]]) -> bool:
    """One cell in a row: a line of text in front, a sum, the number of a row that was never filled in."""
    place, text = filled[0]
    return len(filled) == 1 and (place <= 1 or _SUM.fullmatch(text) is not None)


def _plain(text: str) -> str:
    return _BLANKS.sub("", text)


def _equals_header(filled: Sequence[tuple[int, str]], header: Header) -> bool:
    words = [(place, text) for place, text in filled if place < len(header.headers) and _WORD.search(text)]
    equal = sum(text == header.headers[place] for place, text in words)
    return equal >= _MANY_EQUAL


def raw_of(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The row as its owner wrote it: column → text; cells beyond the header are numbered."""
    names = [*headers, *(f"+{place}" for place in range(1, len(cells) - len(headers) + 1))]
    return {name or f"#{place}": cell for place, (name, cell) in enumerate(zip(names, cells, strict=False), 1)}
