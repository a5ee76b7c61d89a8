"""Mapping files 映射文件 from YAML: checked against the schema and against themselves, each complaint with its line."""

import hashlib
from collections.abc import Container
from collections.abc import Mapping as AnyMapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from adapters.mapping.check import check_meaning, check_tables_used
from adapters.mapping.model import Claim, Export, Files, Join, Mapping, Part, Rest, Tables
from adapters.mapping.yaml_lines import Document, parse_yaml
from adapters.schemas import validator
from adapters.standard.folding import folded_code
from hub.errors import Malformed, Missing
from hub.proof.jws import canonical_json

ADAPTERS: Final = Path(__file__).parents[1]
REGISTRIES: Final = ("civil_affairs", "land", "marriage", "funeral", "low_income")
_MAX_BYTES: Final = 1_000_000


def registry_name(text: str) -> str:
    """The registry that ``text`` names; ``low-income`` and ``low_income`` are one.

    Raises:
        Missing: there is none of that name.
    """
    name = text.strip().lower().replace("-", "_")
    if name not in REGISTRIES:
        raise Missing(
            "adapters.registry-unknown",
            f"There is no adapter for this registry; name one of {', '.join(REGISTRIES)}.",
            f"没有该登记库的适配器；可用：{'、'.join(REGISTRIES)}。",
            known=list(REGISTRIES),
        )
    return name


@cache
def default_mapping(registry: str) -> Mapping:
    """The mapping that the registry's package brings."""
    return _mapping(_default_document(registry_name(registry)))


def load_mapping(path: Path | str, registry: str) -> Mapping:
    """The mapping in the file ``path`` for ``registry``.

    Raises:
        Missing: no such file.
        Malformed: ``adapters.mapping`` with file, line and place of the first complaint.
    """
    file = Path(path)
    if not file.is_file():
        raise Missing(
            "adapters.mapping-missing", "The mapping file is not there; check the path.", "映射文件不存在；请检查路径。"
        )
    document = _parsed(file.read_bytes(), file.name)
    if document.value["registry"] != registry_name(registry):
        raise document.refuse(("registry",), f"is not {registry_name(registry)}", "与所选登记库不符")
    if document.value.get("extends") == "default":
        base = _default_document(document.value["registry"])
        for name, spec in document.value.get("exports", {}).items():
            if spec is None and name not in base.value["exports"]:
                known = ", ".join(base.value["exports"])
                raise document.refuse(("exports", name), f"there is no such export; there are {known}", "没有该导出")
        document.value = _merged(base.value, {k: v for k, v in document.value.items() if k != "extends"})
        return _mapping(document, inherited=base.value.get("codes", {}))
    return _mapping(document)


@cache
def _default_document(registry: str) -> Document:
    file = ADAPTERS / registry / "mapping.yaml"
    return _parsed(file.read_bytes(), f"{registry}/mapping.yaml")


@cache
def _shared_codes() -> dict[str, dict[str, Any]]:
    document = parse_yaml((ADAPTERS / "mapping" / "codes.yaml").read_text(encoding="utf-8"), "codes.yaml")
    codes: dict[str, dict[str, Any]] = document.value
    return codes


