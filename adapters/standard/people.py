"""Who a record speaks of: names, identifiers and the cells into which several people are packed."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from adapters.standard.folding import fit
from hub.kernel.characters import is_placeholder
from hub.kernel.codes import Identifier, IdentifierKind, read_identifiers
from hub.kernel.identifiers import LENGTH, MASKED, ROUNDED, SCIENTIFIC
from hub.kernel.names import normal_organisation_name, normal_person_name

_NO_NAME: Final = "0123456789.·,-/ 〃″\"'”#&+_=~^@!:;()"
_AS_ABOVE: Final = frozenset(("同上", "同前"))
_DAMAGE: Final = frozenset((MASKED, SCIENTIFIC, ROUNDED))
_LONGEST_WRITTEN: Final = 200
_LONGEST_NUMBER: Final = 64
_SHORTEST_CUT_CODE: Final = 15
_BETWEEN: Final = r"[-:|/._、()\[\]]*"
_CODE_AND_NAME: Final = re.compile(rf"\(?(\d{{1,3}}){_BETWEEN}([^\d\W]+)\)?|([^\d\W]+){_BETWEEN}(\d{{1,3}})\)?")
_ORGANISATION_WORDS: Final = (
    *("公司", "委员会", "局", "协会", "学会", "中心", "学校", "医院", "合作社", "基金会"),
    *("村民", "厂", "银行", "经济", "政府", "商会", "研究", "集团"),
)
_PAPERS: Final = {
    IdentifierKind.CREDIT_CODE: "credit_code",
    IdentifierKind.ORGANISATION_CODE: "organisation_code",
    IdentifierKind.REGISTRATION_NUMBER: "registration_number",
}


def add_flag(target: dict[str, Any], flag: str) -> None:
    """``target`` carries ``flag`` once among its quality findings."""
    flags = target.setdefault("quality", [])
    if flag not in flags:
        flags.append(flag)


def put_name(target: dict[str, Any], text: str) -> bool:
    """A person's name and former names; False when the cell names nobody."""
    found = normal_person_name(text)
    if not found.name.strip(_NO_NAME) or found.name in _AS_ABOVE:
        return False
    target["name"] = found.name
    if found.former:
        target["former_names"] = list(found.former[:20])
    if found.wildcard:
        add_flag(target, "name-with-missing-character")
    return True


def is_organisation(name: str) -> bool:
    """True when a holder's name reads as that of an organisation."""
    return any(word in name for word in _ORGANISATION_WORDS)


def put_any_name(target: dict[str, Any], text: str) -> bool:
    """The name of a person or an organisation."""
    if not is_organisation(text):
        return put_name(target, text)
    name = normal_organisation_name(text)
    if name:
        target["name"] = name
    return bool(name)


_read: Final = lru_cache(maxsize=4096)(read_identifiers)
"""Rows of one household name the same head, often one after the other."""


def put_identifier(target: dict[str, Any], text: str, hint: str | None) -> Identifier | None:
    """The cell's number in normal form with what is known about it; several or damaged ones are kept beside it."""
    reading = _read(text, hint)
    for flag in reading.flags:
        add_flag(target, flag)
    found = next((one for one in reading.identifiers if one.valid), next(iter(reading.identifiers), None))
    if found is None:
        if not is_placeholder(text):
            target["number_written"] = text[:_LONGEST_WRITTEN]
        return None
    if not found.value or len(found.value) > _LONGEST_NUMBER:
        target["number_written"] = text[:_LONGEST_WRITTEN]
        add_flag(target, "number-length")
        return None
    target["number"] = found.value
    target["number_valid"] = found.valid
    target["document_kind"] = found.document_kind
    others = [one.value[:_LONGEST_NUMBER] for one in reading.identifiers if one is not found]
    if others:
        target["other_numbers"] = others[:20]
    if _DAMAGE.intersection(reading.flags):
        target["number_written"] = text[:_LONGEST_WRITTEN]
    return found


def put_organisation_numbers(target: dict[str, Any], cells: Sequence[str]) -> None:
    """Each number by its own form, whatever column it stands in, and the strongest of them as ``number``."""
    strongest: Identifier | None = None
    for text in cells:
        for read in read_identifiers(text, "001").identifiers if text else ():
            found = _as_listed(read, text)
            paper = _PAPERS.get(found.kind, "registration_number")
            if paper not in target and len(found.value) <= _LONGEST_NUMBER:
                target[paper] = found.value
                strongest = strongest if strongest and (strongest.valid or not found.valid) else found
                for flag in found.flags:
                    add_flag(target, flag)
    if strongest:
        target["number"] = strongest.value
        target["number_valid"] = strongest.valid
        target["document_kind"] = strongest.document_kind


def _as_listed(found: Identifier, text: str) -> Identifier:
    """``found``, or the cell as written when it is a register's number 社证字第…号 rather than a code cut short."""
    if LENGTH not in found.flags or len(found.value) >= _SHORTEST_CUT_CODE:
        return found
    return Identifier(IdentifierKind.OTHER, fit(text)[:_LONGEST_NUMBER], valid=False)


def code_for(codes: Mapping[str, str], text: str) -> str | None:
    """The standard code of a spelling; leading zeros and a spreadsheet's ``.0`` do not matter.

    A code and its name in one cell, 1-男 or 汉族(01), are understood when they say the same.
    """
    found = codes.get(text)
    if found is None and text:
        plain = text.removesuffix(".0")
        found = codes.get(plain) or codes.get(plain.lstrip("0") or "0") or codes.get(plain.zfill(2))
    if found is None and (both := _CODE_AND_NAME.fullmatch(text)):
        told = {code_for(codes, one or other) for one, other in ((both[1], both[4]), (both[2], both[3]))}
        found = told.pop() if len(told) == 1 else None
    return found
