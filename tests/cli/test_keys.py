"""Keys through their life at the operator's command line, with every kind of wrong file and wrong word."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import text

from hub.cli.roof import opened
from hub.demo.parties import HUB_ID, KeyCabinet
from tests.cli.conftest import Run

LAND, BUREAU = "dept:land", "auth:data-bureau"
FORM = PrivateFormat.PKCS8


def _pem(
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, *, password: str = ""
) -> bytes:
    how: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, FORM, how)


def _public() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def land(run: Run, installation: KeyCabinet, tmp_path: Path) -> str:
    """The land registry and the authority are on record; the id of the land registry's key."""
    for party, kind in ((LAND, "department"), (BUREAU, "authority")):
        jwk = tmp_path / f"{kind}.jwk"
        jwk.write_text(json.dumps(installation.signer_of(party).public.to_jwk()))
        assert run("parties", "add", party, "--kind", kind, "--name", "X", "--name-zh", "某", "--jwk", jwk).code == 0
    return installation.signer_of(LAND).public.kid


def made(run: Run, file: Path) -> Path:
    assert run("keys", "generate", "--out", file, "--json").code == 0
    return file


def test_a_key_goes_through_its_whole_life(run: Run, land: str, installation: KeyCabinet, tmp_path: Path) -> None:
    second = made(run, tmp_path / "second.pem")
    assert run("keys", "register", "--party", LAND, "--key", second, "--json").code == 0
    assert run("keys", "register", "--party", LAND, "--key", second).code == 5, "known already"
    third = made(run, tmp_path / "third.pem")
    assert run("keys", "rotate", LAND, "--old", land, "--key", third, "--overlap-days", "3").code == 0
    since = ("--compromised-since", "2026-03-01T08:00:00+08:00")
    assert run("keys", "revoke", LAND, land, "--reason", "key-compromise", *since).code == 0
    fourth = tmp_path / "fourth.pem"
    jwk = tmp_path / "fourth.jwk"
    jwk.write_text(run("keys", "generate", "--out", fourth, "--json").out)
    authority = ("--key", installation.path_of(BUREAU), "--authority", BUREAU, "--hub-id", HUB_ID)
    approval = tmp_path / "approval"
    approval.write_text(run("keys", "approve", LAND, "--jwk", jwk, *authority).out)
    assert run("keys", "recover", LAND, "--key", third, "--approval", approval).code == 3, "for another key"
    assert run("keys", "recover", LAND, "--key", fourth, "--approval", approval).code == 0
    assert run("keys", "recover", LAND, "--key", fourth, "--approval", approval).code == 3, "used before"
    keys = run("keys", "list", LAND, "--json").json
    assert [bool(key["revoked_at"]) for key in keys] == [True, True, True, False]
    assert keys[0]["compromised_since"].startswith("2026-03-01")


WRONG_FILES: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "no readable private key"),
    ("text", lambda: b"hello", "no readable private key"),
    ("noise", lambda: os.urandom(300), "no readable private key"),
    ("a public key", _public, "no readable private key"),
    ("another curve", lambda: _pem(ec.generate_private_key(ec.SECP384R1())), "neither Ed25519 nor P-256"),
    ("another family", lambda: _pem(rsa.generate_private_key(65537, 2048)), "neither Ed25519 nor P-256"),
    ("a password", lambda: _pem(ed25519.Ed25519PrivateKey.generate(), password="secret"), "is encrypted"),
]


@pytest.mark.parametrize(("content", "told"), [pytest.param(make, told, id=name) for name, make, told in WRONG_FILES])
def test_a_file_that_is_no_key_is_told_apart(
    run: Run, land: str, tmp_path: Path, content: Callable[[], bytes], told: str
) -> None:
    del land
    file = tmp_path / "wrong.pem"
    file.write_bytes(content())
    file.chmod(0o600)
    ran = run("keys", "register", "--party", LAND, "--key", file)
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_a_key_that_others_can_read_is_told_of(run: Run, land: str, tmp_path: Path) -> None:
    del land
    file = made(run, tmp_path / "open.pem")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    ran = run("keys", "register", "--party", LAND, "--key", file)
    assert (ran.code, "chmod 600" in ran.err) == (0, True)


