"""Identifiers 证件号码 as cells hold them: one, several, damaged or none, each brought to its normal form.

The form decides the kind; what the source says about it is a hint. A failed check digit is a flag, not a reason to lose
the record.
"""

import re
from dataclasses import dataclass
from typing import Final

from hub.kernel.certificates import (
    MarriageCertificate,
    is_licence_id,
    marriage_certificate,
    normal_real_estate_certificate,
    normal_real_estate_unit,
    real_estate_certificate_key,
)
from hub.kernel.characters import folded, is_placeholder
from hub.kernel.checkdigits import (
    credit_code_check,
    foreign_permanent_check,
    licence_id_check,
    organisation_code_check,
    registration_number_check,
    resident_id_check,
)
from hub.kernel.identifier_forms import (
    ORGANISATION_HINTS,
    PERSON_HINTS,
    classified,
    credit,
    fifteen,
    is_credit_code,
    is_hinted,
    resident,
)
from hub.kernel.identifiers import (
    CONTRADICTS_KIND,
    MASKED,
    MAYBE_ROUNDED,
    PLACEHOLDER,
    ROUNDED,
    SCIENTIFIC,
    SEVERAL,
    STAR,
    Identifier,
    IdentifierKind,
    birth_date_in,
    contradictions,
    organisation_code_in,
    region_in,
    sex_in,
    to_18_digits,
)

