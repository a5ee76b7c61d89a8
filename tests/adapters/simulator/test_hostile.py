import asyncio
import zipfile
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from adapters.simulator.hostile import FILES, TABLES, Expected, HostileSource, people
from adapters.simulator.hostile_interfaces import EVENTS, INTERFACES, HostileInterface, events
from adapters.simulator.marriage import SECRET_PATH, Access

QUICK = [one for one in (*FILES, *TABLES) if one.name != "swollen-workbook"]


def file_of(name: str, directory: Path) -> Path:
    return next(one for one in FILES if one.name == name).write(directory)


def test_every_hostile_source_has_its_own_name() -> None:
    names = [one.name for one in (*FILES, *TABLES)]
    assert len(set(names)) == len(names)
    assert len({one.name for one in INTERFACES}) == len(INTERFACES)


@pytest.mark.parametrize(
    "source", [one for one in (*FILES, *TABLES) if one.name != "swollen-workbook"], ids=lambda s: s.name
)
def test_a_hostile_source_can_be_made_and_says_what_must_come_of_it(source: HostileSource, tmp_path: Path) -> None:
    assert source.write(tmp_path).exists()
    assert source.why
    assert source.usable == 0 or source.expected is not Expected.REFUSED


def test_no_encoding_reads_the_file_that_changes_it_half_way_rightly(tmp_path: Path) -> None:
    content = file_of("encoding-changes", tmp_path).read_bytes()
    wanted = {one["NAME"] for one in people()}
    for encoding in ("utf-8", "gb18030"):
        text = content.decode(encoding, errors="replace")
        assert not all(name in text for name in wanted)


def test_formulas_have_no_stored_value(tmp_path: Path) -> None:
    path = file_of("formulas", tmp_path)
    assert load_workbook(path).worksheets[0]["A4"].value == '="HOSTILE"&"002"'
    assert load_workbook(path, data_only=True).worksheets[0]["A4"].value is None


def test_the_swollen_workbook_is_small_until_it_is_opened(tmp_path: Path) -> None:
    path = file_of("swollen-workbook", tmp_path)
    assert path.stat().st_size < 3_000_000
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("xl/worksheets/sheet1.xml").file_size > 250_000_000


@pytest.mark.parametrize("interface", [one for one in INTERFACES if one.name != "hangs"], ids=lambda i: i.name)
def test_a_hostile_interface_answers_as_it_says(interface: HostileInterface) -> None:
    async def first_page() -> httpx.Response:
        transport = httpx.ASGITransport(interface.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            await client.get(SECRET_PATH)
            return await client.get(Access().path)

    answer = asyncio.run(first_page())
    readable = interface.expected is not Expected.REFUSED
    assert interface.usable in (0, EVENTS, EVENTS - 1)
    assert not readable or answer.json()["code"] == "200"


def test_the_true_events_are_flawless() -> None:
    made = events()
    assert len({one["ID"] for one in made}) == EVENTS
    assert all(one["NAME_MAN"] and one["OP_TYPE"] == "IA" for one in made)
    order = [(one["updated_at"], one["ID"]) for one in made]
    assert order == sorted(order)
