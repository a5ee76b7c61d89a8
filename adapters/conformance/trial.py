"""A trial: one adapter, its sample rows, a hub that keeps to the protocol, every kind of source for the rows."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from adapters.agent.hub_client import HubClient
from adapters.agent.model import PushReport
from adapters.agent.push import Options, push_with
from adapters.conformance.writers import WRITERS, Table
from adapters.mapping.load import ADAPTERS, default_mapping
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.sources.patience import Patience
from adapters.standard.scalars import read_month
from hub.proof.keys import PublicKey, Signer, generate_signer

RECORD_KEY: Final = b"conformance-key-of-32-bytes-----"
QUICK: Final = Patience(attempts=8, first_seconds=0.005, longest_seconds=0.02, longest_asked_seconds=2.0)


@dataclass(frozen=True)
class Sheet:
    """Rows of one table as text: its name, its header, its rows."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def with_rows(self, rows: Sequence[Sequence[str]]) -> "Sheet":
        """The same table with other rows."""
        return replace(self, rows=tuple(tuple(row) for row in rows))


class TrialHub(Protocol):
    """What a hub must offer to be tried against."""

    kill_at: tuple[int, bool] | None
    call_count: int
    plan: list[str]

    def register(self, registry: str, party: str, key: PublicKey) -> None:
        """The party answers for the registry and signs with the key."""

    def transport(self) -> httpx.BaseTransport:
        """The way to the hub."""

    def contents(self, registry: str) -> dict[tuple[str, str], str]:
        """(export, record) → content of everything live."""

    def put_aside(self, registry: str) -> dict[str, list[dict[str, Any]]]:
        """The rows put aside, by export."""

    def claims(self, registry: str, export: str) -> list[dict[str, Any]]:
        """The standard forms that are live."""


Interface = Callable[[Mapping[str, Sheet]], AbstractContextManager[str]]
"""Serves tables by path behind a signed, paged interface; gives its address."""


@dataclass
class Trial:
    """Everything that a check needs to try one adapter."""

    registry: str
    folder: Path
    new_hub: Callable[[], TrialHub]
    interface: Interface
    databases: Mapping[str, Callable[[Sequence[Table]], str]] = field(default_factory=dict)
    signer: Signer = field(default_factory=generate_signer)
    count: int = 0

    @property
    def mapping(self) -> RegistryMapping:
        """The adapter's default mapping."""
        return default_mapping(self.registry)

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The adapter's sample, as rows."""
        return sample(self.registry)

    def hub(self) -> TrialHub:
        """A new hub that knows the department."""
        made = self.new_hub()
        made.register(self.registry, self.mapping.department, self.signer.public)
        return made

    def push(
        self, hub: TrialHub, source: str | Path, *, mapping: RegistryMapping | None = None, **options: Any
    ) -> PushReport:
        """One run of the adapter."""
        known = mapping or self.mapping
        client = HubClient(
            "http://hub.test", party=known.department, signer=self.signer, transport=hub.transport(), patience=QUICK
        )
        return push_with(client, known, source, (self.signer, RECORD_KEY), options=Options(patience=QUICK, **options))

    def write(self, kind: str, sheets: Sequence[Sheet]) -> Path | str:
        """The sheets as a source of that kind, somewhere new."""
        self.count += 1
        place = self.folder / f"{self.registry}-{self.count}"
        place.mkdir(parents=True)
        return WRITERS[kind](place, tables_of(sheets))

    @contextmanager
    def source(self, kind: str, sheets: Sequence[Sheet]) -> Iterator[tuple[str | Path, RegistryMapping]]:
        """The sheets as a source of that kind, and the mapping that reads it."""
        if kind == "interface":
            mapping = self.mapping_of_paths()
            with self.interface({f"/{sheet.name}": sheet for sheet in sheets}) as address:
                yield address, mapping
        elif kind in self.databases:
            yield self.databases[kind](tables_of(sheets)), self.mapping
        else:
            yield self.write(kind, sheets), self.mapping

    def mapping_of_paths(self) -> RegistryMapping:
        """The default mapping, told under which path each part lies."""
        exports = {}
        for name, export in self.mapping.exports.items():
            parts = {part: replace(body, path=f"/{part or name}") for part, body in export.parts.items()}
            exports[name] = replace(export, parts=parts)
        return replace(self.mapping, exports=exports)


def tables_of(sheets: Sequence[Sheet]) -> list[Table]:
    """The sheets as writers take them."""
    return [(sheet.name, sheet.headers, sheet.rows) for sheet in sheets]


def sample(registry: str) -> tuple[Sheet, ...]:
    """The sample that the registry's package brings; the month of a title becomes a column, totals are left out."""
    sheets = []
    for path in sorted((ADAPTERS / registry / "samples").glob("*.csv")):
        content = path.read_bytes()
        text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "gb18030")
        rows = [row for row in csv.reader(text.splitlines(keepends=True)) if row[0] != "合计"]
        titles = [row for row in rows if sum(map(bool, row)) <= len(row) // 3]
        rows = [row for row in rows if row not in titles]
        month = read_month(" ".join(row[0] for row in titles))[0] if titles else None
        if month:
            rows = [[*row, "月份" if place == 0 else month] for place, row in enumerate(rows)]
        sheets.append(Sheet(path.stem, tuple(rows[0]), tuple(tuple(row) for row in rows[1:])))
    return tuple(sheets)
