"""The bytes under every signature: one spelling of base64url and of JSON, everything else refused."""

import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from json import JSONDecoder
from typing import Any, Final

import orjson

from hub.errors import Malformed

MAX_DEPTH: Final = 16
MAX_EXACT_INTEGER: Final = 2**53 - 1
"""RFC 8259 §6: integers beyond this do not survive every reader."""

_ENCODE = bytes.maketrans(b"+/", b"-_")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_DECODE = bytes(
    ord("+") if i == ord("-") else ord("/") if i == ord("_") else i if i in _ALPHABET else 33 for i in range(256)
)
_LAST = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_PADDING = (b"", b"", b"==", b"=")
_WITHOUT_NUMBERS: Final = frozenset({str, bool, type(None)})
_FLAT_AND_EXACT: Final = _WITHOUT_NUMBERS | {int}
_NOT_BMP = re.compile("[\U00010000-\U0010ffff]")
# In canonical JSON a number follows one of these three; what is found inside a text is looked at once more, no harm.
_UNUSUAL_NUMBER = re.compile(rb"[:,\[]-?[0-9]+(?:[.eE]|(?<=[0-9]{16}))")


def malformed(fact: str, en: str, zh: str) -> Malformed:
    """One refusal of this package, under the code ``proof.<fact>``."""
    return Malformed(f"proof.{fact}", en, zh)


def _bad_base64url() -> Malformed:
    return malformed(
        "base64url",
        "A part is not canonical base64url without padding; send it exactly as it was signed.",
        "某部分不是规范的无填充 base64url 编码；请原样发送已签名的内容。",
    )


def b64url(content: bytes) -> str:
    """Canonical base64url without padding (RFC 7515 §2)."""
    return binascii.b2a_base64(content, newline=False).translate(_ENCODE).rstrip(b"=").decode("ascii")


def b64url_decode(text: str | bytes) -> bytes:
    """The bytes that ``text`` spells.

    Raises:
        Malformed: padding, whitespace, another alphabet, or non-zero unused bits.
    """
    try:
        spelled = text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise _bad_base64url() from None
    rest = len(spelled) & 3
    if rest and (rest == 1 or spelled[-1] not in _LAST[rest]):
        raise _bad_base64url()
    try:
        return binascii.a2b_base64(spelled.translate(_DECODE) + _PADDING[rest], strict_mode=True)
    except binascii.Error:
        raise _bad_base64url() from None


def b64url_decode_each(parts: Sequence[bytes]) -> list[bytes]:
    """What each of many short parts spells, in one pass.

    Raises:
        Malformed: as ``b64url_decode`` does.
    """
    decode = binascii.a2b_base64
    try:
        decoded = [decode(part.translate(_DECODE) + _PADDING[len(part) & 3], strict_mode=True) for part in parts]
    except binascii.Error:
        raise _bad_base64url() from None
    for part in parts:
        rest = len(part) & 3
        if rest and (rest == 1 or part[-1] not in _LAST[rest]):
            raise _bad_base64url()
    return decoded


def base64_decode(text: str) -> bytes:
    """The bytes of canonical base64 with padding (RFC 4648 §4).

    Raises:
        Malformed: any other spelling.
    """
    try:
        content = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise malformed("base64", "A part is not base64.", "某部分不是 base64 编码。") from None
    if base64_text(content) != text:
        raise malformed("base64", "A part is not canonical base64.", "某部分不是规范的 base64 编码。")
    return content


