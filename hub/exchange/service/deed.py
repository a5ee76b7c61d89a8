"""One request, one answer 应答: decided, disclosed, signed, kept and logged in one transaction, never twice."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import AuditStore
from hub.errors import Broken, Conflict, Missing, Refused
from hub.evidence.store import StatusListStore
from hub.exchange.bundle import bundle_of, sealed_bundle, signers_in, status_places_in
from hub.exchange.model import Decision, Exchanged, KeptExchange, Request
from hub.exchange.rules import ANSWER_TYP, REQUEST_TYP, entry_claims, request_in, require_nameless
from hub.exchange.service.deciding import Deciding
from hub.exchange.service.parts import Parts
from hub.exchange.store import ExchangeStore, Kept, NewExchange, Scene, keep
from hub.exchange.views import items_text, items_told
from hub.kernel.clock import local_date
from hub.kernel.ids import new_id
from hub.parties.model import PartyKind
from hub.proof.encoding import b64url
from hub.proof.jws import canonical_json, signed_compact, verify_request
from hub.storage.statements import cursor_of

ASKING = frozenset({PartyKind.consumer, PartyKind.department})


class _AnsweredBeforeError(Exception):
    """Another answer to this request is kept already."""


class ExchangeService:
    """Answers the evidence requests of one hub."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def exchange(self, request_jws: str | bytes) -> Exchanged:
        """The signed answer to a request, with its receipt; a refusal is an answer too, signed and logged alike.

        (1) The message is a fresh request to this hub, signed by its consumer's key. (2) The consumer may ask at all.
        (3) Its claims are as prescribed, and its numbers name nobody. (4) The log is witnessed. (5) Subject, case,
        grants and evidence decide the answer. (6) The answer is signed. (7) Answer, access of the subject and log entry
        are kept in one transaction, unless this request was answered before. (8) The same request gets the same answer,
        another one under its id none. (9) The answer waits for its receipt.

        Raises:
            Malformed, Refused: 1 to 3. Nothing is logged: nobody known has asked.
            Unavailable: 4, 9, or the database is away. The same request again, signed once, is safe.
            Conflict: 8.
        """
        kept, is_replay = self.answer(request_jws)  # 1 to 8
        receipt = self._parts.log.receipt_for(kept.entry_id, self._parts.receipt_seconds)  # 9
        return kept.exchanged(receipt.proof_text, is_replay=is_replay)

    def answer(self, request_jws: str | bytes) -> tuple[KeptExchange, bool]:
        """Steps 1 to 8 of ``exchange``: what is kept of it, and whether it was before. Its receipt is not there yet."""
        jws = request_jws if isinstance(request_jws, str) else request_jws.decode("ascii", "replace")
        now = self._parts.clock.now()
        message = verify_request(
            jws, typ=REQUEST_TYP, key_for=self._parts.directory.key_for, audience=self._parts.hub, now=now
        )  # 1
        self._check_consumer(str(message.claims["iss"]))  # 2
        request = request_in(message, jws)  # 3
        asked = (request.query.number, request.query.name) if request.query else ()
        require_nameless((request.jti, request.case), local_date(now), asked)
        self._parts.log.require_witnessed()  # 4
        try:
            return self._answered(request, now), False  # 5, 6, 7
        except _AnsweredBeforeError:
            return self._answer_before(request), True  # 8

    def bundle(self, exchange_id: str, *, consumer: str | None = None) -> dict[str, Any]:
        """Everything that proves the exchange, for offline verification.

        Raises:
            Missing: no such exchange, or not of this consumer.
            Unavailable: its receipt is not there yet.
        """
        with self._parts.database.reading() as session:
            kept = self._store(session).with_id(exchange_id)
            statuses = [] if kept is None else _status_lists(session, kept)
        if kept is None or consumer not in {None, kept.consumer}:
            raise Missing("exchange.unknown", "No such exchange of yours is on record.", "未查到您的该次数据交换。")
        keys = self._parts.directory.key_history({self._parts.hub, *signers_in(kept)})
        bundle = bundle_of(kept, receipt=self._receipt(kept), keys=keys, status_lists=statuses)
        return sealed_bundle(bundle, self._parts.signer, hub=self._parts.hub, now=self._parts.clock.now())

    def _receipt(self, kept: KeptExchange) -> str:
        log = self._parts.log
        try:
            return log.prove(kept.entry_id, is_witnessed=True).proof_text
        except Missing:
            return log.receipt_for(kept.entry_id, self._parts.receipt_seconds).proof_text

    def _check_consumer(self, party: str) -> None:
        if self._parts.directory.require_party(party).kind not in ASKING:
            raise Refused(
                "exchange.not-a-consumer",
                "Only consumers and departments may ask for evidence.",
                "仅数据需求方与部门可以请求凭证。",
            )

    def _store(self, session: Session) -> ExchangeStore:
        return ExchangeStore(session, self._parts.vault.keyring)

    def _answered(self, request: Request, now: datetime) -> KeptExchange:
        exchange_id = new_id("xch")
        decision, scene = Deciding(self._parts, request, now).decide()  # 5
        if scene.is_answered:
            raise _AnsweredBeforeError
        answer = self._signed(exchange_id, request, decision, now)  # 6
        entry = _entry(exchange_id, request, decision, answer)
        entry = self._kept(NewExchange(exchange_id, request, decision, answer, entry, now), scene)  # 7
        return KeptExchange(
            exchange_id=exchange_id,
            consumer=request.consumer,
            entry_id=entry.entry_id,
            outcome=decision.outcome,
            request_jws=request.jws,
            answer_jws=answer,
            entry=entry.content(),
            salt=entry.salt,
        )

    def _kept(self, new: NewExchange, scene: Scene) -> Entry:
        """The entry as logged: the next one about its subject, also when another exchange came in between."""
        database, vault, subject = self._parts.database, self._parts.vault, new.decision.subject_id
        if subject is not None:
            count, last_leaf = scene.chain
            linked = replace(new, entry=new.entry.chained(count + 1, last_leaf))
            with database.looking() as cursor:
                kept = keep(cursor, linked, vault, is_linked=True)
            if kept is Kept.kept:
                return linked.entry
            if kept is Kept.answered_before:
                raise _AnsweredBeforeError
        with database.writing() as session:
            entry = new.entry if subject is None else AuditStore(session).chain(subject, new.entry)
            if keep(cursor_of(session), replace(new, entry=entry), vault, is_linked=False) is not Kept.kept:
                raise _AnsweredBeforeError
        return entry

    def _answer_before(self, request: Request) -> KeptExchange:
        with self._parts.database.reading() as session:
            kept = self._store(session).answered(request.consumer, request.jti)
        if kept is None:
            raise Broken(
                "exchange.answer-lost",
                "A request is on record as answered, but its answer is not; restore it from a backup.",
                "请求记录显示已应答但应答缺失；请从备份恢复。",
            )
        if kept.request_jws != request.jws:
            raise Conflict(
                "exchange.request-id-reused",
                "Another request of yours had this id (jti); sign a new one under a fresh id.",
                "该请求编号（jti）已用于其他请求；请以新编号重新签发。",
            )
        return kept

    def _signed(self, exchange_id: str, request: Request, decision: Decision, now: datetime) -> str:
        claims: Mapping[str, Any] = {
            "iss": self._parts.hub,
            "aud": request.consumer,
            "iat": int(now.timestamp()),
            "jti": new_id("ans"),
            "request_digest": b64url(request.digest),
            "exchange": exchange_id,
            "outcome": decision.outcome.value,
            "reason": decision.reason,
            "subject": decision.pairwise,
            "case": request.case,
            "evidence": [item.claims() for item in decision.items],
        }
        return signed_compact(canonical_json(claims), typ=ANSWER_TYP, signer=self._parts.signer)


def _status_lists(session: Session, kept: KeptExchange) -> list[str]:
    """Of each list that the released evidence names: the one in force at the answer, and the newest."""
    uris, answered_at = status_places_in(kept)
    at = datetime.fromtimestamp(answered_at, UTC)
    return [each.token for each in StatusListStore(session).about(uris, at)] if uris else []


def _entry(exchange_id: str, request: Request, decision: Decision, answer: str) -> Entry:
    entry = Entry("exchange", entry_claims(request, decision.outcome, decision.reason, decision.items))
    return entry.with_claims(
        exchange=exchange_id,
        request=b64url(request.digest),
        answer=b64url(hashlib.sha256(answer.encode("ascii")).digest()),
        subject=entry.commit(decision.pairwise or ""),
        case=entry.commit(request.case),
        basis=entry.commit(request.basis),
        officer=entry.commit(request.officer),
        shown=entry.commit(items_text(items_told([item.claims() for item in decision.items]))),
    )
