"""A real exchange of a running hub, checked by everyone who shares no code with it."""

import json
import subprocess
from pathlib import Path

from hub.client.approval import ApprovalClient, Person
from hub.exchange.verify import verify_bundle
from tests.crosscheck.programs import go_program, node_program
from tests.support.desk import SERVICE, desk

RESIDENT = "urn:hub:evidence:resident:1"


def test_jose_and_go_accept_what_a_running_hub_answered(database_url: str, tmp_path: Path) -> None:
    with desk(database_url, tmp_path) as (up, folder):
        window = ApprovalClient(up.url, up.identity_of(SERVICE), up.hub.parties.key_for)
        case = window.open_case(
            "2026-1", "low-income-aid", {"applicant": [Person("resident", "11010519491231002X", "张三")]}
        )
        wanted = [{"type": RESIDENT, "claims": ["name", "birth_date"]}]
        answer = window.ask(case, {"pairwise": str(case.pairwise_of("applicant"))}, wanted, basis="b", officer="o")
        bundle, policy = folder / "bundle.json", folder / "trust-policy.json"
        bundle.write_text(json.dumps(window.bundle(answer), ensure_ascii=False), encoding="utf-8")
        window.close()
    assert verify_bundle(bundle.read_bytes(), json.loads(policy.read_bytes())).failed is None
    jose = said([*node_program(), str(bundle), str(policy)])
    assert jose["evidence"] == [{"issuer": "dept:civil-affairs", "type": RESIDENT, "disclosed": ["birth_date", "name"]}]
    go = said([str(go_program(tmp_path)), "bundle", str(bundle), str(policy)])
    assert go["signed"] == [up.hub.log_origin]


def said(words: list[str]) -> dict:
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own programs
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
