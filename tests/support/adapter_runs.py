"""Runs an adapter against a hub in memory, the shortest way a test can say it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from adapters.agent.hub_client import HubClient
from adapters.agent.model import PushReport, Tell
from adapters.agent.push import Options, push_with
from adapters.conformance.trial import QUICK, RECORD_KEY
from adapters.mapping.load import default_mapping
from adapters.mapping.model import Mapping as RegistryMapping
from hub.proof.keys import generate_signer
from tests.support.fake_hub import FakeHub

SIGNER = generate_signer()


def hub_for(registry: str) -> FakeHub:
    """A hub that knows the registry's department."""
    made = FakeHub()
    made.register(registry, default_mapping(registry).department, SIGNER.public)
    return made


def run(  # noqa: PLR0913 - each by name
    hub: FakeHub,
    registry: str,
    source: str | Path,
    *,
    mapping: RegistryMapping | None = None,
    since: str | None = None,
    progress: Tell | None = None,
    record_key: bytes = RECORD_KEY,
    **options: Any,
) -> PushReport:
    """One run of the adapter."""
    known = mapping or default_mapping(registry)
    client = HubClient(
        "http://hub.test", party=known.department, signer=SIGNER, transport=hub.transport(), patience=QUICK
    )
    chosen = Options(**{"patience": QUICK, **options})
    try:
        return push_with(client, known, source, (SIGNER, record_key), since=since, progress=progress, options=chosen)
    finally:
        client.close()


def workbook(path: Path, rows: Sequence[Sequence[Any]], *, sheet: str = "Sheet1") -> Path:
    """A workbook of one sheet."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


def lines(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    """A plain .csv without any quoting."""
    path.write_bytes("\r\n".join(",".join(row) for row in rows).encode(encoding) + b"\r\n")
    return path


def by_name(claims: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Standard forms by the name in them."""
    return {str(one.get("name")): one for one in claims}
