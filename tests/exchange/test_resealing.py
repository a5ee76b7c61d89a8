"""The key ring rotates while the hub serves: nothing is lost or stays behind, and every sealed column is known."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, make_url, text

import hub.bootstrap
from hub.audit.rules import parse_entry
from hub.audit.store import append
from hub.bootstrap import build
from hub.errors import Broken
from hub.exchange.service.resealing import SEALED, ResealService
from hub.identity.model import IdentityQuery
from hub.kernel.clock import FixedClock
from hub.proof.sealing import KeyRing
from hub.settings import Settings
from hub.storage.database import Database
from hub.storage.metadata import Row
from hub.storage.resealing import total
from tests.evidence.pushing import HUB
from tests.exchange.conftest import Prepared
from tests.exchange.world import LI, RESIDENT, ZHANG, World

NEW = secrets.token_bytes(32)
PLAIN = {
    "batch": "manifests are the department's own signatures over digests",
    "brought_file.file": "keyed digest",
    "brought_material.file": "keyed digest",
    "brought_chunk.file": "keyed digest",
    "case_file.query_code": "digest of a random code",
    "catalogue_edition.digest": "digest of the catalogue",
    "evidence.digest": "digest of a salted, signed message",
    "evidence.household": "keyed digest",
    "exchange.officer": "keyed digest",
    "exchange.request_digest": "digest of a signed message with a random id",
    "identity_key": "keyed digests",
    "identity_link": "digests of opaque references",
    "identity_mention.keys": "keyed digests",
    "identity_mention.likeness": "keyed digest",
    "key_check.value": "digest under the key that it checks",
    "identity_mention.mention_id": "digest of an opaque reference",
    "identity_review.low_id": "digest of an opaque reference",
    "identity_review.high_id": "digest of an opaque reference",
    "identity_verdict.low_id": "digest of an opaque reference",
    "identity_verdict.high_id": "digest of an opaque reference",
    "log_": "the log holds no personal data",
    "status_list.digest": "digest of a public list",
}
"""Binary columns that are not sealed, each with why it need not be."""


@dataclass(frozen=True)
class Ringed:
    """A hub's database in the middle of a rotation: the settings of a node that has both keys, and of one after it."""

    world: World
    both: Settings
    new: Settings

    @property
    def service(self) -> ResealService:
        hub = self.world.hub
        return ResealService(hub.database, KeyRing("k2", self.both.seal_keys), append, HUB, lambda _seconds: None)


@pytest.fixture
def ringed(world: World, prepared: Callable[[str], Prepared], tmp_path: Path) -> Ringed:
    world.ask((RESIDENT, ["name"]))
    settings = prepared("family").settings
    engine = world.hub.database.engine
    url = make_url(settings.database_url).set(database=engine.url.database).render_as_string(hide_password=False)
    both = replace(
        settings,
        database_url=url,
        data_dir=tmp_path / "data",
        seal_keys={"k2": NEW, **settings.seal_keys},
    )
    return Ringed(world, both, replace(both, seal_keys={"k2": NEW}))


def test_every_binary_column_is_sealed_or_is_known_to_need_no_seal() -> None:
    assert hub.bootstrap.tables
    sealed = {column.name for column in SEALED}
    unknown = [
        name
        for table in Row.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        for name in [f"{table.name}.{column.name}"]
        if name not in sealed and not any(name.startswith(each) for each in PLAIN)
    ]
    assert unknown == []
    columns = {f"{table.name}.{column.name}" for table in Row.metadata.tables.values() for column in table.columns}
    assert sealed <= columns


def test_everything_opens_under_the_new_key_alone_afterwards(ringed: Ringed, clock: FixedClock) -> None:
    assert set(total(ringed.service.counted())) == {"k1"}
    done = sum(portion.resealed for portion in ringed.service.reseal())
    counted = total(ringed.service.counted())
    assert (set(counted), counted["k2"]) == ({"k2"}, done)
    assert done > 10
    after = build(ringed.new, clock)
    try:
        with after.database.reading() as session:
            found = after.identity.subject_for(session, IdentityQuery("resident", ZHANG["number"], ZHANG["name"]))
            assert after.identity.golden(session, found.subject_id)  # type: ignore[union-attr]
            (exchange,) = session.execute(text("SELECT exchange_id FROM exchange")).scalars()
        assert after.exchange.bundle(exchange)["version"] == 2
    finally:
        after.database.close()