__all__ = [
    "Identifier",
    "IdentifierKind",
    "MarriageCertificate",
    "Reading",
    "birth_date_in",
    "contradictions",
    "credit_code_check",
    "foreign_permanent_check",
    "is_licence_id",
    "licence_id_check",
    "marriage_certificate",
    "normal_real_estate_certificate",
    "normal_real_estate_unit",
    "organisation_code_check",
    "organisation_code_in",
    "parse_identifier",
    "read_identifiers",
    "real_estate_certificate_key",
    "region_in",
    "registration_number_check",
    "resident_id_check",
    "sex_in",
    "to_18_digits",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything found in one cell, and what was wrong with it."""

    identifiers: tuple[Identifier, ...]
    flags: tuple[str, ...] = ()


_EIGHTEEN: Final = 18
_FIFTEEN: Final = 15
_SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?E\+?\d{2}")
_MASK: Final = re.compile(r"\*{2,}|\*.*\*|X{3,}|#{2,}|\*(?!$)|\?|[-_.]{3,}|[○〇■◆▲△]")
_SEPARATORS: Final = re.compile(r"[、,，;；/／|\n\r()（）〈〉<>\[\]【】]+|(?<=[0-9XxＸ]{15})\s+(?=\d{15})")
_TELLS: Final = re.compile(r"[\d０-９*＊#]")
_LABEL: Final = re.compile(r"^(?:(?:ID|NO|SFZH?)[.:]+|[^0-9A-Z*#])+|[^0-9A-Z*#?○〇■◆▲△]+$")
_WITHOUT_DECIMALS: Final = re.compile(r"(\d+)\.0+")
_LAST_MASKED: Final = "?○〇■◆▲△"
_IN_WORDS: Final = re.compile(r"[\u4e00-\u9fff]{1,12}字第?[0-9A-Z-]+号?")
"""南字第12345678号 of a soldier is not 北字第12345678号; without its words it reads as a Taiwan permit."""
_DIGITS_AND_X: Final = re.compile(r"[\dX]+")
_COUNTING: Final = "123456789012345"


def parse_identifier(text: str, document_kind: str | None = None) -> Identifier | None:
    """The one number that ``text`` holds, or None when it holds none that can be used, or several.

    Args:
        text: the cell as written, in any of the forms in which such cells come.
        document_kind: what the source says it is, as a canonical code; a hint that the form may overrule.
    """
    exact = _exact(text, document_kind)
    if exact is not None:
        return exact
    found = read_identifiers(text, document_kind).identifiers
    return found[0] if len(found) == 1 else None


def read_identifiers(text: str, document_kind: str | None = None) -> Reading:
    """Every number in the cell, in order, with the flags that say what was put aside."""
    exact = _exact(text, document_kind)
    if exact is not None:
        return Reading((exact,), exact.flags)
    if is_placeholder(text):
        return Reading((), (PLACEHOLDER,) if text.strip() else ())
    found: dict[str, Identifier] = {}
    flags: dict[str, None] = {}
    for piece in _pieces(text):
        outcome = _one(piece, document_kind)
        if isinstance(outcome, str):
            flags[outcome] = None
        else:
            found.setdefault(outcome.value, outcome)
            flags.update(dict.fromkeys(outcome.flags))
    if len(found) > 1:
        flags[SEVERAL] = None
    return Reading(tuple(found.values()), tuple(flags))


def _exact(text: str, hint: str | None) -> Identifier | None:
    """The reading of a cell that is already in normal form and sound, without any of the work on dirt."""
    if len(text) != _EIGHTEEN or not text.isascii():
        return None
    found = resident(text) if text[:17].isdigit() else credit(text) if is_credit_code(text) else None
    if found is None or not found.valid or text.endswith("000") or (hint is not None and not is_hinted(found, hint)):
        return None
    return found


def _pieces(text: str) -> list[str]:
    """The cell cut where people separate; a part without a digit or a mask is a remark, not a number."""
    parts = [part for part in _SEPARATORS.split(text) if _TELLS.search(part)]
    return [piece for part in parts for piece in _cut(_stripped(folded(part)))]


def _stripped(text: str) -> str:
    """``text`` without a label such as 身份证号:, without a spreadsheet's ``.0``, without dashes in a long number."""
    if _IN_WORDS.fullmatch(text):
        return text
    bare = _LABEL.sub("", text)
    if len(whole := bare.rstrip(_LAST_MASKED)) in (_FIFTEEN, _EIGHTEEN):
        bare = whole
    if _MASK.search(bare):
        return bare
    if whole_number := _WITHOUT_DECIMALS.fullmatch(bare):
        return whole_number[1]
    joined = bare.replace("-", "")
    return joined if len(joined) >= _FIFTEEN else bare


def _cut(text: str) -> list[str]:
    """Two or more resident IDs written without a separator, each on its own; anything else as it is."""
    if len(text) <= _EIGHTEEN or not _DIGITS_AND_X.fullmatch(text):
        return [text]
    for length, reader in ((_EIGHTEEN, resident), (_FIFTEEN, fifteen)):
        first, rest = reader(text[:length]), _cut(text[length:])
        if first is not None and first.valid and all(len(part) in (_EIGHTEEN, _FIFTEEN) for part in rest):
            return [text[:length], *rest]
    return [text]


def _one(text: str, hint: str | None) -> Identifier | str:
    """The number in a folded piece, or the flag that says why there is none."""
    if is_placeholder(text) or not text.strip("0") or text.startswith(_COUNTING):
        return PLACEHOLDER
    if _SCIENTIFIC.fullmatch(text):
        return SCIENTIFIC
    starred = len(text) == _EIGHTEEN and text[:17].isdigit() and text[17] == "*"
    if starred:
        text = text[:17] + "X"
    masked = not starred and _MASK.search(text) is not None
    if masked and ("*" in text or "#" in text):
        return MASKED
    found = classified(text, hint)
    if masked and not found.valid:
        return MASKED
    rounded = len(text) == _EIGHTEEN and text.isdigit() and text.endswith("000")
    if rounded and not found.valid:
        return ROUNDED
    added = (
        *((STAR,) if starred else ()),
        *((MAYBE_ROUNDED,) if rounded else ()),
        *((CONTRADICTS_KIND,) if _is_contradicted(found, hint) else ()),
    )
    return Identifier(found.kind, found.value, found.valid, (*found.flags, *added)) if added else found


def _is_contradicted(found: Identifier, hint: str | None) -> bool:
    known = hint in PERSON_HINTS or hint in ORGANISATION_HINTS
    return known and found.kind is not IdentifierKind.OTHER and not is_hinted(found, hint)
