"""Keys in a device 密码机 (PKCS#11): it signs, and never lets the private key out."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

from hub.errors import Malformed, Missing, Unavailable
from hub.proof.encoding import b64url, malformed
from hub.proof.keys import ALGORITHMS, ED25519, ES256, FileSigner, PublicKey, Signer

SCHEME: Final = "pkcs11:"
_PATH: Final = frozenset({"token", "serial", "object", "id", "type"})
_QUERY: Final = frozenset({"module-path", "pin-source"})
_ED25519_OID: Final = bytes.fromhex("06032b6570")
_P256_OID: Final = bytes.fromhex("06082a8648ce3d030107")
_POINT_BYTES: Final = {ED25519: 32, ES256: 65}
_OCTET_STRING: Final = 0x04

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Where in which device a key is: a PKCS#11 URI (RFC 7512) without the PIN, which is no part of a name."""

    token: str
    object: str | None = None
    id: bytes | None = None
    serial: str | None = None
    module: Path | None = None
    pin_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What an installation says about its device for references that do not say it: the module, and the PIN."""

    module: Path | None = None
    pin: str | None = field(default=None, repr=False)


def is_in_device(reference: Path | str) -> bool:
    """True for a PKCS#11 URI, false for the path of a file."""
    return isinstance(reference, str) and reference.startswith(SCHEME)


def _bad_reference(en: str, zh: str) -> Malformed:
    return malformed("key-reference", en, zh)


def parse_key_reference(uri: str) -> KeyReference:
    """The key that ``uri`` names: a token, and in it an object or an id.

    Raises:
        Malformed: another scheme, an attribute that is unknown or stands twice, or a PIN in clear.
    """
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    told = {**_attributes(path, ";", _PATH), **_attributes(query, "&", _QUERY)}
    if not uri.startswith(SCHEME) or "token" not in told or not {"object", "id"} & told.keys():
        raise _bad_reference(
            "Name a key in a device as pkcs11:token=…;object=…, or with id=… instead of object.",
            "设备中的密钥请写作 pkcs11:token=…;object=…，或以 id=… 代替 object。",
        )
    if told.get("type", b"private") != b"private":
        raise _bad_reference("A signing key is of type=private.", "签名密钥的类型须为 private。")
    return KeyReference(
        token=_text(told["token"]),
        object=_text(told["object"]) if "object" in told else None,
        id=told.get("id"),
        serial=_text(told["serial"]) if "serial" in told else None,
        module=Path(_text(told["module-path"])) if "module-path" in told else None,
        pin_file=Path(_text(told["pin-source"]).removeprefix("file:")) if "pin-source" in told else None,
    )


def _attributes(part: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    pairs = [each.partition("=") for each in part.split(separator) if each]
    told = {name: unquote_to_bytes(value) for name, _, value in pairs}
    if not told.keys() <= known or len(told) != len(pairs):
        raise _bad_reference(
            f"The key reference holds what is not one of {', '.join(sorted(known))}, or one of them twice; a PIN is"
            " given in a file.",
            "密钥引用含有未知或重复的属性；PIN 须以文件提供。",
        )
    return told


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_reference("The key reference is not UTF-8.", "密钥引用不是 UTF-8。") from None


def open_signer(reference: Path | str, device: Device | None = None) -> Signer:
    """The signer that ``reference`` names: a PKCS#11 URI, or the path of a PEM file.

    Raises:
        Malformed: no usable key there, or a reference of another form.
        Missing: no such file, token or key.
        Unavailable: the device does not answer, or does not take the PIN.
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
        Missing, Unavailable: as ``open_signer``.
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


class DeviceSigner:
    """Signs in a device. A session that the device has dropped is opened anew, once for each signature."""

    def __init__(self, reference: KeyReference, device: Device, session: Any) -> None:
        self._reference = reference
        self._device = device
        self._session = session
        self._private, self._public = _key_pair(session, reference)

    @classmethod
    def opened(cls, reference: KeyReference, device: Device) -> "DeviceSigner":
        """The signer over a session of its own.

        Raises:
            Missing, Unavailable, Malformed: as ``open_signer``.
        """
        return cls(reference, device, _session(reference, device))

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this signs."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes over ``message``.

        Raises:
            Unavailable: the device does not answer.
        """
        try:
            return self._signed(message)
        except Unavailable:
            self._session = _session(self._reference, self._device)
            self._private, public = _key_pair(self._session, self._reference)
            if public != self._public:
                raise
            return self._signed(message)

    def close(self) -> None:
        """The session is over."""
        self._session.close()

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
        raise _away(fault) from fault


def _away(fault: Exception) -> Unavailable:
    reason = type(fault).__name__
    return Unavailable(
        "proof.device-away",
        f"The signing device does not do it ({reason}); check module, token, PIN and cable, and try again.",
        "签名设备未能完成操作；请检查模块、令牌、PIN 与连接后重试。",
        reason=reason,
    )


def _session(reference: KeyReference, device: Device, *, writing: bool = False) -> Any:
    """A session in which the user is logged in; the login is the process's, so a further session needs no PIN."""
    from pkcs11.exceptions import MultipleTokensReturned, NoSuchToken, PKCS11Error, UserAlreadyLoggedIn

    library = _library(reference.module or device.module)
    named = {"token_serial": reference.serial.encode()} if reference.serial else {}
    try:
        token = library.get_token(token_label=reference.token, **named)
        try:
            return token.open(user_pin=_pin(reference, device), rw=writing)
        except UserAlreadyLoggedIn:
            return token.open(rw=writing)
    except (NoSuchToken, MultipleTokensReturned):
        raise Missing(
            "proof.no-such-token",
            "The device has no token of that name, or several; add the serial number.",
            "设备中没有该名称的令牌，或有多个；请补充序列号。",
        ) from None
    except PKCS11Error as fault:
        raise _away(fault) from fault


def _library(module: Path | None) -> Any:
    if module is None:
        raise _bad_reference(
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
        raise _bad_reference(
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
