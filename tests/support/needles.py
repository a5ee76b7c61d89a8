"""Finds any of many thousand byte strings in a stream, in one pass, and knows the spellings of a text in bytes."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

import numpy as np

FEWEST_BYTES = 6
"""What is shorter would be found by chance in megabytes of sealed content."""
PREFIX = 4
CHUNK = 1 << 22
URL_SAFE = bytes.maketrans(b"+/", b"-_")


def spellings(text: str, *, is_number: bool = False) -> dict[bytes, str]:
    """Every spelling of ``text`` in bytes that is long enough not to be chance, by what it is called."""
    found: dict[bytes, str] = {}
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        raw = text.encode(encoding)
        if len(raw) < FEWEST_BYTES:
            continue
        found[raw] = encoding
        found[raw.hex().encode()] = f"{encoding} hex"
        found[raw.hex().upper().encode()] = f"{encoding} HEX"
        for shift in range(3):
            found[_base64(raw, shift)] = f"{encoding} base64 at {shift}"
            found[_base64(raw, shift).translate(URL_SAFE)] = f"{encoding} base64url at {shift}"
    if not text.isascii():
        escaped = "".join(f"\\u{ord(each):04x}" for each in text)
        found[escaped.encode()] = "JSON escapes"
        found[escaped.upper().replace("\\U", "\\u").encode()] = "JSON ESCAPES"
        found[quote(text).encode()] = "percent"
        found[quote(text, encoding="gb18030").encode()] = "percent of gb18030"
    if is_number:
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
            found[digest] = name
            found[digest.hex().encode()] = f"{name} hex"
            found[_base64(digest, 0)] = f"{name} base64"
            found[_base64(digest, 0).translate(URL_SAFE)] = f"{name} base64url"
    return found


def _base64(raw: bytes, shift: int) -> bytes:
    """What base64 makes of ``raw`` where it begins ``shift`` bytes after a multiple of three, whatever is around it."""
    encoded = b64encode(b"\0" * shift + raw + b"\0" * 2)
    begins = (0, 2, 3)[shift]
    ends = (shift + len(raw)) * 8 // 6
    return encoded[begins:ends]


class Needles:
    """Byte strings to look for, each with what it stands for."""

    def __init__(self, needles: Mapping[bytes, str]) -> None:
        self._by_prefix: dict[bytes, list[tuple[bytes, str]]] = {}
        for needle, label in needles.items():
            self._by_prefix.setdefault(needle[:PREFIX], []).append((needle, label))
        self._longest = max(map(len, needles))
        self._first = np.zeros(1 << 16, dtype=bool)
        self._second = np.zeros(1 << 16, dtype=bool)
        for prefix in self._by_prefix:
            self._first[int.from_bytes(prefix[:2], "little")] = True
            self._second[int.from_bytes(prefix[2:], "little")] = True

    def found_in(self, stream: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """What is found, with the bytes around it."""
        rest = b""
        for piece in stream:
            for start in range(0, len(piece), CHUNK):
                window = rest + piece[start : start + CHUNK]
                yield from self._found(window)
                rest = window[-(self._longest - 1) :]

    def _found(self, window: bytes) -> Iterator[tuple[str, bytes]]:
        if len(window) < PREFIX:
            return
        content = np.frombuffer(window, dtype=np.uint8).astype(np.uint32)
        pairs = content[:-1] | (content[1:] << 8)
        hits = np.flatnonzero(self._first[pairs[:-2]] & self._second[pairs[2:]])
        for place in hits.tolist():
            for needle, label in self._by_prefix.get(window[place : place + PREFIX], ()):
                if window.startswith(needle, place):
                    yield label, window[max(0, place - 40) : place + len(needle) + 40]