def test_the_log_says_that_the_ring_was_rotated(ringed: Ringed) -> None:
    list(ringed.service.reseal())
    with ringed.world.hub.database.reading() as session:
        rows = session.execute(text("SELECT content FROM log_entry UNION ALL SELECT content FROM log_queue")).scalars()
        (entry,) = [told for told in map(parse_entry, map(bytes, rows)) if told.get("event") == "resealed"]
    assert (entry["kind"], entry["key"], entry["left"]) == ("key", "k2", 0)
    assert list(ringed.service.reseal()) == []


def test_a_rotation_cut_off_anywhere_goes_on_where_it_was(ringed: Ringed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.storage.resealing.PORTION", 1)
    whole = total(ringed.service.counted()).total()
    for step in count():
        before = ringed.service.left()
        if not list(islice(ringed.service.reseal(), 3)):
            break
        assert ringed.service.left() == max(0, before - 3), f"after {step} interruptions"
    counted = total(ringed.service.counted())
    assert (counted["k2"], counted.total()) == (whole, whole)


def test_a_portion_that_fails_at_its_commit_leaves_its_rows_as_they_were(
    ringed: Ringed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = total(ringed.service.counted())
    failing = Database(ringed.both.database_url)

    def broken(*_rows: object) -> None:
        raise Broken("test.cut-off", "The machine went dark.", "断电。")

    monkeypatch.setattr("hub.storage.resealing.Portion", broken)
    service = replace(ringed.service, database=failing)
    with pytest.raises(Broken, match=r"test\.cut-off"):
        list(service.reseal())
    monkeypatch.undo()
    failing.close()
    counted = total(ringed.service.counted())
    assert counted.total() == before.total()
    list(ringed.service.reseal())
    assert set(total(ringed.service.counted())) == {"k2"}


def test_batches_and_exchanges_go_on_while_the_ring_rotates(ringed: Ringed, clock: FixedClock) -> None:
    serving = build(replace(ringed.both, pool_size=5), clock)
    world = replace(ringed.world, hub=serving)
    stop, faults = threading.Event(), []

    def work() -> None:
        try:
            for number in count():
                if stop.is_set():
                    return
                zhang = {**ZHANG, "phone": f"138{number:08}"}
                world.push("civil_affairs", "residents", zhang, {**LI, "phone": f"139{number:08}"})
                world.ask((RESIDENT, ["name"]))
        except Exception as fault:  # noqa: BLE001 - told to the test's own thread
            faults.append(fault)

    serving.log.start()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(5):
            list(ringed.service.reseal())
    finally:
        stop.set()
        thread.join()
        serving.close()
    assert faults == []
    list(ringed.service.reseal())
    assert set(total(ringed.service.counted())) == {"k2"}


def test_a_damaged_row_is_told_and_stops_no_other(ringed: Ringed) -> None:
    with ringed.world.hub.database.writing() as session:
        session.execute(
            text("UPDATE exchange SET sealed = set_byte(sealed, length(sealed) - 1, get_byte(sealed, 0) # 255)")
        )
    with pytest.raises(Broken, match=r"exchange\.sealed-rows-damaged") as told:
        list(ringed.service.reseal())
    assert told.value.facts["rows"] == 1
    assert total(ringed.service.counted())["k1"] == 1


def test_a_ring_without_the_old_key_says_which_one_it_needs(ringed: Ringed) -> None:
    service = replace(ringed.service, keyring=KeyRing("k2", {"k2": NEW}))
    with pytest.raises(Broken, match=r"proof\.sealing-key-missing") as told:
        list(service.reseal())
    assert told.value.facts["key"] == "k1"


def test_erased_content_is_under_no_key(ringed: Ringed) -> None:
    with ringed.world.hub.database.writing() as session:
        session.execute(text("UPDATE exchange SET sealed = ''"))
    list(ringed.service.reseal())
    assert set(total(ringed.service.counted())) == {"k2"}
