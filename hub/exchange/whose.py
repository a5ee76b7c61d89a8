"""Whose evidence is it 凭证归属: where its subject stands in it, and whether it names somebody else than was meant."""

from collections.abc import Mapping
from typing import Any

from hub.identity.model import IdentityQuery
from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key


def own_path(claims: Mapping[str, Any], role: str) -> tuple[str | int, ...]:
    """Where somebody in that role stands: the roles of the published types are their paths, but for two."""
    base, _, number = role.partition(".")
    if base in {"self", "deceased", ""}:
        return ()
    plural = f"{base}s"
    return (plural, int(number or 1) - 1) if plural in claims else (base,)


def own_claims(claims: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """What the evidence says of its subject itself, as far as it was disclosed."""
    found: Any = claims
    for step in own_path(claims, role):
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return found if isinstance(found, Mapping) else {}


def is_about_another(meant: IdentityQuery | None, told: Mapping[str, Any]) -> bool:
    """True when number and name are both disclosed and both are others than those asked about.

    One of them alone may differ: numbers are corrected and reissued, names change and are written in several ways.
    """
    number, name = told.get("number"), told.get("name")
    if meant is None or not isinstance(number, str) or not isinstance(name, str):
        return False
    return _number(number) != _number(meant.number) and name_key(name) != name_key(meant.name)


def _number(text: str) -> str:
    found = parse_identifier(text)
    return text if found is None else found.value
