"""Evidence 凭证 whose claims are disclosed one by one 逐项披露: SD-JWT (RFC 9901), issued and read strictly.

Verification: (1) size and parts, no key binding, (2) the issuer's JWS with its type before its claims, (3) the hash is
SHA-256, (4) every disclosure is well formed and appears once, (5) every digest appears once, (6) every disclosure is
referred to by a digest, (7) no disclosure takes a reserved name, a registered claim, or the place of a claim in clear.
"""

from hub.proof.sdjwt.disclosures import Path, parse_path, path_text
from hub.proof.sdjwt.issuing import SALT_BYTES, issue_sd_jwt, issue_sd_jwts
from hub.proof.sdjwt.reading import (
    EVIDENCE_TYP,
    MAX_BYTES,
    MAX_DISCLOSURES,
    SdJwt,
    parse_trusted_sd_jwt,
    verify_sd_jwt,
    verify_sd_jwts,
)

__all__ = [
    "EVIDENCE_TYP",
    "MAX_BYTES",
    "MAX_DISCLOSURES",
    "SALT_BYTES",
    "Path",
    "SdJwt",
    "issue_sd_jwt",
    "issue_sd_jwts",
    "parse_path",
    "parse_trusted_sd_jwt",
    "path_text",
    "verify_sd_jwt",
    "verify_sd_jwts",
]
