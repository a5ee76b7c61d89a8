"""What an interface's answer 应答 holds: its JSON in any encoding, its rows at the place that the mapping names."""

import json
from collections.abc import Iterator
from typing import Any

from hub.errors import Malformed

Page = tuple[list[Any], int]
"""The rows of a page and the total that the interface claims."""


def parsed(content: bytes) -> Any:
    """JSON in which no object names a field twice; NaN, which some servers write for a value that is missing, is none.

    Raises:
        ValueError, RecursionError: it is none.
    """
    return json.loads(_text_of(content), object_pairs_hook=_members, parse_constant=_missing)


def _text_of(content: bytes) -> str:
    """The answer as text: in UTF-8 as JSON must be, marked as such or not, or in the GB18030 of older servers."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "an object that names a field twice"
        raise ValueError(message)
    return members


def _missing(constant: str) -> None:
    if constant != "NaN":
        message = f"{constant} is no JSON"
        raise ValueError(message)


def page_in(answer: dict[str, Any], place: str) -> Page | None:
    """The page whose rows stand at ``place``, such as ``data`` or ``data.records``; None when no list stands there.

    Nothing in place of the rows is an empty page where the total, which stands beside the rows or above, says so.

    Raises:
        Malformed: ``adapters.source-rows``: rows stand elsewhere in the answer.
    """
    holder: Any = answer
    *way, last = place.split(".")
    for name in way:
        holder = holder.get(name) if isinstance(holder, dict) else None
    beside = holder if isinstance(holder, dict) else {}
    told = str(beside.get("total", answer.get("total")))
    rows = beside.get(last)
    if isinstance(rows, list):
        return rows, int(told) if told.isdecimal() else 0
    if elsewhere := [".".join(way) for way in _lists_in(answer)]:
        raise _elsewhere(place, elsewhere)
    return ([], 0) if rows is None and told == "0" else None


def _lists_in(holder: dict[str, Any], levels: int = 4) -> Iterator[tuple[str, ...]]:
    """Where lists of objects stand, so many levels deep."""
    for name, value in holder.items():
        if isinstance(value, dict) and levels:
            yield from ((name, *way) for way in _lists_in(value, levels - 1))
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            yield (name,)


def _elsewhere(place: str, elsewhere: list[str]) -> Malformed:
    return Malformed(
        "adapters.source-rows",
        f"The registry's interface answers, with no rows under {place}; those that it gives stand under"
        f" {' or '.join(elsewhere[:5])[:300]}. Name the place in the mapping:"
        f" sources: {{rest: {{rows: {elsewhere[0][:100]}}}}}.",
        f"登记库接口有应答，但 {place} 下没有记录；所给记录位于 {'、'.join(elsewhere[:5])[:300]}。请在映射中写明："
        f"sources: {{rest: {{rows: {elsewhere[0][:100]}}}}}。",
        rows=place,
    )
