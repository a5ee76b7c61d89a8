"""Keeps an exchange 存证: request, answer, the subject's access and the log entry, in one statement."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

import orjson
from psycopg import Cursor
from psycopg.errors import UniqueViolation

from hub.audit.model import Entry
from hub.audit.store import LINK, QUEUE, queued
from hub.evidence.store import Vault
from hub.exchange.model import Decision, Request
from hub.proof.encoding import b64url

_KEEP: Final = f"""
kept AS (
 INSERT INTO exchange (exchange_id, consumer, jti, at, matter, case_ref, outcome, reason, types, providers, pairwise,
  officer, entry_id, request_digest, sealed)
 SELECT %(exchange_id)s, %(consumer)s, %(jti)s, %(at)s, %(matter)s, %(case)s, %(outcome)s, %(reason)s, %(types)s,
  string_to_array(%(providers)s, ' '), %(pairwise)s, %(officer)s, %(entry_id)s, %(request_digest)s, %(sealed)s
  {{if_linked}}
 RETURNING exchange_id
), seen AS (
 INSERT INTO subject_access (subject_id, n, exchange_id, at)
 SELECT %(subject_id)s::text, %(n)s::int4, exchange_id, %(at)s FROM kept WHERE %(subject_id)s::text IS NOT NULL
), queued AS ({QUEUE} FROM kept)
SELECT count(*) FROM kept"""
_KEEP_UNLINKED: Final = "WITH" + _KEEP.format(if_linked="")
_KEEP_LINKED: Final = f"WITH linked AS ({LINK})," + _KEEP.format(if_linked="FROM linked")
_ONCE: Final = "uq_exchange_consumer_jti"


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What is to be kept of one exchange."""

    exchange_id: str
    request: Request
    decision: Decision
    answer_jws: str = field(repr=False)
    entry: Entry
    at: datetime


class Kept(Enum):
    """What became of it; nothing at all is kept unless everything is."""

    kept = "kept"
    overtaken = "overtaken"
    """Another entry about the subject came in between; the entry must follow that one."""
    answered_before = "answered before"


def keep(cursor: Cursor[Any], new: NewExchange, vault: Vault, *, is_linked: bool) -> Kept:
    """Keeps the exchange; ``is_linked`` when its entry must move the subject's chain, which nobody holds."""
    try:
        cursor.execute(_KEEP_LINKED if is_linked else _KEEP_UNLINKED, _values(new, vault))
    except UniqueViolation as fault:
        if fault.diag.constraint_name != _ONCE:
            raise
        return Kept.answered_before
    row = cursor.fetchone()
    return Kept.kept if row and row[0] else Kept.overtaken


def _values(new: NewExchange, vault: Vault) -> dict[str, Any]:
    request, decision = new.request, new.decision
    providers = {item.provider for item in decision.items if item.provider and item.presentation}
    return {
        **queued(new.entry),
        "exchange_id": new.exchange_id,
        "consumer": request.consumer,
        "jti": request.jti,
        "at": new.at,
        "matter": request.matter,
        "case": request.case,
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "types": [wanted.type for wanted in request.wanted],
        "providers": " ".join(sorted(providers)),
        "pairwise": decision.pairwise,
        "officer": vault.blinder.key("officer", f"{request.consumer}|{request.officer}"),
        "request_digest": request.digest,
        "sealed": _sealed(new, vault),
        "subject_id": decision.subject_id,
    }


def _sealed(new: NewExchange, vault: Vault) -> bytes:
    said = {
        "request": new.request.jws,
        "answer": new.answer_jws,
        "entry": b64url(new.entry.content()),
        "salt": b64url(new.entry.salt),
    }
    return vault.keyring.seal(orjson.dumps(said), context=f"exchange|{new.exchange_id}")
