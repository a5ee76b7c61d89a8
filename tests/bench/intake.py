"""Records a second from a registry's rows to stored evidence, by stage, beside bare verification and a bare COPY.

Stages are processor time in one process, without PostgreSQL's; the rate is of adapter and hub in their own processes.

``python -m tests.bench.intake [--residents 60000]``: fewer measure the start of the processes as well.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from adapters.agent import batch as agent_batch
from adapters.agent.rows import RowReader
from hub.api.app import application
from hub.api.limits import Limits
from hub.api.logs import start_logging
from hub.api.server import listening_socket, served
from hub.bootstrap import build
from hub.evidence import lines as hub_lines
from hub.evidence.store import EvidenceStore, Vault
from hub.identity.service import IdentityService
from hub.proof.encoding import b64url_decode
from hub.proof.keys import PublicKey
from hub.proof.sdjwt import issue_sd_jwts
from hub.settings import settings_from
from tests.bench.report import Figure, tell
from tests.bench.stage import remove
from tests.bench.town import Town, opened, pushed_one, settled
from tests.bench.town import served as served_apart

REGISTRY = "civil_affairs"
SAMPLES = 2000
BAR = 2_500
RATE = "records, adapter and hub apart"
VERIFIED_ELSEWHERE = 7_900
"""Signatures verified a second, in one process, where the bar was set."""


class Watch:
    """Adds up the processor time that a thread spends in what it wraps; what runs inside another stage is taken off."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.tokens: list[str] = []
        self._thread = threading.local()

    @contextmanager
    def _on(self, stage: str) -> Iterator[None]:
        open_: list[float] = self._thread.__dict__.setdefault("open", [])
        open_.append(0.0)
        began = time.thread_time()
        try:
            yield
        finally:
            whole, inner = time.thread_time() - began, open_.pop()
            self.spent[stage] += whole - inner
            if open_:
                open_[-1] += whole

    def call(self, stage: str, deed: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._on(stage):
                return deed(*args, **kwargs)

        return timed

    def rows(self, stage: str, deed: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            going = deed(*args, **kwargs)
            end = object()
            while True:
                with self._on(stage):
                    row = next(going, end)
                if row is end:
                    return
                yield row

        return timed

    def issued(self, *args: Any, **kwargs: Any) -> list[str]:
        with self._on("sign"):
            tokens = issue_sd_jwts(*args, **kwargs)
        self.tokens += tokens[: SAMPLES - len(self.tokens)]
        return tokens


def main() -> int:
    """Measures and tells; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=60_000)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    start_logging("warning")
    root = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        source = settled(root, chosen.residents).civil_url
        with opened(root / "staged") as town:
            staged = _by_stage(town, source)
        with opened(root / "whole") as town, served_apart(town, workers=chosen.workers) as up:
            whole = _timed(lambda: pushed_one(up, REGISTRY, source))
            copied = _copies(up.database_url)
    finally:
        remove(root)
    figures = [*_whole(*whole), *staged, copied, _of_verification(*whole, staged[-1].value)]
    return 0 if tell("intake: from rows to stored evidence", figures) else 1


def _timed(deed: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = deed()
    return made, time.perf_counter() - began


def _whole(report: Any, seconds: float) -> list[Figure]:
    return [
        Figure(RATE, report.accepted / seconds, "/s", BAR),
        Figure("records taken in", report.accepted, "records", note=f"{report.unusable} put aside"),
    ]


def _of_verification(report: Any, seconds: float, verified: float) -> Figure:
    note = f"{BAR:,} where {VERIFIED_ELSEWHERE:,} signatures are verified"
    ratio = report.accepted / seconds / verified
    return Figure("of bare verification", ratio, "", BAR / VERIFIED_ELSEWHERE, note=note, stands_for=RATE)


def _by_stage(town: Town, source: str) -> list[Figure]:
    watch = Watch()
    hub = build(settings_from(town.environment | {"HUB_VERIFIERS": "0"}))
    at = listening_socket("127.0.0.1", 0)
    with served(lambda: application(lambda: hub, Limits()), at) as url, _watched(watch, hub):
        began = time.process_time()
        report, seconds = _timed(
            lambda: pushed_one(Town(town.root, town.environment, town.cabinet, url), REGISTRY, source)
        )
        whole = time.process_time() - began
    rest = whole - sum(watch.spent.values())
    stages = [*sorted(watch.spent.items(), key=lambda each: -each[1]), ("all else: HTTP, JSON, digests", rest)]
    figures = [
        Figure(f"stage: {name}", 1e6 * spent / report.accepted, "µs a record", note=f"{100 * spent / whole:.0f} %")
        for name, spent in stages
    ]
    key = town.cabinet.signer_of("dept:civil-affairs").public
    return [
        Figure("records, all in one process", report.accepted / seconds, "/s"),
        Figure("processor time of adapter and hub", 1e6 * whole / report.accepted, "µs a record"),
        *figures,
        _verified(watch.tokens, key),
    ]


@contextmanager
def _watched(watch: Watch, running: Any) -> Iterator[None]:
    """Every stage of adapter and intake is timed until the block ends."""
    types = {shape.type for shape in running.intake.shapes.values()}
    validators = {name: watch.call("schema", running.intake.validator_for(name)) for name in types}
    stages = (
        (RowReader, "outcomes", watch.rows("read and normalise", RowReader.outcomes)),
        (agent_batch, "issue_sd_jwts", watch.issued),
        (hub_lines, "verify_sd_jwts", watch.call("verify", hub_lines.verify_sd_jwts)),
        (IdentityService, "place", watch.call("identity", IdentityService.place)),
        (Vault, "seal", watch.call("seal", Vault.seal)),
        (EvidenceStore, "keep", watch.call("store", EvidenceStore.keep)),
        (EvidenceStore, "link", watch.call("store", EvidenceStore.link)),
    )
    with ExitStack() as patches:
        for owner, name, timed in stages:
            patches.enter_context(patch.object(owner, name, timed))
        object.__setattr__(running.intake, "validator_for", validators.__getitem__)  # it is frozen
        yield


def _verified(tokens: list[str], key: PublicKey) -> Figure:
    parts = [token.split("~", 1)[0].rpartition(".") for token in tokens]
    pairs = [(b64url_decode(signature), signed.encode()) for signed, _, signature in parts]
    _, seconds = _timed(lambda: [key.verify(signature, signed) for signature, signed in pairs])
    return Figure("bare: signatures verified, one process", len(pairs) / seconds, "/s")


def _copies(url: str) -> Figure:
    """The same sealed rows copied into an empty table without index."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        rows = cursor.execute("SELECT evidence_id, registry_id, record, content, sealed FROM evidence").fetchall()
        cursor.execute("CREATE TABLE bench_copy (a text, b text, c text, d text, e bytea)")
        began = time.perf_counter()
        with cursor.copy("COPY bench_copy FROM STDIN") as copying:
            for row in rows:
                copying.write_row(row)
        connection.commit()
        seconds = time.perf_counter() - began
    return Figure("bare: rows copied into a table", len(rows) / seconds, "/s")


if __name__ == "__main__":
    sys.exit(main())
