import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.cases.model import PersonAsked
from hub.cases.service.cases import Opening
from hub.cases.service.people import PersonIn
from hub.errors import Conflict, HubError, Malformed, Refused, Unavailable
from hub.exchange.store import ExchangeStore
from hub.kernel.clock import FixedClock
from hub.parties.model import PartyKind
from hub.proof.jws import sign_jws
from hub.proof.keys import generate_signer
from hub.proof.merkle import leaf_hash
from hub.proof.sdjwt import verify_sd_jwt
from tests.exchange.world import AID, ALIVE, LAND, LAND_STATED, LI, RESIDENT, ZHANG, World
from tests.support.log import out_of_chain

ZHANG_ASKED = {"kind": "resident", "number": ZHANG["number"], "name": ZHANG["name"]}


def shown(world: World, item: dict[str, Any]) -> dict[str, Any]:
    """What one line of an answer discloses, checked to its provider's key."""
    evidence = verify_sd_jwt(item["presentation"], key_for=world.hub.parties.key_for)
    assert evidence.claims["iss"] == item["provider"]
    return dict(evidence.claims)


def count(world: World, table: str) -> int:
    with world.hub.database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def last_entry(world: World) -> dict[str, Any]:
    with world.hub.database.reading() as session:
        query = 'SELECT content FROM log_entry ORDER BY "index" DESC LIMIT 1'
        return parse_entry(bytes(session.execute(text(query)).scalar_one()))


def test_what_is_asked_and_granted_is_released_and_nothing_else(world: World) -> None:
    answer = world.ask((RESIDENT, ["name", "household_address"]))
    assert (answer["outcome"], answer["reason"]) == ("released", None)
    (item,) = answer["evidence"]
    claims = shown(world, item)
    assert (claims["name"], claims["household_address"]) == ("张三", "某县某路1号")
    assert not {"phone", "number"} & claims.keys()
    assert claims["source"] == {}


def test_claims_beyond_the_grant_are_left_out_and_the_answer_is_partial(world: World) -> None:
    answer = world.ask((RESIDENT, ["name", "phone"]))
    (item,) = answer["evidence"]
    assert (item["outcome"], item["reason"]) == ("partial", "exchange.claims-not-granted")
    assert "phone" not in shown(world, item)


def test_nothing_but_ungranted_claims_is_refused(world: World) -> None:
    answer = world.ask((RESIDENT, ["phone"]))
    assert (answer["outcome"], answer["reason"]) == ("refused", "exchange.claims-not-granted")
    assert answer["evidence"][0]["presentation"] is None


def test_provenance_is_disclosed_to_nobody(world: World) -> None:
    world.grant(RESIDENT, "name", "source", "source.key")
    answer = world.ask((RESIDENT, ["name", "source.key"]))
    assert "source" not in str(shown(world, answer["evidence"][0]).get("source", {}).keys())


def test_self_stands_for_the_subjects_own_place_in_the_record(world: World) -> None:
    world.grant(LAND, "unit", "self.name")
    (item,) = world.ask((LAND, ["unit", "holders.*.name"]))["evidence"]
    assert item["role"] == "holder.1"
    assert item["outcome"] == "partial"
    names = [holder.get("name") for holder in shown(world, item)["holders"]]
    assert names == ["张三", None]


def test_the_answer_names_the_subject_by_the_consumers_own_id_and_takes_it_back(world: World) -> None:
    first = world.ask()
    assert first["subject"].startswith("pw_")
    again = world.ask(subject={"pairwise": first["subject"]})
    assert (again["outcome"], again["subject"]) == ("released", first["subject"])


def test_an_id_given_before_a_merge_is_answered_about_the_one_that_stands_now(world: World) -> None:
    """Also after the next merge; what was held about the first stays under its old id, and is found."""
    given = world.ask()["subject"]
    with world.hub.database.writing() as session:
        find = text("SELECT subject_id FROM identity_pairwise WHERE pairwise = :given")
        loser = session.execute(find, {"given": given}).scalar_one()
        for survivor in ("sub_second", "sub_third"):
            copy = """
                INSERT INTO identity_subject
                SELECT (jsonb_populate_record(s, jsonb_build_object('subject_id', CAST(:now AS text)))).*
                FROM identity_subject s WHERE subject_id = :was"""
            session.execute(text(copy), {"was": loser, "now": survivor})
            merge = text("UPDATE identity_subject SET merged_into = :now WHERE subject_id = :was")
            session.execute(merge, {"was": loser, "now": survivor})
            loser = survivor
    answer = world.ask(subject={"pairwise": given})
    assert answer["outcome"] == "released"
    assert answer["subject"] not in {given, None}
    assert world.ask(subject={"pairwise": answer["subject"]})["subject"] == answer["subject"]


