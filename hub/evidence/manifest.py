"""The manifest 清单: a batch's signed first line, checked before anything after it is read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hub.errors import Malformed
from hub.evidence.model import Manifest, Mode
from hub.proof.jws import VerifiedJws, b64url

MANIFEST_TYP: Final = "batch-manifest+jwt"
MANIFEST_BYTES: Final = 65_536
_DIGEST_CHARACTERS: Final = 43


def manifest_in(message: VerifiedJws, jws: str) -> Manifest:
    """The manifest that a verified message holds.

    Raises:
        Malformed: a claim is missing or of another form; the facts name it.
    """
    claims = message.claims
    mode = _text(claims, "mode")
    if mode not in {each.value for each in Mode}:
        raise _wrong("mode")
    if "cursor" not in claims:
        raise _wrong("cursor")
    return Manifest(
        registry=_text(claims, "registry"),
        issuer=_text(claims, "iss"),
        export=_text(claims, "export"),
        sequence=_number(claims, "sequence", least=1),
        previous=_digest(claims, "previous") if claims.get("previous") is not None else None,
        lines=_number(claims, "lines"),
        body_digest=_digest(claims, "digest"),
        mode=Mode(mode),
        present=_number(claims, "present") if claims.get("present") is not None else None,
        read=_number(claims, "read") if claims.get("read") is not None else 0,
        cursor=claims["cursor"],
        read_at=_instant(claims, "iat"),
        digest=b64url(message.digest),
        jws=jws,
    )


def _wrong(claim: str) -> Malformed:
    return Malformed(
        "intake.manifest-claim",
        "A claim of the manifest is missing or not of the form prescribed; its name is given here.",
        "清单缺少某项声明或格式不符；名称见此。",
        claim=claim,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise _wrong(name)
    return value


def _digest(claims: Mapping[str, Any], name: str) -> str:
    value = _text(claims, name)
    if len(value) != _DIGEST_CHARACTERS:
        raise _wrong(name)
    return value


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(_number(claims, name), UTC)
    except (ValueError, OverflowError, OSError):  # a second after the year 9999
        raise _wrong(name) from None


def _number(claims: Mapping[str, Any], name: str, least: int = 0) -> int:
    value = claims.get(name)
    if type(value) is not int or value < least:
        raise _wrong(name)
    return value
