"""The catalogue as a workbook and back, and what a workbook must not hold."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from hub.catalogue.changes import changes_between
from hub.catalogue.model import Catalogue
from hub.catalogue.reading import documents_at, published_documents, read_catalogue
from hub.catalogue.workbook import parse_workbook, workbook_of
from hub.catalogue.writing import Form
from hub.catalogue.writing import written as written_out
from hub.errors import Malformed


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue(published_documents())


@pytest.fixture(scope="module")
def written(shipped: Catalogue) -> bytes:
    return workbook_of(shipped)


def changed(written: bytes, change: Callable[[Workbook], object]) -> bytes:
    book = load_workbook(io.BytesIO(written))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_says_the_same_catalogue(shipped: Catalogue, written: bytes) -> None:
    assert changes_between(shipped, read_catalogue([parse_workbook(written, "c.xlsx")])) == []


def test_a_workbook_that_tells_its_size_wrongly_is_read_whole(shipped: Catalogue, written: bytes) -> None:
    told = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as archive, zipfile.ZipFile(told, "w") as bent:
        for name in archive.namelist():
            bent.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', archive.read(name)))
    assert changes_between(shipped, read_catalogue([parse_workbook(told.getvalue(), "c.xlsx")])) == []


def cell_of(book: Workbook, sheet: str, row_id: str, column: str):  # noqa: ANN201  # openpyxl's own type
    header = [cell.value for cell in book[sheet][1]]
    key = header.index("id")
    row = next(row for row in book[sheet].iter_rows(min_row=2) if row[key].value == row_id)
    return row[header.index(column)]


def test_a_change_in_a_cell_is_a_change_in_the_catalogue(shipped: Catalogue, written: bytes) -> None:
    def lengthen(book: Workbook) -> None:
        cell_of(book, "matters", "low-income-aid", "promised_days").value = 20

    catalogue = read_catalogue([parse_workbook(changed(written, lengthen), "c.xlsx")])
    assert [str(each) for each in changes_between(shipped, catalogue)] == [
        "matters/low-income-aid/promised_days changed: 15 → 20"
    ]


@pytest.mark.parametrize("between", ["\n", ", ", ";", "、", "，", " ；\n"])
def test_ids_in_a_cell_are_parted_as_people_part_them(shipped: Catalogue, written: bytes, between: str) -> None:
    def rewrite(book: Workbook) -> None:
        for sheet, row_id, column in (("events", "hardship", "matters"), ("brought_kinds", "lease", "purposes")):
            cell = cell_of(book, sheet, row_id, column)
            cell.value = between.join(cell.value.split("\n"))

    assert read_catalogue([parse_workbook(changed(written, rewrite), "c.xlsx")]) == shipped


def test_a_material_without_legal_basis_is_refused_with_its_row(written: bytes) -> None:
    def blank(book: Workbook) -> None:
        cell_of(book, "materials", "means-authority", "basis").value = None

    with pytest.raises(Malformed) as refused:
        read_catalogue([parse_workbook(changed(written, blank), "c.xlsx")])
    assert refused.value.code == "catalogue.no-legal-basis"
    row = refused.value.facts["problems"][0].split(":")[1]
    assert int(row) > 1


def formula(book: Workbook) -> None:
    book["events"]["B2"] = "=1+1"


def stranger(book: Workbook) -> None:
    book.create_sheet("notes")


def column(book: Workbook) -> None:
    book["events"]["Z1"] = "mood"
    book["events"]["Z2"] = "good"


def orphan(book: Workbook) -> None:
    book["materials"]["A2"] = "no-such-matter"


def lost_way(book: Workbook) -> None:
    book["ways"]["B2"] = "no-such-material"


def broken_list(book: Workbook) -> None:
    header = [cell.value for cell in book["ways"][1]]
    book["ways"].cell(2, header.index("checks") + 1).value = "[{"


def way_nought(book: Workbook) -> None:
    book["ways"]["C2"] = 0


def nameless_purpose(book: Workbook) -> None:
    book["purposes"]["A2"] = None


def long_period(book: Workbook) -> None:
    book["matters"].cell(2, [cell.value for cell in book["matters"][1]].index("promised_days") + 1).value = "soon"


def unknown_type(book: Workbook) -> None:
    header = [cell.value for cell in book["ways"][1]]
    book["ways"].cell(2, header.index("of") + 1).value = "nobody"


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        (formula, "events!B2"),
        (stranger, "notes"),
        (column, "events!Z2"),
        (orphan, "materials!A2"),
        (lost_way, "ways!B2"),
        (way_nought, "ways!C2"),
        (nameless_purpose, "purposes!A2"),
        (broken_list, "ways!"),
        (long_period, "matters!"),
        (unknown_type, "materials!"),
    ],
)
def test_what_a_workbook_must_not_hold_is_told_with_its_cell_and_a_remedy_in_both_languages(
    written: bytes, fault: Callable[[Workbook], object], place: str
) -> None:
    with pytest.raises(Malformed) as refused:
        read_catalogue([parse_workbook(changed(written, fault), "c.xlsx")])
    (english, chinese) = (refused.value.facts[name][0] for name in ("problems", "problems_zh"))
    assert english.startswith("c.xlsx")
    assert f" {place}" in english
    assert f"：{place}" in chinese
    assert chinese.endswith("。")


def test_bytes_that_are_no_workbook(written: bytes) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 1024 * 1024))
    for raw in (b"", b"PK\x03\x04", written[:2000], bomb.getvalue()):
        with pytest.raises(Malformed):
            parse_workbook(raw, "c.xlsx")


@pytest.mark.parametrize("form", list(Form))
def test_what_is_written_out_reads_back_to_the_same(shipped: Catalogue, form: Form, tmp_path: Path) -> None:
    (tmp_path / f"all.{form}").write_bytes(written_out(shipped, form))
    assert read_catalogue(documents_at([tmp_path])) == shipped


def test_a_workbook_with_a_chart_for_a_sheet_is_refused_in_words(written: bytes) -> None:
    with pytest.raises(Malformed, match="plain sheets"):
        parse_workbook(changed(written, lambda book: book.create_chartsheet("figures")), "all.xlsx")