def test_another_consumer_knows_the_subject_by_another_id(world: World) -> None:
    other = "svc:funeral-subsidy"
    world.join(other, PartyKind.consumer)
    mine = world.ask()["subject"]
    zhang = PersonAsked(kind="resident", number=ZHANG["number"], name=ZHANG["name"])
    world.hub.cases.open(other, Opening("F-1", other.removeprefix("svc:"), (PersonIn("applicant", zhang),)))
    refused = world.ask(iss=other, matter="funeral-subsidy", case="F-1", subject={"pairwise": mine})
    assert (refused["outcome"], refused["reason"]) == ("refused", "exchange.subject-unknown")


NOBODY = {"kind": "resident", "number": "33010620000101001X", "name": "王五"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"subject": NOBODY}, "exchange.subject-not-in-case"),
        ({"subject": {**ZHANG_ASKED, "name": "欧阳锋"}}, "exchange.subject-not-in-case"),
        ({"subject": {"pairwise": "pw_unknown-to-anybody"}}, "exchange.subject-unknown"),
        ({"subject": {"kind": "resident", "number": LI["number"], "name": LI["name"]}}, "exchange.subject-not-in-case"),
        ({"case": "2026-9999"}, "exchange.case-unknown"),
        ({"matter": "funeral-subsidy"}, "exchange.case-of-another-matter"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_with_its_reason_signed_and_logged(
    world: World, changed: Any, reason: str
) -> None:
    before = count(world, "exchange")
    answer = world.ask(**changed)
    assert (answer["outcome"], answer["reason"], answer["subject"]) == ("refused", reason, None)
    assert all(item["presentation"] is None for item in answer["evidence"])
    assert count(world, "exchange") == before + 1
    assert (last_entry(world)["outcome"], last_entry(world)["reason"]) == ("refused", reason)


LI_ASKED = {"kind": "resident", "number": LI["number"], "name": LI["name"]}
NOTHING_OF_PEOPLE = [
    ({"case": "2026-9999"}, "exchange.case-unknown"),
    ({"matter": "funeral-subsidy"}, "exchange.case-of-another-matter"),
    ({}, "exchange.subject-not-in-case"),
]


@pytest.mark.parametrize(("changed", "reason"), NOTHING_OF_PEOPLE)
def test_a_refusal_does_not_tell_who_is_known_here(world: World, changed: Any, reason: str) -> None:
    known, unknown = (world.ask(subject=each, **changed) for each in (LI_ASKED, NOBODY))
    own = {"iat", "jti", "exchange", "request_digest"}
    assert {k: v for k, v in known.items() if k not in own} == {k: v for k, v in unknown.items() if k not in own}
    assert known["reason"] == reason


def test_a_closed_case_tells_nothing_of_people_either(world: World) -> None:
    world.hub.cases.deciding.withdraw(AID, "2026-0001")
    assert {world.ask(subject=each)["reason"] for each in (LI_ASKED, NOBODY)} == {"exchange.case-closed"}


def test_whom_a_case_names_and_nobody_knows_is_said_to_be_unknown(world: World) -> None:
    world.open_case("2026-0002", NOBODY)
    assert world.ask(case="2026-0002", subject=NOBODY)["reason"] == "exchange.subject-unknown"


def test_a_case_of_another_consumer_is_as_unknown_as_none(world: World) -> None:
    other = "svc:funeral-subsidy"
    world.join(other, PartyKind.consumer)
    assert world.ask(iss=other)["reason"] == "exchange.case-unknown"


def test_two_people_who_share_a_number_are_refused_until_a_steward_decides(bare: World) -> None:
    one = {**ZHANG, "birth_date": "1949-12-31"}
    bare.push("civil_affairs", "residents", one, {**one, "name": "张山", "birth_date": "1949-12-31"})
    bare.open_case("2026-0001")
    assert bare.ask()["reason"] in {"exchange.subject-under-review", "exchange.subject-several"}


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        ("urn:hub:evidence:social-organisation:1", "sharing.no-grant"),
        ("urn:hub:evidence:funeral:1", "exchange.nothing-held"),
        ("urn:hub:evidence:nothing-like-it:1", "sharing.no-grant"),
    ],
)
def test_a_type_without_grant_or_evidence_is_refused_and_the_rest_released(
    world: World, type_: str, reason: str
) -> None:
    answer = world.ask((RESIDENT, ["name"]), (type_, ["name"]))
    assert answer["outcome"] == "partial"
    assert [(item["type"], item["outcome"], item["reason"]) for item in answer["evidence"]] == [
        (RESIDENT, "released", None),
        (type_, "refused", reason),
    ]


