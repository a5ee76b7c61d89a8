"""Each stored byte of a small log is flipped: the verification says what was changed, and where."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.audit import checking
from hub.audit.model import Entry
from hub.audit.readers import DatabaseReader, DirectoryReader, export_tiles
from hub.audit.verify import Verified, verify_log
from hub.errors import Malformed, Missing
from hub.proof.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.merkle import HASH_BYTES, Frontier, complete_root, leaf_hash
from hub.proof.note import NoteSigner
from hub.proof.policy import LogPolicy
from hub.proof.tiles import WIDTH, Tile, encode_entries, parse_entries
from hub.storage.database import Database
from tests.support.log import ORIGIN, House, entry


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def flips(house: House, table: str, column: str, where: str, every: int = 1) -> Iterator[int]:
    """Flips one byte after the other; the byte is back when the next is flipped."""
    is_text = column in {"entry_id", "note"}
    bit = 64 if column == "entry_id" else 1  # which makes no id another one's
    length = f"octet_length({column})"
    change = f"set_byte({column}, :at, get_byte({column}, :at) # {bit})"
    if is_text:
        octets = f"convert_to({column}, 'UTF8')"
        change = f"convert_from(set_byte({octets}, :at, get_byte({octets}, :at) # {bit}), 'UTF8')"
    engine = house.database.engine
    with engine.connect() as connection:
        size = connection.execute(text(f"SELECT {length} FROM {table} WHERE {where}")).scalar_one()
    for at in range(0, size, every):
        for _ in range(2):
            with engine.begin() as connection:
                connection.execute(text(f"UPDATE {table} SET {column} = {change} WHERE {where}"), {"at": at})
            if _ == 0:
                yield at


def folder_of(folder: Path, entries: list[bytes]) -> LogPolicy:
    """A log of those entries as its tiles, whatever a hub would have logged; whose word counts for it."""
    signer = NoteSigner(ORIGIN, generate_signer())
    level, hashes = 0, [leaf_hash(each) for each in entries]
    for start in range(0, len(entries), WIDTH):
        _written(
            folder,
            Tile(None, start // WIDTH, len(entries[start : start + WIDTH])),
            encode_entries(entries[start : start + WIDTH]),
        )
    tree = Frontier()
    for each in hashes:
        tree.append(each)
    while hashes:
        tiles = [b"".join(hashes[start : start + WIDTH]) for start in range(0, len(hashes), WIDTH)]
        for index, tile in enumerate(tiles):
            _written(folder, Tile(level, index, len(tile) // HASH_BYTES), tile)
        level, hashes = level + 1, [complete_root(tile) for tile in tiles if len(tile) == WIDTH * HASH_BYTES]
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), signer)
    (folder / "checkpoint").write_text(str(note))
    return LogPolicy((signer.verifier,))


def _written(folder: Path, tile: Tile, content: bytes) -> None:
    path = folder / tile.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def verified(house: House) -> Verified:
    return verify_log(DatabaseReader(house.database, ORIGIN), house.policy)


@pytest.mark.parametrize("column", ["entry_id", "content", "leaf"])
def test_a_flipped_byte_of_an_entry_is_named_by_its_index(house: House, column: str) -> None:
    house.grow(3)
    for index in (0, 2):
        for at in flips(house, "log_entry", column, f'"index" = {index}'):
            result = verified(house)
            assert index in {finding.index for finding in result.findings}, (column, at, result.lines())
            others = [each for each in result.findings if each.index not in {index, None}]
            assert {each.en for each in others} <= {"an id appears twice"}, (
                "ids lie side by side: a bit makes two alike"
            )
    assert verified(house).is_sound


@pytest.mark.parametrize("column", ["hashes", "root"])
def test_a_flipped_byte_of_a_tile_is_named_by_its_entries(house: House, column: str) -> None:
    house.grow(600)
    width = 32 if column == "hashes" else 0
    for tile in (0, 1):
        for at in flips(house, "log_tile", column, f'level = 0 AND "index" = {tile}', every=1021 if width else 5):
            named = {finding.index for finding in verified(house).findings}
            assert tile * 256 + (at // width if width else 0) in named, (column, at, named)
    assert verified(house).is_sound


def test_a_flipped_byte_of_the_head_is_noticed(house: House) -> None:
    house.grow(5)
    for at in flips(house, "log_head", "frontier", "true"):
        assert not verified(house).is_sound, at
    assert verified(house).is_sound


def test_a_flipped_byte_of_the_checkpoint_is_noticed(house: House) -> None:
    house.grow(3)
    for at in flips(house, "log_published", "note", "true", every=3):
        try:
            is_sound = verified(house).is_sound
        except Malformed:
            is_sound = False
        assert not is_sound, at


CHANGES: dict[str, tuple[str, int]] = {
    "an entry removed from the middle": ('DELETE FROM log_entry WHERE "index" = 1', 1),
    "the last entry removed": ('DELETE FROM log_entry WHERE "index" = 4', 4),
    "two entries changed places": (
        'UPDATE log_entry a SET content = b.content FROM log_entry b WHERE (a."index", b."index") IN ((2, 3), (3, 2))',
        2,
    ),
    "an entry replaced with its leaf": (
        "UPDATE log_entry SET content = '{}'::bytea, leaf = sha256('\\x00'::bytea || '{}'::bytea) WHERE \"index\" = 2",
        2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_removed_moved_or_replaced_is_named(house: House, change: str) -> None:
    house.grow(5)
    statement, index = CHANGES[change]
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    result = verified(house)
    assert index in {finding.index for finding in result.findings}, result.lines()
    assert any(line.startswith("✘") for line in result.lines())


def test_a_flipped_byte_of_an_exported_file_is_named(house: House, tmp_path: Path) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    folder = tmp_path / "tiles"
    export_tiles(reader, folder)
    spoilt: dict[str, Callable[[int], int]] = {
        "tile/0/000": lambda at: at // 32,
        "tile/0/001.p/44": lambda at: 256 + at // 32,
        "tile/1/000.p/1": lambda _at: 0,
    }
    for name, index_of in spoilt.items():
        content = (folder / name).read_bytes()
        for at in range(0, len(content), 97):
            (folder / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            result = verify_log(DirectoryReader(folder), house.policy)
            assert {finding.index for finding in result.findings} == {index_of(at)}, (name, at)
        (folder / name).write_bytes(content)
    assert verify_log(DirectoryReader(folder), house.policy).is_sound


def test_a_flipped_byte_of_an_exported_bundle_is_named_by_its_entry(house: House, tmp_path: Path) -> None:
    house.grow(4)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    path = tmp_path / "tile" / "entries" / "000.p" / "4"
    content = path.read_bytes()
    entries = parse_entries(content)
    owners = [index for index, entry in enumerate(entries) for _ in range(2 + len(entry))]
    for at, index in enumerate(owners):
        path.write_bytes(content[:at] + bytes([content[at] ^ 64]) + content[at + 1 :])
        named = [finding.index for finding in verify_log(DirectoryReader(tmp_path), house.policy).findings]
        assert named, at
        assert named[0] == index, (at, named)
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        first = verify_log(DirectoryReader(tmp_path), house.policy).findings[0]
        assert first.index == owners[cut], cut
    path.write_bytes(content)
    assert verify_log(DirectoryReader(tmp_path), house.policy).is_sound


def test_several_processes_find_what_one_finds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.grow(600)
    early = parse_checkpoint(DatabaseReader(house.database, ORIGIN).checkpoint())[1]
    house.grow(700)
    told: list[int] = []

    def found(processes: int) -> Verified:
        reader = DatabaseReader(house.database, ORIGIN)
        return verify_log(reader, house.policy, earlier=[early], processes=processes, progress=told.append)

    monkeypatch.setattr(checking, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(checking, "BUNDLES_AT_ONCE", 2)
    assert found(2).is_sound
    assert told == [512, 1024, 1300]
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE log_entry SET content = '{}'::bytea WHERE \"index\" IN (3, 1299)")
        connection.exec_driver_sql('DELETE FROM log_entry WHERE "index" = 700')
    assert found(2) == found(1)
    assert {3, 700, 1299} <= {finding.index for finding in found(2).findings}


def test_a_missing_file_is_named(house: House, tmp_path: Path) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path / "tiles")
    (tmp_path / "tiles" / "tile" / "entries" / "000").unlink()
    result = verify_log(DirectoryReader(tmp_path / "tiles"), house.policy)
    assert [(finding.step, finding.index) for finding in result.findings] == [(2, 0)]
    assert "entries 0 to 255" in result.lines()[-1]


def test_entries_behind_the_width_that_a_file_names_are_named(house: House, tmp_path: Path) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    partial = tmp_path / "tile" / "entries" / "001.p" / "44"
    content = partial.read_bytes()
    partial.write_bytes(content + encode_entries([b"hidden"]))
    result = verify_log(DirectoryReader(tmp_path), house.policy)
    assert [(finding.step, finding.index) for finding in result.findings] == [(2, 300)]
    partial.unlink()
    partial.parent.with_suffix("").write_bytes(content + encode_entries([b"of a later checkpoint"]))
    assert verify_log(DirectoryReader(tmp_path), house.policy).is_sound


@pytest.mark.parametrize(
    ("name", "found"),
    [("tile/0/000", (4, 256)), ("tile/0/001.p/44", (4, 300)), ("tile/1/000.p/1", (5, 256))],
)
def test_bytes_behind_the_hashes_of_a_tile_are_named(
    house: House, tmp_path: Path, name: str, found: tuple[int, int]
) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    tile = tmp_path / name
    tile.write_bytes(tile.read_bytes() + b"hidden")
    result = verify_log(DirectoryReader(tmp_path), house.policy)
    assert [(finding.step, finding.index) for finding in result.findings] == [found]


@pytest.mark.parametrize("at", [3, 299, 555])
def test_an_id_that_appears_twice_in_a_log_is_named(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first = [entry(number) for number in range(600)]
    first[at + 3] = Entry("exchange", {"outcome": "refused"}, entry_id=first[2].entry_id)
    policy = folder_of(tmp_path, [each.content() for each in first])
    for processes in (1, 2):
        result = verify_log(DirectoryReader(tmp_path), policy, processes=processes)
        assert [(finding.step, finding.index) for finding in result.findings] == [(3, at + 3)]
        monkeypatch.setattr(checking, "WORTH_PROCESSES", 0)
        monkeypatch.setattr(checking, "MOST_AT_ONCE", 200)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "directory"])
def test_what_is_no_file_is_not_waited_for(house: House, tmp_path: Path, make: Callable[[Path], None]) -> None:
    house.grow(3)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    bundle = tmp_path / "tile" / "entries" / "000.p" / "3"
    bundle.unlink()
    make(bundle)
    result = verify_log(DirectoryReader(tmp_path), house.policy)
    assert [(finding.step, finding.index) for finding in result.findings] == [(2, 0)]
    (tmp_path / "checkpoint").unlink()
    make(tmp_path / "checkpoint")
    with pytest.raises(Missing, match="no-checkpoint"):
        verify_log(DirectoryReader(tmp_path), house.policy)


def test_a_file_beyond_any_size_is_read_no_further_than_a_file_of_a_log_goes(house: House, tmp_path: Path) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    for name, steps in (("tile/entries/000", [2]), ("tile/0/000", [4]), ("tile/1/000.p/1", [5])):
        file = tmp_path / name
        kept = file.read_bytes()
        os.truncate(file, 1 << 34)
        found = [each.step for each in verify_log(DirectoryReader(tmp_path), house.policy).findings][:1]
        assert found == steps, name
        file.write_bytes(kept)
    os.truncate(tmp_path / "checkpoint", 1 << 34)
    with pytest.raises(Malformed):
        verify_log(DirectoryReader(tmp_path), house.policy)


def test_an_upper_tile_that_is_not_there_is_said_to_be_missing_and_not_wrong(house: House, tmp_path: Path) -> None:
    house.grow(300)
    reader = DatabaseReader(house.database, ORIGIN)
    export_tiles(reader, tmp_path)
    (tmp_path / "tile/1/000.p/1").unlink()
    (finding,) = verify_log(DirectoryReader(tmp_path), house.policy).findings
    assert (finding.step, finding.index, finding.en) == (5, 0, "tile/1/000.p/1 is not there")
