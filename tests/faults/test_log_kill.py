"""kill -9 at random moments, two nodes: no acknowledged entry is missing, none is doubled, receipts keep coming."""

import random
from pathlib import Path

from hub.audit.readers import DatabaseReader
from hub.audit.verify import verify_log
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner
from hub.storage.database import Database
from tests.support.log import ORIGIN, House
from tests.support.log_nodes import Nodes, check_acknowledged

CYCLES = 6
"""``python -m tests.bench.log --only cycles --cycles 100`` runs a hundred."""


def test_no_acknowledged_entry_is_lost_or_doubled(database: Database, database_url: str, tmp_path: Path) -> None:
    key = generate_signer()
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    house = House(database, tmp_path, NoteSigner(ORIGIN, key))
    with Nodes(database_url, tmp_path) as nodes:
        nodes.kill_at_random(CYCLES, random.Random(20260301))  # noqa: S311 - moments, not secrets
        assert check_acknowledged(nodes, database, house.log()) > 0
    verified = verify_log(DatabaseReader(database, ORIGIN), house.policy)
    assert verified.is_sound, verified.lines()
