"""After a split: who was shown somebody else's evidence is found, told, and on record for auditors."""

import hashlib
from typing import Any

import pytest

from hub.audit.readers import DatabaseReader
from hub.cases.model import PersonAsked
from hub.cases.service.bringing import Upload
from hub.cases.service.cases import Opening
from hub.cases.service.people import PersonIn
from hub.errors import Missing
from hub.exchange.recalls import Recall
from hub.identity.model import Decision, Found, IdentityQuery
from hub.kernel.clock import FixedClock
from hub.kernel.ids import new_id
from hub.proof.sdjwt import issue_sd_jwt
from tests.exchange.world import AID, LAND, LAND_STATED, MATTER, RESIDENT, ZHANG, World

STRANGER: dict[str, Any] = {**ZHANG, "name": "王丽华"}
"""Another person, under the same number by mistake; a steward will take her for Zhang."""
FLAT = {
    "unit": "320684413219GB00029F00010002",
    "certificate": "苏(2017)海门市不动产权第0000183号",
    "right_kind": "4",
    "registered_status": "current",
    "location": "某县某路1号",
    "sharing": "sole",
    "holders": [STRANGER | {"holder_kind": "person"}],
}


@pytest.fixture
def mixed(bare: World, clock: FixedClock) -> World:
    """The stranger's flat is Zhang's, the elder subject's, by a steward's word."""
    bare.push("civil_affairs", "residents", ZHANG | {"birth_date": "1949-12-31"})
    clock.advance(60)
    bare.push("land", "rights", FLAT)
    bare.grant(LAND, "unit", "location")
    bare.grant(RESIDENT, "name")
    with bare.hub.database.writing() as session:
        (review,) = bare.hub.identity.reviews(session)
        bare.hub.identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    return bare


def split(world: World) -> None:
    with world.hub.database.writing() as session:
        records = session.connection().exec_driver_sql(
            "SELECT record, role FROM identity_mention ORDER BY role DESC"
        ).all()  # fmt: skip
        one, other = (tuple(row) for row in records)
        world.hub.identity.split(session, one, other, steward="赵科长", note="误并")


def told(world: World, **wanted: Any) -> list[Recall]:
    return world.hub.recalling.notices_of(AID, **wanted)


def test_a_consumer_shown_somebody_elses_evidence_is_told_after_the_split(mixed: World) -> None:
    mixed.open_case("2026-0001")
    answer = mixed.ask((RESIDENT, ["name"]), (LAND, ["unit"]))
    assert [item["outcome"] for item in answer["evidence"]] == ["released", "released"]
    assert told(mixed) == []
    split(mixed)
    (notice,) = told(mixed)
    assert (notice.exchange_id, notice.case_ref, notice.pairwise) == (
        answer["exchange"], "2026-0001", answer["subject"]
    )  # fmt: skip
    assert [(item["type"], item["provider"]) for item in notice.items] == [(LAND, "dept:land")]
    assert notice.meant_subject != notice.owner_subject


def test_who_asked_about_the_one_that_was_split_off_is_told_of_what_stayed(mixed: World) -> None:
    mixed.open_case("2026-0001", STRANGER)
    mixed.ask((RESIDENT, ["name"]), (LAND, ["unit"]), subject={
        "kind": "resident", "number": STRANGER["number"], "name": STRANGER["name"],
    })  # fmt: skip
    split(mixed)
    (notice,) = told(mixed)
    assert [item["type"] for item in notice.items] == [RESIDENT]


def test_a_case_opened_under_the_wrong_link_finds_whom_it_meant_and_its_own_pairwise_requests_are_recalled(
    mixed: World,
) -> None:
    asked = PersonAsked(kind="resident", number=STRANGER["number"], name=STRANGER["name"])
    opened = mixed.hub.cases.open(AID, Opening("2026-0002", MATTER, (PersonIn("applicant", asked),)))
    before = opened.case.applicant.subject_id
    pairwise = mixed.hub.identity.pairwise_id(before or "", AID)
    mixed.ask((RESIDENT, ["name"]), (LAND, ["unit"]), subject={"pairwise": pairwise}, case="2026-0002")
    split(mixed)
    (notice,) = told(mixed)
    assert [item["type"] for item in notice.items] == [RESIDENT]
    found = mixed.hub.database
    with found.reading() as session:
        subject_id = session.connection().exec_driver_sql("SELECT subject_id FROM case_participant").scalar_one()
    assert subject_id == notice.meant_subject != before


