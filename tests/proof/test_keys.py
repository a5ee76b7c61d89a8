from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from hub.errors import Malformed
from hub.proof.encoding import b64url
from hub.proof.keys import ALGORITHMS, FileSigner, PublicKey, generate_signer, normal_algorithm


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_survives_its_file_and_its_jwk(alg: str, tmp_path: Path) -> None:
    made = generate_signer(alg)
    file = tmp_path / "key.pem"
    file.write_bytes(made.to_pem())
    again = FileSigner.from_pem(file)
    assert again.public == made.public
    PublicKey.from_jwk(made.public.to_jwk()).verify(again.sign(b"message"), b"message")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_one_changed_byte_of_message_or_signature_is_refused(alg: str) -> None:
    signer = generate_signer(alg)
    signature = signer.sign(b"message")
    changed = bytes([signature[0] ^ 1]) + signature[1:]
    longer = (signature + b"\0", signature[:32] + b"\0" + signature[32:])
    for bad, message in ((signature, b"massage"), *((each, b"message") for each in (changed, *longer, b""))):
        with pytest.raises(Malformed) as refusal:
            signer.public.verify(bad, message)
        assert refusal.value.code == "proof.bad-signature"


def test_the_thumbprint_of_rfc_8037_is_the_kid() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert PublicKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def good_jwk() -> dict[str, object]:
    return dict(generate_signer().public.to_jwk())


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"alg": None},
        {"use": None},
        {"key_ops": []},
        {"d": None},
        {"d": "AAAA"},
        {"k": "AAAA"},
        {"crv": "Ed448"},
        {"kty": "oct"},
        {"kty": "RSA"},
        {"x": "AAAA"},
        {"x": 5},
        {"kid": ""},
        {"kid": 7},
        {"x": b64url(bytes(32))},
        {"x": b64url(b"\x01" + bytes(31))},
        {"x": b64url((2**255 - 20).to_bytes(32, "little"))},
    ],
)
def test_a_jwk_for_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        PublicKey.from_jwk(good_jwk() | change)


@pytest.mark.parametrize("jwk", [[], None, "key", 7])
def test_what_is_no_object_is_no_jwk(jwk: object) -> None:
    with pytest.raises(Malformed):
        PublicKey.from_jwk(jwk)


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(("r", "s"), [(0, 0), (0, 1), (1, 0), (P256_ORDER, P256_ORDER), (1, 1), (2**256 - 1, 1)])
def test_no_es256_signature_is_made_of_numbers_alone(r: int, s: int) -> None:
    with pytest.raises(Malformed):
        generate_signer("ES256").public.verify(r.to_bytes(32, "big") + s.to_bytes(32, "big"), b"message")


def test_an_ed25519_signature_has_one_spelling() -> None:
    signer = generate_signer()
    signature = signer.sign(b"message")
    again = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(Malformed):
        signer.public.verify(signature[:32] + again.to_bytes(32, "little"), b"message")


def test_a_point_off_the_curve_is_refused() -> None:
    jwk = dict(generate_signer("ES256").public.to_jwk())
    jwk["y"] = b64url(bytes(31) + b"\x07")
    with pytest.raises(Malformed):
        PublicKey.from_jwk(jwk)


P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """The law of the curve, RFC 8032 §5.1.4 in affine form."""
    (x1, y1), (x2, y2) = one, other
    both = D * x1 * x2 * y1 * y2
    x, y = (x1 * y2 + x2 * y1) * pow(1 + both, -1, P), (y1 * y2 + x1 * x2) * pow(1 - both, -1, P)
    return x % P, y % P


def times(number: int, point: Point) -> Point:
    found = (0, 1)
    for bit in f"{number:b}":
        found = added(found, found)
        found = added(found, point) if bit == "1" else found
    return found


def points() -> Iterator[Point]:
    """Points of the curve with the smallest y."""
    for y in range(2, 200):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        root = pow(square, (P + 3) // 8, P)
        for x in (root, root * pow(2, (P - 1) // 4, P) % P):
            if x * x % P == square:
                yield x, y


def at_point(x: int, y: int) -> dict[str, str]:
    return good_jwk() | {"x": b64url((y | (x & 1) << 255).to_bytes(32, "little"))}


def test_a_point_whose_order_is_eight_or_less_is_no_key() -> None:
    torsion = next(found for found in (times(ORDER, point) for point in points()) if times(4, found) != (0, 1))
    small = [times(number, torsion) for number in range(8)]
    assert len(set(small)) == 8
    for x, y in small:
        with pytest.raises(Malformed):
            PublicKey.from_jwk(at_point(x, y))
    mixed = added(small[1], times(8, next(points())))
    assert PublicKey.from_jwk(at_point(*mixed))


def test_a_coordinate_that_is_no_point_or_spelled_beyond_the_field_is_no_key() -> None:
    on_curve = {y for _, y in points()}
    off = next(y for y in range(2, 200) if y not in on_curve)
    beyond = next(y for y in sorted(on_curve) if P + y < 2**255)
    assert PublicKey.from_jwk(at_point(0, beyond))
    for y in (off, P + beyond):
        with pytest.raises(Malformed):
            PublicKey.from_jwk(at_point(0, y))


def test_eddsa_is_ed25519_and_nothing_unknown_is_anything() -> None:
    assert normal_algorithm("EdDSA") == "Ed25519"
    assert [normal_algorithm(each) for each in ("none", "HS256", "RS256", None, 5, ["ES256"])] == [None] * 6


def test_a_file_without_a_key_of_ours_is_refused() -> None:
    begin, *_, end = generate_signer().to_pem().splitlines(keepends=True)
    for content in (b"", begin + b"AAAA\n" + end):
        with pytest.raises(Malformed):
            FileSigner.from_pem(content)


def test_another_library_verifies_what_we_sign() -> None:
    from hub.proof.jws import sign_jws

    signer = generate_signer("ES256")
    token = sign_jws({"iss": "a"}, typ="x+jwt", signer=signer)
    assert jwt.decode(token, jwt.PyJWK(signer.public.to_jwk()).key, algorithms=["ES256"]) == {"iss": "a"}
