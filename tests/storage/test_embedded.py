"""Where the embedded PostgreSQL keeps its files: beside what it serves, but never where its own start would break."""

from pathlib import Path

import pytest

from hub.storage import embedded
from hub.storage.embedded import data_directory


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Who is not root, and a temporary folder."""
    monkeypatch.setattr(embedded.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(embedded.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    return tmp_path


def test_it_is_where_it_was_asked_for(somebody: Path) -> None:
    assert data_directory(somebody / "演示" / "postgres") == somebody / "演示" / "postgres"


@pytest.mark.parametrize("name", ["my projects", "it's", "$HOME", "a;b", "[red]", 'a"b', "`x`", "a\nb"])
def test_a_path_that_a_shell_would_read_otherwise_is_never_handed_to_one(somebody: Path, name: str) -> None:
    found = data_directory(somebody / name / "postgres")
    assert found.parent == somebody / "tmp" / "hub-postgres-1000"
    assert found.parent.is_dir()


def test_two_places_never_share_their_files(somebody: Path) -> None:
    assert data_directory(somebody / "a b" / "c") != data_directory(somebody / "a" / "b c")
