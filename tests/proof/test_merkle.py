import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Malformed, Missing
from hub.proof.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    complete_root,
    consistency_proof,
    inclusion_proof,
    is_subtree,
    leaf_hash,
    range_root,
    subtree_consistency_proof,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
)
from hub.proof.tiles import (
    Tile,
    encode_entries,
    parse_entries,
    parse_tile_path,
    subtree_reader,
    tile_width,
    tiles_of,
)

LEAVES = [leaf_hash(str(number).encode()) for number in range(700)]


def plain(start: int, end: int) -> bytes:
    return complete_root(b"".join(LEAVES[start:end]))


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


class Tiles:
    """Tiles of a tree of the first ``size`` leaves."""

    def __init__(self, size: int) -> None:
        self.size = size

    def hashes(self, level: int, index: int, width: int) -> bytes:
        span = 256**level
        first = index * 256
        if tile_width(level, index, self.size) < width:
            raise Missing("test.tile", "no such tile")
        return b"".join(
            complete_root(b"".join(LEAVES[at * span : (at + 1) * span])) for at in range(first, first + width)
        )


@given(st.integers(0, 300))
def test_the_frontier_has_the_root_of_the_definition(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    assert frontier.root() == by_definition(LEAVES[:size]) == range_root(plain, 0, size)
    assert Frontier.from_bytes(frontier.to_bytes()).root() == frontier.root()


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    for content in (b"", (3).to_bytes(8, "big") + bytes(32), (1).to_bytes(8, "big") + bytes(31)):
        if content:
            with pytest.raises(Malformed):
                Frontier.from_bytes(content)


def test_whole_tiles_join_the_frontier_at_once() -> None:
    one, other = Frontier(), Frontier()
    for leaf in LEAVES[:600]:
        one.append(leaf)
    for start in (0, 256):
        other.append_complete(complete_root(b"".join(LEAVES[start : start + 256])), 256)
    for leaf in LEAVES[512:600]:
        other.append(leaf)
    assert one.root() == other.root()


@settings(max_examples=200)
@given(st.data())
def test_every_inclusion_proof_verifies_and_only_for_its_entry(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(plain, index, size)
    root = range_root(plain, 0, size)
    verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=proof, root=root)
    wrong = data.draw(st.integers(0, size - 1).filter(lambda other: other != index or size == 1))
    if wrong != index:
        with pytest.raises(Malformed):
            verify_inclusion(leaf=LEAVES[wrong], index=index, size=size, proof=proof, root=root)
        with pytest.raises(Malformed):
            verify_inclusion(leaf=LEAVES[index], index=wrong, size=size, proof=proof, root=root)


@settings(max_examples=200)
@given(st.data())
def test_every_consistency_proof_verifies_and_only_for_its_roots(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(plain, old, size)
    roots = {"old_root": range_root(plain, 0, old), "root": range_root(plain, 0, size)}
    verify_consistency(old=old, size=size, proof=proof, **roots)
    with pytest.raises(Malformed):
        verify_consistency(old=old, size=size, proof=proof, **(roots | {"old_root": EMPTY_ROOT}))
    with pytest.raises(Malformed):
        verify_consistency(old=old, size=size, proof=[*proof, EMPTY_ROOT], **roots)


def test_nothing_shows_that_two_sizes_have_one_root() -> None:
    root = range_root(plain, 0, 5)
    for old in (0, 3, 4):
        with pytest.raises(Malformed):
            verify_consistency(old=old, size=5, old_root=root, root=root, proof=[])


@settings(max_examples=200)
@given(st.data())
def test_every_subtree_consistency_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size).filter(lambda end: is_subtree(start, end)))
    verify_subtree_consistency(
        start=start,
        end=end,
        size=size,
        subtree_root=by_definition(LEAVES[start:end]),
        root=by_definition(LEAVES[:size]),
        proof=subtree_consistency_proof(plain, start, end, size),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.data())
def test_tiles_give_the_same_proofs_as_leaves(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    subtree = subtree_reader(Tiles(size), size)
    assert inclusion_proof(subtree, index, size) == inclusion_proof(plain, index, size)
    assert consistency_proof(subtree, index, size) == consistency_proof(plain, index, size)


def test_a_tree_of_70000_is_served_as_the_specification_counts() -> None:
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]
    by_level = {level: [tile.width for tile in tiles if tile.level == level] for level in (0, 1, 2)}
    assert by_level == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert len(tiles) == 277


@given(st.integers(0, 2**40), st.sampled_from([None, 0, 1, 5]), st.integers(1, 256))
def test_a_tile_path_reads_back(index: int, level: int | None, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_tile_path(tile.path()) == tile


def test_the_path_of_the_specification_is_made() -> None:
    assert Tile(0, 1234067, 5).path() == "tile/0/x001/x234/067.p/5"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001/",
        "tile/0/../001",
        "/tile/0/001",
        "tile/entry/001",
        "tile/0/x001",
        "tile/0/001.p/05",
        "",
        "tile/0/" + "x001/" * 20 + "001",
    ],
)
def test_other_paths_name_no_tile(path: str) -> None:
    with pytest.raises(Malformed):
        parse_tile_path(path)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_read_back(entries: list[bytes]) -> None:
    assert parse_entries(encode_entries(entries)) == entries


@given(st.binary(max_size=40))
def test_any_bytes_are_entries_or_malformed(content: bytes) -> None:
    try:
        entries = parse_entries(content)
    except Malformed:
        return
    assert encode_entries(entries) == content


def test_an_entry_beyond_two_bytes_of_length_is_refused() -> None:
    with pytest.raises(Malformed):
        encode_entries([bytes(65_536)])


def test_hashes_are_thirty_two_bytes() -> None:
    assert HASH_BYTES == len(EMPTY_ROOT) == 32


@pytest.mark.parametrize("hashes", [b"", b"".join(LEAVES[:3]), LEAVES[0][:-1]], ids=["none", "three", "a cut one"])
def test_hashes_that_are_no_complete_subtree_have_no_complete_root(hashes: bytes) -> None:
    with pytest.raises(Malformed):
        complete_root(hashes)
