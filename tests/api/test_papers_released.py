"""Papers brought once, released through the exchange to another service, and never for an unrelated purpose."""

import secrets
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from hub.proof.jws import sign_jws, verify_jws
from hub.proof.sdjwt import verify_sd_jwt
from hub.sharing.model import Grant
from tests.support.databases import Databases
from tests.support.office import AID, ANNA, ESTATE, Office, opened_office

BROUGHT = "urn:hub:evidence:brought-material:1"
INHERITANCE = "real-estate-inheritance"
SHOWN = ["kind", "issuer", "content_digest"]


@pytest.fixture(scope="module")
def office(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(databases, tmp_path_factory.mktemp("papers")) as made:
        grant(made, ESTATE, INHERITANCE)
        case = made.open()["case"]["id"]
        made.bring(case, "land-and-house", "real-estate-certificate", issuer="某县不动产登记中心")
        made.bring(case, "income-proof", "income-proof")
        yield made


def grant(office: Office, consumer: str, matter: str) -> None:
    period = {"valid_from": date(2026, 1, 1), "valid_until": date(2028, 12, 31)}
    said = {"basis": "《民法典》", "scenario": "test", "signed_off_by": "test", **period}
    about = {"consumer": consumer, "evidence_type": BROUGHT, "claims": tuple(SHOWN), "matters": (matter,)}
    office.up.hub.sharing.take_over([Grant(id=f"papers-{matter}", **about, **said)], by="test")


def ask(office: Office, party: str, case: dict[str, Any], claims: list[str]) -> list[dict[str, Any]]:
    """The lines of the verified answer about 张三."""
    now = int(time.time())
    request = sign_jws(
        {
            "iss": party, "aud": office.up.hub.id, "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16),
            "subject": ANNA, "matter": case["matter"], "case": case["number"], "basis": "《民法典》", "officer": "o-1",
            "wanted": [{"type": BROUGHT, "claims": claims}],
        },
        typ="evidence-request+jwt", signer=office.up.cabinet.signer_of(party),
    )  # fmt: skip
    headers = {"content-type": "application/jwt"}
    told = office.at(party).call("POST", "/v1/exchange", content=request.encode(), headers=headers).json()
    key = office.up.hub.signer.public
    said = verify_jws(told["answer"], typ="evidence-answer+jwt", key_for=lambda _kid, _iss: key, max_bytes=10**6)
    lines: list[dict[str, Any]] = said.claims["evidence"]
    return lines


def test_a_paper_that_another_service_took_in_is_released_where_its_purpose_and_a_grant_allow(office: Office) -> None:
    case = office.open(INHERITANCE, ESTATE)["case"]
    (line,) = ask(office, ESTATE, case, SHOWN)
    assert (line["outcome"], line["provider"], line["type"]) == ("released", AID, BROUGHT)
    shown = verify_sd_jwt(line["presentation"], key_for=office.up.hub.parties.key_for)
    assert (shown.claims["kind"], shown.claims["issuer"]) == ("real-estate-certificate", "某县不动产登记中心")
    assert "size" not in shown.claims
    assert shown.claims["subject"] == {}


def test_claims_of_a_paper_beyond_the_grant_are_left_out(office: Office) -> None:
    case = office.open(INHERITANCE, ESTATE)["case"]
    (line,) = ask(office, ESTATE, case, ["*"])
    assert (line["outcome"], line["reason"]) == ("partial", "exchange.claims-not-granted")
    shown = verify_sd_jwt(line["presentation"], key_for=office.up.hub.parties.key_for)
    assert {path[0] for path in shown.paths} == set(SHOWN)


def test_without_a_grant_no_paper_is_released(office: Office) -> None:
    case = office.open()["case"]
    (line,) = ask(office, AID, case, SHOWN)
    assert (line["outcome"], line["reason"], line["presentation"]) == ("refused", "sharing.no-grant", None)


def test_a_paper_that_no_longer_counts_is_as_if_nothing_were_held(office: Office) -> None:
    case = office.open(INHERITANCE, ESTATE)["case"]
    with office.up.hub.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE brought_material SET valid_until = '2020-01-01' WHERE kind = 'real-estate-certificate'"
        )
    (line,) = ask(office, ESTATE, case, SHOWN)
    assert (line["outcome"], line["reason"]) == ("refused", "exchange.nothing-held")


def test_the_checklist_says_that_the_paper_can_be_asked_for_once_a_grant_allows(office: Office) -> None:
    grant(office, AID, "low-income-aid")
    items = office.open()["checklist"]["items"]
    (item,) = [each for each in items if each["state"] == "brought_earlier"]
    assert [want["type"] for want in item["wanted"]] == [BROUGHT]
