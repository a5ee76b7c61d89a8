"""Check characters 校验码 of the numbers that the field uses, each by the algorithm of its standard."""

from operator import mul
from string import ascii_uppercase, digits
from typing import Final

from hub.errors import Malformed

CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100: digits and capitals without I O S V Z."""

_BASE_36: Final = digits + ascii_uppercase
_ZERO: Final = ord("0")

_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_OFFSET: Final = _ZERO * sum(_RESIDENT_WEIGHTS)
_RESIDENT_CHECKS: Final = "10X98765432"
_CREDIT_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_CREDIT_VALUES: Final = {character: value for value, character in enumerate(CREDIT_ALPHABET)}
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS: Final = "0X987654321"
_ICAO_WEIGHTS: Final = (7, 3, 1)


def resident_id_check(first17: str) -> str:
    """The 18th character of a resident ID 公民身份号码 (GB 11643, ISO 7064 MOD 11-2)."""
    _require(first17, 17, first17.isascii() and first17.isdigit())
    return _RESIDENT_CHECKS[(sum(map(mul, _RESIDENT_WEIGHTS, first17.encode())) - _RESIDENT_OFFSET) % 11]


def credit_code_check(first17: str) -> str:
    """The 18th character of a unified social credit code 统一社会信用代码 (GB 32100)."""
    _require(first17, 17, all(character in _CREDIT_VALUES for character in first17))
    total = sum(map(mul, _CREDIT_WEIGHTS, map(_CREDIT_VALUES.__getitem__, first17)))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def organisation_code_check(first8: str) -> str:
    """The ninth character of an organisation code 组织机构代码 (GB 11714)."""
    _require(first8, 8, all(character in _BASE_36 for character in first8))
    return _ORGANISATION_CHECKS[sum(map(mul, _ORGANISATION_WEIGHTS, map(_BASE_36.index, first8))) % 11]


def registration_number_check(first14: str) -> str:
    """The 15th digit of a business registration number 工商注册号 (ISO 7064 MOD 11,10)."""
    _require(first14, 14, first14.isascii() and first14.isdigit())
    return _hybrid_check(first14, 10)


def licence_id_check(type_issuer_serial_version: str) -> str:
    """The last character of an electronic licence id 电子证照标识 (GB/T 36904, ISO 7064 MOD 37,36).

    ``type_issuer_serial_version``: the four parts in that order, without the root and without dots.
    """
    wellformed = all(character in _BASE_36 for character in type_issuer_serial_version)
    _require(type_issuer_serial_version, len(type_issuer_serial_version), wellformed)
    return _hybrid_check(type_issuer_serial_version, 36)


def foreign_permanent_check(first14: str) -> str:
    """The 15th digit of an old foreign permanent residence card 外国人永久居留证 (ICAO 9303 weights 7-3-1)."""
    _require(first14, 14, all(character in _BASE_36 for character in first14))
    return str(sum(_BASE_36.index(one) * _ICAO_WEIGHTS[place % 3] for place, one in enumerate(first14)) % 10)


def _hybrid_check(body: str, modulus: int) -> str:
    product = modulus
    for character in body:
        total = (product + _BASE_36.index(character)) % modulus or modulus
        product = total * 2 % (modulus + 1)
    return _BASE_36[(modulus + 1 - product) % modulus]


def _require(text: str, length: int, wellformed: bool) -> None:  # noqa: FBT001  # one fact about the first argument
    if len(text) != length or not wellformed:
        raise Malformed(
            "kernel.check-digit-input",
            "These characters cannot carry that check character.",
            "这些字符不能计算该校验码。",
            length=len(text),
        )
