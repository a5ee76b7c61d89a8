"""Asks providers in a case: to supply 调取 what is not pushed, and to check 校核 what seems wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session

from hub.cases.model import Case, Item, ItemState, Outcome, PersonAsked, Source
from hub.cases.rules.checklist import item_of
from hub.cases.service.evidence import CLEAR, KeptToken, keep_token, require_verified
from hub.cases.service.looking import Lookout
from hub.cases.service.mandates import require_actable
from hub.cases.service.people import asked_in, resolve
from hub.cases.service.surroundings import Surroundings, require_case
from hub.cases.store import CaseStore
from hub.catalogue.model import EvidenceType
from hub.catalogue.schemas import short_name, validator_for
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.ids import new_id
from hub.proof.sdjwt import SdJwt
from hub.sharing.model import Owed, Owing, Reply
from hub.sharing.rules import CORRECTION_DAYS, require_answerable
from hub.sharing.service.owing import require_owed
from hub.sharing.store import OwedStore

ORGANISATION_FIELDS: Final = ("credit_code", "organisation_code", "registration_number")


@dataclass(frozen=True)
class Objecting:
    """What is said to be wrong: a claim of the evidence of a type about someone in the case; the reason is a code."""

    of_type: str
    claim: str
    reason: str
    role: str
    position: int


@dataclass(frozen=True)
class Wish:
    """What a provider is asked to supply: about whom, by which number, by when."""

    owed: Owed
    person: PersonAsked = field(repr=False)


class Asking:
    """Supplies and objections of a case, and their providers' answers."""

    def __init__(self, around: Surroundings, lookout: Lookout) -> None:
        self._around = around
        self._lookout = lookout

    def ask_for(self, consumer: str, number: str, material_id: str) -> list[Owed]:
        """Every provider who can supply something for the material is asked to, once for each person and type.

        Raises:
            Missing: no such case.
            Conflict: it has its result, or the material is not obtainable from a provider on request.
            Refused: the agent's mandate ended.
        """
        around = self._around
        with around.database.writing() as session:
            case = require_case(CaseStore(session), consumer, number, locked=True)
            require_actable(around, session, case)
            world = self._lookout.world(session, case)
            wanted = _obtainable(item_of(world, material_id))
            if not wanted:
                raise Conflict(
                    "cases.not-on-request",
                    "No provider supplies this on request now; see the checklist.",
                    "目前没有提供方可供调取该材料；请查看材料清单。",
                )
            known = {(each.subject_id, each.evidence_type): each for each in world.supplies}
            made = []
            for source in wanted:
                subject_id = _subject_of(world.case, source)
                owed = known.get((subject_id, source.type))
                made.append(owed or self._raise(session, world.case, source, subject_id))
            return made

    def _raise(self, session: Session, case: Case, source: Source, subject_id: str) -> Owed:
        kind = self._type(case, source.type)
        asked = {"role": source.about, "position": source.position}
        owed = self._owed(case, Owing.supply, kind, asked, days=kind.supply_days, subject_id=subject_id)
        OwedStore(session).keep(owed)
        self._around.record(session, case, "supply-raised", case.consumer, {"owed": owed.owed_id, "type": source.type})
        return owed

    def object_to(self, consumer: str, number: str, said: Objecting) -> Owed:
        """The provider has ten working days to check and correct; the case goes on meanwhile 不停办.

        Raises:
            Missing: no such case, nobody known has that role, or nothing of that type is held about them.
        """
        around = self._around
        with around.database.writing() as session:
            case = require_case(CaseStore(session), consumer, number, locked=True)
            world = self._lookout.world(session, case)
            person = next((each for each in world.case.subjects_in(said.role) if each.position == said.position), None)
            kind = self._type(case, said.of_type)
            held = world.held.get(person.subject_id or "", {}).get(kind.name) if person else None
            if person is None or person.subject_id is None or not held:
                raise Missing(
                    "cases.nothing-to-object-to",
                    "Nothing of that type is held about that person in this case.",
                    "本办件中没有此人这一类型的凭证，无从提出异议。",
                )
            asked = {"claim": said.claim, "code": said.reason, "evidence": held[0].evidence_id}
            owed = self._owed(case, Owing.objection, kind, asked, days=CORRECTION_DAYS, subject_id=person.subject_id)
            OwedStore(session).keep(owed)
            codes = {"owed": owed.owed_id, "type": kind.vct, "claim": said.claim, "code": said.reason}
            around.record(session, case, "objection-raised", consumer, codes)
            return owed

    def _owed(self, case: Case, owing: Owing, kind: EvidenceType, asked: Mapping[str, Any], **more: Any) -> Owed:
        return Owed(
            owed_id=new_id("owe"),
            kind=owing,
            consumer=case.consumer,
            provider=kind.provider,
            evidence_type=kind.vct,
            raised_on=self._around.today,
            case_id=case.case_id,
            asked=asked,
            **more,
        )

    def _type(self, case: Case, vct: str) -> EvidenceType:
        kind = self._around.catalogue.catalogue_of(case.edition_id).evidence_by_name.get(short_name(vct))
        if kind is None:
            raise Missing("cases.no-such-type", "The catalogue has no such evidence type.", "目录中没有该凭证类型。")
        return kind

    def wishes_of(self, provider: str) -> list[Wish]:
        """What the provider is asked to supply now, with the number to look under; that it was told is logged."""
        around = self._around
        with around.database.writing() as session:
            found = []
            for owed in OwedStore(session).of_provider(provider, Owing.supply, is_open=True):
                case = CaseStore(session).case_of(owed.case_id, locked=True)
                if case is None:
                    continue
                asked = asked_in(around, session, case, (owed.asked["role"], owed.asked["position"]))
                if asked.pairwise:
                    asked = self._by_number(session, owed.subject_id)
                self._tell_once(session, case, owed)
                found.append(Wish(owed, asked))
            return found

    def _tell_once(self, session: Session, case: Case, owed: Owed) -> None:
        """That the provider was told the number is in the log, once however often it looks."""
        steps = CaseStore(session).steps_of(case.case_id)
        if not any(action == "supply-told" and codes.get("owed") == owed.owed_id for _, action, codes, _ in steps):
            self._around.record(session, case, "supply-told", owed.provider, {"owed": owed.owed_id})

    def _by_number(self, session: Session, subject_id: str) -> PersonAsked:
        """The best-known number and name of a subject whom the consumer named by its own id."""
        known = {each.field: each.value for each in self._around.identity.golden(session, subject_id)}
        number = known.get("number") or next(filter(None, map(known.get, ORGANISATION_FIELDS)), "")
        kind = "resident" if known.get("number") else "legal_person"
        return PersonAsked(kind=kind, number=str(number), name=str(known.get("name", "")))

    def supply(self, provider: str, owed_id: str, token: str) -> Owed:
        """The provider's signed evidence is kept for the subject it was asked about; without any, nothing was found.

        1. The evidence is signed by this provider, of the type asked for, in its published shape.
        2. It is about the subject asked about, by its number and name.
        3. Evidence, answer and log entry are kept in one transaction.

        Raises:
            Missing, Conflict, Malformed, Refused: nothing is kept.
        """
        around = self._around
        evidence = require_verified(around, token) if token else None
        with around.database.writing() as session:
            store = OwedStore(session)
            owed = require_owed(store, provider, owed_id, Owing.supply)
            reply = Reply.supplied if evidence else Reply.nothing_found
            require_answerable(owed, reply)
            if evidence:
                _require_asked_for(evidence, owed)  # 1
                self._require_about(session, evidence, owed)  # 2
                name = short_name(owed.evidence_type)
                keep_token(around, session, KeptToken(evidence, name, owed.subject_id, _ends_at(evidence)))  # 3
            store.answer(owed_id, on=around.today, reply=reply, reason="")
            case = CaseStore(session).case_of(owed.case_id, locked=True)
            if case is not None:
                around.record(session, case, f"supply-{reply.value}", provider, {"owed": owed_id})
            return require_owed(store, provider, owed_id, Owing.supply)

    def _require_about(self, session: Session, evidence: SdJwt, owed: Owed) -> None:
        claims = evidence.claims
        number = claims.get("number") or next(filter(None, map(claims.get, ORGANISATION_FIELDS)), "")
        kind = "resident" if claims.get("number") else "legal_person"
        asked = PersonAsked(kind=kind, number=str(number), name=str(claims.get("name", "")))
        found = resolve(self._around, session, owed.consumer, asked)
        meant = self._around.identity.survivors(session, [owed.subject_id])
        if found.outcome is not Outcome.found or found.subject_id != meant.get(owed.subject_id):
            raise Refused(
                "cases.supplied-about-somebody-else",
                "The evidence is not about the subject that was asked about.",
                "凭证主体与所调取的主体不符。",
            )


