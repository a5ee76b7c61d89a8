"""What a request says, which claims an answer may show, and what its outcome is. Nothing here reads or writes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from hub.audit.rules import is_code
from hub.errors import Malformed
from hub.exchange.model import Item, Outcome, Request, Wanted
from hub.identity.model import IdentityQuery
from hub.kernel.naming import names_somebody
from hub.proof.jws import VerifiedJws
from hub.proof.sdjwt import Path
from hub.sharing.rules import is_covered

REQUEST_TYP: Final = "evidence-request+jwt"
ANSWER_TYP: Final = "evidence-answer+jwt"
ANSWER_BYTES: Final = 4 * 1024 * 1024
MAX_WANTED: Final = 30
MAX_PATTERNS: Final = 60
MAX_TEXT: Final = 300
_CODE: Final = re.compile(r"[!-~]{1,64}")
"""Matters and types are codes: the log names them in clear, and takes no other text."""

_LEAST_DIGITS: Final = 17
"""Of a resident number."""
_CLAIMS: Final = frozenset(
    {"iss", "aud", "iat", "nbf", "exp", "jti", "subject", "matter", "case", "basis", "officer", "wanted"}
)
_QUERY: Final = frozenset({"kind", "number", "name", "birth_date"})
_KINDS: Final = frozenset({"resident", "legal_person"})
_PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]{0,60})(\.(\*|[a-z][a-z0-9_]{0,60}|[0-9]{1,4})){0,7}")


def request_in(message: VerifiedJws, jws: str) -> Request:
    """The request that a verified message holds.

    Raises:
        Malformed: a claim is missing, unknown or of another form; the facts name it.
    """
    claims = message.claims
    unknown = sorted(claims.keys() - _CLAIMS)
    if unknown:
        raise _wrong(unknown[0])
    pairwise, query = _subject(claims.get("subject"))
    return Request(
        consumer=_text(claims, "iss"),
        jti=_text(claims, "jti"),
        digest=message.digest,
        matter=_code(claims, "matter"),
        case=_text(claims, "case"),
        basis=_text(claims, "basis"),
        officer=_text(claims, "officer"),
        wanted=_wanted(claims.get("wanted")),
        pairwise=pairwise,
        query=query,
        jws=jws,
    )


def require_nameless(
    numbers: Iterable[str], on: date, *, people: Iterable[str] = (), codes: Sequence[str] = ()
) -> None:
    """Returns when what others read names nobody: no person's number in it, and in ``numbers`` none of ``people``.

    Raises:
        Malformed: something does.
    """
    about, together = tuple(people), "|".join(codes)
    is_long = sum(map(str.isdigit, together)) >= _LEAST_DIGITS  # else there is no need to look closer
    if any(names_somebody(each, on, about) for each in numbers) or (is_long and names_somebody(together, on)):
        raise Malformed(
            "exchange.number-names-somebody",
            "A case or message number, a code or the officer holds a person's number or name, and those who check the "
            "exchange see these; use another.",
            "办件号、报文编号、代码或经办人标识含有个人号码或姓名，而核验者都能看到这些；请改用其他编号或代码。",
        )


def _wrong(claim: str) -> Malformed:
    return Malformed(
        "exchange.request-claim",
        "A claim of the request is missing, unknown or not of the form prescribed; see `claim`.",
        "请求缺少某项声明、含未知声明或格式不符，见 claim。",
        claim=claim[:MAX_TEXT],
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise _wrong(name)
    return value


def _code(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _CODE.fullmatch(value) or not is_code(value):
        raise _wrong(name)
    return value


def _subject(told: Any) -> tuple[str | None, IdentityQuery | None]:
    if not isinstance(told, dict):
        raise _wrong("subject")
    if told.keys() == {"pairwise"}:
        return _text(told, "pairwise"), None
    if not {"kind", "number", "name"} <= told.keys() <= _QUERY or told["kind"] not in _KINDS:
        raise _wrong("subject")
    born = _text(told, "birth_date") if "birth_date" in told else None
    return None, IdentityQuery(told["kind"], _text(told, "number"), _text(told, "name"), born)


def _wanted(told: Any) -> tuple[Wanted, ...]:
    if not isinstance(told, list) or not 0 < len(told) <= MAX_WANTED:
        raise _wrong("wanted")
    found: dict[str, Wanted] = {}
    for each in told:
        if not isinstance(each, dict) or each.keys() != {"type", "claims"}:
            raise _wrong("wanted")
        vct, patterns = _code(each, "type"), each["claims"]
        if not isinstance(patterns, list) or not 0 < len(patterns) <= MAX_PATTERNS or vct in found:
            raise _wrong("wanted")
        if not all(isinstance(pattern, str) and _PATTERN.fullmatch(pattern) for pattern in patterns):
            raise _wrong("wanted")
        found[vct] = Wanted(vct, tuple(patterns))
    return tuple(found.values())


def chosen_paths(
    paths: Sequence[Path],
    *,
    asked: tuple[str, ...],
    granted: tuple[str, ...],
    own: Path,
    is_sensitive: Callable[[Path], bool],
) -> tuple[list[Path], bool]:
    """The paths both asked for and granted, and whether anything asked for was not granted."""
    wanted = [path for path in paths if _is_covered(path, asked, own, False)]
    chosen = [path for path in wanted if _is_covered(path, granted, own, is_sensitive(path))]
    return chosen, len(chosen) < len(wanted)


@lru_cache(maxsize=65_536)
def _is_covered(path: Path, patterns: tuple[str, ...], own: Path, sensitive: bool) -> bool:  # noqa: FBT001 - cached by place
    return is_covered(path, patterns, own=own, sensitive=sensitive)


def outcome_of(items: Sequence[Item]) -> Outcome:
    """Released when every line is, refused when every line is, else partial."""
    outcomes = {item.outcome for item in items}
    return outcomes.pop() if len(outcomes) == 1 else Outcome.partial


def entry_claims(request: Request, outcome: Outcome, reason: str | None, items: Sequence[Item]) -> dict[str, Any]:
    """What the log says in clear about an exchange: codes only."""
    released = sorted({item.type for item in items if item.presentation is not None})
    return {
        "consumer": request.consumer,
        "matter": request.matter,
        "outcome": outcome.value,
        "reason": reason,
        "asked": sorted(wanted.type for wanted in request.wanted),
        "released": released,
        "providers": sorted({item.provider for item in items if item.provider and item.presentation}),
    }
