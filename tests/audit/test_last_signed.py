"""What was signed last survives whatever befalls the file in which it is kept."""

from pathlib import Path

import pytest

from hub.audit.lastsigned import SLOT_BYTES, SignedFile
from hub.errors import Broken, Unavailable
from hub.proof.treehead import Checkpoint

DIGEST_LINE = 65


def of_size(size: int, origin: str = "hub.test/log") -> Checkpoint:
    return Checkpoint(origin, size, bytes([size]) * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "last-signed"


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_power_cut_within_a_write_leaves_what_was_kept_before(path: Path, kept: int) -> None:
    for size in range(1, kept + 1):
        SignedFile(path).swap(of_size(size - 1) if size > 1 else None, of_size(size))
    whole = path.read_bytes()
    SignedFile(path).swap(of_size(kept), of_size(kept + 1))
    after = path.read_bytes()
    assert SignedFile(path).last() == of_size(kept + 1)
    for cut in range(0, SLOT_BYTES, 100):
        begun = (kept % 2) * SLOT_BYTES + cut
        path.write_bytes(after[:begun] + whole[begun:])
        assert SignedFile(path).last() in {of_size(kept), of_size(kept + 1)}, cut


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_what_the_disk_did_not_confirm_is_not_kept(path: Path, kept: int) -> None:
    def failing(_file: int) -> None:
        raise OSError(5, "Input/output error")

    for size in range(1, kept + 1):
        SignedFile(path).swap(of_size(size - 1) if size > 1 else None, of_size(size))
    with pytest.raises(Unavailable, match=r"audit\.last-signed-unkept"):
        SignedFile(path, flush=failing).swap(of_size(kept), of_size(kept + 1))
    assert SignedFile(path).last() == of_size(kept)


def test_nothing_smaller_and_nothing_after_somebody_else_is_kept(path: Path) -> None:
    store = SignedFile(path)
    store.swap(None, of_size(5))
    for old, new in ((None, of_size(6)), (of_size(4), of_size(6)), (of_size(5), of_size(5)), (of_size(5), of_size(4))):
        with pytest.raises(Broken, match=r"audit\.signed-elsewhere"):
            store.swap(old, new)
    assert store.last() == of_size(5)


def test_an_origin_that_fills_the_slot_is_refused(path: Path) -> None:
    room = SLOT_BYTES - 1 - DIGEST_LINE - len(of_size(1, "").text())
    SignedFile(path).swap(None, of_size(1, "x" * room))
    assert SignedFile(path).last() == of_size(1, "x" * room)
    with pytest.raises(Broken, match=r"audit\.origin-too-long"):
        SignedFile(path.with_suffix(".other")).swap(None, of_size(1, "x" * (room + 1)))
