"""The examples in the documents, cut out to be run as they stand there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```([a-z]*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(document: str, language: str) -> list[str]:
    """Every block of ``language`` in ``document``, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for tongue, body in FENCE.findall(text) if tongue == language]


def documents() -> list[Path]:
    """Every Markdown file that readers are sent to."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "keys").rglob("*.md")])
