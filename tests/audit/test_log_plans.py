"""What a batch costs does not grow with the log: PostgreSQL looks for each entry by the index."""

from typing import Any

from hub.audit.store import queue_all
from tests.bench.log.filling import fill
from tests.support.log import House, entry

SIZE = 16_384
FORGET = "DELETE FROM pg_statistic WHERE starelid = 'log_entry'::regclass"
READ_WHOLE = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'log_entry'"


def test_queueing_a_crowd_does_not_read_a_log_that_was_just_restored(house: House) -> None:
    fill(house.database, house.signer, house.signed, SIZE)
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql(FORGET)  # as after pg_restore, until the table is analysed

    def read_whole() -> Any:
        with house.database.looking() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            return cursor.execute(READ_WHOLE).fetchone()

    before = read_whole()
    assert queue_all(house.database, [entry() for _ in range(64)]) == []
    assert read_whole() == before
