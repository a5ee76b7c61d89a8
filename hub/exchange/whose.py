"""Whose evidence is it 凭证归属: where its subject stands in it, and whether it names somebody else than was meant."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.identity.model import IdentityQuery
from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key

_PLACE: Final = re.compile(r"[1-9][0-9]{0,5}")


def own_path(claims: Mapping[str, Any], role: str) -> tuple[str | int, ...]:
    """Where somebody in that role stands: the roles of the published types are their paths, but for two."""
    base, _, number = role.partition(".")
    if base in {"self", "deceased", ""}:
        return ()
    plural = f"{base}s"
    if plural not in claims:
        return (base,)
    return (plural, int(number) - 1 if _PLACE.fullmatch(number) else number or 0)


def place_of(claims: Mapping[str, Any], role: str) -> tuple[str | int, ...]:
    """Where somebody in that role stands, however the role is written; where nobody is seen to, the role itself."""
    path = own_path(claims, role)
    return (role,) if _at(claims, path) is None else path


def has_role(claims: Mapping[str, Any], role: str) -> bool:
    """False when the evidence shows that nobody stands there: what holds somebody is in clear, whatever is disclosed.

    Of a role that is called otherwise than its place, nothing can be said.
    """
    base, dot, number = role.partition(".")
    if base in {"self", "deceased", ""}:
        return not dot
    if base not in claims and f"{base}s" not in claims:
        return True
    if dot and (f"{base}s" not in claims or not _PLACE.fullmatch(number)):
        return False
    return _at(claims, own_path(claims, role)) is not None


def is_about_another(meant: IdentityQuery | None, claims: Mapping[str, Any], role: str) -> bool:
    """True when number and name of its subject are both disclosed and both are others than those asked about.

    One of them alone may differ: numbers are corrected and reissued, names change and are written in several ways.
    Where the evidence has no such place, or nobody stands on top of it, not all whom it names may be others: a role
    that is not there would hide a stranger.
    """
    if meant is None:
        return False
    path = own_path(claims, role)
    own = _at(claims, path)
    is_told = own is not None and (bool(path) or _is_named(own))
    named = [own] if is_told else [each for each in _objects_in(claims) if _is_named(each)]
    return bool(named) and all(_is_another(meant, each) for each in named if each is not None)


def _at(claims: Any, path: tuple[str | int, ...]) -> Mapping[str, Any] | None:
    """The object at ``path``, as far as it was disclosed."""
    found = claims
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found if isinstance(found, Mapping) else None


def _objects_in(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
    for member in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _objects_in(member)


def _is_named(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("number"), str) and isinstance(told.get("name"), str)


def _is_another(meant: IdentityQuery, told: Mapping[str, Any]) -> bool:
    if not _is_named(told):
        return False
    return _number(told["number"]) != _number(meant.number) and name_key(told["name"]) != name_key(meant.name)


def _number(text: str) -> str:
    found = parse_identifier(text)
    return text if found is None else found.value
