"""Several sequencers, restored backups, lost files: the log stays one log or stops with a reason."""

import errno
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.audit.lastsigned import SignedFile
from hub.audit.parts import LogParts
from hub.audit.readers import DatabaseReader
from hub.audit.sequencer import Sequencer
from hub.audit.service import Log
from hub.audit.store import QUEUE_CHANNEL, Bell, Election, election, ring
from hub.audit.verify import verify_log
from hub.errors import Broken, HubError, Unavailable
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner
from hub.storage.database import Database
from tests.support.log import ORIGIN, House, entry

TABLES = ("log_queue", "log_entry", "log_tile", "log_head", "log_published", "log_subject_chain")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@pytest.mark.parametrize("is_shared", [True, False], ids=["one file of signed checkpoints", "a file each"])
def test_two_sequencers_at_once_make_one_log(house: House, tmp_path: Path, *, is_shared: bool) -> None:
    total, done = 300, threading.Event()

    def sequence(number: int) -> None:
        signed = house.signed if is_shared else SignedFile(tmp_path / f"signed-{number}")
        sequencer = Sequencer(house.database, house.signer, signed=signed, clock=house.clock, max_batch=7)
        while True:
            try:
                if sequencer.turn() is None and done.is_set():
                    return
            except Broken as fault:
                assert fault.code in {"audit.signed-elsewhere", "audit.last-signed-missing"}  # noqa: PT017
                if fault.code == "audit.last-signed-missing":
                    checkpoint = parse_checkpoint(house.log().checkpoint())[1]
                    with suppress(Broken):  # the other one has signed meanwhile
                        signed.swap(None, checkpoint)

    nodes = [threading.Thread(target=sequence, args=(number,)) for number in range(2)]
    for node in nodes:
        node.start()
    for number in range(total):
        house.append(entry(number))
    done.set()
    for node in nodes:
        node.join()
    verified = verify_log(DatabaseReader(house.database, ORIGIN), house.policy)
    assert verified.is_sound, verified.lines()
    assert verified.size == total


def back_up(house: House) -> None:
    with house.database.engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"CREATE TABLE backup_{table} AS TABLE {table}"))


def restore(house: House) -> None:
    with house.database.engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"TRUNCATE {table}"))
            connection.execute(text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM backup_{table}"))


def code_of_turn(house: House) -> str:
    with pytest.raises(HubError) as refusal:
        house.sequencer().turn()
    return refusal.value.code


def test_yesterdays_database_is_not_signed_for(house: House) -> None:
    house.grow(10)
    back_up(house)
    house.grow(10)
    restore(house)
    assert code_of_turn(house) == "audit.behind-last-signed"
    house.append(*[entry(number) for number in range(5)])
    assert code_of_turn(house) == "audit.behind-last-signed"
    log = house.log()
    log.start()
    try:
        made = entry()
        house.append(made)
        with pytest.raises(Broken):
            log.receipt_for(made.entry_id, 10)
        log._next_follow = 0
        log._follow()
        assert [problem.code for problem in log.problems()] == ["audit.behind-last-signed"], "met twice, told once"
    finally:
        log.stop()


def test_a_restored_database_that_outgrew_what_was_signed_is_a_fork(house: House) -> None:
    house.grow(10)
    back_up(house)
    house.grow(10)
    signed = house.signed.last()
    restore(house)
    other = Sequencer(house.database, house.signer, signed=_Followed(house), clock=house.clock)
    house.append(*[entry(number) for number in range(20)])
    other.turn()
    assert house.signed.last() == signed
    assert code_of_turn(house) == "audit.fork"


class _Followed:
    """A node that forgot all it signed."""

    def __init__(self, house: House) -> None:
        self._kept: Checkpoint | None = parse_checkpoint(house.log().checkpoint())[1]

    def last(self) -> Checkpoint | None:
        return self._kept

    def swap(self, _old: Checkpoint | None, new: Checkpoint) -> None:
        self._kept = new


def test_the_right_backup_goes_on_where_it_was(house: House) -> None:
    house.grow(10)
    back_up(house)
    restore(house)
    house.grow(3)
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).size == 13


def test_a_lost_or_damaged_or_foreign_store_of_signed_checkpoints_stops_the_log(house: House) -> None:
    house.grow(3)
    house.grow(3)
    file = house.folder / "last-signed"
    content = file.read_bytes()
    file.unlink()
    assert code_of_turn(house) == "audit.last-signed-missing"
    file.write_bytes(b"x" * len(content))
    assert code_of_turn(house) == "audit.last-signed-damaged"
    file.write_bytes(content)
    other = NoteSigner("other.example/log", generate_signer())
    with pytest.raises(Broken) as refusal:
        Sequencer(house.database, other, signed=house.signed, clock=house.clock).turn()
    assert refusal.value.code == "audit.foreign-last-signed"
    assert house.sequencer().turn() is None


