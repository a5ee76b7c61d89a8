"""Receipts 回执 that are kept for years: cosigned by the witnesses 见证方, which takes them a moment."""

import time
from contextlib import suppress
from typing import Final

from hub.errors import Missing
from hub.exchange.service.parts import Receipts

LOOK_SECONDS: Final = 0.1


def lasting_receipt(log: Receipts, entry_id: str, receipt_seconds: float, witness_seconds: float) -> str:
    """The receipt of a committed entry with the cosignatures of a quorum, when they come within ``witness_seconds``.

    When they do not, it is under the newest checkpoint: that proves the entry, and one fetched later the rest.

    Raises:
        Unavailable: the log itself has no receipt within ``receipt_seconds``.
    """
    ends = time.monotonic() + witness_seconds
    while True:
        with suppress(Missing):
            return log.prove(entry_id, is_witnessed=True).proof_text
        if time.monotonic() >= ends:
            return log.receipt_for(entry_id, receipt_seconds).proof_text
        time.sleep(LOOK_SECONDS)
