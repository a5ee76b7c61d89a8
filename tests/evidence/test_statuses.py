"""Status lists as a department hands them in, on a real database."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.audit.store import append
from hub.errors import Conflict, HubError, Missing
from hub.evidence.service import IntakeService, StatusService
from hub.evidence.store import StatusListStore
from hub.kernel.clock import FixedClock
from hub.proof.encoding import b64url
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.statuslist import StatusArray, sign_status_list
from tests.evidence.pushing import Department, cut, withdrawn

ZHANG = {"name": "张三", "number": "11010519491231002X", "document_kind": "111", "birth_date": "1949-12-31"}
LI = {"name": "李四", "number": "440524188001010014", "document_kind": "111"}
REGISTRY = "civil_affairs"
SIZE = 1_000_000


@pytest.fixture
def statuses(intake: IntakeService, clock: FixedClock) -> StatusService:
    return StatusService(intake.database, intake.directory, append, clock)


def push(intake: IntakeService, department: Department, *lines: Any) -> None:
    batch = department.batch(lines)
    intake.accept(REGISTRY, cut(batch))
    department.went_through(batch)


def place(index: int, department: Department) -> dict[str, Any]:
    return {"status_list": {"idx": index, "uri": department.status_uri}}


def token(department: Department, flips: dict[int, int], **changed: Any) -> str:
    array = StatusArray.of_size(changed.pop("size", SIZE))
    for index, value in flips.items():
        array[index] = value
    now = int(department.clock.now().timestamp())
    said = {"uri": department.status_uri, "issuer": department.id, "signer": department.signer}
    said |= {"times": (now, now + 86_400 * 7, 43_200)}
    return sign_status_list(array, **said | changed)


def due(statuses: StatusService) -> dict[str, dict[int, int]]:
    return {each.uri: dict(each.flips) for each in statuses.due(REGISTRY)}


@pytest.fixture
def pair(intake: IntakeService, civil: Department, clock: FixedClock) -> Department:
    """A department that pushed two records, at 5 and 6 of its list."""
    push(
        intake,
        civil,
        civil.line("zhang", ZHANG, status=place(5, civil)),
        civil.line("li", LI, status=place(6, civil)),
    )
    clock.advance(seconds=1)
    return civil


def test_a_new_list_is_due_and_after_it_is_handed_in_nothing_is(
    statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    assert due(statuses) == {pair.status_uri: {}}
    statuses.hand_in(REGISTRY, 0, token(pair, {}))
    clock.advance(seconds=1)
    assert due(statuses) == {}
    clock.advance(days=6)
    assert due(statuses) == {pair.status_uri: {}}


def test_withdrawn_replaced_and_reversed_evidence_is_due_with_what_became_of_it(
    intake: IntakeService, statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    statuses.hand_in(REGISTRY, 0, token(pair, {}))
    clock.advance(seconds=1)
    push(intake, pair, withdrawn("li"), pair.line("zhang", {**ZHANG, "sex": "2"}, status=place(7, pair)))
    assert due(statuses) == {pair.status_uri: {5: 1, 6: 1}}


def test_what_is_handed_in_is_served_as_it_is_and_its_digest_logged(
    statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    handed = token(pair, {})
    kept = statuses.hand_in(REGISTRY, 0, handed)
    assert statuses.require_list(REGISTRY, 0).token == handed
    with statuses.database.reading() as session:
        query = text("SELECT content FROM log_queue WHERE entry_id = :id")
        entry = parse_entry(bytes(session.execute(query, {"id": kept.entry_id}).scalar_one()))
    assert entry["kind"] == "status"
    assert entry["digest"] == b64url(hashlib.sha256(handed.encode()).digest())
    assert (entry["registry"], entry["list"], entry["flips"]) == (REGISTRY, 0, 0)


def test_the_same_list_again_changes_nothing(statuses: StatusService, pair: Department) -> None:
    handed = token(pair, {})
    first = statuses.hand_in(REGISTRY, 0, handed)
    assert statuses.hand_in(REGISTRY, 0, handed).entry_id == first.entry_id


def refused(statuses: StatusService, handed: str, number: int = 0) -> str:
    with pytest.raises(HubError) as refusal:
        statuses.hand_in(REGISTRY, number, handed)
    return refusal.value.code


def test_a_list_that_is_not_the_departments_is_refused(
    statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    other = generate_signer()
    now = int(clock.now().timestamp())
    assert refused(statuses, token(pair, {}, signer=other)) == "proof.unknown-key"
    assert refused(statuses, token(pair, {}), number=1) == "status.other-list"
    assert refused(statuses, token(pair, {}, uri="https://hub.example/v1/statuses/land/0")) == "status.other-list"
    assert refused(statuses, token(pair, {}, times=(now - 9, now - 1, 5))) == "status.not-in-force"
    assert refused(statuses, token(pair, {}, times=(now + 900, now + 999, 5))) == "status.not-in-force"
    with pytest.raises(Missing):
        statuses.require_list(REGISTRY, 0)


def test_another_departments_list_is_refused(statuses: StatusService, pair: Department, department: Any) -> None:
    funeral: Department = department("funeral", "funerals")
    signed = token(pair, {}, issuer=funeral.id, signer=funeral.signer)
    assert refused(statuses, signed) == "status.not-the-department"


def test_a_list_never_goes_back_in_time_or_gets_shorter(
    statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    older = token(pair, {})
    clock.advance(seconds=5)
    statuses.hand_in(REGISTRY, 0, token(pair, {}))
    assert refused(statuses, older) == "status.goes-back"
    clock.advance(seconds=5)
    assert refused(statuses, token(pair, {}, size=SIZE // 2)) == "status.goes-back"


def test_a_list_shows_what_ended_and_never_takes_it_back(
    intake: IntakeService, statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    push(intake, pair, withdrawn("li"))
    assert refused(statuses, token(pair, {})) == "status.behind"
    assert refused(statuses, token(pair, {6: 2})) == "status.behind"
    assert refused(statuses, token(pair, {5: 1, 6: 1})) == "status.stands-here"
    statuses.hand_in(REGISTRY, 0, token(pair, {6: 1}))
    clock.advance(seconds=5)
    assert refused(statuses, token(pair, {})) == "status.un-flips"
    clock.advance(seconds=5)
    statuses.hand_in(REGISTRY, 0, token(pair, {6: 1}))


def test_a_list_signed_before_a_batch_that_came_between_is_behind(
    intake: IntakeService, statuses: StatusService, pair: Department
) -> None:
    signed = token(pair, due(statuses)[pair.status_uri])
    push(intake, pair, withdrawn("zhang"))
    with pytest.raises(Conflict, match=r"status\.behind"):
        statuses.hand_in(REGISTRY, 0, signed)


def test_a_suspended_piece_may_stand_again(
    intake: IntakeService, statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    with intake.database.writing() as session:
        session.execute(text("UPDATE evidence SET status = 'reversed' WHERE list_index = 5"))
    statuses.hand_in(REGISTRY, 0, token(pair, {5: 2}))
    clock.advance(seconds=1)
    with intake.database.writing() as session:
        query = text("UPDATE evidence SET status = 'valid', changed_at = :now WHERE list_index = 5")
        session.execute(query, {"now": clock.now()})
    assert due(statuses) == {pair.status_uri: {}}
    statuses.hand_in(REGISTRY, 0, token(pair, {}))


def test_the_last_two_lists_known_in_a_second_are_found_beside_the_newest(
    statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    issued = []
    for _ in range(5):
        statuses.hand_in(REGISTRY, 0, token(pair, {}))
        issued.append(clock.now())
        clock.advance(seconds=3600)
    with statuses.database.reading() as session:
        found = StatusListStore(session).about([pair.status_uri], issued[2])
    assert [each.issued_at for each in found] == [issued[1], issued[2], issued[4]]


def test_a_list_under_a_rotated_key_follows_the_one_before(
    intake: IntakeService, statuses: StatusService, pair: Department, clock: FixedClock
) -> None:
    statuses.hand_in(REGISTRY, 0, token(pair, {}))
    new: FileSigner = generate_signer("ES256")
    party = intake.directory.require_party(pair.id)
    intake.directory.register(party, new.public.to_jwk())
    clock.advance(seconds=1)
    statuses.hand_in(REGISTRY, 0, token(pair, {}, signer=new))
    assert statuses.require_list(REGISTRY, 0).issued_at == clock.now()
