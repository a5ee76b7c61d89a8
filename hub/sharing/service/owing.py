"""What providers owe an answer to 待答复: applications are made and answered, objections 异议 and supplies answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.catalogue.model import EvidenceType, SharingClass
from hub.errors import Malformed, Missing, Refused
from hub.kernel.clock import Clock, local_date
from hub.kernel.ids import new_id
from hub.sharing.model import CONSENT, Grant, Owed, Owing, Reply
from hub.sharing.rules import CONDITIONAL_DAYS, UNCONDITIONAL_DAYS, extended_days, require_answerable
from hub.sharing.store import GrantStore, OwedStore
from hub.storage.database import Database

Append = Callable[[Session, Entry], object]
MAX_REASON = 60


@dataclass(frozen=True)
class Application:
    """A request for a grant 共享申请 with everything Order 809 article 20 asks it to say."""

    claims: tuple[str, ...]
    matters: tuple[str, ...]
    basis: str
    scenario: str
    mode: str
    valid_from: date
    valid_until: date
    signed_off_by: str


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

    def apply(self, consumer: str, kind: EvidenceType, application: Application) -> Owed:
        """The application waits for the provider's answer: one working day where sharing is unconditional, else ten.

        Raises:
            Refused: the type is withheld from sharing.
            Malformed: its period is reversed or over.
        """
        if kind.terms.sharing_class is SharingClass.withheld:
            raise Refused("sharing.type-withheld", "This type is withheld from sharing.", "该凭证类型不予共享。")
        if application.valid_until < max(application.valid_from, self.today):
            raise Malformed(
                "sharing.period-reversed", "It ends before it begins, or is over.", "有效期起止颠倒，或已过期。"
            )
        unconditional = kind.terms.sharing_class is SharingClass.unconditional
        owed = Owed(
            owed_id=new_id("owe"),
            kind=Owing.application,
            consumer=consumer,
            provider=kind.provider,
            evidence_type=kind.vct,
            raised_on=self.today,
            days=UNCONDITIONAL_DAYS if unconditional else CONDITIONAL_DAYS,
            asked=_plain(application),
        )
        with self._database.writing() as session:
            OwedStore(session).keep(owed)
            self._record(session, owed, "raised", consumer)
        return owed

    def extend(self, provider: str, owed_id: str) -> Owed:
        """An application takes up to ten working days more, once; the authority's consent is the provider's to have.

        Raises:
            Missing, Conflict: nothing is extended.
        """
        with self._database.writing() as session:
            store = OwedStore(session)
            owed = require_owed(store, provider, owed_id, Owing.application)
            store.extend(owed_id, on=self.today, days=extended_days(owed))
            self._record(session, owed, "extended", provider)
            return require_owed(store, provider, owed_id, Owing.application)

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
        asked = owed.asked
        grant = Grant(
            id=f"{CONSENT}{owed.owed_id}",
            consumer=owed.consumer,
            evidence_type=owed.evidence_type,
            claims=tuple(asked["claims"]),
            matters=tuple(asked["matters"]),
            basis=asked["basis"],
            scenario=asked["scenario"],
            mode=asked["mode"],
            valid_from=date.fromisoformat(asked["valid_from"]),
            valid_until=date.fromisoformat(asked["valid_until"]),
            signed_off_by=asked["signed_off_by"],
        )
        GrantStore(session).keep([grant], at=self._clock.now())
        claims = {"action": "granted", "grant": grant.id, "by": owed.provider, "consumer": grant.consumer}
        self._append(session, Entry("grant", claims))

    def _record(self, session: Session, owed: Owed, action: str, by: str) -> None:
        claims = {"action": f"{owed.kind.value}-{action}", "owed": owed.owed_id, "by": by, "consumer": owed.consumer}
        self._append(session, Entry("grant", claims | {"type": owed.evidence_type}))


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
    is_code = len(reason) <= MAX_REASON and all(each.isascii() and (each.isalnum() or each == "-") for each in reason)
    if not is_code or (reply is Reply.refused and not reason):
        raise Malformed(
            "sharing.no-reason",
            "A refusal gives its reason, as a code such as purpose-unclear.",
            "拒绝须以代码说明理由，如 purpose-unclear。",
        )


def _plain(application: Application) -> Mapping[str, Any]:
    return {
        "claims": list(application.claims),
        "matters": list(application.matters),
        "basis": application.basis,
        "scenario": application.scenario,
        "mode": application.mode,
        "valid_from": application.valid_from.isoformat(),
        "valid_until": application.valid_until.isoformat(),
        "signed_off_by": application.signed_off_by,
    }
