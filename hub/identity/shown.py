"""What a damaged number still shows: the digits that can be seen, and the birth date among them."""

import re
from datetime import date
from typing import Final

from hub.identity.compare import HIDDEN, ROUNDED, UNROUNDED, VISIBLE_DIGITS
from hub.kernel.characters import folded
from hub.kernel.identifiers import date_of_digits


def visible_number(text: str) -> str:
    """A damaged resident ID with ``*`` for each digit that is lost: masked, or rounded off by a spreadsheet.

    Nothing of a masked one unless the last four can be seen: region and day are shared by a whole county, the last four
    are what one in thousands has. A rounded one speaks for nobody, but against whoever has other digits in its place.
    """
    plain = folded(text)
    if _ROUNDED.fullmatch(plain):
        return plain[:UNROUNDED] + HIDDEN * len(ROUNDED)
    if _MASKED.fullmatch(plain) is None:
        return ""
    return _HIDDEN.sub(HIDDEN, plain[:-VISIBLE_DIGITS]) + plain[-VISIBLE_DIGITS:]


def shown_birth_date(text: str) -> date | None:
    """The birth date in a resident ID of which only the last four are masked, or rounded off by a spreadsheet."""
    found = _WHOLE_DAY.fullmatch(folded(text))
    return date_of_digits(found[1]) if found else None


_WHOLE_DAY: Final = re.compile(r"[0-9]{6}([0-9]{8})[0-9*#X]{4}")
_ROUNDED: Final = re.compile(rf"[0-9]{{{UNROUNDED}}}{ROUNDED}")
_MASKED: Final = re.compile(r"(?=.{18}$)[0-9]{1,12}[*#X]{2,13}[0-9]{0,12}[0-9]{3}[0-9X]")
_HIDDEN: Final = re.compile("[*#X]")
