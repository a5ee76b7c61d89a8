"""Names 姓名 of persons: the form that is kept, and the keys under which the same name is found however it was typed.

Keys fold traditional into simplified characters, drop dots and spaces and stand for a missing rare character by ``?``;
what is kept and shown never does.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hub.kernel.characters import is_placeholder

WILDCARD: Final = "?"
"""Stands in a key for one character that the source could not write."""

DOT: Final = "·"
"""U+00B7, the only dot that ministries prescribe in minority names 少数民族姓名间隔号 (民委发〔2016〕33号)."""

_DOTS: Final = frozenset("·•‧∙・･．.。⋅᛫ˑ‐-")
_LOST: Final = frozenset("?？*＊□■◻◼〓�〇")
_OPENING: Final = "([（［〔【｛{〈<＜"
_CLOSING: Final = ")]）］〕】｝}〉>＞"
_BRACKETED: Final = re.compile(f"[{re.escape(_OPENING)}]([^{re.escape(_OPENING + _CLOSING)}]*)[{re.escape(_CLOSING)}]?")
_FORMER_LABEL: Final = re.compile(r"(?:曾用名|原名|又名|别名|曾名|小名|化名|俗名|曾用)[:：为是]?")
_REMARKS: Final = re.compile(
    r".*(已故|死亡|去世|户主|本人|配偶|丈夫|妻子|儿子|女儿|父亲|母亲|长子|次子|长女|次女|监护|代管|负责人|法人|离异|丧偶).*|[男女]|.*\d.*"
)
_PLAIN: Final = re.compile("[㐀-鿿]{2,4}")
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_HAN_RUN: Final = re.compile(r"(?<=[·⺀-\U0010ffff])\s+|\s+(?=[·⺀-\U0010ffff])")
_IDS: Final = re.compile(r"[⿰⿱⿴-⿻].{2}|[⿲⿳].{3}")
_PINYIN_FOR_CHARACTER: Final = re.compile(r"(?<=[⺀-鿿豈-﫿𠀀-𲎯])[A-Za-zÀ-ǿ]+\d?|[A-Za-zÀ-ǿ]+\d?(?=[⺀-鿿豈-﫿𠀀-𲎯])")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as written, in the form that is kept, with the former names beside it.

    ``wildcard``: a character is missing or stands in a private code, so that the name cannot be compared letter by
    letter.
    """

    written: str
    name: str
    former: tuple[str, ...] = ()
    wildcard: bool = False


def normal_person_name(text: str) -> PersonName:
    """The parts of a name cell; ``name`` is empty when the cell names nobody."""
    if _PLAIN.fullmatch(text) and text not in _NOBODY and not _FORMER_LABEL.search(text):
        return PersonName(text, text)
    if is_placeholder(text) and not _is_han(text.strip()):
        return PersonName(text, "")
    halved = text.translate(_FULL_WIDTH)
    outside = _BRACKETED.sub(" ", halved)
    inside = [_kept(_FORMER_LABEL.sub("", part)) for part in _BRACKETED.findall(halved) if not _REMARKS.fullmatch(part)]
    main, *labelled = _FORMER_LABEL.split(outside)
    name = _kept(main)
    former = dict.fromkeys(part for part in [*inside, *map(_kept, labelled)] if part and part not in (name, *_NOBODY))
    return PersonName(text, "" if name in _NOBODY else name, tuple(former), wildcard=WILDCARD in name_key(name))


_NOBODY: Final = frozenset(("无", "不详", "未知", "无名氏", "无名", "佚名", "待查", "暂无", "空", "未命名"))


_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs"))


def _is_han(text: str) -> bool:
    return text not in _NOBODY and any(unicodedata.category(one) == "Lo" for one in text)


def _kept(text: str) -> str:
    """The form that is kept: the prescribed dot, no spaces between Chinese characters, one between Latin words."""
    plain = "".join(
        DOT if one in _DOTS and one != "-" else one for one in text if unicodedata.category(one) not in _UNSEEN
    )
    plain = _HAN_RUN.sub("", " ".join(plain.split())).strip(" ,，、;；:：'\"`" + DOT)
    return re.sub(f"{DOT}+", DOT, plain)


def name_key(name: str) -> str:
    """What two ways of typing one name share: NFKC capitals in simplified characters without dots and spaces."""
    if not name.isascii() and not _PLAIN.fullmatch(name):
        name = _PINYIN_FOR_CHARACTER.sub(WILDCARD, _IDS.sub(WILDCARD, name))
    return name.translate(_KEYS)


def pinyin_key(name: str) -> str:
    """The syllables of the name, character by character, without tones: ``zhang wei``; ``?`` for a missing one."""
    key = name_key(name)
    return key.lower() if key.isascii() else " ".join(map(_SYLLABLES.__getitem__, key))