def base64_text(content: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(content, newline=False).decode("ascii")


def _bad_json(en: str, zh: str) -> Malformed:
    return malformed("json", en, zh)


class _DoubledKeyError(Exception):
    """An object names one key twice."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DoubledKeyError
    return members


_WITH_DOUBLED_KEYS_SEEN = JSONDecoder(object_pairs_hook=_members)


def strict_json(content: bytes | str, *, floats: bool = False, max_depth: int = MAX_DEPTH) -> Any:
    """The JSON value in ``content``.

    Raises:
        Malformed: not UTF-8 JSON, lone surrogates, NUL, a key twice in one object, nesting beyond ``max_depth``, an
            integer that not every reader keeps, or a float (unless ``floats``).
    """
    try:
        parsed = orjson.loads(content)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise _bad_json("The content is not JSON in UTF-8.", "内容不是 UTF-8 编码的 JSON。") from None
    escaped = b"\\u0000" in content if isinstance(content, bytes) else "\\u0000" in content
    if escaped:
        _check(parsed, max_depth, floats=floats)
    else:
        _check_numbers([parsed], max_depth + 1, floats=floats)
    if type(parsed) is dict or type(parsed) is list:
        _check_keys(content, parsed)
    return parsed


def _check_keys(content: bytes | str, parsed: Any) -> None:
    """What is spelled compactly, as most messages are, names no key twice if writing it again gives the same bytes."""
    spelled = content.encode("utf-8") if isinstance(content, str) else content
    if b"{" not in spelled or orjson.dumps(parsed) == spelled:
        return
    try:
        text = spelled.decode("utf-8")
        _WITH_DOUBLED_KEYS_SEEN.decode(text)
    except _DoubledKeyError:
        raise _bad_json("An object names one key twice.", "JSON 对象中出现重复的键。") from None
    except ValueError:
        raise _bad_json("The content is not JSON in UTF-8.", "内容不是 UTF-8 编码的 JSON。") from None


def check_json(value: Any, *, floats: bool = False) -> None:
    """Returns when ``value`` consists of what can be signed exactly.

    Raises:
        Malformed: something else inside.
    """
    _check(value, MAX_DEPTH, floats=floats)


def _check(value: Any, depth: int, *, floats: bool) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is dict or kind is list:
        if depth <= 0:
            raise _bad_json("The content is nested too deeply.", "内容嵌套过深。")
        members = value
        if kind is dict:
            for key in value:
                _check_text(key)
            members = value.values()
        for member in members:
            if type(member) is str:
                if "\x00" in member:
                    _check_text(member)
            else:
                _check(member, depth - 1, floats=floats)
    elif value is not None and kind is not bool:
        _check_number(value, floats=floats)


def _check_text(text: Any) -> None:
    if type(text) is not str:
        raise _bad_json("A key is not a text.", "键不是文本。")
    if "\x00" in text:
        raise _bad_json("A text holds the character NUL.", "文本中含有 NUL 字符。")


def _check_number(number: Any, *, floats: bool) -> None:
    kind = type(number)
    if kind is int:
        if not -MAX_EXACT_INTEGER <= number <= MAX_EXACT_INTEGER:
            raise _bad_json("An integer is too large to be exact everywhere.", "整数过大，无法精确表示。")
    elif kind is not float:
        raise _bad_json("Only JSON values can be signed.", "只能对 JSON 值签名。")
    elif not floats:
        raise _bad_json("Fractions and exponents are not allowed here.", "此处不允许使用小数或指数。")


def _check_numbers(members: Collection[Any], depth: int, *, floats: bool) -> None:
    """The part of ``_check`` that a value just parsed from text without an escaped NUL still needs."""
    if depth <= 0:
        raise _bad_json("The content is nested too deeply.", "内容嵌套过深。")
    if _WITHOUT_NUMBERS.issuperset(map(type, members)):
        return
    for member in members:
        kind = type(member)
        if kind is str or member is None or kind is bool:
            continue
        if kind is dict:
            _check_numbers(member.values(), depth - 1, floats=floats)
        elif kind is list:
            _check_numbers(member, depth - 1, floats=floats)
        elif kind is not int or not -MAX_EXACT_INTEGER <= member <= MAX_EXACT_INTEGER:
            _check_number(member, floats=floats)


def parse_canonical(content: bytes) -> Any:
    """The value whose canonical spelling is exactly ``content``: which leaves no room for a key twice.

    Raises:
        Malformed: any other bytes.
    """
    try:
        parsed = orjson.loads(content)
        is_canonical = orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS) == content
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        is_canonical = False
    if not is_canonical:
        raise _bad_json("The content is not canonical JSON.", "内容不是规范的 JSON。")
    if b"\\u0000" in content:
        _check(parsed, MAX_DEPTH, floats=False)
    is_flat = type(parsed) is dict and content.count(b"{") + content.count(b"[") <= MAX_DEPTH
    if not is_flat or _UNUSUAL_NUMBER.search(content):
        _check_numbers([parsed], MAX_DEPTH + 1, floats=False)
    if not content.isascii() and _NOT_BMP.search(content.decode("utf-8")):
        _check_key_order(parsed)
    return parsed


def parse_canonical_each(contents: Sequence[bytes]) -> list[Any]:
    """The object that each of many contents spells, as ``parse_canonical`` reads it, in one pass.

    Read together they stand apart by a number that occurs in none of them: only if each is one whole value does that
    number, and nothing else, stand between any two values.

    Raises:
        Malformed: as ``parse_canonical`` does for one of them.
    """
    mark = MAX_EXACT_INTEGER
    body = b"\n".join(contents)
    while b"%d" % mark in body:
        mark -= 1
    together = b"[%b]" % (b",%d," % mark).join(contents)
    try:
        parsed = orjson.loads(together)
        is_canonical = orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER) == together
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        is_canonical = False
    is_apart = is_canonical and parsed[1::2] == [mark] * (len(contents) - 1) and len(parsed) == 2 * len(contents) - 1
    values = parsed[::2] if is_apart else []
    if b"\\u0000" in body or not body.isascii() or {*map(type, values)} != {dict}:
        return [parse_canonical(content) for content in contents]
    if not _FLAT_AND_EXACT.issuperset(map(type, chain.from_iterable(map(dict.values, values)))):
        _check_numbers([member for value in values for member in value.values()], MAX_DEPTH, floats=False)
    return list(values)


def canonical_json(value: Any) -> bytes:
    """The one spelling of ``value``: RFC 8785 for texts, exact integers, booleans, nulls, lists and objects.

    Raises:
        Malformed: anything else inside (floats above all), or keys outside the Basic Multilingual Plane, where the
            orders of UTF-8 and UTF-16 differ.
    """
    plain = dict(value) if isinstance(value, Mapping) else value
    _check(plain, MAX_DEPTH, floats=False)
    try:
        spelled = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise _bad_json("A text cannot be written as UTF-8.", "文本无法编码为 UTF-8。") from None
    if not spelled.isascii() and _NOT_BMP.search(spelled.decode("utf-8")):
        _check_key_order(plain)
    return spelled


def _check_key_order(value: Any) -> None:
    if isinstance(value, dict):
        if any(_NOT_BMP.search(key) for key in value):
            raise _bad_json("A key is outside the Basic Multilingual Plane.", "键超出基本多文种平面。")
        for member in value.values():
            _check_key_order(member)
    elif isinstance(value, list):
        for member in value:
            _check_key_order(member)
