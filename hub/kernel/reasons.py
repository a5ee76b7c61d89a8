"""Reasons 理由 that are kept in clear: codes, so that no free text about anybody comes into a list or the log."""

import re
from typing import Final

_REASON: Final = re.compile(r"[A-Za-z0-9-]{1,60}")


def is_reason(text: str) -> bool:
    """True for a code of 1 to 60 letters, digits and hyphens, such as ``expert-opinion``."""
    return _REASON.fullmatch(text) is not None
