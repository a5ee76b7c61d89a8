"""Disclosures 披露项 as both sides know them: where values stand, what a digest is, what can be disclosed at all."""

import binascii
import hashlib
import struct
from collections.abc import Sequence
from operator import methodcaller
from typing import Any, Final

from hub.errors import Malformed
from hub.proof.encoding import MAX_EXACT_INTEGER, check_json, malformed

RESERVED: Final = frozenset({"_sd", "...", "_sd_alg"})
ALWAYS_CLEAR: Final = frozenset({"iss", "iat", "nbf", "exp", "jti", "vct", "cnf", "status", "aud", "sub"})
TEXTS: Final = frozenset({str})
OBJECTS: Final = frozenset({dict})
URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_SPELLED_DIGEST: Final = "43sx"
_DIGEST: Final = methodcaller("digest")

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """``("members", 0, "name")`` as ``members.0.name``."""
    return ".".join(map(str, path))


def parse_path(text: str) -> Path:
    """``members.0.name`` as ``("members", 0, "name")``."""
    return tuple(int(part) if part.isascii() and part.isdecimal() else part for part in text.split("."))


def digests_of(disclosures: Sequence[bytes]) -> list[str]:
    """SHA-256 of each in base64url; a zero byte after each digest aligns all of them for one encoding."""
    joined = b"\0".join([*map(_DIGEST, map(hashlib.sha256, disclosures)), b""])
    spelled = binascii.b2a_base64(joined, newline=False).translate(URL_SAFE)
    return spelled_texts(spelled, _SPELLED_DIGEST, len(disclosures))


def spelled_texts(spelled: bytes, form: str, number: int) -> list[str]:
    """``number`` texts of one length, spelled one after the other in ``form``."""
    return [*map(bytes.decode, struct.unpack(form * number, spelled))]


def check_leaf(value: Any) -> None:
    """Returns when the value can be disclosed.

    Raises:
        Malformed: an object, a float, an integer or a text that not everyone reads alike.
    """
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise malformed("json", "A text holds the character NUL.", "文本中含有 NUL 字符。")
    elif kind is int:
        if not -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
            raise malformed("json", "An integer is too large to be exact everywhere.", "整数过大，无法精确表示。")
    elif kind is list:
        check_json(value)
    elif kind is not bool and value is not None:
        raise malformed(
            "json", "Only texts, whole numbers and truth values can be disclosed.", "只能披露文本、整数与布尔值。"
        )


def reserved() -> Malformed:
    """The refusal of a name that is taken."""
    return malformed(
        "reserved-name", "A disclosure takes a reserved name or one in clear.", "披露项占用保留名或明文项。"
    )


def too_deep() -> Malformed:
    """The refusal of what is nested beyond the limit."""
    return malformed("json", "The content is nested too deeply.", "内容嵌套过深。")
