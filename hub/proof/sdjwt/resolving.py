"""Disclosed values in their places 还原: each digest and each disclosure is used exactly once, or all is refused."""

import binascii
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final

import orjson

from hub.errors import Malformed
from hub.proof.encoding import MAX_DEPTH, MAX_EXACT_INTEGER, b64url_decode_each, malformed, strict_json
from hub.proof.sdjwt.disclosures import (
    ALWAYS_CLEAR,
    OBJECTS,
    RESERVED,
    TEXTS,
    Path,
    check_leaf,
    digests_of,
    reserved,
    too_deep,
)

_TAKEN: Final = RESERVED | ALWAYS_CLEAR
_ONCE: Final = frozenset({1})
_LISTS: Final = frozenset({list})
_CONTAINERS: Final = _LISTS | OBJECTS
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_BRACKETS: Final = binascii.b2a_base64(b"],\n  [", newline=False)
_FILL: Final = (b"", b"=", b"og", b"K")
"""By the length of what is to be filled, modulo four; no base64 leaves one character over."""
_IN_OBJECT: Final = 3
_IN_LIST: Final = 2

Place = tuple[Path, tuple[bytes, ...], Sequence[str | int], Sequence[bytes]]
"""Where values were disclosed: below which path and disclosures, under which names, by which disclosures."""


def bad_disclosure() -> Malformed:
    """The refusal of a disclosure of another form."""
    return malformed(
        "disclosure", "A disclosure is not of the form that RFC 9901 prescribes.", "披露项格式不符合 RFC 9901。"
    )


def _read_together(disclosures: list[bytes]) -> list[list[Any]] | None:
    """What ``_parsed`` would give, for disclosures of members without inner structure, all decoded and read at once.

    None when any is something else, or not well formed. Each stands in brackets of its own, beside nothing, its value
    holds at most a flat list, and texts hold no line break: so none reaches into the next, and there are as many as
    were given. What fills a group of four decodes to blanks, and beside bits that should be zero to no JSON.
    """
    joined = _BRACKETS.join([part + _FILL[len(part) & 3] for part in disclosures])
    try:
        content = binascii.a2b_base64(joined.translate(_FROM_URL_SAFE), strict_mode=True)
        bracketed = orjson.loads(b"[[%b]]" % content)
        parsed = [*chain.from_iterable(bracketed)]
        salts, names, values = zip(*parsed, strict=True)
    except (ValueError, TypeError):
        return None
    is_whole = len(bracketed) == len(disclosures) and _ONCE.issuperset(map(len, bracketed))
    if not is_whole or not _LISTS.issuperset(map(type, parsed)) or not TEXTS.issuperset(map(type, salts + names)):
        return None
    if b"\\u0000" in content or not all(_is_flat(value) for value in values if type(value) is not str):
        return None
    return parsed


def _is_flat(value: Any) -> bool:
    """True of an exact whole number, a truth value, null, and a list of texts."""
    if type(value) is int:
        return -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER
    return value is None or type(value) is bool or (type(value) is list and TEXTS.issuperset(map(type, value)))


def _parsed(disclosures: list[bytes], *, is_trusted: bool) -> list[list[Any]]:
    """The array that each disclosure spells."""
    contents = b64url_decode_each(disclosures)
    loads = orjson.loads
    try:
        parsed = [loads(content) for content in contents]
    except orjson.JSONDecodeError:
        raise bad_disclosure() from None
    for array, content in zip(parsed, contents, strict=True):
        if type(array) is not list or not _IN_LIST <= len(array) <= _IN_OBJECT or type(array[0]) is not str:
            raise bad_disclosure()
        value = array[-1]
        if not is_trusted and (type(value) is not str or b"\\u0000" in content):
            _check_disclosed(value, content)
    return parsed


def _check_disclosed(value: Any, content: bytes) -> None:
    if type(value) is dict or type(value) is list:
        strict_json(content)
    else:
        check_leaf(value)


_Found = tuple[bytes, list[Any]]
"""A disclosure as spelled, and what it spells."""


