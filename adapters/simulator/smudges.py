"""What becomes of a true number, name or date under each kind of dirt; pure functions, by the kind's name."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from collections.abc import Callable, Mapping
from datetime import date
from random import Random
from typing import Final

from adapters.simulator.lexicon import HOMOPHONES, TRADITIONAL

_SHORT_NAME: Final = 2
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_FULL_WIDTH: Final = {ord(one): ord(one) + 0xFEE0 for one in "0123456789X"}
_SOUNDS_LIKE: Final = {one: group.replace(one, "") for group in HOMOPHONES for one in group}
PLACEHOLDERS: Final = ("无", "不详", "000000000000000000", "0", "-", "暂无")


def _wrong_check(number: str, rng: Random) -> str:
    if rng.random() < 0.5:
        return number[:-1] + ("1" if number[-1] != "1" else "2")
    place = rng.randint(6, 15)
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def _fifteen_digits(number: str, _rng: Random) -> str:
    return number[:6] + number[8:17] if number[6:8] == "19" else number


def _spaces(number: str, rng: Random) -> str:
    return rng.choice((f" {number}", f"{number} ", f"{number[:6]} {number[6:14]} {number[14:]}"))


def _two(number: str, rng: Random) -> str:
    return f"{number[:6]}{number[8:17]}{rng.choice(('/', '、', ' ', ';'))}{number}"


NUMBER: Final[Mapping[str, Callable[[str, Random], str]]] = {
    "id_fifteen_digits": _fifteen_digits,
    "id_full_width": lambda number, _: number.translate(_FULL_WIDTH),
    "id_spaces": _spaces,
    "id_tab": lambda number, _: f"{number}\t",
    "id_apostrophe": lambda number, _: f"'{number}",
    "id_excel_float": lambda number, _: f"{number[0]}.{number[1:6]}E+17",
    "id_excel_zeros": lambda number, _: f"{number[:15]}000",
    "id_masked": lambda number, _: f"{number[:6]}********{number[14:]}",
    "id_placeholder": lambda _, rng: rng.choice(PLACEHOLDERS),
    "id_missing": lambda _, __: "",
    "id_two_in_one": _two,
    "id_wrong_check": _wrong_check,
    "id_lower_x": lambda number, _: number.lower(),
    "id_cyrillic_x": lambda number, _: number.replace("X", "Х"),
    "id_star_for_x": lambda number, _: number.replace("X", "*"),
}


def _homophone(name: str, rng: Random) -> str:
    places = [place for place, one in enumerate(name) if place and one in _SOUNDS_LIKE]
    if not places:
        return name
    place = rng.choice(places)
    return name[:place] + rng.choice(_SOUNDS_LIKE[name[place]]) + name[place + 1 :]


NAME: Final[Mapping[str, Callable[[str, Random], str]]] = {
    "name_inner_space": lambda name, _: " ".join(name) if len(name) == _SHORT_NAME else f"{name} ",
    "name_ideographic_space": lambda name, _: "\u3000".join(name) if len(name) == _SHORT_NAME else f"\u3000{name}",
    "name_traditional": lambda name, _: "".join(TRADITIONAL.get(one, one) for one in name),
    "name_truncated": lambda name, _: name[:-1] if len(name) > _SHORT_NAME else name,
    "name_homophone": _homophone,
}

DATE: Final[Mapping[str, Callable[[date], str]]] = {
    "date_compact": lambda day: f"{day:%Y%m%d}",
    "date_unpadded": lambda day: f"{day.year}-{day.month}-{day.day}",
    "date_slashes": lambda day: f"{day:%Y/%m/%d}",
    "date_month_only": lambda day: f"{day.year}.{day.month}",
    "date_chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "date_with_time": lambda day: f"{day:%Y-%m-%d} 00:00:00",
    "date_serial": lambda day: str((day - _EXCEL_EPOCH).days),
    "date_impossible": lambda day: f"{day.year}-02-30",
}

OPEN_DATE: Final[Mapping[str, str]] = {
    "date_none_1900": "1900-01-01",
    "date_open_9999": "9999-12-31",
    "date_open_words": "长期",
}


def spaced_unit(unit: str) -> str:
    """A real-estate unit as certificates print it, in four groups."""
    return f"{unit[:6]} {unit[6:12]} {unit[12:19]} {unit[19:]}"


def decimal_text(units: int, places: int) -> str:
    """An exact decimal without trailing zeros: ``decimal_text(68200, 4)`` is ``6.82``."""
    whole, rest = divmod(units, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".")
