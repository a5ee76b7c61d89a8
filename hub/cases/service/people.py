"""Whom a case is about: each participant resolved exactly like the applicant."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from sqlmodel import Session

from hub.cases.model import Case, Outcome, Participant, PersonAsked, Resolution
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore
from hub.catalogue.model import APPLICANT, Matter
from hub.errors import Malformed, Refused
from hub.identity.model import Answer, Found, IdentityQuery, NoneFound, UnderReview
from hub.kernel.codes import parse_identifier

_OTHER_KIND: Final = {"resident": "legal_person", "legal_person": "resident"}
_ORGANISATION_PAPERS: Final = frozenset({"001", "099"})
_Named = tuple[str, str | PersonAsked]


@dataclass(frozen=True, slots=True)
class PersonIn:
    """Someone a case asks about, as the approval service names them."""

    role: str
    asked: PersonAsked = field(repr=False)


def resolve(around: Surroundings, session: Session, consumer: str, asked: PersonAsked) -> Resolution:
    """Exactly one subject, or why not."""
    return resolve_all(around, session, consumer, [asked])[0]


def resolve_all(
    around: Surroundings, session: Session, consumer: str, people: Sequence[PersonAsked]
) -> list[Resolution]:
    """The same for everyone, in a bounded number of statements."""
    ids = [each.pairwise for each in people if each.pairwise]
    known = around.identity.subjects_of_pairwise(session, consumer, ids) if ids else {}
    queries = [_query(each) for each in people if not each.pairwise]
    answers = iter(around.identity.subjects_for(session, queries) if queries else [])
    return [_known(known.get(each.pairwise)) if each.pairwise else _resolution(next(answers)) for each in people]


def _query(asked: PersonAsked) -> IdentityQuery:
    return IdentityQuery(asked.kind, asked.number, asked.name, asked.birth_date or None)


def _known(subject_id: str | None) -> Resolution:
    return Resolution(Outcome.found if subject_id else Outcome.unknown, subject_id)


def _resolution(answer: Answer) -> Resolution:
    match answer:
        case Found(subject_id):
            return Resolution(Outcome.found, subject_id)
        case UnderReview():
            return Resolution(Outcome.under_review)
        case NoneFound():
            return Resolution(Outcome.unknown)
        case _:
            return Resolution(Outcome.several)


def require_roles(matter: Matter, people: Sequence[PersonIn]) -> None:
    """Every role is one of the matter's, no role is overfull, and there is exactly one applicant.

    Raises:
        Malformed: ``cases.unknown-role``, ``cases.too-many-people``, ``cases.wrong-kind-of-subject`` or
            ``cases.no-applicant``.
    """
    counts: dict[str, int] = {}
    for person in people:
        counts[person.role] = counts.get(person.role, 0) + 1
        _require_kind(matter, person)
    for role_id, count in counts.items():
        role = matter.role_for(role_id)
        if role is None:
            known = ", ".join(each.id for each in matter.roles)
            raise Malformed(
                "cases.unknown-role",
                f"“{role_id}” is no role of this matter; use: {known}.",
                f"“{role_id}”不是该事项的角色；可用：{known}。",
            )
        if count > role.at_most:
            raise Malformed(
                "cases.too-many-people",
                f"At most {role.at_most} may be “{role_id}”.",
                f"角色“{role_id}”最多 {role.at_most} 人。",
                role=role_id,
            )
    if counts.get(APPLICANT) != 1:
        raise Malformed("cases.no-applicant", "Name exactly one applicant.", "须有且仅有一名申请人。")


def _require_kind(matter: Matter, person: PersonIn) -> None:
    role = matter.role_for(person.role)
    if role and person.asked.kind == _OTHER_KIND.get(role.subject_kind):
        raise Malformed(
            "cases.wrong-kind-of-subject",
            f"Whoever is “{role.id}” is a {role.subject_kind.replace('_', ' ')}, not a "
            f"{person.asked.kind.replace('_', ' ')}.",
            f"角色“{role.id}”须为{'自然人' if role.subject_kind == 'resident' else '法人或非法人组织'}。",
            role=role.id,
        )


Placed = tuple[tuple[Participant, ...], dict[tuple[str, int], PersonAsked]]


def placed(
    around: Surroundings, session: Session, consumer: str, people: Sequence[PersonIn], before: Case | None = None
) -> Placed:
    """The participants as resolved now and who was meant by each, numbered within each role on from case ``before``.

    Who has that role in it already is left out: what is sent once more changes nothing.

    Raises:
        Malformed: ``cases.same-person-twice``.
    """
    answers = resolve_all(around, session, consumer, [person.asked for person in people])
    there = _named_in(around, session, before) if before else set()
    next_of = Counter(each.role for each in before.participants) if before else Counter[str]()
    found: list[Participant] = []
    asked: dict[tuple[str, int], PersonAsked] = {}
    named: set[_Named] = set()
    for person, answer in zip(people, answers, strict=True):
        who = (person.role, answer.subject_id or person.asked)
        if who in there:
            continue
        if who in named:
            raise Malformed(
                "cases.same-person-twice",
                f"Somebody stands twice as “{person.role}”; name each once.",
                f"角色“{person.role}”中有人重复出现；每人只写一次。",
                role=person.role,
            )
        named.add(who)
        position = next_of[person.role] + 1
        next_of[person.role] = position
        found.append(Participant(person.role, position, answer.outcome, answer.subject_id))
        asked[person.role, position] = person.asked
    return tuple(found), asked


def _named_in(around: Surroundings, session: Session, case: Case) -> set[_Named]:
    """Who has which role in the case: the subject, or, of who is not exactly one, what was said of them."""
    named: set[_Named] = {(each.role, each.subject_id) for each in case.participants if each.subject_id}
    open_places = [(each.role, each.position) for each in case.participants if not each.subject_id]
    sealed = CaseStore(session).asked_of(case.case_id) if open_places else {}
    return named | {(place[0], _opened(around, case, place, sealed)) for place in open_places}


def seal(
    around: Surroundings, case_id: str, asked: Mapping[tuple[str, int], PersonAsked]
) -> dict[tuple[str, int], bytes]:
    """Who was meant, sealed for its row."""
    return {
        place: around.keyring.seal(json.dumps(asdict(person)).encode(), context=_context(case_id, *place))
        for place, person in asked.items()
    }


def resolved_again(around: Surroundings, session: Session, case: Case) -> Case:
    """The case with its people as they are now: merged subjects followed, whoever was not found asked for once more.

    What is found is not kept here.
    """
    now = around.identity.survivors(session, case.subject_ids)
    if any(now.get(each, each) != each for each in case.subject_ids):
        followed = (
            replace(each, subject_id=now.get(each.subject_id or "", each.subject_id)) for each in case.participants
        )
        case = replace(case, participants=tuple(followed))
    if all(person.subject_id for person in case.participants):
        return case
    return replace(case, participants=asked_again(around, session, case, case.participants))


def asked_again(
    around: Surroundings, session: Session, case: Case, people: Sequence[Participant]
) -> tuple[Participant, ...]:
    """The participants; those who are not found are looked for once more by what the service said of them."""
    sealed = CaseStore(session).asked_of(case.case_id)
    lost = [person for person in people if not person.subject_id]
    asked = [_opened(around, case, (person.role, person.position), sealed) for person in lost]
    answers = dict(zip(lost, resolve_all(around, session, case.consumer, asked), strict=True))
    return tuple(
        replace(person, outcome=answers[person].outcome, subject_id=answers[person].subject_id)
        if person in answers
        else person
        for person in people
    )


def are_same_people(
    around: Surroundings, session: Session, case: Case, opening: tuple[Case, Sequence[PersonIn]]
) -> bool:
    """True when everyone of the opening, as resolved in the case made of it, has that role in ``case``.

    Who is not exactly one subject is the same only by what was said of them when ``case`` was opened.
    """
    asked, people = opening
    known = {(each.role, each.subject_id) for each in case.participants if each.subject_id}
    sealed = CaseStore(session).asked_of(case.case_id)
    for person, said in zip(asked.participants, people, strict=True):
        place = (person.role, person.position)
        is_known = person.subject_id is not None and (person.role, person.subject_id) in known
        if not is_known and (place not in sealed or _opened(around, case, place, sealed) != said.asked):
            return False
    return True


def asked_in(around: Surroundings, session: Session, case: Case, place: tuple[str, int]) -> PersonAsked:
    """Who was meant by the participant at that place, as the approval service named them."""
    return _opened(around, case, place, CaseStore(session).asked_of(case.case_id))


def whose(
    around: Surroundings, session: Session, case: Case, person: Participant, named: Mapping[str, Any]
) -> str | None:
    """The participant's subject, when a paper or licence names exactly that one.

    None when it names nobody by number or nobody who is known, or nobody knows who the participant is.

    Raises:
        Refused: ``cases.about-somebody-else``.
    """
    number = named.get("number", "")
    if not number or person.subject_id is None:
        return None
    kind = "legal_person" if _is_organisations(number, named.get("document_kind")) else "resident"
    found = resolve(around, session, case.consumer, PersonAsked(kind=kind, number=number, name=named.get("name", "")))
    if found.outcome is Outcome.found and found.subject_id != person.subject_id:
        raise Refused(
            "cases.about-somebody-else",
            "The evidence names somebody else than the participant.",
            "凭证写的是别人，不是该办件参与人。",
        )
    return found.subject_id


def _is_organisations(number: str, document_kind: str | None) -> bool:
    """By the kind of paper, where it is told, else by the number's form."""
    identifier = None if document_kind else parse_identifier(number)
    return (identifier.document_kind if identifier else document_kind) in _ORGANISATION_PAPERS


def _opened(
    around: Surroundings, case: Case, place: tuple[str, int], sealed: Mapping[tuple[str, int], bytes]
) -> PersonAsked:
    return PersonAsked(**json.loads(around.keyring.open(sealed[place], context=_context(case.case_id, *place))))


def _context(case_id: str, role: str, position: int) -> str:
    return f"participant|{case_id}|{role}|{position}"
