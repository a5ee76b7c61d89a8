"""What an operator's machines read of a hub, and what no log or meter may ever hold."""

import json
import logging
import threading

import httpx
import pytest
import structlog

from hub.api import health
from hub.api.logs import start_logging
from hub.errors import Unavailable
from hub.storage.database import Database
from tests.support.running import Running


def test_a_node_says_that_it_lives_and_that_it_can_serve(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "alive"}
    ready = http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_a_node_whose_database_is_away_says_so_and_when_to_ask_again(
    served_hub: Running, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", connect_seconds=1)
    monkeypatch.setattr(served_hub.hub.database, "fault", away.fault)
    answer = http.get("/readyz")
    (told,) = answer.json()["checks"]["database"]["problems"]
    assert (answer.status_code, told["code"]) == (503, "storage.database-away")
    assert told["detail"]
    assert told["detail_zh"]
    assert int(answer.headers["retry-after"]) > 0
    assert http.get("/healthz").status_code == 200
    away.close()


def test_a_node_whose_signing_device_is_away_cannot_serve_until_it_is_back(
    served_hub: Running, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_signer: object, _message: bytes) -> bytes:
        raise Unavailable("proof.device-away", "It is away.", "设备不在。")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(type(served_hub.hub.signer), "sign", away)
        answer = http.get("/readyz")
    (told,) = answer.json()["checks"]["key"]["problems"]
    assert (answer.status_code, told["code"]) == (503, "proof.device-away")
    assert http.get("/readyz").status_code == 200


def test_a_node_whose_checks_hang_says_so_in_time_and_asks_once(
    served_hub: Running, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, asked = threading.Event(), []

    def hangs() -> None:
        asked.append(None)
        released.wait(30)

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(served_hub.hub.database, "fault", hangs)
    answers = [http.get("/readyz") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert all("retry-after" in answer.headers for answer in answers)
    assert answers[0].json()["checks"]["node"]["problems"][0]["code"] == "api.no-answer-within"
    assert len(asked) == 1
    released.set()
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 10.0)
    assert http.get("/readyz").status_code == 200


def test_meters_count_by_declared_address_and_by_code(http: httpx.Client) -> None:
    http.get("/v1/catalogue/matters/%E5%BC%A0%E4%B8%89")
    http.get("/v1/nowhere/11010519491231002X")
    readings = http.get("/metrics").text
    assert 'hub_requests_total{method="GET",route="/v1/catalogue/matters/{matter}",status="404"}' in readings
    assert 'route="unmatched"' in readings
    assert 'hub_problems_total{code="api.no-such-path"}' in readings
    assert "hub_log_size" in readings
    assert "11010519491231002X" not in readings


def test_what_verifies_an_old_answer_is_open_to_all(served_hub: Running, http: httpx.Client) -> None:
    about = http.get("/.well-known/hub").json()
    assert about["id"] == served_hub.hub.id
    assert about["log_vkey"] == served_hub.hub.log_vkey
    parties = {party["id"]: party for party in http.get("/v1/parties").json()}
    (key,) = parties["dept:land"]["keys"]
    assert key["jwk"]["kid"] == served_hub.cabinet.signer_of("dept:land").public.kid
    assert "d" not in key["jwk"]


def test_the_verifier_page_can_connect_to_nothing(http: httpx.Client) -> None:
    assert http.get("/verify", headers={"host": "elsewhere.example"}).headers["location"] == "/verify/"
    page = http.get("/verify/")
    assert page.status_code == 200
    assert "connect-src 'none'" in page.headers["content-security-policy"]


@pytest.fixture
def fresh_logging() -> object:
    """The root logger as it was, afterwards."""
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = kept
    root.setLevel(level)


def _fail() -> None:
    raise ValueError("张三 11010519491231002X")


def test_a_fault_is_logged_by_kind_and_place_and_never_by_its_text(
    fresh_logging: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = structlog.get_config()
    start_logging("info")
    try:
        _fail()
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    finally:
        structlog.configure(**before)
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["fault"]) == ("it failed", "ValueError")
    assert line["place"][-1].endswith("_fail")
    assert "张三" not in json.dumps(line, ensure_ascii=False)
