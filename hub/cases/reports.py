"""The supervision report 电子监察报告 as JSON and CSV."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, get_type_hints

from hub.cases.rules.supervision import Liability, Lit, MonthFigures, SupervisionReport

TABLES: Final[Mapping[str, type]] = {"lights": Lit, "liabilities": Liability, "figures": MonthFigures}
"""The parts of a report that are tables, by name."""


def report_json(report: SupervisionReport) -> str:
    """The whole report; days as ISO dates."""
    return json.dumps(dataclasses.asdict(report), default=_plain, ensure_ascii=False, indent=2)


def table_csv(report: SupervisionReport, name: str) -> str:
    """One of ``TABLES``: a header, then a line for each row; nested members are columns such as ``timer.due_on``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(_columns(TABLES[name])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(dataclasses.asdict(row)) for row in getattr(report, name))
    return out.getvalue()


def _columns(kind: type, prefix: str = "") -> Iterator[str]:
    members = get_type_hints(kind)
    for name in (each.name for each in dataclasses.fields(kind)):
        if dataclasses.is_dataclass(members[name]):
            yield from _columns(members[name], f"{prefix}{name}.")
        else:
            yield prefix + name


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, dict):
            flat |= _flat(member, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _plain(member) if isinstance(member, date) else member
    return flat


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
