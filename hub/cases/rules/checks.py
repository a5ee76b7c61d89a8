"""Whether what a record says meets a material's requirement."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.catalogue.model import Check

Path = Sequence[str | int]


def meets(claims: Mapping[str, Any], own: Path, checks: Sequence[Check]) -> bool:
    """True when every check holds; ``self.`` in a claim stands for ``own``, where the subject stands in the record."""
    return all(_holds(_value(claims, check.claim, own), check) for check in checks)


def _value(claims: Any, claim: str, own: Path) -> Any:
    first, *rest = claim.split(".")
    for step in (*own, *rest) if first == "self" else (first, *rest):
        if isinstance(claims, list) and str(step).isdigit() and int(step) < len(claims):
            claims = claims[int(step)]
        elif isinstance(claims, Mapping) and step in claims:
            claims = claims[step]
        else:
            return None
    return claims


def _holds(value: Any, check: Check) -> bool:
    text = _text(value)
    if check.present is not None and check.present != (value is not None):
        return False
    if check.one_of and text not in check.one_of:
        return False
    if check.none_of and text in check.none_of:
        return False
    return check.at_least is None or (isinstance(value, int) and value >= check.at_least)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
