"""Numbers of certificates: real-estate unit and certificate, marriage certificate, electronic licence 电子证照."""

import re
from dataclasses import dataclass
from typing import Final

from hub.kernel.characters import folded
from hub.kernel.checkdigits import licence_id_check

_UNIT: Final = re.compile(r"(\d{12})([GJZ][ABSXCDEFHGWY])(\d{5})([FLQW])(\d{8})")
_UNIT_LENGTH: Final = 28
_LETTER_PLACES: Final = frozenset((12, 13, 19))
_FOR_DIGITS: Final = str.maketrans("OIQ", "010")


def normal_real_estate_unit(text: str) -> str | None:
    """A real-estate unit code 不动产单元代码 (GB/T 37346) without its printed spaces; None for any other form."""
    plain = folded(text).replace("-", "")
    if len(plain) != _UNIT_LENGTH:
        return None
    plain = "".join(one if place in _LETTER_PLACES else one.translate(_FOR_DIGITS) for place, one in enumerate(plain))
    return plain if _UNIT.fullmatch(plain) else None


_SERIAL: Final = re.compile(r"^(.*?)(\d+)(号?)$")
_SERIAL_LENGTH: Final = 7
_UNSTEADY: Final = re.compile(r"[()]|(?<=不动产权)证(?=第)")
"""Brackets and a word that some offices leave out or write in."""


def normal_real_estate_certificate(text: str) -> str:
    """A real-estate certificate number, brackets and spaces made one: 苏(2017)海门市不动产权第0000183号."""
    plain = folded(text).replace("[", "(").replace("]", ")").replace("【", "(").replace("】", ")")
    return plain if plain.endswith("号") or "第" not in plain else plain + "号"


def real_estate_certificate_key(text: str) -> str:
    """What rows of one certificate share however its serial is padded and its year bracketed; never for display."""
    plain = _UNSTEADY.sub("", normal_real_estate_certificate(text))
    form = _SERIAL.fullmatch(plain)
    return plain if form is None else f"{form[1]}{form[2].lstrip('0').zfill(_SERIAL_LENGTH)}{form[3]}"


@dataclass(frozen=True, slots=True)
class MarriageCertificate:
    """A marriage or divorce certificate number 婚姻登记证字号; older free forms keep only ``value``."""

    value: str
    event: str | None = None
    is_reissue: bool = False
    office_region: str | None = None
    year: int | None = None
    serial: str | None = None


_MARRIAGE: Final = re.compile(r"(B?)([JL])(\d{6})-?(\d{4})-?(\d{6})")


def marriage_certificate(text: str) -> MarriageCertificate | None:
    """The number as its standard form tells it, or an older one kept as text; None when the cell is empty."""
    plain = folded(text)
    form = _MARRIAGE.fullmatch(plain)
    if form is None:
        return MarriageCertificate(plain) if plain else None
    return MarriageCertificate(
        value=f"{form[1]}{form[2]}{form[3]}-{form[4]}-{form[5]}",
        event="marriage" if form[2] == "J" else "divorce",
        is_reissue=bool(form[1]),
        office_region=form[3],
        year=int(form[4]),
        serial=form[5],
    )


_LICENCE_ROOT: Final = "1.2.156.3005.2."
_LICENCE: Final = re.compile(r"([0-9A-Z]{21})\.([0-9A-Z]+)\.([0-9A-Z]+)\.([0-9A-Z]{3})\.([0-9A-Z])")


def is_licence_id(text: str) -> bool:
    """True when ``text`` is an electronic licence id (GB/T 36904) whose check character holds."""
    plain = folded(text)
    form = _LICENCE.fullmatch(plain.removeprefix(_LICENCE_ROOT)) if plain.startswith(_LICENCE_ROOT) else None
    return form is not None and licence_id_check("".join(form.group(1, 2, 3, 4))) == form[5]
