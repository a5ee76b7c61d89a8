"""Small pieces: a module is one noun, a function fits on a screen, a call can be read without counting arguments."""

import ast

from tests.architecture.modules import modules

MODULE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 5

# Longer than that, each with its reason.
LONG_MODULES: dict[str, str] = {
    "hub.catalogue.rules": "one check after the other of what a catalogue file may say",
}
LONG_FUNCTIONS: dict[str, str] = {}
CROWDED = {"adapters.simulator.civil_affairs._resident": "a roster line draws on all of these"}


def test_a_module_is_one_noun() -> None:
    long = {
        module.name: module.lines
        for module in modules()
        if module.lines > MODULE_LINES and "migrations" not in module.name
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_MODULES} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{module.name}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module in modules()
        if "migrations" not in module.name
        for node in module.functions
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return len([name for name in names if name not in ("self", "cls")])


def test_few_parameters_stand_by_position() -> None:
    """The doors are read by frameworks that name every argument; constructors of parts are called by name."""
    crowded = [
        f"{module.name}.{node.name}"
        for module in modules()
        if not module.is_in("hub.api", "hub.cli", "hub.console") and "migrations" not in module.name
        for node in module.functions
        if _positional(node) > PARAMETERS
    ]
    assert [name for name in crowded if name not in CROWDED] == []