def test_withdrawn_evidence_is_not_released(world: World) -> None:
    with world.hub.database.reading() as session:
        record = session.execute(text("SELECT record FROM evidence WHERE type = 'real-estate-right'")).scalar_one()
    world.push("land", "rights", lines=[{"withdrawn": record, "reason": "gone"}])
    assert world.ask((LAND, ["unit"]))["reason"] == "exchange.nothing-held"


def test_the_same_request_again_gets_the_same_answer_and_no_second_release(world: World) -> None:
    request = world.request()
    first, again = world.hub.exchange.exchange(request), world.hub.exchange.exchange(request)
    assert (first.is_replay, again.is_replay) == (False, True)
    assert (again.exchange_id, again.answer_jws) == (first.exchange_id, first.answer_jws)
    assert (count(world, "exchange"), count(world, "subject_access")) == (1, 1)


def test_the_same_request_at_once_from_many_is_answered_once(world: World) -> None:
    request = world.request()
    answers: list[str] = []

    def ask() -> None:
        answers.append(world.hub.exchange.exchange(request).answer_jws)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers)), count(world, "exchange")) == (6, 1, 1)


def test_what_many_ask_about_one_subject_at_once_is_one_chain_in_the_log(world: World) -> None:
    requests = [world.request() for _ in range(24)]
    with ThreadPoolExecutor(8) as crowd:
        exchanged = list(crowd.map(world.hub.exchange.exchange, requests))
    with world.hub.database.reading() as session:
        store = ExchangeStore(session, world.hub.exchange._parts.vault.keyring)
        kept = [store.with_id(each.exchange_id) for each in exchanged]
    lines = [(leaf_hash(each.entry), parse_entry(each.entry), each.salt) for each in kept if each]
    lines.sort(key=lambda line: line[1]["n"])
    assert [line[1]["n"] for line in lines] == list(range(1, 25))
    assert out_of_chain(lines) == []


def test_another_request_under_a_used_id_is_refused(world: World) -> None:
    world.ask(jti="one-and-the-same")
    with pytest.raises(Conflict, match=r"exchange\.request-id-reused"):
        world.ask((RESIDENT, ["name", "number"]), jti="one-and-the-same")
    assert count(world, "exchange") == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aud": "hub:elsewhere"}, "proof.foreign-audience"),
        ({"aud": ["hub:demo-county"]}, "proof.audience"),
        ({"exp": 1_700_000_000, "iat": 1_699_999_990}, "proof.expired"),
        ({"iat": 1_900_000_000, "exp": 1_900_000_030}, "proof.not-yet-valid"),
        ({"exp": 1_900_000_000}, "proof.lifetime"),
        ({"exp": None}, "proof.time"),
        ({"jti": None}, "proof.claims"),
        ({"subject": None}, "exchange.request-claim"),
        ({"subject": {"kind": "resident", "number": "1"}}, "exchange.request-claim"),
        ({"subject": {"pairwise": "pw_1", "number": "1"}}, "exchange.request-claim"),
        ({"subject": {"kind": "ghost", "number": "1", "name": "x"}}, "exchange.request-claim"),
        ({"matter": 5}, "exchange.request-claim"),
        ({"officer": ""}, "exchange.request-claim"),
        ({"basis": None}, "exchange.request-claim"),
        ({"matter": "低保"}, "exchange.request-claim"),
        ({"wanted": []}, "exchange.request-claim"),
        ({"wanted": [{"type": "x" * 65, "claims": ["name"]}]}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT, "claims": []}]}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT, "claims": ["Name"]}]}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT, "claims": ["a..b"]}]}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT, "claims": ["name"]}] * 2}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT, "claims": ["name"], "all": True}]}, "exchange.request-claim"),
        ({"wanted": [{"type": RESIDENT}]}, "exchange.request-claim"),
        ({"wanted": [RESIDENT]}, "exchange.request-claim"),
        ({"shout": "now"}, "exchange.request-claim"),
    ],
)
def test_a_message_that_is_no_fresh_request_to_this_hub_is_not_answered(world: World, changed: Any, code: str) -> None:
    with pytest.raises(HubError) as refusal:
        world.ask(**changed)
    assert refusal.value.code == code
    assert count(world, "exchange") == 0


