"""`hub demo` as a newcomer runs it: one command, figures, a verified bundle, clear words when it cannot run."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.cases.model import ItemState
from hub.demo.show import STATES

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
SMALL = ("--residents", "60", "--organisations", "60", "--port", "0")


def _hub(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HUB, *arguments], capture_output=True, text=True, timeout=300, check=False)  # noqa: S603


def test_a_clerk_has_a_word_for_every_state_of_a_checklist() -> None:
    assert set(STATES) == set(ItemState)


@pytest.mark.timeout(300)
def test_one_command_tells_the_whole_story_and_what_it_made_verifies(tmp_path: Path) -> None:
    place, file = tmp_path / "my [red] demo 演示", tmp_path / "figures.json"
    told = _hub("demo", "--once", "--directory", str(place), "--json", str(file), *SMALL)
    assert told.returncode == 0, told.stderr
    assert f"directory 目录  {place}\n" in told.stderr
    (line,) = (line for line in told.stderr.splitlines() if line.startswith("hub verify "))
    assert _hub(*shlex.split(line)[1:]).returncode == 0
    assert json.loads((place / "applicant.json").read_text(encoding="utf-8")).keys() >= {"kind", "number", "name"}
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures == json.loads((place / "figures.json").read_text(encoding="utf-8"))
    _check(figures)
    bundle, policy = str(place / "bundle.json"), str(place / "trust-policy.json")
    assert _hub("verify", bundle, "--policy", policy).returncode == 0
    signed = ("--policy", str(place / "trust-policy.signed"), "--authority-key", str(place / "authority.jwk"))
    assert _hub("verify", bundle, *signed).returncode == 0
    (place / "first-edition").write_text((place / "trust-policy.signed").read_text().splitlines()[0] + "\n")
    held = ("--authority-key", str(place / "authority.jwk"), "--held", str(place / "trust-policy.signed"))
    assert _hub("keys", "policy", "check", str(place / "first-edition"), *held).returncode == 3
    changed = _hub("verify", str(place / "bundle-changed.json"), "--policy", policy, "--json")
    assert changed.returncode == 3
    assert json.loads(changed.stderr)["step"] == figures["verification"]["one_byte_changed"]["failed_step"]


def _check(figures: dict) -> None:
    assert figures["registries"].keys() == {"civil_affairs", "land", "marriage", "funeral", "low_income"}
    for registry in figures["registries"].values():
        told = (registry[name] for name in ("accepted", "unchanged", "corrected", "quarantined"))
        assert registry["read"] == sum(told)
        assert registry["quarantined"] == sum(registry["quarantined_by_reason"].values())
    assert figures["subjects"]["resident"] >= 60
    assert figures["subjects"]["legal_person"] >= 10
    cases = figures["cases"]
    assert cases["low-income-aid"]["to_bring"] <= 3
    association = cases["association-registration"]
    assert (association["materials_listed"], association["materials_demanded"]) == (24, 23)
    assert association["not_required"].keys() == {"supervising-approval"}
    assert association["to_bring"] <= 10
    assert sum(each["open_questions"] for each in cases.values()) == 0
    second = cases["funeral-subsidy"]
    assert (second["reused_from_another_matter"], second["asked_again"]) == (1, 0)
    assert (cases["refusal"]["outcome"], cases["refusal"]["reason"]) == ("refused", "sharing.no-grant")
    assert figures["verification"]["bundle"]["valid"]
    assert not figures["verification"]["one_byte_changed"]["valid"]
    assert figures["log_size"] > 50


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = _hub("demo", "--once", "--directory", str(tmp_path / "demo"), "--port", port)
    assert told.returncode == 5
    assert "api.port-in-use" in told.stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.timeout(120)
def test_the_keyboard_ends_it_at_any_time_and_leaves_nothing_running(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # deaf below a job in background
    command = [sys.executable, "-c", f"{heard}; {HUB[-1]}", "demo", "--directory", str(place), *SMALL]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
    try:
        ends = time.monotonic() + 60
        while not (place / "keys").exists() and time.monotonic() < ends:
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGINT)
        _, stderr = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, stderr
    again = _hub("demo", "--once", "--directory", str(place), "--port", "99999")
    assert again.returncode == 2
