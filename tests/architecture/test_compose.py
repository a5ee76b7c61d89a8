"""docker-compose.yml: what it names exists, it waits for what is healthy, and holds no secret."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.simulator.__main__ import _parser
from hub.proof.policy import parse_policy
from hub.settings import settings_from
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
        script = re.sub(r'"\$\(cat [^)]*\)"', "x", _script(service))
        found += [(name, line.strip()) for line in HUB.findall(script)]
    return found


def test_it_has_the_parts_that_an_installation_has() -> None:
    assert len(ADAPTERS) == 5
    assert len(WITNESSES) == 2
    assert SERVICES["database"]["image"] == "postgres:18"
    assert "mariadb" in SERVICES["registry-civil-affairs"]["image"]


@pytest.mark.parametrize(("name", "line"), _hub_lines())
def test_every_hub_command_in_it_exists(name: str, line: str) -> None:
    assert unknown_options(shlex.split(line)) == set(), name


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


def test_what_stays_up_ends_when_it_is_told_to() -> None:
    """A shell as the first process of a container hears no SIGTERM: it gives way, or stands below one that does."""
    shells = {name: each for name, each in SERVICES.items() if each.get("restart") and "entrypoint" in each}
    shells = {name: each for name, each in shells.items() if each["entrypoint"][0] == "sh"}
    assert shells.keys() == ADAPTERS | WITNESSES
    for name, service in shells.items():
        assert service.get("init") or _script(service).split("\n")[-1].strip().startswith("exec "), name


def test_the_hub_is_not_killed_before_what_is_under_way_has_ended() -> None:
    serving = (ROOT / "hub" / "cli" / "serve.py").read_text(encoding="utf-8")
    (patience,) = re.findall(r'"timeout_graceful_shutdown": (\d+)', serving)
    assert int(SERVICES["hub"]["stop_grace_period"].removesuffix("s")) > int(patience)


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


@pytest.mark.timeout(300)
def test_the_first_step_makes_what_the_others_read(tmp_path: Path) -> None:
    """Run as it stands, in a folder of the test's own: keys once, a policy that parses, settings that hold."""
    for volume in SERVICES["secrets"]["volumes"]:
        (tmp_path / volume.split(":")[1].removeprefix("/secrets/")).mkdir()
    script = SERVICES["secrets"]["command"][0].replace("$$", "$").replace("/secrets", str(tmp_path))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-euc", script], check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    policy = parse_policy((tmp_path / "witnesses" / "policy").read_bytes())
    assert sorted(policy.witnesses) == ["archive", "audit-office"]
    given = SERVICES["hub"]["environment"] | {"HUB_DATA_DIR": str(tmp_path / "data")}
    settings = settings_from({name: value.replace("/secrets", str(tmp_path)) for name, value in given.items()})
    assert policy.logs[0].name == settings.log_origin
    assert settings.database_url.startswith("postgresql://hub:")
    keys = [path for path in tmp_path.rglob("*.pem") if path.stat().st_mode & 0o077]
    assert keys == []
