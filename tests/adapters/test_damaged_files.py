"""Files that are damaged or not what their name says: named, with what to do, and their records not taken for gone."""

import os
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from hub.errors import HubError, Malformed, Refused
from tests.support.adapter_runs import by_name, hub_for, lines, run, workbook

ROSTER = ["姓名", "证件号码", "出生日期", "户籍地址"]
ZHANG = ["张伟", "330199196605140016", "1966-05-14", "桃源村1号"]
LI = ["李娜", "33019919580312002X", "1958-03-12", "桃源村2号"]
WANG = ["王芳", "330199199106210028", "1991-06-21", "桃源村3号"]


def names(hub: object) -> set[str]:
    return set(by_name(hub.claims("civil_affairs", "residents")))  # type: ignore[attr-defined]


def refusal_of(source: Path) -> HubError:
    """Why a run over the source ends, after one that brought Zhang; his record stands all the same."""
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", lines(source.parent / "before.csv", [ROSTER, ZHANG]))
    with pytest.raises(HubError) as refused:
        run(hub, "civil_affairs", source)
    assert names(hub) >= {"张伟"}
    assert refused.value.zh
    return refused.value


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The workbook with its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sheet_of(path: Path, change: Callable[[bytes], bytes]) -> Path:
    many = [[f"{LI[0]}{place}", *LI[1:]] for place in range(300)]
    made = workbook(path, [ROSTER, *many])
    return rewritten(made, lambda name, content: change(content) if name.endswith("sheet1.xml") else content)


