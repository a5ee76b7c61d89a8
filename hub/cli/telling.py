"""What the command line says to people, in English and Chinese, and to scripts, in JSON."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size

from hub.errors import HubError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""The option by which a command prints for scripts rather than for people."""
By = Annotated[str, typer.Option(help="Who signs for it; kept in the log.")]


def say(en: str, zh: str = "") -> None:
    """One line for people on standard error, so that standard output stays for results."""
    sys.stderr.write(f"{en} {zh}".rstrip() + "\n")


def print_json(value: Any) -> None:
    """One JSON document for scripts on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def report(done: Mapping[str, Any], en: str, zh: str, *, as_json: bool) -> None:
    """What was ``done``: a document for scripts, or else a line for people."""
    if as_json:
        print_json(done)
    else:
        say(en, zh)


def print_lines(rows: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """A plain table of the named columns on standard output; a Chinese character is two places wide."""
    texts = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        sys.stdout.write("  ".join(map(set_cell_size, line, widths)).rstrip() + "\n")


def _cell(value: Any) -> str:
    """Case numbers and the like are others' texts: what would move the cursor, or break the row, is spelled out."""
    text = "-" if value is None else str(value)
    return "".join(each if each.isprintable() or each == "\u3000" else ascii(each)[1:-1] for each in text)


def tell_fault(fault: HubError, *, as_json: bool = False) -> None:
    """What went wrong and what to do, on standard error."""
    if as_json:
        members = {**fault.facts, "code": fault.code, "family": fault.family, "detail": fault.en, "detail_zh": fault.zh}
        sys.stderr.write(json.dumps(members, ensure_ascii=False) + "\n")
        return
    say(f"{fault.code}: {fault.en}", fault.zh)
    for name, fact in fault.facts.items():
        lines = [f"  {name}:", *(f"    {each}" for each in fact)] if isinstance(fact, list) else [f"  {name}: {fact}"]
        say("\n".join(lines))
    for note in getattr(fault, "__notes__", ()):
        say(f"  {note}")
