"""A node with an empty store of its own joins a log that others signed: only where nothing speaks against it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.audit.lastsigned import SignedFile
from hub.audit.parts import LogParts
from hub.audit.readers import DatabaseReader
from hub.audit.service import Log
from hub.audit.store import Election
from hub.audit.verify import verify_log
from hub.audit.witness import Witness, WitnessStore
from hub.audit.witnessing import Collector, Reply
from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.encoding import b64url
from hub.proof.keys import generate_signer
from hub.proof.note import Ed25519Cosigner, NoteSigner
from hub.proof.policy import parse_policy
from hub.storage.database import Database
from tests.support.log import ORIGIN, House, entry


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


class Court:
    """A witness of the log, who may be away."""

    def __init__(self, house: House, folder: Path) -> None:
        self.cosigner = Ed25519Cosigner("court.example", generate_signer())
        self.witness = Witness([house.signer.verifier], [self.cosigner], WitnessStore(folder), house.clock)
        self.house = house
        self.is_away = False

    def post(self, url: str, content: bytes | None) -> Reply:
        if self.is_away:
            return Reply(0, "", "ConnectError")
        path = url.split("/")[3]
        answer = self.witness.checkpoint(path) if content is None else self.witness.add_checkpoint(content)
        return Reply(answer.status, answer.content_type, answer.body)

    def collector(self) -> Collector:
        lines = [f"log {self.house.signer.verifier.vkey}"]
        lines += [f"witness court {self.cosigner.verifier.vkey} http://court/", "quorum court"]
        return Collector(parse_policy("\n".join(lines)), self.house.clock, post=self.post)

    def follow(self) -> None:
        """The witness cosigns the newest checkpoint."""
        log = self.house.log()
        note = log.checkpoint()
        assert self.collector().cosigned(note, log._tiles.subtree(parse_checkpoint(note)[1].size))


@pytest.fixture
def court(house: House, tmp_path: Path) -> Court:
    return Court(house, tmp_path / "court")


def newcomer(house: House, collector: Collector | None = None) -> Log:
    """Another node, with a folder of its own."""
    signed = SignedFile(house.folder / "newcomer" / "last-signed")
    return Log(house.database, LogParts(house.signer, signed, house.clock, collector))


def sequences(log: Log, house: House) -> int:
    made = entry()
    house.append(made)
    log.start()
    try:
        return log.receipt_for(made.entry_id, 10).index
    finally:
        log.stop()


def test_a_new_node_says_what_to_do_and_joins_with_the_witnesses_consent(house: House, court: Court) -> None:
    house.grow(5)
    court.follow()
    house.grow(5)
    log = newcomer(house, court.collector())
    with pytest.raises(Broken, match="hub audit adopt"):
        sequences(log, house)
    assert log.adopt().size == 10
    assert sequences(log, house) == 11
    with pytest.raises(Conflict):
        log.adopt()


def test_the_first_node_of_a_log_has_nothing_to_take_over(house: House) -> None:
    with pytest.raises(Missing):
        newcomer(house).adopt(is_alone=True)


def test_silent_witnesses_or_none_are_no_consent(house: House, court: Court) -> None:
    house.grow(5)
    court.is_away = True
    for collector in (court.collector(), None):
        with pytest.raises(Refused) as refusal:
            newcomer(house, collector).adopt()
        assert refusal.value.code == "audit.witnesses-silent"
    assert newcomer(house).adopt(is_alone=True).size == 5


def truncated(house: House, size: int) -> None:
    """The database holds the log as it was at ``size`` entries; everything is from the same old backup."""
    note = house.log().checkpoint()
    house.grow(4)
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_tile", "log_head", "log_published"):
            connection.execute(text(f"TRUNCATE {table}"))
    (house.folder / "last-signed").unlink()
    house.grow(size)
    assert parse_checkpoint(note)[1].size == size


def test_a_witness_that_knows_another_history_forbids_it(house: House, court: Court) -> None:
    house.grow(5)
    court.follow()
    truncated(house, 5)
    log = newcomer(house, court.collector())
    with pytest.raises(Broken) as refusal:
        log.adopt(is_alone=True)
    assert refusal.value.code == "audit.behind-witness"
    assert "Restore a backup" in refusal.value.en


@pytest.mark.parametrize(
    "brought",
    [Checkpoint(ORIGIN, 9, b"x" * 32), Checkpoint(ORIGIN, 4, b"x" * 32), Checkpoint("other.example/log", 5, b"x" * 32)],
    ids=["larger", "another history", "another log"],
)
def test_a_checkpoint_kept_elsewhere_that_the_database_does_not_continue_forbids_it(
    house: House, brought: Checkpoint
) -> None:
    house.grow(5)
    with pytest.raises(Broken):
        newcomer(house).adopt([brought], is_alone=True)


def test_the_largest_checkpoint_that_anybody_knows_is_taken_over(house: House, court: Court) -> None:
    house.grow(5)
    before = house.log().checkpoint()
    house.grow(5)
    court.follow()
    with house.database.engine.begin() as connection:
        connection.execute(text("UPDATE log_published SET size = 5, note = :note"), {"note": before})
    assert newcomer(house, court.collector()).adopt().size == 10


def test_a_published_checkpoint_that_this_log_did_not_sign_is_not_taken_over(house: House) -> None:
    house.grow(5)
    with house.database.engine.begin() as connection:
        connection.execute(text("UPDATE log_published SET note = replace(note, E'\\n5\\n', E'\\n4\\n')"))
    with pytest.raises((Malformed, HubError)):
        newcomer(house).adopt(is_alone=True)
    assert newcomer(house)._parts.signed.last() is None


def codes(log: Log) -> list[str]:
    return [problem.code for problem in log.problems()]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "not within twenty seconds"
        time.sleep(0.05)


def test_a_node_that_has_not_joined_is_not_ready_and_keeps_nobody_from_sequencing(house: House) -> None:
    first, new = house.log(), newcomer(house)
    first.start()
    made = entry()
    house.append(made)
    first.receipt_for(made.entry_id, 10)
    new.start()
    try:
        until(lambda: codes(new) == ["audit.last-signed-missing"])
        assert codes(first) == []
        first.stop()
        until(lambda: new.fault is not None)
        first.start()
        later = entry(1)
        house.append(later)
        assert first.receipt_for(later.entry_id, 20).index == 1
    finally:
        new.stop()
        first.stop()


def test_a_node_that_only_follows_refuses_yesterdays_database_too(house: House, tmp_path: Path) -> None:
    first = house.log()
    follower = Log(house.database, LogParts(house.signer, SignedFile(tmp_path / "follower"), house.clock))
    house.grow(3)
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_head", "log_published"):
            connection.execute(text(f"CREATE TABLE backup_{table} AS TABLE {table}"))
    follower.adopt(is_alone=True)
    first.start()
    follower.start()
    try:
        made = entry()
        house.append(made)
        first.receipt_for(made.entry_id, 10)
        until(lambda: (SignedFile(tmp_path / "follower").last() or Checkpoint(ORIGIN, 0, b"")).size == 4)
    finally:
        first.stop()
        follower.stop()
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_head", "log_published"):
            connection.execute(text(f"TRUNCATE {table}"))
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM backup_{table}"))
    with pytest.raises(Broken) as refusal:
        sequences(follower, house)
    assert refusal.value.code == "audit.behind-last-signed"


def reopened(house: House) -> tuple[Log, House]:
    """A node under a new name and key, with a folder of its own; and the house that lives there."""
    new = House(house.database, house.folder / "new", NoteSigner("hub.example/log-2", generate_signer()), house.clock)
    return new.log(), new


def test_what_is_left_of_a_log_that_cannot_go_on_is_the_beginning_of_a_new_one(house: House) -> None:
    house.grow(300)
    kept = house.grow(3)[0]
    ends = parse_checkpoint(house.log().checkpoint())[1]
    log, new = reopened(house)
    with house.database.writing() as session:
        made = log.reopen(session)
    assert (made.after, made.size) == (ORIGIN, 303)
    assert sequences(log, new) == 304
    verified = verify_log(DatabaseReader(house.database, new.signer.verifier.name), new.policy)
    assert (verified.findings, verified.size) == ((), 305)
    assert log.prove(kept.entry_id).index == 300
    opening = json.loads(log.entry_at(303))
    assert opening["kind"] == "log"
    assert (opening["after"], opening["size"], opening["root"]) == (ORIGIN, 303, b64url(ends.root))


def test_a_log_is_reopened_once_by_nobody_at_work_on_it_and_beside_no_folder_that_signed(house: House) -> None:
    house.grow(3)
    running = house.log()
    sequences(running, house)
    election = Election(house.database, ORIGIN)
    ends = time.monotonic() + 10
    while not election.stand():  # the server frees the lock of a connection once it sees it end
        assert time.monotonic() < ends
        time.sleep(0.01)
    log, new = reopened(house)
    said = []
    for each in (log, running, log):
        with pytest.raises((Conflict, Missing)) as refusal, house.database.writing() as session:
            each.reopen(session)
        said.append(refusal.value.code)
        if each is running:
            election.leave()
            with house.database.writing() as session:
                log.reopen(session)
    assert said == ["audit.log-in-use", "audit.reopened-beside", "audit.nothing-to-reopen"]
    assert sequences(log, new) > 3
