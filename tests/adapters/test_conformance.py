"""Every adapter passes the conformance kit, on files, SQLite, PostgreSQL and a signed interface."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapters.conformance.kit import CHECKS
from adapters.conformance.trial import Trial
from adapters.mapping.load import REGISTRIES
from tests.support.fake_hub import FakeHub
from tests.support.signed_interface import serving_sheets

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def into_postgres(url: str) -> Callable[[Sequence[Table]], str]:
    def write(tables: Sequence[Table]) -> str:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
            for name, headers, rows in tables:
                columns = ", ".join(f'"{header}" text' for header in headers)
                connection.execute(text(f'CREATE TABLE "{name}" ({columns})'))
                marks = ", ".join(f":c{place}" for place in range(len(headers)))
                told = [{f"c{place}": cell or None for place, cell in enumerate(row)} for row in rows]
                connection.execute(text(f'INSERT INTO "{name}" VALUES ({marks})'), told)
        engine.dispose()
        return url

    return write


@pytest.fixture
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Trial:
    databases = {}
    if "every_kind" in request.node.name:
        databases["postgresql"] = into_postgres(request.getfixturevalue("database_url"))
    return Trial(request.param, tmp_path, FakeHub, serving_sheets, databases)


@pytest.mark.parametrize("trial", REGISTRIES, indirect=True)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_adapter_conforms(check: Callable[[Trial], None], trial: Trial) -> None:
    check(trial)
