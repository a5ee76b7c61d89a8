"""The catalogue 目录 as a workbook .xlsx and back: one sheet for each kind of thing, for colleagues who edit tables."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.catalogue.codec import document_of
from hub.catalogue.documents import MAX_BYTES, Document, Said, refused
from hub.catalogue.model import Catalogue
from hub.catalogue.problem import Problem
from hub.catalogue.schemas import schema_named
from hub.errors import Malformed

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_UNPACKED: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 50_000
NOTHING: Final = "none"
# Sheet → the schema definition of its rows; sheets of a matter's parts begin with the column “matter”.
_TOP: Final = {
    "legal_bases": "legal_basis",
    "evidence_types": "evidence_type",
    "statements": "statement",
    "brought_kinds": "brought_kind",
    "matters": "matter",
    "events": "event",
}
_PARTS: Final = {
    "roles": "role",
    "conditions": "condition",
    "sub_items": "sub_item",
    "steps": "step",
    "form_fields": "form_field",
    "materials": "material",
}


def _defs() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema_named("catalogue", "catalogue")["$defs"]
    return found


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    return _resolved(_defs()[reference.rsplit("/", 1)[-1]]) if reference else schema


def _columns(definition: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Column names with the schema of their cells; objects give a column for each member, lists of objects none."""
    columns: list[tuple[str, Mapping[str, Any]]] = []
    for name, member in _defs()[definition]["properties"].items():
        schema = _resolved(member)
        if "properties" in schema:
            columns += [(f"{name}.{inner}", _resolved(each)) for inner, each in schema["properties"].items()]
        elif name not in {"matter": _PARTS, "material": {"ways"}}.get(definition, ()):
            columns.append((name, schema))
    return columns


# --- writing -------------------------------------------------------------------------------------------------------


