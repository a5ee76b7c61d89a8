"""Where a key in a device 密码机 is: a PKCS#11 URI (RFC 7512) without the PIN, which is no part of a name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from hub.errors import Malformed
from hub.proof.encoding import malformed

SCHEME: Final = "pkcs11:"
_PATH: Final = frozenset({"token", "serial", "object", "id", "type"})
_QUERY: Final = frozenset({"module-path", "pin-source"})
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Where in which device a key is: a PKCS#11 URI (RFC 7512) without the PIN, which is no part of a name."""

    token: str
    object: str | None = None
    id: bytes | None = None
    serial: str | None = None
    module: Path | None = None
    pin_file: Path | None = None


def is_in_device(reference: Path | str) -> bool:
    """True for a PKCS#11 URI, false for the path of a file."""
    return isinstance(reference, str) and reference.startswith(SCHEME)


def bad_reference(en: str, zh: str) -> Malformed:
    """The reference names no key in a device."""
    return malformed("key-reference", en, zh)


def parse_key_reference(uri: str) -> KeyReference:
    """The key that ``uri`` names: a token, and in it an object or an id.

    Raises:
        Malformed: another scheme, an attribute that is unknown or stands twice, or a PIN in clear.
    """
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    told = {**_attributes(path, ";", _PATH), **_attributes(query, "&", _QUERY)}
    if not uri.startswith(SCHEME) or "token" not in told or not {"object", "id"} & told.keys():
        raise bad_reference(
            "Name a key in a device as pkcs11:token=…;object=…, or with id=… instead of object.",
            "设备中的密钥请写作 pkcs11:token=…;object=…，或以 id=… 代替 object。",
        )
    if told.get("type", b"private") != b"private":
        raise bad_reference("A signing key is of type=private.", "签名密钥的类型须为 private。")
    return KeyReference(
        token=_text(told["token"]),
        object=_text(told["object"]) if "object" in told else None,
        id=told.get("id"),
        serial=_text(told["serial"]) if "serial" in told else None,
        module=Path(_text(told["module-path"])) if "module-path" in told else None,
        pin_file=Path(_text(told["pin-source"]).removeprefix("file:")) if "pin-source" in told else None,
    )


def _attributes(part: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    pairs = [each.partition("=") for each in part.split(separator) if each]
    if any(_BAD_ESCAPE.search(value) for _, _, value in pairs):
        raise bad_reference(
            "A percent sign in a key reference begins two hexadecimal digits; write one of its own as %25.",
            "密钥引用中的百分号后须为两位十六进制数；百分号本身请写作 %25。",
        )
    told = {name: unquote_to_bytes(value) for name, _, value in pairs}
    if not told.keys() <= known or len(told) != len(pairs):
        raise bad_reference(
            f"The key reference holds what is not one of {', '.join(sorted(known))}, or one of them twice; a PIN is"
            " given in a file.",
            "密钥引用含有未知或重复的属性；PIN 须以文件提供。",
        )
    return told


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_reference("The key reference is not UTF-8.", "密钥引用不是 UTF-8。") from None
