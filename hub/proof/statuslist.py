"""Whether evidence still holds 凭证状态: one bit or two for each, in a list that its issuer signs (Token Status List).

Follows draft-ietf-oauth-status-list: DEFLATE in ZLIB form, lowest bits first, ``typ: statuslist+jwt``. The list says
"status at time T"; the hub only serves it.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.errors import Malformed, Refused
from hub.proof.encoding import b64url, b64url_decode, malformed
from hub.proof.jws import KeyFor, sign_jws, verify_jws
from hub.proof.keys import PublicKey, Signer

STATUS_TYP: Final = "statuslist+jwt"
MAX_TOKEN_BYTES: Final = 1_048_576
MAX_LIST_BYTES: Final = 4_194_304
VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
_BITS: Final = (1, 2, 4, 8)


class StatusBits:
    """Statuses by index, ``bits`` each; grows with what is written."""

    def __init__(self, bits: int = 2, content: bytes = b"") -> None:
        if bits not in _BITS:
            raise _bad_list()
        self.bits = bits
        self._content = bytearray(content)

    def __len__(self) -> int:
        return len(self._content) * 8 // self.bits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusBits) and (self.bits, self._content) == (other.bits, other._content)

    def __hash__(self) -> int:
        return hash((self.bits, bytes(self._content)))

    def status(self, index: int) -> int:
        """The status at ``index``.

        Raises:
            Malformed: the list is not that long.
        """
        at, shift = divmod(index * self.bits, 8)
        if index < 0 or at >= len(self._content):
            raise malformed("status-index", "The status list has no such index.", "状态列表无此索引。")
        return self._content[at] >> shift & (1 << self.bits) - 1

    def write(self, index: int, status: int) -> None:
        """``index`` has ``status`` now."""
        mask = (1 << self.bits) - 1
        at, shift = divmod(index * self.bits, 8)
        if index < 0 or not 0 <= status <= mask or at >= MAX_LIST_BYTES:
            raise malformed("status-index", "The status list cannot hold that.", "状态列表无法容纳该值。")
        if at >= len(self._content):
            self._content.extend(bytes(at + 1 - len(self._content)))
        self._content[at] = self._content[at] & ~(mask << shift) | status << shift

    def claim(self) -> dict[str, Any]:
        """``{"bits", "lst"}``."""
        return {"bits": self.bits, "lst": b64url(zlib.compress(bytes(self._content), 9))}

    @classmethod
    def from_claim(cls, claim: Any) -> "StatusBits":
        """The list in ``claim``.

        Raises:
            Malformed: another form, or more than 4 MB unpacked.
        """
        if (
            not isinstance(claim, Mapping)
            or type(claim.get("bits")) is not int
            or not isinstance(claim.get("lst"), str)
        ):
            raise _bad_list()
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(b64url_decode(claim["lst"]), MAX_LIST_BYTES)
        except zlib.error:
            raise _bad_list() from None
        if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
            raise _bad_list()
        return cls(claim["bits"], content)


def _bad_list() -> Malformed:
    return malformed("status-list", "The status list is not of the form its specification gives.", "状态列表格式有误。")


@dataclass(frozen=True)
class StatusList:
    """A verified list: whose, where it is served, when it was made and until when it may be used (epoch seconds)."""

    issuer: str
    uri: str
    issued: int
    expires: int
    bits: StatusBits
    key: PublicKey

    def status(self, index: int) -> int:
        """The status at ``index``: 0 valid, 1 invalid, 2 suspended."""
        return self.bits.status(index)


def sign_status_list(  # noqa: PLR0913 - the claims of one token, each by name
    bits: StatusBits, *, issuer: str, uri: str, issued_at: datetime, lifetime_seconds: int, signer: Signer
) -> str:
    """The status list token that ``signer``'s owner publishes at ``uri``."""
    issued = int(issued_at.timestamp())
    claims = {
        "iss": issuer,
        "sub": uri,
        "iat": issued,
        "exp": issued + lifetime_seconds,
        "ttl": lifetime_seconds,
        "status_list": bits.claim(),
    }
    return sign_jws(claims, typ=STATUS_TYP, signer=signer)


def verify_status_list(token: str | bytes, *, key_for: KeyFor, uri: str, at: datetime | None = None) -> StatusList:
    """The list in ``token``: (1) signed by its issuer, (2) for ``uri``, (3) well formed, (4) in use ``at`` an instant.

    Raises:
        Malformed: any other bytes.
        Refused: not yet or no longer in use at the instant given.
    """
    verified = verify_jws(token, typ=STATUS_TYP, key_for=key_for, max_bytes=MAX_TOKEN_BYTES)  # 1
    claims = verified.claims
    if claims.get("sub") != uri or not isinstance(claims.get("iss"), str):  # 2
        raise malformed(
            "status-uri", "The status list is another one than the evidence names.", "状态列表与凭证所指不符。"
        )
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:  # 3
        raise _bad_list()
    bits = StatusBits.from_claim(claims.get("status_list"))
    if at is not None and not issued <= at.timestamp() < expires:  # 4
        raise Refused(
            "proof.status-stale",
            "The status list is not in use at that time; fetch a fresh one.",
            "状态列表已过期，请重新获取。",
        )
    return StatusList(claims["iss"], uri, issued, expires, bits, verified.key)
