"""What OAuth 2.0 clients read in a refusal: the members of RFC 6749 §5.2 and the challenge of RFC 6750 §3."""

from http import HTTPStatus
from typing import Any, Final

from hub.errors import HubError

TOKEN_ADDRESS: Final = "/oauth/token"  # noqa: S105 - an address, no secret
ERRORS: Final = {
    "parties.grant-type": "unsupported_grant_type",
    "parties.no-grant-type": "invalid_request",
    "parties.scope-not-allowed": "invalid_scope",
    "parties.suspended": "unauthorized_client",
}
BEARER: Final = 'Bearer realm="hub"'
CHALLENGES: Final = {"api.bad-token": "invalid_token", "parties.scope-missing": "insufficient_scope"}
_UNSAID: Final = str.maketrans({'"': "'", "\\": "/", "…": "..."})


def token_members(problem: dict[str, Any]) -> dict[str, Any]:
    """``problem`` as the token's address tells it: its members, and beside them those that OAuth clients decide by.

    Of the statuses only those stay that RFC 6749 knows, 400 and 401, and what is said of any body or of the server.
    """
    status = problem["status"]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem
    code = problem["code"]
    error = ERRORS.get(code) or ("invalid_request" if code.startswith("api.") else "invalid_client")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
        status = int(HTTPStatus.UNAUTHORIZED if error == "invalid_client" else HTTPStatus.BAD_REQUEST)
    return {**problem, "status": status, "error": error, "error_description": _plain(problem["detail"])}


def media_type_for(accept: str | None, usual: str) -> str:
    """``usual``, unless the caller names JSON and not that: RFC 6749 gives errors as `application/json`."""
    named = (accept or "").lower()
    return "application/json" if "application/json" in named and usual not in named else usual


def challenge_of(fault: HubError) -> str | None:
    """What a refusal says in `WWW-Authenticate` about the token that was sent, or None when it is about none."""
    error = CHALLENGES.get(fault.code)
    if error is None:
        return None
    told = [f'error="{error}"', f'error_description="{_plain(fault.en)}"']
    told += [f'scope="{fault.facts["scope"]}"'] if "scope" in fault.facts else []
    return f"{BEARER}, {', '.join(told)}"


def _plain(text: str) -> str:
    """The printable ASCII that both RFCs allow in a description."""
    return text.translate(_UNSAID).encode("ascii", "replace").decode("ascii")
