"""Makes a case's checklist 材料清单 in a fixed number of statements, however many materials the matter has."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Final, TypeVar

from sqlmodel import Session

from hub.cases.model import Case, Checklist, Statable, StatementAnswer
from hub.cases.rules.checklist import checklist_of
from hub.cases.rules.periods import workdays_after
from hub.cases.rules.pieces import LICENCE, World
from hub.cases.rules.statable import DEATHS
from hub.cases.service.checking import Checking, CheckMemory
from hub.cases.service.people import resolved_again
from hub.cases.service.surroundings import Surroundings, no_such_case
from hub.cases.store import CaseStore
from hub.cases.store.held import HeldNow, held_by
from hub.cases.store.merged import Owners, owners_of
from hub.cases.store.stamps import Stamp, stamp_of, stamps_of
from hub.catalogue.model import Catalogue, Matter, Names, PieceKind, StatementType
from hub.sharing.model import Allowed, Grant, NotAllowed, Owed
from hub.sharing.rules import permission_for
from hub.sharing.store import GrantStore, OwedStore

T = TypeVar("T")
REMEMBERED: Final = 100_000
REMEMBERED_LISTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Made:
    """A checklist that was made, the stamp it rests on, and until when time alone changes nothing in it."""

    stamp: str
    good_until: datetime
    checklist: Checklist
    shaped: dict[Callable[[Checklist], Any], Any] = field(default_factory=dict)


class Lookout:
    """Looks at everything a checklist needs, once, and lets the rules decide."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._made: OrderedDict[str, _Made] = OrderedDict()
        self._lock = Lock()
        self._memory = CheckMemory()
        self._types: dict[tuple[str, str], tuple[str, ...]] = {}
        self._heard: frozenset[str] = frozenset()

    def checklist(self, session: Session, case: Case) -> Checklist:
        """The case's checklist as of now."""
        return checklist_of(self.world(session, case))

    def current(self, consumer: str, number: str) -> Checklist:
        """The checklist of the consumer's case of that number as of now.

        The very same value is given again until something it rests on changed; one statement finds that out. The stamp
        is read before the rest, so that what changes in between only makes the next look anew.

        Raises:
            Missing: this consumer has no such case.
        """
        return self._current(stamp_of(self._around.database, consumer, number)).checklist

    def shaped(self, consumer: str, case_id: str, shape: Callable[[Checklist], T]) -> T:
        """``shape`` of the current checklist of the consumer's case of that id, made once for each checklist.

        Raises:
            Missing: this consumer has no such case.
        """
        place = (consumer, case_id)
        return _shaped(self._current(stamps_of(self._around.database, [place]).get(place)), shape)

    def remembered(self, cases: Sequence[tuple[str, str]], shape: Callable[[Checklist], T]) -> list[T | None]:
        """The same for many cases by consumer and id, in one statement; None for what is not there or to make anew."""
        stamps = stamps_of(self._around.database, set(cases))
        known = [self._known(stamps[place]) if place in stamps else None for place in cases]
        return [None if made is None else _shaped(made, shape) for made in known]

    def _known(self, stamp: Stamp) -> _Made | None:
        """What was made before, when nothing it rests on has changed since."""
        made = self._made.get(stamp.case_id)
        stands = made and stamp.is_settled and made.stamp == stamp.text
        return made if made and stands and self._around.clock.now() < made.good_until else None

    def _current(self, stamp: Stamp | None) -> _Made:
        if stamp is None:
            raise no_such_case()
        known = self._known(stamp)
        if known:
            return known
        with self._around.database.reading() as session:
            case = CaseStore(session).case_of(stamp.case_id)
            if case is None:
                raise no_such_case()
            world = self.world(session, case)
            made = _Made(stamp.text, _good_until(world), checklist_of(world))
        if stamp.is_settled:
            self._remember(stamp, made)
        return made

    def _remember(self, stamp: Stamp, made: _Made) -> None:
        with self._lock:
            self._made[stamp.case_id] = made
            self._made.move_to_end(stamp.case_id)
            if len(self._made) > REMEMBERED_LISTS:
                self._made.popitem(last=False)

    def world(self, session: Session, case: Case) -> World:
        """Everything the rules may look at: people, evidence, papers, grants, promises, what was handed in."""
        around = self._around
        case = resolved_again(around, session, case)
        catalogue = around.catalogue.catalogue_of(case.edition_id)
        matter = catalogue.matter_by_id[case.matter]
        subjects, store = case.subject_ids, CaseStore(session)
        owners = owners_of(session, subjects)
        held = held_by(session, owners, self._types_for(case.edition_id, matter, catalogue))
        checking = Checking(self._memory, around.vault, session, held)
        promised = [was for was, owner in owners.items() if owner == case.applicant.subject_id]
        return World(
            catalogue=catalogue,
            matter=matter,
            case=case,
            now=around.clock.now(),
            today=around.today,
            held=held,
            brought=around.brought(session).brought_under(owners),
            permission=self._permissions(session, case),
            satisfies=checking,
            state=partial(self._state, self._heard_from(session, catalogue), (catalogue, held, checking)),
            delivered=store.delivered_in(case.case_id),
            supplies=_supplies_under(session, owners, case.consumer),
            gap_until=partial(_workdays_after, around, case.opened_on),
            party_names=partial(_party_names, around),
            takes_part=partial(_takes_part, around),
            commitments=store.commitments_under(promised),
        )

    def after_delivery(self, session: Session, world: World, material_id: str) -> World:
        """The world once a paper was handed in for a material today; nothing else of it is looked at again."""
        brought = self._around.brought(session).brought_by(world.case.subject_ids)
        return replace(world, brought=brought, delivered={**world.delivered, material_id: world.today})

    def _state(
        self, heard: frozenset[str], seen: tuple[Catalogue, HeldNow, Checking], kind: StatementType, subject_id: str
    ) -> StatementAnswer:
        catalogue, held, checking = seen
        if not catalogue.registries_of(kind) <= heard:
            return StatementAnswer(Statable.unheard)
        return self._around.can_state(kind, held.get(subject_id, {}), checking, self._around.clock.now())

    def _heard_from(self, session: Session, catalogue: Catalogue) -> frozenset[str]:
        """The registries that were received from; nobody asks again once that is all that statements rest on."""
        if not catalogue.registries_stated <= self._heard:
            self._heard = frozenset(self._around.registries_heard(session))
        return self._heard

    def _permissions(self, session: Session, case: Case) -> "Permissions":
        return Permissions(GrantStore(session).grants_of(case.consumer), case.matter, self._around.today)

    def _types_for(self, edition_id: str, matter: Matter, catalogue: Catalogue) -> tuple[str, ...]:
        key = (edition_id, matter.id)
        if key not in self._types:
            self._types[key] = tuple(sorted(_types_needed(matter, catalogue)))
        return self._types[key]


