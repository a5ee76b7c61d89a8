"""Signing in a device, on a real SoftHSM; without it the tests say so and are skipped."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hub.errors import HubError, Malformed, Missing, Unavailable
from hub.proof.jws import sign_jws, verify_jws
from hub.proof.keyreference import parse_key_reference
from hub.proof.keys import ALGORITHMS, generate_signer
from hub.proof.note import Note, NoteSigner, verify_note
from hub.proof.pkcs11 import Device, DeviceSigner, generate_in_device, open_signer
from tests.support.softhsm import MODULE, PIN, new_token, softhsm, token

TRYING = """
import sys, pkcs11
from hub.errors import Broken
from hub.proof.pkcs11 import Device, open_signer
module, pin = sys.argv[1:]
def tried():
    try:
        open_signer("pkcs11:token=county;object=guessed", Device(module, "00000"))
    except Broken as fault:
        print(fault.facts["reason"])
tried()
with pkcs11.lib(module).get_token(token_label="county").open(user_pin=pin, rw=True) as session:
    session.set_pin(pin, "00000")
tried()
"""
PUTTING_BACK = """
import sys, pkcs11
module, pin = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label="county").open(user_pin="00000", rw=True) as session:
    session.set_pin("00000", pin)
"""


@pytest.fixture
def device() -> Device:
    """A device with one token, `county`."""
    assert token() == "county"
    return Device(MODULE, PIN)


@softhsm
@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
def test_a_message_signed_in_the_device_verifies_with_the_public_key_it_shows(device: Device, alg: str) -> None:
    reference = f"pkcs11:token=county;object=sign-{alg}"
    public = generate_in_device(reference, alg, device)
    signer = open_signer(reference, device)
    assert isinstance(signer, DeviceSigner)
    assert (signer.public, signer.public.alg) == (public, alg)
    token = sign_jws({"iss": "dept:land"}, typ="test+jwt", signer=signer)
    assert verify_jws(token, typ="test+jwt", key_for=lambda _kid, _iss: public).claims["iss"] == "dept:land"


@softhsm
def test_the_log_signs_its_checkpoints_in_the_device(device: Device) -> None:
    generate_in_device("pkcs11:token=county;object=log", "Ed25519", device)
    signer = NoteSigner("hub.example/log", open_signer("pkcs11:token=county;object=log", device))
    text = "hub.example/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    assert verify_note(Note(text, (signer.sign(text),)), [signer.verifier])


@softhsm
def test_the_private_key_never_leaves_the_device(device: Device) -> None:
    import pkcs11

    reference = "pkcs11:token=county;object=guarded"
    generate_in_device(reference, "Ed25519", device)
    signer = open_signer(reference, device)
    assert isinstance(signer, DeviceSigner)
    assert (signer._private[pkcs11.Attribute.SENSITIVE], signer._private[pkcs11.Attribute.EXTRACTABLE]) == (True, False)
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        signer._private[pkcs11.Attribute.VALUE]


@softhsm
def test_many_threads_sign_at_once(device: Device) -> None:
    reference = "pkcs11:token=county;object=busy"
    generate_in_device(reference, "Ed25519", device)
    signer = open_signer(reference, device)
    faults: list[Exception] = []

    def work() -> None:
        for number in range(50):
            message = f"{threading.get_ident()} {number}".encode()
            try:
                signer.public.verify(signer.sign(message), message)
            except HubError as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@softhsm
def test_a_dropped_session_is_opened_anew(device: Device) -> None:
    reference = "pkcs11:token=county;object=dropped"
    generate_in_device(reference, "ES256", device)
    signer = open_signer(reference, device)
    assert isinstance(signer, DeviceSigner)
    signer.close()
    signer.public.verify(signer.sign(b"again"), b"again")


@softhsm
def test_a_token_that_was_taken_out_signs_again_once_it_is_back(device: Device, tmp_path: Path) -> None:
    tokens = Path(os.environ["SOFTHSM2_CONF"]).with_name("tokens")
    references = [f"pkcs11:token=county;object=put-back-{alg}" for alg in ALGORITHMS]
    for reference, alg in zip(references, ALGORITHMS, strict=True):
        generate_in_device(reference, alg, device)
    signers = [open_signer(reference, device) for reference in (*references, *references)]
    for what_is_there_meanwhile in (None, "another token of that name"):
        kept = shutil.move(tokens, tmp_path / "kept")
        tokens.mkdir()
        if what_is_there_meanwhile:
            new_token()
        for signer in signers:
            with pytest.raises(Unavailable, match=r"proof\.device-away"):
                signer.sign(b"x")
        shutil.rmtree(tokens)
        shutil.move(kept, tokens)
        for signer in reversed(signers):
            signer.public.verify(signer.sign(b"x"), b"x")


@softhsm
def test_a_name_is_used_once_and_a_key_is_found_by_its_id_too(device: Device) -> None:
    public = generate_in_device("pkcs11:token=county;object=one;id=%07", "Ed25519", device)
    assert open_signer("pkcs11:token=county;id=%07;type=private", device).public == public
    with pytest.raises(Malformed, match=r"proof\.key-exists"):
        generate_in_device("pkcs11:token=county;object=one", "Ed25519", device)


@softhsm
def test_the_pin_is_read_from_the_file_that_the_reference_names(device: Device, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(f"{PIN}\n")
    reference = f"pkcs11:token=county;object=by-file?module-path={MODULE}&pin-source=file:{tmp_path}/pin"
    public = generate_in_device(reference)
    assert open_signer(reference).public == public


@softhsm
def test_a_pin_that_the_device_refused_is_not_tried_again_before_the_process_begins_anew(device: Device) -> None:
    """A few wrong ones lock a token; even now that it is the right one, this process does not try it."""
    generate_in_device("pkcs11:token=county;object=guessed", "Ed25519", device)
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
            [sys.executable, "-c", TRYING, str(MODULE), PIN], capture_output=True, text=True, check=True
        )
        assert tried.stdout.split() == ["PinIncorrect", "PinIncorrect"]
    finally:
        subprocess.run([sys.executable, "-c", PUTTING_BACK, str(MODULE), PIN], check=True)  # noqa: S603


@softhsm
def test_what_the_device_does_not_have_is_missing(device: Device) -> None:
    with pytest.raises(Missing, match=r"proof\.no-such-token"):
        open_signer("pkcs11:token=nowhere;object=x", device)
    with pytest.raises(Missing, match=r"proof\.no-such-key"):
        open_signer("pkcs11:token=county;object=nothing", device)


def test_a_device_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    with pytest.raises(Unavailable, match=r"proof\.device-away"):
        open_signer("pkcs11:token=x;object=y", Device(tmp_path / "no-such-module.so", PIN))


def test_a_file_is_opened_as_a_file(tmp_path: Path) -> None:
    signer = generate_signer()
    (tmp_path / "key.pem").write_bytes(signer.to_pem())
    assert open_signer(tmp_path / "key.pem").public == signer.public


@pytest.mark.parametrize(
    "reference",
    [
        "pkcs11:",
        "pkcs11:object=x",
        "pkcs11:token=x",
        "pkcs11:token=x;object=y;token=z",
        "pkcs11:token=x;object=y;colour=red",
        "pkcs11:token=x;object=y?pin-value=1234",
        "pkcs11:token=x;object=y;type=public",
        "pkcs11:token=%ff;object=y",
        "pkcs11:token=x;object=a%zz",
        "pkcs11:token=x;object=100%",
        "file:token=x;object=y",
    ],
)
def test_a_reference_of_another_form_or_with_a_pin_in_it_is_refused(reference: str) -> None:
    with pytest.raises(Malformed, match=r"proof\.key-reference"):
        parse_key_reference(reference)


def test_no_module_and_no_pin_are_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="HUB_PKCS11_MODULE"):
        open_signer("pkcs11:token=x;object=y")
    if MODULE is not None:
        with pytest.raises((Malformed, Missing)):
            open_signer(f"pkcs11:token=x;object=y?pin-source={tmp_path}/none", Device(MODULE))
