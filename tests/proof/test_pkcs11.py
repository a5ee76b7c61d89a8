"""Keys on a device, with SoftHSM in the device's place."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Missing, Unavailable
from hub.proof.jws import sign_jws, verify_jws
from hub.proof.keys import ALGORITHMS
from hub.proof.note import NoteSigner

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
TOKEN, PIN = "county", "1234"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = [path for path in MODULES if Path(path).exists()]
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM is not installed (Debian package softhsm2)")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "5678"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        yield found[0]


@pytest.fixture(scope="module")
def session(module: str) -> Any:
    from hub.proof.pkcs11 import open_token

    return open_token(module, token=TOKEN, pin=PIN)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_device_signs_like_a_file(session: Any, alg: str) -> None:
    from hub.proof.pkcs11 import Pkcs11Signer, generate_device_key

    try:
        public = generate_device_key(session, f"hub {alg}", alg=alg)
    except Unavailable as fault:
        pytest.skip(f"this device makes no {alg} key: {fault.en}")
    signer = Pkcs11Signer(session, f"hub {alg}", kid="hub-1")
    assert (signer.public.alg, signer.public.kid, signer.public.thumbprint()) == (alg, "hub-1", public.thumbprint())
    token = sign_jws({"iss": "hub:county"}, typ="evidence-answer+jwt", signer=signer)
    verified = verify_jws(token, typ="evidence-answer+jwt", key_for=lambda _kid, _iss: signer.public)
    assert verified.claims == {"iss": "hub:county"}
    if alg == "Ed25519":
        note = NoteSigner("hub.example/log", signer)
        note.verifier.verify("text\n", note.sign("text\n"))


def test_the_private_key_cannot_be_read(session: Any) -> None:
    import pkcs11

    from hub.proof.pkcs11 import generate_device_key

    generate_device_key(session, "hub secret")
    private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label="hub secret")
    assert private[pkcs11.Attribute.EXTRACTABLE] is False
    with pytest.raises(pkcs11.PKCS11Error):
        private[pkcs11.Attribute.VALUE]


def test_a_missing_key_token_or_module_is_said(session: Any, module: str) -> None:
    from hub.proof.pkcs11 import Pkcs11Signer, open_token

    with pytest.raises(Missing):
        Pkcs11Signer(session, "nothing")
    with pytest.raises(Unavailable):
        open_token(module, token="other", pin=PIN)
