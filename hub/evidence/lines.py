"""One line of a batch: verified evidence, a withdrawal, or a record that cannot be used, with its reason.

Evidence is usable when (1) its signature is the department's, by a key that counts now, (2) it is of the type, registry
and export of the batch, (3) its references are opaque, its times whole, not in the future and not before its key
counted, since nobody could verify it then, (4) nothing personal stands in clear, (5) its standard form satisfies the
published schema.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from hub.errors import Malformed
from hub.evidence.model import Line, Shape, Unusable, Usable, Withdrawal
from hub.evidence.rules import form_of, is_all_hidden
from hub.evidence.stream import RawLine
from hub.proof.encoding import strict_json
from hub.proof.keys import PublicKey
from hub.proof.sdjwt import SdJwt, parse_trusted_sd_jwt, verify_sd_jwts

LEEWAY: Final = timedelta(seconds=60)
RAW_CHARACTERS: Final = 4_000
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{16,86}")
_CODE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_REASONS: Final = frozenset({"gone", "reversed", "superseded"})
_TEXT_LIMIT: Final = 500
_MOST: Final = 2**31 - 1
_UNSURE_YEARS: Final = frozenset((1, 9999))
"""In another zone such an instant may lie outside of the calendar, and the row that holds it could not be read."""


class FaultLike(Protocol):
    """One way a standard form departs from its schema."""

    @property
    def path(self) -> str:
        """Which claim."""
        ...

    @property
    def rule(self) -> str:
        """Which rule of the schema."""
        ...


Validate = Callable[[Mapping[str, Any]], Sequence[FaultLike]]


class IssuerKey(NamedTuple):
    """A key of a batch's issuer that counts, and from which second on."""

    public: PublicKey
    since: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What every line of one batch must be; ``keys`` are all that count of the issuer's, by id."""

    shape: Shape
    issuer: str
    keys: Mapping[str, IssuerKey]
    validate: Validate
    now: datetime

    def key_for(self, kid: str | None, iss: str | None) -> PublicKey | None:
        """The issuer's key of that id, or None."""
        known = self.keys.get(kid or "") if iss == self.issuer else None
        return None if known is None else known.public


class _Carried(NamedTuple):
    """A line that carries evidence, which is still to be verified."""

    line: int
    row: int | None
    token: str


def read_lines(raws: Iterable[RawLine], expected: Expectation) -> list[Line]:
    """What each of the lines holds, in their order; never raises for what a line contains."""
    told = [_told(raw) for raw in raws]
    tokens = [each.token for each in told if isinstance(each, _Carried)]
    verified = iter(verify_sd_jwts(tokens, key_for=expected.key_for))  # 1
    return [_evidence(each, next(verified), expected) if isinstance(each, _Carried) else each for each in told]


def _told(raw: RawLine) -> Line | _Carried:
    if raw.content is None:
        return Unusable(
            raw.number, None, None, "intake.line-too-long", "The line is longer than allowed.", "该行超过长度上限。"
        )
    try:
        told = strict_json(raw.content, floats=True)
    except Malformed as fault:
        return Unusable(raw.number, None, None, fault.code, fault.en, fault.zh, raw=_shown(raw.content))
    if isinstance(told, dict):
        if isinstance(told.get("evidence"), str):
            return _Carried(raw.number, _row(told), told["evidence"])
        if isinstance(told.get("withdrawn"), str):
            return _withdrawal(raw.number, told)
        if isinstance(told.get("unusable"), dict):
            return _unusable(raw.number, told)
    return _unknown(raw.number, told)


def _unknown(line: int, told: Any) -> Unusable:
    return Unusable(
        line,
        None,
        None,
        "intake.line-unknown",
        "The line is neither evidence, nor a withdrawal, nor an unusable record.",
        "该行既非凭证，也非撤回或问题数据。",
        raw=told,
    )


def _shown(content: bytes) -> str:
    return content.decode("utf-8", "replace")[:RAW_CHARACTERS]


def _row(told: Mapping[str, Any]) -> int | None:
    row = told.get("row")
    return row if _is_countable(row) else None


def _is_countable(number: Any) -> bool:
    """True of a whole number that a column of the tables holds."""
    return type(number) is int and 0 <= number <= _MOST


def _opaque(value: Any) -> str | None:
    return value if isinstance(value, str) and _OPAQUE.fullmatch(value) else None


def _withdrawal(line: int, told: Mapping[str, Any]) -> Line:
    record, reason = _opaque(told["withdrawn"]), str(told.get("reason", "gone"))
    if record is None or reason not in _REASONS:
        return _unknown(line, dict(told))
    return Withdrawal(line, record, reason)


def _unusable(line: int, told: Mapping[str, Any]) -> Unusable:
    why = told["unusable"]
    code = why.get("code")
    return Unusable(
        line,
        _row(told),
        _opaque(told.get("record")),
        code if isinstance(code, str) and _CODE.fullmatch(code) else "intake.unnamed-reason",
        str(why.get("en", ""))[:_TEXT_LIMIT],
        str(why.get("zh", ""))[:_TEXT_LIMIT],
        str(why.get("column") or "")[:_TEXT_LIMIT],
        told.get("raw"),
    )


