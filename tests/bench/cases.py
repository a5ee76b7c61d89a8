"""Checklists a second over HTTP, for a matter of 24 materials and an applicant with 200 pieces of evidence.

``python -m tests.bench.cases [--subjects 1000000] [--workers 2]``. Looks are taken at cases that were looked at before.
Beside them first looks, each at a case that nobody looked at since it was opened, and the floor: the same server, the
same token, one indexed statement that finds no case, an empty list.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import text

from hub.bootstrap import build
from hub.cases.model import PersonAsked
from hub.cases.service import Opening, PersonIn
from hub.catalogue.model import APPLICANT
from hub.client.channel import Channel, Identity
from hub.evidence.model import Link
from hub.evidence.store import NewEvidence
from hub.identity.model import Mention
from hub.kernel.ids import new_id
from hub.proof.sdjwt import issue_sd_jwt
from hub.settings import settings_from
from tests.bench.load import Load, post
from tests.bench.report import Figure, tell
from tests.bench.stage import remove
from tests.bench.town import HUB_ID, Town, opened, served

SERVICE, MATTER = "svc:association-registration", "association-registration"
NUMBER, NAME = "11010519491231002X", "张三"
PIECES, CASES, FIRST, MOST_STATEMENTS = 200, 40, 200, 10
EMPTY = "/v1/cases?event=none"
ROLES = (APPLICANT, "founding_person", "person_in_charge", "legal_representative", "office_owner")
FILL = """
INSERT INTO registry_state (registry_id, sequence, cursors, read_at)
SELECT unnest('{civil_affairs, land, marriage, funeral, low_income}'::text[]), 1, '{}', '{}';
INSERT INTO identity_subject (subject_id, kind, created_at)
SELECT 'sub_' || lpad(n::text, 26, '0'), 'resident', now() FROM generate_series(1, :n) n;
INSERT INTO evidence (evidence_id, registry_id, export, record, content, type, issuer, kid, batch, line, as_of, status,
 reason, changed_at, tells_reversal, digest, sealed)
SELECT 'ev_' || lpad(n::text, 26, '0'), 'civil_affairs', 'residents', 'r' || n, 'c' || n, 'resident',
 'dept:civil-affairs', 'k', 1, n, now(), 'valid', '', now(), false, decode(md5(n::text), 'hex'),
 decode(repeat(md5(n::text), 8), 'hex') FROM generate_series(1, :n) n;
INSERT INTO evidence_link (subject_id, evidence_id, role)
SELECT 'sub_' || lpad(n::text, 26, '0'), 'ev_' || lpad(n::text, 26, '0'), 'self' FROM generate_series(1, :n) n"""
"""Registries that were read, and so many other subjects, each with a piece of evidence."""


@dataclass(frozen=True)
class Looks:
    """What a first look costs, and one when nothing changed since."""

    first_ms: float
    first_statements: int
    again_statements: int


def main() -> int:
    """Measures and tells; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--subjects", type=int, default=1_000_000, help="subjects with a piece of evidence each beside the applicant"
    )
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        with opened(root) as town:
            cases, looks = _prepared(town, chosen.subjects)
            with served(town, workers=chosen.workers) as up:
                paths = [f"/v1/cases/{case}/checklist" for case in cases]
                known, unknown = paths[:CASES], paths[CASES:]
                loads = [_looked(up, known, clients, chosen.requests) for clients in (1, 16)]
                firsts = _looked(up, unknown, 16, len(unknown), known=known)
                floor = _looked(up, [EMPTY], 16, chosen.requests)
    finally:
        remove(root)
    title = f"checklist: 24 materials, {PIECES} pieces of evidence, {chosen.subjects:,} other subjects"
    return 0 if tell(title, _figures(loads, firsts, floor, looks)) else 1


def _figures(loads: list[Load], firsts: Load, floor: Load, looks: Looks) -> list[Figure]:
    figures = [
        Figure("first looks at 16 clients", firsts.rate, "/s"),
        Figure("first looks at 16 clients: p50", firsts.p50_ms, "ms"),
        Figure("first looks at 16 clients: p99", firsts.p99_ms, "ms"),
        Figure("a first look, nothing remembered, in process", looks.first_ms, "ms"),
        Figure("statements of a first look", looks.first_statements, "", MOST_STATEMENTS, is_limit=True),
        Figure("statements of a look when nothing changed", looks.again_statements, "", 1, is_limit=True),
        Figure("floor at 16 clients: authenticated, an empty list", floor.rate, "/s"),
        Figure("floor at 16 clients: p99", floor.p99_ms, "ms"),
        Figure("checklists of the floor's rate at 16 clients", loads[-1].rate / floor.rate, "", 0.5),
    ]
    for load in loads:
        odd = "" if set(load.statuses) == {200} else f"statuses {load.statuses}"
        figures += [
            Figure(f"{load.clients} clients: checklists", load.rate, "/s", note=odd),
            Figure(f"{load.clients} clients: p50", load.p50_ms, "ms"),
            Figure(f"{load.clients} clients: p99", load.p99_ms, "ms", 30 if load.clients > 1 else None, is_limit=True),
        ]
    return figures


