"""Two nodes on one database, two witnesses over HTTP: receipts from both, readiness, witnesses down, slow or lying."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from hub.api.app import application
from hub.api.limits import Limits
from hub.api.server import listening_socket, served
from hub.audit.lastsigned import SignedFile
from hub.audit.parts import LogParts
from hub.audit.readers import DatabaseReader
from hub.audit.service import Log
from hub.audit.verify import verify_log
from hub.audit.witness import Witness, WitnessStore
from hub.audit.witness_app import witness_app
from hub.audit.witnessing import Collector
from hub.bootstrap import build
from hub.demo.parties import KeyCabinet, register_everyone
from hub.kernel.clock import FixedClock, SystemClock
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.note import Ed25519Cosigner, NoteVerifier
from hub.proof.policy import LogPolicy, parse_policy
from hub.proof.tlogproof import verify_tlog_proof
from hub.settings import settings_from
from hub.storage.database import Database
from tests.support.log import ORIGIN, House, entry

NAMES = ("audit", "archive")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@dataclass
class Institutions:
    """Two witnesses of one log, each behind its own address."""

    log: NoteVerifier
    folder: Path
    up: ExitStack
    urls: dict[str, str] = field(default_factory=dict)
    cosigners: dict[str, Ed25519Cosigner] = field(default_factory=dict)

    def open(self) -> None:
        for name in NAMES:
            self.cosigners[name] = Ed25519Cosigner(f"{name}.example", generate_signer())
            witness = Witness([self.log], [self.cosigners[name]], WitnessStore(self.folder / name), SystemClock())
            at = listening_socket("127.0.0.1", 0)
            self.urls[name] = self.up.enter_context(served(lambda each=witness: witness_app(each), at))  # type: ignore[misc]

    def policy_text(self, least: int = 2, **urls: str) -> str:
        lines = [f"log {self.log.vkey}"]
        for name, cosigner in self.cosigners.items():
            lines += [f"witness {name} {cosigner.verifier.vkey} {urls.get(name, self.urls[name])}"]
        return "\n".join([*lines, f"group institutions {least} {' '.join(NAMES)}", "quorum institutions", ""])

    def policy(self, least: int = 2, **urls: str) -> LogPolicy:
        return parse_policy(self.policy_text(least, **urls))


@pytest.fixture
def institutions(house: House, tmp_path: Path) -> Iterator[Institutions]:
    with ExitStack() as up:
        made = Institutions(house.signer.verifier, tmp_path / "witnesses", up)
        made.open()
        yield made


def node(house: House, policy: LogPolicy, folder: str = "") -> Log:
    signed = SignedFile(house.folder / folder / "last-signed")
    collector = Collector(policy, SystemClock(), pause_seconds=0.02)
    return Log(house.database, LogParts(house.signer, signed, SystemClock(), collector, 600.0))


def until(check: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not check():
        assert time.monotonic() < ends, "it did not happen within twenty seconds"
        time.sleep(0.02)


def test_both_nodes_give_witnessed_receipts_and_one_takes_over_from_the_other(
    house: House, institutions: Institutions
) -> None:
    policy = institutions.policy()
    first, second = node(house, policy), node(house, policy)
    first.start()
    made = [entry(number) for number in range(4)]
    house.append(made[0])
    first.receipt_for(made[0].entry_id, 10)
    second.start()
    try:
        house.append(made[1])
        second.receipt_for(made[1].entry_id, 10)
        for log in (first, second):
            until(lambda log=log: _witnessed_size(log) == 2)  # type: ignore[misc]
            receipt = log.prove(made[1].entry_id, is_witnessed=True)
            verify_tlog_proof(receipt.proof_text, entry=made[1].content(), policy=policy)
        first.stop()
        house.append(made[2])
        assert second.receipt_for(made[2].entry_id, 10).index == 2
        until(lambda: _witnessed_size(second) == 3)
    finally:
        second.stop()


class Hanging(BaseHTTPRequestHandler):
    """A witness that takes a request and says nothing."""

    gate = threading.Event()

    def do_POST(self) -> None:
        self.gate.wait(20)

    do_GET = do_POST  # noqa: N815 - the standard library's own naming


@pytest.fixture
def hanging() -> Iterator[str]:
    Hanging.gate.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Hanging.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_slow_witness_holds_up_neither_a_quorum_without_it_nor_a_receipt(
    house: House, institutions: Institutions, hanging: str
) -> None:
    log = node(house, institutions.policy(1, archive=hanging))
    made = entry()
    house.append(made)
    log.start()
    try:
        log.receipt_for(made.entry_id, 10)
        for number in range(3):
            start = time.monotonic()
            house.append(entry(number))
            until(lambda number=number: _witnessed_size(log) == number + 2)  # type: ignore[misc]
            assert time.monotonic() - start < 2.5
        log.require_witnessed()
    finally:
        log.stop()


def _witnessed_size(log: Log) -> int:
    try:
        return parse_checkpoint(log.checkpoint(is_witnessed=True))[1].size
    except Exception:  # noqa: BLE001 - none yet
        return 0


def test_a_witness_that_is_down_is_a_complaint_by_its_address(house: House, institutions: Institutions) -> None:
    house.grow(3)
    gone = "http://127.0.0.1:9"
    collector = Collector(institutions.policy(2, archive=gone), SystemClock(), timeout_seconds=0.5)
    log = house.log()
    assert collector.cosigned(log.checkpoint(), log._tiles.subtree(3)) is None
    assert collector.complaints[gone].startswith("0 Connect")
    one = Collector(institutions.policy(1, archive=gone), SystemClock(), timeout_seconds=0.5)
    assert one.cosigned(log.checkpoint(), log._tiles.subtree(3)) is not None
    for each in (collector, one):
        each.close()


def test_a_node_past_the_unwitnessed_age_is_not_ready_and_says_why(
    database_url: str, institutions: Institutions, tmp_path: Path
) -> None:
    cabinet = KeyCabinet(tmp_path / "keys")
    cabinet.fill()
    policy = tmp_path / "witness-policy"
    policy.write_text(institutions.policy_text(2, archive="http://127.0.0.1:9"))
    environment = {
        **cabinet.environment(),
        "HUB_DATABASE_URL": database_url,
        "HUB_DATA_DIR": str(tmp_path / "hub"),
        "HUB_WITNESS_POLICY": str(policy),
        "HUB_MAX_UNWITNESSED_AGE": "60",
    }
    clock = FixedClock(SystemClock().now())
    hub = build(settings_from(environment), clock)
    register_everyone(hub, cabinet)
    at = listening_socket("127.0.0.1", 0)
    with served(lambda: application(lambda: hub, Limits()), at) as url:
        until(lambda: httpx.get(f"{url}/log/checkpoint").status_code == 200)
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        clock.advance(61)
        until(lambda: httpx.get(f"{url}/readyz").status_code == 503)
        told = json.loads(httpx.get(f"{url}/readyz").text)
        assert [problem["code"] for problem in told["checks"]["log"]["problems"]] == ["audit.unwitnessed"]
        assert httpx.get(f"{url}/healthz").status_code == 200


@pytest.mark.parametrize(
    ("earlier", "what"),
    [
        (Checkpoint("other.example/log", 3, b"x" * 32), "other.example/log"),
        (Checkpoint(ORIGIN, 9, b"x" * 32), "signed before"),
        (Checkpoint(ORIGIN, 5, b"x" * 32), "other ones"),
        (Checkpoint(ORIGIN, 3, b"x" * 32), "other ones"),
    ],
    ids=["a foreign origin", "a smaller log now", "another root at the same size", "another beginning"],
)
def test_a_checkpoint_kept_from_before_shows_a_second_history(house: House, earlier: Checkpoint, what: str) -> None:
    house.grow(5)
    verified = verify_log(DatabaseReader(house.database, ORIGIN), house.policy, earlier=[earlier])
    (finding,) = verified.findings
    assert finding.step == 7
    assert what in finding.en
