"""The log from entry to receipt."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.audit.model import Entry
from hub.audit.readers import DatabaseReader, DirectoryReader, export_tiles
from hub.audit.rules import commit, parse_entry
from hub.audit.service import Log
from hub.audit.store import AuditStore, LogStore, queue_all
from hub.audit.tilestore import DatabaseTiles
from hub.audit.verify import verify_log
from hub.audit.waiting import Slot
from hub.errors import Broken, Conflict, Malformed, Missing, Unavailable
from hub.proof.checkpoint import parse_checkpoint
from hub.proof.merkle import consistency_proof, leaf_hash, verify_consistency
from hub.proof.tiles import Tile, parse_entries
from hub.proof.tlogproof import verify_tlog_proof
from tests.support.log import ORIGIN, House, entry, out_of_chain

FORKED = """
import os
from hub.audit.model import new_entry_id
new_entry_id()
child = os.fork()
if child:
    os.waitpid(child, 0)
print(new_entry_id())
"""


def test_an_entry_is_canonical_and_commits_without_saying() -> None:
    made = Entry("exchange", {"outcome": "released"}, salt=b"s" * 32, entry_id="ent_1")
    assert made.content() == b'{"id":"ent_1","kind":"exchange","outcome":"released","v":1}'
    assert parse_entry(made.content())["outcome"] == "released"
    assert made.commit("sub_1") == commit(b"s" * 32, "sub_1")
    assert made.commit("sub_1") != Entry("exchange", {}).commit("sub_1")


@pytest.mark.parametrize(
    "claims",
    [
        {"name": "王小明"},
        {"number": "110101199001011237"},
        {"phone": "13800138000"},
        {"x": 1.5},
        {"x": b"x"},
        {"id": "x"},
        {"Upper": 1},
        {"x": "a" * 513},
        {"x": "a\nb"},
        {"x": {"y": {"z": {"w": {"v": 1}}}}},
        {"x": [[[[1]]]]},
        {"x": ["a" * 500] * 9},
    ],
)
def test_what_is_no_code_does_not_enter_the_log(claims: dict[str, object]) -> None:
    with pytest.raises(Broken):
        Entry("exchange", claims).content()


def test_an_unknown_kind_does_not_enter_the_log() -> None:
    with pytest.raises(Broken):
        Entry("gossip", {}).content()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c + b" ",
        lambda c: c.replace(b'"v":1', b'"v":2'),
        lambda c: c.replace(b"exchange", b"exchangf"),
        lambda _c: b"[]",
        lambda _c: b"",
        lambda c: c.replace(b'"id"', b'"ID"'),
        lambda c: c.replace(b'"v":1', b'"v":1,"x":"%b"' % (b"x" * 4_096)),
    ],
)
def test_bytes_that_are_no_entry_are_malformed(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Malformed):
        parse_entry(spoil(entry().content()))


def test_a_lone_request_gets_a_receipt_that_verifies_offline(house: House, log: Log) -> None:
    made = entry()
    house.append(made)
    receipt = log.receipt_for(made.entry_id, 10)
    assert receipt.index == 0
    assert verify_tlog_proof(receipt.proof_text, entry=made.content(), policy=house.policy).checkpoint.size == 1


def test_a_crowd_gets_dense_indexes_and_receipts_that_verify(house: House, log: Log) -> None:
    answers = []

    def client(first: int) -> None:
        for number in range(first, first + 10):
            made = entry(number)
            house.append(made)
            answers.append((made, log.receipt_for(made.entry_id, 20)))

    threads = [threading.Thread(target=client, args=(10 * number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.index for _, receipt in answers) == list(range(160))
    for made, receipt in answers:
        verify_tlog_proof(receipt.proof_text, entry=made.content(), policy=house.policy)


def test_a_crowd_of_entries_that_stand_alone_shares_commits_and_each_gets_its_receipt(house: House, log: Log) -> None:
    answers = []

    def client(first: int) -> None:
        for number in range(first, first + 10):
            made = entry(number)
            answers.append((made, log.append(made, 20)))

    threads = [threading.Thread(target=client, args=(10 * number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.index for _, receipt in answers) == list(range(160))
    for made, receipt in answers:
        verify_tlog_proof(receipt.proof_text, entry=made.content(), policy=house.policy)
    assert log.append(made, 10).index == receipt.index, "the same entry again is the same line"


def test_one_thread_brings_many_entries_and_waits_for_none_of_them(house: House, log: Log) -> None:
    brought = [(entry(number), Slot()) for number in range(70)]
    for made, slot in brought:
        log.bring(made, slot)
    with pytest.raises(Broken):
        log.bring(Entry("exchange", {"name": "王小明"}), Slot())
    assert all(slot.wait(20) for _, slot in brought)
    for made, slot in brought:
        assert slot.receipt is not None
        verify_tlog_proof(slot.receipt.proof_text, entry=made.content(), policy=house.policy)
    taken = Slot()
    log.bring(Entry("exchange", {"outcome": "refused"}, entry_id=brought[0][0].entry_id), taken)
    assert taken.wait(20)
    assert isinstance(taken.fault, Conflict)


def test_an_entry_under_a_taken_id_is_refused_and_its_neighbours_are_not(house: House) -> None:
    log, made = house.log(), [entry(number) for number in range(3)]
    house.append(made[0])
    house.sequence()
    house.append(made[1])
    doubled = [Entry("exchange", {"outcome": "refused"}, entry_id=each.entry_id) for each in made]
    assert queue_all(house.database, [doubled[0], made[0], doubled[1], made[1], made[2], doubled[2], made[2]]) == [
        0,
        2,
        5,
    ]
    with pytest.raises(Conflict):
        log.append(doubled[0], 10)
    with pytest.raises(Broken):
        log.append(Entry("exchange", {"name": "王小明"}), 10)
    house.sequence()
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).size == 3


def test_an_entry_brought_while_the_node_stops_is_kept_all_the_same(house: House) -> None:
    log, made = house.log(), entry()
    log.start()
    log.stop()
    with pytest.raises(Unavailable):
        log.append(made, 0)
    house.sequence()
    assert house.log().prove(made.entry_id).index == 0


def test_two_nodes_share_one_log_and_both_answer(house: House, log: Log) -> None:
    other = house.log()
    other.start()
    try:
        for number in range(6):
            made = entry(number)
            house.append(made)
            assert (log, other)[number % 2].receipt_for(made.entry_id, 10).index == number
        assert [log.is_sequencing, other.is_sequencing].count(True) == 1
    finally:
        other.stop()


def test_another_node_takes_over_when_the_sequencer_leaves(house: House) -> None:
    first, second = house.log(), house.log()
    first.start()
    made = entry()
    house.append(made)
    first.receipt_for(made.entry_id, 10)
    second.start()
    first.stop()
    later = entry(1)
    house.append(later)
    assert second.receipt_for(later.entry_id, 10).index == 1
    second.stop()


def test_a_receipt_asked_for_again_later_is_still_there(house: House, log: Log) -> None:
    made = entry()
    house.append(made)
    log.receipt_for(made.entry_id, 10)
    again = log.receipt_for(made.entry_id, 10)
    verify_tlog_proof(again.proof_text, entry=made.content(), policy=house.policy)
    assert log.prove(made.entry_id).index == log.prove(0).index == 0


def test_an_entry_that_was_never_kept_gets_no_receipt(log: Log) -> None:
    with pytest.raises(Unavailable) as refusal:
        log.receipt_for("ent_never", 0.05)
    assert refusal.value.code == "audit.no-receipt-yet"


def test_the_same_entry_twice_is_one_and_another_under_its_id_is_refused(house: House) -> None:
    made = entry()
    house.append(made)
    house.append(made)
    house.sequence()
    house.append(made)
    house.sequence()
    with pytest.raises(Conflict):
        house.append(Entry("exchange", {"outcome": "refused"}, entry_id=made.entry_id))
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).size == 1


def test_fact_and_entry_are_kept_together_or_not_at_all(house: House) -> None:
    def fail_after_append() -> None:
        with house.database.writing() as session:
            AuditStore(session).append(entry())
            raise Conflict("test.fact", "The fact is refused.")

    with pytest.raises(Conflict):
        fail_after_append()
    house.sequence()
    assert parse_checkpoint(house.log().checkpoint())[1].size == 0


def test_tiles_and_entries_are_served_up_to_the_checkpoint_only(house: House) -> None:
    entries = house.grow(300)
    log = house.log()
    assert parse_entries(log.tile("tile/entries/000")) == [each.content() for each in entries[:256]]
    assert log.tile("tile/0/001.p/44") == b"".join(each.leaf() for each in entries[256:])
    assert log.tile("tile/0/001.p/7") == b"".join(each.leaf() for each in entries[256:263])
    assert len(log.tile("tile/1/000.p/1")) == 32
    for path in (
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/x",
        "checkpoint",
    ):
        with pytest.raises(Missing):
            log.tile(path)
    assert log.entry_at(299) == entries[299].content()
    with pytest.raises(Missing):
        log.entry_at(300)


def test_growth_is_proved_between_any_two_sizes(house: House) -> None:
    roots = {}
    for _ in range(4):
        house.grow(150)
        checkpoint = parse_checkpoint(house.log().checkpoint())[1]
        roots[checkpoint.size] = checkpoint.root
    subtree = DatabaseTiles(house.database, ORIGIN).subtree(600)
    for old, size in ((150, 300), (150, 600), (300, 450), (450, 600)):
        proof = consistency_proof(subtree, old, size)
        verify_consistency(old=old, size=size, old_root=roots[old], root=roots[size], proof=proof)


def test_every_receipt_of_a_log_of_several_tiles_verifies(house: House) -> None:
    entries = house.grow(700)
    log = house.log()
    for index in (0, 255, 256, 511, 512, 699):
        verify_tlog_proof(log.prove(index).proof_text, entry=entries[index].content(), policy=house.policy)
    with pytest.raises(Missing):
        log.prove(700)
    with pytest.raises(Missing):
        log.prove("ent_unknown")


def test_a_log_without_a_checkpoint_says_so(house: House) -> None:
    with pytest.raises(Missing):
        house.log().checkpoint()


def test_an_exported_directory_verifies_like_the_live_log(house: House, tmp_path: Path) -> None:
    reader = DatabaseReader(house.database, ORIGIN)
    for _ in range(2):
        house.grow(400)
        export_tiles(reader, tmp_path / "tiles")
    exported = verify_log(DirectoryReader(tmp_path / "tiles"), house.policy)
    live = verify_log(reader, house.policy)
    assert exported.is_sound
    assert live.is_sound, live.lines()
    assert (exported.size, exported.root) == (live.size, live.root) == (800, exported.root)
    assert DirectoryReader(tmp_path / "tiles").tile(Tile(0, 0, 5))[:32] == reader.tile(Tile(0, 0, 5))[:32]


def test_a_subjects_entries_are_counted_and_a_missing_line_shows(house: House) -> None:
    chained = []
    for number in range(5):
        with house.database.writing() as session:
            store = AuditStore(session)
            made = store.chain("sub_1", entry(number))
            store.append(made)
            store.append(store.chain("sub_2", entry(number)))
        chained.append(made)
    house.sequence()
    lines = [(leaf_hash(each.content()), parse_entry(each.content()), each.salt) for each in chained]
    assert [line[1]["n"] for line in lines] == [1, 2, 3, 4, 5]
    assert out_of_chain(lines) == []
    assert out_of_chain(lines[:2] + lines[3:]) == [3, 4]
    assert out_of_chain([lines[0], lines[2], lines[1]]) == [2, 3]


def test_erasing_salts_leaves_a_log_that_verifies_and_says_nothing(house: House) -> None:
    made = entry()
    said = made.with_claims(subject=made.commit("sub_1"))
    house.append(said)
    house.sequence()
    assert b"sub_1" not in said.content()
    assert hashlib.sha256(b"sub_1").hexdigest().encode() not in said.content()
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).is_sound


def test_the_store_gives_no_more_than_the_log_holds(house: House) -> None:
    house.grow(3)
    with house.database.reading() as session:
        store = LogStore(session, ORIGIN)
        assert store.indexes(["ent_unknown"]) == {}
        with pytest.raises(Missing):
            store.hashes(0, 0, 4)


def test_ids_of_one_process_lie_side_by_side_and_those_of_another_elsewhere() -> None:
    here = [entry().entry_id for _ in range(100)]
    assert here == sorted(set(here))
    assert all(each.startswith("ent_") and len(each) == 30 for each in here)
    made = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)  # noqa: S603
    beginnings = {each[:16] for each in (here[0], *made.stdout.split())}
    assert len(beginnings) == 3


def test_a_node_forgets_what_a_restored_database_does_not_hold(house: House) -> None:
    before, log = house.grow(300), house.log()
    assert log.prove(before[299].entry_id).index == 299
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_tile", "log_head", "log_published"):
            connection.exec_driver_sql(f"TRUNCATE {table}")
    (house.folder / "last-signed").unlink()
    after = house.grow(290)
    log._newest.distrust()
    for index in (0, 255, 289):
        verify_tlog_proof(log.prove(index).proof_text, entry=after[index].content(), policy=house.policy)
    with pytest.raises(Missing):
        log.prove(before[7].entry_id)


def test_what_is_stored_but_does_not_give_the_signed_root_is_not_proved(house: House) -> None:
    house.grow(3)
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE log_entry SET leaf = sha256('x') WHERE \"index\" = 1")
    with pytest.raises(Broken) as refusal:
        house.log().prove(0)
    assert refusal.value.code == "audit.tree-damaged"
