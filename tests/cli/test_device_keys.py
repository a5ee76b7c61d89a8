"""Every key in a device 密码机, from the command line: made, registered, rotated, revoked, recovered, while serving."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import psycopg
import pytest

from hub.client.approval import ApprovalClient, Person
from hub.client.channel import Identity
from hub.demo.parties import HUB_ID, KeyCabinet
from hub.errors import HubError
from hub.exchange.bundle import spoken_claims
from hub.exchange.rules import ANSWER_BYTES, ANSWER_TYP
from hub.kernel.clock import SystemClock
from hub.parties.rules import ENDORSEMENT_TYP, key_statement, possession_proof
from hub.proof.jws import verify_jws
from hub.proof.keys import PublicKey
from hub.proof.pkcs11 import Device, open_signer
from tests.cli.conftest import Run
from tests.support.desk import ROSTER
from tests.support.softhsm import MODULE, PIN, softhsm, token

CIVIL, WINDOW, BUREAU = "dept:civil-affairs", "svc:low-income-aid", "auth:data-bureau"
RESIDENT = "urn:hub:evidence:resident:1"
WANTED = [{"type": RESIDENT, "claims": ["name"]}]
COUNTED = "every key counted when it signed"
SERVE = "from hub.cli.main import main; main()"
pytestmark = [softhsm, pytest.mark.timeout(300)]


@dataclass
class County:
    """An operator's shell beside a device: no private key is anywhere else."""

    run: Run
    place: Path
    series: str = field(default_factory=lambda: token_hex(4))

    def at(self, name: str) -> str:
        """Where the key of that name is."""
        return f"pkcs11:token={token()};object={self.series}-{name}"

    def key(self, name: str, alg: str = "Ed25519") -> Path:
        """A new key is in the device; the file of its public part."""
        jwk = self.place / f"{name}.jwk"
        made = self.run("keys", "generate", "--out", self.at(name), "--alg", alg, "--json")
        assert made.code == 0, made.err
        jwk.write_text(made.out)
        return jwk

    def kid(self, name: str) -> str:
        return self.public(self.place / f"{name}.jwk").kid

    def public(self, jwk: Path) -> PublicKey:
        return PublicKey.from_jwk(json.loads(jwk.read_text()))

    def key_for(self, kid: str | None, _iss: str | None) -> PublicKey | None:
        return next((each for each in map(self.public, self.place.glob("*.jwk")) if each.kid == kid), None)

    def signer(self, name: str) -> Any:
        return open_signer(self.at(name), Device(MODULE, PIN))

    def join(self, party: str, kind: str, name: str, *more: str) -> None:
        words = ("--kind", kind, "--name", "X", "--name-zh", "某", "--jwk", self.key(name), *more)
        joined = self.run("parties", "add", party, *words)
        assert joined.code == 0, joined.err

    def key_of_answer(self, bundle: dict[str, Any]) -> str:
        """The id of the key under which the hub signed, once the signature holds."""
        return verify_jws(bundle["answer"], typ=ANSWER_TYP, key_for=self.key_for, max_bytes=ANSWER_BYTES).key.kid

    def push(self, url: str, key: str, text: str = ROSTER) -> int:
        """The exit code of the department's adapter over a roster."""
        roster, names = self.place / "residents.csv", self.place / "records.key"
        roster.write_text(text, encoding="utf-8")
        words = ("--source", roster, "--hub", url, "--key", self.at(key), "--record-key", names)
        return self.run("push", "civil_affairs", *words).code

    def policy(self, *names: str) -> Path:
        """A trust policy with the public keys of those names, each beside its party."""
        jwks: dict[str, list[Any]] = {}
        for party, _, name in (each.partition("=") for each in names):
            jwks.setdefault(party, []).append(json.loads((self.place / f"{name}.jwk").read_text()))
        vkey = self.run("audit", "vkey").out.strip()
        hub = {"id": HUB_ID, "jwks": jwks.pop(HUB_ID), "log_vkey": vkey}
        told = {"version": 1, "hub": hub, "parties": {party: {"jwks": keys} for party, keys in jwks.items()}}
        file = self.place / "policy.json"
        file.write_text(json.dumps(told))
        return file

    def verified(self, bundle: dict[str, Any], policy: Path) -> str:
        """The name of the step at which `hub verify` refuses the bundle; nothing when it holds."""
        file = self.place / "bundle.json"
        file.write_text(json.dumps(bundle, ensure_ascii=False), encoding="utf-8")
        told = self.run("verify", file, "--policy", policy, "--json")
        assert (told.code == 0) == told.json["valid"]
        return next((step["name"] for step in told.json["steps"] if step["ok"] is False), "")


