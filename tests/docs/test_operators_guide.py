"""The operators' guide names every variable that the settings read, and none that they do not."""

import re

from tests.docs.examples import ROOT

NAME = re.compile(r"HUB_[A-Z_]*[A-Z]")


def test_every_variable_is_explained_and_none_is_invented() -> None:
    read = set(NAME.findall((ROOT / "hub" / "settings.py").read_text(encoding="utf-8")))
    told = set(NAME.findall((ROOT / "docs" / "guides" / "operators.md").read_text(encoding="utf-8")))
    assert {name for name in told if not name.endswith(("_FILE", "HUB_X"))} == read