class _KeyTable(dict[int, str]):
    """What each character becomes in a key; filled as characters are met, so that a name costs one pass in C."""

    def __missing__(self, code: int) -> str:
        self[code] = _key_of(chr(code))
        return self[code]


def _key_of(character: str) -> str:
    if character in _LOST or unicodedata.category(character) in ("Co", "Cn", "Cs"):
        return WILDCARD
    if character in _DOTS:
        return ""
    plain = unicodedata.normalize("NFKC", character)
    kept = "".join(one for one in plain if one.isalnum() or unicodedata.category(one)[0] == "L")
    return _simplifier().convert(kept).upper() if kept else ""


_KEYS: Final = _KeyTable()


class _SyllableTable(dict[str, str]):
    """The syllable of each character, read alone: phrase readings would depend on the neighbours."""

    def __missing__(self, character: str) -> str:
        reading = _readings().get(str(ord(character)))
        self[character] = _without_tone(reading.partition(",")[0]) if reading else character.lower()
        return self[character]


_SYLLABLES: Final = _SyllableTable()
_TONES: Final = str.maketrans(dict.fromkeys("\u0300\u0301\u0304\u030c"))


@lru_cache(maxsize=1)
def _readings() -> Mapping[str, str]:
    """The readings of each character in pypinyin's table; importing pypinyin would load 47,000 phrases beside it."""
    package = find_spec("pypinyin")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(name="pypinyin")
    readings: dict[str, str] = json.loads(Path(package.origin).with_name("pinyin_dict.json").read_bytes())
    return readings


def _without_tone(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading).translate(_TONES)
    return unicodedata.normalize("NFC", plain).replace("ü", "v").lower()


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


_ORGANISATION_FORMS: Final = (
    ("股份有限责任公司", "股份有限公司"),
    ("有限责任公司", "有限公司"),
)
_REGION_SUFFIX: Final = re.compile(
    r"(特别行政区|[壮回藏苗彝]族自治[州县]|维吾尔自治区|自治[区州县旗]|地区|新区|[省市区县州盟旗镇乡])$"
)
_SHORTEST_REST: Final = 2


def normal_organisation_name(text: str) -> str:
    """An organisation's name as it is kept: no inner spaces, brackets full-width as official names have them."""
    if is_placeholder(text):
        return ""
    plain = "".join(text.translate(_FULL_WIDTH).split())
    return plain.translate(str.maketrans("([{<〔【", "（（（（（（") | str.maketrans(")]}>〕】", "））））））")).strip(
        "'`\"，,;；"
    )


def organisation_key(name: str, region_names: Iterable[str] = ()) -> str:
    """What two ways of writing one organisation's name share.

    Brackets, punctuation, former names and regions (whether they lead or stand in brackets) are gone, the legal form is
    canonical.

    Args:
        name: the name as written or as kept.
        region_names: the regions that may be left out, such as 浙江省, 杭州市, 西湖区.
    """
    plain = unicodedata.normalize("NFKC", normal_organisation_name(name))
    regions = _region_forms(tuple(region_names))
    plain = _IN_BRACKETS.sub(lambda found: "" if _says_less(found[1], regions) else found[0], plain).translate(_KEYS)
    for long, short in _ORGANISATION_FORMS:
        plain = plain.replace(long, short)
    return _without_leading(plain, regions)


_IN_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
_NOT_OF_THE_NAME: Final = re.compile("(?:原名?|曾用名|前身)[为是:]?.{5,}|(?:已|被)?(?:注销|吊销|撤销|停业|歇业)")


def _says_less(inside: str, regions: tuple[str, ...]) -> bool:
    """True of brackets around regions alone, a former name, or how the organisation ended."""
    if _NOT_OF_THE_NAME.fullmatch(inside):
        return True
    while leading := next((one for one in regions if inside.startswith(one)), ""):
        inside = inside.removeprefix(leading)
    return not inside


@lru_cache(maxsize=256)
def _region_forms(names: tuple[str, ...]) -> tuple[str, ...]:
    short = {_REGION_SUFFIX.sub("", name) for name in names}
    return tuple(sorted({*names, *(one for one in short if len(one) >= _SHORTEST_REST)}, key=len, reverse=True))


def _without_leading(plain: str, regions: tuple[str, ...]) -> str:
    """``plain`` without regions in front, unless what remains says too little to be a name."""
    leading = next((one for one in regions if plain.startswith(one)), None)
    if leading is None or len(plain) - len(leading) < _SHORTEST_REST:
        return plain
    return _without_leading(plain[len(leading) :], regions)
