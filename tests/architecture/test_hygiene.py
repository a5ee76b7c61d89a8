"""What must never be in the tree: private keys, places of one machine, an index's address, unfinished work."""

import re
from collections.abc import Iterator

from tests.architecture.modules import ROOT, modules, tracked

PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]")
SECRET_JWK = re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{40,}"')
MACHINE_PLACE = re.compile(r"(?<![\w.:/*])/(?:work|root|home|Users|tmp)/[a-z]")
INDEX_ADDRESS = re.compile(
    r"(index|registry|resolved|source|url|mirror).{0,24}https?://|https?://[^ ]*/(simple|packages|debian)"
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|^\s+pass\s*$", re.MULTILINE)
GENERATED = (".pem", ".key", ".pyc", ".sqlite", ".db", ".log", ".p12")
SETTINGS_FILES = re.compile(r"(requirements.*|.*\.lock|.*lock\.json|.*\.toml|.*\.cfg|\.npmrc|Makefile|Dockerfile|run)$")

# Places inside a container's own file system, not of anyone's machine.
CONTAINER_FILES = ("Dockerfile", "docker-compose.yml")


def _texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.suffix in (".png", ".xlsx", ".csv"):
            continue
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")


def test_no_private_key_is_kept() -> None:
    holding = [name for name, text in _texts() if PRIVATE_KEY.search(text) or SECRET_JWK.search(text)]
    assert [name for name in holding if "/vectors/" not in f"/{name}"] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    naming = [
        f"{name}: {match[0]}"
        for name, text in _texts()
        if name not in CONTAINER_FILES
        for match in MACHINE_PLACE.finditer(text)
    ]
    assert naming == []


def test_no_lock_or_setting_names_a_package_index() -> None:
    naming = [
        f"{name}: {match[0]}"
        for name, text in _texts()
        if SETTINGS_FILES.fullmatch(name.rsplit("/", 1)[-1])
        for match in INDEX_ADDRESS.finditer(text)
    ]
    assert naming == []


def test_the_locks_name_every_package_with_its_hash() -> None:
    for lock in ("requirements.lock", "requirements-test.lock"):
        lines = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        pinned = [line for line in lines if "==" in line and not line.lstrip().startswith("#")]
        assert [line for line in pinned if "--hash=" not in line] == [], lock
        assert pinned != [], lock


def test_nothing_is_left_unfinished() -> None:
    unfinished = [
        f"{module.name}: {match[0].strip()}" for module in modules() for match in UNFINISHED.finditer(module.text)
    ]
    assert unfinished == []


def test_nothing_generated_is_kept() -> None:
    kept = [path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix in GENERATED]
    assert kept == []
