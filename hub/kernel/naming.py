"""Whether a number 编号 that somebody chose names a person: such numbers are kept in clear, so none may."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from hub.kernel.characters import folded
from hub.kernel.codes import parse_identifier
from hub.kernel.identifiers import birth_date_in

_SEPARATORS: Final = re.compile(r"[-_./:]+")
_EIGHTEEN: Final = re.compile(r"(?=([1-9]\d{16}[\dX]))")
_YOUNGEST: Final = timedelta(days=400)
"""Region, day and serial of a case look like a resident number, one in eleven with its check digit; the day is new."""
_SHORTEST: Final = 2
_SHORTEST_IN_LETTERS: Final = 6
"""“Li” stands in many a word."""


def names_somebody(text: str, on: date, people: Iterable[str] = ()) -> bool:
    """True when ``text`` holds a sound resident number, or a name or number of the ``people`` that it is about.

    Spelt in any width, with any separators. Whose birth date lies less than 400 days before ``on`` is not recognised by
    the form of the number alone.
    """
    plain = _SEPARATORS.sub("", folded(text))
    known = (_SEPARATORS.sub("", folded(each)) for each in people)
    return any(_is_telling(each) and each in plain for each in known) or _holds_number(plain, on)


def _is_telling(known: str) -> bool:
    return len(known) >= (_SHORTEST_IN_LETTERS if known.isascii() else _SHORTEST)


def _holds_number(plain: str, on: date) -> bool:
    for found in _EIGHTEEN.finditer(plain):
        number = parse_identifier(found[1])
        born = birth_date_in(number) if number is not None and number.valid else None
        if born is not None and born < on - _YOUNGEST:
            return True
    return False
