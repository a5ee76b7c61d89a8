"""Cells into which several people are packed: household members 家庭成员, co-owners 共有人."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.standard.folding import folded_code
from adapters.standard.people import add_flag, code_for, is_organisation, put_any_name, put_identifier, put_name
from adapters.standard.shares import shares_of
from adapters.standard.unusable import UnusableRow
from hub.kernel.characters import is_placeholder
from hub.kernel.codes import parse_identifier, read_identifiers
from hub.kernel.names import name_key

_RECORD_SEPARATORS: Final = ("\n", ";", ",", "、", "|", "/")
_FIELD_SEPARATORS: Final = ("/", "|", ",", "、", "-", ":", " ")
_STRONG: Final = re.compile(r"[、,;/|\n\t]+")
_NUMBER: Final = re.compile(r"\d\.\d+E\+?\d+|[A-Z]{0,3}\d[\dXХ*]{5,}(?:[A-Z\d]*)|\d{3,}\*{2,}\d*[\dX]?", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:家庭成员|成员|姓名|关系|与户主关系|身份证号码|身份证号|身份证|证件号码|证件号|公民身份号码)\s*:"
)
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_BRACKETS: Final = str.maketrans("[]{}【】〔〕", "()()()()")
_INSIDE: Final = re.compile(r"[,、/;:|\s]+")
_SPACED: Final = re.compile(r"(?<![\dX])(\d{6})\s+(\d{8})\s+(\d{3}[\dX])(?![\dX])", re.IGNORECASE)
_COUNT: Final = re.compile(r"(?:共|合计)\s*\d{1,2}\s*[人口](?:\s*[:,;])?")
_JOINED: Final = re.compile(r"\s+|[和与及&]")
_LONGEST_RELATION: Final = 4
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
    plain = _opened(_COUNT.sub("", _SPACED.sub(r"\1\2\3", _LABEL.sub("", folded_cell(text)))), relations)
    rows = _table(plain, relations)
    groups = rows if rows is not None else _grouped(plain, relations)
    members = [_member(row, relations) for row in groups]
    kept = [member for member in members if member]
    clear = len(kept) == len(members) and all("name" in member for member in kept)
    return kept, clear and not any(kind == "remark" for row in groups for kind, _ in row)


def _opened(text: str, relations: Mapping[str, str]) -> str:
    """The cell without brackets around what belongs to the name before them, or around a whole member.

    李四(妻,440524…) becomes 李四 妻 440524…; (李四,妻,440524…) a member of its own; 李四(李小四) stays.
    """

    def opened(found: re.Match[str]) -> str:
        tokens = [token for token in _INSIDE.split(found[1]) if token]
        known = [bool(_NUMBER.fullmatch(token)) or _is_relation(token, relations) for token in tokens]
        if tokens and all(known):
            return f" {' '.join(tokens)} "
        before = text[: found.start()].rstrip()
        is_member = any(known) and len(tokens) > 1 and (not before or before[-1] in ",、;|/)\n")
        return f";{found[1]};" if is_member else found[0]

    return _BRACKETED.sub(opened, text.translate(_BRACKETS))


def _is_relation(word: str, relations: Mapping[str, str]) -> bool:
    return not word.isdigit() and code_for(relations, folded_code(word)) is not None


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


def _table(text: str, relations: Mapping[str, str]) -> list[list[Piece]] | None:
    """The cell as rows of name, relation, number when it is built that regularly; None otherwise."""
    for record in _RECORD_SEPARATORS:
        for between in _FIELD_SEPARATORS:
            if record != between and between in text and (rows := _regular(text, (record, between), relations)):
                return rows
    return None


def _regular(text: str, separators: tuple[str, str], relations: Mapping[str, str]) -> list[list[Piece]] | None:
    record, between = separators
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
    if len(others) > 1 and all(_is_relation(row[others[0]], relations) for row in rows):
        others[:2] = others[1::-1]
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
    """The tokens of one piece in their order; of the words between two numbers the name first."""
    end, is_named = 0, False
    for found in _NUMBER.finditer(chunk):
        words = _words(chunk[end : found.start()], relations)
        is_named = is_named or any(kind == "name" for kind, _ in words)
        yield from words
        yield "number", found[0]
        end = found.end()
    rest = _words(chunk[end:], relations)
    yield from (("remark" if is_named and kind == "name" else kind, word) for kind, word in rest)


def _words(text: str, relations: Mapping[str, str]) -> list[Piece]:
    words: list[Piece] = []
    names: list[str] = []
    for bracketed in _BRACKETED.findall(text):
        if _is_relation(bracketed, relations):
            words.append(("relation", bracketed))
            text = text.replace(f"({bracketed})", " ")
    for word in re.split(r"[\s:\-]+", text):
        if _is_relation(word, relations):
            words.append(("relation", word))
        elif word and not is_placeholder(word):
            relation, name = _apart(word, relations)
            words += [("relation", relation)] if relation else []
            names.append(name)
    name = "".join(names) if all(len(word) == 1 for word in names) or len(names) == 1 else " ".join(names)
    return [("name", name), *words] if name.strip("()") else words


def _apart(word: str, relations: Mapping[str, str]) -> tuple[str, str]:
    """A relation written on to the name, 妻子李四, and the name; one character alone, 子涵, may be of the name."""
    for length in range(_LONGEST_RELATION, 1, -1):
        if len(word) - length > 1 and _is_relation(word[:length], relations):
            return word[:length], word[length:]
    return "", word


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
    names = _split_names(cells.get("name", ""), cells.get("number", ""))
    numbers = _paired_numbers(cells.get("number", ""), len(names))
    shares = shares_of(cells.get("share", ""), len(names))
    holders: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        holder: dict[str, Any] = {}
        if not put_any_name(holder, name):
            continue
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
    """The names in the cell; blanks and 和 part names only where as many numbers stand beside them."""
    if len(text) > 1 and not is_organisation(text) and not _NAMES.search(text):
        parts = [part for part in _JOINED.split(text) if part]
        if len(parts) > 1 and len(_sound_numbers(numbers)) == len(parts):
            return parts
    if is_organisation(text) and not re.search(r"[;；、\n]", text):
        return [text]
    return [one.strip() for one in _NAMES.split(text) if one.strip()]
