"""Go's own note and tlog packages accept what the log serves, and refuse it changed."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.proof.checkpoint import Checkpoint, sign_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.merkle import consistency_proof, inclusion_proof, leaf_hash, node_hash, range_root
from hub.proof.note import Ed25519Cosigner, NoteSigner
from hub.proof.tiles import encode_entries, tiles_of
from hub.proof.tlogproof import TlogProof
from tests.crosscheck.programs import go_program

SIZE = 700
ENTRIES = [f'{{"n":{n},"salted":"{n * 7919}"}}'.encode() for n in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def subtree(start: int, end: int) -> bytes:
    if end - start == 1:
        return LEAVES[start]
    middle = start + (end - start) // 2
    return node_hash(subtree(start, middle), subtree(middle, end))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program(tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="module")
def log() -> NoteSigner:
    return NoteSigner("hub.example/log", generate_signer())


def checked(program: Path, *words: str, given: Any = None) -> dict[str, Any] | str:
    """What the program found, or what it says is wrong."""
    ran = subprocess.run(  # noqa: S603 - the program built above
        [str(program), *words], input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60
    )
    return json.loads(ran.stdout) if ran.returncode == 0 else ran.stderr


def root(size: int) -> bytes:
    return range_root(subtree, 0, size)


def receipt(log: NoteSigner, index: int, size: int, witness: Ed25519Cosigner | None = None) -> str:
    note = sign_checkpoint(Checkpoint(log.verifier.name, size, root(size)), log)
    if witness:
        note = note.with_signatures([witness.cosign(note.text, 1_790_000_000)])
    return str(TlogProof(index, tuple(inclusion_proof(subtree, index, size)), note))


def spelled(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("index", "size"), [(0, 1), (0, 2), (1, 2), (5, 7), (255, 256), (256, 257), (699, 700), (3, 700)]
)
def test_go_finds_the_entry_where_the_receipt_says(program: Path, log: NoteSigner, index: int, size: int) -> None:
    given = {"log": log.verifier.vkey, "entry": spelled(ENTRIES[index]), "receipt": receipt(log, index, size)}
    assert checked(program, "receipt", given=given) == {"index": index, "size": size, "signed": [log.verifier.name]}


def test_go_counts_the_witness_that_cosigned(program: Path, log: NoteSigner) -> None:
    witness = Ed25519Cosigner("wit.example", generate_signer())
    given = {
        "log": log.verifier.vkey,
        "witnesses": [witness.verifier.vkey],
        "entry": spelled(ENTRIES[5]),
        "receipt": receipt(log, 5, 9, witness),
    }
    found = checked(program, "receipt", given=given)
    assert isinstance(found, dict)
    assert sorted(found["signed"]) == ["hub.example/log", "wit.example"]


def test_go_refuses_another_entry_another_log_and_a_changed_proof(program: Path, log: NoteSigner) -> None:
    good = {"log": log.verifier.vkey, "entry": spelled(ENTRIES[5]), "receipt": receipt(log, 5, 700)}
    other = NoteSigner("hub.example/log", generate_signer())
    assert isinstance(checked(program, "receipt", given={**good, "entry": spelled(ENTRIES[6])}), str)
    assert isinstance(checked(program, "receipt", given={**good, "log": other.verifier.vkey}), str)
    moved = good["receipt"].replace("index 5", "index 4")
    assert isinstance(checked(program, "receipt", given={**good, "receipt": moved}), str)
    smaller = good["receipt"].replace("\n700\n", "\n699\n")
    assert isinstance(checked(program, "receipt", given={**good, "receipt": smaller}), str)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (256, 700), (699, 700), (512, 513)])
def test_go_sees_that_the_log_only_grew(program: Path, log: NoteSigner, old: int, new: int) -> None:
    given = {
        "log": log.verifier.vkey,
        "old": str(sign_checkpoint(Checkpoint(log.verifier.name, old, root(old)), log)),
        "new": str(sign_checkpoint(Checkpoint(log.verifier.name, new, root(new)), log)),
        "proof": [spelled(each) for each in consistency_proof(subtree, old, new)],
    }
    assert checked(program, "growth", given=given) == {"old": old, "new": new}
    forked = str(sign_checkpoint(Checkpoint(log.verifier.name, old, bytes(32)), log))
    assert isinstance(checked(program, "growth", given={**given, "old": forked}), str)


@pytest.fixture
def directory(log: NoteSigner, tmp_path: Path) -> Path:
    for tile in tiles_of(SIZE):
        start = tile.index * 256
        if tile.level is None:
            content = encode_entries(ENTRIES[start : start + tile.width])
        else:
            span = 256**tile.level
            content = b"".join(subtree(n * span, (n + 1) * span) for n in range(start, start + tile.width))
        path = tmp_path / tile.path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "checkpoint").write_text(str(sign_checkpoint(Checkpoint(log.verifier.name, SIZE, root(SIZE)), log)))
    return tmp_path


def test_go_re_derives_the_log_from_its_tiles(program: Path, log: NoteSigner, directory: Path) -> None:
    found = checked(program, "tiles", str(directory), log.verifier.vkey)
    assert found == {"size": SIZE, "signed": [log.verifier.name]}


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/001", "tile/1/000.p/2"])
def test_go_notices_one_flipped_bit_in_a_tile(program: Path, log: NoteSigner, directory: Path, name: str) -> None:
    content = bytearray((directory / name).read_bytes())
    content[40] ^= 1
    (directory / name).write_bytes(content)
    assert isinstance(checked(program, "tiles", str(directory), log.verifier.vkey), str)
