"""Status lists 状态列表: whether evidence still stands, two bits each, signed by its department.

The form is IETF draft-ietf-oauth-status-list: a JWS of type ``statuslist+jwt`` whose subject is the list's address,
with the statuses packed low bits first and compressed with zlib.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Self

from hub.errors import Malformed
from hub.proof.encoding import b64url, b64url_decode, malformed
from hub.proof.jws import KeyFor, sign_jws, verify_jws
from hub.proof.keys import PublicKey, Signer

STATUS_TYP: Final = "statuslist+jwt"
STATUS_BITS: Final = 2
STATUS_BYTES: Final = 2 * 1024 * 1024
"""The largest token read: a list of four million incompressible statuses, with room."""
MAX_PACKED_BYTES: Final = 1024 * 1024
LIFETIME_SECONDS: Final = 7 * 86_400
"""How long a list is good after it was signed."""
COPY_SECONDS: Final = 12 * 3600
"""How long whoever holds a copy may use it before asking anew."""
_WIDTHS: Final = frozenset({1, 2, 4, 8})
_BYTE: Final = 8


class StatusValue(IntEnum):
    """What a list says about one index."""

    valid = 0
    invalid = 1
    suspended = 2


def _bad_list(fact: str, en: str, zh: str) -> Malformed:
    return malformed(fact, en, zh)


@dataclass(eq=False)
class StatusArray:
    """Statuses by index, ``bits`` wide; indexes beyond the array are not on the list."""

    packed: bytearray = field(repr=False)
    bits: int = STATUS_BITS

    @classmethod
    def of_size(cls, size: int, bits: int = STATUS_BITS) -> Self:
        """At least ``size`` statuses, all valid."""
        return cls(bytearray((size * bits + _BYTE - 1) // _BYTE), bits)

    @classmethod
    def parsed(cls, told: Any) -> Self:
        """The array in the ``status_list`` member of a token.

        Raises:
            Malformed: another width or compression, or more than a megabyte.
        """
        bits, packed = (told.get("bits"), told.get("lst")) if isinstance(told, dict) else (None, None)
        if type(bits) is not int or bits not in _WIDTHS or not isinstance(packed, str):
            raise _bad_list("status-list", "The status list names no bits and lst.", "状态列表缺少 bits 与 lst。")
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(b64url_decode(packed), MAX_PACKED_BYTES)
        except zlib.error:
            content = b""
        if not unpacker.eof or unpacker.unused_data or not content:
            raise _bad_list(
                "status-list-packed",
                "The status list is not zlib of at most 1 MB.",
                "状态列表不是 1 MB 以内的 zlib 压缩内容。",
            )
        return cls(bytearray(content), bits)

    def __len__(self) -> int:
        return len(self.packed) * _BYTE // self.bits

    def __getitem__(self, index: int) -> int:
        place, shift = divmod(index * self.bits, _BYTE)
        return (self.packed[place] >> shift) & ((1 << self.bits) - 1)

    def __setitem__(self, index: int, value: int) -> None:
        place, shift = divmod(index * self.bits, _BYTE)
        mask = ((1 << self.bits) - 1) << shift
        self.packed[place] = (self.packed[place] & ~mask) | (value << shift)

    def status_for(self, index: int) -> int | None:
        """The status at ``index``, or None when the list does not reach there."""
        return self[index] if 0 <= index < len(self) else None

    def set_indexes(self) -> Iterator[tuple[int, int]]:
        """Every index whose status is not valid, with it."""
        per_byte = _BYTE // self.bits
        for place, byte in enumerate(self.packed):
            if byte:
                for index in range(place * per_byte, (place + 1) * per_byte):
                    if value := self[index]:
                        yield index, value

    def copy(self) -> "StatusArray":
        """An array of its own with the same statuses."""
        return StatusArray(bytearray(self.packed), self.bits)

    def to_claim(self) -> dict[str, Any]:
        """The ``status_list`` member of a token."""
        return {"bits": self.bits, "lst": b64url(zlib.compress(bytes(self.packed), 9))}


@dataclass(frozen=True)
class StatusList:
    """A list whose signature holds. ``ttl`` and instants are whole seconds; ``digest`` is SHA-256 of the token."""

    uri: str
    issuer: str
    issued_at: int
    expires_at: int
    ttl: int
    statuses: StatusArray = field(repr=False)
    key: PublicKey = field(repr=False)
    digest: bytes = field(repr=False)


def sign_status_list(
    statuses: StatusArray, *, uri: str, issuer: str, signer: Signer, times: tuple[int, int, int]
) -> str:
    """The token of the list at ``uri``; ``times`` are when it is issued, when it expires, how long a copy is good."""
    issued_at, expires_at, ttl = times
    claims = {
        "iss": issuer,
        "sub": uri,
        "iat": issued_at,
        "exp": expires_at,
        "ttl": ttl,
        "status_list": statuses.to_claim(),
    }
    return sign_jws(claims, typ=STATUS_TYP, signer=signer)


def verify_status_list(token: str | bytes, *, key_for: KeyFor) -> StatusList:
    """The list in ``token``: (1) a strict JWS of its type by a key on record, (2) its claims, (3) the packed statuses.

    Raises:
        Malformed: anything else.
    """
    message = verify_jws(token, typ=STATUS_TYP, key_for=key_for, max_bytes=STATUS_BYTES)  # 1
    claims = message.claims
    issuer, uri = claims.get("iss"), claims.get("sub")
    times = [each for each in map(claims.get, ("iat", "exp", "ttl")) if type(each) is int]
    if not isinstance(issuer, str) or not isinstance(uri, str) or len(times) != len(("iat", "exp", "ttl")):  # 2
        raise _bad_list(
            "status-claims",
            "A status list names iss, sub, and iat, exp, ttl in whole seconds.",
            "状态列表须写明 iss、sub 以及整数秒的 iat、exp、ttl。",
        )
    issued_at, expires_at, ttl = times
    if ttl <= 0 or expires_at <= issued_at:
        raise _bad_list("status-times", "A status list ends after it begins.", "状态列表的终止须晚于签发。")
    statuses = StatusArray.parsed(claims.get("status_list"))  # 3
    return StatusList(uri, issuer, issued_at, expires_at, ttl, statuses, message.key, message.digest)


@dataclass(frozen=True, slots=True)
class StatusSigner:
    """Signs the lists of one issuer, ``size`` statuses long, each after the newest that there is."""

    issuer: str
    signer: Signer
    size: int

    def after(self, newest: bytes | None, flips: Mapping[int, int], *, uri: str, now: int) -> str:
        """The token of the list at ``uri`` with ``flips``: what was taken back for good stays so, whatever is asked.

        Only a suspended status may fall away again. ``newest`` (None: there is none) counts when this very key signed
        it for the same address; one of a key before it is followed as ``flips`` say.

        Raises:
            Malformed: a flip that no list of that size has, or a newest list that is none.
        """
        before = None if newest is None else self._own(newest, uri)
        statuses = self._final(before)
        for index, value in flips.items():
            if not 0 <= index < self.size or value not in set(StatusValue):
                raise _bad_list(
                    "status-index", "The hub asks for a status that no list has.", "枢纽询问的状态不在任何列表中。"
                )
            if statuses[index] != StatusValue.invalid:
                statuses[index] = value
        issued_at = now if before is None else max(now, before.issued_at + 1)
        times = (issued_at, issued_at + LIFETIME_SECONDS, COPY_SECONDS)
        return sign_status_list(statuses, uri=uri, issuer=self.issuer, signer=self.signer, times=times)

    def _own(self, token: bytes, uri: str) -> StatusList | None:
        own = self.signer.public
        try:
            read = verify_status_list(token, key_for=lambda kid, _iss: own if kid == own.kid else None)
        except Malformed as fault:
            if fault.code == "proof.unknown-key":
                return None
            raise
        return read if read.uri == uri else None

    def _final(self, before: StatusList | None) -> StatusArray:
        """A list that says only what the one before says for good."""
        statuses = StatusArray.of_size(self.size)
        for index, value in before.statuses.set_indexes() if before else ():
            if value == StatusValue.invalid and index < self.size:
                statuses[index] = value
        return statuses


def status_place_in(claims: Any) -> tuple[str, int] | None:
    """The address of the list and the index that evidence names for its status; None when it names none.

    Raises:
        Malformed: it names something else.
    """
    status = claims.get("status")
    if status is None:
        return None
    told = status.get("status_list") if isinstance(status, dict) else None
    uri, index = (told.get("uri"), told.get("idx")) if isinstance(told, dict) else (None, None)
    if not isinstance(uri, str) or type(index) is not int or index < 0:
        raise _bad_list(
            "status-place", "The evidence names no list and index for its status.", "凭证没有写明其状态的列表和索引。"
        )
    return uri, index