def _prepared(town: Town, subjects: int) -> tuple[list[str], Looks]:
    """The case ids, all of one applicant with ``PIECES`` pieces of evidence; and what looks cost."""
    hub: Any = build(settings_from(town.environment))
    around = hub.cases._around
    with hub.database.writing() as session:
        for filling in FILL.split(";"):
            session.execute(text(filling), {"n": subjects})
        person = {
            "name": NAME,
            "number": NUMBER,
            "number_valid": True,
            "document_kind": "111",
            "birth_date": "1949-12-31",
        }
        mention = Mention("bench-record", "civil_affairs", "residents", "self", "resident", person)
        (placed,) = hub.identity.place(session, [mention])
        _hold(town, around, session, placed.subject_id)
    with hub.database.writing() as session:
        session.execute(text("ANALYZE"))
    asked = PersonAsked(kind="resident", number=NUMBER, name=NAME)
    people = tuple(PersonIn(role, asked) for role in ROLES)
    made = [hub.cases.open(SERVICE, Opening(f"bench-{each}", MATTER, people)) for each in range(CASES + FIRST)]
    first, again = _statements(lambda: hub.cases.checklist(SERVICE, made[0].case.number))
    began = time.perf_counter()
    for each in made[1:CASES]:
        hub.cases.checklist(SERVICE, each.case.number)
    took = (time.perf_counter() - began) * 1000 / (CASES - 1)
    hub.database.close()
    return [each.case.case_id for each in made], Looks(took, first, again)


def _statements(look: Callable[[], object]) -> tuple[int, int]:
    """How many statements a look sends, and how many when it is taken once more."""
    sent: list[object] = []
    execute = psycopg.Cursor.execute

    def told(cursor: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(query)
        return execute(cursor, query, *rest, **more)

    with patch.object(psycopg.Cursor, "execute", told):
        look()
        first = len(sent)
        look()
    return first, len(sent) - first


def _hold(town: Town, around: Any, session: Any, subject_id: str) -> None:
    rows, links = [], []
    for number in range(PIECES):
        kind = "resident" if number % 2 else "real-estate-right"
        form = (
            {"name": NAME, "number": NUMBER}
            if number % 2
            else {"unit": str(number), "registered_status": "history" if number else "current", "right_kind": "4"}
        )
        evidence_id, as_of = new_id("ev"), around.clock.now() - timedelta(hours=number + 1)
        issuer = "dept:civil-affairs" if number % 2 else "dept:land"
        clear = {"iss": issuer, "vct": f"urn:hub:evidence:{kind}:1", "iat": 1, "jti": evidence_id}
        token = issue_sd_jwt(clear, form, signer=town.cabinet.signer_of(issuer)).encode()
        sealed = around.keyring.seal(token, context=f"evidence|{evidence_id}")
        digest = hashlib.sha256(token).digest()
        ends = (None, None, as_of, None, None, False, None)
        row = NewEvidence(
            evidence_id, "bench", kind, evidence_id, "", kind, issuer, "", 1, 1, as_of, *ends, digest, sealed
        )
        rows.append(row)
        links.append(Link(subject_id, evidence_id, "self" if number % 2 else "holder"))
    store = around.evidence(session)
    store.keep(rows)
    store.link(links)


def _looked(town: Town, paths: list[str], clients: int, count: int, *, known: list[str] | None = None) -> Load:
    """Looks at ``paths`` in turn, once every worker has looked at what is ``known``: at those paths, unless said."""
    channel = Channel(town.url, Identity(SERVICE, town.cabinet.signer_of(SERVICE), HUB_ID))
    headers = {"authorization": f"Bearer {channel.access_token()}"}
    channel.close()
    before = known or paths
    post(town.url, [b""] * max(100, 8 * len(before)), clients=16, headers=headers, method="GET", paths=before)
    return post(town.url, [b""] * count, clients=clients, headers=headers, method="GET", paths=paths)


if __name__ == "__main__":
    sys.exit(main())