def test_a_request_of_another_type_key_or_algorithm_is_not_answered(world: World) -> None:
    good = world.request()
    header, payload, signature = good.split(".")
    stranger = generate_signer("Ed25519")
    for forged in (
        sign_jws({"iss": AID}, typ="evidence-answer+jwt", signer=world.signers[AID]),
        world.request(signer=stranger),
        f"eyJhbGciOiJub25lIiwidHlwIjoiZXZpZGVuY2UtcmVxdWVzdCtqd3QifQ.{payload}.",
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}.{signature} ",
        f"{header}.{payload}",
        "",
        "x" * 100_000,
    ):
        with pytest.raises(Malformed, match=r"proof\."):
            world.hub.exchange.exchange(forged)


def test_an_auditor_may_not_ask(world: World) -> None:
    auditor = "aud:audit-office"
    world.join(auditor, PartyKind.auditor)
    with pytest.raises(Refused, match=r"exchange\.not-a-consumer"):
        world.ask(iss=auditor)


def test_a_request_after_its_key_was_revoked_is_not_answered(world: World, clock: FixedClock) -> None:
    signer = world.signers[AID]
    world.hub.party_service.revoke_key(AID, signer.public.kid, "lost", compromised_since=None)
    with pytest.raises(Malformed, match=r"proof\.unknown-key"):
        world.ask()


def test_the_log_entry_says_codes_and_commitments_only(world: World) -> None:
    exchanged = world.hub.exchange.exchange(world.request())
    entry = last_entry(world)
    assert (entry["exchange"], entry["consumer"], entry["outcome"]) == (exchanged.exchange_id, AID, "released")
    assert entry["released"] == [RESIDENT]
    for personal in ("张三", ZHANG["number"], "2026-0001", "王科员", world.read(exchanged)["subject"]):
        assert personal not in str(entry)


@pytest.mark.parametrize(
    "code", [ZHANG["number"], f"x{ZHANG['number']}", "110105-19491231-002X", f"urn:{ZHANG['number']}:1", "13800000000"]
)
def test_no_code_of_a_request_carries_a_number_into_the_log(world: World, code: str) -> None:
    before = count(world, "exchange")
    wanted = [{"type": RESIDENT, "claims": ["name"]}, {"type": code, "claims": ["name"]}]
    for changed in ({"matter": code}, {"wanted": wanted}):
        with pytest.raises(Malformed, match=r"exchange\.(request-claim|number-names-somebody)"):
            world.ask(**changed)
    assert count(world, "exchange") == before


@pytest.mark.parametrize("officer", [ZHANG["number"], f"窗口3-{ZHANG['number']}"])
def test_no_officer_is_told_by_a_residents_number(world: World, officer: str) -> None:
    with pytest.raises(Malformed, match=r"exchange\.number-names-somebody"):
        world.ask(officer=officer)


def test_what_is_kept_of_an_exchange_names_nobody(world: World) -> None:
    world.ask()
    with world.hub.database.reading() as session:
        row = str(session.execute(text("SELECT * FROM exchange")).one())
    for personal in ("张三", ZHANG["number"], "王科员"):
        assert personal not in row


def test_a_suspended_grant_ends_within_its_memory(world: World) -> None:
    assert world.ask()["outcome"] == "released"
    with world.hub.database.writing() as session:
        session.execute(text("UPDATE sharing_grant SET ended_on = '2026-01-01'"))
    world.hub.exchange._parts._grants._values.clear()
    assert world.ask()["reason"] == "sharing.grant-not-in-force"


def test_an_answer_whose_receipt_is_late_is_there_when_asked_again(world: World) -> None:
    request = world.request()
    world.hub.log.stop()
    object.__setattr__(world.hub.exchange._parts, "receipt_seconds", 0.2)
    with pytest.raises(Unavailable, match=r"audit\.no-receipt-yet"):
        world.hub.exchange.exchange(request)
    world.hub.log.start()
    object.__setattr__(world.hub.exchange._parts, "receipt_seconds", 10.0)
    again = world.hub.exchange.exchange(request)
    assert (again.is_replay, count(world, "exchange")) == (True, 1)


def test_a_statement_names_what_it_rests_on_and_what_it_does_not_prove(world: World) -> None:
    (item,) = world.ask((LAND_STATED, ["*"]))["evidence"]
    claims = shown(world, item)
    assert (claims["registered"], claims["count"]) == (True, 1)
    assert claims["sources"][0]["type"] == "real-estate-right"
    assert claims["freshness"].keys() == {"land.rights"}
    assert claims["does_not_prove"]["zh"]
    assert claims["sub"].startswith("pw_")


def test_a_statement_on_a_registry_that_never_pushed_is_refused(bare: World) -> None:
    bare.push("civil_affairs", "residents", {**ZHANG, "birth_date": "1949-12-31"})
    bare.open_case("2026-0001")
    bare.grant(ALIVE, "*")
    assert bare.ask((ALIVE, ["*"]))["reason"] == "exchange.registry-never-received"