def _shaped(made: _Made, shape: Callable[[Checklist], T]) -> T:
    if shape not in made.shaped:
        made.shaped[shape] = shape(made.checklist)
    shaped: T = made.shaped[shape]
    return shaped


class Permissions:
    """What the consumer may have for this matter today, decided once for each type."""

    def __init__(self, grants: Sequence[Grant], matter: str, today: date) -> None:
        self._grants = grants
        self._matter = matter
        self._today = today
        self._known: dict[str, Allowed | NotAllowed] = {}

    def __call__(self, vct: str) -> Allowed | NotAllowed:
        """Allowed with its claims, or why not."""
        if vct not in self._known:
            self._known[vct] = permission_for(self._grants, evidence_type=vct, matter=self._matter, on=self._today)
        return self._known[vct]


def _good_until(world: World) -> datetime:
    """The next instant at which time alone may change the checklist: a minute on, or when something begins or ends."""
    turns = [
        turn
        for of_one in world.held.values()
        for several in of_one.values()
        for each in several
        for turn in (each.valid_from, each.valid_until)
        if turn is not None and turn > world.now
    ]
    return min([world.now + timedelta(minutes=1), *turns])


def _supplies_under(session: Session, owners: Owners, consumer: str) -> list[Owed]:
    """What providers were asked for, by the subject who answers now for whom it was asked about."""
    found = OwedStore(session).supplies_for(list(owners), consumer)
    return [replace(each, subject_id=owners[each.subject_id]) for each in found]


def _workdays_after(around: Surroundings, day: date, days: int) -> date | None:
    return workdays_after(day, days, around.calendar)


def _party_names(around: Surroundings, party_id: str) -> Names:
    """What people call a party; its id where it is not on record."""
    party = around.party_for(party_id)
    return Names(party.name, party.name_zh or party.name) if party else Names(party_id, party_id)


def _takes_part(around: Surroundings, party_id: str) -> bool:
    party = around.party_for(party_id)
    return party is not None and party.is_active


def _types_needed(matter: Matter, catalogue: Catalogue) -> set[str]:
    """Short names of every evidence type that a way, a statement or a superseded paper of the matter looks at."""
    needed = set(DEATHS)
    for material in matter.materials:
        for piece in (piece for way in material.ways for piece in way.pieces):
            match piece.kind:
                case PieceKind.evidence:
                    needed.add(piece.of_type)
                case PieceKind.statement:
                    needed.update(catalogue.statement_by_name[piece.of_type].rests_on)
                case PieceKind.brought:
                    needed.update(catalogue.kind_by_id[piece.of_type].superseded_by)
                case PieceKind.result:
                    needed.add(LICENCE)
        if material.brings:
            needed.update(catalogue.kind_by_id[material.brings].superseded_by)
    return needed & set(catalogue.evidence_by_name)