def test_a_statement_that_rests_on_anothers_evidence_is_recalled(mixed: World) -> None:
    mixed.grant(LAND_STATED, "*")
    mixed.open_case("2026-0001")
    answer = mixed.ask((LAND_STATED, ["*"]))
    assert answer["outcome"] == "released", answer
    split(mixed)
    (notice,) = told(mixed)
    assert [item["type"] for item in notice.items] == [LAND_STATED]


def test_whoever_was_shown_nothing_wrong_hears_nothing(mixed: World) -> None:
    mixed.open_case("2026-0001")
    mixed.ask((RESIDENT, ["name"]))
    mixed.ask((LAND, ["name"]))
    split(mixed)
    assert told(mixed) == []


def test_a_merge_makes_nothing_wrong(bare: World) -> None:
    bare.push("civil_affairs", "residents", ZHANG | {"birth_date": "1949-12-31"})
    bare.grant(RESIDENT, "name")
    bare.open_case("2026-0001")
    bare.ask((RESIDENT, ["name"]))
    bare.push("land", "rights", FLAT)
    with bare.hub.database.writing() as session:
        (review,) = bare.hub.identity.reviews(session)
        bare.hub.identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    assert told(bare) == []


def test_a_notice_is_acknowledged_by_its_consumer_alone_and_stays_for_auditors(mixed: World) -> None:
    mixed.open_case("2026-0001")
    mixed.ask((LAND, ["unit"]))
    split(mixed)
    (notice,) = told(mixed)
    recalling = mixed.hub.recalling
    with pytest.raises(Missing):
        recalling.acknowledge("svc:funeral-subsidy", notice.notice_id)
    known = recalling.acknowledge(AID, notice.notice_id)
    assert known.acknowledged_by == AID
    assert recalling.acknowledge(AID, notice.notice_id) == known
    assert told(mixed) == []
    assert told(mixed, waiting=False) == recalling.recalls() == [known]
    assert recalling.recalls(after=known.notice_id) == []


def test_the_log_says_what_was_recalled_from_whom_and_names_nobody(mixed: World) -> None:
    mixed.open_case("2026-0001")
    mixed.ask((LAND, ["unit"]))
    split(mixed)
    (notice,) = told(mixed)
    mixed.hub.recalling.acknowledge(AID, notice.notice_id)
    mixed.hub.log.receipt_for(notice.entry_id, 10)
    reader = DatabaseReader(mixed.hub.database, mixed.hub.log_origin)
    lines = b"".join(bundle.content for bundle in reader.bundles(10_000))
    assert b"release-recalled" in lines
    assert notice.notice_id.encode() in lines
    assert STRANGER["name"].encode() not in lines


def test_a_paper_that_was_brought_under_the_wrong_link_goes_with_whom_it_is_about(mixed: World) -> None:
    asked = PersonAsked(kind="resident", number=STRANGER["number"], name=STRANGER["name"])
    mixed.hub.cases.open(AID, Opening("2026-0003", MATTER, (PersonIn("applicant", asked),)))
    content = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
    paper = issue_sd_jwt(
        {
            "iss": AID,
            "vct": "urn:hub:evidence:brought-material:1",
            "iat": int(mixed.hub.clock.now().timestamp()),
            "jti": new_id("ev"),
        },
        {
            "kind": "income-proof",
            "content_digest": hashlib.sha256(content).hexdigest(),
            "media_type": "application/pdf",
            "size": len(content),
            "subject": {"name": STRANGER["name"], "number": STRANGER["number"]},
        },
        signer=mixed.signers[AID],
    )
    mixed.hub.cases.bring(AID, "2026-0003", Upload("income-proof", paper, [content]))

    def owners() -> set[str]:
        with mixed.hub.database.reading() as session:
            rows = session.connection().exec_driver_sql(
                "SELECT b.subject_id, l.subject_id FROM brought_material b JOIN evidence_link l USING (evidence_id)"
            )
            return {each for row in rows for each in row}

    (before,) = owners()
    split(mixed)
    (after,) = owners()
    assert after != before
    with mixed.hub.database.reading() as session:
        query = IdentityQuery("resident", STRANGER["number"], STRANGER["name"])
        assert mixed.hub.identity.subject_for(session, query) == Found(after)
