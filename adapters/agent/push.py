"""An adapter's run 推送: asks the hub where to go on, reads the source, issues, pushes, withdraws what is gone.

The adapter keeps nothing of its own. Killed anywhere, the next run finds at the hub what was kept and sends the rest.
Of a full export every batch but the last is a delta; the last one is full: it withdraws what the source no longer has
and carries every row that cannot be used. Two adapters of one registry that push at once are told apart by the chain:
the one refused reads the cursor again and builds its batch anew.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from adapters.agent.batch import Issuer
from adapters.agent.export_run import ExportRun, Manner
from adapters.agent.hub_client import HubClient
from adapters.agent.model import PushReport, Tell
from adapters.agent.references import References
from adapters.agent.sender import Department
from adapters.agent.statuses import StatusPublisher
from adapters.mapping.load import default_mapping, load_mapping, registry_name
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.sources.model import Contents, SourceTable
from adapters.sources.open import read_source
from adapters.sources.patience import Patience
from adapters.standard.scalars import read_instant
from hub.errors import HubError, Malformed
from hub.kernel.clock import Clock, SystemClock
from hub.proof.keys import Signer

RECORD_KEY_BYTES = 32
THROUGH_OUTAGES: Final = Patience(outage_seconds=300.0)
"""A hub that is restarted, or whose database is, costs no run of the adapter."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator may choose for one run.

    ``status_base`` is the address under which evidence statuses are published, the hub's by default. ``allow_empty``
    lets a full export without a single record withdraw everything, ``allow_shrink`` one with less than half of what the
    hub holds withdraw the rest. ``new_names`` lets every record come under a new name, and withdraws what the hub holds
    under the old ones: after the loss of a record key. ``heartbeat`` sends an empty batch when nothing changed, so that
    the hub knows how fresh the registry is. ``waiting`` is called whenever the hub is away and waited for.
    """

    hub_id: str | None = None
    status_base: str | None = None
    allow_empty: bool = False
    allow_shrink: bool = False
    new_names: bool = False
    heartbeat: bool = True
    patience: Patience | None = None
    clock: Clock | None = None
    folder: Path | None = None
    waiting: Callable[[], None] = lambda: None


def push(  # noqa: PLR0913 - what an operator gives on the command line, each by name
    registry: str,
    source: str | Path,
    *,
    hub_url: str,
    signer: Signer,
    record_key: bytes,
    mapping: RegistryMapping | Path | str | None = None,
    since: str | None = None,
    progress: Tell | None = None,
    options: Options | None = None,
) -> PushReport:
    """Everything that ``source`` holds of ``registry`` is at the hub afterwards, or the error says what to do.

    Args:
        registry: ``civil_affairs``, ``land``, ``marriage``, ``funeral`` or ``low_income``.
        source: a database URL, an HTTP address, a folder or a file.
        hub_url: the hub's address.
        signer: the department's key.
        record_key: 32 secret bytes of the department, under which records get their opaque names; always the same.
        mapping: the mapping, or the file that holds it; the registry's default when absent.
        since: read a delta from this local time on, instead of from where the last run ended.
        progress: told how far it is.
        options: see ``Options``.

    Raises:
        Malformed, Missing, Refused: source, mapping or key cannot be used; the text says what to change. For a file
            beside others, what the others hold is at the hub, and nothing was withdrawn.
        Unavailable: source or hub stayed away; run again.
    """
    chosen = options or Options()
    known = require_mapping(registry, mapping)
    if len(record_key) != RECORD_KEY_BYTES:
        raise Malformed("adapters.record-key", "The record key must be 32 bytes.", "记录密钥须为 32 字节。")
    client = HubClient(
        hub_url,
        party=known.department,
        signer=signer,
        hub_id=chosen.hub_id,
        clock=chosen.clock,
        patience=chosen.patience or THROUGH_OUTAGES,
        waiting=chosen.waiting,
    )
    with closing(client):
        return push_with(client, known, source, (signer, record_key), since=since, progress=progress, options=chosen)


def require_mapping(registry: str, mapping: RegistryMapping | Path | str | None) -> RegistryMapping:
    """The mapping given, read when it is a file; the registry's default when there is none.

    Raises:
        Missing, Malformed: no such registry or file, or a mapping that cannot be used.
    """
    name = registry_name(registry)
    if mapping is None:
        return default_mapping(name)
    return mapping if isinstance(mapping, RegistryMapping) else load_mapping(mapping, name)


def push_with(  # noqa: PLR0913 - each by name
    client: HubClient,
    mapping: RegistryMapping,
    source: str | Path,
    keys: tuple[Signer, bytes],
    *,
    since: str | None = None,
    progress: Tell | None = None,
    options: Options | None = None,
) -> PushReport:
    """The same over a client that stands already."""
    chosen = options or Options()
    clock = chosen.clock or SystemClock()
    since = _second(since) if since is not None else None
    started = time.monotonic()
    signer, record_key = keys
    contents = read_source(source, mapping, clock=clock, patience=chosen.patience)
    report = PushReport(mapping.registry, ignored=[asdict(one) for one in contents.ignored])
    issuer = Issuer(
        signer=signer,
        department=mapping.department,
        registry=mapping.registry,
        hub_id=client.hub_id,
        status_base=chosen.status_base or client.url,
        as_of=int(clock.now().timestamp()),
    )
    references = References(record_key, mapping.registry, signer.public.kid)
    is_whole = not contents.holes
    manner = Manner(
        progress, since, chosen.allow_empty, chosen.allow_shrink, chosen.new_names, chosen.heartbeat, is_whole
    )
    with closing(contents):
        department = Department(client, issuer, clock, chosen.folder)
        found = _by_export(contents, mapping)
        report.missing = [name for name in mapping.exports if name not in found]
        for name, tables in found.items():
            run = ExportRun(department, references, mapping, mapping.exports[name], manner)
            report.exports.append(run.push(tables))
    publisher = StatusPublisher(client, signer, mapping.department, mapping.registry, clock)
    report.status_lists = publisher.publish()
    report.seconds = time.monotonic() - started
    if contents.holes:
        raise _hole(contents.holes, report)
    return report


def _hole(holes: Sequence[HubError], report: PushReport) -> HubError:
    """Why the run is not whole, and what came of everything else."""
    hole = holes[0]
    facts = {**hole.facts, "unreadable": len(holes), "read": report.read, "accepted": report.accepted, "withdrawn": 0}
    en = f"{hole.en} Everything else that is new or changed was pushed."
    return type(hole)(hole.code, en, f"{hole.zh}其余新增和变更的记录已推送。", **facts)


def _second(written: str) -> str:
    """The local time from which a delta is read, as interfaces and tables write one.

    Raises:
        Malformed: it is no time; compared as it is, it would pass over every row.
    """
    found, _flag = read_instant(written)
    if found is None:
        raise Malformed(
            "adapters.since",
            "The time to read from is none; write it as 2026-10-01 or 2026-10-01 08:30:00.",
            "起始时间无法识别；请写作 2026-10-01 或 2026-10-01 08:30:00。",
        )
    return found if ":" in found else f"{found} 00:00:00"


def _by_export(contents: Contents, mapping: RegistryMapping) -> Mapping[str, list[SourceTable]]:
    found: dict[str, list[SourceTable]] = {name: [] for name in mapping.exports}
    for table in contents.tables:
        found[table.recognised.export].append(table)
    return {name: tables for name, tables in found.items() if tables}
