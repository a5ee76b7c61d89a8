"""One event, several matters 一件事: one application opens every part, each consumer sees its own 并联审批."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from hub.cases.model import Case, Checklist, ItemState
from hub.cases.service.opening import Opened, Opening, number_in_use, require_usable
from hub.cases.service.people import PersonIn
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore
from hub.catalogue.model import Catalogue, LifeEvent, Matter, Names
from hub.catalogue.service import require_event, require_matter
from hub.errors import Malformed, Missing, Refused


@dataclass(frozen=True)
class EventOpening:
    """What the service that takes the event in says: everyone once, and what differs by matter."""

    event: str
    number: str
    people: tuple[PersonIn, ...]
    sub_items: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    mandate_id: str = ""


@dataclass(frozen=True, slots=True)
class ToHandIn:
    """One thing the applicant hands in once for all parts that take it."""

    kind: str
    names: Names
    matters: tuple[str, ...]
    materials: tuple[str, ...]


@dataclass(frozen=True)
class Together:
    """All parts of an event, for the service that took it in: states and what to hand in, no evidence of others."""

    number: str
    parts: tuple[tuple[Case, int, int], ...]
    to_hand_in: tuple[ToHandIn, ...]


class Cases(Protocol):
    """What an event asks of cases; ``CaseService`` has it."""

    def open(self, consumer: str, opening: Opening) -> Opened:
        """One case is kept."""
        ...

    def checklist(self, consumer: str, number: str) -> Checklist:
        """How each of its materials stands now."""
        ...


class Events:
    """Opens and follows events of several matters."""

    def __init__(self, around: Surroundings, cases: Cases) -> None:
        self._around = around
        self._cases = cases

    def open(self, lead: str, opening: EventOpening) -> list[Opened]:
        """One case for each matter of the event, with its own consumer, numbered ``<number>/<matter>``.

        Everything is checked before the first case is kept; the same opening again goes on where a failure left it,
        with the matters that the event had when its first case was opened.

        Raises:
            Missing: no such event or matter on that day.
            Conflict: the number is in use for another event.
            Refused: this service does not take in this event, or the mandate does not cover a part.
            Malformed: as for a case, or someone has a role, or something is said of a matter, that the event has not.
        """
        before = self._parts(lead, opening.number)
        catalogue, day = self._kept_by(before)
        if before and not {case.matter for case in before} <= _matters_of(catalogue, opening.event):
            raise number_in_use()
        event = require_event(catalogue, opening.event)
        matters = [require_matter(catalogue, each, day) for each in event.matters]
        _require_taker(lead, event, matters)
        _require_parts(opening, event)
        roles = {role.id for matter in matters for role in matter.roles}
        strangers = sorted({person.role for person in opening.people} - roles)
        if strangers:
            raise Malformed(
                "cases.unknown-role",
                f"No matter of the event has the role “{strangers[0]}”.",
                f"该一件事的各事项都没有角色“{strangers[0]}”。",
            )
        parts = []
        for matter in matters:
            known = {role.id for role in matter.roles}
            part = Opening(
                number=f"{opening.number}/{matter.id}",
                matter=matter.id,
                people=tuple(person for person in opening.people if person.role in known),
                sub_item=opening.sub_items.get(matter.id, ""),
                answers=opening.answers.get(matter.id, ()),
                mandate_id=opening.mandate_id,
                event_number=event_number_of(lead, opening.number),
            )
            require_usable(part, matter, matter.consumers[0], day)
            parts.append((matter.consumers[0], part))
        return [self._cases.open(consumer, part) for consumer, part in parts]

    def together(self, lead: str, number: str) -> Together:
        """How all parts stand and what is left to hand in, each kind once.

        Raises:
            Missing: this service took in no such event.
        """
        cases = self._parts(lead, number)
        if not cases:
            raise Missing(
                "cases.no-such-event",
                "This service took in no event of that number.",
                "本系统没有受理过该编号的一件事。",
            )
        lists = [(case, self._cases.checklist(case.consumer, case.number)) for case in cases]
        parts = tuple(
            (self._around.dated(case), len(checklist.asked), len(checklist.spared)) for case, checklist in lists
        )
        return Together(number, parts, _to_hand_in(lists))

    def _parts(self, lead: str, number: str) -> list[Case]:
        with self._around.database.reading() as session:
            return CaseStore(session).of_event(event_number_of(lead, number))

    def _kept_by(self, parts: Sequence[Case]) -> tuple[Catalogue, date]:
        """The catalogue that the first part was opened under, and the day; today's while there is none."""
        catalogue, today = self._around.catalogue, self._around.today
        if not parts:
            return catalogue.require_edition_on(today).catalogue, today
        return catalogue.catalogue_of(parts[0].edition_id), parts[0].opened_on


def event_number_of(lead: str, number: str) -> str:
    """How the cases of an event say together: who took it in, and under which number."""
    return f"{lead}|{number}"


def _matters_of(catalogue: Catalogue, event: str) -> frozenset[str]:
    known = catalogue.event_by_id.get(event)
    return frozenset(known.matters) if known else frozenset()


def _require_taker(lead: str, event: LifeEvent, matters: Sequence[Matter]) -> None:
    if lead not in {*event.taken_by, *(consumer for matter in matters for consumer in matter.consumers)}:
        raise Refused(
            "cases.not-your-event",
            "This event is taken in by the services of its matters and by those the catalogue names.",
            "该一件事由其各事项的审批系统及目录指定的系统受理。",
            event=event.id,
        )


def _require_parts(opening: EventOpening, event: LifeEvent) -> None:
    strange = sorted({*opening.sub_items, *opening.answers} - set(event.matters))
    if strange:
        raise Malformed(
            "cases.not-in-event",
            f"Situations or answers are given for what is no matter of the event: {', '.join(strange)}; it has: "
            f"{', '.join(event.matters)}.",
            f"该一件事不含以下事项，却给出了其情形或回答：{'、'.join(strange)}；其事项为：{'、'.join(event.matters)}。",
        )


def _to_hand_in(lists: list[tuple[Case, Checklist]]) -> tuple[ToHandIn, ...]:
    found: dict[str, ToHandIn] = {}
    for case, checklist in lists:
        for item in checklist.asked:
            key = (
                item.kind if item.kind and item.state is not ItemState.to_sign else f"{case.matter}/{item.material_id}"
            )
            before = found.get(key, ToHandIn(item.kind, item.names, (), ()))
            found[key] = ToHandIn(
                before.kind,
                before.names,
                (*before.matters, case.matter),
                (*before.materials, f"{case.matter}/{item.material_id}"),
            )
    return tuple(found.values())
