"""Keeps exchanges 存证: request, answer, the subject's access and the log entry, of all in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from psycopg import Cursor
from psycopg.errors import UniqueViolation

from hub.audit.model import Entry
from hub.audit.store import LINK, QUEUE
from hub.evidence.store import Vault
from hub.exchange.model import Decision, Request
from hub.proof.encoding import b64url, base64_text

_KEEP: Final = f"""
WITH told AS MATERIALIZED (
 SELECT place, exchange_id, consumer, jti, matter, number, outcome, reason, types, providers, pairwise, entry_id,
  subject_id, n, decode(officer, 'base64') AS officer, decode(digest, 'base64') AS digest,
  decode(content, 'base64') AS content, decode(leaf, 'base64') AS leaf, decode(sealed, 'base64') AS sealed
 FROM json_to_recordset(%(told)s) AS told (place int4, exchange_id text, consumer text, jti text, matter text,
  number text, outcome text, reason text, types text[], providers text[], pairwise text, entry_id text,
  subject_id text, n int8, officer text, digest text, content text, leaf text, sealed text)
), {{new}}, kept AS (
 INSERT INTO exchange (exchange_id, consumer, jti, at, matter, case_ref, outcome, reason, types, providers, pairwise,
  officer, entry_id, request_digest, sealed)
 SELECT exchange_id, consumer, jti, %(at)s, matter, number, outcome, reason, types, providers, pairwise, officer,
  entry_id, digest, sealed FROM new
), seen AS (
 INSERT INTO subject_access (subject_id, n, exchange_id, at)
 SELECT subject_id, n, exchange_id, %(at)s FROM new WHERE subject_id IS NOT NULL
), queued AS ({QUEUE})
SELECT exchange_id FROM new"""
_NEW: Final = "new AS (SELECT * FROM told)"
_LINKED: Final = f"""linked AS ({LINK}), new AS MATERIALIZED (
 SELECT told.* FROM told LEFT JOIN linked USING (subject_id)
 WHERE told.subject_id IS NULL OR linked.subject_id IS NOT NULL)"""
_KEEP_HELD: Final = _KEEP.format(new=_NEW)
_KEEP_LINKED: Final = _KEEP.format(new=_LINKED)
_ONCE: Final = "uq_exchange_consumer_jti"


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What is to be kept of one exchange."""

    exchange_id: str
    request: Request
    decision: Decision
    answer_jws: str = field(repr=False)
    entry: Entry


class AnsweredBeforeError(Exception):
    """Another answer to one of the requests is kept already; nothing was kept now."""


def keep(cursor: Cursor[Any], new: Sequence[NewExchange], vault: Vault, at: datetime, *, is_linked: bool) -> set[str]:
    """The ids of those of the exchanges that are kept, each of them whole.

    ``is_linked``: the entry of each must move the chain of its subject, which nobody holds; where another entry about
    the subject came in between, nothing is kept. No two of them are about one subject.

    Raises:
        AnsweredBeforeError: a request among them was answered before; nothing at all is kept.
    """
    told = [_told(place, each, vault) for place, each in enumerate(new)]
    values = {"told": orjson.dumps(told).decode(), "at": at}
    try:
        cursor.execute(_KEEP_LINKED if is_linked else _KEEP_HELD, values)
    except UniqueViolation as fault:
        if fault.diag.constraint_name != _ONCE:
            raise
        raise AnsweredBeforeError from None
    return {row[0] for row in cursor.fetchall()}


def _told(place: int, new: NewExchange, vault: Vault) -> dict[str, Any]:
    request, decision = new.request, new.decision
    return {
        "place": place,
        "exchange_id": new.exchange_id,
        "consumer": request.consumer,
        "jti": request.jti,
        "matter": request.matter,
        "number": request.case,
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "types": [wanted.type for wanted in request.wanted],
        "providers": sorted({item.provider for item in decision.items if item.provider and item.presentation}),
        "pairwise": decision.pairwise,
        "entry_id": new.entry.entry_id,
        "subject_id": decision.subject_id,
        "n": new.entry.claims.get("n"),
        "officer": base64_text(vault.blinder.key("officer", f"{request.consumer}|{request.officer}")),
        "digest": base64_text(request.digest),
        "content": base64_text(new.entry.content()),
        "leaf": base64_text(new.entry.leaf()),
        "sealed": base64_text(_sealed(new, vault)),
    }


def _sealed(new: NewExchange, vault: Vault) -> bytes:
    said = {
        "request": new.request.jws,
        "answer": new.answer_jws,
        "entry": b64url(new.entry.content()),
        "salt": b64url(new.entry.salt),
    }
    return vault.keyring.seal(orjson.dumps(said), context=f"exchange|{new.exchange_id}")
