"""Cells into which the members of a household 家庭成员 are packed."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.standard.cells import nested_text
from adapters.standard.folding import folded_code
from adapters.standard.people import code_for, put_identifier, put_name
from hub.kernel.characters import is_placeholder
from hub.kernel.names import name_key

_RECORD_SEPARATORS: Final = ("\n", ";", ",", "、", "|", "/")
_FIELD_SEPARATORS: Final = ("/", "|", ",", "、", "-", ":", " ")
_STRONG: Final = re.compile(r"[、,;/|\n\t#&+_=~^]+")
_NUMBER: Final = re.compile(r"\d\.\d+E\+?\d+|[A-Z]{0,3}\d[\dXХ*]{5,}(?:[A-Z\d]*)|\d{3,}\*{2,}\d*[\dX]?", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:家庭成员|成员|姓名|关系|与户主关系|身份证号码|身份证号|身份证|证件号码|证件号|公民身份号码)\s*"
    r"(?::|(?=无|不详|未知|不明|不清|未提供|未办|待补|待查))"
)
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_BRACKETS: Final = str.maketrans("[]{}【】〔〕", "()()()()")
_INSIDE: Final = re.compile(r"[,、/;:|\s]+")
_SPACED: Final = re.compile(r"(?<![\dX])(\d{6})\s+(\d{8})\s+(\d{3}[\dX])(?![\dX])", re.IGNORECASE)
_COUNT: Final = re.compile(r"(?:共|合计)\s*\d{1,2}\s*[人口](?:\s*[:,;])?")
_LONGEST_RELATION: Final = 4
_NEXT: Final = re.compile(r"\s+(?=\(?\d{1,2}[.、)]\s*[^\d\s])")
_CIRCLED: Final = re.compile(r"[①-⑳]")
_GLUED: Final = frozenset("妻媳婿父女子")
"""Relations of one character with which no name of three or more begins; 孙, 母 and 夫 are surnames."""
_GLUED_BEHIND: Final = frozenset("妻媳婿")
_FULL_NAME: Final = 3
_NUMBERED: Final = re.compile(r"^\s*(?:\(?\d{1,2}\)|\d{1,2}[.、)])\s*(?=\D)")
_PACKED: Final = re.compile(r"\d{5}|[;,、/|\n:()]")
_FIELDS: Final = (2, 3, 4)
_HEAD: Final = frozenset(("01", "02"))
_NUMBER_CLAIMS: Final = ("number", "number_valid", "document_kind")

Piece = tuple[str, str]
"""What a token is (name, relation or number) and its text."""


def folded_cell(text: str) -> str:
    """The cell with one kind of punctuation, so that separators compare."""
    lines = _CIRCLED.sub("\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _NEXT.sub("\n", unicodedata.normalize("NFKC", lines))
    return plain.replace("；", ";").replace("，", ",").replace("：", ":").replace("－", "-").replace("〉", "")


def unpack_members(text: str, relations: Mapping[str, str]) -> tuple[list[dict[str, Any]], bool]:
    """The members in the cell, and whether every bit of it found its place."""
    told = folded_cell(_without_json(text))
    plain = _opened(_COUNT.sub("", _SPACED.sub(r"\1\2\3", _LABEL.sub("", told))), relations)
    rows = _table(plain, relations)
    groups = rows if rows is not None else _grouped(plain, relations)
    members = [_member(row, relations) for row in groups]
    kept = [member for member in members if member]
    clear = len(kept) == len(members) and all(member.get("name", "妻")[-1] not in _GLUED_BEHIND for member in kept)
    return kept, clear and not any(kind == "remark" for row in groups for kind, _ in row)


def _without_json(text: str) -> str:
    """Members that a database keeps as JSON, packed like those that it gives as arrays and objects."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return nested_text(json.loads(text))
    except (ValueError, RecursionError):
        return text


def side_by_side(columns: Sequence[str]) -> str:
    """Members told in columns of name, relation and number, one below the other in each, as one packed cell.

    Columns of different lengths cannot be paired: they follow each other, and are found unclear.
    """
    told = [column.split("\n") for column in columns if column]
    if len({len(column) for column in told}) > 1:
        return "\n".join(columns)
    rows = zip(*told, strict=True)
    return "\n".join(" ".join(cell.strip() for cell in row if not is_placeholder(cell)) for row in rows)


def _opened(text: str, relations: Mapping[str, str]) -> str:
    """The cell without brackets around what belongs to the name before them, or around a whole member.

    李四(妻,440524…) becomes 李四 妻 440524…; (李四,妻,440524…) a member of its own; 李四(李小四) stays.
    """

    def opened(found: re.Match[str]) -> str:
        tokens = [token for token in _INSIDE.split(found[1]) if token]
        known = [_is_number(token) or _is_relation(token, relations) for token in tokens]
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
    pieces = list(_pieces(text, relations))
    half = len(pieces) // 2
    if [kind for kind, _ in pieces] == ["name"] * half + ["number"] * half:
        return [[name, number] for name, number in zip(pieces[:half], pieces[half:], strict=True)]
    groups: list[list[Piece]] = []
    first = ""
    for kind, token in pieces:
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
    """The name and the relation of one person; of several, each name before or behind its relation, as written."""
    words: list[Piece] = []
    for word in re.split(r"[\s:\-]+", text):
        if _is_relation(word, relations):
            words.append(("relation", word))
        elif word.strip("()") and not is_placeholder(word):
            relation, name = _apart(word, relations)
            words += [("relation", relation)] if relation else []
            if words and words[-1][0] == "name":
                name = f"{words.pop()[1]} {name}"
            words.append(("name", name))
    if sum(kind == "name" for kind, _ in words) > 1:
        return words
    return sorted(words, key=lambda piece: piece[0] != "name")


def _apart(word: str, relations: Mapping[str, str]) -> tuple[str, str]:
    """A relation written on to the name, 妻子李四 or 李四妻子, and the name; the one character of 子涵 may be of it."""
    for length in range(min(_LONGEST_RELATION, len(word) - 2), 1, -1):
        if _is_relation(word[:length], relations):
            return word[:length], word[length:]
        if _is_relation(word[-length:], relations):
            return word[-length:], word[:-length]
    is_glued = len(word) >= _FULL_NAME and word[0] in _GLUED and _is_relation(word[0], relations)
    return (word[0], word[1:]) if is_glued else ("", word)


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
