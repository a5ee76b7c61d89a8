"""Folding of the ways in which the same character is typed, so that what looks equal compares equal."""

import re
import unicodedata
from typing import Final

_LOOK_ALIKES: Final = str.maketrans(
    {
        "Х": "X", "х": "X",  # Cyrillic
        "Χ": "X", "χ": "X",  # Greek
        "×": "X", "✕": "X",
        "А": "A", "В": "B", "С": "C", "Е": "E", "Н": "H", "К": "K", "М": "M", "О": "O", "Р": "P", "Т": "T",
        "＊": "*", "●": "*", "•": "*", "※": "*", "□": "*",
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "－": "-",
        "〔": "(", "［": "[", "〕": ")", "］": "]", "【": "[", "】": "]", "﹝": "(", "﹞": ")",
    }
)  # fmt: skip
_INVISIBLE: Final = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\u3000\ufeff]+")
_QUOTES: Final = "'`\"‘’“”＇＂"


def folded(text: str) -> str:
    """``text`` in half-width capitals, look-alike letters and dashes made one, every kind of space gone."""
    if text.isascii() and text.isalnum():
        return text.upper()
    plain = unicodedata.normalize("NFKC", text.translate(_LOOK_ALIKES))
    return _INVISIBLE.sub("", plain.translate(_LOOK_ALIKES)).strip(_QUOTES).upper()


_WORDS_FOR_NOTHING: Final = (
    "无 不详 未知 暂无 没有 空 未办理 未提供 未登记 未填 无证件 无证 无号码 不明 不清 缺 遗失 丢失 待查 待补 保密"
    " 无身份证 身份不明 未发证 未办证 未领证"
    " NULL NONE NIL NAN N/A NA #N/A \\N UNKNOWN - -- --- / // . .. * ** *** ? ?? ??? 、 〇"
)
_NOTHING: Final = frozenset(_WORDS_FOR_NOTHING.split())
_REPEATED: Final = 4
"""From so many equal characters on, a cell is a filler; 王王王 could be a name."""


def is_placeholder(text: str) -> bool:
    """True when the cell says nothing: empty, 无, 不详, a database's null mark, or one character repeated."""
    plain = folded(text)
    return not plain or plain in _NOTHING or (len(plain) >= _REPEATED and len(set(plain)) == 1)
