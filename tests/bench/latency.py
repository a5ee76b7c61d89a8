"""One record against an index of a million: how long it takes to find whose it is, at intake, and how often rightly.

``python -m tests.bench.latency [--residents 1000000] [--folder FOLDER [--blocks N]]``. Records that the index does not
hold are placed one by one, each in a transaction of its own: half of them second records of people whom it knows, held
out with all their dirt, half of people whom it does not. Beside them, in the same run, four look-ups by key and a bare
durable commit. With ``--folder`` the index is kept for another run; ``--blocks`` fills it in pieces.
"""

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg

from hub.identity.model import Mention, Outcome, Placement
from hub.identity.service import IdentityService
from hub.identity.service.parts import kinds_of
from hub.identity.store import Vault
from hub.identity.traits import Context
from hub.kernel.clock import SystemClock, local_date
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database
from hub.storage.statements import cursor_of
from tests.bench.index_fill import BLOCK, KEY, PLACED, address, database, filled, held_out, people, subject_of
from tests.bench.report import Figure, tell
from tests.bench.stage import remove

PROBES: Final = 2_000
MOST_MS: Final = 2.0
ONE_RECORD: Final = "placing one record, p99"
LOOKED_ELSEWHERE_MS: Final = 0.34
"""What four look-ups take at the p99 where the bar was set."""


def main() -> int:
    """Measures and tells; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1_000_000, help="records in the index")
    parser.add_argument("--folder", type=Path, help="keeps the filled index for another run")
    parser.add_argument("--blocks", type=int, help="fill so many blocks and measure nothing")
    chosen = parser.parse_args()
    root = chosen.folder or Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        with database(root) as opened:
            records = filled(opened, chosen.residents, most=chosen.blocks)
            if chosen.blocks:
                print(f"{records:,} records in the index")  # noqa: T201 - the program's answer
                return 0
            figures = [Figure("records in the index", records, "records"), *_measured(opened, records // BLOCK - 1)]
    finally:
        if not chosen.folder:
            remove(root)
    return 0 if tell("latency: one record against the index", figures) else 1


def _service(opened: Database) -> IdentityService:
    return IdentityService(
        database=opened,
        blinder=Blinder(KEY),
        keyring=KeyRing("bench", {"bench": KEY}),
        clock=SystemClock(),
    )


def _measured(opened: Database, block: int) -> list[Figure]:
    """Second records of people whom the index knows, and as many of people whom it does not, placed one by one."""
    with tempfile.TemporaryDirectory() as folder:
        known = _second_records(people(block, BLOCK, Path(folder)))[: PROBES // 2]
        new = people(10_000 + int(time.time()) % 1_000_000, PROBES // 2, Path(folder))
    truth = [pair for pairs in zip(known, new, strict=True) for pair in pairs]
    probes = [_anew(mention, place) for place, (mention, _) in enumerate(truth)]
    with held_out(opened, [mention for mention, _ in known]):
        placed, whole, found = _placed(opened, _service(opened), probes)
        looked, committed = _looked_up(opened, probes)
    return [
        Figure("placing one record, p50", _at(placed, 50), "ms"),
        Figure(ONE_RECORD, _at(placed, 99), "ms", MOST_MS, is_limit=True),
        Figure("placing and its durable commit, p99", _at(whole, 99), "ms"),
        Figure("floor: four look-ups by key, p50", _at(looked, 50), "ms"),
        Figure("floor: four look-ups by key, p99", _at(looked, 99), "ms"),
        Figure("floor: a durable commit of one row, p99", _at(committed, 99), "ms"),
        Figure(
            "placing over four look-ups, p99",
            _at(placed, 99) / _at(looked, 99),
            "times",
            MOST_MS / LOOKED_ELSEWHERE_MS,
            is_limit=True,
            note=f"{MOST_MS:g} ms where the look-ups take {LOOKED_ELSEWHERE_MS}",
            stands_for=ONE_RECORD,
        ),
        *_decided(found, [person for _, person in truth]),
    ]


def _second_records(written: Sequence[tuple[Mention, str]]) -> list[tuple[Mention, str]]:
    """One record of each person who is written down more than once."""
    times = Counter(person for _, person in written)
    return list({person: (mention, person) for mention, person in written if times[person] > 1}.values())


def _anew(mention: Mention, place: int) -> Mention:
    """The same said by a record of another registry."""
    return replace(
        mention, record=f"{PLACED}{place}", registry="funeral", export="funerals", role="deceased", row=place
    )


def _placed(
    opened: Database, service: IdentityService, probes: Sequence[Mention]
) -> tuple[list[float], list[float], list[Placement]]:
    """Milliseconds of placing alone, in a transaction that has begun, and with its commit; and what was found.

    What the bench itself holds is kept from the collector's eyes: a hub does not hold a hundred thousand people.
    """
    placed, whole, found = [], [], []
    gc.collect()
    gc.freeze()
    for mention in probes:
        began = time.perf_counter()
        with opened.writing() as session:
            cursor_of(session).execute("SELECT 1")
            ready = time.perf_counter()
            found += service.place(session, [mention])
            placed.append(1e3 * (time.perf_counter() - ready))
        whole.append(1e3 * (time.perf_counter() - began))
    gc.unfreeze()
    warm = len(probes) // 10
    return placed[warm:], whole[warm:], found


def _decided(found: Sequence[Placement], truth: Sequence[str]) -> list[Figure]:
    """How many second records found their person; and how many records were linked to somebody else."""
    known, wrong = truth[::2], 0
    homes = {person: subject_of(person) for person in known}
    for each, person in zip(found, truth, strict=True):
        home = homes.setdefault(person, each.subject_id or "")
        wrong += each.outcome is Outcome.LINKED and each.subject_id != home
    right = sum(each.subject_id == homes[person] for each, person in zip(found[::2], known, strict=True))
    asked = sum(each.outcome is Outcome.REVIEW for each in found)
    return [
        Figure("second records linked to their person", 100 * right / len(known), "%", 97, note="bar of bulk links"),
        Figure("records linked to somebody else", wrong, "records", 0, is_limit=True),
        Figure("records that wait for a steward", 100 * asked / len(found), "%"),
    ]


def _looked_up(opened: Database, probes: Sequence[Mention]) -> tuple[list[float], list[float]]:
    """Milliseconds of four look-ups, each by one key with the mentions behind it, and of a commit."""
    vault, context = Vault(KeyRing("bench", {"bench": KEY}), Blinder(KEY)), Context(local_date(datetime.now(UTC)))
    kind = kinds_of(None, review_probable=False)["resident"]
    keyed = [
        [vault.key(kind.model.name, key) for key in kind.look_ups(kind.traits(each, context))][:4] for each in probes
    ]
    query = (
        "SELECT m.subject_id FROM identity_key k JOIN identity_mention m USING (mention_id) WHERE k.key = %s LIMIT 9"
    )
    with psycopg.connect(address(opened), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_commit (n int)")
        looks = [_milliseconds(partial(_look_up, connection, query, keys)) for keys in keyed if len(keys) == 4]
        mark = "INSERT INTO bench_commit VALUES (1)"
        commits = [_milliseconds(partial(connection.execute, mark)) for _ in range(300)]
        connection.execute("DROP TABLE bench_commit")
    return looks[len(looks) // 10 :], commits


def _look_up(connection: psycopg.Connection[Any], query: str, keys: Sequence[bytes]) -> None:
    for key in keys:
        connection.execute(query, [key]).fetchall()


def _milliseconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return 1e3 * (time.perf_counter() - began)


def _at(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
