"""Keys in a device 密码机 (PKCS#11): it signs, and never lets the private key out."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from hub.errors import Broken, Missing, Unavailable
from hub.proof.encoding import b64url, malformed
from hub.proof.keyreference import KeyReference, bad_reference, is_in_device, parse_key_reference
from hub.proof.keys import ALGORITHMS, ED25519, ES256, FileSigner, PublicKey, Signer

_ED25519_OID: Final = bytes.fromhex("06032b6570")
_P256_OID: Final = bytes.fromhex("06082a8648ce3d030107")
_POINT_BYTES: Final = {ED25519: 32, ES256: 65}
_OCTET_STRING: Final = 0x04

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Device:
    """What an installation says about its device for references that do not say it: the module, and the PIN."""

    module: Path | None = None
    pin: str | None = field(default=None, repr=False)


def open_signer(reference: Path | str, device: Device | None = None) -> Signer:
    """The signer that ``reference`` names: a PKCS#11 URI, or the path of a PEM file.

    Raises:
        Malformed: no usable key there, or a reference of another form.
        Missing: no such file, token or key.
        Unavailable: the device does not answer.
        Broken: it does not take the PIN.
    """
    if isinstance(reference, str) and is_in_device(reference):
        return DeviceSigner.opened(parse_key_reference(reference), device or Device())
    try:
        return FileSigner.from_pem(reference)
    except OSError:
        raise Missing(
            "proof.no-key-file", "The key file cannot be read.", "密钥文件无法读取。", path=str(reference)
        ) from None


def generate_in_device(reference: str, alg: str = ED25519, device: Device | None = None) -> PublicKey:
    """A new key pair is in the device under that name, its private part not to be taken out; the public part.

    Raises:
        Malformed: the name is taken, or the algorithm is none of ours.
        Missing, Unavailable, Broken: as ``open_signer``.
    """
    if alg not in ALGORITHMS:
        raise malformed("bad-key", f"Keys are made for {' or '.join(ALGORITHMS)}.", "只支持 Ed25519 或 ES256 密钥。")
    where = parse_key_reference(reference)
    session = _session(where, device or Device(), writing=True)
    try:
        if _find(session, where):
            raise malformed("key-exists", "The device holds a key of that name; name another.", "设备中已有同名密钥。")
        return _asked(lambda: _generated(session, where, alg))
    finally:
        session.close()


_TURN: Final = threading.RLock()
"""Whose turn it is to sign. The library is the process's: to begin it anew ends the sessions of all its signers."""
_begun_anew: Final[Counter[Path | None]] = Counter()
"""How often each module was begun anew: a session from before then may go by a number that is another's now."""
_refused_pins: Final[set[bytes]] = set()