def test_a_sheet_that_breaks_off_is_named_with_the_last_row_that_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cut = sheet_of(tmp_path / "in" / "r.xlsx", lambda content: content[: len(content) // 2])
    told = refusal_of(cut.parent)
    assert told.code == "adapters.workbook-damaged"
    assert "r.xlsx#Sheet1" in str(told)
    assert 0 < told.facts["row"] < 300


def test_a_sheet_with_a_changed_byte_is_told_and_not_read_as_something_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = sheet_of(tmp_path / "in" / "r.xlsx", lambda content: content)
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    content[member.header_offset + 60 + member.compress_size // 2] ^= 0xFF
    path.write_bytes(content)
    assert refusal_of(path.parent).code == "adapters.workbook-damaged"


@pytest.mark.parametrize(
    "bent", [{6: 255}, {9: 8, 46: 255}], ids=["a version yet to come", "a name that is not in its encoding"]
)
def test_a_workbook_with_a_damaged_directory_is_named(tmp_path: Path, bent: dict[int, int]) -> None:
    (tmp_path / "in").mkdir()
    path = workbook(tmp_path / "in" / "r.xlsx", [ROSTER, LI])
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    for at, byte in bent.items():
        content[directory + at] = byte
    path.write_bytes(content)
    told = refusal_of(path.parent)
    assert (told.code, "r.xlsx" in told.en) == ("adapters.workbook", True)


@pytest.mark.parametrize("number", [b"2", b"1", b"0", b"-5", b"1048577", b"999999999999"])
def test_a_row_whose_number_does_not_rise_or_leaps_beyond_the_sheet_is_told_and_not_lost(
    tmp_path: Path, number: bytes
) -> None:
    (tmp_path / "in").mkdir()
    bent = sheet_of(tmp_path / "in" / "r.xlsx", lambda sheet: sheet.replace(b'<row r="3"', b'<row r="%b"' % number))
    told = refusal_of(bent.parent)
    assert (told.code, told.facts["row"]) == ("adapters.workbook-damaged", 2)


def test_rows_that_a_sheet_leaves_out_are_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    made = workbook(tmp_path / "in" / "r.xlsx", [ROSTER, ZHANG, LI])
    far = b"50000"
    rewritten(
        made,
        lambda name, content: (
            content.replace(b'<row r="3"', b'<row r="%b"' % far) if name.endswith("sheet1.xml") else content
        ),
    )
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", made.parent)
    assert names(hub) == {"张伟", "李娜"}


def test_entities_that_multiply_are_not_unfolded(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    steps = "".join(f'<!ENTITY {new} "' + 10 * f"&{old};" + '">' for old, new in pairwise("abcdefghijklm"))
    bomb = f'<!DOCTYPE x [<!ENTITY a "lol">{steps}]>'.encode()
    cell = b'<c r="Z1" t="inlineStr"><is><t>&m;</t></is></c></row>'
    path = sheet_of(
        tmp_path / "in" / "r.xlsx",
        lambda content: bomb + content[content.index(b"<worksheet") :].replace(b"</row>", cell, 1),
    )
    assert refusal_of(path.parent).code == "adapters.workbook-damaged"


def test_a_cell_that_points_at_a_text_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shared = b'<c t="s"><v>99999</v></c></row>'
    path = sheet_of(tmp_path / "in" / "r.xlsx", lambda content: content.replace(b"</row>", shared, 9))
    assert refusal_of(path.parent).code == "adapters.workbook-damaged"


def test_a_workbook_whose_sheets_nobody_sees_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    plain, strict = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    rewritten(workbook(tmp_path / "in" / "r.xlsx", [ROSTER, LI]), lambda _, content: content.replace(plain, strict))
    told = refusal_of(tmp_path / "in")
    assert (told.code, "Strict" in told.en) == ("adapters.workbook", True)


def test_a_link_to_nothing_ends_the_run_and_one_to_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    lines(tmp_path / "in" / "r.csv", [ROSTER, ZHANG])
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    report = run(hub_for("civil_affairs"), "civil_affairs", tmp_path / "in")
    assert [one["name"] for one in report.ignored] == ["more"]
    (tmp_path / "in" / "gone.csv").symlink_to("nowhere.csv")
    told = refusal_of(tmp_path / "in")
    assert (type(told), told.code) == (Refused, "adapters.file-unreadable")


def test_a_pipe_in_a_folder_is_named_and_as_a_source_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    lines(tmp_path / "in" / "r.csv", [ROSTER, ZHANG])
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path / "in")
    assert names(hub) == {"张伟"}
    assert [one["name"] for one in report.ignored] == ["pipe.csv"]
    assert refusal_of(tmp_path / "in" / "pipe.csv").code == "adapters.source-kind"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\r\n\r\n", b"  \n"])
def test_a_file_of_blanks_ends_a_snapshot_run_like_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").mkdir()
    lines(tmp_path / "in" / "r.csv", [ROSTER, ZHANG])
    (tmp_path / "in" / "s.csv").write_bytes(content)
    told = refusal_of(tmp_path / "in")
    assert (type(told), told.code) == (Malformed, "adapters.file-empty")


def test_a_workbook_without_a_filled_cell_ends_a_snapshot_run(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    lines(tmp_path / "in" / "r.csv", [ROSTER, ZHANG])
    workbook(tmp_path / "in" / "s.xlsx", [])
    assert refusal_of(tmp_path / "in").code == "adapters.file-empty"


def test_bytes_in_no_encoding_are_named_and_not_said_to_be_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "r.csv").write_bytes(bytes(range(128, 256)) * 40)
    told = refusal_of(tmp_path / "in")
    assert told.code == "adapters.nothing-recognised"
    assert "r.csv" in str(told.facts["found"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(tmp_path: Path, encoding: str) -> None:
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", lines(tmp_path / "r.csv", [ROSTER, ZHANG, LI], encoding))
    assert names(hub) == {"张伟", "李娜"}


def test_half_a_character_in_utf_16_costs_its_row_only(tmp_path: Path) -> None:
    rows = [ROSTER, ZHANG, LI, WANG]
    text = "".join(",".join(row) + "\r\n" for row in rows)
    content = text.encode("utf-16").replace("娜".encode("utf-16-le"), b"\x00\xd8")
    (tmp_path / "r.csv").write_bytes(content)
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "王芳"}
    assert report.reasons == {"row.broken-text": 1}
    [told] = report.exports[0].unusable_rows
    assert (told["row"], told["column"]) == (2, "姓名")
    assert "UTF-16" in told["en"]


def test_a_file_in_utf_16_that_ends_behind_a_character_with_the_byte_of_a_line_end_was_cut(tmp_path: Path) -> None:
    whole = "".join(",".join(row) + "\r\n" for row in (ROSTER, ZHANG, LI))
    (tmp_path / "in").mkdir()
    for content in (f"{whole}王上".encode("utf-16"), f"{whole}王芳".encode("utf-16") + b"\x0a"):  # 上 is 0A 4E
        (tmp_path / "in" / "r.csv").write_bytes(content)
        assert refusal_of(tmp_path / "in").code == "adapters.file-cut"


def test_an_endless_line_is_said_to_be_one(tmp_path: Path) -> None:
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", lines(tmp_path / "r.csv", [ROSTER, ZHANG, [*LI[:3], "村" * 700_000], WANG]))
    assert names(hub) == {"张伟", "王芳"}
    assert report.reasons == {"row.line-too-long": 1}
    [aside] = hub.put_aside("civil_affairs")["residents"]
    assert aside["row"] == 2
