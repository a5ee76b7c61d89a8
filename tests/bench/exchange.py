"""Signed, logged exchanges a second with receipts, at 1, 16 and 64 clients, beside the floor under them.

``python -m tests.bench.exchange [--residents 600] [--workers 2]``
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, text

from hub.client.approval import ApprovalClient, Case, Person
from hub.client.channel import Identity
from hub.proof.jws import sign_jws
from tests.bench.load import Load, post
from tests.bench.report import Figure, tell
from tests.bench.stage import free_port, remove, serving
from tests.bench.town import HUB_ID, Town, opened, pushed, served, settled

SERVICE = "svc:low-income-aid"
MATTER = "low-income-aid"
WANTED = [{"type": "urn:hub:evidence:resident:1", "claims": ["name", "sex", "birth_date", "number"]}]
CLIENTS = (1, 16, 64)
HEADERS = {"content-type": "application/jwt"}
APPLICANTS = 40


def main() -> int:
    """Measures and tells; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=600)
    parser.add_argument("--requests", type=int, default=3000, help="exchanges measured at 16 and at 64 clients")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        with opened(root) as town:
            floors = _floors(town, chosen.requests, chosen.workers)
            with served(town, workers=chosen.workers) as up:
                county = settled(root, chosen.residents)
                pushed(up, county)
                loads = _exchanges(up, county.civil_url, chosen.requests)
    finally:
        remove(root)
    return 0 if tell("exchange: signed, logged, with receipt", _figures(loads, floors)) else 1


def _figures(loads: list[Load], floors: list[Load]) -> list[Figure]:
    figures = []
    for load, floor in zip(loads, floors, strict=True):
        who = f"{load.clients} client{'s' if load.clients > 1 else ''}"
        is_measured = load.clients == 16
        figures += [
            Figure(f"{who}: exchanges", load.rate, "/s", 400 if is_measured else None, note=_odd(load)),
            Figure(f"{who}: p50", load.p50_ms, "ms"),
            Figure(f"{who}: p99", load.p99_ms, "ms"),
            Figure(f"{who}: the floor", floor.rate, "/s", note=_odd(floor)),
            Figure(f"{who}: of the floor", load.rate / floor.rate, "", 0.3 if is_measured else None),
        ]
    return figures


def _odd(load: Load) -> str:
    return "" if set(load.statuses) == {200} else f"statuses {load.statuses}"


def _floors(town: Town, count: int, workers: int) -> list[Load]:
    port = free_port()
    key = town.cabinet.path_of(SERVICE)
    words = ["uvicorn", "--factory", "tests.bench.floor:application", "--port", str(port), "--workers", str(workers)]
    program = [sys.executable, "-m", *words, "--no-access-log", "--log-level", "warning"]
    environment = {"FLOOR_DATABASE_URL": town.database_url, "FLOOR_KEY": str(key)}
    identity = Identity(SERVICE, town.cabinet.signer_of(SERVICE), "hub:bench")
    with serving(program, f"http://127.0.0.1:{port}", environment):
        return [
            post(f"http://127.0.0.1:{port}/floor", _signed(identity, [{}], share), clients=clients, headers=HEADERS)
            for clients, share in ((each, count if each > 1 else count // 3) for each in CLIENTS)
        ]


def _exchanges(town: Town, civil_url: str, count: int) -> list[Load]:
    identity = Identity(SERVICE, town.cabinet.signer_of(SERVICE), HUB_ID)
    window = ApprovalClient(town.url, identity, lambda _kid, _iss: None)
    cases = [_case(window, number, person) for number, person in enumerate(_applicants(civil_url))]
    window.close()
    asked = [_asked(case) for case in cases if case.pairwise_of("applicant")]
    url = f"{town.url}/v1/exchange"
    post(url, _signed(identity, asked, 100), clients=4, headers=HEADERS)
    return [
        post(url, _signed(identity, asked, share), clients=clients, headers=HEADERS)
        for clients, share in ((each, count if each > 1 else count // 3) for each in CLIENTS)
    ]


def _applicants(civil_url: str) -> list[Person]:
    """Residents whose roster entry is clean: an eighteen-digit number and a name."""
    engine = create_engine(civil_url)
    with engine.connect() as connection:
        table = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        roster = next(name for name in table if "sorg" not in name.lower() and "som_" not in name.lower())
        rows = connection.execute(text(f'SELECT "证件号码", "姓名" FROM "{roster}"')).all()
    engine.dispose()
    clean = [(number, name) for number, name in rows if len(str(number)) == 18 and str(name).isalpha()]
    return [Person("resident", str(number), str(name)) for number, name in clean[:APPLICANTS]]


def _case(window: ApprovalClient, number: int, person: Person) -> Case:
    return window.open_case(f"bench-{number}", MATTER, {"applicant": [person]})


def _asked(case: Case) -> dict[str, object]:
    return {
        "subject": {"pairwise": case.pairwise_of("applicant")},
        "matter": case.matter,
        "case": case.number,
        "basis": "《社会救助暂行办法》第十一条",
        "officer": "officer-7",
        "wanted": WANTED,
    }


def _signed(identity: Identity, asked: list[dict[str, object]], count: int) -> list[bytes]:
    now = int(time.time())
    common = {"iss": identity.party, "aud": identity.hub_id, "iat": now, "exp": now + 60}
    return [
        sign_jws(
            {**common, "jti": secrets.token_urlsafe(18), **asked[number % len(asked)]},
            typ="evidence-request+jwt",
            signer=identity.signer,
        ).encode()
        for number in range(count)
    ]


if __name__ == "__main__":
    sys.exit(main())