def _evidence(carried: _Carried, verified: SdJwt | Malformed, expected: Expectation) -> Line:
    if isinstance(verified, Malformed):
        return _kept_back(carried, verified)
    try:
        return _usable(carried.line, carried.row, carried.token, verified, expected)
    except Malformed as fault:
        return _kept_back(carried, fault)


def _kept_back(carried: _Carried, fault: Malformed) -> Unusable:
    record, raw = _salvaged(carried.token)
    column = str(fault.facts.get("claim", ""))
    return Unusable(carried.line, carried.row, record, fault.code, fault.en, fault.zh, column, raw)


def _salvaged(token: str) -> tuple[str | None, Any]:
    """The reference and content of evidence that cannot be used, as far as they can be read."""
    try:
        claims = parse_trusted_sd_jwt(token).claims
    except Malformed:
        return None, token[:RAW_CHARACTERS]
    return _opaque(claims.get("record")), form_of(claims)


def _usable(line: int, row: int | None, token: str, evidence: SdJwt, expected: Expectation) -> Usable:
    claims = evidence.claims
    shape = expected.shape
    told = (claims.get("iss"), claims.get("vct"), claims.get("registry"), claims.get("export"))
    if told != (expected.issuer, shape.vct, shape.registry, shape.export):  # 2
        raise Malformed(
            "intake.evidence-of-another-kind",
            "The evidence is not of this batch's issuer, type, registry and export.",
            "凭证的签发方、类型、登记库或导出项与批次不符。",
        )
    record, content = _opaque(claims.get("record")), _opaque(claims.get("content"))  # 3
    if record is None or content is None:
        raise _bad_claim("record" if record is None else "content")
    kid = evidence.key.kid if evidence.key else ""
    _check_times(claims, expected.now, counts_since=expected.keys[kid].since)
    if not is_all_hidden(evidence.payload):  # 4
        raise Malformed(
            "intake.claim-in-clear",
            "Personal content of the evidence is readable without a disclosure; issue each claim as its own.",
            "凭证内容可不经披露直接读取；请逐项签发。",
        )
    form = form_of(claims)
    faults = expected.validate(form)  # 5
    if faults:
        raise Malformed(
            "intake.schema",
            "The record does not satisfy the published schema of its type; the claim is named here.",
            "记录不符合该类型已发布的数据模式；数据项见此。",
            claim=faults[0].path,
            rule=faults[0].rule,
        )
    status_uri, status_index = _status_list(claims.get("status"))
    return Usable(
        line=line,
        row=row or 0,
        record=record,
        content=content,
        form=form,
        token=token.encode("ascii"),
        kid=kid,
        as_of=_instant(claims.get("as_of"), "as_of"),
        valid_from=_instant(claims["nbf"], "nbf") if "nbf" in claims else None,
        valid_until=_instant(claims["exp"], "exp") if "exp" in claims else None,
        digest=hashlib.sha256(evidence.jws.encode("ascii")).digest(),
        status_uri=status_uri,
        status_index=status_index,
    )


def _status_list(status: object) -> tuple[str | None, int | None]:
    told = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(told, dict):
        return None, None
    uri, index = told.get("uri"), told.get("idx")
    return (uri, index) if isinstance(uri, str) and _is_countable(index) else (None, None)


def _check_times(claims: Mapping[str, Any], now: datetime, *, counts_since: int) -> None:
    latest = now + LEEWAY
    issued_at = _instant(claims.get("iat"), "iat")
    if issued_at > latest or _instant(claims.get("as_of"), "as_of") > latest:
        raise Malformed(
            "intake.evidence-from-the-future",
            "The evidence says that it was made in the future; check the department's clock.",
            "凭证时间晚于当前；请校对部门时钟。",
        )
    if issued_at < _second(counts_since):
        raise Malformed(
            "intake.evidence-before-its-key",
            "The evidence says that it was made before its key counted, and would verify nowhere; "
            "check the department's clock, and issue it again.",
            "凭证的签发时间早于其密钥生效时间，无法核验；请校对部门时钟后重新签发。",
        )
    if "exp" in claims and _instant(claims["exp"], "exp") <= now:
        raise Malformed(
            "intake.evidence-expired", "The evidence has expired; issue it again.", "凭证已过期；请重新签发。"
        )


def _bad_claim(claim: str) -> Malformed:
    return Malformed(
        "intake.evidence-claim",
        "A claim of the evidence is missing or not of the form prescribed; its name is given here.",
        "凭证缺少某项声明或格式不符；名称见此。",
        claim=claim,
    )


def _instant(value: Any, claim: str) -> datetime:
    try:
        if type(value) is int:
            return _second(value)
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            if read.tzinfo is not None and read.year not in _UNSURE_YEARS:
                return read
    except (ValueError, OverflowError, OSError):
        raise _bad_claim(claim) from None
    raise _bad_claim(claim)


@lru_cache(maxsize=64)
def _second(number: int) -> datetime:
    """That second: the records of one run were all read in one, and issued in a few."""
    read = datetime.fromtimestamp(number, UTC)
    if read.year in _UNSURE_YEARS:
        raise ValueError(number)
    return read
