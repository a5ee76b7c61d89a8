"""kill -9 at random moments, two nodes: no acknowledged entry is missing, none is doubled, receipts keep coming."""

import random
import time
from pathlib import Path

from hub.audit.readers import DatabaseReader
from hub.audit.store import LogStore
from hub.audit.verify import verify_log
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner
from hub.storage.database import Database
from tests.support.log import ORIGIN, House
from tests.support.log_nodes import Nodes

CYCLES = 6
"""``python -m tests.bench.log --kills 100`` runs a hundred."""


def test_no_acknowledged_entry_is_lost_or_doubled(database: Database, database_url: str, tmp_path: Path) -> None:
    key = generate_signer()
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    house = House(database, tmp_path, NoteSigner(ORIGIN, key))
    nodes = Nodes(database_url, tmp_path)
    chance = random.Random(20260301)  # noqa: S311 - moments, not secrets
    nodes.start()
    nodes.start()
    try:
        nodes.wait_for_more(60)
        for _ in range(CYCLES):
            time.sleep(chance.uniform(0.05, 0.4))
            nodes.kill(0)
            nodes.start()
            nodes.wait_for_more(20)
    finally:
        while nodes.running:
            nodes.kill(0)
    house.sequence()
    acknowledged = nodes.acknowledged()
    assert (
        len({entry_id for _, entry_id in acknowledged})
        == len({index for index, _ in acknowledged})
        == len(acknowledged)
    )
    with database.reading() as session:
        indexes = LogStore(session, ORIGIN).indexes([entry_id for _, entry_id in acknowledged])
    assert indexes == {entry_id: index for index, entry_id in acknowledged}
    verified = verify_log(DatabaseReader(database, ORIGIN), house.policy)
    assert verified.is_sound, verified.lines()
