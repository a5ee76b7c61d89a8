"""Exchanges that came together 同批交换: decided on one snapshot, each signed, kept in one commit; each stands alone.

A round: (5) what all of them must know is read in one statement, and each is decided, (6) each answer is signed,
(7) all are kept in one statement that commits, (8) what was answered before is answered again. One exchange about a
subject takes part in a round, since its log entry follows the subject's last one; the next waits for the next round.
A round that fails as a whole is gone through again request by request, so that nobody pays for a neighbour.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.audit.model import Entry
from hub.audit.store import AuditStore
from hub.errors import Broken, Conflict, Unavailable
from hub.exchange.model import Answered, Decision, KeptExchange, Request
from hub.exchange.rules import ANSWER_TYP, entry_claims
from hub.exchange.service.deciding import Deciding
from hub.exchange.service.parts import Parts
from hub.exchange.store import AnsweredBeforeError, Asked, ExchangeStore, NewExchange, Scene, keep, scenes_of
from hub.exchange.views import item_told, items_text
from hub.kernel.ids import new_id
from hub.proof.encoding import b64url
from hub.proof.jws import canonical_json, signed_compact
from hub.storage.statements import cursor_of


class Answering:
    """Steps 5 to 8 of an exchange for requests that came together; ``answers`` holds an answer or a fault for each."""

    def __init__(self, parts: Parts, now: datetime) -> None:
        self._parts = parts
        self._now = now
        self._requests: dict[int, Request] = {}
        self.answers: dict[int, Answered | Exception] = {}

    def take(self, place: int, request: Request) -> None:
        """The request is answered by the next ``run``, under ``place``."""
        self._requests[place] = request

    def run(self) -> None:
        """Every request taken has an answer or a fault."""
        waiting, self._requests = self._requests, {}
        while waiting:
            self._round(waiting)
            waiting = {place: request for place, request in waiting.items() if place not in self.answers}

    def _round(self, requests: Mapping[int, Request]) -> None:
        """At least one of the requests has an answer or a fault afterwards."""
        try:
            self._keep(self._made(requests))
        except Exception as fault:  # noqa: BLE001 - whatever it is, whoever caused it is told
            left = {place: request for place, request in requests.items() if place not in self.answers}
            if len(left) > 1 and not isinstance(fault, Unavailable):
                for place, request in left.items():
                    self._round({place: request})
            elif isinstance(fault, AnsweredBeforeError):
                for place, request in left.items():
                    self._answer_before(place, request)  # 8
            else:
                self.answers.update(dict.fromkeys(left, fault))

    def _made(self, requests: Mapping[int, Request]) -> dict[int, NewExchange]:
        """The exchanges of this round, decided and signed."""
        deciding: dict[int, Deciding] = {}
        asked: dict[int, Asked] = {}
        for place, request in requests.items():
            try:
                deciding[place] = Deciding(self._parts, request, self._now)
                asked[place] = deciding[place].asked()
            except Exception as fault:  # noqa: BLE001 - as above
                self.answers[place] = fault
        made: dict[int, NewExchange] = {}
        about: set[str] = set()
        for place, scene in self._scenes(asked).items():
            if scene.is_answered:
                self._answer_before(place, requests[place])  # 8
            elif scene.subject_id not in about:
                about |= {scene.subject_id} if scene.subject_id else set()
                try:
                    decision = deciding[place].decide(scene)  # 5
                    made[place] = self._signed(requests[place], decision, scene)  # 6
                except Exception as fault:  # noqa: BLE001 - as above
                    self.answers[place] = fault
        return made

    def _scenes(self, asked: Mapping[int, Asked]) -> dict[int, Scene]:
        if not asked:
            return {}
        with self._parts.database.looking() as cursor:
            scenes = scenes_of(cursor, asked)
        moved = {place: scene.merged_into for place, scene in scenes.items() if scene.merged_into is not None}
        if not moved:
            return scenes
        with self._parts.database.reading() as session:
            survivors = {place: self._parts.identity.resolve(session, each) for place, each in moved.items()}
        again = {place: replace(asked[place], subject_id=each or "") for place, each in survivors.items()}
        return scenes | self._scenes(again)

    def _signed(self, request: Request, decision: Decision, scene: Scene) -> NewExchange:
        exchange_id = new_id("xch")
        lines = [item.claims() for item in decision.items]
        claims: Mapping[str, Any] = {
            "iss": self._parts.hub,
            "aud": request.consumer,
            "iat": int(self._now.timestamp()),
            "jti": new_id("ans"),
            "request_digest": b64url(request.digest),
            "exchange": exchange_id,
            "outcome": decision.outcome.value,
            "reason": decision.reason,
            "subject": decision.pairwise,
            "case": request.case,
            "evidence": lines,
        }
        answer = signed_compact(canonical_json(claims), typ=ANSWER_TYP, signer=self._parts.signer)
        told = [item_told(line, item.shown) for line, item in zip(lines, decision.items, strict=True)]
        entry = _entry(exchange_id, request, decision, (answer, items_text(told)))
        if decision.subject_id is not None:
            count, last_leaf = scene.chain
            entry = entry.chained(count + 1, last_leaf)
        return NewExchange(exchange_id, request, decision, answer, entry)

    def _keep(self, made: Mapping[int, NewExchange]) -> None:
        """Step 7: each exchange is kept, also when another about its subject came in between."""
        if not made:
            return
        with self._parts.database.looking() as cursor:
            kept = keep(cursor, list(made.values()), self._parts.vault, self._now, is_linked=True)
        for place, new in made.items():
            if new.exchange_id in kept:
                self.answers[place] = Answered(_kept(new))
        for place, new in made.items():
            if new.exchange_id not in kept:
                self._keep_behind(place, new)

    def _keep_behind(self, place: int, new: NewExchange) -> None:
        """Another entry about the subject came in between: the subject's chain is held while this one follows it."""
        subject = str(new.decision.subject_id)
        with self._parts.database.writing() as session:
            linked = replace(new, entry=AuditStore(session).chain(subject, new.entry))
            keep(cursor_of(session), [linked], self._parts.vault, self._now, is_linked=False)
        self.answers[place] = Answered(_kept(linked))

    def _answer_before(self, place: int, request: Request) -> None:
        try:
            self.answers[place] = Answered(self._kept_before(request), is_replay=True)
        except Exception as fault:  # noqa: BLE001 - as above
            self.answers[place] = fault

    def _kept_before(self, request: Request) -> KeptExchange:
        with self._parts.database.reading() as session:
            kept = ExchangeStore(session, self._parts.vault.keyring).answered(request.consumer, request.jti)
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


def _kept(new: NewExchange) -> KeptExchange:
    return KeptExchange(
        exchange_id=new.exchange_id,
        consumer=new.request.consumer,
        entry_id=new.entry.entry_id,
        outcome=new.decision.outcome,
        request_jws=new.request.jws,
        answer_jws=new.answer_jws,
        entry=new.entry.content(),
        salt=new.entry.salt,
    )


def _entry(exchange_id: str, request: Request, decision: Decision, said: tuple[str, str]) -> Entry:
    """The log entry of an exchange; ``said`` are the answer, and what it shows without values."""
    answer, shown = said
    entry = Entry("exchange", entry_claims(request, decision.outcome, decision.reason, decision.items))
    return entry.with_claims(
        exchange=exchange_id,
        request=b64url(request.digest),
        answer=b64url(hashlib.sha256(answer.encode("ascii")).digest()),
        subject=entry.commit(decision.pairwise or ""),
        case=entry.commit(request.case),
        basis=entry.commit(request.basis),
        officer=entry.commit(request.officer),
        shown=entry.commit(shown),
    )
