"""``make bench``: exchanges, intake and memory, one after the other; ``ARGS=intake`` for one of them."""

import sys

from tests.bench import exchange, intake, memory

BENCHES = {"exchange": exchange.main, "intake": intake.main, "memory": memory.main}


def main() -> int:
    """The number of benches with a bar missed."""
    if sys.argv[1:2] and sys.argv[1] in BENCHES:
        return BENCHES[sys.argv.pop(1)]()
    return sum(bench() for bench in BENCHES.values())


if __name__ == "__main__":
    sys.exit(main())
