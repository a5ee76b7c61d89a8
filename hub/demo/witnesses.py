"""Two witnesses 见证方 of the demo's log; real ones are run by other institutions, on machines of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.api.server import listening_socket, served
from hub.audit.witness import Witness, WitnessStore
from hub.audit.witness_app import witness_app
from hub.demo.parties import LOG_ORIGIN, WITNESSES, KeyCabinet
from hub.kernel.clock import SystemClock
from hub.proof.note import Ed25519Cosigner, NoteVerifier

HOST: Final = "127.0.0.1"
NAMES: Final = dict(zip(("audit-office", "archive"), WITNESSES, strict=True))


@dataclass(frozen=True)
class Witnesses:
    """Where the witnesses are described for the hub, and the keys by which verifiers know them."""

    policy_file: Path
    vkeys: tuple[str, ...]


@contextmanager
def witnesses_of(cabinet: KeyCabinet, place: Path) -> Iterator[Witnesses]:
    """Both witnesses answer inside the block; the policy file tells the hub where, and that it needs both."""
    log = NoteVerifier.of(LOG_ORIGIN, cabinet.signer_of("log").public)
    cosigners = {name: Ed25519Cosigner(name, cabinet.signer_of(name)) for name in NAMES.values()}
    lines = [f"log {log.vkey}"]
    with ExitStack() as up:
        for short, name in NAMES.items():
            witness = Witness([log], [cosigners[name]], WitnessStore(place / short), SystemClock())
            at = listening_socket(HOST, 0)
            url = up.enter_context(served(lambda each=witness: witness_app(each), at))  # type: ignore[misc]
            lines.append(f"witness {short} {cosigners[name].verifier.vkey} {url}")
        lines += [f"group institutions all {' '.join(NAMES)}", "quorum institutions", ""]
        policy_file = place / "witness-policy"
        policy_file.write_text("\n".join(lines), encoding="ascii")
        yield Witnesses(policy_file, tuple(each.verifier.vkey for each in cosigners.values()))