def _require_asked_for(evidence: SdJwt, owed: Owed) -> None:
    claims = evidence.claims
    form = {key: value for key, value in claims.items() if key not in CLEAR}
    if (claims.get("iss"), claims.get("vct")) != (owed.provider, owed.evidence_type):
        raise Refused(
            "cases.not-what-was-asked",
            "The evidence is signed by another party or of another type than was asked for.",
            "凭证由其他参与方签发，或类型与所调取的不符。",
        )
    faults = validator_for(owed.evidence_type)(form)
    if faults:
        raise Malformed(
            "cases.bad-supply",
            f"The evidence is not in its published shape: {faults[0].path}.",
            f"凭证不符合已发布的格式：{faults[0].path}。",
        )


def _ends_at(evidence: SdJwt) -> datetime | None:
    ends = evidence.claims.get("exp")
    return datetime.fromtimestamp(ends, UTC) if isinstance(ends, int) else None


def _obtainable(item: Item | None) -> list[Source]:
    """The pieces of the material that a provider supplies on request."""
    if item is None or item.state is not ItemState.obtainable:
        return []
    return [source for source in item.sources if source.is_on_request]


def _subject_of(case: Case, source: Source) -> str:
    person = next(each for each in case.subjects_in(source.about) if each.position == source.position)
    return person.subject_id or ""
