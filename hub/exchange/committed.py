"""What the log entry 日志条目 of an exchange must say: commitments to what was said, and codes that all may read."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from hub.audit.rules import commit
from hub.exchange.model import Request
from hub.exchange.views import items_text, items_told
from hub.proof.encoding import b64url


def committed(request: Request, answer: Mapping[str, Any], answer_jws: str, salt: bytes) -> dict[str, Any]:
    """What the entry of the exchange says, with commitments under ``salt``.

    Raises:
        Malformed: a line of the answer shows what is no presentation.
    """
    return {
        "kind": "exchange",
        "exchange": answer.get("exchange"),
        "consumer": request.consumer,
        "matter": request.matter,
        "outcome": answer.get("outcome"),
        "request": b64url(request.digest),
        "answer": b64url(hashlib.sha256(answer_jws.encode("ascii")).digest()),
        "subject": commit(salt, answer.get("subject") or ""),
        "case": commit(salt, request.case),
        "basis": commit(salt, request.basis),
        "officer": commit(salt, request.officer),
        "shown": commit(salt, items_text(items_told(answer["evidence"]))),
    }


def told_in_clear(request: Request, reason: Any, shown: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What an auditor reads of the exchange in the log itself; ``shown`` are the lines that disclose something."""
    return {
        "reason": reason,
        "asked": sorted(wanted.type for wanted in request.wanted),
        "released": sorted({line["type"] for line in shown}),
        "providers": sorted({line["provider"] for line in shown}),
    }