def _parsed(content: bytes, name: str) -> Document:
    if len(content) > _MAX_BYTES:
        raise Malformed("adapters.mapping", f"{name} is too long for a mapping file.", f"{name} 作为映射文件过大。")
    try:
        document = parse_yaml(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise Malformed(
            "adapters.mapping", f"{name} is not UTF-8; save it as UTF-8.", f"{name} 不是 UTF-8 编码；请另存为 UTF-8。"
        ) from None
    for error in validator("adapters/mapping").iter_errors(document.value):
        raise document.refuse(tuple(error.instance_path), error.message)
    return document


def _merged(base: Any, over: Any) -> Any:
    """``base`` with what ``over`` says differently: objects by key, null removes, column names add up."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif key == "columns" and isinstance(value, dict):
            merged[key] = _joined_names(merged.get(key, {}), value)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged


def _joined_names(base: AnyMapping[str, Any], over: AnyMapping[str, Any]) -> dict[str, list[str]]:
    return {name: [*_names(over.get(name)), *_names(base.get(name))] for name in {**base, **over}}


def _names(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _mapping(document: Document, inherited: Container[str] = ()) -> Mapping:
    raw = document.value
    codes = _codes({**_shared_codes(), **{k: v for k, v in raw.get("codes", {}).items() if k not in _shared_codes()}})
    for name, table in raw.get("codes", {}).items():
        codes[name] = {**codes.get(name, {}), **_table(table)}
    for needed in ("department", "exports"):
        if needed not in raw:
            raise document.refuse((), f"'{needed}' is missing (or say extends: default)", f"缺少 {needed}")
    if not any(raw["exports"].values()):
        raise document.refuse(("exports",), "names no export to read", "没有要读取的导出")
    sources = raw.get("sources", {})
    mapping = Mapping(
        registry=raw["registry"],
        department=raw["department"],
        exports={name: _export(name, spec, document) for name, spec in raw["exports"].items() if spec},
        codes=codes,
        rest=Rest(**_settings(Rest, sources.get("rest", {}))),
        files=Files(**_settings(Files, sources.get("files", {}))),
        tables=Tables(**_settings(Tables, sources.get("tables", {}))),
        digest=hashlib.sha256(canonical_json([raw, _shared_codes()])).hexdigest()[:16],
        raw=raw,
    )
    check_meaning(mapping, document)
    own = [name for name in raw.get("codes", {}) if name not in _shared_codes() and name not in inherited]
    check_tables_used(own, mapping, document)
    return mapping


def _settings(kind: type, given: AnyMapping[str, Any]) -> dict[str, Any]:
    types = {field.name: field.type for field in fields(kind)}
    return {name: str(value) if types[name] is str else value for name, value in given.items()}


def _codes(tables: AnyMapping[str, AnyMapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: _table(table) for name, table in tables.items()}


def _table(table: AnyMapping[str, Any]) -> dict[str, str]:
    return {folded_code(str(written)): str(code) for written, code in table.items()}


def _export(name: str, spec: AnyMapping[str, Any], document: Document) -> Export:
    for needed in ("evidence", "mode", "key", "claims"):
        if needed not in spec:
            raise document.refuse(("exports", name), f"'{needed}' is missing", f"缺少 {needed}")
    parts = spec.get("parts") or {"": spec}
    join = spec.get("join")
    return Export(
        name=name,
        evidence=spec["evidence"],
        mode=spec["mode"],
        key=tuple(spec["key"]),
        parts={part: _part(part, body) for part, body in parts.items()},
        claims=tuple(_claim(path, body) for path, body in spec["claims"].items() if body is not None),
        repeat=spec.get("repeat", "duplicate"),
        join=Join(join["base"], join["other"], tuple(join["on"].items())) if join else None,
        snapshot=spec.get("snapshot"),
        updated=spec.get("updated"),
    )


def _part(name: str, body: AnyMapping[str, Any]) -> Part:
    columns = {column: tuple(_names(aliases)) for column, aliases in body.get("columns", {}).items()}
    marks = tuple(tuple(one.strip() for one in mark.split("|")) for mark in body.get("recognised_by", ()))
    return Part(name, columns, marks, tuple(body.get("tables", ())), body.get("path"))


def _claim(path: str, body: Any) -> Claim:
    spec: dict[str, Any] = {"from": body} if isinstance(body, str) else body
    return Claim(
        path=tuple(path.split(".")),
        columns=tuple(_names(spec["from"])),
        reader=spec.get("as", "text"),
        codes=spec.get("codes"),
        unit=spec.get("unit"),
        is_required=bool(spec.get("required", False)),
        order=spec.get("order", "ymd"),
        kind_column=spec.get("kind_from"),
        kinds=spec.get("kinds"),
        fallback=str(spec["fallback"]) if "fallback" in spec else None,
        packed=dict(spec.get("packed", {})),
    )
