from collections.abc import Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from hub.evidence.service import IntakeService
from hub.kernel.clock import FixedClock
from hub.proof.keys import generate_signer
from hub.proof.sdjwt import issue_sd_jwt
from hub.storage.database import Database
from tests.evidence.pushing import Department, opaque, withdrawn
from tests.evidence.test_intake import LI, ZHANG, pushed

UNREADABLE = {
    "unusable": {"code": "adapter.name-missing", "column": "姓名", "en": "The name is empty.", "zh": "姓名为空。"},
    "row": 17,
    "record": opaque("wang"),
    "raw": {"姓名": "", "证件号码": "33010620000101001X"},
}


def aside(intake: IntakeService, registry: str = "civil_affairs") -> list[tuple[str, int]]:
    return [(item.code, item.line) for item in intake.quarantine_of(registry)]


def test_an_unusable_record_is_kept_with_its_reason_for_its_owner(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG), UNREADABLE])
    assert (answer.accepted, answer.quarantined) == (1, 1)
    assert answer.reasons == {"adapter.name-missing": 1}
    (item,) = intake.quarantine_of("civil_affairs")
    assert (item.code, item.column, item.row, item.line) == ("adapter.name-missing", "姓名", 17, 3)
    assert (item.en, item.zh) == ("The name is empty.", "姓名为空。")
    assert item.raw["证件号码"] == "33010620000101001X"
    with database.reading() as session:
        assert "33010620000101001X" not in str(session.execute(text("SELECT * FROM quarantine")).all())


def test_a_corrected_record_leaves_quarantine(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [UNREADABLE])
    pushed(intake, civil, [civil.line("wang", ZHANG)])
    assert aside(intake) == []


def test_a_withdrawn_record_leaves_quarantine(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [UNREADABLE])
    pushed(intake, civil, [withdrawn("wang")])
    assert aside(intake) == []


def test_the_same_unusable_record_again_is_not_doubled(intake: IntakeService, civil: Department) -> None:
    nameless = {**UNREADABLE, "record": None}
    pushed(intake, civil, [UNREADABLE, nameless])
    pushed(intake, civil, [UNREADABLE, nameless])
    assert len(aside(intake)) == 2


def test_two_equal_rows_without_a_reference_are_two_items(intake: IntakeService, civil: Department) -> None:
    nameless = {**UNREADABLE, "record": None}
    pushed(intake, civil, [nameless, nameless])
    assert len(aside(intake)) == 2


def test_a_full_batch_replaces_what_its_export_had_put_aside(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [UNREADABLE, {**UNREADABLE, "record": None}], mode="full", present=0)
    pushed(intake, civil, [{**UNREADABLE, "record": None}], mode="full", present=0)
    assert len(aside(intake)) == 1


def test_one_registry_does_not_see_what_another_put_aside(
    intake: IntakeService, civil: Department, department: Callable[[str, str], Department]
) -> None:
    pushed(intake, civil, [UNREADABLE])
    pushed(intake, department("funeral", "funerals"), [])
    assert aside(intake, "funeral") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "proof.json"),
        (b"\xff\xfe", "proof.json"),
        (b"null", "intake.line-unknown"),
        (b"[1]", "intake.line-unknown"),
        (b'{"evidence": 5}', "intake.line-unknown"),
        (b'{"evidence": "a", "evidence": "b"}', "proof.json"),
        (b'{"row": 1, "unusable": {"code": "x", "en": "a\\u0000b"}}', "proof.json"),
        (b'{"row": 1, "note": "\\ud800"}', "proof.json"),
        (b'{"withdrawn": "short", "reason": "gone"}', "intake.line-unknown"),
        (b'{"withdrawn": "' + b"a" * 43 + b'", "reason": "bored"}', "intake.line-unknown"),
        (b'{"evidence": "' + b"a" * 70_000 + b'"}', "intake.line-too-long"),
        (b"[" * 5_000 + b"]" * 5_000, "proof.json"),
        (b'{"evidence": "not.evidence.at-all~"}', "proof.base64url"),
        (b'{"evidence": ""}', "proof.not-sd-jwt"),
        (b"", "proof.json"),
    ],
)
def test_a_line_that_is_no_evidence_is_put_aside_and_the_rest_goes_in(
    intake: IntakeService, civil: Department, line: bytes, code: str
) -> None:
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG), line, civil.line("li", LI)])
    assert (answer.accepted, answer.quarantined) == (2, 1)
    assert aside(intake) == [(code, 3)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": "dept:funeral"}, "proof.unknown-key"),
        ({"vct": "urn:hub:evidence:funeral:1"}, "intake.evidence-of-another-kind"),
        ({"registry": "funeral"}, "intake.evidence-of-another-kind"),
        ({"export": "organisations"}, "intake.evidence-of-another-kind"),
        ({"record": None}, "intake.evidence-claim"),
        ({"record": "张三"}, "intake.evidence-claim"),
        ({"content": "x"}, "intake.evidence-claim"),
        ({"iat": None}, "intake.evidence-claim"),
        ({"as_of": "yesterday"}, "intake.evidence-claim"),
        ({"as_of": 10**15}, "intake.evidence-claim"),
        ({"as_of": "0001-01-01T00:00:00+14:00"}, "intake.evidence-claim"),
        ({"exp": "9999-12-31T23:59:59-12:00"}, "intake.evidence-claim"),
        ({"nbf": -62_135_596_800}, "intake.evidence-claim"),
        ({"iat": 2_000_000_000}, "intake.evidence-from-the-future"),
        ({"as_of": 2_000_000_000}, "intake.evidence-from-the-future"),
        ({"iat": 1}, "intake.evidence-before-its-key"),
        ({"exp": 1_700_000_000}, "intake.evidence-expired"),
        ({"nickname": "三儿"}, "intake.claim-in-clear"),
    ],
)
def test_evidence_that_is_not_what_the_batch_promises_is_put_aside(
    intake: IntakeService, civil: Department, changed: Any, code: str
) -> None:
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG, **changed)])
    assert answer.accepted == 0
    assert answer.reasons == {code: 1}


