"""What is kept for years carries the witnesses' cosignatures, also when it is fetched at once."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.api.server import listening_socket, served
from hub.audit.witness import Witness, WitnessStore
from hub.audit.witness_app import witness_app
from hub.exchange.searching import Search
from hub.exchange.trust import parse_trust_policy
from hub.exchange.verify import verify_bundle
from hub.exchange.verify_view import verify_view
from hub.identity.model import IdentityQuery
from hub.kernel.clock import FixedClock
from hub.parties.model import PartyKind
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.note import Ed25519Cosigner, NoteVerifier
from hub.proof.tlogproof import parse_tlog_proof, verify_tlog_proof
from tests.exchange.conftest import Prepared
from tests.exchange.world import World

WHO = IdentityQuery("resident", "11010519491231002X", "张三")
RESIDENT = ("urn:hub:evidence:resident:1", ["name"])


@dataclass
class Watched:
    """A county whose log a witness cosigns."""

    world: World
    vkey: str
    witness: ExitStack

    def policy(self) -> dict[str, Any]:
        return {**self.world.policy(), "witnesses": [self.vkey], "quorum": 1}


@pytest.fixture
def watched(
    prepared: Callable[[str], Prepared],
    running: Callable[..., AbstractContextManager[World]],
    clock: FixedClock,
    tmp_path: Path,
) -> Iterator[Watched]:
    settings = prepared("family").settings
    log = NoteVerifier.of(settings.log_origin, FileSigner.from_pem(settings.log_key).public)
    cosigner = Ed25519Cosigner("witness.example", generate_signer())
    witness = Witness([log], [cosigner], WitnessStore(tmp_path / "witness"), clock)
    with ExitStack() as up:
        url = up.enter_context(served(lambda: witness_app(witness), listening_socket("127.0.0.1", 0)))
        policy = tmp_path / "witness-policy"
        vkey = cosigner.verifier.vkey
        policy.write_text(f"log {log.vkey}\nwitness one {vkey} {url}\nquorum one\n", encoding="ascii")
        with running("family", witness_policy=policy, limits=replace(settings.limits, receipt_seconds=2)) as world:
            yield Watched(world, vkey, up)


def test_a_bundle_fetched_at_once_is_cosigned(watched: Watched) -> None:
    for _ in range(3):
        exchanged = watched.world.hub.exchange.exchange(watched.world.request(RESIDENT))
        bundle = watched.world.hub.exchange.bundle(exchanged.exchange_id)
        assert verify_bundle(bundle, watched.policy()).failed is None


def test_a_view_opened_at_once_is_cosigned(watched: Watched) -> None:
    watched.world.join("portal:county", PartyKind.portal)
    watched.world.hub.exchange.exchange(watched.world.request(RESIDENT))
    made = watched.world.hub.views.open(WHO, by="portal:county")
    assert verify_view([json.dumps(made).encode()], watched.policy()).failed is None


def test_an_export_is_handed_out_when_its_entry_is_cosigned(watched: Watched) -> None:
    hub = watched.world.hub
    search = Search(since=hub.clock.now() - timedelta(days=1), until=hub.clock.now() + timedelta(days=1))
    export = hub.search.export(search, "csv", by="aud:county")
    export.file.close()
    receipt = hub.log.prove(export.entry_id, is_witnessed=True).proof_text
    entry = hub.log.entry_at(parse_tlog_proof(receipt).index)
    assert verify_tlog_proof(receipt, entry=entry, policy=parse_trust_policy(watched.policy()).log)


def test_a_bundle_is_handed_out_also_when_the_witnesses_stay_away(watched: Watched) -> None:
    first = watched.world.hub.exchange.exchange(watched.world.request(RESIDENT))
    watched.world.hub.exchange.bundle(first.exchange_id)
    watched.witness.close()
    second = watched.world.hub.exchange.exchange(watched.world.request(RESIDENT))
    bundle = watched.world.hub.exchange.bundle(second.exchange_id)
    assert verify_bundle(bundle, watched.world.policy()).failed is None
    assert verify_bundle(bundle, watched.policy()).failed is not None
