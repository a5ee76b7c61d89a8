"""Who holds a right 权利人, of several in one cell each with the number and the share that are theirs."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from adapters.standard.people import add_flag, is_organisation, put_any_name, put_identifier
from adapters.standard.shares import shares_of
from adapters.standard.unusable import UnusableRow
from hub.kernel.characters import is_placeholder
from hub.kernel.codes import parse_identifier, read_identifiers

_JOINED: Final = re.compile(r"\s+|[和与及&]")
_NAMES: Final = re.compile(r"[、/;；,，\n|]+(?![^(（]*[)）])")
_NUMBER_IN_NAME: Final = re.compile(r"[(（:：\s]*(\d[\d*＊]{13,16}[\dXxＸ*＊])[)）\s]*")
_SEVERAL: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]")
_AND_OTHERS: Final = re.compile(r"等(?:[\d一二三四五六七八九十两几]+[人户名]|人)$")
_NUMBERS: Final = re.compile(r"[、/;；,，\n|]")
_BLANKS: Final = re.compile(r"\s+")


def unpack_holders(cells: Mapping[str, str], hint: str | None) -> list[dict[str, Any]]:
    """The holders in a row: one, or several joined in one cell with as many numbers, or with none.

    Raises:
        UnusableRow: names and numbers that cannot be paired.
    """
    names, inside = _apart_from_numbers(_split_names(cells.get("name", ""), cells.get("number", "")))
    has_others = any(map(_AND_OTHERS.search, names))
    numbers = _paired_numbers(cells.get("number", ""), len(names), has_others=has_others) or inside
    shares = shares_of(cells.get("share", ""), len(names))
    holders: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        holder: dict[str, Any] = {}
        named = _AND_OTHERS.sub("", name)
        if not put_any_name(holder, named):
            continue
        if named != name:
            add_flag(holder, "holders-not-all-named")
        if numbers and numbers[place]:
            put_identifier(holder, numbers[place], hint)
        share, flag = shares[place]
        if share is not None:
            holder["share"] = share
        if flag is not None:
            add_flag(holder, f"share-{flag}")
        holders.append(holder)
    if len(names) > 1:
        for holder in holders:
            add_flag(holder, "holders-packed-in-one-cell")
    return holders


def _apart_from_numbers(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names alone, and the numbers that stand beside them in their own cell."""
    found = ["/".join(_NUMBER_IN_NAME.findall(cell)) for cell in cells]
    names = [_NUMBER_IN_NAME.sub("", cell).strip("/ ") if one else cell for cell, one in zip(cells, found, strict=True)]
    return names, found


def _paired_numbers(text: str, count: int, *, has_others: bool) -> list[str]:
    """The cell's numbers by position, one for each of ``count`` names, empty where a place is; none when it has none.

    Raises:
        UnusableRow: another count of numbers than of names.
    """
    if is_placeholder(text) or not count:
        return []
    if has_others and len(read_identifiers(text).identifiers) > count:
        raise UnusableRow("row.holders-unpaired")
    if count == 1:
        return [text]
    for separators in (_NUMBERS, _BLANKS):
        numbers = [one.strip() for one in separators.split(text.strip())]
        for told in (numbers, _without_old_forms(numbers)):
            if len(told) == count:
                return told
    sound = _sound_numbers(text)
    if len(sound) == count:
        return sound
    raise UnusableRow("row.holders-unpaired")


def _without_old_forms(numbers: Sequence[str]) -> list[str]:
    """The numbers, one that only repeats its neighbour in an older form left out."""
    kept: list[str] = []
    values: list[str | None] = []
    for number in numbers:
        found = parse_identifier(number)
        value = found.value if found else None
        if value is None or not values or values[-1] != value:
            kept.append(number)
            values.append(value)
    return kept


def _sound_numbers(text: str) -> list[str]:
    """The cell's valid numbers, also those written without anything between them."""
    return [found.value for found in read_identifiers(text).identifiers if found.valid]


def _split_names(text: str, numbers: str) -> list[str]:
    """The names in the cell; blanks and 和 part names only where as many numbers stand beside them, and no 顾 静桂."""
    if len(text) > 1 and not is_organisation(text) and not _NAMES.search(text):
        parts = [part for part in _JOINED.split(text) if part]
        if len(parts) > 1 and min(map(len, parts)) > 1 and len(_sound_numbers(numbers)) == len(parts):
            return parts
    if is_organisation(text) and not re.search(r"[;；、\n]", text):
        return [text]
    return [one.strip() for one in _NAMES.split(_parted(text)) if one.strip()]


def _parted(text: str) -> str:
    """The cell with a separator where a holder's number ends what is told of them, or begins it: 张三1101…李四4405…."""
    numbers = list(_NUMBER_IN_NAME.finditer(text))
    if len(numbers) < _SEVERAL:
        return text
    places = [found.start() for found in numbers[1:]] if numbers[0].start() == 0 else [one.end() for one in numbers]
    pieces = [text[start:end] for start, end in pairwise([0, *places, len(text)])]
    told = [_NUMBER_IN_NAME.sub("", piece) for piece in pieces if _NUMBER_IN_NAME.search(piece)]
    return "\n".join(pieces) if all(map(_WORD.search, told)) else text