def workbook_of(catalogue: Catalogue) -> bytes:
    """An .xlsx that says the whole catalogue; ``parse_workbook`` reads it back to the same."""
    from openpyxl import Workbook  # heavy: a command that reads no workbook starts without it

    document, book = document_of(catalogue), Workbook()
    book.remove(book.active)  # type: ignore[arg-type]  # a new workbook has one sheet
    _sheet(
        book,
        "purposes",
        ["id", "en", "zh"],
        [[key, each["en"], each["zh"]] for key, each in document["purposes"].items()],
    )
    for section, definition in _TOP.items():
        columns = _columns(definition)
        rows = [_row(each, columns) for each in document[section]]
        _sheet(book, section, [name for name, _ in columns], rows)
    for part, definition in _PARTS.items():
        columns = _columns(definition)
        rows = [
            [matter["id"], *_row(each, columns)] for matter in document["matters"] for each in matter.get(part) or ()
        ]
        _sheet(book, part, ["matter", *(name for name, _ in columns)], rows)
    columns = _columns("piece")
    _sheet(book, "ways", ["matter", "material", "way", *(name for name, _ in columns)], list(_ways(document, columns)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _ways(document: Mapping[str, Any], columns: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[list[Any]]:
    for matter in document["matters"]:
        for material in matter["materials"]:
            for number, way in enumerate(material.get("ways") or (), 1):
                for piece in way:
                    yield [matter["id"], material["id"], number, *_row(piece, columns)]


def _sheet(book: "Workbook", title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.styles import Font

    sheet = book.create_sheet(title)
    sheet.append(list(header))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(list(row))


def _row(value: Mapping[str, Any], columns: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any]:
    return [_cell(_inside(value, name), name=name.split(".")[-1] in _inner(value, name)) for name, _ in columns]


def _inside(value: Mapping[str, Any], name: str) -> Any:
    first, _, rest = name.partition(".")
    member = value.get(first)
    return member.get(rest) if rest and isinstance(member, Mapping) else None if rest else member


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = value.get(name.split(".", maxsplit=1)[0]) if "." in name else value
    return member if isinstance(member, Mapping) else {}


def _cell(value: Any, *, name: bool) -> Any:
    if value is None:
        return NOTHING if name else None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value) or None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


# --- reading -------------------------------------------------------------------------------------------------------

_BETWEEN_TEXTS: Final = re.compile(r"\n")
_BETWEEN_IDS: Final = re.compile(r"[\n,;，；、]")
"""People part a list as they are used to; no id, claim or party holds any of these."""


@dataclass
class _Reading:
    name: str
    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)


def parse_workbook(raw: bytes, name: str) -> Document:
    """The document that a workbook says; its lines are row numbers.

    Raises:
        Malformed: not a workbook, too big, a formula, an unknown sheet or column, a row of a matter that is not there.
    """
    reading = _Reading(name)
    sheets = _sheets(raw, reading)
    for title in sheets.keys() - {"purposes", "ways", *_TOP, *_PARTS}:
        names = ["purposes", *_TOP, *_PARTS, "ways"]
        remedy = (f"Use: {', '.join(names)}.", f"可用：{'、'.join(names)}。")
        raise _unusable(reading, (title, 0), ("is no sheet of a catalogue", "不是目录的工作表"), remedy)
    _read_purposes(reading, sheets.get("purposes", []))
    for section, definition in _TOP.items():
        _read_rows(reading, section, sheets.get(section, []), definition)
    for part, definition in _PARTS.items():
        _read_parts(reading, part, sheets.get(part, []), definition)
    _read_ways(reading, sheets.get("ways", []))
    return Document(name, reading.value, reading.lines, reading.columns)


Rows = list[tuple[int, dict[str, Any]]]
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, SyntaxError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
)
"""What reading a workbook ends in, by what is wrong with it: one with a sheet that is a chart in an AttributeError."""


def _sheets(raw: bytes, reading: _Reading) -> dict[str, Rows]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
        if len(raw) > MAX_BYTES or unpacked > MAX_UNPACKED:
            remedy = ("Split it into several files.", "请拆成几个文件。")
            raise _unusable(reading, ("", 0), ("is too large", "过大"), remedy)
        book = load_workbook(io.BytesIO(raw), read_only=True)
        return {sheet.title: _rows(sheet, reading) for sheet in book.worksheets}
    except _UNREADABLE as fault:
        said = (
            ("is no .xlsx workbook of plain sheets", "不是只含普通工作表的 .xlsx 工作簿"),
            ("Take out charts, and save it as .xlsx.", "请删去图表，并另存为 .xlsx。"),
        )
        raise _unusable(reading, ("", 0), *said) from fault


def _rows(sheet: Any, reading: _Reading) -> Rows:
    from openpyxl.utils import get_column_letter

    header: list[str] = []
    found: Rows = []
    sheet.reset_dimensions()  # what a file says of its size need not be so: rows beyond would be left out
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MAX_ROWS:
            said = ("has too many rows", "行数过多"), ("Split it.", "请拆分。")
            raise _unusable(reading, (sheet.title, number), *said)
        if not header:
            header = [str(cell or "") for cell in cells]
            letters = {name: get_column_letter(at) for at, name in enumerate(header, 1) if name}
            reading.columns[sheet.title] = letters
            continue
        row = {name: cell for name, cell in zip(header, cells, strict=False) if cell is not None and name}
        for name in (name for name, cell in row.items() if isinstance(cell, str) and cell.startswith("=")):
            said = ("holds a formula", "含有公式"), ("Write the value instead.", "请直接填写数值。")
            raise _unusable(reading, (sheet.title, number, name), *said)
        if row:
            found.append((number, row))
    return found


def _read_purposes(reading: _Reading, rows: Rows) -> None:
    purposes = reading.value["purposes"] = {}
    for number, row in rows:
        if "id" not in row:
            said = ("has a row without an id", "有一行缺少 id"), ("Fill the column “id”.", "请填写“id”列。")
            raise _unusable(reading, ("purposes", number, "id"), *said)
        reading.lines["purposes", str(row["id"])] = number
        purposes[str(row["id"])] = {"en": row.get("en"), "zh": row.get("zh")}


def _read_rows(reading: _Reading, section: str, rows: Rows, definition: str) -> None:
    columns = dict(_columns(definition))
    reading.value[section] = []
    for number, row in rows:
        reading.lines[section, len(reading.value[section])] = number
        reading.value[section].append(_object(reading, (section, number), row, columns))


def _read_parts(reading: _Reading, part: str, rows: Rows, definition: str) -> None:
    columns = dict(_columns(definition))
    for number, row in rows:
        index, matter = _matter(reading, part, number, row)
        members = matter.setdefault(part, [])
        reading.lines["matters", index, part, len(members)] = number
        rest = {name: cell for name, cell in row.items() if name != "matter"}
        members.append(_object(reading, (part, number), rest, columns))


def _matter(reading: _Reading, sheet: str, number: int, row: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    for index, matter in enumerate(reading.value["matters"]):
        if matter.get("id") == row.get("matter"):
            return index, matter
    said = (
        ("names a matter that is not there", "引用了不存在的事项"),
        (
            "Add it to the sheet “matters”.",
            "请在工作表“matters”中补充。",
        ),
    )
    raise _unusable(reading, (sheet, number, "matter"), *said)


def _read_ways(reading: _Reading, rows: Rows) -> None:
    columns = dict(_columns("piece"))
    for number, row in rows:
        index, matter = _matter(reading, "ways", number, row)
        places = [at for at, each in enumerate(matter.get("materials", ())) if each.get("id") == row.get("material")]
        if not places or not isinstance(row.get("way"), int) or row["way"] < 1:
            said = (
                "names no material of the matter, or no way number from 1 on",
                "未写明该事项的材料，或方式序号不是正整数",
            )
            remedy = ("Fill material and way.", "请填写 material 和 way。")
            raise _unusable(reading, ("ways", number, "way" if places else "material"), said, remedy)
        ways = matter["materials"][places[0]].setdefault("ways", [])
        while len(ways) < min(row["way"], len(ways) + 1):
            ways.append([])
        rest = {name: cell for name, cell in row.items() if name not in {"matter", "material", "way"}}
        position = min(row["way"], len(ways)) - 1
        reading.lines["matters", index, "materials", places[0], "ways", position, len(ways[position])] = number
        ways[position].append(_object(reading, ("ways", number), rest, columns))


def _object(
    reading: _Reading, place: tuple[str, int], row: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, cell in row.items():
        if name not in columns:
            said = (f"has an unknown column “{name}”", f"有未知列“{name}”")
            remedy = (f"Use: {', '.join(columns)}.", f"可用：{'、'.join(columns)}。")
            raise _unusable(reading, (*place, name), said, remedy)
        first, _, rest = name.partition(".")
        inside = made.setdefault(first, {}) if rest else made
        inside[rest or first] = _value(reading, (*place, name), cell, columns[name])
    return made


def _value(reading: _Reading, place: tuple[str, int, str], cell: Any, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if cell == NOTHING and isinstance(kind, list) and "null" in kind:
        return None
    if kind == "array":
        return _list(reading, place, str(cell), _resolved(schema["items"]))
    if kind == "boolean" and isinstance(cell, str):
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if kind == "string" and not isinstance(cell, str):
        return cell.date().isoformat() if hasattr(cell, "date") else str(cell)
    return cell


def _list(reading: _Reading, place: tuple[str, int, str], text: str, items: Mapping[str, Any]) -> Any:
    if items.get("type") != "object":
        between = _BETWEEN_IDS if "pattern" in items else _BETWEEN_TEXTS
        return [each.strip() for each in between.split(text) if each.strip()]
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        said = ("holds a list that is not JSON", "的列表不是有效的 JSON"), ("Correct the cell.", "请更正该单元格。")
        raise _unusable(reading, place, *said) from fault


def _unusable(reading: _Reading, place: tuple[str, int] | tuple[str, int, str], fact: Said, remedy: Said) -> Malformed:
    """``place`` is sheet, row and the name of the column, as far as they are known."""
    sheet, row, *column = place
    what = (f"Sheet “{sheet}” {fact[0]}.", f"工作表“{sheet}”{fact[1]}。")
    if not sheet:
        what = (f"The file {fact[0]}.", f"文件{fact[1]}。")
    letters = "".join(reading.columns.get(sheet, {}).get(name, "") for name in column)
    cell = f"{sheet}!{letters}{row}" if row else sheet or "$"
    return refused([Problem("catalogue.unreadable", *what, *remedy, reading.name, row, cell)])
