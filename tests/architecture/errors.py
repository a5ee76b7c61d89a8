"""Every way the hub says no, as written in the source: the code, its family, its sentences, where it stands."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.modules import Module, modules

FAMILIES = ("Malformed", "Refused", "Missing", "Conflict", "Unavailable", "Broken")


@dataclass(frozen=True)
class Said:
    """One place that makes an error."""

    code: str
    family: str
    en: str
    zh: str
    module: str
    line: int


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def _said(module: Module) -> Iterator[Said]:
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILIES):
            continue
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        code, en, zh = (
            _text(node.args[place]) if len(node.args) > place else _text(named.get(name, ast.Constant("")))
            for place, name in enumerate(("code", "en", "zh"))
        )
        yield Said(code, node.func.id, en, zh, module.name, node.lineno)


def said() -> list[Said]:
    """Every error made in the hub and the adapters, in order of code."""
    return sorted(
        (one for module in modules() for one in _said(module)), key=lambda one: (one.code, one.module, one.line)
    )
