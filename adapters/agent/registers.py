"""A register 登记簿 asked by number: tables whose columns are named as the evidence type names its claims.

A department that answers requests (``requests``) needs no mapping file for it. A column is known by the claim's name,
its English or its Chinese title in ``schemas/evidence``, or by a name that the caller gives.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.agent.requests import LeftOpen, Subject
from adapters.agent.rows import columns_of, require_whole
from adapters.mapping.load import REGISTRIES, default_mapping
from adapters.mapping.model import Claim, Export, Part
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.schemas import schema
from adapters.sources.model import SourceRow, SourceTable
from adapters.sources.open import read_source
from adapters.standard.folding import folded_code
from adapters.standard.form import Form
from adapters.standard.unusable import UnusableRow
from hub.errors import Missing
from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key, organisation_key

NUMBERS: Final = ("number", "credit_code", "organisation_code", "registration_number")
"""Claims that hold a subject's number, the first that a type has."""


@dataclass(frozen=True)
class _Row:
    """A row under a number that was asked for: what it says, None where it cannot be read."""

    name: str
    claims: Mapping[str, Any] | None


class Register:
    """What a register says of the subjects asked about; read once, and nothing of anybody else is kept."""

    def __init__(self, where: str | Path, types: Collection[str], columns: Mapping[str, str] | None = None) -> None:
        """``types`` are type identifiers; ``columns`` gives the register's own names of claims.

        Raises:
            Missing: there is no schema of a type, or no claim of that name.
        """
        self._where = where
        self._mapping = _mapping([_short(each) for each in types], columns or {})

    def find(self, asked: Collection[tuple[str, Subject]]) -> "Finder":
        """What the register has under the numbers of ``asked``, by evidence type and subject.

        Raises:
            Missing, Malformed, Unavailable: it cannot be read, or no table has the columns of a type.
        """
        wanted = {(_short(kind), _number(subject.number)) for kind, subject in asked}
        found: dict[tuple[str, str], list[_Row]] = {}
        contents = read_source(self._where, self._mapping)
        try:
            for table in contents.tables:
                for number, row in _rows(table, self._mapping):
                    if (table.recognised.export, number) in wanted:
                        found.setdefault((table.recognised.export, number), []).append(row)
            read = {table.recognised.export for table in contents.tables}
        finally:
            contents.close()
        return Finder(found, read)


class Finder:
    """Answers for one subject at a time out of what was read."""

    def __init__(self, found: Mapping[tuple[str, str], Sequence[_Row]], read: Collection[str]) -> None:
        self._found = found
        self._read = read

    def __call__(self, kind: str, subject: Subject) -> Mapping[str, Any] | None:
        """The standard form of the one row with that number and name, or None where no row has the number.

        Raises:
            LeftOpen: the source has no table of that type, the row cannot be read, has another name, or is not alone.
        """
        name = _short(kind)
        if name not in self._read:
            raise LeftOpen("no-table")
        rows = self._found.get((name, _number(subject.number)), ())
        if not rows:
            return None
        agreeing = [row for row in rows if _same_name(row.name, subject)]
        if len(agreeing) != 1:
            raise LeftOpen("several-rows" if agreeing else "another-name")
        if agreeing[0].claims is None:
            raise LeftOpen("unusable-row")
        return agreeing[0].claims


def _short(identifier: str) -> str:
    """``resident`` of ``urn:hub:evidence:resident:1``."""
    return identifier.removeprefix("urn:hub:evidence:").partition(":")[0]


def _rows(table: SourceTable, mapping: RegistryMapping) -> Iterator[tuple[str, _Row]]:
    """Number and row of every row that has a number."""
    export = mapping.exports[table.recognised.export]
    form = Form(export, mapping.codes, columns_of(table, export))
    number, name = (table.recognised.places[claim] for claim in (export.key[0], "name"))
    for item in table.rows():
        if isinstance(item, SourceRow) and item.cells[number].strip():
            yield _number(item.cells[number]), _Row(item.cells[name], _claims(form, item))


def _claims(form: Form, item: SourceRow) -> Mapping[str, Any] | None:
    known = schema(f"evidence/{form.export.evidence}")["properties"]
    try:
        require_whole(item, form.places)
        claims = {name: value for name, value in form.claims_of(item.cells).items() if name in known}
        form.require_form(claims)
    except UnusableRow:
        return None
    return claims


def _number(text: str) -> str:
    found = parse_identifier(text)
    return found.value if found else folded_code(text)


def _same_name(written: str, subject: Subject) -> bool:
    key = name_key if subject.kind == "resident" else organisation_key
    return key(written) == key(subject.name)


def _mapping(types: Collection[str], columns: Mapping[str, str]) -> RegistryMapping:
    exports = {name: _export(name, columns) for name in types}
    known = {column for export in exports.values() for column in export.parts[""].columns}
    if not columns.keys() <= known:
        raise Missing(
            "adapters.no-such-claim",
            f"What is asked for has no claim {sorted(columns.keys() - known)}; it has {sorted(known)}.",
            f"所调取的凭证没有数据项 {sorted(columns.keys() - known)}；可用：{sorted(known)}。",
        )
    codes = {claim.name: _codes(name, claim.name) for name in types for claim in exports[name].claims if claim.codes}
    return RegistryMapping(registry="", department="", exports=exports, codes=codes)


def _export(name: str, columns: Mapping[str, str]) -> Export:
    claims = schema(f"evidence/{name}")["properties"]
    number = next(each for each in NUMBERS if each in claims)
    known = {
        each: tuple(filter(None, (columns.get(each), said.get("title"), said.get("x-zh"))))
        for each, said in claims.items()
        if said.get("type") not in {"object", "array"}
    }
    return Export(
        name=name,
        evidence=name,
        mode="full",
        key=(number,),
        parts={"": Part("", known, ((number,), ("name",)))},
        claims=tuple(_claim(each, claims[each]) for each in known),
    )


def _claim(name: str, said: Mapping[str, Any]) -> Claim:
    if "enum" in said:
        return Claim((name,), (name,), "code", codes=name)
    return Claim((name,), (name,), "date" if said.get("format") == "date" else "text")


def _codes(evidence: str, claim: str) -> Mapping[str, str]:
    """Every spelling of the claim's values: the values themselves, and the words of a registry with the same values."""
    values = set(schema(f"evidence/{evidence}")["properties"][claim]["enum"])
    tables = (table for registry in REGISTRIES for table in default_mapping(registry).codes.values())
    words = {word: code for table in tables if set(table.values()) == values for word, code in table.items()}
    return {**words, **{folded_code(value): value for value in values}}
