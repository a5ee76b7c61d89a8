"""The published JSON Schemas 数据模式, read once, and validators built from them for the intake's hot path."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from hub.catalogue.holding import Form
from hub.errors import Missing

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

DIRECTORY = Path(__file__).parents[2] / "schemas"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way a standard form departs from its schema; never holds a value."""

    path: str
    rule: str


Validator = Callable[[Mapping[str, Any]], list[Fault]]


@cache
def schema_named(kind: str, name: str, directory: Path = DIRECTORY) -> Mapping[str, Any]:
    """The schema file ``schemas/<kind>/<name>.json``.

    Raises:
        Missing: no such schema.
    """
    place = directory / kind / f"{name}.json"
    if "/" in name or not place.is_file():
        raise Missing(
            "catalogue.unknown-schema",
            f"There is no schema {kind}/{name}; add schemas/{kind}/{name}.json or correct the name.",
            f"没有数据模式 {kind}/{name}；请添加 schemas/{kind}/{name}.json 或更正名称。",
            schema=name,
        )
    found: Mapping[str, Any] = json.loads(place.read_bytes())
    return found


def evidence_schema(name: str, directory: Path = DIRECTORY) -> Mapping[str, Any]:
    """The schema of one evidence type's standard form."""
    return schema_named("evidence", name, directory)


def has_evidence_schema(name: str, directory: Path = DIRECTORY) -> bool:
    """True when the evidence schema exists."""
    return "/" not in name and (directory / "evidence" / f"{name}.json").is_file()


@cache
def validator_for(evidence_type: str, directory: Path = DIRECTORY) -> Validator:
    """A built validator for a type, given by short name or ``vct``; none of the faults it lists holds a value.

    Raises:
        Missing: the type has no schema.
    """
    built = jsonschema_rs.Draft202012Validator(
        dict(evidence_schema(short_name(evidence_type), directory)), validate_formats=True
    )

    def faults_in(standard_form: Mapping[str, Any]) -> list[Fault]:
        if built.is_valid(standard_form):
            return []
        return [_fault(each) for each in built.iter_errors(standard_form)]

    return faults_in


@cache
def checking_validator_for(evidence_type: str, directory: Path = DIRECTORY) -> "Draft202012Validator":
    """The slow, independent validator that the fast one is held against."""
    from jsonschema import Draft202012Validator, FormatChecker  # loaded only where a catalogue is checked

    return Draft202012Validator(evidence_schema(short_name(evidence_type), directory), format_checker=FormatChecker())


def short_name(evidence_type: str) -> str:
    """``resident`` for ``urn:hub:evidence:resident:1``; other text as it is."""
    parts = evidence_type.split(":")
    return parts[3] if evidence_type.startswith("urn:hub:evidence:") and len(parts) == 5 else evidence_type  # noqa: PLR2004


@cache
def claims_of(evidence_type: str, directory: Path = DIRECTORY) -> Mapping[str, bool]:
    """Every claim path of a type and whether it is sensitive 敏感个人信息 (PIPL article 28)."""
    schema = evidence_schema(short_name(evidence_type), directory)
    return {path: sensitive for path, sensitive, _ in _claims(schema, schema, "", sensitive=False)}


@cache
def form_named(name: str, directory: Path = DIRECTORY) -> Form | None:
    """What a published evidence schema says of its records, None when there is none."""
    if not has_evidence_schema(name, directory):
        return None
    schema = evidence_schema(name, directory)
    values = {path: _values(member) for path, _, member in _claims(schema, schema, "", sensitive=False)}
    return Form(
        vct=schema["x-vct"],
        registry=schema.get("x-registry", ""),
        roles=tuple(each["role"] for each in schema["x-roles"]),
        values={path: several for path, several in values.items() if several},
    )


def _values(member: Mapping[str, Any]) -> frozenset[str]:
    """What a claim may say, in the words of checks, where the schema lists it."""
    return frozenset({"true", "false"} if member.get("type") == "boolean" else map(str, member.get("enum", ())))


def _claims(
    schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str, *, sensitive: bool
) -> Iterator[tuple[str, bool, Mapping[str, Any]]]:
    schema = _resolved(schema, root)
    sensitive = sensitive or bool(schema.get("x-sensitive"))
    if prefix:
        yield prefix, sensitive, schema
    for name, member in schema.get("properties", {}).items():
        yield from _claims(member, root, f"{prefix}.{name}" if prefix else name, sensitive=sensitive)
    items = schema.get("items")
    if isinstance(items, dict) and "properties" in _resolved(items, root):
        yield from _claims(items, root, f"{prefix}.*", sensitive=sensitive)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    if not reference.startswith("#/"):
        return schema
    found: Any = root
    for step in reference[2:].split("/"):
        found = found[step]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _fault(error: Any) -> Fault:
    steps = [str(step) for step in error.instance_path]
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        steps.append(str(error.kind.property))
    return Fault(".".join(steps), str(error.schema_path[-1]) if error.schema_path else "schema")