def test_evidence_of_another_key_is_put_aside_under_its_reference(intake: IntakeService, civil: Department) -> None:
    stranger = Department(civil.id, civil.shape, generate_signer("Ed25519"), civil.clock)
    pushed(intake, civil, [stranger.line("zhang", ZHANG)])
    (item,) = intake.quarantine_of("civil_affairs")
    assert (item.code, item.record) == ("proof.unknown-key", opaque("zhang"))
    assert item.raw["name"] == "张三"
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    assert aside(intake) == []


def test_evidence_with_an_altered_claim_is_put_aside(intake: IntakeService, civil: Department) -> None:
    jws, *disclosures, _ = civil.evidence("zhang", ZHANG).split("~")
    _, *others, _ = civil.evidence("zhang", ZHANG | {"name": "李四"}).split("~")
    orphan = "~".join([jws, *disclosures, others[0], ""])
    pushed(intake, civil, [{"evidence": orphan, "row": 1}])
    assert aside(intake) == [("proof.orphan-disclosure", 2)]


def test_evidence_of_an_expired_key_is_put_aside(
    intake: IntakeService, civil: Department, clock: FixedClock, database: Database
) -> None:
    old = civil.signer
    civil.signer = generate_signer("Ed25519")
    intake.directory.register(intake.directory.require_party(civil.id), civil.signer.public.to_jwk())
    with database.writing() as session:
        session.execute(
            text("UPDATE party_key SET valid_until = :now WHERE kid = :kid"),
            {"now": clock.now(), "kid": old.public.kid},
        )
    past = Department(civil.id, civil.shape, old, clock)
    pushed(intake, civil, [past.line("zhang", ZHANG)])
    assert aside(intake) == [("proof.unknown-key", 2)]


def test_a_record_against_its_schema_is_put_aside_and_names_the_claim(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG | {"sex": "男"})])
    (item,) = intake.quarantine_of("civil_affairs")
    assert (item.code, item.column) == ("intake.schema", "sex")


def test_a_disclosure_that_stands_in_clear_is_not_taken_for_hidden(intake: IntakeService, civil: Department) -> None:
    clear = civil.clear("zhang", ZHANG) | {"head": {"name": "张三"}}
    token = issue_sd_jwt(clear, {"name": "张三"}, signer=civil.signer)
    pushed(intake, civil, [orjson.dumps({"evidence": token, "row": 1})])
    assert aside(intake) == [("intake.claim-in-clear", 2)]


def test_positions_that_no_table_holds_are_left_out_and_hold_nothing_up(
    intake: IntakeService, civil: Department
) -> None:
    far = {**UNREADABLE, "row": 2**40}
    line = {**civil.line("zhang", ZHANG, status={"status_list": {"idx": 2**40, "uri": civil.status_uri}}), "row": -1}
    answer = pushed(intake, civil, [line, far])
    assert (answer.accepted, answer.quarantined) == (1, 1)
    assert intake.quarantine_of("civil_affairs")[0].row is None
