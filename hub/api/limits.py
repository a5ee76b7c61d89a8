"""How much one request may carry, and how long it may wait."""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """How much one request may carry, in bytes, and how long it may wait for its receipt."""

    json_bytes: int = 1 * MIB
    message_bytes: int = 64 * KIB
    upload_bytes: int = 20 * MIB
    batch_bytes: int = 2048 * MIB
    receipt_seconds: float = 10.0
    threads: int = 64
    exchange_threads: int = 2
