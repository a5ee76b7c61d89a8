"""A database that does not let the hub in: callers learn that it is away, the operator learns why."""

import pytest
from sqlalchemy import URL

from hub.cli.telling import tell_fault
from hub.errors import Unavailable
from hub.storage.database import Database
from hub.storage.embedded import address_of


def test_the_operator_reads_which_database_is_missing(server: URL, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(address_of(server.set(database="no_such_county")))
    with pytest.raises(Unavailable) as refusal, database.reading():
        pass
    tell_fault(refusal.value)
    assert 'database "no_such_county" does not exist' in capsys.readouterr().err
    assert "no_such_county" not in refusal.value.en + refusal.value.zh + str(refusal.value.facts)


def test_the_operator_reads_that_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    database = Database("postgresql://hub@127.0.0.1:1/hub", connect_seconds=2)
    with pytest.raises(Unavailable) as refusal, database.looking():
        pass
    tell_fault(refusal.value)
    assert "127.0.0.1" in capsys.readouterr().err