def test_a_torn_write_of_the_signed_checkpoint_leaves_the_one_before(tmp_path: Path) -> None:
    file = SignedFile(tmp_path / "signed")
    first, second = (Checkpoint(ORIGIN, size, bytes([size]) * 32) for size in (1, 2))
    file.swap(None, first)
    file.swap(first, second)
    content = (tmp_path / "signed").read_bytes()
    for at in range(1024, 2048, 7):
        (tmp_path / "signed").write_bytes(content[:at] + b"\0" + content[at + 1 :])
        assert file.last() in (first, second)
        (tmp_path / "signed").write_bytes(content[:at])
        assert file.last() == (first if at < 1024 + 65 + len(second.text()) - 1 else second)
    (tmp_path / "signed").write_bytes(content)
    for wrong in (None, first):
        with pytest.raises(Broken):
            file.swap(wrong, Checkpoint(ORIGIN, 3, b"3" * 32))
    with pytest.raises(Broken):
        file.swap(second, Checkpoint(ORIGIN, 2, b"3" * 32))


def test_a_queued_entry_that_was_altered_stops_the_log_by_its_index(house: House) -> None:
    house.grow(2)
    house.append(entry(1), entry(2))
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE log_queue SET content = set_byte(content, 3, 0) "
                "WHERE queue_id = (SELECT max(queue_id) FROM log_queue)"
            )
        )
    with pytest.raises(Broken) as refusal:
        house.sequencer().turn()
    assert refusal.value.code == "audit.entry-damaged"
    assert refusal.value.facts["index"] == 3
    assert parse_checkpoint(house.log().checkpoint())[1].size == 2


def test_a_node_that_hangs_loses_the_lock_and_the_head_and_signs_nothing_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(election, "SILENCE_SECONDS", 1)
    made = house.append(entry(1), entry(2))
    holder, other = (Election(house.database, ORIGIN) for _ in range(2))
    assert holder.stand()
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(name: str) -> None:
        if name == "head moved":
            hangs.set()
            goes_on.wait(30)

    faults: list[HubError] = []

    def sequence() -> None:
        try:
            house.sequencer(hang).turn()
        except HubError as fault:
            faults.append(fault)

    node = threading.Thread(target=sequence)
    node.start()
    assert hangs.wait(30)
    end = time.monotonic() + 20
    while not other.stand() and time.monotonic() < end:
        time.sleep(0.1)
    assert other.is_won
    turn = house.sequencer().turn()
    assert turn is not None
    assert turn.entry_ids == tuple(made)
    goes_on.set()
    node.join()
    assert [fault.code for fault in faults] == ["storage.database-away"]
    with pytest.raises(Unavailable):
        holder.stand()
    assert not holder.is_won
    other.leave()
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).is_sound


def test_a_full_disk_under_the_last_signed_checkpoint_stops_one_node_and_another_goes_on(
    house: House, tmp_path: Path
) -> None:
    is_full = True

    def flush(handle: int) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(handle)

    full = Log(house.database, LogParts(house.signer, SignedFile(tmp_path / "a", flush=flush), house.clock))
    full.start()
    (early,) = house.append(entry(1))
    with pytest.raises(Unavailable, match=r"audit\.no-receipt-yet"):
        full.receipt_for(early, 1.5)
    assert "audit.last-signed-unkept" in {fault.code for fault in full.problems()}
    is_full = False
    assert full.receipt_for(early, 20).index == 0
    is_full = True
    sound = Log(house.database, LogParts(house.signer, SignedFile(tmp_path / "a"), house.clock))
    sound.start()
    (late,) = house.append(entry(2))
    assert full.receipt_for(late, 20).index == 1
    assert sound.is_sequencing
    full.stop()
    sound.stop()
    assert verify_log(DatabaseReader(house.database, ORIGIN), house.policy).is_sound


def test_a_connection_that_was_cut_in_the_pool_is_replaced_before_it_is_a_bell(house: House) -> None:
    with house.database.engine.connect() as pooled:
        pid = pooled.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = Database(house.database.engine.url.render_as_string(hide_password=False))
    with other.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    bell = Bell(house.database, QUEUE_CHANNEL)
    ring(other, QUEUE_CHANNEL)
    assert list(bell.heard(10)) == [QUEUE_CHANNEL]
    bell.close()
    other.close()


def test_the_database_away_for_a_while_costs_no_entry(house: House, database_url: str) -> None:
    database = Database(database_url)
    log = Log(database, LogParts(house.signer, house.signed, house.clock))
    log.start()
    try:
        made = [entry(number) for number in range(3)]
        house.append(made[0])
        log.receipt_for(made[0].entry_id, 10)
        with house.database.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        house.database.engine.dispose()
        house.append(made[1])
        assert log.receipt_for(made[1].entry_id, 20).index == 1
        house.append(made[2])
        assert log.receipt_for(made[2].entry_id, 20).index == 2
    finally:
        log.stop()
        database.close()
