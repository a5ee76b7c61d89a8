"""Settings: what is wrong is named, with what to set instead, before anything starts."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import build
from hub.errors import Malformed
from hub.proof.encoding import b64url
from hub.proof.keys import generate_signer
from hub.settings import require_own_folder, settings_from

SECRET = b64url(bytes(32))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    key = tmp_path / "key.pem"
    key.write_text("read later")
    return {
        "HUB_DATABASE_URL": "postgresql://hub:s3cr3t@db/hub",
        "HUB_ID": "hub:test",
        "HUB_SIGNING_KEY": str(key),
        "HUB_LOG_KEY": str(key),
        "HUB_SEAL_KEYS": f"k2:{SECRET},k1:{SECRET}",
        "HUB_BLIND_KEY": SECRET,
    }


def test_what_is_not_said_has_a_usual_value(environment: dict[str, str]) -> None:
    settings = settings_from(environment)
    assert (settings.host, settings.port, settings.workers, settings.log_level) == ("127.0.0.1", 8080, 1, "info")
    assert settings.public_url == "http://127.0.0.1:8080"
    assert list(settings.seal_keys) == ["k2", "k1"]


def test_the_usual_address_can_be_called_also_where_the_host_is_a_number_with_colons(
    environment: dict[str, str],
) -> None:
    assert settings_from({**environment, "HUB_HOST": "::1"}).public_url == "http://[::1]:8080"


def test_secrets_are_not_in_the_representation(environment: dict[str, str]) -> None:
    shown = repr(settings_from(environment))
    assert "s3cr3t" not in shown
    assert "\\x00" not in shown


@pytest.mark.parametrize(
    "name",
    [
        "HUB_DATABASE_URL",
        "HUB_ID",
        "HUB_SIGNING_KEY",
        "HUB_LOG_KEY",
        "HUB_SEAL_KEYS",
        "HUB_BLIND_KEY",
    ],
)
def test_a_missing_variable_is_named_in_both_languages(environment: dict[str, str], name: str) -> None:
    del environment[name]
    with pytest.raises(Malformed) as refusal:
        settings_from(environment)
    assert (refusal.value.code, refusal.value.facts["variable"]) == ("settings.missing", name)
    assert name in refusal.value.en
    assert name in refusal.value.zh


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_DATABASE_URL", "mysql://x"),
        ("HUB_SIGNING_KEY", "/nowhere/key.pem"),
        ("HUB_SEAL_KEYS", "k1"),
        ("HUB_SEAL_KEYS", "k1:short"),
        ("HUB_SEAL_KEYS", f"k1:{SECRET},k1:{b64url(b'x' * 32)}"),
        ("HUB_BLIND_KEY", "é"),
        ("HUB_BLIND_KEY", "AAAA"),
        ("HUB_PORT", "eighty"),
        ("HUB_PORT", "70000"),
        ("HUB_WORKERS", "0"),
        ("HUB_LOG_LEVEL", "loud"),
        ("HUB_CLAMD", "scanner"),
        ("HUB_MAX_JSON_BYTES", "-1"),
        ("HUB_PUBLIC_URL", "hub.example.gov.cn"),
        ("HUB_PUBLIC_URL", "ftp://hub.example.gov.cn"),
        ("HUB_PUBLIC_URL", "https://hub.example.gov.cn:port"),
        ("HUB_PUBLIC_URL", "https://hub.example.gov.cn/?county=1"),
        ("HUB_GOLDEN_RULES", "/nowhere/golden.json"),
        ("HUB_WITNESS_POLICY", "/nowhere/policy"),
        ("HUB_FLAG_RULES", "/"),
        ("HUB_WORKDAYS", "/nowhere/2027.txt"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not_repeated(
    environment: dict[str, str], name: str, value: str
) -> None:
    environment[name] = value
    with pytest.raises(Malformed) as refusal:
        settings_from(environment)
    assert (refusal.value.code, refusal.value.facts["variable"]) == ("settings.wrong", name)


def test_a_secret_may_stand_in_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["HUB_BLIND_KEY"]
    secret = tmp_path / "blind"
    secret.write_text(SECRET + "\n")
    assert settings_from(environment | {"HUB_BLIND_KEY_FILE": str(secret)}).blind_key == bytes(32)


def test_a_file_that_is_not_there_is_named(environment: dict[str, str]) -> None:
    del environment["HUB_BLIND_KEY"]
    with pytest.raises(Malformed, match="HUB_BLIND_KEY_FILE"):
        settings_from(environment | {"HUB_BLIND_KEY_FILE": "/nowhere/blind"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("HUB_SIGNING_KEY", b"no key"),
        ("HUB_LOG_KEY", b"no key"),
        ("HUB_GOLDEN_RULES", b"\xff"),
        ("HUB_GOLDEN_RULES", b"[]"),
        ("HUB_WITNESS_POLICY", b"quorum of none"),
        ("HUB_FLAG_RULES", b"not JSON"),
        ("HUB_WORKDAYS", b"2027-01-01 feast"),
    ],
)
def test_a_variable_whose_file_says_something_else_is_named(
    environment: dict[str, str], tmp_path: Path, name: str, content: bytes
) -> None:
    key, file = tmp_path / "sound.pem", tmp_path / "file"
    key.write_bytes(generate_signer().to_pem())
    file.write_bytes(content)
    sound = {"HUB_SIGNING_KEY": str(key), "HUB_LOG_KEY": str(key), "HUB_DATA_DIR": str(tmp_path / "hub")}
    with pytest.raises(Malformed, match=name) as refusal:
        build(settings_from(environment | sound | {name: str(file)}))
    assert (refusal.value.code, refusal.value.facts["variable"]) == ("settings.wrong", name)


def test_an_operator_loads_the_working_days_of_a_year_that_the_program_does_not_know(
    environment: dict[str, str], tmp_path: Path
) -> None:
    key, file = tmp_path / "sound.pem", tmp_path / "2027.txt"
    key.write_bytes(generate_signer().to_pem())
    file.write_bytes("\ufeff# 2027 年\n2027-01-01 holiday\n2027-01-02 workday\n".encode())
    sound = {"HUB_SIGNING_KEY": str(key), "HUB_LOG_KEY": str(key), "HUB_DATA_DIR": str(tmp_path / "hub")}
    hub: Any = build(settings_from(environment | sound | {"HUB_WORKDAYS": str(file)}))
    assert hub.cases._around.calendar.add(date(2026, 12, 30), 2) == date(2027, 1, 2)
    hub.database.close()


def test_a_folder_that_cannot_be_made_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    key = tmp_path / "sound.pem"
    key.write_bytes(generate_signer().to_pem())
    sound = {"HUB_SIGNING_KEY": str(key), "HUB_LOG_KEY": str(key), "HUB_DATA_DIR": str(key / "hub")}
    with pytest.raises(Malformed, match="HUB_DATA_DIR"):
        build(settings_from(environment | sound))
    with pytest.raises(Malformed, match="HUB_LOG_ORIGIN"):
        build(settings_from(environment | sound | {"HUB_LOG_ORIGIN": "log of ours"}))


@pytest.mark.parametrize("name", ["demo county", "张三", "dept:land", "hub:", "hub:a b", "HUB:x"])
def test_the_hub_has_an_id_that_the_log_takes(environment: dict[str, str], name: str) -> None:
    with pytest.raises(Malformed, match="HUB_ID"):
        settings_from(environment | {"HUB_ID": name})


@pytest.mark.parametrize(
    "url", ["postgresql://hub:p@db:99999/hub", "postgresql://hub:p@[db/hub", "postgresql://h:x/hub"]
)
def test_an_address_whose_host_or_port_cannot_be_read_is_told_without_its_password(
    environment: dict[str, str], url: str
) -> None:
    with pytest.raises(Malformed, match="HUB_DATABASE_URL") as refusal:
        settings_from(environment | {"HUB_DATABASE_URL": url})
    assert url not in refusal.value.en


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HUB_WORKER", "HUB_WORKERS"),
        ("HUB_MAX_UNWITNESED_AGE", "HUB_MAX_UNWITNESSED_AGE"),
        ("HUB_WITNESS_POLICY_FILES", "HUB_WITNESS_POLICY_FILE"),
    ],
)
def test_a_misspelt_variable_is_not_passed_over(environment: dict[str, str], written: str, meant: str) -> None:
    with pytest.raises(Malformed, match=rf"{written} cannot be used.*{meant} is one"):
        settings_from(environment | {written: "1"})


@pytest.mark.parametrize("name", ["HUB_URL", "HUB_SERVICE_HOST", "HUB_PORT_8080_TCP_ADDR", "GITHUB_ID"])
def test_variables_of_others_are_let_be(environment: dict[str, str], name: str) -> None:
    assert settings_from(environment | {name: "x"}).port == 8080


def test_a_value_given_twice_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "blind"
    secret.write_text(SECRET)
    with pytest.raises(Malformed, match="HUB_BLIND_KEY_FILE is set too"):
        settings_from(environment | {"HUB_BLIND_KEY_FILE": str(secret)})


def test_a_path_may_begin_with_a_home_as_in_a_shell(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "blind").write_text(environment.pop("HUB_BLIND_KEY"))
    at_home = {"HUB_DATA_DIR": "~/hub", "HUB_SIGNING_KEY": "~/key.pem", "HUB_BLIND_KEY_FILE": "~/blind"}
    settings = settings_from({**environment, **at_home})
    assert (settings.data_dir, settings.signing_key) == (tmp_path / "hub", tmp_path / "key.pem")
    assert settings.blind_key == bytes(32)
    for name in at_home:
        with pytest.raises(Malformed, match=rf"{name} .*no such home"):
            settings_from({**environment, **at_home, name: "~no-such-account/x"})


@pytest.mark.parametrize("place", ["key.pem", "key.pem/below", "/proc/hub", "/proc"])
def test_a_folder_of_state_that_cannot_be_written_stops_the_start(
    environment: dict[str, str], tmp_path: Path, place: str
) -> None:
    settings = settings_from({**environment, "HUB_DATA_DIR": str(tmp_path / place)})
    with pytest.raises(Malformed, match="HUB_DATA_DIR"):
        require_own_folder(settings)


def test_a_folder_of_state_is_made_with_all_above_it_and_left_empty(
    environment: dict[str, str], tmp_path: Path
) -> None:
    require_own_folder(settings_from({**environment, "HUB_DATA_DIR": str(tmp_path / "a" / "b")}))
    assert list((tmp_path / "a" / "b").iterdir()) == []
