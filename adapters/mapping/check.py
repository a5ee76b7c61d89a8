"""What a mapping file must mean, beyond its form: every name in it points at something that exists."""

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.mapping.fitting import misfit_of, missing_claims, odd_code
from adapters.mapping.model import Claim, Export, Mapping, Part
from adapters.mapping.yaml_lines import Document
from adapters.standard.folding import folded_header

AROUND: Final = ("@title", "@sheet", "@file", "@folder", "@modified")
"""What stands around a table and not in it; read like columns."""
_UNITS: Final = {"money": ("元", "万元", "千元", "分"), "area": ("㎡", "亩", "公顷")}
_NEEDS_CODES: Final = ("code", "flag", "kind-of-holder")


def check_meaning(mapping: Mapping, document: Document) -> None:
    """Returns when every name in ``mapping`` points at something.

    Raises:
        Malformed: the first that does not, with its line.
    """
    for export in mapping.exports.values():
        place = ("exports", export.name)
        _check_parts(export, document)
        known = {*columns_of(export), *AROUND}
        for column in export.key:
            if column not in known and not _is_claim(column, export):
                raise document.refuse((*place, "key"), f"'{column}' is neither a column nor a claim", "主键列不存在")
        _check_manner(export, document)
        if export.updated and export.updated not in known:
            raise document.refuse((*place, "updated"), "is not a column of this export", "更新时间列不存在")
        for claim in export.claims:
            _check_claim(claim, export, mapping, document)
        if missing := missing_claims(export):
            said = f"the evidence type {export.evidence} needs '{missing[0]}'"
            raise document.refuse((*place, "claims"), said, "缺少必需的数据项")


def check_tables_used(own: Iterable[str], mapping: Mapping, document: Document) -> None:
    """Returns when every code table of the mapping's own is read by some claim.

    Raises:
        Malformed: the first that none reads, such as one whose name is misspelt.
    """
    used = {table for export in mapping.exports.values() for one in export.claims for table in (one.codes, one.kinds)}
    for name in own:
        if name not in used:
            known = ", ".join(sorted(one for one in used if one))
            said = f"no claim reads this code table; there are {known}"
            raise document.refuse(("codes", name), said, "没有数据项用到该代码表")


def _check_manner(export: Export, document: Document) -> None:
    """Returns when the export can be read in its mode and told from the one before."""
    place = ("exports", export.name)
    if export.snapshot and not _is_claim(f"claim:{export.snapshot}", export):
        raise document.refuse((*place, "snapshot"), "is not a claim of this export", "分期数据项不存在")
    if export.snapshot and f"claim:{export.snapshot}" not in export.key:
        raise document.refuse((*place, "snapshot"), f"the key must hold claim:{export.snapshot}", "主键须含该项")
    if export.join and export.mode == "delta":
        raise document.refuse((*place, "mode"), "two parts that are joined are read in full", "关联导出须为全量")


def columns_of(export: Export) -> Iterator[str]:
    """Every column of the export; those of a named part carry its name: ``QLR.ZJH``."""
    for part in export.parts.values():
        yield from (f"{part.name}.{column}" if part.name else column for column in part.columns)


def _is_claim(text: str, export: Export) -> bool:
    return text.startswith("claim:") and any(claim.name == text[6:] for claim in export.claims)


def _check_parts(export: Export, document: Document) -> None:
    place = ("exports", export.name)
    for part in export.parts.values():
        within = (*place, "parts", part.name) if part.name else place
        if export.join and part.name not in (export.join.base, export.join.other):
            said = f"is none of the two parts that are joined, {export.join.base} and {export.join.other}"
            raise document.refuse(within, said, "该部分不在 join 之中")
        if not part.columns:
            raise document.refuse(within, "'columns' is missing", "缺少 columns")
        if not part.recognised_by:
            raise document.refuse(within, "'recognised_by' is missing: it would take any table for this", "缺少识别列")
        _check_spellings(part, within, document)
        for mark in part.recognised_by:
            for column in mark:
                if column not in part.columns:
                    raise document.refuse((*within, "recognised_by"), f"'{column}' is not a column", "识别列不存在")
    if export.join is None and len(export.parts) > 1:
        raise document.refuse(place, "several parts need a 'join'", "多个部分须说明 join")
    if export.join:
        _check_join(export, document)


def _check_spellings(part: Part, within: tuple[str, ...], document: Document) -> None:
    """Returns when no name of a column is told of two columns: the first would take it, whatever the other means."""
    meant: dict[str, str] = {}
    for column, aliases in part.columns.items():
        for spelling in dict.fromkeys(map(folded_header, (column, *aliases))):
            other = meant.setdefault(spelling, column)
            if other != column:
                said = f"'{spelling}' is a name of {other} too; take it from one of them"
                raise document.refuse((*within, "columns", column), said, f"“{spelling}”同时是“{other}”的列名")


def _check_join(export: Export, document: Document) -> None:
    join = export.join
    place = ("exports", export.name, "join")
    if join is None or join.base not in export.parts or join.other not in export.parts or join.base == join.other:
        raise document.refuse(place, "'base' and 'other' name two parts", "join 须指明两个部分")
    for column, _form in join.on:
        for part in (join.base, join.other):
            if column not in export.parts[part].columns:
                raise document.refuse((*place, "on", column), f"is not a column of {part}", "连接列不存在")


def _check_claim(claim: Claim, export: Export, mapping: Mapping, document: Document) -> None:
    place = ("exports", export.name, "claims", claim.name)
    known = {*columns_of(export), *AROUND}
    columns = (*claim.columns, *((claim.kind_column,) if claim.kind_column else ()), *claim.packed.values())
    for column in columns:
        if column not in known:
            raise document.refuse(place, f"'{column}' is not a column of this export", f"列“{column}”不存在")
    for table in (claim.codes, claim.kinds):
        if table and table not in mapping.codes:
            raise document.refuse(place, f"there is no code table '{table}'", f"代码表“{table}”不存在")
    if claim.reader in _NEEDS_CODES and not claim.codes:
        raise document.refuse(place, f"'as: {claim.reader}' needs 'codes'", "缺少代码表")
    if claim.unit and claim.unit not in _UNITS.get(claim.reader, ()):
        raise document.refuse(place, f"'{claim.unit}' is no unit of {claim.reader}", "单位不符")
    if complaint := misfit_of(claim, export):
        raise document.refuse(place, *complaint)
    if odd := odd_code(claim, export, mapping):
        said = f"gives '{odd}', which the evidence type does not know"
        raise document.refuse(_code_place(document, claim.codes or "", odd), said, f"“{odd}”不是标准代码")


def _code_place(document: Document, table: str, code: str) -> tuple[str, ...]:
    """Where the mapping's own code table gives that code; the table where it does not say."""
    own = document.value.get("codes", {}).get(table, {})
    return ("codes", table, *[written for written, given in own.items() if str(given) == code][:1])
