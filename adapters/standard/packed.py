"""Cells into which several people are packed: household members 家庭成员, co-owners 共有人."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.standard.folding import folded_code
from adapters.standard.people import add_flag, code_for, is_organisation, put_any_name, put_identifier, put_name
from adapters.standard.unusable import UnusableRow
from hub.kernel.characters import is_placeholder
from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key

_RECORD_SEPARATORS: Final = ("\n", ";", ",", "、", "|", "/")
_FIELD_SEPARATORS: Final = ("/", "|", ",", "、", "-", ":", " ")
_STRONG: Final = re.compile(r"[、,;/|\n\t]+")
_NUMBER: Final = re.compile(r"\d\.\d+E\+?\d+|[A-Z]{0,3}\d[\dXХ*]{5,}(?:[A-Z\d]*)|\d{3,}\*{2,}\d*[\dX]?", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:家庭成员|成员|姓名|关系|与户主关系|身份证号码|身份证号|身份证|证件号码|证件号|公民身份号码)\s*:"
)
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_NUMBERED: Final = re.compile(r"^\s*(?:\(?\d{1,2}\)|\d{1,2}[.、)])\s*(?=\D)")
_PACKED: Final = re.compile(r"\d{5}|[;,、/|\n:()]")
_FIELDS: Final = (2, 3, 4)
_HEAD: Final = frozenset(("01", "02"))
_NUMBER_CLAIMS: Final = ("number", "number_valid", "document_kind")
_NAMES: Final = re.compile(r"[、/;；,，\n|]+")
_NUMBERS: Final = re.compile(r"[、/;；,，\n|]")
_BLANKS: Final = re.compile(r"\s+")

Piece = tuple[str, str]
"""What a token is (name, relation or number) and its text."""


def folded_cell(text: str) -> str:
    """The cell with one kind of punctuation, so that separators compare."""
    plain = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.replace("；", ";").replace("，", ",").replace("：", ":").replace("－", "-").replace("〉", "")


def unpack_members(text: str, relations: Mapping[str, str]) -> tuple[list[dict[str, Any]], bool]:
    """The members in the cell, and whether every bit of it found its place."""
    plain = _LABEL.sub("", folded_cell(text))
    rows = _table(plain)
    members = [_member(row, relations) for row in (rows if rows is not None else _grouped(plain, relations))]
    kept = [member for member in members if member]
    clear = len(kept) == len(members) and all("name" in member for member in kept)
    return kept, clear


def _member(pieces: Sequence[Piece], relations: Mapping[str, str]) -> dict[str, Any]:
    member: dict[str, Any] = {}
    for kind, text in pieces:
        if kind == "name" and not put_name(member, text):
            continue
        if kind == "relation":
            member["relation"] = code_for(relations, folded_code(text)) or text[:50]
        elif kind == "number":
            put_identifier(member, text, None)
    return member


def _table(text: str) -> list[list[Piece]] | None:
    """The cell as rows of name, relation, number when it is built that regularly; None otherwise."""
    for record in _RECORD_SEPARATORS:
        for between in _FIELD_SEPARATORS:
            if record != between and between in text and (rows := _regular(text, record, between)):
                return rows
    return None


def _regular(text: str, record: str, between: str) -> list[list[Piece]] | None:
    split = [_NUMBERED.sub("", row).strip().split(between) for row in text.split(record) if row.strip()]
    rows = [[field.strip() for field in row] for row in split]
    width = len(rows[0]) if rows else 0
    if width not in _FIELDS or any(len(row) != width for row in rows):
        return None
    places = [place for place in range(width) if all(_is_number(row[place]) for row in rows)]
    certain = [place for place in places if any(_NUMBER.fullmatch(row[place]) for row in rows)]
    if len(certain) != 1:
        return None
    others = [place for place in range(width) if place != certain[0]]
    if any(_PACKED.search(row[place]) for row in rows for place in others):
        return None
    names = ["name", "relation", "other"]
    kinds = {certain[0]: "number", **{place: names[rank] for rank, place in enumerate(others)}}
    return [[(kinds[place], field) for place, field in enumerate(row) if field] for row in rows]


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip().replace(" ", "")) is not None or is_placeholder(text)


def _grouped(text: str, relations: Mapping[str, str]) -> list[list[Piece]]:
    """The cell read token by token: a member ends where a kind of token comes that it already has."""
    groups: list[list[Piece]] = []
    first = ""
    for kind, token in _pieces(text, relations):
        first = first or kind
        held = {one for one, _ in groups[-1]} if groups else set()
        if not groups or kind in held or (kind == first and held):
            groups.append([])
        groups[-1].append((kind, token))
    return groups


def _pieces(text: str, relations: Mapping[str, str]) -> Iterator[Piece]:
    for chunk in _STRONG.split(text):
        bare = _NUMBERED.sub("", chunk).strip()
        if not bare or is_placeholder(bare):
            continue
        yield from _chunk(bare, relations)


def _chunk(chunk: str, relations: Mapping[str, str]) -> Iterator[Piece]:
    numbers = [(found.start(), found[0]) for found in _NUMBER.finditer(chunk)]
    rest = _NUMBER.sub(" ", chunk)
    words: list[Piece] = []
    for found in _BRACKETED.finditer(rest):
        if code_for(relations, folded_code(found[1])):
            words.append(("relation", found[1]))
            rest = rest.replace(found[0], " ")
    names: list[str] = []
    for word in re.split(r"[\s:\-]+", rest):
        if not word:
            continue
        if code_for(relations, folded_code(word)) and not word.isdigit():
            words.append(("relation", word))
        else:
            names.append(word)
    name = "".join(names) if all(len(word) == 1 for word in names) or len(names) == 1 else " ".join(names)
    if name.strip("()"):
        words.insert(0, ("name", name))
    yield from words
    yield from (("number", number) for _, number in numbers)


def acquaint_head(members: list[dict[str, Any]], head: dict[str, Any]) -> None:
    """Where the cell holds the head too, cell and head's own columns tell each other what only one of them knows.

    The head keeps its place in the cell, so that ``member.N`` is always the N-th person written there.
    """
    for member in members:
        if _is_head(member, head):
            for name in ("former_names",) if "number" in head else ("former_names", *_NUMBER_CLAIMS):
                if name in member:
                    head.setdefault(name, member[name])
            if "number" not in member:
                member |= {name: head[name] for name in _NUMBER_CLAIMS if name in head}


def holds_head(members: list[dict[str, Any]], head: dict[str, Any]) -> bool:
    """True when the head of the household is among those whom the cell names."""
    return any(_is_head(member, head) for member in members)


def _is_head(member: dict[str, Any], head: dict[str, Any]) -> bool:
    same_number = "number" in member and member.get("number") == head.get("number")
    differ = "number" in member and "number" in head and not same_number
    same_name = name_key(member.get("name", "")) == name_key(head.get("name", ""))
    if differ or not (same_name or "name" not in member):
        return False
    return same_number or member.get("relation", "02") in _HEAD


def unpack_holders(cells: Mapping[str, str], hint: str | None) -> list[dict[str, Any]]:
    """The holders in a row: one, or several joined in one cell with as many numbers, or with none.

    Raises:
        UnusableRow: names and numbers that cannot be paired.
    """
    names = _split_names(cells.get("name", ""))
    numbers = _paired_numbers(cells.get("number", ""), len(names))
    shares = _NAMES.split(cells.get("share", "")) if len(names) > 1 else [cells.get("share", "")]
    holders: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        holder: dict[str, Any] = {}
        if not put_any_name(holder, name):
            continue
        if numbers and numbers[place]:
            put_identifier(holder, numbers[place], hint)
        if share := (shares[place] if len(shares) == len(names) else cells.get("share", "")):
            holder["share"] = share[:100]
        holders.append(holder)
    if len(names) > 1:
        for holder in holders:
            add_flag(holder, "holders-packed-in-one-cell")
    return holders


def _paired_numbers(text: str, count: int) -> list[str]:
    """The cell's numbers by position, one for each of ``count`` names, empty where a place is; none when it has none.

    Raises:
        UnusableRow: another count of numbers than of names.
    """
    if is_placeholder(text) or not count:
        return []
    if count == 1:
        return [text]
    for separators in (_NUMBERS, _BLANKS):
        numbers = [one.strip() for one in separators.split(text.strip())]
        for told in (numbers, _without_old_forms(numbers)):
            if len(told) == count:
                return told
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


def _split_names(text: str) -> list[str]:
    if is_organisation(text) and not re.search(r"[;；、\n]", text):
        return [text]
    return [one.strip() for one in _NAMES.split(text) if one.strip()]
