"""The fuzz target itself, from its seeds, for a few hundred mutations; ``tests/proof/fuzz.py`` goes on from there."""

import random

from tests.proof.fuzz import TARGETS, one_input, seeds
from tests.proof.guided import explore


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


def test_inputs_led_by_coverage_are_read_or_malformed() -> None:
    count, new = explore(seconds=6.0, seed=20260301)
    assert count > 100
    assert new > 0