class DeviceSigner:
    """Signs in a device. What the device has dropped is opened anew, once for each signature: the session, or the token
    that was taken out and put back, of which many libraries learn only when they begin anew.
    """  # noqa: D205 - one sentence

    def __init__(self, reference: KeyReference, device: Device) -> None:
        self._reference = reference
        self._device = device
        self._module = reference.module or device.module
        with _TURN:
            self._session, self._private, self._public = self._found()
            self._opened_at = _begun_anew[self._module]

    @classmethod
    def opened(cls, reference: KeyReference, device: Device) -> "DeviceSigner":
        """The signer over a session of its own.

        Raises:
            Missing, Unavailable, Malformed: as ``open_signer``.
        """
        return cls(reference, device)

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this signs."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes over ``message``.

        Raises:
            Unavailable: the device does not answer, or no longer holds the key.
        """
        with _TURN:
            try:
                if self._opened_at == _begun_anew[self._module]:
                    return self._signed(message)
            except Unavailable:
                self.close()
            self._open_anew()
            return self._signed(message)

    def close(self) -> None:
        """The session is over."""
        with suppress(Unavailable):
            _asked(self._session.close)

    def _open_anew(self) -> None:
        try:
            session, private, public = self._found()
        except (Unavailable, Missing):
            _asked(_library(self._module).reinitialize)
            _begun_anew[self._module] += 1
            try:
                session, private, public = self._found()
            except Missing as fault:
                raise _away(fault.code) from fault
        if public != self._public:
            found = public.kid
            raise _away(found)
        self._session, self._private, self._opened_at = session, private, _begun_anew[self._module]

    def _found(self) -> tuple[Any, Any, PublicKey]:
        session = _session(self._reference, self._device)
        return session, *_key_pair(session, self._reference)

    def _signed(self, message: bytes) -> bytes:
        from pkcs11 import Mechanism

        if self._public.alg == ED25519:
            made = _asked(lambda: self._private.sign(message, mechanism=Mechanism.EDDSA))
        else:
            digest = hashlib.sha256(message).digest()
            made = _asked(lambda: self._private.sign(digest, mechanism=Mechanism.ECDSA))
        return bytes(made)


def _asked(call: Callable[[], T]) -> T:
    from pkcs11.exceptions import PKCS11Error

    try:
        return call()
    except PKCS11Error as fault:
        raise _away(type(fault).__name__) from fault


def _away(reason: str) -> Unavailable:
    return Unavailable(
        "proof.device-away",
        f"The signing device does not do it ({reason}); check module, token, PIN and cable, and try again.",
        "签名设备未能完成操作；请检查模块、令牌、PIN 与连接后重试。",
        reason=reason,
    )


def _pin_refused(reason: str) -> Broken:
    """No `try later`: whoever tries again by itself, as what restarts a service does, locks the token."""
    return Broken(
        "proof.device-pin",
        f"The signing device refuses the PIN ({reason}). Put it right before anything tries again: a few wrong ones "
        "lock the token.",
        f"签名设备拒绝该 PIN（{reason}）。请先更正再重试：多次错误会锁定令牌。",
        reason=reason,
    )


def _session(reference: KeyReference, device: Device, *, writing: bool = False) -> Any:
    """A session in which the user is logged in; the login is the process's, so a further session needs no PIN.

    A PIN that the device refused is not tried again by this process: a few wrong ones lock the token.
    """
    from pkcs11.exceptions import (
        MultipleTokensReturned,
        NoSuchToken,
        PinExpired,
        PinIncorrect,
        PinInvalid,
        PinLenRange,
        PinLocked,
        PKCS11Error,
        UserAlreadyLoggedIn,
    )

    library = _library(reference.module or device.module)
    named = {"token_serial": reference.serial.encode()} if reference.serial else {}
    pin = _pin(reference, device)
    tried = hashlib.sha256(repr((reference.token, reference.serial, pin)).encode()).digest()
    if tried in _refused_pins:
        raise _pin_refused(PinIncorrect.__name__)
    try:
        token = library.get_token(token_label=reference.token, **named)
        try:
            return token.open(user_pin=pin, rw=writing)
        except UserAlreadyLoggedIn:
            return token.open(rw=writing)
        except (PinIncorrect, PinInvalid, PinLenRange, PinExpired, PinLocked) as fault:
            _refused_pins.add(tried)
            raise _pin_refused(type(fault).__name__) from fault
    except (NoSuchToken, MultipleTokensReturned):
        raise Missing(
            "proof.no-such-token",
            "The device has no token of that name, or several; add the serial number.",
            "设备中没有该名称的令牌，或有多个；请补充序列号。",
        ) from None
    except PKCS11Error as fault:
        raise _away(type(fault).__name__) from fault


def _library(module: Path | None) -> Any:
    if module is None:
        raise bad_reference(
            "Name the device's module: module-path in the reference, or HUB_PKCS11_MODULE.",
            "请指定设备模块：在引用中写 module-path，或设置 HUB_PKCS11_MODULE。",
        )
    try:
        import pkcs11
    except ImportError:
        raise Unavailable(
            "proof.no-pkcs11",
            "The PKCS#11 library is not installed; install the package with its extra pkcs11.",
            "未安装 PKCS#11 支持库；请安装 pkcs11 可选依赖。",
        ) from None
    return _asked(lambda: pkcs11.lib(str(module)))


def _pin(reference: KeyReference, device: Device) -> str:
    pin = device.pin
    if reference.pin_file is not None:
        try:
            pin = reference.pin_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            pin = None
    if not pin:
        raise bad_reference(
            "Give the PIN in a file: pin-source in the reference, or HUB_PKCS11_PIN_FILE.",
            "请以文件提供 PIN：在引用中写 pin-source，或设置 HUB_PKCS11_PIN_FILE。",
        )
    return pin


def _find(session: Any, reference: KeyReference, *, is_public: bool = False) -> list[Any]:
    from pkcs11 import Attribute, ObjectClass

    wanted: dict[Any, Any] = {Attribute.CLASS: ObjectClass.PUBLIC_KEY if is_public else ObjectClass.PRIVATE_KEY}
    if reference.object is not None:
        wanted[Attribute.LABEL] = reference.object
    if reference.id is not None:
        wanted[Attribute.ID] = reference.id
    return _asked(lambda: list(session.get_objects(wanted)))


def _key_pair(session: Any, reference: KeyReference) -> tuple[Any, PublicKey]:
    private, public = _find(session, reference), _find(session, reference, is_public=True)
    if len(private) != 1 or len(public) != 1:
        raise Missing(
            "proof.no-such-key",
            "The token does not hold exactly one key pair of that name; name it by object and id.",
            "令牌中该名称的密钥对不是唯一一对；请同时以 object 与 id 指明。",
        )
    return private[0], _asked(lambda: _public(public[0]))


def _generated(session: Any, reference: KeyReference, alg: str) -> PublicKey:
    from pkcs11 import Attribute, KeyType, Mechanism

    kind, mechanism, curve = {
        ED25519: (KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN, _ED25519_OID),
        ES256: (KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, _P256_OID),
    }[alg]
    domain = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    public, _ = domain.generate_keypair(
        mechanism=mechanism,
        store=True,
        label=reference.object,
        id=reference.id,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
    return _public(public)


def _public(key: Any) -> PublicKey:
    from pkcs11 import Attribute

    curves: Mapping[bytes, str] = {_ED25519_OID: ED25519, _P256_OID: ES256}
    alg = curves.get(bytes(key[Attribute.EC_PARAMS]))
    point = bytes(key[Attribute.EC_POINT])
    if alg is not None and point[:2] == bytes([_OCTET_STRING, _POINT_BYTES[alg]]):
        point = point[2:]
    if alg is None or len(point) != _POINT_BYTES[alg]:
        raise malformed("bad-key", "The key is neither Ed25519 nor P-256.", "密钥既不是 Ed25519 也不是 P-256。")
    if alg == ED25519:
        return PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url(point)})
    return PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": b64url(point[1:33]), "y": b64url(point[33:])})