class Reader:
    """Puts disclosed values in their places, using each digest and each disclosure exactly once."""

    def __init__(self, disclosures: list[bytes], *, is_trusted: bool) -> None:
        self.places: list[Place] = []
        self._seen: list[str] = []
        parsed = _read_together(disclosures)
        self._is_flat = parsed is not None
        if parsed is None:
            parsed = _parsed(disclosures, is_trusted=is_trusted)
        self._waiting = dict(zip(digests_of(disclosures), zip(disclosures, parsed, strict=True), strict=True))
        if len(self._waiting) != len(disclosures):
            raise malformed("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。")

    def object(self, members: Mapping[str, Any], path: Path, above: tuple[bytes, ...]) -> dict[str, Any]:
        """``members`` with what their ``_sd`` digests disclose."""
        if len(path) > MAX_DEPTH:
            raise too_deep()
        shown = dict(members)
        digests = shown.pop("_sd", None)
        if not RESERVED.isdisjoint(shown):
            raise reserved()
        for name, value in members.items():
            if type(value) in _CONTAINERS and name != "_sd":
                shown[name] = self._value(value, (*path, name), above)
        if "_sd" in members:
            found = [*filter(None, map(self._waiting.pop, self._listed(digests), repeat(None)))]
            disclose = self._disclose_flat if self._is_flat else self._disclose
            if found:
                disclose(found, shown, path, above)
        return shown

    def _disclose_flat(self, found: list[_Found], shown: dict[str, Any], path: Path, above: tuple[bytes, ...]) -> None:
        """What ``_disclose`` does, for what ``_read_together`` read."""
        spelled, parsed = zip(*found, strict=True)
        _salts, names, values = zip(*parsed, strict=True)
        disclosed = dict(zip(names, values, strict=True))
        taken, before = (RESERVED if path else _TAKEN), len(shown)
        shown |= disclosed
        if len(shown) != before + len(names) or not taken.isdisjoint(disclosed):  # 7
            raise reserved()
        self.places.append((path, above, names, spelled))

    def _disclose(self, found: list[_Found], shown: dict[str, Any], path: Path, above: tuple[bytes, ...]) -> None:
        taken = RESERVED if path else _TAKEN
        for spelled, parsed in found:
            if len(parsed) != _IN_OBJECT or type(parsed[1]) is not str:
                raise bad_disclosure()
            name, value = parsed[1], parsed[2]
            if name in shown or name in taken or "\x00" in name:  # 7
                raise reserved()
            self.places.append((path, above, (name,), (spelled,)))
            shown[name] = self._value(value, (*path, name), (*above, spelled))

    def _listed(self, digests: Any) -> list[str]:
        if type(digests) is not list or not TEXTS.issuperset(map(type, digests)):
            raise bad_disclosure()
        self._seen += digests
        return digests

    def _value(self, value: Any, path: Path, above: tuple[bytes, ...]) -> Any:
        if type(value) is dict:
            return self.object(value, path, above)
        if type(value) is not list:
            return value
        if len(path) > MAX_DEPTH:
            raise too_deep()
        shown: list[Any] = []
        for member in value:
            if type(member) is dict and "..." in member:
                self._disclose_element(member, shown, path, above)
            else:
                shown.append(self._value(member, (*path, len(shown)), above))
        return shown

    def _disclose_element(self, member: dict[str, Any], shown: list[Any], path: Path, above: tuple[bytes, ...]) -> None:
        if len(member) != 1:
            raise reserved()
        found = self._waiting.pop(self._listed([member["..."]])[0], None)
        if found is None:
            return
        spelled, parsed = found
        if len(parsed) != _IN_LIST:
            raise bad_disclosure()
        number = len(shown)
        self.places.append((path, above, (number,), (spelled,)))
        shown.append(self._value(parsed[1], (*path, number), (*above, spelled)))

    def finish(self) -> None:
        """Every digest appeared once and every disclosure was referred to (RFC 9901 §7.1 steps 4 and 5).

        Raises:
            Malformed: otherwise.
        """
        if len(set(self._seen)) != len(self._seen):  # 5
            raise malformed("doubled-digest", "A digest appears twice in the evidence.", "凭证中摘要重复出现。")
        if self._waiting:  # 6
            raise malformed(
                "orphan-disclosure", "A disclosure belongs to no digest of the evidence.", "披露项与凭证摘要不对应。"
            )
