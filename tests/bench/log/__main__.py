"""``python -m tests.bench.log``: see ``measuring``.

Whoever checks entries in a process of its own begins with this module, so that nothing else is imported here.
"""

import sys

if __name__ == "__main__":
    from tests.bench.log.measuring import main

    sys.exit(main())