@pytest.mark.parametrize("place", ["/proc/none/key.pem", "/dev/null/key.pem"])
def test_a_key_cannot_be_made_where_nothing_can_be_written(run: Run, place: str) -> None:
    assert run("keys", "generate", "--out", place).code == 3


def test_a_wrong_word_is_answered_by_its_family(run: Run, land: str, tmp_path: Path) -> None:
    file = made(run, tmp_path / "new.pem")
    assert run("keys", "register", "--party", "dept:none", "--key", file).code == 4
    assert run("keys", "register", "--party", LAND, "--key", tmp_path / "none.pem").code == 4
    assert run("keys", "register", "--party", LAND, "--key", tmp_path).code == 4
    assert run("keys", "rotate", LAND, "--old", "none", "--key", file).code == 4
    assert run("keys", "rotate", LAND, "--old", land, "--key", file, "--overlap-days", "-1").code == 2
    assert run("keys", "revoke", LAND, land, "--reason", "mood").code == 2
    assert run("keys", "revoke", LAND, land, "--reason", "key-compromise").code == 2
    assert (
        run("keys", "revoke", LAND, land, "--reason", "lost", "--compromised-since", "2026-01-01T00:00:00Z").code == 2
    )
    for instant in ("yesterday", "2026-03-01", "2026-03-01T08:00:00", "2099-03-01T08:00:00+08:00"):
        ran = run("keys", "revoke", LAND, land, "--reason", "key-compromise", "--compromised-since", instant)
        assert ran.code == 2, instant
    assert run("keys", "list", "dept:none").code == 4
    (key,) = run("keys", "list", LAND, "--json").json
    assert key["revoked_at"] is None


@pytest.mark.parametrize("content", [b"", b"zzz", b"\xff\x00", b"a.b.c", b"{}"])
def test_an_approval_that_is_none_recovers_nothing(run: Run, land: str, tmp_path: Path, content: bytes) -> None:
    file, approval = made(run, tmp_path / "new.pem"), tmp_path / "approval"
    approval.write_bytes(content)
    assert run("keys", "recover", LAND, "--key", file, "--approval", approval).code == 2
    (key,) = run("keys", "list", LAND, "--json").json
    assert (key["kid"], key["revoked_at"]) == (land, None)


def test_the_ring_is_counted_and_rotated(run: Run, installation: KeyCabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    del installation
    told = run("keys", "reseal", "--check", "--json")
    assert (told.code, told.json["current"], told.json["keys"]) == (0, "demo-1", {})
    old = os.environ["HUB_SEAL_KEYS"]
    monkeypatch.setenv("HUB_SEAL_KEYS", f"demo-2:{run('keys', 'secret').out.strip()},{old}")
    again = run("keys", "reseal")
    assert (again.code, "Everything is under demo-2" in again.err) == (0, True)


def test_a_key_that_is_needed_and_not_in_the_ring_is_asked_for(
    run: Run, installation: KeyCabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Keep it` would be the wrong word for what was taken out too early."""
    del installation
    with opened() as hub:
        sealed = hub.views.parts.keyring.seal(b"{}", context="deferral|def_1")
        with hub.database.writing() as session:
            session.execute(
                text(
                    "INSERT INTO deferral"
                    " (deferral_id, consumer, case_ref, until, ordered_at, ordered_by, entry_id, sealed)"
                    " VALUES ('def_1', 'svc:aid', '1', now(), now(), 'auth', 'ent_1', :sealed)"
                ),
                {"sealed": sealed},
            )
    monkeypatch.setenv("HUB_SEAL_KEYS", f"demo-2:{run('keys', 'secret').out.strip()}")
    told = run("keys", "reseal", "--check")
    assert (told.code, "cli.seal-key-missing" in told.err, "demo-1" in told.err) == (1, True, True)
