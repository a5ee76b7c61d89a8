"""Opens a case 办件 for a matter and its people, says what need not be brought, and takes answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlmodel import Session

from hub.cases.model import BroughtMaterial, Case, CaseState, Checklist, Due, ItemState, PersonAsked
from hub.cases.rules.checklist import checklist_of, item_of
from hub.cases.rules.reasons import SUB_ITEM
from hub.cases.service.answering import chosen_records, is_choice, require_plain
from hub.cases.service.asking import Asking
from hub.cases.service.bringing import Bringing, Paper, Upload
from hub.cases.service.deciding import Deciding, Outcome
from hub.cases.service.events import Events
from hub.cases.service.looking import Lookout
from hub.cases.service.mandates import Mandates, require_actable, require_mandate
from hub.cases.service.opening import (
    Opened,
    Opening,
    is_same_case,
    no_such_question,
    number_in_use,
    require_nothing_new,
    usable_in,
)
from hub.cases.service.people import PersonIn, are_same_people, placed, require_roles, resolved_again, seal
from hub.cases.service.prefilling import Prefilled, prefilled
from hub.cases.service.querycodes import code_digest, query_code
from hub.cases.service.supervising import Supervision
from hub.cases.service.surroundings import Surroundings, no_such_material, require_case
from hub.cases.store import CaseFilter, CaseStore, NewCase
from hub.errors import Missing, Refused
from hub.kernel.ids import new_id

T = TypeVar("T")


class CaseService:
    """Cases of every consumer; each sees its own only."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._lookout = Lookout(around)
        self._bringing = Bringing(around, self._lookout)
        self.asking = Asking(around, self._lookout)
        self.deciding = Deciding(around)
        self.mandates = Mandates(around)
        self.events = Events(around, self)
        self.supervision = Supervision(around)

    def open(self, consumer: str, opening: Opening) -> Opened:
        """The case is kept under the catalogue in force today, which it keeps; the same opening again gives it again.

        It does so also when the catalogue changed since.

        Raises:
            Malformed: an unusable number, role, sub-item or answer.
            Missing: no such matter today.
            Refused: the matter is not this consumer's, or the mandate does not cover it.
            Conflict: the number is in use for another matter or other people, or the case has other answers or another
                mandate than this opening says.
        """
        around, today = self._around, self._around.today
        edition_id, matter = usable_in(around, consumer, opening)
        case_id = new_id("case")
        with around.database.writing() as session:
            people, asked = placed(around, session, consumer, opening.people)
            case = Case(
                case_id=case_id,
                consumer=consumer,
                number=opening.number,
                matter=matter.id,
                edition_id=edition_id,
                sub_item=opening.sub_item or (matter.sub_items[0].id if len(matter.sub_items) == 1 else ""),
                opened_on=today,
                state=CaseState.open,
                participants=people,
                answers=dict(opening.answers),
                due=Due(None),
                event_number=opening.event_number,
                mandate_id=opening.mandate_id,
            )
            require_mandate(around, session, case)
            code = code_digest(around.blinder, query_code(around.blinder, case_id))
            new = NewCase(case, around.clock.now(), code, seal(around, case_id, asked))
            if not CaseStore(session).keep(new):
                return self._again(session, opening, case)
            return self._first_look(session, case)

    def _first_look(self, session: Session, case: Case) -> Opened:
        checklist = self._lookout.checklist(session, case)
        CaseStore(session).keep_opening(case.case_id, checklist.items)
        codes = {
            "number_digest": self._around.blinder.digest("case-number", f"{case.consumer}|{case.number}").hex(),
            "edition": case.edition_id,
            "demanded": checklist.demanded,
            "spared": len(checklist.spared),
            "asked": len(checklist.asked),
        }
        self._around.record(session, case, "opened", case.consumer, codes)
        return Opened(self._around.dated(case), checklist, query_code(self._around.blinder, case.case_id), is_new=True)

    def _again(self, session: Session, opening: Opening, asked: Case) -> Opened:
        """The case opened before under this number, when this is the same opening."""
        around = self._around
        case = require_case(CaseStore(session), asked.consumer, opening.number)
        if not (is_same_case(case, asked) and are_same_people(around, session, case, (asked, opening.people))):
            raise number_in_use()
        require_nothing_new(case, asked)
        checklist = self._lookout.checklist(session, case)
        return Opened(around.dated(case), checklist, query_code(self._around.blinder, case.case_id), is_new=False)

    def case(self, consumer: str, number: str) -> Case:
        """The consumer's case with its due date as of today.

        Raises:
            Missing: this consumer has no such case.
        """
        with self._around.database.reading() as session:
            return self._around.dated(require_case(CaseStore(session), consumer, number))

    def find_cases(self, consumer: str, wanted: CaseFilter) -> list[Case]:
        """The consumer's own cases, newest first, with their due dates; the people of each are left out."""
        with self._around.database.reading() as session:
            found = CaseStore(session).find_of(consumer, wanted)
        return [self._around.dated(case) for case in found]

    def checklist(self, consumer: str, number: str) -> Checklist:
        """How each material stands now.

        Raises:
            Missing: this consumer has no such case.
        """
        return self._lookout.current(consumer, number)

    def checklist_as(self, consumer: str, case_id: str, shape: Callable[[Checklist], T]) -> T:
        """The same by the hub's id, in a shape, such as a door's text, that is made once for each checklist.

        Raises:
            Missing: this consumer has no such case.
        """
        return self._lookout.shaped(consumer, case_id, shape)

    def checklists_remembered(
        self, cases: Sequence[tuple[str, str]], shape: Callable[[Checklist], T]
    ) -> list[T | None]:
        """That shape of each case, by consumer and id, in one statement; None for what is not there or to make anew."""
        return self._lookout.remembered(cases, shape)

    def add_people(self, consumer: str, number: str, people: Sequence[PersonIn]) -> Checklist:
        """Further participants, such as founding units or heirs, are bound to the case; each once in a role.

        Raises:
            Missing, Conflict, Malformed: as for opening.
        """
        around = self._around
        with around.database.writing() as session:
            store = CaseStore(session)
            case = require_case(store, consumer, number, locked=True)
            require_actable(around, session, case)
            found, asked = placed(around, session, consumer, people, resolved_again(around, session, case))
            added = [PersonIn(role, who) for (role, _), who in asked.items()]
            require_roles(around.matter_of(case), [*_as_asked(case), *added])
            store.keep_people(case.case_id, found, seal(around, case.case_id, asked))
            around.record(session, case, "people-added", consumer, {"count": len(added)})
            return self._lookout.checklist(session, require_case(store, consumer, number))

    def answer(self, consumer: str, number: str, answers: Iterable[tuple[str, str]]) -> Checklist:
        """Open questions are answered.

        They are ``condition:…`` (yes or no), ``sub-item`` (one of its options) and ``choose:…`` (one of its options, or
        what names a single one of them: the day or the certificate's number of its registration). What names none of
        them changes nothing, and stands in the log: who guesses at a date is seen.

        Raises:
            Malformed: ``cases.unknown-question``, ``cases.unknown-answer`` or ``cases.unknown-sub-item``.
        """
        around, given = self._around, dict(answers)
        with around.database.writing() as session:
            store = CaseStore(session)
            case = require_case(store, consumer, number, locked=True)
            require_actable(around, session, case)
            require_plain(given, around.matter_of(case))
            world = self._lookout.world(session, case) if any(map(is_choice, given)) else None
            chosen = chosen_records(given, world) if world else {}
            missed = [key for key, record in chosen.items() if record is None]
            if missed:
                around.record(session, case, "answer-refused", consumer, {"question": missed[0]})
            else:
                around.record(session, case, "answered", consumer, {"questions": len(given)})
                given |= {key: record for key, record in chosen.items() if record}
                sub_item = given.pop(SUB_ITEM, case.sub_item)
                store.change(case.case_id, answers={**case.answers, **given}, sub_item=sub_item)
                return self._lookout.checklist(session, require_case(store, consumer, number))
        raise no_such_question(missed[0])

    def commit_to(self, consumer: str, number: str, material_id: str) -> Checklist:
        """The applicant promised in writing 告知承诺 instead of proof.

        Raises:
            Missing: the matter has no such material.
            Refused: the material, the matter or the applicant's record does not allow it, or nothing is asked.
        """
        around = self._around
        with around.database.writing() as session:
            store = CaseStore(session)
            case = require_case(store, consumer, number, locked=True)
            require_actable(around, session, case)
            world = self._lookout.world(session, case)
            item, applicant = item_of(world, material_id), world.case.applicant.subject_id
            if item is not None and item.state is ItemState.committed:
                return checklist_of(world)
            if item is None:
                raise no_such_material()
            if item.state is not ItemState.commitment or applicant is None:
                raise Refused(
                    "cases.no-commitment",
                    "The checklist offers no written promise for this material; its item says how it stands, and why.",
                    "该材料不适用告知承诺；其状态和原因见材料清单。",
                    state=item.state.value,
                )
            store.commit_to(applicant, case.case_id, material_id, on=world.today)
            around.record(session, case, "committed", consumer, {"material": material_id})
            return checklist_of(replace(world, commitments=store.commitments_of(applicant)))

    def find_false(self, consumer: str, number: str, material_id: str) -> None:
        """A promise was found false; the applicant may promise no more.

        Raises:
            Missing: there is no such promise.
        """
        around = self._around
        with around.database.writing() as session:
            store = CaseStore(session)
            case = require_case(store, consumer, number, locked=True)
            applicant = resolved_again(around, session, case).applicant.subject_id
            if applicant is None or not store.find_false(applicant, case.case_id, material_id, on=around.today):
                raise Missing(
                    "cases.no-such-commitment", "There is no such promise in this case.", "本办件中没有该承诺。"
                )
            around.record(session, case, "commitment-false", consumer, {"material": material_id})

    def bring(self, consumer: str, number: str, upload: Upload) -> Checklist:
        """What the applicant brought is evidence afterwards; see ``Bringing.bring``."""
        return self._bringing.bring(consumer, number, upload)

    def earlier_paper(self, consumer: str, number: str, material_id: str) -> Paper:
        """The paper brought earlier that satisfies a material of this case; see ``Bringing.earlier_paper``."""
        return self._bringing.earlier_paper(consumer, number, material_id)

    def papers(self, consumer: str, number: str) -> list[BroughtMaterial]:
        """The papers this service may speak of with the people of the case; see ``Bringing.papers``."""
        return self._bringing.papers(consumer, number)

    def withdraw_paper(self, consumer: str, number: str, paper_id: str) -> None:
        """The applicant takes back a paper; see ``Bringing.withdraw``."""
        self._bringing.withdraw(consumer, number, paper_id)

    def prefill(self, consumer: str, number: str) -> list[Prefilled]:
        """The form's fields that are known 要填的不重复填, each with its source."""
        around = self._around
        with around.database.reading() as session:
            case = require_case(CaseStore(session), consumer, number)
            return prefilled(around, session, self._lookout.world(session, case))

    def status_by_code(self, code: str) -> tuple[Case, Outcome]:
        """How a case stands, for whoever has its query code 查询码.

        Raises:
            Missing: no case has this code.
        """
        around = self._around
        with around.database.reading() as session:
            case = CaseStore(session).with_query_code(code_digest(around.blinder, code))
            if case is None:
                raise Missing(
                    "cases.unknown-code", "No case has this code; check it.", "没有该查询码对应的办件；请核对。"
                )
            return around.dated(case), self.deciding.outcome_of(session, case)


def _as_asked(case: Case) -> list[PersonIn]:
    return [PersonIn(each.role, PersonAsked()) for each in case.participants]