@pytest.fixture
def county(run: Run, installation: KeyCabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> County:
    """The hub's own keys and everybody else's are in the device; the hub is not served yet."""
    made = County(run, tmp_path)
    (tmp_path / "pin").write_text(PIN)
    variables = {"HUB_PKCS11_MODULE": str(MODULE), "HUB_PKCS11_PIN_FILE": str(tmp_path / "pin")}
    variables |= {"HUB_SIGNING_KEY": made.at("hub"), "HUB_LOG_KEY": made.at("log")}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for party in (HUB_ID, "log"):
        installation.path_of(party).unlink()
    with psycopg.connect(os.environ["HUB_DATABASE_URL"]) as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
    assert run("migrate").code == 0
    for name in ("hub", "log"):
        made.key(name)
    made.join(CIVIL, "department", "civil", "--registry", "civil_affairs")
    made.join(WINDOW, "consumer", "window")
    made.join(BUREAU, "authority", "bureau")
    assert run("catalogue", "load").code == 0
    return made


@contextmanager
def serving(place: Path, workers: int = 1) -> Iterator[str]:
    """`hub serve` in processes of its own, as the environment describes it; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--workers", str(workers)]
    url = f"http://127.0.0.1:{port}"
    told = place / "serve.log"
    with told.open("wb") as log, subprocess.Popen(command, env=os.environ, stderr=log) as hub:  # noqa: S603
        try:
            _wait_until_ready(hub, url, told)
            yield url
        finally:
            hub.terminate()


def _wait_until_ready(hub: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 150
    answer = ""
    while time.monotonic() < deadline and hub.poll() is None:
        try:
            ready = httpx.get(f"{url}/readyz")
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if ready.is_success:
            return
        answer = ready.text
    raise AssertionError(f"{answer}\n{log.read_text()[-4_000:]}")


@contextmanager
def window(county: County, url: str, key: str = "window") -> Iterator[ApprovalClient]:
    """The approval service, which verifies with the public keys that were handed round."""
    client = ApprovalClient(url, Identity(WINDOW, county.signer(key), HUB_ID), county.key_for)
    try:
        yield client
    finally:
        client.close()


def asked(client: ApprovalClient, number: str) -> dict[str, Any]:
    """The bundle of an exchange about the one person of the roster."""
    case = client.open_case(number, "low-income-aid", {"applicant": [Person("resident", "11010519491231002X", "张三")]})
    subject = {"pairwise": str(case.pairwise_of("applicant"))}
    return client.bundle(client.ask(case, subject, WANTED, basis="b", officer="o"))


def answer_in(bundle: dict[str, Any]) -> dict[str, Any]:
    return dict(spoken_claims(bundle["answer"]))


def came_of(bundle: dict[str, Any]) -> tuple[str, Any]:
    answer = answer_in(bundle)
    return answer["outcome"], answer["evidence"][0]["reason"]


def fetched_again(client: ApprovalClient, bundle: dict[str, Any]) -> dict[str, Any]:
    return dict(client.channel.call("GET", f"/v1/exchange/{answer_in(bundle)['exchange']}/bundle").json())


def test_an_old_answer_verifies_through_rotation_and_compromise_and_a_later_one_does_not(county: County) -> None:
    with serving(county.place, workers=2) as url, window(county, url) as client:
        assert county.push(url, "civil") == 0
        before = asked(client, "2026-1")
        time.sleep(1.1)
        stolen_at = datetime.now(UTC).replace(microsecond=0)
        time.sleep(1.1)
        assert county.push(url, "civil", ROSTER.replace("某街 1 号", "某街 2 号")) == 0
        after = asked(client, "2026-2")
        policy = county.policy(f"{HUB_ID}=hub", f"{CIVIL}=civil", f"{WINDOW}=window")
        assert [county.verified(each, policy) for each in (before, after)] == ["", ""]

        county.key("civil-2", "ES256")
        overlap = ("--old", county.kid("civil"), "--key", county.at("civil-2"), "--overlap-days", "3")
        assert county.run("keys", "rotate", CIVIL, *overlap).code == 0
        assert county.push(url, "civil") == 0, "the old key counts until the overlap ends"
        since = ("--reason", "key-compromise", "--compromised-since", stolen_at.isoformat())
        assert county.run("keys", "revoke", CIVIL, county.kid("civil"), *since).code == 0
        time.sleep(2.1)
        assert county.push(url, "civil") == 2, "a revoked key is as good as none"
        policy = county.policy(f"{HUB_ID}=hub", f"{CIVIL}=civil", f"{CIVIL}=civil-2", f"{WINDOW}=window")
        again = [fetched_again(client, each) for each in (before, after)]
        assert [county.verified(each, policy) for each in again] == ["", COUNTED]

        assert came_of(asked(client, "2026-3")) == ("refused", "exchange.key-compromised")
        assert county.push(url, "civil-2") == 0
        anew = asked(client, "2026-4")
        assert came_of(anew) == ("released", None)
        assert county.verified(anew, policy) == ""


def test_a_further_a_lost_and_the_hubs_own_key_are_replaced_in_the_device(county: County) -> None:
    with serving(county.place) as url:
        county.key("window-2")
        told = ("--party", WINDOW, "--key", county.at("window-2"), "--hub", url)
        assert county.run("keys", "register", *told, "--endorsed-by", county.at("window-2")).code == 2, (
            "vouches for itself"
        )
        assert county.run("keys", "register", *told, "--endorsed-by", county.at("bureau")).code == 2, "another party"
        assert county.run("keys", "register", *told, "--endorsed-by", county.at("window")).code == 0
        assert county.run("keys", "register", *told, "--endorsed-by", county.at("window")).code == 5, "known already"
        _nobody_registers_a_key_that_is_not_at_hand(county, url)

        lost = ("--key", county.at("bureau"), "--authority", BUREAU, "--hub-id", HUB_ID)
        approved = county.run("keys", "approve", WINDOW, "--jwk", county.key("window-3"), *lost)
        (county.place / "approval").write_text(approved.out)
        recovered = ("--key", county.at("window-3"), "--approval", county.place / "approval")
        assert county.run("keys", "recover", WINDOW, *recovered).code == 0
        time.sleep(2.1)
        assert county.push(url, "civil") == 0
        with window(county, url, "window-3") as client:
            first = asked(client, "2026-1")
        with window(county, url, "window-2") as client, pytest.raises(HubError, match=r"proof\.unknown-key"):
            asked(client, "2026-2")

    county.key("hub-2")
    overlap = ("--old", county.kid("hub"), "--key", county.at("hub-2"), "--overlap-days", "0")
    assert county.run("keys", "rotate", HUB_ID, *overlap).code == 0
    os.environ["HUB_SIGNING_KEY"] = county.at("hub-2")
    with serving(county.place) as url, window(county, url, "window-3") as client:
        second = asked(client, "2026-2")
        again = fetched_again(client, first)
        assert county.run("audit", "verify").code == 0, "checkpoints that the device signed"
    policy = county.policy(f"{HUB_ID}=hub", f"{HUB_ID}=hub-2", f"{CIVIL}=civil", f"{WINDOW}=window-3")
    assert [county.verified(each, policy) for each in (first, again, second)] == ["", "", ""]
    signers = [county.key_of_answer(each) for each in (first, second)]
    assert signers == [county.kid("hub"), county.kid("hub-2")]


def _nobody_registers_a_key_that_is_not_at_hand(county: County, url: str) -> None:
    """The public part alone is not enough, whoever vouches for it."""
    public, other = county.public(county.key("window-9")), county.signer("window")
    now = SystemClock().now()
    forged = possession_proof(other, party=WINDOW, audience=HUB_ID, now=now, jti="forged-proof-1")
    told = {"party": WINDOW, "by": WINDOW, "audience": HUB_ID, "now": now, "jti": "endorsement-1"}
    vouched = key_statement(other, public, typ=ENDORSEMENT_TYP, **told)
    wanted = {"jwk": public.to_jwk(), "proof": forged, "endorsement": vouched}
    assert httpx.post(f"{url}/v1/keys", json=wanted).status_code == 400
    assert public.kid not in {each["kid"] for each in county.run("keys", "list", WINDOW, "--json").json}
