"""The table of what reads which vector names what there is."""

import re
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_every_function_that_the_table_names_is_there() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Trying it with vectors of your own")
    named = re.findall(r"`(hub\.(?:proof|kernel)(?:\.[a-z]+)+)\.(\w+(?:\.\w+)?)`", section)
    assert len(named) > 15
    for module, name in named:
        found = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found)
        assert found.__doc__
