"""Shares 份额 of those who hold a right together, as registers write them, and as spreadsheets spoil them."""

import re
import unicodedata
from fractions import Fraction
from typing import Final

from adapters.standard.scalars import UNREADABLE, Outcome
from hub.kernel.characters import is_placeholder

_PART: Final = re.compile(r"各?占?(?:(\d{1,9})/(\d{1,9})|(\d{1,3}(?:\.\d{1,9})?)(%?))(?:的?(?:份额|产权|所有权|权利))?")
_BETWEEN: Final = re.compile(r"[、;,\n|]+")
_BETWEEN_PERCENTAGES: Final = re.compile(r"(?<=%)/")
_FRACTION_SLASH: Final = "\u2044"
_PERCENT: Final = 100
_LONGEST: Final = 100


def shares_of(text: str, count: int) -> list[Outcome]:
    """The share of each of ``count`` holders whose shares stand in one cell, in their order.

    A stroke is part of a fraction, and parts two shares only behind a per cent sign. One share for all is each holder's
    when all of them together hold no more than the whole.
    """
    plain = unicodedata.normalize("NFKC", text).replace(_FRACTION_SLASH, "/")
    told = [one for one in _BETWEEN.split(_BETWEEN_PERCENTAGES.sub("|", plain)) if one.strip()]
    if len(told) == count:
        return [_read(one) for one in told]
    if not told:
        return [(None, None)] * count
    each = _read(told[0]) if len(told) == 1 else (None, UNREADABLE)
    part = _fraction(each[0]) if each[0] else None
    return [(None, UNREADABLE) if part is not None and part * count > 1 else each] * count


def _read(written: str) -> Outcome:
    """The share as written: a fraction, a percentage, words; not what no holder can have.

    A spreadsheet makes a day of 1/2, which is then 2026-01-02, 1月2日 or 46024.
    """
    plain = "".join(written.split())
    if is_placeholder(plain):
        return None, None
    if not any(character.isdigit() for character in plain):
        return plain[:_LONGEST], None
    part = _fraction(plain)
    return (plain, None) if part is not None and 0 < part <= 1 else (None, UNREADABLE)


def _fraction(plain: str) -> Fraction | None:
    """What part of the whole the text names; a bare number above 1 counts per cent. None when it names none."""
    form = _PART.fullmatch(plain)
    if form is None:
        return None
    upper, lower, number, sign = form.groups()
    if upper:
        return Fraction(int(upper), int(lower)) if int(lower) else None
    part = Fraction(number)
    return part / _PERCENT if sign or part > 1 else part
