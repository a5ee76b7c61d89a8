"""The trust policy's editions at the command line, and a device's key wherever a file's is taken."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.errors import HubError
from hub.proof.keys import FileSigner, generate_signer
from tests.crosscheck import bundles


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The authority's key pair, a bundle and its plain policy."""
    who = bundles.cast()
    key = generate_signer()
    (tmp_path / "authority.pem").write_bytes(key.to_pem())
    (tmp_path / "authority.json").write_text(json.dumps(key.public.to_jwk()))
    (tmp_path / "policy.json").write_text(json.dumps(bundles.policy(who)))
    (tmp_path / "bundle.json").write_text(json.dumps(bundles.bundle(who), ensure_ascii=False))
    return tmp_path


def sign(place: Path, *more: str | Path) -> str:
    key = ("--key", place / "authority.pem", "--authority", "auth:data-bureau")
    return run("keys", "policy", "sign", place / "policy.json", *key, *more)


def test_a_bundle_verifies_under_the_signed_policy_with_the_authoritys_key(place: Path) -> None:
    (place / "signed").write_text(sign(place))
    key = ("--authority-key", place / "authority.json")
    assert "Verified" in run("verify", place / "bundle.json", "--policy", place / "signed", *key)
    assert "Verified" in run("verify", place / "bundle.json", "--policy", place / "policy.json")
    with pytest.raises(HubError, match=r"cli\.authority-key"):
        run("verify", place / "bundle.json", "--policy", place / "signed")


def test_a_later_edition_follows_and_an_older_file_is_refused(place: Path) -> None:
    key = ("--authority-key", place / "authority.json")
    (place / "one").write_text(sign(place))
    (place / "two").write_text(sign(place, "--after", place / "one", *key))
    run("keys", "policy", "check", place / "two", *key, "--held", place / "one")
    assert json.loads(run("keys", "policy", "show", place / "two", *key))["hub"]["id"] == bundles.HUB
    shown = json.loads(run("keys", "policy", "show", place / "two", *key, "--json"))
    checked = json.loads(run("keys", "policy", "check", place / "two", *key, "--json"))
    assert (shown.pop("policy")["hub"]["id"], shown) == (bundles.HUB, checked)
    assert (checked["edition"], checked["authority"]) == (2, "auth:data-bureau")
    with pytest.raises(HubError, match=r"exchange\.policy-rolled-back"):
        run("keys", "policy", "check", place / "one", *key, "--held", place / "two")


def test_a_generated_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    jwk = json.loads(run("keys", "generate", "--out", tmp_path / "key.pem", "--json"))
    assert FileSigner.from_pem(tmp_path / "key.pem").public.kid == jwk["kid"]
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(HubError, match=r"cli\.file-exists"):
        run("keys", "generate", "--out", tmp_path / "key.pem")
