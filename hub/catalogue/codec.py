"""Catalogue values to plain documents and back; what a file leaves out has the model's default."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

from hub.catalogue.model import (
    BroughtKind,
    Catalogue,
    EvidenceType,
    LegalBasis,
    LifeEvent,
    Matter,
    Names,
    Piece,
    PieceKind,
    StatementType,
    Way,
)

SECTIONS: Mapping[str, tuple[str, type]] = {
    "legal_bases": ("bases", LegalBasis),
    "evidence_types": ("evidence_types", EvidenceType),
    "statements": ("statements", StatementType),
    "brought_kinds": ("kinds", BroughtKind),
    "matters": ("matters", Matter),
    "events": ("events", LifeEvent),
}
_RENAMED = {"about": "of"}


def catalogue_from(value: Mapping[str, Any]) -> Catalogue:
    """The catalogue that a document, already valid by its schema, says."""
    parts = {
        attribute: tuple(_build(kind, each) for each in value.get(section) or ())
        for section, (attribute, kind) in SECTIONS.items()
    }
    purposes = {key: Names(each["en"], each["zh"]) for key, each in (value.get("purposes") or {}).items()}
    return Catalogue(purposes=purposes, **parts)


def document_of(catalogue: Catalogue) -> dict[str, Any]:
    """The document that says ``catalogue``: every section, defaults left out, ready for YAML or JSON."""
    document: dict[str, Any] = {"purposes": {key: _names(names) for key, names in catalogue.purposes.items()}}
    for section, (attribute, _) in SECTIONS.items():
        document[section] = [plain(each) for each in getattr(catalogue, attribute)]
    return document


def plain(value: Any) -> Any:
    """``value`` as JSON knows it."""
    if isinstance(value, Way):
        return [plain(piece) for piece in value.pieces]
    if isinstance(value, Piece):
        return {value.kind.value: value.of_type, **_members(value, leave_out={"kind", "of_type"})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _members(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value.isoformat() if isinstance(value, date) else value


def _members(value: Any, leave_out: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for each in dataclasses.fields(value):
        held = getattr(value, each.name)
        if each.name in leave_out or (each.default is not dataclasses.MISSING and held == each.default):
            continue
        if each.name == "names":
            written |= _names(held)
        else:
            written[_RENAMED.get(each.name, each.name)] = plain(held)
    return written


def _names(names: Names) -> dict[str, str]:
    return {"en": names.en, "zh": names.zh}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, value: Any) -> Any:
    if kind is Piece:
        return _piece(value)
    if kind is Way:
        return Way(tuple(_piece(each) for each in value))
    if dataclasses.is_dataclass(kind):
        return _record(kind, value)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_build(arguments[0], each) for each in value)
    if origin in {typing.Union, types.UnionType}:
        return None if value is None else _build(arguments[0], value)
    return _scalar(kind, value)


def _scalar(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return date.fromisoformat(value) if kind is date else value


def _record(kind: Any, value: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    known = {name: value[_RENAMED.get(name, name)] for name in hints if _RENAMED.get(name, name) in value}
    made = {name: _build(hints[name], each) for name, each in known.items()}
    if kind is not Names and "names" in hints:
        made["names"] = Names(value["en"], value["zh"])
    return kind(**made)


def _piece(value: Mapping[str, Any]) -> Piece:
    kind = next(each for each in PieceKind if each.value in value)
    rest = {**value, "kind": kind.value, "of_type": value[kind.value]}
    hints = _hints(Piece)
    made = {
        name: _build(hints[name], rest[_RENAMED.get(name, name)])
        for name in hints
        if _RENAMED.get(name, name) in rest and name != "kind"
    }
    return Piece(kind=kind, **made)
