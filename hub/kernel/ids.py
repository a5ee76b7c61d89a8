"""Ids of the hub's own making: a prefix that says what is named, then 130 random bits.

Random bytes come from OpenSSL's generator everywhere in the hub: asking the system for them gives the interpreter's
lock away, and with other threads at work it comes back 30 times later than the bytes do.
"""

from ssl import RAND_bytes
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower-case: no i, l, o, u."""

_LENGTH: Final = 26
_SHIFTS: Final = tuple(range(120, -1, -10))
_PAIRS: Final = tuple(high + low for high in ALPHABET for low in ALPHABET)
_OF_BYTE: Final = (ALPHABET * 8).encode("ascii")
"""A character for each byte, every one of them eight times: random bytes give characters that are all as likely."""


def base32(number: int) -> str:
    """``number`` (below 2**130) in 26 characters, the most significant first."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


def new_id(prefix: str) -> str:
    """A fresh id such as ``sub_01c…``; never derived from what it names, so it says nothing about it."""
    return f"{prefix}_{RAND_bytes(_LENGTH).translate(_OF_BYTE).decode('ascii')}"


def derived_id(prefix: str, secret_digest: bytes) -> str:
    """An id from the first 16 bytes of a keyed digest: the same digest gives the same id."""
    return f"{prefix}_{base32(int.from_bytes(secret_digest[:16]))}"
