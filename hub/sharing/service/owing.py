"""What providers owe an answer to 待答复: applications are made and answered, objections 异议 and supplies answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.catalogue.model import Catalogue, EvidenceType, SharingClass
from hub.errors import Malformed, Missing, Refused
from hub.kernel.clock import Clock, local_date
from hub.kernel.ids import new_id
from hub.kernel.reasons import is_reason
from hub.sharing.checking import problems_of
from hub.sharing.model import CONSENT, Grant, Owed, Owing, Reply
from hub.sharing.rules import (
    CONDITIONAL_DAYS,
    UNCONDITIONAL_DAYS,
    extended_days,
    require_answerable,
    require_completable,
    require_returnable,
)
from hub.sharing.store import GrantStore, OwedStore
from hub.storage.database import Database

Append = Callable[[Session, Entry], object]


class OwedService:
    """Each side sees its own: who asked, and who owes the answer."""

    def __init__(self, database: Database, clock: Clock, append: Append) -> None:
        self._database = database
        self._clock = clock
        self._append = append

    @property
    def today(self) -> date:
        """The day in the county."""
        return local_date(self._clock.now())

    def apply(self, consumer: str, told: Mapping[str, Any], catalogue: Catalogue) -> Owed:
        """The application waits for the provider's answer: one working day where sharing is unconditional, else ten.

        ``told`` is everything that Order 809 article 20 asks it to say, as a grant file spells a grant.

        Raises:
            Missing: the catalogue has no such type.
            Refused: the type is withheld from sharing.
            Malformed: its period is over, or consent would be a grant that names what there is not.
        """
        kind = _shared_type(told["type"], catalogue)
        unconditional = kind.terms.sharing_class is SharingClass.unconditional
        owed = Owed(
            owed_id=new_id("owe"),
            kind=Owing.application,
            consumer=consumer,
            provider=kind.provider,
            evidence_type=kind.vct,
            raised_on=self.today,
            days=UNCONDITIONAL_DAYS if unconditional else CONDITIONAL_DAYS,
            asked=_asked(told),
        )
        _require_usable(owed, catalogue, self.today)
        with self._database.writing() as session:
            OwedStore(session).keep(owed)
            self._record(session, owed, "raised", consumer)
        return owed

    def send_back(self, provider: str, owed_id: str, lacking: Sequence[str]) -> Owed:
        """The application waits for its applicant, who is told all that it is ``lacking``; the provider's time stops.

        Order 809 article 21: an application that lacks something is not refused for it.

        Raises:
            Missing, Conflict: nothing is returned.
        """
        with self._database.writing() as session:
            store = OwedStore(session)
            owed = require_owed(store, provider, owed_id, Owing.application)
            require_returnable(owed)
            store.send_back(owed_id, on=self.today, lacking=lacking)
            self._record(session, owed, "returned", provider, lacking=list(lacking))
            return require_owed(store, provider, owed_id, Owing.application)

    def complete(self, consumer: str, owed_id: str, told: Mapping[str, Any], catalogue: Catalogue) -> Owed:
        """The application that was returned asks for what is ``told`` now; the provider's time begins anew.

        Raises:
            Missing: this consumer has no such application.
            Conflict: it was not returned, or was completed before.
            Refused, Malformed: as ``apply``; also another type, which takes an application of its own.
        """
        _shared_type(told["type"], catalogue)
        with self._database.writing() as session:
            store = OwedStore(session)
            owed = store.owed_of(owed_id, locked=True)
            if owed is None or owed.consumer != consumer or owed.kind is not Owing.application:
                raise Missing(
                    "sharing.no-application",
                    "There is no such application; see the list of yours.",
                    "没有此项共享申请；见本单位的申请列表。",
                )
            require_completable(owed, told["type"])
            completed = replace(owed, asked=_asked(told), completed_on=self.today)
            _require_usable(completed, catalogue, self.today)
            store.complete(owed_id, on=self.today, asked=completed.asked)
            self._record(session, owed, "completed", consumer)
        return completed

    def extend(self, authority: str, owed_id: str) -> Owed:
        """An application takes up to ten working days more, once: the authority consents to what its provider asked it.

        Raises:
            Missing, Conflict: nothing is extended.
        """
        with self._database.writing() as session:
            store = OwedStore(session)
            owed = store.owed_of(owed_id, locked=True)
            if owed is None or owed.kind is not Owing.application:
                raise Missing(
                    "sharing.no-application",
                    "There is no such application; the lights of supervision name those that wait.",
                    "没有此项共享申请；待答复的申请见电子监察。",
                )
            store.extend(owed_id, on=self.today, days=extended_days(owed))
            self._record(session, owed, "extended", authority)
            return require_owed(store, owed.provider, owed_id, Owing.application)

    def answer(self, provider: str, place: tuple[Owing, str], reply: Reply, reason: str = "") -> Owed:
        """The question ``place`` names is answered; consent to an application is a grant.

        A refusal gives its reason as a code.

        Raises:
            Missing: this provider was asked no such thing.
            Conflict, Malformed: nothing is answered.
        """
        kind, owed_id = place
        _require_reason(reply, reason)
        with self._database.writing() as session:
            store = OwedStore(session)
            owed = require_owed(store, provider, owed_id, kind)
            require_answerable(owed, reply)
            store.answer(owed_id, on=self.today, reply=reply, reason=reason)
            if reply is Reply.consented:
                self._grant(session, owed)
            self._record(session, owed, reply.value, provider)
            return require_owed(store, provider, owed_id, kind)

    def waiting_for(self, provider: str, kind: Owing, *, is_open: bool = True) -> list[Owed]:
        """What the provider was asked, the oldest first."""
        with self._database.reading() as session:
            return OwedStore(session).of_provider(provider, kind, is_open=is_open)

    def asked_by(self, consumer: str, kind: Owing) -> list[Owed]:
        """What the consumer asked, the oldest first."""
        with self._database.reading() as session:
            return OwedStore(session).of_consumer(consumer, kind)

    def _grant(self, session: Session, owed: Owed) -> None:
        grant = _consented(owed)
        GrantStore(session).keep([grant], at=self._clock.now())
        claims = {"action": "granted", "grant": grant.id, "by": owed.provider, "consumer": grant.consumer}
        self._append(session, Entry("grant", claims))

    def _record(self, session: Session, owed: Owed, action: str, by: str, **more: Any) -> None:
        claims = {"action": f"{owed.kind.value}-{action}", "owed": owed.owed_id, "by": by, "consumer": owed.consumer}
        self._append(session, Entry("grant", claims | {"type": owed.evidence_type} | more))


def require_owed(store: OwedStore, provider: str, owed_id: str, kind: Owing) -> Owed:
    """What the provider was asked under that id, held until the transaction ends.

    Raises:
        Missing: it was asked no such thing.
    """
    owed = store.owed_of(owed_id, locked=True)
    if owed is None or owed.provider != provider or owed.kind is not kind:
        raise Missing(
            "sharing.not-asked", "You were asked no such thing; see the list.", "没有请您答复此事；请查看待答复列表。"
        )
    return owed


def _require_reason(reply: Reply, reason: str) -> None:
    if not is_reason(reason) and (reason or reply is Reply.refused):
        raise Malformed(
            "sharing.no-reason",
            "A refusal gives its reason, as a code such as purpose-unclear.",
            "拒绝须以代码说明理由，如 purpose-unclear。",
        )


def _shared_type(vct: str, catalogue: Catalogue) -> EvidenceType:
    kind = catalogue.type_for(vct)
    if not isinstance(kind, EvidenceType):
        raise Missing("sharing.unknown-type", "The catalogue has no such evidence type.", "目录中没有该凭证类型。")
    if kind.terms.sharing_class is SharingClass.withheld:
        raise Refused("sharing.type-withheld", "This type is withheld from sharing.", "该凭证类型不予共享。")
    return kind


def _asked(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "type"}


def _require_usable(owed: Owed, catalogue: Catalogue, today: date) -> None:
    wanted = _consented(owed)
    if wanted.valid_until < today:
        raise Malformed("sharing.period-over", "The period is over; give one to come.", "期限已过；请填写今后的期限。")
    wrong = list(problems_of(wanted, catalogue))
    if wrong:
        en = " ".join(f"{each.en} {each.remedy}" for each in wrong)
        raise Malformed(wrong[0].code, en, "".join(f"{each.zh}{each.remedy_zh}" for each in wrong))


def _consented(owed: Owed) -> Grant:
    """The grant that consent to the application makes."""
    who = {"id": f"{CONSENT}{owed.owed_id}", "consumer": owed.consumer, "type": owed.evidence_type}
    return Grant.from_json({**owed.asked, **who})
