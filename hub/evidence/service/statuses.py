"""Status lists 状态列表 taken in from the department that signs them, logged, and served; the hub signs none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Malformed, Missing, Refused
from hub.evidence.status import DueList, KeptList, check_follows, check_shows, place_of, values_of
from hub.evidence.store import BatchStore, StatusListStore
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.proof.encoding import b64url
from hub.proof.keys import PublicKey
from hub.proof.statuslist import StatusList, verify_status_list
from hub.storage.database import Database

Append = Callable[[Session, Entry], str]
FUTURE: Final = timedelta(minutes=5)
PLACES_PER_LIST: Final = 1_000_000
"""Places of one list of a service's own papers and licences."""
RENEW_BEFORE: Final = timedelta(days=2)
"""A list that ends within this time is due for a new signature, whether anything changed or not."""


@dataclass(frozen=True)
class StatusService:
    """The status lists of one hub's evidence."""

    database: Database
    directory: PartyDirectory
    append: Append
    clock: Clock

    def due(self, registry: str) -> list[DueList]:
        """The registry's lists that its department should sign now, each with what no longer stands."""
        with self.database.reading() as session:
            store = StatusListStore(session)
            uris = store.due(registry, self.clock.now() + RENEW_BEFORE)
            return [DueList(uri, values_of(store.ended(uri))) for uri in uris if _is_of(uri, registry)]

    def hand_in(self, registry: str, number: int, token: str) -> KeptList:
        """The list is kept, logged and served from now on; the same list again changes nothing.

        (1) It is a status list, signed by a key on record that counts now. (2) Its signer answers for the registry.
        (3) It is the list of that number. (4) It is in force. (5) It follows the one before. (6) It shows what no
        longer stands here, and nothing else; no batch of the registry comes between. (7) Its digest is logged in the
        same transaction.

        Raises:
            Malformed: 1, 3.
            Refused: 2, 4.
            Conflict: 5, 6.
            Unavailable: the database is away, or a batch of the registry is being taken in.
        """
        new = verify_status_list(token, key_for=self.directory.key_for)  # 1
        self._check_owner(registry, new)  # 2
        if place_of(new.uri) != (registry, number):  # 3
            raise Malformed(
                "status.other-list",
                "The list is about another address than the one it is handed in under.",
                "状态列表的地址与提交地址不符。",
            )
        now = self.clock.now()
        self._check_time(new, now)  # 4
        with self.database.writing() as session:
            BatchStore(session).lock(registry)
            store = StatusListStore(session)
            before = store.newest(new.uri)
            if before is not None and before.digest == new.digest:
                return before
            last = None if before is None else self._read(before)
            if last is not None:
                check_follows(new, last)  # 5
            values = values_of(store.ended(new.uri))
            check_shows(new, values, last)  # 6
            entry_id = self.append(session, Entry("status", _entry(registry, number, new)))  # 7
            kept = _kept(new, token, entry_id, now)
            store.keep(kept, registry, number)
        return kept

    def require_list(self, registry: str, number: int, *, asked: str = "") -> KeptList:
        """The newest list of that number; where a hub was reached under several addresses, the one ``asked`` for.

        Raises:
            Missing: none was handed in.
        """
        with self.database.reading() as session:
            found = StatusListStore(session).served(registry, number, asked)
        if found is None:
            raise Missing("status.no-such-list", "No status list of this number is kept.", "没有该编号的状态列表。")
        return found

    def place_for(self, service: str, hub_url: str) -> tuple[str, int]:
        """The address of the list, and the index in it, that the service's next paper or licence names; used once.

        Raises:
            Unavailable: the database is away.
        """
        with self.database.writing() as session:
            BatchStore(session).lock(service)
            number, index = divmod(StatusListStore(session).next_place(service), PLACES_PER_LIST)
        return f"{hub_url.rstrip('/')}/v1/statuses/{service}/{number}", index

    def _check_owner(self, registry: str, new: StatusList) -> None:
        if new.issuer not in {self.directory.signers_registry(registry), registry}:
            raise Refused(
                "status.not-the-department",
                "Only the department that answers for the registry signs its status lists.",
                "状态列表只能由该登记库的负责部门签署。",
                registry=registry,
            )

    @staticmethod
    def _check_time(new: StatusList, now: datetime) -> None:
        if new.issued_at > (now + FUTURE).timestamp() or new.expires_at <= now.timestamp():
            raise Refused(
                "status.not-in-force",
                "The list is from the future or has ended; check the clock and sign it anew.",
                "状态列表尚未生效或已失效；请校对时钟后重新签发。",
            )

    def _read(self, kept: KeptList) -> StatusList:
        """A kept list as it was verified when it came in, under whichever key counted then."""

        def key_for(kid: str | None, iss: str | None) -> PublicKey | None:
            return next((key.public for key in self.directory.find_keys(iss or "") if key.public.kid == kid), None)

        return verify_status_list(kept.token, key_for=key_for)


def _is_of(uri: str, registry: str) -> bool:
    place = place_of(uri)
    return place is not None and place[0] == registry


def _kept(new: StatusList, token: str, entry_id: str, now: datetime) -> KeptList:
    return KeptList(
        uri=new.uri,
        issued_at=datetime.fromtimestamp(new.issued_at, UTC),
        expires_at=datetime.fromtimestamp(new.expires_at, UTC),
        covers_until=now,
        digest=new.digest,
        entry_id=entry_id,
        token=token,
    )


def _entry(registry: str, number: int, new: StatusList) -> Mapping[str, str | int]:
    return {
        "registry": registry,
        "department": new.issuer,
        "list": number,
        "uri": new.uri,
        "digest": b64url(new.digest),
        "issued_at": new.issued_at,
        "expires_at": new.expires_at,
        "flips": sum(1 for _ in new.statuses.set_indexes()),
    }
