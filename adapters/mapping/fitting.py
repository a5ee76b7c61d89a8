"""Whether what a mapping makes of columns fits the evidence type: its claims, their kind of value, their codes."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.mapping.model import Claim, Export, Mapping
from adapters.schemas import schema, validator_of

Complaint = tuple[str, str]
_GIVES: Final = {
    **dict.fromkeys(("integer", "money", "area"), "integer"),
    **dict.fromkeys(("holders", "members"), "array"),
    "flag": "boolean",
}
_ONLY: Final = {"person-name": "name", "any-name": "name", "holders": "holders", "members": "members"}
"""Readers that fill one claim, whatever it is called: under another name they would overwrite that one."""


def missing_claims(export: Export) -> list[str]:
    """What the evidence type requires and no claim of the mapping gives."""
    given = {claim.name for claim in export.claims}
    return [name for name in _required(export.evidence) if name not in given]


def _required(evidence: str) -> Iterator[str]:
    whole = schema(f"evidence/{evidence}")
    for name in (one for one in whole["required"] if one != "source"):  # where it stands, every record says
        inner = whole["properties"][name].get("required", ())
        yield from (f"{name}.{one}" for one in inner) if inner else [name]


def misfit_of(claim: Claim, export: Export) -> Complaint | None:
    """Why ``claim`` cannot be what the evidence type describes; None when it can."""
    if claim.reader == "organisation-numbers":
        return None
    only = _ONLY.get(claim.reader, claim.path[-1])
    if only != claim.path[-1]:
        return f"'as: {claim.reader}' fills the claim '{only}' only; read this one as text", "该读法不适用于此数据项"
    node = _described(claim.path, export.evidence)
    if node is None:
        return f"the evidence type {export.evidence} has no such claim", "凭证类型没有该数据项"
    gives, wants = _GIVES.get(claim.reader, "string"), node.get("type", "string")
    if gives != wants:
        return (
            f"'as: {claim.reader}' gives a value of type {gives}, the evidence type wants {wants}",
            "读法与数据项类型不符",
        )
    return None


def odd_code(claim: Claim, export: Export, mapping: Mapping) -> str | None:
    """A code that the claim's table gives and the evidence type does not know; None when it knows them all."""
    node = _described(claim.path, export.evidence) if claim.reader == "code" else None
    if node is None:
        return None
    fits = validator_of(node).is_valid
    codes = set(mapping.codes.get(claim.codes or "", {}).values())
    return min((code for code in codes if not fits(code)), default=None)


def _described(path: tuple[str, ...], evidence: str) -> dict[str, Any] | None:
    """What the evidence type's schema says of the claim; None when it knows none of that name."""
    whole = schema(f"evidence/{evidence}")
    node: dict[str, Any] = whole
    for step in path:
        node = node.get("properties", {}).get(step, {})
        if "$ref" in node:
            node = whole["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        if not node:
            return None
    return node
