"""The query code 查询码 by which an applicant asks how a case stands: made from the case's id, kept as a digest."""

from typing import Final

from hub.kernel.ids import base32
from hub.proof.sealing import Blinder

_LENGTH: Final = 16
_AS_READ: Final = str.maketrans({"-": "", " ": "", "o": "0", "i": "1", "l": "1"})
"""A code has none of these letters: whoever copies it by hand writes them for the digits."""


def query_code(blinder: Blinder, case_id: str) -> str:
    """The case's code, the same whenever it is asked for."""
    return base32(int.from_bytes(blinder.digest("query", case_id)[:16]))[-_LENGTH:]


def code_digest(blinder: Blinder, code: str) -> bytes:
    """What is kept of a code, however it was written down."""
    return blinder.digest("query-code", code.strip().lower().translate(_AS_READ))
