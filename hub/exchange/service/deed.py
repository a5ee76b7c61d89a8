"""One request, one answer 应答: decided, disclosed, signed, kept and logged in one transaction, never twice."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from hub.errors import Missing, Refused
from hub.evidence.status import KeptList
from hub.evidence.store import StatusListStore
from hub.exchange.bundle import bundle_of, listed, sealed_bundle, signers_in, status_places_in
from hub.exchange.model import Answered, Exchanged, KeptExchange, Request
from hub.exchange.rules import REQUEST_TYP, request_in, require_nameless
from hub.exchange.service.answering import Answering
from hub.exchange.service.lasting import lasting_receipt
from hub.exchange.service.parts import Parts
from hub.exchange.store import ExchangeStore
from hub.kernel.clock import local_date
from hub.parties.model import PartyKind
from hub.proof.jws import verify_request
from hub.proof.tlogproof import parse_tlog_proof

ASKING = frozenset({PartyKind.consumer, PartyKind.department})


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
        (answered,) = self.answer_all([request_jws])  # 1 to 8
        if not isinstance(answered, Answered):
            raise answered
        kept = answered.kept
        receipt = self._parts.log.receipt_for(kept.entry_id, self._parts.receipt_seconds)  # 9
        return kept.exchanged(receipt.proof_text, is_replay=answered.is_replay)

    def answer_all(self, messages: Sequence[str | bytes]) -> list[Answered | Exception]:
        """Steps 1 to 8 of ``exchange`` for each of several requests, or what it would raise; in their order.

        They share their statements and their commit, and nothing else: what is wrong with one is that one's alone.
        """
        now = self._parts.clock.now()
        answering = Answering(self._parts, now)
        for place, message in enumerate(messages):
            try:
                answering.take(place, self._request_in(message, now))  # 1 to 4
            except Exception as fault:  # noqa: BLE001 - whatever it is, its own caller is told
                answering.answers[place] = fault
        answering.run()  # 5 to 8
        return [answering.answers[place] for place in range(len(messages))]

    def _request_in(self, message: str | bytes, now: datetime) -> Request:
        jws = message if isinstance(message, str) else message.decode("ascii", "replace")
        verified = verify_request(
            jws, typ=REQUEST_TYP, key_for=self._parts.directory.key_for, audience=self._parts.hub, now=now
        )  # 1
        self._check_consumer(str(verified.claims["iss"]))  # 2
        request = request_in(verified, jws)  # 3
        people = (request.query.number, request.query.name) if request.query else ()
        codes = (request.matter, request.officer, *(wanted.type for wanted in request.wanted))
        require_nameless((request.jti, request.case), local_date(now), people=people, codes=codes)
        self._parts.log.require_witnessed()  # 4
        return request

    def bundle(self, exchange_id: str, *, consumer: str | None = None) -> dict[str, Any]:
        """Everything that proves the exchange, for offline verification; cosigned by the witnesses, once they have.

        Raises:
            Missing: no such exchange, or not of this consumer.
            Unavailable: its receipt is not there yet.
        """
        parts = self._parts
        with parts.database.reading() as session:
            kept = ExchangeStore(session, parts.vault.keyring).with_id(exchange_id)
            lists = [] if kept is None else _status_lists(session, kept)
        if kept is None or consumer not in {None, kept.consumer}:
            raise Missing("exchange.unknown", "No such exchange of yours is on record.", "未查到您的该次数据交换。")
        receipt = lasting_receipt(parts.log, kept.entry_id, parts.receipt_seconds, parts.witness_seconds)
        keys = parts.directory.key_history({parts.hub, *signers_in(kept)})
        bundle = bundle_of(kept, receipt=receipt, keys=keys, status_lists=self._listed(lists, receipt))
        return sealed_bundle(bundle, parts.signer, hub=parts.hub, now=parts.clock.now())

    def _listed(self, lists: Sequence[KeptList], receipt: str) -> list[dict[str, Any]]:
        """Of each address the list that the log held last before the answer, and the newest under the checkpoint."""
        if not lists:
            return []
        proof = parse_tlog_proof(receipt)
        by_entry = {each.entry_id: each for each in lists}
        found = self._parts.log.placed([*by_entry], proof.checkpoint.size)
        placed = [(by_entry[each.entry_id], each) for each in found]
        in_force = {kept.uri: at for kept, at in placed if at.index < proof.index}
        newest = {kept.uri: at for kept, at in placed}
        return [listed(kept.token, at) for kept, at in placed if at in (in_force.get(kept.uri), newest[kept.uri])]

    def _check_consumer(self, party: str) -> None:
        if self._parts.directory.require_party(party).kind not in ASKING:
            raise Refused(
                "exchange.not-a-consumer",
                "Only consumers and departments may ask for evidence.",
                "仅数据需求方与部门可以请求凭证。",
            )


def _status_lists(session: Session, kept: KeptExchange) -> list[KeptList]:
    """Of each address that the released evidence names: the lists known at about the answer, and the newest."""
    uris, answered_at = status_places_in(kept)
    at = datetime.fromtimestamp(answered_at, UTC)
    return StatusListStore(session).about(uris, at) if uris else []
