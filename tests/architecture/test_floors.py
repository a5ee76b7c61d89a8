"""Imports point down only; a room knows the rooms to its left; a department can run an adapter without the server."""

from tests.architecture.floors import DOORS, FLOORS, NAMED, ROOF, ROOMS, floor_of, room_of, within
from tests.architecture.modules import Module, modules

# (importer, imported) that point up or to the right all the same, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("hub.cli.roof", "hub.bootstrap"): "the program's entrance: the one module of the doors that builds the hub",
    ("hub.cli.roof", "hub.settings"): "the program's entrance: reads the settings that it builds from",
}


def _inner(module: Module) -> list[str]:
    return sorted(name for name in module.imports if within(name, "hub"))


def _excused(importer: str, imported: str) -> bool:
    return any(within(importer, above) and within(imported, below) for above, below in EXCEPTIONS)


def test_imports_point_down_only() -> None:
    upward = [
        f"{module.name} ({floor_of(module.name)}) imports {imported} ({floor_of(imported)})"
        for module in modules()
        if module.is_in("hub") and not module.is_in("hub.client")
        for imported in _inner(module)
        if FLOORS.index(floor_of(imported)) > FLOORS.index(floor_of(module.name))
        and not _excused(module.name, imported)
    ]
    assert upward == []


def test_a_room_imports_only_rooms_to_its_left() -> None:
    rightward = [
        f"{module.name} imports {imported}"
        for module in modules()
        if room_of(module.name) in ROOMS
        for imported in _inner(module)
        if room_of(imported) in ROOMS
        and ROOMS.index(room_of(imported)) > ROOMS.index(room_of(module.name))
        and not _excused(module.name, imported)
    ]
    assert rightward == []


def test_the_log_knows_noroom_of() -> None:
    known = [
        f"{module.name} imports {imported}"
        for module in modules()
        if module.is_in("hub.audit")
        for imported in _inner(module)
        if room_of(imported) in ROOMS
    ]
    assert known == []


def test_an_adapter_runs_without_the_server() -> None:
    allowed = ("hub.kernel", "hub.proof", "hub.errors")
    server = [
        f"{module.name} imports {imported}"
        for module in modules()
        if module.is_in("adapters")
        for imported in _inner(module)
        if not any(within(imported, home) for home in allowed)
    ]
    assert server == []


def test_the_client_runs_without_the_server() -> None:
    allowed = ("hub.kernel", "hub.proof", "hub.errors", "hub.client")
    server = [
        f"{module.name} imports {imported}"
        for module in modules()
        if module.is_in("hub.client")
        for imported in _inner(module)
        if not any(within(imported, home) for home in allowed)
    ]
    assert server == []


def test_only_a_door_or_the_roof_knows_the_adapters() -> None:
    knowing = [
        module.name
        for module in modules()
        if module.is_in("hub") and not module.is_in(*DOORS, *ROOF)
        if any(within(name, "adapters") for name in module.imports)
    ]
    assert knowing == []


def test_every_exception_is_still_needed() -> None:
    used = {
        (above, below)
        for above, below in EXCEPTIONS
        for module in modules()
        if module.is_in(above)
        for imported in _inner(module)
        if within(imported, below)
    }
    assert set(EXCEPTIONS) - used == set()
    assert {name for name in NAMED if not any(module.is_in(name) for module in modules())} == set()
