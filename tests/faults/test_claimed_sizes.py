"""A checkpoint that claims a size beyond anything: verification ends soon, wherever the log is read from."""

import hashlib
from pathlib import Path

import httpx
import pytest

from hub.audit.readers import DatabaseReader, DirectoryReader, HttpReader, LogReader
from hub.audit.verify import Verified, verify_log
from hub.proof.checkpoint import Checkpoint, sign_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.merkle import leaf_hash
from hub.proof.note import NoteSigner
from hub.proof.policy import LogPolicy
from hub.proof.tiles import encode_entries
from hub.storage.database import Database

ORIGIN = "log.example"
ENTRIES = [b'{"id":"ent_%d","kind":"case","v":1}' % number for number in range(256)]
SIZES = [10**9, 2**62, 10**19 - 1]


@pytest.fixture
def signer() -> NoteSigner:
    return NoteSigner(ORIGIN, generate_signer())


def files_of(signer: NoteSigner, size: int) -> dict[str, bytes]:
    """One full bundle with its tile, and a checkpoint, truly signed, that claims a log of ``size``."""
    note = sign_checkpoint(Checkpoint(ORIGIN, size, hashlib.sha256(b"any").digest()), signer)
    return {
        "checkpoint": str(note).encode(),
        "tile/entries/000": encode_entries(ENTRIES),
        "tile/0/000": b"".join(map(leaf_hash, ENTRIES)),
    }


def verified(reader: LogReader, signer: NoteSigner) -> Verified:
    return verify_log(reader, LogPolicy((signer.verifier,)))


def must_lack_all_behind(found: Verified, size: int) -> None:
    assert [(each.step, each.index) for each in found.findings if each.step == 2] == [(2, 256)]
    assert f"entries 256 to {size - 1} are not there" in found.findings[0].en
    assert any(each.step == 6 for each in found.findings)


@pytest.mark.parametrize("size", SIZES)
def test_a_folder_of_tiles(tmp_path: Path, signer: NoteSigner, size: int) -> None:
    for name, content in files_of(signer, size).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    must_lack_all_behind(verified(DirectoryReader(tmp_path), signer), size)


def test_a_live_log(signer: NoteSigner) -> None:
    size = SIZES[-1]
    files = files_of(signer, size)

    def answer(request: httpx.Request) -> httpx.Response:
        content = files.get(request.url.path.removeprefix("/log/"))
        return httpx.Response(404) if content is None else httpx.Response(200, content=content)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        must_lack_all_behind(verified(HttpReader("http://hub.example/log", client=client), signer), size)


def test_a_database(database: Database) -> None:
    found = list(DatabaseReader(database, ORIGIN).bundles(2**62))
    assert found == []
