"""Every parser that outsiders reach, fuzzed from its seeds: by chance everywhere, led by coverage where atheris is."""

import json
import platform
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.fuzz import TARGETS, one_input, seeds
from tests.support.bending import bent

SECONDS = 10
BROKEN = """
import sys
from pathlib import Path
from tests.proof.fuzz import explore

def read(content):
    if content[:1] == b"a":
        {}[content]

explore(read, [b"b"], Path(sys.argv[1]), ["-max_total_time=60"])
"""
led = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="atheris has wheels for Linux on x86-64 only"
)


def test_every_parser_has_a_seed() -> None:
    assert [seed[0] for seed in seeds()] == list(range(len(TARGETS)))


def test_mutated_seeds_are_read_or_malformed() -> None:
    chance = random.Random(20260301)  # noqa: S311 - mutations, not secrets
    for seed in seeds():
        one_input(seed)
        for _ in range(150):
            content = bytearray(seed[1:])
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(content) + 1)
                match chance.randrange(4):
                    case 0:
                        content[at : at + 1] = chance.randbytes(1)
                    case 1:
                        content[at:at] = chance.randbytes(chance.randint(1, 3))
                    case 2:
                        del content[at : at + chance.randint(1, 3)]
                    case _:
                        content += content[at : at + 20]
            one_input(seed[:1] + bytes(content))


def test_json_with_any_value_of_a_wrong_kind_is_read_or_malformed() -> None:
    spelled = [(seed[:1], seed[1:]) for seed in seeds() if seed[1:2] == b"{"]
    assert len(spelled) > 6
    for parser, content in spelled:
        for worse in bent(json.loads(content)):
            one_input(parser + json.dumps(worse, separators=(",", ":"), sort_keys=True).encode())


def ran(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)  # noqa: S603


@led
def test_inputs_led_by_coverage_are_read_or_malformed(tmp_path: Path) -> None:
    explored = ran("-m", "tests.proof.fuzz", tmp_path, f"-max_total_time={SECONDS}")
    assert explored.returncode == 0, explored.stderr[-4_000:]
    done = re.search(r"Done (\d+) runs", explored.stderr)
    assert done is not None
    assert int(done[1]) > 1_000
    assert len(list((tmp_path / "corpus").iterdir())) > 2 * len(TARGETS), "new ways were found and kept"


@led
def test_a_parser_that_raises_anything_else_is_found_out(tmp_path: Path) -> None:
    explored = ran("-c", BROKEN, tmp_path)
    assert explored.returncode != 0
    assert "KeyError" in explored.stdout + explored.stderr
    assert list(tmp_path.glob("crash-*"))
