"""docker-compose.yml: what it names exists, it waits for what is healthy, and holds no secret."""

import re
import shlex
from typing import Any

import pytest
import yaml

from adapters.simulator.__main__ import _parser
from tests.architecture.modules import ROOT
from tests.docs.commands import unknown_options

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
ADAPTERS = {name for name in SERVICES if name.startswith("adapter-")}
WITNESSES = {name for name in SERVICES if name.startswith("witness-")}
HUB = re.compile(r"(?:^|[\s(;])hub ((?:(?![;|)]|&&|\s>).)*)")


def _script(service: dict[str, Any]) -> str:
    words = [*_list(service.get("entrypoint")), *_list(service.get("command"))]
    return "\n".join(word.replace("\\\n", " ").replace("$$", "$") for word in words)


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(word) for word in value or []]


def _hub_lines() -> list[tuple[str, str]]:
    found = []
    for name, service in SERVICES.items():
        if service.get("image") == "evidence-hub" and "entrypoint" not in service:
            found.append((name, " ".join(_list(service["command"]))))
        found += [(name, line.strip()) for line in HUB.findall(_script(service))]
    return found


def test_it_has_the_parts_that_an_installation_has() -> None:
    assert len(ADAPTERS) == 5
    assert len(WITNESSES) == 2
    assert SERVICES["database"]["image"] == "postgres:18"
    assert "mariadb" in SERVICES["registry-civil-affairs"]["image"]


@pytest.mark.parametrize(("name", "line"), _hub_lines())
def test_every_hub_command_in_it_exists(name: str, line: str) -> None:
    words = shlex.split(re.sub(r'"?\$\([^)]*\)"?', "x", line))
    assert unknown_options(words) == set(), name


def test_the_simulator_takes_the_options_given() -> None:
    script = _script(SERVICES["registries"])
    given = set(re.findall(r"(--[a-z-]+)", script.split("adapters.simulator", 1)[1]))
    assert given != set()
    assert given <= set(_parser()._option_string_actions)


def test_every_variable_in_it_is_one_the_settings_read() -> None:
    read = set(re.findall(r"HUB_[A-Z_]+", (ROOT / "hub" / "settings.py").read_text(encoding="utf-8")))
    given = {
        name for service in SERVICES.values() for name in service.get("environment", {}) if name.startswith("HUB_")
    }
    assert given != set()
    assert {name for name in given if name not in read and name.removesuffix("_FILE") not in read} == set()


def test_it_starts_in_the_order_of_health() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], (name, other)
            else:
                assert "restart" not in SERVICES[other], (name, other)
    for name in ADAPTERS:
        assert SERVICES[name]["depends_on"]["hub"] == {"condition": "service_healthy"}


def test_it_holds_no_secret() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEYS?$|KEY$|URL$", variable) and not str(value).startswith(("/", "http")):
                assert variable == "MARIADB_RANDOM_ROOT_PASSWORD", (name, variable)


def test_a_private_key_is_mounted_where_it_is_used_and_nowhere_else() -> None:
    mounted: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            mounted.setdefault(volume.split(":")[0], set()).add(name)
    assert mounted.keys() == COMPOSE["volumes"].keys()
    for name in ADAPTERS - {"adapter-civil-affairs"}:
        assert mounted[f"{name.removeprefix('adapter-')}-secrets"] == {"secrets", name}
    assert mounted["hub-secrets"] == {"secrets", "opening", "hub"}


def test_every_key_volume_has_its_place_in_the_image() -> None:
    """A named volume takes its owner from the image, so that the program can write what the first step makes."""
    made = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for volume in SERVICES["secrets"]["volumes"]:
        assert volume.split(":")[1] in made, volume
