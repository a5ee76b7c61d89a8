"""A name says what a thing is: no name that could mean anything, and every module opens with a sentence."""

import ast
import re

from tests.architecture.modules import Module, modules

EMPTY_VERBS = {"get", "process", "handle", "manage", "do"}
EMPTY_NOUNS = {
    "data",
    "info",
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "handler",
    "processor",
}

# Names that hold such a word and mean something by it, each with its reason.
MEANT: dict[str, str] = {
    "hub.api.heads.data_received": "overrides asyncio's method of that name",
    "hub.api.strict.get_route_handler": "overrides FastAPI's method of that name",
    "hub.cli.main.get_command": "overrides Typer's method of that name",
    "hub.storage.embedded.data_directory": "PostgreSQL's own word for the folder of a server's files",
}


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _names(module: Module) -> list[str]:
    defined = [node.name for node in (*module.functions, *module.classes)]
    return [f"{module.name}.{name}" for name in defined if not name.startswith("__")]


def test_no_function_or_class_has_an_empty_name() -> None:
    empty = [
        full
        for module in modules()
        for full in _names(module)
        if full not in MEANT
        and (
            (_words(full.rsplit(".", 1)[-1])[:1] and _words(full.rsplit(".", 1)[-1])[0] in EMPTY_VERBS)
            or set(_words(full.rsplit(".", 1)[-1])) & EMPTY_NOUNS
        )
    ]
    assert empty == []


def test_no_module_has_an_empty_name() -> None:
    assert [module.name for module in modules() if set(_words(module.path.stem)) & (EMPTY_NOUNS | EMPTY_VERBS)] == []


def test_every_module_opens_with_one_sentence() -> None:
    silent = [
        module.name
        for module in modules()
        if module.path.name != "__init__.py" and "migrations" not in module.name
        if not (ast.get_docstring(module.tree) or "").split("\n", 1)[0].strip()
    ]
    assert silent == []


def test_a_lookup_that_may_find_nothing_and_one_that_raises_are_told_apart() -> None:
    """``x_for`` may return None; ``require_x`` returns or raises."""
    wrong = [
        f"{module.name}.{node.name}"
        for module in modules()
        for node in module.functions
        if node.name.startswith("require_")
        and node.returns is not None
        and "None" in ast.unparse(node.returns).split(" | ")
        and ast.unparse(node.returns) != "None"
    ]
    assert wrong == []


def test_a_parser_raises_malformed_only() -> None:
    """``parse_*`` turns bad bytes into one ``Malformed``; what it raises itself is nothing else."""
    others = [
        f"{module.name}.{node.name} raises {raised.exc.func.id}"
        for module in modules()
        for node in module.functions
        if node.name.lstrip("_").startswith("parse_")
        for raised in ast.walk(node)
        if isinstance(raised, ast.Raise) and isinstance(raised.exc, ast.Call) and isinstance(raised.exc.func, ast.Name)
        if raised.exc.func.id in {"Refused", "Missing", "Conflict", "Unavailable", "Broken", "ValueError", "KeyError"}
    ]
    assert others == []
